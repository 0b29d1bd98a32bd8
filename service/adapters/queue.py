"""The queue: Procrastinate's tables in our database. What a job does is given by the worker; here it has a name and an id."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from enum import StrEnum

import procrastinate
from procrastinate.exceptions import AlreadyEnqueued

from service.adapters.database.pool import Connection, Database

HEARTBEAT_S = 5.0
STALLED_AFTER_S = 20.0
INTERACTIVE, USUAL, BACKFILL = 1_000_000, 0, -1_000_000
"""Priorities. Below a priority, the jobs of a connection come the later the more of its jobs wait: see `fair`."""

Handler = Callable[[str], Awaitable[None]]


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

    def __init__(self, database: Database, handlers: Mapping[Task, Handler] | None = None) -> None:
        self._database = database
        self.app = procrastinate.App(connector=procrastinate.PsycopgConnector())
        for task, handler in (handlers or {}).items():
            self._register(task, handler)

    def _register(self, task: Task, handler: Handler) -> None:
        async def run(id: str) -> None:
            await handler(id)

        self.app.task(name=task.value, queue=task.value)(run)

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
        try:
            async with connection.transaction():
                await job.defer_async(id=id)
        except AlreadyEnqueued:
            return False
        return True
