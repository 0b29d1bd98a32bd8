"""Something happened: the message that says so, and a dispatch of it to all who want to know, in the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from service.adapters.database.pool import Connection, new_id
from service.adapters.queue import Task
from service.flows.desk import Desk
from service.webhooks.events import Event, payload, type_of


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What is to be told. A tenant is told of one `source_key` once for each type of event.

    `write_back_to` is the connection whose CMS shall be told as well.
    """

    tenant_id: str
    event: Event
    source_key: str
    article_id: str | None = None
    extraction_id: str | None = None
    write_back_to: str | None = None


async def announce(desk: Desk, connection: Connection, news: News) -> str | None:
    """Write the message and a dispatch to each enabled endpoint that wants its type; the message's id, None if it was told before.

    All of it exists if and only if the caller's transaction is committed. Raises InvalidField for an event that has no body.
    """
    message_id = await write_message(desk, connection, news)
    if message_id is None:
        return None
    # The lock keeps an endpoint from being deleted before the transaction ends; it does not hold up its deliveries.
    endpoints = await connection.execute(
        """SELECT id FROM endpoint
        WHERE tenant_id = %(tenant)s AND disabled_at IS NULL AND (event_types = '{}' OR %(type)s = ANY (event_types))
        ORDER BY id FOR KEY SHARE""",
        {"tenant": news.tenant_id, "type": type_of(news.event).value},
    )
    for endpoint in await endpoints.fetchall():
        await dispatch_to(desk, connection, tenant_id=news.tenant_id, message_id=message_id, endpoint_id=endpoint["id"])
    if news.write_back_to is not None:
        connections = await connection.execute(
            "SELECT id FROM connection WHERE id = %(id)s AND tenant_id = %(tenant)s AND disabled_at IS NULL FOR KEY SHARE",
            {"id": news.write_back_to, "tenant": news.tenant_id},
        )
        for row in await connections.fetchall():
            await dispatch_to(desk, connection, tenant_id=news.tenant_id, message_id=message_id, connection_id=row["id"])
    return message_id


async def write_message(desk: Desk, connection: Connection, news: News) -> str | None:
    """Write the message without telling anybody; its id, None if there is one of this type and source."""
    written = await connection.execute(
        """INSERT INTO message (id, tenant_id, type, source_key, article_id, extraction_id, sequence, body)
        VALUES (%(id)s, %(tenant)s, %(type)s, %(source)s, %(article)s, %(extraction)s, nextval('message_sequence'), %(body)s)
        ON CONFLICT (tenant_id, type, source_key) DO NOTHING RETURNING id""",
        {
            "id": new_id("msg"),
            "tenant": news.tenant_id,
            "type": type_of(news.event).value,
            "source": news.source_key,
            "article": news.article_id,
            "extraction": news.extraction_id,
            "body": payload(news.event, at=desk.now().timestamp()),
        },
    )
    row = await written.fetchone()
    return None if row is None else str(row["id"])


async def dispatch_to(
    desk: Desk,
    connection: Connection,
    *,
    tenant_id: str,
    message_id: str,
    endpoint_id: str | None = None,
    connection_id: str | None = None,
) -> None:
    """Put a message on its way to one endpoint or one connection."""
    written = await connection.execute(
        """INSERT INTO dispatch (id, tenant_id, message_id, endpoint_id, connection_id, next_at)
        VALUES (%(id)s, %(tenant)s, %(message)s, %(endpoint)s, %(connection)s, now()) RETURNING id, next_at""",
        {
            "id": new_id("dsp"),
            "tenant": tenant_id,
            "message": message_id,
            "endpoint": endpoint_id,
            "connection": connection_id,
        },
    )
    for row in await written.fetchall():
        await come_back(desk, connection, row["id"], row["next_at"])


async def come_back(desk: Desk, connection: Connection, dispatch_id: str, at: datetime) -> None:
    """See to it that a job looks at a dispatch at a time; one is enough, however often this is asked for.

    The name holds the time: a job that waits for a later time must not keep one away that is asked for now.
    """
    await desk.queue.defer(connection, Task.DISPATCH, dispatch_id, at=at, once=f"{dispatch_id} {at.isoformat()}")
