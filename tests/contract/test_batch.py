"""POST /extract/batch over a real PostgreSQL: a line for a line, whatever is wrong with the others."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from starlette.types import Message

from service.adapters.database.pool import Database
from service.api import batch
from service.api.context import Context
from service.errors import AnswerInvalid, ModelOverloaded
from service.flows.desk import Desk
from service.flows.keys import Limits, create_key
from tests.api.client import make_app
from tests.api.test_extract_endpoint import spans_in
from tests.desks import ScriptedEngine, make_desk
from tests.stored import FIRST, serving

NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture
async def desk(database: Database) -> Desk:
    return await make_desk(database)


@pytest.fixture
async def client(desk: Desk) -> AsyncIterator[httpx2.AsyncClient]:
    async with serving(desk) as opened:
        yield opened


def scripted(desk: Desk, **script: Any) -> ScriptedEngine:
    engine = ScriptedEngine(**script)
    desk.services.engines = {engine.name: engine}
    desk.services.default = engine.name
    return engine


def lines(*articles: Any) -> bytes:
    return b"".join(json.dumps(article).encode() + b"\n" for article in articles)


async def sent(client: httpx2.AsyncClient, body: bytes, **headers: str) -> list[dict[str, Any]]:
    answer = await client.post("/extract/batch", content=body, headers={**NDJSON, **headers})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson"), answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_every_article_gets_its_line_and_the_last_line_counts_them(client: httpx2.AsyncClient):
    texts = [f"{FIRST}\n\n“Number {i},” said Ada Lund." for i in range(20)]

    *answers, last = await sent(client, lines(*({"text": text, "id": f"a{i}"} for i, text in enumerate(texts))))

    assert last == {"done": True, "ok": 20, "failed": 0}
    assert sorted(one["index"] for one in answers) == list(range(20))
    for one in answers:
        text = texts[one["index"]]
        spans = spans_in(one["extraction"])
        assert (one["status"], one["id"], one["extraction"]["article"]["id"]) == ("ok", f"a{one['index']}", one["id"])
        assert f"Number {one['index']}," in [quote["text"] for quote in one["extraction"]["quotes"]]
        assert all(span["text"] == text[span["start"] : span["end"]] for span in spans)


async def test_a_bad_line_does_not_stop_the_others(desk: Desk):
    body = b"".join(
        (
            lines({"text": FIRST}),
            b'{not json\n\n"text"\n',
            lines({"text": FIRST, "unknown": 1}),
            b'{"text": "\xff"}\n',
            lines({"text": "x" * 3_000}, {"text": "—"}, {"text": FIRST, "model": "no/model"}),
            b'{"text": "Yes."}',
        )
    )

    async with serving(desk, max_bytes=2_000) as client:
        *answers, last = await sent(client, body)

    by_line = {one["index"]: one.get("problem", {}).get("type", "ok").rpartition("problem-")[2] for one in answers}
    assert by_line == {
        0: "ok", 1: "invalid-json", 3: "invalid-request", 4: "invalid-request", 5: "invalid-json", 6: "too-large",
        7: "empty-article", 8: "unknown-model", 9: "ok",
    }  # fmt: skip
    assert last == {"done": True, "ok": 2, "failed": 7}
    assert all(one["problem"]["request_id"] for one in answers if one["status"] == "error")


async def test_a_problem_holds_no_words_of_the_article(client: httpx2.AsyncClient):
    (answer, _) = await sent(client, lines({"text": {"canary": "Tolan"}, "html": "Tolan"}))

    assert answer["status"] == "error"
    assert "Tolan" not in json.dumps(answer)


@pytest.mark.parametrize("failures", [[], [AnswerInvalid()] * 50], ids=["by the model", "degraded"])
async def test_the_same_article_many_times_costs_one_reading(desk: Desk, client: httpx2.AsyncClient, failures: list[Any]):
    engine = scripted(desk, failures=failures, pause_s=0.02)

    *answers, last = await sent(client, lines(*({"text": FIRST, "id": f"a{i % 7}"} for i in range(30))))

    assert (engine.calls, last["ok"]) == (1, 30)
    assert {one["extraction"]["article"]["id"] == one["id"] for one in answers} == {True}
    assert len({one["extraction"]["id"] for one in answers}) == 1
    read = await desk.database.row("SELECT count(*) AS n FROM article_version WHERE extraction_id IS NOT NULL")
    assert read == {"n": 7}


async def test_the_same_batch_again_is_answered_from_the_store(desk: Desk, client: httpx2.AsyncClient):
    engine = scripted(desk)
    body = lines(*({"text": f"“Number {i},” said Ada Lund."} for i in range(10)))

    first, second = await sent(client, body), await sent(client, body)

    def ids(answers: list[dict[str, Any]]) -> dict[int, str]:
        return {one["index"]: one["extraction"]["id"] for one in answers[:-1]}

    assert engine.calls == 10
    assert ids(first) == ids(second)


async def test_a_model_that_fails_for_one_article_fails_for_that_one(desk: Desk, client: httpx2.AsyncClient):
    engine = scripted(desk)
    answering = engine.answer
    failures = {"“Number 1": ModelOverloaded(), "“Number 3": RuntimeError("a fault of ours")}

    async def answer(question: Any) -> Any:
        if failure := failures.get(question.article.text[:9]):
            raise failure
        return await answering(question)

    engine.answer = answer  # type: ignore[method-assign]
    articles = ({"text": f"“Number {i},” said Ada Lund.", "on_failure": "error"} for i in range(5))

    *answers, last = await sent(client, lines(*articles))

    statuses = sorted(one["problem"]["status"] for one in answers if one["status"] == "error")
    assert (last["ok"], last["failed"], statuses) == (3, 2, [500, 502])
    assert "fault of ours" not in json.dumps(answers)


async def test_only_a_few_are_read_at_the_same_time(desk: Desk, client: httpx2.AsyncClient):
    engine = scripted(desk, pause_s=0.05)
    at_once = most = 0
    answering = engine.answer

    async def answer(question: Any) -> Any:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        try:
            return await answering(question)
        finally:
            at_once -= 1

    engine.answer = answer  # type: ignore[method-assign]

    await sent(client, lines(*({"text": f"“Number {i},” said Ada Lund."} for i in range(40))))

    assert (most, engine.calls) == (batch.ABREAST, 40)


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Type": "application/json"}, b"{}\n", 415),
        ({}, b"{}\n", 415),
        ({**NDJSON, "Content-Encoding": "gzip"}, b"{}\n", 415),
        (NDJSON, b"\n" * 10_001, 413),
        (NDJSON, b"x" * 100_001, 413),
    ],
)
async def test_a_batch_that_cannot_be_is_refused_as_a_whole(desk: Desk, headers: dict[str, str], body: bytes, status: int):
    async with serving(desk, max_batch_bytes=100_000) as client:
        answer = await client.post("/extract/batch", content=body, headers=headers)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_an_empty_batch_is_done_at_once(client: httpx2.AsyncClient):
    assert await sent(client, b"") == [{"done": True, "ok": 0, "failed": 0}]


async def test_a_minutes_limit_is_waited_for_and_a_days_is_told(desk: Desk, client: httpx2.AsyncClient, monkeypatch: Any):
    pauses = []

    async def sleep(seconds: float, asleep: Any = asyncio.sleep) -> None:
        pauses.append(seconds)
        await asleep(0)
        await desk.database.execute("DELETE FROM usage WHERE period = 'minute'")

    monkeypatch.setattr("service.flows.batch.asyncio.sleep", sleep)
    limits = Limits(requests_per_minute=2, requests_per_day=4)
    key = await create_key(desk.database, name="few", scopes=["extract"], limits=limits)

    articles = ({"text": f"“Number {i},” said Ada Lund."} for i in range(6))
    *answers, last = await sent(client, lines(*articles), Authorization=f"Bearer {key.key}")

    assert (last["ok"], last["failed"]) == (4, 2)
    assert pauses
    assert {one["problem"]["status"] for one in answers if one["status"] == "error"} == {429}


# What a test client does not do: read slowly, go away, send without reading.


class Connection:
    """One request by hand, over the application itself."""

    def __init__(self, desk: Desk, body: bytes, **limits: Any) -> None:
        self.context = Context(max_bytes=2**20, max_in_flight=10, desk=desk, **limits)
        self.context.services = desk.services
        self._app = make_app(self.context)
        self._body = [{"type": "http.request", "body": body, "more_body": False}]
        self.gone = asyncio.Event()
        self.sent: asyncio.Queue[Message] = asyncio.Queue()
        self.may_send = asyncio.Semaphore(0)

    async def _receive(self) -> Message:
        if self._body:
            return self._body.pop()
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        await self.may_send.acquire()
        self.sent.put_nowait(message)

    async def run(self) -> None:
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "path": "/extract/batch",
            "raw_path": b"/extract/batch", "query_string": b"", "root_path": "", "scheme": "http", "server": ("x", 80),
            "headers": [(b"host", b"localhost"), (b"content-type", b"application/x-ndjson")], "client": ("127.0.0.1", 1),
        }  # fmt: skip
        await self._app(scope, self._receive, self._send)


async def test_a_caller_that_does_not_read_stops_the_reading(desk: Desk):
    engine = scripted(desk)
    connection = Connection(desk, lines(*({"text": f"“Number {i},” said Ada Lund."} for i in range(60))))
    connection.may_send.release()  # the head, and no line
    running = asyncio.create_task(connection.run())
    await asyncio.sleep(1.5)
    read = engine.calls

    for _ in range(100):
        connection.may_send.release()
    await running

    assert read <= batch.ABREAST
    assert engine.calls == 60
    assert connection.sent.qsize() == 60 + 3  # head, last line, end


async def test_a_caller_that_is_gone_ends_the_batch(desk: Desk):
    engine = scripted(desk, pause_s=30)
    connection = Connection(desk, lines(*({"text": f"“Number {i},” said Ada Lund."} for i in range(60))))
    for _ in range(100):
        connection.may_send.release()
    running = asyncio.create_task(connection.run())
    await asyncio.wait_for(engine.started.wait(), 20)
    during = connection.context.batches

    connection.gone.set()
    await asyncio.wait_for(running, 5)
    for _ in range(50):
        if not (left := await desk.database.rows("SELECT * FROM claim")):
            break
        await asyncio.sleep(0.05)

    assert (during, connection.context.batches) == (1, 0)
    assert engine.calls <= batch.ABREAST
    assert left == []
    assert connection.sent.qsize() == 1  # the head


async def test_too_many_batches_are_told_to_come_later(desk: Desk, client: httpx2.AsyncClient):
    engine = scripted(desk, pause_s=30)
    connection = Connection(desk, lines({"text": FIRST}), max_batches=1)
    running = asyncio.create_task(connection.run())
    connection.may_send.release()
    await asyncio.wait_for(engine.started.wait(), 20)

    transport = httpx2.ASGITransport(app=make_app(connection.context))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as other:
        answer = await other.post("/extract/batch", content=b"", headers=NDJSON)
    connection.gone.set()
    await asyncio.wait_for(running, 5)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
