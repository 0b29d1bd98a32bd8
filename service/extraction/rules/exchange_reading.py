"""What the clauses of an event say about who had whom: votes, pairs of parties, groups set against each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from service.extraction.rules.exchange_people import People


@dataclass(frozen=True, slots=True)
class Clue:
    """One vote: `people` were with `holder` and go to `receiver` (either may be unknown)."""

    people: People | None
    holder: str | None
    receiver: str | None
    weight: float


@dataclass
class Reading:
    """What the rows of one event say about parties and people."""

    clues: list[Clue] = field(default_factory=list)
    pairs: list[tuple[str, str, float]] = field(default_factory=list)
    opposites: list[tuple[People, People]] = field(default_factory=list)
    both: list[People] = field(default_factory=list)
    combined: list[People] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    same: list[People] = field(default_factory=list)
    moved: list[People] = field(default_factory=list)
    sources: list[tuple[People, str]] = field(default_factory=list)
    nations: list[str] = field(default_factory=list)

    def add(self, people: Iterable[People], holder: str | None, receiver: str | None, weight: float) -> None:
        """A vote for every group; a party cannot release to itself."""
        if holder is not None and holder == receiver:
            receiver = None
        groups = list(people)
        if holder or receiver:
            self.clues += [Clue(group, holder, receiver, weight) for group in groups]
            if not groups and holder and receiver:
                self.clues.append(Clue(None, holder, receiver, weight / 2))
