"""The service as a process: `parley serve`, or `uvicorn --factory service.main:create`."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import math
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from types import FrameType

import uvicorn
from fastapi import FastAPI

from service.api.app import create_app
from service.api.context import Context
from service.bootstrap import build_services, open_desk
from service.flows.desk import Desk
from service.flows.keys import is_open
from service.handlers import Services
from service.settings import Settings, load_settings, unknown_variables
from service.telemetry import configure_logging, describe_failure, log_event
from service.tracing import start_tracing, stop_tracing
from service.worker import run_worker

logger = logging.getLogger(__name__)

SHUTDOWN_MARGIN_S = 5


def create() -> FastAPI:
    """The application by the environment's settings; for servers that take a factory."""
    settings = load_settings()
    configure_logging(settings.log_level)
    return create_app(context_of(settings), partial(build_services, settings))


def context_of(settings: Settings) -> Context:
    """What the routes keep to."""
    return Context(
        max_bytes=settings.max_bytes, max_in_flight=settings.max_in_flight, open_metrics=settings.metrics == "open"
    )


async def serve(settings: Settings, *, host: str, port: int, with_worker: bool = True) -> int:
    """Serve until SIGTERM or SIGINT: take no more requests, answer those in flight, finish the jobs under way, close the services.

    All of that takes no longer than a deadline and some seconds: what is not done by then, a worker does later. `port` 0 takes a
    free one; the event `service_started` names it. `with_worker`: do the jobs in this process, too. The exit code: 1 if the worker
    failed, which ends the service. Raises a SetupError before a port is opened.
    """
    configure_logging(settings.log_level)
    # The thread that reads articles gives the interpreter back to the event loop after a millisecond instead of five.
    sys.setswitchinterval(0.001)
    for name in unknown_variables():
        log_event(logger, "setting_ignored", logging.WARNING, setting=name)
    context = context_of(settings)
    context.open_mode = is_loopback(host)
    async with AsyncExitStack() as stack:
        if start_tracing(settings.otel_endpoint):
            stack.callback(stop_tracing)
        services = await build_services(settings)
        stack.push_async_callback(services.aclose)
        if settings.has_database:
            context.desk = await stack.enter_async_context(open_desk(settings, services))
        await _warn_without_keys(context)
        server = _Server(_config(settings, context, services, host=host, port=port), context, services)
        worker = None
        if with_worker and context.desk is not None:
            worker = _Backstage(context.desk, settings, server)
            stack.push_async_callback(worker.stop)
        # uvicorn raises the signal again when it is done; a service that stopped as it was told to ends with exit code 0.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _ignore)
        await server.serve()
    log_event(logger, "service_stopped")
    return 1 if worker is not None and worker.failed else 0


def _config(settings: Settings, context: Context, services: Services, *, host: str, port: int) -> uvicorn.Config:
    # Lent, not given: the worker needs them until its last job is done, and that is after the last answer.
    lent = replace(services, closers=())
    return uvicorn.Config(
        create_app(context, _already(lent)),
        host=host,
        port=port,
        http="httptools",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=math.ceil(settings.deadline) + SHUTDOWN_MARGIN_S,
    )


async def _warn_without_keys(context: Context) -> None:
    """Say so where every request will be refused: off loopback, nobody is let in without a key."""
    if context.open_mode or (context.desk is not None and not await is_open(context.desk)):
        return
    advice = "parley keys create --name NAME --scope extract,read"
    if context.desk is None:
        advice = f"set PARLEY_DATABASE_URL, then: {advice}"
    log_event(logger, "keys_missing", logging.WARNING, advice=advice)


class _Backstage:
    """The worker of this process. A service whose worker failed ends: it would accept what nobody does."""

    def __init__(self, desk: Desk, settings: Settings, server: _Server) -> None:
        self._server, self._deadline = server, settings.deadline
        self.failed = False
        running = run_worker(desk, concurrency=settings.worker_concurrency, patience_s=self._patience_s)
        self._task = asyncio.create_task(running, name="worker")
        self._task.add_done_callback(self._ended)

    async def stop(self) -> None:
        """Let it finish what is under way."""
        self._task.cancel()
        await asyncio.wait({self._task})

    def _patience_s(self) -> float:
        """What the answers in flight have left of the time."""
        told = self._server.told_to_stop
        return self._deadline if told is None else max(1.0, told + self._deadline - time.monotonic())

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failed = True
            log_event(logger, "worker_failed", logging.ERROR, **describe_failure(error))
            self._server.should_exit = True


def is_loopback(host: str) -> bool:
    """Whether what listens on this address can be reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _already(services: Services) -> Callable[[], Awaitable[Services]]:
    async def given() -> Services:
        return services

    return given


def _ignore(_: int, __: FrameType | None) -> None:
    """Nothing more to do."""


class _Server(uvicorn.Server):
    """Tells readiness that the end has begun, and the log where the service listens."""

    def __init__(self, config: uvicorn.Config, context: Context, services: Services) -> None:
        super().__init__(config)
        self._context, self._services = context, services
        self.told_to_stop: float | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        listening = self.servers[0].sockets[0].getsockname()
        log_event(
            logger,
            "service_started",
            host=str(listening[0]),
            port=int(listening[1]),
            engine=self._services.default,
            models=", ".join(self._services.models),
        )

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._context.draining = True
        self.told_to_stop = self.told_to_stop or time.monotonic()
        super().handle_exit(sig, frame)
