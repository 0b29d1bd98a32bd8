"""Reading an answer: from the model's lines to a draft in references. Quotations are read here, exchanges beside it.

What cannot be read is a finding with a sentence for the model; what can be read is kept, item by item.
"""

from __future__ import annotations

from service.domain.candidate import Candidates, Clause, Mention, MentionKind, QuotedRegion, Sentence
from service.domain.draft import Basis, Draft, DraftQuote, QuoteKind
from service.domain.evidence import Span
from service.extraction.answer import ExchangesAnswer, QuotesAnswer
from service.extraction.finding import Action, Finding
from service.extraction.lines import PassageLine, QuoteLine, Speakers, passage_line, quote_line, way_line
from service.extraction.passage import cue_span, passage
from service.extraction.reader import MODEL_SCORE, Reading
from service.extraction.reading_exchanges import read_exchange

_MISSING_TOLERATED = 3
_FARTHEST = 3000
"""Characters that a quotation without marks may run on after its first sentence."""


def read_answer(
    answer: QuotesAnswer | ExchangesAnswer,
    candidates: Candidates,
    *,
    shown: frozenset[str],
    rules: Draft,
) -> Reading:
    """Read one answer. `shown` are the ids the model was shown (references to others are refused); `rules` is the other
    engine's draft, used to take over the attributing mention and the cue where both agree on the speaker.
    """
    quotes: list[QuoteLine] = []
    missed: list[PassageLine] = []
    indirect: list[PassageLine] = []
    if isinstance(answer, QuotesAnswer):
        quotes = [quote_line(line) for line in answer.quotes]
        missed = [passage_line(line, indirect=False) for line in answer.missed]
        indirect = [passage_line(line, indirect=True) for line in answer.indirect]
    exchanges = answer.exchanges if isinstance(answer, ExchangesAnswer) else []
    ways = [way_line(line) for exchange in exchanges for line in exchange.ways]
    named = [line.by for line in quotes] + [line.by for line in missed + indirect]
    named += [count.by for way in ways for count in way.counts]
    reading = Reading(candidates, shown, Speakers(tuple(field for field in named if field is not None)))
    for letter, one, other in reading.speakers.twice:
        problem = f'letter {letter} stands for "{one}" and for "{other}"; give every speaker a letter of his own.'
        reading.findings.append(
            Finding(check="reference", item="speakers", message=f"speakers: {problem}", action=Action.WARN)
        )
    hints = {quote.target: quote for quote in rules.quotes}
    for quote in quotes:
        if quote.is_quotation:
            _read_quote(quote, reading, hints)
    for position, line in enumerate(missed, 1):
        _read_passage(line, f"missed {position}", reading, rules)
    for position, line in enumerate(indirect, 1):
        _read_passage(line, f"indirect {position}", reading, rules)
    if isinstance(answer, QuotesAnswer):
        _find_missing({quote.q for quote in quotes}, reading)
    for position, exchange in enumerate(exchanges, 1):
        read_exchange(exchange, f"exchange {position}", reading)
    return reading


def _read_quote(line: QuoteLine, reading: Reading, hints: dict[str, DraftQuote]) -> None:
    item = line.q.lower()
    region = reading.candidates.get(line.q, QuotedRegion) if line.q in reading.shown else None
    if region is None:
        reading.problem(item, f"there is no {line.q} in the article; use only the Q tags that stand in it.")
        return
    if any(quote.target == line.q for quote in reading.quotes):
        reading.problem(item, f"{line.q} is listed twice; list it once, with the speaker who is given in the text.")
        return
    hint = hints.get(line.q)
    speaker, entity = _speaker(line.by, region.span, item, reading, hint)
    agreed = hint is not None and hint.speaker == speaker
    reading.quotes.append(
        DraftQuote(
            target=line.q,
            kind=QuoteKind(line.use),
            speaker=speaker,
            entity=entity,
            cue=hint.cue if hint is not None and agreed else None,
            basis=hint.basis if hint is not None and agreed else _basis(speaker, region.span, reading.candidates),
            score=MODEL_SCORE,
        )
    )


def _speaker(
    words: str | None, near: Span, item: str, reading: Reading, hint: DraftQuote | None
) -> tuple[str | None, str | None]:
    """The mention and the entity; both None where nobody is named or the words are not in the text."""
    if words is None:
        return None, None
    prefer = reading.candidates.get(hint.speaker, Mention) if hint is not None and hint.speaker else None
    resolved = reading.speaker(words, near, prefer=prefer)
    if resolved is not None:
        return resolved.id, resolved.entity
    name = reading.speakers.name(words)
    if name is None:
        message = f"letter {words} was given no name; write {words}=Full Name once."
    else:
        message = f'speaker "{name}" does not stand in the article; copy the name or description as it is written, or "?".'
    reading.problem(item, message, Action.NULL, field="by")
    return None, None


def _basis(speaker: str | None, near: Span, candidates: Candidates) -> Basis:
    mention = candidates.get(speaker, Mention) if speaker else None
    if mention is None:
        return Basis.NAMED
    if any(line.name.overlaps(mention.span) for line in candidates.lines):
        return Basis.ATTRIBUTION_LINE
    if mention.kind is MentionKind.PRONOUN:
        return Basis.PRONOUN
    here, there = candidates.sentence_at(near.start), candidates.sentence_at(mention.span.start)
    end = candidates.sentence_at(max(near.start, near.end - 1))
    return Basis.NAMED if there in (here, end) else Basis.FOLLOW_UP


def _read_passage(line: PassageLine, item: str, reading: Reading, rules: Draft) -> None:
    sentence = reading.candidates.get(line.s, Sentence) if line.s in reading.shown else None
    if sentence is None:
        reading.problem(item, f"there is no sentence {line.s} in the article.")
        return
    text = reading.candidates.text
    indirect = line.cue is not None
    end = sentence.span.end if indirect or line.last is None else min(len(text), sentence.span.end + _FARTHEST)
    found = passage(line.first, line.last, text, start=sentence.span.start, end=end, cue=line.cue)
    span = _trimmed(found, text) if found is not None and indirect else found
    if span is None or not span.text.strip():
        reading.problem(
            item,
            f'no passage from "{line.first or "its beginning"}" to "{line.last or "its end"}" stands in {line.s}; copy its '
            "first and last words exactly, in their order.",
            check="words",
        )
        return
    cue = _cue(line, item, sentence.span, span, reading)
    hint = _overlapping(rules, span, reading.candidates)
    speaker, entity = _speaker(line.by, span, item, reading, hint)
    reading.quotes.append(
        DraftQuote(
            target=reading.clause(span).id,
            kind=QuoteKind.INDIRECT if indirect else QuoteKind(line.use),
            speaker=speaker,
            entity=entity,
            cue=cue,
            basis=_basis(speaker, span, reading.candidates),
            score=MODEL_SCORE,
        )
    )


def _cue(line: PassageLine, item: str, sentence: Span, span: Span, reading: Reading) -> str | None:
    if line.cue is None:
        return None
    found = cue_span(line.cue, sentence, span, reading.candidates.text)
    if found is None:
        words = f'cue "{line.cue}" does not stand in {line.s}; copy the word of saying.'
        reading.problem(item, words, Action.WARN, field="cue", reask=False)
        return None
    return reading.clause(found).id


def _trimmed(span: Span, text: str) -> Span:
    """A reported clause without "that" and without the punctuation that closes it (FORMAT.md, rule 5)."""
    start, end = span.start, span.end
    if span.text.casefold().startswith("that "):
        start += 5
    while end > start and text[end - 1] in " ,.;:-–—":
        end -= 1
    return Span(start, end, text[start:end])


def _overlapping(rules: Draft, span: Span, candidates: Candidates) -> DraftQuote | None:
    for quote in rules.quotes:
        if quote.kind is QuoteKind.INDIRECT:
            clause = candidates.get(quote.target, Clause)
            if clause is not None and clause.span.overlaps(span):
                return quote
    return None


def _find_missing(named: set[str], reading: Reading) -> None:
    """Regions the model forgot: a few are left to the rules engine, many are asked for again."""
    regions = reading.candidates.regions
    missing = [region.id for region in regions if region.id in reading.shown and region.id not in named]
    reading.unread = set(missing)
    if len(missing) > _MISSING_TOLERATED:
        listed = ", ".join(missing[:40])
        reading.findings.append(
            Finding(
                check="missing",
                item="quotes",
                message=f'quotes: {listed} stand nowhere; every Q stands there once, "-" behind what is no quotation.',
                action=Action.WARN,
            )
        )
