"""Articles and their versions: what a caller or a CMS sent under one id, newest last."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from service.adapters.database.pool import Connection, Row, new_id

NUL, REPLACEMENT = "\x00", "\ufffd"


class Kept(StrEnum):
    """What became of a version that arrived."""

    NEW = "new"  # it is the newest now, and its text is another than before
    UNCHANGED = "unchanged"  # its text is that of the newest version: nothing to read
    OLDER = "older"  # a newer one has been seen: dropped


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """An article as it arrived. `version_key` is text that sorts as the versions do; "" where the sender has none.

    `connection_id` is None for an article of a caller's own.
    """

    tenant_id: str
    connection_id: str | None
    source_id: str
    language: str
    version_key: str
    title: str | None
    text: str
    published_at: date | None
    url: str | None

    @property
    def text_hash(self) -> str:
        """SHA-256 of title, text and language: what looks the same to a reader is the same."""
        title = " ".join(unicodedata.normalize("NFC", self.title or "").split())
        text = unicodedata.normalize("NFC", self.text)
        return hashlib.sha256(f"{title}\n{text}\n{self.language}".encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """Where a version was kept. `extraction_id` is that of its version, if it has been read."""

    kept: Kept
    article_id: str
    number: int
    extraction_id: str | None


async def keep_version(connection: Connection, version: Version, *, accepted_at: datetime) -> Keeping:
    """Keep a version of an article unless it is older than the newest or has the same text.

    The article's row is locked until the transaction ends: two versions of one article are kept one after the other. An article
    that was deleted and is sent again with a version not older lives again; but what was accepted, at `accepted_at`, before its
    owner had it erased is as good as older.
    """
    article = await _article(connection, version)
    article_id = str(article["id"])
    newest = await (
        await connection.execute(
            """SELECT number, text_hash, extraction_id FROM article_version
            WHERE article_id = %(article)s ORDER BY number DESC LIMIT 1""",
            {"article": article_id},
        )
    ).fetchone()
    is_erased = article["erased_at"] is not None and accepted_at <= article["erased_at"]
    if version.version_key < article["version_key"] or is_erased:
        return await _older(connection, article_id, version)
    await connection.execute(
        """UPDATE article SET version_key = %(key)s, url = coalesce(%(url)s, url), updated_at = now(), deleted_at = NULL
        WHERE id = %(article)s""",
        {"key": version.version_key, "url": version.url, "article": article_id},
    )
    if newest and newest["text_hash"] == version.text_hash:
        return Keeping(
            kept=Kept.UNCHANGED, article_id=article_id, number=newest["number"], extraction_id=newest["extraction_id"]
        )
    number = newest["number"] + 1 if newest else 1
    await connection.execute(
        """INSERT INTO article_version (article_id, number, text_hash, title, text, published_at, version_key)
        VALUES (%(article)s, %(number)s, %(hash)s, %(title)s, %(text)s, %(published)s, %(key)s)""",
        {
            "article": article_id,
            "number": number,
            "hash": version.text_hash,
            "title": _storable(version.title) if version.title is not None else None,
            "text": _storable(version.text),
            "published": version.published_at,
            "key": version.version_key,
        },
    )
    return Keeping(kept=Kept.NEW, article_id=article_id, number=number, extraction_id=None)


async def _older(connection: Connection, article_id: str, version: Version) -> Keeping:
    """What a version is that is no longer the newest: if it was kept before (its reading was interrupted), still to be read."""
    kept = await (
        await connection.execute(
            """SELECT number, extraction_id FROM article_version
            WHERE article_id = %(article)s AND version_key = %(key)s AND text_hash = %(hash)s ORDER BY number DESC LIMIT 1""",
            {"article": article_id, "key": version.version_key, "hash": version.text_hash},
        )
    ).fetchone()
    if kept is None:
        return Keeping(kept=Kept.OLDER, article_id=article_id, number=0, extraction_id=None)
    return Keeping(kept=Kept.UNCHANGED, article_id=article_id, number=kept["number"], extraction_id=kept["extraction_id"])


async def _article(connection: Connection, version: Version) -> Row:
    """The article's row, made if need be, locked."""
    names = {
        "id": new_id("art"),
        "tenant": version.tenant_id,
        "connection": version.connection_id,
        "source": _storable(version.source_id),
        "language": version.language,
    }
    await connection.execute(
        """INSERT INTO article (id, tenant_id, connection_id, source_id, language)
        VALUES (%(id)s, %(tenant)s, %(connection)s, %(source)s, %(language)s)
        ON CONFLICT (tenant_id, connection_id, source_id, language) DO NOTHING""",
        names,
    )
    row = await (
        await connection.execute(
            """SELECT id, version_key, erased_at FROM article
            WHERE tenant_id = %(tenant)s AND connection_id IS NOT DISTINCT FROM %(connection)s
            AND source_id = %(source)s AND language = %(language)s FOR UPDATE""",
            names,
        )
    ).fetchone()
    if row is None:  # erased between the two statements
        raise RuntimeError("article vanished")
    return row


async def link_extraction(connection: Connection, *, article_id: str, number: int, extraction_id: str) -> bool:
    """Say that this version was read; False if it had been already, or if one of them was erased meanwhile."""
    cursor = await connection.execute(
        """UPDATE article_version SET extraction_id = found.id
        FROM (SELECT id FROM extraction WHERE id = %(extraction)s FOR KEY SHARE) AS found
        WHERE article_id = %(article)s AND number = %(number)s AND extraction_id IS NULL""",
        {"extraction": extraction_id, "article": article_id, "number": number},
    )
    return cursor.rowcount == 1


def _storable(text: str) -> str:
    """PostgreSQL has no NUL in text; another character in its place keeps all offsets."""
    return text.replace(NUL, REPLACEMENT)
