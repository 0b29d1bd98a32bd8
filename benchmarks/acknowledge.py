"""How soon a hook is acknowledged: 50 a second for a minute, while the rules engine reads the same articles behind.

    python benchmarks/acknowledge.py                      # one process: `parley serve` with its worker
    python benchmarks/acknowledge.py --worker apart       # `parley serve --no-with-worker` and `parley worker`
    python benchmarks/acknowledge.py --stall              # PostgreSQL stands still for 5 seconds in the middle
    python benchmarks/acknowledge.py --database-url URL   # a server of yours instead of an embedded one

Real processes, a real PostgreSQL, signed deliveries of articles of about 600 words that all differ. The loop is open: a delivery
is sent when its time has come, however many are unanswered, and its time runs from when it should have been sent, so that neither
a slow service nor a slow sender hides anything. Exit code 1 if an answer is anything but 200, or 503 with Retry-After (allowed
with --stall only), if an acknowledged delivery has no job, or if p99 misses the goal.
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
from standardwebhooks import Webhook

from service.adapters.database.migrate import upgrade
from service.adapters.database.server import start_embedded

ROOT = Path(__file__).resolve().parents[1]
PLACES = ("Kessa", "Vayan", "Oreli", "Tumbrek", "Saldan", "Mirepol", "Ostrel", "Lindau", "Perun", "Halvar")
PEOPLE = ("Mira Tolan", "Ilse Varga", "Harvey Orr", "Ada Lindt", "Pavel Sorin", "Nadia Kerr", "Tomas Reyl", "Lena Moss")
TITLES = ("the mayor", "a spokeswoman for the Red Cross", "the interior minister", "a teacher", "the head of the council")
WORDS = 600
SETTLE_S = 2.0


def article(number: int, dice: random.Random) -> str:
    """About 600 words of a report that nobody else gets: news of a town, voices, and in every second one an exchange."""
    place, other = dice.sample(PLACES, 2)
    paragraphs = [f"Report {number} from {place}: the council met on Monday for the {dice.randint(2, 90)}th time this year."]
    if number % 2:
        paragraphs.append(
            f"Valdoria and the {other} Front exchanged prisoners at the bridge of {place} on Sunday, the ministry said. Valdoria "
            f"released {dice.randint(3, 90)} fighters and the front handed over {dice.randint(3, 90)} soldiers."
        )
    while sum(len(paragraph.split()) for paragraph in paragraphs) < WORDS:
        speaker, title = dice.choice(PEOPLE), dice.choice(TITLES)
        paragraphs.append(
            dice.choice(
                (
                    f"“Nobody in {dice.choice(PLACES)} was asked about the {dice.randint(2, 40)} new houses,” said {speaker}, "
                    f"{title}. “We shall ask them now, street by street, and tell the others what they said.”",
                    f"{speaker}, {title}, said that the road to {dice.choice(PLACES)} would stay closed until May, and that "
                    f"{dice.randint(100, 900)} people had signed a letter against it.",
                    f"The market of {dice.choice(PLACES)} opened at {dice.randint(5, 9)} in the morning. Bread cost more than a "
                    f"year ago, salt less, and the {dice.randint(10, 60)} traders who came went home before noon because of rain.",
                    f"According to {title}, the bridge had been built in 19{dice.randint(10, 99)}. It was repaired twice, and the "
                    f"last time {speaker} called it “a shame for the whole valley”.",
                )
            )
        )
    return "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)


def delivery(number: int, dice: random.Random) -> bytes:
    """The body of a generic hook."""
    stamp = "2026-01-01T00:00:00Z"
    data = {
        "id": f"article-{number}", "title": f"Report {number}", "html": article(number, dice), "status": "publish",
        "published_at": stamp, "updated_at": stamp, "url": f"https://news.example/{number}", "language": "en",
    }  # fmt: skip
    return json.dumps({"type": "article.published", "timestamp": stamp, "data": data}).encode()


@dataclass
class Sender:
    """A CMS that never waits: what came of each delivery, in seconds from when it was due."""

    url: str
    secret: str
    times: dict[int, list[float]] = field(default_factory=dict)
    wrong: Counter[str] = field(default_factory=Counter)
    late: list[float] = field(default_factory=list)
    jobs: set[str] = field(default_factory=set)

    async def run(self, bodies: Sequence[bytes], per_second: float) -> None:
        timeout = aiohttp.ClientTimeout(total=30)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session, asyncio.TaskGroup() as group:
            begun = time.perf_counter() + 0.1
            for number, body in enumerate(bodies):
                due = begun + number / per_second
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                group.create_task(self._post(session, number, body, due))

    async def _post(self, session: aiohttp.ClientSession, number: int, body: bytes, due: float) -> None:
        moment = datetime.now(UTC).replace(microsecond=0)
        headers = {
            "webhook-id": f"msg_{number}", "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": Webhook(self.secret).sign(f"msg_{number}", moment, body.decode()),
            "content-type": "application/json",
        }  # fmt: skip
        self.late.append(time.perf_counter() - due)
        try:
            async with session.post(self.url, data=body, headers=headers) as answer:
                payload = await answer.json(content_type=None)
                self.times.setdefault(answer.status, []).append(time.perf_counter() - due)
                if answer.status == 200:
                    self.jobs.add(payload["job_id"])
                elif answer.status != 503 or "Retry-After" not in answer.headers:
                    self.wrong[f"{answer.status}, Retry-After {answer.headers.get('Retry-After')}"] += 1
        except (aiohttp.ClientError, TimeoutError) as error:
            self.wrong[type(error).__name__] += 1


class Process:
    """One of ours, with its CPU time."""

    def __init__(self, name: str, arguments: Sequence[str], environment: dict[str, str], folder: Path) -> None:
        self.name, self.log = name, folder / f"{name}.log"
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "service", *arguments]
            self._process = subprocess.Popen(command, env=environment, cwd=ROOT, stderr=log, stdout=log)

    @property
    def pid(self) -> int:
        return self._process.pid

    def cpu_s(self) -> float:
        """User and system time so far, of all its threads, and of its children that ended."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(120)


def postgres_processes(url: str) -> list[int]:
    """The server's main process and all its children."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
    assert row is not None
    postmaster = int((Path(row[0]) / "postmaster.pid").read_text().splitlines()[0])
    children = subprocess.run(["pgrep", "-P", str(postmaster)], capture_output=True, text=True, check=False).stdout.split()
    return [postmaster, *map(int, children)]


async def stall(url: str, after_s: float, seconds: float) -> None:
    """Stop PostgreSQL as a full disk or a frozen machine would: connections stay open, nothing answers."""
    await asyncio.sleep(after_s)
    processes = await asyncio.to_thread(postgres_processes, url)
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    await asyncio.sleep(seconds)
    for pid in reversed(processes):
        os.kill(pid, signal.SIGCONT)


def parley(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "-m", "service", *arguments]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"parley {' '.join(arguments)}: {done.stderr}")
    return done.stdout


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


async def wait_until_live(port: int) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(300):
            try:
                async with session.get(f"http://127.0.0.1:{port}/health/live") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.2)
    raise SystemExit("the service did not start")


def count(url: str, query: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()  # type: ignore[call-overload]
    return int(row[0]) if row else 0


def percentile(times: Sequence[float], share: float) -> float:
    """The smallest time that at least this share of all do not exceed (nearest rank)."""
    ordered = sorted(times)
    return ordered[max(0, -(-int(len(ordered) * share * 1000) // 1000) - 1)]


def shown(times: Sequence[float]) -> str:
    parts = [f"{name} {percentile(times, share) * 1000:.0f}" for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))]
    return f"{' '.join(parts)} max {max(times) * 1000:.0f} ms"


async def measure(chosen: argparse.Namespace, url: str, folder: Path) -> int:
    await asyncio.to_thread(upgrade, url)
    port = free_port()
    environment = {**os.environ, "PARLEY_DATABASE_URL": url, "PARLEY_MODEL": "rules"}
    made = json.loads(parley(environment, "connections", "create", "generic", "--name", "acknowledge", "--json"))
    within = "--with-worker" if chosen.worker == "within" else "--no-with-worker"
    processes = [Process("api", ["serve", within, "--port", str(port)], environment, folder)]
    if chosen.worker == "apart":
        processes.append(Process("worker", ["worker"], environment, folder))
    await wait_until_live(port)
    await asyncio.sleep(SETTLE_S)
    dice = random.Random(chosen.seed)
    bodies = [delivery(number, dice) for number in range(round(chosen.per_second * chosen.seconds))]
    sender = Sender(f"http://127.0.0.1:{port}/hooks/generic/{made['id']}", made["secret"])
    load, begun, cpu = os.getloadavg()[0], time.perf_counter(), [process.cpu_s() for process in processes]
    stalled = asyncio.create_task(stall(url, chosen.seconds / 2, chosen.stall_seconds)) if chosen.stall else None
    await sender.run(bodies, chosen.per_second)
    took = time.perf_counter() - begun
    if stalled is not None:
        await stalled
    read, backlog = count(url, "SELECT count(*) FROM extraction"), count(url, UNFINISHED)
    print(f"{len(bodies)} hooks of {sum(map(len, bodies)) // len(bodies):,} bytes in {took:.1f} s, worker {chosen.worker}")
    print(f"load of the machine (1 minute): {load:.1f} before, {os.getloadavg()[0]:.1f} after; {os.cpu_count()} cores")
    for status, times in sorted(sender.times.items()):
        print(f"  {status}: {len(times)}, {shown(times)}")
    print(f"  of that the sender's own lateness: {shown(sender.late)}")
    used = [f"{process.name} {process.cpu_s() - before:.1f} s" for process, before in zip(processes, cpu, strict=True)]
    print(f"extractions meanwhile: {read} ({read / took:.1f} a second), backlog {backlog}; CPU: {', '.join(used)}")
    failures = [f"{number} x {what}" for what, number in sender.wrong.items()]
    failures += lost(url, sender)
    if not chosen.stall:
        failures += [f"{len(times)} x {status}" for status, times in sender.times.items() if status != 200]
        if (p99 := percentile(sender.times.get(200, [9.0]), 0.99)) > chosen.goal:
            failures.append(f"p99 {p99 * 1000:.0f} ms, goal {chosen.goal * 1000:.0f} ms")
    codes = [process.stop() for process in processes]
    failures += [f"exit codes {codes}"] if any(codes) else []
    print("failures:", "; ".join(failures) or "none")
    return 1 if failures else 0


UNFINISHED = "SELECT count(*) FROM job WHERE state IN ('queued', 'running')"


def lost(url: str, sender: Sender) -> list[str]:
    """Acknowledged deliveries without a job in the database."""
    with psycopg.connect(url) as connection:
        kept = {row[0] for row in connection.execute("SELECT id FROM job").fetchall()}
    missing = sender.jobs - kept
    return [f"{len(missing)} acknowledged without a job"] if missing else []


async def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--per-second", type=float, default=50.0)
    options.add_argument("--seconds", type=float, default=60.0)
    options.add_argument("--worker", choices=("within", "apart", "none"), default="within")
    options.add_argument("--goal", type=float, default=0.2, help="seconds that p99 may take")
    options.add_argument("--stall", action="store_true", help="stop PostgreSQL in the middle")
    options.add_argument("--stall-seconds", type=float, default=5.0)
    options.add_argument("--database-url", help="else an embedded server in a folder of its own")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--keep", action="store_true", help="keep the folder with the logs")
    chosen = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="parley-ack-"))
    server = None if chosen.database_url else start_embedded(folder / "data")
    try:
        return await measure(chosen, chosen.database_url or server.url, folder)  # type: ignore[union-attr]
    finally:
        if server is not None:
            server.stop()
        if chosen.keep:
            print("kept", folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
