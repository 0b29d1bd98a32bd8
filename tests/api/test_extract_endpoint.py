from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from service.domain.record import Extraction
from service.errors import AnswerInvalid, ModelTimedOut
from service.handlers import ExtractArticle, Services, extract_article
from tests.api.client import ARTICLE, make_app, make_context, running


def spans_in(value: Any) -> list[dict[str, Any]]:
    """Every object with start, end and text, wherever it stands."""
    if isinstance(value, list):
        return [span for item in value for span in spans_in(item)]
    if not isinstance(value, dict):
        return []
    own = [value] if {"start", "end", "text"} <= value.keys() and isinstance(value["start"], int) else []
    return own + [span for item in value.values() for span in spans_in(item)]


class Capture:
    """Stands for the handler: keeps the commands, answers by rules."""

    def __init__(self) -> None:
        self.commands: list[ExtractArticle] = []

    async def __call__(self, command: ExtractArticle, services: Services) -> Extraction:
        self.commands.append(command)
        return await extract_article(replace(command, model=None), services)


def test_answers_with_the_fields_of_the_contract_in_its_order() -> None:
    with running() as client:
        answer = client.post("/extract", json={"text": ARTICLE, "published_at": "2025-05-24"})

    body = answer.json()
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert list(body) == ["id", "article", "exchanges", "quotes", "rejected", "warnings", "provenance", "contents"]
    assert list(body["article"]) == [
        "id", "title", "url", "published_at", "language", "sha256", "characters", "text",
    ]  # fmt: skip
    assert list(body["exchanges"][0]) == [
        "id", "kind", "status", "date", "places", "transfers", "third_parties", "part_of", "evidence", "confidence", "by",
        "warnings",
    ]  # fmt: skip
    assert list(body["quotes"][0]) == [
        "id", "kind", "text", "start", "end", "speaker", "cue", "confidence", "by", "warnings", "content",
    ]  # fmt: skip
    assert list(body["provenance"]) == [
        "engine", "model", "prompt", "prompt_sha256", "attempts", "calls", "usage", "elapsed_ms", "degraded",
        "degraded_reason",
    ]  # fmt: skip
    assert body["id"].startswith("ext_")
    assert body["article"]["text"] is None
    assert body["provenance"]["engine"] == "rules"


def test_every_span_stands_in_the_text() -> None:
    with running() as client:
        body = client.post("/extract", json={"text": ARTICLE, "published_at": "2025-05-24"}).json()

    spans = spans_in(body)
    assert len(spans) >= 4
    assert [span["text"] for span in spans] == [ARTICLE[span["start"] : span["end"]] for span in spans]


def test_html_comes_back_as_the_clean_text_that_offsets_refer_to() -> None:
    html = "<nav>Home</nav>" + "".join(f"<p>{part}</p>" for part in ARTICLE.split("\n\n"))

    with running() as client:
        body = client.post("/extract", json={"html": html}).json()

    assert body["article"]["text"] == ARTICLE
    assert all(span["text"] == ARTICLE[span["start"] : span["end"]] for span in spans_in({**body, "article": None}))


def test_offsets_count_code_points() -> None:
    text = "🕊🕊 “We are home,” said Ilse Varga."

    with running() as client:
        body = client.post("/extract", json={"text": text}).json()

    assert (body["quotes"][0]["start"], body["quotes"][0]["text"]) == (4, "We are home,")


def test_a_request_becomes_the_command_it_describes() -> None:
    capture = Capture()
    request = {
        "text": ARTICLE, "title": "Home", "published_at": "2025-05-24T23:30:00-04:00", "url": "http://news.example/1",
        "language": "en-GB", "id": "a-1", "include": ["quotes"], "indirect": False, "on_failure": "error", "model": "rules",
    }  # fmt: skip

    with running(make_context(extract=capture)) as client:
        answer = client.post("/extract", json=request)

    (command,) = capture.commands
    article = command.article
    assert answer.status_code == 200
    assert (article.text, article.title, article.url) == (ARTICLE, "Home", "http://news.example/1")
    assert (article.language, article.id, article.from_html) == ("en-GB", "a-1", False)
    assert article.published_at == date(2025, 5, 24)
    assert command.include == frozenset({"quotes"})
    assert (command.indirect, command.on_failure, command.model) == (False, "error", "rules")


def test_null_is_as_good_as_absent_for_what_may_be_absent() -> None:
    nothing = dict.fromkeys(["html", "title", "published_at", "url", "language", "id", "model"])

    with running() as client:
        answer = client.post("/extract", json={"text": ARTICLE, **nothing})

    assert answer.status_code == 200


def test_a_byte_order_mark_is_passed_over() -> None:
    body = b"\xef\xbb\xbf" + json.dumps({"text": ARTICLE}).encode()

    with running() as client:
        answer = client.post("/extract", content=body, headers={"content-type": "application/json; charset=utf-8"})

    assert answer.status_code == 200


def test_a_long_article_takes_the_same_way() -> None:
    text = "\n\n".join([ARTICLE] * 150)

    with running() as client:
        body = client.post("/extract", json={"text": text}).json()

    assert body["article"]["characters"] == len(text)
    assert len(body["quotes"]) >= 150


@pytest.mark.parametrize(
    ("failure", "status", "slug"),
    [(ModelTimedOut(), 504, "model-timed-out"), (AnswerInvalid(), 502, "model-failed")],
    ids=["timed out", "invalid answer"],
)
def test_a_failed_model_is_a_problem_where_the_request_wants_one(failure: Exception, status: int, slug: str) -> None:
    async def failing(command: ExtractArticle, services: Services) -> Extraction:
        assert command.on_failure == "error"
        raise failure

    with running(make_context(extract=failing)) as client:
        answer = client.post("/extract", json={"text": ARTICLE, "on_failure": "error"})

    assert answer.status_code == status
    assert answer.json()["type"] == f"/docs#problem-{slug}"


async def test_beyond_the_limit_of_extractions_in_flight_comes_503_with_retry_after() -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def waiting(command: ExtractArticle, services: Services) -> Extraction:
        begun.set()
        await may_end.wait()
        return await extract_article(command, services)

    context = make_context(extract=waiting, max_in_flight=1)
    exchange = Exchange(make_app(context), json.dumps({"text": ARTICLE}).encode())
    async with exchange.started():
        first = asyncio.create_task(exchange.run())
        await begun.wait()
        second = await exchange.again().run()
        may_end.set()
        answered = await first
        third = await exchange.again().run()

    assert (answered.status, second.status, third.status) == (200, 503, 200)
    assert second.headers["retry-after"] == "1"
    assert second.headers["content-type"] == "application/problem+json"
    assert context.in_flight == 0


async def test_a_client_that_leaves_cancels_its_extraction() -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def endless(command: ExtractArticle, services: Services) -> Extraction:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        raise AssertionError

    context = make_context(extract=endless)
    exchange = Exchange(make_app(context), json.dumps({"text": ARTICLE}).encode())
    async with exchange.started():
        request = asyncio.create_task(exchange.run())
        await begun.wait()
        exchange.left.set()
        answer = await asyncio.wait_for(request, 5)

    assert cancelled.is_set()
    assert answer.status is None
    assert context.in_flight == 0


async def test_a_body_larger_than_its_content_length_says_is_still_counted() -> None:
    exchange = Exchange(make_app(make_context(max_bytes=1000)), b"x" * 5000, declared="10")

    async with exchange.started():
        answer = await exchange.run()

    assert answer.status == 413
    assert exchange.taken <= 2000  # it stops reading as soon as it knows


async def test_a_body_that_says_it_is_too_large_is_not_read() -> None:
    exchange = Exchange(make_app(make_context(max_bytes=1000)), b"x" * 5000, declared="5000")

    async with exchange.started():
        answer = await exchange.run()

    assert (answer.status, exchange.taken) == (413, 0)


async def test_the_services_are_closed_with_the_application() -> None:
    closed: list[bool] = []

    async def close() -> None:
        closed.append(True)

    from tests.api.client import make_services

    exchange = Exchange(make_app(services=make_services(closers=(close,))), b"{}")
    async with exchange.started():
        assert closed == []

    assert closed == [True]


class Answer:
    """What came back; `status` is None where nothing did."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.headers: dict[str, str] = {}


class Exchange:
    """One POST /extract as the server hands it to the application, in chunks of 1,000 bytes; `left` is the client's going."""

    def __init__(self, app: Any, body: bytes, *, declared: str | None = None) -> None:
        self.app, self.body, self.declared = app, body, declared
        self.left = asyncio.Event()
        self.taken = 0

    def again(self) -> Exchange:
        return Exchange(self.app, self.body)

    def started(self) -> Any:
        return self.app.router.lifespan_context(self.app)

    async def run(self) -> Answer:
        answer = Answer()
        headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
        if self.declared is not None:
            headers.append((b"content-length", self.declared.encode()))
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
            "path": "/extract", "raw_path": b"/extract", "query_string": b"", "root_path": "", "headers": headers,
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
        }  # fmt: skip

        async def receive() -> dict[str, Any]:
            if self.taken >= len(self.body):
                await self.left.wait()
                return {"type": "http.disconnect"}
            chunk = self.body[self.taken : self.taken + 1000]
            self.taken += len(chunk)
            return {"type": "http.request", "body": chunk, "more_body": self.taken < len(self.body)}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}

        await self.app(scope, receive, send)
        return answer
