"""The port between the pipeline and its engines, and how an engine's draft becomes judged items.

Every engine gets the same question (article, candidates, the rules engine's draft) and gives the same answer: items in references,
each with the engines that stand behind it, a confidence and warnings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from service.domain.article import Article
from service.domain.candidate import Candidates
from service.domain.draft import Draft, DraftExchange, DraftQuote
from service.domain.record import Notice, Rejected
from service.extraction.ask import Spent
from service.extraction.checks import check_draft
from service.extraction.finding import Finding
from service.extraction.settle import settle
from service.ports import ChatModel, Clock, Inline, Prompt, Worker

RULES = "rules"
MODEL = "model"


@dataclass(frozen=True, kw_only=True)
class Question:
    """What an engine is asked. `deadline` is a time of `clock`.

    `scanned` are the scanner's candidates; `draft_rules` makes the rules engine's draft, which costs more than the scan: it is made
    when it is first looked at, and an engine that waits for a model has it made by `worker` meanwhile.
    """

    article: Article
    scanned: Candidates
    draft_rules: Callable[[], tuple[Candidates, Draft]]
    quotes: bool
    indirect: bool
    exchanges: bool
    deadline: float
    clock: Clock
    worker: Worker = field(default_factory=Inline)

    @cached_property
    def _by_rules(self) -> tuple[Candidates, Draft]:
        return self.draft_rules()

    @property
    def candidates(self) -> Candidates:
        """The scanner's candidates and those that the rules engine located."""
        return self._by_rules[0]

    @property
    def rules(self) -> Draft:
        """The rules engine's draft of the same article."""
        return self._by_rules[1]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who stands behind an item, how sure they are (0..1), and what a reader should know."""

    by: tuple[str, ...]
    confidence: float
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class JudgedQuote:
    """A draft quotation with its verdict."""

    draft: DraftQuote
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class JudgedExchange:
    """A draft exchange with its verdict."""

    draft: DraftExchange
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineAnswer:
    """What an engine says of an article. `degraded_reason` is set where a part of it was answered by rules after a failure."""

    candidates: Candidates
    quotes: tuple[JudgedQuote, ...]
    exchanges: tuple[JudgedExchange, ...]
    rejected: tuple[Rejected, ...] = ()
    notices: tuple[Notice, ...] = ()
    spent: Spent = field(default_factory=Spent)
    degraded_reason: str | None = None


class Engine(Protocol):
    """A way to answer: a large model, or a small one that only confirms. (Rules need no port: they always run.)"""

    @property
    def name(self) -> str:
        """Its name ("local", "provider/model"), as requests and provenance name it."""
        ...

    @property
    def prompt(self) -> Prompt:
        """The prompt it uses."""
        ...

    async def answer(self, question: Question) -> EngineAnswer:
        """Answer one article; raises ModelFailed if nothing of its own can be said."""
        ...


class ModelEngine:
    """What every `Engine` over a model has."""

    def __init__(self, model: ChatModel, prompt: Prompt) -> None:
        self._model, self._prompt = model, prompt

    @property
    def name(self) -> str:
        """The model's name."""
        return self._model.name

    @property
    def prompt(self) -> Prompt:
        """The prompt it uses."""
        return self._prompt


def judge_items(
    draft: Draft,
    findings: tuple[Finding, ...],
    question: Question,
    candidates: Candidates,
    *,
    on_quote: Callable[[DraftQuote], Verdict],
    on_exchange: Callable[[DraftExchange], Verdict],
    spent: Spent,
    rejected: tuple[Rejected, ...] = (),
    notices: tuple[Notice, ...] = (),
    degraded_reason: str | None = None,
) -> EngineAnswer:
    """Settle a draft and give each item its verdict."""
    settled = settle(draft, findings)
    quotes = tuple(
        JudgedQuote(quote, _with(on_quote(quote), settled.quote_notices.get(index, ())))
        for index, quote in enumerate(settled.draft.quotes)
    )
    exchanges = tuple(
        JudgedExchange(exchange, _with(on_exchange(exchange), settled.exchange_notices.get(index, ())))
        for index, exchange in enumerate(settled.draft.exchanges)
    )
    return EngineAnswer(
        candidates=candidates,
        quotes=quotes,
        exchanges=exchanges,
        rejected=(*settled.rejected, *rejected),
        notices=(*settled.notices, *notices),
        spent=spent,
        degraded_reason=degraded_reason,
    )


_DOUBT = 0.85
"""Factor on the confidence for each warning: an item that failed a check is less sure than one that failed none."""


def _with(verdict: Verdict, notices: tuple[Notice, ...]) -> Verdict:
    if not notices:
        return verdict
    return Verdict(verdict.by, verdict.confidence * _DOUBT ** len(notices), (*verdict.notices, *notices))


def rules_answer(question: Question, *, spent: Spent | None = None, degraded_reason: str | None = None) -> EngineAnswer:
    """The rules engine's draft, checked, as the answer."""
    findings = check_draft(question.rules, question.candidates, published_at=question.article.published_at)
    return judge_items(
        question.rules,
        findings,
        question,
        question.candidates,
        on_quote=lambda quote: Verdict((RULES,), quote.score),
        on_exchange=lambda exchange: Verdict((RULES,), exchange.score),
        spent=spent or Spent(),
        degraded_reason=degraded_reason,
    )
