"""The transfers of one event: its two directions with the numbers and the people that its clauses put into each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from service.domain.candidate import Candidates, Mention, MentionKind
from service.domain.draft import Category, DraftCount, DraftTransfer, Scope
from service.domain.evidence import span_of
from service.extraction.rules.exchange_counts import counts_of, is_grand_total, is_subset, scope_of, shares_of
from service.extraction.rules.exchange_direction import directions
from service.extraction.rules.exchange_grouping import Event
from service.extraction.rules.exchange_people import People
from service.extraction.rules.exchange_reading import Reading
from service.text.parties import lexicon

SURE = 0.8
"""A score from which on a person without a number is put into a direction."""
HINTED = 0.4
"""A score that rests on nothing but who speaks; a part's whole says more."""
UNSURE = 0.3
"""A score below which a number has no direction."""
_ONE = re.compile(r"\b(?:an?|one|a single)\s+(?:[\w'’-]+\s+){0,4}$")
_PLURAL = re.compile(r"(?:s|men|people|children|personnel|women|remains|troops)$")
_AMONG = re.compile(
    r"(?:^|[,;] )\s*(?:[Aa]mong|[Oo]f) (?:the|them|those|these)\b[^.;,]{0,40}?(?:,|\bwere|\bare"
    r"|\bwas)[^.;]{0,40}$"
)
_SPEAKS = re.compile(r"(?: (?:in|of|from) (?:[\w-]+ ){1,3}?)?,? ?(?:said|says|told|announced|added|warned)\b")
_SAYS = re.compile(r"[^.;]{0,40}?\b(?:said|says|confirmed|announced|reported|told|stated|claimed)\b")


@dataclass
class Sorted:
    """The groups of an event by direction (0: from the first party of the pair to the second); a formula "X for Y" apart."""

    numbered: tuple[list[People], list[People]] = field(default_factory=lambda: ([], []))
    named: tuple[list[People], list[People]] = field(default_factory=lambda: ([], []))
    formula: People | None = None


@dataclass(frozen=True)
class Transfers:
    """The transfers, the candidates with the mentions added for them, and who held whom: head noun to party.

    `lead` is the party that the first people told of were held by.
    """

    candidates: Candidates
    transfers: tuple[DraftTransfer, ...]
    holders: Mapping[str, str] = field(default_factory=dict)
    lead: str | None = None


def transfers_of(
    event: Event,
    candidates: Candidates,
    reading: Reading,
    pair: tuple[str, str],
    *,
    hostages: bool,
    mutual: bool,
    holders: Mapping[str, str],
    lead: str | None = None,
) -> Transfers:
    """One transfer a direction; only the one that has people where the event is not `mutual`.

    Numbers that count both sides together, people still held or all since a day are put nowhere. `holders` says for a head
    noun ("prisoners") whose they were in the article's main event, where a later clause does not say it again; `lead` who let
    the first go there.
    """
    clauses = {person: (clause.start, clause.end) for clause in reversed(event.clauses) for person in clause.row.people}
    order = [person for clause in event.clauses for person in clause.row.people]
    armed = {party.name for party in candidates.parties if party.form == "group"}
    score = directions(reading, order, pair, hostages=hostages, armed=armed)
    for person in order:
        if abs(score[person]) < UNSURE and person.number is not None and _head(person) in holders:
            score[person] = 0.5 * ((holders[_head(person)] == pair[0]) - (holders[_head(person)] == pair[1]))
    score = score | _with_their_whole(order, clauses, score, candidates.text)
    placed = _sorted_out(order, clauses, score, reading, candidates.text)
    if not mutual and lead in pair and not any(placed.numbered):
        # "Twenty-one were released last year": by whom is not said again, nor which way
        way = 0.5 if lead == pair[0] else -0.5
        open_ = {p: way for p in order if p.number is not None and p not in reading.combined}
        placed = _sorted_out(order, clauses, score | open_, reading, candidates.text)
    starts = {person: start for person, (start, _) in clauses.items()}
    made: list[DraftTransfer] = []
    for way, (holder, receiver) in enumerate((pair, pair[::-1])):
        near = event.clauses[0].start
        receiver = _own_country(placed, way, pair, candidates) or receiver
        released, returned = _reference(candidates, holder, near), _reference(candidates, receiver, near)
        if released is None or returned is None:
            continue
        counts = counts_of(placed.numbered[way], candidates.text, starts)
        people = _distinct(placed.named[way])
        if not counts and placed.formula is not None and placed.formula.number is not None:
            counts = (DraftCount(category=Category.TOTAL, number=placed.formula.number.id, side=way),)
        if not counts and not people:
            described = _described(order, clauses, score, way, candidates.text)
            if described is not None:
                candidates, people = _with_mention(candidates, described)
        if not counts and people:
            counts = (DraftCount(category=Category.TOTAL, people=people),)
        if not mutual and not placed.numbered[way] and not (people and not placed.numbered[1 - way]):
            continue
        counts = tuple(_claimed(count, clauses, event, candidates) for count in counts)
        made.append(DraftTransfer(released_by=released, returned_to=returned, counts=counts, people=people))
    forth, back = ({*placed.numbered[way], *placed.named[way]} for way in (0, 1))
    first = next((p for p in order if p in forth or p in back), None)
    way = 0 if first is None or first in forth else 1
    return Transfers(candidates, tuple(made), _holders(placed, pair), None if first is None else pair[way])


def _own_country(placed: Sorted, way: int, pair: tuple[str, str], candidates: Candidates) -> str | None:
    """The third country whose people an armed group lets go home ("the rebels freed 48 Iranians for 2,130 prisoners")."""
    groups = [g for g in placed.numbered[way] + placed.named[way] if not g.part]
    nations = {g.nationality for g in groups}
    armed = {party.name for party in candidates.parties if party.form == "group"}
    if len(nations) != 1 or pair[way] not in armed or pair[1 - way] in armed:
        return None
    nation = nations.pop()
    homes = lexicon().homes
    if nation is None or nation in pair or nation in armed or homes.get(pair[way]) == nation:
        return None
    return nation if nation in lexicon().states else None


def _with_their_whole(
    order: list[People], clauses: Mapping[People, tuple[int, int]], score: Mapping[People, float], text: str
) -> dict[People, float]:
    """For parts without a direction of their own ("33 of them minors", "among the 118 were 14 women") the score of their whole."""
    found: dict[People, float] = {}
    whole: People | None = None
    sure: dict[int | None, People] = {}
    for person in reversed(order):
        if person.number is not None and abs(score.get(person, 0.0)) >= UNSURE:
            sure[person.number.value] = person
    for person in dict.fromkeys(order):
        if person.number is None:
            continue
        if not is_subset(person, text, clauses[person][0]) and not _is_inverted(person, clauses[person][0], text):
            again = text[max(0, person.start - 5) : person.start].lower().endswith("the ")
            whole = person if abs(score.get(person, 0.0)) >= UNSURE or not again else sure.get(person.number.value, person)
        elif whole is not None and abs(score.get(person, 0.0)) <= HINTED < abs(score.get(whole, 0.0)):
            found[person] = score.get(whole, 0.0) * 0.9
    return found


def _is_inverted(person: People, start: int, text: str) -> bool:
    return bool(_AMONG.search(text[start : person.start]))


def _sorted_out(
    order: list[People],
    clauses: Mapping[People, tuple[int, int]],
    score: Mapping[People, float],
    reading: Reading,
    text: str,
) -> Sorted:
    placed = Sorted()
    told = (
        {clue.people for clue in reading.clues}
        | set(reading.moved)
        | {person for pair in reading.opposites for person in pair}
    )
    shares = _shares(order, clauses, text)
    told_each = {clauses[person] for person in shares}  # these clauses say whose "each" is
    directed = {clue.people for clue in reading.clues}
    elsewhere = _parts_of_others(order, clauses, text)
    for person in dict.fromkeys(order):
        if (
            person in elsewhere
            or shares.get(person) is Scope.BOTH_SIDES
            or (person not in directed and is_grand_total(person, text))
        ):
            continue
        if person.number is not None and person not in told and person.number.span.text.lower() in {"a", "an"}:
            continue  # "a soldier" of whom nothing is said is nobody who went free
        way = 0 if score.get(person, 0.0) > 0 else 1
        sureness = abs(score.get(person, 0.0))
        if person.mention is not None:
            if sureness >= SURE and person in told:
                placed.named[way].append(person)
        elif person.number is not None and scope_of(person, text, *clauses[person]) is Scope.ACT:
            if person.number.other is not None:
                placed.formula = placed.formula or person
            elif person.nationality is None and (
                person in shares or (person in reading.both and clauses[person] not in told_each)
            ):
                placed.numbered[0].append(person)
                placed.numbered[1].append(person)
            elif sureness >= UNSURE and person not in reading.combined:
                placed.numbered[way].append(person)
    if reading.same:
        _fill_same(placed)
    _fill_opposite(placed, [p for p in dict.fromkeys(order) if p not in shares], clauses, text)
    return placed


def _parts_of_others(order: list[People], clauses: Mapping[People, tuple[int, int]], text: str) -> set[People]:
    """Parts of a number that is no act's ("33 remain in prison, three of them civilians")."""
    found: set[People] = set()
    whole: People | None = None
    for person in dict.fromkeys(order):
        if person.number is None:
            continue
        if not is_subset(person, text, clauses[person][0]):
            whole = person
        elif (
            whole is not None
            and clauses[whole] == clauses[person]
            and scope_of(whole, text, *clauses[whole]) not in {Scope.ACT, Scope.BOTH_SIDES}
        ):
            found.add(person)
    return found


def _shares(order: list[People], clauses: Mapping[People, tuple[int, int]], text: str) -> dict[People, Scope]:
    by_clause: dict[tuple[int, int], list[People]] = {}
    for person in dict.fromkeys(order):
        by_clause.setdefault(clauses[person], []).append(person)
    return {
        p: scope for (start, end), groups in by_clause.items() for p, scope in shares_of(groups, text, start, end).items()
    }


def _head(person: People) -> str:
    words = person.words.split()
    return words[-1] if words else ""


def _holders(placed: Sorted, pair: tuple[str, str]) -> dict[str, str]:
    """Head nouns that stand in one direction only, with the party that held them."""
    first, second = ({_head(p) for p in groups} for groups in placed.numbered)
    return {noun: pair[0] for noun in first - second if noun} | {noun: pair[1] for noun in second - first if noun}


def _fill_same(placed: Sorted) -> None:
    """Where "the same number" went the other way, the direction without a number takes the other's."""
    for one, other in (placed.numbered, placed.numbered[::-1]):
        stated = next((g for g in other if g.number is not None and g.number.value is not None), None)
        if not one and stated is not None:
            one.append(stated)
            return


_OTHER_WAY = re.compile(
    r"(?: (?:were|was))? (?:went|walked|crossed|travelled|traveled|passed|moved|driven|flown|sent)"
    r" (?:north|south|east|west|(?:in )?the (?:other|opposite) (?:way|direction))(?:wards?)?\b"
)


def _fill_opposite(placed: Sorted, groups: list[People], clauses: Mapping[People, tuple[int, int]], text: str) -> None:
    """Where one side's people came home and a number "went south", the direction without a number takes it."""
    for one, other in (placed.numbered, placed.numbered[::-1]):
        if one or not other:
            continue
        gone = [g for g in groups if g.number is not None and g not in other and _OTHER_WAY.match(text, g.end)]
        gone = [g for g in gone if scope_of(g, text, *clauses[g]) is Scope.ACT]
        if gone:
            parts = [g for g in groups if clauses[g] == clauses[gone[0]] and is_subset(g, text, clauses[g][0])]
            one += [gone[0], *(g for g in parts if g.number is not None and g.start > gone[0].end)]
            return


def _described(
    order: list[People],
    clauses: Mapping[People, tuple[int, int]],
    score: Mapping[People, float],
    way: int,
    text: str,
) -> People | None:
    """One person of this direction who is described and not named ("an Iranian diplomat")."""
    for person in order:
        value = score.get(person, 0.0) * (1 if way == 0 else -1)
        if _SPEAKS.match(text, person.end):
            continue
        if person.number is None and person.mention is None and value >= SURE and not _PLURAL.search(person.words):
            before = text[max(clauses[person][0], person.start - 50) : person.start]
            if _ONE.search(before):
                return person
    return None


def _with_mention(candidates: Candidates, person: People) -> tuple[Candidates, tuple[str, ...]]:
    known = next((m for m in candidates.mentions if m.span.start == person.start and m.span.end == person.end), None)
    if known is not None:
        return candidates, (known.id,)
    span = span_of(candidates.text, person.start, person.end)
    mention = Mention(f"M{len(candidates.mentions) + 1}", span, MentionKind.UNNAMED)
    return candidates.with_more(mentions=(mention,)), (mention.id,)


def _distinct(people: list[People]) -> tuple[str, ...]:
    """Mentions of different persons, the first of each."""
    kept: dict[str, str] = {}
    for person in people:
        if person.mention is not None:
            kept.setdefault(person.mention.entity or person.mention.id, person.mention.id)
    return tuple(kept.values())


def _reference(candidates: Candidates, party: str, near: int) -> str | None:
    """The id of the mention of a party that stands nearest; a name rather than an adjective."""
    exact = [p for p in candidates.parties if p.name == party]
    usable = [p for p in exact if p.form != "adjective"] or exact
    return min(usable, key=lambda p: abs(p.span.start - near)).id if usable else None


def _claimed(
    count: DraftCount, clauses: Mapping[People, tuple[int, int]], event: Event, candidates: Candidates
) -> DraftCount:
    """The count with who states it ("the ministry said 63 ... returned") and, for a deal, its scope."""
    scope = Scope.DEAL if event.role == "deal" else count.scope
    stated = next((p for p in clauses if p.number is not None and p.number.id == count.number), None)
    if stated is None:
        return replace(count, scope=scope)
    start = clauses[stated][0]
    sources = [
        m
        for m in candidates.mentions
        if start <= m.span.start and m.span.end < stated.start and m.kind is not MentionKind.PRONOUN
    ]
    claimed = [m.id for m in sources if _SAYS.match(candidates.text[m.span.end : stated.start])]
    return replace(count, scope=scope, claimed_by=tuple(claimed[-1:]))
