"""What follows when a version of an article has been read: the version is linked, and who wants to know is told.

All of it happens in the caller's transaction, and once: whoever comes second finds the version linked and tells nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

from service.adapters.database.pool import Connection, Row
from service.domain.difference import difference
from service.domain.record import Extraction
from service.errors import ParleyError
from service.flows.articles import link_extraction
from service.flows.desk import Desk
from service.flows.erasing import forget_texts
from service.flows.messages import News, announce
from service.flows.ordering import version_name
from service.flows.reading import records
from service.webhooks.events import (
    ArticleFacts,
    Completed,
    Degraded,
    ExchangesDetected,
    Failed,
    Updated,
    exchange_facts,
    extraction_facts,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A version of an article: where a result belongs."""

    tenant_id: str
    article_id: str
    number: int


async def tell_result(desk: Desk, connection: Connection, place: Place, extraction: Extraction) -> None:
    """Link the version to its extraction and announce it; does nothing if that was done before.

    If the article was erased while it was read, what was read of it goes as well.
    """
    linked = await link_extraction(connection, article_id=place.article_id, number=place.number, extraction_id=extraction.id)
    article = await _article_row(connection, place)
    if article is None:
        await forget_texts(connection, place.tenant_id, [extraction.article.sha256])
        return
    if not linked:
        if article["own_extraction_id"] is None:  # another article with this text was erased just now: to be read again
            raise RuntimeError("extraction vanished")
        return
    about, source = _article_facts(desk, article, place.number), f"{place.article_id} version {place.number}"
    facts = extraction_facts(extraction, url=f"{desk.base_url}/extractions/{extraction.id}")
    previous = await _previous(connection, place)
    main: Completed | Updated | Degraded
    if extraction.provenance.degraded:
        main = Degraded(article=about, extraction=facts)
    elif previous is None:
        main = Completed(article=about, extraction=facts)
    else:
        changes = difference(previous, extraction)
        main = Updated(
            article=about,
            extraction=facts,
            previous_id=previous.id,
            diff_url=f"{desk.base_url}/articles/{place.article_id}/history",
            added=changes.added,
            removed=changes.removed,
            changed=changes.changed,
        )
    common = {"tenant_id": place.tenant_id, "article_id": place.article_id, "extraction_id": extraction.id}
    write_back = article["connection_id"] if article["write_back"] else None
    await announce(desk, connection, News(event=main, source_key=source, write_back_to=write_back, **common))
    if extraction.exchanges:
        found = ExchangesDetected(
            article=about, extraction=facts, exchanges=tuple(exchange_facts(one) for one in extraction.exchanges)
        )
        await announce(desk, connection, News(event=found, source_key=source, write_back_to=None, **common))


async def tell_failure(desk: Desk, connection: Connection, place: Place, error: ParleyError | None) -> None:
    """Announce that a version could not be read; `error` None: the worker died under it again and again."""
    article = await _article_row(connection, place)
    if article is None:
        return
    news = News(
        tenant_id=place.tenant_id,
        event=Failed(
            article=_article_facts(desk, article, place.number),
            reason="crashed" if error is None else type(error).__name__,
            message="The work stopped again and again and was set aside." if error is None else error.message,
        ),
        source_key=f"{place.article_id} version {place.number}",
        article_id=place.article_id,
        extraction_id=None,
        write_back_to=None,
    )
    await announce(desk, connection, news)


async def _article_row(connection: Connection, place: Place) -> Row | None:
    """The article and this version of it; None if it was erased."""
    return await (
        await connection.execute(
            """SELECT article.*, connection.write_back, version.version_key AS own_version_key,
                version.extraction_id AS own_extraction_id
            FROM article LEFT JOIN connection ON connection.id = article.connection_id
            JOIN article_version AS version ON version.article_id = article.id AND version.number = %(number)s
            WHERE article.id = %(article)s AND article.tenant_id = %(tenant)s""",
            {"article": place.article_id, "tenant": place.tenant_id, "number": place.number},
        )
    ).fetchone()


def _article_facts(desk: Desk, article: Row, number: int) -> ArticleFacts:
    return ArticleFacts(
        id=article["source_id"],
        connection=article["connection_id"],
        version=version_name(article["own_version_key"]),
        sequence=number,
        language=article["language"] or None,
        url=article["url"],
        history_url=f"{desk.base_url}/articles/{article['id']}/history",
    )


async def _previous(connection: Connection, place: Place) -> Extraction | None:
    """The extraction of the newest version before this one that was read."""
    row = await (
        await connection.execute(
            """SELECT extraction.record::text AS record FROM article_version AS version
            JOIN extraction ON extraction.id = version.extraction_id
            WHERE version.article_id = %(article)s AND version.number < %(number)s
            ORDER BY version.number DESC LIMIT 1""",
            {"article": place.article_id, "number": place.number},
        )
    ).fetchone()
    return None if row is None else records().validate_json(row["record"])
