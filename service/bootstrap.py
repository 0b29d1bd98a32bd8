"""Settings to services: the only place that builds things.

Vendors' packages are imported here, where an engine needs them: a service or command that works by rules only starts without them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import platformdirs
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed

from service.adapters.model_files import cache_dir, installed
from service.adapters.prompts import PromptFiles
from service.adapters.worker import ThreadWorker
from service.errors import DatabaseUnavailable, ExtraMissing, ModelFileMissing, SettingInvalid
from service.extraction.confirm import ConfirmEngine
from service.extraction.engine import RULES, Engine
from service.extraction.full import FullEngine
from service.handlers import Services
from service.ports import ChatModel
from service.settings import LOCAL, Settings

# Commands that read by rules only need no database, and do not wait for its packages.
if TYPE_CHECKING:
    from service.adapters.database.server import EmbeddedPostgres
    from service.flows.desk import Desk

CONFIRM_PROMPT = "confirm"
PROBE_TIMEOUT_S = 3.0
POOL_SIZE = 16
START_PATIENCE_S = 30.0


class MonotonicClock:
    """A `Clock` of the machine."""

    def now(self) -> float:
        """Seconds since some fixed point."""
        return time.monotonic()


class RunningModel(ChatModel, Protocol):
    """A model of ours: it can be probed and closed."""

    async def is_reachable(self, timeout_s: float) -> bool:
        """Whether it answers, without asking for a completion."""
        ...

    async def aclose(self) -> None:
        """Let go of its connections or processes."""
        ...


def has_local_model(settings: Settings) -> bool:
    """Whether the embedded model has been pulled."""
    return installed(cache_dir(settings.model_dir)) is not None


async def default_engine(settings: Settings) -> str:
    """The engine that answers when a request names none: `auto` prefers a configured server, then the embedded model.

    Where only the address of a server is set, it is asked which models it serves and the first is taken.
    """
    if settings.model != "auto":
        return settings.model
    if settings.remote_model is not None:
        return settings.remote_model
    if settings.base_url is not None:
        return await _first_served(settings.base_url, settings)
    return LOCAL if _local_is_usable(settings) else RULES


async def _first_served(base_url: str, settings: Settings) -> str:
    from service.adapters.llm import OpenAIModel

    model = OpenAIModel(model="any", base_url=base_url, api_key=_key(settings))
    try:
        served = await model.served(PROBE_TIMEOUT_S)
    finally:
        await model.aclose()
    if not served:
        expected = "provider/model: the server at PARLEY_BASE_URL did not list a model to choose"
        raise SettingInvalid(setting="PARLEY_MODEL", value="auto", expected=expected)
    return f"openai/{served[0]}"


def _key(settings: Settings) -> str | None:
    return settings.api_key.get_secret_value() if settings.api_key is not None else None


def _local_is_usable(settings: Settings) -> bool:
    if not has_local_model(settings):
        return False
    return find_spec("xllamacpp") is not None


async def build_services(settings: Settings) -> Services:
    """Build everything that the settings name. Raises a SetupError that says what is missing."""
    prompts = PromptFiles()
    default = await default_engine(settings)
    names = [name for name in dict.fromkeys((default, *settings.models)) if name != RULES]
    if settings.model == "auto" and LOCAL not in names and _local_is_usable(settings):
        names.append(LOCAL)
    engines: dict[str, Engine] = {}
    probes: dict[str, Callable[[], Awaitable[bool]]] = {}
    closers: list[Callable[[], Awaitable[None]]] = []
    for name in names:
        model = _local_model(settings) if name == LOCAL else _remote_model(name, settings)
        prompt = prompts.get(CONFIRM_PROMPT if name == LOCAL else settings.prompt)
        engines[name] = (ConfirmEngine if name == LOCAL else FullEngine)(_observed(model), prompt)
        probes[name] = _probe(model)
        closers.append(model.aclose)
    worker = ThreadWorker()
    closers.append(worker.aclose)
    return Services(
        default=default,
        engines=engines,
        prompts=prompts,
        prompt=settings.prompt,
        clock=MonotonicClock(),
        worker=worker,
        deadline_s=settings.deadline,
        max_words=settings.max_words,
        probes=probes,
        closers=tuple(closers),
    )


def _observed(model: ChatModel) -> ChatModel:
    from service.adapters.observed import ObservedModel

    return ObservedModel(model)


def _probe(model: RunningModel) -> Callable[[], Awaitable[bool]]:
    return lambda: model.is_reachable(PROBE_TIMEOUT_S)


def _remote_model(name: str, settings: Settings) -> RunningModel:
    from service.adapters.llm import build_model
    from service.adapters.transport import Manner

    return build_model(
        name, base_url=settings.base_url, api_key=_key(settings), manner=Manner(mode=settings.instructor_mode)
    )


def _local_model(settings: Settings) -> RunningModel:
    path = installed(cache_dir(settings.model_dir))
    if path is None:
        raise ModelFileMissing
    try:
        from service.adapters.local_server import LocalModel
    except ImportError:
        raise ExtraMissing(extra="local", needed_for="The embedded model") from None
    return LocalModel(path)


def data_dir(settings: Settings) -> Path:
    """Folder of the embedded PostgreSQL."""
    return settings.data_dir or Path(platformdirs.user_data_dir("parley", appauthor=False)) / "postgres"


@dataclass(slots=True)
class Located:
    """Where the database is; `embedded` is the server that runs for us, if one does."""

    url: str
    embedded: EmbeddedPostgres | None = None


def locate_database(settings: Settings) -> Located:
    """The database that the settings name, or the embedded one, which is started. Raises EmbeddedDatabaseFailed."""
    if settings.database_url is not None:
        return Located(settings.database_url.get_secret_value())
    from service.adapters.database.server import start_embedded

    embedded = start_embedded(data_dir(settings))
    return Located(embedded.url, embedded)


@asynccontextmanager
async def open_desk(settings: Settings, services: Services) -> AsyncIterator[Desk]:
    """Everything that works with the database, as long as the block runs; an embedded server that dies is started again.

    Raises DatabaseUnavailable, DatabaseNewer, EmbeddedDatabaseFailed.
    """
    located = await asyncio.to_thread(locate_database, settings)
    try:
        desk = await build_desk(settings, services, located)
        watching = _watch(located.embedded)
        try:
            yield desk
        finally:
            await close_desk(desk)
            if watching is not None:
                watching.cancel()
                with suppress(asyncio.CancelledError):
                    await watching
    finally:
        if located.embedded is not None:
            await asyncio.to_thread(located.embedded.stop)


def _watch(embedded: EmbeddedPostgres | None) -> asyncio.Task[None] | None:
    if embedded is None:
        return None
    from service.adapters.database.server import watch

    return asyncio.create_task(watch(embedded), name="embedded postgres")


async def build_desk(settings: Settings, services: Services, located: Located) -> Desk:
    """Everything that works with the database, which is brought up to date first. `close_desk` undoes it.

    Raises DatabaseUnavailable, DatabaseNewer.
    """
    from service.adapters.database.migrate import upgrade
    from service.adapters.database.pool import Database
    from service.adapters.outbound import Outbound
    from service.adapters.queue import Queue
    from service.flows.desk import Ceilings, Desk

    await _patiently(partial(asyncio.to_thread, upgrade, located.url))
    database = Database(located.url, size=POOL_SIZE + settings.worker_concurrency)
    await _patiently(database.open)
    queue = Queue(database)
    await queue.open()
    return Desk(
        database=database,
        queue=queue,
        services=services,
        outbound=Outbound(allowed_hosts=frozenset(settings.outbound_hosts)),
        base_url=(settings.public_url or "").rstrip("/"),
        schedule_s=settings.webhook_schedule,
        ceilings=Ceilings(
            requests_per_minute=settings.model_requests_per_minute,
            tokens_per_day=settings.tokens_per_day,
            queued_jobs=settings.queued_jobs,
        ),
    )


async def _patiently(step: Callable[[], Awaitable[object]]) -> None:
    """Do a step that needs the database; a server that is just starting, or recovering, gets some time."""
    waiting = AsyncRetrying(
        retry=retry_if_exception_type(DatabaseUnavailable),
        stop=stop_after_delay(START_PATIENCE_S),
        wait=wait_fixed(1.0),
        reraise=True,
    )
    await waiting(step)


async def close_desk(desk: Desk) -> None:
    """Close what `build_desk` opened."""
    await desk.outbound.aclose()
    await desk.database.aclose()
