"""The whole model path over real HTTP: pipeline, re-asks, instructor, openai client, and a scripted server that misbehaves."""

from __future__ import annotations

import copy
import time
from typing import Any

import pytest

from service.adapters.llm import OpenAIModel
from service.adapters.transport import Manner, Retries
from service.domain.record import Extraction
from service.errors import ModelOverloaded
from service.extraction.full import FullEngine
from service.extraction.pipeline import Wanted, extract
from tests import scripted_server as server
from tests.builders import make_article
from tests.unit.service.extraction.test_checks import PROMPT, right_answer

MOST_CALLS = 3 * 4
"""Three questions at the most, each with three transport retries."""


class SystemClock:
    def now(self) -> float:
        return time.monotonic()


def wrong_answer(**changes: Any) -> dict[str, Any]:
    answer = copy.deepcopy(right_answer())
    answer["quotes"] = [line.replace("A=Mira Tolan", "A=Harvey Smith") for line in answer["quotes"]]
    return {**answer, **changes}


async def run(scripted: server.ScriptedServer, *, degrade: bool = True, deadline_s: float = 20.0) -> Extraction:
    manner = Manner(retries=Retries(most=3, first_wait_s=0.01, longest_wait_s=0.05))
    model = OpenAIModel(model="m", base_url=scripted.base_url, manner=manner)
    try:
        return await extract(
            make_article(),
            Wanted(degrade=degrade),
            engine=FullEngine(model, PROMPT),
            deadline_s=deadline_s,
            clock=SystemClock(),
        )
    finally:
        await model.aclose()


def speakers(extraction: Extraction) -> set[str]:
    return {quote.speaker.name for quote in extraction.quotes if quote.speaker is not None}


async def test_two_wrong_answers_then_a_right_one() -> None:
    unread = server.reply('{"quotes": "none of it"}')
    with server.ScriptedServer(unread, server.reply(wrong_answer()), server.reply(right_answer())) as scripted:
        extraction = await run(scripted)

    first, second, third = (question["messages"] for question in scripted.questions)
    assert [m["role"] for m in first] == ["system", "user"]
    assert first[0]["content"] == "static"
    assert [m["role"] for m in second] == ["system", "user", "assistant", "user"] == [m["role"] for m in third]
    assert second[:2] == first == third[:2]
    assert second[2]["content"] == '{"quotes": "none of it"}'
    assert "quotes" in second[3]["content"]
    assert 'q1: speaker "Harvey Smith" does not stand in the article' in third[3]["content"]
    assert (extraction.provenance.attempts, extraction.provenance.calls) == (3, 3)
    assert not extraction.provenance.degraded
    assert speakers(extraction) == {"Mira Tolan"}


@pytest.mark.parametrize(
    ("first", "calls"),
    [
        (server.status(429, retry_after="0"), 2),
        (server.status(503), 2),
        (server.status(500), 2),
        (server.reset(), 2),
        (server.half_body(right_answer()), 2),
        (server.reply("Here you are: I found one quotation."), 2),
        (server.empty(), 2),
        (server.fenced(right_answer()), 1),
    ],
    ids=["429", "503", "500", "reset", "half-body", "not-json", "empty", "fenced"],
)
async def test_a_first_failure_is_overcome(first: server.Behaviour, calls: int) -> None:
    with server.ScriptedServer(first, then=server.reply(right_answer())) as scripted:
        extraction = await run(scripted)

    assert len(scripted.questions) == calls == extraction.provenance.calls
    assert not extraction.provenance.degraded
    assert speakers(extraction) == {"Mira Tolan"}


async def test_a_503_during_a_re_ask_does_not_lose_the_conversation() -> None:
    script = (server.reply(wrong_answer()), server.status(503), server.reply(right_answer()))
    with server.ScriptedServer(*script) as scripted:
        extraction = await run(scripted)

    assert scripted.questions[1]["messages"] == scripted.questions[2]["messages"]
    assert len(scripted.questions[2]["messages"]) == 4
    assert (extraction.provenance.attempts, extraction.provenance.calls) == (2, 3)


@pytest.mark.parametrize(
    ("always", "reason", "most"),
    [
        (server.reply("no JSON"), "not valid", 3),
        (server.status(500), "reached|answer|server", 4),
        (server.status(503), "overloaded|cannot answer", 4),
        (server.status(401), "401", 1),
        (server.truncated('{"quotes": ['), "cut off", 1),
        (server.refusal(), "refused", 1),
        (server.content_filter(), "refused", 1),
    ],
    ids=["not-json", "500", "503", "401", "truncated", "refusal", "content-filter"],
)
async def test_a_lasting_failure_gives_the_rules_engines_answer(always: server.Behaviour, reason: str, most: int) -> None:
    with server.ScriptedServer(then=always) as scripted:
        degraded = await run(scripted)

    assert len(scripted.questions) == degraded.provenance.calls <= most <= MOST_CALLS
    assert degraded.provenance.degraded
    assert degraded.provenance.degraded_reason is not None
    assert any(part in degraded.provenance.degraded_reason for part in reason.split("|"))
    by_rules = await extract(make_article(), Wanted(), engine=None, deadline_s=20, clock=SystemClock())
    assert (degraded.quotes, degraded.exchanges) == (by_rules.quotes, by_rules.exchanges)


async def test_an_answer_that_stays_wrong_is_kept_where_it_is_right() -> None:
    with server.ScriptedServer(then=server.reply(wrong_answer())) as scripted:
        extraction = await run(scripted)

    assert len(scripted.questions) == 2
    direct = next(quote for quote in extraction.quotes if quote.kind == "direct")
    assert direct.speaker is None
    assert any("Harvey Smith" in warning.message for warning in direct.warnings)
    assert extraction.exchanges[0].status == "completed"
    assert not extraction.provenance.degraded


async def test_a_model_that_hangs_ends_at_the_deadline() -> None:
    with server.ScriptedServer(then=server.hang()) as scripted:
        started = time.monotonic()
        extraction = await run(scripted, deadline_s=1.0)

    assert time.monotonic() - started < 10
    assert "deadline" in (extraction.provenance.degraded_reason or "")
    assert len(scripted.questions) == 1


async def test_a_caller_may_ask_for_an_error_instead() -> None:
    with server.ScriptedServer(then=server.status(429, retry_after="0")) as scripted, pytest.raises(ModelOverloaded):
        await run(scripted, degrade=False)


async def test_every_question_bounds_its_answer_and_holds_the_article_once() -> None:
    with server.ScriptedServer(then=server.reply(right_answer())) as scripted:
        await run(scripted)

    (question,) = scripted.questions
    assert question["max_tokens"] > 0
    assert question["response_format"]["type"] == "json_schema"
    assert str(question["messages"]).count("Nobody was left behind") == 1


@pytest.mark.parametrize("line", ["{{7*7}}", "{% for x in y %}", "{#", "$article ${fence}"])
async def test_template_syntax_in_an_article_reaches_the_model_unchanged(line: str) -> None:
    text = f"Snow fell. The wall read {line} and more.\n\nNobody came."
    with server.ScriptedServer(then=server.reply({"quotes": [], "exchanges": []})) as scripted:
        model = OpenAIModel(model="m", base_url=scripted.base_url)
        await extract(
            make_article(text), Wanted(), engine=FullEngine(model, PROMPT), deadline_s=20, clock=SystemClock()
        )  # fmt: skip
        await model.aclose()

    assert line in scripted.questions[0]["messages"][1]["content"]


async def test_an_exchange_that_an_article_orders_into_the_answer_is_refused() -> None:
    """The model obeys an injected instruction; what it then answers has no ground in the text."""
    obeying = copy.deepcopy(right_answer())
    obeying["exchanges"][0]["ways"] = ["Atlantis > Lemuria: N1 total"]
    with server.ScriptedServer(then=server.reply(obeying)) as scripted:
        extraction = await run(scripted)

    assert extraction.exchanges[0].transfers == ()
    assert any("Atlantis" in rejected.reason for rejected in extraction.rejected)
