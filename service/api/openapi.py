"""The OpenAPI document: what FastAPI knows of the routes, and what it cannot know of POST /extract, which reads bytes itself."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

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
    {"name": "service", "description": "For operators: health, models, version."},
]
# Which problems a route may answer with, besides those of any address.
_EXTRACT_PROBLEMS = (
    Kind.INVALID_JSON, Kind.BODY_TIMED_OUT, Kind.TOO_LARGE, Kind.UNSUPPORTED_MEDIA_TYPE, Kind.INVALID_REQUEST,
    Kind.INTERNAL, Kind.MODEL_FAILED, Kind.OVERLOADED, Kind.MODEL_TIMED_OUT,
)  # fmt: skip
_PROBLEMS = {"/extract": _EXTRACT_PROBLEMS, "/health/ready": (Kind.NOT_READY,), "/models": (Kind.NOT_READY,)}


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
        ],
        ref_template=_REF,
    )
    schemas.update(defined["$defs"])
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
        }
    }
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
