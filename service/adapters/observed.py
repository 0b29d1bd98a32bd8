"""A model that is looked on while it is asked: counted, timed, traced. What it says is nobody's business here."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from service import metrics
from service.errors import ModelFailed
from service.ports import Answer, ChatModel, InvalidReply, Message, Reply
from service.tracing import Value, span


class Upstream:
    """How long models were asked during one extraction: questions at the same time count once. Seconds."""

    def __init__(self) -> None:
        self._seconds, self._under_way, self._since = 0.0, 0, 0.0

    @contextmanager
    def asking(self) -> Iterator[None]:
        """A question."""
        if not self._under_way:
            self._since = time.perf_counter()
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._seconds += time.perf_counter() - self._since

    @property
    def seconds(self) -> float:
        """So far; of questions that are answered."""
        return self._seconds


upstream: ContextVar[Upstream | None] = ContextVar("upstream", default=None)
"""Of the extraction that this task belongs to."""


class ObservedModel:
    """A ChatModel around another one."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model

    @property
    def name(self) -> str:
        """The other one's."""
        return self._model.name

    async def ask(
        self, messages: tuple[Message, ...], *, response_model: type[Answer], max_tokens: int, timeout_s: float
    ) -> Reply[Answer]:
        """Ask the other one; raises what it raises."""
        name, started = self.name, time.perf_counter()
        if any(message.role == "assistant" for message in messages):
            metrics.RETRIES.labels("reask").inc()
        provider, _, model = name.partition("/")
        facts: dict[str, Value | None] = {"provider": provider, "request_model": model or name, "max_tokens": max_tokens}
        try:
            with _asking(), span(f"chat {model or name}", operation="chat", **facts) as traced:
                try:
                    reply = await self._model.ask(
                        messages, response_model=response_model, max_tokens=max_tokens, timeout_s=timeout_s
                    )
                except InvalidReply as invalid:
                    tokens = (invalid.usage.input_tokens, invalid.usage.cached_tokens, invalid.usage.output_tokens)
                    metrics.count_question(name, "invalid", calls=invalid.calls, tokens=tokens)
                    raise
                except ModelFailed as failure:
                    metrics.count_failed_question(name, failure)
                    raise
                usage = reply.usage
                tokens = (usage.input_tokens, usage.cached_tokens, usage.output_tokens)
                metrics.count_question(name, "answered", calls=reply.calls, tokens=tokens)
                traced.set(input_tokens=tokens[0], cached_tokens=tokens[1], output_tokens=tokens[2], calls=reply.calls)
                return reply
        finally:
            metrics.MODEL_SECONDS.labels(name).observe(time.perf_counter() - started)


@contextmanager
def _asking() -> Iterator[None]:
    meter = upstream.get()
    if meter is None:
        yield
    else:
        with meter.asking():
            yield
