"""Migrations over a real PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from service.adapters.database.migrate import migrations, pending, upgrade
from service.adapters.database.pool import Database
from service.adapters.queue import Queue, Task
from service.errors import DatabaseNewer, DatabaseUnavailable
from tests.databases import Databases


def test_every_step_is_applied_once_and_in_order(databases: Databases):
    url = databases.empty()

    before, applied, again = pending(url), upgrade(url), upgrade(url)

    names = tuple(step.name for step in migrations())
    assert before == applied == names
    assert (again, pending(url)) == ((), ())
    databases.drop(url)


def test_processes_that_start_at_the_same_time_migrate_once(databases: Databases):
    url = databases.empty()

    with ThreadPoolExecutor(4) as threads:
        applied = list(threads.map(upgrade, [url] * 4))

    assert sorted(len(steps) for steps in applied) == [0, 0, 0, len(migrations())]
    databases.drop(url)


def test_a_database_of_a_newer_version_is_refused(database_url: str):
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO migration (name) VALUES ('9999_future')")

    with pytest.raises(DatabaseNewer, match="9999_future"):
        upgrade(database_url)


def test_a_server_that_is_not_there_is_told(tmp_path):
    with pytest.raises(DatabaseUnavailable, match="does not answer"):
        upgrade(f"postgresql://postgres@/postgres?host={tmp_path}")


async def test_a_job_exists_only_if_its_transaction_is_committed(database: Database):
    queue = Queue(database)
    await queue.open()

    with pytest.raises(RuntimeError, match="changed my mind"):
        async with database.transaction() as connection:
            await queue.defer(connection, Task.JOB, "job_1")
            raise RuntimeError("changed my mind")
    async with database.transaction() as connection:
        await queue.defer(connection, Task.JOB, "job_2")

    rows = await database.rows("SELECT args FROM procrastinate_jobs")
    assert [row["args"] for row in rows] == [{"id": "job_2"}]


async def test_a_job_of_a_name_waits_only_once(database: Database):
    queue = Queue(database)
    await queue.open()

    async with database.transaction() as connection:
        first = await queue.defer(connection, Task.POLL, "con_1", once="poll:con_1")
        second = await queue.defer(connection, Task.POLL, "con_1", once="poll:con_1")
        count = await (await connection.execute("SELECT count(*) AS n FROM procrastinate_jobs")).fetchone()

    assert (first, second, count) == (True, False, {"n": 1})
