"""A worker that is told to stop stops, at whatever moment that is: cancellations get lost in waits for connections."""

from __future__ import annotations

import asyncio

import pytest

from service.adapters.database.pool import Database
from service.worker import run_worker
from tests.desks import make_desk


@pytest.mark.parametrize("delay_ms", [0, 1, 3, 5, 8, 12, 20, 30, 50, 80])
async def test_a_worker_that_is_cancelled_ends(database: Database, delay_ms: int):
    desk = await make_desk(database)
    working = asyncio.ensure_future(run_worker(desk, concurrency=2, patience_s=5.0))
    await asyncio.sleep(delay_ms / 1000)

    working.cancel()
    done, _ = await asyncio.wait({working}, timeout=15)

    assert done == {working}
    assert working.cancelled()


async def test_the_jobs_of_a_worker_that_takes_its_time_to_stop_stay_its_own(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("service.adapters.queue.HEARTBEAT_S", 0.2)
    desk = await make_desk(database)
    begun, ended = asyncio.Event(), asyncio.Event()

    async def slow(_: str) -> None:
        begun.set()
        await asyncio.sleep(1.5)
        ended.set()

    from service.adapters.queue import Task

    desk.queue.handle(Task.POLL, slow)
    async with database.transaction() as connection:
        await desk.queue.defer(connection, Task.POLL, "con_1")
    working = asyncio.ensure_future(desk.queue.work((Task.POLL,), concurrency=1, patience_s=10.0))
    await asyncio.wait_for(begun.wait(), 10)

    working.cancel()
    await asyncio.sleep(0.7)
    row = await database.row("SELECT now() - last_heartbeat < interval '0.6 seconds' AS fresh FROM procrastinate_workers")
    await asyncio.wait({working}, timeout=10)

    assert row == {"fresh": True}
    assert ended.is_set()
    assert await database.rows("SELECT * FROM procrastinate_jobs") == []
