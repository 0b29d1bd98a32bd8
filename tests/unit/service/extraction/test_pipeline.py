"""The whole way, from text to records, with a scripted model or none."""

from __future__ import annotations

import pytest

from service.domain.record import Extraction
from service.errors import AnswerTruncated, EmptyArticle, ModelUnreachable
from service.extraction.full import FullEngine
from service.extraction.pipeline import Wanted, extract
from tests.builders import SWAP, make_article
from tests.fakes import FixedClock, ScriptedModel
from tests.unit.service.extraction.test_checks import PROMPT, right_answer


async def run(engine: FullEngine | None = None, text: str = SWAP, **wanted: bool) -> Extraction:
    return await extract(make_article(text), Wanted(**wanted), engine=engine, deadline_s=60, clock=FixedClock())


def spans(extraction: Extraction) -> list[tuple[int, int, str]]:
    found = [(q.start, q.end, q.text) for q in extraction.quotes]
    for quote in extraction.quotes:
        found += [(s.start, s.end, s.text) for s in (quote.cue, quote.speaker and quote.speaker.mention) if s]
        found += [(s.start, s.end, s.text) for s in quote.content]
    for content in extraction.contents:
        every = [*content.spans, content.cue, *([content.speaker.mention] if content.speaker else [])]
        found += [(s.start, s.end, s.text) for s in every]
    for x in extraction.exchanges:
        every = [*x.evidence, *(p.span for p in x.places), *(p.span for p in x.third_parties)]
        every += [e for t in x.transfers for c in t.counts for e in c.evidence]
        found += [(s.start, s.end, s.text) for s in every]
    return found


async def test_a_models_answer_becomes_grounded_records() -> None:
    extraction = await run(FullEngine(ScriptedModel([right_answer()]), PROMPT))

    (exchange,) = extraction.exchanges
    assert exchange.kind == "prisoner_exchange"
    assert (exchange.date.start, exchange.date.end, exchange.date.text, exchange.date.basis) == (
        "1996-03-11", "1996-03-11", "Monday", "weekday",
    )  # fmt: skip
    ways = {(t.released_by, t.returned_to): {c.category: c.value for c in t.counts} for t in exchange.transfers}
    assert ways == {("Valdoria", "Kessa Front"): {"total": 40, "women": 4}, ("Kessa Front", "Valdoria"): {"total": 12}}
    assert [(p.name, p.role) for p in exchange.places] == [("Orlen bridge", "handover")]
    assert [(p.name, p.role) for p in exchange.third_parties] == [("Qatar", "mediator")]
    assert [(q.kind, q.text) for q in extraction.quotes] == [
        ("direct", "Nobody was left behind,"), ("indirect", "30 more would follow in May"),
    ]  # fmt: skip
    assert {q.speaker.name for q in extraction.quotes if q.speaker} == {"Mira Tolan"}
    assert all(SWAP[start:end] == text for start, end, text in spans(extraction))


async def test_provenance_says_what_it_cost_and_who_answered() -> None:
    extraction = await run(FullEngine(ScriptedModel(["not JSON", right_answer()]), PROMPT))

    provenance = extraction.provenance
    assert (provenance.engine, provenance.model, provenance.prompt) == ("model", "scripted/model", "extract@1")
    assert (provenance.attempts, provenance.calls, provenance.usage.input_tokens) == (2, 2, 200)
    assert not provenance.degraded


@pytest.mark.parametrize("failure", [AnswerTruncated(), ModelUnreachable()], ids=["truncated", "unreachable"])
async def test_when_the_model_fails_rules_answer_and_the_result_is_marked_degraded(failure: Exception) -> None:
    degraded = await run(FullEngine(ScriptedModel([failure]), PROMPT))  # type: ignore[list-item]
    by_rules = await run()

    assert degraded.provenance.degraded
    assert degraded.provenance.degraded_reason == failure.args[0]
    assert degraded.provenance.engine == "rules"
    assert degraded.provenance.calls == 1
    assert degraded.quotes == by_rules.quotes
    assert degraded.exchanges == by_rules.exchanges


async def test_a_caller_who_wants_an_error_gets_it() -> None:
    with pytest.raises(ModelUnreachable, match="cannot be reached"):
        await run(FullEngine(ScriptedModel([ModelUnreachable()]), PROMPT), degrade=False)


async def test_only_what_is_wanted_is_answered() -> None:
    only_quotes = await run(exchanges=False, indirect=False)
    only_exchanges = await run(quotes=False)

    assert only_quotes.exchanges == ()
    assert {quote.kind for quote in only_quotes.quotes} <= {"direct", "mixed"}
    assert only_exchanges.quotes == ()


@pytest.mark.parametrize("text", ["", " \n ", "...", "\u200b"], ids=["empty", "blank", "dots", "invisible"])
async def test_an_article_without_a_word_is_refused(text: str) -> None:
    with pytest.raises(EmptyArticle):
        await run(text=text)


async def test_without_a_publication_date_the_answer_says_what_stays_open() -> None:
    extraction = await extract(make_article(published_at=None), Wanted(), engine=None, deadline_s=60, clock=FixedClock())

    assert [warning.check for warning in extraction.warnings] == ["published_at"]


async def test_whole_contents_come_only_when_asked_for_and_change_no_quotation() -> None:
    text = "Mira Tolan said the road was “closed for good”. She urged the drivers to turn back."

    plain = await run(text=text)
    told = await run(text=text, contents=True)

    assert plain.contents == ()
    assert all(quote.content == () for quote in plain.quotes)
    assert [(q.kind, q.text, q.start) for q in told.quotes] == [(q.kind, q.text, q.start) for q in plain.quotes]
    assert [[span.text for span in quote.content] for quote in told.quotes] == [["the road was “closed for good”"]]
    assert [(c.spans[0].text, c.speaker and c.speaker.name) for c in told.contents] == [
        ("the drivers to turn back", "Mira Tolan")
    ]
    assert all(text[start:end] == words for start, end, words in spans(told))


async def test_a_models_quotations_get_their_contents_from_the_rules() -> None:
    extraction = await run(FullEngine(ScriptedModel([right_answer()]), PROMPT), contents=True)

    assert extraction.quotes
    assert all(quote.content for quote in extraction.quotes)
    assert all(SWAP[start:end] == text for start, end, text in spans(extraction))
