"""The worker: does the jobs that were accepted. Any number of them, on any number of machines, share one database."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack

from service.adapters.database.pool import check_cancelled
from service.adapters.queue import Patience, Task
from service.bootstrap import build_services, open_desk
from service.errors import DatabaseUnavailable
from service.flows import jobs
from service.flows.access import prune_usage
from service.flows.desk import Desk
from service.flows.dispatching import dispatch
from service.flows.extracting import do_extract
from service.flows.idempotency import prune_answers
from service.flows.intake import do_fetch, do_hook
from service.flows.polling import poll, schedule_polls
from service.flows.writeback import write_back
from service.handlers import warm_up
from service.metrics import serve_metrics
from service.settings import Settings
from service.telemetry import configure_logging, describe_failure, log_event
from service.tracing import start_tracing, stop_tracing

logger = logging.getLogger(__name__)

TAKE_OVER_S = 5.0
SCHEDULE_S = 15.0
PRUNE_S = 600.0
DISPATCHES = 32
WORKS: Mapping[str, jobs.Work] = {"hook": do_hook, "fetch": do_fetch, "extract": do_extract}


async def run_worker(desk: Desk, *, concurrency: int, patience_s: Patience) -> None:
    """Do jobs until cancelled; then take no more and finish, within `patience_s`, what is under way."""

    async def do_job(id: str) -> None:
        await jobs.run(desk, id, WORKS)

    async def do_dispatch(id: str) -> None:
        await dispatch(desk, id, write_back=write_back)

    async def do_poll(id: str) -> None:
        await poll(desk, id)

    desk.queue.handle(Task.JOB, do_job)
    desk.queue.handle(Task.DISPATCH, do_dispatch)
    desk.queue.handle(Task.POLL, do_poll)
    async with asyncio.TaskGroup() as group:
        group.create_task(desk.queue.work((Task.JOB,), concurrency=concurrency, patience_s=patience_s))
        # Apart, so that a slow model does not hold up messages, nor a slow receiver articles.
        group.create_task(desk.queue.work((Task.DISPATCH, Task.POLL), concurrency=DISPATCHES, patience_s=patience_s))
        group.create_task(_every(TAKE_OVER_S, lambda: jobs.take_over(desk)))
        group.create_task(_every(SCHEDULE_S, lambda: schedule_polls(desk)))
        group.create_task(_every(PRUNE_S, lambda: prune_usage(desk)))
        group.create_task(_every(PRUNE_S, lambda: prune_answers(desk)))


async def _every(seconds: float, work: Callable[[], Awaitable[object]]) -> None:
    while True:
        try:
            await work()
        except DatabaseUnavailable as error:
            log_event(logger, "database_unavailable", logging.WARNING, **describe_failure(error))
        check_cancelled()
        await asyncio.sleep(seconds)


async def work(settings: Settings, *, metrics_port: int | None = None) -> int:
    """A worker as a process, until SIGTERM or SIGINT: then it takes no more jobs and finishes what is under way.

    With `metrics_port`, its own metrics can be read there, on loopback. The exit code: 1 if it failed.
    """
    configure_logging(settings.log_level)
    async with AsyncExitStack() as stack:
        if start_tracing(settings.otel_endpoint):
            stack.callback(stop_tracing)
        services = await build_services(settings)
        stack.push_async_callback(services.aclose)
        desk = await stack.enter_async_context(open_desk(settings, services))
        await warm_up(services)
        if metrics_port is not None:
            stack.callback(serve_metrics(metrics_port))
        running = asyncio.ensure_future(
            run_worker(desk, concurrency=settings.worker_concurrency, patience_s=settings.deadline)
        )
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, running.cancel)
        log_event(logger, "worker_started", concurrency=settings.worker_concurrency, engine=services.default)
        await asyncio.wait({running})
    error = None if running.cancelled() else running.exception()
    if error is not None:
        log_event(logger, "worker_failed", logging.ERROR, **describe_failure(error))
    log_event(logger, "worker_stopped")
    return 0 if error is None else 1
