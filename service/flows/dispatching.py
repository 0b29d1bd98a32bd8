"""One attempt to tell one consumer of one message.

An attempt has two transactions with the request in between. The first takes one of the endpoint's places for as long as an attempt
may last; the second writes down what came of it, decides what follows, enqueues that, and lets the next one in. A worker that dies
in between leaves a place that is free again when its time is up, and a job that another worker takes over: the message is sent once
more, with the same id. Nothing is sent twice at the same time, and whatever comes too early sees to it that it comes back.

Locks are always taken in the same order: the endpoint, then its dispatches. All times that decide are the database's.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from service import metrics
from service.adapters.database.pool import Connection, Row
from service.errors import NoAnswer
from service.flows.desk import Desk
from service.flows.endpoints import Disabled, disable
from service.flows.messages import come_back
from service.telemetry import log_event
from service.tracing import span
from service.webhooks import backoff
from service.webhooks.backoff import SCHEDULE, Decision, Delivered, Disable, Exhausted, Retry, Why, decide
from service.webhooks.signature import sign_standard

logger = logging.getLogger(__name__)

PLACES = 2
"""Attempts at one endpoint at the same time."""
CIRCUIT = 5
"""From so many failures in a row on, one attempt at a time, with pauses in between."""
LEASE = timedelta(seconds=20)
"""How long an attempt may hold its place: the 15 seconds of a request, and some for what comes before and after."""
PATIENCE = timedelta(days=5)
"""An endpoint that gave nothing but failures for so long is disabled."""
HEAD_BYTES = 1_024

WriteBack = Callable[[Desk, Row], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What came of a request: a status, or an `error` of ours."""

    outcome: backoff.Answer | backoff.NoAnswer
    elapsed_ms: int
    head: bytes | None

    @property
    def status(self) -> int | None:
        """The status, None without an answer."""
        return self.outcome.status if isinstance(self.outcome, backoff.Answer) else None

    @property
    def error(self) -> str | None:
        """Why there was no answer."""
        return self.outcome.what if isinstance(self.outcome, backoff.NoAnswer) else None


async def cancel(desk: Desk, row: Row) -> None:
    """Write back nothing: what a dispatch to a CMS comes to where nobody writes back."""
    await desk.database.execute(
        """UPDATE dispatch SET state = 'cancelled', finished_at = now(), next_at = NULL
        WHERE id = %(id)s AND state IN ('pending', 'retrying')""",
        {"id": row["id"]},
    )


async def dispatch(desk: Desk, dispatch_id: str, *, write_back: WriteBack = cancel) -> None:
    """Make the attempt that is due, if one is; safe to call at any time, by any number of workers.

    A dispatch to a CMS is left to `write_back`, which gets the dispatch's row with its message's type, body, article and extraction
    ids. Only DatabaseUnavailable leaves this: then call it again.
    """
    row = await desk.database.row(
        """SELECT dispatch.*, message.type, message.body, message.article_id, message.extraction_id
        FROM dispatch JOIN message ON message.id = dispatch.message_id WHERE dispatch.id = %(id)s""",
        {"id": dispatch_id},
    )
    if row is None:
        return
    if row["connection_id"] is not None:
        if row["state"] in ("pending", "retrying"):
            await write_back(desk, row)
        return
    async with desk.database.transaction() as connection:
        claimed = await _claim(desk, connection, dispatch_id, row["endpoint_id"])
    if claimed is None:
        return
    with span("dispatch", dispatch_id=dispatch_id, endpoint_id=claimed["endpoint_id"]) as traced:
        sent = await _send(desk, claimed)
        traced.set(status=sent.status, error=sent.error)
    async with desk.database.transaction() as connection:
        state = await _settle(desk, connection, claimed, sent)
    metrics.DISPATCHES.labels(state).inc()
    log_event(
        logger,
        "dispatch_attempted",
        dispatch_id=dispatch_id,
        message_id=claimed["message_id"],
        endpoint_id=claimed["endpoint_id"],
        number=claimed["attempts"] + 1,
        status=sent.status,
        error=sent.error,
        elapsed_ms=sent.elapsed_ms,
        state=state,
    )


async def _lock(connection: Connection, dispatch_id: str, endpoint_id: str) -> tuple[Row, Row] | None:
    """The endpoint and the dispatch, held until the transaction ends; None if one of them is gone."""
    endpoint = await (
        await connection.execute(
            """SELECT *, now() < coalesce(probe_at, now()) AS rests, failures_in_row >= %(circuit)s AS fails,
                watched_until > now() AS is_watched,
                CASE WHEN old_secret_until > now() THEN old_secret END AS other_secret,
                failing_since < now() - %(patience)s AS hopeless
            FROM endpoint WHERE id = %(id)s FOR NO KEY UPDATE""",
            {"id": endpoint_id, "circuit": CIRCUIT, "patience": PATIENCE},
        )
    ).fetchone()
    row = await (
        await connection.execute(
            """SELECT dispatch.*, message.body, dispatch.sending_until > now() AS is_sent,
                dispatch.next_at > now() AND dispatch.waiting_since IS NULL AS is_early
            FROM dispatch JOIN message ON message.id = dispatch.message_id
            WHERE dispatch.id = %(id)s FOR UPDATE OF dispatch""",
            {"id": dispatch_id},
        )
    ).fetchone()
    return None if endpoint is None or row is None else (endpoint, row)


async def _claim(desk: Desk, connection: Connection, dispatch_id: str, endpoint_id: str) -> Row | None:
    """Take a place for this dispatch: its row, with the address and secrets, or None if it is not to be sent now."""
    locked = await _lock(connection, dispatch_id, endpoint_id)
    if locked is None:
        return None
    endpoint, row = locked
    if row["state"] not in ("pending", "retrying"):
        await _let_in(desk, connection, endpoint)
    elif endpoint["disabled_at"] is not None or row["body"] is None:
        await _finish(connection, dispatch_id, "cancelled")
        await _let_in(desk, connection, endpoint)
    elif row["is_early"]:
        await come_back(desk, connection, dispatch_id, row["next_at"])
    elif row["is_sent"]:
        await come_back(desk, connection, dispatch_id, row["sending_until"])
    elif endpoint["rests"] or not await _free_places(connection, endpoint):
        await connection.execute(
            "UPDATE dispatch SET waiting_since = coalesce(waiting_since, now()) WHERE id = %(id)s", {"id": dispatch_id}
        )
        await _watch(desk, connection, endpoint)
    else:
        await connection.execute(
            "UPDATE dispatch SET sending_until = now() + %(lease)s, waiting_since = NULL WHERE id = %(id)s",
            {"id": dispatch_id, "lease": LEASE},
        )
        others = {name: endpoint[name] for name in ("url", "secret", "other_secret", "allow_private")}
        return {**row, **others}
    return None


async def _free_places(connection: Connection, endpoint: Row) -> int:
    row = await (
        await connection.execute(
            "SELECT count(*) AS n FROM dispatch WHERE endpoint_id = %(id)s AND sending_until > now()", {"id": endpoint["id"]}
        )
    ).fetchone()
    taken = int(row["n"]) if row else 0
    return max(0, (1 if endpoint["fails"] else PLACES) - taken)


async def _watch(desk: Desk, connection: Connection, endpoint: Row) -> None:
    """See to it that a job looks at those that wait before an endpoint when every attempt of now is over or its worker dead.

    Usually each that ends lets the next one in; that chain breaks with the worker that holds its end. One such job at a time is
    enough, however many wait: a long queue before a slow endpoint costs nothing.
    """
    if endpoint["is_watched"]:
        return
    first = await connection.execute(
        """UPDATE endpoint SET watched_until = greatest(now(), probe_at) + %(lease)s FROM (
            SELECT id AS first FROM dispatch WHERE endpoint_id = %(id)s AND waiting_since IS NOT NULL
            ORDER BY waiting_since, id LIMIT 1) AS waiting
        WHERE endpoint.id = %(id)s RETURNING first, watched_until""",
        {"id": endpoint["id"], "lease": LEASE},
    )
    for row in await first.fetchall():
        await come_back(desk, connection, row["first"], row["watched_until"])


async def _let_in(desk: Desk, connection: Connection, endpoint: Row) -> None:
    """Give the free places of an endpoint to those that wait longest; while it fails, not before it may be asked again."""
    free = 0 if endpoint["disabled_at"] is not None else await _free_places(connection, endpoint)
    changed = await connection.execute(
        """UPDATE dispatch SET waiting_since = NULL, next_at = greatest(now(), %(probe_at)s::timestamptz) WHERE id IN (
            SELECT id FROM dispatch WHERE endpoint_id = %(endpoint)s AND waiting_since IS NOT NULL
            ORDER BY waiting_since, id LIMIT %(free)s FOR UPDATE)
        RETURNING id, next_at""",
        {"endpoint": endpoint["id"], "free": free, "probe_at": endpoint["probe_at"]},
    )
    for row in await changed.fetchall():
        await come_back(desk, connection, row["id"], row["next_at"])
    await _watch(desk, connection, endpoint)


async def _send(desk: Desk, claimed: Row) -> Sent:
    """The request: the same id and bytes every time, a fresh timestamp, one signature for each secret that is in use."""
    signing = [claimed["secret"], *([claimed["other_secret"]] if claimed["other_secret"] else [])]
    signed = sign_standard(
        claimed["message_id"], secrets=signing, body=bytes(claimed["body"]), at=int(desk.now().timestamp())
    )
    started = time.perf_counter()
    try:
        answer = await desk.outbound.send(
            "POST",
            claimed["url"],
            headers={"Content-Type": "application/json", **signed},
            body=bytes(claimed["body"]),
            allow_private=claimed["allow_private"],
        )
    except NoAnswer as none:
        elapsed = round((time.perf_counter() - started) * 1000)
        return Sent(outcome=backoff.NoAnswer(what=none.reason.value), elapsed_ms=elapsed, head=None)
    outcome = backoff.Answer(status=answer.status, at=desk.now().timestamp(), headers=answer.headers)
    return Sent(outcome=outcome, elapsed_ms=answer.elapsed_ms, head=answer.body_head)


async def _settle(desk: Desk, connection: Connection, claimed: Row, sent: Sent) -> str:
    """Write down an attempt and what follows from it; the state that the dispatch is in now."""
    locked = await _lock(connection, claimed["id"], claimed["endpoint_id"])
    if locked is None:
        return "deleted"
    endpoint, row = locked
    await record_attempt(connection, claimed, sent)
    await connection.execute("UPDATE dispatch SET sending_until = NULL WHERE id = %(id)s", {"id": row["id"]})
    decision = decide(
        claimed["attempts"] + 1,
        sent.outcome,
        jitter=secrets.randbelow(1_001) / 1_000,
        schedule=desk.schedule_s or SCHEDULE,
    )
    state = str(row["state"])
    if _is_current(claimed, row):
        state = await follow(desk, connection, row, decision)
    elif row["state"] in ("pending", "retrying"):  # replayed meanwhile: that round is still to come
        await come_back(desk, connection, row["id"], row["next_at"])
    await _count(desk, connection, endpoint, decision)
    # Its figures have changed, and with them how many places there are.
    now = await _lock(connection, claimed["id"], claimed["endpoint_id"])
    if now is not None:
        await _let_in(desk, connection, now[0])
    return state


def _is_current(claimed: Row, row: Row) -> bool:
    """Whether the dispatch is as it was when the place was taken: not replayed, cancelled, or sent by another meanwhile."""
    return all(claimed[name] == row[name] for name in ("state", "round", "attempts"))


async def record_attempt(connection: Connection, row: Row, sent: Sent) -> None:
    """Write an attempt of this dispatch into the log."""
    await connection.execute(
        """INSERT INTO attempt (dispatch_id, round, number, status, elapsed_ms, error, response_head)
        VALUES (%(dispatch)s, %(round)s, %(number)s, %(status)s, %(elapsed)s, %(error)s, %(head)s)""",
        {
            "dispatch": row["id"],
            "round": row["round"],
            "number": row["attempts"] + 1,
            "status": sent.status,
            "elapsed": sent.elapsed_ms,
            "error": sent.error,
            "head": None if sent.head is None else sent.head[:HEAD_BYTES],
        },
    )


async def follow(desk: Desk, connection: Connection, row: Row, decision: Decision) -> str:
    """Bring a dispatch into the state that follows from an attempt, and enqueue the next one if there is to be one; the state."""
    match decision:
        case Retry(after_s=after_s):
            changed = await connection.execute(
                """UPDATE dispatch SET state = 'retrying', attempts = attempts + 1, next_at = now() + %(pause)s
                WHERE id = %(id)s RETURNING next_at""",
                {"id": row["id"], "pause": timedelta(seconds=after_s)},
            )
            for due in await changed.fetchall():
                await come_back(desk, connection, row["id"], due["next_at"])
            return "retrying"
        case Delivered():
            state = "delivered"
        case Disable():
            state = "cancelled"
        case Exhausted():
            state = "exhausted"
    await connection.execute("UPDATE dispatch SET attempts = attempts + 1 WHERE id = %(id)s", {"id": row["id"]})
    await _finish(connection, row["id"], state)
    return state


async def _finish(connection: Connection, dispatch_id: str, state: str) -> None:
    await connection.execute(
        """UPDATE dispatch SET state = %(state)s, finished_at = now(), next_at = NULL, waiting_since = NULL
        WHERE id = %(id)s""",
        {"id": dispatch_id, "state": state},
    )


async def _count(desk: Desk, connection: Connection, endpoint: Row, decision: Decision) -> None:
    """Keep the endpoint's figures, and disable it where there is no more hope."""
    if isinstance(decision, Delivered):
        await connection.execute(
            """UPDATE endpoint SET failures_in_row = 0, failing_since = NULL, probe_at = NULL
            WHERE id = %(id)s AND failures_in_row > 0""",
            {"id": endpoint["id"]},
        )
        return
    if isinstance(decision, Exhausted) and decision.why is Why.ASKED_TO_STOP:
        return  # it answers, and knows what it does not want
    failures = endpoint["failures_in_row"] + 1
    pause = probe_pause(failures, desk.schedule_s or SCHEDULE)
    await connection.execute(
        """UPDATE endpoint SET failures_in_row = %(failures)s, failing_since = coalesce(failing_since, now()),
            probe_at = now() + %(pause)s::interval
        WHERE id = %(id)s""",
        {"id": endpoint["id"], "failures": failures, "pause": pause},
    )
    if endpoint["disabled_at"] is None and (isinstance(decision, Disable) or endpoint["hopeless"]):
        reason = Disabled.GONE if isinstance(decision, Disable) else Disabled.FAILING
        await disable(connection, endpoint["id"], reason)
        metrics.ENDPOINTS_DISABLED.labels(reason.name.lower()).inc()
        log_event(logger, "endpoint_disabled", logging.WARNING, endpoint_id=endpoint["id"], reason=reason.value)


def probe_pause(failures: int, schedule: tuple[float, ...]) -> timedelta | None:
    """How long an endpoint is left alone after so many failures in a row; None below the fifth.

    The pauses are those of a message after its first and, from the sixth failure on, its second attempt: 5 seconds and 5 minutes.

    >>> [probe_pause(failures, SCHEDULE) for failures in (4, 5, 6, 99)]
    [None, datetime.timedelta(seconds=5), datetime.timedelta(seconds=300), datetime.timedelta(seconds=300)]
    """
    step = min(failures - CIRCUIT + 1, 2, len(schedule) - 1)
    return timedelta(seconds=schedule[step]) if step > 0 else None
