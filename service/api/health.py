"""Whether the service lives, whether it is ready, which models it has and which version it is."""

from __future__ import annotations

import asyncio
import platform
from dataclasses import dataclass
from importlib.metadata import version

from fastapi import APIRouter

from service.api.context import RETRY_AFTER_S, Context
from service.api.problems import Kind, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Alive:
    """The process answers."""

    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The service takes articles; `checks` names each outside part and whether it answers."""

    status: str
    checks: dict[str, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """The names that a request's `model` may have, and the one that is taken without it."""

    default: str
    models: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What is running."""

    name: str
    version: str
    python: str


async def _checks(context: Context) -> dict[str, bool]:
    """Whether each outside part answers, all asked at the same time."""
    services = context.ready_services()
    if context.desk is None:
        return await services.ready()
    database, models = await asyncio.gather(context.desk.database.is_reachable(), services.ready())
    return {"database": database, **models}


def health_router(context: Context) -> APIRouter:
    """The routes for operators; none of them ever calls a model."""
    router = APIRouter(tags=["service"])
    running = Version(name="parley", version=version("parley"), python=platform.python_version())

    @router.get("/health/live", operation_id="check_alive", summary="Whether the process answers")
    async def check_alive() -> Alive:
        return Alive(status="alive")

    @router.get("/health/ready", operation_id="check_ready", summary="Whether articles are taken")
    async def check_ready() -> Ready:
        if context.draining:
            raise Refusal(Kind.NOT_READY, "The service is stopping.", headers={"Retry-After": RETRY_AFTER_S})
        checks = await _checks(context)
        if missing := [name for name, answers in checks.items() if not answers]:
            detail = f"Not reachable: {', '.join(missing)}."
            raise Refusal(Kind.NOT_READY, detail, headers={"Retry-After": RETRY_AFTER_S})
        return Ready(status="ready", checks=checks)

    @router.get("/models", operation_id="list_models", summary="The models that a request may choose")
    async def list_models() -> Models:
        services = context.ready_services()
        return Models(default=services.default, models=list(services.models))

    @router.get("/version", operation_id="show_version", summary="The version that is running")
    async def show_version() -> Version:
        return running

    return router
