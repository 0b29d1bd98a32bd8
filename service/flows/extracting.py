"""Extraction on request, done later: what POST /extract accepts with `Prefer: respond-async`."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from pydantic import TypeAdapter

from service.adapters.database.pool import Connection, Row
from service.adapters.queue import INTERACTIVE
from service.flows.articles import Kept, Version, keep_version, link_extraction
from service.flows.desk import Caller, Desk
from service.flows.erasing import forget_texts
from service.flows.jobs import Done, keep_and_read, submit
from service.flows.reading import Reading, read, store
from service.handlers import ExtractArticle, check_length


@cache
def commands() -> TypeAdapter[ExtractArticle]:
    """Commands to and from JSON."""
    return TypeAdapter(ExtractArticle)


def version_of(command: ExtractArticle, tenant_id: str) -> Version | None:
    """The version of an article that a caller gave an id of its own; None without one: then nothing is kept but the record."""
    article = command.article
    if article.id is None:
        return None
    return Version(
        tenant_id=tenant_id,
        connection_id=None,
        source_id=article.id,
        language=article.language or "",
        version_key="",
        title=article.title,
        text=article.text,
        published_at=article.published_at,
        url=article.url,
    )


async def read_now(desk: Desk, command: ExtractArticle, caller: Caller) -> Reading:
    """Read an article while the caller waits. An article with an id gets a version; nobody is told: the caller has the answer."""
    accepted_at = desk.now()
    reading = await read(desk, command, caller)
    await keep_read(desk, command, caller, reading, accepted_at=accepted_at)
    return reading


async def keep_read(desk: Desk, command: ExtractArticle, caller: Caller, reading: Reading, *, accepted_at: datetime) -> None:
    """Keep an article with an id of the caller's as a version that was read like this."""
    version = version_of(command, caller.tenant_id)
    if version is None:
        return
    async with desk.database.transaction() as connection:
        keeping = await keep_version(connection, version, accepted_at=accepted_at)
        if keeping.kept is Kept.OLDER:  # erased while it was read
            await forget_texts(connection, caller.tenant_id, [reading.extraction.article.sha256])
            return
        article_id, number = keeping.article_id, keeping.number
        extraction_id = reading.extraction.id
        linked = await link_extraction(connection, article_id=article_id, number=number, extraction_id=extraction_id)
        if not linked and keeping.extraction_id is None:
            # Another article with this text was erased just now, and the extraction with it: now it is this one's.
            kept = await store(connection, caller.tenant_id, reading.base_key, reading.extraction)
            await link_extraction(connection, article_id=article_id, number=number, extraction_id=kept.extraction.id)


async def submit_extract(
    desk: Desk, connection: Connection, command: ExtractArticle, caller: Caller, *, priority: int = INTERACTIVE
) -> str:
    """Accept an extraction, in the caller's transaction; the job's id. What cannot be read at all is refused at once."""
    desk.services.engine(command.model)
    check_length(command.article, desk.services.max_words)
    request = commands().dump_python(command, mode="json")
    return await submit(
        desk,
        connection,
        kind="extract",
        tenant_id=caller.tenant_id,
        key_id=caller.key_id,
        priority=priority,
        request=request,
    )


async def do_extract(desk: Desk, job: Row) -> Done:
    """Do such a job."""
    command = commands().validate_python(job["request"])
    return await keep_and_read(desk, job, version_of(command, job["tenant_id"]), command)
