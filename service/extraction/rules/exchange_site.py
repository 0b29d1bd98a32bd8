"""The site of a hand-over that is told in common words ("at a school gymnasium") or by a name that no lexicon knows."""

from __future__ import annotations

import re

from service.domain.candidate import Candidates, MentionKind, Place
from service.domain.evidence import span_of

_CALENDAR = (
    r"(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|January|February|March|April|May|June|July|August|September"
    r"|October|November"
    r"|December)\b"
)
_CAP = rf"(?!{_CALENDAR})[A-ZÀ-Þ][\w-]+"
_NAME = rf"{_CAP}(?: {_CAP}){{0,2}}"
_SITE = (
    r"(?:bridge|crossing|checkpoint|border post|airfield|airport|airstrip|runway|gymnasium|factory|station|quay|pier"
    r"|port|harbou?r"
    r"|church|school|stadium|parking lot|car park|field|tunnel|jetty|square|football pitch|river|valley|village|barracks"
    r"|(?:section|stretch|part) of the (?:[a-z]+ )?(?:border|frontier)|line of contact|front line|customs post|hotel"
    r"|hospital|terminal|causeway|dam|pass|monastery|warehouse|farm)"
)
_AT = re.compile(
    r"\b(?:at|on|in|near|outside|across) (?:(?:the|a|an) "
    rf"(?P<site>(?:[a-z][a-z-]+ ){{0,2}}(?:{_NAME} )?(?:[a-z]+ )??{_SITE}(?: (?:at|in|of|near|outside) (?:the )?{_NAME})?)"
    rf"|(?<!\bon )(?P<named>{_NAME}))(?![\w-])"
)
_ACT = re.compile(
    r"\b(?:exchang|swap|trad(?:ed|ing)|hand(?:ed|ing)|releas|freed|return|changed|turned|let go|took place|given|gave"
    r"|met\b|put ashore"
    r"|walked|crossed|passed|traded)",
    re.IGNORECASE,
)
_HELD = re.compile(
    r"\b(?:held|(?:jailed|captured|imprisoned|detained)(?= (?:in|at|near|by|during|since|on|for|after)\b)|in prison"
    r"|seiz|arrest|war\b|talks|met with|negotiat|sign|agreed)",
    re.IGNORECASE,
)
_REACH = 110


def site_in(candidates: Candidates, spans: list[tuple[int, int]]) -> Place | None:
    """The first place behind a word of handing over in one of the clauses, as a new candidate; None where there is none."""
    text = candidates.text
    taken = [(p.span.start, p.span.end) for p in candidates.parties]
    taken += [(p.span.start, p.span.end) for p in candidates.places]  # these have been judged by their words
    taken += [(m.span.start, m.span.end) for m in candidates.mentions if m.kind is MentionKind.PERSON and " " in m.span.text]
    taken += [(d.span.start, d.span.end) for d in candidates.dates if d.span is not None]
    for low, high in spans:
        for match in _AT.finditer(text, low, high):
            start, end = match.span(match.lastgroup or 0)
            before = text[max(low, start - _REACH) : match.start()]
            act, held = _last(_ACT, before), _last(_HELD, before)
            opens = act < 0 and match.start() - low < _REACH and _opened(text[match.end() : high])
            if (
                (act < 0 and not opens)
                or held > act
                or match.group(0).split()[2:3] == ["same"]
                or (match["named"] and any(a < end and start < b for a, b in taken))
            ):
                continue
            return Place(f"L{len(candidates.places) + 1}", span_of(text, start, end), text[start:end])
    return None


def _opened(after: str) -> bool:
    """Whether the act follows a place that its clause begins with ("In a church parking lot, they freed six women")."""
    act = _ACT.search(after[:_REACH])
    return act is not None and not _HELD.search(after[: act.start()]) and not _SAID.search(after[: act.start()])


_SAID = re.compile(
    r"\b(?:said|says|told|announced|reported|confirmed|ministry|officials?|spokes\w+|where|who|which"
    r"|that)\b"
)


def _last(pattern: re.Pattern[str], words: str) -> int:
    found = -1
    for match in pattern.finditer(words):
        found = match.start()
    return found
