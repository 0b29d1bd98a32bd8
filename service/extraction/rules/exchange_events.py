"""Which clauses tell of an exchange of people, and which of them tell of the same one."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from service.domain.candidate import Candidates, DateMention, Party, Sentence
from service.domain.draft import Category, Status
from service.extraction.rules.exchange_chunks import Chunk, Index, Row, row_of
from service.extraction.rules.exchange_cue import Cue
from service.extraction.rules.exchange_people import People
from service.extraction.rules.exchange_status import status_votes
from service.extraction.rules.exchange_words import (
    CAPTIVE,
    FOR,
    GATE_ACT,
    GATE_WHO,
    JUDICIAL,
    NOT_PEOPLE,
    SWAP_NOUN,
)
from service.text.parties import lexicon


@dataclass(frozen=True)
class ActClause:
    """A clause about an exchange. `strength`: 2 it tells of a swap itself, 1 of a release of captives, 0.5 it may refer to one."""

    row: Row
    start: int
    end: int
    strength: float
    place: int
    tense: Mapping[Status, float]
    dates: tuple[DateMention, ...] = ()

    def words(self, text: str) -> str:
        """The clause as it stands in the text."""
        return text[self.start : self.end]


_SPLIT = Cue(
    r"(?:;|,? [–—-] |,? (?:while|whereas|but|(?:after|following)(?! (?:being|having|[a-z]+ing)\b"
    r"| (?:[\w-]+ ){1,4}?(?:days?|weeks?|months?|years?|decades?|hours?)"
    r"(?! (?:after|ago|earlier|before))\b)|since(?! (?:\w+ )?\d{4}\b(?!, when)| (?:last |early |late )?(?:january"
    r"|february|march|april|may|june|july"
    r"|august|september|october|november|december|year|month|week)\b(?![\w ]{0,8}, when))|with|compared (?:with|to)"
    r"|as part of"
    r"|and (?=(?:will|is|are|was|were|the|another|has|have|said)\b)))\s"
)
_LONGEST_PIECE = 1200
"""Characters; what is longer is a table or a list, and is read piece by piece, as its parts are compared pair by pair."""
_TRIGGER = Cue(
    r"(?:swap|exchang|trad(?:e|ing)|releas|free|hand|repatriat|return|let |g[ai]ve|turn|chang|home|back|ashore|receiv"
    r"|across|led |prison|captiv"
    r"|hostage|detain|captur|inmate|internee|abduct|kidnap|jail|bod(?:y|ies)|remains|custody|deal|agreement|process"
    r"|phase|stage|carrying"
    r"|batch|group|third|pow|lib|went|gone|sent|driven|flown)"
)
"""Without one of these stems no other cue of this module can match: most sentences are passed over by one search."""
NEXT = Cue(
    r"\b(?:second|third|fourth|fifth|another|next|further|last|final|future|bigger|larger|smaller"
    r"|that)(?:,? (?:and )?(?:last|final"
    r"|smaller|bigger|larger|such|prisoner|planned|possible)){0,3},? "
    r"(?:swaps?|exchanges?|trades?|deals?|phase|stage|group|batch|round(?! of (?:talks|negotiations))|hand-?overs?"
    r"|releases?|(?:is|are) (?=due|set|expected|planned))"
    r"[^.;]{0,40}?\b(?:is|are|will|would|could|may|might|expected|planned|due|set|scheduled|foreseen|to)\b"
)
ATTEMPT = Cue(r"\b(?:attempts?|plans?|bid|efforts?) to (?:free|release|exchange|swap|hand over)\b")
_REFERS = Cue(
    r"\b(?:an?|the) (?:previous|earlier|last|first|second|third|further)(?: such)?(?: big| large| major)? one\b|"
    r"\b(?:the|this|that|such an?|today's|an|latest|first|mass|[a-z]+day's) (?:\w+ ){0,3}?(?:swaps?|exchanges?|deal"
    r"|hand-?over|release|trade|agreement|process|captives|prisoners|hostages|detainees)\b"
    r"|\b(?:swap|exchange|hand-?over)\b"
)
_ACT_WORD = Cue(
    r"\b(?:swap|exchang|releas|freed|freeing|frees?\b|hand(?:ed|ing|s)? (?:over|back)|hand-?over|repatriat|trad(?:ed|ing)"
    r"|return|let go|let (?:\w+ ){1,4}go\b|g[ao]ve (?:up|back)|given (?:up|back)|turn(?:ed|s|ing)? over"
    r"|changed (?:hands|places)"
    r"|(?:c[ao]me|went|gone?|sen[dt]) (?:home|back|free|north|south|east|west)|got (?:back|home)"
    r"|got (?:\w+ ){1,3}back|put ashore|received|br(?:ought|inging) (?:home|back)"
    r"|(?:led|walked|passed|ferried|flown|driven|trucked) (?:across|over|back|home|to)|carrying [^.;]{1,40} (?:landed"
    r"|arrived))"
)
_SECOND_ACT = Cue(
    r"\b(?:swap|exchang|releas|freed|freeing|hand(?:ed|ing|s)? over|hand-?over|repatriat|trad(?:ed|ing)|return)"
)
"""What a second exchange inside one sentence is told by."""


def is_candidate(text: str) -> bool:
    """Whether the article has words of captivity and of release at all (the cheap early exit)."""
    return bool(GATE_ACT.search(text)) and bool(CAPTIVE.search(text) or FOR.search(text) or GATE_WHO.search(text))


def clauses_of(candidates: Candidates, index: Index) -> list[ActClause]:
    """The clauses that may tell of an exchange, in the order of the text."""
    found: list[ActClause] = []
    dated = [(d.span.start, d) for d in candidates.dates if d.span is not None]
    starts = [start for start, _ in dated]
    pieces = ((place, piece) for place, whole in enumerate(candidates.sentences) for piece in _pieces(whole))
    for place, sentence in pieces:
        words = sentence.span.text
        if found and place == found[-1].place + 1 and _OFF.search(words[:90]):
            row = row_of(sentence, index)
            found.append(ActClause(row, sentence.span.start, sentence.span.end, 1.0, place, {Status.FAILED: 1.6}))
            continue
        if (not _TRIGGER.search(words) and not _parts_of(words, found, place)) or (
            not _ACT_WORD.search(words)
            and not _REFERS.search(words)
            and not CAPTIVE.search(words)
            and not NEXT.search(words)
            and not _parts_of(words, found, place)
        ):
            continue
        for part in _parts(sentence, candidates.text):
            row = row_of(part, index)
            strength = _strength(row, part.span.text, words) or (0.4 if _parts_of(part.span.text, found, place) else 0.0)
            if strength > 0:
                low, high = bisect_left(starts, part.span.start), bisect_left(starts, part.span.end)
                dates = tuple(mention for _, mention in dated[low:high])
                found.append(
                    ActClause(row, part.span.start, part.span.end, strength, place, status_votes(part.span.text), dates)
                )
    return found


_OFF = Cue(
    r"^(?:but |however, |then )?(?:it|that|this|the (?:plan|offer|attempt|operation))(?: \w+){0,2}? (?:was|were"
    r"|has been|had been)? ?(?:called off"
    r"|cancelled|canceled|collapsed|fell through|fell apart|rejected|turned down|axed|scrapped|abandoned"
    r"|did not happen|never happened)\b"
)
"""A sentence right behind an act that says that it came to nothing ("It was called off")."""
_PARTED = Cue(
    r"\b(?:of|among) (?:them|those|these|the (?:\d+|freed|released|returned|group|returnees))\b.{0,80}\b(?:wom[ae]n"
    r"|men|children|minors"
    r"|girls|boys|civilians?|soldiers|servicemen|wounded|injured|ill|sick|hostages)\b|^the (?:\w+ )?(?:hostages"
    r"|prisoners|freed|group)"
    r" (?:included?|compris\w+)\b"
)


def _parts_of(words: str, told: list[ActClause], place: int) -> bool:
    """Whether a sentence soon after an act with numbers says who its people are ("Nine of those who came back are women")."""
    if not told or place - told[-1].place > 3 or not _PARTED.search(words):
        return False
    return any(g.number is not None for clause in told[-3:] for g in clause.row.people)


def _pieces(sentence: Sentence) -> list[Sentence]:
    """The sentence itself, or its pieces of bounded length, cut at a space."""
    words, start = sentence.span.text, sentence.span.start
    if len(words) <= _LONGEST_PIECE:
        return [sentence]
    cuts = [0]
    while len(words) - cuts[-1] > _LONGEST_PIECE:
        space = words.rfind(" ", cuts[-1] + 1, cuts[-1] + _LONGEST_PIECE)
        cuts.append(space if space > 0 else cuts[-1] + _LONGEST_PIECE)
    cuts.append(len(words))
    return [
        Sentence(sentence.id, type(sentence.span)(start + a, start + b, words[a:b]), sentence.paragraph)
        for a, b in pairwise(cuts)
    ]


def _parts(sentence: Sentence, text: str) -> list[Sentence]:
    """The sentence, cut where a second exchange begins inside it ("... came three months after Ukraine exchanged ...")."""
    cuts = [sentence.span.start]
    base = sentence.span.start
    for match in _SPLIT.finditer(sentence.span.text):
        head, tail = text[cuts[-1] : base + match.start()], text[base + match.end() : sentence.span.end]
        if (
            _SECOND_ACT.search(head)
            and _SECOND_ACT.search(tail)
            and re.search(
                r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|dozens|hundreds|prisoners|people|hostages)\b",
                tail,
            )
            and len(head) > 25
        ):
            cuts.append(base + match.end())
    cuts.append(sentence.span.end)
    if len(cuts) == 2:
        return [sentence]
    return [Sentence(sentence.id, type(sentence.span)(a, b, text[a:b]), sentence.paragraph) for a, b in pairwise(cuts)]


_HABIT = Cue(
    r"\b(?:exchanges|swaps|hand-?overs|repatriations)\b[^.;,]{0,60}?\b(?:are|have been|have become|remain|were"
    r"|had been) (?:among|one of"
    r"|the (?:only|few|main)|an?\b|rare|frequent|few|common|regular|routine|increasingly)"
)
"""What is said of exchanges in general ("prisoner swaps are one of the few areas of contact")."""


def _is_habit(row: Row, words: str) -> bool:
    return bool(_HABIT.search(words)) and not any(g.number is not None for g in row.people)


def _strength(row: Row, words: str, sentence: str) -> float:
    codes = row.codes
    if (NOT_PEOPLE.search(words) and not CAPTIVE.search(words)) or _is_habit(row, words):
        return 0.0
    if SWAP_NOUN.search(words):
        return 2.0
    is_swap = bool(_SWAP.search(words)) and not NOT_PEOPLE.search(words)
    captive = bool(CAPTIVE.search(words)) or "K" in codes or "Z" in codes
    held = any(
        g.category in {Category.PRISONERS, Category.HOSTAGES, Category.BODIES, Category.MILITARY} or "detainee" in g.words
        for g in row.people
    )
    if _SWAPPED.search(codes) and (captive or held):
        return 2.0
    if FOR.search(words) and any(code in codes for code in "RrGn") and row.people and (captive or held):
        return 2.0
    if (_AGAINST.search(codes) or _FREED_FOR.search(codes)) and (captive or held):
        return 2.0
    if (_ONE_FOR_ONE.search(codes) or (FOR.search(words) and _MANY_FOR.search(codes))) and not NOT_PEOPLE.search(words):
        return 1.5
    counted = any(g.number is not None for g in row.people)
    each = counted and "e" in codes and any(code in codes for code in "RrG") and (captive or held)
    if each or _BOTH_WAYS.search(codes):
        return 2.0
    if any(code in codes for code in "RrnGCSs") and row.people and (captive or held):
        return 2.0 if is_swap else 1.0
    if is_swap and row.people and (captive or held):
        return 1.5
    if _released_abroad(row):
        return 2.0 if is_swap else 1.0
    if _refers(row, words) or (ATTEMPT.search(words) and any(code in codes for code in "RS")):
        return 0.5
    return 0.4 if counted and (captive or held) else 0.0


def _refers(row: Row, words: str) -> bool:
    """Whether a clause may speak of an exchange told elsewhere."""
    codes = row.codes
    return bool(
        re.search(r"\b(?:swap|exchange|hand-?over)\b", words, re.IGNORECASE)
        or (any(code in codes for code in "RrnG") and row.people)
        or ("C" in codes and any(g.number is not None for g in row.people))
        or _REFERS.search(words)
        or NEXT.search(words)
    )


# One party lets people with a number go and gets others back; so do two parties in one sentence.
_BOTH_WAYS = re.compile(r"P[^dR]{0,6}R[^dRG]{0,4}N[^d]{0,9}(?:G[^d]{0,3}N|P[^d]{0,3}R[^d]{0,4}N)")
# A swap verb with people as its object ("swapped 30 prisoners", "were exchanged for"), or people against people.
_SWAPPED = re.compile(r"S[ea]?[PjeaIKZ]*[NHI]|[NHI][^dR]{0,8}s")
_AGAINST = re.compile(r"[NHI][^d]{0,6}x[^d]{0,3}[NHI]")
# People are let go for people ("three surveyors were let go for six prisoners").
_FREED_FOR = re.compile(r"[NHI][^dRSo]{0,5}r[^dRSo]{0,2}oN|R[jPae]*[NHI][^dRSo]{0,4}oN")
# Somebody is let go for somebody: an exchange where the article speaks of captives.
_ONE_FOR_ONE = re.compile(
    r"[NHI][^dRS]{0,6}r[^dRS]{0,4}x[^d]{0,3}I|[RS][jPa]*I[^dRS]{0,5}x[^d]{0,3}[NHI]"
    r"|I[^dRS]{0,6}r[^dRS]{0,4}x[^d]{0,3}[NHI]"
)
# A number of people is let go for others ("let go 10 citizens in return for one man").
_MANY_FOR = re.compile(r"(?:R[^dRS]{0,3}N|N[^dRS]{0,5}r)[^dRS]{0,4}x[^d]{0,3}[NHI]")
_TAKEN = re.compile(r"detainee|captur|captive|jailed|detained|kidnapped|imprisoned|abducted")
_SWAP = Cue(r"\b(?:swap|(?<!stock )exchange(?! rate| program| student))\b")


def _released_abroad(row: Row) -> bool:
    """Whether a party frees people of another country ("Iran released 15 British sailors")."""
    for at, chunk in enumerate(row.chunks):
        if chunk.code == "R" and at > 0 and at + 1 < len(row.chunks):
            holder = next((c.party.name for c in reversed(row.chunks[:at]) if c.code == "P" and c.party is not None), None)
            freed = row.chunks[at + 1].people
            if holder and freed is not None and freed.nationality not in {None, holder}:
                return True
        if chunk.code == "r" and 0 < at < len(row.chunks) - 2 and row.chunks[at + 1].code == "b":
            by, group = row.chunks[at + 2].party, row.chunks[at - 1].people
            if (
                by is not None
                and group is not None
                and group.number is not None
                and group.nationality not in {None, by.name}
            ):
                return True
    return False


def _let_go_by_armed(row: Row) -> bool:
    """Whether an armed group lets people go ("the ELN gave back four soldiers", "47 girls were set free by Boko Haram")."""
    chunks = row.chunks
    for at, chunk in enumerate(chunks):
        if chunk.party is None or chunk.code != "P" or not is_armed(chunk.party):
            continue
        after = chunks[at + 1 : at + 8]
        stop = next((i for i, c in enumerate(after) if c.code in "Pd"), len(after))
        if any(one.code == "R" and _is_freed(other) for one, other in pairwise(after[: stop + 1])):
            return True
        if at > 1 and chunks[at - 1].code == "b" and chunks[at - 2].code == "r" and any(map(_is_freed, chunks[: at - 2])):
            return True
    return False


_TAKEN_BACK = Cue(r"\b(?:rescue[ds]?|escaped|raid|surrender(?:ed|s)?)\b")


def is_armed(party: Party) -> bool:
    """Whether a party is an armed group and no state or international body."""
    known = lexicon()
    return party.form == "group" and party.name not in known.states and party.name not in known.organisations


def _is_freed(chunk: Chunk) -> bool:
    people = chunk.people
    return people is not None and (people.number is not None or people.mention is not None or people.category not in _VAGUE)


def is_about_release(clause: ActClause, text: str) -> bool:
    """Whether a clause without a swap tells of captives that a state or armed group let go to another side.

    Courts, amnesties, bail, rescue and escape are none; the freed are captives of war, hostages or another country's people.
    """
    words = clause.words(text)
    if clause.strength < 1 or not any(code in clause.row.codes for code in "RrnCG"):
        return False
    if _let_go_by_armed(clause.row) and not _TAKEN_BACK.search(words):
        return True
    if JUDICIAL.search(words):
        return False
    states, groups = lexicon().states, lexicon().types
    sides = {c.party.name for c in clause.row.chunks if c.party is not None and c.party.name not in lexicon().organisations}
    sides |= {g.nationality for g in clause.row.people if g.nationality}
    captives = [
        g
        for g in clause.row.people
        if g.category in {Category.HOSTAGES, Category.PRISONERS, Category.BODIES}
        or _TAKEN.search(g.words)
        or (g.number is not None and ("k" in clause.row.codes or "K" in clause.row.codes or "Z" in clause.row.codes))
    ]
    return (bool(captives) or _released_abroad(clause.row)) and len(sides & (states | set(groups))) + sum(
        1 for s in sides if s not in states and s not in groups
    ) >= 2


def tells_of_one(clauses: list[ActClause], text: str) -> bool:
    """Whether the clauses of an article tell of any exchange or release at all.

    One that tells of it outright is enough; else a bare "the swap" and people with a number who go home stand together.
    """
    if any(clause.strength >= 2 or is_about_release(clause, text) for clause in clauses):
        return True
    if _freed_after_being_held(clauses, text):
        return True
    captive = any(CAPTIVE.search(clause.words(text)) for clause in clauses)
    if captive and any(_ONE_FOR_ONE.search(clause.row.codes) and clause.strength >= 1.5 for clause in clauses):
        return True
    counted = any(
        clause.strength >= 0.5
        and any(code in clause.row.codes for code in "RrCSsG")
        and any(g.number is not None and g.category not in _VAGUE for g in clause.row.people)
        and not JUDICIAL.search(clause.words(text))
        for clause in clauses
    )
    return captive and counted and any(names_swap(clause, text) for clause in clauses)


def _freed_after_being_held(clauses: list[ActClause], text: str) -> bool:
    """Whether one clause has people held by another country than theirs, and another tells that they were let go or came home."""
    if any(JUDICIAL.search(clause.words(text)) for clause in clauses):
        return False
    held = {g.nationality for clause in clauses for g in _held_abroad(clause.row)}
    return bool(held) and any(
        any(code in clause.row.codes for code in "RrnC")
        and Status.COMPLETED in clause.tense
        and any(g.mention is not None or g.nationality in held for g in clause.row.people)
        for clause in clauses
    )


def _held_abroad(row: Row) -> list[People]:
    """People of one country in the custody of another ("two Britons who were detained in Iran")."""
    found: list[People] = []
    for at, chunk in enumerate(row.chunks):
        place = at + 2 if chunk.code in "KZ" and at + 2 < len(row.chunks) and row.chunks[at + 1].code in "bi" else at
        if chunk.code in "KZ" and at + 1 < len(row.chunks) and row.chunks[at + 1].code == "l":
            place = at + 1
        holder = row.chunks[place].party if chunk.code == "k" or place > at else None
        if holder is not None:
            group = next((c.people for c in reversed(row.chunks[:at]) if c.people is not None), None)
            if group is not None and group.nationality not in {None, holder.name}:
                found.append(group)
    return found


_VAGUE = {Category.TOTAL, Category.CHILDREN}


def names_swap(clause: ActClause, text: str) -> bool:
    """Whether a clause has the bare noun "swap" or "exchange", which tells of one where releases are told beside it."""
    words = clause.words(text)
    return bool(_SWAP.search(words)) and not NOT_PEOPLE.search(words) and not re.fullmatch(r".*\bin exchange\b.*", words)
