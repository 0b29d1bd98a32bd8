"""The two parties of an event and the direction of each group of people: what most clues say."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable

from service.domain.draft import Category
from service.extraction.rules.exchange_people import People
from service.extraction.rules.exchange_reading import Reading
from service.text.parties import lexicon

_TOLD = 0.3
"""What a vote for one party alone is worth to a pair, beside a vote for the pair."""


def best_pair(reading: Reading) -> tuple[str, str] | None:
    """The two parties that most votes name, in alphabetical order; None where the clauses name fewer than two."""
    singles = _single_votes(reading)
    pairs = _pair_votes(reading)
    if pairs:
        most = sorted(singles, key=lambda party: -singles[party])[:2]  # told of most, though no one clause names them both
        keys = [*pairs, _key(most[0], most[1])] if len(most) == 2 else [*pairs]
        best = max(keys, key=lambda key: pairs[key] + _TOLD * (singles[key[0]] + singles[key[1]]))
        return _with_groups(best, reading)
    if not singles or max(singles.values()) < 1:
        return None
    for party in reading.named:
        singles[party] += 0.15
    ranked = sorted(singles, key=lambda party: -singles[party])
    return (ranked[0], ranked[1]) if len(ranked) >= 2 else None


def _nation(people: People | None) -> str | None:
    return people.nationality if people is not None and not people.part else None


def _single_votes(reading: Reading) -> dict[str, float]:
    votes: dict[str, float] = defaultdict(float)
    for clue in reading.clues:
        for party in (clue.holder, clue.receiver):
            if party:
                votes[party] += clue.weight
        nation = _nation(clue.people)
        if nation:
            votes[nation] += 0.5
    for one, other, weight in reading.pairs:
        votes[one] += weight / 2
        votes[other] += weight / 2
    return votes


def _pair_votes(reading: Reading) -> dict[tuple[str, str], float]:
    votes: dict[tuple[str, str], float] = defaultdict(float)
    for clue in reading.clues:
        nation = _nation(clue.people)
        receiver = clue.receiver or (nation if nation != clue.holder else None)
        if clue.holder and receiver and clue.holder != receiver:
            votes[_key(clue.holder, receiver)] += clue.weight
    for one, other, weight in reading.pairs:
        if one != other:
            votes[_key(one, other)] += weight
    if not votes and len(nations := sorted(set(reading.nations))) == 2:
        votes[(nations[0], nations[1])] += 1.0  # "five Americans were flown out and five Iranians were let go"
    surest = sorted(reading.clues, key=lambda clue: clue.weight)  # the last, most telling one stays
    holders = {clue.people: clue.holder for clue in surest if clue.people is not None and clue.holder}
    for one_group, other_group in reading.opposites:
        sides = (
            (holders.get(one_group), holders.get(other_group), 2.5),
            (one_group.nationality, other_group.nationality, 1.5),
        )
        for first, second, weight in sides:
            if first and second and first != second:
                votes[_key(first, second)] += weight
    return votes


def _with_groups(pair: tuple[str, str], reading: Reading) -> tuple[str, str]:
    """The pair with the group in place of a state that is named as its people's nationality only ("Lebanese prisoners")."""
    holders = {clue.holder for clue in reading.clues if clue.holder}
    homes = lexicon().homes
    for state, other in (pair, pair[::-1]):
        group = next((h for h in sorted(holders) if homes.get(h) == state and h != other), None)
        if group is not None and state not in holders:
            return _key(group, other)
    return pair


def _key(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one <= other else (other, one)


def directions(
    reading: Reading, groups: Iterable[People], pair: tuple[str, str], *, hostages: bool, armed: Collection[str] = ()
) -> dict[People, float]:
    """A score for each group: above 0 it goes from the first party of the pair to the second, below 0 the other way, 0 unknown.

    `armed` are the armed groups among the parties; `hostages`: hostages are held by the armed group of the pair, prisoners by
    its state, where nothing else speaks.
    """
    one, other = pair
    score: dict[People, float] = defaultdict(float)
    for clue in reading.clues:
        if clue.people is not None:
            score[clue.people] += _vote(clue.holder, clue.receiver, one, other) * clue.weight
            score[clue.people] -= _vote(clue.holder, clue.receiver, other, one) * clue.weight
    homes = lexicon().homes
    ours, theirs = {one, homes.get(one)} - {other, None}, {other, homes.get(other)} - {one, None}
    # "four Russians held by Moscow" are released by their own country: who holds them says more than whose they are.
    own = {clue.people for clue in reading.clues if clue.people and clue.holder and clue.holder == clue.people.nationality}
    for group in groups:
        score[group] += (
            0.0 if group in own or group.part else 1.1 * ((group.nationality in theirs) - (group.nationality in ours))
        )
        score[group] += _by_custom(group, one, other, armed, hostages=hostages)
    told = {clue.people for clue in reading.clues}
    for first, second in reading.opposites:
        open_ = not {first, second} & told and not (first.nationality or second.nationality)
        if (open_ or max(abs(score[first]), abs(score[second])) < 0.3) and _same_number(first, second):
            score[first], score[second] = 0.5, -0.5  # "nine for nine": whichever way, each side let nine go
    for first, second in reading.opposites + [(b, a) for a, b in reading.opposites]:
        unsure = abs(score[second]) < 0.3 or (second not in told and not second.nationality and first in told)
        if unsure and abs(score[first]) > max(0.3, abs(score[second])):
            score[second] -= 0.9 * score[first]
    for group, source in reading.sources:
        # A side speaks first of its own people who came home.
        if abs(score[group]) < 0.3 and source in pair and group not in reading.combined:
            score[group] += 0.35 if source == other else -0.35
    return score


def _same_number(one: People, other: People) -> bool:
    return one.number is not None and other.number is not None and one.number.value == other.number.value is not None


def _vote(holder: str | None, receiver: str | None, one: str, other: str) -> float:
    """How far holder and receiver speak for `one` releasing to `other`."""
    if holder == one and receiver == other:
        return 1.5
    return 1.0 if holder == one or receiver == other else 0.0


_REBELS = re.compile(r"\b(?:rebels?|guerrillas?|insurgents?|separatists?|militants?|jihadists?|militiam[ae]n)\b")
_UNIFORMED = re.compile(r"\b(?:police(?:m[ae]n)?|gendarmes|government troops|police officers|army officers)\b")


def _by_custom(group: People, one: str, other: str, armed: Collection[str], *, hostages: bool) -> float:
    if (one in armed) == (other in armed):
        return 0.0
    sign = 1.0 if one in armed else -1.0
    if _REBELS.search(group.words):
        return -0.5 * sign
    if group.category is Category.MILITARY or _UNIFORMED.search(group.words):
        return 0.5 * sign
    if not hostages:
        return 0.0
    if group.category in {Category.HOSTAGES, Category.BODIES} or "hostage" in group.words:
        return 0.6 * sign
    if group.category in {Category.PRISONERS, Category.OTHER} and ("prisoner" in group.words or "detainee" in group.words):
        return -0.6 * sign
    return 0.0
