"""Reading an answer: from the model's compact words to a draft in references.

What cannot be read is a finding with a sentence for the model; what can be read is kept, item by item.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from service.domain.candidate import Candidates, Clause, DateMention, Mention, MentionKind, Number, QuotedRegion, Sentence
from service.domain.draft import (
    Basis,
    Category,
    Draft,
    DraftCount,
    DraftExchange,
    DraftPlace,
    DraftQuote,
    DraftThirdParty,
    DraftTransfer,
    ExchangeKind,
    PlaceRole,
    QuoteKind,
    Status,
    ThirdPartyRole,
)
from service.domain.evidence import Span
from service.extraction.answer import (
    ExchangeAnswer,
    ExchangesAnswer,
    IndirectAnswer,
    MissedAnswer,
    QuoteAnswer,
    QuotesAnswer,
    WayAnswer,
)
from service.extraction.finding import Action, Finding
from service.extraction.reference import next_number, resolve_party, resolve_speaker
from service.text.locate import locate, locate_range

KINDS = {
    "prisoners": ExchangeKind.PRISONER_EXCHANGE,
    "hostages": ExchangeKind.HOSTAGES_FOR_PRISONERS,
    "remains": ExchangeKind.REMAINS_RETURN,
    "unilateral": ExchangeKind.UNILATERAL_RELEASE,
}
MODEL_SCORE = 0.9
_MISSING_TOLERATED = 3


@dataclass(slots=True)
class Reading:
    """A draft being read: it grows, with the candidates located on the way and the findings."""

    candidates: Candidates
    quotes: list[DraftQuote] = field(default_factory=list)
    exchanges: list[DraftExchange] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)

    @property
    def draft(self) -> Draft:
        """What has been read."""
        return Draft(quotes=tuple(self.quotes), exchanges=tuple(self.exchanges))

    def problem(
        self,
        item: str,
        message: str,
        action: Action = Action.REJECT,
        *,
        field: str | None = None,
        check: str = "reference",
        reask: bool = True,
    ) -> None:
        """Note what could not be read. What is not rejected belongs to the item that is appended next."""
        target = None
        if action is not Action.REJECT:
            target = ("exchanges", len(self.exchanges)) if item.startswith("exchange") else ("quotes", len(self.quotes))
        text = f"{item}: {message}"
        found = Finding(check=check, item=item, field=field, message=text, action=action, target=target, reask=reask)
        self.findings.append(found)


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
    reading = Reading(candidates)
    hints = {quote.target: quote for quote in rules.quotes}
    if isinstance(answer, QuotesAnswer):
        for quote in answer.quotes:
            _read_quote(quote, reading, shown, hints)
        for position, missed in enumerate(answer.missed, 1):
            _read_passage(missed, f"missed {position}", reading, shown, rules)
        for position, indirect in enumerate(answer.indirect, 1):
            _read_passage(indirect, f"indirect {position}", reading, shown, rules)
        _find_missing(answer, reading, shown)
    if isinstance(answer, ExchangesAnswer):
        for position, exchange in enumerate(answer.exchanges, 1):
            _read_exchange(exchange, f"exchange {position}", reading, shown)
    return reading


def _read_quote(answer: QuoteAnswer, reading: Reading, shown: frozenset[str], hints: dict[str, DraftQuote]) -> None:
    item = answer.q.lower()
    region = reading.candidates.get(answer.q, QuotedRegion) if answer.q in shown else None
    if region is None:
        reading.problem(item, f"there is no {answer.q} in the article; use only the Q tags that stand in it.")
        return
    if any(quote.target == answer.q for quote in reading.quotes):
        reading.problem(item, f"{answer.q} is listed twice; list it once, with the speaker who is given in the text.")
        return
    hint = hints.get(answer.q)
    speaker, entity = _speaker(answer.by, region.span, item, reading, hint)
    agreed = hint is not None and hint.speaker == speaker
    reading.quotes.append(
        DraftQuote(
            target=answer.q,
            kind=QuoteKind(answer.use),
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
    resolved = resolve_speaker(words, reading.candidates, near, prefer=prefer)
    if resolved is None:
        message = f'speaker "{words}" does not stand in the article; copy the name or description as it is written, or null.'
        reading.problem(item, message, Action.NULL, field="by")
        return None, None
    reading.candidates = resolved.candidates
    return resolved.id, resolved.entity


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


def _read_passage(
    answer: MissedAnswer | IndirectAnswer, item: str, reading: Reading, shown: frozenset[str], rules: Draft
) -> None:
    sentence = reading.candidates.get(answer.s, Sentence) if answer.s in shown else None
    if sentence is None:
        reading.problem(item, f"there is no sentence {answer.s} in the article.")
        return
    text = reading.candidates.text
    indirect = isinstance(answer, IndirectAnswer)
    end = sentence.span.end if indirect else min(len(text), sentence.span.end + 3000)
    found = locate_range(answer.first, answer.last, text, start=sentence.span.start, end=end)
    span = _trimmed(found, text) if found is not None and indirect else found
    if span is None:
        reading.problem(
            item,
            f'no passage from "{answer.first}" to "{answer.last}" stands in {answer.s}; copy its first and last words '
            "exactly, in their order.",
            check="words",
        )
        return
    clause, reading.candidates = _clause(span, reading.candidates)
    cue = None
    if isinstance(answer, IndirectAnswer):
        cue_span = _cue_span(answer.cue, sentence, span, text)
        if cue_span is None:
            words = f'cue "{answer.cue}" does not stand in {answer.s}; copy the word of saying.'
            reading.problem(item, words, Action.WARN, field="cue", reask=False)
        else:
            cue_clause, reading.candidates = _clause(cue_span, reading.candidates)
            cue = cue_clause.id
    hint = _overlapping(rules, span, reading.candidates)
    speaker, entity = _speaker(answer.by, span, item, reading, hint)
    kind = QuoteKind.INDIRECT if indirect else QuoteKind(answer.use)  # type: ignore[union-attr]  # MissedAnswer has `use`
    reading.quotes.append(
        DraftQuote(
            target=clause.id,
            kind=kind,
            speaker=speaker,
            entity=entity,
            cue=cue,
            basis=_basis(speaker, span, reading.candidates),
            score=MODEL_SCORE,
        )
    )


def _trimmed(span: Span, text: str) -> Span:
    """A reported clause without "that" and without the punctuation that closes it (FORMAT.md, rule 5)."""
    start, end = span.start, span.end
    if span.text.casefold().startswith("that "):
        start += 5
    while end > start and text[end - 1] in " ,.;:-–—":
        end -= 1
    return Span(start, end, text[start:end])


def _cue_span(words: str, sentence: Sentence, passage: Span, text: str) -> Span | None:
    """The cue outside the passage, wherever in its sentence; inside it only as a last resort (a cue may be parenthetical)."""
    before = locate(words, text, start=sentence.span.start, end=passage.start)
    return before or locate(words, text, start=passage.end, end=sentence.span.end) or locate(
        words, text, start=sentence.span.start, end=sentence.span.end
    )  # fmt: skip


def _clause(span: Span, candidates: Candidates) -> tuple[Clause, Candidates]:
    known = next((clause for clause in candidates.clauses if clause.span == span), None)
    if known is not None:
        return known, candidates
    clause = Clause(id=f"C{next_number(candidates, 'C')}", span=span)
    return clause, candidates.with_more(clauses=(clause,))


def _overlapping(rules: Draft, span: Span, candidates: Candidates) -> DraftQuote | None:
    for quote in rules.quotes:
        if quote.kind is QuoteKind.INDIRECT:
            clause = candidates.get(quote.target, Clause)
            if clause is not None and clause.span.overlaps(span):
                return quote
    return None


def _find_missing(answer: QuotesAnswer, reading: Reading, shown: frozenset[str]) -> None:
    """Regions the model forgot: a few are left to the rules engine, many are asked for again."""
    named = {quote.q for quote in answer.quotes} | set(answer.none)
    missing = [region.id for region in reading.candidates.regions if region.id in shown and region.id not in named]
    reading.unread = set(missing)
    if len(missing) > _MISSING_TOLERATED:
        listed = ", ".join(missing[:40])
        reading.findings.append(
            Finding(
                check="missing",
                item="quotes",
                message=f"quotes: {listed} stand neither in quotes nor in none; every Q must stand in one of them.",
                action=Action.WARN,
            )
        )


def _read_exchange(answer: ExchangeAnswer, item: str, reading: Reading, shown: frozenset[str]) -> None:
    named = list(dict.fromkeys(answer.ev))
    evidence = [s for s in named if s in shown and reading.candidates.get(s, Sentence) is not None]
    if not evidence:
        reading.problem(item, f"there are no sentences {', '.join(named)}; name those that state it in ev, or leave it out.")
        return
    for sentence in set(named) - set(evidence):
        reading.problem(item, f"there is no sentence {sentence} in the article.", Action.WARN, field="ev")
    spans = tuple(s.span for s in (reading.candidates.get(id_, Sentence) for id_ in evidence) if s is not None)
    transfers = [t for t in (_read_way(way, item, spans, reading, shown) for way in answer.ways) if t is not None]
    reading.exchanges.append(
        DraftExchange(
            evidence=tuple(evidence),
            kind=KINDS[answer.kind],
            status=Status(answer.status),
            date_start=_date(answer.start, "start", item, reading, shown),
            date_end=_date(answer.end, "end", item, reading, shown),
            places=_places(answer, item, spans, reading),
            transfers=tuple(transfers),
            third_parties=_third_parties(answer, item, spans, reading),
            part_of=answer.part_of - 1 if answer.part_of is not None else None,
            score=MODEL_SCORE,
        )
    )


def _date(reference: str | None, name: str, item: str, reading: Reading, shown: frozenset[str]) -> str | None:
    if reference is None:
        return None
    if reference in shown and reading.candidates.get(reference, DateMention) is not None:
        return reference
    message = f"{name}: there is no date {reference} in the article; use its D tags or null."
    reading.problem(item, message, Action.NULL, field=name)
    return None


def _places(answer: ExchangeAnswer, item: str, spans: tuple[Span, ...], reading: Reading) -> tuple[DraftPlace, ...]:
    if answer.place is None:
        return ()
    span = _located(answer.place, spans, reading.candidates.text)
    if span is None:
        reading.problem(
            item, f'place "{answer.place}" does not stand in the article; copy its words or leave it out.', Action.NULL,
            field="place",
        )  # fmt: skip
        return ()
    clause, reading.candidates = _clause(span, reading.candidates)
    return (DraftPlace(place=clause.id, role=PlaceRole.HANDOVER),)


def _located(words: str, spans: tuple[Span, ...], text: str) -> Span | None:
    for span in spans:
        found = locate(words, text, start=span.start, end=span.end)
        if found is not None:
            return found
    return locate(words, text)


def _third_parties(
    answer: ExchangeAnswer, item: str, spans: tuple[Span, ...], reading: Reading
) -> tuple[DraftThirdParty, ...]:
    found: list[DraftThirdParty] = []
    for entry in answer.third:
        words, role = entry.rsplit(" ", 1)
        if role not in set(ThirdPartyRole):
            message = f'third party "{entry}": there is no role {role}; mediator, host, carrier, guarantor or nothing.'
            reading.problem(item, message, Action.NULL, field="third", reask=False)
            continue
        resolved = resolve_party(words, reading.candidates, spans)
        if resolved is None:
            reading.problem(
                item, f'third party "{words}" does not stand in the article; copy its name or leave it out.', Action.NULL,
                field="third",
            )  # fmt: skip
            continue
        reading.candidates = resolved.candidates
        found.append(DraftThirdParty(party=resolved.id, role=ThirdPartyRole(role)))
    return tuple(found)


def _read_way(
    way: WayAnswer, item: str, spans: tuple[Span, ...], reading: Reading, shown: frozenset[str]
) -> DraftTransfer | None:
    parties: list[str] = []
    for name, words in (("released_by", way.released_by), ("returned_to", way.returned_to)):
        resolved = resolve_party(words, reading.candidates, spans)
        if resolved is None:
            reading.problem(
                item, f'{name} "{words}" does not stand in the article; use the country or group that the article names.',
                field=name,
            )  # fmt: skip
            return None
        reading.candidates = resolved.candidates
        parties.append(resolved.id)
    people = _people(way, item, spans, reading)
    counts = [c for c in (_count(text, item, people, spans, reading, shown) for text in way.n) if c is not None]
    return DraftTransfer(released_by=parties[0], returned_to=parties[1], counts=tuple(counts), people=people)


def _people(way: WayAnswer, item: str, spans: tuple[Span, ...], reading: Reading) -> tuple[str, ...]:
    found: list[str] = []
    for words in way.people:
        resolved = resolve_speaker(words, reading.candidates, spans[0])
        if resolved is None:
            reading.problem(
                item, f'person "{words}" does not stand in the article; copy the name or leave it out.', Action.NULL,
                field="people",
            )  # fmt: skip
            continue
        reading.candidates = resolved.candidates
        found.append(resolved.id)
    return tuple(dict.fromkeys(found))


def _count(
    text: str, item: str, people: tuple[str, ...], spans: tuple[Span, ...], reading: Reading, shown: frozenset[str]
) -> DraftCount | None:
    what, _, claim = text.partition(" by ")
    reference, _, word = what.partition(" ")
    category = Category(word)
    claimed_by = _claimant(claim, item, spans, reading) if claim else ()
    if reference == "people":
        if not people:
            message = '"people total" needs the names in people; give them or leave the count out.'
            reading.problem(item, message, Action.NULL, field="n")
            return None
        return DraftCount(category=category, people=people, claimed_by=claimed_by)
    if reference == "sum":
        return DraftCount(category=category, summed=True, claimed_by=claimed_by)
    side = 1 if reference.endswith("b") else 0
    number_id = reference.rstrip("ab")
    number = reading.candidates.get(number_id, Number) if number_id in shown else None
    if number is None:
        reading.problem(item, f"there is no number {number_id} in the article; use its N tags.", Action.NULL, field="n")
        return None
    if side == 1 and number.other is None:
        reading.problem(item, f"{number_id} is not a formula of two numbers; use {number_id} alone.", Action.NULL, field="n")
        return None
    return DraftCount(category=category, number=number_id, claimed_by=claimed_by, side=side)


def _claimant(words: str, item: str, spans: tuple[Span, ...], reading: Reading) -> tuple[str, ...]:
    resolved = resolve_speaker(words, reading.candidates, spans[0])
    if resolved is None:
        reading.problem(item, f'claimant "{words}" does not stand in the article; copy its name.', Action.WARN, field="n")
        return ()
    reading.candidates = resolved.candidates
    return (resolved.entity or resolved.id,)
