"""A real database for every test that asks for one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from service.adapters.database.pool import Database
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
