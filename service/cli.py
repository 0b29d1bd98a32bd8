"""The command `parley`. Standard output holds data only; progress, notes and errors go to standard error.

Exit codes: 0 all went well; 1 some or all inputs failed; 2 the command line is wrong; 3 the installation or a setting is
wrong; 4 a model failed and --on-failure error was asked for.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from importlib.metadata import entry_points
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.commands.connections import connections
from service.commands.database import db
from service.commands.doctor import doctor
from service.commands.endpoints import endpoints
from service.commands.jobs import jobs
from service.commands.keys import keys
from service.errors import (
    ArticleTooLarge,
    DatabaseUnavailable,
    ModelFailed,
    NoDatabaseHere,
    ParleyError,
    SettingInvalid,
    SetupError,
)

# What a command needs beyond this is imported where it runs: `parley version` must not wait for an HTTP stack.
if TYPE_CHECKING:
    from service.domain.article import Article
    from service.domain.record import Extraction
    from service.handlers import Services
    from service.settings import Settings

# 2 is typer's own, for a command line that it cannot read.
OK, INPUT_FAILED, SETUP, MODEL_FAILED = 0, 1, 3, 4
STDIN = "-"
PLUGINS = "parley.commands"
"""Entry points of this group are further commands: the evaluation suite, which the service must not import."""

app = typer.Typer(
    help="Reads news articles; answers with prisoner exchanges and quotations, as checked structured data.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
models = typer.Typer(help="The embedded model and the models that a request may choose.", no_args_is_help=True)
app.add_typer(models, name="models")
app.add_typer(keys, name="keys")
app.add_typer(connections, name="connections")
app.add_typer(db, name="db")
app.add_typer(endpoints, name="endpoints")
app.add_typer(jobs, name="jobs")
app.command()(doctor)


class OnFailure(StrEnum):
    """What to do when the model fails."""

    DEGRADE = "degrade"
    ERROR = "error"


Indirect = Annotated[bool, typer.Option("--indirect/--no-indirect", help="Extract reported speech as well.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on a terminal as well.")]
Files = Annotated[
    list[str], typer.Argument(metavar="FILE...", help="Articles as UTF-8 text or HTML; - reads standard input.")
]
Html = Annotated[bool, typer.Option("--html", help="Read as HTML, whatever the name; .html and .htm always are.")]
PublishedAt = Annotated[str | None, typer.Option(help="Date of publication, e.g. 2025-05-24; relative dates count from it.")]
Title = Annotated[str | None, typer.Option(help="The headline.")]
Model = Annotated[str | None, typer.Option(help="rules, local or provider/model; else PARLEY_MODEL.")]


@app.command()
def extract(
    files: Files,
    html: Html = False,
    published_at: PublishedAt = None,
    title: Title = None,
    model: Model = None,
    as_json: Json = False,
    indirect: Indirect = True,
    on_failure: Annotated[
        OnFailure, typer.Option(help="When the model fails: degrade to rules, or error.")
    ] = OnFailure.DEGRADE,
) -> None:
    """Extract exchanges and quotations: readable on a terminal, JSON in a pipe, one JSON object a line for several files."""
    from service.handlers import ExtractArticle, extract_article

    settings = _settings(model)
    source = _Source(html=html, title=title, published_at=_day(published_at), max_bytes=settings.max_bytes)
    show = _shower(as_json=as_json or not sys.stdout.isatty(), many=len(files) > 1)

    async def run(services: Services) -> int:
        worst = OK
        with _progress(len(files)) as advance:
            for file in files:
                try:
                    article = source.read(file)
                    command = ExtractArticle(article=article, indirect=indirect, on_failure=on_failure.value)
                    extraction = await extract_article(command, services)
                except (ParleyError, OSError, UnicodeDecodeError) as error:
                    worst = max(worst, _failed(file, error))
                else:
                    show(extraction, article.text)
                advance()
        return worst

    raise typer.Exit(asyncio.run(_with_services(settings, run)))


@app.command()
def prompt(
    file: Annotated[str, typer.Argument(metavar="FILE", help="An article; - reads standard input.")],
    html: Html = False,
    published_at: PublishedAt = None,
    title: Title = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the messages as JSON.")] = False,
    indirect: Indirect = True,
    name: Annotated[str | None, typer.Option("--prompt", help="Prompt by name or name@version; else PARLEY_PROMPT.")] = None,
) -> None:
    """Print exactly what a model would be sent for an article."""
    from service.handlers import ExtractArticle, show_prompt

    settings = _settings("rules")
    source = _Source(html=html, title=title, published_at=_day(published_at), max_bytes=settings.max_bytes)

    async def run(services: Services) -> int:
        try:
            command = ExtractArticle(article=source.read(file), indirect=indirect)
            messages = await show_prompt(command, services, prompt=name)
        except (ParleyError, OSError, UnicodeDecodeError) as error:
            return _failed(file, error)
        if as_json:
            sent = [{"role": message.role, "content": message.content} for message in messages]
            _write(json.dumps(sent, ensure_ascii=False, indent=2) + "\n")
        else:
            _write("".join(f"[{message.role}]\n{message.content}\n" for message in messages))
        return OK

    raise typer.Exit(asyncio.run(_with_services(settings, run)))


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8000,
    with_worker: Annotated[
        bool, typer.Option(help="Do the jobs in this process as well; else start `parley worker`.")
    ] = True,
) -> None:
    """Serve the HTTP API until SIGTERM or Ctrl-C."""
    from service.main import serve as serve_until_told
    from service.settings import load_settings

    raise typer.Exit(asyncio.run(serve_until_told(load_settings(), host=host, port=port, with_worker=with_worker)))


@app.command()
def worker(
    metrics_port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Port of loopback to read this worker's metrics at.", show_default="none"),
    ] = None,
) -> None:
    """Do accepted jobs until SIGTERM or Ctrl-C; any number of workers may share one database."""
    from service.settings import load_settings
    from service.worker import work

    settings = load_settings()
    if not settings.has_database:
        raise NoDatabaseHere
    raise typer.Exit(asyncio.run(work(settings, metrics_port=metrics_port)))


@app.command()
def version() -> None:
    """Print the version."""
    _write(f"parley {installed_version('parley')}\n")


@models.command("list")
def list_models() -> None:
    """Print the models that a request may choose, the default one marked."""

    async def run(services: Services) -> int:
        for name in services.models:
            _write(f"{name}{' (default)' if name == services.default else ''}\n")
        return OK

    raise typer.Exit(asyncio.run(_with_services(_settings(None), run)))


@models.command("pull")
def pull_model() -> None:
    """Fetch the embedded model (1.1 GB), check its SHA-256 and keep it; goes on where an earlier pull stopped."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from service.adapters.model_files import DEFAULT, bytes_needed, cache_dir, pull

    console = Console(stderr=True)
    directory = cache_dir(_settings(None).model_dir)
    if bytes_needed(directory):
        console.print(f"{DEFAULT.name}: {DEFAULT.size / 1e9:.1f} GB, into {directory}", highlight=False, soft_wrap=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=DEFAULT.size)

        def tell(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)

        path = pull(directory, progress=tell)
    _write(f"{path}\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """How the files of one command are to be read."""

    html: bool
    title: str | None
    published_at: date | None
    max_bytes: int

    def read(self, file: str) -> Article:
        """The article in a file; raises ArticleTooLarge, OSError or UnicodeDecodeError."""
        from service.domain.article import Article
        from service.text.clean import clean_html

        if file == STDIN:
            content = sys.stdin.buffer.read(self.max_bytes + 1)
        else:
            with open(file, "rb") as opened:
                content = opened.read(self.max_bytes + 1)
        if len(content) > self.max_bytes:
            raise ArticleTooLarge(size=len(content), limit=self.max_bytes, unit="bytes")
        text = content.decode("utf-8-sig")
        is_html = self.html or Path(file).suffix.lower() in (".html", ".htm")
        return Article(
            text=clean_html(text) if is_html else text,
            id=None if file == STDIN else file,
            title=self.title,
            published_at=self.published_at,
            from_html=is_html,
        )


def _day(published_at: str | None) -> date | None:
    from service.api.schemas import parse_published_at

    try:
        return None if published_at is None else parse_published_at(published_at)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--published-at") from None


def _settings(model: str | None) -> Settings:
    """The environment's settings; `model` is what the command line names instead of PARLEY_MODEL."""
    from service.settings import load_settings, variable

    # A command tells by itself what happened; a vendor's log line might hold the article.
    logging.disable(logging.CRITICAL)
    try:
        return load_settings(**({} if model is None else {"model": model}))
    except SettingInvalid as error:
        if model is None or error.setting != variable("model"):
            raise
        raise typer.BadParameter(f"{model!r} is not {error.expected}", param_hint="--model") from None


async def _with_services(settings: Settings, run: Callable[[Services], Coroutine[None, None, int]]) -> int:
    from service.bootstrap import build_services

    services = await build_services(settings)
    try:
        return await run(services)
    finally:
        await services.aclose()


def _shower(*, as_json: bool, many: bool) -> Callable[[Extraction, str], None]:
    """What prints one extraction, with the clean text it refers to."""
    if as_json:
        from pydantic import TypeAdapter

        from service.domain.record import Extraction

        records = TypeAdapter(Extraction)
        return lambda extraction, _: _write(records.dump_json(extraction, indent=None if many else 2).decode() + "\n")
    from rich.console import Console

    from service.display import present

    console = Console()
    return lambda extraction, text: console.print(present(extraction, text))


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """A bar on standard error while several files go into a pipe; what is given advances it."""
    if total < 2 or sys.stdout.isatty() or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("articles", total=total)
        yield lambda: bar.advance(task)


def _failed(file: str, error: ParleyError | OSError | UnicodeDecodeError) -> int:
    """Say why an input failed; the exit code that it comes to."""
    match error:
        case ParleyError():
            reason = error.message
        case UnicodeDecodeError():
            reason = f"byte {error.start} is not UTF-8"
        case _:
            reason = error.strerror or type(error).__name__
    _tell(f"{file}: {reason}")
    return MODEL_FAILED if isinstance(error, ModelFailed) else SETUP if isinstance(error, SetupError) else INPUT_FAILED


def _write(text: str) -> None:
    """Data, in UTF-8 whatever the locale says."""
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()


def _tell(message: str) -> None:
    sys.stderr.write(f"parley: {message}\n")


def _add_plugins(arguments: list[str]) -> None:
    """Add the commands of plug-ins, but not while one of our own runs: their imports take longer than reading an article."""
    own = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    own |= {str(group.name) for group in app.registered_groups}
    if next((word for word in arguments if not word.startswith("-")), None) in own:
        return
    for plugin in entry_points(group=PLUGINS):
        app.add_typer(plugin.load(), name=plugin.name)


def run() -> None:
    """The entry point: what a person can mend is one sentence and an exit code, never a traceback."""
    _add_plugins(sys.argv[1:])
    try:
        app()
    except ParleyError as error:
        _tell(error.message)
        sys.exit(SETUP if isinstance(error, SetupError | DatabaseUnavailable) else INPUT_FAILED)
