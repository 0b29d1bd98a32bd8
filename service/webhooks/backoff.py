"""What follows an attempt to deliver a message: done, again later, never again, or the endpoint is gone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_tz
from enum import StrEnum

MINUTE, HOUR = 60.0, 3600.0
SCHEDULE: tuple[float, ...] = (0.0, 5.0, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR)
SPREAD = 0.2
LONGEST_WISH_S = 24 * HOUR
_GONE = 410
_DELAY = re.compile(r"[0-9]{1,12}")


class Why(StrEnum):
    """Why no further attempt is made."""

    SCHEDULE_ENDED = "schedule_ended"
    ASKED_TO_STOP = "asked_to_stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the receiver answered, and when (unix seconds)."""

    status: int
    at: float
    headers: Sequence[tuple[str, str]] = ()

    def header(self, name: str) -> str | None:
        """The first header of this name (given in lower case), None where there is none."""
        return next((value.strip() for key, value in self.headers if key.lower() == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAnswer:
    """The receiver could not be reached, was not allowed to be dialled, or did not answer in time; `what` names it for the log."""

    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The receiver took the message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """The next attempt is due in so many seconds."""

    after_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhausted:
    """The message becomes a dead letter, to be replayed by a person."""

    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Disable:
    """The receiver said that the endpoint is gone for good: nothing more is sent there."""


Decision = Delivered | Retry | Exhausted | Disable


def decide(attempt: int, outcome: Answer | NoAnswer, *, jitter: float, schedule: Sequence[float] = SCHEDULE) -> Decision:
    """What to do after attempt number `attempt` (the first is 1) came out like this.

    `jitter` is a random number between 0 and 1 and moves the pause by up to 20 % either way; `schedule` holds the pause before
    each attempt in seconds, the one before the first included. Retry-After (RFC 9110, 10.2.3) can only make a pause longer:
    else a receiver that always asks for one second would use up all attempts while it is down. It is capped at 24 hours.
    ValueError for an attempt below 1 or a jitter out of range.
    """
    if attempt < 1 or not 0 <= jitter <= 1:
        raise ValueError(f"expected an attempt from 1 on and a jitter from 0 to 1, not {attempt} and {jitter}")
    wish = 0.0
    if isinstance(outcome, Answer):
        if 200 <= outcome.status < 300:
            return Delivered()
        if outcome.status == _GONE:
            return Disable()
        if (outcome.header("webhook-delivery") or "").lower() == "abort-message":
            return Exhausted(why=Why.ASKED_TO_STOP)
        wish = retry_after_s(outcome.header("retry-after"), at=outcome.at) or 0.0
    if attempt >= len(schedule):
        return Exhausted(why=Why.SCHEDULE_ENDED)
    pause = schedule[attempt] * (1 - SPREAD + 2 * SPREAD * jitter)
    return Retry(after_s=max(pause, min(wish, LONGEST_WISH_S)))


def retry_after_s(value: str | None, *, at: float) -> float | None:
    """Seconds that a Retry-After header asks to wait, counted from `at`; None where it cannot be understood.

    >>> retry_after_s("120", at=0), retry_after_s("Thu, 01 Jan 1970 00:01:00 GMT", at=10), retry_after_s("soon", at=0)
    (120.0, 50.0, None)
    """
    if value is None:
        return None
    if _DELAY.fullmatch(value):
        return float(value)
    try:
        parsed = parsedate_tz(value)
        if parsed is None:
            return None
        when = datetime(*parsed[:6], tzinfo=UTC).timestamp() - (parsed[9] or 0)
    except (ValueError, OverflowError, TypeError, IndexError):  # its parser trips over some of what is no date
        return None
    return max(0.0, when - at)
