"""`parley connections`: the CMSs that may call are let in here, by whoever may run commands on the service's machine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.commands.database import command_settings, open_database

if TYPE_CHECKING:
    from service.flows.connections import CmsConnection, NewConnectionSecret, Wanted
    from service.settings import Settings

connections = typer.Typer(help="CMSs that may call: create, list, show, rotate, disable, enable.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="ID", help="The connection's id, such as con_0193....")]
Secret = Annotated[str | None, typer.Option(help="What the CMS signs with, if it is chosen there; else one is drawn.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@connections.command()
def create(  # noqa: PLR0913 - one for each option
    adapter: Annotated[
        str, typer.Argument(help="The CMS: wordpress, ghost, superdesk, generic ...; docs/cms.md lists all.")
    ],
    name: Annotated[str, typer.Option(help="For people.")],
    tenant: Annotated[str, typer.Option(help="Whose articles they are; a new name makes a new tenant.")] = "default",
    secret: Secret = None,
    option: Annotated[
        list[str] | None, typer.Option(metavar="K=V", help="A field's name and the like; may be repeated.")
    ] = None,
    base_url: Annotated[str | None, typer.Option(help="The CMS's address, for reading and writing there.")] = None,
    credential: Annotated[
        list[str] | None, typer.Option(metavar="K=V", help="What it takes to log in there; may be repeated.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="rules, local or a configured provider/model; else the default.")] = None,
    write_back: Annotated[str | None, typer.Option(help="Write results into the CMS: meta, tag or codeinjection.")] = None,
    poll: Annotated[int | None, typer.Option(metavar="SECONDS", help="How often the CMS is asked what changed.")] = None,
    allow_private: Annotated[bool, typer.Option("--allow-private", help="The CMS may have a private address.")] = False,
    as_json: Json = False,
) -> None:
    """Let a CMS call. Prints its hook URL and the secret to sign with: this once, it is not shown again."""
    from service.flows.connections import Wanted

    wanted = Wanted(
        adapter=adapter,
        name=name,
        options=_pairs(option, "--option"),
        base_url=base_url,
        credentials=_pairs(credential, "--credential"),
        allow_private=allow_private,
        model=model,
        write_back=write_back,
        poll_seconds=poll,
    )
    settings = command_settings()
    _tell(asyncio.run(_create(settings, tenant, wanted, secret)), settings, as_json=as_json)
    if poll is None and write_back is None and base_url is None and adapter in ("ghost", "wp-webhooks"):
        typer.echo("This CMS never delivers again what was lost: --base-url and --poll 600 would find it.", err=True)


async def _create(settings: Settings, tenant: str, wanted: Wanted, secret: str | None) -> NewConnectionSecret:
    from service.adapters.outbound import Outbound
    from service.flows.connections import Grounds, create_connection
    from service.settings import LOCAL

    # What a running service will know; the command builds no engine to find out.
    models = tuple(dict.fromkeys(("rules", LOCAL, *settings.models, *([settings.model] if "/" in settings.model else []))))
    grounds = Grounds(outbound=Outbound(allowed_hosts=frozenset(settings.outbound_hosts)), models=models)
    async with open_database(settings) as database:
        return await create_connection(database, grounds, tenant, wanted, secret=secret)


@connections.command("list")
def list_them(
    tenant: Annotated[str | None, typer.Option(help="Of this tenant only.")] = None, as_json: Json = False
) -> None:
    """Print all connections: id, state, adapter, name, poller, write-back."""
    for one in asyncio.run(_list(tenant)):
        typer.echo(_json(one) if as_json else _line(one))


async def _list(tenant: str | None) -> tuple[CmsConnection, ...]:
    from service.flows.connections import list_connections

    async with open_database(command_settings()) as database:
        return await list_connections(database, tenant)


@connections.command()
def show(connection: Id, as_json: Json = False) -> None:
    """Print a connection; of its secrets and credentials only how many and what they are called."""
    found = asyncio.run(_act("get_connection", connection))
    if as_json:
        typer.echo(_json(found))
        return
    for name, value in _fields(found).items():
        typer.echo(f"{name:<14}{value if value not in (None, {}, ()) else '-'}")


@connections.command()
def rotate(
    connection: Id,
    secret: Secret = None,
    drop_old: Annotated[bool, typer.Option("--drop-old", help="Make no new secret: accept the newest only.")] = False,
    as_json: Json = False,
) -> None:
    """Print a new secret; those before it are accepted until `rotate --drop-old`, when the CMS has the new one."""
    if drop_old:
        asyncio.run(_act("drop_old_secrets", connection))
        typer.echo(f"{connection} accepts its newest secret only.", err=True)
        return
    _tell(asyncio.run(_act("rotate_secret", connection, secret=secret)), command_settings(), as_json=as_json)


@connections.command()
def disable(connection: Id) -> None:
    """Refuse what a CMS delivers; running processes know it within 3 seconds."""
    asyncio.run(_act("disable_connection", connection))
    typer.echo(f"{connection} is disabled.", err=True)


@connections.command()
def enable(connection: Id) -> None:
    """Accept what a CMS delivers again."""
    asyncio.run(_act("enable_connection", connection))
    typer.echo(f"{connection} is enabled.", err=True)


async def _act(action: str, connection_id: str, **given: Any) -> Any:
    """Do something with one connection, of whichever tenant: who may run commands here is the operator."""
    from service.flows import connections as flow

    async with open_database(command_settings()) as database:
        return await getattr(flow, action)(database, None, connection_id, **given)


def _pairs(given: Iterable[str] | None, option: str) -> dict[str, str]:
    pairs = {}
    for pair in given or ():
        name, sign, value = pair.partition("=")
        if not sign or not name:
            raise typer.BadParameter("expected NAME=VALUE", param_hint=option)  # without the pair: it may be a password
        pairs[name.strip()] = value
    return pairs


def _tell(made: NewConnectionSecret, settings: Settings, *, as_json: bool) -> None:
    url = f"{(settings.public_url or '').rstrip('/')}{made.connection.hook_path}"
    if as_json:
        typer.echo(json.dumps({"id": made.connection.id, "hook_url": url, "secret": made.secret}))
        return
    typer.echo(f"hook URL  {url}")
    typer.echo(f"secret    {made.secret}")
    typer.echo("Keep the secret now, it is not shown again.", err=True)


def _fields(connection: CmsConnection) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(connection)


def _json(connection: CmsConnection) -> str:
    return json.dumps(_fields(connection), default=str, ensure_ascii=False)


def _line(connection: CmsConnection) -> str:
    state = "disabled" if connection.disabled_at else "enabled"
    polled = f"polled every {connection.poll_seconds} s" if connection.poll_seconds else "not polled"
    return "  ".join(
        (connection.id, state, connection.adapter, connection.name, polled, connection.write_back or "no write-back")
    )
