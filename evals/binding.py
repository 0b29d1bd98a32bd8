"""Records with their names replaced by ids, ready to be aligned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from evals.alias import AliasTable, Names, full_names
from evals.case import Case
from evals.normalise import vague_word
from evals.record import Count, Exchange, Named, Records


def names_for(case: Case, predicted: Records, table: AliasTable) -> Names:
    """How names are bound in one article: by the table, the text, and the full names that either side uses."""
    return Names(table=table, text=case.text, people=full_names([*_people(case.expected), *_people(predicted)]))


def _people(records: Records) -> Iterable[str]:
    for quote in records.quotes:
        if quote.voice is not None and quote.voice.resolved and quote.voice.kind in (None, "person"):
            yield from (name for name in (quote.voice.name, *quote.voice.also) if name)
    for exchange in records.exchanges:
        for transfer in exchange.transfers:
            for count in transfer.counts:
                yield from count.claimed_by or ()


def bind(exchange: Exchange, names: Names) -> Exchange:
    """The exchange with ids for names and look-up words for vague numbers."""
    sides = [side for t in exchange.transfers for side in (t.source, t.target) if side]
    near = frozenset(names.party(side) for side in sides)
    return replace(
        exchange,
        places=tuple(_place(place, names) for place in exchange.places),
        mediators=tuple(_member(party, names.party(party.name, near), [names.party(name, near) for name in party.accept])
                        for party in exchange.mediators),
        transfers=tuple(
            replace(
                transfer,
                source=names.party(transfer.source, near) if transfer.source else None,
                target=names.party(transfer.target, near) if transfer.target else None,
                counts=tuple(_count(count, names) for count in transfer.counts),
            )
            for transfer in exchange.transfers
        ),
    )  # fmt: skip


def _place(place: Named, names: Names) -> Named:
    phrase = replace(place, phrase=place.name)
    return _member(phrase, names.place(place.name), [names.place(name) for name in place.accept])


def _member(member: Named, id_: str, accept: list[str]) -> Named:
    return replace(member, name=id_, accept=tuple(accept))


def _count(count: Count, names: Names) -> Count:
    claimed = None if count.claimed_by is None else tuple(sorted({names.speaker(name) for name in count.claimed_by}))
    return replace(
        count,
        word=(vague_word(count.word) or count.word) if count.qualifier == "vague" else None,
        claimed_by=claimed,
        accept=tuple(_count(other, names) for other in count.accept),
    )


def unknown_parties(records: Iterable[Exchange], names: Names) -> tuple[str, ...]:
    """Parties and mediators that the alias table does not hold (UNKNOWN_ALIAS): they compare by their folded words."""
    used: list[str] = []
    for exchange in records:
        used += [party.name for party in exchange.mediators]
        used += [side for t in exchange.transfers for side in (t.source, t.target) if side]
    return tuple(sorted({name for name in used if not names.is_known(name)}))
