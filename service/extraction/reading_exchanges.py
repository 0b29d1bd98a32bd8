"""Reading the exchanges of an answer: parties, people, numbers, dates and places to references."""

from __future__ import annotations

from dataclasses import replace

from service.domain.candidate import Candidates, DateMention, Number, Sentence
from service.domain.draft import (
    Category,
    DraftCount,
    DraftExchange,
    DraftPlace,
    DraftThirdParty,
    DraftTransfer,
    ExchangeKind,
    PlaceRole,
    Status,
    ThirdPartyRole,
)
from service.domain.evidence import Span
from service.extraction.answer import ExchangeAnswer
from service.extraction.finding import Action
from service.extraction.lines import CountItem, WayLine, sentence_ids, third_line, way_line, what_line, when_line
from service.extraction.reader import MODEL_SCORE, Reading
from service.extraction.reference import Resolved, next_number, resolve_party
from service.extraction.stated import date_stated, number_stated
from service.text.locate import locate

KINDS = {
    "prisoners": ExchangeKind.PRISONER_EXCHANGE,
    "hostages": ExchangeKind.HOSTAGES_FOR_PRISONERS,
    "remains": ExchangeKind.REMAINS_RETURN,
    "unilateral": ExchangeKind.UNILATERAL_RELEASE,
}


def read_exchange(answer: ExchangeAnswer, item: str, reading: Reading) -> None:
    """Read one event onto the end of the draft; one without any evidence is refused."""
    named = sentence_ids(answer.ev)
    evidence = [s for s in named if s in reading.shown and reading.candidates.get(s, Sentence) is not None]
    if not evidence:
        reading.problem(item, f"there are no sentences {', '.join(named)}; name those that state it in ev, or leave it out.")
        return
    for sentence in named:
        if sentence not in evidence:
            reading.problem(item, f"there is no sentence {sentence} in the article.", Action.WARN, field="ev")
    spans = tuple(s.span for s in (reading.candidates.get(id_, Sentence) for id_ in evidence) if s is not None)
    kind, status = what_line(answer.what)
    start, end = when_line(answer.when)
    first = _date(start, "start", item, spans, reading)
    last = first if end == start else _date(end, "end", item, spans, reading)
    transfers = [t for t in (_read_way(way_line(line), item, spans, reading) for line in answer.ways) if t is not None]
    reading.exchanges.append(
        DraftExchange(
            evidence=tuple(evidence),
            kind=KINDS[kind],
            status=Status(status),
            date_start=first,
            date_end=last,
            places=_places(answer.place, item, spans, reading),
            transfers=tuple(transfers),
            third_parties=_third_parties(answer.third, item, spans, reading),
            part_of=answer.part_of - 1 if answer.part_of is not None else None,
            score=MODEL_SCORE,
        )
    )


def _known_date(reference: str | None, reading: Reading) -> DateMention | None:
    return reading.candidates.get(reference, DateMention) if reference is not None and reference in reading.shown else None


def _date(reference: str | None, name: str, item: str, spans: tuple[Span, ...], reading: Reading) -> str | None:
    """The date of a tag; where the model gives it another value that its words may have, a candidate of its own.

    One tag stands at all dates of the same value, so its words in the evidence are looked at as well.
    """
    if reference is None:
        return None
    tag, _, value = reference.partition("=")
    known = _known_date(tag, reading)
    if known is None:
        message = f"{name}: there is no date {tag} in the article; use its D tags, or leave it out."
        reading.problem(item, message, Action.NULL, field=name)
        return None
    if value in ("", known.start):
        return tag
    alike = (d for d in reading.candidates.dates if (d.start, d.end) == (known.start, known.end) and d.span is not None)
    tagged = (known, *(d for d in alike if any(span.contains(d.span) for span in spans if d.span is not None)))
    found = next((d for d in (date_stated(one, value, reading.candidates.text) for one in tagged) if d is not None), None)
    if found is None:
        words = known.span.text if known.span is not None else ""
        message = f'{name}: {tag} ("{words}") cannot be {value}; give the tag alone, another date or none.'
        reading.problem(item, message, Action.NULL, field=name)
        return None
    earlier = (d for d in reading.candidates.dates if d.span == found.span and d.start == d.end == value)
    stated = next(earlier, None) or replace(found, id=f"D{next_number(reading.candidates, 'D')}")
    if stated.id not in reading.candidates.by_id:
        reading.candidates = reading.candidates.with_more(dates=(stated,))
    return stated.id


def _places(words: str | None, item: str, spans: tuple[Span, ...], reading: Reading) -> tuple[DraftPlace, ...]:
    if words is None:
        return ()
    text = reading.candidates.text
    inside = (locate(words, text, start=span.start, end=span.end) for span in spans)
    span = next((found for found in inside if found is not None), None) or locate(words, text)
    if span is None:
        message = f'place "{words}" does not stand in the article; copy its words or leave it out.'
        reading.problem(item, message, Action.NULL, field="place")
        return ()
    return (DraftPlace(place=reading.clause(span).id, role=PlaceRole.HANDOVER),)


def _third_parties(line: str | None, item: str, spans: tuple[Span, ...], reading: Reading) -> tuple[DraftThirdParty, ...]:
    found: list[DraftThirdParty] = []
    for words, role in third_line(line):
        resolved = _party(words, spans, reading)
        if resolved is None:
            message = f'third party "{words}" does not stand in the article; copy its name or leave it out.'
            reading.problem(item, message, Action.NULL, field="third")
            continue
        found.append(DraftThirdParty(party=resolved.id, role=ThirdPartyRole(role)))
    return tuple(found)


def _party(words: str, spans: tuple[Span, ...], reading: Reading) -> Resolved | None:
    """The party of a name, or of a letter that stands for one."""
    resolved = resolve_party(reading.speakers.name(words) or words, reading.candidates, spans)
    if resolved is not None:
        reading.candidates = resolved.candidates
    return resolved


def _read_way(way: WayLine, item: str, spans: tuple[Span, ...], reading: Reading) -> DraftTransfer | None:
    parties: list[str] = []
    for words in (way.released_by, way.returned_to):
        resolved = _party(words, spans, reading)
        if resolved is None:
            message = f'party "{words}" does not stand in the article; use the country or group that the article names.'
            reading.problem(item, message, field="ways")
            return None
        parties.append(resolved.id)
    people = _people(way, item, spans, reading)
    counts = [c for c in (_count(count, item, spans, reading) for count in way.counts) if c is not None]
    counts = _once(counts, reading.candidates)
    if way.complete and people and not any(count.category is Category.TOTAL for count in counts):
        counts.append(DraftCount(category=Category.TOTAL, people=people))
    return DraftTransfer(released_by=parties[0], returned_to=parties[1], counts=tuple(counts), people=people)


def _once(counts: list[DraftCount], candidates: Candidates) -> list[DraftCount]:
    """One number read once where a model says it twice: the dead are bodies, whoever they were; all the prisoners, the total.

    "Men" are told apart only from women; else they are the mere word for the people.
    """

    def value(count: DraftCount) -> int | None:
        number = candidates.get(count.number or "", Number)
        return None if number is None else number.other if count.side == 1 else number.value

    dead = {(count.number, count.side) for count in counts if count.category is Category.BODIES and count.number is not None}
    # By value, not by tag: "three detainees" and "the three men" are two numbers in the text.
    whole = {value(count) for count in counts if count.category is Category.TOTAL} - {None}
    mere = _ANYBODY if any(count.category is Category.WOMEN for count in counts) else _ANYBODY | {Category.MEN}
    return [
        count
        for count in counts
        if not (count.category in _OF_THE_LIVING and (count.number, count.side) in dead)
        and not (count.category in mere and value(count) in whole)
    ]


_ANYBODY = frozenset({Category.PRISONERS, Category.OTHER})
_OF_THE_LIVING = _ANYBODY | {Category.MILITARY, Category.CIVILIAN, Category.HOSTAGES}


def _people(way: WayLine, item: str, spans: tuple[Span, ...], reading: Reading) -> tuple[str, ...]:
    found: list[str] = []
    for words in way.people:
        resolved = reading.speaker(words, spans[0])
        if resolved is None:
            message = f'person "{words}" does not stand in the article; copy the name or leave it out.'
            reading.problem(item, message, Action.NULL, field="people")
            continue
        found.append(resolved.id)
    return tuple(dict.fromkeys(found))


def _count(item: CountItem, name: str, spans: tuple[Span, ...], reading: Reading) -> DraftCount | None:
    claimed_by = _claimant(item.by, name, spans, reading) if item.by else ()
    category = Category(item.category)
    if item.reference == "sum":
        return DraftCount(category=category, summed=True, claimed_by=claimed_by)
    if item.reference.startswith("S"):
        return _by_words(item, category, claimed_by, name, reading)
    side = 1 if item.reference.endswith("b") else 0
    number_id = item.reference.rstrip("ab")
    number = reading.candidates.get(number_id, Number) if number_id in reading.shown else None
    if number is None:
        reading.problem(name, f"there is no number {number_id} in the article; use its N tags.", Action.NULL, field="n")
        return None
    if side == 1 and number.other is None:
        message = f"{number_id} is not a formula of two numbers; use {number_id} alone."
        reading.problem(name, message, Action.NULL, field="n")
        return None
    return DraftCount(category=category, number=number_id, claimed_by=claimed_by, side=side)


def _by_words(
    item: CountItem, category: Category, claimed_by: tuple[str, ...], name: str, reading: Reading
) -> DraftCount | None:
    """A number without a tag, by its sentence and its words."""
    id_, _, words = item.reference.partition(" ")
    sentence = reading.candidates.get(id_, Sentence) if id_ in reading.shown else None
    stated = number_stated(words, sentence.span, reading.candidates) if sentence is not None else None
    if stated is None:
        message = f'no number "{words}" stands in {id_}; use an N tag, or copy the number as it is written there.'
        reading.problem(name, message, Action.NULL, field="n")
        return None
    reading.candidates = stated[1]
    return DraftCount(category=category, number=stated[0].id, claimed_by=claimed_by)


def _claimant(words: str, item: str, spans: tuple[Span, ...], reading: Reading) -> tuple[str, ...]:
    resolved = reading.speaker(words, spans[0])
    if resolved is None:
        reading.problem(item, f'claimant "{words}" does not stand in the article; copy its name.', Action.WARN, field="n")
        return ()
    return (resolved.entity or resolved.id,)
