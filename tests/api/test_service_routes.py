from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from service.extraction.full import FullEngine
from tests.api.client import ARTICLE, make_app, make_context, make_services, running
from tests.fakes import ScriptedModel


def test_live_and_ready_answer() -> None:
    with running() as client:
        live, ready = client.get("/health/live"), client.get("/health/ready")

    assert (live.status_code, live.json()) == (200, {"status": "alive"})
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "checks": {}})


def test_not_ready_while_a_model_cannot_be_reached() -> None:
    async def unreachable() -> bool:
        return False

    async def reachable() -> bool:
        return True

    services = make_services(probes={"openai/one": reachable, "openai/two": unreachable})
    with running(services=services) as client:
        live, ready = client.get("/health/live"), client.get("/health/ready")

    assert live.status_code == 200
    assert (ready.status_code, ready.json()["detail"]) == (503, "Not reachable: openai/two.")
    assert ready.headers["retry-after"] == "1"


def test_not_ready_while_draining() -> None:
    context = make_context()
    with running(context) as client:
        context.draining = True
        live, ready = client.get("/health/live"), client.get("/health/ready")

    assert (live.status_code, ready.status_code) == (200, 503)
    assert ready.json()["detail"] == "The service is stopping."


def test_before_start_up_the_service_lives_and_is_not_ready() -> None:
    client = TestClient(make_app())  # not entered: the application has not been started

    assert client.get("/health/live").status_code == 200
    assert client.get("/health/ready").status_code == 503
    assert client.post("/extract", json={"text": ARTICLE}).status_code == 503


def test_readiness_never_asks_a_model() -> None:
    model = ScriptedModel([{}])
    services = make_services(
        default="scripted/model", engines={"scripted/model": FullEngine(model, make_services().prompts.get("extract"))},
        probes={"scripted/model": lambda: model.is_reachable(1.0)},
    )  # fmt: skip

    with running(services=services) as client:
        ready, models = client.get("/health/ready"), client.get("/models")

    assert ready.json()["checks"] == {"scripted/model": True}
    assert models.json() == {"default": "scripted/model", "models": ["rules", "scripted/model"]}
    assert model.asked == []


def test_the_version_is_the_installed_one() -> None:
    with running() as client:
        body = client.get("/version").json()

    assert list(body) == ["name", "version", "python"]
    assert re.fullmatch(r"\d{4}\.\d+\.\d+", body["version"])


@pytest.mark.parametrize("given", ["a", "A-z_0.9", "x" * 64])
def test_a_request_id_is_taken_where_it_is_harmless(given: str) -> None:
    with running() as client:
        answer = client.get("/health/live", headers={"X-Request-ID": given})

    assert answer.headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "ä", "<script>", "a\tb"])
def test_any_other_request_id_is_replaced(given: str) -> None:
    with running() as client:
        answer = client.get("/health/live", headers={"X-Request-ID": given.encode()})

    assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["x-request-id"])


def test_every_answer_has_its_timing_and_the_headers_that_protect_a_reader() -> None:
    with running() as client:
        answers = [client.get("/docs"), client.get("/nothing"), client.post("/extract", json={"text": ARTICLE})]

    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert re.search(r"total;dur=\d+\.\d", answer.headers["server-timing"])
    assert re.match(r"body;dur=[\d.]+, extraction;dur=[\d.]+, total;dur=", answers[2].headers["server-timing"])
