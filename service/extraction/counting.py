"""Numbers of people: what a count of the draft says, and how stated numbers compare. Sums are made here, never by a model."""

from __future__ import annotations

from dataclasses import dataclass

from service.domain.candidate import Candidates, Mention, Number, Qualifier
from service.domain.draft import Category, DraftCount, DraftTransfer
from service.domain.evidence import Span

UNBOUNDED = 10**9
AXES: dict[Category, str] = {
    Category.TOTAL: "all",
    Category.MILITARY: "legal",
    Category.CIVILIAN: "legal",
    Category.HOSTAGES: "legal",
    Category.PRISONERS: "legal",
    Category.BODIES: "legal",
    Category.OTHER: "legal",
    Category.WOMEN: "sex",
    Category.MEN: "sex",
    Category.CHILDREN: "age",
    Category.WOUNDED: "health",
}
"""Category to axis (domain.md 4.3): a person may be counted on several axes, so sums are made within one axis only."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A stated number with the spans it was read from; `value` is None for vague words."""

    value: int | None
    max: int | None
    qualifier: Qualifier
    evidence: tuple[Span, ...]


def quantity(count: DraftCount, transfer: DraftTransfer, candidates: Candidates) -> Quantity | None:
    """What a count says; None if its reference leads nowhere or a sum has no parts."""
    if count.summed:
        return _sum(transfer, candidates)
    if count.people:
        mentions = [m for m in (candidates.get(p, Mention) for p in count.people) if m is not None]
        return Quantity(len(mentions), None, Qualifier.EXACT, tuple(m.span for m in mentions)) if mentions else None
    number = candidates.get(count.number or "", Number)
    if number is None:
        return None
    value = number.other if count.side == 1 else number.value
    return Quantity(value, number.max if count.side == 0 else None, number.qualifier, (number.phrase,))


def _sum(transfer: DraftTransfer, candidates: Candidates) -> Quantity | None:
    """The sum of a transfer's parts on one axis: legal status before sex."""
    for axis in ("legal", "sex"):
        parts = [
            part
            for count in transfer.counts
            if not count.summed and AXES[count.category] == axis
            if (part := quantity(count, transfer, candidates)) is not None
        ]
        if len(parts) >= 2:
            return add(parts)
    return None


def add(parts: list[Quantity]) -> Quantity:
    """The sum of stated numbers: exact if all are exact, vague if one is, else as loose as its loosest part.

    >>> add([Quantity(20, None, Qualifier.EXACT, ()), Quantity(4, None, Qualifier.EXACT, ())]).value
    24
    """
    evidence = tuple(span for part in parts for span in part.evidence)
    if any(part.value is None for part in parts):
        return Quantity(None, None, Qualifier.VAGUE, evidence)
    total = sum(part.value or 0 for part in parts)
    qualifiers = {part.qualifier for part in parts} - {Qualifier.EXACT}
    if not qualifiers:
        return Quantity(total, None, Qualifier.EXACT, evidence)
    lower = {Qualifier.AT_LEAST, Qualifier.MORE_THAN}
    return Quantity(total, None, Qualifier.AT_LEAST if qualifiers <= lower else Qualifier.ABOUT, evidence)


def interval(stated: Quantity) -> tuple[int, int]:
    """The numbers a statement allows, both ends included (metrics.md 4.2; vague words allow anything)."""
    n = stated.value
    if n is None:
        return 0, UNBOUNDED
    match stated.qualifier:
        case Qualifier.EXACT:
            return n, n
        case Qualifier.ABOUT:
            return n * 9 // 10, -(-n * 11 // 10)
        case Qualifier.AT_LEAST:
            return n, UNBOUNDED
        case Qualifier.MORE_THAN:
            return n + 1, UNBOUNDED
        case Qualifier.AT_MOST:
            return 0, n
        case Qualifier.LESS_THAN:
            return 0, n - 1
        case Qualifier.RANGE:
            return n, stated.max if stated.max is not None else UNBOUNDED
        case Qualifier.VAGUE:
            return 0, UNBOUNDED
