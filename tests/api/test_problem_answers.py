from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from service.api.problems import Kind, refusal_of
from service.domain.record import Extraction
from service.errors import (
    ArticleTooLarge,
    BackupFailed,
    CmsRefused,
    CmsUnavailable,
    DatabaseNewer,
    EmbeddedDatabaseFailed,
    ExtraMissing,
    InvalidField,
    InvalidInput,
    LimitReached,
    MediaTypeRefused,
    ModelFailed,
    ModelRejectedRequest,
    ModelTimedOut,
    NoAnswer,
    NotAllowed,
    NothingThere,
    NotNow,
    ParleyError,
    PayloadUnreadable,
    ScopeMissing,
    SettingInvalid,
    SetupError,
    StillRunning,
    Unanswered,
    UnknownModel,
)
from service.handlers import ExtractArticle, Services
from service.telemetry import JsonLines
from tests.api.client import ARTICLE, make_context, make_services, running

CANARY = "canary-4711"
JSON = {"content-type": "application/json"}


def check_problem(answer: Any, status: int, kind: Kind) -> dict[str, Any]:
    """The answer is the problem of this kind, in its documented shape."""
    body: dict[str, Any] = answer.json()
    assert answer.status_code == status == body["status"]
    assert answer.headers["content-type"] == "application/problem+json"
    assert list(body) == ["type", "title", "status", "detail", "request_id", "errors"]
    assert body["type"] == kind.type
    assert body["request_id"] == answer.headers["x-request-id"]
    return body


@pytest.mark.parametrize(
    ("request_body", "field", "expected"),
    [
        ({}, "the body", "exactly one of the fields text and html"),
        ({"text": ARTICLE, "html": "<p>x</p>"}, "the body", "exactly one of the fields text and html"),
        ([ARTICLE], "the body", "a JSON object"),
        ("text", "the body", "a JSON object"),
        ({"text": 5}, "text", "a valid string"),
        ({"text": ARTICLE, "body": "x"}, "body", "one of the fields text, html, title"),
        ({"text": ARTICLE, "published_at": "yesterday"}, "published_at", "an ISO 8601 date"),
        ({"text": ARTICLE, "published_at": "2025-02-30"}, "published_at", "an ISO 8601 date"),
        ({"text": ARTICLE, "published_at": "20250524"}, "published_at", "an ISO 8601 date"),
        ({"text": ARTICLE, "published_at": "0001-01-01"}, "published_at", "an ISO 8601 date"),
        ({"text": ARTICLE, "published_at": "2025-05-24T25:00:00"}, "published_at", "an ISO 8601 date"),
        ({"text": ARTICLE, "published_at": 1748044800}, "published_at", "a valid string"),
        ({"text": ARTICLE, "url": "javascript:alert(1)"}, "url", "an http or https address"),
        ({"text": ARTICLE, "url": "http://[::1"}, "url", "an http or https address"),
        ({"text": ARTICLE, "language": "English language"}, "language", "a BCP 47 language tag"),
        ({"text": ARTICLE, "id": "a\nb"}, "id", "text without line breaks"),
        ({"text": ARTICLE, "id": ""}, "id", "at least 1 character"),
        ({"text": ARTICLE, "include": []}, "include", "at least 1 item"),
        ({"text": ARTICLE, "include": ["people"]}, "include[0]", "'exchanges', 'quotes' or 'contents'"),
        ({"text": ARTICLE, "indirect": "yes"}, "indirect", "a valid boolean"),
        ({"text": ARTICLE, "on_failure": "retry"}, "on_failure", "'degrade' or 'error'"),
        ({"text": ARTICLE, "title": "x" * 1001}, "title", "at most 1000 characters"),
    ],
)
def test_a_wrong_request_names_the_field_and_what_was_expected(request_body: Any, field: str, expected: str) -> None:
    with running() as client:
        answer = client.post("/extract", json=request_body)

    body = check_problem(answer, 422, Kind.INVALID_REQUEST)
    assert [wrong["field"] for wrong in body["errors"]] == [field]
    assert expected in body["errors"][0]["expected"]
    assert field in body["detail"]


def test_all_wrong_fields_are_named_at_once() -> None:
    with running() as client:
        answer = client.post("/extract", json={"text": ARTICLE, "url": "x", "indirect": 1, "include": ["y"]})

    assert [wrong["field"] for wrong in answer.json()["errors"]] == ["url", "include[0]", "indirect"]


@pytest.mark.parametrize(
    "request_body",
    [
        {"text": f"{CANARY} {ARTICLE}", "url": "x"},
        {"text": [CANARY]},
        {"html": {"p": CANARY}},
        {"text": ARTICLE, "title": CANARY * 200},
        {"text": CANARY, "html": CANARY},
        [CANARY],
        CANARY,
    ],
    ids=["other field wrong", "list", "object", "title", "both", "array", "string"],
)
def test_a_problem_never_holds_the_article(request_body: Any) -> None:
    with running() as client:
        answer = client.post("/extract", json=request_body)

    assert answer.status_code == 422
    assert CANARY not in answer.text


def test_a_long_value_is_shortened() -> None:
    with running() as client:
        answer = client.post("/extract", json={"text": ARTICLE, "language": "x" * 500})

    (wrong,) = answer.json()["errors"]
    assert len(wrong["value"]) <= 61


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "The body is empty"),
        (b"{", "cannot be read as JSON"),
        (b'{"text": "a"} trailing', "cannot be read as JSON"),
        (b'{"text": "\xff"}', "Byte 10 of the body is not UTF-8"),
        (b'{"text": "\\ud800"}', "cannot be read as JSON"),
        (b'{"text": ' + b"[" * 100_000, "cannot be read as JSON"),
        ('{"text": "é"}'.encode("latin-1"), "is not UTF-8"),
        ('{"text": "a"}'.encode("utf-16"), "is not UTF-8"),
    ],
    ids=["empty", "cut off", "trailing", "invalid UTF-8", "lone surrogate", "deep", "Latin 1", "UTF-16"],
)
def test_what_is_no_json_in_utf8_is_a_400(body: bytes, detail: str) -> None:
    with running() as client:
        answer = client.post("/extract", content=body, headers=JSON)

    assert detail in check_problem(answer, 400, Kind.INVALID_JSON)["detail"]


@pytest.mark.parametrize(
    "headers",
    [{}, {"content-type": "text/plain"}, {"content-type": "application/x-www-form-urlencoded"},
     {"content-type": "application/json; charset=latin-1"}, {**JSON, "content-encoding": "gzip"},
     {"content-type": "text/json"}],
    ids=["none", "text", "form", "Latin 1", "gzip", "text/json"],
)  # fmt: skip
def test_what_is_not_sent_as_json_is_a_415(headers: dict[str, str]) -> None:
    with running() as client:
        answer = client.post("/extract", content=json.dumps({"text": ARTICLE}).encode(), headers=headers)

    check_problem(answer, 415, Kind.UNSUPPORTED_MEDIA_TYPE)


def test_an_article_without_words_is_a_422() -> None:
    with running() as client:
        answers = [client.post("/extract", json=body) for body in ({"text": ""}, {"text": " …\n"}, {"html": "<p></p>"})]

    for answer in answers:
        check_problem(answer, 422, Kind.EMPTY_ARTICLE)


def test_too_many_bytes_and_too_many_words_are_413() -> None:
    with running(make_context(max_bytes=1000), make_services(max_words=10)) as client:
        bytes_over = client.post("/extract", json={"text": "a" * 1000})
        words_over = client.post("/extract", json={"text": "a " * 11})
        just_right = client.post("/extract", json={"text": "a " * 10})

    assert "1,000 bytes" in check_problem(bytes_over, 413, Kind.TOO_LARGE)["detail"]
    assert "10 words" in check_problem(words_over, 413, Kind.TOO_LARGE)["detail"]
    assert just_right.status_code == 200


def test_an_unknown_model_is_told_the_known_ones() -> None:
    with running() as client:
        answer = client.post("/extract", json={"text": ARTICLE, "model": "openai/other"})

    body = check_problem(answer, 422, Kind.UNKNOWN_MODEL)
    assert body["errors"] == [{"field": "model", "value": "openai/other", "expected": "one of: rules"}]


def test_unknown_addresses_and_methods_are_problems_too() -> None:
    with running() as client:
        missing, method = client.get("/nowhere"), client.get("/extract")
        slash = client.post("/extract/", json={})

    check_problem(missing, 404, Kind.NOT_FOUND)
    check_problem(slash, 404, Kind.NOT_FOUND)
    check_problem(method, 405, Kind.METHOD_NOT_ALLOWED)
    assert method.headers["allow"] == "POST"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that is logged, in the format of the service."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root, ours = logging.getLogger(), logging.getLogger("service")
    before = ours.level
    root.addHandler(handler)
    ours.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    ours.setLevel(before)


def test_a_fault_of_ours_is_a_500_that_tells_neither_caller_nor_log_what_it_said(log: io.StringIO) -> None:
    async def faulty(command: ExtractArticle, services: Services) -> Extraction:
        raise RuntimeError(f"cannot read {command.article.text}")

    with running(make_context(extract=faulty)) as client:
        answer = client.post("/extract", json={"text": CANARY})

    body = check_problem(answer, 500, Kind.INTERNAL)
    failed = next(line for line in map(json.loads, log.getvalue().splitlines()) if line["event"] == "request_failed")
    assert CANARY not in answer.text
    assert CANARY not in log.getvalue()
    assert failed["error"] == "RuntimeError"
    assert failed["request_id"] == body["request_id"]


def test_the_log_of_an_extraction_holds_ids_sizes_and_outcome_but_nothing_of_the_article(log: io.StringIO) -> None:
    request = {
        "text": f"“{CANARY} is home,” said Ilse Varga of {CANARY}.", "title": CANARY, "id": CANARY, "url": f"http://{CANARY}.example",
        "language": "en",
    }  # fmt: skip

    with running() as client:
        answers = [
            client.post("/extract", json=request),
            client.post("/extract", json={**request, "model": CANARY}),
            client.post("/extract", json={**request, CANARY: 1}),
            client.get(f"/{CANARY}?{CANARY}", headers={"X-Request-ID": f"{CANARY} {CANARY}", "User-Agent": CANARY}),
            client.request(CANARY, "/extract"),
        ]

    assert [answer.status_code for answer in answers] == [200, 422, 422, 404, 405]
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    finished = [line for line in lines if line["event"] == "request_finished"]
    assert CANARY not in log.getvalue()
    assert len(finished) == len(answers)
    assert (
        finished[0].items()
        >= {"status": 200, "route": "/extract", "engine": "rules", "quotes": 1, "degraded": False}.items()
    )
    assert finished[0]["bytes_in"] > 0 < finished[0]["bytes_out"]


def _subclasses(kind: type[ParleyError]) -> Iterator[type[ParleyError]]:
    yield kind
    for sub in kind.__subclasses__():
        yield from _subclasses(sub)


_FACTS: dict[type[ParleyError], dict[str, Any]] = {
    ArticleTooLarge: {"size": 2, "limit": 1, "unit": "words"},
    InvalidField: {"field": "title", "value": "x", "expected": "y"},
    UnknownModel: {"model": "x", "configured": ("rules",)},
    ModelRejectedRequest: {"status": 401},
    ExtraMissing: {"extra": "local", "needed_for": "It"},
    MediaTypeRefused: {"accepted": ("application/json",)},
    PayloadUnreadable: {"cms": "ghost", "field": "post", "expected": "an object"},
    NothingThere: {"what": "job", "id": "job_1"},
    ScopeMissing: {"scope": "admin"},
    LimitReached: {"limit": "requests a minute", "allowed": 5, "retry_after_s": 17},
    NoAnswer: {"reason": Unanswered.TIMED_OUT},
    CmsUnavailable: {"cms": "ghost", "reason": "status 503"},
    CmsRefused: {"cms": "ghost", "reason": CANARY, "expected": "y"},
    DatabaseNewer: {"steps": ("9999_future",)},
    EmbeddedDatabaseFailed: {"folder": CANARY},
    BackupFailed: {"step": "pg_dump", "reason": CANARY},
    SettingInvalid: {"setting": "PARLEY_API_KEY", "value": CANARY, "expected": "y"},
}


@pytest.mark.parametrize("kind", list(_subclasses(ParleyError)), ids=lambda kind: kind.__name__)
def test_every_error_of_ours_has_a_status_by_who_must_act(kind: type[ParleyError]) -> None:
    refusal = refusal_of(kind(**_FACTS.get(kind, {})))

    if issubclass(kind, InvalidInput):
        assert refusal.status in (401, 404, 413, 422)
    elif issubclass(kind, NotAllowed):
        assert refusal.status == (403 if kind is ScopeMissing else 401)
        assert ("WWW-Authenticate" in refusal.headers) == (refusal.status == 401)
    elif issubclass(kind, NotNow):
        assert refusal.status == {LimitReached: 429, StillRunning: 409}.get(kind, 503)
        assert int(refusal.headers["Retry-After"]) >= 1
        assert ("RateLimit" in refusal.headers) == (refusal.status == 429)
    elif issubclass(kind, ModelFailed):
        assert refusal.status == (504 if issubclass(kind, ModelTimedOut) else 502)
    else:
        assert refusal.status == 500
        assert issubclass(kind, SetupError | NoAnswer) or kind is ParleyError
        assert CANARY not in refusal.detail
