"""No article text, key, secret or address with a secret in it ever stands in a log line, whatever goes wrong with a hook."""

from __future__ import annotations

import asyncio
import io
import json
from datetime import UTC, datetime

import httpx2

from service.adapters.database.pool import Database
from service.api.context import Context
from service.errors import AnswerInvalid, ModelOverloaded
from service.flows import jobs
from service.flows.connections import Grounds, Wanted, create_connection
from service.flows.endpoints import create_endpoint
from service.flows.keys import create_key
from service.flows.polling import poll
from service.metrics import exposition
from service.worker import WORKS
from tests.api.client import make_app
from tests.desks import ScriptedEngine, make_desk
from tests.receivers import drain, receiving
from tests.senders import BY_NAME, NOW, PARAGRAPHS, WHSEC, Headers, as_html, standard

CANARY = "canary-4711"
URL_CANARY = "canary-0815"
LOGIN_CANARY = "canary-1234"
GENERIC = BY_NAME["generic"]


def deliveries(path: str) -> list[tuple[bytes, Headers]]:
    """Hooks that fail in every way that one can, and at the end two that do not."""

    def article(changed: str, word: str) -> bytes:
        return GENERIC.publish(as_html((*PARAGRAPHS, f"“The word is {CANARY} {word},” said Ines Tabor.")), changed).body

    plain = ("Content-Type", "application/json")
    good = [article("2026-03-03T10:00:00+00:00", "one"), article("2026-03-03T10:00:05+00:00", "two")]
    latin = f'{{"type": "{CANARY} é"}}'.encode("latin-1")
    odd = json.dumps({"type": CANARY, "data": {"title": CANARY}}).encode()
    forged = standard(good[0], path, NOW, secret="whsec_" + "A" * 43 + "=")
    return [
        (good[0], [plain, *forged]),
        (good[0], [plain, *standard(good[0], path, NOW - 1000)]),
        (good[0], [plain]),
        (good[0], [("Content-Type", f"text/{CANARY}"), *standard(good[0], path, NOW)]),
        (latin, [plain, *standard(latin, path, NOW)]),
        (good[0][:-5], [plain, *standard(good[0][:-5], path, NOW)]),
        (odd, [plain, *standard(odd, path, NOW)]),
        (CANARY.encode() * 300_000, [plain]),
        *((body, [plain, *standard(body, path, NOW)]) for body in (good[0], good[0], good[1])),
    ]


async def test_a_hook_that_goes_wrong_in_every_way_leaves_no_word_of_it_in_the_log(database: Database, log: io.StringIO):
    failures = [RuntimeError(CANARY), ModelOverloaded(CANARY), AnswerInvalid(CANARY), RuntimeError(CANARY)]
    engine = ScriptedEngine(failures=failures)
    desk = await make_desk(database, engine, now=lambda: datetime.fromtimestamp(NOW, UTC), schedule_s=(0.0, 0.1))
    grounds = Grounds(outbound=desk.outbound, models=desk.services.models)
    made = await create_connection(database, grounds, "default", Wanted(adapter="generic", name="Desk"), secret=WHSEC)
    key = await create_key(database, name="desk", scopes=("read",))
    path = f"/hooks/generic/{made.connection.id}"
    transport = httpx2.ASGITransport(app=make_app(Context(max_bytes=2**20, max_in_flight=10, desk=desk)))
    bodies, statuses = [], []
    async with (
        receiving(500, 500) as receiver,
        httpx2.AsyncClient(transport=transport, base_url="http://parley.example") as client,
    ):
        receiver.body = CANARY.encode()
        at = f"{receiver.url}?token={URL_CANARY}"
        endpoint = await create_endpoint(desk, "default", url=at, allow_private=True)
        for body, headers in deliveries(path):
            answer = await client.post(path, content=body, headers=headers)
            statuses.append(answer.status_code)
            bodies.append(answer.text)
        for wrong in (f"/hooks/{CANARY}/{CANARY}", f"/{CANARY}"):
            bodies.append((await client.post(wrong, content=CANARY, headers={"Authorization": f"Bearer {key.key}"})).text)
        async with database.transaction() as connection:
            rows = await (await connection.execute("SELECT id FROM job ORDER BY id")).fetchall()
        for row in rows * 4:  # crash, postpone, fail, succeed
            await jobs.run(desk, row["id"], WORKS)
        await drain(desk)
    states = {row["state"] for row in await database.rows("SELECT state FROM job")}
    attempts = await database.row("SELECT count(*) AS n FROM attempt")
    await desk.outbound.aclose()

    text = log.getvalue()
    events = {json.loads(line)["event"] for line in text.splitlines()}
    assert statuses[:8] == [401, 401, 401, 415, 400, 400, 200, 413]
    assert statuses[8:] == [200, 200, 200]
    assert {"request_finished", "job_crashed", "job_postponed", "job_finished", "dispatch_attempted"} <= events
    assert "succeeded" in states
    assert attempts is not None
    assert attempts["n"] >= 2
    secrets = (CANARY, URL_CANARY, WHSEC, WHSEC.removeprefix("whsec_"), endpoint.secret, key.key, PARAGRAPHS[0], "Tabor")
    for secret in secrets:
        assert secret not in text
        assert secret not in exposition().decode()
    assert not any(CANARY in body for body in bodies)


async def test_what_it_takes_to_log_in_at_a_cms_stands_in_no_log(database: Database, log: io.StringIO):
    desk = await make_desk(database)
    grounds = Grounds(outbound=desk.outbound, models=desk.services.models)
    wanted = Wanted(
        adapter="wordpress", name="Blog", base_url=f"http://127.0.0.1:9/{URL_CANARY}", allow_private=True, poll_seconds=600,
        credentials={"username": LOGIN_CANARY, "application_password": LOGIN_CANARY},
    )  # fmt: skip
    made = await create_connection(database, grounds, "default", wanted)

    await asyncio.wait_for(poll(desk, made.connection.id), 20)
    await desk.outbound.aclose()

    assert log.getvalue()
    for secret in (LOGIN_CANARY, URL_CANARY, made.secret):
        assert secret not in log.getvalue()
