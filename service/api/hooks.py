"""POST /hooks/{adapter}/{connection}: where a CMS tells what happened.

Its statuses are chosen for senders that give up easily: 200 for all that was understood, also if there is nothing to do; 401
for whatever is wrong with signature or address; 503 with Retry-After for whatever may be better later, a fault of our own among
it. Never 404, 410, 429 or 500, at which some senders delete the hook or lose the article.
"""

from __future__ import annotations

import json
import logging
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import ClientDisconnect, Request

from service import metrics
from service.api.context import Context, facts_of, read_body
from service.api.problems import MEDIA_TYPE, Kind, Refusal, problem_response, refusal_of
from service.errors import MediaTypeRefused, NotNow, PayloadUnreadable, SignatureRefused
from service.flows.intake import Received, receive
from service.telemetry import describe_failure, log_event
from service.webhooks.cms.registry import ADAPTERS

logger = logging.getLogger(__name__)

MOST_BYTES = 2_097_152
RETRY_AFTER_S = "30"

_PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
_ANSWER = {
    "type": "object",
    "required": ["status", "job_id"],
    "properties": {
        "status": {"enum": ["accepted", "duplicate", "ignored"], "description": "What became of the delivery."},
        "job_id": {"type": ["string", "null"], "description": "The job that reads it; null if there is nothing to read."},
    },
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "It is kept and will be read, or there is nothing to do.",
        "content": {"application/json": {"schema": _ANSWER}},
    },
    400: {"description": "The signature holds, but the body is not JSON in UTF-8.", "content": _PROBLEM},
    401: {"description": "Wrong signature, or no such connection.", "content": _PROBLEM},
    413: {"description": f"The body is larger than {MOST_BYTES:,} bytes.", "content": _PROBLEM},
    415: {"description": "The body is sent as something that this CMS's adapter does not read.", "content": _PROBLEM},
    503: {"description": "Try again later, as Retry-After says.", "content": _PROBLEM},
}
_MEDIA_TYPES = sorted({media_type for adapter in ADAPTERS.values() for media_type in adapter.content_types})
_PARAMETERS = {
    "adapter": {"type": "string", "enum": list(ADAPTERS), "description": "The CMS."},
    "connection": {"type": "string", "description": "The connection's id."},
    "event": {"type": "string", "description": "The event, for a CMS that does not name it: post.published, for example."},
}


def _described(*names: str) -> dict[str, Any]:
    """What FastAPI does not see, since nothing of a hook may be judged before its signature."""
    parameters = [{"name": name, "in": "path", "required": True, "schema": _PARAMETERS[name]} for name in names]
    body = {
        "required": True,
        "description": "What the CMS sends, signed as the connection says.",
        "content": {media_type: {"schema": {}} for media_type in _MEDIA_TYPES},
    }
    return {"parameters": parameters, "requestBody": body}


def hooks_router(context: Context) -> APIRouter:
    """The routes of incoming webhooks."""
    router = APIRouter(tags=["webhooks in"])

    @router.post(
        "/hooks/{adapter}/{connection}",
        operation_id="receive_hook",
        summary="A CMS tells what happened to an article",
        responses=_RESPONSES,
        openapi_extra=_described("adapter", "connection"),
    )
    async def receive_hook(request: Request) -> Response:
        return await _answer(context, request)

    @router.post(
        "/hooks/{adapter}/{connection}/{event}",
        operation_id="receive_named_hook",
        summary="A CMS that does not name its events tells one at an address that does",
        responses=_RESPONSES,
        openapi_extra=_described("adapter", "connection", "event"),
    )
    async def receive_named_hook(request: Request) -> Response:
        return await _answer(context, request)

    # A misspelt address is not told from a wrong secret either.
    @router.post("/hooks/{rest:path}", include_in_schema=False)
    async def receive_astray(request: Request) -> Response:
        return await _answer(context, request)

    return router


async def _answer(context: Context, request: Request) -> Response:
    facts = facts_of(request)
    named = request.path_params.get("adapter")
    adapter = named if named in ADAPTERS else "unknown"
    facts.outcome["adapter"] = adapter
    try:
        received = await _receive(context, request)
    except ClientDisconnect:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the sender shall try again
        if isinstance(error, SignatureRefused):
            facts.outcome["refused"] = error.reason
            metrics.HOOKS_REFUSED.labels(adapter, error.reason).inc()
        refusal = _refusal(error)
        metrics.DELIVERIES.labels(adapter, str(refusal.status)).inc()
        return problem_response(refusal, facts.id)
    metrics.DELIVERIES.labels(adapter, received.status).inc()
    # Not why it was ignored: that quotes what the sender wrote.
    facts.outcome.update(
        connection_id=request.path_params["connection"],
        delivery=received.status,
        job_id=received.job_id,
    )
    body = json.dumps({"status": received.status, "job_id": received.job_id})
    return Response(body, media_type="application/json")


async def _receive(context: Context, request: Request) -> Received:
    if context.draining:
        raise Refusal(Kind.NOT_READY, "The service is stopping.")
    desk, facts = context.ready_desk(), facts_of(request)
    with facts.timed("body"):
        body = await read_body(request, MOST_BYTES)
        facts.outcome["bytes_in"] = len(body)
    with facts.timed("intake"):
        return await receive(
            desk,
            request.path_params.get("adapter", ""),
            request.path_params.get("connection", ""),
            headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw],
            body=body,
            method=request.method,
            path=_called_path(request, desk.base_url),
            path_event=request.path_params.get("event"),
        )


def _called_path(request: Request, base_url: str) -> str:
    """The path as the sender called it, percent-encoded: a proxy may have cut off what our public address has before it."""
    raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
    return urlsplit(base_url).path + raw.decode("latin-1").partition("?")[0]


def _refusal(error: Exception) -> Refusal:
    match error:
        case SignatureRefused():
            return Refusal(Kind.SIGNATURE_REFUSED, error.message)
        case MediaTypeRefused():
            return Refusal(Kind.UNSUPPORTED_MEDIA_TYPE, error.message)
        case PayloadUnreadable():
            return Refusal(Kind.INVALID_JSON, error.message)
        case NotNow():
            return refusal_of(error)
        case Refusal(kind=Kind.TOO_LARGE):
            return error
        case Refusal():
            return Refusal(Kind.NOT_READY, error.detail, headers={"Retry-After": RETRY_AFTER_S, **error.headers})
        case _:
            log_event(logger, "hook_failed", logging.ERROR, **describe_failure(error))
            return Refusal(Kind.NOT_READY, "The delivery could not be kept.", headers={"Retry-After": RETRY_AFTER_S})
