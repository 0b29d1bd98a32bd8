"""Asking a CMS what changed."""

from __future__ import annotations

from service.adapters.database.pool import Row
from service.flows.desk import Desk
from service.webhooks.change import ArticleChange


async def schedule_polls(desk: Desk) -> None:
    """Enqueue the polls that are due."""


async def poll(desk: Desk, connection_id: str) -> None:
    """Ask one connection's CMS what changed."""
    raise NotImplementedError


async def fetch_article(desk: Desk, connection: Row, source_id: str) -> ArticleChange | None:
    """Ask one connection's CMS for an article; None if it has none of this id, or not for the public."""
    raise NotImplementedError
