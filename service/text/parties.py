"""Who can hold or receive people, and where: states, armed groups, organisations and places named in a text.

The lexicon (`data/parties.json`) knows names, adjectives, capitals and organs; patterns find what no lexicon can hold
("the pro-X rebels", "the Republic of X", "the X checkpoint"). Everything is one pass over capitalised words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from service.domain.candidate import Party, Place
from service.domain.evidence import span_of


@dataclass(frozen=True, slots=True)
class Entry:
    """One way to name a party: `form` as in `Party.form`."""

    phrase: str
    name: str
    form: str


@dataclass(frozen=True)
class Lexicon:
    """What `data/parties.json` says, arranged for look-up by a phrase's first word."""

    parties: dict[str, tuple[Entry, ...]]
    places: dict[str, tuple[Entry, ...]]
    states: frozenset[str]
    organisations: frozenset[str]
    types: dict[str, str]
    homes: dict[str, str]
    adjectives: dict[str, str]
    ambiguous: frozenset[str]
    aliases: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _Hit:
    start: int
    end: int
    name: str
    form: str


_FIRST = re.compile(
    r"(?<![^\W_])(?:[A-ZÀ-ÞŠŽ][^\W_]*|al|anti|ethnic|peshmerga|mujahideen|mujahedeen|mujahedin|rebel(?= Serbs))"
)
_HEAD = re.compile(r"[^\W_]+")
_MASTHEAD = re.compile(
    r" (?:Times|Post|Independent|Herald|Examiner|Globe|Daily|Institute|University|Review|Monthly|Journal|Tribune|Today"
    r"|Street|Avenue|Telegraph|Gazette|Airlines|Airways|Wizards|Nationals|Redskins|Square Garden|Accords?|Convention)\b"
)
_ORGAN_TAIL = re.compile(
    r"(?:'s?)? (?:(?:[a-z][a-z-]+|Foreign|Defen[cs]e|Interior|Justice|Armed|Security|Navy|Air|Supreme|General|State"
    r"|National|Human|Rights|Federal|Coordination|Military|Naval) ){0,2}?"
    r"(?:(?:[Gg]overnment|[Aa]rmy|[Mm]ilitary|[Ff]orces|[Aa]uthorities|[Aa]dministration|[Ss]ide|[Pp]residency|[Nn]avy"
    r"|[Aa]ir [Ff]orce|[Oo]fficials|[Ll]eadership|[Rr]egime|[Ii]ntelligence|[Pp]arliament|[Ee]mbassy|[Cc]abinet)"
    r"|[Mm]inistry(?: of (?:[A-Z][a-z]+|defen[cs]e|foreign|the interior|justice)(?: Affairs| affairs)?)?)(?![\w-])"
)
_GROUP_NOUNS = (
    r"separatists|rebels|insurgents|guerrillas|guerillas|militants|militiamen|militias?|gunmen|fighters|forces"
    r"|paramilitaries|jihadists|Islamists|secessionists|loyalists|mercenaries|pirates|kidnappers|captors|hijackers"
    r"|extremists|tribesmen|bandits"
)
_SPONSORED = re.compile(
    r"(?<!\w)(?:(?P<pro>[Pp]ro)-(?P<whom>[A-Z]\w+(?: [A-Z]\w+)?)|(?P<backer>[A-Z]\w+(?: [A-Z]\w+)?)-"
    r"(?:backed|aligned|supported|allied|sponsored|led))"
    rf" (?:(?:armed|ethnic|Shia|Shiite|Sunni|Islamist|local) )?(?P<noun>separatists?|rebels?|insurgents?|insurgency"
    rf"|{_GROUP_NOUNS})"
    r"(?!\w)"
)
_BARE = re.compile(
    r"\b(?<!-)(?:(?P<noun>separatists|rebels|insurgents|guerrillas|guerillas|militants|militiamen|gunmen"
    r"|paramilitaries|jihadists"
    r"|Islamists|secessionists|kidnappers|captors|hijackers|pirates|hostage-takers|extremists)"
    r"|(?P<kind>rebel|separatist|guerrilla|insurgent|militant|militia|Islamist|jihadist|paramilitary)"
    r"(?= (?:group|movement|army|forces|fighters|side|leadership|officials|authorities|organi[sz]ation|faction|leaders?"
    r"|commanders?"
    r"|spokesm[ae]n|spokeswoman|chief|administration|government)))\b",
    re.IGNORECASE,
)
_OF_STATE = re.compile(
    r"(?<=\b[Tt]he )(?:government|authorities|army|military|regime|junta|interim government)(?! (?:of|in)\b)(?![\w-])"
    r"|(?:(?<=-backed )|(?<=-led )|(?<=recognised )|(?<=recognized )|(?<=-allied ))[Gg]overnment(?!\w)"
    r"|(?<![\w-])[Gg]overnment (?:forces|troops|officials|side)(?!\w)"
)
_SINGULAR = {
    "rebel": "rebels", "separatist": "separatists", "guerrilla": "guerrillas", "insurgent": "insurgents", "militant": "militants",
    "militia": "militia", "islamist": "Islamists", "jihadist": "jihadists", "paramilitary": "paramilitaries",
    "insurgency": "insurgents", "guerillas": "guerrillas", "militiamen": "militia", "gunmen": "gunmen",
}  # fmt: skip
_MOVEMENT = re.compile(
    r"(?<!\w)(?:[A-Z][\w'-]+ ){1,5}?(?:(?:Liberation|Resistance|Salvation|Popular|Patriotic|Freedom|Revolutionary|United"
    r"|Democratic"
    r"|National|Unity) (?:Front|Army|Movement|Forces?|Council)|People's (?:Army|Republic|Defen[cs]e Forces?)"
    r"|Defen[cs]e Forces)"
    r"(?: of [A-Z]\w+)?(?!\w)"
)
_STATE_PATTERN = re.compile(
    r"(?<!\w)(?:Republic|Kingdom|Federation|Emirate|Sultanate|Principality"
    r"|Commonwealth) of (?P<of>[A-Z]\w{2,}(?: [A-Z]\w+)?)"
    r"|(?<!\w)(?P<owner>[A-Z]\w{2,}(?: [A-Z]\w+)?)'s? (?:[Ii]nterior|[Ff]oreign|[Dd]efen[cs]e|[Jj]ustice"
    r"|[Ii]nformation) [Mm]inist(?:ry|er)"
)
_PREPOSITION = re.compile(
    r"(?:^|[^\w-])(?:in|at|near|to|from|through|via|outside|into|inside|around|across|of|towards?|over|for)\s+(?:the\s+)?"
    r"(?:(?:north|south|east|west|central|neighbou?ring|war-torn|occupied|northeast|northwest|southeast"
    r"|southwest)[a-z-]*\s+)*$"
)
_CAP = r"[A-ZÀ-Þ][\w'-]{1,30}"
_NAME = rf"{_CAP}(?:(?: (?:al|el|de|la|del|bin|ibn))? {_CAP}){{0,3}}"
_CALENDAR = (
    r"(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|January|February|March|April|May|June|July|August|September|October|November"
    r"|December)\b"
)
_FACILITY = (
    r"(?:(?:border |bridge |international |military |main |frontier )?(?:checkpoint|crossing point|crossing|airport"
    r"|airfield|air base|airbase|airstrip"
    r"|bridge|prison|jail|detention cent(?:er|re)|barracks|stadium|port|harbou?r|base|camp|frontier post|border post"
    r"|border terminal"
    r"|railway station|train station)|International Airport|Airport|Air Base|Air Force Base|Bridge|Prison|Checkpoint"
    r"|Crossing|Hospital)"
)
_REGION = r"(?:region|province|district|oblast|governorate|valley|peninsula|enclave|department)"
_PLACE_PATTERNS = re.compile(
    rf"(?<![\w])(?:(?P<border>(?:{_CAP}(?:[-–]| and ){_CAP}(?:'s)?|{_CAP}(?:'s)?(?: {_CAP})?) (?:border|frontier|boundary)"
    rf"(?: (?:with|of) (?:the )?{_CAP}(?: {_CAP})?| between {_CAP}(?: {_CAP})? and {_CAP}(?: {_CAP})?)?)"
    rf"|(?P<between>border between {_CAP}(?: {_CAP})? and {_CAP}(?: {_CAP})?|border with {_CAP}(?: {_CAP})?)"
    rf"|(?P<site>{_NAME} {_FACILITY}(?: (?:in|near) (?:the )?(?:[a-z]+ern |outskirts of )?(?!{_CALENDAR}){_NAME}(?: {_REGION})?)?)"
    rf"|(?P<region>{_NAME} {_REGION})"
    rf"|(?P<village>(?:village|town|city|port|settlement|hamlet|province|region) of {_NAME}))(?![\w])"
)
_DEMONYM_ENDINGS = ("n", "ns", "an", "ans", "ian", "ians", "ese", "i", "is", "ish", "er", "ers")


@cache
def lexicon() -> Lexicon:
    """The lexicon, read once."""
    raw = json.loads(files("service.text.data").joinpath("parties.json").read_text(encoding="utf-8"))
    entries: list[Entry] = []
    for state in raw["states"]:
        name = state["name"]
        entries += [Entry(phrase, name, "name") for phrase in (name, *state["aliases"])]
        entries += [Entry(phrase, name, "adjective") for phrase in state["adjectives"]]
        entries += [Entry(phrase, name, "capital") for phrase in state["capitals"]]
        entries += [Entry(phrase, name, "organ") for phrase in state["organs"]]
    shouted = [
        Entry(e.phrase.upper(), e.name, e.form) for e in entries if len(e.phrase) > 3 and e.phrase != e.phrase.upper()
    ]
    for group in raw["groups"]:
        entries += [Entry(phrase, group["name"], "group") for phrase in (group["name"], *group["aliases"])]
    for body in raw["organisations"]:
        entries += [Entry(phrase, body["name"], "name") for phrase in (body["name"], *body["aliases"])]
    places = [Entry(place, country, "place") for country, known in raw["places"].items() for place in known]
    places += [Entry(e.phrase, e.name, "capital") for e in entries if e.form == "capital" and e.phrase not in _HOUSES]
    places += [
        Entry(e.phrase, e.name, "state")
        for e in entries
        if e.form == "name" and any(s["name"] == e.name for s in raw["states"])
    ]
    aliases: dict[str, list[str]] = {}
    for entry in entries:
        aliases.setdefault(entry.name, []).append(entry.phrase)
    return Lexicon(
        parties=_by_first_word(entries + shouted),
        places=_by_first_word(places),
        states=frozenset(state["name"] for state in raw["states"]),
        organisations=frozenset(body["name"] for body in raw["organisations"]),
        types={group["name"]: group["type"] for group in raw["groups"] if group["type"]},
        homes={group["name"]: group["home"] for group in raw["groups"] if group["home"]},
        adjectives={state["name"]: state["adjectives"][0] for state in raw["states"] if state["adjectives"]},
        ambiguous=frozenset(raw["ambiguous"]),
        aliases={name: tuple(phrases) for name, phrases in aliases.items()},
    )


_HOUSES = frozenset(
    {
        "the Kremlin",
        "Kremlin",
        "White House",
        "Pentagon",
        "State Department",
        "Downing Street",
        "Whitehall",
        "Élysée",
        "Elysee",
    }
)


def _by_first_word(entries: list[Entry]) -> dict[str, tuple[Entry, ...]]:
    table: dict[str, list[Entry]] = {}
    for entry in entries:
        head = _HEAD.search(entry.phrase)
        if head:
            table.setdefault(head[0], []).append(entry)
    return {head: tuple(sorted(known, key=lambda e: -len(e.phrase))) for head, known in table.items()}


def parties(text: str) -> tuple[Party, ...]:
    """Mentions of states, armed groups and organisations, in document order, ids R1, R2, ...

    >>> [(p.name, p.form) for p in parties("Kyiv and the pro-Russian rebels met Turkish officials.")]
    [('Ukraine', 'capital'), ('pro-Russian rebels', 'group'), ('Turkey', 'organ')]
    """
    folded = text.replace("’", "'").replace("\u00a0", " ")
    hits = list(_sponsored(folded)) + list(_movements(folded))
    hits += _outside(hits, _named(folded, lexicon().parties))
    hits += _outside(hits, _unlisted_states(folded))
    hits.sort(key=lambda hit: hit.start)
    hits = _with_bare_groups(folded, hits)
    return tuple(Party(f"R{i}", span_of(text, h.start, h.end), h.name, h.form) for i, h in enumerate(hits, 1))


def _outside(taken: list[_Hit], found: Iterator[_Hit]) -> list[_Hit]:
    """The hits that overlap none of the taken ones (both are few, so a set of covered offsets is enough)."""
    covered = {offset for hit in taken for offset in range(hit.start, hit.end)}
    return [hit for hit in found if hit.start not in covered and hit.end - 1 not in covered]


def _named(folded: str, table: dict[str, tuple[Entry, ...]]) -> Iterator[_Hit]:
    end = 0
    for match in _FIRST.finditer(folded):
        start = match.start()
        if start < end:
            continue
        entry = _longest(folded, start, table.get(match[0], ()))
        if entry is None or not _is_meant(folded, start, entry):
            continue
        end = start + len(entry.phrase)
        form = entry.form
        tail = _ORGAN_TAIL.match(folded, end) if form in {"name", "adjective", "capital", "group"} else None
        if tail and entry.name not in lexicon().organisations:
            end = tail.end()
            form = "group" if form == "group" else "organ"
        yield _Hit(start, end, entry.name, form)


def _longest(folded: str, start: int, entries: tuple[Entry, ...]) -> Entry | None:
    for entry in entries:
        end = start + len(entry.phrase)
        if folded.startswith(entry.phrase, start) and not (folded[end : end + 1].isalnum() and entry.phrase[-1] != "."):
            return entry
    return None


def _is_meant(folded: str, start: int, entry: Entry) -> bool:
    """Whether the words stand for the party here and not for a newspaper, a person or something else of that name."""
    end = start + len(entry.phrase)
    if _MASTHEAD.match(folded, end):
        return False
    if entry.phrase not in lexicon().ambiguous:
        return True
    if entry.phrase == "West":
        return folded[max(0, start - 4) : start].lower() == "the " and not re.match(r"[ -][A-Z]", folded[end : end + 2])
    if entry.phrase.isupper():
        return any(len(a) > 6 and a in folded for a in lexicon().aliases[entry.name])
    if entry.name == "Georgia" and not re.search(
        r"Tbilisi|Caucasus|Abkhaz|Ossetia|Saakashvili|Russia|Soviet|Khangoshvili", folded
    ):
        return False
    before = re.search(r"([A-Z][\w.-]*) $", folded[max(0, start - 24) : start])
    if before and before[1].lower() not in _FUNCTION_WORDS:
        return False
    after = re.match(r" ([A-Z][\w]+)", folded[end : end + 24])
    return not after or after[1] in _TITLES or entry.form == "adjective"


_FUNCTION_WORDS_LIST = (
    "in from to and the when while for but with at by as if after before near since both between than against that "
    "although south north east west eastern western on president neighbouring neighboring"
)
_FUNCTION_WORDS = frozenset(_FUNCTION_WORDS_LIST.split())
_TITLES_LIST = (
    "President Prime Foreign Defense Defence King Interior Minister Ministry Thursday Friday Monday Tuesday Wednesday "
    "Saturday Sunday"
)
_TITLES = frozenset(_TITLES_LIST.split())


def _sponsored(folded: str) -> Iterator[_Hit]:
    """Groups named by whom they are for ("pro-Moscow rebels") or who is behind them ("Iran-backed militia")."""
    for match in _SPONSORED.finditer(folded):
        whom = match["whom"] or match["backer"]
        entry = next((e for e in lexicon().parties.get(whom.split()[0], ()) if e.phrase == whom), None)
        noun = _SINGULAR.get(match["noun"].lower(), match["noun"])
        noun = noun if noun.endswith("s") or noun == "militia" else _SINGULAR.get(noun.lower(), noun + "s")
        if noun == "forces" and not match["pro"]:
            continue
        adjective = lexicon().adjectives.get(entry.name, whom) if entry else whom
        if not match["pro"] and (entry is None or entry.name != "Russia"):
            tail = re.match(r" \(?([A-Z]\w+)", folded[match.end() : match.end() + 30])
            if tail:
                continue
            yield _Hit(match.start(), match.end(), folded[match.start() : match.end()], "group")
        else:
            yield _Hit(match.start(), match.end(), f"pro-{adjective} {noun}", "group")


def _movements(folded: str) -> Iterator[_Hit]:
    """Movements that no lexicon knows, by the form of their name ("the X Liberation Front")."""
    for match in _MOVEMENT.finditer(folded):
        start = match.start() + (4 if match[0].startswith("The ") else 0)
        head = _HEAD.match(folded, start)
        known = _longest(folded, start, lexicon().parties.get(head[0], ())) if head else None
        if known is None or len(known.phrase) < match.end() - start:
            yield _Hit(start, match.end(), folded[start : match.end()], "group")


def _unlisted_states(folded: str) -> Iterator[_Hit]:
    """States that no lexicon knows, named by the text's own words; then every later use of their name."""
    names = {match["of"] or match["owner"] for match in _STATE_PATTERN.finditer(folded)}
    names = {n for n in names if not any(e.phrase == n for e in lexicon().parties.get(n.split()[0], ()))}
    for name in sorted(names):
        stem = re.escape(name[:-1] if name[-1] in "aeiouy" else name)
        endings = "|".join(sorted(_DEMONYM_ENDINGS, key=len, reverse=True))
        for match in re.finditer(rf"(?<!\w)(?:(?P<name>{re.escape(name)})|{stem}[aeiou]?(?:{endings}))(?!\w)", folded):
            yield _Hit(match.start(), match.end(), name, "name" if match["name"] else "adjective")


def _with_bare_groups(folded: str, hits: list[_Hit]) -> list[_Hit]:
    """Adds "the rebels" and "Chechen rebels": the named group they stand for, else their own words."""
    covered = {offset for hit in hits if hit.form != "adjective" for offset in range(hit.start, hit.end)}
    groups = [hit for hit in hits if hit.form == "group"]
    by_end = {hit.end: hit for hit in hits if hit.form in {"adjective", "group"}}
    added: list[_Hit] = []
    dropped: set[int] = set()
    own: dict[str, str] = {}
    for match in _BARE.finditer(folded):
        if match.start() in covered:
            continue
        noun = match["noun"] or _SINGULAR.get(match["kind"].lower(), match["kind"])
        noun = _SINGULAR.get(noun.lower(), noun)
        before = by_end.get(match.start() - 1)
        if before and before.form == "adjective":
            named = _of_home(groups, before.name)
            plain = f"{folded[before.start : before.end]} {noun}"
            own.setdefault(noun, plain)
            added.append(_Hit(before.start, match.end(), named or plain, "group"))
            dropped.add(before.start)
        elif before is None or before.form != "group":
            added.append(
                _Hit(match.start(), match.end(), _standing_for(groups, noun, match.start()) or own.get(noun, noun), "group")
            )
    hits = sorted([h for h in hits if h.start not in dropped] + added, key=lambda hit: hit.start)
    return _with_bare_governments(folded, hits)


def _with_bare_governments(folded: str, hits: list[_Hit]) -> list[_Hit]:
    """Adds "the government", "the army": of the state whose rebels the text names, else of the state named last before."""
    states = lexicon().states
    homes = {
        home
        for hit in hits
        if hit.form == "group" and (home := lexicon().homes.get(hit.name) or _adjective_of(hit.name)) in states
    }
    covered = {offset for hit in hits for offset in range(hit.start, hit.end)}
    added: list[_Hit] = []
    for match in _OF_STATE.finditer(folded):
        if match.start() in covered:
            continue
        before = [hit for hit in hits if hit.end <= match.start() and hit.name in states]
        own = [hit for hit in before if hit.name in homes]
        name = own[-1].name if own else next(iter(homes)) if len(homes) == 1 else before[-1].name if before else None
        if name:
            added.append(_Hit(match.start(), match.end(), name, "organ"))
    return sorted(hits + added, key=lambda hit: hit.start) if added else hits


def _adjective_of(name: str) -> str | None:
    """The state whose adjective a group's name begins with ("Syrian rebels")."""
    entry = next(
        (e for e in lexicon().parties.get(name.split()[0], ()) if e.phrase == name.split()[0] and e.form == "adjective"),
        None,
    )
    return entry.name if entry else None


def _of_home(groups: list[_Hit], home: str) -> str | None:
    found = {hit.name for hit in groups if lexicon().homes.get(hit.name) == home and hit.name != home}
    return found.pop() if len(found) == 1 else None


def _standing_for(groups: list[_Hit], noun: str, at: int) -> str | None:
    """The named group that a bare "rebels" means: one of that type named before, else the only armed group there is."""
    types = lexicon().types
    named = [hit for hit in groups if (types.get(hit.name) or hit.name.rsplit(" ", 1)[-1]) == noun]
    before = [hit for hit in named if hit.start < at]
    if before or named:
        return (before[-1] if before else named[0]).name
    armed = {hit.name for hit in groups if hit.name in types or hit.name.startswith("pro-")}
    return armed.pop() if len(armed) == 1 else None


def places(text: str) -> tuple[Place, ...]:
    """Places as the text names them, in document order, ids L1, L2, ...; the longest reading of overlapping ones.

    >>> [(p.name, p.country) for p in places("They crossed at the Erez checkpoint near Gaza City, and later flew to Doha.")]
    [('Erez checkpoint near Gaza City', 'Israel'), ('Doha', 'Qatar')]
    """
    folded = text.replace("’", "'").replace("\u00a0", " ")
    table = lexicon().places
    found: list[tuple[int, int, str | None]] = []
    for match in _PLACE_PATTERNS.finditer(folded):
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


def _named_places(folded: str, table: dict[str, tuple[Entry, ...]]) -> Iterator[_Hit]:
    end = 0
    for match in _FIRST.finditer(folded):
        start = match.start()
        if start < end:
            continue
        entry = _longest(folded, start, table.get(match[0], ()))
        if entry is None or not _is_meant(folded, start, entry):
            continue
        if entry.form == "state" and not _PREPOSITION.search(folded[max(0, start - 50) : start]):
            continue
        end = start + len(entry.phrase)
        yield _Hit(start, end, entry.name, entry.form)


def _country_in(words: str) -> str | None:
    for match in _FIRST.finditer(words):
        entry = _longest(words, match.start(), lexicon().places.get(match[0], ()))
        if entry is not None:
            return entry.name
        entry = _longest(words, match.start(), lexicon().parties.get(match[0], ()))
        if entry is not None and entry.form in {"name", "adjective"} and entry.name in lexicon().states:
            return entry.name
    return None
