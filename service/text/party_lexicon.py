"""The lexicon of parties and places (`data/parties.json`), arranged for look-up, and whether its words are meant at a spot."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


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
    leaders: dict[str, str]
    """Heads of state, government or movement, by the last part of their name: what they do, their side does."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A mention found: offsets, the plain name it stands for, and its form as in `Party.form`."""

    start: int
    end: int
    name: str
    form: str


_MASTHEAD = re.compile(
    r" (?:Times|Post|Independent|Herald|Examiner|Globe|Daily|Institute|University|Review|Monthly|Journal|Tribune|Today"
    r"|Street|Avenue|Telegraph|Gazette|Airlines|Airways|Wizards|Nationals|Redskins|Square Garden|Accords?|Convention)\b"
)
_CONTINENT = re.compile(r"\b(?:South|Latin|Central|North|Native)[ -]$")
HEAD = re.compile(r"[^\W_]+")


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
        leaders={leader: name for name, known in raw["leaders"].items() for leader in known},
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
        head = HEAD.search(entry.phrase)
        if head:
            table.setdefault(head[0], []).append(entry)
    return {head: tuple(sorted(known, key=lambda e: -len(e.phrase))) for head, known in table.items()}


def longest(folded: str, start: int, entries: tuple[Entry, ...]) -> Entry | None:
    """The longest of the entries that stands at `start` as whole words."""
    for entry in entries:
        end = start + len(entry.phrase)
        if folded.startswith(entry.phrase, start) and not (folded[end : end + 1].isalnum() and entry.phrase[-1] != "."):
            return entry
    return None


def is_meant(folded: str, start: int, entry: Entry) -> bool:
    """Whether the words stand for the party here and not for a newspaper, a person or something else of that name."""
    end = start + len(entry.phrase)
    if _MASTHEAD.match(folded, end):
        return False
    if entry.phrase.startswith("American") and _CONTINENT.search(folded[max(0, start - 9) : start]):
        return False
    if entry.phrase not in lexicon().ambiguous:
        return True
    if entry.phrase == "West":
        return folded[max(0, start - 4) : start].lower() == "the " and not re.match(r"[ -][A-Z]", folded[end : end + 2])
    if entry.phrase.isupper():
        return any(len(a) > 6 and a in folded for a in lexicon().aliases[entry.name])
    if entry.name == "Georgia" and not re.search(
        r"Tbilisi|Caucasus|Abkhaz|Ossetia|Saakashvili|Russia|Soviet|Khangoshvili|Armenia|Azerbaijan|Batumi"
        r"|Georgian (?:pris|sold|capt|civ|gov|pres|for|def|par|auth|ter)",
        folded,
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
