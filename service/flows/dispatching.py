"""One attempt to tell one consumer."""

from __future__ import annotations

from service.flows.desk import Desk


async def dispatch(desk: Desk, dispatch_id: str) -> None:
    """Make an attempt."""
    raise NotImplementedError
