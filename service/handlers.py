"""Use cases, one function each, and the services they need."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from service.domain.article import Article
from service.domain.record import Extraction
from service.errors import ArticleTooLarge, UnknownModel
from service.extraction.engine import RULES, Engine
from service.extraction.full import compose
from service.extraction.pipeline import Wanted, extract, prepare
from service.ports import Clock, Message, Prompt, PromptBook, Worker

EXCHANGES, QUOTES, CONTENTS = "exchanges", "quotes", "contents"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractArticle:
    """A request to read one article."""

    article: Article
    include: frozenset[str] = frozenset({EXCHANGES, QUOTES})
    indirect: bool = True
    on_failure: Literal["degrade", "error"] = "degrade"
    model: str | None = None

    @property
    def wanted(self) -> Wanted:
        """The parts asked for."""
        return Wanted(
            quotes=QUOTES in self.include,
            indirect=self.indirect,
            exchanges=EXCHANGES in self.include,
            contents=CONTENTS in self.include,
            degrade=self.on_failure == "degrade",
        )


@dataclass(slots=True, kw_only=True)
class Services:
    """What the use cases work with; built once by `bootstrap`. `engines` are the models a request may choose besides rules."""

    default: str
    engines: Mapping[str, Engine]
    prompts: PromptBook
    prompt: str
    clock: Clock
    worker: Worker
    deadline_s: float
    max_words: int
    probes: Mapping[str, Callable[[], Awaitable[bool]]] = field(default_factory=dict)
    closers: tuple[Callable[[], Awaitable[None]], ...] = ()

    @property
    def models(self) -> tuple[str, ...]:
        """Names that a request's `model` may have."""
        return (RULES, *self.engines)

    def engine(self, name: str | None) -> Engine | None:
        """The engine of this name (None: rules only); UnknownModel for any other."""
        chosen = name or self.default
        if chosen == RULES:
            return None
        try:
            return self.engines[chosen]
        except KeyError:
            raise UnknownModel(model=chosen, configured=self.models) from None

    async def ready(self) -> dict[str, bool]:
        """Whether each outside part answers now; asks no model for a completion."""
        names = list(self.probes)
        answers = await asyncio.gather(*(self.probes[name]() for name in names))
        return dict(zip(names, answers, strict=True))

    async def aclose(self) -> None:
        """Stop what was started."""
        for close in self.closers:
            await close()


async def extract_article(command: ExtractArticle, services: Services) -> Extraction:
    """Read one article.

    Raises EmptyArticle, ArticleTooLarge, UnknownModel; with on_failure="error" a subclass of ModelFailed as well.
    """
    engine = services.engine(command.model)
    check_length(command.article, services.max_words)
    return await extract(
        command.article,
        command.wanted,
        engine=engine,
        deadline_s=services.deadline_s,
        clock=services.clock,
        worker=services.worker,
    )


def check_length(article: Article, limit: int) -> None:
    """Raise ArticleTooLarge if the article has more than `limit` words."""
    words = len(article.text.split())
    if words > limit:
        raise ArticleTooLarge(size=words, limit=limit, unit="words")


async def warm_up(services: Services) -> None:
    """Read lexicons and weights and compile patterns now, so that the first request need not."""
    text = "“Twelve captives were freed on Monday,” the ministry said.\n\nThe rebels released four women, it added."
    await extract(Article(text=text), Wanted(), engine=None, deadline_s=services.deadline_s, clock=services.clock)


async def show_prompt(command: ExtractArticle, services: Services, *, prompt: str | None = None) -> tuple[Message, ...]:
    """The messages a model would be sent for this article, the parts of a long one after each other."""
    chosen: Prompt = services.prompts.get(prompt or services.prompt)
    deadline = services.clock.now() + services.deadline_s
    question = await prepare(command.article, command.wanted, deadline=deadline, clock=services.clock)
    return tuple(message for part in compose(question, chosen) for message in part.messages)
