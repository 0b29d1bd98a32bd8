"""What stands between the service and its model in a run: nothing, a recorder, or a recording that answers instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from evals.recording import Recorder, Replayer, Upstream, read_recording
from evals.runfile import RunInvalid
from service.settings import load_settings


class Transport:
    """The recorder or replayer where one is asked for (an async context manager); `overrides` are settings that point to it."""

    def __init__(self, model: str | None, *, record: Path | None, replay: Path | None, played: bool) -> None:
        if record is not None and replay is not None:
            raise RunInvalid("--record and --replay exclude each other: one writes a recording, the other reads it.")
        self._model, self._record, self._replay, self._played = model, record, replay, played
        self._server: Recorder | Replayer | None = None
        self.overrides: dict[str, Any] = {}

    @property
    def is_played(self) -> bool:
        """Whether the replies come from a stand-in."""
        return self._played

    async def __aenter__(self) -> Self:
        if self._replay is not None:
            recording = read_recording(self._replay)
            self._played = recording.how == "played"
            self._server = Replayer(recording)
            self.overrides = {"api_key": "replay"}
        elif self._record is not None:
            self._server = Recorder(self._record, self._upstream())
        if self._server is not None:
            await self._server.__aenter__()
            self.overrides |= {"base_url": self._server.base_url}
        return self

    def _upstream(self) -> Upstream:
        settings = load_settings()
        if settings.base_url is None or self._model is None:
            raise RunInvalid("--record needs --model provider/model and PARLEY_BASE_URL, the server to record.")
        return Upstream(base_url=settings.base_url, model=self._model, how="played" if self._played else "vendor")

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            await self._server.__aexit__(None, None, None)

    def check(self) -> None:
        """A stale recording is an error, not a bad figure."""
        if isinstance(self._server, Replayer):
            self._server.check()
