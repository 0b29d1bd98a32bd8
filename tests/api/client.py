"""The application behind a test client, over services that need no network."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.adapters.prompts import PromptFiles
from service.api.app import create_app
from service.api.context import Context
from service.domain.record import Extraction
from service.flows.desk import Desk
from service.handlers import ExtractArticle, Services, extract_article
from service.ports import Inline

Extract = Callable[[ExtractArticle, Services], Awaitable[Extraction]]

ARTICLE = (
    "Armenia and Azerbaijan exchanged prisoners of war at the Vayan crossing on Friday: each side returned 24 soldiers.\n\n"
    "“Every one of them has spoken to his family,” said Ilse Varga, a spokeswoman for the Red Cross."
)


class SystemClock:
    def now(self) -> float:
        return time.monotonic()


def make_services(**overrides: Any) -> Services:
    """Services that answer by rules."""
    values: dict[str, Any] = {
        "default": "rules", "engines": {}, "prompts": PromptFiles(), "prompt": "extract", "clock": SystemClock(),
        "worker": Inline(),
        "deadline_s": 20.0, "max_words": 30_000,
    }  # fmt: skip
    return Services(**{**values, **overrides})


def make_context(*, extract: Extract = extract_article, max_bytes: int = 2**20, max_in_flight: int = 100) -> Context:
    """Limits small enough for tests."""
    return Context(max_bytes=max_bytes, max_in_flight=max_in_flight, extract=extract)


def make_app(context: Context | None = None, services: Services | None = None) -> FastAPI:
    """The application as `parley serve` builds it."""

    async def opened() -> Services:
        return services or make_services()

    return create_app(context or make_context(), opened)


def client_over(
    desk: Desk, *, key: str | None = None, open_mode: bool = False, address: str = "127.0.0.1", **headers: str
) -> httpx2.AsyncClient:
    """A client of the application over a real database; `key` goes with every request."""
    context = make_context()
    context.desk, context.services, context.open_mode = desk, desk.services, open_mode
    transport = httpx2.ASGITransport(app=make_app(context), client=(address, 50_000))
    authorization = {} if key is None else {"authorization": f"Bearer {key}"}
    return httpx2.AsyncClient(transport=transport, base_url="http://localhost", headers={**authorization, **headers})


@contextmanager
def running(context: Context | None = None, services: Services | None = None) -> Iterator[TestClient]:
    """A client of the started application."""
    with TestClient(make_app(context, services), base_url="http://localhost", client=("127.0.0.1", 50_000)) as client:
        yield client
