"""GET /metrics: what Prometheus reads. The database is asked at that moment, for two seconds at most; it may be missing."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client.core import GaugeMetricFamily, Metric
from starlette.requests import Request

from service.api.access import is_local
from service.api.context import Context
from service.errors import DatabaseUnavailable
from service.flows.backlog import Backlog, look
from service.flows.desk import ADMIN
from service.metrics import CONTENT_TYPE, exposition

_TEXT = {"text/plain": {"schema": {"type": "string"}}}


def metrics_router(context: Context) -> APIRouter:
    """The route of metrics. Open where the service listens on loopback only, or as the operator says; else for admins."""
    router = APIRouter(tags=["service"])

    @router.get(
        "/metrics",
        operation_id="show_metrics",
        summary="What Prometheus reads",
        response_class=Response,
        responses={
            200: {
                "description": "Metrics in Prometheus's text format.",
                "content": {"text/plain": {"schema": {"type": "string"}}},
            }
        },
    )
    async def show_metrics(request: Request) -> Response:
        # Neither of the first two asks the database: metrics are wanted most when it is down.
        if not (context.open_metrics or (context.open_mode and is_local(request))):
            await context.caller(request, ADMIN)
        return Response(exposition(*await _of_database(context)), media_type=CONTENT_TYPE)

    return router


async def _of_database(context: Context) -> tuple[Metric, ...]:
    if context.desk is None:
        return ()
    try:
        backlog = await look(context.desk.database)
    except DatabaseUnavailable:
        return (_gauge("database_up", "Whether the database answers.", 0),)
    return (_gauge("database_up", "Whether the database answers.", 1), *_metrics(backlog))


def _metrics(backlog: Backlog) -> tuple[Metric, ...]:
    unfinished = GaugeMetricFamily("parley_queue_jobs", "Jobs that are queued or running.", labels=("kind", "state"))
    for kind, state, number in backlog.unfinished:
        unfinished.add_metric((kind, state), number)
    return (
        unfinished,
        _gauge(
            "queue_oldest_job_seconds",
            "Age of the oldest job that is not finished; 0 without any.",
            backlog.oldest_job_s or 0,
        ),
        _gauge(
            "queue_entries", "Entries of the queue that nobody works on, those of a later time among them.", backlog.queued
        ),
        _gauge("jobs_parked", "Jobs that were set aside and wait for a person.", backlog.parked),
        _gauge("dispatches_open", "Messages on their way to an endpoint or a CMS.", backlog.dispatches),
        _gauge(
            "dispatch_oldest_due_seconds",
            "How long the oldest message that is due waits; 0 without any.",
            backlog.oldest_due_dispatch_s or 0,
        ),
        _gauge("dead_letters", "Messages that were given up.", backlog.dead_letters),
        _gauge("endpoints_disabled", "Endpoints that nothing is sent to.", backlog.disabled_endpoints),
        _gauge("workers_alive", "Workers of the queue with a fresh heartbeat; a process has two.", backlog.workers),
    )


def _gauge(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"parley_{name}", what, value=value)
