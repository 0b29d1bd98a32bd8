"""Who can hold or receive people, and where: states, armed groups, organisations and places named in a text.

The lexicon (`party_lexicon`) knows names, adjectives, capitals and organs; patterns find what no lexicon can hold
(`party_groups`: "the pro-X rebels"; `party_unlisted`: "the Republic of X"; "the X checkpoint" here). Each is one pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from service.domain.candidate import Party, Place
from service.domain.evidence import span_of
from service.text.party_groups import bodies, movements, short_forms, sponsored, with_bare_groups
from service.text.party_lexicon import Entry, Hit, is_meant, lexicon, longest
from service.text.party_unlisted import unlisted

__all__ = ["lexicon", "parties", "places"]

_FIRST = re.compile(
    r"(?<![^\W_])(?:[A-ZÀ-ÞŠŽ][^\W_]*|al|anti|ethnic|peshmerga|mujahideen|mujahedeen|mujahedin|rebel(?= Serbs))"
)
_ORGAN_TAIL = re.compile(
    r"(?:'s?)? (?:(?:(?!(?:the|a|an|its|and|to|with|of|by|that|for|in|on) )[a-z][a-z-]+|Foreign|Defen[cs]e|Interior"
    r"|Justice|Armed|Security|Navy|Air|Supreme|General|State"
    r"|National|Human|Rights|Federal|Coordination|Military|Naval) ){0,2}?"
    r"(?:(?:[Gg]overnment|[Aa]rmy|[Mm]ilitary|[Ff]orces|[Aa]uthorities|[Aa]dministration|[Ss]ide|[Pp]residency|[Nn]avy"
    r"|[Aa]ir [Ff]orce|[Oo]fficials|[Ll]eadership|[Rr]egime|[Ii]ntelligence|[Pp]arliament|[Ee]mbassy|[Cc]abinet)"
    r"|[Mm]inistry(?: of (?:[A-Z][a-z]+|defen[cs]e|foreign|the interior|justice)(?: Affairs| affairs)?)?)(?![\w-])"
)
_PREPOSITION = re.compile(
    r"(?:^|[^\w-])(?:in|at|near|to|from|through|via|outside|into|inside|around|across|of|towards?|over|for)\s+(?:the\s+)?"
    r"(?:(?:north|south|east|west|central|neighbou?ring|war-torn|occupied|northeast|northwest|southeast"
    r"|southwest)[a-z-]*\s+)*$"
)
_CALENDAR = (
    r"(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|January|February|March|April|May|June|July|August|September"
    r"|October|November"
    r"|December)\b"
)
_CAP = rf"(?!{_CALENDAR})[A-ZÀ-Þ][\w'-]{{1,30}}+"  # possessive: a run of hyphened letters is read in one way only
_NAME = rf"{_CAP}(?:(?: (?:al|el|de|la|del|bin|ibn))? {_CAP}){{0,3}}"
_FACILITY = (
    r"(?:(?:border |bridge |international |military |main |frontier )?(?:checkpoint|crossing point|crossing|airport"
    r"|airfield|air base|airbase|airstrip"
    r"|bridge|prison|jail|detention cent(?:er|re)|barracks|stadium|port|harbou?r|base|camp|frontier post|border post"
    r"|border terminal"
    r"|railway station|train station)|International Airport|Airport|Air Base|Air Force Base|Bridge|Prison|Checkpoint"
    r"|Crossing|Hospital)"
)
_PLACED = re.compile(
    r"\b(?:border|frontier|boundary|checkpoint|crossing|[Aa]irport|airfield|[Aa]ir ?[Bb]ase|Air Force Base|airstrip"
    r"|[Bb]ridge|[Pp]rison|jail|detention"
    r"|barracks|stadium|port|harbou?r|base|camp|post|terminal|station|Checkpoint|Crossing|Hospital|region|province"
    r"|district|oblast|governorate"
    r"|valley|peninsula|enclave|department|village|town|city|settlement|hamlet)\b"
)
"""One of these words stands in every place that the patterns find; they are tried near them only."""
_AROUND = 200
_REGION = r"(?:region|province|district|oblast|governorate|valley|peninsula|enclave|department)"
_PLACE_PATTERNS = re.compile(
    rf"(?<![\w])(?:(?P<border>(?:{_CAP}(?:[-–]| and ){_CAP}(?:'s)?|{_CAP}(?:'s)?(?: {_CAP})?) (?:border|frontier|boundary)"
    rf"(?: (?:with|of) (?:the )?{_CAP}(?: {_CAP})?| between {_CAP}(?: {_CAP})? and {_CAP}(?: {_CAP})?)?)"
    rf"|(?P<between>border between {_CAP}(?: {_CAP})? and {_CAP}(?: {_CAP})?|border with {_CAP}(?: {_CAP})?)"
    rf"|(?P<site>{_NAME} {_FACILITY}(?: (?:in|near) (?:the )?(?:[a-z]+ern |outskirts of )?{_NAME}(?: {_REGION})?)?)"
    rf"|(?P<region>{_NAME} {_REGION})"
    rf"|(?P<village>(?:village|town|city|port|settlement|hamlet|province|region) of {_NAME}))(?![\w])"
)


def parties(text: str) -> tuple[Party, ...]:
    """Mentions of states, armed groups and organisations, in document order, ids R1, R2, ...

    >>> [(p.name, p.form) for p in parties("Kyiv and the pro-Russian rebels met Turkish officials.")]
    [('Ukraine', 'capital'), ('pro-Russian rebels', 'group'), ('Turkey', 'organ')]
    """
    folded = text.replace("’", "'").replace("\u00a0", " ")
    hits = list(sponsored(folded)) + list(movements(folded))
    hits += _outside(hits, _named(folded, lexicon().parties))
    hits += _outside(hits, unlisted(folded))
    hits.sort(key=lambda hit: hit.start)
    hits += _outside(hits, short_forms(folded, hits))
    hits.sort(key=lambda hit: hit.start)
    meant = list(bodies(folded, hits))
    if meant:
        hits = sorted(meant + _outside(meant, hits), key=lambda hit: hit.start)
    hits = with_bare_groups(folded, hits)
    return tuple(Party(f"R{i}", span_of(text, h.start, h.end), h.name, h.form) for i, h in enumerate(hits, 1))


def _outside(taken: list[Hit], found: Iterable[Hit]) -> list[Hit]:
    """The hits that overlap none of the taken ones (both are few, so a set of covered offsets is enough)."""
    covered = {offset for hit in taken for offset in range(hit.start, hit.end)}
    return [hit for hit in found if hit.start not in covered and hit.end - 1 not in covered]


def _named(folded: str, table: dict[str, tuple[Entry, ...]]) -> Iterator[Hit]:
    end = 0
    for match in _FIRST.finditer(folded):
        start = match.start()
        if start < end:
            continue
        entry = longest(folded, start, table.get(match[0], ()))
        if entry is None or not (is_meant(folded, start, entry) or _opens_sentence(folded, start, entry)):
            continue
        end = start + len(entry.phrase)
        form = entry.form
        tail = _ORGAN_TAIL.match(folded, end) if form in {"name", "adjective", "capital", "group"} else None
        if tail and entry.name not in lexicon().organisations:
            end = tail.end()
            form = "group" if form == "group" else "organ"
        yield Hit(start, end, entry.name, form)


def _opens_sentence(folded: str, start: int, entry: Entry) -> bool:
    """Whether the words are meant once the sentence before is set apart ("... on Thursday. Georgia, which ...")."""
    if not re.search(r"[a-z\d][.!?] $", folded[max(0, start - 4) : start]):
        return False
    return is_meant(f"{folded[: start - 1]}\n{folded[start:]}", start, entry)


def places(text: str) -> tuple[Place, ...]:
    """Places as the text names them, in document order, ids L1, L2, ...; the longest reading of overlapping ones.

    >>> [(p.name, p.country) for p in places("They crossed at the Erez checkpoint near Gaza City, and later flew to Doha.")]
    [('Erez checkpoint near Gaza City', 'Israel'), ('Doha', 'Qatar')]
    """
    folded = text.replace("’", "'").replace("\u00a0", " ")
    table = lexicon().places
    found: list[tuple[int, int, str | None]] = []
    for match in _patterned(folded):
        start = match.start()
        first = re.match(r"(?:The|In|At|On|From|Near|To|After|A) ", folded[start : match.end()])
        start += first.end() if first else 0
        found.append((start, match.end(), _country_in(folded[start : match.end()])))
    for hit in _named_places(folded, table):
        found.append((hit.start, hit.end, hit.name))
    found.sort(key=lambda item: (item[0], -item[1]))
    kept: list[tuple[int, int, str | None]] = []
    for item in found:
        if not kept or item[0] >= kept[-1][1]:
            kept.append(item)
    return tuple(Place(f"L{i}", span_of(text, a, b), text[a:b], country) for i, (a, b, country) in enumerate(kept, 1))


def _patterned(folded: str) -> Iterator[re.Match[str]]:
    """The matches of the place patterns, from left to right."""
    low, high = 0, -1
    for word in _PLACED.finditer(folded):
        if high >= 0 and word.start() - _AROUND > high:
            yield from _PLACE_PATTERNS.finditer(folded, low, high)
            low = high
        low = max(low, word.start() - _AROUND) if high < 0 or low == high else low
        high = word.end() + _AROUND
    if high >= 0:
        yield from _PLACE_PATTERNS.finditer(folded, low, high)


def _named_places(folded: str, table: dict[str, tuple[Entry, ...]]) -> Iterator[Hit]:
    end = 0
    for match in _FIRST.finditer(folded):
        start = match.start()
        if start < end:
            continue
        entry = longest(folded, start, table.get(match[0], ()))
        if entry is None or not is_meant(folded, start, entry):
            continue
        if entry.form == "state" and not _PREPOSITION.search(folded[max(0, start - 50) : start]):
            continue
        end = start + len(entry.phrase)
        yield Hit(start, end, entry.name, entry.form)


def _country_in(words: str) -> str | None:
    for match in _FIRST.finditer(words):
        entry = longest(words, match.start(), lexicon().places.get(match[0], ()))
        if entry is not None:
            return entry.name
        entry = longest(words, match.start(), lexicon().parties.get(match[0], ()))
        if entry is not None and entry.form in {"name", "adjective"} and entry.name in lexicon().states:
            return entry.name
    return None
