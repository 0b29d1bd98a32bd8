"""Real PostgreSQL for tests: one embedded server a session, one fresh database a test."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from service.adapters.database.migrate import upgrade
from service.adapters.database.server import EmbeddedPostgres, start_embedded

TEMPLATE = "parley_template"


class Databases:
    """Makes databases that have all migrations."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server = server
        self._numbers = itertools.count(1)
        self._admin("ALTER SYSTEM SET fsync = off")  # a test's data need not outlive the machine
        self._admin("SELECT pg_reload_conf()")
        self._admin(f"CREATE DATABASE {TEMPLATE}")
        upgrade(self.url(TEMPLATE))

    def url(self, name: str) -> str:
        """Address of a database."""
        return self._server.url.replace("/postgres?", f"/{name}?", 1)

    def empty(self) -> str:
        """The address of a new database without anything in it."""
        name = f"empty_{next(self._numbers)}"
        self._admin(f"CREATE DATABASE {name}")
        return self.url(name)

    def fresh(self) -> str:
        """The address of a new database with all migrations."""
        name = f"test_{next(self._numbers)}"
        self._admin(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a database that `fresh` made."""
        name = url.split("/")[3].partition("?")[0]
        self._admin(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _admin(self, statement: str) -> None:
        with psycopg.connect(self._server.url, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]


@contextmanager
def running_databases() -> Iterator[Databases]:
    """A server in a folder of its own, removed in the end."""
    # Not pytest's own folder: its path may be too long for a unix socket, and root's server runs as another user.
    with tempfile.TemporaryDirectory(prefix="parley-pg-", ignore_cleanup_errors=True) as folder:
        server = start_embedded(Path(folder) / "data")
        try:
            yield Databases(server)
        finally:
            server.stop()
