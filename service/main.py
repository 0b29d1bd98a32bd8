"""The service as a process: `parley serve`, or `uvicorn --factory service.main:create`."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import math
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from types import FrameType

import uvicorn
from fastapi import FastAPI

from service.api.app import create_app
from service.api.context import Context
from service.bootstrap import build_desk, build_services, close_desk, locate_database
from service.flows.desk import Desk
from service.handlers import Services
from service.settings import Settings, load_settings, unknown_variables
from service.telemetry import configure_logging, log_event
from service.worker import run_worker

logger = logging.getLogger(__name__)

SHUTDOWN_MARGIN_S = 5


def create() -> FastAPI:
    """The application by the environment's settings; for servers that take a factory."""
    settings = load_settings()
    configure_logging(settings.log_level)
    return create_app(context_of(settings), partial(build_services, settings))


def context_of(settings: Settings) -> Context:
    """The limits that the routes keep."""
    return Context(max_bytes=settings.max_bytes, max_in_flight=settings.max_in_flight)


async def serve(settings: Settings, *, host: str, port: int, with_worker: bool = True) -> None:
    """Serve until SIGTERM or SIGINT: then take no more, finish what is in flight, close the services.

    `port` 0 takes a free one; the event `service_started` names it. `with_worker`: do the jobs in this process, too.
    Raises a SetupError before a port is opened.
    """
    configure_logging(settings.log_level)
    # The thread that reads articles gives the interpreter back to the event loop after a millisecond instead of five.
    sys.setswitchinterval(0.001)
    for name in unknown_variables():
        log_event(logger, "setting_ignored", logging.WARNING, setting=name)
    services = await build_services(settings)
    context = context_of(settings)
    context.open_mode = _is_loopback(host)
    located = await asyncio.to_thread(locate_database, settings) if settings.has_database else None
    if located is not None:
        context.desk = await build_desk(settings, services, located)
    worker = _start_worker(context.desk, settings) if with_worker and context.desk is not None else None
    config = uvicorn.Config(
        create_app(context, _already(services)),
        host=host,
        port=port,
        http="httptools",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=math.ceil(settings.deadline) + SHUTDOWN_MARGIN_S,
    )
    # uvicorn raises the signal again when it is done; a service that stopped as it was told to ends with exit code 0.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _ignore)
    await _Server(config, context, services).serve()
    if worker is not None:
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker
    if context.desk is not None:
        await close_desk(context.desk)
    if located is not None and located.embedded is not None:
        await asyncio.to_thread(located.embedded.stop)
    log_event(logger, "service_stopped")


def _start_worker(desk: Desk, settings: Settings) -> asyncio.Task[None]:
    return asyncio.create_task(
        run_worker(desk, concurrency=settings.worker_concurrency, patience_s=settings.deadline), name="worker"
    )


def _is_loopback(host: str) -> bool:
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
        super().handle_exit(sig, frame)
