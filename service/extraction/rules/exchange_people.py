"""Groups of people in a sentence: with a number, without one, or named; whose they are and of which category."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from service.domain.candidate import Mention, Number, Party
from service.domain.draft import Category
from service.extraction.rules.exchange_cue import Cue
from service.extraction.rules.exchange_words import PEOPLE, category_of


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """A group of people in a sentence: with a number, without, or a named person.

    `nationality` is the party they belong to by the words themselves ("Ukrainian soldiers", "Taliban prisoners"), `own`
    whether they are the subject's ("its soldiers"). `words` are the noun phrase in lower case.
    """

    start: int
    end: int
    category: Category
    words: str
    number: Number | None = None
    mention: Mention | None = None
    nationality: str | None = None
    own: bool = False
    bodies: bool = False
    part: bool = False


_THINGS = re.compile(
    r"(?:missiles|drones|tanks|dollars|jets|planes|ships|vessels|cities|towns|villages|companies|banks|sites|bases"
    r"|regions|states|vehicles|aircraft|helicopters|targets|weapons|islands|prisons|jails|teams|games|seats|points|years"
    r"|days|months|weeks|hours|firms|forces|provinces|cars|boats|units|positions|politics|press|sanctions|elections"
    r"|newspapers|officers)$"
)


# Peoples that no lexicon need know: "114 Muslims and Croats", "60 Tamils".
_PEOPLES = re.compile(
    r"(?:[a-z]+ )?(?!Mondays|Sundays|Fridays|States|Nations)[A-Z][a-z]{3,}(?:s"
    r"|men)(?: and [A-Z][a-z]+s)?(?![\w' ]* ?(?:rockets|missiles|planes|jets|tanks))(?=[ ,.;]|$)"
)


_LETTERS = re.compile(r"(?<![\w-])[^\W\d_]+")


_FORCES = re.compile(
    r"(?:militants?|rebels?|guerrillas?|fighters|insurgents?|separatists|gunmen|militiamen|soldiers"
    r"|troops)",
    re.IGNORECASE,
)


_FUNCTION_WORDS = (
    "of to by from for with in on at and or but the a an over into after before has have had was were been is are be "
    "being will would who which that as than between against while when where its their his her return release "
    "released freed returned handed exchange swap said says still also not held including include plus received out "
    "them it they he she swaps exchanges exchanged swapped traded trades frees releases freeing releasing handing "
    "exchanging swapping trading free jails captures killed kills wants begins begun"
)


FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())


_PARTITIVE = re.compile(
    r"(?:\s+of)?\s+(?:(?:its|their|his|our|the|these|those|them|all|more|other|additional|fellow"
    r"|remaining|further)\s+)*",
    re.IGNORECASE,
)


_REMAINS_OF = Cue(
    r"(?:remains|bodies|corpses|body|coffins)\s+of\s+(?:the\s+|some\s+|about\s+|around\s+|at least\s+"
    r"|more than\s+|over\s+|nearly\s+|almost\s+|another\s+)*$"
)


_OWN = re.compile(r"\b(?:its|their|our|his)(?: own)?\s+(?:[\w-]+\s+){0,2}$", re.IGNORECASE)


_ROLES = frozenset({"people", "remains", "other"})


def _numbered(text: str, numbers: list[Number], parties: list[Party], high: int) -> list[People]:
    """Number phrases that count people, or stand bare where people are counted."""
    found: list[People] = []
    for place, number in enumerate(numbers):
        gapped = number.role in {"unit_name", "age"} and any(p.span.end == number.span.start - 1 for p in parties)
        if (number.role not in _ROLES and not gapped) or (found and number.span.start < found[-1].end):
            continue
        limit = min(high, numbers[place + 1].span.start if place + 1 < len(numbers) else high, number.span.end + 90)
        partitive = _PARTITIVE.match(text, number.span.end, limit)
        start = partitive.end() if partitive else number.span.end
        noun = _head_noun(text, start, limit, parties)
        before = text[max(0, number.phrase.start - 60) : min(number.phrase.start, number.span.start)]
        if re.search(
            r"\b(?:aged?|age of|under|sentenced to|article)\s+(?:under |over |between |about )?$",
            before[-24:],
            re.IGNORECASE,
        ):
            continue
        bodies = bool(_REMAINS_OF.search(before)) or number.role == "remains"
        group = next((p for p in parties if p.form == "group" and p.span.start == number.span.end + 1), None)
        if noun is None and group is not None and not re.match(r"[-'’]", text[group.span.end : group.span.end + 1]):
            found.append(
                People(number.phrase.start, group.span.end, Category.OTHER, "", number, None, group.name, bodies=bodies)
            )
            continue
        if noun is None:
            bodies = bodies or (bool(found) and found[-1].bodies)
            told = _predicate(text, number.span.end, limit)
            named_before = any(p.span.end == number.span.start - 1 for p in parties)
            if number.role == "other" and not number.other and not named_before and told is None:
                continue
            category = told or Category.TOTAL
            found.append(
                People(number.span.start, number.span.end, category, "", number, bodies=bodies, part=told is not None)
            )
            continue
        end, category = noun
        words = text[number.span.end : end]
        nationality = _nationality(text, number.span.start, end, parties)
        own = bool(re.match(r"\s+(?:of\s+)?(?:its|their|his|our)\b", words)) or bool(_OWN.search(before))
        if own and category is Category.MEN:
            category = Category.TOTAL  # "eleven of its men": soldiers or not, it says nothing of women
        if category in _HURT_ONES and _WOUNDED.search(words) and not own:
            category = Category.WOUNDED
        bodies = bodies or category is Category.BODIES or (bool(found) and found[-1].bodies and words.strip() == "others")
        category = Category.BODIES if bodies else category
        found.append(
            People(number.phrase.start, end, category, words.strip().lower(), number, None, nationality, own, bodies)
        )
    return found


_WOUNDED = re.compile(r"\b(?:wounded|injured|maimed|sick|ill|ailing)\b")
_HURT_ONES = frozenset({Category.MILITARY, Category.PRISONERS, Category.OTHER, Category.TOTAL})
_IS = re.compile(
    r"(?: (?:of|among) (?:them|those|these|the)\b[^.;,]{0,45}?)? (?:are|were|is|was)(?: (?:all|both|seriously"
    r"|severely|gravely|said to be"
    r"|listed as|either|now|also))* "
)


def _predicate(text: str, start: int, limit: int) -> Category | None:
    """What a bare number is said to be ("nine of those who came back are women"); None where nothing of the kind follows."""
    match = _IS.match(text, start, limit)
    if match is None:
        return None
    noun = PEOPLE.match(text, match.end(), limit)
    if noun is None:
        return Category.WOUNDED if _HURT.match(text, match.end(), limit) else None
    category = category_of(noun)
    return category if category in _PARTS else None


_HURT = re.compile(r"(?:wounded|injured|ill|sick)\b")
_PARTS = frozenset({Category.WOMEN, Category.MEN, Category.CHILDREN, Category.CIVILIAN, Category.MILITARY, Category.WOUNDED})


def _demonym(text: str, start: int, limit: int, parties: list[Party]) -> int | None:
    """End of a people's name that is the noun ("three Americans") or stands before an unlisted one ("two Azeri gunners")."""
    for party in parties:
        if party.form != "adjective" or not start <= party.span.start <= start + 40:
            continue
        between = text[start : party.span.start].lower().split()
        if len(between) > 3 or FUNCTION_WORDS & set(between) or any(_THINGS.search(word) for word in between):
            continue
        end = party.span.end
        if party.span.text.endswith(("s", "men", "ese")) and not PEOPLE.match(text, end + 1, limit):
            following = re.match(r" ([a-z]+)", text[end : end + 20])
            if not following or following[1] in FUNCTION_WORDS or party.span.text.endswith("s"):
                return end
        plural = re.match(r" ((?:[a-z]+ )?[a-z]{3,}s)\b", text[end : min(limit, end + 30)])
        if plural and not (PEOPLE.search(plural[1]) or _THINGS.search(plural[1]) or FUNCTION_WORDS & set(plural[1].split())):
            return end + plural.end()
    return None


def _head_noun(text: str, start: int, limit: int, parties: list[Party]) -> tuple[int, Category] | None:
    """End and category of the noun that a number counts: at most six words on, with no verb or preposition before it."""
    demonym = _demonym(text, start, limit, parties)
    if demonym is not None:
        return demonym, Category.OTHER
    peoples = _PEOPLES.match(text, start, limit)
    if peoples is not None:
        return peoples.end(), Category.OTHER
    best: tuple[int, Category] | None = None
    for match in _nouns(text, start, limit, FUNCTION_WORDS):
        between = re.findall(r"(?:[A-Z]\.){2,}|[\w'’-]+|[,;:.(]", text[start if best is None else best[0] : match.start()])
        if best is not None and (between or match.start() > best[0] + 1):
            break
        if len(between) > 6 or any(w.lower() in FUNCTION_WORDS or w in ",;:.(" for w in between):
            break
        best = (match.end(), category_of(match))
    return best if best is None or best[1] not in _MIXED else _with_listed(text, best, limit)


_MIXED = frozenset({Category.WOMEN, Category.MEN, Category.CHILDREN, Category.CIVILIAN, Category.MILITARY, Category.OTHER})
_LIST_LINK = re.compile(r"(?:,? and|,? or|,) (?:[a-z-]+ )??")


def _with_listed(text: str, noun: tuple[int, Category], limit: int) -> tuple[int, Category]:
    """The noun with others that the same number counts ("200 soldiers, policemen and civilians"), which are no one category."""
    end, category, closed = noun[0], noun[1], False
    while not closed and (link := _LIST_LINK.match(text, end, limit)) is not None:
        more = PEOPLE.match(text, link.end(), limit)
        if more is None:
            break
        end, closed = more.end(), "and" in link[0] or "or" in link[0]
        category = category if category_of(more) is category else Category.TOTAL
    return (end, category) if closed else noun


def _nationality(text: str, start: int, end: int, parties: list[Party]) -> str | None:
    for party in parties:
        if party.span.start >= start and party.span.end <= end and party.form in {"adjective", "group", "name"}:
            return party.name
        if party.span.start > end:
            break
    return None


def _plain(text: str, low: int, high: int, parties: list[Party], taken: list[People]) -> list[People]:
    """Groups without a number ("Palestinian prisoners", "the hostages")."""
    found: list[People] = []
    spans = [(g.start, g.end) for g in taken]
    for match in _nouns(text, low, high):
        if any(a < match.end() and match.start() < b for a, b in spans) or (found and match.start() < found[-1].end):
            continue
        if any(p.form in {"organ", "group", "name"} and p.span.start <= match.start() < p.span.end for p in parties):
            continue
        if re.search(r"\b(?:held|taken|take|holding|hold|taking)\s+$", text[max(low, match.start() - 10) : match.start()]):
            continue
        if re.match(
            r"[- ](?:swap|exchange|trade|deal|release|hand-?over|camp|captain|society|club|of conscience)",
            text[match.end() : match.end() + 14],
            re.IGNORECASE,
        ):
            continue
        start, nationality = match.start(), None
        for party in reversed(parties):
            gap = text[party.span.end : match.start()]
            if party.span.end < match.start() and len(gap) < 50:
                words = gap.split()
                if _is_modifier(gap, party):
                    start, nationality = party.span.start, party.name
                    if party.form == "group" and not words and _FORCES.fullmatch(match[0]):
                        start = -1
                break
        if start < 0:
            continue
        category = category_of(match)
        own = bool(_OWN.search(text, max(low, start - 40), start))
        found.append(
            People(
                start,
                match.end(),
                category,
                text[start : match.end()].lower(),
                None,
                None,
                nationality,
                own,
                category is Category.BODIES,
            )
        )
    return found


_CONDITIONS_LIST = (
    "captured jailed imprisoned detained wounded kidnapped suspected convicted retired accused disabled armed freed "
    "released injured abducted born"
)


_CONDITIONS = frozenset(_CONDITIONS_LIST.split())


def _is_modifier(gap: str, party: Party, most: int = 3) -> bool:
    """Whether a party's mention, with `gap` up to the noun, says whose people these are ("Ukrainian captured soldiers")."""
    if party.form not in {"adjective", "group"} and not (
        party.form == "name" and party.span.text.replace(".", "").isupper()
    ):
        return False
    words = gap.lower().split()
    if len(words) > most or re.search(r"['’,.;:]", gap) or FUNCTION_WORDS & set(words):
        return False
    return all(not word.endswith("ed") or word in _CONDITIONS for word in words)


@lru_cache(maxsize=8192)
def _may_be_people(word: str) -> bool:
    """Whether a people noun may begin with this word (asked once a word)."""
    return PEOPLE.match(word) is not None or word in {
        "border",
        "national",
        "military",
        "army",
        "police",
        "riot",
        "aid",
        "service",
        "wounded",
        "injured",
        "transfer",
        "sets",
    }


def _nouns(text: str, low: int, high: int, stop: frozenset[str] = frozenset()) -> Iterator[re.Match[str]]:
    """People nouns in order, up to the first of the words in `stop`."""
    end = low
    for word in _LETTERS.finditer(text, low, high):
        lower = word[0].lower()
        if lower in stop and word.start() >= end:
            return
        if word.start() >= end and _may_be_people(lower):
            match = PEOPLE.match(text, word.start(), high)
            if match is not None:
                end = match.end()
                yield match


_APPOSED = re.compile(r",(?: \d\d,)? (?:an?|the) (?:[a-z-]+ ){0,3}?(?=[A-Z])")
"""Between a name and the people that its bearer is of ("Otto Warmbier, an American student")."""


def _named(text: str, persons: list[Mention], parties: list[Party], taken: list[People]) -> list[People]:
    found: list[People] = []
    for person in persons:
        if any(g.start < person.span.end and person.span.start < g.end for g in taken):
            continue
        nationality = None
        for party in reversed(parties):
            gap = text[party.span.end : person.span.start]
            if party.span.end <= person.span.start and len(gap) < 60:
                if _is_modifier(gap, party, 6):
                    nationality = party.name
                break
        if nationality is None and (aside := _APPOSED.match(text, person.span.end)) is not None:
            nationality = next((p.name for p in parties if p.form == "adjective" and p.span.start == aside.end()), None)
        found.append(People(person.span.start, person.span.end, Category.TOTAL, person.span.text, None, person, nationality))
    return found


def people_in(
    text: str, low: int, high: int, numbers: list[Number], parties: list[Party], persons: list[Mention]
) -> list[People]:
    """The groups of people of a sentence, which stands at `low` to `high`, in no order; none overlap."""
    found = _numbered(text, numbers, parties, high)
    found += _plain(text, low, high, parties, found)
    return found + _named(text, persons, parties, found)


_AMONG = re.compile(
    r"(?:,? (?:and|or) [^.;,]{1,40}?)?,? (?:(?:were|was|are|is) )?(?:also )?(?:among|amongst|of) the (?:[\d,]+ |[a-z]+ )?$"
)
_AMONG_BEFORE = re.compile(r"\b(?:among|amongst|of) the (?:[\d,]+ |[a-z]+ )?$", re.IGNORECASE)
_BEHIND = re.compile(r"[^.;,]{0,60}\b(?:were|was|are|is) (?:[^.;,]{1,40} and )?$")


def among(text: str, group: People, high: int, parties: list[Party]) -> str | None:
    """Whose a group is that is one part of a people ("nine women were among the Armenians", "among the Armenians were nine")."""
    if group.number is None:
        return None
    for party in parties:
        if party.form != "adjective" or not (party.span.text.endswith(("s", "ese", "men")) or _heads(text, party)):
            continue
        if group.end <= party.span.start < high and _AMONG.fullmatch(text[group.end : party.span.start]):
            return party.name
        before = text[max(0, party.span.start - 30) : party.span.start]
        if party.span.end <= group.start and _AMONG_BEFORE.search(before):
            behind = _BEHIND.fullmatch(text[party.span.end : group.start])
            if behind is not None:
                return party.name
    return None


def _heads(text: str, party: Party) -> bool:
    """Whether a people's adjective stands before a noun of people ("the Armenian captives")."""
    return bool(
        re.match(
            r" (?:[a-z]+ )?(?:captives|prisoners|soldiers|detainees|hostages|servicemen|civilians)\b",
            text[party.span.end : party.span.end + 40],
        )
    )
