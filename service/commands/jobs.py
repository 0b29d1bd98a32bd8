"""`parley jobs`: what was accepted and how far it is; what was set aside, once more."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated

import typer

from service.commands.desk import command_desk

if TYPE_CHECKING:
    from service.adapters.database.pool import Row

jobs = typer.Typer(help="Accepted work: list it, retry what was set aside.", no_args_is_help=True)

_STATES = ("queued", "running", "succeeded", "ignored", "failed", "parked")


@jobs.command("list")
def list_them(
    state: Annotated[str | None, typer.Option(help=f"Only those that are {', '.join(_STATES)}.")] = None,
    tenant: Annotated[str, typer.Option(help="Whose jobs.")] = "default",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, newest first.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Print jobs: id, state, kind, when it was accepted, starts, why it failed."""
    if state is not None and state not in _STATES:
        raise typer.BadParameter(f"{state!r} is none of {', '.join(_STATES)}", param_hint="--state")
    for row in asyncio.run(_list(tenant, state, limit)):
        typer.echo(json.dumps(row, default=str, ensure_ascii=False) if as_json else _line(row))


async def _list(tenant: str, state: str | None, limit: int) -> list[Row]:
    from service.flows.progress import list_jobs

    async with command_desk() as desk:
        return list(await list_jobs(desk, tenant, state=state, before=None, limit=limit))


@jobs.command()
def retry(
    job: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="A parked job's id, such as job_0193....", show_default=False)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All parked jobs of the tenant.")] = False,
    tenant: Annotated[str, typer.Option(help="Whose jobs; with --all.")] = "default",
) -> None:
    """Let a job that was set aside (its worker died under it three times) be tried again; prints what was enqueued."""
    if (job is None) == (not every):
        raise typer.BadParameter("expected an id, or --all")
    for name in asyncio.run(_retry(job, tenant)):
        typer.echo(name)


async def _retry(job: str | None, tenant: str) -> list[str]:
    from service.flows.jobs import retry_parked
    from service.flows.progress import list_jobs

    async with command_desk() as desk:
        parked = await list_jobs(desk, tenant, state="parked", before=None, limit=10_000) if job is None else ()
        names = [job] if job is not None else [str(row["id"]) for row in parked]
        for name in names:
            await retry_parked(desk, name)
        return names


def _line(row: Row) -> str:
    why = (row["problem"] or {}).get("type", "")
    since = f"{row['created_at']:%Y-%m-%d %H:%M:%S}"
    counted = f"{row['attempts']} starts"
    return "  ".join(filter(None, (row["id"], row["state"], row["kind"], since, counted, why)))
