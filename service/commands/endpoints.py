"""`parley endpoints`: who is told what was found, for whoever may run commands on the service's machine."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from service.commands.desk import command_desk

if TYPE_CHECKING:
    from service.flows.delivery_log import Attempt, Dispatch
    from service.flows.desk import Desk
    from service.flows.endpoints import Endpoint, NewSecret
    from service.webhooks.events import EventType

endpoints = typer.Typer(
    help="Outgoing webhooks: create, list, show, update, rotate, enable, disable, delete, ping, deliveries, dead-letters, replay.",
    no_args_is_help=True,
)

Result = TypeVar("Result")

Id = Annotated[str, typer.Argument(metavar="ID", help="The endpoint's id, such as ep_0193....")]
Tenant = Annotated[str, typer.Option(help="Whose endpoints.")]
Events = Annotated[
    list[str] | None,
    typer.Option("--event", metavar="TYPE", help="What it wants to be told, such as extraction.completed; may be repeated."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, newest first.")]


def _run(work: Callable[[Desk], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        async with command_desk() as desk:
            return await work(desk)

    return asyncio.run(run())


@endpoints.command()
def create(
    url: Annotated[str, typer.Argument(help="Where messages are posted to.")],
    event: Events = None,
    tenant: Annotated[str, typer.Option(help="Whose results it is told of; a new name makes a new tenant.")] = "default",
    description: Annotated[str, typer.Option(help="For people.")] = "",
    allow_private: Annotated[bool, typer.Option("--allow-private", help="It may have a private address.")] = False,
    as_json: Json = False,
) -> None:
    """Make an endpoint; without --event it is told everything. Prints its secret: this once, it is not shown again."""
    from service.flows.endpoints import create_endpoint

    types = _types(event) or ()

    made = _run(
        lambda desk: create_endpoint(
            desk, tenant, url=url, event_types=types, description=description, allow_private=allow_private
        )
    )
    _tell(made, as_json=as_json)


@endpoints.command("list")
def list_them(tenant: Tenant = "default", as_json: Json = False) -> None:
    """Print all endpoints: id, state, failures in a row, address, event types."""
    from service.flows.endpoints import list_endpoints

    for one in _run(lambda desk: list_endpoints(desk, tenant)):
        typer.echo(_json(one) if as_json else _line(one))


@endpoints.command()
def show(endpoint: Id, tenant: Tenant = "default", as_json: Json = False) -> None:
    """Print an endpoint, without its secret."""
    from service.flows.endpoints import get_endpoint

    _show(_run(lambda desk: get_endpoint(desk, tenant, endpoint)), as_json=as_json)


@endpoints.command()
def update(
    endpoint: Id,
    url: Annotated[str | None, typer.Option(help="A new address; it must be a public one.")] = None,
    event: Events = None,
    description: Annotated[str | None, typer.Option(help="For people.")] = None,
    tenant: Tenant = "default",
    as_json: Json = False,
) -> None:
    """Change what is given; --event all makes it want everything."""
    from service.flows.endpoints import update_endpoint

    types = _types(event)
    _show(
        _run(lambda desk: update_endpoint(desk, tenant, endpoint, url=url, event_types=types, description=description)),
        as_json=as_json,
    )


@endpoints.command()
def rotate(endpoint: Id, tenant: Tenant = "default", as_json: Json = False) -> None:
    """Print a new secret; the one before it signs as well for 24 hours."""
    from service.flows.endpoints import rotate_secret

    _tell(_run(lambda desk: rotate_secret(desk, tenant, endpoint)), as_json=as_json)


@endpoints.command()
def enable(endpoint: Id, tenant: Tenant = "default", as_json: Json = False) -> None:
    """Tell an endpoint again what happens from now on; `replay` sends what it missed."""
    from service.flows.endpoints import enable_endpoint

    _show(_run(lambda desk: enable_endpoint(desk, tenant, endpoint)), as_json=as_json)


@endpoints.command()
def disable(endpoint: Id, tenant: Tenant = "default", as_json: Json = False) -> None:
    """Send nothing more to an endpoint; what is on its way is cancelled."""
    from service.flows.endpoints import disable_endpoint

    _show(_run(lambda desk: disable_endpoint(desk, tenant, endpoint)), as_json=as_json)


@endpoints.command()
def delete(endpoint: Id, tenant: Tenant = "default") -> None:
    """Forget an endpoint, its deliveries and their log."""
    from service.flows.endpoints import delete_endpoint

    _run(lambda desk: delete_endpoint(desk, tenant, endpoint))
    typer.echo(f"{endpoint} is deleted.", err=True)


@endpoints.command()
def ping(endpoint: Id, tenant: Tenant = "default") -> None:
    """Send a test message, webhook.ping, to this endpoint only; prints its id. A running worker delivers it."""
    from service.flows.endpoints import ping_endpoint

    typer.echo(_run(lambda desk: ping_endpoint(desk, tenant, endpoint)))


@endpoints.command()
def deliveries(endpoint: Id, tenant: Tenant = "default", limit: Limit = 50, as_json: Json = False) -> None:
    """Print attempts at an endpoint: when, which message, the attempt's number, status or error, milliseconds."""
    from service.flows.delivery_log import list_attempts

    for one in _run(lambda desk: list_attempts(desk, tenant, endpoint, before=None, limit=limit)):
        typer.echo(_json(one) if as_json else _attempt_line(one))


@endpoints.command("dead-letters")
def dead_letters(tenant: Tenant = "default", limit: Limit = 50, as_json: Json = False) -> None:
    """Print what could not be delivered and is not tried any more; `replay --message` sends it again."""
    from service.flows.delivery_log import list_dead_letters

    for one in _run(lambda desk: list_dead_letters(desk, tenant, before=None, limit=limit)):
        typer.echo(_json(one) if as_json else _dispatch_line(one))


@endpoints.command()
def replay(
    endpoint: Annotated[str | None, typer.Argument(metavar="[ID]", help="An endpoint's id; with --since.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(help="All messages from then on, UTC.", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
    ] = None,
    message: Annotated[str | None, typer.Option(metavar="ID", help="This message, to all it was meant for.")] = None,
    tenant: Tenant = "default",
) -> None:
    """Send messages again, with the same ids: one of them, or what an endpoint should have been told since a time."""
    from service.flows.replaying import replay_message, replay_since

    async def work(desk: Desk) -> int:
        if message is not None:
            return (await replay_message(desk, tenant, message)).deliveries
        if endpoint is None or since is None:
            raise RuntimeError("looked at before")
        done, after = 0, None
        while True:
            page = await replay_since(desk, tenant, endpoint, since.replace(tzinfo=UTC), after=after)
            done, after = done + page.deliveries, page.after
            if after is None:
                return done

    if (message is None) == (endpoint is None) or (endpoint is None) != (since is None):
        raise typer.BadParameter("expected an endpoint's id and --since, or --message")
    typer.echo(f"{_run(work)} deliveries were started.", err=True)


def _types(names: Iterable[str] | None) -> tuple[EventType, ...] | None:
    from service.webhooks.events import EventType

    if names is None:
        return None
    if list(names) == ["all"]:
        return ()
    known = {one.value: one for one in EventType if one is not EventType.PING}
    if unknown := [name for name in names if name not in known]:
        raise typer.BadParameter(f"{unknown[0]!r} is none of {', '.join(known)}", param_hint="--event")
    return tuple(known[name] for name in names)


def _tell(made: NewSecret, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({**_fields(made.endpoint), "secret": made.secret}, default=str, ensure_ascii=False))
        return
    typer.echo(f"{made.endpoint.id}: keep the secret now, it is not shown again.", err=True)
    typer.echo(made.secret)


def _show(endpoint: Endpoint, *, as_json: bool) -> None:
    if as_json:
        typer.echo(_json(endpoint))
        return
    for name, value in _fields(endpoint).items():
        shown = ", ".join(value) if isinstance(value, (list, tuple)) else value
        typer.echo(f"{name:<17}{shown if shown not in (None, '') else '-'}")


def _fields(value: Endpoint | Attempt | Dispatch) -> dict[str, Any]:
    return dataclasses.asdict(value)


def _json(value: Endpoint | Attempt | Dispatch) -> str:
    return json.dumps(_fields(value), default=str, ensure_ascii=False)


def _line(endpoint: Endpoint) -> str:
    state = f"disabled ({endpoint.disabled_reason})" if endpoint.disabled_at else "enabled"
    failures = f"{endpoint.failures_in_row} failures in a row" if endpoint.failures_in_row else "no failure"
    return "  ".join((endpoint.id, state, failures, endpoint.url, ",".join(endpoint.event_types) or "everything"))


def _attempt_line(attempt: Attempt) -> str:
    outcome = str(attempt.status) if attempt.status is not None else attempt.error or "-"
    number = f"round {attempt.round} attempt {attempt.number}"
    when = f"{attempt.at:%Y-%m-%d %H:%M:%S}"
    return "  ".join((when, attempt.message_id, attempt.type, number, outcome, f"{attempt.elapsed_ms} ms"))


def _dispatch_line(dispatch: Dispatch) -> str:
    when = f"{dispatch.finished_at:%Y-%m-%d %H:%M:%S}" if dispatch.finished_at else "-"
    to = dispatch.endpoint_id or dispatch.connection_id or "-"
    return "  ".join((when, dispatch.message_id, dispatch.type, to, f"{dispatch.attempts} attempts"))
