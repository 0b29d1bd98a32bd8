"""Endpoints: who wants to be told of what, at which address, with which secret.

`allow_private` lets an endpoint have a private address. It is the operator's to give: nothing that a tenant can call sets it, and
a tenant who changes the address loses it.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from service.adapters.database.pool import Connection, Row, new_id
from service.errors import InvalidField, NothingThere
from service.flows.desk import Desk
from service.flows.messages import News, dispatch_to, write_message
from service.webhooks.events import EventType, Ping
from service.webhooks.signature import new_secret

SECRET_BYTES = 32
OLD_SECRET_SIGNS = timedelta(hours=24)


class Disabled(StrEnum):
    """Why nothing is sent to an endpoint any more."""

    ON_REQUEST = "on request"
    GONE = "it answered 410 Gone"
    FAILING = "nothing but failures for 5 days"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An endpoint as its owner sees it; its secret is shown when it is made, and never again.

    Without `event_types` it wants all. `failing_since` is the first failure after the last success.
    """

    id: str
    url: str
    description: str
    event_types: tuple[EventType, ...]
    allow_private: bool
    failures_in_row: int
    failing_since: datetime | None
    old_secret_until: datetime | None
    disabled_at: datetime | None
    disabled_reason: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSecret:
    """An endpoint and the secret that it shall verify with."""

    endpoint: Endpoint
    secret: str


async def create_endpoint(
    desk: Desk,
    tenant_id: str,
    *,
    url: str,
    event_types: Sequence[EventType] = (),
    description: str = "",
    allow_private: bool = False,
) -> NewSecret:
    """Make an endpoint, and its tenant if that is new.

    Raises InvalidField for an address that may not be called; a name is looked up with every delivery.
    """
    desk.outbound.check_url(url, allow_private=allow_private)
    secret = new_secret(secrets.token_bytes(SECRET_BYTES))
    await desk.database.execute("INSERT INTO tenant (id) VALUES (%(id)s) ON CONFLICT DO NOTHING", {"id": tenant_id})
    row = await desk.database.row(
        """INSERT INTO endpoint (id, tenant_id, url, description, event_types, secret, allow_private)
        VALUES (%(id)s, %(tenant)s, %(url)s, %(description)s, %(types)s, %(secret)s, %(private)s) RETURNING *""",
        {
            "id": new_id("ep"),
            "tenant": tenant_id,
            "url": url,
            "description": description,
            "types": _names(event_types),
            "secret": secret,
            "private": allow_private,
        },
    )
    return NewSecret(endpoint=_endpoint(row, "new"), secret=secret)


async def list_endpoints(desk: Desk, tenant_id: str) -> tuple[Endpoint, ...]:
    """All endpoints of a tenant, oldest first."""
    rows = await desk.database.rows(
        "SELECT * FROM endpoint WHERE tenant_id = %(tenant)s ORDER BY created_at, id", {"tenant": tenant_id}
    )
    return tuple(_endpoint(row, row["id"]) for row in rows)


async def get_endpoint(desk: Desk, tenant_id: str, endpoint_id: str) -> Endpoint:
    """One endpoint; NothingThere if the tenant has none of this id."""
    row = await desk.database.row(
        "SELECT * FROM endpoint WHERE id = %(id)s AND tenant_id = %(tenant)s", {"id": endpoint_id, "tenant": tenant_id}
    )
    return _endpoint(row, endpoint_id)


async def update_endpoint(
    desk: Desk,
    tenant_id: str,
    endpoint_id: str,
    *,
    url: str | None = None,
    event_types: Sequence[EventType] | None = None,
    description: str | None = None,
) -> Endpoint:
    """Change what is given. With another address an endpoint must have a public one again. Raises NothingThere and InvalidField."""
    async with desk.database.transaction() as connection:
        before = await lock_endpoint(connection, tenant_id, endpoint_id)
        moved = url is not None and url != before["url"]
        if url is not None and moved:
            desk.outbound.check_url(url)
        changed = await connection.execute(
            """UPDATE endpoint SET url = coalesce(%(url)s, url), description = coalesce(%(description)s, description),
                event_types = coalesce(%(types)s::text[], event_types), allow_private = allow_private AND NOT %(moved)s,
                failures_in_row = CASE WHEN %(moved)s THEN 0 ELSE failures_in_row END,
                failing_since = CASE WHEN %(moved)s THEN NULL ELSE failing_since END,
                probe_at = CASE WHEN %(moved)s THEN NULL ELSE probe_at END
            WHERE id = %(id)s RETURNING *""",
            {
                "id": endpoint_id,
                "url": url,
                "description": description,
                "types": None if event_types is None else _names(event_types),
                "moved": moved,
            },
        )
        return _endpoint(await changed.fetchone(), endpoint_id)


async def rotate_secret(desk: Desk, tenant_id: str, endpoint_id: str) -> NewSecret:
    """Give an endpoint a new secret; the one before it signs as well for another 24 hours. Raises NothingThere."""
    secret = new_secret(secrets.token_bytes(SECRET_BYTES))
    row = await desk.database.row(
        """UPDATE endpoint SET old_secret = secret, old_secret_until = now() + %(overlap)s, secret = %(secret)s
        WHERE id = %(id)s AND tenant_id = %(tenant)s RETURNING *""",
        {"id": endpoint_id, "tenant": tenant_id, "secret": secret, "overlap": OLD_SECRET_SIGNS},
    )
    return NewSecret(endpoint=_endpoint(row, endpoint_id), secret=secret)


async def enable_endpoint(desk: Desk, tenant_id: str, endpoint_id: str) -> Endpoint:
    """Tell an endpoint again what happens from now on; what it missed can be replayed. Raises NothingThere."""
    row = await desk.database.row(
        """UPDATE endpoint SET disabled_at = NULL, disabled_reason = NULL, failures_in_row = 0, failing_since = NULL,
            probe_at = NULL
        WHERE id = %(id)s AND tenant_id = %(tenant)s RETURNING *""",
        {"id": endpoint_id, "tenant": tenant_id},
    )
    return _endpoint(row, endpoint_id)


async def disable_endpoint(desk: Desk, tenant_id: str, endpoint_id: str) -> Endpoint:
    """Send nothing more to an endpoint; what was on its way is cancelled. Raises NothingThere."""
    async with desk.database.transaction() as connection:
        if (await lock_endpoint(connection, tenant_id, endpoint_id))["disabled_at"] is None:
            await disable(connection, endpoint_id, Disabled.ON_REQUEST)
        return _endpoint(await lock_endpoint(connection, tenant_id, endpoint_id), endpoint_id)


async def disable(connection: Connection, endpoint_id: str, reason: Disabled) -> None:
    """Disable an endpoint that the caller's transaction has locked, and cancel what is on its way to it."""
    await connection.execute(
        "UPDATE endpoint SET disabled_at = now(), disabled_reason = %(reason)s WHERE id = %(id)s",
        {"id": endpoint_id, "reason": reason.value},
    )
    await connection.execute(
        """UPDATE dispatch SET state = 'cancelled', finished_at = now(), next_at = NULL, waiting_since = NULL
        WHERE endpoint_id = %(id)s AND state IN ('pending', 'retrying')""",
        {"id": endpoint_id},
    )


async def delete_endpoint(desk: Desk, tenant_id: str, endpoint_id: str) -> None:
    """Forget an endpoint, its deliveries and their log. Raises NothingThere."""
    deleted = await desk.database.execute(
        "DELETE FROM endpoint WHERE id = %(id)s AND tenant_id = %(tenant)s", {"id": endpoint_id, "tenant": tenant_id}
    )
    if not deleted:
        raise NothingThere(what="endpoint", id=endpoint_id[:80])


async def ping_endpoint(desk: Desk, tenant_id: str, endpoint_id: str) -> str:
    """Send a test message to this endpoint only, whatever types it wants; the message's id.

    Raises NothingThere, and InvalidField if it is disabled.
    """
    async with desk.database.transaction() as connection:
        require_enabled(await lock_endpoint(connection, tenant_id, endpoint_id))
        news = News(tenant_id=tenant_id, event=Ping(endpoint=endpoint_id), source_key=new_id("ping"))
        message_id = await write_message(desk, connection, news)
        if message_id is None:
            raise RuntimeError("an id was given twice")
        await dispatch_to(desk, connection, tenant_id=tenant_id, message_id=message_id, endpoint_id=endpoint_id)
    return message_id


async def lock_endpoint(connection: Connection, tenant_id: str, endpoint_id: str) -> Row:
    """The row of an endpoint, held until the transaction ends: who writes its dispatches locks it first. Raises NothingThere."""
    found = await connection.execute(
        "SELECT * FROM endpoint WHERE id = %(id)s AND tenant_id = %(tenant)s FOR NO KEY UPDATE",
        {"id": endpoint_id, "tenant": tenant_id},
    )
    row = await found.fetchone()
    if row is None:
        raise NothingThere(what="endpoint", id=endpoint_id[:80])
    return row


def require_enabled(endpoint: Row) -> None:
    """InvalidField if nothing is sent to this endpoint."""
    if endpoint["disabled_at"] is not None:
        raise InvalidField(field="endpoint", value=endpoint["id"], expected="one that is enabled")


def _names(event_types: Sequence[EventType]) -> list[str]:
    return sorted({one.value for one in event_types})


def _endpoint(row: Row | None, endpoint_id: str) -> Endpoint:
    if row is None:
        raise NothingThere(what="endpoint", id=endpoint_id[:80])
    return Endpoint(
        id=row["id"],
        url=row["url"],
        description=row["description"],
        event_types=tuple(EventType(name) for name in row["event_types"]),
        allow_private=row["allow_private"],
        failures_in_row=row["failures_in_row"],
        failing_since=row["failing_since"],
        old_secret_until=row["old_secret_until"],
        disabled_at=row["disabled_at"],
        disabled_reason=row["disabled_reason"],
        created_at=row["created_at"],
    )
