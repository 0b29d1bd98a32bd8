"""When and where an exchange took place: the dates and places of its clauses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta

from service.domain.candidate import Candidates, DateMention, Place
from service.domain.draft import DraftPlace, PlaceRole, Status
from service.extraction.rules.exchange_cue import Cue
from service.text.parties import lexicon

_HANDOVER = re.compile(
    r"\b(?:exchang\w*|swap\w*|hand(?:ed)?[- ]?over|handover|freed|released|took place|taking place|take place"
    r"|carried out|turned over|returned|occurred|happened|traded|crossed|transferred|handed|prisoners filed|met"
    r"|let go|set free|gave (?:back|up)|sent home|put ashore)\b",
    re.IGNORECASE,
)

_TALKS = re.compile(
    r"\b(?:talks?|negotiat\w+|agreed|signed|met|meeting|summit|brokered|mediat\w+|conference|discuss\w*"
    r"|deal|agreement)\b",
    re.IGNORECASE,
)

_RECEPTION = re.compile(
    r"\b(?:arriv\w+|landed|flown|flew|welcom\w+|greeted|taken to|transported to|reunited|bus(?:es)? (?:in"
    r"|into)|landing|touched down|en route)\b",
    re.IGNORECASE,
)

_AT = re.compile(
    r"\b(?:at|on|near|in|outside|through|via|over|across)\s+(?:the\s+|a\s+)?(?:tarmac\s+(?:of|at)\s+|border\s+town\s+of\s+"
    r"|village\s+of\s+|(?:[a-z]+ern\s+|city\s+of\s+|front[- ]line\s+|border\s+|town\s+of\s+"
    r"|so-called\s+))*(?:the\s+)?$",
    re.IGNORECASE,
)

_HELD_AT = re.compile(
    r"\b(?:held|captured|detained|jailed|imprison\w*|fought|fighting|killed|seized|kidnapped|convicted"
    r"|arrested|war|custody|abducted|tensions|prison|trial|conflict|born)\b",
    re.IGNORECASE,
)

CAPTIVES = Cue(r"(?:\b(?:prisoners|captives|hostages|detainees)\b)")

COLUMN = re.compile(
    r"\b(?:driven|flown|led|bused|brought|taken|bus(?:es)?|coach(?:es)?|convoys?|planes?|walk(?:ed|ing)|filed"
    r"|cross(?:ed|ing)|stepped|boarded|ambulances?)\b"
)

_SITE = re.compile(
    r"\b(?:border|checkpoint|crossing|airport|bridge|base|airfield|airstrip|frontier|prison|village|port"
    r"|station|camp)\b",
    re.IGNORECASE,
)

DATELINE = re.compile(r"[A-Z][A-Z .'-]{2,30}(?:, ?[^.;–—]{0,40}?[^–—]{0,12})?(?: ?\([A-Z][\w ]{1,20}\))? ?(?:[–—]|--?) ")
"""Where a report was written from ("LIMA, Peru (AP) -"): no party acts there, and its date is the report's."""

_BEGUN = re.compile(r"\b(?:start|began|begun|begin)\w*\b")


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value and len(value) == 10 else None


def is_old(mention: DateMention, anchor: date | None, days: int = 25) -> bool:
    """Whether a date lies so far before the anchor (the main act, else publication) that it belongs to an earlier event."""
    if anchor is None or mention.end is None:
        return False
    last = mention.end + {10: "", 7: "-28", 4: "-12-31"}[len(mention.end)]
    return date.fromisoformat(last) < anchor - timedelta(days=days)


def date_of(
    spans: list[tuple[int, int]], candidates: Candidates, published_at: date | None, status: Status
) -> tuple[str | None, str | None]:
    """Ids of the start and end dates that the clauses of an event state; None where they state none.

    Completed acts take days up to publication, plans days after it; a span of days ("on Saturday and Sunday") has both ends.
    """
    future = status in {Status.PLANNED, Status.AGREED}
    announced: str | None = None
    for start, end in spans:
        found = [d for d in candidates.dates if d.span is not None and start <= d.span.start < end and d.start is not None]
        found = [d for d in found if _fits(d, published_at, future=future, status=status)]
        line = DATELINE.match(candidates.text, start, end)
        said = [d for d in found if is_said_on(candidates.text, start, d) or (line and d.span and d.span.end <= line.end())]
        found = [d for d in found if d not in said]
        announced = announced or (said[0].id if said and status in _DATED_BY_WORDS else None)
        if found:
            first = found[0]
            last = found[-1] if future and (found[-1].start or "") >= (first.start or "") else first
            return first.id, (None if status is Status.ONGOING and _begins(candidates.text[start:end]) else last.id)
    return announced, announced


_DATED_BY_WORDS = frozenset({Status.COMPLETED, Status.ONGOING, Status.AGREED})

_SAID = re.compile(
    r"\b(?:said|says|told [^.;,]{1,40}|announced|added|confirmed|reported|wrote|stated|statement|tweeted|posted)"
    r"(?: (?:in|at|to|by|from) [^.;,]{1,30}?)?(?: (?:late|early))?(?: on)? $"
)


def is_said_on(text: str, start: int, mention: DateMention) -> bool:
    """Whether a date is the day of somebody's words ("said on Wednesday"), which is the act's own day only for want of another."""
    return mention.span is not None and _SAID.search(text, start, mention.span.start) is not None


def _begins(words: str) -> bool:
    return bool(re.search(r"\b(?:began|begun|started|starting|begins)\b", words, re.IGNORECASE))


def _fits(mention: DateMention, published_at: date | None, *, future: bool, status: Status) -> bool:
    if mention.start is None or mention.end is None:
        return False
    day = _day(mention.start)
    if published_at is None:
        return day is not None
    if day is None:
        return future and mention.start >= published_at.isoformat()[: len(mention.start)]
    if not future and mention.end != mention.start:
        return False
    if future:
        return (
            day >= published_at
            or mention.direction == "future"
            or (status is Status.AGREED and _is_recent(day, published_at))
        )
    if mention.direction == "future":
        return False
    return _is_recent(day, published_at)


def _is_recent(day: date, published_at: date) -> bool:
    return published_at - timedelta(days=25) <= day <= published_at + timedelta(days=1)


def places_of(spans: list[tuple[int, int]], candidates: Candidates, sides: set[str]) -> tuple[DraftPlace, ...]:
    """Places of the clauses with their role; the hand-over's first."""
    found: dict[PlaceRole, DraftPlace] = {}
    text = candidates.text
    for start, end in spans:
        for place in candidates.places:
            if not start <= place.span.start < end:
                continue
            role = _role(place, text, start, end, sides)
            if role is not None and role not in found:
                found[role] = DraftPlace(place=place.id, role=role)
    return tuple(found[role] for role in PlaceRole if role in found)


def _role(place: Place, text: str, start: int, end: int, sides: set[str]) -> PlaceRole | None:
    before = text[max(start, place.span.start - 90) : place.span.start]
    if not _AT.search(before):
        return None
    site = bool(_SITE.search(place.name))
    named_state = place.name in lexicon().states or place.name in {"US", "U.S.", "UK"}
    if named_state and place.country in sides:
        return None
    act, talk, arrival = _last(_HANDOVER, before), _last(_TALKS, before), _last(_RECEPTION, before)
    if _last(_HELD_AT, before) > max(act, talk, arrival):
        return None
    if site and act < 0 and max(talk, arrival) < 0:
        act = 0 if _HANDOVER.search(text[start:end]) or COLUMN.search(text[start:end]) else -1
    if (
        max(act, talk, arrival) < 0
        and not named_state
        and _opens(text[start : place.span.start], text[place.span.end : end])
    ):
        act = 0
    if 0 <= act - talk < 25 and talk >= 0 and re.match(r"\w+ (?:that |which )?(?:took|taking|take|were|was)", before[talk:]):
        act = -1
    nearest = max(act, talk, arrival)
    if nearest < 0:
        return None
    return PlaceRole.HANDOVER if nearest == act else PlaceRole.RECEPTION if nearest == arrival else PlaceRole.TALKS


def _opens(before: str, after: str) -> bool:
    """Whether a place stands first in its clause and the act follows ("On a pitch outside X, the rebels freed four")."""
    act = _HANDOVER.search(after[:140])
    return len(before) < 120 and act is not None and not _BETWEEN.search(after[: act.start()])


_BETWEEN = re.compile(
    r"\b(?:said|says|told|announced|reported|confirmed|according|ministry|officials?|spokes\w+|talks|agreed|agreement"
    r"|where|who|which|that)\b"
)


def _last(pattern: re.Pattern[str], words: str) -> int:
    """Where the last match begins, -1 where there is none."""
    found = -1
    for match in pattern.finditer(words):
        found = match.start()
    return found


def columns(candidates: Candidates, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sentences that show the captives on their way ("Prisoners filed off coaches at the X checkpoint").

    Right behind one of the event's `spans` they need not be called captives ("The Ukrainians were driven through the"
        " X checkpoint").
    """
    starts = {start for start, _ in spans}
    near = {
        position + step
        for position, s in enumerate(candidates.sentences)
        if any(s.span.start <= start < s.span.end for start in starts)
        for step in (1, 2)
    }
    return [
        (s.span.start, s.span.end)
        for position, s in enumerate(candidates.sentences)
        if COLUMN.search(s.span.text)
        and (CAPTIVES.search(s.span.text) or (position in near and _CROSSING.search(s.span.text)))
    ]


_CROSSING = re.compile(r"\b(?:checkpoint|crossing|border|bridge)\b")


def span_of_deal(sentences: set[str], candidates: Candidates, published_at: date | None) -> tuple[str | None, str | None]:
    """Start and end of a deal: the day it "started", the last day still to come, where its sentences say so."""
    start = end = None
    for sentence in candidates.sentences:
        if sentence.id not in sentences:
            continue
        low, high = sentence.span.start, sentence.span.end
        for mention in candidates.dates:
            if mention.span is None or mention.start is None or not low <= mention.span.start < high:
                continue
            if start is None and _BEGUN.search(candidates.text[max(low, mention.span.start - 30) : mention.span.start]):
                start = mention.id
            elif mention.direction == "future" or (published_at is not None and mention.start > published_at.isoformat()):
                end = mention.id
    return start, end if start else None


def own_date(dates: list[tuple[DateMention, ...]], published_at: date | None) -> tuple[str | None, str | None]:
    """The first date of an earlier event's clauses that could be resolved and is not still to come."""
    over = [[m for m in clause if m.start is not None and not _is_to_come(m, published_at)] for clause in dates]
    stated = next((clause for clause in over if clause), None)
    if stated is None:
        return None, None
    first, last = stated[0], stated[0]
    for mention in stated[1:2]:
        if first.span and mention.span and first.start == first.end and 0 < mention.span.start - first.span.end <= _LINK:
            last = mention if (mention.start or "") > (first.start or "") else first
    return first.id, last.id


_LINK = 5
"""Characters of " and " or " to " between the two ends of a time ("between 1990 and 1994")."""


def _is_to_come(mention: DateMention, published_at: date | None) -> bool:
    return mention.direction == "future" or (
        published_at is not None and mention.start is not None and mention.start > published_at.isoformat()
    )
