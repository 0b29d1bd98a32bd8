"""What waits and what went wrong, over all tenants: for the operator's metrics and `parley doctor`. Bounded: counts, no lists."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from service.adapters.database.pool import Database
from service.adapters.queue import STALLED_AFTER_S
from service.errors import DatabaseUnavailable

LOOK_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """The state of the queue. Ages in seconds; None where nothing waits.

    `unfinished` counts jobs by kind and state. A job's age is the time since it was accepted, a dispatch's since it was due;
    `workers` are the queue's workers with a fresh heartbeat, two a process.
    """

    unfinished: tuple[tuple[str, str, int], ...]
    oldest_job_s: float | None
    parked: int
    dispatches: int
    oldest_due_dispatch_s: float | None
    dead_letters: int
    disabled_endpoints: int
    workers: int
    queued: int

    @property
    def unfinished_jobs(self) -> int:
        """All that is queued or running."""
        return sum(number for _, _, number in self.unfinished)


async def look(database: Database, *, timeout_s: float = LOOK_S) -> Backlog:
    """Count now. Raises DatabaseUnavailable, also when counting takes longer than `timeout_s`."""
    try:
        async with asyncio.timeout(timeout_s), database.transaction() as connection:
            await connection.execute(
                "SELECT set_config('statement_timeout', %(ms)s, true)", {"ms": str(round(timeout_s * 1000))}
            )
            jobs = await (
                await connection.execute(
                    "SELECT kind, state, count(*) AS n FROM job WHERE state IN ('queued', 'running') GROUP BY kind, state"
                )
            ).fetchall()
            row = await (
                await connection.execute(
                    """SELECT
                        (SELECT extract(epoch FROM now() - min(created_at)) FROM job
                            WHERE state IN ('queued', 'running'))::float AS oldest_job_s,
                        (SELECT count(*) FROM job WHERE state = 'parked') AS parked,
                        (SELECT count(*) FROM dispatch WHERE state IN ('pending', 'retrying')) AS dispatches,
                        (SELECT extract(epoch FROM now() - min(next_at)) FROM dispatch
                            WHERE state IN ('pending', 'retrying') AND next_at < now())::float AS oldest_due_dispatch_s,
                        (SELECT count(*) FROM dispatch WHERE state = 'exhausted') AS dead_letters,
                        (SELECT count(*) FROM endpoint WHERE disabled_at IS NOT NULL) AS disabled_endpoints,
                        (SELECT count(*) FROM procrastinate_workers
                            WHERE last_heartbeat > now() - make_interval(secs => %(stalled)s)) AS workers,
                        (SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo') AS queued""",
                    {"stalled": STALLED_AFTER_S},
                )
            ).fetchone()
    except TimeoutError:
        raise DatabaseUnavailable from None
    if row is None:
        raise DatabaseUnavailable
    return Backlog(unfinished=tuple((one["kind"], one["state"], one["n"]) for one in jobs), **row)
