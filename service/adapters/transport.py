"""Retries of one HTTP call to a model server: when again, how long to wait, and what to say in the end.

This is the lower of two loops. The upper one asks the model again when its answer is wrong, and lives in the
pipeline; a 503 in the middle of a conversation is repaired here and loses nothing of it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, stop_before_delay

from service import metrics
from service.domain.record import Usage
from service.errors import (
    AnswerRefused,
    ModelFailed,
    ModelOverloaded,
    ModelRejectedRequest,
    ModelTimedOut,
    UpstreamUnavailable,
)

Result = TypeVar("Result")

_AGAIN = frozenset({408, 409, 425, 429})
_OVERLOADED = frozenset({429, 503, 529})
_TIMED_OUT = frozenset({408, 504})


class CallFailed(Exception):
    """One HTTP call failed: `failure` is what to raise if it stays so, `again` whether a retry may help."""

    def __init__(self, failure: ModelFailed, *, again: bool, retry_after_s: float | None = None) -> None:
        super().__init__(type(failure).__name__)
        self.failure, self.again, self.retry_after_s = failure, again, retry_after_s


@dataclass(slots=True)
class Spent:
    """What one question has cost so far. `calls` counts HTTP requests begun, retries included."""

    calls: int = 0
    usage: Usage = field(default_factory=Usage)

    def charge(self, failure: ModelFailed) -> ModelFailed:
        """`failure` with its costs written on it."""
        failure.calls = self.calls
        failure.tokens = (self.usage.input_tokens, self.usage.cached_tokens, self.usage.output_tokens)
        return failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often and how patiently: `first_wait_s` doubles up to `longest_wait_s`; the wait is drawn below that."""

    most: int = 3
    first_wait_s: float = 0.5
    longest_wait_s: float = 8.0

    def wait_s(self, attempt: int, *, retry_after_s: float | None) -> float:
        """Seconds before the call after `attempt` (1 for the first): what the server asked for, else backoff."""
        if retry_after_s is not None:  # a little later than asked, so that not all callers come back at once
            return retry_after_s * random.uniform(1.0, 1.1)  # noqa: S311 - jitter
        ceiling = min(self.longest_wait_s, self.first_wait_s * 2.0 ** (attempt - 1))
        return random.uniform(ceiling / 2, ceiling)  # noqa: S311 - jitter


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a model is asked.

    `mode` is instructor's: "json_schema", "tools" or "json". `temperature` None leaves it out, as is always done for
    OpenAI's reasoning models, which refuse it. One call may take `attempt_timeout_s` seconds before it counts as failed;
    None: all the time that is left.
    """

    mode: str = "json_schema"
    temperature: float | None = 0.0
    attempt_timeout_s: float | None = None
    retries: Retries = field(default_factory=Retries)


STANDARD = Manner()


async def call_with_retries(
    call: Callable[[], Awaitable[Result]], *, retries: Retries, timeout_s: float, spent: Spent
) -> Result:
    """`call` until it succeeds, within `timeout_s` seconds in all, waits included.

    `call` raises CallFailed. Raises the ModelFailed of the last call, at once when the wait that the server asks for
    would not end in time; ModelTimedOut when time runs out within a call. Cancellation passes through.
    """

    def wait_s(state: RetryCallState) -> float:
        failed = state.outcome.exception() if state.outcome else None
        asked = failed.retry_after_s if isinstance(failed, CallFailed) else None
        return retries.wait_s(state.attempt_number, retry_after_s=asked)

    # One AsyncRetrying a question: its state lives on the instance and is not safe to share between tasks.
    loop = AsyncRetrying(
        retry=retry_if_exception(lambda failed: isinstance(failed, CallFailed) and failed.again),
        stop=stop_after_attempt(retries.most + 1) | stop_before_delay(timeout_s),
        wait=wait_s,
        before_sleep=_count_retry,
        reraise=True,
    )

    async def counted() -> Result:
        spent.calls += 1
        return await call()

    if timeout_s <= 0:
        raise spent.charge(ModelTimedOut())
    try:
        async with asyncio.timeout(timeout_s):
            return await loop(counted)
    except CallFailed as failed:
        failure = failed.failure
    except TimeoutError:
        failure = ModelTimedOut()
    raise spent.charge(failure)  # outside the handlers: `from None` hides what came before, but keeps it


def _count_retry(state: RetryCallState) -> None:
    failed = state.outcome.exception() if state.outcome else None
    metrics.RETRIES.labels(metrics.outcome_of(failed.failure) if isinstance(failed, CallFailed) else "other").inc()


def failure_of_status(status: int, *, code: str | None = None, headers: Mapping[str, str] | None = None) -> CallFailed:
    """What an HTTP error status means, by the provider's `code` where the status is ambiguous."""
    if code == "content_filter":
        return CallFailed(AnswerRefused(), again=False)
    if code == "insufficient_quota":  # a 429 that waiting does not cure
        return CallFailed(ModelRejectedRequest(status=status), again=False)
    again = status in _AGAIN or status >= 500
    asked = retry_after_s((headers or {}).get("retry-after"), now=datetime.now(UTC)) if again else None
    return CallFailed(_meaning(status), again=again, retry_after_s=asked)


def _meaning(status: int) -> ModelFailed:
    if status in _OVERLOADED:
        return ModelOverloaded()
    if status in _TIMED_OUT:
        return ModelTimedOut()
    if 400 <= status <= 499:
        return ModelRejectedRequest(status=status)
    return UpstreamUnavailable(f"The model server failed with status {status}.")


def retry_after_s(header: str | None, *, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header (RFC 9110, 10.2.3: a number of seconds or a date), None if unreadable.

    >>> retry_after_s("3", now=datetime(2025, 5, 23, tzinfo=UTC))
    3.0
    >>> retry_after_s("Fri, 23 May 2025 00:00:07 GMT", now=datetime(2025, 5, 23, tzinfo=UTC))
    7.0
    """
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            at = parsedate_to_datetime(header)
        except ValueError:
            return None
        seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    return max(0.0, seconds) if seconds < float("inf") else None  # also False for "nan"
