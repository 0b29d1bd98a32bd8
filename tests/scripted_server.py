"""
A scripted OpenAI-compatible HTTP server on loopback, in a thread with its own event loop.

    with ScriptedServer(status(429, retry_after="0"), reply('{"quotes": []}')) as server:
        model = OpenAIModel(model="scripted", base_url=server.base_url)

Each POST takes the next behaviour of the script; when the script is over, `then` answers (default: status 500, so that
a call too many never passes for a good one). What was sent is in `requests`, in order of arrival.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

Behaviour = Callable[["Exchange"], Awaitable[None]]

USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120, "prompt_tokens_details": {"cached_tokens": 60}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One request as it arrived; header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What a behaviour may use to answer."""

    request: Recorded
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, payload: bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.writer.write(_head(status, len(payload), headers or {}) + payload)
        await self.writer.drain()


def _head(status: int, length: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Scripted", "Content-Type: application/json", f"Content-Length: {length}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def completion(message: dict[str, Any], *, finish_reason: str = "stop", usage: Any = USAGE) -> bytes:
    choice = {"index": 0, "finish_reason": finish_reason, "message": {"role": "assistant", **message}}
    return json.dumps(
        {"id": "c1", "object": "chat.completion", "model": "scripted", "choices": [choice], "usage": usage}
    ).encode()


def raw(payload: bytes, *, code: int = 200, headers: dict[str, str] | None = None) -> Behaviour:
    """Exactly these bytes as the body."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send(payload, status=code, headers=headers)

    return behave


def reply(answer: str | dict[str, Any], *, usage: Any = USAGE, finish_reason: str = "stop") -> Behaviour:
    """An assistant's message; a dict is sent as JSON text."""
    text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
    return raw(completion({"content": text}, finish_reason=finish_reason, usage=usage))


def tool_call(arguments: str | dict[str, Any], *, name: str = "Answer") -> Behaviour:
    """A message that calls one function."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    call = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": text}}
    return raw(completion({"content": None, "tool_calls": [call]}, finish_reason="tool_calls"))


def fenced(answer: dict[str, Any]) -> Behaviour:
    """The right JSON in a Markdown code block."""
    return reply(f"```json\n{json.dumps(answer, indent=2)}\n```")


def truncated(text: str) -> Behaviour:
    """Half an answer, stopped at the token limit."""
    return reply(text, finish_reason="length")


def refusal(text: str = "I cannot help with that.") -> Behaviour:
    """The `refusal` field of structured outputs."""
    return raw(completion({"content": None, "refusal": text}))


def content_filter() -> Behaviour:
    """Stopped by the provider's filter."""
    return raw(completion({"content": ""}, finish_reason="content_filter"))


def empty() -> Behaviour:
    """A message without text."""
    return raw(completion({"content": None}))


def no_choices() -> Behaviour:
    """A completion with no choice in it."""
    return raw(json.dumps({"id": "c1", "object": "chat.completion", "choices": [], "usage": USAGE}).encode())


def status(
    code: int, *, retry_after: str | None = None, error_code: str | None = None, message: str = "scripted"
) -> Behaviour:
    """An error status with the provider's JSON error body."""
    body = json.dumps({"error": {"message": message, "type": "scripted", "code": error_code}}).encode()
    return raw(body, code=code, headers={"Retry-After": retry_after} if retry_after is not None else None)


def hang(seconds: float = 60.0) -> Behaviour:
    """No answer at all for `seconds`, or until the client hangs up."""

    async def behave(exchange: Exchange) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(exchange.reader.read(1), timeout=seconds)

    return behave


def reset() -> Behaviour:
    """The connection is reset (RST, not FIN) instead of an answer."""

    async def behave(exchange: Exchange) -> None:
        sock = exchange.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        exchange.writer.transport.abort()

    return behave


def half_body(answer: dict[str, Any]) -> Behaviour:
    """The connection is closed in the middle of the body."""

    async def behave(exchange: Exchange) -> None:
        payload = completion({"content": json.dumps(answer)})
        exchange.writer.write(_head(200, len(payload), {}) + payload[: len(payload) // 2])
        await exchange.writer.drain()
        exchange.writer.close()

    return behave


def slow_bytes(answer: dict[str, Any], *, pause_s: float) -> Behaviour:
    """The right answer, one byte each `pause_s` seconds."""

    async def behave(exchange: Exchange) -> None:
        payload = completion({"content": json.dumps(answer)})
        exchange.writer.write(_head(200, len(payload), {}))
        for position in range(len(payload)):
            exchange.writer.write(payload[position : position + 1])
            await exchange.writer.drain()
            await asyncio.sleep(pause_s)

    return behave


class ScriptedServer:
    """The server; a context manager. `hang_ups` counts connections that the client closed before the answer was out."""

    def __init__(
        self,
        *script: Behaviour,
        then: Behaviour | None = None,
        models_status: int = 200,
        models: bytes = b'{"object": "list", "data": []}',
    ) -> None:
        self.requests: list[Recorded] = []
        self.hang_ups = 0
        self._script = deque(script)
        self._then = then or status(500, message="the script is over")
        self._models_status = models_status
        self._models = models
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._stopping: asyncio.Event
        self._thread = threading.Thread(target=self._run, name="scripted-server", daemon=True)
        self.port = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def questions(self) -> list[Any]:
        """The bodies of the POSTs."""
        return [request.body for request in self.requests if request.method == "POST"]

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        assert self._started.wait(5), "the scripted server did not start"
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(5)
        assert not self._thread.is_alive(), "the scripted server did not stop"

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        self._stopping = asyncio.Event()
        connections: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = self._loop.create_task(self._converse(reader, writer))
            connections.add(task)
            task.add_done_callback(connections.discard)

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stopping.wait()
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not writer.is_closing():
                request = await _read_request(reader)
                self.requests.append(request)
                await self._answer(Exchange(request=request, reader=reader, writer=writer))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.transport.abort()

    async def _answer(self, exchange: Exchange) -> None:
        if exchange.request.method == "GET":
            await exchange.send(self._models, status=self._models_status)
            return
        behave = self._script.popleft() if self._script else self._then
        try:
            await behave(exchange)
        except ConnectionError:
            self.hang_ups += 1
            raise
        if exchange.reader.at_eof():
            self.hang_ups += 1
            exchange.writer.close()


async def _read_request(reader: asyncio.StreamReader) -> Recorded:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    payload = await reader.readexactly(int(headers.get("content-length", "0")))
    return Recorded(method=method, path=path, headers=headers, body=json.loads(payload) if payload else None)
