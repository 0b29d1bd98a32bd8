"""`parley keys`: API keys are made, listed and revoked here, by whoever may run commands on the service's machine."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.commands.database import command_settings, open_database

if TYPE_CHECKING:
    from service.flows.keys import Limits, NewKey

keys = typer.Typer(help="API keys: create, list, revoke.", no_args_is_help=True)

Tenant = Annotated[
    str, typer.Option(help="Whose articles, results and jobs the key reaches; a new name makes a new tenant.")
]
Limit = Annotated[int | None, typer.Option(min=1, show_default="no limit")]


@keys.command()
def create(
    name: Annotated[str, typer.Option(help="What the key is for; shown in lists.")],
    scope: Annotated[
        str, typer.Option(help="A comma list of extract, read and admin; admin may do everything.")
    ] = "extract,read",
    tenant: Tenant = "default",
    requests_per_minute: Limit = None,
    requests_per_day: Limit = None,
    tokens_per_minute: Limit = None,
    tokens_per_day: Limit = None,
) -> None:
    """Make a key and print it: this once, it is not kept. From the first key on, nobody is let in without one."""
    from service.flows.keys import Limits

    limits = Limits(
        requests_per_minute=requests_per_minute,
        requests_per_day=requests_per_day,
        tokens_per_minute=tokens_per_minute,
        tokens_per_day=tokens_per_day,
    )
    scopes = tuple(filter(None, (word.strip() for word in scope.split(","))))
    made = asyncio.run(_create(name, scopes, tenant, limits))
    typer.echo(f"{made.id}: keep the key now, it is not shown again.", err=True)
    typer.echo(made.key)


async def _create(name: str, scopes: tuple[str, ...], tenant: str, limits: Limits) -> NewKey:
    from service.flows.keys import create_key

    async with open_database(command_settings()) as database:
        return await create_key(database, name=name, scopes=scopes, tenant_id=tenant, limits=limits)


@keys.command("list")
def list_them(
    tenant: Annotated[str | None, typer.Option(help="Of this tenant only.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Print all keys, without the keys themselves: id, state, tenant, scopes, name, limits, use of today (UTC)."""
    for row in asyncio.run(_list(tenant)):
        typer.echo(json.dumps(row, default=str, ensure_ascii=False) if as_json else _line(row))


async def _list(tenant: str | None) -> list[dict[str, Any]]:
    from service.flows.keys import list_keys

    async with open_database(command_settings()) as database:
        return await list_keys(database, tenant_id=tenant)


def _line(row: dict[str, Any]) -> str:
    used = [
        f"{row[f'{unit}_today']:,} {unit} today" + (f" of {row[f'{unit}_per_day']:,}" if row[f"{unit}_per_day"] else "")
        for unit in ("requests", "tokens")
    ]
    state = "revoked" if row["revoked_at"] else "valid"
    last = f"last used {row['last_used_at']:%Y-%m-%d %H:%M}" if row["last_used_at"] else "never used"
    return "  ".join((row["id"], state, row["tenant_id"], ",".join(row["scopes"]), row["name"], *used, last))


@keys.command()
def revoke(key: Annotated[str, typer.Argument(metavar="ID", help="The key's id, such as key_0193....")]) -> None:
    """Refuse a key from now on; running processes know it within 5 seconds."""
    asyncio.run(_revoke(key))
    typer.echo(f"{key} is revoked.", err=True)


async def _revoke(key: str) -> None:
    from service.flows.keys import revoke_key

    async with open_database(command_settings()) as database:
        await revoke_key(database, key)
