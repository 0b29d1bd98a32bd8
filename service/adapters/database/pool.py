"""The pool of connections to PostgreSQL, and what its failures are to us."""

from __future__ import annotations

import asyncio
import secrets
import select
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, LiteralString, TypeAlias

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from service.errors import DatabaseUnavailable

Connection: TypeAlias = psycopg.AsyncConnection[DictRow]
Pool: TypeAlias = AsyncConnectionPool[Connection]
Row: TypeAlias = DictRow
Parameters: TypeAlias = Mapping[str, Any]

CONNECT_TIMEOUT_S = 5
STATEMENT_TIMEOUT_MS = 30_000


def check_cancelled() -> None:
    """Raise CancelledError if this task was cancelled; for whoever tries again and again.

    A cancellation may be lost on its way: a query comes back as an error of its own, or the wait for a connection as a success
    (`asyncio.wait_for` before Python 3.12). A loop that takes no second look would then never end.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def new_id(prefix: str) -> str:
    """A new id: the prefix, the time in milliseconds (so that ids sort by it) and 64 random bits."""
    return f"{prefix}_{time.time_ns() // 1_000_000:012x}{secrets.token_hex(8)}"


async def _check(connection: Connection) -> None:
    """Let the pool replace a connection whose server is gone; raises psycopg.OperationalError.

    A server that ended, or was killed, has left an end of file on the socket. The pool's own check asks it a query each time.
    """
    socket = select.poll()
    socket.register(connection.fileno(), select.POLLIN)
    if socket.poll(0):
        await AsyncConnectionPool.check_connection(connection)


class Database:
    """PostgreSQL behind a pool. Every failure of the server or of the way to it is DatabaseUnavailable."""

    def __init__(self, url: str, *, size: int = 10, wait_s: float = 3.0) -> None:
        """`size` connections at most; who needs one waits `wait_s` seconds for it."""
        self._url = url
        self._pool: Pool = AsyncConnectionPool(
            url,
            connection_class=psycopg.AsyncConnection[DictRow],
            min_size=1,
            max_size=size,
            timeout=wait_s,
            open=False,
            check=_check,
            reconnect_timeout=0,
            kwargs={
                "row_factory": dict_row,
                "connect_timeout": CONNECT_TIMEOUT_S,
                "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c timezone=UTC",
            },
        )

    @property
    def url(self) -> str:
        """Where it is; may hold a password."""
        return self._url

    @property
    def pool(self) -> Pool:
        """The pool itself, for Procrastinate."""
        return self._pool

    async def open(self) -> None:
        """Open the pool; DatabaseUnavailable if the server does not answer."""
        try:
            await self._pool.open(wait=True, timeout=CONNECT_TIMEOUT_S)
        except (PoolTimeout, psycopg.OperationalError) as error:
            await self._pool.close()
            raise DatabaseUnavailable from error

    async def aclose(self) -> None:
        """Close the pool."""
        await self._pool.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection with a transaction around the block: committed at its end, rolled back by any exception."""
        try:
            # An explicit block: without it, the first inner `connection.transaction()` would commit on its own.
            async with self._pool.connection() as connection, connection.transaction():
                yield connection
        except (PoolTimeout, psycopg.OperationalError, psycopg.errors.QueryCanceled, psycopg.InterfaceError) as error:
            check_cancelled()
            raise DatabaseUnavailable from error

    async def rows(self, query: LiteralString, parameters: Parameters | None = None) -> list[Row]:
        """All rows of a query of its own."""
        async with self.transaction() as connection:
            return await (await connection.execute(query, parameters)).fetchall()

    async def row(self, query: LiteralString, parameters: Parameters | None = None) -> Row | None:
        """The first row of a query of its own, or None."""
        async with self.transaction() as connection:
            return await (await connection.execute(query, parameters)).fetchone()

    async def execute(self, query: LiteralString, parameters: Parameters | None = None) -> int:
        """Run a statement of its own; the number of rows it touched."""
        async with self.transaction() as connection:
            return (await connection.execute(query, parameters)).rowcount

    async def is_reachable(self, timeout_s: float = 2.0) -> bool:
        """Whether it answers a query within the time."""
        try:
            async with asyncio.timeout(timeout_s):
                return await self.row("SELECT 1 AS one") is not None
        except (DatabaseUnavailable, TimeoutError):
            return False
