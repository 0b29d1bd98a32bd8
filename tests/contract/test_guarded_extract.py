"""POST /extract over the whole application with a database: tenants, secrets, one call for one text (security.md 9 to 16, 22)."""

from __future__ import annotations

import asyncio
import io
import json

import httpx2
import pytest

from service.adapters.database.pool import Database
from service.errors import AnswerInvalid, ModelOverloaded, NothingThere
from service.flows import jobs
from service.flows.desk import Caller, Ceilings
from service.flows.extracting import submit_extract
from service.flows.keys import Limits, create_key
from tests.api.client import ARTICLE, client_over, make_app, make_context
from tests.desks import ScriptedEngine, make_command, make_desk

CANARY = "canary-4711"
SECRET_TEXT = f"{ARTICLE}\n\n“The word is {CANARY},” said Ilse Varga."


async def test_two_tenants_never_share_the_store_nor_jobs(database: Database):
    engine = ScriptedEngine()
    desk = await make_desk(database, engine)
    one = await create_key(database, name="one", scopes=("extract", "read"), tenant_id="one")
    two = await create_key(database, name="two", scopes=("extract", "read"), tenant_id="two")

    answers = []
    for key in (one, two, one, two):
        async with client_over(desk, key=key.key) as http:
            answers.append((await http.post("/extract", json={"text": ARTICLE})).json()["id"])
    async with database.transaction() as connection:
        job_id = await submit_extract(desk, connection, make_command(), Caller(tenant_id="one", key_id=one.id))

    assert engine.calls == 2
    assert answers[:2] == answers[2:]
    assert answers[0] != answers[1]
    assert (await jobs.find_job(desk, "one", job_id))["id"] == job_id
    with pytest.raises(NothingThere):
        await jobs.find_job(desk, "two", job_id)


async def test_neither_article_nor_key_ever_stands_in_a_log_or_an_error(database: Database, log: io.StringIO):
    failures = [RuntimeError(SECRET_TEXT), ModelOverloaded(), AnswerInvalid()]
    desk = await make_desk(database, ScriptedEngine(failures=failures))
    key = await create_key(database, name="desk", scopes=("extract",), limits=Limits(requests_per_minute=8))
    reader = await create_key(database, name="reader", scopes=("read",))
    wrong = key.key[:-4] + "AAAA"
    body = {"text": SECRET_TEXT, "on_failure": "error"}

    errors = []
    async with client_over(desk) as http:
        for sent, request, headers in (
            (key.key, body, {}),  # a fault of ours
            (key.key, body, {}),  # the model is overloaded
            (key.key, body, {"idempotency-key": f'"{CANARY}"'}),  # its answer is not usable
            (key.key, {**body, "model": "unknown/model"}, {}),
            (key.key, {**body, "url": "javascript:x"}, {}),
            (key.key, {"texts": SECRET_TEXT}, {}),
            (key.key, SECRET_TEXT, {}),
            (key.key, body, {"idempotency-key": "two words"}),
            (wrong, body, {}),
            (reader.key, body, {}),
            (f"{CANARY} {key.key}", body, {}),
        ):
            answer = await http.post("/extract", json=request, headers={"authorization": f"Bearer {sent}", **headers})
            errors.append(answer)
        good = await http.post("/extract", json=body, headers={"authorization": f"Bearer {key.key}"})
        await database.aclose()
        errors.append(await http.post("/extract", json=body, headers={"authorization": f"Bearer {key.key}"}))

    told = log.getvalue() + "".join(answer.text + str(answer.headers) for answer in errors)
    assert [answer.status_code for answer in errors] == [500, 502, 502, 422, 422, 422, 422, 422, 401, 403, 401, 503]
    assert (good.status_code, CANARY in good.text) == (200, True)
    assert "request_failed" in log.getvalue()
    for secret in (CANARY, "Ilse Varga", key.key, key.key.rpartition("_")[2], reader.key, wrong[-43:]):
        assert secret not in told


async def test_a_refused_caller_costs_no_call(database: Database):
    engine = ScriptedEngine()
    desk = await make_desk(database, engine, ceilings=Ceilings(requests_per_minute=1))
    key = await create_key(database, name="desk", scopes=("extract",))
    reader = await create_key(database, name="reader", scopes=("read",))

    statuses = []
    for sent in (None, reader.key, key.key, key.key):
        async with client_over(desk, key=sent) as http:
            answer = await http.post("/extract", json={"text": f"{len(statuses)}. {ARTICLE}"})
            statuses.append(answer.status_code)

    assert (statuses, engine.calls) == ([401, 403, 200, 429], 1)
    assert int(answer.headers["retry-after"]) <= 60


async def test_who_may_not_ask_is_told_before_the_body_is_read(database: Database):
    desk = await make_desk(database)

    async def never_ending() -> object:
        raise AssertionError("the body was read")
        yield b""

    async with client_over(desk) as http:
        answer = await http.post("/extract", content=never_ending(), headers={"content-type": "application/json"})  # type: ignore[arg-type]

    assert answer.status_code == 401


async def test_identical_requests_at_the_same_time_cost_one_call_in_one_process_and_in_two(database_url: str):
    bases = [Database(database_url), Database(database_url)]
    for base in bases:
        await base.open()
    engine = ScriptedEngine(pause_s=0.5)
    desks = [await make_desk(base, engine) for base in bases]
    key = await create_key(bases[0], name="desk", scopes=("extract",))

    async with client_over(desks[0], key=key.key) as one, client_over(desks[1], key=key.key) as two:
        answers = await asyncio.gather(*(http.post("/extract", json={"text": ARTICLE}) for http in (one, two) * 5))

    assert [answer.status_code for answer in answers] == [200] * 10
    assert (engine.calls, len({answer.json()["id"] for answer in answers})) == (1, 1)
    for base in bases:
        await base.aclose()


async def test_too_large_a_body_is_413_before_it_is_parsed(database: Database):
    desk = await make_desk(database)
    key = await create_key(database, name="desk", scopes=("extract",))

    async with client_over(desk, key=key.key) as http:
        answer = await http.post("/extract", json={"text": "word " * 300_000})
        words = await http.post("/extract", json={"text": "w " * 40_000})

    assert (answer.status_code, words.status_code) == (413, 413)
    assert await database.rows("SELECT * FROM usage") == []


async def test_who_hangs_up_stops_the_call_and_leaves_nothing(database: Database):
    engine = ScriptedEngine(pause_s=30)
    desk = await make_desk(database, engine)
    context = make_context()
    context.desk, context.services = desk, desk.services
    body = json.dumps({"text": ARTICLE}).encode()
    headers = [(b"host", b"localhost"), (b"content-type", b"application/json"), (b"idempotency-key", b"k-1")]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http", "path": "/extract",
        "raw_path": b"/extract", "query_string": b"", "root_path": "", "headers": headers,
        "client": ("127.0.0.1", 1), "server": None,
    }  # fmt: skip
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, object]:
        if messages:
            return messages.pop()
        await engine.started.wait()
        return {"type": "http.disconnect"}

    sent: list[object] = []

    async def send(message: object) -> None:
        sent.append(message)

    async with asyncio.timeout(10):
        await make_app(context)(scope, receive, send)  # type: ignore[arg-type]
        while await database.rows("SELECT 1 AS one FROM claim UNION ALL SELECT 1 FROM idempotency"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    assert (sent, engine.calls, desk.claims) == ([], 1, set())


async def test_the_deadline_holds_with_a_database_too(database: Database):
    desk = await make_desk(database, ScriptedEngine(pause_s=30))
    desk.services.deadline_s = 0.5

    async with client_over(desk, open_mode=True) as http:
        async with asyncio.timeout(5):
            strict = await http.post("/extract", json={"text": ARTICLE, "on_failure": "error"})
            lenient = await http.post("/extract", json={"text": ARTICLE})

    assert strict.status_code == 504
    assert (lenient.status_code, lenient.json()["provenance"]["degraded"]) == (200, True)


async def test_when_all_places_are_taken_the_answer_is_503(database: Database):
    engine = ScriptedEngine(pause_s=0.5)
    desk = await make_desk(database, engine)
    context = make_context(max_in_flight=1)
    context.desk, context.services = desk, desk.services
    transport = httpx2.ASGITransport(app=make_app(context), client=("127.0.0.1", 1))

    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:
        first = asyncio.create_task(http.post("/extract", json={"text": ARTICLE}))
        await engine.started.wait()
        second = await http.post("/extract", json={"text": ARTICLE})

    assert (second.status_code, second.headers["retry-after"]) == (503, "1")
    assert (await first).status_code == 200
