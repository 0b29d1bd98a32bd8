"""The service as a process of its own: start, requests over real sockets, the end by a signal."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests import scripted_server as server

ARTICLE = "Armenia and Azerbaijan exchanged prisoners on Friday.\n\n“All are well,” said Ilse Varga."
CANARY = "canary-4711"


class Service:
    """A running `parley serve`; its log is read in a thread, so that it never blocks."""

    def __init__(self, *arguments: str, **settings: str) -> None:
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("PARLEY_", "OPENAI_"))}
        environ |= {
            "PARLEY_MODEL": "rules",
            "PARLEY_DATABASE_URL": "none",
            **{f"PARLEY_{name}": value for name, value in settings.items()},
        }
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "service", "serve", "--port", "0", *arguments], env=environ, text=True, encoding="utf-8",
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.log: list[dict[str, Any]] = []
        self._listening = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self._listening.wait(30), self.log
        self.port = int(next(line["port"] for line in self.log if line["event"] == "service_started"))

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(json.loads(line))
            if self.log[-1]["event"] == "service_started":
                self._listening.set()

    def request(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, str], Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            payload = None if body is None else json.dumps(body).encode()
            connection.request(method, path, payload, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, json.loads(answer.read())
        finally:
            connection.close()

    def stop(self) -> int:
        """Ask it to stop; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(20)
        self._reader.join(5)
        return code


@contextmanager
def service(*arguments: str, **settings: str) -> Iterator[Service]:
    running = Service(*arguments, **settings)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()
        running.process.wait()
        for stream in (running.process.stdout, running.process.stderr):
            if stream is not None:
                running._reader.join(5)
                stream.close()


def test_it_starts_answers_logs_and_stops() -> None:
    with service() as running:
        took = time.monotonic() - running.started
        live, _, _ = running.request("GET", "/health/live")
        status, headers, body = running.request("POST", "/extract", {"text": ARTICLE, "title": CANARY})
        code = running.stop()

    assert took < 15
    assert (live, status, body["quotes"][0]["speaker"]["name"]) == (200, 200, "Ilse Varga")
    assert "server" not in headers
    assert code == 0
    events = [line["event"] for line in running.log]
    assert events == ["service_started", "request_finished", "request_finished", "service_stopped"]
    assert CANARY not in json.dumps(running.log)


def test_what_is_in_flight_is_finished_after_the_signal() -> None:
    """A model that takes a second: the signal comes meanwhile, the answer still does, and nobody new is let in."""
    with server.ScriptedServer(after_a_second) as scripted:
        answers: list[tuple[int, dict[str, str], Any]] = []
        with service(MODEL="openai/scripted", BASE_URL=scripted.base_url) as running:
            asking = threading.Thread(target=lambda: answers.append(running.request("POST", "/extract", {"text": ARTICLE})))
            asking.start()
            wait_until(lambda: len(scripted.requests) > 0)
            running.process.send_signal(signal.SIGTERM)
            wait_until(lambda: not accepts(running.port))
            still_asking = asking.is_alive()
            asking.join(20)
            code = running.process.wait(20)

    (answer,) = answers
    assert still_asking
    assert answer[0] == 200
    assert answer[2]["provenance"]["calls"] >= 1
    assert code == 0


def test_a_wrong_setting_stops_it_with_one_sentence() -> None:
    environ = {**os.environ, "PARLEY_MODEL": "gpt"}

    done = subprocess.run(
        [sys.executable, "-m", "service", "serve", "--port", "0"], env=environ, capture_output=True, text=True, check=False
    )

    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr.startswith("parley: Setting PARLEY_MODEL has value 'gpt'; expected auto, rules, local")
    assert len(done.stderr.splitlines()) == 1


def test_a_port_that_is_taken_stops_it_with_exit_code_3() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = subprocess.run(
            [sys.executable, "-m", "service", "serve", "--port", str(taken.getsockname()[1])], check=False,
            env={**os.environ, "PARLEY_MODEL": "rules"}, capture_output=True, text=True,
        )  # fmt: skip

    assert done.returncode == 3
    assert "address already in use" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("declared", ["10", None], ids=["false length", "chunked"])
def test_a_body_that_is_too_large_is_413_whatever_its_header_says(declared: str | None) -> None:
    body = json.dumps({"text": "a" * 5000}).encode()
    with service(MAX_BYTES="1024") as running, socket.create_connection(("127.0.0.1", running.port), 10) as connection:
        if declared is None:
            head = b"Transfer-Encoding: chunked\r\n\r\n"
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        else:
            head = f"Content-Length: {declared}\r\n\r\n".encode()
        connection.sendall(b"POST /extract HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" + head + body)
        answer = connection.recv(65536)
        live, _, _ = running.request("GET", "/health/live")

    # With a length that is too small, the server takes the first ten bytes for the body: no JSON, and never the rest of it.
    assert answer.startswith(b"HTTP/1.1 413 " if declared is None else b"HTTP/1.1 400 ")
    assert live == 200


async def after_a_second(exchange: server.Exchange) -> None:
    await asyncio.sleep(1.0)
    await server.reply({"quotes": ["Q1 Ilse Varga"], "exchanges": []})(exchange)


def wait_until(is_so: Any, timeout_s: float = 10.0) -> None:
    end = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
