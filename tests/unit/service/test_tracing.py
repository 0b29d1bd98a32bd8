from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import BaseModel

from service import tracing
from service.adapters.observed import ObservedModel
from service.domain.record import Usage
from service.errors import ModelOverloaded
from service.ports import Message, Reply
from service.tracing import span, span_caused_by, start_tracing, stop_tracing
from tests.api.client import ARTICLE, running

CANARY = "canary-4711"
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Answer(BaseModel):
    word: str


class Model:
    name = "openai/m"

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure

    async def ask(
        self, messages: tuple[Message, ...], *, response_model: type[Answer], max_tokens: int, timeout_s: float
    ) -> Reply[Answer]:
        if self.failure is not None:
            raise self.failure
        return Reply(Answer(word=CANARY), CANARY, Usage(input_tokens=7, cached_tokens=5, output_tokens=3), 1)


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    assert start_tracing(exporter=exporter)
    yield exporter
    stop_tracing()


def by_name(spans: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {one.name: one for one in spans.get_finished_spans()}


def test_without_an_address_nothing_is_sent_and_a_span_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)

    assert not start_tracing(None)
    with span("thing", a=1) as traced:
        traced.set(b=2)
        traced.rename("other")
    assert tracing._tracer is None


async def test_a_question_has_the_names_of_the_conventions_and_no_words(spans: InMemorySpanExporter) -> None:
    await ObservedModel(Model()).ask((Message("user", CANARY),), response_model=Answer, max_tokens=50, timeout_s=1)

    (one,) = spans.get_finished_spans()
    assert one.name == "chat m"
    assert dict(one.attributes or {}) == {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "m",
        "gen_ai.request.max_tokens": 50, "gen_ai.usage.input_tokens": 7, "gen_ai.usage.cache_read.input_tokens": 5,
        "gen_ai.usage.output_tokens": 3, "parley.calls": 1,
    }  # fmt: skip
    assert CANARY not in one.to_json()


@pytest.mark.parametrize("failure", [ModelOverloaded(), RuntimeError(CANARY)])
async def test_of_a_failure_a_span_has_the_class_and_not_the_words(spans: InMemorySpanExporter, failure: Exception) -> None:
    with pytest.raises(type(failure)):
        await ObservedModel(Model(failure)).ask((), response_model=Answer, max_tokens=50, timeout_s=1)

    (one,) = spans.get_finished_spans()
    assert (one.attributes or {})["error.type"] == type(failure).__name__
    assert one.status.status_code.name == "ERROR"
    assert one.events == ()
    assert CANARY not in one.to_json()


def test_a_span_lies_within_the_callers_if_that_is_named_well(spans: InMemorySpanExporter) -> None:
    with span_caused_by({"traceparent": PARENT}, "named"):
        pass
    with span_caused_by({"traceparent": "00-nonsense"}, "misnamed"):
        pass

    named, misnamed = by_name(spans)["named"], by_name(spans)["misnamed"]
    assert named.parent is not None
    assert f"{named.parent.trace_id:032x}" == PARENT.split("-")[1]
    assert misnamed.parent is None


def test_a_request_and_its_extraction_are_one_trace_without_the_article(spans: InMemorySpanExporter) -> None:
    with running() as client:
        client.post(
            "/extract", json={"text": ARTICLE, "title": CANARY}, headers={"traceparent": PARENT, "x-request-id": "r1"}
        )
        client.get(f"/nowhere/{CANARY}")

    found = by_name(spans)
    request, extraction = found["POST /extract"], found["extract"]
    assert (request.attributes or {})["http.response.status_code"] == 200
    assert extraction.parent is not None
    assert request.context is not None
    assert extraction.parent.span_id == request.context.span_id
    assert f"{request.context.trace_id:032x}" == PARENT.split("-")[1]
    written = json.dumps([json.loads(one.to_json()) for one in spans.get_finished_spans()])
    assert CANARY not in written
    assert "Varga" not in written
