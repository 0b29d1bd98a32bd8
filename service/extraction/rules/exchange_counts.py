"""Which numbers belong to which direction of an exchange, and which of them is the total."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise

from service.domain.candidate import Qualifier
from service.domain.draft import Category, DraftCount, Scope
from service.extraction.rules.exchange_cue import Cue
from service.extraction.rules.exchange_people import People
from service.extraction.rules.exchange_words import SUBSET

CUMULATIVE = Cue(
    r"\b(?:in total since|so far|since (?:the (?:start|beginning|outbreak)|then|\d{4}|january|february|march|april|may"
    r"|june|july|august|september|october|november|december"
    r"|last|early|the full)|to date|over the (?:past|last)|during the war|have (?:now )?(?:been )?(?:returned|released"
    r"|exchanged) since|overall|previously|altogether|all told|already been|throughout|(?:\d+|dozens of|several|many"
    r"|(?:six|seven|eight|nine)?t(?:en|y)(?:-\w+)?) (?:such |prisoner |previous |other )?"
    r"(?:exchanges|swaps))\b"
)
HELD = Cue(
    r"\b(?:still (?:held|being held|in|holding|holds|captive|missing|hold)|remain(?:s|ed|ing)? (?:in|captive|held|behind"
    r"|prisoners?)|(?:prisoners|captives|hostages|detainees|people) remain|(?:is|are|was|were) (?:still )?(?:believed"
    r"|thought|known|estimated|said) to (?:be|have|hold)"
    r"|holds?(?= (?:about|some|around|more|at|up|an|\d))|(?:is|are) holding|were (?:killed|kidnapped|captured|abducted"
    r"|seized|taken)|was (?:killed|kidnapped|captured|abducted)|none of (?:them|whom)|taken hostage"
    r"|took\b[^.;]{0,40}(?:hostage|captive"
    r"|prisoner)\b|seized|captured (?:by|in|during)|unaccounted"
    r"|killed|sentenced|arrested|(?:are|is) (?:being )?held|been held for|in captivity\b(?! in exchange)|missing)\b"
)
_SINCE_HELD = Cue(r"\b(?:held|detained|jailed|imprisoned|captive|prisoners?|captured|missing)\b[^.;]{0,45}\bsince\b")
_BOTH_SIDES = Cue(
    r"\b(?:between (?:them|the two)|(?:across|from|by|of) both (?:sides|countries|parties)(?: of)?(?! (?:said|say|confirm))"
    r"|in total\b|a total of .{0,40}(?:from both|both sides)|combined|both ways|split between|divided between)\b"
)
_FIRST_OF = Cue(
    r", (?:the|a|an)? ?(?:first|second|third|latest|last|initial|part)(?: (?:batch|group|phase|stage|part|tranche"
    r"|instal?lment|wave))?"
    r" of (?:a total of |the |some |about |more than |nearly )*$"
)
_EACH = Cue(
    r"^[^.;]{0,60}?\b(?:each(?: side| other| country| way| party)?|apiece|a side|(?:from|on|by"
    r"|to) (?:each|either|both) (?:side|sides|country|countries|party)|on each side|per side|from each)\b"
)
_EACH_BEFORE = Cue(
    r"\b(?:each|both(?: sides| countries| parties)?|either side|each side|each country|the two sides each"
    r"|each of the two)\b(?:(?! (?:say|said|agree that|confirm|claim|report|announce|stat|maintain"
    r"|insist)\w*\b)[^.;,]){0,50}$"
)
_EXCLUSIVE = (Category.MILITARY, Category.CIVILIAN, Category.HOSTAGES, Category.BODIES, Category.PRISONERS, Category.OTHER)
_PLAIN = frozenset({Category.TOTAL, Category.PRISONERS, Category.OTHER})
_AXES = (Category.WOMEN, Category.MEN, Category.CHILDREN, Category.WOUNDED)
_TELLING = frozenset({Category.BODIES, Category.MILITARY, Category.CIVILIAN, Category.CHILDREN, Category.WOUNDED})
"""Categories that say more of a total than that people were let go: they stand beside it, with its own number."""
_STATED_SUBSETS = frozenset({*_AXES, Category.CIVILIAN, Category.MILITARY, Category.BODIES, Category.HOSTAGES})


def scope_of(group: People, text: str, start: int, end: int) -> Scope:
    """Which whole a group's number belongs to, from the words around it in its clause (`start`, `end`: offsets of the clause)."""
    around = text[max(start, group.start - 70) : min(end, group.end + 60)]
    if _BOTH_SIDES.search(around):
        return Scope.BOTH_SIDES
    if _FIRST_OF.search(text[max(start, group.start - 50) : group.start]) and re.search(r"\d|, ", text[start : group.start]):
        return Scope.DEAL
    if not group.bodies and HELD.search(text[max(start, group.start - 30) : min(end, group.end + 45)]):
        released = re.search(
            r"\b(?:releas|freed|exchang|swap|hand(?:ed|ing) over|return|in exchange)",
            text[max(start, group.start - 60) : min(end, group.end + 40)],
            re.IGNORECASE,
        )
        if not released:
            return Scope.HELD
    if CUMULATIVE.search(around) and not _SINCE_HELD.search(around):
        return Scope.CUMULATIVE
    return Scope.ACT


def is_grand_total(group: People, text: str) -> bool:
    """Whether a number is of all people of an exchange ("430 people in all"), where nothing says which way they went."""
    return bool(re.match(r"(?: in all| all told| in total| altogether)\b", text[group.end : group.end + 14])) or bool(
        re.search(r"\b(?:in all|all told|in total|altogether),? $", text[max(0, group.start - 14) : group.start].lower())
    )


def shares_of(groups: list[People], text: str, start: int, end: int) -> dict[People, Scope]:
    """Groups of one clause whose number is that of each side (`ACT`) or of the two together (`BOTH_SIDES`); others are left out.

    `groups` stand in the order of the text. "390 each", "65-for-65"; what is listed with such a number or is a part of it
    shares it ("each freed 215, 160 of them soldiers"); a larger number before it is the whole ("1,200 prisoners, 600"
        " each").
    """
    counted = [group for group in groups if group.number is not None]
    shares: dict[People, Scope] = {}
    listed = _listed(counted, text)
    for place, group in enumerate(counted):
        limit = counted[place + 1].start if place + 1 < len(counted) else end
        if _HALVED.match(text[group.end : limit].lower()):
            shares[group] = Scope.BOTH_SIDES
        elif _is_each(group, text, start, limit):
            shares[group] = Scope.ACT
    for one, other in reversed([*pairwise(counted)]):
        if one in listed and other in listed and shares.get(other) is Scope.ACT and _stand_together(one, other, text):
            shares.setdefault(one, Scope.ACT)
        elif _is_after(other, shares, text, start) and _is_whole(one, other, text):
            shares[one] = Scope.BOTH_SIDES
    for one, other in pairwise(counted):
        part = is_subset(other, text, start) or (one in listed and other in listed and _stand_together(one, other, text))
        if part and shares.get(one) is Scope.ACT:
            shares.setdefault(other, Scope.ACT)
    return shares


_HALVED = re.compile(
    r"[^.;]{0,40}?,? (?:with )?half (?:of (?:them|these|those|whom) )?(?:\w+ )?(?:(?:from|on|by|to) each|each)\b"
)
_APART = re.compile(r"\b(?:releas|freed|exchang|swap|hand(?:ed|ing)|return|receiv|traded|got|gave|sent)|[.;]", re.IGNORECASE)


def _is_after(group: People, shares: Mapping[People, Scope], text: str, start: int) -> bool:
    """Whether "each" stands behind a group's own number, so that a number before it may be the whole."""
    number = group.number
    if number is None or shares.get(group) is not Scope.ACT:
        return False
    return bool(_EACH.search(text[number.span.end : number.span.end + 80])) or bool(
        _EACH_BEFORE.search(text[max(start, number.span.start - 25) : number.span.start])
    )


def _is_whole(one: People, other: People, text: str) -> bool:
    """Whether `one` is the number that `other`, each side's, is a share of: larger, and no other act between the two."""
    top, part = _value(one), _value(other)
    return top is not None and part is not None and part < top and not _APART.search(text[one.end : other.start])


def _stand_together(one: People, other: People, text: str) -> bool:
    return one.category is not other.category and not re.search(r"[.;:]", text[one.end : other.start])


def _is_each(group: People, text: str, start: int, end: int) -> bool:
    number = group.number
    if number is None:
        return False
    if number.other is not None and number.other == number.value:
        return True
    after = text[number.span.end : min(end, number.span.end + 80)]
    before = text[max(start, number.span.start - 60) : number.span.start]
    return bool(_EACH.search(after)) or bool(_EACH_BEFORE.search(before))


_OF_THEM = ("of them ", "of whom ")


def is_subset(group: People, text: str, start: int) -> bool:
    """Whether a group is named as a part of another ("including four women")."""
    return (
        (group.part and (not group.words or group.category is Category.OTHER))
        or group.words.startswith(("of the ", "of these ", "of those ", *_OF_THEM))
        or bool(SUBSET.search(text, max(start, group.start - 40), group.start))
        or bool(re.match(r"(?: \w+)? of (?:them|whom)\b", text[group.end : group.end + 12]))
    )


def counts_of(groups: list[People], text: str, clause_starts: Mapping[People, int]) -> tuple[DraftCount, ...]:
    """The counts of one direction: the total, the parts that the text states, and a sum where only parts are stated.

    Groups come in the order of the text; a number that stands beside another of a different category in one list
    ("270 servicemen and 120 civilians") is a part.
    """
    parts, totals = _parts_and_totals(groups, text, clause_starts)
    totals = _without_living_and_dead(parts, totals)
    exclusive = [category for category in parts if category in _EXCLUSIVE]
    alike = len({_qualifier(parts[category]) for category in exclusive}) == 1  # "at least 1,200 and up to 6,000" have no sum
    summed = sum(_value(parts[category]) or 0 for category in exclusive) if len(exclusive) >= 2 and alike else None
    total = _best_total(totals, summed, text)
    counts: list[DraftCount] = []
    if total is not None:
        counts.append(DraftCount(category=Category.TOTAL, number=_id(total)))
        if total.bodies:
            parts[Category.BODIES] = total
    elif summed is not None:
        counts.append(DraftCount(category=Category.TOTAL, summed=True))
    elif len(parts) == 1:
        counts.append(DraftCount(category=Category.TOTAL, number=_id(next(iter(parts.values())))))
    for group in totals:
        if _FEMALE.match(group.words) and group.category in {
            Category.MILITARY,
            Category.HOSTAGES,
            Category.PRISONERS,
            Category.OTHER,
        }:
            parts.setdefault(Category.WOMEN, group)
        told = group is not total or (group.category in _TELLING and _value(group) != 1)
        if told and group.category not in _PLAIN and not _GENERIC.search(group.words):
            parts.setdefault(group.category, group)
    top = _value(total) if total is not None else None
    for category, group in parts.items():
        value = _value(group)
        if top is None or value is None or value < top or (value == top and category in _TELLING | {Category.WOMEN}):
            counts.append(DraftCount(category=category, number=_id(group)))
    return tuple(counts)


def _parts_and_totals(
    groups: list[People], text: str, clause_starts: Mapping[People, int]
) -> tuple[dict[Category, People], list[People]]:
    """Groups that are parts, by category, and groups that may be the total: none of these is smaller than a listed part."""
    listed = _listed(groups, text)
    totals: list[People] = []
    parts: dict[Category, People] = {}
    for group in groups:
        if is_subset(group, text, clause_starts[group]):
            if group.category in _STATED_SUBSETS:
                parts.setdefault(group.category, group)
        elif group in listed:
            parts.setdefault(Category.PRISONERS if group.category is Category.TOTAL else group.category, group)
        elif group.category in _AXES and totals:
            parts.setdefault(group.category, group)
        else:
            totals.append(group)
    largest = max((_value(g) or 0 for c, g in parts.items() if g in listed and c in _EXCLUSIVE), default=0)
    return parts, [group for group in totals if (_value(group) or largest) >= largest]


_TOGETHER = 600
"""Characters between a number of the living and one of the dead that are given back in one act."""


def _without_living_and_dead(parts: dict[Category, People], totals: list[People]) -> list[People]:
    """The totals, where the living and the dead were given back side by side ("five prisoners", then "the remains of 199").

    The two become `parts`, of a total that is their sum; a total that states that sum itself is kept.
    """
    valued = [group for group in totals if _value(group)]
    dead = next((group for group in valued if group.bodies), None)
    living = next((group for group in valued if not group.bodies and group.category is not Category.TOTAL), None)
    if dead is None or living is None or abs(dead.start - living.start) > _TOGETHER:
        return totals
    stated = [g for g in totals if _value(g) == (_value(dead) or 0) + (_value(living) or 0)]
    for group, category in ((dead, Category.BODIES), (living, living.category)):
        parts.setdefault(category, group)
    return stated


def _qualifier(group: People) -> Qualifier | None:
    return group.number.qualifier if group.number is not None else None


def _id(group: People) -> str | None:
    return group.number.id if group.number is not None else None


def _value(group: People) -> int | None:
    return group.number.value if group.number is not None else None


def _listed(groups: list[People], text: str) -> set[People]:
    """Groups that stand side by side as parts of one whole."""
    listed: set[People] = set()
    for one, other in zip(sorted(groups, key=lambda g: g.start), sorted(groups, key=lambda g: g.start)[1:], strict=False):
        between = text[one.end : other.start]
        if (
            one.category is not other.category
            and not other.words.startswith(_OF_THEM)
            and Category.TOTAL not in {one.category, other.category}
            and len(between) < 130
            and re.fullmatch(
                r"(?:,? (?:who|that|held|convicted|serving|from|in|of|captured|whose)\b[^.;]*?)?\s*(?:,|,? (?:and"
                r"|as well as|plus|along with|together with)|,? - and|,? [–—-] and)\s*(?:(?:also "
                r"|then )?(?:handed (?:over|back)|returned|released|freed|gave (?:back|up))\s*)?"
                r"(?:the (?:remains|bodies) of\s*)?(?:also\s*)?(?:some|about|around|another|at least|more than)?\s*",
                between,
            )
        ):
            listed |= {one, other}
    return listed


_FEMALE = re.compile(r"(?:[a-z]+ ){0,2}?(?:female|women|woman)\b(?! and)")
_GENERIC = re.compile(
    r"\b(?:prisoners?|captives?|detainees?|hostages?|people|persons|individuals|pows?|bodies|remains|others|inmates)\b"
)


def _best_total(groups: list[People], summed: int | None, text: str) -> People | None:
    """The group that states a direction's total: "a total of", the sum of the parts, a general word, the number said most often."""
    if not groups:
        return None
    times = Counter(_value(group) for group in groups)
    sums = {
        (_value(one) or 0) + (_value(other) or 0)
        for one, other in pairwise(groups)
        if re.fullmatch(r",? and (?:another |some )?", text[one.end : other.start])
    }
    largest = max((_value(group) or 0 for group in groups), default=0)

    def worth(group: People) -> tuple[bool, bool, int, int, int]:
        value = _value(group)
        said = bool(
            re.search(r"\b(?:a total of|in all|totalling|totaling)\s+$", text[max(0, group.start - 14) : group.start])
        )
        general = not group.words or bool(_GENERIC.search(group.words))
        small = value is not None and value * 3 < largest
        return (
            said or (summed is not None and value == summed) or (value is not None and value in sums),
            value is not None,
            0 if small and not general else 1,
            min(times[value], 3),
            -groups.index(group),
        )

    best = max(groups, key=worth)
    return None if summed is not None and _value(best) is None else best
