"""Which names mean one side in an article: Palestinians and Hamas, self-proclaimed republics and separatists, the West."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from service.domain.candidate import Candidates, Party
from service.domain.evidence import span_of
from service.extraction.rules.exchange_cue import Cue
from service.extraction.rules.exchange_words import SWAP_NOUN
from service.text.parties import lexicon

_MANY = re.compile(
    r"\b(?:the West\b(?! Bank)|(?:at least |more than |about )?(?:several|multiple|many|four|five|six|seven|eight"
    r"|nine|ten|\d+)"
    r" (?:different |other |Western )?(?:countries|nations))"
)
_WESTERN_LIST = (
    "United States, United Kingdom, Germany, Norway, Poland, Slovenia, France, Italy, Canada, Spain, Netherlands, Sweden, "
    "Denmark, Finland, Austria, Belgium, Estonia, Latvia, Lithuania"
)
_WESTERN = frozenset(_WESTERN_LIST.split(", "))
_WITH_HAMAS = ("Palestinians", "Islamic Jihad", "Palestinian Authority", "Popular Resistance Committees")


def with_the_west(candidates: Candidates, title: str | None) -> Candidates:
    """The candidates with a mention of "the West" where Russia swaps with several Western states at once.

    The words that say so ("at least seven countries") are its span; each Western state then stands for it.
    """
    names = {party.name for party in candidates.parties}
    match = _MANY.search(candidates.text)
    if match is None or "Russia" not in names or len(names & _WESTERN) < 3:
        return candidates
    swap = next((s for s in candidates.sentences if s.span.start <= match.start() < s.span.end), None)
    if swap is None or not (SWAP_NOUN.search(swap.span.text) or re.search(r"\bWest\b(?! Bank)", title or "")):
        return candidates
    if any(p.name == "the West" and p.span.start == match.start() for p in candidates.parties):
        return candidates
    span = span_of(candidates.text, match.start(), match.end())
    return candidates.with_more(parties=(Party(f"R{len(candidates.parties) + 1}", span, "the West", "group"),))


def sides_of(parties: tuple[Party, ...]) -> dict[str, str]:
    """For names that mean another side of the article, that side's name."""
    names = {party.name for party in parties}
    sides: dict[str, str] = {}
    if any(party.name == "the West" and party.form == "group" for party in parties):
        sides |= dict.fromkeys(_WESTERN, "the West")
    if "Hamas" in names:
        sides |= dict.fromkeys(_WITH_HAMAS, "Hamas")
    if "Bosnian Serbs" in names:
        sides["Serbs"] = "Bosnian Serbs"
    if "Bosnia" in names:
        sides["Bosnian Muslims"] = "Bosnia"
    separatists = next((n for n in sorted(names) if n.startswith("pro-Russian") or n == "separatists"), None)
    if separatists:
        sides |= {n: separatists for n in names if n.endswith("People's Republic") or n.startswith("pro-Russian")}
    return sides


_HELPS = Cue(r"\b(?:mediat|broker|facilitat|host|negotiat|go-between|good offices|arranged by|guests? of)")

_SIDES = re.compile(
    r"\b(?:(?:two|both|either|each|opposing|warring|rival) (?:sides?|parties|armies|governments|countries)|a side|each)\b"
)
_GREETS = re.compile(r"(?:'s)? (?:\w+ ){0,2}?(?:welcom|thank|applaud|prais|congratulat|hail)\w*\b")
_SPEAKS = re.compile(
    r"(?:'s)? (?:\w+ ){0,3}?(?:said|says|told|welcom\w+|thank\w+|applaud\w+|announced|prais\w+|urg\w+|call\w+)\b"
)


def two_sides(candidates: Candidates, names: Mapping[str, str], spans: Iterable[tuple[int, int]]) -> tuple[str, str] | None:
    """The two parties that an article speaks of most, mentions in its clauses (`spans`) before others; None where unclear.

    For clauses that say only "the two sides": who helps is no side, nor who is named once.
    """
    inside = list(spans)
    helping = [s.span for s in candidates.sentences if _HELPS.search(s.span.text)]
    votes: Counter[str] = Counter()
    told: set[str] = set()
    mutual = any(_SIDES.search(candidates.text, a, b) for a, b in inside)
    for party in candidates.parties:
        if party.name in lexicon().organisations - {"the West"}:
            continue
        at = party.span.start
        if any(span.start <= at < span.end for span in helping) or _GREETS.match(candidates.text, party.span.end):
            continue
        name = names.get(party.name, party.name)
        votes[name] += 3 if any(a <= at < b for a, b in inside) else 1
        told |= (
            {name} if any(a <= at < b for a, b in inside) and not _SPEAKS.match(candidates.text, party.span.end) else set()
        )
    ranked = sorted(votes, key=lambda name: -votes[name])
    if len(ranked) < 2 or votes[ranked[1]] < 2 or (len(ranked) > 2 and votes[ranked[2]] == votes[ranked[1]]):
        return None
    if not mutual and not set(ranked[:2]) <= told:
        return None
    one, other = sorted(ranked[:2])
    return one, other
