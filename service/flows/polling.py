"""Asking a CMS what changed, for those that tell once or never: hooks make it fast, the poller makes it complete.

A poll goes through the list of changes since the last one, and ten minutes more: clocks differ, and what is saved may take a while
to be seen. What we have already costs a look at the database. The rest becomes jobs, in the transaction that moves the cursor, so
that nothing is passed over. Articles that are no longer public are found as well; what was deleted for good is in no list, and only
a hook tells of it. A connection's first poll begins where the connection did: an archive is not read unasked.
"""

from __future__ import annotations

import hashlib
import logging
from contextlib import aclosing
from datetime import datetime, timedelta

from service.adapters.cms.registry import keeper_of
from service.adapters.cms.site import Page
from service.adapters.database.pool import Connection, Row
from service.adapters.queue import BACKFILL, Task
from service.errors import CmsRefused, CmsUnavailable, DatabaseUnavailable, QueueFull
from service.flows.changes import ENDS, Told, changes, sort_key, version_of
from service.flows.desk import Desk
from service.flows.fetching import Known, as_known, known, site_of
from service.flows.jobs import submit
from service.telemetry import describe_failure, log_event
from service.webhooks.change import ArticleChange

logger = logging.getLogger(__name__)

OVERLAP = timedelta(minutes=10)
MOST_NEW = 500
"""Jobs that one poll makes at most; the next one follows at once."""


async def schedule_polls(desk: Desk) -> None:
    """Enqueue the polls that are due, one a connection; any number of workers may do this at once."""
    async with desk.database.transaction() as connection:
        due = await connection.execute(
            """SELECT id FROM connection
            WHERE disabled_at IS NULL AND poll_seconds IS NOT NULL AND base_url IS NOT NULL
            AND (polled_at IS NULL OR polled_at + make_interval(secs => poll_seconds) <= now()) ORDER BY id"""
        )
        for row in await due.fetchall():
            await desk.queue.defer(connection, Task.POLL, row["id"], once=f"poll:{row['id']}")


async def poll(desk: Desk, connection_id: str) -> None:
    """Ask one connection's CMS what changed.

    Only DatabaseUnavailable leaves this: a CMS that fails is asked again when it is due.
    """
    row = await desk.database.row(
        """UPDATE connection SET polled_at = now()
        WHERE id = %(id)s AND disabled_at IS NULL AND poll_seconds IS NOT NULL RETURNING *""",
        {"id": connection_id},
    )
    if row is None:
        return
    try:
        found, is_done = await _poll(desk, row)
    except DatabaseUnavailable:
        raise
    except (CmsUnavailable, CmsRefused) as error:
        log_event(logger, "poll_failed", logging.WARNING, connection_id=connection_id, reason=error.reason)
    except QueueFull as error:
        log_event(logger, "poll_failed", logging.WARNING, connection_id=connection_id, **describe_failure(error))
    except Exception as error:  # noqa: BLE001 - a fault of ours must not make the queue ask a CMS without end
        log_event(logger, "poll_crashed", logging.ERROR, connection_id=connection_id, **describe_failure(error))
    else:
        if not is_done:
            await desk.database.execute("UPDATE connection SET polled_at = NULL WHERE id = %(id)s", {"id": connection_id})
        log_event(logger, "poll_finished", connection_id=connection_id, jobs=found, is_done=is_done)


async def _poll(desk: Desk, row: Row) -> tuple[int, bool]:
    """How many jobs were made, and whether the list came to its end."""
    keeper = keeper_of(desk.outbound, site_of(row), desk.now)
    if keeper is None:
        raise CmsRefused(cms=row["adapter"], reason="it cannot be polled", expected="a CMS whose API lists changes")
    since: datetime = row["poll_cursor"] or row["created_at"]
    found = 0
    async with aclosing(keeper.changed_since(since - OVERLAP)) as pages:
        async for page in pages:
            async with desk.database.transaction() as connection:
                found += await _keep(desk, connection, row, page)
            if found >= MOST_NEW:
                return found, False
    return found, True


async def _keep(desk: Desk, connection: Connection, row: Row, page: Page) -> int:
    """Make jobs of what is new and move the cursor, in the caller's transaction; how many."""
    articles = await known(connection, row, [change.source_id for change in page.changes])
    found = 0
    for listed in page.changes:
        change = as_known(listed, articles)
        if _is_news(desk, row, change, articles):
            found += bool(await _submit(desk, connection, row, change))
    # Never into the future: were the CMS's clock put right, all changes until then would be passed over.
    await connection.execute(
        """UPDATE connection SET poll_cursor = greatest(poll_cursor, least(%(through)s::timestamptz, now()))
        WHERE id = %(id)s AND %(through)s::timestamptz IS NOT NULL""",
        {"id": row["id"], "through": page.through},
    )
    return found


def _is_news(desk: Desk, row: Row, change: ArticleChange, articles: Known) -> bool:
    """Whether a change says what we do not know: of an article that is gone, only if we have it."""
    stored = [one for one in articles.get(change.source_id, ()) if one["language"] == (change.language or "")]
    if not stored:
        return change.event not in ENDS
    told = Told(change=change, connection=row, at=desk.now())
    seen, listed = _said(stored[0]["version_key"]), _said(sort_key(told, newest=stored[0]["version_key"]))
    if change.event in ENDS:
        return stored[0]["deleted_at"] is None and listed >= seen
    if listed != seen:
        return listed > seen
    return stored[0]["deleted_at"] is None and stored[0]["text_hash"] != version_of(told, "").text_hash


def _said(key: str) -> str:
    """What the CMS says of a version, without when we were told."""
    return key.rpartition(" ")[0]


async def _submit(desk: Desk, connection: Connection, row: Row, change: ArticleChange) -> str:
    request = changes().dump_python(change, mode="json")
    name = hashlib.sha256(changes().dump_json(change)).hexdigest()
    return await submit(
        desk,
        connection,
        kind="fetch",
        tenant_id=row["tenant_id"],
        priority=BACKFILL,
        connection_id=row["id"],
        request={"change": request},
        once=f"poll {row['id']} {name}",  # what waits since the last poll is enough
    )
