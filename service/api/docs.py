"""The page at /docs, made from the OpenAPI document: three files of our own and nothing from another host."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from service.api.problems import Kind

Document = dict[str, Any]


def docs_router(document: Callable[[], Document]) -> APIRouter:
    """The routes of the documentation; `document` gives the OpenAPI document."""
    router = APIRouter(include_in_schema=False)

    @cache
    def page() -> str:
        return render(document())

    @router.get("/docs")
    async def docs() -> HTMLResponse:
        return HTMLResponse(page())

    @router.get("/docs/docs.css")
    async def style() -> Response:
        return Response(_file("docs.css"), media_type="text/css")

    @router.get("/docs/docs.js")
    async def script() -> Response:
        return Response(_file("docs.js"), media_type="text/javascript")

    return router


@cache
def _file(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def render(document: Document) -> str:
    """The whole page as HTML."""
    info = document["info"]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(info['title'])} API</title>\n"
        '<link rel="stylesheet" href="/docs/docs.css">\n<script src="/docs/docs.js" defer></script>\n</head>\n<body>\n<main>\n'
        f"<h1>{escape(info['title'])} API</h1>\n<p>Version {escape(info['version'])} · "
        f'<a href="/openapi.json">openapi.json</a></p>\n<p>{escape(info["description"])}</p>\n'
        f"{''.join(_operations(document))}{_problems()}{_schemas(document)}</main>\n</body>\n</html>\n"
    )


def _operations(document: Document) -> Iterator[str]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            anchor = escape(operation["operationId"])
            yield f'<h2 id="{anchor}"><code>{method.upper()} {escape(path)}</code></h2>\n<p>{escape(operation["summary"])}.</p>\n'
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            yield _fields(_resolved(body["schema"], document)) if body else ""
            yield _answers(operation["responses"])
            yield _trial(method, path, body.get("examples", {}))


def _resolved(schema: Document, document: Document) -> Document:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: Document = document["components"]["schemas"][name] if name else schema
    return found


def _fields(schema: Document) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{_type(field)}</td><td>{escape(field.get('description', ''))}</td></tr>\n"
        for name, field in schema.get("properties", {}).items()
    )
    return f"<table>\n<tr><th>Field</th><th>Type</th><th>Meaning</th></tr>\n{rows}</table>\n"


def _type(schema: Document) -> str:
    """What a value may be, in short, with a link where it has a schema of its own."""
    if reference := schema.get("$ref", "").rpartition("/")[2]:
        return f'<a href="#schema-{escape(reference)}">{escape(reference)}</a>'
    if choices := schema.get("enum"):
        return " | ".join(f"<code>{escape(json.dumps(choice))}</code>" for choice in choices)
    if alternatives := schema.get("anyOf"):
        return " | ".join(_type(alternative) for alternative in alternatives)
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return escape(str(schema.get("type", "any")))


def _answers(responses: Document) -> str:
    rows = ""
    for status, response in sorted(responses.items()):
        content: Document = next(iter(response.get("content", {}).values()), {})
        shape = _type(content["schema"]) if "schema" in content else ""
        rows += f"<tr><td>{escape(status)}</td><td>{shape}</td><td>{escape(response['description'])}</td></tr>\n"
        for example in content.get("examples", {}).values():
            shown = escape(json.dumps(example["value"], ensure_ascii=False, indent=2))
            rows += f"<tr><td></td><td colspan=2><details><summary>{escape(example['summary'])}</summary>"
            rows += f"<pre>{shown}</pre></details></td></tr>\n"
    return f"<h3>Answers</h3>\n<table>\n{rows}</table>\n"


def _trial(method: str, path: str, shown: Document) -> str:
    """A button that sends the request, with the first example to start from."""
    first = next(iter(shown.values()), None)
    area = ""
    if first is not None:
        value = escape(json.dumps(first["value"], ensure_ascii=False, indent=2))
        area = f'<textarea aria-label="Body of {method.upper()} {escape(path)}" spellcheck="false">{value}</textarea>\n'
    return (
        f'<div data-method="{method.upper()}" data-path="{escape(path)}">\n{area}'
        f"<button>Try {method.upper()} {escape(path)}</button>\n<pre><output></output></pre>\n</div>\n"
    )


def _problems() -> str:
    rows = "".join(
        f'<tr id="problem-{kind.value.slug}"><td>{kind.value.status}</td><td><code>{escape(kind.type)}</code></td>'
        f"<td>{escape(kind.value.title)}</td></tr>\n"
        for kind in Kind
    )
    return (
        '<h2 id="problems">Problems</h2>\n<p>Every answer that is no success is an <code>application/problem+json</code> object '
        "(RFC 9457).</p>\n"
        f"<table>\n<tr><th>Status</th><th>Type</th><th>Title</th></tr>\n{rows}</table>\n"
    )


def _schemas(document: Document) -> str:
    parts = "".join(
        f'<h3 id="schema-{escape(name)}">{escape(name)}</h3>\n<p>{escape(schema.get("description", ""))}</p>\n'
        + (_fields(schema) if "properties" in schema else f"<p>{_type(schema)}</p>\n")
        for name, schema in document["components"]["schemas"].items()
    )
    return f'<h2 id="schemas">Schemas</h2>\n{parts}'
