"""Webhooks in: a delivery verified over its raw bytes, kept together with its job in one transaction, and read later by a worker.

What was acknowledged is in the database with its job, or there was nothing to do. A sender that was refused learns nothing: an
unknown connection costs the same work and gets the same answer as a wrong signature.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from psycopg.types.json import Json

from service.adapters.database.pool import Connection, Row, new_id
from service.adapters.queue import USUAL
from service.errors import DatabaseUnavailable, MediaTypeRefused, ParleyError, PayloadUnreadable, SignatureRefused
from service.flows.changes import Told, changes, take, take_fetched
from service.flows.connections import STANDARD, own_secret, scheme_of_connection, token_header_of
from service.flows.desk import Desk
from service.flows.jobs import Done, submit
from service.webhooks.change import ArticleChange, Event, Ignored, Reading
from service.webhooks.cms.registry import ADAPTERS
from service.webhooks.signature import Verified, verify

ANSWER_S = 1.5
"""A sender may give us two seconds and no second attempt."""

COALESCED_S = 3.0
MOST_FETCHES = 20
THREAD_FROM_BYTES = 65_536
"""Longer payloads are parsed and cleaned in a thread, so that they do not hold up the others."""

ACCEPTED, DUPLICATE, IGNORED = "accepted", "duplicate", "ignored"
_ID = re.compile(r"con_[0-9a-f]{28}")
_PATH_EVENT = re.compile(r"[\w.:-]{1,100}", re.ASCII)
# What adapters read of a request; signatures and credentials are not among it, and are not kept.
_KEPT_HEADERS = frozenset(
    {
        "webhook-id",
        "svix-id",
        "x-wp-webhook-name",
        "x-contentful-topic",
        "x-contentful-idempotency-key",
        "x-contentful-event-datetime",
        "sanity-operation",
        "sanity-document-id",
        "idempotency-key",
        "x-strapi-event",
        "x-drupal-event",
        "x-drupal-webhooks-event",
        "x-drupal-delivery",
    }
)

Result = TypeVar("Result")

_abandoned: set[asyncio.Task[Any]] = set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What became of a delivery; `job_id` of the job that reads it. `reason` says why it was ignored, with words of
    the sender's in it: not for the log.
    """

    status: str
    job_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Door:
    """A connection as far as its deliveries need it."""

    id: str
    tenant_id: str
    adapter: str
    secrets: tuple[str, ...]
    options: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Delivery:
    """A verified delivery, parsed. `key` names its event, None where the CMS does not."""

    door: _Door
    headers: Mapping[str, str]
    path_event: str | None
    body: bytes
    key: str | None
    reading: Reading | None  # None: not as its adapter expects, which the job will say


async def receive(
    desk: Desk,
    adapter: str,
    connection_id: str,
    *,
    headers: Sequence[tuple[str, str]],
    body: bytes,
    method: str,
    path: str,
    path_event: str | None = None,
) -> Received:
    """Take a delivery in; `headers` in Latin-1, `path` as the sender called it. Does not wait for its extraction.

    Raises SignatureRefused (also for a connection that is unknown, disabled or another CMS's), MediaTypeRefused, PayloadUnreadable
    for what is no JSON, QueueFull, and DatabaseUnavailable, after 1.5 seconds at the latest.
    """
    taking_in = _receive(
        desk, adapter, connection_id, headers=headers, body=body, method=method, path=path, path_event=path_event
    )
    return await _in_time(ANSWER_S, taking_in)


async def _in_time(seconds: float, work: Coroutine[Any, Any, Result]) -> Result:
    """The result of `work`, or DatabaseUnavailable; it is then cancelled, but that is not waited for: a database may hang on it."""
    task = asyncio.ensure_future(work)
    done, _ = await asyncio.wait({task}, timeout=seconds)
    if not done:
        task.cancel()
        _abandoned.add(task)
        task.add_done_callback(_forget)
        raise DatabaseUnavailable
    return task.result()


def _forget(task: asyncio.Task[Any]) -> None:
    _abandoned.discard(task)
    if not task.cancelled():
        task.exception()  # looked at, so that nobody complains


async def _receive(
    desk: Desk,
    adapter: str,
    connection_id: str,
    *,
    headers: Sequence[tuple[str, str]],
    body: bytes,
    method: str,
    path: str,
    path_event: str | None,
) -> Received:
    door = await _door(desk, adapter, connection_id)
    judged = door or _no_door(adapter)
    verified = verify(
        scheme_of_connection(judged.adapter, judged.options),
        secrets=judged.secrets,
        headers=headers,
        body=body,
        now=desk.now().timestamp(),
        method=method,
        path=path,
        token_header=token_header_of(judged.options),
    )
    if door is None:  # not reached but by who guesses a random secret
        raise SignatureRefused(reason="no such connection")
    _check_media_type(door.adapter, headers)
    event = path_event if path_event is not None and _PATH_EVENT.fullmatch(path_event) else None
    arguments = (door, verified, _kept(headers), event, body)
    delivery = _parse(*arguments) if len(body) < THREAD_FROM_BYTES else await asyncio.to_thread(_parse, *arguments)
    if isinstance(delivery.reading, Ignored):
        return Received(status=IGNORED, reason=delivery.reading.reason)
    async with desk.database.transaction() as connection:
        return await _accept(desk, connection, delivery)


async def _door(desk: Desk, adapter: str, connection_id: str) -> _Door | None:
    """The connection, None if deliveries to it are refused. What is changed of it counts after three seconds at the latest."""
    if not _ID.fullmatch(connection_id):
        return None
    known: tuple[_Door | None] | None = desk.recent.get(("door", connection_id))
    if known is None:
        row = await desk.database.row(
            """SELECT id, tenant_id, adapter, secrets, options FROM connection
            WHERE id = %(id)s AND disabled_at IS NULL""",
            {"id": connection_id},
        )
        known = (None if row is None else _Door(**{**row, "secrets": tuple(row["secrets"])}),)
        desk.recent.put(("door", connection_id), known)
    door = known[0]
    return door if door is not None and door.adapter == adapter and adapter in ADAPTERS else None


def _no_door(adapter: str) -> _Door:
    """A connection that nobody has the secret of: who calls one that is not there waits as long as for a refusal."""
    known = adapter if adapter in ADAPTERS else "generic"
    return _Door(id="", tenant_id="", adapter=known, secrets=(_nobodys_secret(ADAPTERS[known].scheme),), options={})


@cache
def _nobodys_secret(scheme: str = STANDARD) -> str:
    return own_secret(scheme)


def _check_media_type(adapter: str, headers: Sequence[tuple[str, str]]) -> None:
    by_name = _by_name(headers)
    media_type = by_name.get("content-type", "").partition(";")[0].strip().lower()
    accepted = ADAPTERS[adapter].content_types
    if media_type not in accepted or by_name.get("content-encoding", "identity").lower() != "identity":
        raise MediaTypeRefused(accepted=accepted)


def _by_name(headers: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The first header of each name."""
    return {name.lower(): value for name, value in reversed(headers)}


def _kept(headers: Sequence[tuple[str, str]]) -> dict[str, str]:
    return {name: value for name, value in _by_name(headers).items() if name in _KEPT_HEADERS}


def _parse(door: _Door, verified: Verified, headers: Mapping[str, str], path_event: str | None, body: bytes) -> _Delivery:
    adapter = ADAPTERS[door.adapter]
    payload = _json(door.adapter, body)
    key = adapter.dedupe_key(payload, headers, door.options, path_event=path_event) or verified.dedupe
    reading = None
    # What cannot be read came from whom it says, and its connection may be set up wrongly: the job fails, where it can be seen.
    with suppress(PayloadUnreadable):
        reading = adapter.read(payload, headers, door.options, path_event=path_event)
    body = _without_accounts(door.adapter, payload, body)
    return _Delivery(door=door, headers=headers, path_event=path_event, body=body, key=key, reading=reading)


def _json(adapter: str, body: bytes) -> object:
    try:
        payload: object = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        # Outside the handler's chain: the decoder's words hold the article.
        raise PayloadUnreadable(cms=adapter, field="body", expected="JSON in UTF-8") from None
    return payload


def _without_accounts(adapter: str, payload: object, body: bytes) -> bytes:
    """The body as it is kept: without the editor's account, which Drupal and WP Webhooks send along."""
    if adapter not in ("drupal", "wp-webhooks") or not isinstance(payload, dict) or "user" not in payload:
        return body
    user, rest = payload["user"], {key: value for key, value in payload.items() if key != "user"}
    if adapter == "wp-webhooks" and isinstance(user, dict) and isinstance(user.get("data"), dict):
        rest["user"] = {"data": {"display_name": user["data"].get("display_name")}}
    return json.dumps(rest).encode()


async def _accept(desk: Desk, connection: Connection, delivery: _Delivery) -> Received:
    if (thin := _thin(delivery)) is not None:
        return Received(status=ACCEPTED, job_id=await _fetch_soon(desk, connection, delivery.door, thin))
    delivery_id = new_id("dlv")
    kept = await connection.execute(
        """INSERT INTO delivery (id, tenant_id, connection_id, dedupe_key, path_event, headers, body)
        VALUES (%(id)s, %(tenant)s, %(connection)s, %(key)s, %(event)s, %(headers)s, %(body)s)
        ON CONFLICT (connection_id, dedupe_key) DO NOTHING""",
        {
            "id": delivery_id,
            "tenant": delivery.door.tenant_id,
            "connection": delivery.door.id,
            # Without a key every delivery counts: the same bytes may tell of two edits.
            "key": delivery.key or delivery_id,
            "event": delivery.path_event,
            "headers": Json(dict(delivery.headers)),
            "body": delivery.body,
        },
    )
    if not kept.rowcount:
        return Received(status=DUPLICATE, job_id=await _job_of(connection, delivery))
    job_id = await submit(
        desk,
        connection,
        kind="hook",
        tenant_id=delivery.door.tenant_id,
        priority=USUAL,
        connection_id=delivery.door.id,
        delivery_id=delivery_id,
    )
    return Received(status=ACCEPTED, job_id=job_id)


def _thin(delivery: _Delivery) -> tuple[ArticleChange, ...] | None:
    """The changes of a delivery that says no more than which articles changed, and not when: such can be read as one."""
    reading = delivery.reading
    if delivery.key is not None or not isinstance(reading, tuple) or len(reading) > MOST_FETCHES:
        return None
    return reading if all(change.fetch for change in reading) else None


async def _job_of(connection: Connection, delivery: _Delivery) -> str | None:
    """The job of the delivery that came first."""
    found = await connection.execute(
        """SELECT job.id FROM job JOIN delivery ON delivery.id = job.delivery_id
        WHERE delivery.connection_id = %(connection)s AND delivery.dedupe_key = %(key)s""",
        {"connection": delivery.door.id, "key": delivery.key},
    )
    row = await found.fetchone()
    return None if row is None else str(row["id"])


async def _fetch_soon(desk: Desk, connection: Connection, door: _Door, reading: tuple[ArticleChange, ...]) -> str:
    """One job for each article that changed, run a little later: those who tell of the same article meanwhile share it."""
    first = ""
    for change in reading:
        name = f"fetch {door.id} {hashlib.sha256(change.source_id.encode()).hexdigest()}"
        job_id = await submit(
            desk,
            connection,
            kind="fetch",
            tenant_id=door.tenant_id,
            priority=USUAL,
            connection_id=door.id,
            request={"source_id": change.source_id},
            delay_s=COALESCED_S,
            once=name,
        )
        first = first or job_id or await _waiting(connection, name)
    return first


async def _waiting(connection: Connection, name: str) -> str:
    found = await connection.execute(
        "SELECT args->>'id' AS id FROM procrastinate_jobs WHERE queueing_lock = %(name)s AND status = 'todo'", {"name": name}
    )
    row = await found.fetchone()
    return str(row["id"]) if row else ""


async def do_hook(desk: Desk, job: Row) -> Done:
    """Read a delivery and do what follows. Raises PayloadUnreadable, TryLater, and what reading an article raises.

    A delivery may tell of several articles (one a language). Done again, it finds those that are done done; one that fails does not
    keep the others from being read.
    """
    delivery = await desk.database.row("SELECT * FROM delivery WHERE id = %(id)s", {"id": job["delivery_id"]})
    connection = await _connection(desk, job)
    if delivery is None or delivery["body"] is None:  # erased
        return Done(state="ignored")
    body = bytes(delivery["body"])
    arguments = (connection, delivery, body)
    reading = _read(*arguments) if len(body) < THREAD_FROM_BYTES else await asyncio.to_thread(_read, *arguments)
    if isinstance(reading, Ignored):
        return Done(state="ignored")
    done, failure = [], None
    for change in reading:
        try:
            done.append(await take(desk, job, Told(change=change, connection=connection, at=delivery["received_at"])))
        except DatabaseUnavailable:
            raise
        except ParleyError as error:
            failure = failure or error
    await _drop_if_gone(desk, delivery, reading)
    if failure is not None:
        raise failure
    return _summed(done)


def _read(connection: Row, delivery: Row, body: bytes) -> Reading:
    adapter = ADAPTERS[connection["adapter"]]
    payload = _json(adapter.name, body)
    return adapter.read(payload, delivery["headers"], connection["options"], path_event=delivery["path_event"])


async def _connection(desk: Desk, job: Row) -> Row:
    row = await desk.database.row(
        "SELECT * FROM connection WHERE id = %(id)s AND tenant_id = %(tenant)s",
        {"id": job["connection_id"], "tenant": job["tenant_id"]},
    )
    if row is None:
        raise RuntimeError("a job without its connection")
    return row


async def _drop_if_gone(desk: Desk, delivery: Row, reading: tuple[ArticleChange, ...]) -> None:
    """Keep no text of an article that is gone: not of the delivery that says so, nor of one that came too late."""
    await desk.database.execute(
        """UPDATE delivery SET body = NULL WHERE id = %(id)s AND (%(deleted)s OR EXISTS (
            SELECT 1 FROM article WHERE tenant_id = %(tenant)s AND connection_id = %(connection)s AND deleted_at IS NOT NULL
            AND source_id = ANY (%(names)s)))""",
        {
            "id": delivery["id"],
            "deleted": any(change.event is Event.DELETE for change in reading),
            "tenant": delivery["tenant_id"],
            "connection": delivery["connection_id"],
            "names": list({name for change in reading for name in (change.source_id, change.cms_id)}),
        },
    )


def _summed(done: Sequence[Done]) -> Done:
    """Several articles' ends as one."""
    return Done(
        state="succeeded" if any(one.state == "succeeded" for one in done) else "ignored",
        article_ids=tuple(dict.fromkeys(id for one in done for id in one.article_ids)),
        extraction_ids=tuple(dict.fromkeys(id for one in done for id in one.extraction_ids)),
    )


async def do_fetch(desk: Desk, job: Row) -> Done:
    """Do a job whose request is `{"source_id": ...}`, an article to be fetched, or `{"change": {...}}`, one that a poll found.

    Raises TryLater, and what reading an article raises.
    """
    connection, request = await _connection(desk, job), job["request"]
    if "change" in request:
        change = changes().validate_python(request["change"])
        return await take(desk, job, Told(change=change, connection=connection, at=job["created_at"]))
    source_id = request["source_id"]
    named = ArticleChange(source_id=source_id, cms_id=source_id, event=Event.UPDATE, fetch=True)
    return await take_fetched(desk, job, connection, named)
