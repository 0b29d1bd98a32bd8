"""What is stored, for its tenant to read: extractions, articles, and what became of an article from version to version."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from service.adapters.database.pool import Row
from service.domain.difference import Alteration, Entry, difference
from service.domain.draft import Status
from service.errors import InvalidField, NothingThere
from service.flows.desk import Desk
from service.flows.reading import records

CURSOR = re.compile(r"^[0-9]{1,16}-[a-z]+_[0-9a-z]{1,60}$", re.ASCII)
"""Where a page of extractions ends: microseconds since 1970, and an id."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which extractions are asked for; None asks for all.

    `party` and `speaker` are whole names, in whatever case. `q` is looked for in titles, quotations and names: words, "phrases in
    quotation marks", -without, or. `since` counts, `until` does not.
    """

    party: str | None = None
    speaker: str | None = None
    status: Status | None = None
    since: datetime | None = None
    until: datetime | None = None
    q: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An extraction in a list: what it is about. The whole of it is read at /extractions/ID.

    `article_id` is the one that was sent with it, or derived from the text.
    """

    id: str
    created_at: datetime
    article_id: str
    title: str | None
    article_url: str | None
    published_at: str | None
    model: str
    degraded: bool
    exchanges: int
    quotes: int
    statuses: tuple[str, ...]
    parties: tuple[str, ...]
    speakers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractionPage:
    """Extractions, newest first; `next` is the cursor of the page after this, null at the end."""

    extractions: tuple[Listed, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleFacts:
    """An article that was sent under an id. `version` is the number of its newest version; a deleted one has no text."""

    id: str
    source_id: str
    connection: str | None
    language: str | None
    url: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    erased_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticlePage:
    """Articles, those first that came last; `next` is the cursor of the page after this, null at the end."""

    articles: tuple[ArticleFacts, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredArticle:
    """An article and its newest version: the offsets of that version's extraction count code points of `text`."""

    article: ArticleFacts
    title: str | None
    text: str | None
    published_at: date | None
    extraction_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """How a version's record differs from that of version `since`, the newest before it that was read."""

    since: int
    added: tuple[Entry, ...]
    removed: tuple[Entry, ...]
    changed: tuple[Alteration, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleVersion:
    """A version as it arrived. `deleted`: it says that the article was gone. `changes` is null for the first that was read."""

    number: int
    received_at: datetime
    deleted: bool
    title: str | None
    published_at: date | None
    extraction_id: str | None
    changes: Changes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """An article's versions, newest first; `next` is the number to ask for those `before` it, null at the end."""

    article: ArticleFacts
    versions: tuple[ArticleVersion, ...]
    next: int | None


# Extractions.


async def get_extraction(desk: Desk, tenant_id: str, extraction_id: str) -> bytes:
    """A record as it was written, as JSON; NothingThere if the tenant has none of this id."""
    row = await desk.database.row(
        "SELECT record::text AS record FROM extraction WHERE id = %(id)s AND tenant_id = %(tenant)s",
        {"id": extraction_id, "tenant": tenant_id},
    )
    if row is None:
        raise NothingThere(what="extraction", id=extraction_id[:80])
    return str(row["record"]).encode()


async def list_extractions(
    desk: Desk, tenant_id: str, search: Search, *, limit: int, cursor: str | None = None
) -> ExtractionPage:
    """A page of extractions. What is stored while pages are turned comes before the first page, and nothing comes twice.

    Raises InvalidField for a cursor that is not one of ours.
    """
    at, last = (None, None) if cursor is None else _position(cursor)
    listed: list[Listed] = []
    async with desk.database.transaction() as connection, connection.cursor() as found:
        # One record after the other: together they may be large.
        async for row in found.stream(
            """SELECT id, created_at, model, degraded, statuses, record::text AS record FROM extraction
            WHERE tenant_id = %(tenant)s
            AND (%(party)s::text IS NULL OR parties @> ARRAY[%(party)s::text])
            AND (%(speaker)s::text IS NULL OR speakers @> ARRAY[%(speaker)s::text])
            AND (%(status)s::text IS NULL OR statuses @> ARRAY[%(status)s::text])
            AND (%(since)s::timestamptz IS NULL OR created_at >= %(since)s)
            AND (%(until)s::timestamptz IS NULL OR created_at < %(until)s)
            AND (%(q)s::text IS NULL OR words @@ websearch_to_tsquery('simple', %(q)s))
            AND (%(last)s::text IS NULL OR (created_at, id) < (%(at)s::timestamptz, %(last)s::text))
            ORDER BY created_at DESC, id DESC LIMIT %(limit)s""",
            {
                "tenant": tenant_id,
                "party": None if search.party is None else search.party.casefold(),
                "speaker": None if search.speaker is None else search.speaker.casefold(),
                "status": search.status,
                "since": search.since,
                "until": search.until,
                "q": search.q,
                "at": at,
                "last": last,
                "limit": limit + 1,
            },
        ):
            listed.append(_listed(row))
    shown = tuple(listed[:limit])
    return ExtractionPage(extractions=shown, next=_cursor(shown[-1]) if len(listed) > limit else None)


def _listed(row: Row) -> Listed:
    record: dict[str, Any] = json.loads(row["record"])
    article = record["article"]
    transfers = [transfer for exchange in record["exchanges"] for transfer in exchange["transfers"]]
    return Listed(
        id=row["id"],
        created_at=row["created_at"],
        article_id=article["id"],
        title=article["title"],
        article_url=article["url"],
        published_at=article["published_at"],
        model=row["model"],
        degraded=row["degraded"],
        exchanges=len(record["exchanges"]),
        quotes=len(record["quotes"]),
        statuses=tuple(row["statuses"]),
        parties=_distinct(transfer[side] for transfer in transfers for side in ("released_by", "returned_to")),
        speakers=_distinct(quote["speaker"]["name"] for quote in record["quotes"] if quote["speaker"] is not None),
    )


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _cursor(last: Listed) -> str:
    return f"{(last.created_at - _EPOCH) // timedelta(microseconds=1)}-{last.id}"


def _position(cursor: str) -> tuple[datetime, str]:
    if not CURSOR.fullmatch(cursor):
        raise InvalidField(field="cursor", value=cursor[:60], expected="the `next` of the page before this")
    since, _, last = cursor.partition("-")
    return _EPOCH + timedelta(microseconds=int(since)), last


# Articles.

_ARTICLE = """SELECT article.*, coalesce((SELECT max(number) FROM article_version WHERE article_id = article.id), 0) AS version
    FROM article WHERE tenant_id = %(tenant)s"""


async def list_articles(
    desk: Desk,
    tenant_id: str,
    *,
    source_id: str | None = None,
    connection_id: str | None = None,
    limit: int,
    cursor: str | None = None,
) -> ArticlePage:
    """A page of articles; by the id that the caller or the CMS gives an article, its (one for each language)."""
    rows = await desk.database.rows(
        f"""{_ARTICLE} AND (%(source)s::text IS NULL OR source_id = %(source)s)
        AND (%(connection)s::text IS NULL OR connection_id = %(connection)s)
        AND (%(cursor)s::text IS NULL OR id < %(cursor)s)
        ORDER BY id DESC LIMIT %(limit)s""",
        {"tenant": tenant_id, "source": source_id, "connection": connection_id, "cursor": cursor, "limit": limit + 1},
    )
    shown = tuple(_facts(row) for row in rows[:limit])
    return ArticlePage(articles=shown, next=shown[-1].id if len(rows) > limit else None)


async def get_article(desk: Desk, tenant_id: str, article_id: str) -> StoredArticle:
    """An article with the text of its newest version; NothingThere if the tenant has none of this id."""
    article = await _article(desk, tenant_id, article_id)
    newest = await desk.database.row(
        """SELECT title, text, text_hash, published_at, extraction_id FROM article_version
        WHERE article_id = %(id)s AND number = %(number)s""",
        {"id": article_id, "number": article.version},
    )
    if newest is None or newest["text_hash"] == "":
        return StoredArticle(article=article, title=None, text=None, published_at=None, extraction_id=None)
    return StoredArticle(
        article=article,
        title=newest["title"],
        text=newest["text"],
        published_at=newest["published_at"],
        extraction_id=newest["extraction_id"],
    )


async def history(desk: Desk, tenant_id: str, article_id: str, *, limit: int, before: int | None = None) -> History:
    """An article's versions, each with what it changed; NothingThere if the tenant has no such article."""
    article = await _article(desk, tenant_id, article_id)
    rows = await desk.database.rows(
        """SELECT version.*, (SELECT max(number) FROM article_version AS older
            WHERE older.article_id = version.article_id AND older.number < version.number AND older.extraction_id IS NOT NULL
        ) AS since
        FROM article_version AS version WHERE article_id = %(id)s AND (%(before)s::integer IS NULL OR number < %(before)s)
        ORDER BY number DESC LIMIT %(limit)s""",
        {"id": article_id, "before": before, "limit": limit + 1},
    )
    versions = [await _version(desk, row) for row in rows[:limit]]
    return History(article=article, versions=tuple(versions), next=rows[limit - 1]["number"] if len(rows) > limit else None)


async def _version(desk: Desk, row: Row) -> ArticleVersion:
    return ArticleVersion(
        number=row["number"],
        received_at=row["received_at"],
        deleted=row["text_hash"] == "",
        title=row["title"],
        published_at=row["published_at"],
        extraction_id=row["extraction_id"],
        changes=await _changes(desk, row) if row["extraction_id"] is not None and row["since"] is not None else None,
    )


async def _changes(desk: Desk, row: Row) -> Changes | None:
    """Two records at a time: a page of them together may be large."""
    found = await desk.database.rows(
        """SELECT number, record::text AS record FROM article_version AS version
        JOIN extraction ON extraction.id = version.extraction_id
        WHERE article_id = %(id)s AND number IN (%(since)s, %(number)s) ORDER BY number""",
        {"id": row["article_id"], "since": row["since"], "number": row["number"]},
    )
    if len(found) != 2:  # erased meanwhile
        return None
    before, after = (records().validate_json(one["record"]) for one in found)
    changes = difference(before, after)
    return Changes(since=row["since"], added=changes.new, removed=changes.gone, changed=changes.altered)


async def _article(desk: Desk, tenant_id: str, article_id: str) -> ArticleFacts:
    row = await desk.database.row(f"{_ARTICLE} AND id = %(id)s", {"tenant": tenant_id, "id": article_id})
    if row is None:
        raise NothingThere(what="article", id=article_id[:80])
    return _facts(row)


def _facts(row: Row) -> ArticleFacts:
    return ArticleFacts(
        id=row["id"],
        source_id=row["source_id"],
        connection=row["connection_id"],
        language=row["language"] or None,
        url=row["url"],
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        deleted_at=row["deleted_at"],
        erased_at=row["erased_at"],
    )
