"""When and where an exchange took place and who helped: dates, places and third parties of its clauses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta

from service.domain.candidate import Candidates, DateMention, Mention, MentionKind, Party, Place
from service.domain.draft import DraftPlace, DraftThirdParty, PlaceRole, Status, ThirdPartyRole
from service.extraction.rules.exchange_cue import Cue
from service.text.parties import lexicon

_HANDOVER = re.compile(
    r"\b(?:exchang\w*|swap\w*|hand(?:ed)?[- ]?over|handover|freed|released|took place|taking place|take place"
    r"|carried out|turned over|returned|occurred|happened|traded|crossed|transferred|handed|prisoners filed|met)\b",
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
    r"\b(?:bus(?:es)?|coach(?:es)?|convoys?|planes?|walk(?:ed|ing)|filed|cross(?:ed|ing)|stepped|boarded|ambulances?)\b"
)
_SITE = re.compile(
    r"\b(?:border|checkpoint|crossing|airport|bridge|base|airfield|airstrip|frontier|prison|village|port"
    r"|station|camp)\b",
    re.IGNORECASE,
)

DATELINE = re.compile(r"[A-Z][A-Z .'-]{2,30}(?:, ?[^.;–—]{0,40}?[^–—]{0,12})?(?: ?\([A-Z][\w ]{1,20}\))? ?(?:[–—]|--?) ")
"""Where a report was written from ("LIMA, Peru (AP) -"): no party acts there, and its date is the report's."""
_BY = (
    r"(?:broker(?:ed|ing)|mediat(?:ed|ion|ing)|negotiat(?:ed|ions?)|facilitat(?:ed|ion)|arranged|intermediat\w+"
    r"|made possible|good offices|overseen)"
    r"(?: (?:\w+ly|in part|jointly|overseen|led|provided|together|efforts|efforts made))* (?:by|of|from|with (?:the )?help (?:of"
    r"|from)|with)"
)
_PASSIVE_BROKER = re.compile(rf"\b{_BY}\b", re.IGNORECASE)
_THANKS = re.compile(
    r"\b(?:mediation|mediators?|brokers?|intermediar(?:y|ies)|go-betweens?|third[- ]party"
    r"|facilitat(?:ors?|ion)|humanitarian mediation)\b(?: (?:by|of|from|including|in|such as))?",
    re.IGNORECASE,
)
_ACTIVE_BROKER = re.compile(
    r"^(?:[^.;,]{0,60}?|, (?=which |who |that ))\b(?:(?:has|have|had|which|who|also|and|helped|that)\s+)*(?:to\s+)?(?<!been )(?<!be )(?<!was )(?<!were )"
    r"(?<!being )(?:broker(?:ed|s|ing)?(?! by\b)|mediat(?:ed|es|ing)(?! by\b)|help(?:ed|s)? (?:to )?(?:mediate|broker|negotiate|arrange)|act(?:ed|s"
    r"|ing) as (?:an? )?(?:mediator|intermediar(?:y|ies)|go-between|broker|mediators)|facilitat(?:ed|es"
    r"|ing)|played a (?:key |major |crucial )?role in (?:mediating|brokering))\b",
    re.IGNORECASE,
)
_HYPHEN_BROKER = re.compile(r"-(?:broker|mediat|negotiat|facilitat|sponsor)(?:ed|ion)\b", re.IGNORECASE)
_ADJECTIVE_BROKER = re.compile(
    r"(?:'s?)?(?: and [A-Z]\w+)? (?:mediation|mediators?|brokers?|intermediar(?:y|ies)|efforts to mediate)\b"
)
_CARRIER = re.compile(r"\b(?:Red Cross|ICRC|Red Crescent)\b")
_OFFICE = re.compile(
    r" (?:President|Prime Minister|Foreign Minister|Emir|King|Crown Prince|officials|diplomats|negotiators|intelligence)\b"
)
_HOST = re.compile(r"\b(?:hosted by|host(?:ed|ing)?)\b", re.IGNORECASE)


_MEDIATION = Cue(r"\b(?:mediat|broker|intermediar)")
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
        return day >= published_at or mention.direction == "future" or (status is Status.AGREED and _is_recent(day, published_at))
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
        act = (
            0
            if _HANDOVER.search(text[start:end]) or (CAPTIVES.search(text[start:end]) and COLUMN.search(text[start:end]))
            else -1
        )
    if 0 <= act - talk < 25 and talk >= 0 and re.match(r"\w+ (?:that |which )?(?:took|taking|take|were|was)", before[talk:]):
        act = -1
    nearest = max(act, talk, arrival)
    if nearest < 0:
        return None
    return PlaceRole.HANDOVER if nearest == act else PlaceRole.RECEPTION if nearest == arrival else PlaceRole.TALKS


def _last(pattern: re.Pattern[str], words: str) -> int:
    """Where the last match begins, -1 where there is none."""
    found = -1
    for match in pattern.finditer(words):
        found = match.start()
    return found


def third_parties_of(spans: list[tuple[int, int]], candidates: Candidates, sides: set[str]) -> tuple[DraftThirdParty, ...]:
    """Mediators, hosts and carriers that the clauses name."""
    text = candidates.text
    found: dict[str, DraftThirdParty] = {}
    for start, end in spans:
        inside = [p for p in candidates.parties if start <= p.span.start < end]
        clause = text[start:end]
        for party in inside:
            if party.name in sides or party.name in found:
                continue
            role = _third_role(party, inside, clause, start)
            if role is not None:
                found[party.name] = DraftThirdParty(party=party.id, role=role)
        for mention in candidates.mentions:
            if start <= mention.span.start < end and _is_named_broker(mention, inside, clause, start):
                found.setdefault(mention.entity or mention.id, DraftThirdParty(party=mention.id, role=ThirdPartyRole.MEDIATOR))
    return tuple(found.values())


_BROKERED = re.compile(
    r"(?:,? (?:who|which|that))? (?:(?:has|have|had|also|personally|helped) )*(?:to )?(?:mediated?|brokered?)\b(?! (?:by|said))|, (?:the|who was"
    r" the|acting as) (?:go-between|mediator|intermediary)\b"
)


_NOBODY = re.compile(
    r"(?:no|neither|nobody|none)\b|(?:(?:the|a|an|whose|its|their|his|her|several|both|two|three) )?(?:\w+ )?(?:governments?|countr(?:y|ies)|officials?"
    r"|mediators?|negotiators?|sides?|part(?:y|ies)|ministers?|leaders?|sources?|diplomats?)$",
    re.IGNORECASE,
)


def _is_named_broker(mention: Mention, inside: list[Party], clause: str, start: int) -> bool:
    """Whether a person or body that is no listed party is said to have mediated ("brokered by tribal elders")."""
    if mention.kind is MentionKind.PRONOUN or _NOBODY.match(mention.span.text) or any(
        p.span.start < mention.span.end and mention.span.start < p.span.end for p in inside
    ):
        return False
    before, after = clause[: mention.span.start - start], clause[mention.span.end - start :]
    if _BROKERED.match(after) or re.search(r"\b(?:go-between|mediator|intermediary) (?:was|is) (?:\w+\. |\w+ )?$", before[-40:]):
        return True
    match = _final(_PASSIVE_BROKER, before)
    between = before[match.end() :] if match else ""
    nobody = not any(match and match.end() <= p.span.start - start < len(before) for p in inside)
    return match is not None and "overseen" not in match[0].lower() and len(between) <= 30 and nobody and not _ELSEWHERE.search(between)


_ELSEWHERE = re.compile(r"[.;,]|\b(?:where|which|who|that|when|while|after|before|for|in|between)\b")
"""Between "brokered by" and a name: the name is no longer who brokered."""


def _third_role(party: Party, inside: list[Party], clause: str, start: int) -> ThirdPartyRole | None:
    before = clause[: party.span.start - start]
    if re.search(r"\b(?:for|to|in|against|from|into) (?:the )?$", before[-16:]) and not re.search(
        r"(?:(?:help|mediation|efforts) from|thanks to|owing to|due to) (?:the )?$", before[-24:]
    ):
        return None
    after = clause[party.span.end - start :].replace("’", "'")
    wished = re.search(
        r"\b(?:might|could|offered to|would|should|asked|urged|may|ready to|willing to)\b[^.;]{0,40}$", before[-60:] + " "
    ) or re.match(r"[^.;,]{0,25}\b(?:might|could|offered|would|should|may|ready|willing)\b", after)
    if _CARRIER.search(party.span.text):
        return ThirdPartyRole.CARRIER
    listed = _chain(party, inside, clause, start)
    lead = clause[: listed - start]
    match = _final(_PASSIVE_BROKER, lead)
    if match and len(lead) - match.end() <= 45 and not _ELSEWHERE.search(lead[match.end() :]):
        return ThirdPartyRole.MEDIATOR
    match = _final(_THANKS, lead)
    if match and len(lead) - match.end() <= 12 and not re.search(r"\b(?:with|between|for|in)\b", lead[match.end() :]):
        return ThirdPartyRole.MEDIATOR
    if _HYPHEN_BROKER.match(after) or _ADJECTIVE_BROKER.match(after):
        return None if wished else ThirdPartyRole.MEDIATOR
    if (
        (party.form != "adjective" or _OFFICE.match(after))
        and _ACTIVE_BROKER.match(_skip_chain(party, inside, clause, start))
        and not wished
    ):
        return ThirdPartyRole.MEDIATOR
    if re.search(r"\bhosted by (?:the )?$", before):
        return ThirdPartyRole.HOST
    return None


def _final(pattern: re.Pattern[str], words: str) -> re.Match[str] | None:
    found = None
    for match in pattern.finditer(words):
        found = match
    return found


def _chain(party: Party, inside: list[Party], clause: str, start: int) -> int:
    """Where the list of parties that this one stands in begins ("Qatar, Egypt and the United States")."""
    begin, last = party.span.start, None
    for other in reversed([p for p in inside if p.span.end <= party.span.start]):
        link = clause[other.span.end - start : begin - start]
        if not re.fullmatch(r"(?:,? and|,|,? as well as|,? along with)\s*(?:the\s+)?", link):
            break
        bare = link.strip(" ") in {",", ", the"}
        if last is not None and not bare and last:
            return party.span.start  # "by Qatar and Egypt, Hamas ...": the list was over before this name
        begin, last = other.span.start, bare
    return begin


def _skip_chain(party: Party, inside: list[Party], clause: str, start: int) -> str:
    end = party.span.end
    for other in [p for p in inside if p.span.start >= party.span.end]:
        if re.fullmatch(
            r"(?:,? and|,|,? as well as|,? along with)\s*(?:the\s+)?", clause[end - start : other.span.start - start]
        ):
            end = other.span.end
        else:
            break
    return clause[end - start :]


def columns(candidates: Candidates) -> list[tuple[int, int]]:
    """Sentences that show the captives on their way ("Prisoners filed off coaches at the X checkpoint")."""
    return [
        (s.span.start, s.span.end)
        for s in candidates.sentences
        if CAPTIVES.search(s.span.text) and COLUMN.search(s.span.text)
    ]


def mediations(
    spans: list[tuple[int, int]], candidates: Candidates, *, near: bool, others: Sequence[tuple[int, int]] = ()
) -> list[tuple[int, int]]:
    """The spans, and every sentence that speaks of mediation; only those next to one of the spans where `near`.

    `others` are spans of other events: sentences that hold one tell of that event's mediators.
    """
    if near:
        told = {i for i, s in enumerate(candidates.sentences) if any(s.span.start <= a < s.span.end for a, _ in spans)}
        sentences = [s for i, s in enumerate(candidates.sentences) if told & {i - 1, i + 1}]
    else:
        sentences = list(candidates.sentences)
    extra = [(s.span.start, s.span.end) for s in sentences if _MEDIATION.search(s.span.text)]
    extra = [(low, high) for low, high in extra if not any(low <= a < high for a, _ in others)]
    return spans + [span for span in extra if span not in spans]


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
    first = next(
        (m.id for clause in dates for m in clause if m.start is not None and not _is_to_come(m, published_at)), None
    )
    return first, first


def _is_to_come(mention: DateMention, published_at: date | None) -> bool:
    return mention.direction == "future" or (
        published_at is not None and mention.start is not None and mention.start > published_at.isoformat()
    )
