"""Asking a model for a draft: one question, at most two re-asks with precise messages, one deadline over all.

What a model was told once and answers again as before is not asked a third time: it has looked, and it stands by it.

The transport's own retries (429, 5xx, time-outs) lie below, in the adapter, so that a 503 during a re-ask does not lose the
conversation. A tenacity loop is built for every question: a shared one breaks under concurrency (instructor.md, gotcha 2).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt

from service.domain.record import Usage
from service.errors import AnswerInvalid, ModelFailed, ModelTimedOut
from service.extraction.finding import Action, Finding
from service.ports import Answer, ChatModel, Clock, InvalidReply, Message

MAX_REASKS = 2
_MOST_PROBLEMS = 12
Result = TypeVar("Result")


@dataclass(slots=True)
class Spent:
    """What asking has cost so far, failed attempts included."""

    attempts: int = 0
    calls: int = 0
    usage: Usage = field(default_factory=Usage)

    def add(self, calls: int, usage: Usage) -> None:
        """Count one answered question."""
        self.calls += calls
        self.usage += usage

    def charge(self, failure: ModelFailed) -> None:
        """Count what a failed question cost."""
        given, cached, answered = failure.tokens
        self.add(failure.calls, Usage(input_tokens=given, cached_tokens=cached, output_tokens=answered))

    def bill(self, failure: ModelFailed) -> ModelFailed:
        """The failure with all that was spent until it happened."""
        failure.calls = self.calls
        failure.tokens = (self.usage.input_tokens, self.usage.cached_tokens, self.usage.output_tokens)
        return failure


@dataclass(frozen=True, slots=True)
class Asked(Generic[Result]):
    """The best reading of the model's replies and the findings that were not mended."""

    result: Result
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Judged(Generic[Result]):
    """A reply as it was read: `open` are the findings that the model should mend, `findings` all of them."""

    result: Result
    findings: tuple[Finding, ...]

    @property
    def open(self) -> tuple[Finding, ...]:
        """What to ask again."""
        return tuple(finding for finding in self.findings if finding.reask)


class _AskAgain(Exception):
    """The reply needs to be mended."""


async def ask(
    model: ChatModel,
    messages: tuple[Message, ...],
    *,
    response_model: type[Answer],
    judge: Callable[[Answer], Awaitable[Judged[Result]]],
    max_tokens: int,
    deadline: float,
    clock: Clock,
    spent: Spent,
) -> Asked[Result]:
    """Ask until `judge` has nothing new to mend or the re-asks are used up; then the reading with the fewest open findings.

    Raises AnswerInvalid if no reply could be read at all, ModelTimedOut at the deadline, or what the model raised. A failure
    during a re-ask does not lose an earlier reading.
    """
    conversation = messages
    best: Judged[Result] | None = None
    told: set[str] = set()
    retrying = AsyncRetrying(stop=stop_after_attempt(1 + MAX_REASKS), retry=retry_if_exception_type(_AskAgain), reraise=True)
    try:
        async for attempt in retrying:
            with attempt:
                spent.attempts += 1
                raw, judged, problems = await _one(
                    model, conversation, response_model, judge, max_tokens, deadline - clock.now(), spent
                )
                if judged is not None and (best is None or len(judged.open) <= len(best.open)):
                    best = judged
                if judged is None or not told.issuperset(problems):
                    told.update(problems[:_MOST_PROBLEMS])
                    conversation = (*messages, Message("assistant", raw), Message("user", reask_text(problems)))
                    raise _AskAgain
    except _AskAgain:
        pass
    except ModelFailed as failure:
        if best is None:
            raise spent.bill(failure) from None
    if best is None:
        raise spent.bill(AnswerInvalid())
    return Asked(best.result, best.findings)


async def _one(
    model: ChatModel, conversation: tuple[Message, ...], response_model: type[Answer],
    judge: Callable[[Answer], Awaitable[Judged[Result]]], max_tokens: int, timeout_s: float, spent: Spent,
) -> tuple[str, Judged[Result] | None, tuple[str, ...]]:  # fmt: skip
    """One question: the raw reply, what could be read of it, and the problems to name in a re-ask."""
    if timeout_s <= 0:
        raise ModelTimedOut
    try:
        reply = await model.ask(conversation, response_model=response_model, max_tokens=max_tokens, timeout_s=timeout_s)
    except InvalidReply as invalid:
        spent.add(invalid.calls, invalid.usage)
        kept = salvage(invalid.partial, response_model)
        if kept is None:
            return invalid.raw, None, invalid.problems
        judged = await judge(kept)
        unread = tuple(Finding(check="form", item="answer", message=text, action=Action.REJECT) for text in invalid.problems)
        problems = (*invalid.problems, *(finding.message for finding in judged.open))
        return invalid.raw, Judged(judged.result, (*unread, *judged.findings)), problems
    except ModelFailed as failure:
        spent.charge(failure)
        raise
    spent.add(reply.calls, reply.usage)
    judged = await judge(reply.answer)
    return reply.raw, judged, tuple(finding.message for finding in judged.open)


def reask_text(problems: tuple[str, ...]) -> str:
    """The message that asks for a mended answer: short and specific."""
    listed = "\n".join(f"- {problem}" for problem in problems[:_MOST_PROBLEMS])
    more = f"\n- and {len(problems) - _MOST_PROBLEMS} more of these kinds" if len(problems) > _MOST_PROBLEMS else ""
    return (
        f"Your answer has these problems:\n{listed}{more}\n"
        "Look at the article again and answer with the whole JSON object, corrected. Keep all that was right."
    )


def salvage(partial: object, response_model: type[Answer]) -> Answer | None:
    """What is valid in a partly invalid reply: list items are tried one by one, the rest is left out.

    >>> from pydantic import BaseModel
    >>> class Names(BaseModel):
    ...     names: list[str]
    >>> salvage({"names": ["Ann", 3, "Bo"]}, Names)
    Names(names=['Ann', 'Bo'])
    >>> salvage(["Ann"], Names) is None
    True
    """
    if not isinstance(partial, dict):
        return None
    kept: dict[str, object] = {}
    for name, info in response_model.model_fields.items():
        given = partial.get(name)
        if isinstance(given, list):
            kept[name] = [item for item in given if _is_valid(response_model, name, [item])]
        elif name in partial and _is_valid(response_model, name, given):
            kept[name] = given
        elif info.is_required():
            kept[name] = []
    try:
        return response_model.model_validate(kept)
    except ValidationError:
        return None


def _is_valid(response_model: type[BaseModel], name: str, value: object) -> bool:
    try:
        response_model.__pydantic_validator__.validate_assignment(response_model.model_construct(), name, value)
    except ValidationError:
        return False
    return True
