"""How much may be asked: the limits of a key, the operator's ceilings. All refused before a model is called.

Counted in `usage`, one row for each subject and window: a minute or a day of UTC. A request is let in and counted by one statement,
so that any number of processes keep one limit among them. What a model's answer cost is known only afterwards: tokens are added
then, and while a window's tokens are at or above a limit nothing more is let in. The last ones that were let in may go beyond it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from service.adapters.database.pool import Connection, Row
from service.domain.record import Provenance
from service.errors import LimitReached, ModelFailed
from service.flows.desk import Caller, Desk

MINUTE, DAY = "minute", "day"
ALL = "all"
KEPT_DAYS = 35
_SECONDS = {MINUTE: 60, DAY: 86_400}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What an extraction took of a model: HTTP calls, and tokens read and written (cached ones are read, too)."""

    calls: int = 0
    tokens: int = 0


def cost_of(outcome: Provenance | ModelFailed) -> Cost:
    """What an answer, or a failure to answer, cost."""
    if isinstance(outcome, ModelFailed):
        read, _, written = outcome.tokens
        return Cost(calls=outcome.calls, tokens=read + written)
    return Cost(calls=outcome.calls, tokens=outcome.usage.input_tokens + outcome.usage.output_tokens)


async def admit(desk: Desk, caller: Caller, model: str | None) -> None:
    """Count a request against its key's limits (model None), or a model's call against the operator's ceilings.

    An answer from the store costs a request, but no call and no tokens. Raises LimitReached; then nothing was counted.
    """
    if model is None:
        if caller.key_id is not None:
            await _let_in(desk, await _key_windows(desk, caller.key_id))
        return
    await _let_in(desk, _ceilings(desk, model))


async def charge(desk: Desk, caller: Caller, model: str | None, outcome: Provenance | ModelFailed) -> None:
    """Count what an extraction cost: its tokens, and the calls beyond the one that was let in."""
    cost, now = cost_of(outcome), desk.now()
    if model is None or cost == Cost():
        return
    subjects = [(ALL, DAY, 0, cost.tokens)]
    if caller.key_id is not None:
        subjects += [(f"key:{caller.key_id}", period, 0, cost.tokens) for period in (MINUTE, DAY)]
    if cost.calls > 1:
        subjects.append((f"provider:{model}", MINUTE, cost.calls - 1, 0))
    # In one order for all, as everywhere: two who charge at the same time must not wait for each other.
    subjects.sort()
    await desk.database.execute(
        """INSERT INTO usage (subject, period, started, requests, tokens)
        SELECT * FROM unnest(%(subjects)s::text[], %(periods)s::text[], %(starts)s::timestamptz[],
            %(requests)s::bigint[], %(tokens)s::bigint[])
        ON CONFLICT (subject, period, started)
        DO UPDATE SET requests = usage.requests + excluded.requests, tokens = usage.tokens + excluded.tokens""",
        {
            "subjects": [subject for subject, _, _, _ in subjects],
            "periods": [period for _, period, _, _ in subjects],
            "starts": [_started(period, now) for _, period, _, _ in subjects],
            "requests": [requests for _, _, requests, _ in subjects],
            "tokens": [tokens for _, _, _, tokens in subjects],
        },
    )


async def prune_usage(desk: Desk) -> int:
    """Forget minutes after a day, and days after `KEPT_DAYS`; how many rows that were."""
    now = desk.now()
    return await desk.database.execute(
        "DELETE FROM usage WHERE (period = 'minute' AND started < %(minutes)s) OR started < %(days)s",
        {"minutes": now - timedelta(days=1), "days": now - timedelta(days=KEPT_DAYS)},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    """A row of `usage` and what stands in the way of one more request in it."""

    subject: str
    period: str
    whose: str
    requests: int | None = None
    tokens: int | None = None


async def _key_windows(desk: Desk, key_id: str) -> tuple[_Window, ...]:
    row: Row | None = desk.recent.get(("limits", key_id))
    if row is None:
        row = await desk.database.row(
            """SELECT requests_per_minute, requests_per_day, tokens_per_minute, tokens_per_day
            FROM api_key WHERE id = %(id)s""",
            {"id": key_id},
        )
        if row is None:
            return ()
        desk.recent.put(("limits", key_id), row)
    subject = f"key:{key_id}"
    return tuple(
        _Window(
            subject=subject,
            period=period,
            whose="this key",
            requests=row[f"requests_per_{period}"],
            tokens=row[f"tokens_per_{period}"],
        )
        for period in (DAY, MINUTE)
    )


def _ceilings(desk: Desk, model: str) -> tuple[_Window, ...]:
    ceilings = desk.ceilings
    windows = []
    if ceilings.tokens_per_day is not None:
        windows.append(_Window(subject=ALL, period=DAY, whose="this service", tokens=ceilings.tokens_per_day))
    if ceilings.requests_per_minute is not None:
        allowed = ceilings.requests_per_minute
        windows.append(_Window(subject=f"provider:{model}", period=MINUTE, whose="the model", requests=allowed))
    return tuple(windows)


async def _let_in(desk: Desk, windows: tuple[_Window, ...]) -> None:
    """Count one request in all these windows, or in none of them."""
    if not windows:
        return
    now = desk.now()
    async with desk.database.transaction() as connection:
        counted = await _count(connection, windows, now)
        full = next((window for window in windows if (window.subject, window.period) not in counted), None)
        if full is None:
            return
        used = await _used(connection, full, now)
        # Leaving by an exception takes back what the other windows counted.
        raise _refusal(full, used, now)


async def _count(connection: Connection, windows: tuple[_Window, ...], now: datetime) -> set[tuple[str, str]]:
    """Count a request in each window that has room; these windows."""
    ordered = sorted(windows, key=lambda window: (window.subject, window.period))
    cursor = await connection.execute(
        """WITH wanted AS (
            SELECT * FROM unnest(%(subjects)s::text[], %(periods)s::text[], %(starts)s::timestamptz[],
                %(requests)s::bigint[], %(tokens)s::bigint[]) AS one (subject, period, started, most_requests, most_tokens)
        )
        INSERT INTO usage (subject, period, started, requests)
        SELECT subject, period, started, 1 FROM wanted
        ON CONFLICT (subject, period, started) DO UPDATE SET requests = usage.requests + 1
        WHERE (SELECT (most_requests IS NULL OR usage.requests < most_requests)
                AND (most_tokens IS NULL OR usage.tokens < most_tokens)
            FROM wanted WHERE (wanted.subject, wanted.period) = (usage.subject, usage.period))
        RETURNING subject, period""",
        {
            "subjects": [window.subject for window in ordered],
            "periods": [window.period for window in ordered],
            "starts": [_started(window.period, now) for window in ordered],
            "requests": [window.requests for window in ordered],
            "tokens": [window.tokens for window in ordered],
        },
    )
    return {(row["subject"], row["period"]) for row in await cursor.fetchall()}


async def _used(connection: Connection, window: _Window, now: datetime) -> dict[str, Any]:
    cursor = await connection.execute(
        "SELECT requests, tokens FROM usage WHERE (subject, period, started) = (%(subject)s, %(period)s, %(started)s)",
        {"subject": window.subject, "period": window.period, "started": _started(window.period, now)},
    )
    return await cursor.fetchone() or {"requests": 0, "tokens": 0}


def _refusal(window: _Window, used: dict[str, Any], now: datetime) -> LimitReached:
    seconds = _SECONDS[window.period]
    ends = _started(window.period, now) + timedelta(seconds=seconds)
    by_tokens = window.tokens is not None and used["tokens"] >= window.tokens
    unit, allowed = ("tokens", window.tokens) if by_tokens else ("requests", window.requests)
    return LimitReached(
        limit=f"{unit} a {window.period} of {window.whose}",
        allowed=allowed or 0,
        retry_after_s=-int(-(ends - now).total_seconds() // 1),
        policy=f"{unit}-{window.period}",
        window_s=seconds,
    )


def _started(period: str, now: datetime) -> datetime:
    """The beginning of the window that `now` (UTC) falls in."""
    minute = now.replace(second=0, microsecond=0)
    return minute if period == MINUTE else minute.replace(hour=0, minute=0)
