"""Processes of ours over a database of their own, for tests that kill something."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


def environment(**settings: str) -> dict[str, str]:
    """This process's, with these settings and no others."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PARLEY_", "OPENAI_"))}
    return environ | {"PARLEY_MODEL": "rules", **{f"PARLEY_{name}": value for name, value in settings.items()}}


class Process:
    """`parley ...` until `ready` is logged; its log is read in a thread, so that it never blocks."""

    def __init__(self, *arguments: str, ready: str, **settings: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "service", *arguments], env=environment(**settings), text=True, encoding="utf-8",
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.log: list[dict[str, Any]] = []
        self._ready, self._is_ready = ready, threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self._is_ready.wait(60), self.log
        self.port = next((int(line["port"]) for line in self.log if line["event"] == "service_started"), 0)

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(json.loads(line))
            if self.log[-1]["event"] == self._ready:
                self._is_ready.set()

    def events(self, name: str) -> list[dict[str, Any]]:
        return [line for line in self.log if line["event"] == name]

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            payload = None if body is None else json.dumps(body).encode()
            connection.request(method, path, payload, {"Content-Type": "application/json", **headers})
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def stop(self) -> int:
        """Ask it to stop; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join(5)
        if self.process.stderr is not None:
            self.process.stderr.close()


@contextmanager
def serving(**settings: str) -> Iterator[Process]:
    running = Process("serve", "--port", "0", ready="service_started", **settings)
    try:
        yield running
    finally:
        running.close()


@contextmanager
def data_folder() -> Iterator[Path]:
    """A folder for an embedded server; not pytest's, whose paths may be too long for a socket."""
    with tempfile.TemporaryDirectory(prefix="parley-e2e-", ignore_cleanup_errors=True) as folder:
        data = Path(folder) / "pg"
        yield data
        # A process that was killed leaves its server running.
        with suppress(OSError):
            os.kill(int((data / "postmaster.pid").read_text(encoding="ascii").splitlines()[0]), signal.SIGQUIT)


def wait_until(is_so: Callable[[], Any], timeout_s: float = 30.0) -> None:
    end = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
