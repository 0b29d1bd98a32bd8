"""Aligning predicted exchanges with gold ones: three nested one-to-one assignments, each of greatest credit.

Counts within transfers, transfers within records, records within a document, solved bottom-up. A correct fill is worth 1, a
partial one ½. Ties go to more correct fills, then more neutral ones, right claimants, more pairs, and last to the canonical
order of the items, so that no figure depends on the order in which a document or an engine lists them. Names must be ids.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from evals.assignment import assign
from evals.normalise import compare_counts, compare_dates, key, place_words
from evals.outcome import Outcome, Tally, tally
from evals.record import Count, Exchange, Named, Transfer

SLOTS = ("status", "kind", "date", "place", "mediator", "direction", "count")
_ANCHORS = frozenset(("date", "place", "count"))
_AGREES = frozenset((Outcome.COR, Outcome.PAR, Outcome.NEUTRAL))
_BEST = (Outcome.COR, Outcome.PAR, Outcome.INC)
_STEP = 10**5  # larger than any sum of one term of a weight in an article
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fill:
    """One atomic value and its outcome, both sides in words for a reader."""

    slot: str
    outcome: Outcome
    gold: str | None
    predicted: str | None


@dataclass(frozen=True, slots=True)
class CountPair:
    """Two counts that were aligned."""

    gold: Count
    predicted: Count
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records that were aligned: their positions in the lists given, the fills, the counts compared."""

    gold: int
    predicted: int
    fills: tuple[Fill, ...]
    counts: tuple[CountPair, ...]


@dataclass(frozen=True, slots=True)
class Alone:
    """A record without a partner; `near` are positions of records of the other side that it might have been matched with."""

    position: int
    fills: tuple[Fill, ...]
    near: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Alignment:
    """A document's records, aligned."""

    pairs: tuple[Pair, ...]
    missed: tuple[Alone, ...]
    spurious: tuple[Alone, ...]


@dataclass(frozen=True, slots=True)
class _Match:
    """What aligning two items gives."""

    fills: tuple[Fill, ...]
    counts: tuple[CountPair, ...] = ()

    @property
    def worth(self) -> int:
        """Credit first, then correct fills, neutral fills, right claimants."""
        t = tally(fill.outcome for fill in self.fills)
        claims = sum(pair.outcome is Outcome.COR and same_claimants(pair) is True for pair in self.counts)
        return (((2 * t.cor + t.par) * _STEP + t.cor) * _STEP + t.neutral) * _STEP + claims


def same_claimants(pair: CountPair) -> bool | None:
    """Whether a count is given to the right claimants; None where the gold does not say whose it is."""
    if pair.gold.claimed_by is None:
        return None
    return set(pair.gold.claimed_by) == set(pair.predicted.claimed_by or ())


def align(gold: Sequence[Exchange], predicted: Sequence[Exchange]) -> Alignment:
    """The alignment of greatest credit of two lists of normalised exchanges."""
    ours = [_canonical(exchange, closing=True) for exchange in gold]
    theirs = [_canonical(exchange, closing=False) for exchange in predicted]
    g_order, p_order = _ranked(ours), _ranked(theirs)
    allowed: dict[tuple[int, int], _Match] = {}
    for i, g in enumerate(g_order):
        for j, p in enumerate(p_order):
            match = _match_exchanges(ours[g], theirs[p])
            if match is not None:
                allowed[i, j] = match
    chosen = _choose(allowed)
    pairs = [Pair(g_order[i], p_order[j], allowed[i, j].fills, allowed[i, j].counts) for i, j in chosen]
    near = {(g_order[i], p_order[j]) for i, j in allowed}
    return Alignment(
        pairs=tuple(sorted(pairs, key=lambda pair: pair.gold)),
        missed=tuple(
            Alone(g, fills_of(ours[g], Outcome.MIS), tuple(sorted(p for other, p in near if other == g)))
            for g in range(len(ours)) if g not in {pair.gold for pair in pairs}
        ),
        spurious=tuple(
            Alone(p, fills_of(theirs[p], Outcome.SPU), tuple(sorted(g for g, other in near if other == p)))
            for p in range(len(theirs)) if p not in {pair.predicted for pair in pairs}
        ),
    )  # fmt: skip


def fills_of(exchange: Exchange, outcome: Outcome) -> tuple[Fill, ...]:
    """Every fill of a record with one outcome (MIS: optional ones are left out)."""
    asked = outcome is Outcome.MIS
    optional = {slot for slot, value in exchange.alternatives if value is None}
    found: list[tuple[str, str]] = []
    for slot in ("status", "kind", "date"):
        value = getattr(exchange, slot)
        if value is not None and not (asked and slot in optional):
            found.append((slot, value))
    for slot, members in (("place", exchange.places), ("mediator", exchange.mediators)):
        found += [(slot, member.name) for member in members if not (asked and member.optional)]
    for transfer in exchange.transfers:
        found += _transfer_values(transfer, asked=asked)
    return tuple(Fill(slot, outcome, value if asked else None, None if asked else value) for slot, value in found)


def close_sums(counts: tuple[Count, ...]) -> tuple[Count, ...]:
    """The counts with the sum of an exact partition as an optional total, where no total is stated.

    Partitions are military + civilian, and women + men (+ children). Two that give different sums prove that neither is
    exhaustive, and nothing is added. People and remains are never added up.
    """
    if any(count.category == "total" for count in counts):
        return counts
    number = {count.category: count.n for count in counts if count.qualifier == "exact" and count.n is not None}
    repeated = len({count.category for count in counts}) < len(counts)
    sums = set()
    for needed, extra in (
        (("military", "civilian"), ()),
        (("women", "men"), ("children",)),
        (("female", "male"), ("minor",)),
    ):
        if set(needed) <= set(number) and not repeated:
            sums.add(sum(number[part] or 0 for part in (*needed, *extra) if part in number))
    if len(sums) != 1:
        return counts
    return (*counts, Count(category="total", n=sums.pop(), optional=True))


def _canonical(exchange: Exchange, *, closing: bool) -> Exchange:
    """The record with its parts in an order that does not depend on how they were listed, and only stated counts."""
    transfers = []
    for transfer in exchange.transfers:
        counts = tuple(count for count in transfer.counts if count.is_stated)
        counts = close_sums(counts) if closing else counts
        if transfer.source is None and transfer.target is None and not counts:
            continue  # it says nothing, and must not even break a tie
        transfers.append(replace(transfer, counts=tuple(sorted(counts, key=repr))))
    return replace(
        exchange,
        places=_members(exchange.places),
        mediators=_members(exchange.mediators),
        transfers=tuple(sorted(transfers, key=repr)),
    )


def _members(members: tuple[Named, ...]) -> tuple[Named, ...]:
    return tuple(sorted({member.name: member for member in members}.values(), key=repr))


def _ranked(exchanges: Sequence[Exchange]) -> list[int]:
    """Positions in canonical order; equal records keep their document order."""
    return sorted(range(len(exchanges)), key=lambda position: repr(exchanges[position]))


def _choose(matches: dict[tuple[int, int], _Match]) -> tuple[tuple[int, int], ...]:
    """The assignment of greatest worth; then of most pairs; then nearest to the order of the items."""
    # (i - j)² is strictly convex, so of two equal alignments the one that does not cross wins. Capped to stay one term.
    return assign({
        (i, j): (match.worth * _STEP + 1) * _STEP * _STEP - min((i - j) ** 2, _STEP) for (i, j), match in matches.items()
    })  # fmt: skip


def _match_exchanges(gold: Exchange, predicted: Exchange) -> _Match | None:
    """The fills of a pair of records, or None if the two cannot be the same event."""
    ours, theirs = _parties(gold), _parties(predicted)
    if ours and theirs and not ours & theirs:
        return None
    transfers = _match_sets(gold.transfers, predicted.transfers, _match_transfers, _transfer_alone)
    fills = (
        _judge(gold, "status", predicted.status, _equal),
        _judge(gold, "kind", predicted.kind, _equal),
        _judge(gold, "date", predicted.date, compare_dates),
        *_match_members("place", gold.places, predicted.places),
        *_match_members("mediator", gold.mediators, predicted.mediators),
        *transfers.fills,
    )
    match = _Match(tuple(fill for fill in fills if fill.outcome is not Outcome.NIL), transfers.counts)
    anchored = any(fill.slot in _ANCHORS and fill.outcome in _AGREES for fill in match.fills)
    return match if anchored or not _has_anchor(gold) or not _has_anchor(predicted) else None


def _parties(exchange: Exchange) -> set[str]:
    return {side for t in exchange.transfers for side in (t.source, t.target) if side is not None}


def _has_anchor(exchange: Exchange) -> bool:
    return bool(exchange.date is not None or exchange.places or any(t.counts for t in exchange.transfers))


def _judge(gold: Exchange, slot: str, predicted: str | None, compare: Callable[[str, str], Outcome]) -> Fill:
    """The outcome of a slot that has at most one value."""
    value: str | None = getattr(gold, slot)
    others = [other for name, other in gold.alternatives if name == slot]
    optional = None in others or (value is None and bool(others))
    accepted = [option for option in (value, *others) if option is not None]
    if predicted is None:
        outcome = Outcome.MIS if accepted and not optional else Outcome.NIL
    elif not accepted:
        outcome = Outcome.SPU
    else:
        outcome = min((compare(option, predicted) for option in accepted), key=_BEST.index)
        if optional:
            outcome = Outcome.NEUTRAL if outcome is Outcome.COR else Outcome.SPU
    return Fill(slot, outcome, value, predicted)


def _equal(gold: str, predicted: str) -> Outcome:
    return Outcome.COR if gold == predicted else Outcome.INC


def _match_members(slot: str, gold: tuple[Named, ...], predicted: tuple[Named, ...]) -> tuple[Fill, ...]:
    """The fills of a set-valued slot; what is left over needs no pairing, since MIS + SPU weighs what INC weighs."""
    chosen = dict(assign({
        (i, j): 3 - member.optional if member.name == other.name else 1
        for i, member in enumerate(gold) for j, other in enumerate(predicted)
        if other.name in (member.name, *member.accept) or same_place(member, other)
    }))  # fmt: skip
    fills = [
        Fill(slot, Outcome.NEUTRAL if gold[i].optional else Outcome.COR, gold[i].name, predicted[j].name)
        for i, j in chosen.items()
    ]
    fills += [Fill(slot, Outcome.MIS, m.name, None) for i, m in enumerate(gold) if i not in chosen and not m.optional]
    fills += [Fill(slot, Outcome.SPU, None, p.name) for j, p in enumerate(predicted) if j not in chosen.values()]
    return tuple(fills)


def same_place(gold: Named, predicted: Named) -> bool:
    """Whether two phrases name one place: one holds the other's head words, and the alias table does not tell them apart.

    >>> same_place(Named(name="brod crossing", phrase="Brod crossing"), Named(name="x", phrase="the checkpoint at Brod"))
    True
    """
    if not gold.phrase or not predicted.phrase:
        return False  # mediators, and values without an article
    if all(member.name != key(member.phrase) for member in (gold, predicted)):
        return False  # both have an id of the table: "Sudan" is not in "South Sudan"
    ours, theirs = place_words(gold.phrase), place_words(predicted.phrase)
    return ours.head <= theirs.every or theirs.head <= ours.near  # the country alone is not the town


def _match_transfers(gold: Transfer, predicted: Transfer) -> _Match | None:
    """Who to whom is a key: a transfer of another direction earns nothing for its counts."""
    sides = ((gold.source, predicted.source), (gold.target, predicted.target))
    if any(ours is not None and theirs is not None and ours != theirs for ours, theirs in sides):
        return None
    counts = _match_sets(gold.counts, predicted.counts, _match_counts, _count_alone)
    direction = Fill("direction", _direction(gold, predicted), _arrow(gold), _arrow(predicted))
    fills = counts.fills if direction.outcome is Outcome.NIL else (direction, *counts.fills)
    return _Match(fills, counts.counts)


def _direction(gold: Transfer, predicted: Transfer) -> Outcome:
    """The outcome of two directions that do not contradict each other."""
    stated, given = (gold.source, gold.target), (predicted.source, predicted.target)
    if stated == given:
        return Outcome.COR if any(stated) else Outcome.NIL
    if not any(given):
        return Outcome.MIS
    if not any(stated):
        return Outcome.SPU
    # A side left open is weaker and true; a side that the gold leaves open is more than the text says.
    added = any(ours is None and theirs is not None for ours, theirs in zip(stated, given, strict=True))
    return Outcome.INC if added else Outcome.PAR


def _match_counts(gold: Count, predicted: Count) -> _Match | None:
    axis = (predicted.category, predicted.scope)
    options = [option for option in (gold, *gold.accept) if (option.category, option.scope) == axis]
    if not options:
        return None
    outcome = min((compare_counts(option, predicted) for option in options), key=_BEST.index)
    if gold.optional:
        if outcome is not Outcome.COR:
            return None  # an optional value given wrongly is spurious, not a wrong answer to a question
        outcome = Outcome.NEUTRAL
    fill = Fill("count", outcome, describe(gold), describe(predicted))
    return _Match((fill,), (CountPair(gold, predicted, outcome),))


def _match_sets(
    gold: Sequence[T],
    predicted: Sequence[T],
    match: Callable[[T, T], _Match | None],
    alone: Callable[[T, Outcome], tuple[Fill, ...]],
) -> _Match:
    """The best one-to-one alignment of two lists, with the fills of what is left over."""
    tried = {(i, j): match(ours, theirs) for i, ours in enumerate(gold) for j, theirs in enumerate(predicted)}
    allowed = {pair: found for pair, found in tried.items() if found is not None}
    chosen = _choose(allowed)
    fills = [fill for pair in chosen for fill in allowed[pair].fills]
    counts = [count for pair in chosen for count in allowed[pair].counts]
    for i, ours in enumerate(gold):
        if i not in {row for row, _ in chosen}:
            fills += alone(ours, Outcome.MIS)
    for j, theirs in enumerate(predicted):
        if j not in {column for _, column in chosen}:
            fills += alone(theirs, Outcome.SPU)
    return _Match(tuple(fills), tuple(counts))


def _transfer_values(transfer: Transfer, *, asked: bool) -> list[tuple[str, str]]:
    direction = [("direction", _arrow(transfer))] if transfer.source is not None or transfer.target is not None else []
    return direction + [("count", describe(count)) for count in transfer.counts if not (asked and count.optional)]


def _transfer_alone(transfer: Transfer, outcome: Outcome) -> tuple[Fill, ...]:
    asked = outcome is Outcome.MIS
    values = _transfer_values(transfer, asked=asked)
    return tuple(Fill(slot, outcome, value if asked else None, None if asked else value) for slot, value in values)


def _count_alone(count: Count, outcome: Outcome) -> tuple[Fill, ...]:
    if outcome is Outcome.MIS:
        return () if count.optional else (Fill("count", outcome, describe(count), None),)
    return (Fill("count", outcome, None, describe(count)),)


def _arrow(transfer: Transfer) -> str:
    return f"{transfer.source or '?'} → {transfer.target or '?'}"


def describe(count: Count) -> str:
    """A count in words.

    >>> describe(Count(category="total", n=50, n_max=60, qualifier="range"))
    'total 50-60'
    """
    value = str(count.word or "?") if count.n is None else str(count.n)
    if count.n is not None and count.n_max is not None:
        value += f"-{count.n_max}"
    said = "" if count.qualifier in ("exact", "range", "vague") else count.qualifier.replace("_", " ") + " "
    return f"{count.category} {said}{value}"


def sum_fills(fills: Sequence[Fill]) -> dict[str, Tally]:
    """The tally of every slot that has a fill."""
    return {slot: tally(f.outcome for f in fills if f.slot == slot) for slot in SLOTS if any(f.slot == slot for f in fills)}
