"""Phrases that can stand for a speaker, found by regular expressions over the token letters of `names_tokens`."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, replace

from service.domain.candidate import MentionKind
from service.text.names_lexicon import words
from service.text.names_tokens import NAME_LETTERS, Tokens

# Every repetition is bounded: a text of nothing but capitals or numbers must not cost more than its length.
# Atomic: "Army of Army of ..." can be cut in exponentially many ways, and one is enough.
_CAPS = r"t{0,3}[NLOARi](?>[NLOARijlt]|(?<=O)oD?(?:[NLOAR]{1,8}|0)(?:o[NLOAR]{1,8}){0,3}(?:&[NO]{1,4})?){0,16}"
_PHRASE = re.compile(
    rf"(?P<own>D?[we]{{0,5}}(?:{_CAPS}|[nmdw]{{1,3}})s)?(?P<det>[D0]{{0,4}})(?P<adjectives>(?:[we0]|A(?=[we0A]{{0,4}}[wenmd])){{0,6}})"
    rf"(?:(?P<caps>{_CAPS})(?P<head>[nmd]{{0,6}})|(?P<bare>[nmd]{{1,6}}))"
)
_SENTENCE = re.compile(r"[|¶][^|¶]+")
_PRONOUN = re.compile(r"p|h(?=[rx]*[cve])")
# Noun phrases with no known head noun count only right beside a speech verb ("the internet giant said").
_SUBJECT = re.compile(
    r"(?:D?[we]{0,4}(?:[NLOA]{1,6}|[nmdw]{1,4})s|[D0]{1,4})[we0A]{0,6}[we](?=r?x{0,2}r?c|y[,:bP]?Q)"
    r"|D0?(?=r?x{0,2}r?c)|[D0]{1,4}A(?!w|n|m|d|N|O|L|R|e[wnmdN])|0o(?:D?0?[uw])(?=r?x{0,2}r?c)"
)
_INVERTED = re.compile(r"(?:(?<=Qc)|(?<=Q,c))[D0]{1,4}[weA]{0,6}w(?=[,.|¶PoQ:])")
# What may follow an unnamed subject up to its verb: "a U.S. official with knowledge of the talks said".
_POSTMODIFIER = re.compile(r"(?:[Poye]|[we](?=P))[DPowe0AnmdNLOARsily&rtTjy]{1,11}(?=r?x{0,2}r?c)")
_TRAILING = re.compile(
    r"(?:[Po][D0]{0,3}[we0A]{0,4}(?:[NLOARinmdsjtl]|[we](?=[nmdwe.,|¶])){1,12}(?:s[we]{0,4}[nmdw]{1,4})?){1,2}"
)
_ROLE_TAIL = re.compile(r"[DPowe0AnmdNLOARsilyrtTj&()]{0,60}")
_DIRECT_TAIL = re.compile(r"oD?[NLOAw]{1,6}")
_NO_SPEAKERS = frozenset(("whose", "whom", "what"))
_PRONOUN_GENDER = {"he": "m", "she": "f", "it": "n"}


@dataclass(frozen=True, slots=True)
class Phrase:
    """A speaker phrase: tokens first..last (exclusive); `name` its name words, `head` the deciding word in lower case.

    `first` and `last` leave out titles; `headline`: it stands in a title; `label`: it is a name in capitals with a colon that
    opens a turn of a transcript.
    """

    first: int
    last: int
    kind: MentionKind
    head: str
    name: tuple[str, ...] = ()
    role: str | None = None
    gender: str | None = None
    plural: bool = False
    document: bool = False
    body: bool = False
    headline: bool = False
    label: bool = False


def phrases_of(tokens: Tokens) -> list[Phrase]:
    """All speaker phrases in document order, appositions and roles folded into the names they stand with."""
    found: list[Phrase] = []
    tags = tokens.tags
    for match in _PHRASE.finditer(tags):
        found.extend(_analyse(tokens, match))
    found.extend(
        _pronoun(tokens, match.start())
        for match in _PRONOUN.finditer(tags)
        if tokens.lower[match.start()] not in _NO_SPEAKERS
    )
    taken = [(phrase.first, phrase.last) for phrase in found]
    covered = bytearray(len(tags) + 1)
    for first, last in taken:
        covered[first:last] = b"\1" * (last - first)
    for pattern in (_SUBJECT, _INVERTED):
        for match in pattern.finditer(tags):
            if not covered[match.end() - 1]:
                found.append(_generic(tokens, match.start(), match.end()))
    found = [_labelled(tokens, phrase) for phrase in _headlines(tokens, found)]
    found.sort(key=lambda phrase: (phrase.first, -phrase.last))
    return _joined(tokens, _with_roles(tokens, found))


def _headlines(tokens: Tokens, found: list[Phrase]) -> list[Phrase]:
    """Mark the phrases of sentences in title case: their capitals say nothing of where a name ends."""
    tags = tokens.tags
    titled = set()
    for match in _SENTENCE.finditer(tags):
        inside = match.group()
        capitals = sum(map(inside.count, NAME_LETTERS))
        if capitals >= 4 and "Q" not in inside and capitals > 3 * sum(map(inside.count, "wecvyrnmd")):
            titled.add(tokens.sentence[match.start()])
    if not titled:
        return found
    return [replace(phrase, headline=True) if tokens.sentence[phrase.first] in titled else phrase for phrase in found]


def _labelled(tokens: Tokens, phrase: Phrase) -> Phrase:
    tags = tokens.tags
    opens = "¶" in (tags[phrase.first - 1], tags[phrase.first - 2] if tags[phrase.first - 1] == "t" else "")
    is_label = opens and tags[phrase.last : phrase.last + 2] == ":Q" and all(map(str.isupper, phrase.name or ("",)))
    return replace(phrase, label=True, gender=None) if is_label else phrase


def _analyse(tokens: Tokens, match: re.Match[str]) -> list[Phrase]:
    """The phrase or phrases in one noun phrase."""
    caps, head = match.span("caps"), match.group("head") or match.group("bare")
    start = match.start("own") if match.group("own") else match.start("adjectives")
    extra = _possessor(tokens, match)
    if head:
        return [*extra, _common(tokens, match, head)]
    return [*extra, _capital(tokens, start, *caps)] if _is_speaker(tokens.tags, *caps) else extra


def _is_speaker(tags: str, first: int, last: int) -> bool:
    """Whether capitalised words can speak: not an adjective or initial alone, not a place that only says where or whence."""
    inside = tags[first:last]
    if not inside.strip("A") or inside in ("i", "t"):
        return False
    return inside != "L" or tags[first - 1] not in "Po" or tags[first - 2] == "a"


def _possessor(tokens: Tokens, match: re.Match[str]) -> list[Phrase]:
    """A name that owns what follows is a phrase of its own as well ("Corbett's office": Corbett)."""
    if not match.group("own"):
        return []
    first, last = match.start("own"), match.end("own") - 1
    while first < last and tokens.tags[first] in "Dwe":
        first += 1
    if first < last and tokens.tags[first] in "tNi" and "N" in tokens.tags[first:last]:
        return [_capital(tokens, first, first, last)]
    return []


def _capital(tokens: Tokens, start: int, first: int, last: int) -> Phrase:
    """A run of capitalised words: a person with or without a role, an organisation, a place, an office."""
    tags = tokens.tags
    turn = max(tags.rfind("R", first, last), tags.rfind("t", first, last)) + 1
    name = max(turn, first)
    if name == last:
        return _office(tokens, start, first, last)
    tail = tags[name:last]
    given = _first_person(tokens, name, last)
    if given is None and ("O" in tail or not set(tail) & set("Ni")):
        return _organization(tokens, start, first if turn and "O" in tail else name, last)
    name = given if given is not None else name
    role = _text(tokens, start, name) if turn > first or start < first else None
    gender = _gender(tokens, first, name, last)
    if given is None and tail[0] == "L" and turn <= first:
        return _organization(tokens, start, name, last)
    return Phrase(
        name, last, MentionKind.PERSON, tokens.lower[last - 1], tuple(tokens.words[name:last]), _clean_role(role), gender
    )


def _first_person(tokens: Tokens, first: int, last: int) -> int | None:
    """Where a person's name starts by a known first name with a surname after it, or None."""
    male, female = words("male"), words("female")
    for index in range(first, last - 1):
        low = tokens.lower[index]
        if (low in male or low in female) and all(letter in "NijlLOt" for letter in tokens.tags[index + 1 : last]):
            if "O" in tokens.tags[index + 1 : last] and tokens.lower[last - 1] in words("org_words"):
                return None
            return index
    tags = tokens.tags
    turn = tags.rfind("O", first, last) + 1
    if turn > first + 1 and 2 <= last - turn <= 3 and set(tags[turn:last]) <= set("Ni") and tags[last - 1] == "N":
        return turn
    if tags[first] in "AL" and last - first >= 3 and set(tags[first + 1 : last]) <= set("Nijl"):
        return first + 1
    return None


def _office(tokens: Tokens, start: int, first: int, last: int) -> Phrase:
    head = tokens.lower[last - 1]
    gender = "f" if head in words("female_roles") else "m" if head in words("male_roles") else None
    del start
    return Phrase(first, last, MentionKind.UNNAMED, head, (), None, gender)


def _organization(tokens: Tokens, start: int, first: int, last: int) -> Phrase:
    begin = first
    if start < first and tokens.tags[first - 1] == "s" and tokens.lower[last - 1] in words("generic_bodies"):
        begin = start + (tokens.tags[start] == "D")
    name = tuple(tokens.words[begin:last])
    plural = tokens.lower[last - 1] in ("republicans", "democrats")
    return Phrase(begin, last, MentionKind.ORGANIZATION, tokens.lower[last - 1], name, None, "n", plural)


def _common(tokens: Tokens, match: re.Match[str], head: str) -> Phrase:
    """A phrase with a common head noun: people, a body, a document."""
    first, last = match.span()
    low = tokens.lower[last - 1]
    low = low.rsplit("-", 1)[-1] if "-" in low and not low[0].isdigit() else low
    human = head[-1] == "n"
    plural = human and (
        low in words("plural_humans") or (low.endswith("s") and not low.endswith("ss")) or low.endswith("men")
    )
    gender = "n" if not human else "f" if low in words("female_roles") else "m" if low in words("male_roles") else None
    if plural and tokens.tags[first - 2 : first] == "0o" and tokens.tags[first] == "D":
        first, plural = first - 2, False
    named = match.group("own") or match.group("caps") or "A" in tokens.tags[first:last]
    kind = MentionKind.ORGANIZATION if head[-1] == "m" and named else MentionKind.UNNAMED
    return _extended(tokens, Phrase(first, last, kind, low, (), None, gender, plural, head[-1] == "d", head[-1] == "m"))


def _generic(tokens: Tokens, first: int, last: int) -> Phrase:
    low = tokens.lower[last - 1]
    plural = low in ("those", "some", "many", "all", "both", "several", "most", "these") or (
        low.endswith("s") and len(low) > 3
    )
    return _extended(tokens, Phrase(first, last, MentionKind.UNNAMED, low, (), None, None, plural))


def _extended(tokens: Tokens, phrase: Phrase) -> Phrase:
    """An unnamed phrase with what is said of it up to its verb, or behind it where it follows its verb."""
    if phrase.document:
        return phrase
    tags = tokens.tags
    after = _POSTMODIFIER.match(tags, phrase.last)
    if after is None and phrase.first > 1 and tags[phrase.last : phrase.last + 1] in ("P", "o"):
        before = tags[phrase.first - 2 : phrase.first]
        if before in ("Qc", ",c") or before[0] == "a":
            after = _TRAILING.match(tags, phrase.last)
    return replace(phrase, last=after.end()) if after else phrase


def _pronoun(tokens: Tokens, index: int) -> Phrase:
    low = tokens.lower[index]
    return Phrase(index, index + 1, MentionKind.PRONOUN, low, (), None, _PRONOUN_GENDER.get(low), low in ("they", "we"))


def _gender(tokens: Tokens, first: int, name: int, last: int) -> str | None:
    """Gender by a title, a role noun or a known first name."""
    male, female = words("male"), words("female")
    for index in range(first, name):
        low = tokens.lower[index]
        if low in words("female_roles"):
            return "f"
        if low in words("male_roles"):
            return "m"
    if last - name > 1:
        low = tokens.lower[name]
        if low in male and low not in female:
            return "m"
        if low in female and low not in male:
            return "f"
    return None


def _text(tokens: Tokens, first: int, last: int) -> str | None:
    return tokens.text[tokens.starts[first] : tokens.ends[last - 1]] if last > first else None


def _clean_role(role: str | None) -> str | None:
    """The role without articles and courtesy titles; None where nothing is left."""
    if role is None:
        return None
    parts = role.replace("\n", " ").split(" ")
    while parts and parts[0].lower() in ("a", "an", "the"):
        parts.pop(0)
    while parts and parts[-1].lower() in words("courtesy"):
        parts.pop()
    return " ".join(parts).rstrip(",") or None


def _with_roles(tokens: Tokens, found: list[Phrase]) -> list[Phrase]:
    """Fold a role phrase beside a person's name into the name: "filmmaker Oleg Sentsov", "Joshua Maus, a spokesman for X,"."""
    result: list[Phrase] = []
    skip = -1
    for index, phrase in enumerate(found):
        if phrase.first < skip:
            continue
        if phrase.kind is MentionKind.PERSON:
            phrase, consumed = _role_before(tokens, result, phrase)
            del result[len(result) - consumed :]
            if phrase.role is None or len(phrase.role) < 6:
                phrase, skip = _role_after(tokens, found, index, phrase)
        result.append(phrase)
    return result


def _role_before(tokens: Tokens, result: list[Phrase], phrase: Phrase) -> tuple[Phrase, int]:
    """The phrase with the role that stands before it, and how many phrases before it are part of that role."""
    tags = tokens.tags
    for back in range(1, min(4, len(result) + 1)):
        before = result[-back]
        if before.last > phrase.first:
            continue
        if phrase.first - before.first > 18:
            break
        if before.kind is MentionKind.PERSON:
            if tags[before.last : before.last + 1] == "s":
                continue  # "Corbett's adviser, Ann Lee": the possessor stands inside the role
            break
        if before.kind is not MentionKind.UNNAMED or before.document or before.body or before.plural:
            continue
        gap = tags[before.last : phrase.first].rstrip("tR")
        comma = gap.endswith(",")
        gap = gap.rstrip(",")
        if gap and not _ROLE_TAIL.fullmatch(gap):
            break
        if gap and not (comma and gap[0] in "oP(" and tags[before.first] in "DRn") and not _DIRECT_TAIL.fullmatch(gap):
            continue
        # "said its chairwoman, Ann Lee." ends with the name; elsewhere something must close the apposition, or it is a list.
        closers = (
            (",", "c", "x", "(", ".", "|", "¶", "Q")
            if tags[before.first - 1 : before.first] == "c"
            else (",", "c", "x", "(")
        )
        is_one_word = len(phrase.name) < 2 and not (tags[before.first] == "D" and tags[phrase.last : phrase.last + 1] == ",")
        if comma and (is_one_word or tags[phrase.last : phrase.last + 1] not in closers):
            continue
        role = _clean_role(_text(tokens, before.first, phrase.first))
        return replace(phrase, role=role, gender=phrase.gender or before.gender), back
    return phrase, 0


def _role_after(tokens: Tokens, found: list[Phrase], index: int, phrase: Phrase) -> tuple[Phrase, int]:
    tags = tokens.tags
    if tags[phrase.last : phrase.last + 1] != "," or index + 1 >= len(found):
        return phrase, -1
    begin = phrase.last + 1
    tail = _ROLE_TAIL.match(tags, begin)
    end = tail.end() if tail else begin
    for after in found[index + 1 : index + 4]:
        if after.first >= end or (after.kind is MentionKind.PERSON and not after.role):
            break
        if after.kind is MentionKind.UNNAMED and not after.document and after.first - begin <= 3 and not after.plural:
            if any(each.kind is MentionKind.PERSON and each.first == after.last for each in found[index + 1 : index + 5]):
                break
            if tags[end : end + 1] not in (",", ".", "|", "¶", "h", "Q", "-", ""):
                break
            role = _clean_role(_text(tokens, begin, end))
            return replace(phrase, role=role, gender=phrase.gender or after.gender), end
    return phrase, -1


def _joined(tokens: Tokens, found: list[Phrase]) -> list[Phrase]:
    """Add a joint phrase for two persons joined by "and" before or after a speech verb."""
    extra: list[Phrase] = []
    for left, right in itertools.pairwise(found):
        gap = tokens.tags[left.last : right.first]
        if "&" not in gap or len(gap) > 8 or left.kind is not right.kind or left.kind is MentionKind.PRONOUN:
            continue
        if gap.strip("DtwnmAROL0seN") != "&":
            continue
        beside = tokens.tags[right.last : right.last + 3].lstrip("rx")[:1] == "c" or tokens.tags[left.first - 1] == "c"
        if beside:
            extra.append(
                Phrase(left.first, right.last, left.kind, right.head, (*left.name, "and", *right.name), None, None, True)
            )
    return sorted(found + extra, key=lambda phrase: (phrase.first, -phrase.last))
