"""The unit noun behind a numeral: its head word, adjectives skipped."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from service.text.units import unit_roles

_WORD = re.compile(r"[\s-]((?:[A-Z]\.){2,4}(?:-[\w’']+)?|[^\W\d_][\w’']*(?:-[\w’']+)*)")
_PARTITIVE = re.compile(r"\sof(?:\s(?:the|our|his|her|its|those|these))?(?=\s)|\smore(?=\s)")
_OF_WAR = re.compile(r"\sof\swar\b")
_AND = re.compile(r"\s(?:and|or)\s([a-z]+)\b(?!-)")
_DEMONYM = re.compile(r"[A-Z]\w+(?:ians|eans|icans|[gtbm]ans|[aeiour]nis|qis|lis|stanis|men)$")
_DEAD = frozenset(["dead", "deceased", "fallen", "slain", "killed"])
_NOT_PLURAL = ("ss", "us", "is", "’s", "'s", "ous")
_MOST_WORDS = 6


@cache
def _words(kind: str) -> frozenset[str]:
    """Word lists of `data/nouns.json`: "stops" end a noun phrase, "plurals" lack an s, "adjectives" can be nouns."""
    data = json.loads(files("service.text").joinpath("data/nouns.json").read_text("utf-8"))
    return frozenset(data[kind])


@dataclass(frozen=True, slots=True)
class Unit:
    """The noun in lower case as written, its role (as in `Number.role`) and where it ends, counted from the numeral's end."""

    words: str
    role: str
    end: int


def read_unit(right: str) -> Unit | None:
    """The unit noun in the text behind a numeral; None where no noun follows within a few words.

    >>> read_unit(" Ukrainian servicemen had fought")
    Unit(words='servicemen', role='people', end=21)
    """
    partitive = _PARTITIVE.match(right)
    at = partitive.end() if partitive else 0
    is_dead = False
    for _ in range(_MOST_WORDS):
        match = _WORD.match(right, at)
        if match is None or match.group(1).lower() in _words("stops"):
            return None
        word = match.group(1)
        role = _role_of(word)
        following = _WORD.match(right, match.end())
        if role is not None and not _goes_on(word, role, following):
            return _with_rest(right, match, "remains" if is_dead and role == "people" else role)
        if role is None and _is_plural(word):
            return Unit(word.lower(), "other", match.end(1))
        is_dead = is_dead or word.lower() in _DEAD
        at = match.end()
    return None


def _role_of(word: str) -> str | None:
    role = unit_roles().get(word.lower())
    if role is not None:
        return role
    return "people" if _DEMONYM.match(word) else None


def _goes_on(word: str, role: str, following: re.Match[str] | None) -> bool:
    """Whether the noun only describes the next one: "civilian hostages", "two prisoner swaps", "300 police cars"."""
    if following is None or role == "time":
        return False
    then, lower = following.group(1), word.lower()
    if then.lower() in _words("stops") or then.endswith(("ed", "ing")) or then in _words("verbs"):
        return False
    if _role_of(then) is not None:
        return True
    is_singular = not lower.endswith("s") and lower not in _words("plurals")
    return then.islower() and (is_singular or lower in _words("adjectives"))


def _is_plural(word: str) -> bool:
    return word[0].islower() and word.endswith("s") and not word.endswith(_NOT_PLURAL) and len(word) > 3


def _with_rest(right: str, match: re.Match[str], role: str) -> Unit:
    """The noun with "of war" and with a second noun of the same kind ("soldiers and civilians")."""
    end = match.end(1)
    of_war = _OF_WAR.match(right, end)
    end = of_war.end() if of_war else end
    second = _AND.match(right, end)
    if second is not None and role == "people" and _role_of(second.group(1)) == "people":
        end = second.end()
    return Unit(right[match.start(1) : end].lower(), role, end)
