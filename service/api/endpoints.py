"""Routes for the owner of endpoints: who is told, what was sent, and once more. All of them need a key with the scope `admin`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema
from starlette.requests import Request

from service.api.context import Context, read_json_body
from service.api.problems import MEDIA_TYPE, Kind, refusal_of_body
from service.api.schemas import unexpected
from service.errors import NothingThere
from service.flows import delivery_log, endpoints, replaying
from service.flows.delivery_log import Attempt, Dispatch, Message
from service.flows.desk import ADMIN, Desk
from service.flows.endpoints import Endpoint, NewSecret
from service.flows.replaying import Replayed
from service.webhooks.events import EventType

BODY_BYTES = 16_384
_ID = re.compile(r"[a-z]+_[0-9a-z]{1,60}", re.ASCII)
_PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
_SUBSCRIBABLE = [one.value for one in EventType if one is not EventType.PING]

Model = TypeVar("Model", bound=BaseModel)


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


class _Query(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ReplayQuery(_Query):
    """From when on, and where to go on."""

    since: AwareDatetime = Field(description="ISO 8601 date and time with its offset: messages written from then on.")
    after: str | None = Field(None, pattern=_ID.pattern, max_length=80, description="The `after` of the answer before this.")


class AttemptsQuery(_Query):
    """A page of the delivery log."""

    before: int | None = Field(None, ge=1, le=2**63 - 1, description="The `next` of the page before this.")
    limit: int = Field(50, ge=1, le=200, description="Length of a page.")


class DispatchesQuery(_Query):
    """A page of dead letters."""

    before: str | None = Field(None, pattern=_ID.pattern, max_length=80, description="The `next` of the page before this.")
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
    desk = context.ready_desk()
    return desk, (await context.caller(request, ADMIN)).tenant_id


def _add_endpoints(router: APIRouter, context: Context) -> None:
    @router.post(
        "/endpoints",
        operation_id="create_endpoint",
        summary="Make an endpoint; its secret is shown this once",
        status_code=201,
        responses=_problems(*_BODY),
        openapi_extra=_body(NewEndpoint),
    )
    async def create(request: Request) -> NewSecret:
        desk, tenant = await _entered(context, request)
        wanted = await _read(request, NewEndpoint)
        return await endpoints.create_endpoint(
            desk,
            tenant,
            url=wanted.url,
            event_types=[EventType(one) for one in wanted.event_types],
            description=wanted.description,
        )

    @router.get("/endpoints", operation_id="list_endpoints", summary="All endpoints", responses=_problems())
    async def list_all(request: Request) -> Endpoints:
        desk, tenant = await _entered(context, request)
        return Endpoints(endpoints=await endpoints.list_endpoints(desk, tenant))

    @router.get(
        "/endpoints/{endpoint_id}", operation_id="get_endpoint", summary="One endpoint", responses=_problems(Kind.NOT_FOUND)
    )
    async def get(request: Request, endpoint_id: str) -> Endpoint:
        desk, tenant = await _entered(context, request)
        return await endpoints.get_endpoint(desk, tenant, _known("endpoint", endpoint_id))

    @router.patch(
        "/endpoints/{endpoint_id}",
        operation_id="update_endpoint",
        summary="Change the address, the event types or the description of an endpoint",
        responses=_problems(Kind.NOT_FOUND, *_BODY),
        openapi_extra=_body(EndpointChange),
    )
    async def update(request: Request, endpoint_id: str) -> Endpoint:
        desk, tenant = await _entered(context, request)
        change = await _read(request, EndpointChange)
        types = None if change.event_types is None else [EventType(one) for one in change.event_types]
        return await endpoints.update_endpoint(
            desk,
            tenant,
            _known("endpoint", endpoint_id),
            url=change.url,
            event_types=types,
            description=change.description,
        )

    @router.delete(
        "/endpoints/{endpoint_id}",
        operation_id="delete_endpoint",
        summary="Forget an endpoint and its delivery log",
        status_code=204,
        responses=_problems(Kind.NOT_FOUND),
    )
    async def delete(request: Request, endpoint_id: str) -> None:
        desk, tenant = await _entered(context, request)
        await endpoints.delete_endpoint(desk, tenant, _known("endpoint", endpoint_id))


def _add_actions(router: APIRouter, context: Context) -> None:
    @router.post(
        "/endpoints/{endpoint_id}/rotate",
        operation_id="rotate_endpoint_secret",
        summary="A new secret, shown this once; the one before it signs as well for 24 hours",
        responses=_problems(Kind.NOT_FOUND),
    )
    async def rotate(request: Request, endpoint_id: str) -> NewSecret:
        desk, tenant = await _entered(context, request)
        return await endpoints.rotate_secret(desk, tenant, _known("endpoint", endpoint_id))

    @router.post(
        "/endpoints/{endpoint_id}/enable",
        operation_id="enable_endpoint",
        summary="Tell an endpoint again what happens from now on",
        responses=_problems(Kind.NOT_FOUND),
    )
    async def enable(request: Request, endpoint_id: str) -> Endpoint:
        desk, tenant = await _entered(context, request)
        return await endpoints.enable_endpoint(desk, tenant, _known("endpoint", endpoint_id))

    @router.post(
        "/endpoints/{endpoint_id}/disable",
        operation_id="disable_endpoint",
        summary="Send nothing more to an endpoint; what is on its way is cancelled",
        responses=_problems(Kind.NOT_FOUND),
    )
    async def disable(request: Request, endpoint_id: str) -> Endpoint:
        desk, tenant = await _entered(context, request)
        return await endpoints.disable_endpoint(desk, tenant, _known("endpoint", endpoint_id))

    @router.post(
        "/endpoints/{endpoint_id}/ping",
        operation_id="ping_endpoint",
        summary="Send webhook.ping to this endpoint only",
        status_code=202,
        responses=_problems(Kind.NOT_FOUND),
    )
    async def ping(request: Request, endpoint_id: str) -> Pinged:
        desk, tenant = await _entered(context, request)
        return Pinged(message_id=await endpoints.ping_endpoint(desk, tenant, _known("endpoint", endpoint_id)))

    @router.post(
        "/endpoints/{endpoint_id}/replay",
        operation_id="replay_endpoint",
        summary="Send an endpoint again what happened since a time, at most 1,000 messages at once",
        status_code=202,
        responses=_problems(Kind.NOT_FOUND),
        openapi_extra=_parameters(ReplayQuery),
    )
    async def replay(request: Request, endpoint_id: str) -> Replayed:
        desk, tenant = await _entered(context, request)
        query = _asked(request, ReplayQuery)
        known = _known("endpoint", endpoint_id)
        return await replaying.replay_since(desk, tenant, known, query.since, after=query.after)


def _add_deliveries(router: APIRouter, context: Context) -> None:
    @router.get(
        "/endpoints/{endpoint_id}/deliveries",
        operation_id="list_deliveries",
        summary="Attempts at an endpoint, newest first, with the beginnings of its answers",
        responses=_problems(Kind.NOT_FOUND),
        openapi_extra=_parameters(AttemptsQuery),
    )
    async def list_deliveries(request: Request, endpoint_id: str) -> Attempts:
        desk, tenant = await _entered(context, request)
        page = _asked(request, AttemptsQuery)
        known = _known("endpoint", endpoint_id)
        found = await delivery_log.list_attempts(desk, tenant, known, before=page.before, limit=page.limit + 1)
        shown = found[: page.limit]
        return Attempts(deliveries=shown, next=shown[-1].id if len(found) > page.limit else None)

    @router.get(
        "/messages/{message_id}",
        operation_id="get_message",
        summary="A message, and how far it is with everybody it goes to",
        responses=_problems(Kind.NOT_FOUND),
    )
    async def get_message(request: Request, message_id: str) -> Message:
        desk, tenant = await _entered(context, request)
        return await delivery_log.get_message(desk, tenant, _known("message", message_id))

    @router.post(
        "/messages/{message_id}/replay",
        operation_id="replay_message",
        summary="Send a message again, with the same id, to every enabled endpoint that it was meant for",
        status_code=202,
        responses=_problems(Kind.NOT_FOUND),
    )
    async def replay_message(request: Request, message_id: str) -> Replayed:
        desk, tenant = await _entered(context, request)
        return await replaying.replay_message(desk, tenant, _known("message", message_id))

    @router.get(
        "/dead-letters",
        operation_id="list_dead_letters",
        summary="What could not be delivered and is not tried any more, newest first",
        responses=_problems(),
        openapi_extra=_parameters(DispatchesQuery),
    )
    async def list_dead_letters(request: Request) -> DeadLetters:
        desk, tenant = await _entered(context, request)
        page = _asked(request, DispatchesQuery)
        found = await delivery_log.list_dead_letters(desk, tenant, before=page.before, limit=page.limit + 1)
        shown = found[: page.limit]
        return DeadLetters(dead_letters=shown, next=shown[-1].id if len(found) > page.limit else None)


_BODY = (
    Kind.INVALID_JSON,
    Kind.BODY_TIMED_OUT,
    Kind.TOO_LARGE,
    Kind.UNSUPPORTED_MEDIA_TYPE,
)
# INVALID_REQUEST where nothing can be invalid, too: FastAPI documents a 422 of its own shape for every address with an id in it.
_ANY = (
    Kind.KEY_REFUSED,
    Kind.SCOPE_MISSING,
    Kind.INVALID_REQUEST,
    Kind.LIMIT_REACHED,
    Kind.INTERNAL,
    Kind.NO_DATABASE,
    Kind.DATABASE_UNAVAILABLE,
)


def _known(what: str, id: str) -> str:
    """An id that may be one of ours; what cannot be (PostgreSQL does not even take a NUL) is not there."""
    if not _ID.fullmatch(id):
        raise NothingThere(what=what, id=id[:80])
    return id


async def _read(request: Request, model: type[Model]) -> Model:
    body = await read_json_body(request, BODY_BYTES)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        refusal = refusal_of_body(error, body, known=tuple(model.model_fields))
    raise refusal


def _asked(request: Request, model: type[Model]) -> Model:
    """The query; of a parameter that is given several times, the last."""
    try:
        return model.model_validate(dict(request.query_params))
    except ValidationError as error:
        refusal = refusal_of_body(error, b"", known=tuple(model.model_fields))
    raise refusal


def _body(model: type[BaseModel]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": model.model_json_schema()}}}}


def _parameters(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema()
    required = schema.get("required", [])
    parameters = [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": field.get("description", ""),
            "schema": _plain(field),
        }
        for name, field in schema["properties"].items()
    ]
    return {"parameters": parameters}


def _plain(field: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter's schema; that it may be left out is said by `required`, and a query has no null."""
    choices = [one for one in field.get("anyOf", [field]) if one.get("type") != "null"]
    return {key: value for key, value in choices[0].items() if key not in ("title", "description")}


def _problems(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    titles: dict[int | str, list[str]] = {}
    for kind in (*kinds, *_ANY):
        titles.setdefault(kind.value.status, []).append(kind.value.title)
    return {status: {"description": f"{', or: '.join(names)}.", "content": _PROBLEM} for status, names in titles.items()}
