"""Records: what leaves the service. Every span was checked against the clean text."""

from __future__ import annotations

from dataclasses import dataclass

from service.domain.candidate import Qualifier
from service.domain.draft import (
    Basis,
    Category,
    ExchangeKind,
    PlaceRole,
    QuoteKind,
    Status,
    ThirdPartyRole,
)
from service.domain.evidence import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A warning: the check that gave it and a sentence for a reader."""

    check: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """Something an engine answered that could not be grounded, with the reason; never silently dropped."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeDate:
    """When: "YYYY-MM-DD", "YYYY-MM", "YYYY" or None, with the words it was read from."""

    start: str | None
    end: str | None
    text: str | None
    basis: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRecord:
    """Where, in which role."""

    name: str
    role: PlaceRole
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class CountRecord:
    """How many of which category; `value` is None for vague words ("dozens"), the words are in the evidence."""

    category: Category
    value: int | None
    max: int | None
    qualifier: Qualifier
    claimed_by: tuple[str, ...]
    evidence: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRecord:
    """A person named as released."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRecord:
    """Who released whom to whom."""

    released_by: str
    returned_to: str
    counts: tuple[CountRecord, ...]
    people: tuple[PersonRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThirdPartyRecord:
    """A mediator, host, carrier or guarantor."""

    name: str
    role: ThirdPartyRole
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRecord:
    """One act, deal or plan."""

    id: str
    kind: ExchangeKind
    status: Status
    date: ExchangeDate
    places: tuple[PlaceRecord, ...]
    transfers: tuple[TransferRecord, ...]
    third_parties: tuple[ThirdPartyRecord, ...]
    part_of: str | None
    evidence: tuple[Span, ...]
    confidence: float
    by: tuple[str, ...]
    warnings: tuple[Notice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """Who said it: resolved name, and the mention that attributes this quotation."""

    name: str
    kind: str
    role: str | None
    mention: Span
    basis: Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteRecord:
    """A quotation; `text` excludes its marks and is `article.text[start:end]`.

    `content` is the whole reported content that the quotation is part of: empty unless asked for, the quotation's own words where
    nothing else is given to its speaker there.
    """

    id: str
    kind: QuoteKind
    text: str
    start: int
    end: int
    speaker: Speaker | None
    cue: Span | None
    confidence: float
    by: tuple[str, ...]
    warnings: tuple[Notice, ...]
    content: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentRecord:
    """Reported content that holds no quotation: an infinitive, a noun phrase ("vowed to return"). `spans` are the words given."""

    id: str
    spans: tuple[Span, ...]
    speaker: Speaker | None
    cue: Span
    confidence: float
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of all calls of one extraction, failed attempts included."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """How a result came about. `attempts` counts drafts asked for, `calls` HTTP requests to the model."""

    engine: str
    model: str | None
    prompt: str | None
    prompt_sha256: str | None
    attempts: int
    calls: int
    usage: Usage
    elapsed_ms: int
    degraded: bool
    degraded_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleRecord:
    """What is known of the article; `text` only for HTML input (the clean text that offsets refer to)."""

    id: str
    title: str | None
    url: str | None
    published_at: str | None
    language: str | None
    sha256: str
    characters: int
    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """The answer to one article; `contents` only where they were asked for."""

    id: str
    article: ArticleRecord
    exchanges: tuple[ExchangeRecord, ...]
    quotes: tuple[QuoteRecord, ...]
    rejected: tuple[Rejected, ...]
    warnings: tuple[Notice, ...]
    provenance: Provenance
    contents: tuple[ContentRecord, ...] = ()
