"""The queue: Procrastinate's tables in our database. What a job does is given by the worker; here it has a name and an id."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from enum import StrEnum

import procrastinate
import psycopg
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.worker import Worker
from psycopg_pool import PoolTimeout

from service.adapters.database.pool import Connection, Database, Row, check_cancelled
from service.telemetry import describe_failure, log_event

logger = logging.getLogger(__name__)

HEARTBEAT_S = 5.0
STALLED_AFTER_S = 20.0
POLLING_S = 1.0
RETRY_S = 2
INTERACTIVE, USUAL, BACKFILL = 1_000_000, 0, -1_000_000
"""Priorities. Below a priority, the jobs of a connection come the later the more of its jobs wait: see `fair`."""

Handler = Callable[[str], Awaitable[None]]
Patience = float | Callable[[], float]
"""Seconds; or what gives them when the time has come."""


class Task(StrEnum):
    """What jobs there are; each is a queue of its own."""

    JOB = "job"  # a row of `job`: a hook to read, an article to extract
    DISPATCH = "dispatch"  # a row of `dispatch`: one attempt to tell one consumer
    POLL = "poll"  # a connection whose CMS is asked what changed


def fair(priority: int, waiting: int) -> int:
    """The priority of a connection's next job when `waiting` of its jobs are unfinished: who floods goes behind the others.

    >>> fair(0, 3), fair(0, 10**9)
    (-3, -999999)
    """
    return priority - min(waiting, 999_999)


class Queue:
    """Puts jobs into the database and, in a worker, hands them to what does them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.app = procrastinate.App(connector=procrastinate.PsycopgConnector())
        self._workers: list[Worker] = []
        self._doing: set[int] = set()
        self._suspected: set[int] = set()

    def handle(self, task: Task, handler: Handler) -> None:
        """Say what does this task's jobs; only a worker needs to."""

        async def run(context: procrastinate.JobContext, id: str) -> None:
            number = context.job.id or 0
            self._doing.add(number)
            try:
                await handler(id)
            finally:
                self._doing.discard(number)

        # A handler writes down itself what it comes to; what leaves it is a database that did not answer.
        again = procrastinate.RetryStrategy(wait=RETRY_S)
        self.app.task(name=task.value, queue=task.value, retry=again, pass_context=True)(run)

    async def open(self) -> None:
        """Use the database's pool, which must be open."""
        await self.app.open_async(self._database.pool)

    async def defer(
        self,
        connection: Connection,
        task: Task,
        id: str,
        *,
        priority: int = USUAL,
        at: datetime | None = None,
        once: str | None = None,
    ) -> bool:
        """Enqueue in the caller's transaction: the job exists if and only if that is committed.

        `at`: not before. `once`: at most one job of this name waits; False if there was one already.
        """
        job = self.app.configure_task(
            task.value,
            allow_unknown=True,
            queue=task.value,
            priority=priority,
            schedule_at=at,
            queueing_lock=once,
            connection=connection,
        )
        if once is None:
            await job.defer_async(id=id)
            return True
        try:
            # A savepoint: a job that waits already must not spoil the caller's transaction.
            async with connection.transaction():
                await job.defer_async(id=id)
        except AlreadyEnqueued:
            return False
        return True

    async def work(self, tasks: tuple[Task, ...], *, concurrency: int, patience_s: Patience) -> None:
        """Do these tasks' jobs, `concurrency` at a time, until cancelled; then take no more and finish what is under way.

        What takes longer than `patience_s` to finish is cancelled, and done again by another worker or by the next. A database that
        goes away only interrupts the work: the jobs that were under way are given back by `take_over` when this worker's heartbeats
        have stopped.
        """
        while True:
            try:
                await self._work(
                    Worker(
                        self.app,
                        queues=[task.value for task in tasks],
                        concurrency=concurrency,
                        install_signal_handlers=False,
                        listen_notify=True,
                        fetch_job_polling_interval=POLLING_S,
                        abort_job_polling_interval=60.0,
                        update_heartbeat_interval=HEARTBEAT_S,
                        stalled_worker_timeout=STALLED_AFTER_S,
                        delete_jobs="successful",
                    ),
                    patience_s,
                )
            except (ConnectorException, psycopg.Error, PoolTimeout) as error:
                check_cancelled()
                log_event(logger, "worker_interrupted", logging.WARNING, **describe_failure(error))
            await asyncio.sleep(RETRY_S)

    async def find_forgotten(self, connection: Connection) -> list[Row]:
        """Jobs (`id`, `task_name`, `subject`) that are this process's by the database, and that nobody here does; locked.

        They come about when the database goes away just as a job's end, or its return to the queue, is written down: the worker
        lives and sends heartbeats, so nobody else would ever take them. Only what was missed at the last call as well counts: a
        job that is just being fetched or finished is in nobody's hands for a moment.
        """
        cursor = await connection.execute(
            """SELECT id, task_name, args->>'id' AS subject FROM procrastinate_jobs
            WHERE status = 'doing' AND worker_id = ANY(%(workers)s) AND NOT id = ANY(%(doing)s)
            FOR UPDATE SKIP LOCKED""",
            {"workers": [one.worker_id for one in self._workers if one.worker_id], "doing": list(self._doing)},
        )
        missed = await cursor.fetchall()
        forgotten = [row for row in missed if row["id"] in self._suspected]
        self._suspected = {row["id"] for row in missed} - {row["id"] for row in forgotten}
        return forgotten

    async def _work(self, worker: Worker, patience_s: Patience) -> None:
        self._workers.append(worker)
        try:
            await self._run(worker, patience_s)
        finally:
            self._workers.remove(worker)

    async def _run(self, worker: Worker, patience_s: Patience) -> None:
        """Run a worker. Told to stop, it finishes, but its heartbeats end: with ours, nobody takes its jobs meanwhile."""
        running = asyncio.ensure_future(worker.run())  # type: ignore[no-untyped-call] # Procrastinate leaves it so
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            worker.shutdown_graceful_timeout = patience_s() if callable(patience_s) else patience_s
            running.cancel()
            while not running.done():
                worker.stop()  # type: ignore[no-untyped-call] # a query under way may have swallowed the cancellation
                await asyncio.wait({running}, timeout=HEARTBEAT_S)
                if worker.worker_id is not None and not running.done():
                    with suppress(ConnectorException, psycopg.Error, PoolTimeout):
                        await self.app.job_manager.update_heartbeat(worker.worker_id)
            with suppress(asyncio.CancelledError, ConnectorException, psycopg.Error, PoolTimeout):
                running.result()
            raise
