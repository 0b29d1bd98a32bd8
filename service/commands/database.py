"""`parley db`: the database's migrations, backup and restore; and how other commands open it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.errors import NoDatabaseHere

# PostgreSQL's packages are imported where a command runs: `parley extract` needs none of them.
if TYPE_CHECKING:
    from service.adapters.database.pool import Database
    from service.bootstrap import Located
    from service.settings import Settings

db = typer.Typer(help="The database: upgrade, status, backup, restore.", no_args_is_help=True)


@contextmanager
def located(settings: Settings) -> Iterator[Located]:
    """Where the database is; an embedded server runs as long as the block. Raises NoDatabaseHere, EmbeddedDatabaseFailed."""
    from service.bootstrap import locate_database

    if not settings.has_database:
        raise NoDatabaseHere
    found = locate_database(settings)
    try:
        yield found
    finally:
        if found.embedded is not None:
            found.embedded.stop()


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """The database, brought up to date and open.

    Raises NoDatabaseHere, DatabaseUnavailable, DatabaseNewer, EmbeddedDatabaseFailed.
    """
    from service.adapters.database.migrate import upgrade as apply
    from service.adapters.database.pool import Database

    with located(settings) as found:
        await asyncio.to_thread(apply, found.url)
        database = Database(found.url, size=2)
        await database.open()
        try:
            yield database
        finally:
            await database.aclose()


def command_settings() -> Settings:
    """The environment's settings. A command tells by itself what happened: a vendor's log line might hold an address."""
    from service.settings import load_settings

    logging.disable(logging.CRITICAL)
    return load_settings()


@db.command()
def upgrade() -> None:
    """Apply the migrations that are missing; prints their names. `parley serve` does so by itself."""
    from service.adapters.database.migrate import upgrade as apply

    with located(command_settings()) as found:
        steps = apply(found.url)
    _print(*steps, none="The database is up to date.")


@db.command()
def status() -> None:
    """Print which migrations are missing; exit code 1 if any is."""
    from service.adapters.database.migrate import migrations, pending

    with located(command_settings()) as found:
        missing = pending(found.url)
    for step in migrations():
        typer.echo(f"{'missing' if step.name in missing else 'applied'}  {step.name}")
    raise typer.Exit(1 if missing else 0)


@db.command()
def backup(file: Annotated[Path, typer.Argument(help="A new file; it will hold texts and secrets.")]) -> None:
    """Write everything that is kept into a file, as it is at this moment; the service may go on running."""
    from service.adapters.database.backup import backup as write

    with located(command_settings()) as found:
        write(found.url, file, found.embedded.tools if found.embedded else None)
    typer.echo(f"{file}: {file.stat().st_size:,} bytes", err=True)


@db.command()
def restore(
    file: Annotated[Path, typer.Argument(help="What `parley db backup` wrote.")],
    clean: Annotated[bool, typer.Option("--clean", help="Replace what is in the database.")] = False,
) -> None:
    """Put back a backup, all of it or nothing, and apply the migrations it lacks. Stop service and workers first."""
    from service.adapters.database.backup import restore as read
    from service.adapters.database.migrate import upgrade as apply

    with located(command_settings()) as found:
        read(found.url, file, found.embedded.tools if found.embedded else None, clean=clean)
        steps = apply(found.url)
    _print(*steps, none="The backup is restored.")


def _print(*steps: str, none: str) -> None:
    for step in steps:
        typer.echo(step)
    if not steps:
        typer.echo(none, err=True)
