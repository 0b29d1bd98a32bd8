"""The model engine: chunks, names carried over, one part that fails, the rules engine as second opinion."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.domain.draft import Basis, Draft, DraftQuote, QuoteKind
from service.errors import ModelUnreachable
from service.extraction.full import FullEngine, compose
from service.extraction.rules.engine import draft_by_rules
from tests.builders import SWAP, make_question, region
from tests.fakes import ScriptedModel
from tests.unit.service.extraction.test_checks import PROMPT, right_answer


def rules_say(name: str) -> Draft:
    question = make_question()
    mention = next(m for m in question.candidates.mentions if m.span.text == name)
    target = region(question.candidates, "Nobody")
    quote = DraftQuote(target=target, kind=QuoteKind.DIRECT, speaker=mention.id, basis=Basis.NAMED, score=0.8)
    return Draft(quotes=(quote,))


async def test_both_engines_stand_behind_what_they_agree_on() -> None:
    engine = FullEngine(ScriptedModel([right_answer()]), PROMPT)

    agreed = await engine.answer(make_question(rules=rules_say("Mira Tolan")))
    alone = await engine.answer(make_question())

    assert agreed.quotes[0].verdict.by == ("rules", "model")
    assert alone.quotes[0].verdict.by == ("model",)
    assert agreed.quotes[0].verdict.confidence > alone.quotes[0].verdict.confidence


async def test_disagreement_becomes_a_warning_with_both_readings() -> None:
    engine = FullEngine(ScriptedModel([right_answer()]), PROMPT)

    answer = await engine.answer(make_question(rules=rules_say("Norway")))

    verdict = answer.quotes[0].verdict
    assert verdict.by == ("model",)
    assert "Mira Tolan" in verdict.notices[0].message
    assert "Norway" in verdict.notices[0].message


async def test_a_region_that_the_model_forgot_is_read_by_rules_and_said_so() -> None:
    forgetful = {**right_answer(), "quotes": []}

    answer = await FullEngine(ScriptedModel([forgetful]), PROMPT).answer(make_question(rules=rules_say("Mira Tolan")))

    assert [q.verdict.by for q in answer.quotes if q.draft.kind is QuoteKind.DIRECT] == [("rules",)]
    assert "did not answer for Q1" in answer.notices[0].message


async def test_what_only_the_rules_engine_reads_is_listed_as_rejected() -> None:
    refusing = {**right_answer(), "quotes": ["Q1 -", "Q2 -"]}

    answer = await FullEngine(ScriptedModel([refusing]), PROMPT).answer(make_question(rules=rules_say("Mira Tolan")))

    assert [r.what for r in answer.rejected] == ["q1"]


LONG = "\n\n".join([f"Snow fell on day {n} of it. Anna Berg waited." for n in range(6)])


async def test_a_long_article_is_asked_about_in_parts_that_know_earlier_names() -> None:
    parts = compose(make_question(LONG), PROMPT, chunk_words=22)

    assert len(parts) == 3
    assert "Anna Berg" not in parts[0].messages[1].content.split("S1 ")[0]
    assert "Anna Berg" in parts[1].messages[1].content.split("S5 ")[0]
    assert sum(len(part.chunk.paragraphs) for part in parts) == 6


async def test_one_failed_part_is_answered_by_rules_and_said_so() -> None:
    empty = {"quotes": [], "exchanges": []}
    model = ScriptedModel([empty, ModelUnreachable(), empty])

    answer = await FullEngine(model, PROMPT, chunk_words=22).answer(make_question(LONG))

    assert answer.degraded_reason is not None
    assert "1 of 3 parts" in answer.degraded_reason


async def test_what_rules_read_in_a_failed_part_is_said_to_be_theirs() -> None:
    text = f"{SWAP}\n\n" + "\n\n".join(["Snow fell on the town that day, and nobody came out to clear it."] * 9)
    question = make_question(text)
    rules = draft_by_rules(question.scanned, question.article, quotes=True, indirect=True, exchanges=True)
    model = ScriptedModel([ModelUnreachable(), {"quotes": [], "exchanges": []}])

    answer = await FullEngine(model, PROMPT, chunk_words=90).answer(replace(question, draft_rules=lambda: rules))

    assert answer.exchanges
    assert {item.verdict.by for item in (*answer.quotes, *answer.exchanges)} == {("rules",)}


async def test_when_all_parts_fail_the_failure_is_raised_with_the_cost_of_all() -> None:

    with pytest.raises(ModelUnreachable) as failure:
        await FullEngine(ScriptedModel([ModelUnreachable()]), PROMPT, chunk_words=22).answer(make_question(LONG))

    assert failure.value.calls == 3
