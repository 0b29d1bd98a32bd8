"""Numbered SQL migrations, each applied once, in order, under a lock: several processes may start at the same time."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import LiteralString

import psycopg
from procrastinate.schema import SchemaManager

from service.adapters.database.pool import CONNECT_TIMEOUT_S
from service.errors import DatabaseNewer, DatabaseUnavailable

QUEUE = "0000_procrastinate_3.10"
"""Procrastinate's own tables. A later version of it comes with migrations of its own: add them here by number."""

_LOCK = 7_266_539  # any number, the same in every process
_TABLE = """
CREATE TABLE IF NOT EXISTS migration (
    name text PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: its name, which sorts, and its SQL."""

    name: str
    sql: LiteralString


def migrations() -> tuple[Migration, ...]:
    """All steps, oldest first."""
    folder = resources.files("service.adapters.database") / "migrations"
    own = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
    steps = [Migration(file.name.removesuffix(".sql"), file.read_text(encoding="utf-8")) for file in own]
    return (Migration(QUEUE, SchemaManager.get_schema()), *steps)


def upgrade(url: str) -> tuple[str, ...]:
    """Apply what is missing, all in one transaction; the names of the steps applied.

    Raises DatabaseUnavailable, and DatabaseNewer if the database has a step that this version of Parley does not know.
    """
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_S) as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            connection.execute(_TABLE)
            done = {name for (name,) in connection.execute("SELECT name FROM migration").fetchall()}
            steps = migrations()
            if unknown := sorted(done - {step.name for step in steps}):
                raise DatabaseNewer(steps=tuple(unknown))
            missing = [step for step in steps if step.name not in done]
            for step in missing:
                connection.execute(step.sql)
                connection.execute("INSERT INTO migration (name) VALUES (%s)", (step.name,))
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable from error
    return tuple(step.name for step in missing)


def pending(url: str) -> tuple[str, ...]:
    """The names of the steps that `upgrade` would apply; DatabaseUnavailable if the server does not answer."""
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_S) as connection:
            exists = connection.execute("SELECT to_regclass('migration')").fetchone()
            rows = connection.execute("SELECT name FROM migration").fetchall() if exists and exists[0] else []
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable from error
    done = {name for (name,) in rows}
    return tuple(step.name for step in migrations() if step.name not in done)
