"""Jobs: work that was accepted and will be done, whatever dies meanwhile.

A job's row says what is to be done and how far it is; the queue's job carries its id. Every step can be done again: what an earlier
run finished is found finished. A worker's death under a job is counted (`take_over`), an error of our own likewise (`run`); after
the third the job is parked for a person to look at. A failing model is another matter: it is asked again later, with growing
pauses, before the rules engine's answer, marked degraded, is taken.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from psycopg.types.json import Json

from service import metrics
from service.adapters.database.pool import Connection, Row, new_id
from service.adapters.queue import INTERACTIVE, STALLED_AFTER_S, Task, fair
from service.errors import (
    DatabaseUnavailable,
    ExtractionFailed,
    LimitReached,
    NothingThere,
    ParleyError,
    QueueFull,
    UpstreamUnavailable,
)
from service.flows.articles import Keeping, Kept, Version, keep_version
from service.flows.desk import Caller, Desk
from service.flows.reading import Reading, read
from service.flows.results import Place, tell_failure, tell_result
from service.handlers import ExtractArticle
from service.telemetry import describe_failure, log_event
from service.tracing import span

logger = logging.getLogger(__name__)

MOST_CRASHES = 3
MOST_FAILURES = 6
MOST_READINGS = MOST_FAILURES + 2
"""How often an engine is asked for a job's article while nothing crashes: the failures that are waited for, one more, and
once more for an answer marked degraded. A crash takes one reading more, a limit that is reached none."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 600.0
AFTER_CRASH_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a job ended."""

    state: str = "succeeded"
    article_ids: tuple[str, ...] = ()
    extraction_ids: tuple[str, ...] = ()


Work = Callable[[Desk, Row], Awaitable[Done]]


class TryLater(Exception):
    """What a job's work needs is not to be had now; `failure` is why. `pause_s` overrules the usual pause."""

    def __init__(self, failure: ParleyError, pause_s: float | None = None) -> None:
        super().__init__(type(failure).__name__)
        self.failure, self.pause_s = failure, pause_s


async def submit(  # noqa: PLR0913 - the columns of a row
    desk: Desk,
    connection: Connection,
    *,
    kind: str,
    tenant_id: str,
    priority: int,
    key_id: str | None = None,
    connection_id: str | None = None,
    delivery_id: str | None = None,
    request: Mapping[str, Any] | None = None,
    delay_s: float = 0,
    once: str | None = None,
) -> str:
    """Write a job and enqueue it, in the caller's transaction; its id.

    The more of a connection's jobs are unfinished, the later this one comes. With `once`, a job of this name that waits already is
    enough: nothing is enqueued, and no row is kept. `key_id`: whose limits it counts for. Raises QueueFull above the operator's
    ceiling; the caller's transaction must then not be committed.
    """
    job_id = new_id("job")
    waiting = await _write(
        connection,
        {
            "id": job_id,
            "tenant": tenant_id,
            "kind": kind,
            "key": key_id,
            "connection": connection_id,
            "delivery": delivery_id,
            "request": Json(request) if request is not None else None,
        },
    )
    if waiting >= desk.ceilings.queued_jobs:
        raise QueueFull
    at = desk.now() + timedelta(seconds=delay_s) if delay_s else None
    if await desk.queue.defer(connection, Task.JOB, job_id, priority=fair(priority, waiting), at=at, once=once):
        return job_id
    await connection.execute("DELETE FROM job WHERE id = %(id)s", {"id": job_id})
    return ""


async def _write(connection: Connection, columns: Mapping[str, Any]) -> int:
    """Write a job's row; how many of its connection's jobs were unfinished before. One statement: hooks are answered in a hurry."""
    row = await (
        await connection.execute(
            """INSERT INTO job (id, tenant_id, kind, key_id, connection_id, delivery_id, request)
            VALUES (%(id)s, %(tenant)s, %(kind)s, %(key)s, %(connection)s, %(delivery)s, %(request)s)
            RETURNING (
                SELECT count(*) FROM job AS other
                WHERE other.connection_id IS NOT DISTINCT FROM %(connection)s AND other.state IN ('queued', 'running')
            ) AS waiting""",
            columns,
        )
    ).fetchone()
    return int(row["waiting"]) if row else 0


async def run(desk: Desk, job_id: str, works: Mapping[str, Work]) -> None:
    """Do a job; `works` says how, by the job's kind.

    Only DatabaseUnavailable leaves it: then nothing could be written down, and the queue tries again.
    """
    job = await desk.database.row(
        """UPDATE job SET state = 'running', attempts = attempts + 1, started_at = coalesce(started_at, now())
        WHERE id = %(id)s AND state IN ('queued', 'running') RETURNING *""",
        {"id": job_id},
    )
    if job is None:
        return
    try:
        with span(f"job {job['kind']}", job_id=job_id, attempts=job["attempts"]):
            done = await works[job["kind"]](desk, job)
    except DatabaseUnavailable:
        raise
    except TryLater as later:
        await _later(desk, job, later)
    except ParleyError as error:
        await _end(desk, job, Done(state="failed"), error)
    except Exception as error:  # noqa: BLE001 - a fault of ours must not lose the job, nor be tried for ever
        log_event(logger, "job_crashed", logging.ERROR, job_id=job_id, crashes=job["crashes"] + 1, **describe_failure(error))
        async with desk.database.transaction() as connection:
            await count_crash(desk, connection, job_id)
    else:
        await _end(desk, job, done, None)


async def _end(desk: Desk, job: Row, done: Done, error: ParleyError | None) -> None:
    problem = None if error is None else {"type": type(error).__name__, "detail": error.message}
    await desk.database.execute(
        """UPDATE job SET state = %(state)s, problem = %(problem)s, extraction_ids = %(extractions)s,
            article_ids = ARRAY(SELECT DISTINCT unnest(article_ids || %(articles)s::text[])), request = NULL, finished_at = now()
        WHERE id = %(id)s AND state = 'running'""",
        {
            "id": job["id"],
            "state": done.state,
            "problem": Json(problem) if problem else None,
            "articles": list(done.article_ids),
            "extractions": list(done.extraction_ids),
        },
    )
    metrics.JOBS.labels(job["kind"], done.state).inc()
    log_event(
        logger,
        "job_finished",
        job_id=job["id"],
        kind=job["kind"],
        connection_id=job["connection_id"],
        state=done.state,
        attempts=job["attempts"],
        error=None if error is None else type(error).__name__,
    )


async def _later(desk: Desk, job: Row, later: TryLater) -> None:
    pause = later.pause_s or min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** job["failures"])
    counted = 0 if isinstance(later.failure, LimitReached) else 1
    async with desk.database.transaction() as connection:
        await connection.execute(
            "UPDATE job SET state = 'queued', failures = failures + %(counted)s WHERE id = %(id)s AND state = 'running'",
            {"id": job["id"], "counted": counted},
        )
        await desk.queue.defer(connection, Task.JOB, job["id"], at=desk.now() + timedelta(seconds=pause))
    metrics.JOBS_POSTPONED.labels(job["kind"], type(later.failure).__name__).inc()
    log_event(logger, "job_postponed", job_id=job["id"], pause_s=round(pause, 1), error=type(later.failure).__name__)


async def count_crash(desk: Desk, connection: Connection, job_id: str) -> bool:
    """Count that the work stopped under a job: enqueue it again, or park it after the third time. False: parked or finished."""
    row = await (
        await connection.execute(
            """UPDATE job SET crashes = crashes + 1,
                state = CASE WHEN crashes + 1 >= %(most)s THEN 'parked' ELSE 'queued' END,
                finished_at = CASE WHEN crashes + 1 >= %(most)s THEN now() END
            WHERE id = %(id)s AND state IN ('queued', 'running') RETURNING state, crashes, kind""",
            {"id": job_id, "most": MOST_CRASHES},
        )
    ).fetchone()
    if row is None:
        return False
    metrics.JOB_CRASHES.labels(row["kind"]).inc()
    if row["state"] == "parked":
        metrics.JOBS.labels(row["kind"], "parked").inc()
        log_event(logger, "job_parked", logging.ERROR, job_id=job_id, crashes=row["crashes"])
        return False
    # A little later each time: a job that kills its worker must not kill the next one at once, and those beside it may finish.
    at = desk.now() + timedelta(seconds=AFTER_CRASH_S * row["crashes"])
    return await desk.queue.defer(connection, Task.JOB, job_id, at=at)


async def take_over(desk: Desk) -> int:
    """Give the jobs of workers that died to those that live, and those that this one forgot to itself; how many they were.

    Any number of workers may do this at once.
    """
    async with desk.database.transaction() as connection:
        cursor = await connection.execute(
            """SELECT job.id, job.task_name, job.args->>'id' AS subject FROM procrastinate_jobs AS job
            LEFT JOIN procrastinate_workers AS worker ON worker.id = job.worker_id
            WHERE job.status = 'doing'
            AND (worker.id IS NULL OR worker.last_heartbeat < now() - make_interval(secs => %(stalled)s))
            FOR UPDATE OF job SKIP LOCKED""",
            {"stalled": STALLED_AFTER_S},
        )
        stalled = await cursor.fetchall()
        forgotten = await desk.queue.find_forgotten(connection)
        for row in stalled:
            if row["task_name"] == Task.JOB:
                await count_crash(desk, connection, row["subject"])
                await connection.execute("SELECT procrastinate_finish_job_v1(%(id)s, 'failed', false)", {"id": row["id"]})
            else:
                await _again(connection, row)
        for row in forgotten:  # nobody died under it
            await _again(connection, row)
    stalled += forgotten
    for row in stalled:
        metrics.TAKEN_OVER.labels(row["task_name"]).inc()
        log_event(logger, "job_taken_over", logging.WARNING, task=row["task_name"], subject=row["subject"])
    return len(stalled)


async def _again(connection: Connection, row: Row) -> None:
    await connection.execute("SELECT procrastinate_retry_job_v2(%(id)s, now(), NULL, NULL, NULL)", {"id": row["id"]})


# What the kinds of work share.


async def keep_and_read(desk: Desk, job: Row, version: Version | None, command: ExtractArticle) -> Done:
    """Keep a version of an article (None: it has no id, and no versions), read it, and tell what came of it."""
    caller = Caller(tenant_id=job["tenant_id"], key_id=job["key_id"])
    keeping = None
    if version is not None:
        async with desk.database.transaction() as connection:
            keeping = await keep_version(connection, version, accepted_at=job["created_at"])
            await _name_article(connection, job, keeping.article_id)
        if keeping.extraction_id is not None or keeping.kept is Kept.OLDER:
            ids = (keeping.extraction_id,) if keeping.extraction_id else ()
            return Done(state="succeeded" if ids else "ignored", article_ids=(keeping.article_id,), extraction_ids=ids)
    place = (
        None if keeping is None else Place(tenant_id=job["tenant_id"], article_id=keeping.article_id, number=keeping.number)
    )
    try:
        reading = await read_patiently(desk, job, command, caller)
    except ParleyError as error:
        if place is not None and not isinstance(error, DatabaseUnavailable):
            async with desk.database.transaction() as connection:
                await tell_failure(desk, connection, place, error)
        raise
    if place is not None:
        async with desk.database.transaction() as connection:
            await tell_result(desk, connection, place, reading.extraction)
    return Done(article_ids=_article_ids(keeping), extraction_ids=(reading.extraction.id,))


async def _name_article(connection: Connection, job: Row, article_id: str) -> None:
    """Write down at once whose words a job holds: also one that fails is found when the article is erased."""
    await connection.execute(
        "UPDATE job SET article_ids = array_append(article_ids, %(article)s) WHERE id = %(id)s AND article_ids @> %(ids)s IS FALSE",
        {"id": job["id"], "article": article_id, "ids": [article_id]},
    )


def _article_ids(keeping: Keeping | None) -> tuple[str, ...]:
    return () if keeping is None else (keeping.article_id,)


async def read_patiently(desk: Desk, job: Row, command: ExtractArticle, caller: Caller) -> Reading:
    """Read an article with time: while the model fails, later; when it went on failing, by rules if the command allows that.

    Raises TryLater, and what `read` raises.
    """
    may_degrade = command.on_failure == "degrade"
    try:
        return await read(desk, replace(command, on_failure="error"), caller)
    except LimitReached as reached:
        raise TryLater(reached, float(reached.retry_after_s)) from None
    except UpstreamUnavailable as failure:
        if job["failures"] < MOST_FAILURES:
            raise TryLater(failure) from None
        if not may_degrade:
            raise
    except ExtractionFailed:
        if not may_degrade:
            raise
    return await read(desk, command, caller)


def job_answer(row: Row) -> dict[str, Any]:
    """What a caller reads of a job."""
    states = {"parked": "failed", "ignored": "succeeded"}
    return {
        "id": row["id"],
        "kind": row["kind"],
        "status": states.get(row["state"], row["state"]),
        "outcome": row["state"],
        "attempts": row["attempts"],
        "problem": row["problem"],
        "articles": row["article_ids"],
        "extractions": row["extraction_ids"],
        "created_at": row["created_at"].isoformat(),
        "finished_at": row["finished_at"].isoformat() if row["finished_at"] else None,
    }


async def find_job(desk: Desk, tenant_id: str, job_id: str) -> Row:
    """A job's row; NothingThere if the tenant has no such job."""
    row = await desk.database.row(
        "SELECT * FROM job WHERE id = %(id)s AND tenant_id = %(tenant)s", {"id": job_id, "tenant": tenant_id}
    )
    if row is None:
        raise NothingThere(what="job", id=job_id[:80])
    return row


async def retry_parked(desk: Desk, job_id: str) -> None:
    """Let a parked job be tried again; for operators. NothingThere if there is no such parked job."""
    async with desk.database.transaction() as connection:
        row = await (
            await connection.execute(
                """UPDATE job SET state = 'queued', crashes = 0, failures = 0, finished_at = NULL
                WHERE id = %(id)s AND state = 'parked' RETURNING id""",
                {"id": job_id},
            )
        ).fetchone()
        if row is None:
            raise NothingThere(what="parked job", id=job_id[:80])
        await desk.queue.defer(connection, Task.JOB, job_id, priority=INTERACTIVE)
