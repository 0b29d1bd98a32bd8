"""Messages once more: the same id, the same bytes, a new timestamp. A receiver that took a message already knows it by its id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from service.adapters.database.pool import Connection, new_id
from service.errors import NothingThere
from service.flows.desk import Desk
from service.flows.endpoints import lock_endpoint, require_enabled
from service.flows.messages import come_back

MOST_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """How many deliveries were started; `after` is the message to go on after, None where there are no more."""

    deliveries: int
    after: str | None


async def replay_message(desk: Desk, tenant_id: str, message_id: str) -> Replayed:
    """Send a message again to every enabled endpoint that it was meant for. Raises NothingThere (erased messages included)."""
    async with desk.database.transaction() as connection:
        found = await connection.execute(
            "SELECT 1 FROM message WHERE id = %(id)s AND tenant_id = %(tenant)s AND body IS NOT NULL FOR KEY SHARE",
            {"id": message_id, "tenant": tenant_id},
        )
        if await found.fetchone() is None:
            raise NothingThere(what="message", id=message_id[:80])
        endpoints = await connection.execute(
            """SELECT id FROM endpoint WHERE disabled_at IS NULL
            AND id IN (SELECT endpoint_id FROM dispatch WHERE message_id = %(id)s AND tenant_id = %(tenant)s)
            ORDER BY id FOR NO KEY UPDATE""",
            {"id": message_id, "tenant": tenant_id},
        )
        started = 0
        for endpoint in await endpoints.fetchall():
            started += await _start(desk, connection, tenant_id=tenant_id, endpoint_id=endpoint["id"], messages=[message_id])
    return Replayed(deliveries=started, after=None)


async def replay_since(
    desk: Desk, tenant_id: str, endpoint_id: str, since: datetime, *, after: str | None = None, most: int = MOST_AT_ONCE
) -> Replayed:
    """Send an endpoint all messages again that were written from `since` on and that it wants, also those of before its time.

    At most `most` (1,000) at once: call it again with what it gives as `after`. Tests of any endpoint are left out.
    Raises NothingThere, and InvalidField if the endpoint is disabled.
    """
    async with desk.database.transaction() as connection:
        endpoint = await lock_endpoint(connection, tenant_id, endpoint_id)
        require_enabled(endpoint)
        found = await connection.execute(
            """SELECT id FROM message
            WHERE tenant_id = %(tenant)s AND created_at >= %(since)s AND body IS NOT NULL AND type <> 'webhook.ping'
            AND (%(types)s::text[] = '{}' OR type = ANY (%(types)s::text[]))
            AND (%(after)s::text IS NULL
                OR (created_at, id) > (SELECT created_at, id FROM message WHERE id = %(after)s AND tenant_id = %(tenant)s))
            ORDER BY created_at, id LIMIT %(most)s""",
            {"tenant": tenant_id, "since": since, "types": endpoint["event_types"], "after": after, "most": most + 1},
        )
        ids = [row["id"] for row in await found.fetchall()]
        started = await _start(desk, connection, tenant_id=tenant_id, endpoint_id=endpoint_id, messages=ids[:most])
    return Replayed(deliveries=started, after=ids[most - 1] if len(ids) > most else None)


async def _start(desk: Desk, connection: Connection, *, tenant_id: str, endpoint_id: str, messages: list[str]) -> int:
    """Put these messages on their way to an endpoint that is locked, a new round for those that were on it before."""
    written = await connection.execute(
        """INSERT INTO dispatch (id, tenant_id, message_id, endpoint_id, next_at)
        SELECT fresh.id, %(tenant)s, fresh.message_id, %(endpoint)s, now()
        FROM unnest(%(ids)s::text[], %(messages)s::text[]) AS fresh (id, message_id)
        ON CONFLICT (message_id, endpoint_id, connection_id) DO UPDATE SET round = dispatch.round + 1, state = 'pending',
            attempts = 0, next_at = now(), finished_at = NULL, waiting_since = NULL
        RETURNING id, next_at""",
        {
            "tenant": tenant_id,
            "endpoint": endpoint_id,
            "ids": [new_id("dsp") for _ in messages],
            "messages": messages,
        },
    )
    rows = await written.fetchall()
    for row in rows:
        await come_back(desk, connection, row["id"], row["next_at"])
    return len(rows)
