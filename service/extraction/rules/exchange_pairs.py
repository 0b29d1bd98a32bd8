"""The second party of an event whose clauses name only one: another country's people, the group's own state, the other state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from service.domain.candidate import Candidates
from service.extraction.rules.exchange_events import is_armed
from service.extraction.rules.exchange_reading import Reading
from service.text.parties import lexicon


def with_another(pair: tuple[str, str], reading: Reading, candidates: Candidates) -> tuple[str, str]:
    """The main event's pair; where people of one other party go free, that one and the side that the article names most."""
    others = set(reading.nations) - set(pair) - {lexicon().homes.get(side) for side in pair}
    if len(others) != 1:
        return pair
    (other,) = others
    named = Counter(party.name for party in candidates.parties if party.name in pair)
    if named[pair[0]] == named[pair[1]] or lexicon().homes.get(other) in pair:
        return pair
    side = max(pair, key=lambda name: named[name])
    return min(side, other), max(side, other)


def with_its_state(reading: Reading, candidates: Candidates, helpers: Collection[str]) -> tuple[str, str] | None:
    """An armed group that lets people go, nobody says to whom, and the state it is at home in, or that the article names most."""
    holders = {clue.holder for clue in reading.clues if clue.holder and clue.people is not None}
    armed = {party.name for party in candidates.parties if is_armed(party)}
    if len(holders) != 1 or not holders <= armed:
        return None
    (holder,) = holders
    states = lexicon().states
    named = Counter(p.name for p in candidates.parties if p.name in states and p.name not in set(helpers))
    home = lexicon().homes.get(holder)
    state = home if home in named else max(named, key=lambda name: named[name], default=None)
    return None if state is None else (min(holder, state), max(holder, state))


def with_the_other(reading: Reading, candidates: Candidates, helpers: Collection[str]) -> tuple[str, str] | None:
    """The one state that frees people or whose people are freed, and the state that the article names most beside it."""
    states = lexicon().states
    known = {party for clue in reading.clues for party in (clue.holder, clue.receiver) if party}
    known = known or set(reading.nations)
    if len(known) != 1 or not known <= states or not (reading.clues or reading.nations):
        return None
    (one,) = known
    named = Counter(p.name for p in candidates.parties if p.name in states and p.name not in set(helpers) | known)
    ranked = named.most_common(2)
    if not ranked or ranked[0][1] < 2 or (len(ranked) > 1 and ranked[1][1] * 2 > ranked[0][1]):
        return None
    return min(one, ranked[0][0]), max(one, ranked[0][0])
