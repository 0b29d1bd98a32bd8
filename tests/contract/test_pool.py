"""The pool over connections whose server went away."""

from __future__ import annotations

import asyncio

import psycopg

from service.adapters.database.pool import Database

OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


async def test_connections_that_the_server_ended_are_replaced_before_they_are_used(
    database: Database, database_url: str
) -> None:
    await asyncio.gather(*(database.row("SELECT pg_sleep(0.1)::text AS slept") for _ in range(3)))
    with psycopg.connect(database_url, autocommit=True) as other:
        ended = other.execute(f"SELECT count(pg_terminate_backend(pid, 5000)) {OTHERS}").fetchone()

    answers = await asyncio.gather(*(database.row("SELECT 1 AS one") for _ in range(5)))

    assert ended is not None
    assert ended[0] >= 3
    assert answers == [{"one": 1}] * 5
