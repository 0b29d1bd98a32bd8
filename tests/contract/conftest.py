"""A real database, and all that is logged, for every test that asks for one."""

from __future__ import annotations

import io
import logging
from collections.abc import AsyncIterator, Iterator

import pytest

from service.adapters.database.pool import Database
from service.telemetry import JsonLines
from tests.databases import Databases, running_databases


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    with running_databases() as running:
        yield running


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    url = databases.fresh()
    yield url
    databases.drop(url)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database with all migrations."""
    opened = Database(database_url, size=5)
    await opened.open()
    yield opened
    await opened.aclose()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that is logged, at every level and by everybody, as the service would write it."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    root, ours = logging.getLogger(), logging.getLogger("service")
    level, our_level = root.level, ours.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    ours.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)
    ours.setLevel(our_level)
