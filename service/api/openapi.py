"""The OpenAPI document: what FastAPI knows of the routes, and what it cannot know of POST /extract, which reads bytes itself."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from service.api.batch import BatchLine
from service.api.jobs import JobAnswer
from service.api.problems import MEDIA_TYPE, Kind, Problem
from service.api.schemas import ExtractRequest
from service.domain.record import Extraction

_REF = "#/components/schemas/{model}"
_DESCRIPTION = (
    "Parley reads news articles and answers with the prisoner exchanges and the quotations in them, as checked structured data. "
    "Every span is a pair of offsets, counted in Unicode code points of the article's text, with the words that stand there. "
    "Nothing is answered that the text does not say, and what is uncertain is said to be so."
)
_TAGS = [
    {"name": "extraction", "description": "Articles in, exchanges and quotations out."},
    {"name": "stored", "description": "What was extracted before, the history of articles, and their erasure."},
    {"name": "jobs", "description": "Work that was accepted and is done later."},
    {"name": "webhooks in", "description": "CMSs tell what happened to an article."},
    {"name": "connections", "description": "Which CMSs may call, how they sign, and what Parley may do there."},
    {"name": "webhooks", "description": "Who is told what was found, what was sent, and once more."},
    {"name": "service", "description": "For operators: health, models, version, metrics."},
]
# Which problems a route may answer with, besides those of any address.
_EXTRACT_PROBLEMS = (
    Kind.INVALID_JSON, Kind.BODY_TIMED_OUT, Kind.TOO_LARGE, Kind.UNSUPPORTED_MEDIA_TYPE, Kind.INVALID_REQUEST,
    Kind.EMPTY_ARTICLE, Kind.UNKNOWN_MODEL, Kind.KEY_REFUSED, Kind.SCOPE_MISSING, Kind.STILL_RUNNING, Kind.KEY_REUSED,
    Kind.LIMIT_REACHED, Kind.INTERNAL, Kind.MODEL_FAILED, Kind.NOT_READY, Kind.OVERLOADED, Kind.DATABASE_UNAVAILABLE,
    Kind.MODEL_TIMED_OUT,
)  # fmt: skip
_PROBLEMS = {
    "/extract": _EXTRACT_PROBLEMS,
    "/health/ready": (Kind.NOT_READY,),
    "/metrics": (Kind.KEY_REFUSED, Kind.SCOPE_MISSING, Kind.DATABASE_UNAVAILABLE),
    "/models": (Kind.NOT_READY,),
}

_PREFERENCE_APPLIED = {"description": "Which preferences were followed (RFC 7240).", "schema": {"type": "string"}}
_EXTRACT_HEADERS = [
    {
        "name": "Prefer",
        "in": "header",
        "required": False,
        "description": "`respond-async`: answer 202 and do it as a job; with `wait=N`, answer 200 if it is done within N seconds "
        "(at most 60). What is not understood is passed over.",
        "schema": {"type": "string"},
        "example": "respond-async, wait=10",
    },
    {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "The same key and body again within a day get the same answer again.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!#-+\\-./0-:<-\\[\\]-~]+$"},
    },
]


@cache
def examples() -> dict[str, Any]:
    """Requests and one answer as the service gives it, from `examples.json`."""
    loaded: dict[str, Any] = json.loads(Path(__file__).with_name("examples.json").read_text(encoding="utf-8"))
    return loaded


def openapi_document(app: FastAPI, *, version: str) -> dict[str, Any]:
    """The document of all routes, with schemas and examples."""
    document = get_openapi(title="Parley", version=version, description=_DESCRIPTION, tags=_TAGS, routes=app.routes)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    refs, defined = TypeAdapter.json_schemas(
        [
            ("request", "validation", TypeAdapter(ExtractRequest)),
            ("extraction", "serialization", TypeAdapter(Extraction)),
            ("problem", "serialization", TypeAdapter(Problem)),
            ("line", "serialization", TypeAdapter(BatchLine)),
            ("job", "serialization", TypeAdapter(JobAnswer)),
        ],
        ref_template=_REF,
    )
    schemas.update(defined["$defs"])
    schemas["BatchLine"] = refs["line", "serialization"]
    shown = examples()
    extract = document["paths"]["/extract"]["post"]
    extract["requestBody"] = {
        "required": True,
        "content": {"application/json": {"schema": refs["request", "validation"], "examples": shown["requests"]}},
    }
    extract["responses"] = {
        "200": {
            "description": "What was found, every span checked against the text.",
            "content": {"application/json": {"schema": refs["extraction", "serialization"], "examples": shown["responses"]}},
            "headers": {"Preference-Applied": _PREFERENCE_APPLIED},
        },
        "202": {
            "description": "Accepted: the job at Location will do it. Asked for by `Prefer: respond-async`.",
            "content": {"application/json": {"schema": refs["job", "serialization"]}},
            "headers": {
                "Location": {"description": "Where the job is read.", "schema": {"type": "string"}},
                "Retry-After": {"description": "Seconds to wait before asking.", "schema": {"type": "string"}},
                "Preference-Applied": _PREFERENCE_APPLIED,
            },
        },
    }
    extract["parameters"] = _EXTRACT_HEADERS
    for path, kinds in _PROBLEMS.items():
        for operation in document["paths"][path].values():
            operation["responses"].update(_problem_responses(kinds, refs["problem", "serialization"]))
    return document


def _problem_responses(kinds: tuple[Kind, ...], schema: dict[str, Any]) -> dict[str, Any]:
    titles: dict[str, str] = {}
    for kind in kinds:
        status = str(kind.value.status)
        titles[status] = f"{titles[status]}, or: {kind.value.title}" if status in titles else kind.value.title
    return {
        status: {"description": f"{title}.", "content": {MEDIA_TYPE: {"schema": schema}}} for status, title in titles.items()
    }
