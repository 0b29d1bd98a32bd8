"""The embedded model: llama.cpp's OpenAI-compatible server on loopback, started when it is first asked, gone when we are.

It runs in a child process (ADR 0010): loading holds Python's global lock for seconds, and a crash of native code must not take
the service with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

from service.adapters.llm import OpenAIModel
from service.adapters.transport import Manner, Retries
from service.errors import ExtraMissing, ModelFileMissing, ModelTimedOut, ModelUnreachable
from service.ports import Answer, Message, Reply

CONTEXT = 8192
START_TIMEOUT_S = 120.0
_STOP_TIMEOUT_S = 5.0
_LAST_BREATH_S = 0.2
"""A process that was killed takes a moment until it is known to be gone."""
_CHILD = Path(__file__).with_name("llama_child.py")
_MANNER = Manner(temperature=0.0, retries=Retries(most=0))  # a server of our own runs or it does not: no second try


class LocalServer:
    """llama.cpp's server over one GGUF file. `threads` None: all cores we may use; `context` in tokens.

    `key` is what its API asks for; `started_in_s` the seconds from `start` to the first moment it could be asked.
    """

    def __init__(self, path: Path, *, threads: int | None = None, context: int = CONTEXT) -> None:
        self._path, self._threads, self._context = path, threads or _cores(), context
        self._process: subprocess.Popen[bytes] | None = None
        self.key = secrets.token_urlsafe(24)
        self.started_in_s: float | None = None

    @property
    def is_running(self) -> bool:
        """Whether the child process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The child process."""
        return self._process.pid if self._process is not None else None

    async def start(self, *, timeout_s: float = START_TIMEOUT_S) -> str:
        """Start the server on a free port of the loopback address; its base URL ("http://127.0.0.1:.../v1") once it is healthy.

        Raises ModelUnreachable if it ends before, ModelTimedOut after `timeout_s`; no process is left behind then.
        """
        await self.stop()
        began = time.monotonic()
        # -P: nothing beside the script may be imported in place of something else.
        self._process = subprocess.Popen(  # noqa: S603, ASYNC220 - our own script; returns at once
            [sys.executable, "-P", str(_CHILD)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        try:
            async with asyncio.timeout(timeout_s):
                line = await asyncio.to_thread(self._order, self._process)
        except TimeoutError:
            await self.stop()
            raise ModelTimedOut("The embedded model was not loaded in time.") from None
        except BaseException:
            await asyncio.shield(self.stop())
            raise
        if not line:
            await self.stop()
            raise ModelUnreachable("The embedded model's server could not be started: its process ended.")
        self.started_in_s = time.monotonic() - began
        return f"{json.loads(line)['url']}/v1"

    async def stop(self) -> None:
        """Stop the server; does nothing if it does not run."""
        process, self._process = self._process, None
        if process is not None:
            await asyncio.to_thread(_end, process)

    def _order(self, process: subprocess.Popen[bytes]) -> bytes:
        """Tell the child what to serve and wait for its answer: empty if it ended."""
        orders = {"path": str(self._path), "threads": self._threads, "context": self._context, "key": self.key}
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - we asked for pipes
        try:
            # By the pipe, not by arguments: those can be read by everyone on the machine.
            process.stdin.write(json.dumps(orders).encode() + b"\n")
            process.stdin.flush()
            return process.stdout.readline()
        except (BrokenPipeError, ValueError):  # it ended at once, or we were stopped meanwhile
            return b""


def _cores() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()  # it leaves by itself at the end of its input, unless it is still loading
    try:
        process.wait(timeout=0.5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=_STOP_TIMEOUT_S)
    if process.stdout is not None:
        process.stdout.close()


class LocalModel:
    """A ChatModel over a server of our own, started by the first question (or after it died), one question at a time."""

    def __init__(self, path: Path, *, threads: int | None = None, context: int = CONTEXT) -> None:
        if importlib.util.find_spec("xllamacpp") is None:
            raise ExtraMissing(extra="local", needed_for="The embedded model")
        if not path.is_file():
            raise ModelFileMissing
        self._path = path
        self.server = LocalServer(path, threads=threads, context=context)
        self._client: OpenAIModel | None = None
        self._url = ""
        # Two at once would each get half of the same cores and both come later.
        self._turn = asyncio.Lock()

    @property
    def name(self) -> str:
        """What requests and provenance call it."""
        return "local"

    async def ask(
        self, messages: tuple[Message, ...], *, response_model: type[Answer], max_tokens: int, timeout_s: float
    ) -> Reply[Answer]:
        """One question; waiting for its turn and for the server to start count towards `timeout_s`.

        Raises InvalidReply (ask again) or a ModelFailed with its `calls` and `tokens`.
        """
        until = time.monotonic() + timeout_s
        try:
            await asyncio.wait_for(self._turn.acquire(), timeout_s)
        except TimeoutError:
            raise ModelTimedOut("The embedded model was busy with other articles until the deadline.") from None
        try:
            try:
                return await self._ask_running(messages, response_model, max_tokens, until)
            except ModelUnreachable:
                await asyncio.sleep(_LAST_BREATH_S)
                if self.server.is_running:
                    raise
            # It died after we looked: once more, with a new one.
            return await self._ask_running(messages, response_model, max_tokens, until)
        finally:
            self._turn.release()

    async def _ask_running(
        self, messages: tuple[Message, ...], response_model: type[Answer], max_tokens: int, until: float
    ) -> Reply[Answer]:
        """One question to the server, which is started if it does not run; `until` is a time of the monotonic clock."""
        client = await self._running(until - time.monotonic())
        return await client.ask(
            messages, response_model=response_model, max_tokens=max_tokens, timeout_s=until - time.monotonic()
        )

    async def start(self, *, timeout_s: float = START_TIMEOUT_S) -> str:
        """Start the server now instead of at the first question; its base URL, for a caller that speaks to it directly."""
        async with self._turn:
            await self._running(timeout_s)
        return self._url

    async def is_reachable(self, timeout_s: float) -> bool:
        """Whether it can be asked: it runs and answers, or its file is there to start it from. Starts nothing."""
        if self._client is not None and self.server.is_running:
            return await self._client.is_reachable(timeout_s)
        return self._path.is_file()

    async def aclose(self) -> None:
        """Stop the server."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()
        await self.server.stop()

    async def _running(self, timeout_s: float) -> OpenAIModel:
        if self._client is None or not self.server.is_running:
            await self.aclose()
            self._url = await self.server.start(timeout_s=timeout_s)
            self._client = OpenAIModel(
                model="local", name=self.name, base_url=self._url, api_key=self.server.key, manner=_MANNER
            )
        return self._client
