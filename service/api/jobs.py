"""Routes of jobs: how far work is that was accepted, and once more what was set aside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field
from starlette.requests import Request

from service.adapters.database.pool import Row
from service.api.asking import Id, Query, asked, described_query, entered, known, problems
from service.api.context import RETRY_AFTER_S, Context
from service.api.problems import Kind
from service.flows import jobs, progress
from service.flows.desk import ADMIN, READ

JobState = Literal["queued", "running", "succeeded", "ignored", "failed", "parked"]
_UNFINISHED = frozenset({"queued", "running"})
_WAIT = {"Retry-After": {"description": "Seconds to wait before asking again.", "schema": {"type": "string"}}}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProblem:
    """Why a job failed: a stable word for programs, a sentence for people."""

    type: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobAnswer:
    """A job. `outcome` tells more than `status`: "ignored" (there was nothing to do), "parked" (it broke three times).

    `result` is where the extraction is read, null as long as there is none; `articles` and `extractions` are ids.
    """

    id: str
    kind: Literal["hook", "fetch", "extract"]
    status: Literal["queued", "running", "succeeded", "failed"]
    outcome: JobState
    attempts: int
    result: str | None
    problem: JobProblem | None
    articles: tuple[str, ...]
    extractions: tuple[str, ...]
    created_at: str
    finished_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPage:
    """Jobs, newest first; `next` is the id to ask for those `before` it, null at the end."""

    jobs: tuple[JobAnswer, ...]
    next: str | None


class JobsQuery(Query):
    """Which jobs are asked for."""

    state: JobState | None = Field(None, description="Only those in this state.")
    before: Id | None = Field(None, description="The `next` of the page before this.")
    limit: int = Field(50, ge=1, le=200, description="Length of a page.")


def answer_of(row: Row) -> JobAnswer:
    """What a caller reads of a job."""
    told = jobs.job_answer(row)
    problem, extractions = told["problem"], tuple(told["extractions"])
    return JobAnswer(
        id=told["id"],
        kind=told["kind"],
        status=told["status"],
        outcome=told["outcome"],
        attempts=told["attempts"],
        result=f"/extractions/{extractions[0]}" if extractions else None,
        problem=None if problem is None else JobProblem(type=problem["type"], detail=problem["detail"]),
        articles=tuple(told["articles"]),
        extractions=extractions,
        created_at=told["created_at"],
        finished_at=told["finished_at"],
    )


def jobs_router(context: Context) -> APIRouter:
    """Routes of jobs."""
    router = APIRouter(tags=["jobs"])

    @router.get(
        "/jobs",
        operation_id="list_jobs",
        summary="Jobs, newest first",
        responses=problems(),
        openapi_extra=described_query(JobsQuery),
    )
    async def list_jobs(request: Request) -> JobPage:
        desk, caller = await entered(context, request, ADMIN)
        query = asked(request, JobsQuery)
        rows = await progress.list_jobs(
            desk, caller.tenant_id, state=query.state, before=query.before, limit=query.limit + 1
        )
        shown = tuple(answer_of(row) for row in rows[: query.limit])
        return JobPage(jobs=shown, next=shown[-1].id if len(rows) > query.limit else None)

    @router.get(
        "/jobs/{job_id}",
        operation_id="get_job",
        summary="How far a job is, and where its result is read",
        responses={200: {"headers": _WAIT}, **problems(Kind.NOT_FOUND)},
    )
    async def get_job(request: Request, job_id: str, response: Response) -> JobAnswer:
        desk, caller = await entered(context, request, READ)
        row = await progress.get_job(desk, caller.tenant_id, known("job", job_id))
        if row["state"] in _UNFINISHED:
            response.headers["Retry-After"] = RETRY_AFTER_S
        return answer_of(row)

    @router.post(
        "/jobs/{job_id}/retry",
        operation_id="retry_job",
        summary="Try a job again that was parked",
        status_code=202,
        responses=problems(Kind.NOT_FOUND),
    )
    async def retry_job(request: Request, job_id: str) -> JobAnswer:
        desk, caller = await entered(context, request, ADMIN)
        await progress.get_job(desk, caller.tenant_id, known("job", job_id))  # another tenant's is not there
        await jobs.retry_parked(desk, job_id)
        return answer_of(await progress.get_job(desk, caller.tenant_id, job_id))

    return router
