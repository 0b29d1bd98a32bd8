"""Routes for the owner of endpoints: who is told, what was sent, and once more. All of them need a key with the scope `admin`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, WithJsonSchema
from starlette.requests import Request

from service.api.asking import (
    BODY_PROBLEMS,
    ID,
    Query,
    asked,
    described_body,
    described_query,
    entered,
    known,
    problems,
    read_model,
)
from service.api.context import Context
from service.api.problems import Kind
from service.api.schemas import unexpected
from service.flows import delivery_log, endpoints, replaying
from service.flows.delivery_log import Attempt, Dispatch, Message
from service.flows.desk import ADMIN, Desk
from service.flows.endpoints import Endpoint, NewSecret
from service.flows.replaying import Replayed
from service.webhooks.events import EventType

_SUBSCRIBABLE = [one.value for one in EventType if one is not EventType.PING]


def _event_type(value: object) -> EventType:
    if isinstance(value, str) and value in _SUBSCRIBABLE:
        return EventType(value)
    raise unexpected(f"one of {', '.join(_SUBSCRIBABLE)}")


def _one_line(value: str) -> str:
    if not value.isprintable():
        raise unexpected("text without line breaks and control characters")
    return value


# Written out, since a reference would lead out of the route's own schema.
_Type = Annotated[str, AfterValidator(_event_type), WithJsonSchema({"type": "string", "enum": _SUBSCRIBABLE})]
_Types = Annotated[list[_Type], Field(max_length=len(_SUBSCRIBABLE))]
_Url = Annotated[str, Field(min_length=1, max_length=2048)]
_Description = Annotated[str, Field(max_length=200), AfterValidator(_one_line)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class NewEndpoint(_Request):
    """An endpoint to be made."""

    url: _Url = Field(description="Where messages are posted to: an http or https address of the public internet.")
    event_types: _Types = Field([], description="What it wants to be told; empty for everything.")
    description: _Description = Field("", description="For people.")


class EndpointChange(_Request):
    """What is to be changed of an endpoint; what is left out stays."""

    url: _Url | None = Field(None, description="A new address.")
    event_types: _Types | None = Field(None, description="What it wants to be told from now on; empty for everything.")
    description: _Description | None = Field(None, description="For people.")


class ReplayQuery(Query):
    """From when on, and where to go on."""

    since: AwareDatetime = Field(description="ISO 8601 date and time with its offset: messages written from then on.")
    after: str | None = Field(None, pattern=ID.pattern, max_length=80, description="The `after` of the answer before this.")


class AttemptsQuery(Query):
    """A page of the delivery log."""

    before: int | None = Field(None, ge=1, le=2**63 - 1, description="The `next` of the page before this.")
    limit: int = Field(50, ge=1, le=200, description="Length of a page.")


class DispatchesQuery(Query):
    """A page of dead letters."""

    before: str | None = Field(None, pattern=ID.pattern, max_length=80, description="The `next` of the page before this.")
    limit: int = Field(50, ge=1, le=200, description="Length of a page.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """All endpoints of a tenant."""

    endpoints: tuple[Endpoint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """Attempts, newest first; `next` is null at the end."""

    deliveries: tuple[Attempt, ...]
    next: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetters:
    """Dispatches that were given up, newest first; `next` is null at the end."""

    dead_letters: tuple[Dispatch, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinged:
    """The message that was put on its way."""

    message_id: str


def endpoints_router(context: Context) -> APIRouter:
    """Routes of endpoints, their deliveries and messages."""
    router = APIRouter(tags=["webhooks"])
    _add_endpoints(router, context)
    _add_actions(router, context)
    _add_deliveries(router, context)
    return router


async def _entered(context: Context, request: Request) -> tuple[Desk, str]:
    """The desk and the caller's tenant; a Refusal, KeyRefused or ScopeMissing."""
    desk, caller = await entered(context, request, ADMIN)
    return desk, caller.tenant_id


def _add_endpoints(router: APIRouter, context: Context) -> None:
    @router.post(
        "/endpoints",
        operation_id="create_endpoint",
        summary="Make an endpoint; its secret is shown this once",
        status_code=201,
        responses=problems(*BODY_PROBLEMS),
        openapi_extra=described_body(NewEndpoint),
    )
    async def create(request: Request) -> NewSecret:
        desk, tenant = await _entered(context, request)
        wanted = await read_model(request, NewEndpoint)
        return await endpoints.create_endpoint(
            desk,
            tenant,
            url=wanted.url,
            event_types=[EventType(one) for one in wanted.event_types],
            description=wanted.description,
        )

    @router.get("/endpoints", operation_id="list_endpoints", summary="All endpoints", responses=problems())
    async def list_all(request: Request) -> Endpoints:
        desk, tenant = await _entered(context, request)
        return Endpoints(endpoints=await endpoints.list_endpoints(desk, tenant))

    @router.get(
        "/endpoints/{endpoint_id}", operation_id="get_endpoint", summary="One endpoint", responses=problems(Kind.NOT_FOUND)
    )
    async def get(request: Request, endpoint_id: str) -> Endpoint:
        desk, tenant = await _entered(context, request)
        return await endpoints.get_endpoint(desk, tenant, known("endpoint", endpoint_id))

    @router.patch(
        "/endpoints/{endpoint_id}",
        operation_id="update_endpoint",
        summary="Change the address, the event types or the description of an endpoint",
        responses=problems(Kind.NOT_FOUND, *BODY_PROBLEMS),
        openapi_extra=described_body(EndpointChange),
    )
    async def update(request: Request, endpoint_id: str) -> Endpoint:
        desk, tenant = await _entered(context, request)
        change = await read_model(request, EndpointChange)
        types = None if change.event_types is None else [EventType(one) for one in change.event_types]
        return await endpoints.update_endpoint(
            desk,
            tenant,
            known("endpoint", endpoint_id),
            url=change.url,
            event_types=types,
            description=change.description,
        )

    @router.delete(
        "/endpoints/{endpoint_id}",
        operation_id="delete_endpoint",
        summary="Forget an endpoint and its delivery log",
        status_code=204,
        responses=problems(Kind.NOT_FOUND),
    )
    async def delete(request: Request, endpoint_id: str) -> None:
        desk, tenant = await _entered(context, request)
        await endpoints.delete_endpoint(desk, tenant, known("endpoint", endpoint_id))


def _add_actions(router: APIRouter, context: Context) -> None:
    @router.post(
        "/endpoints/{endpoint_id}/rotate",
        operation_id="rotate_endpoint_secret",
        summary="A new secret, shown this once; the one before it signs as well for 24 hours",
        responses=problems(Kind.NOT_FOUND),
    )
    async def rotate(request: Request, endpoint_id: str) -> NewSecret:
        desk, tenant = await _entered(context, request)
        return await endpoints.rotate_secret(desk, tenant, known("endpoint", endpoint_id))

    @router.post(
        "/endpoints/{endpoint_id}/enable",
        operation_id="enable_endpoint",
        summary="Tell an endpoint again what happens from now on",
        responses=problems(Kind.NOT_FOUND),
    )
    async def enable(request: Request, endpoint_id: str) -> Endpoint:
        desk, tenant = await _entered(context, request)
        return await endpoints.enable_endpoint(desk, tenant, known("endpoint", endpoint_id))

    @router.post(
        "/endpoints/{endpoint_id}/disable",
        operation_id="disable_endpoint",
        summary="Send nothing more to an endpoint; what is on its way is cancelled",
        responses=problems(Kind.NOT_FOUND),
    )
    async def disable(request: Request, endpoint_id: str) -> Endpoint:
        desk, tenant = await _entered(context, request)
        return await endpoints.disable_endpoint(desk, tenant, known("endpoint", endpoint_id))

    @router.post(
        "/endpoints/{endpoint_id}/ping",
        operation_id="ping_endpoint",
        summary="Send webhook.ping to this endpoint only",
        status_code=202,
        responses=problems(Kind.NOT_FOUND),
    )
    async def ping(request: Request, endpoint_id: str) -> Pinged:
        desk, tenant = await _entered(context, request)
        return Pinged(message_id=await endpoints.ping_endpoint(desk, tenant, known("endpoint", endpoint_id)))

    @router.post(
        "/endpoints/{endpoint_id}/replay",
        operation_id="replay_endpoint",
        summary="Send an endpoint again what happened since a time, at most 1,000 messages at once",
        status_code=202,
        responses=problems(Kind.NOT_FOUND),
        openapi_extra=described_query(ReplayQuery),
    )
    async def replay(request: Request, endpoint_id: str) -> Replayed:
        desk, tenant = await _entered(context, request)
        query = asked(request, ReplayQuery)
        id = known("endpoint", endpoint_id)
        return await replaying.replay_since(desk, tenant, id, query.since, after=query.after)


def _add_deliveries(router: APIRouter, context: Context) -> None:
    @router.get(
        "/endpoints/{endpoint_id}/deliveries",
        operation_id="list_deliveries",
        summary="Attempts at an endpoint, newest first, with the beginnings of its answers",
        responses=problems(Kind.NOT_FOUND),
        openapi_extra=described_query(AttemptsQuery),
    )
    async def list_deliveries(request: Request, endpoint_id: str) -> Attempts:
        desk, tenant = await _entered(context, request)
        page = asked(request, AttemptsQuery)
        id = known("endpoint", endpoint_id)
        found = await delivery_log.list_attempts(desk, tenant, id, before=page.before, limit=page.limit + 1)
        shown = found[: page.limit]
        return Attempts(deliveries=shown, next=shown[-1].id if len(found) > page.limit else None)

    @router.get(
        "/messages/{message_id}",
        operation_id="get_message",
        summary="A message, and how far it is with everybody it goes to",
        responses=problems(Kind.NOT_FOUND),
    )
    async def get_message(request: Request, message_id: str) -> Message:
        desk, tenant = await _entered(context, request)
        return await delivery_log.get_message(desk, tenant, known("message", message_id))

    @router.post(
        "/messages/{message_id}/replay",
        operation_id="replay_message",
        summary="Send a message again, with the same id, to every enabled endpoint that it was meant for",
        status_code=202,
        responses=problems(Kind.NOT_FOUND),
    )
    async def replay_message(request: Request, message_id: str) -> Replayed:
        desk, tenant = await _entered(context, request)
        return await replaying.replay_message(desk, tenant, known("message", message_id))

    @router.get(
        "/dead-letters",
        operation_id="list_dead_letters",
        summary="What could not be delivered and is not tried any more, newest first",
        responses=problems(),
        openapi_extra=described_query(DispatchesQuery),
    )
    async def list_dead_letters(request: Request) -> DeadLetters:
        desk, tenant = await _entered(context, request)
        page = asked(request, DispatchesQuery)
        found = await delivery_log.list_dead_letters(desk, tenant, before=page.before, limit=page.limit + 1)
        shown = found[: page.limit]
        return DeadLetters(dead_letters=shown, next=shown[-1].id if len(found) > page.limit else None)
