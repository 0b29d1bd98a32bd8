"""The unit noun behind a numeral: its head word, adjectives skipped."""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.text.units import DEAD, EVENT, MEASURE, MONEY, PEOPLE, REMAINS, TIME

_WORD = re.compile(r"[\s-]([^\W\d_][\w’']*(?:-[\w’']+)*\.?)")
_PARTITIVE = re.compile(r"\sof(?:\s(?:the|our|his|her|its|those|these))?(?=\s)|\smore(?=\s)")
_OF_WAR = re.compile(r"\sof\swar\b")
_AND = re.compile(r"\s(?:and|or)\s([a-z]+)\b(?!-)")
_DEMONYM = re.compile(r"[A-Z]\w+(?:ians|eans|icans|[gtbm]ans|[aeiour]nis|qis|lis|stanis|men)$")
_PLURALS = frozenset(
    "people men women children police personnel military troops crew staff wounded injured dead chinese japanese french british"
    " policemen policewomen gunmen servicemen servicewomen airmen guardsmen militiamen businessmen crewmen fishermen gentlemen"
    " family women's fallen remains".split()
)
_STOPS = frozenset(
    "and or but nor in on at from to for with by of off who which that whom whose where when while after before as than if because"
    " since during under over into onto against between among through were was are is be been being am have has had do does did"
    " will would could should may might must can shall the a an this these those their its his her our your my they he she it we"
    " you i them us him me there here not no only also each per said says so then now yet still again both all up out down about"
    " about around near more less until till without within across despite including such per went came".split()
)
_NOT_PLURAL = ("ss", "us", "is", "’s", "'s", "ous")
_MOST_WORDS = 6


@dataclass(frozen=True, slots=True)
class Unit:
    """The noun in lower case as written, its role (as in `Number.role`) and where it ends, counted from the numeral's end."""

    words: str
    role: str
    end: int


def read_unit(right: str, value: int | None) -> Unit | None:
    """
    The unit noun in the text behind a numeral of this value; None where no noun follows within a few words.

    >>> read_unit(" Ukrainian servicemen had fought", 270)
    Unit(words='servicemen', role='people', end=21)
    """
    partitive = _PARTITIVE.match(right)
    at = partitive.end() if partitive else 0
    is_dead = False
    for _ in range(_MOST_WORDS):
        match = _WORD.match(right, at)
        if match is None or match.group(1).lower() in _STOPS:
            return None
        word = match.group(1)
        role = _role_of(word)
        following = _WORD.match(right, match.end())
        if role is not None and not _goes_on(word, role, following, value):
            return _with_rest(right, match, "remains" if is_dead and role == "people" else role)
        if role is None and _is_plural(word):
            return Unit(word.lower(), "other", match.end(1))
        is_dead = is_dead or word.lower() in DEAD
        at = match.end()
    return None


def _role_of(word: str) -> str | None:
    lower = word.lower().rstrip(".")
    for nouns, role in ((PEOPLE, "people"), (REMAINS, "remains"), (TIME, "time"), (MEASURE, "measure"), (MONEY, "money"), (EVENT, "event")):
        if lower in nouns:
            return role
    return "people" if _DEMONYM.match(word) else None


def _goes_on(word: str, role: str, following: re.Match[str] | None, value: int | None) -> bool:
    """Whether the noun only describes the next one: "civilian hostages", "two prisoner swaps", "300 police cars", "two-year term"."""
    if following is None or following.group(1).lower() in _STOPS:
        return False
    then = following.group(1)
    if _role_of(then) is not None and role != "time":
        return not _is_verb(then)
    lower = word.lower()
    is_singular = not lower.endswith("s") and lower not in _PLURALS
    if role in ("people", "remains") and lower in ("dead", "wounded", "injured", "police", "military", "family", "fallen", "chinese"):
        return then.islower() and not _is_verb(then)
    return role != "time" and is_singular and (value is None or value > 1 or then.islower()) and then.islower() and not _is_verb(then)


def _is_verb(word: str) -> bool:
    return word.endswith(("ed", "ing")) or word in ("held", "came", "went", "left", "died", "taken", "sent", "brought", "still")


def _is_plural(word: str) -> bool:
    return word[0].islower() and word.endswith("s") and not word.endswith(_NOT_PLURAL) and len(word) > 3


def _with_rest(right: str, match: re.Match[str], role: str) -> Unit:
    """The noun with "of war" and with a second noun of the same kind ("soldiers and civilians")."""
    end = match.end(1) - (1 if match.group(1).endswith(".") else 0)
    of_war = _OF_WAR.match(right, end)
    end = of_war.end() if of_war else end
    second = _AND.match(right, end)
    if second is not None and role == "people" and _role_of(second.group(1)) == "people" and second.group(1).endswith(("s", "men", "en")):
        end = second.end()
    return Unit(right[match.start(1) : end].lower(), role, end)
