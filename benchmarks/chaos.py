"""Nothing lost: deliveries while the API, the workers and PostgreSQL are killed with -9 in turn.

    python benchmarks/chaos.py                  # 500 deliveries, at least 12 kills
    python benchmarks/chaos.py --deliveries 60 --kills 3

Real processes (`parley serve`, two `parley worker`), a real PostgreSQL in a folder of its own, a scripted model that fails one call
in five and a receiver that fails one message in three. What is killed is started again after a moment, as systemd would. Every
delivery that was acknowledged must end in exactly one stored extraction for its version, and in at least one message that the
receiver could verify. The last line is "lost: 0", or what is missing and exit code 1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import psycopg
from aiohttp import web
from standardwebhooks import Webhook

from service.adapters.database.migrate import upgrade
from service.adapters.database.server import EmbeddedPostgres, start_embedded

ROOT = Path(__file__).resolve().parents[1]
EMPTY_ANSWER = '{"quotes":[],"exchanges":[]}'
PLACES = ("Kessa", "Vayan", "Oreli", "Tumbrek", "Saldan", "Mirepol", "Ostrava", "Lindau")
RESULTS = {"extraction.completed", "extraction.updated", "extraction.degraded"}


def article(number: int, version: int) -> dict[str, object]:
    """A delivery's body: an article of its own, or a later version of one."""
    place = PLACES[number % len(PLACES)]
    html = (
        f"<p>The council of {place} met for session {number} and put off its budget.</p>"
        f"<p>Version {version} of this report adds that the session lasted {version + 1} hours.</p>"
    )
    stamp = f"2026-01-01T00:{version:02d}:00Z"
    data = {
        "id": f"article-{number}", "title": f"Council of {place}, session {number}", "html": html, "status": "publish",
        "published_at": "2026-01-01T00:00:00Z", "updated_at": stamp, "url": f"https://news.example/{number}", "language": "en",
    }  # fmt: skip
    return {"type": "article.published" if version == 1 else "article.updated", "timestamp": stamp, "data": data}


@dataclass
class Model:
    """An OpenAI-compatible server that fails one call in five, in four ways."""

    dice: random.Random
    calls: int = 0
    failed: int = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.calls += 1
        await asyncio.sleep(self.dice.uniform(0.02, 0.2))
        if self.dice.random() < 0.2:
            self.failed += 1
            match self.dice.randrange(3):
                case 0:
                    return web.json_response({"error": {"message": "overloaded"}}, status=503)
                case 1:
                    return web.json_response({"error": {"message": "broken"}}, status=500)
                case _:
                    assert request.transport is not None
                    request.transport.abort()
        message = {"role": "assistant", "content": EMPTY_ANSWER}
        usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        return web.json_response(
            {
                "id": "c",
                "object": "chat.completion",
                "created": 1,
                "model": body["model"],
                "choices": [choice],
                "usage": usage,
            }
        )


@dataclass
class Receiver:
    """Takes messages, verifies them, and fails one in three."""

    dice: random.Random
    secret: str = ""
    seen: Counter[str] = field(default_factory=Counter)
    told: set[tuple[str, int]] = field(default_factory=set)
    refused: int = 0
    forged: int = 0

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if self.dice.random() < 1 / 3:
            self.refused += 1
            return web.Response(status=self.dice.choice((500, 502, 429)))
        try:
            message = Webhook(self.secret).verify(body, dict(request.headers))
        except Exception:  # noqa: BLE001 - the library raises many kinds
            self.forged += 1
            return web.Response(status=401)
        self.seen[request.headers["webhook-id"]] += 1
        if message["type"] in RESULTS:
            about = message["data"]["article"]
            self.told.add((about["id"], about["sequence"]))
        return web.Response()


async def serve(handler: object, path: str) -> tuple[web.AppRunner, int]:
    app = web.Application(client_max_size=2**22)
    app.router.add_post(path, handler)  # type: ignore[arg-type]
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner, site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]


class Process:
    """One of ours, started again when it was killed."""

    def __init__(self, name: str, arguments: Sequence[str], environment: dict[str, str], folder: Path) -> None:
        self.name, self._arguments, self._environment, self._log = name, arguments, environment, folder / f"{name}.log"
        self._down = False
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "service", *self._arguments], env=self._environment, cwd=ROOT, stderr=log, stdout=log
            )

    async def keep(self) -> None:
        """Start it again whenever it ended, as systemd would."""
        while True:
            await asyncio.sleep(0.5)
            if not self._down and self._process.poll() is not None:
                self.start()

    async def fall(self, seconds: float) -> None:
        """Die at once; come back after a while."""
        self._down = True
        await asyncio.to_thread(self.kill)
        await asyncio.sleep(seconds)
        self.start()
        self._down = False

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        self._down = True
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(60)


def kill_postgres(folder: Path) -> None:
    """Every process of the server, at once: nothing is written that was not on the disk."""
    postmaster = int((folder / "postmaster.pid").read_text().splitlines()[0])
    children = subprocess.run(["pgrep", "-P", str(postmaster)], capture_output=True, text=True, check=False).stdout.split()
    for pid in (postmaster, *map(int, children)):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def parley(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "service", *arguments], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"parley {' '.join(arguments)}: {done.stderr}")
    return done.stdout


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@dataclass
class Sender:
    """A CMS that posts each version until it is acknowledged, and gives up after `tries`."""

    url: str
    secret: str
    tries: int
    acknowledged: dict[tuple[int, int], float] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)

    async def post(self, session: aiohttp.ClientSession, number: int, version: int) -> None:
        body = json.dumps(article(number, version)).encode()
        message_id = f"msg_article{number}v{version}"
        for _ in range(self.tries):
            now = int(time.time())
            signature = Webhook(self.secret).sign(message_id, datetime.fromtimestamp(now, UTC), body.decode())
            headers = {
                "webhook-id": message_id, "webhook-timestamp": str(now), "webhook-signature": signature,
                "content-type": "application/json",
            }  # fmt: skip
            try:
                async with session.post(self.url, data=body, headers=headers) as answer:
                    await answer.read()
                    if answer.status == 200:
                        self.acknowledged[number, version] = time.time()
                        return
                    self.refused[str(answer.status)] += 1
            except (aiohttp.ClientError, TimeoutError) as error:
                self.refused[type(error).__name__] += 1
            await asyncio.sleep(1.0)


async def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--deliveries", type=int, default=500)
    options.add_argument("--kills", type=int, default=12)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--per-second", type=float, default=6.0)
    options.add_argument("--keep", action="store_true", help="keep the folder with logs and data")
    chosen = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="parley-chaos-"))
    try:
        return await run(chosen, folder)
    finally:
        if chosen.keep:
            print("kept", folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)


async def run(chosen: argparse.Namespace, folder: Path) -> int:
    dice = random.Random(chosen.seed)
    model, receiver = Model(random.Random(chosen.seed + 1)), Receiver(random.Random(chosen.seed + 2))
    model_runner, model_port = await serve(model.answer, "/v1/chat/completions")
    receiver_runner, receiver_port = await serve(receiver.take, "/in")
    data = folder / "data"
    server = start_embedded(data)
    await asyncio.to_thread(upgrade, server.url)
    port = free_port()
    environment = {
        **os.environ,
        "PARLEY_DATABASE_URL": server.url,
        "PARLEY_MODEL": "openai/scripted",
        "PARLEY_BASE_URL": f"http://127.0.0.1:{model_port}/v1",
        "PARLEY_API_KEY": "none",
        "PARLEY_WEBHOOK_SCHEDULE": "0,1,2,2,4,4,8,8,16,16,16,16",
        "PARLEY_DEADLINE": "20",
    }
    connection = json.loads(parley(environment, "connections", "create", "generic", "--name", "chaos", "--json"))
    endpoint = json.loads(
        parley(environment, "endpoints", "create", f"http://127.0.0.1:{receiver_port}/in", "--allow-private", "--json")
    )
    receiver.secret = endpoint["secret"]
    processes = {
        "api": Process("api", ["serve", "--no-with-worker", "--port", str(port)], environment, folder),
        "worker-1": Process("worker-1", ["worker"], environment, folder),
        "worker-2": Process("worker-2", ["worker"], environment, folder),
    }
    sender = Sender(f"http://127.0.0.1:{port}/hooks/generic/{connection['id']}", connection["secret"], tries=40)
    await wait_until_ready(port)
    print(f"{chosen.deliveries} deliveries at {chosen.per_second:g} a second, {chosen.kills} kills")
    kills: Counter[str] = Counter()
    keeping = [asyncio.create_task(process.keep()) for process in processes.values()]
    killing = asyncio.create_task(kill_in_turn(processes, data, server, kills, dice, chosen))
    begun = time.monotonic()
    await send_all(sender, chosen)
    await killing
    sent_s = time.monotonic() - begun
    drained = await wait_until_drained(server.url, 600)
    for task in keeping:
        task.cancel()
    codes = {name: process.stop() for name, process in processes.items()}
    failures = report(server.url, sender, receiver, model, kills)
    print(f"sending took {sent_s:.0f} s, the rest {drained:.0f} s; exit codes after SIGTERM {codes}")
    for runner in (model_runner, receiver_runner):
        await runner.cleanup()
    server.stop()
    print(f"lost: {len(failures)}")
    for failure in failures[:20]:
        print("  ", failure)
    return 1 if failures or any(codes.values()) else 0


async def wait_until_ready(port: int) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(300):
            try:
                async with session.get(f"http://127.0.0.1:{port}/health/live") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.2)
    raise SystemExit("the API did not start")


async def send_all(sender: Sender, chosen: argparse.Namespace) -> None:
    """Four in five deliveries are new articles, the fifth is the next version of the one before."""
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(timeout=timeout) as session, asyncio.TaskGroup() as group:
        number, version = 0, 0
        for position in range(chosen.deliveries):
            if position % 5 == 4:
                version += 1
            else:
                number, version = number + 1, 1
            group.create_task(sender.post(session, number, version))
            await asyncio.sleep(1 / chosen.per_second)


async def kill_in_turn(
    processes: dict[str, Process], data: Path, server: EmbeddedPostgres, kills: Counter[str], dice: random.Random,
    chosen: argparse.Namespace,
) -> None:  # fmt: skip
    turns = ["api", "worker-1", "postgres", "worker-2"]
    spacing = chosen.deliveries / chosen.per_second / (chosen.kills + 1)
    for position in range(chosen.kills):
        await asyncio.sleep(spacing * dice.uniform(0.7, 1.3))
        victim = turns[position % len(turns)]
        if victim == "postgres":
            await asyncio.to_thread(kill_postgres, data)
            await asyncio.sleep(1.0)
            await asyncio.to_thread(server.ensure_running)
        else:
            await processes[victim].fall(1.0)
        kills[victim] += 1


async def wait_until_drained(url: str, seconds: float) -> float:
    """Seconds until no job and no dispatch is unfinished."""
    begun = time.monotonic()
    query = """SELECT (SELECT count(*) FROM job WHERE state IN ('queued', 'running'))
        + (SELECT count(*) FROM dispatch WHERE state IN ('pending', 'retrying'))"""
    while time.monotonic() - begun < seconds:
        with psycopg.connect(url) as connection:
            row = connection.execute(query).fetchone()
        if row is not None and row[0] == 0:
            break
        await asyncio.sleep(1)
    return time.monotonic() - begun


def report(url: str, sender: Sender, receiver: Receiver, model: Model, kills: Counter[str]) -> list[str]:
    with psycopg.connect(url) as connection:
        jobs = dict(connection.execute("SELECT state, count(*) FROM job GROUP BY state").fetchall())
        crashes = connection.execute("SELECT sum(crashes) FROM job").fetchone()
        dispatches = dict(connection.execute("SELECT state, count(*) FROM dispatch GROUP BY state").fetchall())
        degraded = connection.execute("SELECT count(*) FROM extraction WHERE degraded").fetchone()
        versions = connection.execute(
            """SELECT article.source_id, version.number, version.version_key, version.extraction_id, extraction.id
            FROM article JOIN article_version AS version ON version.article_id = article.id
            LEFT JOIN extraction ON extraction.id = version.extraction_id"""
        ).fetchall()
        texts = connection.execute("SELECT text_sha256, count(*) FROM extraction WHERE NOT degraded GROUP BY 1").fetchall()
    print(f"kills {dict(kills)}; acknowledged {len(sender.acknowledged)}, not acknowledged at once {dict(sender.refused)}")
    print(f"model calls {model.calls}, failed {model.failed}; jobs {jobs}, deaths under a job {crashes and crashes[0]}")
    print(
        f"extractions stored {sum(count for _, count in texts)}, degraded {degraded and degraded[0]}; dispatches {dispatches}"
    )
    repeated = sum(count - 1 for count in receiver.seen.values())
    print(
        f"messages verified {len(receiver.seen)} ({repeated} more than once), refused {receiver.refused}, forged {receiver.forged}"
    )
    failures = [f"text {sha[:12]} was stored {count} times" for sha, count in texts if count > 1]
    # A version that was overtaken by a later one before it arrived is dropped, as it should be.
    newest: dict[str, int] = {}
    for number, version in sender.acknowledged:
        newest[f"article-{number}"] = max(version, newest.get(f"article-{number}", 0))
    stored = {(source, key): (number, extraction) for source, number, key, _, extraction in versions}
    by_source: dict[str, list[tuple[int, object]]] = {}
    for (source, _), value in stored.items():
        by_source.setdefault(source, []).append(value)
    overtaken = 0
    for number, version in sorted(sender.acknowledged):
        source = f"article-{number}"
        found = [value for (name, key), value in stored.items() if name == source and f":{version:02d}:00" in key]
        if not found:
            if version < newest[source]:
                overtaken += 1
                continue
            failures.append(f"{source} version {version}: acknowledged, not stored")
        elif len(found) > 1:
            failures.append(f"{source} version {version}: stored {len(found)} times")
        elif found[0][1] is None:
            failures.append(f"{source} version {version}: stored, not extracted")
        elif (source, found[0][0]) not in receiver.told:
            failures.append(f"{source} version {version}: extracted, nobody was told")
    print(f"versions stored {len(stored)}, overtaken by a later one before they were read {overtaken}")
    if receiver.forged:
        failures.append(f"{receiver.forged} messages could not be verified")
    return failures


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
