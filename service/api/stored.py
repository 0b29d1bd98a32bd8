"""Routes for what is stored: extractions, articles and their history, and the end of an article."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field
from starlette.requests import Request

from service.api.asking import Id, Moment, Query, Words, asked, described_query, entered, known, problems
from service.api.context import Context
from service.api.problems import Kind
from service.domain.draft import Status
from service.flows import erasing, library
from service.flows.desk import ADMIN, READ
from service.flows.library import ArticlePage, ExtractionPage, History, Search, StoredArticle

_Limit = Annotated[int, Field(ge=1, le=100)]
_Cursor = Annotated[str, Field(pattern=library.CURSOR.pattern, max_length=80)]
_RECORD = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Extraction"}}}}


class ExtractionsQuery(Query):
    """Which extractions are asked for: those to which all that is given applies."""

    party: Words | None = Field(None, description="A side that releases or receives: its whole name, in whatever case.")
    speaker: Words | None = Field(None, description="Who is quoted: the whole name, in whatever case.")
    status: Status | None = Field(None, description="How far an exchange has come.")
    since: Moment | None = Field(None, description="Stored at this time or later (ISO 8601 with its offset).")
    until: Moment | None = Field(None, description="Stored before this time (ISO 8601 with its offset).")
    q: Words | None = Field(
        None, description='Words of titles, quotations and names: all of them; "a phrase"; -without; one or the other.'
    )
    limit: _Limit = Field(50, description="Length of a page.")
    cursor: _Cursor | None = Field(None, description="The `next` of the page before this.")


class ArticlesQuery(Query):
    """Which articles are asked for."""

    source_id: Annotated[str, Field(min_length=1, max_length=1024, pattern=r"^[^\x00]*$")] | None = Field(
        None, description="The id that you or your CMS give the article."
    )
    connection: Id | None = Field(None, description="The id of the connection that it came by.")
    limit: _Limit = Field(50, description="Length of a page.")
    cursor: Id | None = Field(None, description="The `next` of the page before this.")


class HistoryQuery(Query):
    """A page of a history."""

    before: int | None = Field(None, ge=1, le=2**31 - 1, description="The `next` of the page before this.")
    limit: int = Field(20, ge=1, le=50, description="Length of a page.")


def stored_router(context: Context) -> APIRouter:
    """Routes of extractions and articles."""
    router = APIRouter(tags=["stored"])
    _add_extractions(router, context)
    _add_articles(router, context)
    return router


def _add_extractions(router: APIRouter, context: Context) -> None:
    @router.get(
        "/extractions",
        operation_id="list_extractions",
        summary="Stored extractions, newest first",
        responses=problems(),
        openapi_extra=described_query(ExtractionsQuery),
    )
    async def list_extractions(request: Request) -> ExtractionPage:
        desk, caller = await entered(context, request, READ)
        query = asked(request, ExtractionsQuery)
        search = Search(
            party=query.party,
            speaker=query.speaker,
            status=query.status,
            since=query.since,
            until=query.until,
            q=query.q,
        )
        return await library.list_extractions(desk, caller.tenant_id, search, limit=query.limit, cursor=query.cursor)

    @router.get(
        "/extractions/{extraction_id}",
        operation_id="get_extraction",
        summary="One extraction, as it was answered",
        response_class=Response,
        responses={200: {"description": "The record.", **_RECORD}, **problems(Kind.NOT_FOUND)},
    )
    async def get_extraction(request: Request, extraction_id: str) -> Response:
        desk, caller = await entered(context, request, READ)
        record = await library.get_extraction(desk, caller.tenant_id, known("extraction", extraction_id))
        return Response(record, media_type="application/json")


def _add_articles(router: APIRouter, context: Context) -> None:
    @router.get(
        "/articles",
        operation_id="list_articles",
        summary="Articles that were sent under an id; those first that came last",
        responses=problems(),
        openapi_extra=described_query(ArticlesQuery),
    )
    async def list_articles(request: Request) -> ArticlePage:
        desk, caller = await entered(context, request, READ)
        query = asked(request, ArticlesQuery)
        return await library.list_articles(
            desk,
            caller.tenant_id,
            source_id=query.source_id,
            connection_id=query.connection,
            limit=query.limit,
            cursor=query.cursor,
        )

    @router.get(
        "/articles/{article_id}",
        operation_id="get_article",
        summary="One article, with the text of its newest version, which offsets refer to",
        responses=problems(Kind.NOT_FOUND),
    )
    async def get_article(request: Request, article_id: str) -> StoredArticle:
        desk, caller = await entered(context, request, READ)
        return await library.get_article(desk, caller.tenant_id, known("article", article_id))

    @router.get(
        "/articles/{article_id}/history",
        operation_id="get_history",
        summary="The versions of an article, newest first, each with what it changed in the record",
        responses=problems(Kind.NOT_FOUND),
        openapi_extra=described_query(HistoryQuery),
    )
    async def get_history(request: Request, article_id: str) -> History:
        desk, caller = await entered(context, request, READ)
        query = asked(request, HistoryQuery)
        id = known("article", article_id)
        return await library.history(desk, caller.tenant_id, id, limit=query.limit, before=query.before)

    @router.delete(
        "/articles/{article_id}",
        operation_id="erase_article",
        summary="Erase an article: all versions, and all that was read of them or said about them",
        status_code=204,
        responses=problems(Kind.NOT_FOUND),
    )
    async def erase_article(request: Request, article_id: str) -> None:
        desk, caller = await entered(context, request, ADMIN)
        async with desk.database.transaction() as connection:
            await erasing.erase(desk, connection, caller.tenant_id, known("article", article_id))
