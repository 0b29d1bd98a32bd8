"""A desk for tests: a real database, and an engine that is scripted where a paid model would be."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from service.adapters.database.pool import Database
from service.adapters.outbound import Outbound
from service.adapters.queue import Queue
from service.domain.article import Article
from service.errors import ModelFailed
from service.extraction.ask import Spent
from service.extraction.engine import EngineAnswer, Question
from service.extraction.pipeline import rules_answer
from service.flows.desk import Desk
from service.handlers import ExtractArticle
from service.ports import Prompt
from tests.api.client import ARTICLE, make_services

PROMPT = Prompt(name="test", version=1, system="", user="", sha256="0" * 64)


@dataclass
class ScriptedEngine:
    """An engine that answers as the rules do, or fails as `failures` say, one after the other; it counts its calls."""

    failures: Sequence[ModelFailed | Exception | None] = ()
    pause_s: float = 0.0
    name: str = "scripted/model"
    prompt: Prompt = PROMPT
    calls: int = 0
    started: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, question: Question) -> EngineAnswer:
        self.calls += 1
        self.started.set()
        await asyncio.sleep(self.pause_s)
        failure = self.failures[self.calls - 1] if self.calls <= len(self.failures) else None
        if failure is not None:
            raise failure
        spent = Spent(calls=1, attempts=1)
        return rules_answer(question, spent=spent)


async def make_desk(database: Database, engine: ScriptedEngine | None = None, **overrides: Any) -> Desk:
    """A desk over an open database; with `engine`, that is the default one."""
    queue = Queue(database)
    await queue.open()
    services = make_services(**({"default": engine.name, "engines": {engine.name: engine}} if engine else {}))
    return Desk(**{"database": database, "queue": queue, "services": services, "outbound": Outbound(), **overrides})


def make_command(
    text: str = ARTICLE, *, model: str | None = None, on_failure: str = "degrade", **article: Any
) -> ExtractArticle:
    """A request to read an article."""
    return ExtractArticle(article=Article(text=text, **article), model=model, on_failure=on_failure)  # type: ignore[arg-type]
