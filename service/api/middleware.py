"""One pure ASGI layer around every request: its id, its headers, its log line, and the net below all errors."""

from __future__ import annotations

import logging
import re
import secrets
import time

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import metrics
from service.api.context import FACTS, Facts
from service.api.problems import CLIENT_GONE, problem_response, refusal_of
from service.telemetry import describe_failure, log_event, request_id
from service.tracing import span_caused_by

logger = logging.getLogger(__name__)

_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PATCH", "PUT", "DELETE"})
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
        with span_caused_by(Headers(scope=scope), "request", method=_method(scope), request_id=facts.id) as traced:
            await self._answer(scope, receive, answer, facts)
            traced.rename(f"{_method(scope)} {_route(scope)}")
            traced.set(route=_route(scope), status=answer.status)

    async def _answer(self, scope: Scope, receive: Receive, answer: _Answer, facts: Facts) -> None:
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
    elapsed = time.perf_counter() - facts.started
    metrics.REQUESTS.labels(_route(scope), _method(scope), answer.status or CLIENT_GONE).inc()
    metrics.REQUEST_SECONDS.labels(_route(scope)).observe(elapsed)
    log_event(
        logger,
        "request_finished",
        method=_method(scope),
        route=_route(scope),
        status=answer.status,
        bytes_out=answer.size,
        elapsed_ms=round(elapsed * 1000, 1),
        **facts.outcome,
    )


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else "other"


def _route(scope: Scope) -> str | None:
    """As we named it, None where there is none: never the path itself, anybody can write anything there."""
    return getattr(scope.get("route"), "path", None)
