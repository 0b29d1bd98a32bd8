"""What the routes share: the services, the limits and how many extractions are in flight."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

from service.api.access import caller_of
from service.api.problems import Kind, Refusal
from service.api.turns import Turns
from service.domain.record import Extraction
from service.flows.desk import Caller, Desk
from service.handlers import ExtractArticle, Services, extract_article
from service.telemetry import Fact

Result = TypeVar("Result")

BODY_TIMEOUT_S = 30.0
RETRY_AFTER_S = "1"
FACTS = "parley.facts"


@dataclass(slots=True, kw_only=True)
class Facts:
    """What is known of one request in the end: for its log line and for Server-Timing. Times are in seconds."""

    id: str
    started: float
    timings: dict[str, float] = field(default_factory=dict)
    outcome: dict[str, Fact] = field(default_factory=dict)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Count the time of a block under `name`."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.timings[name] = self.timings.get(name, 0.0) + time.perf_counter() - started


def facts_of(request: Request) -> Facts:
    """The facts that the middleware opened for this request."""
    facts: Facts = request.scope[FACTS]
    return facts


@dataclass(slots=True, kw_only=True)
class Context:
    """Shared by all routes of one application. `services` is None before start-up and after the end.

    `desk` is None as well where the service runs without a database. In `open_mode`, on loopback only, nobody needs a key until
    there is one. With `open_metrics`, nobody ever needs one for GET /metrics.
    """

    max_bytes: int
    max_in_flight: int
    extract: Callable[[ExtractArticle, Services], Awaitable[Extraction]] = extract_article
    services: Services | None = None
    desk: Desk | None = None
    open_mode: bool = True
    open_metrics: bool = False
    in_flight: int = 0
    max_batch_bytes: int = 268_435_456
    max_batches: int = 4
    batches: int = 0
    draining: bool = False
    turns: Turns = field(default_factory=Turns)

    def ready_services(self) -> Services:
        """The services; a Refusal while there are none."""
        if self.services is None:
            raise Refusal(Kind.NOT_READY, "The service is starting or has stopped.", headers={"Retry-After": RETRY_AFTER_S})
        return self.services

    def ready_desk(self) -> Desk:
        """What works with the database; a Refusal where there is none."""
        if self.desk is None:
            raise Refusal(Kind.NO_DATABASE, "This service runs without a database and keeps nothing.")
        return self.desk

    async def caller(self, request: Request, scope: str) -> Caller:
        """Who asks, if that may do what needs `scope`; else KeyRefused or ScopeMissing."""
        return await caller_of(request, self.desk, scope, open_mode=self.open_mode)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """A place among the extractions in flight; a Refusal when all are taken."""
        if self.in_flight >= self.max_in_flight:
            raise Refusal(
                Kind.OVERLOADED,
                f"{self.in_flight:,} extractions are in flight, which is the limit; try again later.",
                headers={"Retry-After": RETRY_AFTER_S},
            )
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1


async def read_json_body(request: Request, limit: int) -> bytes:
    """The body of a request sent as JSON; a Refusal if it is sent as something else, and as `read_body`."""
    _require_json(request)
    return await read_body(request, limit)


async def read_body(request: Request, limit: int) -> bytes:
    """The body of a request, counted while it arrives: what a header says about its length is only a hint.

    Raises a Refusal if it is larger than `limit` bytes or takes too long to arrive.
    """
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for chunk in request.stream():
                size += len(chunk)
                if size > limit:
                    raise _too_large(limit)
                chunks.append(chunk)
    except TimeoutError:
        detail = f"The body did not arrive within {BODY_TIMEOUT_S:.0f} seconds."
        raise Refusal(Kind.BODY_TIMED_OUT, detail, headers={"Connection": "close"}) from None
    return b"".join(chunks)


def _require_json(request: Request) -> None:
    media_type, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    charset = parameters.partition("charset=")[2].strip(' "') or "utf-8"
    subtype = media_type.strip().removeprefix("application/")
    if (subtype != "json" and not subtype.endswith("+json")) or charset not in ("utf-8", "utf8"):
        raise Refusal(Kind.UNSUPPORTED_MEDIA_TYPE, "Expected Content-Type: application/json, in UTF-8.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Refusal(Kind.UNSUPPORTED_MEDIA_TYPE, "Expected a body without Content-Encoding.")


def _too_large(limit: int) -> Refusal:
    return Refusal(Kind.TOO_LARGE, f"The body is larger than {limit:,} bytes.")


async def while_connected(receive: Receive, work: Awaitable[Result]) -> Result:
    """The result of `work`, which is cancelled, with ClientDisconnect, as soon as nobody waits for it any more.

    To be called when the whole body has been received: the next message can then only say that the client is gone.
    """
    task = asyncio.current_task()
    gone = False

    async def watch() -> None:
        nonlocal gone
        while (await receive())["type"] != "http.disconnect":
            pass
        gone = True
        if task is not None:
            task.cancel()

    watcher = asyncio.create_task(watch())
    try:
        return await work
    except asyncio.CancelledError:
        if not gone:
            raise
        if task is not None:
            task.uncancel()
        raise ClientDisconnect from None
    finally:
        watcher.cancel()
