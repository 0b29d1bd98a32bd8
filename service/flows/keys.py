"""API keys: made, found, revoked.

A key is `parley_ID_SECRET`; its id may be shown anywhere, the secret is 256 random bits and is shown once. Kept is the SHA-256 of
the whole: a slow hash guards words that people choose, which can be guessed; nobody guesses 256 random bits, and a fast hash is
looked up by an index. What was found is kept in the process for 3 seconds (`recent`), so that not every request asks the database:
a revoked key is refused, and a first one that ends open mode counts, at most that much later.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from service.adapters.database.pool import Database, Row, new_id
from service.errors import InvalidField, KeyRefused, NothingThere
from service.flows.desk import ADMIN, DEFAULT_TENANT, SCOPES, Caller, Desk

PREFIX = "parley"

_KEY = re.compile(r"parley_[0-9a-f]{28}_[A-Za-z0-9_-]{43}")
_TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_OPEN = "no key exists"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a key may use; None is no limit of its own. Tokens are those of models, read and written."""

    requests_per_minute: int | None = None
    requests_per_day: int | None = None
    tokens_per_minute: int | None = None
    tokens_per_day: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key that was just made: the only moment at which it is known."""

    id: str
    key: str


def hash_of(key: str) -> bytes:
    """What is kept of a key."""
    return hashlib.sha256(key.encode()).digest()


async def create_key(
    database: Database,
    *,
    name: str,
    scopes: Iterable[str],
    tenant_id: str = DEFAULT_TENANT,
    limits: Limits | None = None,
) -> NewKey:
    """Make a key, and its tenant if that is new. Raises InvalidField for a name, scope, tenant or limit that cannot be."""
    wanted, allowed = tuple(dict.fromkeys(scopes)), limits or Limits()
    _check(name, wanted, tenant_id, allowed)
    key_id = new_id("key")
    key = f"{PREFIX}_{key_id.removeprefix('key_')}_{secrets.token_urlsafe(32)}"
    async with database.transaction() as connection:
        await connection.execute("INSERT INTO tenant (id) VALUES (%(id)s) ON CONFLICT DO NOTHING", {"id": tenant_id})
        await connection.execute(
            """INSERT INTO api_key (id, tenant_id, name, hash, scopes,
                requests_per_minute, requests_per_day, tokens_per_minute, tokens_per_day)
            VALUES (%(id)s, %(tenant)s, %(name)s, %(hash)s, %(scopes)s,
                %(requests_minute)s, %(requests_day)s, %(tokens_minute)s, %(tokens_day)s)""",
            {
                "id": key_id,
                "tenant": tenant_id,
                "name": name,
                "hash": hash_of(key),
                "scopes": list(wanted),
                "requests_minute": allowed.requests_per_minute,
                "requests_day": allowed.requests_per_day,
                "tokens_minute": allowed.tokens_per_minute,
                "tokens_day": allowed.tokens_per_day,
            },
        )
    return NewKey(id=key_id, key=key)


def _check(name: str, scopes: tuple[str, ...], tenant_id: str, limits: Limits) -> None:
    if not name or len(name) > 100 or not name.isprintable():
        raise InvalidField(field="name", value=name[:60], expected="1 to 100 printable characters")
    if not scopes or not set(scopes) <= set(SCOPES):
        raise InvalidField(field="scope", value=",".join(scopes)[:60], expected=f"a comma list of {', '.join(SCOPES)}")
    if not _TENANT.fullmatch(tenant_id):
        expected = "1 to 63 small letters, digits, _ and -, the first a letter or digit"
        raise InvalidField(field="tenant", value=tenant_id[:60], expected=expected)
    for field in ("requests_per_minute", "requests_per_day", "tokens_per_minute", "tokens_per_day"):
        value = getattr(limits, field)
        if value is not None and not 1 <= value <= 2**31 - 1:
            raise InvalidField(field=field, value=str(value), expected="a number from 1 to 2147483647")


async def list_keys(database: Database, *, tenant_id: str | None = None) -> list[Row]:
    """All keys of a tenant, or of all, oldest first: without their hashes, with what they used today (UTC)."""
    return await database.rows(
        """SELECT api_key.id, tenant_id, name, scopes, requests_per_minute, requests_per_day, tokens_per_minute, tokens_per_day,
            created_at, last_used_at, revoked_at, coalesce(requests, 0) AS requests_today, coalesce(tokens, 0) AS tokens_today
        FROM api_key LEFT JOIN usage ON subject = 'key:' || api_key.id AND period = 'day' AND started = date_trunc('day', now())
        WHERE %(tenant)s::text IS NULL OR tenant_id = %(tenant)s
        ORDER BY created_at, api_key.id""",
        {"tenant": tenant_id},
    )


async def revoke_key(database: Database, key_id: str) -> None:
    """Refuse a key from now on, in running processes 3 seconds later at the latest; NothingThere if there is none."""
    found = await database.execute(
        "UPDATE api_key SET revoked_at = coalesce(revoked_at, now()) WHERE id = %(id)s", {"id": key_id}
    )
    if not found:
        raise NothingThere(what="key", id=key_id[:80])


async def holder(desk: Desk, key: str) -> Caller:
    """Who holds this key; KeyRefused, without a reason, for one that is malformed, unknown or revoked."""
    if not _KEY.fullmatch(key):
        raise KeyRefused
    hashed = hash_of(key)
    known: _Known | None = desk.recent.get(("key", hashed)) or await _find(desk, hashed)
    # The index has compared it already; this comparison is the one whose time tells nothing.
    if known is None or not hmac.compare_digest(known.hash, hashed):
        raise KeyRefused
    return known.caller


async def is_open(desk: Desk) -> bool:
    """Whether there is no key that could be asked for."""
    known: bool | None = desk.recent.get(_OPEN)
    if known is None:
        known = await desk.database.row("SELECT 1 AS one FROM api_key WHERE revoked_at IS NULL LIMIT 1") is None
        desk.recent.put(_OPEN, known)
    return known


@dataclass(frozen=True, slots=True)
class _Known:
    hash: bytes
    caller: Caller


async def _find(desk: Desk, hashed: bytes) -> _Known | None:
    row = await desk.database.row(
        """SELECT id, tenant_id, hash, scopes, coalesce(last_used_at < now() - interval '1 minute', true) AS is_unseen
        FROM api_key WHERE hash = %(hash)s AND revoked_at IS NULL""",
        {"hash": hashed},
    )
    if row is None:
        return None
    if row["is_unseen"]:
        await desk.database.execute(
            """UPDATE api_key SET last_used_at = now()
            WHERE id = %(id)s AND coalesce(last_used_at < now() - interval '1 minute', true)""",
            {"id": row["id"]},
        )
    scopes = SCOPES if ADMIN in row["scopes"] else row["scopes"]
    known = _Known(bytes(row["hash"]), Caller(tenant_id=row["tenant_id"], key_id=row["id"], scopes=frozenset(scopes)))
    desk.recent.put(("key", hashed), known)
    return known
