"""Which numbers belong to which direction of an exchange, and which of them is the total."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from service.domain.candidate import Number
from service.domain.draft import Category, DraftCount, Scope
from service.extraction.rules.exchange_chunks import People
from service.extraction.rules.exchange_words import SUBSET

CUMULATIVE = re.compile(
    r"\b(?:in total since|so far|since (?:the (?:start|beginning|outbreak)|then|\d{4}|January|February|March|April|May|June|July|August|September|October|November|December"
    r"|last|early|the full)|to date|over the (?:past|last)|during the war|have (?:now )?(?:been )?(?:returned|released|exchanged) since|overall|previously|altogether|all told|already been|throughout)\b",
    re.IGNORECASE,
)
HELD = re.compile(
    r"\b(?:still (?:held|being held|in|holding|holds|captive|missing|hold)|remain(?:s|ed|ing)? (?:in|captive|held|behind|prisoners?)|(?:is|are|was|were) (?:still )?(?:believed|thought|known|estimated|said) to (?:be|have|hold)"
    r"|holds?(?= (?:about|some|around|more|at|up|an|\d))|(?:is|are) holding|were (?:killed|kidnapped|captured|abducted|seized|taken)|was (?:killed|kidnapped|captured|abducted)|taken hostage|took|seized|captured (?:by|in|during)|unaccounted"
    r"|killed|sentenced|arrested|(?:are|is) (?:being )?held|been held for|in captivity\b(?! in exchange)|missing)\b",
    re.IGNORECASE,
)
_BOTH_SIDES = re.compile(
    r"\b(?:between (?:them|the two)|(?:across|from|on|by|of) both (?:sides|countries|parties)(?: of)?|in total\b|a total of .{0,40}(?:from both|both sides)|combined|both ways)\b", re.IGNORECASE
)
_EACH = re.compile(
    r"^[^.;]{0,60}?\b(?:each(?: side| other| country| way| party)?|apiece|a side|(?:from|on|by|to) (?:each|either|both) (?:side|sides|country|countries|party)|on each side|per side|from each)\b", re.IGNORECASE
)
_EACH_BEFORE = re.compile(r"\b(?:each|both(?: sides| countries| parties)?|either side|each side|each country|the two sides each|each of the two)\b[^.;,]{0,50}$", re.IGNORECASE)
_EXCLUSIVE = (Category.MILITARY, Category.CIVILIAN, Category.HOSTAGES, Category.BODIES, Category.PRISONERS, Category.OTHER)
_AXES = (Category.WOMEN, Category.MEN, Category.CHILDREN, Category.WOUNDED)


def scope_of(group: People, text: str, start: int, end: int) -> Scope:
    """Which whole a group's number belongs to, from the words around it in its clause (`start`, `end`: offsets of the clause)."""
    around = text[max(start, group.start - 70) : min(end, group.end + 60)]
    if _BOTH_SIDES.search(around):
        return Scope.BOTH_SIDES
    if HELD.search(text[max(start, group.start - 30) : min(end, group.end + 45)]):
        released = re.search(r"\b(?:releas|freed|exchang|swap|hand(?:ed|ing) over|return|in exchange)", text[max(start, group.start - 60) : min(end, group.end + 40)], re.IGNORECASE)
        if not released:
            return Scope.HELD
    if CUMULATIVE.search(around):
        return Scope.CUMULATIVE
    return Scope.ACT


def is_each(group: People, text: str, start: int, end: int) -> bool:
    """Whether the words around a number make it the number of both sides ("390 each", "1,000 from each side", "65-for-65")."""
    number = group.number
    if number is None:
        return False
    if number.other is not None and number.other == number.value:
        return True
    after = text[number.span.end : min(end, number.span.end + 80)]
    before = text[max(start, number.span.start - 60) : number.span.start]
    return bool(_EACH.search(after)) or bool(_EACH_BEFORE.search(before))


def is_subset(group: People, text: str, start: int) -> bool:
    """Whether a group is named as a part of another ("including four women")."""
    return bool(SUBSET.search(text, max(start, group.start - 40), group.start)) or bool(re.match(r"(?: \w+)? of (?:them|whom)\b", text[group.end : group.end + 12]))


def counts_of(groups: Iterable[People], text: str, clause_starts: dict[People, int], *, remains: bool) -> tuple[DraftCount, ...]:
    """
    The counts of one direction: the total, the parts that the text states, and a sum where only parts are stated.

    Groups come in the order of the text, the most important clauses first; a number that stands beside another of a different
    category in one list ("270 servicemen and 120 civilians") is a part.
    """
    groups = list(groups)
    listed = _listed(groups, text)
    totals: list[People] = []
    parts: dict[Category, People] = {}
    for group in groups:
        category = group.category
        if is_subset(group, text, clause_starts[group]):
            if category in _AXES or category in {Category.CIVILIAN, Category.MILITARY, Category.BODIES, Category.HOSTAGES}:
                parts.setdefault(category, group)
        elif group in listed:
            parts.setdefault(Category.PRISONERS if category is Category.TOTAL else category, group)
        elif category in _AXES and totals:
            parts.setdefault(category, group)
        else:
            totals.append(group)
    exclusive = [category for category in parts if category in _EXCLUSIVE]
    largest = max((_value(parts[category]) or 0 for category in exclusive if parts[category] in listed), default=0)
    totals = [group for group in totals if (_value(group) or largest) >= largest]
    summed = sum(_value(parts[category]) or 0 for category in exclusive)
    total = _best_total(totals, summed if len(exclusive) >= 2 else None)
    counts: list[DraftCount] = []
    if total is not None:
        counts.append(DraftCount(category=Category.TOTAL, number=_id(total)))
        if total.category is Category.BODIES or (remains and total.bodies):
            parts.setdefault(Category.BODIES, total)
    elif len(exclusive) >= 2:
        counts.append(DraftCount(category=Category.TOTAL, summed=True))
    elif len(parts) == 1:
        counts.append(DraftCount(category=Category.TOTAL, number=_id(next(iter(parts.values())))))
    top = _value(total) if total is not None else None
    for category, group in parts.items():
        value = _value(group)
        if top is None or value is None or value <= top:
            counts.append(DraftCount(category=category, number=_id(group)))
    return tuple(counts)


def _id(group: People) -> str | None:
    return group.number.id if group.number is not None else None


def _value(group: People) -> int | None:
    return group.number.value if group.number is not None else None


def _listed(groups: list[People], text: str) -> set[People]:
    """Groups that stand side by side as parts of one whole."""
    listed: set[People] = set()
    for one, other in zip(sorted(groups, key=lambda g: g.start), sorted(groups, key=lambda g: g.start)[1:], strict=False):
        between = text[one.end : other.start]
        if one.category is not other.category and len(between) < 130 and re.fullmatch(
            r"(?:,? (?:who|that|held|convicted|serving|from|in|of|captured|whose)\b[^.;]*?)?\s*(?:,|,? (?:and|as well as|plus|along with|together with)|,? - and|,? [–—-] and)\s*(?:the (?:remains|bodies) of\s*)?(?:also\s*)?(?:some|about|around|another|at least|more than)?\s*",
            between,
        ):
            listed |= {one, other}
    return listed


def _best_total(groups: list[People], summed: int | None) -> People | None:
    if not groups:
        return None
    times = Counter(_value(group) for group in groups if _value(group) is not None)
    if summed is not None and times.get(summed):
        return next(group for group in groups if _value(group) == summed)
    best = max(groups, key=lambda group: (_value(group) is not None, min(times[_value(group)], 3) if _value(group) is not None else 0, -groups.index(group)))
    first = groups[0]
    # A first number stands unless another is repeated more often: leads round, later paragraphs are about parts.
    return best if _value(first) is None or times[_value(best)] > times[_value(first)] else first


def number_of(group: People) -> Number | None:
    """The group's number."""
    return group.number
