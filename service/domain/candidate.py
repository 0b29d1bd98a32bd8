"""Candidates: what the deterministic scanner found in the text, each with an id and a span.

Engines answer with candidates' ids (references), never with copied text. Ids are a letter and a number, counted from 1
in document order: P paragraph, S sentence, Q quoted region, A attribution line, M mention, E entity, N number, D date,
L place, R party, C clause. `D0` is the publication date (no span) where it is known.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import TypeVar

from service.domain.evidence import Span


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A block of text between line breaks; `is_line` marks a short line without a full stop (heading, name, list)."""

    id: str
    span: Span
    is_line: bool = False


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence; `paragraph` is the id of the paragraph it stands in. Sentences never overlap."""

    id: str
    span: Span
    paragraph: str


@dataclass(frozen=True, slots=True)
class QuotedRegion:
    """A passage in quotation marks.

    `span` is what stands between the marks (white space and marks at its ends excluded), `outer` includes the marks.
    `style` names the marks ("curly", "straight", "single", "guillemets", "low-high", "doubled"); without marks it is "block"
    (a paragraph above the line that names its speaker) or "turn" (of a transcript, behind "NAME:").
    `closed` is False where the closing mark is missing and the end was inferred. `parent` is the enclosing region's id.
    A region over several re-opened paragraphs is one region; the re-opening marks stay inside its span.
    """

    id: str
    span: Span
    outer: Span
    style: str
    closed: bool = True
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class AttributionLine:
    """A line that only names a speaker ("- Name", or the name alone on the line after a pull quote)."""

    id: str
    span: Span
    name: Span


class MentionKind(StrEnum):
    """What a mention is by its form."""

    PERSON = "person"
    ORGANIZATION = "organization"
    UNNAMED = "unnamed"
    PRONOUN = "pronoun"


@dataclass(frozen=True, slots=True)
class Mention:
    """A speaker mention: a name, a role ("the minister"), a group, an organisation, a pronoun.

    `span` leaves out titles and Mr/Ms. `role` is the title or role standing with it, as the article gives it.
    `entity` is the id of the entity it was resolved to, None where it stays open. `gender` is "m", "f", "n" or None;
    `plural` whether it stands for several.
    """

    id: str
    span: Span
    kind: MentionKind
    role: str | None = None
    entity: str | None = None
    gender: str | None = None
    plural: bool = False


@dataclass(frozen=True, slots=True)
class Entity:
    """Whom one or more mentions stand for: the fullest form of the name that the article uses anywhere."""

    id: str
    name: str
    kind: MentionKind
    mentions: tuple[str, ...]
    role: str | None = None
    gender: str | None = None


class Qualifier(StrEnum):
    """How exact a stated number is."""

    EXACT = "exact"
    ABOUT = "about"
    AT_LEAST = "at_least"
    MORE_THAN = "more_than"
    AT_MOST = "at_most"
    LESS_THAN = "less_than"
    RANGE = "range"
    VAGUE = "vague"


@dataclass(frozen=True, slots=True)
class Number:
    """A number in digits or words.

    `span` is the number itself ("390", "three", "1,000-for-1,000"), `phrase` the span from its qualifier to its unit noun
    ("more than 5,000 prisoners"). `value` is None for vague words ("dozens"); `max` is set for ranges.
    `unit` is the head noun in lower case as written ("servicemen"), None where there is none.
    `role` says what it counts: "people", "remains", "year", "age", "date", "money", "percent", "time", "ordinal",
    "unit_name", "measure", "event", "other". `other` is the second number of a formula "X for Y".
    """

    id: str
    span: Span
    phrase: Span
    value: int | None
    max: int | None = None
    qualifier: Qualifier = Qualifier.EXACT
    unit: str | None = None
    role: str = "other"
    other: int | None = None


@dataclass(frozen=True, slots=True)
class DateMention:
    """A date, absolute or relative. `start` and `end` are "YYYY-MM-DD", "YYYY-MM" or "YYYY" (equal for one day, month, year).

    `start` is None where the words could not be resolved. `basis` is "explicit", "weekday", "relative" or "publication".
    `direction` is "past", "future" or None: what the wording itself says ("last Friday", "next week").
    `span` is None for D0 only.
    """

    id: str
    span: Span | None
    start: str | None
    end: str | None
    basis: str
    direction: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A place as the article names it; `country` is the party name of its country where the lexicon knows it."""

    id: str
    span: Span
    name: str
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """A mention of a state, armed group or other body that can hold or receive people.

    `name` is the plain canonical name ("Russia" for Moscow, the Kremlin, Russian forces; "pro-Russian separatists").
    `form` is "name", "capital", "adjective", "organ" or "group": how it was named here.
    """

    id: str
    span: Span
    name: str
    form: str = "name"


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause of reported speech outside quotation marks, or words located for an engine."""

    id: str
    span: Span


Candidate = (
    Paragraph | Sentence | QuotedRegion | AttributionLine | Mention | Entity | Number | DateMention | Place | Party | Clause
)
C = TypeVar("C", bound=Candidate)


@dataclass(frozen=True)
class Candidates:
    """All candidates of one article, each list in document order."""

    text: str
    paragraphs: tuple[Paragraph, ...] = ()
    sentences: tuple[Sentence, ...] = ()
    regions: tuple[QuotedRegion, ...] = ()
    lines: tuple[AttributionLine, ...] = ()
    mentions: tuple[Mention, ...] = ()
    entities: tuple[Entity, ...] = ()
    numbers: tuple[Number, ...] = ()
    dates: tuple[DateMention, ...] = ()
    places: tuple[Place, ...] = ()
    parties: tuple[Party, ...] = ()
    clauses: tuple[Clause, ...] = ()
    limits: tuple[str, ...] = ()
    """What the text holds more of than is looked at, in words ("numbers"); empty for any real article."""

    def __iter__(self) -> Iterator[Candidate]:
        for group in (
            self.paragraphs, self.sentences, self.regions, self.lines, self.mentions, self.entities,
            self.numbers, self.dates, self.places, self.parties, self.clauses,
        ):  # fmt: skip
            yield from group

    @cached_property
    def by_id(self) -> dict[str, Candidate]:
        """Every candidate by its id."""
        return {candidate.id: candidate for candidate in self}

    def get(self, reference: str, kind: type[C]) -> C | None:
        """The candidate with this id if it exists and is of this kind."""
        found = self.by_id.get(reference)
        return found if isinstance(found, kind) else None

    def with_more(self, *, mentions: tuple[Mention, ...] = (), entities: tuple[Entity, ...] = (),
                  clauses: tuple[Clause, ...] = (), places: tuple[Place, ...] = (),
                  parties: tuple[Party, ...] = (), numbers: tuple[Number, ...] = (), dates: tuple[DateMention, ...] = (),
                  limits: tuple[str, ...] = ()) -> Candidates:  # fmt: skip
        """A copy with candidates added behind the scanner's own (words that an engine gave and that were located).

        `limits` are what the engine looked at only in part.
        """
        return replace(
            self,
            mentions=self.mentions + mentions, entities=self.entities + entities, clauses=self.clauses + clauses,
            places=self.places + places, parties=self.parties + parties, numbers=self.numbers + numbers,
            dates=self.dates + dates, limits=self.limits + limits,
        )  # fmt: skip

    def entity_of(self, mention: Mention) -> Entity | None:
        """The entity a mention was resolved to."""
        return self.get(mention.entity, Entity) if mention.entity else None

    def sentence_at(self, offset: int) -> Sentence | None:
        """The sentence that holds this offset, or the last one before it."""
        position = bisect_right(self._sentence_starts, offset) - 1
        return self.sentences[position] if position >= 0 else None

    def paragraph_at(self, offset: int) -> Paragraph | None:
        """The paragraph that holds this offset, or the last one before it."""
        position = bisect_right(self._paragraph_starts, offset) - 1
        return self.paragraphs[position] if position >= 0 else None

    @cached_property
    def _sentence_starts(self) -> list[int]:
        return [sentence.span.start for sentence in self.sentences]

    @cached_property
    def _paragraph_starts(self) -> list[int]:
        return [paragraph.span.start for paragraph in self.paragraphs]
