"""What changed between two records of one article.

Compared is what the records say, not where they read it: offsets, evidence, confidence and ids of their own move with every edit of
the text and are left out. Exchanges are matched by kind, date and parties, quotations by text and speaker; what has no counterpart
was added or removed. The same two records always give the same difference.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from service.domain.record import (
    CountRecord,
    ExchangeRecord,
    Extraction,
    Notice,
    PlaceRecord,
    QuoteRecord,
    ThirdPartyRecord,
    TransferRecord,
)

ALIKE = 0.5
"""Two quotations of one speaker are versions of one if they share at least this part of their words (Jaccard)."""

_WORD = re.compile(r"\w+")

Record = ExchangeRecord | QuoteRecord
Content = dict[str, object]


class What(StrEnum):
    """Which kind of record an entry is about."""

    EXCHANGE = "exchange"
    QUOTE = "quote"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One value that differs.

    `path` is a JSON Pointer (RFC 6901) into the record: the newer one, or the older one where the newer has no such item any more.
    `old` and `new` are JSON values; null stands for nothing.
    """

    path: str
    old: object
    new: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A whole exchange or quotation, as it stands in the record that has it."""

    what: What
    record: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Alteration:
    """An exchange or quotation that both records have, and what differs; the ids are those within each record."""

    what: What
    before_id: str
    after_id: str
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What the newer record has more, has no more, and has otherwise: exchanges first, in their records' order."""

    new: tuple[Entry, ...]
    gone: tuple[Entry, ...]
    altered: tuple[Alteration, ...]

    @property
    def added(self) -> int:
        """How many exchanges and quotations were added."""
        return len(self.new)

    @property
    def removed(self) -> int:
        """How many were removed."""
        return len(self.gone)

    @property
    def changed(self) -> int:
        """How many say something else now."""
        return len(self.altered)


def difference(before: Extraction, after: Extraction) -> Difference:
    """Compare two records of one article."""
    exchanges = _matched(_seen_exchanges(before), _seen_exchanges(after), _likeness_of_exchanges)
    quotes = _matched(_seen_quotes(before), _seen_quotes(after), _likeness_of_quotes)
    # An exchange refers to another by its id, which two records give out independently.
    same_id = {after.exchanges[j].id: before.exchanges[i].id for j, i in exchanges.items()}
    parts = (
        _part(What.EXCHANGE, before.exchanges, after.exchanges, exchanges, same_id),
        _part(What.QUOTE, before.quotes, after.quotes, quotes, same_id),
    )
    return Difference(
        new=tuple(entry for part in parts for entry in part.new),
        gone=tuple(entry for part in parts for entry in part.gone),
        altered=tuple(entry for part in parts for entry in part.altered),
    )


def _part(
    what: What, before: Sequence[Record], after: Sequence[Record], same: Mapping[int, int], same_id: Mapping[str, str]
) -> Difference:
    """The difference of one kind of records; `same` gives the older position of a newer one."""
    left = set(same.values())
    altered = []
    for j, i in sorted(same.items()):
        old, new = before[i], after[j]
        if fields := tuple(_compare("", _content(old, {}), _content(new, same_id))):
            altered.append(Alteration(what=what, before_id=old.id, after_id=new.id, fields=fields))
    return Difference(
        new=tuple(Entry(what=what, record=record) for j, record in enumerate(after) if j not in same),
        gone=tuple(Entry(what=what, record=record) for i, record in enumerate(before) if i not in left),
        altered=tuple(altered),
    )


# Which record of one extraction is which of the other.


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What a record is known by: all it says, who is in it (parties, or the speaker), and what tells it from others of these."""

    content: str
    names: frozenset[str]
    kind: str
    date: str = ""
    words: tuple[str, ...] = ()
    vocabulary: frozenset[str] = frozenset()


def _seen_exchanges(extraction: Extraction) -> list[_Seen]:
    return [
        _Seen(
            content=repr(_exchange(record, None)),
            names=frozenset(side.casefold() for one in record.transfers for side in (one.released_by, one.returned_to)),
            kind=record.kind.value,
            date=record.date.start or "",
        )
        for record in extraction.exchanges
    ]


def _seen_quotes(extraction: Extraction) -> list[_Seen]:
    seen = []
    for record in extraction.quotes:
        words = tuple(_WORD.findall(record.text.casefold()))
        speaker = frozenset() if record.speaker is None else frozenset({record.speaker.name.casefold()})
        content = repr(_quote(record))
        seen.append(_Seen(content=content, names=speaker, kind=record.kind.value, words=words, vocabulary=frozenset(words)))
    return seen


def _matched(before: Sequence[_Seen], after: Sequence[_Seen], likeness: Callable[[_Seen, _Seen], float]) -> dict[int, int]:
    """The older position of each newer record that has one: equal ones first, then the likest (0: cannot be the same)."""
    waiting: dict[str, list[int]] = defaultdict(list)
    for i, one in reversed(list(enumerate(before))):
        waiting[one.content].append(i)
    same = {j: waiting[other.content].pop() for j, other in enumerate(after) if waiting.get(other.content)}
    taken = set(same.values())
    old = [i for i in range(len(before)) if i not in taken]
    new = [j for j in range(len(after)) if j not in same]
    likely = [(-score, abs(i - j), i, j) for i in old for j in new if (score := likeness(before[i], after[j]))]
    for _, _, i, j in sorted(likely):
        if i not in taken and j not in same:
            taken.add(i)
            same[j] = i
    return same


def _likeness_of_exchanges(one: _Seen, other: _Seen) -> float:
    """Up to 5 for the same parties, kind and date; 0 for exchanges of parties that have nothing in common."""
    shared = len(one.names & other.names) / len(one.names | other.names) if one.names or other.names else 0.5
    if not shared:
        return 0.0
    score = 2 * shared + (one.kind == other.kind) + _likeness_of_dates(one.date, other.date)
    # The same parties alone are not enough: two sides exchange prisoners again and again.
    return score if score > 2 else 0.0


def _likeness_of_dates(one: str, other: str) -> float:
    if one == other:
        return 2.0
    # "2025-05" may be "2025-05-24" told less exactly, as may be no date at all.
    return 1.0 if one.startswith(other) or other.startswith(one) else 0.0


def _likeness_of_quotes(one: _Seen, other: _Seen) -> float:
    """2 for the same words, else the part of their words that two quotations of one speaker share, if that is enough."""
    if one.words == other.words:
        return 2.0
    if one.names != other.names or not one.vocabulary:
        return 0.0
    shared = len(one.vocabulary & other.vocabulary) / len(one.vocabulary | other.vocabulary)
    return shared if shared >= ALIKE else 0.0


# What a record says, as JSON values.


def _content(record: Record, same_id: Mapping[str, str]) -> Content:
    return _exchange(record, same_id) if isinstance(record, ExchangeRecord) else _quote(record)


def _exchange(record: ExchangeRecord, same_id: Mapping[str, str] | None) -> Content:
    """`same_id` gives the older ids of newer exchanges ({}: this is an older one); None as long as they are not known."""
    part_of = None if same_id is None or record.part_of is None else record.part_of
    if part_of is not None and same_id:
        part_of = same_id.get(part_of, f"new {part_of}")
    return {
        "kind": record.kind.value,
        "status": record.status.value,
        "date": {"start": record.date.start, "end": record.date.end},
        "places": [_place(place) for place in record.places],
        "transfers": [_transfer(transfer) for transfer in record.transfers],
        "third_parties": [_third_party(party) for party in record.third_parties],
        "part_of": part_of,
        "warnings": _warnings(record.warnings),
    }


def _place(place: PlaceRecord) -> Content:
    return {"name": place.name, "role": place.role.value}


def _third_party(party: ThirdPartyRecord) -> Content:
    return {"name": party.name, "role": party.role.value}


def _transfer(transfer: TransferRecord) -> Content:
    return {
        "released_by": transfer.released_by,
        "returned_to": transfer.returned_to,
        "counts": [_count(count) for count in transfer.counts],
        "people": [{"name": person.name} for person in transfer.people],
    }


def _count(count: CountRecord) -> Content:
    return {
        "category": count.category.value,
        "value": count.value,
        "max": count.max,
        "qualifier": count.qualifier.value,
        "claimed_by": list(count.claimed_by),
    }


def _quote(record: QuoteRecord) -> Content:
    speaker = record.speaker
    return {
        "kind": record.kind.value,
        "text": record.text,
        "speaker": None if speaker is None else {"name": speaker.name, "kind": speaker.kind, "role": speaker.role},
        "cue": None if record.cue is None else {"text": record.cue.text},
        "warnings": _warnings(record.warnings),
    }


def _warnings(warnings: Iterable[Notice]) -> list[Content]:
    return [{"check": warning.check, "message": warning.message} for warning in warnings]


# What differs between two JSON values.

_NAMED_BY = (("released_by", "returned_to"), ("category",), ("check",), ("name",))
"""What tells the items of a list apart, whatever their order: the first of these that the items have."""


def _compare(path: str, old: object, new: object) -> Iterator[FieldChange]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            yield from _compare(f"{path}/{key}", old.get(key), new.get(key))
    elif isinstance(old, list) and isinstance(new, list) and any(isinstance(item, dict) for item in (*old, *new)):
        for i, j in _aligned(old, new):
            yield from _compare(
                f"{path}/{i if j is None else j}", None if i is None else old[i], None if j is None else new[j]
            )
    elif old != new:
        yield FieldChange(path=path, old=old, new=new)


def _aligned(old: list[Content], new: list[Content]) -> Iterator[tuple[int | None, int | None]]:
    """Which item of a list is which of the other: by name, the others by their order; None where there is no counterpart."""
    named: dict[object, list[int]] = defaultdict(list)
    for i, item in reversed(list(enumerate(old))):
        named[_name(item)].append(i)
    found = {j: named[_name(item)].pop() for j, item in enumerate(new) if named.get(_name(item))}
    left = [i for i in range(len(old)) if i not in set(found.values())]
    for j in range(len(new)):
        yield (found[j] if j in found else left.pop(0) if left else None), j
    for i in left:
        yield i, None


def _name(item: Content) -> object:
    keys = next((keys for keys in _NAMED_BY if keys[0] in item), ())
    return tuple(item[key] for key in keys)
