"""The application over a real database, for tests of what is stored."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from service.api.context import Context
from service.flows.desk import Desk
from tests.api.client import make_app

FIRST = (
    "Valdoria and the Kessa Front exchanged prisoners on Monday at the Orlen bridge, the Valdorian interior ministry said.\n\n"
    "Valdoria released 40 fighters and the front handed over 12 soldiers.\n\n"
    "“Nobody was left behind,” said Mira Tolan, who led the talks for the front."
)
UPDATED = (
    FIRST.replace("40 fighters", "43 fighters") + "\n\n“They are home,” said Ilse Varga, a spokeswoman for the Red Cross."
)


@asynccontextmanager
async def serving(desk: Desk | None, **limits: Any) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the application over this desk; it comes over loopback."""
    context = Context(**{"max_bytes": 2**20, "max_in_flight": 100, "desk": desk, **limits})
    if desk is not None:
        context.services = desk.services
    transport = httpx2.ASGITransport(app=make_app(context))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost", timeout=30) as client:
        yield client
