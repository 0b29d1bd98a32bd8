"""What a newsroom is told: event types, and the body of an outgoing message.

A body is `{"type", "timestamp", "data"}` (Standard Webhooks 1.0.0) as canonical JSON: UTF-8, sorted keys, no spaces, so that
the same event is always the same bytes. It is thin, below 20 kB: ids, counts and URLs under which the full extraction is read.
Deliveries are neither ordered nor unique: a receiver keeps the greatest `data.article.sequence` it has seen of an article and
ignores a message with a smaller one, and takes a message once by its `webhook-id`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from service.domain.candidate import Qualifier
from service.domain.draft import Category, ExchangeKind, Status
from service.domain.record import CountRecord, ExchangeRecord, Extraction, TransferRecord
from service.errors import InvalidField

MOST_BYTES = 20_000
_LONGEST_URL, _LONGEST_ID, _LONGEST_WORD = 2048, 1024, 256  # bytes, written as JSON
_LONGEST_SENTENCE = 500

Json = dict[str, object]


class EventType(StrEnum):
    """What an endpoint can subscribe to; `webhook.ping` is sent on request to any."""

    COMPLETED = "extraction.completed"
    UPDATED = "extraction.updated"
    DEGRADED = "extraction.degraded"
    FAILED = "extraction.failed"
    EXCHANGE_DETECTED = "exchange.detected"
    ARTICLE_DELETED = "article.deleted"
    PING = "webhook.ping"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleFacts:
    """Which article, in which version.

    `id` is the CMS's own; `version` is what the CMS calls this version (its time or number, None where it has none);
    `sequence` counts our versions of the article from 1 up. `history_url` lists its extractions.
    """

    id: str
    connection: str | None
    version: str | None
    sequence: int
    language: str | None
    url: str | None
    history_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractionFacts:
    """Which extraction, how it was made, and how much was found; the whole of it is read at `url`."""

    id: str
    url: str
    engine: str
    model: str | None
    degraded: bool
    degraded_reason: str | None
    exchanges: int
    quotes: int
    rejected: int
    warnings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """An article was read for the first time."""

    article: ArticleFacts
    extraction: ExtractionFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Updated:
    """A new version of an article gave another record than extraction `previous_id`; the difference is read at `diff_url`."""

    article: ArticleFacts
    extraction: ExtractionFacts
    previous_id: str
    diff_url: str | None
    added: int
    removed: int
    changed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Degraded:
    """The model failed and the rules engine answered in its place; `extraction.degraded_reason` says why."""

    article: ArticleFacts
    extraction: ExtractionFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """No extraction of this version: `reason` is a stable word for programs, `message` a sentence without article text."""

    article: ArticleFacts
    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many of which category; `value` is None for vague words ("dozens")."""

    category: Category
    value: int | None
    max: int | None
    qualifier: Qualifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Who released whom to whom, by the article."""

    released_by: str
    returned_to: str
    counts: tuple[Count, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeFacts:
    """One exchange as the article tells it; `date` is "YYYY-MM-DD", "YYYY-MM" or "YYYY", `confidence` from 0 to 1."""

    id: str
    kind: ExchangeKind
    status: Status
    date: str | None
    transfers: tuple[Transfer, ...]
    confidence: float
    warnings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangesDetected:
    """The article tells of exchanges; those for which the message has no room are counted as `left_out`."""

    article: ArticleFacts
    extraction: ExtractionFacts
    exchanges: tuple[ExchangeFacts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleDeleted:
    """The article and everything we knew of it is gone."""

    article: ArticleFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """A test, sent because somebody asked for it."""

    endpoint: str


Event = Completed | Updated | Degraded | Failed | ExchangesDetected | ArticleDeleted | Ping

_TYPES: dict[type[Event], EventType] = {
    Completed: EventType.COMPLETED,
    Updated: EventType.UPDATED,
    Degraded: EventType.DEGRADED,
    Failed: EventType.FAILED,
    ExchangesDetected: EventType.EXCHANGE_DETECTED,
    ArticleDeleted: EventType.ARTICLE_DELETED,
    Ping: EventType.PING,
}


def type_of(event: Event) -> EventType:
    """The type an endpoint subscribes to in order to be told this."""
    return _TYPES[type(event)]


def extraction_facts(record: Extraction, *, url: str) -> ExtractionFacts:
    """What a message says of this extraction, which is read at `url`."""
    made = record.provenance
    warnings = len(record.warnings)
    warnings += sum(len(item.warnings) for item in record.exchanges) + sum(len(item.warnings) for item in record.quotes)
    return ExtractionFacts(
        id=record.id,
        url=url,
        engine=made.engine,
        model=made.model,
        degraded=made.degraded,
        degraded_reason=made.degraded_reason,
        exchanges=len(record.exchanges),
        quotes=len(record.quotes),
        rejected=len(record.rejected),
        warnings=warnings,
    )


def exchange_facts(exchange: ExchangeRecord) -> ExchangeFacts:
    """What a message says of this exchange: no evidence and no names of people, which are read with the extraction."""
    return ExchangeFacts(
        id=exchange.id,
        kind=exchange.kind,
        status=exchange.status,
        date=exchange.date.start,
        transfers=tuple(_transfer(transfer) for transfer in exchange.transfers),
        confidence=exchange.confidence,
        warnings=len(exchange.warnings),
    )


def payload(event: Event, *, at: float) -> bytes:
    """The body of the message that tells this event, which happened at `at` (unix seconds): at most 20,000 bytes.

    To keep to that, a URL above 2,048 bytes becomes null and exchanges that do not fit are only counted.
    Raises InvalidField for an id above 1,024 bytes (cut, it would be another id) or a time that is no date.
    """
    try:
        when = datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError, OSError):
        raise InvalidField(field="at", value=str(at), expected="unix seconds") from None
    stamp = when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    message: Json = {"type": type_of(event).value, "timestamp": stamp, "data": _data(event)}
    if not isinstance(event, ExchangesDetected):
        return _canonical(message)
    room = MOST_BYTES - len(_canonical(message)) - 16  # the figures in `left_out` can need more digits
    exchanges = _fitting((_exchange(exchange) for exchange in event.exchanges), room)
    data = {**_data(event), "exchanges": exchanges, "left_out": len(event.exchanges) - len(exchanges)}
    return _canonical({**message, "data": data})


def _fitting(items: Iterable[Json], room: int) -> list[Json]:
    fitting = []
    for item in items:
        room -= len(_canonical(item)) + 1
        if room < 0:
            break
        fitting.append(item)
    return fitting


def _data(event: Event) -> Json:
    match event:
        case Ping():
            return {"endpoint": _id("endpoint", event.endpoint)}
        case ArticleDeleted():
            return {"article": _article(event.article)}
        case Failed():
            return {
                "article": _article(event.article),
                "reason": _id("reason", event.reason, most=_LONGEST_WORD),
                "message": _sentence(event.message),
            }
        case Updated():
            return {
                "article": _article(event.article),
                "extraction": _extraction(event.extraction),
                "previous": {"id": _id("previous_id", event.previous_id)},
                "changes": {
                    "added": event.added,
                    "removed": event.removed,
                    "changed": event.changed,
                    "url": _url(event.diff_url),
                },
            }
        case ExchangesDetected():
            empty: Json = {"exchanges": [], "left_out": 0}
            return {"article": _article(event.article), "extraction": _extraction(event.extraction), **empty}
        case Completed() | Degraded():
            return {"article": _article(event.article), "extraction": _extraction(event.extraction)}


def _article(facts: ArticleFacts) -> Json:
    return {
        "id": _id("article.id", facts.id),
        "connection": None if facts.connection is None else _id("article.connection", facts.connection),
        "version": None if facts.version is None else _id("article.version", facts.version, most=_LONGEST_WORD),
        "sequence": facts.sequence,
        "language": None if facts.language is None else _id("article.language", facts.language, most=_LONGEST_WORD),
        "url": _url(facts.url),
        "history_url": _url(facts.history_url),
    }


def _extraction(facts: ExtractionFacts) -> Json:
    return {
        "id": _id("extraction.id", facts.id),
        "url": _url(facts.url),
        "engine": _id("extraction.engine", facts.engine, most=_LONGEST_WORD),
        "model": None if facts.model is None else _id("extraction.model", facts.model, most=_LONGEST_ID),
        "degraded": facts.degraded,
        "degraded_reason": None if facts.degraded_reason is None else _sentence(facts.degraded_reason),
        "counts": {
            "exchanges": facts.exchanges,
            "quotes": facts.quotes,
            "rejected": facts.rejected,
            "warnings": facts.warnings,
        },
    }


def _exchange(facts: ExchangeFacts) -> Json:
    return {
        "id": facts.id,
        "kind": facts.kind.value,
        "status": facts.status.value,
        "date": facts.date,
        "transfers": [
            {
                "released_by": transfer.released_by,
                "returned_to": transfer.returned_to,
                "counts": [
                    {
                        "category": count.category.value,
                        "value": count.value,
                        "max": count.max,
                        "qualifier": count.qualifier.value,
                    }
                    for count in transfer.counts
                ],
            }
            for transfer in facts.transfers
        ],
        "confidence": facts.confidence,
        "warnings": facts.warnings,
    }


def _transfer(record: TransferRecord) -> Transfer:
    counts = tuple(_count(count) for count in record.counts)
    return Transfer(released_by=record.released_by, returned_to=record.returned_to, counts=counts)


def _count(record: CountRecord) -> Count:
    return Count(category=record.category, value=record.value, max=record.max, qualifier=record.qualifier)


def _canonical(value: object) -> bytes:
    # A lone surrogate has no UTF-8: the receiver reads "?" in its place.
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "replace")


def _id(field: str, value: str, *, most: int = _LONGEST_ID) -> str:
    if len(_canonical(value)) > most:
        raise InvalidField(field=field, value=f"{value[:40]}...", expected=f"at most {most:,} bytes of JSON")
    return value


def _url(value: str | None) -> str | None:
    return value if value is not None and len(_canonical(value)) <= _LONGEST_URL else None


def _sentence(value: str) -> str:
    return value if len(value) <= _LONGEST_SENTENCE else f"{value[: _LONGEST_SENTENCE - 1]}…"
