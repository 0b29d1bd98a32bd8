"""From the words of an answer to references: speakers and parties are named, so find the candidate that is meant.

Nothing is taken on trust: words that match no candidate are located exactly in the text and become a candidate of their own,
and words that do not stand in the text are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from service.domain.candidate import Candidates, Entity, Mention, MentionKind, Party
from service.domain.evidence import Span
from service.text.locate import locate
from service.text.parties import parties

_FOLD = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "\xa0": " "})
_LEAD = re.compile(r"^(?:the|a|an|mr|mrs|ms|dr|sir)\.?\s+", re.IGNORECASE)
_JOINT = re.compile(r"\s*(?:,\s+and\s+|,\s+|\s+and\s+|\s*&\s*)")
_POSSESSIVE = re.compile(r"(?P<owner>[^'’]{2,60})['’]s (?P<body>[\w -]{3,60})")
_ONE_OF = re.compile(r"(?P<how_many>[\w -]{3,20}) of (?P<whom>(?:the|his|her|its|their) .{3,80})", re.IGNORECASE)
_ORGANS = (
    "government|authorities|administration|prefecture|presidency|leadership|regime|army|military|armed forces|forces|parliament"
    "|side|officials"
)
_ORGAN_OF = re.compile(rf"(?:[Tt]he )?(?:{_ORGANS}) (?:of|in) (?:the )?(?P<whose>[A-ZÀ-Þ].{{1,80}})")
_ORGAN_AFTER = re.compile(rf"(?:the )?(?P<whose>[A-ZÀ-Þ].{{1,80}}?)(?:['’]s)? (?:{_ORGANS})")
_ORGAN = re.compile(r"\b(?:[Mm]inistry|[Gg]overnment|[Oo]ffice|[Aa]rmy|[Mm]ilitary|[Aa]uthorities|[Ss]ervice)\b")
_DISPUTED = r"(?:self-\w+|breakaway|so-called|unrecogni[sz]ed|separatist)[\s'\"“”‘’„]+"
_STATES = "Republic|State|Kingdom|Emirate|Federation|Union"
_WEST = ("the west", "west")
_WESTERN = {
    "United States", "Germany", "Poland", "Slovenia", "Norway", "United Kingdom", "Britain", "France", "Canada", "Sweden",
    "Netherlands", "Italy", "Spain", "Denmark", "Finland",
}  # fmt: skip


def fold(words: str) -> str:
    """Words for comparison: one kind of quotes, dashes and blanks, lower case, no leading article or courtesy title.

    >>> fold("The  Kremlin’s man")
    "kremlin's man"
    """
    return _LEAD.sub("", " ".join(words.translate(_FOLD).split()).casefold())


@dataclass(frozen=True, slots=True)
class Resolved:
    """What some words refer to: the id, and the candidates, grown where the words had to be located."""

    id: str
    entity: str | None
    candidates: Candidates


def next_number(candidates: Candidates, letter: str) -> int:
    """The first free number for ids with this letter."""
    taken = [int(c.id[1:]) for c in candidates if c.id[0] == letter and c.id[1:].isdigit()]
    return max(taken, default=0) + 1


def resolve_speaker(words: str, candidates: Candidates, near: Span, *, prefer: Mention | None = None) -> Resolved | None:
    """The mention that attributes the passage `near` to the speaker whom `words` name, and the speaker's entity.

    `prefer` is the mention that the rules engine chose: taken if it stands for the same entity. None if the words are not in
    the text.
    """
    entity = _entity_named(words, candidates)
    if entity is not None:
        mention = prefer if prefer is not None and prefer.entity == entity.id else _nearest(entity, candidates, near)
        if mention is not None:
            return Resolved(mention.id, entity.id, candidates)
    span = _locate_near(words, candidates.text, near)
    if span is not None:
        return _added(words, span, candidates)
    composed = _possessed(words, candidates, near) or _one_of(words, candidates, near)
    if composed is not None:
        return composed
    parts = [part for part in _JOINT.split(words) if part]
    return _joint(parts, candidates, near) if 2 <= len(parts) <= 4 else None


def _entity_named(words: str, candidates: Candidates) -> Entity | None:
    wanted = fold(words)
    named = [entity for entity in candidates.entities if fold(entity.name) == wanted]
    if named:
        return named[0]
    texts = {fold(m.span.text): m.entity for m in candidates.mentions if m.entity and m.kind is not MentionKind.PRONOUN}
    found = texts.get(wanted)
    if found is None:
        return None
    entity = candidates.get(found, Entity)
    # A mention text may be part of a longer name ("Lavrov"); it must not turn into a different one.
    return entity if entity is not None and set(wanted.split()) <= set(fold(entity.name).split()) else None


def _nearest(entity: Entity, candidates: Candidates, near: Span) -> Mention | None:
    mentions = [m for m in (candidates.get(id_, Mention) for id_ in entity.mentions) if m is not None]
    outside = [m for m in mentions if not near.contains(m.span)] or mentions
    sentences = {s.id for s in candidates.sentences if s.span.overlaps(near)}
    here = [m for m in outside if (s := candidates.sentence_at(m.span.start)) is not None and s.id in sentences]
    paragraph = candidates.paragraph_at(near.start)
    same = [m for m in outside if paragraph is not None and paragraph.span.contains(m.span)]
    pool = here or same or outside
    return min(pool, key=lambda m: distance(m.span, near), default=None)


def distance(one: Span, other: Span) -> int:
    """Characters between two spans, 0 where they touch or overlap."""
    return max(one.start - other.end, other.start - one.end, 0)


def _locate_near(words: str, text: str, near: Span) -> Span | None:
    window = 600
    start = max(0, near.start - window)
    return locate(words, text, start=start, end=min(len(text), near.end + window)) or locate(words, text)


def _added(words: str, span: Span, candidates: Candidates) -> Resolved:
    kind = _kind_of(span.text)
    mention_id, entity_id = f"M{next_number(candidates, 'M')}", f"E{next_number(candidates, 'E')}"
    mention = Mention(id=mention_id, span=span, kind=kind, entity=entity_id)
    entity = Entity(id=entity_id, name=span.text, kind=kind, mentions=(mention_id,))
    return Resolved(mention_id, entity_id, candidates.with_more(mentions=(mention,), entities=(entity,)))


def _kind_of(name: str) -> MentionKind:
    tokens = [
        t for t in re.findall(r"[^\W\d_][\w'’.-]*", name) if t.casefold() not in ("of", "the", "for", "and", "al", "de")
    ]
    if not tokens or any(t[0].islower() for t in tokens):
        return MentionKind.UNNAMED
    return MentionKind.PERSON if 2 <= len(tokens) <= 4 else MentionKind.ORGANIZATION


def _possessed(words: str, candidates: Candidates, near: Span) -> Resolved | None:
    """A body of somebody's ("Ivo Brandt's office") where the text says "his office": the owner must be known to the text."""
    found = _POSSESSIVE.fullmatch(words)
    owner = _entity_named(found["owner"], candidates) if found is not None else None
    if found is None or owner is None:
        return None
    mentions = (candidates.get(id_, Mention) for id_ in owner.mentions)
    owners = {f"{m.span.text}'s" for m in mentions if m is not None and m.kind is not MentionKind.PRONOUN}
    for whose in (*sorted(owners), "his", "her", "its", "their"):
        span = _locate_near(f"{whose} {found['body']}", candidates.text, near)
        if span is not None:
            added = _added(words, span, candidates)
            return _named(f"{owner.name}'s {found['body']}", added, MentionKind.ORGANIZATION)
    return None


def _one_of(words: str, candidates: Candidates, near: Span) -> Resolved | None:
    """Some of a group ("one of the monitors") where the text says "one of them": the group must stand in it, too."""
    found = _ONE_OF.fullmatch(words)
    if found is None or locate(found["whom"], candidates.text) is None:
        return None
    span = _locate_near(f"{found['how_many']} of them", candidates.text, near)
    return _named(words, _added(words, span, candidates), MentionKind.UNNAMED) if span is not None else None


def _named(name: str, resolved: Resolved, kind: MentionKind) -> Resolved:
    """The entity that was just added, under a name put together from words of the text."""
    *others, added = resolved.candidates.entities
    entities = (*others, replace(added, name=name, kind=kind))
    return Resolved(resolved.id, resolved.entity, replace(resolved.candidates, entities=entities))


def _joint(parts: list[str], candidates: Candidates, near: Span) -> Resolved | None:
    """Joint speakers ("A and B") are one speaker; every part must be known to the text."""
    found: list[Mention] = []
    names: list[str] = []
    for part in parts:
        one = resolve_speaker(part, candidates, near)
        if one is None:
            return None
        candidates = one.candidates
        mention, entity = candidates.get(one.id, Mention), candidates.get(one.entity or "", Entity)
        if mention is None or entity is None:
            return None
        found.append(mention)
        names.append(entity.name)
    first, last = min(m.span.start for m in found), max(m.span.end for m in found)
    if last - first > 300:
        first, last = found[0].span.start, found[0].span.end
    span = Span(first, last, candidates.text[first:last])
    name = ", ".join(names[:-1]) + " and " + names[-1]
    mention_id, entity_id = f"M{next_number(candidates, 'M')}", f"E{next_number(candidates, 'E')}"
    kind = found[0].kind if found[0].kind is not MentionKind.PRONOUN else MentionKind.PERSON
    mention = Mention(id=mention_id, span=span, kind=kind, entity=entity_id, plural=True)
    joint = Entity(id=entity_id, name=name, kind=kind, mentions=(mention_id,))
    return Resolved(mention_id, entity_id, candidates.with_more(mentions=(mention,), entities=(joint,)))


def resolve_party(words: str, candidates: Candidates, evidence: tuple[Span, ...]) -> Resolved | None:
    """The party whom `words` name, preferably as it stands in the evidence; None if the text does not know it.

    An article has one name for a party: an organ gives way to the state or group that it belongs to, and "Orlen" to "Republic
    of Orlen" where the text calls that self-proclaimed.
    """
    words = _in_full(_polity(words), candidates.text)
    wanted = fold(words)
    # "Britain" where the article only has "British": the lexicon knows that both are one. A name that merely holds a known one
    # ("United Nations Command") is another party.
    lexical = {fold(party.name) for party in parties(words) if _covers(party, words)}
    plain = {wanted, *lexical}
    known = [p for p in candidates.parties if fold(p.name) in plain or fold(p.span.text) == wanted]
    if known:
        inside = [p for p in known if any(span.contains(p.span) for span in evidence)]
        exact = [p for p in inside or known if fold(p.name) in plain]
        return Resolved((exact or inside or known)[0].id, None, candidates)
    span = locate(words, candidates.text) or locate(_LEAD.sub("", words), candidates.text) or _stem(words, candidates.text)
    if span is None and wanted in _WEST:
        span = next((p.span for p in candidates.parties if p.name in _WESTERN), None)
    if span is None:
        return None
    party = Party(id=f"R{next_number(candidates, 'R')}", span=span, name=words, form="group")
    return Resolved(party.id, None, candidates.with_more(parties=(party,)))


def _covers(party: Party, words: str) -> bool:
    """Whether a party that the lexicon finds in `words` is what they name: all of them, or all but the kind of its organ."""
    before, after = words[: party.span.start], words[party.span.end :]
    return not _LEAD.sub("", before) and (not after.strip() or party.form == "organ" or _ORGAN.search(after) is not None)


def _polity(words: str) -> str:
    """The state or group whose organ `words` name ("prefecture of Orlen")."""
    found = _ORGAN_OF.fullmatch(words) or _ORGAN_AFTER.fullmatch(words)
    return found["whose"] if found is not None else words


def _in_full(words: str, text: str) -> str:
    """The full name ("Republic of Orlen" for "Orlen") where the text calls it self-styled or the like, and so no country."""
    if len(words) < 3 or parties(words):
        return words
    found = re.search(rf"{_DISPUTED}((?:[A-ZÀ-Þ][\w'’-]+ )?(?:{_STATES}) of (?:the )?{re.escape(words)})\b", text)
    return found[1] if found is not None else words


def _stem(words: str, text: str) -> Span | None:
    """A country of which only the adjective stands in the text ("Valdoria" beside "Valdorian")."""
    if len(words) < 5 or " " in words:
        return None
    found = re.search(rf"\b{re.escape(words[:-1])}\w{{0,5}}\b", text)
    return Span(found.start(), found.end(), found.group()) if found else None
