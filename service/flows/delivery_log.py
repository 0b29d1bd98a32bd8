"""What was sent to whom, and what came of it: for the owner of an endpoint to read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from service.adapters.database.pool import Row
from service.errors import NothingThere
from service.flows.desk import Desk
from service.flows.endpoints import get_endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt: `status` is None without an answer, and `error` then says why.

    `response_head` is what the receiver answered, as far as 1,024 bytes of it can be read as text: words of others, to be escaped
    wherever they are shown.
    """

    id: int
    message_id: str
    type: str
    round: int
    number: int
    at: datetime
    status: int | None
    error: str | None
    elapsed_ms: int
    response_head: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """A message on its way to one consumer. `next_at` is when it is tried next, `round` 1 plus the times it was replayed."""

    id: str
    message_id: str
    type: str
    endpoint_id: str | None
    connection_id: str | None
    state: str
    round: int
    attempts: int
    next_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message and how far it is; `payload` is what is sent, None once the article was erased."""

    id: str
    type: str
    article_id: str | None
    extraction_id: str | None
    sequence: int
    created_at: datetime
    payload: object
    dispatches: tuple[Dispatch, ...]


async def list_attempts(
    desk: Desk, tenant_id: str, endpoint_id: str, *, before: int | None, limit: int
) -> tuple[Attempt, ...]:
    """Attempts at an endpoint, newest first, those before attempt `before`. Raises NothingThere."""
    await get_endpoint(desk, tenant_id, endpoint_id)
    rows = await desk.database.rows(
        """SELECT attempt.*, dispatch.message_id, message.type
        FROM attempt JOIN dispatch ON dispatch.id = attempt.dispatch_id JOIN message ON message.id = dispatch.message_id
        WHERE dispatch.endpoint_id = %(endpoint)s AND dispatch.tenant_id = %(tenant)s
        AND (%(before)s::bigint IS NULL OR attempt.id < %(before)s)
        ORDER BY attempt.id DESC LIMIT %(limit)s""",
        {"endpoint": endpoint_id, "tenant": tenant_id, "before": before, "limit": limit},
    )
    return tuple(_attempt(row) for row in rows)


async def get_message(desk: Desk, tenant_id: str, message_id: str) -> Message:
    """A message and its dispatches; NothingThere if the tenant has none of this id."""
    row = await desk.database.row(
        "SELECT * FROM message WHERE id = %(id)s AND tenant_id = %(tenant)s", {"id": message_id, "tenant": tenant_id}
    )
    if row is None:
        raise NothingThere(what="message", id=message_id[:80])
    dispatches = await desk.database.rows(
        """SELECT dispatch.*, message.type FROM dispatch JOIN message ON message.id = dispatch.message_id
        WHERE dispatch.message_id = %(id)s AND dispatch.tenant_id = %(tenant)s ORDER BY dispatch.id""",
        {"id": message_id, "tenant": tenant_id},
    )
    return Message(
        id=row["id"],
        type=row["type"],
        article_id=row["article_id"],
        extraction_id=row["extraction_id"],
        sequence=row["sequence"],
        created_at=row["created_at"],
        payload=None if row["body"] is None else json.loads(bytes(row["body"])),
        dispatches=tuple(_dispatch(one) for one in dispatches),
    )


async def list_dead_letters(desk: Desk, tenant_id: str, *, before: str | None, limit: int) -> tuple[Dispatch, ...]:
    """Dispatches that were given up, newest first, those before dispatch `before`."""
    rows = await desk.database.rows(
        """SELECT dispatch.*, message.type FROM dispatch JOIN message ON message.id = dispatch.message_id
        WHERE dispatch.tenant_id = %(tenant)s AND dispatch.state = 'exhausted'
        AND (%(before)s::text IS NULL OR dispatch.id < %(before)s)
        ORDER BY dispatch.id DESC LIMIT %(limit)s""",
        {"tenant": tenant_id, "before": before, "limit": limit},
    )
    return tuple(_dispatch(row) for row in rows)


def _attempt(row: Row) -> Attempt:
    head = row["response_head"]
    return Attempt(
        id=row["id"],
        message_id=row["message_id"],
        type=row["type"],
        round=row["round"],
        number=row["number"],
        at=row["at"],
        status=row["status"],
        error=row["error"],
        elapsed_ms=row["elapsed_ms"],
        response_head=None if head is None else bytes(head).decode("utf-8", "replace"),
    )


def _dispatch(row: Row) -> Dispatch:
    return Dispatch(
        id=row["id"],
        message_id=row["message_id"],
        type=row["type"],
        endpoint_id=row["endpoint_id"],
        connection_id=row["connection_id"],
        state=row["state"],
        round=row["round"],
        attempts=row["attempts"],
        next_at=row["next_at"],
        finished_at=row["finished_at"],
    )
