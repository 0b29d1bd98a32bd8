"""A second opinion: how one engine's draft compares with the other's, item by item."""

from __future__ import annotations

from dataclasses import dataclass

from service.domain.candidate import Candidates, Clause, Entity, Mention
from service.domain.draft import Category, Draft, DraftExchange, DraftQuote, QuoteKind
from service.domain.evidence import Span
from service.domain.record import Notice
from service.extraction.checks import party_name, target_span
from service.extraction.counting import quantity
from service.extraction.reference import fold

AGREED, ALONE, DISAGREED = 0.97, 0.9, 0.75
"""Raw confidence of a model's item that the rules engine confirms, does not have, or reads otherwise."""
_SAME_CLAUSE = 0.8


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the other engine says of an item: `agrees` is None where it has no such item."""

    agrees: bool | None
    notice: Notice | None = None

    @property
    def score(self) -> float:
        """Raw confidence in 0..1."""
        return {True: AGREED, False: DISAGREED, None: ALONE}[self.agrees]


def speaker_name(quote: DraftQuote, candidates: Candidates) -> str | None:
    """The resolved name of a draft quotation's speaker."""
    entity = candidates.get(quote.entity, Entity) if quote.entity else None
    mention = candidates.get(quote.speaker, Mention) if quote.speaker else None
    if entity is None and mention is not None:
        entity = candidates.entity_of(mention)
    if entity is not None:
        return entity.name
    return mention.span.text if mention is not None else None


def overlap(one: Span, other: Span) -> float:
    """Intersection over union of two spans in characters.

    >>> overlap(Span(0, 10, "x" * 10), Span(5, 15, "x" * 10)) == 5 / 15
    True
    """
    shared = min(one.end, other.end) - max(one.start, other.start)
    return max(shared, 0) / (max(one.end, other.end) - min(one.start, other.start) or 1)


def counterpart(quote: DraftQuote, other: Draft, candidates: Candidates) -> DraftQuote | None:
    """The same passage in the other draft: the same region, or a clause that covers nearly the same words."""
    if candidates.get(quote.target, Clause) is None:
        return next((q for q in other.quotes if q.target == quote.target), None)
    span = target_span(quote.target, candidates)
    for candidate in other.quotes:
        other_span = target_span(candidate.target, candidates)
        if span is not None and other_span is not None and overlap(span, other_span) >= _SAME_CLAUSE:
            same_kind = (candidate.kind is QuoteKind.INDIRECT) == (quote.kind is QuoteKind.INDIRECT)
            if same_kind:
                return candidate
    return None


def on_quote(quote: DraftQuote, other: Draft, candidates: Candidates, *, engine: str) -> Opinion:
    """What `other`, the draft of `engine`, says of a quotation."""
    twin = counterpart(quote, other, candidates)
    if twin is None:
        return Opinion(None)
    mine, theirs = speaker_name(quote, candidates), speaker_name(twin, candidates)
    if fold(mine or "") == fold(theirs or ""):
        return Opinion(True)
    said = f'"{theirs}"' if theirs is not None else "nobody"
    message = f"The engines disagree on the speaker: here {_or_nobody(mine)}, the {engine} engine reads {said}."
    return Opinion(False, Notice(check="engines", message=message))


def _or_nobody(name: str | None) -> str:
    return f'"{name}"' if name is not None else "nobody"


def on_exchange(exchange: DraftExchange, other: Draft, candidates: Candidates, *, engine: str) -> Opinion:
    """What `other` says of an exchange: the twin shares a direction or a party and an evidence sentence."""
    twin = _twin(exchange, other, candidates)
    if twin is None:
        return Opinion(None)
    mine, theirs = _totals(exchange, candidates), _totals(twin, candidates)
    differing = [
        f"{way}: {mine[way]} here, {theirs[way]} there" for way in mine.keys() & theirs.keys() if mine[way] != theirs[way]
    ]
    if exchange.status is not twin.status:
        differing.append(f"status: {exchange.status} here, {twin.status} there")
    if not differing:
        return Opinion(True)
    message = f"The engines disagree (there = the {engine} engine): {'; '.join(sorted(differing))}."
    return Opinion(False, Notice(check="engines", message=message))


def _twin(exchange: DraftExchange, other: Draft, candidates: Candidates) -> DraftExchange | None:
    parties = _parties(exchange, candidates)
    best, most = None, 0
    for candidate in other.exchanges:
        shared = len(set(exchange.evidence) & set(candidate.evidence))
        theirs = _parties(candidate, candidates)
        if (parties & theirs or not parties or not theirs) and shared > most:
            best, most = candidate, shared
    return best


def _parties(exchange: DraftExchange, candidates: Candidates) -> set[str]:
    return {fold(party_name(ref, candidates)) for t in exchange.transfers for ref in (t.released_by, t.returned_to)}


def _totals(exchange: DraftExchange, candidates: Candidates) -> dict[str, int]:
    totals: dict[str, int] = {}
    for transfer in exchange.transfers:
        way = f"{party_name(transfer.released_by, candidates)} to {party_name(transfer.returned_to, candidates)}"
        for count in transfer.counts:
            stated = quantity(count, transfer, candidates) if count.category is Category.TOTAL else None
            if stated is not None and stated.value is not None:
                totals.setdefault(way, stated.value)
    return totals
