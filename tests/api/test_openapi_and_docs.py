from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from service.api.openapi import examples
from service.api.problems import Kind
from service.api.schemas import ExtractRequest
from service.domain.record import Extraction
from tests.api.client import make_services, running
from tests.api.test_extract_endpoint import spans_in

GOLDEN = Path(__file__).parents[1] / "golden" / "openapi.json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    with running() as client:
        loaded: dict[str, Any] = client.get("/openapi.json").json()
    return loaded


class Page(HTMLParser):
    """What a page refers to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.references: list[str] = []
        self.ids: set[str] = set()
        self.inline: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.references += [values[name] or "" for name in ("href", "src", "action", "data-path") if name in values]
        self.inline += [name for name in values if name.startswith("on") or name == "style"]
        self.inline += [tag] if tag == "style" or (tag == "script" and "src" not in values) else []
        if found := values.get("id"):
            self.ids.add(found)


def test_the_document_is_the_golden_one(document: dict[str, Any]) -> None:
    version = document["info"].pop("version")

    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))

    assert version
    assert document == golden, "if the change is meant: make golden, and say so in the changelog"


def test_operation_ids_are_stable(document: dict[str, Any]) -> None:
    ids = {
        f"{method} {path}": operation["operationId"]
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }

    assert ids == {
        "post /extract": "extract_article",
        "post /extract/batch": "extract_batch",
        "get /extractions": "list_extractions",
        "get /extractions/{extraction_id}": "get_extraction",
        "get /articles": "list_articles",
        "get /articles/{article_id}": "get_article",
        "delete /articles/{article_id}": "erase_article",
        "get /articles/{article_id}/history": "get_history",
        "get /jobs": "list_jobs",
        "get /jobs/{job_id}": "get_job",
        "post /jobs/{job_id}/retry": "retry_job",
        "post /hooks/{adapter}/{connection}": "receive_hook",
        "post /hooks/{adapter}/{connection}/{event}": "receive_named_hook",
        "get /connections": "list_connections",
        "post /connections": "create_connection",
        "get /connections/{connection_id}": "get_connection",
        "patch /connections/{connection_id}": "update_connection",
        "post /connections/{connection_id}/rotate": "rotate_connection_secret",
        "post /connections/{connection_id}/drop-old-secrets": "drop_old_connection_secrets",
        "post /connections/{connection_id}/disable": "disable_connection",
        "post /connections/{connection_id}/enable": "enable_connection",
        "get /endpoints": "list_endpoints",
        "post /endpoints": "create_endpoint",
        "get /endpoints/{endpoint_id}": "get_endpoint",
        "patch /endpoints/{endpoint_id}": "update_endpoint",
        "delete /endpoints/{endpoint_id}": "delete_endpoint",
        "post /endpoints/{endpoint_id}/rotate": "rotate_endpoint_secret",
        "post /endpoints/{endpoint_id}/enable": "enable_endpoint",
        "post /endpoints/{endpoint_id}/disable": "disable_endpoint",
        "post /endpoints/{endpoint_id}/ping": "ping_endpoint",
        "post /endpoints/{endpoint_id}/replay": "replay_endpoint",
        "get /endpoints/{endpoint_id}/deliveries": "list_deliveries",
        "get /messages/{message_id}": "get_message",
        "post /messages/{message_id}/replay": "replay_message",
        "get /dead-letters": "list_dead_letters",
        "get /health/live": "check_alive",
        "get /health/ready": "check_ready",
        "get /models": "list_models",
        "get /version": "show_version",
        "get /metrics": "show_metrics",
    }


def test_every_reference_in_the_document_resolves(document: dict[str, Any]) -> None:
    names = re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document))

    assert names
    assert set(names) <= document["components"]["schemas"].keys()


@pytest.mark.parametrize("name", examples()["requests"])
def test_an_example_request_is_a_valid_one(name: str) -> None:
    value = examples()["requests"][name]["value"]

    assert ExtractRequest.model_validate_json(json.dumps(value)).size > 0


def test_the_example_answer_is_what_the_rules_engine_answers_to_the_example_request() -> None:
    """But for its own id and its time; make golden writes it anew where the engine has changed."""
    request, shown = examples()["requests"]["rules"]["value"], examples()["responses"]["rules"]["value"]

    with running(services=make_services()) as client:
        answer = client.post("/extract", json=request).json()

    answer["id"], answer["provenance"]["elapsed_ms"] = shown["id"], shown["provenance"]["elapsed_ms"]
    assert answer == shown
    assert TypeAdapter(Extraction).validate_python(shown).quotes
    spans = spans_in(shown)
    assert [span["text"] for span in spans] == [request["text"][span["start"] : span["end"]] for span in spans]


def test_the_docs_load_nothing_from_another_host() -> None:
    with running() as client:
        page = client.get("/docs")
        assets = {path: client.get(path) for path in ("/docs/docs.css", "/docs/docs.js", "/openapi.json")}

    found = Page(page.text)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert all(re.match(r"/[^/]|#", reference) for reference in found.references), found.references
    assert found.inline == []  # the policy would not let them run
    assert {"/docs/docs.css", "/docs/docs.js", "/openapi.json"} <= set(found.references)
    for text in (page.text, *(asset.text for asset in assets.values())):
        assert "://" not in text
    assert [asset.status_code for asset in assets.values()] == [200, 200, 200]


def test_every_link_within_the_docs_leads_somewhere() -> None:
    with running() as client:
        page = Page(client.get("/docs").text)

    anchors = {reference[1:] for reference in page.references if reference.startswith("#")}
    assert anchors
    assert anchors <= page.ids


def test_every_problem_type_leads_to_its_line_in_the_docs() -> None:
    with running() as client:
        page = Page(client.get("/docs").text)

    assert {kind.type.partition("#")[2] for kind in Kind} <= page.ids
