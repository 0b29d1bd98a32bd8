"""The rules engine's exchanges: from an article's candidates to draft exchanges in references only.

Steps: early exit; clauses about an exchange; clauses to events; for each event the pair of parties, direction and numbers,
status and kind, date, place and third parties.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from service.domain.candidate import Candidates
from service.domain.draft import DraftExchange, DraftPlace, DraftTransfer, ExchangeKind, PlaceRole, Status
from service.extraction.rules.exchange_chunks import index_of
from service.extraction.rules.exchange_clues import read_row
from service.extraction.rules.exchange_direction import best_pair
from service.extraction.rules.exchange_events import (
    ATTEMPT,
    ActClause,
    clauses_of,
    is_candidate,
    names_swap,
    tells_of_one,
)
from service.extraction.rules.exchange_grouping import Event, group
from service.extraction.rules.exchange_helpers import helpers_of
from service.extraction.rules.exchange_mediators import mediations, third_parties_of
from service.extraction.rules.exchange_pairs import with_another, with_its_state, with_the_other
from service.extraction.rules.exchange_people import People
from service.extraction.rules.exchange_reading import Reading
from service.extraction.rules.exchange_setting import (
    columns,
    date_of,
    own_date,
    places_of,
    span_of_deal,
)
from service.extraction.rules.exchange_sides import sides_of, two_sides, with_the_west
from service.extraction.rules.exchange_site import site_in
from service.extraction.rules.exchange_status import IN_DOUBT, kind_of, staged, status_of
from service.extraction.rules.exchange_transfers import Transfers, transfers_of
from service.extraction.rules.exchange_words import OFFERED, SWAP_NOUN, TWO_WAYS
from service.text.parties import lexicon

_MOST_EVIDENCE = 20
_MOST_SPANS = 60
_MOST_EVENTS = 100
"""Bounds of an event's evidence, of the search for its dates, places and mediators, and of events; no real article reaches them."""


def draft_exchanges(
    candidates: Candidates, *, published_at: date | None, title: str | None = None
) -> tuple[Candidates, tuple[DraftExchange, ...]]:
    """The exchanges that the article tells of, as references; the candidates with those that had to be added.

    An article that tells of none gives an empty tuple; the score of each is a rough probability in 0..1.
    """
    if not is_candidate(candidates.text):
        return candidates, ()
    candidates = with_the_west(candidates, title)
    names = sides_of(candidates.parties)
    clauses = clauses_of(candidates, index_of(candidates, names))
    if not tells_of_one(clauses, candidates.text):
        return candidates, ()
    mutual = any(clause.strength >= 2 or names_swap(clause, candidates.text) for clause in clauses)
    article = _Article(published_at, title, mutual, names, helpers_of(candidates, clauses))
    article = replace(article, subjects=_subjects(clauses, article))
    told: list[_Told] = []
    events = group(clauses, candidates, published_at)
    if len(events) > _MOST_EVENTS:
        candidates = candidates.with_more(limits=(f"exchanges behind the first {_MOST_EVENTS}",))
        events = events[:_MOST_EVENTS]
    others = [event for event in events[1:] if event.role in {"past", "next", "gift"}]
    apart = tuple((clause.start, clause.end) for event in others for clause in event.clauses)
    article = replace(article, tells_more=any(event.role != "gift" for event in others), apart=apart)
    for event in events:
        found = _tell(event, candidates, article, told[0] if told and told[0].role == "main" else None)
        if found is not None:
            candidates = found.candidates
            told.append(found)
    return candidates, _as_parts(_of_one_kind(told))


def _of_one_kind(told: list[_Told]) -> list[_Told]:
    """The same, where two parties' exchange of hostages makes their other exchanges ones of hostages too."""
    pairs = {found.pair for found in told if found.draft.kind is ExchangeKind.HOSTAGES_FOR_PRISONERS} - {None}
    return [
        replace(found, draft=replace(found.draft, kind=ExchangeKind.HOSTAGES_FOR_PRISONERS))
        if found.pair in pairs and found.draft.kind is ExchangeKind.PRISONER_EXCHANGE
        else found
        for found in told
    ]


@dataclass(frozen=True)
class _Article:
    published_at: date | None
    title: str | None
    mutual: bool
    names: dict[str, str]
    helpers: frozenset[str] = frozenset()
    subjects: Mapping[int, str | None] = field(default_factory=dict)
    tells_more: bool = False
    apart: tuple[tuple[int, int], ...] = ()

    def side(self, party: str) -> str | None:
        """The side that a party's name means here; None for who only helps."""
        return None if party in self.helpers else self.names.get(party, party)


@dataclass(frozen=True)
class _Told:
    draft: DraftExchange
    role: str
    pair: tuple[str, str] | None
    candidates: Candidates
    holders: Mapping[str, str]
    lead: str | None = None


def _tell(event: Event, candidates: Candidates, article: _Article, main: _Told | None) -> _Told | None:
    """The event as a draft; None where the clauses name neither parties nor an exchange by its noun."""
    strong = [clause for clause in event.clauses if clause.strength >= (1 if event.role == "main" else 0.4)]
    if not strong:
        return None
    title = article.title if event.role == "main" else None
    words = " ".join([clause.words(candidates.text) for clause in strong] + [title or ""])
    reading = _read(event, article)
    pair = _pair_of(event, reading, strong, candidates, article, main)
    status = staged(strong[0].words(candidates.text)) or status_of([clause.tense for clause in strong], title)
    made = Transfers(candidates, ())
    mutual = event.role != "gift" and (_swaps(event, article, candidates.text) or _goes_both_ways(reading, pair))
    if pair is not None:
        hostages = bool(re.search(r"\bhostages?\b", words, re.IGNORECASE))
        holders = main.holders if main is not None and event.role in {"deal", "next"} else {}
        lead = main.lead if main is not None and event.role in {"past", "next"} else None
        made = transfers_of(event, candidates, reading, pair, hostages=hostages, mutual=mutual, holders=holders, lead=lead)
    if not _is_told(strong, made.transfers, pair, candidates.text, mutual=mutual):
        return None
    if (
        event.role == "next"
        and main is not None
        and main.role == "main"
        and _adds_nothing(event, made.transfers, candidates.text)
    ):
        return None
    if event.role == "deal" and not any(transfer.counts for transfer in made.transfers):
        return None
    spans = [(clause.start, clause.end) for clause in event.clauses][:_MOST_SPANS]
    evidence = tuple(dict.fromkeys(clause.row.sentence.id for clause in strong))
    limits = {
        f"sentences of an exchange behind the first {_MOST_SPANS}": len(event.clauses) > _MOST_SPANS,
        f"sentences of evidence behind the first {_MOST_EVIDENCE}": len(evidence) > _MOST_EVIDENCE,
    }
    first = event.role == "main"
    sides = set(pair or ())
    candidates = made.candidates.with_more(limits=tuple(what for what, is_reached in limits.items() if is_reached))
    status, (start, end) = _when(event, spans, candidates, article, status, main)
    groups = [person for clause in event.clauses for person in clause.row.people]
    candidates, places = _sited(event, strong, spans, candidates, sides, main, done=status is Status.COMPLETED)
    if status is Status.COMPLETED and mutual:
        places = _where(places, candidates, sides, article)
    helped = (
        spans
        if event.role in {"past", "gift"}
        else mediations(spans, candidates, near=not first, others=article.apart if first else ())
    )
    draft = DraftExchange(
        evidence=evidence[:_MOST_EVIDENCE],
        kind=kind_of(groups, words, both_ways=len(made.transfers) == 2, swap_words=mutual),
        status=status,
        date_start=start,
        date_end=end,
        places=places,
        transfers=made.transfers,
        third_parties=third_parties_of(helped, candidates, sides),
        score=_score(strong, made.transfers),
    )
    return _Told(draft, event.role, pair, candidates, made.holders, made.lead)


def _sited(
    event: Event,
    strong: list[ActClause],
    spans: list[tuple[int, int]],
    candidates: Candidates,
    sides: set[str],
    main: _Told | None,
    *,
    done: bool,
) -> tuple[Candidates, tuple[DraftPlace, ...]]:
    """The places of an event, and the candidates with the site of the hand-over where no candidate was one."""
    where = spans + columns(candidates, spans) if event.role == "main" else spans
    places = places_of(where, candidates, sides)
    if main is not None and any(_SAME_PLACE.search(clause.words(candidates.text)) for clause in strong):
        places = tuple(place for place in main.draft.places if place.role is PlaceRole.HANDOVER) or places
    if done and not any(place.role is PlaceRole.HANDOVER for place in places):
        site = site_in(candidates, [(clause.start, clause.end) for clause in strong])
        if site is not None:
            return candidates.with_more(places=(site,)), (DraftPlace(place=site.id, role=PlaceRole.HANDOVER), *places)
    return candidates, places


def _pair_of(
    event: Event,
    reading: Reading,
    strong: list[ActClause],
    candidates: Candidates,
    article: _Article,
    main: _Told | None,
) -> tuple[str, str] | None:
    """The parties of an event: a deal has the main event's, and so has what names no other."""
    pair = best_pair(reading)
    if main is not None and main.pair is not None and (pair is None or event.role == "deal"):
        pair = main.pair if event.role == "deal" else with_another(main.pair, reading, candidates)
    if pair is None and event.role == "main":
        pair = with_its_state(reading, candidates, article.helpers)
    if pair is None and event.role == "main" and not article.mutual:
        pair = with_the_other(reading, candidates, article.helpers)
    if pair is None and article.mutual:
        pair = two_sides(candidates, article.names, [(clause.start, clause.end) for clause in strong])
    return pair


def _swaps(event: Event, article: _Article, text: str) -> bool:
    """Whether an event is told as a swap, as its article is: not where it is only said that one side let people go."""
    if not article.mutual or event.role == "deal":
        return article.mutual
    own = any(
        (clause.strength >= 2 and not _is_for_things(clause, text)) or names_swap(clause, text) for clause in event.clauses
    )
    freed = any(
        any(code in clause.row.codes for code in "Rrn") and any(g.number or g.mention for g in clause.row.people)
        for clause in event.clauses
    )
    return (
        own
        or not freed
        or not article.tells_more
        or any(TWO_WAYS.search(clause.words(text)) and not _is_for_things(clause, text) for clause in event.clauses)
    )


def _is_for_things(clause: ActClause, text: str) -> bool:
    """Whether people are let go for something that is no people ("in exchange for maps of minefields")."""
    codes = clause.row.codes
    if "x" not in codes or any(code in codes for code in "Ssw") or not _FOR.search(clause.words(text)):
        return False
    return not any(code in codes[codes.rindex("x") :] for code in "NHI")


_FOR = re.compile(r"\bin (?:exchange|return) for\b")


def _goes_both_ways(reading: Reading, pair: tuple[str, str] | None) -> bool:
    """Whether each of the two parties lets people with a number or a name go."""
    holders: dict[People, tuple[float, str]] = {}
    for clue in reading.clues:
        counted = clue.people is not None and (clue.people.number is not None or clue.people.mention is not None)
        if clue.people is not None and counted and clue.holder is not None:
            holders[clue.people] = max(holders.get(clue.people, (0.0, "")), (clue.weight, clue.holder))
    return pair is not None and set(pair) <= {holder for _, holder in holders.values()}


def _read(event: Event, article: _Article) -> Reading:
    reading = Reading()
    for clause in event.clauses:
        read_row(clause.row, reading, article.side, article.subjects.get(clause.start))
    return reading


def _subjects(clauses: list[ActClause], article: _Article) -> dict[int, str | None]:
    """For each clause, by its offset, the party that was the subject before it: whom "it" means there."""
    found: dict[int, str | None] = {}
    subject: str | None = None
    for clause in clauses:
        found[clause.start] = subject
        subject = read_row(clause.row, Reading(), article.side, subject)
    return found


def _is_told(
    strong: list[ActClause], transfers: tuple[DraftTransfer, ...], pair: tuple[str, str] | None, text: str, *, mutual: bool
) -> bool:
    if not mutual and pair is not None and any(ATTEMPT.search(c.words(text)) and Status.FAILED in c.tense for c in strong):
        return True
    if not mutual:
        return any(transfer.counts or transfer.people for transfer in transfers)
    return pair is not None or any(
        SWAP_NOUN.search(words) or (clause.strength >= 2 and OFFERED.search(words))
        for clause in strong
        for words in (clause.words(text),)
    )


def _adds_nothing(event: Event, transfers: tuple[DraftTransfer, ...], text: str) -> bool:
    """Whether a coming event is only said to be in doubt, without a number or a date ("the third stage might be put off")."""
    told = any(transfer.counts or transfer.people for transfer in transfers) or any(clause.dates for clause in event.clauses)
    return not told and all(
        IN_DOUBT.search(clause.words(text)) or _TALK.search(clause.words(text)) for clause in event.clauses
    )


_SAME_PLACE = re.compile(r"\b(?:at|on|in) the same (?:crossing|spot|place|point|bridge|checkpoint|site|airport)\b")
_TALK = re.compile(r"\b(?:[Tt]alks|[Nn]egotiations|[Dd]iscussions) (?:on|about|over|for)\b")


def _when(
    event: Event,
    spans: list[tuple[int, int]],
    candidates: Candidates,
    article: _Article,
    status: Status,
    main: _Told | None,
) -> tuple[Status, tuple[str | None, str | None]]:
    """Status and dates: an earlier event is over and has its own date, a deal is under way once its first act is told."""
    if event.role == "past":
        told = any(Status.COMPLETED in clause.tense or Status.ONGOING in clause.tense for clause in event.clauses)
        ahead = status in {Status.AGREED, Status.PROPOSED} and not told
        return status if status is Status.FAILED or ahead else Status.COMPLETED, own_date(
            [c.dates for c in event.clauses], article.published_at
        )
    if event.role == "gift":
        own = own_date([c.dates for c in event.clauses], article.published_at)
        return status, own if own[0] or main is None else (main.draft.date_start, main.draft.date_end)
    if event.role == "deal":
        begun = main is not None and main.draft.status in {Status.COMPLETED, Status.ONGOING}
        sentences = {clause.row.sentence.id for clause in event.clauses}
        return Status.ONGOING if begun else Status.AGREED, span_of_deal(sentences, candidates, article.published_at)
    if event.ahead is not None and status is not Status.FAILED:
        status = event.ahead
    return status, date_of(spans, candidates, article.published_at, status)


def _where(
    places: tuple[DraftPlace, ...], candidates: Candidates, sides: set[str], article: _Article
) -> tuple[DraftPlace, ...]:
    """The places, where both sides' people landed in a third country: that is where they were exchanged."""
    if any(place.role is PlaceRole.HANDOVER for place in places):
        return places
    known = lexicon()
    homes = sides | {home for side in sides if (home := known.homes.get(side))}
    third = {
        p.id
        for p in candidates.places
        if p.country in known.states and p.country not in homes and article.side(p.country) not in homes
    }
    return tuple(
        replace(place, role=PlaceRole.HANDOVER) if place.role is PlaceRole.RECEPTION and place.place in third else place
        for place in places
    )


def _score(strong: list[ActClause], transfers: tuple[DraftTransfer, ...]) -> float:
    """A rough probability that the event is one: by the strength of its clauses and whether numbers go with them."""
    counted = any(transfer.counts for transfer in transfers)
    best = max(clause.strength for clause in strong)
    return 0.3 + (0.3 if best >= 2 else 0.15) + (0.2 if counted else 0.0) + (0.1 if transfers else 0.0)


def _as_parts(told: list[_Told]) -> tuple[DraftExchange, ...]:
    """The drafts; an act told beside the deal it belongs to is part of that."""
    deal = next((place for place, found in enumerate(told) if found.role == "deal"), None)
    if deal is None:
        return tuple(found.draft for found in told)
    return tuple(replace(found.draft, part_of=deal) if found.role in {"main", "next"} else found.draft for found in told)
