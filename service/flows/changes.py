"""What a CMS says happened to an article, done: a version kept and read, or the article gone and everybody told.

Nobody promises order, neither between deliveries nor between workers. So each change has a key that sorts: what the CMS itself
says of its version, and after that the time at which we were told. What is older than what we have seen of an article is dropped,
deletes as well; done again after a crash, a change has the same key and finds itself done.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache

from pydantic import TypeAdapter

from service.adapters.database.pool import Connection, Row, new_id
from service.domain.article import Article
from service.errors import DatabaseUnavailable, NoAnswer, NotNow, PayloadUnreadable
from service.flows import fetching
from service.flows.articles import Version
from service.flows.desk import Desk
from service.flows.erasing import forget
from service.flows.jobs import Done, TryLater, keep_and_read
from service.flows.messages import News, announce
from service.flows.ordering import sorting_key
from service.handlers import ExtractArticle
from service.webhooks.change import ArticleChange, Event, version_key
from service.webhooks.events import ArticleDeleted, ArticleFacts

MOST_FETCH_FAILURES = 12
"""A CMS that does not answer is asked again that often, over about an hour."""

ENDS = (Event.UNPUBLISH, Event.DELETE)
_YEARS = range(1000, 3000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A change, the connection (its row) that it came by, and when we were told, by the database's clock."""

    change: ArticleChange
    connection: Row
    at: datetime


@cache
def changes() -> TypeAdapter[ArticleChange]:
    """Changes to and from JSON."""
    return TypeAdapter(ArticleChange)


async def take(desk: Desk, job: Row, told: Told) -> Done:
    """Do what follows from a change. Raises TryLater, and what reading an article raises."""
    if told.change.event in ENDS:
        return await _end(desk, told)
    if told.change.fetch:
        return await take_fetched(desk, job, told.connection, told.change)
    return await _keep(desk, job, told)


async def take_fetched(desk: Desk, job: Row, connection: Row, change: ArticleChange) -> Done:
    """Ask the CMS for the article that `change` names, and do what follows; what is not there is not public any more."""
    at = await _now(desk)
    try:
        fetched = await fetching.fetch_article(desk, connection, change.source_id)
    except DatabaseUnavailable:
        raise
    except (NotNow, NoAnswer) as failure:
        if job["failures"] >= MOST_FETCH_FAILURES:
            raise
        raise TryLater(failure) from None
    if fetched is None:
        gone = replace(change, event=Event.UNPUBLISH, title=None, text=None, fetch=False)
        return await _end(desk, Told(change=gone, connection=connection, at=at))
    told = Told(change=fetched, connection=connection, at=at)
    return await (_end(desk, told) if fetched.event in ENDS else _keep(desk, job, told))


async def _now(desk: Desk) -> datetime:
    """The database's clock: that of the times of arrival, whichever machine asks."""
    row = await desk.database.row("SELECT clock_timestamp() AS at")
    if row is None:
        raise DatabaseUnavailable
    at: datetime = row["at"]
    return at


def sort_key(told: Told, *, newest: str) -> str:
    """Where a change stands among those of its article; `newest` is the key of what we have seen of that, "" of nothing.

    A change that names neither count nor time is taken for one of the newest version.
    """
    count = (version_key(told.change) or (0, 0))[0]
    return sorting_key(count=count, changed_at=told.change.updated_at, told_at=told.at, newest=newest)


async def _keep(desk: Desk, job: Row, told: Told) -> Done:
    change, connection = told.change, told.connection
    if change.text is None:
        raise PayloadUnreadable(cms=connection["adapter"], field="body", expected="the article's text")
    seen = await desk.database.rows(
        """SELECT id, version_key, deleted_at FROM article
        WHERE tenant_id = %(tenant)s AND connection_id = %(connection)s
        AND source_id IN (%(source)s, %(entry)s) AND language IN (%(language)s, '')""",
        {**_names(told), "language": change.language or ""},
    )
    key = sort_key(told, newest=max((row["version_key"] for row in seen), default=""))
    if any(row["deleted_at"] is not None and key < row["version_key"] for row in seen):
        return Done(state="ignored", article_ids=tuple(row["id"] for row in seen))
    version = version_of(told, key)
    article = Article(
        text=change.text,
        id=change.source_id,
        title=change.title,
        url=change.url,
        published_at=version.published_at,
        language=change.language,
        from_html=True,  # offsets count the clean text, which the CMS does not have: it comes back with the record
    )
    return await keep_and_read(desk, job, version, ExtractArticle(article=article, model=connection["model"]))


def version_of(told: Told, key: str) -> Version:
    """The version of an article that a change with a text tells of; `key` is what sorts it."""
    change, connection = told.change, told.connection
    return Version(
        tenant_id=connection["tenant_id"],
        connection_id=connection["id"],
        source_id=change.source_id,
        language=change.language or "",
        version_key=key,
        title=change.title,
        text=change.text or "",
        published_at=_day(change.published_at),
        url=change.url,
    )


def _day(moment: datetime | None) -> date | None:
    """The day of publication in UTC: a CMS does not say in which zone its desk lives."""
    return moment.astimezone(UTC).date() if moment is not None and moment.year in _YEARS else None


def _names(told: Told) -> dict[str, str]:
    return {
        "tenant": told.connection["tenant_id"],
        "connection": told.connection["id"],
        "source": told.change.source_id,
        "entry": told.change.cms_id,
    }


async def _end(desk: Desk, told: Told) -> Done:
    """Mark what is gone, erase it if it was deleted, and tell; of an article that was never seen only that it is gone is kept."""
    ended = []
    async with desk.database.transaction() as connection:
        affected = await _affected(connection, told)
        if not affected:
            await _remember(connection, told)
        for article in affected:
            key = sort_key(told, newest=article["version_key"])
            if key < article["version_key"]:
                continue
            ended.append(article["id"])
            await _end_one(desk, connection, told, article, key)
    ids = tuple(article["id"] for article in affected)
    return Done(state="succeeded" if ended else "ignored", article_ids=ids)


async def _affected(connection: Connection, told: Told) -> list[Row]:
    """The articles that a change ends, locked; of one language if the change names one that we know."""
    found = await (
        await connection.execute(
            """SELECT * FROM article
            WHERE tenant_id = %(tenant)s AND connection_id = %(connection)s
            AND (source_id = %(source)s OR %(every)s AND (source_id = %(entry)s OR starts_with(source_id, %(entry)s || ':')))
            ORDER BY id FOR UPDATE""",
            {**_names(told), "every": told.change.every_language},
        )
    ).fetchall()
    of_its_language = [row for row in found if row["language"] == told.change.language]
    return found if told.change.every_language else of_its_language or found


async def _remember(connection: Connection, told: Told) -> None:
    """Keep that an article is gone before it came: its publication may be delivered late."""
    await connection.execute(
        """INSERT INTO article (id, tenant_id, connection_id, source_id, version_key, deleted_at)
        VALUES (%(id)s, %(tenant)s, %(connection)s, %(gone)s, %(key)s, now())
        ON CONFLICT (tenant_id, connection_id, source_id, language) DO NOTHING""",
        {
            **_names(told),
            "id": new_id("art"),
            "gone": told.change.cms_id if told.change.every_language else told.change.source_id,
            "key": sort_key(told, newest=""),
        },
    )


async def _end_one(desk: Desk, connection: Connection, told: Told, article: Row, key: str) -> None:
    await connection.execute(
        """UPDATE article SET version_key = %(key)s, deleted_at = coalesce(deleted_at, now()), updated_at = now()
        WHERE id = %(id)s""",
        {"id": article["id"], "key": key},
    )
    number = await _close(connection, article["id"], key)
    if told.change.event is Event.DELETE:
        await forget(connection, article, before=number)
    if article["deleted_at"] is None:
        facts = ArticleFacts(
            id=article["source_id"],
            connection=article["connection_id"],
            version=told.change.version,
            sequence=number,
            language=article["language"] or None,
            url=article["url"],
            history_url=f"{desk.base_url}/articles/{article['id']}/history",
        )
        news = News(
            tenant_id=article["tenant_id"],
            event=ArticleDeleted(article=facts),
            source_key=f"{article['id']} version {number}",
            article_id=article["id"],
        )
        await announce(desk, connection, news)


async def _close(connection: Connection, article_id: str, key: str) -> int:
    """Add an empty version, which says that the article is gone; its number.

    So the numbers go on where they were: an article that comes back, even with the text that it had, is a new version, is told of,
    and is not taken for an older one.
    """
    added = await connection.execute(
        """INSERT INTO article_version (article_id, number, text_hash, text, version_key)
        SELECT %(id)s, coalesce(max(number), 0) + 1, '', '', %(key)s FROM article_version WHERE article_id = %(id)s
        RETURNING number""",
        {"id": article_id, "key": key},
    )
    row = await added.fetchone()
    return int(row["number"]) if row else 0
