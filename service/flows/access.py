"""Who may ask, and how much: keys, scopes, limits."""

from __future__ import annotations

from service.domain.record import Provenance
from service.flows.desk import Caller, Desk


async def admit(desk: Desk, caller: Caller, model: str | None) -> None:
    """Count a request against the caller's limits (model None), or a call against those of a model's provider.

    Raises LimitReached.
    """


async def charge(desk: Desk, caller: Caller, model: str | None, provenance: Provenance) -> None:
    """Count the tokens that an extraction cost."""
