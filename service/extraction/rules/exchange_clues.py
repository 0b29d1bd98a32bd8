"""What a sentence says about who releases whom: active and passive voice, "by", "from" and "to", "in exchange for".

Every clue is a small vote; `exchange_direction` counts them.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from service.domain.draft import Category
from service.extraction.rules.exchange_chunks import Chunk, Row
from service.extraction.rules.exchange_people import People
from service.extraction.rules.exchange_reading import Reading
from service.extraction.rules.exchange_syntax import (
    GROUPS,
    LINKS,
    Naming,
    agents_of,
    captor_at,
    objects_of,
    party_of,
    said_behind,
    subjects_of,
)


def read_row(row: Row, reading: Reading, name: Naming, subject: str | None) -> str | None:
    """Adds the votes of one row; returns its subject party, for the pronoun of the next sentence."""
    chunks = row.chunks
    for at, chunk in enumerate(chunks):
        handler = _HANDLERS.get(chunk.code)
        if handler is not None:
            handler(chunks, at, reading, name, subject)
    _note_source(row, reading, name)
    reading.named += [p for c in chunks if c.code in "Pl" and (p := party_of(c, name))]
    reading.opposites += _each_way(row)
    counted = [g for g in row.people if g.number is not None and g.nationality and not g.part]
    if not re.search(r"N[ac]+N", row.codes):  # "400 Palestinians and 30 Lebanese" are on one side
        reading.nations += [g.nationality for g in counted if g.nationality]
    acting = [
        agents[-1] for at, c in enumerate(chunks) if c.code in "RGS" and (agents := agents_of(chunks, at, name, subject))
    ]
    if acting:
        return acting[-1]
    first = next((c for c in chunks if c.code in "PR"), None)
    return ((first.party is not None and name(first.party.name)) or subject) if first is not None else subject


def _each_way(row: Row) -> list[tuple[People, People]]:
    """Two groups of one sentence that each travel, "while" between them ("12 were flown to X, while 9 were taken to Y")."""
    gone = [(c, groups[0]) for at, c in enumerate(row.chunks) if c.code == "C" and (groups := subjects_of(row.chunks, at))]
    if len(gone) != 2 or any(group.number is None for _, group in gone):
        return []
    (one, first), (_, second) = gone
    between = row.sentence.span.text[one.end - row.sentence.span.start : second.start - row.sentence.span.start]
    return [(first, second)] if re.search(r"\bwhile\b", between) else []


_SAID = re.compile(r"\b(?:said|says|confirmed|announced|reported|told|added|stated|according to|saying)\b")


_SAYS_LAST = re.compile(r"[^.;,]{0,70}\b(?:said|says|confirmed|announced|reported|added|stated)\b[^.;,]{0,40}[.”\"']*$")


def _note_source(row: Row, reading: Reading, name: Naming) -> None:
    """Numbers that a side states itself, and nobody else in the sentence."""
    sides = [(c, p) for c in row.chunks if c.code == "P" and (p := party_of(c, name))]
    if not sides or len({p for _, p in sides}) > 1:
        return
    first, source = sides[0]
    base = row.sentence.span.start
    for chunk in row.chunks:
        if (
            chunk.code == "N"
            and chunk.people is not None
            and chunk.start > first.end
            and _SAID.search(row.sentence.span.text[first.end - base : chunk.start - base])
        ):
            reading.sources.append((chunk.people, source))
    last, behind = sides[-1]
    if _SAYS_LAST.match(row.sentence.span.text[last.end - base :]):
        reading.sources += [(c.people, behind) for c in row.chunks if c.code == "N" and c.people and c.end < last.start]


def _release(chunks: tuple[Chunk, ...], at: int, reading: Reading, name: Naming, subject: str | None) -> None:
    agents = agents_of(chunks, at, name, subject)
    groups, place = objects_of(chunks, at)
    receiver = None
    if not groups and place < len(chunks):
        start = place + 1 if chunks[place].code == "t" else place
        if start < len(chunks) and chunks[start].code == "P" and chunks[start].start - chunks[at].end < 25:
            receiver = party_of(chunks[start], name)
            groups, place = objects_of(chunks, start)
    rest = said_behind(chunks, place, name)
    receiver = receiver or rest.get("t")
    if len(agents) == 2 and groups:
        reading.pairs.append((agents[0], agents[1], 2.0))
        _shared(chunks, at, groups, reading)
        return
    holder = agents[0] if agents else None
    if holder == receiver:
        if any(c.code == "P" and party_of(c, name) == holder for c in chunks[max(0, at - 3) : at]):
            receiver = None
        else:
            holder = None  # "it" is not whom the sentence before spoke of
    reading.add(groups, holder or rest.get("f"), receiver, 2.0 if holder and receiver else 1.2 if holder else 0.6)
    for party, group in _gapped(chunks, place, name):
        reading.add([group], party, None, 1.2)


def _gapped(chunks: tuple[Chunk, ...], place: int, name: Naming) -> list[tuple[str, People]]:
    """Parties and groups behind "and" without a verb of their own ("Kyiv receiving 502 bodies and Moscow 41")."""
    found: list[tuple[str, People]] = []
    for a, b in zip(chunks[place - 1 :], chunks[place:], strict=False):
        if b.code == "N" and a.code == "P" and b.people is not None and (party := party_of(a, name)):
            found.append((party, b.people))
        elif a.code not in "aceNP":
            break
    return found


def _released(chunks: tuple[Chunk, ...], at: int, reading: Reading, name: Naming, subject: str | None) -> None:
    groups = subjects_of(chunks, at)
    if not groups and at > 1 and chunks[at - 1].code == "p":
        groups = _meant_by_they(chunks, at - 1)
    rest = said_behind(chunks, at + 1, name)
    if not groups:
        groups, _ = objects_of(chunks, at)
    holder = rest.get("b") or rest.get("f")
    reading.moved += groups
    price = (
        chunks[at + 2].people if at + 2 < len(chunks) and chunks[at + 1].code == "o" and chunks[at + 2].code == "N" else None
    )
    if price is not None:
        reading.opposites += [(group, price) for group in groups if not group.part]
    reading.add(groups, holder, rest.get("t"), 2.0 if rest.get("b") else 1.2)
    for place in range(at + 1, len(chunks) - 2):
        if chunks[place].code in "RrSsGxdC":
            break
        group, to, party = chunks[place : place + 3]
        if group.code == "N" and to.code == "t" and party.code == "P" and group.people is not None:
            reading.add([group.people], None, party_of(party, name), 1.2)


def _meant_by_they(chunks: tuple[Chunk, ...], at: int) -> list[People]:
    """The people that the pronoun at `at` means: the first with a number in the sentence before it, if any."""
    return next(([c.people] for c in chunks[:at] if c.code == "N" and c.people is not None), [])


def _nominal(chunks: tuple[Chunk, ...], at: int, reading: Reading, name: Naming, subject: str | None) -> None:
    groups, place = objects_of(chunks, at)
    rest = said_behind(chunks, place, name)
    holder = rest.get("b") or rest.get("f")
    if holder is None and at > 0 and chunks[at - 1].code in "Pj" and chunks[at].start - chunks[at - 1].end < 25:
        holder = party_of(chunks[at - 1], name)
    receiver = rest.get("t")
    if at > 0 and chunks[at - 1].code == "G" and receiver is None:
        agents = agents_of(chunks, at - 1, name, subject)
        receiver = agents[0] if agents else None
    reading.add(groups, holder, receiver, 1.2)


def _receive(chunks: tuple[Chunk, ...], at: int, reading: Reading, name: Naming, subject: str | None) -> None:
    agents = agents_of(chunks, at, name, subject)
    groups, place = objects_of(chunks, at)
    rest = said_behind(chunks, place, name)
    if len(agents) == 2:
        _shared(chunks, at, groups, reading)
    elif agents and groups:
        reading.add(groups, rest.get("f"), agents[0], 1.5)
        for party, group in _gapped(chunks, place, name):
            reading.add([group], None, party, 1.5)


def _come(chunks: tuple[Chunk, ...], at: int, reading: Reading, name: Naming, subject: str | None) -> None:
    end = next((place for place in range(at + 1, len(chunks)) if chunks[place].code == "a"), len(chunks))
    rest = said_behind(chunks[:end], at + 1, name)  # "arrived home and were greeted by the president"
    reading.moved += subjects_of(chunks, at)
    reading.add(subjects_of(chunks, at), rest.get("b") or rest.get("f"), rest.get("t"), 0.6)


def _held(chunks: tuple[Chunk, ...], at: int, reading: Reading, name: Naming, subject: str | None) -> None:
    by = captor_at(chunks, at)
    holder = party_of(chunks[by], name) if by is not None and chunks[by].code in "Plj" else None
    if holder is None and at + 1 < len(chunks) and chunks[at + 1].code == "k":
        holder = party_of(chunks[at + 1], name)
    if holder:
        reading.add(subjects_of(chunks, at)[:2], holder, None, 1.0)
    if by is not None and by + 2 < len(chunks) and chunks[by + 1].code == "a" and chunks[by + 2].code in "Pl":
        other = party_of(chunks[by + 2], name)  # "imprisoned in Russia and Belarus"
        reading.add(subjects_of(chunks, at)[:1], other, None, 0.6)


def _custody(chunks: tuple[Chunk, ...], at: int, reading: Reading, name: Naming, subject: str | None) -> None:
    reading.add(subjects_of(chunks, at)[:1], party_of(chunks[at], name), None, 0.8)


def _swap(chunks: tuple[Chunk, ...], at: int, reading: Reading, name: Naming, subject: str | None) -> None:
    agents = agents_of(chunks, at, name, subject)
    groups, place = objects_of(chunks, at)
    partner = next(
        (
            p
            for a, b in zip(chunks[at:], chunks[at + 1 :], strict=False)
            if a.code == "v" and b.code in "Pj" and (p := party_of(b, name))
        ),
        None,
    )
    against = _set_against(chunks, place)
    if len(agents) == 2:
        reading.pairs.append((agents[0], agents[1], 3.0))
        if not against:
            _shared(chunks, at, groups, reading)
    elif agents:
        if partner and partner != agents[0]:
            reading.pairs.append((agents[0], partner, 3.0))
            if not against:
                _shared(chunks, at, groups, reading)
        if against:
            reading.add(groups, agents[0], partner, 1.0)
            reading.add(against, partner, agents[0], 1.0)
    elif groups and not against:
        _shared(chunks, at, groups, reading)
    reading.opposites += [(one, other) for one in groups for other in against]


def _set_against(chunks: tuple[Chunk, ...], place: int) -> list[People]:
    """The groups behind "for" after the ones swapped, over what is said of these ("a diplomat convicted of murder for ...")."""
    for at in range(place, min(len(chunks), place + 6)):
        if chunks[at].code in "xo":
            return objects_of(chunks, at)[0]
        if chunks[at].code not in "KZiblcjfk":
            break
    return []


def _swap_noun(chunks: tuple[Chunk, ...], at: int, reading: Reading, name: Naming, subject: str | None) -> None:
    """The noun: "X and Y completed an exchange of 50 prisoners", "a swap with Y", "an exchange between X and Y"."""
    groups, place = objects_of(chunks, at)
    agents = agents_of(chunks, at, name, subject)
    for spot in range(at + 1, min(len(chunks) - 1, at + 7)):
        if chunks[spot].code in "RrSsGxd":
            break
        if (
            chunks[spot].code == "v"
            and chunks[spot + 1].code in "Pj"
            and agents
            and (partner := party_of(chunks[spot + 1], name))
        ):
            agents = [agents[0], partner]
            break
        if chunks[spot].code == "m":
            agents = []
            break
    against: list[People] = []
    if place < len(chunks) and chunks[place].code in "xo":
        against, _ = objects_of(chunks, place)
    reading.opposites += [(one, other) for one in groups for other in against]
    if len(agents) == 2 and agents[0] != agents[1]:
        reading.pairs.append((agents[0], agents[1], 2.0))
    if not against and groups and groups[0].start - chunks[at].end <= _NEAR_NOUN:
        _shared(chunks, at, groups, reading)


_NEAR_NOUN = 30
"""Characters from "an exchange" to the number that it is of ("of more than 200 prisoners")."""


def _swapped(chunks: tuple[Chunk, ...], at: int, reading: Reading, name: Naming, subject: str | None) -> None:
    groups = subjects_of(chunks, at)
    rest = said_behind(chunks, at + 1, name)
    against: list[People] = []
    for place in range(at + 1, min(len(chunks), at + 7)):
        if chunks[place].code in "xo":
            against, _ = objects_of(chunks, place)
            break
    if against:
        reading.add(groups, rest.get("b") or rest.get("f"), rest.get("t"), 1.0)
        reading.opposites += [(one, other) for one in groups for other in against]
    elif rest.get("t"):
        reading.add(groups, None, rest["t"], 1.0)
    else:
        _shared(chunks, at, groups, reading)


def _own(chunks: tuple[Chunk, ...], at: int, reading: Reading, name: Naming, subject: str | None) -> None:
    """Possessives, "63 of its soldiers": they go home to the party that "its" stands for; "the same number of" is noted."""
    group = chunks[at].people
    if group is not None and at > 0 and chunks[at - 1].code == "e" and chunks[at - 1].end + 25 > group.start:
        reading.same.append(group)
    if (
        group is None
        or not group.own
        or group.nationality
        or group.category in {Category.PRISONERS, Category.HOSTAGES, Category.CHILDREN, Category.WOMEN}
        or "detainee" in group.words
    ):
        return
    agents = agents_of(chunks, at, name, subject)
    reading.add([group], None, agents[0] if agents else subject, 1.2)


def _in_exchange(chunks: tuple[Chunk, ...], at: int, reading: Reading, name: Naming, subject: str | None) -> None:
    before = [c.people for c in chunks[max(0, at - 8) : at] if c.code in GROUPS and c.people is not None]
    after: list[People] = []
    for chunk in chunks[at + 1 : at + 8]:
        if chunk.code in GROUPS and chunk.people is not None:
            after.append(chunk.people)
        elif chunk.code in "dx" or (after and chunk.code not in LINKS + "j"):
            break
    before = [group for group in before if not group.part]
    reading.opposites += [(one, other) for one in before[-3:] for other in after if not other.part]


def _for(chunks: tuple[Chunk, ...], at: int, reading: Reading, name: Naming, subject: str | None) -> None:
    """A bare "for" between two numbered groups: "10 Ukrainians for 10 Russians"."""
    if 0 < at < len(chunks) - 1 and chunks[at - 1].code in "NI" and chunks[at + 1].code in "NI":
        one, other = chunks[at - 1].people, chunks[at + 1].people
        if one is not None and other is not None:
            reading.opposites.append((one, other))


def _between(chunks: tuple[Chunk, ...], at: int, reading: Reading, name: Naming, subject: str | None) -> None:
    before = chunks[max(0, at - 6) : at]
    since = next((place for place in range(len(before) - 1, -1, -1) if before[place].code in "wSs"), None)
    if since is None or any(c.code in "RrCGKZdq" for c in before[since:]):
        return
    found = [p for c in chunks[at + 1 : at + 7] if c.code in "Pjl" and (p := party_of(c, name))]
    if len(found) >= 2 and found[0] != found[1]:
        reading.pairs.append((found[0], found[1], 1.5))


def _shared(chunks: tuple[Chunk, ...], at: int, groups: list[People], reading: Reading) -> None:
    """Groups that two sides exchange: "each" makes them both sides' number, else they are the two together."""
    near = any(c.code == "e" for c in chunks[max(0, at - 3) : at + 8])
    for group in groups:
        if group.number is not None and group.nationality is None:
            (reading.both if near else reading.combined).append(group)


_HANDLERS: dict[str, Callable[[tuple[Chunk, ...], int, Reading, Naming, str | None], None]] = {
    "R": _release, "r": _released, "n": _nominal, "G": _receive, "C": _come, "K": _held,
    "Z": _held, "k": _custody, "S": _swap, "s": _swapped,
    "x": _in_exchange, "o": _for, "m": _between, "w": _swap_noun, "N": _own, "H": _own,
}  # fmt: skip
