"""How far jobs are, for those who ask or wait."""

from __future__ import annotations

import asyncio
import time

from service.adapters.database.pool import Row
from service.errors import NothingThere
from service.flows.desk import Desk

FIRST_LOOK_S, LONGEST_LOOK_S = 0.05, 0.5


async def list_jobs(
    desk: Desk, tenant_id: str, *, state: str | None = None, before: str | None = None, limit: int
) -> list[Row]:
    """A tenant's jobs, newest first, without what they were asked to do: those in this state, before job `before`."""
    return await desk.database.rows(
        """SELECT id, kind, state, attempts, problem, article_ids, extraction_ids, created_at, finished_at FROM job
        WHERE tenant_id = %(tenant)s AND (%(state)s::text IS NULL OR state = %(state)s)
        AND (%(before)s::text IS NULL OR id < %(before)s)
        ORDER BY id DESC LIMIT %(limit)s""",
        {"tenant": tenant_id, "state": state, "before": before, "limit": limit},
    )


async def get_job(desk: Desk, tenant_id: str, job_id: str) -> Row:
    """One of them; NothingThere if the tenant has no such job."""
    row = await desk.database.row(
        """SELECT id, kind, state, attempts, problem, article_ids, extraction_ids, created_at, finished_at FROM job
        WHERE id = %(id)s AND tenant_id = %(tenant)s""",
        {"id": job_id, "tenant": tenant_id},
    )
    if row is None:
        raise NothingThere(what="job", id=job_id[:80])
    return row


async def wait_for(desk: Desk, tenant_id: str, job_id: str, *, seconds: float) -> Row:
    """A job as soon as it is done, or as it is after that time. It is looked at now and then: whoever does it may be anywhere."""
    until, pause = time.monotonic() + seconds, FIRST_LOOK_S
    while True:
        row = await get_job(desk, tenant_id, job_id)
        left = until - time.monotonic()
        if row["state"] not in ("queued", "running") or left <= 0:
            return row
        await asyncio.sleep(min(pause, left))
        pause = min(pause * 1.5, LONGEST_LOOK_S)
