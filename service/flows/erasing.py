"""Erasing: nothing is kept of an article but that there was one, its ids and its times.

What was accepted before and is still under way does not bring it back: a job that comes to keep a version finds when the article
was erased (`keep_version`), one that comes back with a reading finds its version gone and removes what it stored (`forget_texts`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from service.adapters.database.pool import Connection, Row
from service.errors import NothingThere
from service.flows.desk import Desk
from service.flows.idempotency import forget as forget_answers
from service.flows.messages import News, announce
from service.flows.reading import records
from service.webhooks.events import ArticleDeleted, ArticleFacts, EventType


async def erase(desk: Desk, connection: Connection, tenant_id: str, article_id: str) -> None:
    """Erase an article and tell that it is gone, in the caller's transaction; twice is as good as once. Raises NothingThere."""
    article = await (
        await connection.execute(
            "SELECT * FROM article WHERE id = %(id)s AND tenant_id = %(tenant)s FOR UPDATE",
            {"id": article_id, "tenant": tenant_id},
        )
    ).fetchone()
    if article is None:
        raise NothingThere(what="article", id=article_id[:80])
    number = await _close(connection, article)
    await connection.execute(
        """UPDATE article SET url = NULL, erased_at = now(), deleted_at = coalesce(deleted_at, now()), updated_at = now()
        WHERE id = %(id)s""",
        {"id": article_id},
    )
    await forget(connection, article, before=number)
    if article["deleted_at"] is None:
        await announce(desk, connection, _news(desk, article, number))


async def _close(connection: Connection, article: Row) -> int:
    """Add an empty version, which says that the article is gone, unless it stands there already; its number.

    So the numbers go on where they were: receivers take a message with a smaller number than they have seen for an old one.
    """
    newest = await (
        await connection.execute(
            "SELECT number, text_hash FROM article_version WHERE article_id = %(id)s ORDER BY number DESC LIMIT 1",
            {"id": article["id"]},
        )
    ).fetchone()
    if newest is not None and newest["text_hash"] == "":
        return int(newest["number"])
    number = newest["number"] + 1 if newest else 1
    await connection.execute(
        """INSERT INTO article_version (article_id, number, text_hash, text, version_key)
        VALUES (%(id)s, %(number)s, '', '', %(key)s)""",
        {"id": article["id"], "number": number, "key": article["version_key"]},
    )
    return int(number)


def _news(desk: Desk, article: Row, number: int) -> News:
    facts = ArticleFacts(
        id=article["source_id"],
        connection=article["connection_id"],
        version=None,
        sequence=number,
        language=article["language"] or None,
        url=None,
        history_url=f"{desk.base_url}/articles/{article['id']}/history",
    )
    return News(
        tenant_id=article["tenant_id"],
        event=ArticleDeleted(article=facts),
        source_key=f"{article['id']} version {number}",
        article_id=article["id"],
    )


async def forget(connection: Connection, article: Row, *, before: int) -> None:
    """Remove everything that holds words of an article's versions before this number; its row must be locked."""
    tenant_id, article_id = article["tenant_id"], article["id"]
    erased = await connection.execute(
        """WITH gone AS (DELETE FROM article_version WHERE article_id = %(id)s AND number < %(number)s
            RETURNING extraction_id, encode(sha256(convert_to(text, 'UTF8')), 'hex') AS sha256)
        SELECT sha256 FROM gone UNION SELECT text_sha256 FROM extraction JOIN gone ON gone.extraction_id = extraction.id""",
        {"id": article_id, "number": before},
    )
    texts = [row["sha256"] for row in await erased.fetchall()]
    ids = await forget_texts(connection, tenant_id, texts)
    await forget_answers(connection, tenant_id, [*ids, article_id])
    await _forget_jobs(connection, article)
    await _forget_messages(connection, tenant_id, article_id)


async def forget_texts(connection: Connection, tenant_id: str, texts: Iterable[str]) -> list[str]:
    """Remove the extractions of these texts (by SHA-256) that no version of any article was read as; the ids of all of them.

    Those of a text that another article has as well stay, as that one's.
    """
    values: dict[str, Any] = {"tenant": tenant_id, "texts": list(texts)}
    # Whoever is linking a version to one of them holds it: wait, and then see the link.
    held = await connection.execute(
        "SELECT id FROM extraction WHERE tenant_id = %(tenant)s AND text_sha256 = ANY (%(texts)s) ORDER BY id FOR UPDATE",
        values,
    )
    ids = [str(row["id"]) for row in await held.fetchall()]
    await connection.execute(
        """DELETE FROM extraction WHERE tenant_id = %(tenant)s AND text_sha256 = ANY (%(texts)s) AND NOT EXISTS (
            SELECT FROM extraction AS other JOIN article_version AS version ON version.extraction_id = other.id
            WHERE other.tenant_id = %(tenant)s AND other.text_sha256 = extraction.text_sha256)""",
        values,
    )
    for row in await _shared(connection, ids):
        record = records().validate_json(row["record"])
        named = replace(record.article, id=row["source_id"], url=row["url"], language=row["language"] or None)
        await connection.execute(
            "UPDATE extraction SET record = %(record)s WHERE id = %(id)s",
            {"id": row["id"], "record": records().dump_json(replace(record, article=named)).decode()},
        )
    return ids


async def _shared(connection: Connection, ids: list[str]) -> list[Row]:
    """Which of these are left, and whose they are now: their records may name the article that is gone."""
    found = await connection.execute(
        """SELECT DISTINCT ON (extraction.id) extraction.id, extraction.record::text AS record,
            article.source_id, article.url, article.language
        FROM extraction
        JOIN extraction AS other ON other.tenant_id = extraction.tenant_id AND other.text_sha256 = extraction.text_sha256
        JOIN article_version AS version ON version.extraction_id = other.id
        JOIN article ON article.id = version.article_id
        WHERE extraction.id = ANY (%(ids)s) ORDER BY extraction.id, version.received_at""",
        {"ids": ids},
    )
    return await found.fetchall()


async def _forget_jobs(connection: Connection, article: Row) -> None:
    """Requests and deliveries. Those of unfinished hooks stay for the other articles that they may tell of: see `do_hook`."""
    values = {"tenant": article["tenant_id"], "ids": [article["id"]]}
    await connection.execute(
        """UPDATE delivery SET body = NULL, headers = '{}' WHERE id IN (
            SELECT delivery_id FROM job WHERE tenant_id = %(tenant)s AND article_ids @> %(ids)s::text[]
            AND state NOT IN ('queued', 'running'))""",
        values,
    )
    await connection.execute(
        """UPDATE job SET request = NULL WHERE tenant_id = %(tenant)s AND article_ids @> %(ids)s::text[]
        AND state NOT IN ('queued', 'running') AND request IS NOT NULL""",
        values,
    )
    if article["connection_id"] is None:
        await connection.execute(
            """UPDATE job SET state = 'ignored', request = NULL, finished_at = now(), article_ids = %(ids)s
            WHERE id = ANY (%(jobs)s)""",
            {**values, "jobs": await _requests_of(connection, article)},
        )


async def _requests_of(connection: Connection, article: Row) -> list[str]:
    """Jobs that were accepted for an article of a caller's own and not done yet."""
    # PostgreSQL does not look into JSON with an escaped NUL anywhere in it, which an article may hold: found there, read here.
    found = await connection.execute(
        """SELECT id, request::text AS request FROM job
        WHERE tenant_id = %(tenant)s AND kind = 'extract' AND connection_id IS NULL AND state IN ('queued', 'running', 'parked')
        AND position(%(named)s IN request::text) > 0 ORDER BY id FOR UPDATE""",
        {"tenant": article["tenant_id"], "named": json.dumps(article["source_id"])},
    )
    jobs = []
    for row in await found.fetchall():
        asked = json.loads(row["request"])["article"]
        if asked["id"] == article["source_id"] and (asked["language"] or "") == article["language"]:
            jobs.append(str(row["id"]))
    return jobs


async def _forget_messages(connection: Connection, tenant_id: str, article_id: str) -> None:
    """What was said of the article, and what receivers answered. What is still on its way to an endpoint ends by itself."""
    silenced = await connection.execute(
        """UPDATE message SET body = NULL
        WHERE tenant_id = %(tenant)s AND article_id = %(id)s AND type <> %(deleted)s AND body IS NOT NULL RETURNING id""",
        {"tenant": tenant_id, "id": article_id, "deleted": EventType.ARTICLE_DELETED.value},
    )
    messages = {"messages": [row["id"] for row in await silenced.fetchall()]}
    await connection.execute(
        """UPDATE attempt SET response_head = NULL
        WHERE dispatch_id IN (SELECT id FROM dispatch WHERE message_id = ANY (%(messages)s))""",
        messages,
    )
    await connection.execute(
        """UPDATE dispatch SET state = 'cancelled', finished_at = now(), next_at = NULL
        WHERE message_id = ANY (%(messages)s) AND connection_id IS NOT NULL AND state IN ('pending', 'retrying')""",
        messages,
    )
