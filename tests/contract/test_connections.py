"""Connections over a real PostgreSQL: what their owner can do, what a tenant cannot, and what never leaves."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from starlette.requests import Request
from typer.testing import CliRunner

from service.adapters.database.pool import Database
from service.api.context import Context
from service.commands.connections import connections as commands
from service.errors import InvalidField, NothingThere, ScopeMissing
from service.flows import connections
from service.flows.connections import Grounds, Wanted, create_connection, update_connection
from service.flows.desk import Caller, Desk
from service.webhooks.cms.registry import ADAPTERS
from service.webhooks.schemes import SCHEMES
from service.webhooks.signature import check_secret
from tests.api.client import make_app
from tests.desks import make_desk

SITE = "https://news.example"
PASSWORD = "abcd efgh ijkl mnop"
NOWHERE = "con_0000000000"


@dataclass(kw_only=True)
class Guarded(Context):
    """A context whose caller is named by a header, so that these tests need no keys."""

    async def caller(self, request: Request, scope: str) -> Caller:
        if scope not in request.headers.get("x-scopes", "admin").split():
            raise ScopeMissing(scope=scope)
        return Caller(tenant_id=request.headers.get("x-tenant", "default"))


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    await database.execute("INSERT INTO tenant (id) VALUES ('other')")
    made = await make_desk(database)
    yield made
    await made.outbound.aclose()


@pytest.fixture
def grounds(desk: Desk) -> Grounds:
    return Grounds(outbound=desk.outbound, models=desk.services.models)


@pytest.fixture
async def client(desk: Desk) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=make_app(Guarded(max_bytes=2**20, max_in_flight=10, desk=desk)))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as opened:
        yield opened


def wordpress(**changed: Any) -> dict[str, Any]:
    return {"adapter": "wordpress", "name": "Our site", "base_url": SITE, "credentials": {"password": PASSWORD}, **changed}


async def test_a_connections_life(client: httpx2.AsyncClient):
    made = (await client.post("/connections", json=wordpress(poll_seconds=600, write_back="meta"))).json()
    path = f"/connections/{made['connection']['id']}"
    shown = (await client.get(path)).json()
    listed = (await client.get("/connections")).json()["connections"]
    renamed = (await client.patch(path, json={"name": "The site", "poll_seconds": None})).json()
    rotated = (await client.post(f"{path}/rotate", json={})).json()
    dropped = (await client.post(f"{path}/drop-old-secrets")).json()
    disabled = (await client.post(f"{path}/disable")).json()
    enabled = (await client.post(f"{path}/enable")).json()

    assert made["secret"].startswith("whsec_")
    assert shown == made["connection"] == listed[0]
    assert (shown["hook_path"], shown["credentials"], shown["secrets"]) == (
        f"/hooks/wordpress/{shown['id']}",
        ["password"],
        1,
    )
    assert renamed == {**shown, "name": "The site", "poll_seconds": None}
    assert (rotated["secret"] != made["secret"], rotated["connection"]["secrets"], dropped["secrets"]) == (True, 2, 1)
    assert (disabled["disabled_at"] is not None, enabled["disabled_at"]) == (True, None)


async def test_secrets_and_credentials_are_in_no_answer_but_the_first(client: httpx2.AsyncClient):
    made = await client.post("/connections", json=wordpress())
    path = f"/connections/{made.json()['connection']['id']}"
    answers = [
        await client.get(path),
        await client.get("/connections"),
        await client.patch(path, json={"name": "x"}),
        await client.post("/connections", json=wordpress(credentials={"password": [PASSWORD]})),
        await client.post("/connections", json=wordpress(credentials={"password": PASSWORD + "\n"})),
        await client.post("/connections", json=wordpress(secret=PASSWORD)),
        await client.post("/connections", json=wordpress(secret=[PASSWORD])),
        await client.post(f"{path}/rotate", json={"secret": PASSWORD}),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 422, 422, 422, 422, 422]
    for answer in answers:
        assert PASSWORD not in answer.text
        assert made.json()["secret"] not in answer.text


async def test_a_tenant_sees_its_own_connections_only(client: httpx2.AsyncClient):
    path = f"/connections/{(await client.post('/connections', json=wordpress())).json()['connection']['id']}"
    other = {"x-tenant": "other"}

    assert (await client.get("/connections", headers=other)).json() == {"connections": []}
    assert (await client.get(path, headers=other)).status_code == 404
    assert (await client.patch(path, json={"name": "x"}, headers=other)).status_code == 404
    for action in ("drop-old-secrets", "disable", "enable"):
        assert (await client.post(f"{path}/{action}", headers=other)).status_code == 404
    assert (await client.post(f"{path}/rotate", json={}, headers=other)).status_code == 404
    assert (await client.get(path)).json()["name"] == "Our site"


@pytest.mark.parametrize("id", [NOWHERE, "con_%00", "x"])
async def test_what_is_not_there_is_not_found(client: httpx2.AsyncClient, id: str):
    assert (await client.get(f"/connections/{id}")).status_code == 404
    assert (await client.patch(f"/connections/{id}", json={"name": "x"})).status_code == 404


async def test_connections_need_the_scope_admin(client: httpx2.AsyncClient):
    for answer in (
        await client.get("/connections", headers={"x-scopes": "read extract"}),
        await client.post("/connections", json=wordpress(), headers={"x-scopes": "read extract"}),
    ):
        assert answer.status_code == 403


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"adapter": "geocities"}, "adapter"),
        ({"name": ""}, "name"),
        ({"options": {"tittle": "x"}}, "options"),
        ({"options": {"signature": "ghost"}}, "options.signature"),
        ({"options": {"token_header": "X-Token"}}, "options.token_header"),
        ({"options": {"title": "a\x00b"}}, "options.title"),
        ({"base_url": "ftp://news.example"}, "url"),
        ({"base_url": "http://user:word@news.example"}, "url"),
        ({"base_url": "http://127.0.0.1:8080"}, "url"),
        ({"base_url": None, "poll_seconds": 600}, "base_url"),
        ({"poll_seconds": 1}, "poll_seconds"),
        ({"adapter": "sanity", "poll_seconds": 600}, "poll_seconds"),
        ({"write_back": "tag"}, "write_back"),
        ({"adapter": "drupal", "write_back": "meta"}, "write_back"),
        ({"model": "openai/unknown"}, "model"),
        ({"secret": "short"}, "secret"),
        ({"allow_private": True}, "allow_private"),
    ],
)
async def test_what_cannot_be_used_is_refused_when_it_is_configured(
    client: httpx2.AsyncClient, changed: dict[str, Any], field: str
):
    answer = await client.post("/connections", json=wordpress(**changed))

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert (await client.get("/connections")).json() == {"connections": []}


@pytest.mark.parametrize("adapter", ADAPTERS)
async def test_a_drawn_secret_is_one_that_the_cms_can_use(desk: Desk, grounds: Grounds, adapter: str):
    made = await create_connection(desk.database, grounds, "default", Wanted(adapter=adapter, name="x"))

    check_secret(ADAPTERS[adapter].scheme, made.secret)
    assert made.secret not in repr(made)


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_generic_connection_may_be_signed_in_any_way(desk: Desk, grounds: Grounds, scheme: str):
    wanted = Wanted(adapter="generic", name="x", options={"signature": scheme})
    made = await create_connection(desk.database, grounds, "default", wanted)

    check_secret(scheme, made.secret)


async def test_credentials_do_not_follow_to_another_host(desk: Desk, grounds: Grounds):
    wanted = Wanted(**wordpress(allow_private=True, base_url="http://10.0.0.7"))
    made = (await create_connection(desk.database, grounds, "default", wanted)).connection

    same = await update_connection(desk.database, grounds, "default", made.id, base_url="http://10.0.0.7/blog")
    with pytest.raises(InvalidField, match="public internet"):
        await update_connection(desk.database, grounds, "default", made.id, base_url="http://10.0.0.8")
    moved = await update_connection(desk.database, grounds, "default", made.id, base_url="https://elsewhere.example")

    assert (same.credentials, same.allow_private) == (("password",), True)
    assert (moved.credentials, moved.allow_private) == ((), False)


async def test_another_signature_needs_a_secret_that_fits(desk: Desk, grounds: Grounds):
    made = await create_connection(desk.database, grounds, "default", Wanted(adapter="generic", name="x"))

    with pytest.raises(InvalidField, match="secret"):
        await update_connection(desk.database, grounds, "default", made.connection.id, options={"signature": "contentful"})


async def test_at_most_three_secrets_are_accepted(desk: Desk, grounds: Grounds):
    made = await create_connection(desk.database, grounds, "default", Wanted(adapter="ghost", name="x"))
    id = made.connection.id
    drawn = [(await connections.rotate_secret(desk.database, "default", id)).secret for _ in range(4)]

    row = await desk.database.row("SELECT secrets FROM connection")
    assert row == {"secrets": drawn[:0:-1]}
    with pytest.raises(NothingThere):
        await connections.rotate_secret(desk.database, "other", id)


def test_the_command_makes_lists_shows_rotates_and_disables(database_url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PARLEY_DATABASE_URL", database_url)
    monkeypatch.setenv("PARLEY_PUBLIC_URL", "https://parley.example/")

    def parley(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(commands, arguments)
        assert done.exit_code == code, done.output
        return done.stdout

    made = json.loads(
        parley(
            "create", "ghost", "--name", "Our site", "--base-url", "http://10.0.0.7", "--allow-private", "--poll", "600",
            "--credential", f"admin_key=1:{PASSWORD}", "--option", "default_language=en", "--write-back", "tag", "--json",
        )
    )  # fmt: skip
    plain = parley("create", "generic", "--name", "Our system", "--tenant", "radio")
    listed = parley("list")
    shown = parley("show", made["id"])
    rotated = json.loads(parley("rotate", made["id"], "--json"))
    parley("rotate", made["id"], "--drop-old")
    parley("disable", made["id"])
    again = json.loads(parley("show", made["id"], "--json"))

    assert made["hook_url"] == f"https://parley.example/hooks/ghost/{made['id']}"
    assert plain.startswith("hook URL  https://parley.example/hooks/generic/con_")
    assert "secret    whsec_" in plain
    assert "Our site  polled every 600 s  tag" in listed
    assert len(listed.splitlines()) == 2
    assert len(parley("list", "--tenant", "radio").splitlines()) == 1
    assert (rotated["secret"] != made["secret"], again["secrets"], again["disabled_at"] is not None) == (True, 1, True)
    for output in (listed, shown):
        assert PASSWORD not in output
        assert made["secret"] not in output


def test_a_pair_that_is_none_is_refused_without_being_shown(database_url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PARLEY_DATABASE_URL", database_url)

    done = CliRunner().invoke(commands, ["create", "ghost", "--name", "x", "--credential", PASSWORD])

    assert done.exit_code == 2
    assert PASSWORD not in done.output
