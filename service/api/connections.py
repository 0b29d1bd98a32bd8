"""Routes for the owner of connections: which CMSs may call, how they sign, what Parley may do there. All need the scope `admin`.

A private address is not for them to allow: that is the operator's, with `parley connections create --allow-private`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from service.api.asking import BODY_PROBLEMS, Words, described_body, entered, known, problems, read_model
from service.api.context import Context
from service.api.problems import Kind
from service.flows import connections
from service.flows.connections import LEAST_POLL_S, MOST_POLL_S, CmsConnection, Grounds, NewConnectionSecret, Wanted
from service.flows.desk import ADMIN, Desk
from service.webhooks.cms.registry import ADAPTERS

_Pairs = Annotated[dict[str, str], Field(max_length=60)]
_Url = Annotated[str, Field(min_length=1, max_length=2048)]
_Word = Annotated[str, Field(min_length=1, max_length=200)]
_Secret = Annotated[str, Field(min_length=1, max_length=1024)]
_Poll = Annotated[int, Field(ge=LEAST_POLL_S, le=MOST_POLL_S)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class NewConnection(_Request):
    """A connection to be made."""

    adapter: _Word = Field(description=f"The CMS: one of {', '.join(ADAPTERS)}.")
    name: Words = Field(description="For people.")
    options: _Pairs = Field({}, description="Names of fields and the like, as the adapter knows them.")
    secret: _Secret | None = Field(None, description="What the CMS signs with, if it is chosen there; else one is drawn.")
    base_url: _Url | None = Field(None, description="The CMS's address, for reading and writing there.")
    credentials: _Pairs = Field({}, description="What it takes to log in there; never shown again.")
    model: _Word | None = Field(None, description="One of the names that GET /models lists; else the default.")
    write_back: _Word | None = Field(None, description="How results are written into the CMS: meta, tag or codeinjection.")
    poll_seconds: _Poll | None = Field(None, description="How often the CMS is asked what changed; null for never.")


class ConnectionChange(_Request):
    """What is to be changed of a connection; what is left out stays. Another host needs its credentials given again."""

    name: Words = Field("", description="For people.", validate_default=False)
    options: _Pairs = Field({}, description="All options, in place of those there are.")
    base_url: _Url | None = Field(None, description="The CMS's address; null for none.")
    credentials: _Pairs = Field({}, description="All credentials, in place of those there are.")
    model: _Word | None = Field(None, description="One of the names that GET /models lists; null for the default.")
    write_back: _Word | None = Field(None, description="How results are written into the CMS; null for not at all.")
    poll_seconds: _Poll | None = Field(None, description="How often the CMS is asked what changed; null for never.")


class NewSecret(_Request):
    """The secret to come."""

    secret: _Secret | None = Field(None, description="What the CMS signs with, if it is chosen there; else one is drawn.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """All connections of a tenant."""

    connections: tuple[CmsConnection, ...]


def connections_router(context: Context) -> APIRouter:
    """Routes of connections and their secrets."""
    router = APIRouter(tags=["connections"])
    _add_connections(router, context)
    _add_actions(router, context)
    return router


def _add_connections(router: APIRouter, context: Context) -> None:
    @router.get(
        "/connections", operation_id="list_connections", summary="All connections, oldest first", responses=problems()
    )
    async def list_connections(request: Request) -> Connections:
        desk, caller = await entered(context, request, ADMIN)
        return Connections(connections=await connections.list_connections(desk.database, caller.tenant_id))

    @router.post(
        "/connections",
        operation_id="create_connection",
        summary="Let a CMS call; the secret is in this answer and in no other",
        status_code=201,
        responses=problems(*BODY_PROBLEMS),
        openapi_extra=described_body(NewConnection),
    )
    async def create_connection(request: Request) -> NewConnectionSecret:
        desk, caller = await entered(context, request, ADMIN)
        given = await read_model(request, NewConnection)
        wanted = Wanted(**given.model_dump(exclude={"secret"}))
        return await connections.create_connection(
            desk.database, _grounds(desk), caller.tenant_id, wanted, secret=given.secret
        )

    @router.get(
        "/connections/{connection_id}",
        operation_id="get_connection",
        summary="One connection",
        responses=problems(Kind.NOT_FOUND),
    )
    async def get_connection(request: Request, connection_id: str) -> CmsConnection:
        desk, caller = await entered(context, request, ADMIN)
        return await connections.get_connection(desk.database, caller.tenant_id, known("connection", connection_id))

    @router.patch(
        "/connections/{connection_id}",
        operation_id="update_connection",
        summary="Change what is given of a connection",
        responses=problems(Kind.NOT_FOUND, *BODY_PROBLEMS),
        openapi_extra=described_body(ConnectionChange),
    )
    async def update_connection(request: Request, connection_id: str) -> CmsConnection:
        desk, caller = await entered(context, request, ADMIN)
        given = (await read_model(request, ConnectionChange)).model_dump(exclude_unset=True)
        return await connections.update_connection(
            desk.database, _grounds(desk), caller.tenant_id, known("connection", connection_id), **given
        )


def _add_actions(router: APIRouter, context: Context) -> None:
    @router.post(
        "/connections/{connection_id}/rotate",
        operation_id="rotate_connection_secret",
        summary="A new secret, shown this once; those before it are accepted until they are dropped",
        responses=problems(Kind.NOT_FOUND, *BODY_PROBLEMS),
        openapi_extra=described_body(NewSecret),
    )
    async def rotate(request: Request, connection_id: str) -> NewConnectionSecret:
        desk, caller = await entered(context, request, ADMIN)
        given = await read_model(request, NewSecret)
        found = known("connection", connection_id)
        return await connections.rotate_secret(desk.database, caller.tenant_id, found, secret=given.secret)

    @router.post(
        "/connections/{connection_id}/drop-old-secrets",
        operation_id="drop_old_connection_secrets",
        summary="Accept the newest secret only",
        responses=problems(Kind.NOT_FOUND),
    )
    async def drop_old(request: Request, connection_id: str) -> CmsConnection:
        desk, caller = await entered(context, request, ADMIN)
        return await connections.drop_old_secrets(desk.database, caller.tenant_id, known("connection", connection_id))

    @router.post(
        "/connections/{connection_id}/disable",
        operation_id="disable_connection",
        summary="Refuse what a CMS delivers, from three seconds later on at the latest",
        responses=problems(Kind.NOT_FOUND),
    )
    async def disable(request: Request, connection_id: str) -> CmsConnection:
        desk, caller = await entered(context, request, ADMIN)
        return await connections.disable_connection(desk.database, caller.tenant_id, known("connection", connection_id))

    @router.post(
        "/connections/{connection_id}/enable",
        operation_id="enable_connection",
        summary="Accept what a CMS delivers again",
        responses=problems(Kind.NOT_FOUND),
    )
    async def enable(request: Request, connection_id: str) -> CmsConnection:
        desk, caller = await entered(context, request, ADMIN)
        return await connections.enable_connection(desk.database, caller.tenant_id, known("connection", connection_id))


def _grounds(desk: Desk) -> Grounds:
    return Grounds(outbound=desk.outbound, models=desk.services.models)
