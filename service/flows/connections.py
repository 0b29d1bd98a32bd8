"""Connections: the CMSs that may call us, how their deliveries are signed and read, and how we log in to them.

Secrets and credentials never leave: a secret is shown once, when it is made. `allow_private` lets the CMS have a private address.
It is the operator's to give: nothing that a tenant can call sets it, and a connection that moves to another host loses it, and
its credentials with it, which else would be sent to whoever has the new host.
"""

from __future__ import annotations

import re
import secrets as randomness
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from psycopg.types.json import Json

from service.adapters.database.pool import Connection, Database, Row, new_id
from service.adapters.outbound import Outbound
from service.errors import InvalidField, NothingThere
from service.webhooks.cms.registry import ADAPTERS, check_options
from service.webhooks.schemes import BEARER, SCHEMES
from service.webhooks.signature import check_secret, new_secret

STATIC_TOKEN, STANDARD = "static-token", "standard-webhooks"
SIGNATURE, TOKEN_HEADER = "signature", "token_header"
"""Options of a connection besides its adapter's: another scheme than the adapter's usual one; where a static token is sent."""

MOST_SECRETS = 3
LEAST_POLL_S, MOST_POLL_S = 15, 86_400
_SECRET_BYTES = 32
_LONGEST_NAME, _LONGEST_VALUE, _MOST_CREDENTIALS = 200, 4_096, 20
# Whose signature can be chosen: Ghost's before 5.87.1 is another, and a generic sender may sign as any other does.
_SCHEMES: Mapping[str, tuple[str, ...]] = {"ghost": ("ghost", "ghost-legacy"), "generic": tuple(SCHEMES)}
_WRITE_BACK: Mapping[str, tuple[str, ...]] = {
    "wordpress": ("meta",),
    "wp-webhooks": ("meta",),
    "ghost": ("codeinjection", "tag"),
}
_POLLED = ("wordpress", "wp-webhooks", "ghost")
_TOKEN_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}(: ?[A-Za-z][A-Za-z0-9-]{0,30})?")
_TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What can be chosen of a connection. `write_back` and `poll_seconds` need a `base_url`; `model` None is the default engine."""

    adapter: str
    name: str
    options: Mapping[str, str] = field(default_factory=dict)
    base_url: str | None = None
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    allow_private: bool = False
    model: str | None = None
    write_back: str | None = None
    poll_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CmsConnection:
    """A connection as its owner sees it: of secrets only how many are accepted, of credentials only their names.

    `hook_path` is where the CMS posts to; `retries` whether it delivers again what failed (if not, it should be polled).
    """

    id: str
    adapter: str
    name: str
    hook_path: str
    options: Mapping[str, str]
    base_url: str | None
    allow_private: bool
    credentials: tuple[str, ...]
    secrets: int
    model: str | None
    write_back: str | None
    poll_seconds: int | None
    polled_at: datetime | None
    retries: bool
    created_at: datetime
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewConnectionSecret:
    """A connection and the secret that its CMS shall sign with."""

    connection: CmsConnection
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What a connection is checked against: where we may call, and the models there are."""

    outbound: Outbound
    models: Sequence[str]


async def create_connection(
    database: Database, grounds: Grounds, tenant_id: str, wanted: Wanted, *, secret: str | None = None
) -> NewConnectionSecret:
    """Make a connection, and its tenant if that is new; without `secret` one is drawn. Raises InvalidField."""
    if not _TENANT.fullmatch(tenant_id):
        raise InvalidField(field="tenant", value=tenant_id[:60], expected="small letters, digits, _ and -, at most 63")
    check_wanted(wanted, grounds)
    shared = _secret(wanted, secret)
    async with database.transaction() as connection:
        await connection.execute("INSERT INTO tenant (id) VALUES (%(id)s) ON CONFLICT DO NOTHING", {"id": tenant_id})
        made = await connection.execute(
            """INSERT INTO connection (id, tenant_id, adapter, name, secrets, options, base_url, credentials, allow_private,
                model, write_back, poll_seconds)
            VALUES (%(id)s, %(tenant)s, %(adapter)s, %(name)s, %(secrets)s, %(options)s, %(base_url)s, %(credentials)s,
                %(allow_private)s, %(model)s, %(write_back)s, %(poll_seconds)s) RETURNING *""",
            {"id": new_id("con"), "tenant": tenant_id, "secrets": [shared], **_columns(wanted)},
        )
        return NewConnectionSecret(connection=_shown(await made.fetchone(), "new"), secret=shared)


async def list_connections(database: Database, tenant_id: str | None) -> tuple[CmsConnection, ...]:
    """All connections of a tenant (None: of all, for the operator), oldest first."""
    rows = await database.rows(
        "SELECT * FROM connection WHERE %(tenant)s::text IS NULL OR tenant_id = %(tenant)s ORDER BY created_at, id",
        {"tenant": tenant_id},
    )
    return tuple(_shown(row, row["id"]) for row in rows)


async def get_connection(database: Database, tenant_id: str | None, connection_id: str) -> CmsConnection:
    """One connection of a tenant (None: of any); NothingThere if there is none of this id."""
    async with database.transaction() as connection:
        return _shown(await _locked(connection, tenant_id, connection_id), connection_id)


async def update_connection(
    database: Database, grounds: Grounds, tenant_id: str | None, connection_id: str, **changes: Any
) -> CmsConnection:
    """Change the given fields of `Wanted`, all but the adapter. Raises NothingThere and InvalidField.

    With a `base_url` on another host, what was trusted to the old one is gone unless it is given again.
    """
    async with database.transaction() as connection:
        row = await _locked(connection, tenant_id, connection_id)
        before = _wanted(row)
        moved = "base_url" in changes and _origin(changes["base_url"]) != _origin(before.base_url)
        trust = {"credentials": {}, "allow_private": False} if moved else {}
        wanted = replace(before, **{**trust, **changes})
        check_wanted(wanted, grounds)
        for secret in row["secrets"]:
            check_secret(scheme_of_connection(wanted.adapter, wanted.options), secret)
        changed = await connection.execute(
            """UPDATE connection SET name = %(name)s, options = %(options)s, base_url = %(base_url)s,
                credentials = %(credentials)s, allow_private = %(allow_private)s, model = %(model)s,
                write_back = %(write_back)s, poll_seconds = %(poll_seconds)s
            WHERE id = %(id)s RETURNING *""",
            {"id": connection_id, **_columns(wanted)},
        )
        return _shown(await changed.fetchone(), connection_id)


async def rotate_secret(
    database: Database, tenant_id: str | None, connection_id: str, *, secret: str | None = None
) -> NewConnectionSecret:
    """Give a connection a new secret; those before it are accepted until `drop_old_secrets`, three in all at most.

    Raises NothingThere, and InvalidField for a secret that its scheme cannot use.
    """
    async with database.transaction() as connection:
        row = await _locked(connection, tenant_id, connection_id)
        shared = _secret(_wanted(row), secret)
        accepted = [shared, *(old for old in row["secrets"] if old != shared)][:MOST_SECRETS]
        changed = await _set_secrets(connection, connection_id, accepted)
        return NewConnectionSecret(connection=_shown(changed, connection_id), secret=shared)


async def drop_old_secrets(database: Database, tenant_id: str | None, connection_id: str) -> CmsConnection:
    """Accept the newest secret only: the CMS has it by now. Raises NothingThere."""
    async with database.transaction() as connection:
        row = await _locked(connection, tenant_id, connection_id)
        return _shown(await _set_secrets(connection, connection_id, row["secrets"][:1]), connection_id)


async def disable_connection(database: Database, tenant_id: str | None, connection_id: str) -> CmsConnection:
    """Refuse a connection's deliveries, as if it were not there, and ask its CMS nothing. Raises NothingThere."""
    return await _switch(database, tenant_id, connection_id, is_on=False)


async def enable_connection(database: Database, tenant_id: str | None, connection_id: str) -> CmsConnection:
    """Accept a connection's deliveries again. Raises NothingThere."""
    return await _switch(database, tenant_id, connection_id, is_on=True)


def scheme_of_connection(adapter: str, options: Mapping[str, str]) -> str:
    """How the deliveries of a connection are signed."""
    return options.get(SIGNATURE) or ADAPTERS[adapter].scheme


def token_header_of(options: Mapping[str, str]) -> str:
    """Where a static token is sent."""
    return options.get(TOKEN_HEADER) or BEARER


def own_secret(scheme: str) -> str:
    """A new secret that this scheme can use; letters and digits only, so that no form of any CMS changes it."""
    return new_secret(randomness.token_bytes(_SECRET_BYTES)) if scheme == STANDARD else randomness.token_hex(_SECRET_BYTES)


def check_wanted(wanted: Wanted, grounds: Grounds) -> None:
    """InvalidField for the first part of a connection that cannot be used; never with a credential in it."""
    if wanted.adapter not in ADAPTERS:
        raise _invalid("adapter", wanted.adapter, f"one of {', '.join(ADAPTERS)}")
    if not 0 < len(wanted.name) <= _LONGEST_NAME or not wanted.name.isprintable():
        raise _invalid("name", wanted.name, f"1 to {_LONGEST_NAME} printable characters")
    _check_options(wanted.adapter, wanted.options)
    if wanted.base_url is not None:
        grounds.outbound.check_url(wanted.base_url, allow_private=wanted.allow_private)
    if len(wanted.credentials) > _MOST_CREDENTIALS or not all(
        _is_plain(text) for pair in wanted.credentials.items() for text in pair
    ):
        raise _invalid("credentials", "(not shown)", f"at most {_MOST_CREDENTIALS} names and values of printable characters")
    if wanted.model is not None and wanted.model not in grounds.models:
        raise _invalid("model", wanted.model, f"one of {', '.join(grounds.models)}")
    _check_calls(wanted)


def _check_options(adapter: str, options: Mapping[str, str]) -> None:
    for option, value in options.items():
        if not _is_plain(option) or not _is_plain(value or "-"):
            raise _invalid(f"options.{option[:60]}", value, "printable characters")
    check_options(adapter, {key: value for key, value in options.items() if key not in (SIGNATURE, TOKEN_HEADER)})
    schemes = _SCHEMES.get(adapter, (ADAPTERS[adapter].scheme,))
    scheme = scheme_of_connection(adapter, options)
    if scheme not in schemes:
        raise _invalid(f"options.{SIGNATURE}", scheme, f"one of {', '.join(schemes)}")
    if TOKEN_HEADER in options and (scheme != STATIC_TOKEN or not _TOKEN_HEADER.fullmatch(options[TOKEN_HEADER])):
        expected = "a header such as X-Token or Authorization: Bearer, of a connection that is signed by a static token"
        raise _invalid(f"options.{TOKEN_HEADER}", options[TOKEN_HEADER], expected)


def _check_calls(wanted: Wanted) -> None:
    """What needs the CMS's own API."""
    ways = _WRITE_BACK.get(wanted.adapter, ())
    if wanted.write_back is not None and wanted.write_back not in ways:
        expected = f"one of {', '.join(ways)}" if ways else f"nothing: there is no write-back to {wanted.adapter}"
        raise _invalid("write_back", wanted.write_back, expected)
    if wanted.poll_seconds is not None:
        if wanted.adapter not in _POLLED:
            raise _invalid("poll_seconds", str(wanted.poll_seconds), f"nothing: {wanted.adapter} cannot be polled")
        if not LEAST_POLL_S <= wanted.poll_seconds <= MOST_POLL_S:
            raise _invalid("poll_seconds", str(wanted.poll_seconds), f"{LEAST_POLL_S} to {MOST_POLL_S} seconds")
    if wanted.base_url is None and (wanted.write_back is not None or wanted.poll_seconds is not None):
        raise _invalid("base_url", "none", "the CMS's address, since write_back or poll_seconds is set")


def _invalid(name: str, value: str, expected: str) -> InvalidField:
    return InvalidField(field=name, value=value[:60], expected=expected)


def _is_plain(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_VALUE and text.isprintable()


def _secret(wanted: Wanted, given: str | None) -> str:
    scheme = scheme_of_connection(wanted.adapter, wanted.options)
    secret = own_secret(scheme) if given is None else given
    check_secret(scheme, secret)
    return secret


def _origin(url: str | None) -> tuple[str, str] | None:
    """Scheme and place of an address: what credentials are trusted to."""
    parts = urlsplit(url) if url is not None else None
    return (parts.scheme, parts.netloc.lower()) if parts is not None else None


def _columns(wanted: Wanted) -> dict[str, Any]:
    return {
        "adapter": wanted.adapter,
        "name": wanted.name,
        "options": Json(dict(wanted.options)),
        "base_url": wanted.base_url,
        "credentials": Json(dict(wanted.credentials)),
        "allow_private": wanted.allow_private,
        "model": wanted.model,
        "write_back": wanted.write_back,
        "poll_seconds": wanted.poll_seconds,
    }


def _wanted(row: Row) -> Wanted:
    return Wanted(
        adapter=row["adapter"],
        name=row["name"],
        options=row["options"],
        base_url=row["base_url"],
        credentials=row["credentials"],
        allow_private=row["allow_private"],
        model=row["model"],
        write_back=row["write_back"],
        poll_seconds=row["poll_seconds"],
    )


async def _locked(connection: Connection, tenant_id: str | None, connection_id: str) -> Row:
    found = await connection.execute(
        """SELECT * FROM connection WHERE id = %(id)s AND (%(tenant)s::text IS NULL OR tenant_id = %(tenant)s)
        FOR NO KEY UPDATE""",
        {"id": connection_id, "tenant": tenant_id},
    )
    row = await found.fetchone()
    if row is None:
        raise NothingThere(what="connection", id=connection_id[:80])
    return row


async def _set_secrets(connection: Connection, connection_id: str, accepted: Sequence[str]) -> Row | None:
    changed = await connection.execute(
        "UPDATE connection SET secrets = %(secrets)s WHERE id = %(id)s RETURNING *",
        {"id": connection_id, "secrets": list(accepted)},
    )
    return await changed.fetchone()


async def _switch(database: Database, tenant_id: str | None, connection_id: str, *, is_on: bool) -> CmsConnection:
    row = await database.row(
        """UPDATE connection SET disabled_at = CASE WHEN %(on)s THEN NULL ELSE coalesce(disabled_at, now()) END
        WHERE id = %(id)s AND (%(tenant)s::text IS NULL OR tenant_id = %(tenant)s) RETURNING *""",
        {"id": connection_id, "tenant": tenant_id, "on": is_on},
    )
    return _shown(row, connection_id)


def _shown(row: Row | None, connection_id: str) -> CmsConnection:
    if row is None:
        raise NothingThere(what="connection", id=connection_id[:80])
    return CmsConnection(
        id=row["id"],
        adapter=row["adapter"],
        name=row["name"],
        hook_path=f"/hooks/{row['adapter']}/{row['id']}",
        options=row["options"],
        base_url=row["base_url"],
        allow_private=row["allow_private"],
        credentials=tuple(sorted(row["credentials"])),
        secrets=len(row["secrets"]),
        model=row["model"],
        write_back=row["write_back"],
        poll_seconds=row["poll_seconds"],
        polled_at=row["polled_at"],
        retries=ADAPTERS[row["adapter"]].retries,
        created_at=row["created_at"],
        disabled_at=row["disabled_at"],
    )
