"""The HTTP application: routes, problems, and the services that live as long as it runs."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from service.api.batch import batch_router
from service.api.connections import connections_router
from service.api.context import Context, facts_of
from service.api.docs import docs_router
from service.api.endpoints import endpoints_router
from service.api.extraction import extraction_router
from service.api.health import health_router
from service.api.hooks import hooks_router
from service.api.jobs import jobs_router
from service.api.metrics import metrics_router
from service.api.middleware import RequestFrame
from service.api.openapi import openapi_document
from service.api.problems import Refusal, problem_response, refusal_of
from service.api.stored import stored_router
from service.errors import ParleyError
from service.handlers import Services, warm_up


def create_app(context: Context, open_services: Callable[[], Awaitable[Services]]) -> FastAPI:
    """The application over `context`; `open_services` is awaited at start-up, and what it gives is closed at the end."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        services = await open_services()
        await warm_up(services)
        # What start-up made lives as long as the process: the collector need not look at it with every request.
        gc.collect()
        gc.freeze()
        context.services = services
        try:
            yield
        finally:
            context.services = None
            await services.aclose()

    running = version("parley")
    app = FastAPI(title="Parley", version=running, lifespan=lifespan, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.add_middleware(RequestFrame)
    for kind in (Refusal, ParleyError, HTTPException):
        app.add_exception_handler(kind, _answer_problem)
    app.include_router(extraction_router(context))
    app.include_router(batch_router(context))
    app.include_router(stored_router(context))
    app.include_router(jobs_router(context))
    app.include_router(hooks_router(context))
    app.include_router(connections_router(context))
    app.include_router(endpoints_router(context))
    app.include_router(health_router(context))
    app.include_router(metrics_router(context))

    @cache
    def document() -> dict[str, Any]:
        return openapi_document(app, version=running)

    app.openapi = document  # type: ignore[method-assign] # FastAPI's own way of extending the document
    app.include_router(docs_router(document))
    return app


async def _answer_problem(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException) and error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        error = HTTPException(error.status_code, headers={"Allow": ", ".join(_allowed(request))})
    return problem_response(refusal_of(error), facts_of(request).id)


def _allowed(request: Request) -> list[str]:
    """The methods of an address: each is a route of its own, and the router names only those of the first."""
    return [
        method
        for method in ("DELETE", "GET", "PATCH", "POST", "PUT")
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in request.app.routes)
    ]
