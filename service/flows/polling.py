"""Asking a CMS what changed."""

from __future__ import annotations

from service.flows.desk import Desk


async def schedule_polls(desk: Desk) -> None:
    """Enqueue the polls that are due."""


async def poll(desk: Desk, connection_id: str) -> None:
    """Ask one connection's CMS what changed."""
    raise NotImplementedError
