"""How the chunks of a row hang together: the subject of a verb, its objects, what "by", "to" and "from" say behind it."""

from __future__ import annotations

from collections.abc import Callable

from service.extraction.rules.exchange_chunks import Chunk
from service.extraction.rules.exchange_people import People
from service.text.parties import lexicon

Naming = Callable[[str], str | None]
"""The side that a party's name means in the article; None where it is none."""


GROUPS = "NHI"


LINKS = "a,ce"


def party_of(chunk: Chunk, name: Naming) -> str | None:
    """The side that a chunk names; None for bodies that hold nobody."""
    if chunk.party is None or chunk.party.name in lexicon().organisations - {"the West", "Saudi-led coalition"}:
        return None
    return name(chunk.party.name)


def agents_of(chunks: tuple[Chunk, ...], at: int, name: Naming, subject: str | None) -> list[str]:
    """The parties that are the subject of the verb at `at`: the nearest to the left that is not behind a preposition."""
    back = at - 1
    relative = [c for c in chunks[max(0, at - 4) : at] if c.code not in "cexi"]
    if (
        len(relative) >= 2
        and relative[-1].code == "q"
        and relative[-2].code in "Pl"
        and (antecedent := party_of(relative[-2], name))
    ):
        return [antecedent]
    while back >= 0:
        chunk = chunks[back]
        if chunk.code == "d":
            break
        if chunk.code == "p":
            left = next((p for c in reversed(chunks[:back]) if c.code == "P" and (p := party_of(c, name))), None)
            agent = left or subject
            return [agent] if agent else []
        if chunk.code in "Pl" and (party := party_of(chunk, name)):
            # ", with Kyiv receiving 50" makes Kyiv a subject, "with Kyiv" anywhere else does not
            absolute = back == at - 1 and back > 1 and chunks[back - 2].code == "c" and chunks[back - 1].code == "v"
            behind = back > 0 and chunks[back - 1].code in "tfbvi" and chunks[back - 1].end >= chunk.start - 24
            behind = behind and not absolute
            if chunk.code == "P" and not behind:
                other = _joined(chunks, back, name)
                return [party, other] if other and other != party else [party]
        back -= 1
    return []


def _joined(chunks: tuple[Chunk, ...], at: int, name: Naming) -> str | None:
    """The party that "and" joins to the one at `at`, unless that is behind a preposition ("to X and Y freed ...")."""
    and_at = at - 2 if at > 2 and chunks[at - 1].code == "c" else at - 1  # "X and its neighbour, Y, ..."
    if and_at < 1 or chunks[and_at].code != "a" or chunks[and_at - 1].code != "P":
        return None
    return None if and_at > 1 and chunks[and_at - 2].code in "tfbv" else party_of(chunks[and_at - 1], name)


def objects_of(chunks: tuple[Chunk, ...], at: int) -> tuple[list[People], int]:
    """The groups right after position `at`, joined by commas and "and"; and the position after them."""
    groups: list[People] = []
    place = at + 1
    while place < len(chunks):
        chunk = chunks[place]
        if chunk.code in GROUPS and chunk.people is not None:
            groups.append(chunk.people)
        elif not (chunk.code in LINKS or chunk.code == "j"):
            break
        place += 1
    return groups, place


def subjects_of(chunks: tuple[Chunk, ...], at: int) -> list[People]:
    """The groups before a passive or intransitive verb at `at`."""
    groups: list[People] = []
    place = _behind_aside(chunks, at, GROUPS)
    while place >= 0:
        chunk = chunks[place]
        if chunk.code in GROUPS and chunk.people is not None:
            groups.append(chunk.people)
        elif groups and groups[-1].bodies and chunk.code in "ti" and place and chunks[place - 1].code == "N":
            pass  # "38 cases believed to hold the remains of soldiers"
        elif (groups and chunk.code not in LINKS + "j") or (not groups and chunk.code in "dRSGxo"):
            break
        place -= 1
    return groups


def said_behind(chunks: tuple[Chunk, ...], at: int, name: Naming) -> dict[str, str]:
    """What "by", "to", "from" and custody say behind position `at`, up to the next verb or "in exchange for"."""
    found: dict[str, str] = {}
    for place in range(at, min(len(chunks), at + 9)):
        chunk = chunks[place]
        if chunk.code in "RrSsGxdC" or (chunk.code == "n" and place > at):
            break
        if chunk.code == "o" and place + 1 < len(chunks) and chunks[place + 1].code in GROUPS:
            break  # "exchanged for two men held in Ukraine": who held the others
        if chunk.code == "P" and (place == 0 or chunks[place - 1].code not in "tbfviam"):
            break
        if chunk.code == "k" and (party := party_of(chunk, name)):
            found.setdefault("f", party)
        if chunk.code in "tbfKZ" and place + 1 < len(chunks):
            following = chunks[place + 1]
            if chunk.code in "KZ" and (by := captor_at(chunks, place)) is not None:
                following = chunks[by]
            if following.code in "Plj" and following.start - chunk.end <= 40 and (party := party_of(following, name)):
                found.setdefault("f" if chunk.code in "KZ" else chunk.code, party)
    return found


def captor_at(chunks: tuple[Chunk, ...], at: int) -> int | None:
    """Where "by X" or "in X" follows "held", "captured": at once, or behind "for more than five years"."""
    for place in range(at + 1, min(len(chunks) - 1, at + 4)):
        code = chunks[place].code
        if code == "b" or (code == "i" and chunks[at].code == "K" and place == at + 1):
            return place + 1
        if code not in "oita" or chunks[place + 1].start - chunks[place].start > 40:
            return None
    return None


def _behind_aside(chunks: tuple[Chunk, ...], at: int, codes: str) -> int:
    """Where to look for the subject of the verb at `at`: before an aside in commas ("Shalit, held ... by Hamas, was freed")."""
    if at < 3 or chunks[at - 1].code != "c":
        return at - 1
    for place in range(at - 2, 0, -1):
        if chunks[place].code == "c" and chunks[place - 1].code in codes and chunks[place + 1].code in "KZqRrPpgI":
            return place - 1
        if chunks[place].code == "d":
            break
    return at - 1
