"""A sentence as a short row of chunks: parties, groups of people with their number, verbs of release, prepositions.

What the direction rules need and nothing else; every other word is skipped.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TypeVar

from service.domain.candidate import Candidates, Mention, MentionKind, Party, Sentence
from service.extraction.rules.exchange_people import FUNCTION_WORDS, People, among, people_in
from service.extraction.rules.exchange_setting import DATELINE
from service.extraction.rules.exchange_words import (
    BASE,
    DETERMINED,
    PASSIVE,
    PERFECT,
    SIMPLE,
    STEMS,
    SUBSET,
    TOKENS,
    WORDS,
)
from service.text.parties import lexicon


@dataclass(frozen=True, slots=True)
class Chunk:
    """One element. `code`: P party, N people with a number, H people without, I named person, R release (active), r the same
    (passive), G receive, C come home, K hold, Z take captive, S swap (active), s the same (passive), n "release of",
    x "in exchange for", o "for", and the prepositions and marks of `TOKENS`.
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
    parties: tuple[Party, ...]
    party_starts: list[int]
    number_starts: list[int]
    persons: tuple[Mention, ...]
    person_starts: list[int]
    names: dict[str, str]


def index_of(candidates: Candidates, names: dict[str, str]) -> Index:
    """The index over an article's candidates; `names` maps a party's name to the side it means in this article."""
    taken = sorted(
        [(p.span.start, p.span.end) for p in candidates.parties] + [(p.span.start, p.span.end) for p in candidates.places]
    )
    leading = _leading(candidates)
    persons = tuple(
        m
        for m in candidates.mentions
        if m.kind is MentionKind.PERSON
        and m.id not in leading
        and not _overlaps(taken, m)
        and _is_full(m, candidates)
        and not _NO_PERSON.search(m.span.text)
        and not (m.role and _IN_OFFICE.search(m.role))
    )
    # some were added behind the scanner's
    parties = tuple(sorted((*candidates.parties, *leading.values()), key=lambda party: party.span.start))
    return Index(
        candidates,
        parties,
        [party.span.start for party in parties],
        [number.span.start for number in candidates.numbers],
        persons,
        [person.span.start for person in persons],
        names,
    )


def _leading(candidates: Candidates) -> dict[str, Party]:
    """Mentions of leaders whose side the article names, by their id, as that side ("Mr. Obama freed seven Iranians")."""
    leaders, named = lexicon().leaders, {party.name for party in candidates.parties}
    found: dict[str, Party] = {}
    for mention in candidates.mentions:
        if mention.kind is MentionKind.PERSON:
            words = mention.span.text.split()
            side = leaders.get(words[-1]) or leaders.get(" ".join(words[-3:]))
            if side in named:
                found[mention.id] = Party("", mention.span, side, "organ")
    return found


_NO_PERSON = re.compile(
    r"\b(?:War|Zone|Strip|Front|Fund|Agency|Council|Agreement|Accords?|Convention|Post|Times|Day"
    r"|Massif|Mountains?"
    r"|Valley|River|Sea|Bay|Islands?|Bridge|Street|Road|Camp|Airport|Hospital|Park|Station|Square|Hotel|University"
    r"|School|Province"
    r"|Region|District|Desert|Heights|Hills?|Forest|Lake|Peninsula|Gulf|Pass|Base|House|Palace)$"
)
"""What capitalised words end in that name no person ("Cold War")."""


_IN_OFFICE = re.compile(
    r"^(?!.*\b(?:former|ex-|ousted|deposed|jailed)).*\b(?:[Pp]resident|[Mm]inister|[Ss]ecretary|[Cc]hancellor"
    r"|[Ss]pokes\w+|[Kk]ing|[Ee]nvoy|[Ss]en\.?"
    r"|[Gg]ov\.?|[Rr]ep\.?|[Ss]enator|[Gg]overnor|[Aa]mbassador|[Ee]mir|[Pp]ope|[Oo]mbuds\w+|[Cc]ommissioner"
    r"|[Nn]egotiator)\b"
)
"""Offices whose holders speak of captives and are none."""


def _overlaps(spans: list[tuple[int, int]], mention: Mention) -> bool:
    at = bisect_left(spans, (mention.span.end, 0)) - 1
    return any(spans[i][1] > mention.span.start for i in range(max(0, at - 1), at + 1))


def _is_full(mention: Mention, candidates: Candidates) -> bool:
    """Whether the person is named in full somewhere; a lone capitalised word may be anything."""
    entity = candidates.entity_of(mention)
    return " " in mention.span.text or (entity is not None and " " in entity.name)


_LOCATIVE = re.compile(
    r"\b(?:in|at|near|outside|around|inside|across|throughout|via|through|within)\s+(?:the\s+)?(?:[a-z]+ern\s+"
    r"|war-torn\s+|capital,?\s+)*$"
)


_CUSTODY = re.compile(
    r"(?:'s)? (?:[a-z]+ )?(?:custody|captivity|prisons?|jails?|detention|hands|cells?|prison camps?|penal colon\w+"
    r"|dungeons?|camps?)\b(?! (?:service|authorit|official|system|administration|department|commission|chief|minister))"
)


_OFFICE = re.compile(
    r"(?:'s)? (?:[A-Z]?[a-z-]+ ){0,3}?(?:[Pp]resident|[Pp]rime|[Mm]inister|[Ll]eader|[Kk]ing|[Cc]hancellor|[Pp]remier"
    r"|[Gg]eneral|[Ss]pokes\w+|[Cc]hief|[Cc]ommanders?|[Oo]mbuds\w+|[Oo]fficials?|[Dd]iplomats?|[Aa]mbassador"
    r"|[Nn]egotiators?|[Ee]nvoy|[Rr]epresentatives?)\b"
)


def row_of(sentence: Sentence, index: Index) -> Row:
    """The row of a sentence."""
    text = index.candidates.text
    low, high = sentence.span.start, sentence.span.end
    parties = _within(index.parties, index.party_starts, low, high)
    numbers = _within(index.candidates.numbers, index.number_starts, low, high)
    persons = _within(index.persons, index.person_starts, low, high)
    people = people_in(text, low, high, numbers, parties, persons)
    people = [
        replace(
            g,
            nationality=_side(nation, index) if (nation := g.nationality or among(text, g, high, parties)) else None,
            part=g.part
            or bool(SUBSET.search(text, max(low, g.start - 40), g.start))
            or bool(_LISTED_PART.search(text, max(low, g.start - 60), g.start)),
        )
        for g in people
    ]
    people = _parts_in_a_row(sorted(people, key=lambda group: group.start), text)
    chunks = [Chunk("I" if g.mention else "N" if g.number else "H", g.start, g.end, people=g) for g in people]
    covered = [(g.start, g.end) for g in people]
    dateline = DATELINE.match(text, low, high)
    if dateline is not None:
        covered.append((low, dateline.end()))
    chunks += _party_chunks(text, parties, covered)
    taken = sorted((c.start, c.end) for c in chunks)
    chunks += _token_chunks(text, low, high, taken, people)
    chunks.sort(key=lambda chunk: chunk.start)
    return Row(sentence, tuple(chunks), tuple(people), "".join(chunk.code for chunk in chunks))


_LISTED_PART = re.compile(r"\b(?:including|among them) an? (?:[a-z'-]+ ){1,4}and $")


def _parts_in_a_row(people: list[People], text: str) -> list[People]:
    """The groups of a sentence, where what is listed after a part is one too ("including 13 Israelis, 10 Thais and a Filipino")."""
    found: list[People] = []
    for group in people:
        before = found[-1] if found else None
        if before is not None and before.part and re.fullmatch(r",? (?:and |as well as )?", text[before.end : group.start]):
            group = replace(group, part=True)
        found.append(group)
    return found


def _side(nationality: str, index: Index) -> str | None:
    return None if nationality in lexicon().organisations else index.names.get(nationality, nationality)


T = TypeVar("T")


def _within(items: tuple[T, ...], starts: list[int], low: int, high: int) -> list[T]:
    return list(items[bisect_left(starts, low) : bisect_left(starts, high)])


def _party_chunks(text: str, parties: list[Party], covered: list[tuple[int, int]]) -> list[Chunk]:
    chunks: list[Chunk] = []
    for party in parties:
        if any(a <= party.span.start < b for a, b in covered):
            continue
        tail = text[party.span.end : party.span.end + 60].replace("’", "'")
        if _CUSTODY.match(tail):
            chunks.append(Chunk("k", party.span.start, party.span.end, party))
        elif re.match(r"-[a-z]", tail):
            chunks.append(Chunk("h", party.span.start, party.span.end, party))
        elif party.form == "adjective" and not _OFFICE.match(tail) and not re.match(r" [A-Z][a-z]+ [A-Z]", tail):
            chunks.append(Chunk("j", party.span.start, party.span.end, party))
        elif party.form in {"capital", "name"} and _LOCATIVE.search(text, max(0, party.span.start - 30), party.span.start):
            chunks.append(Chunk("l", party.span.start, party.span.end, party))
        else:
            chunks.append(Chunk("P", party.span.start, party.span.end, party))
    return chunks


_OF_TIME = re.compile(
    r" (?:the )?(?:(?:early|late|mid)[- ])?(?:January|February|March|April|May|June|July|August|September|October"
    r"|November|December"
    r"|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|(?:19|20)\d\d\b|last (?:week|month|year|night)|recent (?:days|weeks"
    r"|months|years)"
    r"|(?:more than |at least |over |nearly |almost |about |another |the (?:past|last|first|next) )?(?:(?!for |in "
    r"|of |by |to |and )[a-z\d-]+ ){0,2}"
    r"(?:years?|months?|weeks?|days?|hours?|minutes?|decades?|time)\b)"
)
"""Behind a preposition: it tells when or how long, and puts nobody anywhere."""


def _token_chunks(text: str, low: int, high: int, taken: list[tuple[int, int]], people: list[People]) -> list[Chunk]:
    chunks: list[Chunk] = []
    at = 0
    for code, match in _tokens(text, low, high):
        while at < len(taken) and taken[at][1] <= match.start():
            at += 1
        if at < len(taken) and taken[at][0] < match.end():
            continue
        if code in "iofbt" and _OF_TIME.match(text, match.end(), high):
            continue
        if code in {"K", "Z"} and _modifies(text, match.end(), people):
            continue
        if code == "t" and _NOT_TOWARDS.search(text[max(low, match.start() - 14) : match.start()]):
            continue
        if code in {"R", "S"} and _LISTS.match(text, match.end(), high):
            continue
        if code == "R" and _WISHED.search(text[max(low, match.start() - 45) : match.start()]):
            continue
        if code in {"R", "S", "G"}:
            code = _voice(text, low, high, match, code, people) or ("w" if code == "S" else "")
        if code:
            chunks.append(Chunk(code, match.start(), match.end()))
    return chunks


_NOT_TOWARDS = re.compile(
    r"\b(?:visits?|trips?|flights?|ties|relations|according|addition|respect|prior|thanks|due"
    r"|close) $"
)
_LISTS = re.compile(r" (?:[a-z]+ ){0,3}?(?:lists?|names|details|letters|documents|proof|information)\b")
"""Behind "exchanged", "handed over": papers, and no people."""
_WISHED = re.compile(
    r"\b(?:work(?:ed|ing|s)?|trying|tried|struggl\w+|hop(?:es?|ed|ing)|fighting|fought|campaign\w+|determined"
    r"|committed|press(?:ed|ing)"
    r"|push(?:ed|ing)) (?:[a-z]+ ){0,2}to (?:help )?$"
)
"""Before a verb of release: it is what somebody is still after, and nobody is let go ("working to free Whelan")."""


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
    return (
        len(words) <= 2
        and not FUNCTION_WORDS & {w.lower() for w in words}
        and not re.search(r"[.,;:]", text[end : after.start])
    )


_OBJECT = re.compile(
    r"\s*(?:back\s+|over\s+|home\s+)?(?:the|a|an|its|their|his|her|our|all|some|more|nearly|about|around"
    r"|at|over|up|several|dozens|hundreds|\d|two|three|one|four|another)\b",
    re.IGNORECASE,
)


def _voice(text: str, low: int, high: int, match: re.Match[str], code: str, people: list[People]) -> str:
    """Active R/S/G, passive r/s, noun or intransitive: by the auxiliary before and the object after."""
    before = text[max(low, match.start() - 40) : match.start()]
    word = match[0].lower()
    if PASSIVE.search(before):
        if word.endswith("ing"):
            return code
        return {"R": "r", "S": "s"}.get(code, "C" if word.endswith((" home", " back")) else "")
    has_object = any(
        match.end() <= g.start <= match.end() + 30
        and not re.search(r"[,;]|\b(?:by|from|to|in|for)\b", text[match.end() : g.start])
        for g in people
    )
    if PERFECT.search(before) or word.endswith("ing"):
        return _returned(code, word, has_object)
    base = not word.split()[0].endswith(("ed", "nt", "ought", "eft")) and word.split()[0] not in {
        "gave",
        "took",
        "won",
        "got",
        "given",
        "brought",
        "taken",
    }
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
    if (
        near
        or re.search(r"(?:those|people|others|\w+s),?\s*$", before)
        or re.match(r"\s+by\b", text[match.end() : match.end() + 5])
    ):
        return {"R": "r", "S": "s"}.get(code, code)
    return code


def _returned(code: str, word: str, has_object: bool) -> str:
    return "C" if word.startswith("return") and not has_object else code
