"""Webhooks in."""

from __future__ import annotations

from service.adapters.database.pool import Row
from service.flows.desk import Desk
from service.flows.jobs import Done


async def do_hook(desk: Desk, job: Row) -> Done:
    """Read a delivery."""
    raise NotImplementedError


async def do_fetch(desk: Desk, job: Row) -> Done:
    """Fetch an article and read it."""
    raise NotImplementedError
