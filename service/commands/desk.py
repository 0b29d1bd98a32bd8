"""How commands get at what works with the database, without an engine of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from service.commands.database import command_settings
from service.errors import NoDatabaseHere

if TYPE_CHECKING:
    from service.flows.desk import Desk


@asynccontextmanager
async def command_desk() -> AsyncIterator[Desk]:
    """A desk over the settings' database. Raises NoDatabaseHere, DatabaseUnavailable, DatabaseNewer, EmbeddedDatabaseFailed."""
    from service.bootstrap import build_services, open_desk

    settings = command_settings().model_copy(update={"model": "rules", "models": ()})
    if not settings.has_database:
        raise NoDatabaseHere
    services = await build_services(settings)
    try:
        async with open_desk(settings, services) as desk:
            yield desk
    finally:
        await services.aclose()
