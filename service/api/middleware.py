"""One pure ASGI layer around every request: its id, its headers, its log line, and the net below all errors."""

from __future__ import annotations

import logging
import re
import secrets
import time

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.context import FACTS, Facts
from service.api.problems import CLIENT_GONE, problem_response, refusal_of
from service.telemetry import describe_failure, log_event, request_id

logger = logging.getLogger(__name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# Nothing of another host is ever loaded, nothing is framed: the page at /docs lives by these rules too.
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


class RequestFrame:
    """ASGI middleware; the innermost application finds the request's Facts in its scope."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection event; only HTTP requests are framed."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        facts = Facts(id=_request_id(scope), started=time.perf_counter())
        scope[FACTS] = facts
        request_id.set(facts.id)
        answer = _Answer(send, facts)
        try:
            await self._app(scope, receive, answer.send)
        except ClientDisconnect:
            answer.status = CLIENT_GONE
        except Exception as error:  # noqa: BLE001 - the net below everything
            # Without its words: they may hold the article. The id leads from the answer to this line.
            log_event(logger, "request_failed", logging.ERROR, **describe_failure(error))
            if answer.status is None:
                await problem_response(refusal_of(error), facts.id)(scope, receive, answer.send)
        finally:
            _log_request(scope, facts, answer)


class _Answer:
    """Watches what is sent, and adds the headers that every answer has."""

    def __init__(self, send: Send, facts: Facts) -> None:
        self._send, self._facts = send, facts
        self.status: int | None = None
        self.size = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = ((b"x-request-id", self._facts.id.encode()), (b"server-timing", _server_timing(self._facts).encode()))
            message["headers"] = [*message["headers"], *own, *_HEADERS]
        elif message["type"] == "http.response.body":
            self.size += len(message.get("body", b""))
        await self._send(message)


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _server_timing(facts: Facts) -> str:
    times = {**facts.timings, "total": time.perf_counter() - facts.started}
    return ", ".join(f"{name};dur={seconds * 1000:.1f}" for name, seconds in times.items())


def _log_request(scope: Scope, facts: Facts, answer: _Answer) -> None:
    route = scope.get("route")
    log_event(
        logger,
        "request_finished",
        method=scope["method"] if scope["method"] in ("GET", "HEAD", "OPTIONS", "POST") else "other",
        route=getattr(route, "path", None),  # never the path itself: anybody can write anything there
        status=answer.status,
        bytes_out=answer.size,
        elapsed_ms=round((time.perf_counter() - facts.started) * 1000, 1),
        **facts.outcome,
    )
