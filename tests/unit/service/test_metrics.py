from __future__ import annotations

import asyncio
import re

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import BaseModel

from service import metrics
from service.adapters.observed import ObservedModel, Upstream, upstream
from service.adapters.transport import CallFailed, Retries, Spent, call_with_retries
from service.domain.record import Usage
from service.errors import ModelOverloaded, ModelTimedOut
from service.ports import InvalidReply, Message, Reply
from tests.api.client import ARTICLE, running

CANARY = "canary-4711"


class Answer(BaseModel):
    word: str


class Model:
    """Says or raises what it is given, one after the other."""

    name = "openai/counted"

    def __init__(self, *outcomes: Reply[Answer] | Exception) -> None:
        self._outcomes = list(outcomes)

    async def ask(
        self, messages: tuple[Message, ...], *, response_model: type[Answer], max_tokens: int, timeout_s: float
    ) -> Reply[Answer]:
        await asyncio.sleep(0.02)
        outcome = self._outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def value(name: str, **labels: str) -> float:
    return metrics.REGISTRY.get_sample_value(name, labels) or 0.0


def overloaded() -> ModelOverloaded:
    failure = ModelOverloaded()
    failure.calls, failure.tokens = 4, (10, 0, 0)
    return failure


async def ask(model: ObservedModel, *messages: Message) -> None:
    await model.ask(messages, response_model=Answer, max_tokens=9, timeout_s=1)


async def test_questions_calls_and_tokens_are_counted_failed_ones_as_well() -> None:
    invalid = InvalidReply(raw=CANARY, problems=(), usage=Usage(input_tokens=3, output_tokens=1), calls=1)
    usage = Usage(input_tokens=7, cached_tokens=5, output_tokens=2)
    model = ObservedModel(Model(invalid, Reply(Answer(word=""), "", usage, 2), overloaded()))
    reasks = value("parley_retries_total", reason="reask")

    with pytest.raises(InvalidReply):
        await ask(model, Message("user", CANARY))
    await ask(model, Message("user", CANARY), Message("assistant", CANARY), Message("user", CANARY))
    with pytest.raises(ModelOverloaded):
        await ask(model)

    outcomes = {
        name: value("parley_model_questions_total", model=model.name, outcome=name) for name in ("answered", "invalid")
    }
    assert outcomes == {"answered": 1, "invalid": 1}
    assert value("parley_model_questions_total", model=model.name, outcome="ModelOverloaded") == 1
    assert value("parley_model_calls_total", model=model.name) == 7
    tokens = [value("parley_tokens_total", direction=name, model=model.name) for name in ("input", "cached_input", "output")]
    assert tokens == [20, 5, 3]
    assert value("parley_retries_total", reason="reask") == reasks + 1


async def test_retries_are_counted_by_what_failed() -> None:
    failures = [CallFailed(ModelOverloaded(), again=True), CallFailed(ModelTimedOut(), again=True), None]
    before = [value("parley_retries_total", reason=name) for name in ("ModelOverloaded", "ModelTimedOut")]

    async def call() -> str:
        if failure := failures.pop(0):
            raise failure
        return "done"

    quick = Retries(first_wait_s=0.001, longest_wait_s=0.001)
    assert await call_with_retries(call, retries=quick, timeout_s=5, spent=Spent()) == "done"

    after = [value("parley_retries_total", reason=name) for name in ("ModelOverloaded", "ModelTimedOut")]
    assert after == [number + 1 for number in before]


async def test_questions_at_the_same_time_take_upstream_time_once() -> None:
    meter = Upstream()
    token = upstream.set(meter)
    reply = Reply(Answer(word=""), "", Usage(), 1)
    model = ObservedModel(Model(*[reply] * 5))

    await asyncio.gather(*(ask(model) for _ in range(5)))
    upstream.reset(token)

    assert 0.01 < meter.seconds < 0.08


def test_requests_are_counted_by_route_and_labels_hold_nothing_of_callers() -> None:
    labels = {"route": "/extract", "method": "POST", "status": "200"}
    before, done = (
        value("parley_http_requests_total", **labels),
        value("parley_extractions_total", outcome="completed", engine="rules", model="rules"),
    )
    with running() as client:
        client.post("/extract", json={"text": ARTICLE, "title": CANARY, "id": CANARY})
        client.get(f"/{CANARY}")
        client.post("/extract", json={"text": ARTICLE, "model": f"openai/{CANARY}"})
        client.post(f"/hooks/{CANARY}/{CANARY}", json={})
        client.request("CANARY4711", "/extract")
        shown = client.get("/metrics")

    assert shown.headers["content-type"].startswith("text/plain; version=1.0.0")
    assert value("parley_http_requests_total", **labels) == before + 1
    assert value("parley_extractions_total", outcome="completed", engine="rules", model="rules") == done + 1
    assert CANARY not in shown.text
    assert "CANARY" not in shown.text
    families = list(text_string_to_metric_families(shown.text))
    assert len(families) > 20
    assert all(re.fullmatch(r"parley_[a-z_]+", family.name) for family in families)


def test_histograms_reach_from_milliseconds_to_ten_minutes() -> None:
    assert (metrics.SECONDS[0], metrics.SECONDS[-1]) == (0.005, 600.0)
    assert sorted(metrics.SECONDS) == list(metrics.SECONDS)
