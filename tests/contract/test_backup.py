"""Backup and restore over a real PostgreSQL, as functions and by the command line."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import conninfo

from service.adapters.database import backup as tool
from service.adapters.database.backup import backup, find_tools, is_empty, restore
from service.adapters.database.migrate import pending, upgrade
from service.adapters.database.pool import Database
from service.adapters.database.server import POSTGRES_VERSION
from service.errors import BackupFailed, DatabaseUnavailable
from service.flows import jobs
from service.flows.desk import Caller
from service.flows.extracting import do_extract, submit_extract
from service.flows.reading import read
from tests.databases import Databases
from tests.desks import ScriptedEngine, make_command, make_desk


def contents(url: str) -> dict[str, list[Any]]:
    """Every row of every table, and where the sequences stand."""
    with psycopg.connect(url) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
        tables = {name: connection.execute(f'SELECT t::text FROM "{name}" t ORDER BY 1').fetchall() for (name,) in names}  # noqa: S608
        tables["sequences"] = connection.execute("SELECT sequencename, last_value FROM pg_sequences ORDER BY 1").fetchall()
    return tables


async def fill(url: str) -> None:
    """A stored extraction, an article with a version, a job that waits."""
    database = Database(url)
    await database.open()
    desk = await make_desk(database, ScriptedEngine())
    await read(desk, make_command(), Caller())
    async with database.transaction() as connection:
        first = await submit_extract(desk, connection, make_command(id="a1"), Caller())
        await submit_extract(desk, connection, make_command("Later. “So it is,” said Ilse Varga."), Caller())
    await jobs.run(desk, first, {"extract": do_extract})
    await database.aclose()


async def test_what_is_restored_is_what_was_backed_up_and_works(databases: Databases, database_url: str, tmp_path: Path):
    await fill(database_url)
    before, file, other = contents(database_url), tmp_path / "parley.backup", databases.empty()

    backup(database_url, file)
    restore(other, file)

    assert contents(other) == before
    assert len(before["extraction"]) == 1
    assert len(before["procrastinate_jobs"]) == 2
    assert pending(other) == ()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == [file.name]
    await fill(other)  # the restored tables, sequences and functions do their work
    databases.drop(other)


async def test_a_database_that_is_not_empty_is_only_replaced_on_demand(database_url: str, tmp_path: Path):
    await fill(database_url)
    before, file = contents(database_url), tmp_path / "parley.backup"
    backup(database_url, file)
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO tenant (id) VALUES ('newer')")
        connection.execute("CREATE TABLE newer (id text REFERENCES tenant)")
    changed = contents(database_url)

    with pytest.raises(BackupFailed, match="not empty"):
        restore(database_url, file)
    after_refusal = contents(database_url)
    restore(database_url, file, clean=True)
    restore(database_url, file, clean=True)

    assert after_refusal == changed
    assert contents(database_url) == before


@pytest.mark.parametrize("content", [b"", b"not a backup", None], ids=["empty", "rubbish", "cut off"])
async def test_a_file_that_cannot_be_restored_costs_nothing(database_url: str, tmp_path: Path, content: bytes | None):
    await fill(database_url)
    file = tmp_path / "parley.backup"
    if content is None:
        backup(database_url, file)
        content = file.read_bytes()[:-2_000]
    file.write_bytes(content)
    before = contents(database_url)

    with pytest.raises(BackupFailed):
        restore(database_url, file, clean=True)

    assert contents(database_url) == before


async def test_a_restore_that_was_killed_is_undone_by_the_next(database_url: str, tmp_path: Path):
    await fill(database_url)
    before = contents(database_url)
    with psycopg.connect(database_url) as connection:  # as it is found after kill -9 under pg_restore
        connection.execute("ALTER SCHEMA public RENAME TO parley_before_restore")
        connection.execute("CREATE SCHEMA public")
    (tmp_path / "rubbish").write_bytes(b"rubbish")

    with pytest.raises(BackupFailed, match="not empty"):
        restore(database_url, tmp_path / "rubbish")

    assert contents(database_url) == before


def test_a_database_in_use_is_told_not_waited_for(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tool, "_LOCK_TIMEOUT", "-c lock_timeout=200ms")
    backup(database_url, tmp_path / "file")
    with psycopg.connect(database_url) as reader:
        reader.execute("SELECT * FROM tenant")

        with pytest.raises(BackupFailed, match="in use"):
            restore(database_url, tmp_path / "file", clean=True)


def test_a_backup_never_overwrites(database_url: str, tmp_path: Path):
    file = tmp_path / "precious"
    file.write_bytes(b"precious")

    with pytest.raises(BackupFailed, match="exists"):
        backup(database_url, file)

    assert file.read_bytes() == b"precious"


def test_a_file_that_is_not_there_and_a_folder_that_is_not_there_are_told(database_url: str, tmp_path: Path):
    with pytest.raises(BackupFailed, match="no file"):
        restore(database_url, tmp_path / "missing", clean=True)
    with pytest.raises(BackupFailed, match="No such file"):
        backup(database_url, tmp_path / "missing" / "file")


def test_a_server_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(DatabaseUnavailable):
        backup(f"postgresql://postgres@/postgres?host={tmp_path}", tmp_path / "file")


def test_the_password_is_no_argument_and_no_part_of_an_error(database_url: str, tmp_path: Path):
    seen = tmp_path / "seen"
    (tmp_path / "pg_dump").write_text(f'#!/bin/sh\necho "$@" > {seen}\necho "pg_dump: error: no $PGDATABASE" >&2\nexit 1\n')
    (tmp_path / "pg_dump").chmod(0o755)
    url = conninfo.make_conninfo(database_url, password="canary-4711")

    with pytest.raises(BackupFailed) as failed:
        backup(url, tmp_path / "file", tmp_path)

    assert "--dbname=" in seen.read_text()
    assert "canary-4711" not in seen.read_text() + failed.value.message
    assert not (tmp_path / "file").exists()


def test_an_older_pg_dump_on_the_path_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def on_the_path(version: int) -> None:
        (tmp_path / "pg_dump").write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {version}.3 (Debian)'\n")
        (tmp_path / "pg_dump").chmod(0o755)

    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    on_the_path(POSTGRES_VERSION - 1)
    packaged, fitting = find_tools(POSTGRES_VERSION), find_tools(POSTGRES_VERSION - 1)
    with pytest.raises(BackupFailed, match=f"pg_dump {POSTGRES_VERSION + 1} or later"):
        find_tools(POSTGRES_VERSION + 1)

    assert (packaged != tmp_path, fitting) == (True, tmp_path)
    assert (packaged / "pg_restore").is_file()


# The command line, in processes of their own.


def parley(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PARLEY_DATABASE_URL": url, "PARLEY_MODEL": "rules"}
    command = [sys.executable, "-m", "service", *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=60)


def test_the_database_commands_go_round(databases: Databases, tmp_path: Path):
    url, file = databases.empty(), str(tmp_path / "parley.backup")

    before, upgraded, after = parley(url, "db", "status"), parley(url, "db", "upgrade"), parley(url, "db", "status")
    made = parley(
        url, "keys", "create", "--name", "desk", "--scope", "extract,read", "--tenant", "news", "--tokens-per-day", "500"
    )
    saved = parley(url, "db", "backup", file)
    key_id = made.stderr.partition(":")[0]
    revoked, listed = parley(url, "keys", "revoke", key_id), parley(url, "keys", "list")
    refused, restored = parley(url, "db", "restore", file), parley(url, "db", "restore", file, "--clean")
    again = parley(url, "keys", "list", "--json")

    assert (before.returncode, upgraded.returncode, after.returncode) == (1, 0, 0)
    assert "missing  0001_tables" in before.stdout
    assert "missing" not in after.stdout
    assert made.stdout.startswith("parley_")
    assert len(made.stdout.splitlines()) == 1
    assert saved.returncode == revoked.returncode == restored.returncode == 0, (
        saved.stderr + revoked.stderr + restored.stderr
    )
    assert f"{key_id}  revoked  news  extract,read  desk" in listed.stdout
    assert "of 500" in listed.stdout
    assert (refused.returncode, "not empty" in refused.stderr) == (3, True)
    assert '"revoked_at": null' in again.stdout
    assert made.stdout.strip() not in listed.stdout + again.stdout
    databases.drop(url)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("keys", "create", "--name", "x", "--scope", "write"), 1, "Field 'scope'"),
        (("keys", "revoke", "key_0"), 1, "There is no key 'key_0'"),
        (("keys", "create", "--name", "x", "--requests-per-minute", "0"), 2, ""),
    ],
    ids=["scope", "unknown key", "limit"],
)
def test_what_is_wrong_is_one_sentence(database_url: str, arguments: tuple[str, ...], code: int, said: str):
    done = parley(database_url, *arguments)

    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_is_not_there_or_not_wanted_is_one_sentence(tmp_path: Path):
    gone = parley(f"postgresql://postgres:canary-4711@/postgres?host={tmp_path}", "keys", "list")
    none = parley("none", "db", "status")

    assert (gone.returncode, gone.stderr) == (3, "parley: The database does not answer.\n")
    assert (none.returncode, none.stderr) == (3, "parley: PARLEY_DATABASE_URL is `none`: this command needs a database.\n")


def test_an_empty_database_is_told_from_one_with_tables(databases: Databases):
    url = databases.empty()
    before = is_empty(url)
    upgrade(url)

    assert (before, is_empty(url)) == (True, False)
    databases.drop(url)
