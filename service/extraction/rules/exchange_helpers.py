"""Who helps an exchange and is none of its sides: mediators, carriers, who is thanked for help, and nothing else in the article."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable

from service.domain.candidate import Candidates
from service.extraction.rules.exchange_cue import Cue
from service.extraction.rules.exchange_events import ActClause
from service.extraction.rules.exchange_mediators import third_parties_of

_HELP = Cue(
    r"\b(?:mediat|broker|intermediar|facilitat|negotiated by|arranged by|organi[sz]ed by|overseen by|go-between"
    r"|good offices"
    r"|host|thank|grateful|gratitude|prais)",
    stems=("mediat", "broker", "intermediar", "facilitat", " by", "between", "offices", "host", "thank", "grat", "prais"),
)
_THANKED = re.compile(
    r"\b(?:thank(?:ed|s|ing)?|grateful to|gratitude to|prais(?:ed|es|ing))\s+(?:(?:the|governments?|of|both|also|to)\s+)*$",
    re.IGNORECASE,
)
_LISTED = re.compile(r"(?:,? and|,|,? as well as)\s+(?:the\s+)?", re.IGNORECASE)


def helpers_of(candidates: Candidates, clauses: Iterable[ActClause]) -> frozenset[str]:
    """Names of parties that mediate, carry, host or are thanked, and that no clause shows freeing, holding or swapping people."""
    spans = [(s.span.start, s.span.end) for s in candidates.sentences if _HELP.search(s.span.text)]
    if not spans:
        return frozenset()
    by_id = {party.id: party.name for party in candidates.parties}
    found = {by_id[third.party] for third in third_parties_of(spans, candidates, set()) if third.party in by_id}
    return frozenset((found | _thanked(candidates, spans)) - _acting(clauses))


def _thanked(candidates: Candidates, spans: list[tuple[int, int]]) -> set[str]:
    """Who stands behind "thanked", alone or in a list."""
    found: set[str] = set()
    parties = sorted(candidates.parties, key=lambda party: party.span.start)
    starts = [party.span.start for party in parties]
    for low, high in spans:
        inside = parties[bisect_left(starts, low) : bisect_left(starts, high)]
        before_end, before_in = -1, False
        for party in inside:
            lead = candidates.text[low : party.span.start]
            listed = before_in and _LISTED.fullmatch(candidates.text[before_end : party.span.start]) is not None
            before_in = listed or _THANKED.search(lead[-60:]) is not None
            before_end = party.span.end
            if before_in:
                found.add(party.name)
    return found


def _acting(clauses: Iterable[ActClause]) -> set[str]:
    """Parties that free, hold or swap people themselves."""
    found: set[str] = set()
    for clause in clauses:
        chunks = clause.row.chunks
        for at, chunk in enumerate(chunks):
            if chunk.party is None:
                continue
            after = next((c.code for c in chunks[at + 1 :] if c.code not in "aPe"), "")
            behind = at > 0 and chunks[at - 1].code in "tbfvi"
            if (
                chunk.code == "k"
                or (chunk.code == "P" and after in ("R", "S") and not behind)
                or (chunk.code in "Pj" and at > 1 and chunks[at - 1].code in "bi" and chunks[at - 2].code in "KZr")
            ):
                found.add(chunk.party.name)
    return found
