"""Recorded replies: what a model answered, keyed by the hash of the whole request, at the HTTP transport.

`Recorder` stands on loopback between the service and a real server, passes requests on and writes each reply. `Replayer` answers
from such a file and knows no other: a request it does not hold (the prompt changed) is answered 404 and remembered, and the run
then fails clearly. A recording holds replies only, no articles, and says which model made it, when and how.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import ClientSession, ClientTimeout, web

from evals.runfile import RunInvalid

_PASSED_ON = ("authorization", "content-type")
_TIMEOUT_S = 600


def request_key(body: bytes) -> str:
    """SHA-256 of a request's JSON, whatever the order of its keys."""
    try:
        canonical = json.dumps(json.loads(body), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    except ValueError:
        return hashlib.sha256(body).hexdigest()
    return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A file of replies. `how` is "vendor", "local" or "played" (a stand-in answered by hand: never a vendor's model)."""

    model: str
    made: str
    how: str
    replies: Mapping[str, Mapping[str, Any]]


def read_recording(path: Path) -> Recording:
    """Read a recording; RunInvalid if it is none."""
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise RunInvalid(f"Recording {path.name!r} cannot be read: {error}.") from None
    if not lines or lines[0].get("type") != "recording":
        raise RunInvalid(f"{path.name!r} is no recording: its first line should have type 'recording'.")
    head = lines[0]
    return Recording(
        model=head["model"], made=head["made"], how=head["how"], replies={line["key"]: line["reply"] for line in lines[1:]}
    )


class _Loopback:
    """A server on a free loopback port; an async context manager."""

    def __init__(self) -> None:
        self._runner: web.AppRunner | None = None
        self.base_url = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_route("*", "/{path:.*}", self.answer)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.base_url = f"http://127.0.0.1:{port}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()


class Replayer(_Loopback):
    """Answers from a recording. `missed` are the keys of requests that it does not hold."""

    def __init__(self, recording: Recording) -> None:
        super().__init__()
        self._recording = recording
        self.missed: list[str] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The recorded reply, or 404."""
        if request.method == "GET":
            return web.json_response({"object": "list", "data": [{"id": self._recording.model, "object": "model"}]})
        key = request_key(await request.read())
        reply = self._recording.replies.get(key)
        if reply is None:
            self.missed.append(key)
            return web.json_response({"error": {"message": "not in the recording"}}, status=404)
        return web.json_response(reply)

    def check(self) -> None:
        """RunInvalid if a request was not in the recording."""
        if self.missed:
            raise RunInvalid(
                f"The recording is stale: {len(self.missed)} requests are not in it (a prompt, the scanner or an article changed). "
                "Record it anew with --record."
            )


@dataclass(frozen=True, slots=True)
class Upstream:
    """The real server behind a recorder."""

    base_url: str
    model: str
    how: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Recorder(_Loopback):
    """Passes requests on to a real server and appends each successful reply to a file. Known requests are not asked again."""

    def __init__(self, path: Path, upstream: Upstream) -> None:
        super().__init__()
        self._path, self._upstream = path, upstream
        self._known: dict[str, Mapping[str, Any]] = dict(read_recording(path).replies) if path.exists() else {}
        self._session: ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = ClientSession(timeout=ClientTimeout(total=_TIMEOUT_S))
        if not self._path.exists():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            head = {
                "type": "recording", "model": self._upstream.model, "how": self._upstream.how,
                "made": datetime.now(UTC).date().isoformat(),
            }  # fmt: skip
            self._append(head)
        return await super().__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await super().__aexit__(kind, error, trace)
        if self._session is not None:
            await self._session.close()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The real server's reply, recorded if it was a success."""
        if self._session is None:
            return web.json_response({"error": {"message": "the recorder is not started"}}, status=500)
        body = await request.read()
        key = request_key(body)
        if request.method == "POST" and key in self._known:
            return web.json_response(self._known[key])
        headers = {name: value for name, value in request.headers.items() if name.lower() in _PASSED_ON}
        url = self._upstream.base_url.rstrip("/") + request.path.removeprefix("/v1")
        async with self._session.request(request.method, url, data=body or None, headers=headers) as response:
            content = await response.read()
        if request.method == "POST" and response.status == 200:
            self._known[key] = reply = json.loads(content)
            self._append({"key": key, "reply": reply})
        kept = {"Content-Type": response.headers.get("Content-Type", "application/json")}
        return web.Response(body=content, status=response.status, headers=kept)

    def _append(self, line: Mapping[str, Any]) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n")
