"""POST /extract: bytes in, one handler, bytes out. The JSON is parsed once and the records are written once."""

from __future__ import annotations

import asyncio
from functools import partial

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import ValidationError
from starlette.requests import Request

from service.api.context import Context, Facts, facts_of, read_json_body, while_connected
from service.api.idempotency import answered_once
from service.api.later import answer_later, wish_of
from service.api.problems import refusal_of_body
from service.api.schemas import ExtractRequest
from service.domain.record import Extraction
from service.flows.desk import EXTRACT, Caller
from service.flows.extracting import read_now
from service.flows.observing import extract_observed
from service.flows.reading import records
from service.handlers import ExtractArticle, Services

THREAD_FROM_CHARACTERS = 20_000
"""Longer articles are parsed and cleaned in a thread, so that they do not hold up the others."""


def extraction_router(context: Context) -> APIRouter:
    """The route of extractions."""
    router = APIRouter(tags=["extraction"])

    # A plain Request and a plain Response: FastAPI would parse the body, validate it, and validate the answer again.
    # What it then cannot know of them, `openapi.py` writes into the document.
    @router.post("/extract", operation_id="extract_article", summary="Extract exchanges and quotations from an article")
    async def extract(request: Request) -> Response:
        services, facts = context.ready_services(), facts_of(request)
        caller = await context.caller(request, EXTRACT)
        with context.slot():
            with facts.timed("body"):
                body = await read_json_body(request, context.max_bytes)
                facts.outcome["bytes_in"] = len(body)
            answer = partial(_extract, context, services, request, caller, body)
            return await answered_once(context.desk, request, caller, body, answer)

    return router


async def _extract(context: Context, services: Services, request: Request, caller: Caller, body: bytes) -> Response:
    facts = facts_of(request)
    with facts.timed("body"):
        await context.turns.take()
        command = await command_in(body)
    wish = wish_of(request.headers.getlist("prefer"))
    if wish.respond_async and context.desk is not None:
        return await while_connected(request.receive, answer_later(context.desk, command, caller, wish))
    with facts.timed("extraction"):
        if context.desk is None:
            extraction = await while_connected(request.receive, extract_observed(command, services, context.extract))
        else:
            reading = await while_connected(request.receive, read_now(context.desk, command, caller))
            extraction = reading.extraction
            facts.outcome["cached"] = reading.cached
    _note(facts, extraction)
    return Response(records().dump_json(extraction), media_type="application/json")


async def command_in(body: bytes) -> ExtractArticle:
    """The command in a request body, a long one read in a thread; raises as `read_command`."""
    if len(body) > THREAD_FROM_CHARACTERS:
        return await asyncio.to_thread(read_command, body)
    return read_command(body)


def read_command(body: bytes) -> ExtractArticle:
    """The command in a request body; raises a Refusal that says what is wrong with it."""
    body = body.removeprefix(b"\xef\xbb\xbf")  # a byte order mark, which some editors and shells add
    try:
        request = ExtractRequest.model_validate_json(body)
    except ValidationError as error:
        refusal = refusal_of_body(error, body, known=tuple(ExtractRequest.model_fields))
    else:
        return request.command()
    raise refusal  # outside the handler: pydantic's error holds the article


def _note(facts: Facts, extraction: Extraction) -> None:
    """Outcome and sizes for the log; the caller's own ids and addresses are not ours to write down."""
    provenance = extraction.provenance
    facts.outcome.update(
        extraction_id=extraction.id,
        sha256=extraction.article.sha256[:16],
        characters=extraction.article.characters,
        engine=provenance.engine,
        model=provenance.model,
        prompt=provenance.prompt,
        degraded=provenance.degraded,
        attempts=provenance.attempts,
        calls=provenance.calls,
        input_tokens=provenance.usage.input_tokens,
        cached_tokens=provenance.usage.cached_tokens,
        output_tokens=provenance.usage.output_tokens,
        exchanges=len(extraction.exchanges),
        quotes=len(extraction.quotes),
        rejected=len(extraction.rejected),
    )
