"""Who answers the cases: the service's own use case in this process, or a running service over HTTP."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from http.client import HTTPException
from typing import Any, Protocol
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from pydantic import TypeAdapter

from evals.case import Case
from evals.runfile import RunInvalid
from service.bootstrap import build_services
from service.domain.article import Article
from service.domain.record import Extraction
from service.handlers import ExtractArticle, Services, extract_article
from service.settings import load_settings

_TIMEOUT_S = 600
_EXTRACTION: TypeAdapter[Extraction] = TypeAdapter(Extraction)


class ServiceFailed(RuntimeError):
    """A running service did not answer an article."""


class Answerer(Protocol):
    """Answers one case with the response of the service."""

    @property
    def engine(self) -> str:
        """The engine's name."""
        ...

    @property
    def prompt(self) -> tuple[str, str] | None:
        """Id and hash of the prompt, None for rules."""
        ...

    @property
    def is_elsewhere(self) -> bool:
        """Whether another process answers, so that this one's CPU time and source say nothing of the engine."""
        ...

    async def answer(self, case: Case) -> dict[str, Any]:
        """The response to a case; raises what the service raises."""
        ...

    async def aclose(self) -> None:
        """Stop what was started."""
        ...


class InProcess:
    """The same pipeline that the service runs."""

    def __init__(self, services: Services, engine: str) -> None:
        self._services, self._engine = services, engine

    @classmethod
    async def start(cls, *, model: str | None, prompt: str | None, **settings: Any) -> InProcess:
        """Build services for one model ("rules", "local", "provider/model"; None: as configured); `settings` override others."""
        settings |= {name: value for name, value in (("model", model), ("prompt", prompt)) if value is not None}
        services = await build_services(load_settings(**settings))
        return cls(services, services.default)

    @property
    def engine(self) -> str:
        """The engine's name."""
        return self._engine

    @property
    def prompt(self) -> tuple[str, str] | None:
        """Id and hash of the prompt, None for rules."""
        engine = self._services.engine(self._engine)
        return (engine.prompt.id, engine.prompt.sha256) if engine is not None else None

    @property
    def is_elsewhere(self) -> bool:
        """The pipeline runs here."""
        return False

    async def answer(self, case: Case) -> dict[str, Any]:
        """The response to a case."""
        command = ExtractArticle(article=article_of(case), include=_include(case), model=self._engine)
        extraction = await extract_article(command, self._services)
        answered: dict[str, Any] = _EXTRACTION.dump_python(extraction, mode="json")
        return answered

    async def aclose(self) -> None:
        """Stop what was started."""
        await self._services.aclose()


class OverHTTP:
    """A running service (`--url`)."""

    def __init__(self, url: str, *, model: str | None) -> None:
        self._url, self._model = url.rstrip("/"), model

    @classmethod
    async def start(cls, url: str, *, model: str | None) -> OverHTTP:
        """A service that answers now; RunInvalid otherwise, before a whole corpus is counted as missed."""
        answerer = cls(url, model=model)
        try:
            await asyncio.to_thread(answerer._ask, "/health/live", None)
        except ServiceFailed as error:
            raise RunInvalid(f"No service to ask. {error}") from None
        return answerer

    @property
    def engine(self) -> str:
        """The engine's name."""
        return self._model or "as served"

    @property
    def prompt(self) -> tuple[str, str] | None:
        """Unknown from outside; every response's provenance names it."""
        return None

    @property
    def is_elsewhere(self) -> bool:
        """The service is a process of its own."""
        return True

    async def answer(self, case: Case) -> dict[str, Any]:
        """The response to a case."""
        return await asyncio.to_thread(self._post, case)

    def _post(self, case: Case) -> dict[str, Any]:
        body = {
            "text": case.text, "title": case.title, "published_at": case.published_at, "id": case.id[:200],
            "include": sorted(_include(case)), "model": self._model,
        }  # fmt: skip
        return self._ask("/extract", {name: value for name, value in body.items() if value is not None})

    def _ask(self, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        try:
            request = Request(self._url + path, data, {"Content-Type": "application/json"})  # noqa: S310 - the user's own URL
            with urlopen(request, timeout=_TIMEOUT_S) as response:  # noqa: S310
                answered: dict[str, Any] = json.loads(response.read())
        except HTTPError as error:
            raise ServiceFailed(f"{error.code}: {_title(error.read())}") from None
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "reason", None) or str(error) or type(error).__name__
            raise ServiceFailed(f"{self._url} cannot be used: {reason}") from None
        return answered

    async def aclose(self) -> None:
        """Nothing to stop."""


def _title(problem: bytes) -> str:
    try:
        return str(json.loads(problem)["title"])
    except (ValueError, KeyError, TypeError):
        return "no problem details"


def article_of(case: Case) -> Article:
    """The article that the service reads."""
    published = date.fromisoformat(case.published_at[:10]) if case.published_at and len(case.published_at) >= 10 else None
    return Article(text=case.text, id=case.id, title=case.title, published_at=published, language=case.language)


def _include(case: Case) -> frozenset[str]:
    """Only what the corpus annotates is asked for."""
    quotes = {"quotes"} if case.labels - {"exchanges"} else set()
    contents = {"contents"} if case.contents else set()
    return frozenset(quotes | contents | ({"exchanges"} if "exchanges" in case.labels else set()))
