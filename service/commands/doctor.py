"""`parley doctor`: is everything there that the service needs, and does anything wait for a person?

It changes nothing and asks no model for a completion; an embedded PostgreSQL that does not run is started for as long as it looks.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from service.commands.database import command_settings, located
from service.errors import DatabaseUnavailable, ModelFileWrong, ParleyError, SetupError

if TYPE_CHECKING:
    from service.adapters.database.pool import Database
    from service.bootstrap import Located
    from service.flows.backlog import Backlog
    from service.settings import Settings

OK, WARNING, FAILED = "ok", "warning", "failed"
LEAST_POSTGRES = 15
SKEW_S, WRONG_SKEW_S = 2.0, 60.0
"""Signatures are refused from five minutes on; claims and leases count in seconds."""
OLD_JOB_S = 600.0
OLD_DISPATCH_S = 300.0
LITTLE_SPACE, NO_SPACE = 5 << 30, 1 << 30


@dataclass(frozen=True, slots=True)
class Check:
    """One finding, and what to do about it unless it is ok."""

    name: str
    state: str
    found: str
    advice: str = ""


def doctor(
    host: Annotated[
        str, typer.Option(help="The address that `parley serve` listens on: beyond loopback it needs keys.")
    ] = "127.0.0.1",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check database, queue, workers, models, keys, clock and disk. Exit code 1 if anything is wrong, with what to do about it."""
    settings = command_settings()
    checks = tuple(asyncio.run(_all(settings, host)))
    is_well = all(check.state != FAILED for check in checks)
    if as_json:
        typer.echo(
            json.dumps({"ok": is_well, "checks": [dataclasses.asdict(check) for check in checks]}, ensure_ascii=False)
        )
    else:
        for check in checks:
            typer.echo(f"{check.state:<8} {check.name:<16} {check.found}")
            if check.advice:
                typer.echo(f"{'':<25} -> {check.advice}")
    raise typer.Exit(0 if is_well else 1)


async def _all(settings: Settings, host: str) -> list[Check]:
    checks = [*_of_settings(), *await _of_models(settings)]
    if not settings.has_database:
        return [*checks, Check("database", OK, "none is wanted: nothing is kept, and hooks and jobs are not to be had")]
    try:
        with located(settings) as found:
            checks += _of_disk(found)
            checks += [check async for check in _of_database(found, host)]
    except SetupError as error:
        checks.append(Check("database", FAILED, error.message, "see docs/runbook.md, Database down"))
    return checks


def _of_settings() -> Iterator[Check]:
    from service.settings import unknown_variables

    unknown = unknown_variables()
    if unknown:
        yield Check(
            "settings", WARNING, f"not a setting: {', '.join(unknown)}", "look for a misspelling in docs/settings.md"
        )
    else:
        yield Check("settings", OK, "all that are set are known")


async def _of_models(settings: Settings) -> list[Check]:
    from service.bootstrap import build_services

    checks = list(_of_model_file(settings))
    try:
        services = await build_services(settings)
    except ParleyError as error:
        return [*checks, Check("models", FAILED, error.message, "set PARLEY_MODEL, PARLEY_BASE_URL and PARLEY_API_KEY")]
    try:
        checks.append(Check("engine", OK, f"{services.default} answers where a request names none"))
        for name, answers in (await services.ready()).items():
            if answers:
                checks.append(Check("model", OK, f"{name} is reachable"))
            else:
                advice = "check PARLEY_BASE_URL and PARLEY_API_KEY; until then articles are read by rules, marked degraded"
                checks.append(Check("model", FAILED, f"{name} does not answer, or refuses the key", advice))
    finally:
        await services.aclose()
    return checks


def _of_model_file(settings: Settings) -> Iterator[Check]:
    from service.adapters.model_files import cache_dir, installed

    try:
        path = installed(cache_dir(settings.model_dir))
    except ModelFileWrong as error:
        yield Check("embedded model", FAILED, error.message, "parley models pull")
        return
    wanted = settings.model == "local" or "local" in settings.models
    if path is not None:
        yield Check("embedded model", OK, "its file is there, with the right SHA-256")
    elif wanted:
        yield Check("embedded model", FAILED, "its file is missing", "parley models pull")
    else:
        yield Check("embedded model", OK, "was not fetched, and is not asked for")


def _of_disk(found: Located) -> Iterator[Check]:
    if found.embedded is None:
        return
    folder = found.embedded.folder
    free = shutil.disk_usage(folder).free
    state = FAILED if free < NO_SPACE else WARNING if free < LITTLE_SPACE else OK
    advice = "" if state == OK else "free or add space: PostgreSQL stops when the disk is full (docs/runbook.md, Disk full)"
    yield Check("disk", state, f"{free / 2**30:.1f} GiB are free in {folder}", advice)


async def _of_database(found: Located, host: str) -> AsyncIterator[Check]:
    from service.adapters.database.migrate import pending
    from service.adapters.database.pool import Database

    what = "embedded PostgreSQL" if found.embedded is not None else "PostgreSQL"
    database = Database(found.url, size=1)
    try:
        try:
            await database.open()
            missing = await asyncio.to_thread(pending, found.url)
            yield await _version(database, what)
        except DatabaseUnavailable:
            where = (
                "PARLEY_DATABASE_URL and the server"
                if found.embedded is None
                else f"the file 'log' in {found.embedded.folder}"
            )
            yield Check("database", FAILED, f"{what} does not answer", f"look at {where}")
            return
        if missing:
            yield Check("migrations", FAILED, f"missing: {', '.join(missing)}", "parley db upgrade, or start the service")
            return
        yield Check("migrations", OK, "none is missing")
        yield await _clock(database)
        yield await _keys(database, host)
        async for check in _queue(database):
            yield check
    except DatabaseUnavailable:
        yield Check("database", FAILED, f"{what} did not answer in time", "see docs/runbook.md, Database down")
    finally:
        await database.aclose()


async def _version(database: Database, what: str) -> Check:
    row = await database.row(
        "SELECT current_setting('server_version') AS version, current_setting('server_version_num') AS number"
    )
    version, number = ("?", 0) if row is None else (row["version"], int(row["number"]))
    if number < LEAST_POSTGRES * 10_000:
        return Check("database", FAILED, f"{what} {version}", f"expected PostgreSQL {LEAST_POSTGRES} or later")
    return Check("database", OK, f"{what} {version} answers")


async def _clock(database: Database) -> Check:
    before = time.time()
    row = await database.row("SELECT extract(epoch FROM clock_timestamp())::float AS now")
    after = time.time()
    theirs = before if row is None else row["now"]
    # What the way to the database took is no skew.
    skew = max(before - theirs, theirs - after, 0.0)
    state = FAILED if skew > WRONG_SKEW_S else WARNING if skew > SKEW_S else OK
    advice = "" if state == OK else "run NTP on both machines: signatures older than 5 minutes are refused"
    return Check("clock", state, f"{skew:.1f} s away from the database's", advice)


async def _keys(database: Database, host: str) -> Check:
    from service.main import is_loopback

    row = await database.row("SELECT count(*) AS n FROM api_key WHERE revoked_at IS NULL")
    valid = 0 if row is None else row["n"]
    if valid:
        return Check("keys", OK, f"{valid} valid")
    if is_loopback(host):
        return Check("keys", OK, "none: whoever is on this machine may do everything, and nobody else is let in")
    return Check(
        "keys", FAILED, f"none, and the service listens on {host}", "parley keys create --name NAME --scope extract,read"
    )


async def _queue(database: Database) -> AsyncIterator[Check]:
    from service.flows.backlog import look

    backlog = await look(database, timeout_s=30.0)
    yield _workers(backlog)
    oldest = backlog.oldest_job_s or 0.0
    old = "Stuck queue"
    if oldest > OLD_JOB_S:
        found = f"{backlog.unfinished_jobs} jobs, the oldest of {oldest / 60:.0f} minutes"
        yield Check("queue", FAILED, found, f"start more workers, look at the model: docs/runbook.md, {old}")
    else:
        yield Check("queue", OK, f"{backlog.unfinished_jobs} jobs, the oldest of {oldest:.0f} s")
    late = backlog.oldest_due_dispatch_s or 0.0
    state = WARNING if late > OLD_DISPATCH_S else OK
    advice = f"is a worker alive, does the endpoint fail? docs/runbook.md, {old}" if state == WARNING else ""
    yield Check("deliveries out", state, f"{backlog.dispatches} on their way, the latest {late:.0f} s late", advice)
    if backlog.parked:
        yield Check("parked jobs", FAILED, f"{backlog.parked}", "parley jobs list --state parked, then parley jobs retry ID")
    else:
        yield Check("parked jobs", OK, "none")
    if backlog.dead_letters:
        advice = "parley endpoints dead-letters, then parley endpoints replay --message ID"
        yield Check("dead letters", WARNING, f"{backlog.dead_letters}", advice)
    else:
        yield Check("dead letters", OK, "none")
    if backlog.disabled_endpoints:
        advice = "parley endpoints list, then parley endpoints enable ID and replay"
        yield Check("endpoints", WARNING, f"{backlog.disabled_endpoints} disabled", advice)


def _workers(backlog: Backlog) -> Check:
    if backlog.workers:
        return Check("workers", OK, f"{backlog.workers // 2 or 1} alive")
    if backlog.unfinished_jobs or backlog.dispatches:
        return Check(
            "workers", FAILED, "none is alive, and there is work", "start `parley worker`, or `parley serve` with its worker"
        )
    return Check("workers", WARNING, "none is alive", "start `parley serve` or `parley worker` when articles shall be read")
