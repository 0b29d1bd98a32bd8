"""Results into the CMS that the article came from: a message's other consumer, with the attempts and pauses of any other.

What is written is the result of the newest version or nothing: a result that was overtaken, by an article of another text or by
one that is gone, is superseded. A CMS tells of our own write as of any other; its text is the same, so nothing is read, nobody is
told, and nothing is written again. And what the CMS has already is not sent, so that no circle can close over a text that it shows
one way in its hooks and another in its API.

As with endpoints, one transaction takes a place at the CMS, the second writes down what came of it. Locks: the connection, then its
dispatch.
"""

from __future__ import annotations

import logging
import secrets
import time
from dataclasses import dataclass, replace
from datetime import timedelta

from service.adapters.cms.registry import keeper_of
from service.adapters.cms.site import Note, Written
from service.adapters.database.pool import Connection, Row
from service.domain.record import Extraction
from service.errors import CmsRefused, CmsUnavailable, DatabaseUnavailable
from service.flows.changes import Told, version_of
from service.flows.desk import Desk
from service.flows.dispatching import Sent, follow, record_attempt
from service.flows.fetching import site_of
from service.flows.messages import come_back
from service.flows.reading import records
from service.telemetry import describe_failure, log_event
from service.webhooks import backoff
from service.webhooks.backoff import SCHEDULE, Delivered, decide
from service.webhooks.change import ArticleChange

logger = logging.getLogger(__name__)

PLACES = 2
"""Attempts at one CMS at the same time: one that hangs must not hold up everybody's messages."""
LEASE = timedelta(seconds=120)
"""How long an attempt may hold its place: two rounds of reading and writing, 15 seconds for each request, and some more."""
LEAST_PAUSE_S, PAUSE_EACH_S = 2.0, 0.5
"""Who finds no place comes back after so long, and the later the more there are."""

SUPERSEDED, CANCELLED = "superseded", "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claimed:
    """A dispatch that has its place: with its connection, the article as we know it, and its extraction."""

    dispatch: Row
    site: Row
    article: Row
    extraction: Extraction


async def write_back(desk: Desk, dispatch: Row) -> None:
    """Make the attempt that is due, if one is. Only DatabaseUnavailable leaves this."""
    async with desk.database.transaction() as connection:
        claimed = await _claim(desk, connection, dispatch)
    if claimed is None:
        return
    started = time.perf_counter()
    outcome = await _write(desk, claimed)
    sent = Sent(outcome=_answer(desk, outcome), elapsed_ms=round((time.perf_counter() - started) * 1000), head=None)
    async with desk.database.transaction() as connection:
        state = await _settle(desk, connection, claimed, outcome, sent)
    log_event(
        logger,
        "written_back",
        dispatch_id=dispatch["id"],
        message_id=dispatch["message_id"],
        connection_id=dispatch["connection_id"],
        number=claimed.dispatch["attempts"] + 1,
        outcome=outcome.value if isinstance(outcome, Written) else type(outcome).__name__,
        status=sent.status,
        elapsed_ms=sent.elapsed_ms,
        state=state,
    )


async def _claim(desk: Desk, connection: Connection, dispatch: Row) -> _Claimed | None:
    """Take a place at the CMS, or see to what is to be done instead."""
    locked = await _lock(connection, dispatch)
    if locked is None:
        return None
    site, row = locked
    if row["state"] not in ("pending", "retrying"):
        return None
    later = row["next_at"] if row["is_early"] else row["sending_until"] if row["is_sent"] else None
    if later is not None:
        await come_back(desk, connection, row["id"], later)
        return None
    if site["disabled_at"] is not None or not site["write_back"] or dispatch["body"] is None:
        await _finish(connection, row["id"], CANCELLED)
        return None
    article = await _newest(connection, dispatch)
    if article is None or article["extraction_id"] != dispatch["extraction_id"]:
        await _finish(connection, row["id"], SUPERSEDED)
        return None
    if (pause := await _pause(connection, site["id"])) is not None:
        await _postpone(desk, connection, row["id"], pause)
        return None
    await connection.execute(
        "UPDATE dispatch SET sending_until = now() + %(lease)s WHERE id = %(id)s", {"id": row["id"], "lease": LEASE}
    )
    extraction = records().validate_json(article["record"])
    return _Claimed(dispatch=row, site=site, article=article, extraction=extraction)


async def _lock(connection: Connection, dispatch: Row) -> tuple[Row, Row] | None:
    """The connection and the dispatch, held until the transaction ends; None if one of them is gone."""
    names = {"id": dispatch["id"], "connection": dispatch["connection_id"], "tenant": dispatch["tenant_id"]}
    found = await connection.execute(
        "SELECT * FROM connection WHERE id = %(connection)s AND tenant_id = %(tenant)s FOR NO KEY UPDATE", names
    )
    site = await found.fetchone()
    found = await connection.execute(
        """SELECT *, next_at > now() AS is_early, sending_until > now() AS is_sent FROM dispatch
        WHERE id = %(id)s AND tenant_id = %(tenant)s FOR UPDATE""",
        names,
    )
    row = await found.fetchone()
    return None if site is None or row is None else (site, row)


async def _newest(connection: Connection, dispatch: Row) -> Row | None:
    """The article in its newest version with that one's extraction; None if it is gone, or that version not read yet."""
    found = await connection.execute(
        """SELECT article.source_id, article.language, version.text_hash, version.extraction_id,
            extraction.record::text AS record
        FROM article JOIN article_version AS version ON version.article_id = article.id
        JOIN extraction ON extraction.id = version.extraction_id
        WHERE article.id = %(article)s AND article.tenant_id = %(tenant)s AND article.deleted_at IS NULL
        AND version.number = (SELECT max(number) FROM article_version WHERE article_id = article.id)""",
        {"article": dispatch["article_id"], "tenant": dispatch["tenant_id"]},
    )
    return await found.fetchone()


async def _pause(connection: Connection, connection_id: str) -> float | None:
    """Seconds to wait for a place at the CMS; None if there is one."""
    found = await connection.execute(
        """SELECT count(*) FILTER (WHERE sending_until > now()) AS taken, count(*) AS waiting FROM dispatch
        WHERE connection_id = %(id)s AND state IN ('pending', 'retrying')""",
        {"id": connection_id},
    )
    row = await found.fetchone()
    if row is None or row["taken"] < PLACES:
        return None
    return float(LEAST_PAUSE_S + PAUSE_EACH_S * secrets.randbelow(int(row["waiting"]) + 1))


async def _postpone(desk: Desk, connection: Connection, dispatch_id: str, seconds: float) -> None:
    changed = await connection.execute(
        "UPDATE dispatch SET next_at = now() + %(pause)s WHERE id = %(id)s RETURNING next_at",
        {"id": dispatch_id, "pause": timedelta(seconds=seconds)},
    )
    for row in await changed.fetchall():
        await come_back(desk, connection, dispatch_id, row["next_at"])


async def _write(desk: Desk, claimed: _Claimed) -> Written | CmsUnavailable | CmsRefused:
    site, article = claimed.site, claimed.article

    def is_same(change: ArticleChange) -> bool:
        known = replace(change, language=article["language"] or None)
        text_hash: str = article["text_hash"]
        return version_of(Told(change=known, connection=site, at=desk.now()), "").text_hash == text_hash

    note = Note(extraction=claimed.extraction, url=f"{desk.base_url}/extractions/{claimed.extraction.id}")
    try:
        keeper = keeper_of(desk.outbound, site_of(site), desk.now)
        if keeper is None:
            raise CmsRefused(cms=site["adapter"], reason="nothing can be written", expected="a CMS that Parley writes to")
        return await keeper.write(article["source_id"], note, site["write_back"], is_same)
    except (CmsUnavailable, CmsRefused) as error:
        return error
    except DatabaseUnavailable:
        raise
    except Exception as error:  # noqa: BLE001 - a fault of ours must not make the queue ask a CMS without end
        log_event(logger, "write_back_crashed", logging.ERROR, dispatch_id=claimed.dispatch["id"], **describe_failure(error))
        return CmsRefused(cms=site["adapter"], reason="Parley failed", expected="a look at its log")


def _answer(desk: Desk, outcome: Written | CmsUnavailable | CmsRefused) -> backoff.Answer | backoff.NoAnswer:
    """An outcome as the log of attempts has it: in words of ours where no status says it."""
    at = desk.now().timestamp()
    match outcome:
        case Written.WRITTEN | Written.THERE_ALREADY:
            return backoff.Answer(status=200, at=at)
        case Written():
            return backoff.NoAnswer(what=outcome.value)
        case CmsUnavailable(status=int(status)):
            return backoff.Answer(status=status, at=at, headers=(("retry-after", str(round(outcome.wish_s))),))
        case _:
            return backoff.NoAnswer(what=outcome.reason)


async def _settle(
    desk: Desk, connection: Connection, claimed: _Claimed, outcome: Written | CmsUnavailable | CmsRefused, sent: Sent
) -> str:
    """Write down an attempt and what follows from it; the state that the dispatch is in now."""
    locked = await _lock(connection, claimed.dispatch)
    if locked is None:
        return "deleted"
    row = locked[1]
    await record_attempt(connection, claimed.dispatch, sent)
    await connection.execute("UPDATE dispatch SET sending_until = NULL WHERE id = %(id)s", {"id": row["id"]})
    if any(claimed.dispatch[name] != row[name] for name in ("state", "round", "attempts")):
        if row["state"] in ("pending", "retrying"):  # replayed meanwhile: that round is still to come
            await come_back(desk, connection, row["id"], row["next_at"])
        return str(row["state"])
    match outcome:
        case Written.OTHER_TEXT | Written.GONE:
            await connection.execute("UPDATE dispatch SET attempts = attempts + 1 WHERE id = %(id)s", {"id": row["id"]})
            await _finish(connection, row["id"], SUPERSEDED)
            return SUPERSEDED
        case Written():
            return await follow(desk, connection, row, Delivered())
        case _:
            jitter, schedule = secrets.randbelow(1_001) / 1_000, desk.schedule_s or SCHEDULE
            decision = decide(row["attempts"] + 1, sent.outcome, jitter=jitter, schedule=schedule)
            return await follow(desk, connection, row, decision)


async def _finish(connection: Connection, dispatch_id: str, state: str) -> None:
    await connection.execute(
        "UPDATE dispatch SET state = %(state)s, finished_at = now(), next_at = NULL WHERE id = %(id)s",
        {"id": dispatch_id, "state": state},
    )
