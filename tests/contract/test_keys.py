"""Keys over a real PostgreSQL and the HTTP application: who is let in, with what, and until when."""

from __future__ import annotations

import hashlib
import re

import pytest

from service.adapters.database.pool import Database
from service.errors import InvalidField, NothingThere
from service.flows import keys
from service.flows.desk import Desk
from service.flows.recent import RECENT_S, Recent
from tests.api.client import ARTICLE, client_over
from tests.desks import make_desk
from tests.fakes import FixedClock

BODY = {"text": ARTICLE}
NEVER = "parley_" + "0" * 28 + "_" + "A" * 43


@pytest.fixture
async def desk(database: Database) -> Desk:
    return await make_desk(database)


async def status(desk: Desk, key: str | None = None, **client: object) -> int:
    async with client_over(desk, key=key, **client) as http:  # type: ignore[arg-type]
        return (await http.post("/extract", json=BODY)).status_code


async def test_a_key_is_shown_once_and_kept_as_a_hash(database: Database):
    made = await keys.create_key(database, name="desk", scopes=("extract",))

    row = await database.row("SELECT * FROM api_key")

    assert row is not None
    assert re.fullmatch(r"parley_[0-9a-f]{28}_[A-Za-z0-9_-]{43}", made.key)
    assert bytes(row["hash"]) == hashlib.sha256(made.key.encode()).digest()
    assert made.key.rpartition("_")[2] not in str(row)
    assert made.key not in str(await keys.list_keys(database))


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"name": "two\nlines"}, {"scopes": ()}, {"scopes": ("write",)}, {"tenant_id": "Not this"},
     {"limits": keys.Limits(tokens_per_day=0)}],
    ids=lambda wrong: next(iter(wrong)),
)  # fmt: skip
async def test_a_key_that_cannot_be_is_not_made(database: Database, wrong: dict[str, object]):
    with pytest.raises(InvalidField):
        await keys.create_key(database, **{"name": "desk", "scopes": ("read",), **wrong})  # type: ignore[arg-type]

    assert await keys.list_keys(database) == []


async def test_a_valid_key_is_let_in_by_bearer_only(desk: Desk):
    key = (await keys.create_key(desk.database, name="desk", scopes=("extract",))).key

    async with client_over(desk) as http:
        answers = [
            (await http.post("/extract", json=BODY, headers=[("authorization", sent) for sent in headers])).status_code
            for headers in (
                [f"Bearer {key}"], [f"bearer  {key} "], [key], [f"Basic {key}"], [f"Bearer {key}", f"Bearer {key}"],
                [f"Bearer {key}x"], ["Bearer"],
            )
        ]  # fmt: skip

    assert answers == [200, 200, 401, 401, 401, 401, 401]


@pytest.mark.parametrize("kind", ["none", "unknown", "malformed", "one letter off", "revoked"])
async def test_a_wrong_key_is_a_401_that_does_not_tell_what_is_wrong(desk: Desk, kind: str):
    made = await keys.create_key(desk.database, name="desk", scopes=("extract",))
    if kind == "revoked":
        await keys.revoke_key(desk.database, made.id)
    last = "A" if made.key[-1] != "A" else "B"
    sent = {
        "none": None,
        "unknown": NEVER,
        "malformed": "secret",
        "one letter off": made.key[:-1] + last,
        "revoked": made.key,
    }

    async with client_over(desk, key=sent[kind]) as http:
        answer = await http.post("/extract", json=BODY)
        route = await http.post("/extract", content=b"not even JSON")

    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json()["detail"] == "Expected a valid API key as `Authorization: Bearer KEY`."
    assert route.status_code == 401
    assert made.key not in answer.text


async def test_a_wrong_scope_is_a_403_that_does_not_name_the_right_one(desk: Desk):
    reader = await keys.create_key(desk.database, name="reader", scopes=("read",))

    async with client_over(desk, key=reader.key) as http:
        answer = await http.post("/extract", json=BODY)

    assert answer.status_code == 403
    assert answer.json()["detail"] == "This API key may not do this."


async def test_admin_may_do_everything(desk: Desk):
    admin = await keys.create_key(desk.database, name="admin", scopes=("admin",))

    assert await status(desk, admin.key) == 200


async def test_a_revoked_key_is_refused_within_five_seconds(desk: Desk):
    clock = FixedClock()
    desk.recent = Recent(clock=clock.now)
    made = await keys.create_key(desk.database, name="desk", scopes=("extract",))
    first = await status(desk, made.key)

    await keys.revoke_key(desk.database, made.id)
    at_once = await status(desk, made.key)
    clock.time += RECENT_S
    after = await status(desk, made.key)

    assert RECENT_S < 5
    assert (first, at_once, after) == (200, 200, 401)


async def test_revoking_what_is_not_there_is_told(database: Database):
    with pytest.raises(NothingThere):
        await keys.revoke_key(database, "key_0")


async def test_a_known_key_costs_no_query(desk: Desk):
    made = await keys.create_key(desk.database, name="desk", scopes=("extract",))
    await keys.holder(desk, made.key)
    await desk.database.aclose()

    assert (await keys.holder(desk, made.key)).key_id == made.id


async def test_the_last_use_is_written_once_a_minute(desk: Desk):
    made = await keys.create_key(desk.database, name="desk", scopes=("extract",))
    seen = []
    for age in ("0 seconds", "59 seconds", "61 seconds"):
        await desk.database.execute("UPDATE api_key SET last_used_at = last_used_at - %(age)s::interval", {"age": age})
        before = await desk.database.row("SELECT last_used_at FROM api_key")
        desk.recent = Recent()
        await keys.holder(desk, made.key)
        seen.append(await desk.database.row("SELECT last_used_at FROM api_key") != before)

    assert seen == [True, False, True]


async def test_open_mode_ends_with_the_first_key_and_returns_with_the_last(desk: Desk):
    clock = FixedClock()
    desk.recent = Recent(clock=clock.now)
    answers = [await status(desk, open_mode=True)]
    made = await keys.create_key(desk.database, name="desk", scopes=("extract",))
    clock.time += RECENT_S
    answers += [await status(desk, open_mode=True), await status(desk, made.key, open_mode=True)]
    await keys.revoke_key(desk.database, made.id)
    clock.time += RECENT_S
    answers += [await status(desk, open_mode=True)]

    assert answers == [200, 401, 200, 200]


async def test_open_mode_is_for_this_machine_only(desk: Desk):
    elsewhere = await status(desk, open_mode=True, address="192.0.2.7")
    through_a_proxy = await status(desk, open_mode=True, **{"x-forwarded-for": "127.0.0.1"})
    not_on_loopback = await status(desk, open_mode=False)
    wrong_key = await status(desk, NEVER, open_mode=True)

    assert (elsewhere, through_a_proxy, not_on_loopback, wrong_key) == (401, 401, 401, 401)


async def test_a_key_is_let_in_from_anywhere(desk: Desk):
    made = await keys.create_key(desk.database, name="desk", scopes=("extract",))

    assert await status(desk, made.key, address="192.0.2.7", **{"x-forwarded-for": "192.0.2.9"}) == 200
