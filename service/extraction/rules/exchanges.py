"""
The rules engine's exchanges: from an article's candidates to draft exchanges in references only.

Steps: early exit; clauses about an exchange; clauses to events; for each event the pair of parties, direction and numbers,
status and kind, date, place and third parties.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from service.domain.candidate import Candidates, Party
from service.domain.draft import (
    Category,
    DraftCount,
    DraftExchange,
    DraftTransfer,
    Scope,
    Status,
)
from service.extraction.rules.exchange_chunks import People, index_of
from service.extraction.rules.exchange_counts import counts_of, is_each, scope_of
from service.extraction.rules.exchange_direction import Reading, best_pair, directions, read_row
from service.extraction.rules.exchange_events import Event, clauses_of, group, is_about_release, is_candidate, names_swap
from service.extraction.rules.exchange_setting import CAPTIVES, COLUMN, date_of, places_of, third_parties_of
from service.extraction.rules.exchange_status import kind_of, status_of
from service.extraction.rules.exchange_words import SWAP_NOUN


def draft_exchanges(
    candidates: Candidates, *, published_at: date | None, title: str | None = None
) -> tuple[Candidates, tuple[DraftExchange, ...]]:
    """
    The exchanges that the article tells of, as references; the candidates with those that had to be added.

    An article that tells of none gives an empty tuple; the score of each is a rough probability in 0..1.
    """
    if not is_candidate(candidates.text):
        return candidates, ()
    names = _aliases(candidates.parties)
    index = index_of(candidates, names)
    clauses = clauses_of(candidates, index)
    swaps = [clause for clause in clauses if clause.strength >= 2]
    releases = [clause for clause in clauses if is_about_release(clause, candidates.text)]
    if not swaps and not releases:
        return candidates, ()
    swap = bool(swaps) or any(names_swap(clause, candidates.text) for clause in clauses)
    told: list[_Told] = []
    for event in group(clauses, candidates, published_at):
        found = _tell(event, candidates, published_at, title, swap=swap, names=names, before=told)
        if found is not None:
            told.append(found)
    return candidates, tuple(found.draft for found in told)


@dataclass(frozen=True)
class _Told:
    draft: DraftExchange
    pair: tuple[str, str] | None


def _aliases(parties: tuple[Party, ...]) -> dict[str, str]:
    """Names that mean one side in this article: "Palestinians" where Hamas acts, self-proclaimed republics of named separatists."""
    names = {party.name for party in parties}
    aliases: dict[str, str] = {}
    if "Hamas" in names:
        aliases |= {"Palestinians": "Hamas", "Islamic Jihad": "Hamas", "Palestinian Authority": "Hamas", "Popular Resistance Committees": "Hamas"}
    if "Bosnian Serbs" in names:
        aliases["Serbs"] = "Bosnian Serbs"
    if "Bosnia" in names:
        aliases["Bosnian Muslims"] = "Bosnia"
    separatists = next((n for n in names if n.startswith("pro-Russian") or n == "separatists"), None)
    if separatists:
        aliases |= {n: separatists for n in names if n.endswith("People's Republic") or n.startswith("pro-Russian")}
    return aliases


def _tell(
    event: Event, candidates: Candidates, published_at: date | None, title: str | None, *, swap: bool, names: dict[str, str], before: list[_Told]
) -> _Told | None:
    text = candidates.text
    name = _naming(names)
    strong = [clause for clause in event.clauses if clause.strength >= (1 if event.role == "main" else 0.4)]
    if not strong:
        return None
    reading = Reading()
    subject: str | None = None
    for clause in event.clauses:
        subject = read_row(clause.row, reading, name, subject)
    pair = best_pair(reading) or (before[0].pair if before else None)
    status = status_of([clause.tense for clause in strong], title if event.role == "main" else None)
    groups = [g for clause in event.clauses for g in clause.row.people]
    words = " ".join(clause.words(text) for clause in strong) + (f" {title}" if title and event.role == "main" else "")
    transfers: tuple[DraftTransfer, ...] = ()
    hostages = bool(re.search(r"\bhostages?\b", words, re.IGNORECASE))
    if pair is not None:
        transfers = _transfers(event, candidates, reading, pair, hostages=hostages, mutual=swap, names=names)
    kind = kind_of(groups, words, both_ways=len(transfers) == 2, swap_words=swap)
    if pair is None and not (swap and any(SWAP_NOUN.search(clause.words(text)) for clause in strong)):
        return None
    if not swap and not any(transfer.counts or transfer.people for transfer in transfers):
        return None
    spans = [(clause.start, clause.end) for clause in event.clauses]
    sited = spans + _columns(candidates) if event.role == "main" else spans
    sides = set(pair) if pair else set()
    start, end = date_of(spans, candidates, published_at, status)
    if event.role == "past":
        start, end = _own_date(event)
    elif event.role == "deal":
        status, start, end = Status.ONGOING, *_span_of_deal(event, candidates, published_at)
    draft = DraftExchange(
        evidence=tuple(dict.fromkeys(clause.row.sentence.id for clause in strong))[:6],
        kind=kind,
        status=Status.COMPLETED if event.role == "past" and status is not Status.FAILED else status,
        date_start=start,
        date_end=end,
        places=places_of(sited, candidates, sides),
        transfers=transfers,
        third_parties=third_parties_of(_widened(spans, candidates) if event.role == "main" else spans, candidates, sides),
        score=0.7 if strong and pair else 0.4,
    )
    return _Told(draft, pair)


def _columns(candidates: Candidates) -> list[tuple[int, int]]:
    """Sentences that show the captives on their way ("Prisoners filed off coaches at the X checkpoint")."""
    return [(s.span.start, s.span.end) for s in candidates.sentences if CAPTIVES.search(s.span.text) and COLUMN.search(s.span.text)]


def _widened(spans: list[tuple[int, int]], candidates: Candidates) -> list[tuple[int, int]]:
    """The clauses and every sentence that speaks of mediation."""
    extra = [(s.span.start, s.span.end) for s in candidates.sentences if re.search(r"\b(?:mediat|broker|intermediar)", s.span.text, re.IGNORECASE)]
    return spans + [span for span in extra if span not in spans]


def _span_of_deal(event: Event, candidates: Candidates, published_at: date | None) -> tuple[str | None, str | None]:
    """Start and end of a deal under way: the day it "started", the last day still to come, where its sentences say so."""
    start = end = None
    for clause in event.clauses:
        sentence = clause.row.sentence.id
        whole = next((s.span for s in candidates.sentences if s.id == sentence), None)
        if whole is None:
            continue
        for mention in candidates.dates:
            if mention.span is None or not whole.start <= mention.span.start < whole.end or mention.start is None:
                continue
            before = candidates.text[max(whole.start, mention.span.start - 30) : mention.span.start]
            if start is None and re.search(r"\b(?:start|began|begun|begin)\w*\b", before):
                start = mention.id
            elif mention.direction == "future" or (published_at is not None and mention.start > published_at.isoformat()):
                end = mention.id
    return start, end if start else None


def _own_date(event: Event) -> tuple[str | None, str | None]:
    for clause in event.clauses:
        for mention in clause.dates:
            if mention.start is not None:
                return mention.id, mention.id
    return None, None


def _naming(names: dict[str, str]) -> Callable[[str], str]:
    return lambda party: names.get(party, party)


def _reference(candidates: Candidates, party: str, names: dict[str, str], near: int) -> str | None:
    exact = [p for p in candidates.parties if p.name == party]
    usable = [p for p in exact if p.form != "adjective"] or exact
    return min(usable, key=lambda p: abs(p.span.start - near)).id if usable else None


def _transfers(
    event: Event, candidates: Candidates, reading: Reading, pair: tuple[str, str], *, hostages: bool, mutual: bool, names: dict[str, str]
) -> tuple[DraftTransfer, ...]:
    text = candidates.text
    starts: dict[People, int] = {}
    ends: dict[People, int] = {}
    for clause in event.clauses:
        for person in clause.row.people:
            starts.setdefault(person, clause.start)
            ends.setdefault(person, clause.end)
    score = directions(reading, starts, pair, hostages=hostages)
    sides: tuple[list[People], list[People]] = ([], [])
    named: tuple[list[People], list[People]] = ([], [])
    formula: People | None = None
    for person in starts:
        if person.mention is not None:
            if abs(score[person]) >= 0.8:
                named[0 if score[person] > 0 else 1].append(person)
            continue
        number = person.number
        if number is None:
            continue
        scope = scope_of(person, text, starts[person], ends[person])
        if scope in {Scope.CUMULATIVE, Scope.HELD, Scope.BOTH_SIDES}:
            continue
        if number.other is not None and formula is None:
            formula = person
            continue
        if (person in reading.both or is_each(person, text, starts[person], ends[person])) and person.nationality is None:
            sides[0].append(person)
            sides[1].append(person)
        elif abs(score[person]) >= 0.3 and person not in reading.combined:
            sides[0 if score[person] > 0 else 1].append(person)
    totals = [_stated(groups) for groups in sides]
    if reading.same:
        for way in (0, 1):
            stated = totals[1 - way]
            if not sides[way] and stated is not None:
                sides[way].append(stated)
    near = event.clauses[0].start
    made: list[DraftTransfer] = []
    for way, (holder, receiver) in enumerate((pair, pair[::-1])):
        released, returned = _reference(candidates, holder, names, near), _reference(candidates, receiver, names, near)
        if released is None or returned is None:
            continue
        counts = counts_of(sides[way], text, starts, remains=True)
        people = _distinct(named[way], candidates)
        if formula is not None and formula.number is not None and not counts:
            counts = (DraftCount(category=Category.TOTAL, number=formula.number.id, side=way),)
        if not counts and people:
            counts = (DraftCount(category=Category.TOTAL, people=people),)
        if not mutual and not (sides[way] or (people and not sides[1 - way] and _weight(score, way))):
            continue
        made.append(DraftTransfer(released_by=released, returned_to=returned, counts=counts, people=people))
    return tuple(made)


def _stated(groups: list[People]) -> People | None:
    return next((group for group in groups if group.number is not None and group.number.value is not None), None)


def _weight(score: dict[People, float], way: int) -> bool:
    return any((value > 0.3) if way == 0 else (value < -0.3) for value in score.values())


def _distinct(people: list[People], candidates: Candidates) -> tuple[str, ...]:
    """Mentions of different persons, the first of each."""
    kept: dict[str, str] = {}
    for person in people:
        if person.mention is not None:
            kept.setdefault(person.mention.entity or person.mention.id, person.mention.id)
    return tuple(kept.values())

