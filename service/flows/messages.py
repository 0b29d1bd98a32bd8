"""Telling what happened: a message and its dispatches, written in the transaction that made it true."""

from __future__ import annotations

from dataclasses import dataclass

from service.adapters.database.pool import Connection
from service.flows.desk import Desk
from service.webhooks.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Something to tell. `source_key` names what it tells of: the same is told once.

    `write_back_to`: the connection into whose CMS it is written as well.
    """

    tenant_id: str
    event: Event
    source_key: str
    article_id: str | None
    extraction_id: str | None
    write_back_to: str | None


async def announce(desk: Desk, connection: Connection, news: News) -> str | None:
    """Write the message and a dispatch for everybody who wants to know; None if it was told before."""
    raise NotImplementedError
