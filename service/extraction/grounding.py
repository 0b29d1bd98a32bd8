"""Grounding: from a settled draft in references to records with spans. What has no span does not get through."""

from __future__ import annotations

from service.domain.candidate import (
    Candidates,
    Clause,
    DateMention,
    Entity,
    Mention,
    MentionKind,
    Party,
    Place,
    Sentence,
)
from service.domain.draft import Basis, DraftContent, DraftCount, DraftExchange, DraftQuote, DraftTransfer
from service.domain.evidence import Span
from service.domain.record import (
    ContentRecord,
    CountRecord,
    ExchangeDate,
    ExchangeRecord,
    Notice,
    PersonRecord,
    PlaceRecord,
    QuoteRecord,
    Speaker,
    ThirdPartyRecord,
    TransferRecord,
)
from service.extraction.checks import party_name, target_span
from service.extraction.counting import quantity


def ground_quote(
    quote: DraftQuote,
    candidates: Candidates,
    *,
    id_: str,
    by: tuple[str, ...],
    confidence: float,
    notices: tuple[Notice, ...],
) -> QuoteRecord | None:
    """The record of a quotation; None if its target stands nowhere (checks have said so)."""
    span = target_span(quote.target, candidates)
    if span is None or not span.text.strip():
        return None
    cue = candidates.get(quote.cue, Clause) if quote.cue else None
    return QuoteRecord(
        id=id_,
        kind=quote.kind,
        text=span.text,
        start=span.start,
        end=span.end,
        speaker=_speaker(quote, candidates),
        cue=cue.span if cue is not None else None,
        confidence=round(confidence, 3),
        by=by,
        warnings=notices,
    )


def ground_content(content: DraftContent, candidates: Candidates, *, id_: str, by: tuple[str, ...]) -> ContentRecord:
    """The record of a reported content."""
    target, cue = candidates.by_id[content.target], candidates.by_id[content.cue]
    if not isinstance(target, Clause) or not isinstance(cue, Clause):
        raise TypeError(content.target)
    mention = candidates.get(content.speaker, Mention) if content.speaker else None
    basis = Basis.PRONOUN if mention is not None and mention.kind is MentionKind.PRONOUN else Basis.NAMED
    speaker = _voice(mention, candidates.entity_of(mention), basis) if mention is not None else None
    return ContentRecord(
        id=id_, spans=(target.span,), speaker=speaker, cue=cue.span, confidence=round(content.score, 3), by=by
    )  # fmt: skip


def _speaker(quote: DraftQuote, candidates: Candidates) -> Speaker | None:
    mention = candidates.get(quote.speaker, Mention) if quote.speaker else None
    if mention is None:
        return None
    entity = candidates.get(quote.entity, Entity) if quote.entity else candidates.entity_of(mention)
    return _voice(mention, entity, quote.basis)


def _voice(mention: Mention, entity: Entity | None, basis: Basis) -> Speaker:
    kind = entity.kind if entity is not None else mention.kind
    if kind is MentionKind.PRONOUN:
        kind = MentionKind.UNNAMED
    return Speaker(
        name=entity.name if entity is not None else mention.span.text,
        kind=str(kind),
        role=(entity.role if entity is not None else None) or mention.role,
        mention=mention.span,
        basis=basis,
    )


def ground_exchange(
    exchange: DraftExchange,
    candidates: Candidates,
    *,
    id_: str,
    by: tuple[str, ...],
    confidence: float,
    notices: tuple[Notice, ...],
) -> ExchangeRecord:
    """The record of an exchange. Sentences of numbers and dates that are used join the evidence."""
    transfers = tuple(_transfer(t, candidates) for t in exchange.transfers)
    used = [span for t in transfers for c in t.counts for span in c.evidence]
    used += [
        d.span
        for d in (candidates.get(r or "", DateMention) for r in (exchange.date_start, exchange.date_end))
        if d and d.span
    ]
    evidence = {s.id: s for s in (candidates.get(id_, Sentence) for id_ in exchange.evidence) if s is not None}
    for span in used:
        sentence = candidates.sentence_at(span.start)
        if sentence is not None:
            evidence.setdefault(sentence.id, sentence)
    return ExchangeRecord(
        id=id_,
        kind=exchange.kind,
        status=exchange.status,
        date=_date(exchange, candidates),
        places=tuple(
            PlaceRecord(name=_name(p.place, candidates), role=p.role, span=stands)
            for p in exchange.places
            if (stands := _span(p.place, candidates)) is not None
        ),
        transfers=transfers,
        third_parties=tuple(
            ThirdPartyRecord(name=party_name(p.party, candidates), role=p.role, span=stands)
            for p in exchange.third_parties
            if (stands := _span(p.party, candidates)) is not None
        ),
        part_of=f"x{exchange.part_of + 1}" if exchange.part_of is not None else None,
        evidence=tuple(sorted((s.span for s in evidence.values()), key=lambda span: span.start)),
        confidence=round(confidence, 3),
        by=by,
        warnings=notices,
    )


def _date(exchange: DraftExchange, candidates: Candidates) -> ExchangeDate:
    start = candidates.get(exchange.date_start or "", DateMention)
    end = candidates.get(exchange.date_end or "", DateMention)
    first = start or end
    if first is None:
        return ExchangeDate(start=None, end=None, text=None, basis=None)
    words = [d.span.text for d in (start, end) if d is not None and d.span is not None]
    # One mention that is an interval ("23-25 May") dates both ends.
    last = start.end if start is not None and start is end else (end.end if end is not None else None)
    return ExchangeDate(
        start=start.start if start is not None else None,
        end=last,
        text=" – ".join(dict.fromkeys(words)) or None,
        basis=first.basis,
    )


def _transfer(transfer: DraftTransfer, candidates: Candidates) -> TransferRecord:
    counts = (_count(count, transfer, candidates) for count in transfer.counts)
    people = (candidates.get(person, Mention) for person in transfer.people)
    return TransferRecord(
        released_by=party_name(transfer.released_by, candidates),
        returned_to=party_name(transfer.returned_to, candidates),
        counts=tuple(count for count in counts if count is not None),
        people=tuple(PersonRecord(name=_name(p.id, candidates), span=p.span) for p in people if p is not None),
    )


def _count(count: DraftCount, transfer: DraftTransfer, candidates: Candidates) -> CountRecord | None:
    stated = quantity(count, transfer, candidates)
    if stated is None:
        return None
    return CountRecord(
        category=count.category,
        value=stated.value,
        max=stated.max,
        qualifier=stated.qualifier,
        claimed_by=tuple(_name(ref, candidates) for ref in count.claimed_by),
        evidence=stated.evidence,
    )


def _name(reference: str, candidates: Candidates) -> str:
    entity = candidates.get(reference, Entity)
    if entity is not None:
        return entity.name
    place = candidates.get(reference, Place)
    return place.name if place is not None else party_name(reference, candidates)


def _span(reference: str, candidates: Candidates) -> Span | None:
    found = candidates.by_id.get(reference)
    return found.span if isinstance(found, Party | Place | Mention | Clause) else None
