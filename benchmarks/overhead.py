"""What one extraction costs the service beside the model: CPU, latency, memory, in one run on one machine.

    python benchmarks/overhead.py                                      # stock, raw, ours, gated
    python benchmarks/overhead.py --service "python -m service serve --port {port}"   # and the real service
    python benchmarks/overhead.py --quick                              # fewer requests, no 10 s model

An upstream in its own process plays the model: it answers each question with the same completion after a fixed time.
Every variant is a server process of its own on loopback, with one worker:

    stock    FastAPI, instructor.from_openai(AsyncOpenAI()), JSON_SCHEMA, all defaults
    raw      FastAPI, one aiohttp POST, model_validate_json: what the least possible would cost
    ours     FastAPI, service.adapters.llm.OpenAIModel.ask
    gated    the same behind a gate that lets few requests begin in one turn of the loop, and with gc.freeze()
    service  whatever --service starts; it is sent POST /extract and told its model by PARLEY_* variables

CPU is user plus system time of the server's process tree, from /proc, over the measured requests only. Compare figures
within one run; those of two runs differ by the machine's mood.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import resource
import shlex
import socket
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import aiohttp
from pydantic import BaseModel, ConfigDict, Field

ROOT = Path(__file__).resolve().parents[1]
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
MAX_TOKENS = 4_000

# --- what is asked and answered: about the size and shape of an extraction ---------------------------------------------


class Span(BaseModel):
    model_config = ConfigDict(extra="forbid")
    sentence: str = Field(description="the number of a sentence, as in S4")
    first: str | None = Field(default=None, description="its first words, copied exactly")
    last: str | None = None


class Quote(BaseModel):
    model_config = ConfigDict(extra="forbid")
    q: str = Field(description="the number of a quoted region, as in Q1")
    use: Literal["direct", "mixed", "none"]
    by: str | None = Field(description="who said it, in the fullest form of the name")
    cue: str | None = None


class Count(BaseModel):
    number: str = Field(description="the number of a number, as in N4")
    category: Literal["total", "military", "civilian", "women", "men", "children", "wounded", "bodies", "other"]
    claimed_by: list[str] = Field(default_factory=list)


class Transfer(BaseModel):
    released_by: str
    returned_to: str
    counts: list[Count] = Field(max_length=20)
    people: list[str] = Field(default_factory=list)


class Exchange(BaseModel):
    evidence: list[Span] = Field(min_length=1)
    kind: Literal["prisoner_exchange", "hostages_for_prisoners", "remains_return", "unilateral_release"]
    status: Literal["completed", "ongoing", "agreed", "planned", "proposed", "failed"]
    start: str | None = Field(default=None, description="a date as in D2")
    end: str | None = None
    transfers: list[Transfer]
    third_parties: list[str] = Field(default_factory=list)


class Answer(BaseModel):
    """Quotations and exchanges found in one article."""

    quotes: list[Quote]
    exchanges: list[Exchange]


EXPECTED = Answer(
    quotes=[Quote(q=f"Q{n}", use="direct" if n % 3 else "mixed", by="Marta Lindqvist", cue="said") for n in range(1, 11)],
    exchanges=[
        Exchange(
            evidence=[Span(sentence=f"S{n}", first="The first lorry", last="at noon") for n in range(1, 4)],
            kind="prisoner_exchange",
            status="completed",
            start="D1",
            end="D1",
            transfers=[
                Transfer(
                    released_by=side,
                    returned_to="Ostmark" if side == "Velm" else "Velm",
                    counts=[
                        Count(number="N4", category="total"),
                        Count(number="N5", category="military", claimed_by=["Velm"]),
                    ],
                    people=["Jonas Arvid Breck"],
                )
                for side in ("Velm", "Ostmark")
            ],
            third_parties=["Norland"],
        )
    ],
)

# The same in the shape of the real service's answers, for the regions that it marks in ARTICLE.
EXPECTED_OF_SERVICE = {
    "quotes": ["Q1 A=Marta Lindqvist", *(f"Q{n} A" for n in range(2, 21))],
    "exchanges": [],
}
SYSTEM = "Extract quotations and exchanges by the numbers of sentences, quotations, numbers and dates. " * 10
REPEATS = 20
ARTICLE = (
    "The two sides released forty-one prisoners each at the bridge on Friday, the ministry of Velm said. "
    "“We waited four winters for this morning,” said Marta Lindqvist, whose brother came in the third lorry.\n"
) * REPEATS
PROMPT = ({"role": "system", "content": SYSTEM}, {"role": "user", "content": ARTICLE})


# --- the servers -------------------------------------------------------------------------------------------------------


class Upstream(asyncio.Protocol):
    """The model, as bare as can be, so that it does not compete for the cores: one completion after `delay_s` seconds."""

    def __init__(self, completion: bytes, delay_s: float) -> None:
        self.completion, self.delay_s = completion, delay_s
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, found, body = self.received.partition(b"\r\n\r\n")
        if not found or len(body) < content_length(head):
            return
        self.received = b""
        if head.startswith(b"GET"):
            self.answer(http_answer(b'{"object": "list", "data": []}'))
        elif self.delay_s:
            asyncio.get_running_loop().call_later(self.delay_s, self.answer, self.completion)
        else:
            self.answer(self.completion)

    def answer(self, data: bytes) -> None:
        self.transport.write(data)  # type: ignore[attr-defined]  # a connection's transport can write


def content_length(head: bytes) -> int:
    """The Content-Length in a request's or a response's head, 0 without one."""
    _, found, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0


def http_answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body


async def run_upstream(port: int, delay_s: float, *, answer_of: str) -> None:
    usage = {
        "prompt_tokens": 1200,
        "completion_tokens": 400,
        "total_tokens": 1600,
        "prompt_tokens_details": {"cached_tokens": 900},
    }
    content = json.dumps(EXPECTED_OF_SERVICE) if answer_of == "service" else EXPECTED.model_dump_json()
    message = {"role": "assistant", "content": content}
    completion = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1763800000,
        "model": "scripted",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": usage,
    }
    answer = http_answer(json.dumps(completion).encode())
    server = await asyncio.get_running_loop().create_server(
        lambda: Upstream(answer, delay_s), "127.0.0.1", port, backlog=4096
    )
    await server.serve_forever()


def run_variant(variant: str, port: int, base_url: str, loop: str) -> None:
    """A FastAPI application with POST /extract and GET /health/ready, asking the model in the way of `variant`."""
    import uvicorn
    from fastapi import FastAPI

    app = FastAPI()
    ask = {"stock": _stock, "raw": _raw, "ours": _ours, "gated": _ours}[variant](base_url)

    @app.post("/extract", response_model=Answer)
    async def extract(article: dict[str, Any]) -> Any:
        return await ask(article["text"])

    @app.get("/health/ready")
    async def ready() -> dict[str, str]:
        return {"status": "ready"}

    if variant == "gated":
        gc.collect()
        gc.freeze()  # the vendors' half a million objects need not be looked at again: 0.3 s each time
    uvicorn.run(
        Gate(app) if variant == "gated" else app,
        host="127.0.0.1",
        port=port,
        http="httptools",
        loop=loop,
        access_log=False,
        log_level="warning",
        backlog=4096,
    )


class Gate:
    """A pure ASGI middleware that lets a few extractions begin in each turn of the event loop, in order of arrival.

    A thousand requests that arrive together would else begin in one turn, and everything beside them, readiness
    included, would wait until the last has been sent to the model.
    """

    def __init__(self, app: Any, *, abreast: int = 4) -> None:
        self.app, self.abreast = app, abreast
        self.waiting: deque[asyncio.Future[None]] = deque()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == "/extract":
            loop = asyncio.get_running_loop()
            turn: asyncio.Future[None] = loop.create_future()
            if not self.waiting:
                loop.call_soon(self._let_in)
            self.waiting.append(turn)
            await turn
        await self.app(scope, receive, send)

    def _let_in(self) -> None:
        for _ in range(min(self.abreast, len(self.waiting))):
            turn = self.waiting.popleft()
            if not turn.done():
                turn.set_result(None)
        if self.waiting:
            asyncio.get_running_loop().call_soon(self._let_in)


def _messages(text: str) -> list[Any]:
    return [PROMPT[0], {"role": "user", "content": text}]


def _stock(base_url: str) -> Any:
    import instructor
    import openai

    client = instructor.from_openai(openai.AsyncOpenAI(base_url=base_url, api_key="k"), mode=instructor.Mode.JSON_SCHEMA)

    async def ask(text: str) -> Answer:
        return await client.chat.completions.create(
            model="scripted", messages=_messages(text), response_model=Answer, temperature=0.0, max_tokens=MAX_TOKENS
        )

    return ask


def _raw(base_url: str) -> Any:
    sessions: list[aiohttp.ClientSession] = []
    response_format = {"type": "json_schema", "json_schema": {"name": "Answer", "schema": Answer.model_json_schema()}}

    async def ask(text: str) -> Answer:
        if not sessions:
            sessions.append(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        body = {
            "model": "scripted",
            "messages": _messages(text),
            "temperature": 0.0,
            "max_tokens": MAX_TOKENS,
            "response_format": response_format,
        }
        async with sessions[0].post(
            base_url + "/chat/completions", json=body, headers={"Authorization": "Bearer k"}
        ) as reply:
            reply.raise_for_status()
            return Answer.model_validate_json((await reply.json())["choices"][0]["message"]["content"])

    return ask


def _ours(base_url: str) -> Any:
    sys.path.insert(0, str(ROOT))
    from service.adapters.llm import build_model
    from service.ports import Message

    model = build_model("openai/scripted", base_url=base_url, api_key="k")

    async def ask(text: str) -> Answer:
        messages = (Message("system", SYSTEM), Message("user", text))
        return (await model.ask(messages, response_model=Answer, max_tokens=MAX_TOKENS, timeout_s=120)).answer

    return ask


# --- the load ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server process; `cpu_s` and `rss_bytes` are of its whole process tree."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu_s(self) -> float:
        return sum(_stat(pid)[0] for pid in _tree(self.process.pid))

    def rss_bytes(self) -> int:
        return sum(_stat(pid)[1] for pid in _tree(self.process.pid))


@dataclass(frozen=True, kw_only=True)
class Load:
    """What a number of requests took. Milliseconds, and bytes."""

    answered: int
    failed: dict[int, int]
    p50_ms: float
    p99_ms: float
    cpu_ms_each: float
    bytes_each: float
    ready_p99_ms: float
    ready_max_ms: float
    seconds: float


def _stat(pid: int) -> tuple[float, int]:
    with suppress(FileNotFoundError, ProcessLookupError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * TICK_S, int(fields[21]) * resource.getpagesize()
    return 0.0, 0


def _tree(pid: int) -> Iterator[int]:
    yield pid
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _tree(int(child))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(command: list[str], port: int, *, ready: str, environment: dict[str, str] | None = None) -> Iterator[Server]:
    """`command` running, once `ready` answers 200; ended with the block."""
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **(environment or {})})
    server = Server(process=process, port=port)
    try:
        asyncio.run(_until_ready(server, ready))
        yield server
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


async def _until_ready(server: Server, path: str) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(300):
            if server.process.poll() is not None:
                break
            with suppress(aiohttp.ClientError, TimeoutError):
                async with session.get(server.url + path, timeout=aiohttp.ClientTimeout(total=1)) as reply:
                    if reply.status == 200:
                        return
            await asyncio.sleep(0.1)
    raise SystemExit(f"{server.process.args} did not become ready")


class Connection:
    """One keep-alive connection, without a client library: the load must cost less than what it measures."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, request: bytes) -> int:
        """The status of the answer to `request`; 0 if the connection broke."""
        try:
            if self.streams is None:
                self.streams = await asyncio.open_connection("127.0.0.1", self.port)
            reader, writer = self.streams
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(content_length(head))
            return int(head[9:12])
        except (OSError, asyncio.IncompleteReadError):
            self.streams = None
            return 0

    def close(self) -> None:
        if self.streams is not None:
            self.streams[1].close()


def http_request(method: str, path: str, body: bytes = b"") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


EXTRACT = http_request("POST", "/extract", json.dumps({"text": ARTICLE}).encode())
READY = http_request("GET", "/health/ready")


async def load(server: Server, *, requests: int, at_once: bool, ramp_s: float = 0.0) -> Load:
    """`requests` extractions, all at once or one after the other; those at once may begin over `ramp_s` seconds."""
    connections = [Connection(server.port) for _ in range(requests if at_once else 1)]
    times_ms: list[float] = []
    statuses: list[int] = []

    async def extract(number: int) -> None:
        await asyncio.sleep(ramp_s * number / requests)
        begun = time.perf_counter()
        statuses.append(await connections[number % len(connections)].send(EXTRACT))
        times_ms.append((time.perf_counter() - begun) * 1e3)

    await asyncio.gather(*(connection.send(EXTRACT) for connection in connections[:20]))
    if not at_once:
        for _ in range(20):
            await connections[0].send(EXTRACT)
    cpu, rss, begun = server.cpu_s(), server.rss_bytes(), time.perf_counter()
    with readiness_watched(server) as watched:
        if at_once:
            await asyncio.gather(*(extract(number) for number in range(requests)))
        else:
            for number in range(requests):
                await extract(number)
    seconds = time.perf_counter() - begun
    for connection in connections:
        connection.close()
    times_ms.sort()
    return Load(
        answered=statuses.count(200),
        failed=dict(Counter(status for status in statuses if status != 200)),
        p50_ms=times_ms[len(times_ms) // 2],
        p99_ms=times_ms[min(len(times_ms) - 1, int(len(times_ms) * 0.99))],
        cpu_ms_each=(server.cpu_s() - cpu) / requests * 1e3,
        bytes_each=(watched.peak_rss - rss) / requests,
        ready_p99_ms=watched.ready_p99_ms,
        ready_max_ms=watched.ready_max_ms,
        seconds=seconds,
    )


@dataclass
class Watched:
    peak_rss: int = 0
    ready_p99_ms: float = 0.0
    ready_max_ms: float = 0.0


@contextmanager
def readiness_watched(server: Server) -> Iterator[Watched]:
    """Peak memory and readiness, measured in a process of its own: the one that makes the load is busy itself."""
    command = [sys.executable, __file__, "watch", "--port", str(server.port), "--pid", str(server.process.pid)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.readline()  # it has begun
    watched = Watched()
    try:
        yield watched
    finally:
        process.stdin.close()
        figures = json.loads(process.stdout.readline())
        watched.peak_rss, times_ms = figures["peak_rss"], sorted(figures["ready_ms"])
        watched.ready_max_ms = times_ms[-1]
        watched.ready_p99_ms = times_ms[int((len(times_ms) - 1) * 0.99)]
        process.wait()


async def watch(port: int, pid: int) -> None:
    """Ask for readiness ten times a second until stdin is closed; then print what it took."""
    print("begun", flush=True)
    over = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    connection = Connection(port)
    ready_ms: list[float] = []
    peak = 0
    while not over.done():
        begun = time.perf_counter()
        status = await connection.send(READY)
        ready_ms.append((time.perf_counter() - begun) * 1e3 if status == 200 else float("inf"))
        peak = max(peak, sum(_stat(child)[1] for child in _tree(pid)))
        await asyncio.sleep(0.1)
    print(json.dumps({"ready_ms": ready_ms, "peak_rss": peak}), flush=True)


# --- the report --------------------------------------------------------------------------------------------------------


@contextmanager
def upstream(delay_s: float, *, answer_of: str) -> Iterator[str]:
    port = _free_port()
    command = [sys.executable, __file__, "serve-upstream", "--port", str(port), "--delay", str(delay_s)]
    command += ["--variant", answer_of]
    with started(command, port, ready="/v1/models") as server:
        yield server.url + "/v1"


@contextmanager
def variant(name: str, base_url: str, *, loop: str, service: str | None) -> Iterator[Server]:
    port = _free_port()
    environment = {}
    if name == "service":
        command = shlex.split((service or "").format(port=port))
        environment = {"PARLEY_MODEL": "openai/scripted", "PARLEY_BASE_URL": base_url, "PARLEY_API_KEY": "k"}
        environment["PARLEY_LOG_LEVEL"] = "warning"
        environment["PARLEY_DATABASE_URL"] = "none"  # identical articles would be answered from the store
    else:
        command = [sys.executable, __file__, "serve-variant", "--variant", name, "--port", str(port)]
        command += ["--base-url", base_url, "--loop", loop]
    with started(command, port, ready="/health/ready", environment=environment) as server:
        yield server


def report_overhead(names: list[str], *, requests: int, loop: str, service: str | None) -> dict[str, Load]:
    print(f"\nA model of 0 ms, one connection, {requests} requests (loop: {loop})")
    print(
        f"{'variant':10} {'p50 ms':>8} {'p99 ms':>8} {'CPU ms':>8} {'of stock':>9} {'of raw':>7}  failed, by status (0: broken)"
    )
    loads: dict[str, Load] = {}
    for name in names:
        with (
            upstream(0, answer_of=name) as base_url,
            variant(name, base_url, loop=loop, service=service) as server,
        ):
            loads[name] = asyncio.run(load(server, requests=requests, at_once=False))
    for name, figures in loads.items():
        stock, raw = (loads[other].cpu_ms_each if other in loads else float("nan") for other in ("stock", "raw"))
        print(
            f"{name:10} {figures.p50_ms:8.2f} {figures.p99_ms:8.2f} {figures.cpu_ms_each:8.2f} "
            f"{figures.cpu_ms_each / stock:9.2f} {figures.cpu_ms_each / raw:7.2f}  {figures.failed or ''}"
        )
    return loads


def report_in_flight(
    names: list[str], *, requests: int, delay_s: float, ramp_s: float, loop: str, service: str | None
) -> dict[str, Load]:
    print(f"\nA model of {delay_s:g} s, {requests} requests begun within {ramp_s:g} s (loop: {loop})")
    print(
        f"{'variant':10} {'answered':>8} {'added p50 s':>12} {'added p99 s':>12} {'CPU ms':>8} {'KB each':>8}"
        f" {'ready p99 ms':>13} {'ready max ms':>13}  failed, by status"
    )
    loads: dict[str, Load] = {}
    for name in names:
        with (
            upstream(delay_s, answer_of=name) as base_url,
            variant(name, base_url, loop=loop, service=service) as server,
        ):
            figures = loads[name] = asyncio.run(load(server, requests=requests, at_once=True, ramp_s=ramp_s))
        print(
            f"{name:10} {figures.answered:8d} {figures.p50_ms / 1e3 - delay_s:12.2f} {figures.p99_ms / 1e3 - delay_s:12.2f}"
            f" {figures.cpu_ms_each:8.2f} {figures.bytes_each / 1e3:8.1f}"
            f" {figures.ready_p99_ms:13.1f} {figures.ready_max_ms:13.1f}  {figures.failed or ''}"
        )
    return loads


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("role", nargs="?", default="report", choices=["report", "serve-upstream", "serve-variant", "watch"])
    parser.add_argument("--variant", default="ours")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--base-url", default="")
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--loop", default="asyncio", choices=["asyncio", "uvloop"])
    parser.add_argument("--variants", default="stock,raw,ours,gated", help="which of them, with commas")
    parser.add_argument("--service", help="the command of the real service, with {port}")
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--in-flight", type=int, default=1_000, help="0: leave that part out")
    parser.add_argument("--ramp", default="0,5", help="seconds within which those begin; several with commas")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--pid", type=int, default=0)
    parser.add_argument("--json", type=Path, help="also write the figures there")
    given = parser.parse_args()
    if given.role == "serve-upstream":
        asyncio.run(run_upstream(given.port, given.delay, answer_of=given.variant))
    elif given.role == "serve-variant":
        run_variant(given.variant, given.port, given.base_url, given.loop)
    elif given.role == "watch":
        asyncio.run(watch(given.port, given.pid))
    else:
        report(given)


def report(given: argparse.Namespace) -> None:
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 20_000) if most > 0 else files, most))
    names = [name for name in given.variants.split(",") if name] + (["service"] if given.service else [])
    requests = 100 if given.quick else given.requests
    figures = {"overhead": report_overhead(names, requests=requests, loop=given.loop, service=given.service)}
    if given.in_flight and not given.quick:
        kept = [name for name in names if name != "stock"]  # stock answers about half of them; it would only take time
        for ramp_s in map(float, given.ramp.split(",")):
            figures[f"in_flight_{ramp_s:g}"] = report_in_flight(
                kept, requests=given.in_flight, delay_s=10.0, ramp_s=ramp_s, loop=given.loop, service=given.service
            )
    if given.json:
        plain = {part: {name: vars(figure) for name, figure in loads.items()} for part, loads in figures.items()}
        given.json.write_text(json.dumps(plain, indent=2) + "\n")


if __name__ == "__main__":
    main()
