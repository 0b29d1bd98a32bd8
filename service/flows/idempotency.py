"""Idempotency-Key (IETF draft 07): a request that is sent again is answered as it was the first time, for a day.

A row says that a request of this key and tenant is being answered, then how it was. Whoever finds it unfinished after the time that
an answer may take has found a process that died, and answers himself; the row's time says whose it is by then.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.types.json import Json

from service.adapters.database.pool import Connection
from service.errors import InvalidField, KeyReused, StillRunning
from service.flows.desk import Desk

KEPT = timedelta(hours=24)
MARGIN_S = 60.0
"""What an answer may take beyond the deadline: waiting for somebody else's reading of the same text, and the database."""
LONGEST = 255

_EXPECTED = f"1 to {LONGEST} printable ASCII characters, quoted or bare"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer as it was sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Mine:
    """It is ours to answer: `finish` or `abandon` it."""

    tenant_id: str
    key: str
    since: datetime


def parse_key(value: str) -> str:
    r"""The key in a header's value: a string of structured fields (RFC 9651), or, as many send it, bare. InvalidField otherwise.

    >>> parse_key('"one \\"two\\""'), parse_key("8e03978e-40d5")
    ('one "two"', '8e03978e-40d5')
    """
    text = value.strip(" \t")
    bare = (
        _unquoted(text[1:-1])
        if len(text) > 1 and text[0] == text[-1] == '"'
        else None
        if set(text) & set('" ,;\\')
        else text
    )
    if bare is None or not 1 <= len(bare) <= LONGEST or not (bare.isascii() and bare.isprintable()):
        raise InvalidField(field="Idempotency-Key", value=value[:60], expected=_EXPECTED)
    return bare


def _unquoted(inner: str) -> str | None:
    text, rest = [], iter(inner)
    for character in rest:
        if character == "\\":
            character = next(rest, "")
            if character not in ('"', "\\"):
                return None
        elif character == '"':
            return None
        text.append(character)
    return "".join(text)


async def begin(desk: Desk, tenant_id: str, key: str, body: bytes) -> Answered | Mine:
    """The stored answer, or the right to answer. Raises KeyReused for another body, StillRunning while another answers."""
    now, digest = desk.now(), hashlib.sha256(body).hexdigest()
    dead = timedelta(seconds=desk.services.deadline_s + MARGIN_S)
    async with desk.database.transaction() as connection:
        cursor = await connection.execute(
            """INSERT INTO idempotency (tenant_id, key, body_sha256, created_at)
            VALUES (%(tenant)s, %(key)s, %(body)s, %(now)s)
            ON CONFLICT (tenant_id, key) DO UPDATE
            SET body_sha256 = excluded.body_sha256, status = NULL, headers = NULL, body = NULL, created_at = excluded.created_at
            WHERE idempotency.created_at <= %(old)s
                OR (idempotency.status IS NULL AND idempotency.created_at <= %(dead)s
                    AND idempotency.body_sha256 = excluded.body_sha256)""",
            {"tenant": tenant_id, "key": key, "body": digest, "now": now, "old": now - KEPT, "dead": now - dead},
        )
        if cursor.rowcount:
            return Mine(tenant_id=tenant_id, key=key, since=now)
        found = await connection.execute(
            "SELECT body_sha256, status, headers, body FROM idempotency WHERE tenant_id = %(tenant)s AND key = %(key)s",
            {"tenant": tenant_id, "key": key},
        )
        row = await found.fetchone()
    if row is None:  # given up between the two statements: who sends it again may have it
        raise StillRunning
    if not hmac.compare_digest(row["body_sha256"], digest):
        raise KeyReused
    if row["status"] is None:
        raise StillRunning
    return Answered(status=row["status"], headers=row["headers"], body=bytes(row["body"]))


async def finish(desk: Desk, mine: Mine, answer: Answered) -> None:
    """Keep an answer for whoever sends the request again."""
    await desk.database.execute(
        """UPDATE idempotency SET status = %(status)s, headers = %(headers)s, body = %(body)s
        WHERE tenant_id = %(tenant)s AND key = %(key)s AND created_at = %(since)s AND status IS NULL""",
        {
            "tenant": mine.tenant_id,
            "key": mine.key,
            "since": mine.since,
            "status": answer.status,
            "headers": Json(dict(answer.headers)),
            "body": answer.body,
        },
    )


async def abandon(desk: Desk, mine: Mine) -> None:
    """There is no answer to keep: the next request of this key is as good as the first."""
    await desk.database.execute(
        """DELETE FROM idempotency
        WHERE tenant_id = %(tenant)s AND key = %(key)s AND created_at = %(since)s AND status IS NULL""",
        {"tenant": mine.tenant_id, "key": mine.key, "since": mine.since},
    )


async def forget(connection: Connection, tenant_id: str, ids: Iterable[str]) -> int:
    """Erase the kept answers that name one of these ids (of extractions, of articles); how many they were."""
    cursor = await connection.execute(
        """DELETE FROM idempotency WHERE tenant_id = %(tenant)s AND EXISTS (
            SELECT FROM unnest(%(ids)s::text[]) AS named (id) WHERE position(convert_to(named.id, 'UTF8') IN body) > 0)""",
        {"tenant": tenant_id, "ids": list(ids)},
    )
    return cursor.rowcount


async def prune_answers(desk: Desk) -> int:
    """Forget what is older than a day; how many answers that were."""
    return await desk.database.execute("DELETE FROM idempotency WHERE created_at <= %(old)s", {"old": desk.now() - KEPT})
