"""
A sentence as a short row of chunks: parties, groups of people with their number, verbs of release, prepositions.

What the direction rules need and nothing else; every other word is skipped.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TypeVar

from service.domain.candidate import Candidates, Mention, MentionKind, Number, Party, Sentence
from service.domain.draft import Category
from service.text.parties import lexicon
from service.extraction.rules.exchange_words import BASE, DETERMINED, PASSIVE, PEOPLE, PERFECT, SIMPLE, STEMS, SUBSET, TOKENS, WORDS, category_of


@dataclass(frozen=True, slots=True)
class People:
    """
    A group of people in a sentence: with a number, without, or a named person.

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


@dataclass(frozen=True, slots=True)
class Chunk:
    """
    One element. `code`: P party, N people with a number, H people without, I named person, R release (active), r release
    (passive), G receive, C come home, K hold, S swap (active), s swap (passive), n "release of", x "in exchange for",
    o "for", and the prepositions and marks of `TOKENS`.
    """

    code: str
    start: int
    end: int
    party: Party | None = None
    people: People | None = None


@dataclass(frozen=True)
class Row:
    """The chunks of one sentence in order."""

    sentence: Sentence
    chunks: tuple[Chunk, ...]
    people: tuple[People, ...]
    codes: str = field(default="")


@dataclass(frozen=True)
class Index:
    """Candidates of one article by offset, so that each sentence finds its own in logarithmic time."""

    candidates: Candidates
    party_starts: list[int]
    number_starts: list[int]
    persons: tuple[Mention, ...]
    person_starts: list[int]
    names: dict[str, str]


def index_of(candidates: Candidates, names: dict[str, str]) -> Index:
    """The index over an article's candidates; `names` maps a party's name to the side it means in this article."""
    taken = sorted([(p.span.start, p.span.end) for p in candidates.parties] + [(p.span.start, p.span.end) for p in candidates.places])
    persons = tuple(m for m in candidates.mentions if m.kind is MentionKind.PERSON and not _overlaps(taken, m) and _is_full(m, candidates))
    return Index(
        candidates,
        [party.span.start for party in candidates.parties],
        [number.span.start for number in candidates.numbers],
        persons,
        [person.span.start for person in persons],
        names,
    )


def _overlaps(spans: list[tuple[int, int]], mention: Mention) -> bool:
    at = bisect_left(spans, (mention.span.end, 0)) - 1
    return any(spans[i][1] > mention.span.start for i in range(max(0, at - 1), at + 1))


def _is_full(mention: Mention, candidates: Candidates) -> bool:
    """Whether the person is named in full somewhere; a lone capitalised word may be anything."""
    entity = candidates.entity_of(mention)
    return " " in mention.span.text or (entity is not None and " " in entity.name)


_LOCATIVE = re.compile(r"\b(?:in|at|near|outside|around|inside|across|throughout|via|through|within)\s+(?:the\s+)?(?:[a-z]+ern\s+|war-torn\s+|capital,?\s+)*$")
_CUSTODY = re.compile(r"(?:'s)? (?:[a-z]+ )?(?:custody|captivity|prisons?|jails?|detention|hands|cells?|prison camps?|penal colon\w+|dungeons?|camps?)\b")
_OFFICE = re.compile(r"(?:'s)? (?:[A-Z]?[a-z-]+ ){0,3}?(?:[Pp]resident|[Pp]rime|[Mm]inister|[Ll]eader|[Kk]ing|[Cc]hancellor|[Pp]remier|[Gg]eneral|[Ss]pokes\w+|[Cc]hief|[Cc]ommanders?|[Oo]mbuds\w+|[Oo]fficials?|[Dd]iplomats?|[Aa]mbassador|[Nn]egotiators?|[Ee]nvoy|[Rr]epresentatives?)\b")
_THINGS = re.compile(r"(?:missiles|drones|tanks|dollars|jets|planes|ships|vessels|cities|towns|villages|companies|banks|sites|bases|regions|states|vehicles|aircraft|helicopters|targets|weapons|islands|prisons|jails|teams|games|seats|points|years|days|months|weeks|hours|firms|forces|provinces|cars|boats|units|positions|politics|press|sanctions|elections|newspapers|officers)$")
# Peoples that no lexicon need know: "114 Muslims and Croats", "60 Tamils".
_PEOPLES = re.compile(r"(?:[a-z]+ )?(?!Mondays|Sundays|Fridays|States|Nations)[A-Z][a-z]{3,}(?:s|men)(?: and [A-Z][a-z]+s)?(?![\w' ]* ?(?:rockets|missiles|planes|jets|tanks))(?=[ ,.;]|$)")
_LETTERS = re.compile(r"(?<![\w-])[^\W\d_]+")
_FORCES = re.compile(r"(?:militants?|rebels?|guerrillas?|fighters|insurgents?|separatists|gunmen|militiamen|soldiers|troops)", re.IGNORECASE)
_FUNCTION = frozenset(
    "of to by from for with in on at and or but the a an over into after before has have had was were been is are be being will would who which that"
    " as than between against while when where its their his her return release released freed returned handed exchange swap said says still also"
    " not held including include plus received out them it they he she swaps exchanges exchanged swapped traded trades frees releases freeing releasing"
    " handing exchanging swapping trading free jails captures killed kills wants begins begun".split()
)
_PARTITIVE = re.compile(r"(?:\s+of)?\s+(?:(?:its|their|his|our|the|these|those|them|all|more|other|others|additional|fellow|remaining|further)\s+)*", re.IGNORECASE)
_REMAINS_OF = re.compile(r"(?:remains|bodies|corpses|body|coffins)\s+of\s+(?:the\s+|some\s+|about\s+|around\s+|at least\s+|more than\s+|over\s+|nearly\s+|almost\s+|another\s+)*$", re.IGNORECASE)
_OWN = re.compile(r"\b(?:its|their|our|his)(?: own)?\s+(?:[\w-]+\s+){0,2}$", re.IGNORECASE)


def row_of(sentence: Sentence, index: Index) -> Row:
    """The row of a sentence."""
    text = index.candidates.text
    low, high = sentence.span.start, sentence.span.end
    parties = _within(index.candidates.parties, index.party_starts, low, high)
    numbers = _within(index.candidates.numbers, index.number_starts, low, high)
    persons = _within(index.persons, index.person_starts, low, high)
    people = _numbered(text, numbers, parties, high)
    people += _plain(text, low, high, parties, people)
    people += _named(text, persons, parties, people)
    people = [
        replace(g, nationality=_side(g.nationality, index) if g.nationality else None, part=bool(SUBSET.search(text, max(low, g.start - 40), g.start)))
        for g in people
    ]
    people.sort(key=lambda group: group.start)
    chunks = [Chunk("I" if g.mention else "N" if g.number else "H", g.start, g.end, people=g) for g in people]
    covered = [(g.start, g.end) for g in people]
    chunks += _party_chunks(text, parties, covered)
    taken = sorted((c.start, c.end) for c in chunks)
    chunks += _token_chunks(text, low, high, taken, people)
    chunks.sort(key=lambda chunk: chunk.start)
    return Row(sentence, tuple(chunks), tuple(people), "".join(chunk.code for chunk in chunks))


def _side(nationality: str, index: Index) -> str | None:
    return None if nationality in lexicon().organisations else index.names.get(nationality, nationality)


T = TypeVar("T")


def _within(items: tuple[T, ...], starts: list[int], low: int, high: int) -> list[T]:
    return list(items[bisect_left(starts, low) : bisect_left(starts, high)])


def _numbered(text: str, numbers: list[Number], parties: list[Party], high: int) -> list[People]:
    """Number phrases that count people, or stand bare where people are counted."""
    found: list[People] = []
    for place, number in enumerate(numbers):
        if number.role not in {"people", "remains", "other"} or (found and number.span.start < found[-1].end):
            continue
        limit = min(high, numbers[place + 1].span.start if place + 1 < len(numbers) else high, number.span.end + 90)
        partitive = _PARTITIVE.match(text, number.span.end, limit)
        start = partitive.end() if partitive else number.span.end
        noun = _head_noun(text, start, limit, parties)
        before = text[max(0, number.phrase.start - 60) : min(number.phrase.start, number.span.start)]
        if re.search(r"\b(?:aged?|age of|under|sentenced to|article)\s+(?:under |over |between |about )?$", before[-24:], re.IGNORECASE):
            continue
        bodies = bool(_REMAINS_OF.search(before)) or number.role == "remains"
        if noun is None:
            if number.role == "other" and not number.other and not any(p.span.end == number.span.start - 1 for p in parties):
                continue
            found.append(People(number.span.start, number.span.end, Category.TOTAL, "", number, bodies=bodies))
            continue
        end, category = noun
        words = text[number.span.end : end]
        nationality = _nationality(text, number.span.start, end, parties)
        own = bool(re.match(r"\s+(?:of\s+)?(?:its|their|his|our)\b", words)) or bool(_OWN.search(before))
        bodies = bodies or category is Category.BODIES
        category = Category.BODIES if bodies else category
        found.append(People(number.phrase.start, end, category, words.strip().lower(), number, None, nationality, own, bodies))
    return found


def _head_noun(text: str, start: int, limit: int, parties: list[Party]) -> tuple[int, Category] | None:
    """End and category of the noun that a number counts: at most six words on, with no verb or preposition before it."""
    for party in parties:
        if party.form == "adjective" and start <= party.span.start <= start + 40 and party.span.text.endswith(("s", "men", "ese")):
            between = text[start : party.span.start].split()
            if len(between) <= 3 and not _FUNCTION & {w.lower() for w in between} and not PEOPLE.match(text, party.span.end + 1, limit):
                following = re.match(r" ([a-z]+)", text[party.span.end : party.span.end + 20])
                if not following or following[1] in _FUNCTION or party.span.text.endswith("s"):
                    return party.span.end, Category.OTHER
            if between == [] or len(between) <= 2:
                plural = re.match(r" ((?:[a-z]+ )?[a-z]{3,}s)\b", text[party.span.end : min(limit, party.span.end + 30)])
                if plural and not PEOPLE.search(plural[1]) and not _THINGS.search(plural[1]) and party.form == "adjective" and not _FUNCTION & set(plural[1].split()):
                    return party.span.end + plural.end(), Category.OTHER
    peoples = _PEOPLES.match(text, start, limit)
    if peoples is not None:
        return peoples.end(), Category.OTHER
    best: tuple[int, Category] | None = None
    for match in PEOPLE.finditer(text, start, limit):
        between = re.findall(r"[\w'’-]+|[,;:.(]", text[start if best is None else best[0] : match.start()])
        if best is not None and (between or match.start() > best[0] + 1):
            break
        if len(between) > 6 or any(w.lower() in _FUNCTION or w in ",;:.(" for w in between):
            break
        best = (match.end(), category_of(match))
    if best is not None and best[1] in {Category.WOMEN, Category.CHILDREN, Category.CIVILIAN, Category.MILITARY}:
        more = PEOPLE.match(text, best[0] + 5, limit) if text.startswith(" and ", best[0]) else None
        if more is not None and category_of(more) is not best[1]:
            return more.end(), Category.TOTAL
    return best


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
        if any(p.form in {"organ", "group"} and p.span.start <= match.start() < p.span.end for p in parties):
            continue
        if re.search(r"\b(?:held|taken|take|holding|hold|taking)\s+$", text[max(low, match.start() - 10) : match.start()]):
            continue
        if re.match(r"[- ](?:swap|exchange|trade|deal|release|hand-?over|camp|captain|society|club|of conscience)", text[match.end() : match.end() + 14], re.IGNORECASE):
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
        found.append(People(start, match.end(), category, text[start : match.end()].lower(), None, None, nationality, own, category is Category.BODIES))
    return found


_CONDITIONS = frozenset("captured jailed imprisoned detained wounded kidnapped suspected convicted retired accused disabled armed freed released injured abducted born".split())


def _is_modifier(gap: str, party: Party, most: int = 3) -> bool:
    """Whether a party's mention, with `gap` up to the noun, says whose people these are ("Ukrainian captured soldiers")."""
    if party.form not in {"adjective", "group"} and not (party.form == "name" and party.span.text.replace(".", "").isupper()):
        return False
    words = gap.lower().split()
    if len(words) > most or re.search(r"['’,.;:]", gap) or _FUNCTION & set(words):
        return False
    return all(not word.endswith("ed") or word in _CONDITIONS for word in words)


@lru_cache(maxsize=8192)
def _may_be_people(word: str) -> bool:
    """Whether a people noun may begin with this word (asked once a word)."""
    return PEOPLE.match(word) is not None or word in {"border", "national", "military", "army", "police", "riot", "aid", "service", "wounded", "injured"}


def _nouns(text: str, low: int, high: int) -> Iterator[re.Match[str]]:
    end = low
    for word in _LETTERS.finditer(text, low, high):
        if word.start() >= end and _may_be_people(word[0].lower()):
            match = PEOPLE.match(text, word.start(), high)
            if match is not None:
                end = match.end()
                yield match


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
        found.append(People(person.span.start, person.span.end, Category.TOTAL, person.span.text, None, person, nationality))
    return found


def _party_chunks(text: str, parties: list[Party], covered: list[tuple[int, int]]) -> list[Chunk]:
    chunks: list[Chunk] = []
    for party in parties:
        if any(a <= party.span.start < b for a, b in covered):
            continue
        tail = text[party.span.end : party.span.end + 60].replace("’", "'")
        if _CUSTODY.match(tail):
            chunks.append(Chunk("k", party.span.start, party.span.end, party))
        elif party.form == "adjective" and not _OFFICE.match(tail) and not re.match(r" [A-Z][a-z]+ [A-Z]", tail):
            chunks.append(Chunk("j", party.span.start, party.span.end, party))
        elif party.form in {"capital", "name"} and _LOCATIVE.search(text, max(0, party.span.start - 30), party.span.start):
            chunks.append(Chunk("l", party.span.start, party.span.end, party))
        elif re.match(r"-[a-z]", tail):
            chunks.append(Chunk("h", party.span.start, party.span.end, party))
        else:
            chunks.append(Chunk("P", party.span.start, party.span.end, party))
    return chunks


def _token_chunks(text: str, low: int, high: int, taken: list[tuple[int, int]], people: list[People]) -> list[Chunk]:
    chunks: list[Chunk] = []
    at = 0
    for code, match in _tokens(text, low, high):
        while at < len(taken) and taken[at][1] <= match.start():
            at += 1
        if at < len(taken) and taken[at][0] < match.end():
            continue
        if code == "K" and _modifies(text, match.end(), people):
            continue
        if code in {"R", "S", "G"}:
            code = _voice(text, low, high, match, code, people) or ("w" if code == "S" else "")
        if code:
            chunks.append(Chunk(code, match.start(), match.end()))
    return chunks


def _tokens(text: str, low: int, high: int) -> Iterator[tuple[str, re.Match[str]]]:
    """The matches of `TOKENS`, found by single words first; the pattern itself is tried only where a word may begin one."""
    end = low
    for word in WORDS.finditer(text, low, high):
        if word.start() < end:
            continue
        lower = word[0].lower()
        simple = SIMPLE.get(lower)
        if simple is not None:
            yield simple, word
        elif lower[0] == " ":
            yield "d", word
        elif lower[:3] in STEMS or (lower in {"the", "an"} and text.startswith((" same", " equal"), word.end())):
            match = TOKENS.match(text, word.start(), high)
            if match is not None:
                end = match.end()
                yield match.lastgroup or "", match


def _modifies(text: str, end: int, people: list[People]) -> bool:
    """Whether "captured", "jailed" stand before the people they describe."""
    after = next((g for g in people if g.end > end), None)
    if after is None or after.start <= end:
        return after is not None
    words = text[end : after.start].split()
    return len(words) <= 2 and not _FUNCTION & {w.lower() for w in words} and not re.search(r"[.,;:]", text[end : after.start])


_OBJECT = re.compile(r"\s*(?:back\s+|over\s+|home\s+)?(?:the|a|an|its|their|his|her|our|all|some|more|nearly|about|around|at|over|up|several|dozens|hundreds|\d|two|three|one|four|another)\b", re.IGNORECASE)


def _voice(text: str, low: int, high: int, match: re.Match[str], code: str, people: list[People]) -> str:
    """Active R/S/G, passive r/s, noun or intransitive: by the auxiliary before and the object after."""
    before = text[max(low, match.start() - 40) : match.start()]
    word = match[0].lower()
    if PASSIVE.search(before):
        if word.endswith("ing"):
            return code
        return {"R": "r", "S": "s"}.get(code, "")
    has_object = any(match.end() <= g.start <= match.end() + 30 and not re.search(r"[,;]|\b(?:by|from|to|in|for)\b", text[match.end() : g.start]) for g in people)
    if PERFECT.search(before) or word.endswith("ing"):
        return _returned(code, word, has_object)
    base = not word.split()[0].endswith(("ed", "nt", "ought", "eft")) and word.split()[0] not in {"gave", "took", "won", "got", "given", "brought", "taken"}
    if base:
        if BASE.search(before) and not DETERMINED.search(before):
            return _returned(code, word, has_object)
        # a third person or plural present ("Israel frees", "rebels release"), or the noun
        return _returned(code, word, has_object) if has_object and not DETERMINED.search(before) else ""
    if has_object or _OBJECT.match(text, match.end(), high):
        follows = re.match(r"\s+(?:by|from|in|on|under|as|during|last|into|at)\b", text[match.end() : match.end() + 12])
        if not follows:
            return code
    near = any(match.start() - 3 <= g.end <= match.start() for g in people)
    if word == "returned" and not re.match(r"\s+(?:by|from captivity)", text[match.end() : match.end() + 16]):
        return "C"
    if near or re.search(r"(?:those|people|others|\w+s),?\s*$", before) or re.match(r"\s+by\b", text[match.end() : match.end() + 5]):
        return {"R": "r", "S": "s"}.get(code, code)
    return code


def _returned(code: str, word: str, has_object: bool) -> str:
    return "C" if word.startswith("return") and not has_object else code
