"""Reading single articles from a CMS, and what we know of them already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from service.adapters.cms.registry import reader_of
from service.adapters.cms.site import Site
from service.adapters.database.pool import Connection, Row
from service.errors import CmsRefused, PayloadUnreadable
from service.flows.desk import Desk
from service.webhooks.change import ArticleChange

Known = Mapping[str, Sequence[Row]]


def site_of(row: Row) -> Site:
    """The CMS of a connection (its row). Raises CmsRefused where no address is given."""
    if not row["base_url"]:
        raise CmsRefused(cms=row["adapter"], reason="it has no address", expected="the connection's base_url")
    return Site(
        cms=row["adapter"],
        base_url=row["base_url"],
        credentials=row["credentials"],
        options=row["options"],
        allow_private=row["allow_private"],
    )


async def fetch_article(desk: Desk, connection: Row, source_id: str) -> ArticleChange | None:
    """Ask one connection's CMS for an article; None if it has none of this id, or not for the public.

    Raises CmsUnavailable, CmsRefused, and PayloadUnreadable for a CMS whose API Parley does not know.
    """
    reader = reader_of(desk.outbound, site_of(connection), desk.now)
    if reader is None:
        raise PayloadUnreadable(cms=connection["adapter"], field="body", expected="the article's text in the hook itself")
    change = await reader.get(source_id)
    if change is None:
        return None
    async with desk.database.transaction() as database:
        return as_known(change, await known(database, connection, [source_id]))


async def known(database: Connection, connection: Row, source_ids: Iterable[str]) -> Known:
    """What we have of these articles of a connection, by source id: a row for each language, with the newest version's text."""
    found = await database.execute(
        """SELECT source_id, language, version_key, deleted_at, (
            SELECT text_hash FROM article_version WHERE article_id = article.id ORDER BY number DESC LIMIT 1) AS text_hash
        FROM article
        WHERE tenant_id = %(tenant)s AND connection_id = %(connection)s AND source_id = ANY (%(sources)s)""",
        {"tenant": connection["tenant_id"], "connection": connection["id"], "sources": list(source_ids)},
    )
    articles = defaultdict(list)
    for row in await found.fetchall():
        articles[row["source_id"]].append(row)
    return articles


def as_known(change: ArticleChange, articles: Known) -> ArticleChange:
    """The change in the language that we know the article in: a CMS's API often says less of that, or says it otherwise, than
    its hooks do, and a language is part of what names an article.
    """
    languages = {row["language"] for row in articles.get(change.source_id, ())}
    named = languages - {""}
    if len(named) == 1:
        return replace(change, language=next(iter(named)))
    return replace(change, language=None) if languages and not named else change
