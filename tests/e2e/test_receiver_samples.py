"""The receivers that docs/cms.md shows, run as they stand there, against messages as Parley signs them."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from service.webhooks.events import Ping, payload
from service.webhooks.signature import new_secret, sign_standard
from tests.conftest import ROOT

DOCS = ROOT / "docs" / "cms.md"
SIGNATURE_PHP = ROOT / "integrations" / "wordpress" / "parley" / "signature.php"
SECRET, OLD_SECRET = new_secret(bytes(range(32))), new_secret(bytes(range(32, 64)))
SUFFIXES = {"python": "py", "js": "cjs", "php": "php"}


def sample(language: str) -> str:
    (code,) = re.findall(rf"^```{language}\n(.*?)^```$", DOCS.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return str(code)


def command(language: str, file: Path, port: int) -> list[str]:
    """How the sample is run; skips where its language or library is missing."""
    if language == "python":
        return [sys.executable, str(file)]
    program = shutil.which({"js": "node", "php": "php"}[language])
    if program is None:
        pytest.skip(f"{language} is not installed")
    if language == "php":
        return [program, "-S", f"127.0.0.1:{port}", str(file)]
    probe = subprocess.run([program, "--eval", "require('standardwebhooks')"], capture_output=True, timeout=30, check=False)
    if probe.returncode != 0:
        pytest.skip("Node does not find the package standardwebhooks (npm install it, and set NODE_PATH)")
    return [program, str(file)]


@contextmanager
def running(language: str, folder: Path) -> Iterator[int]:
    """A receiver in a process of its own; gives its port."""
    file = folder / f"receiver.{SUFFIXES[language]}"
    file.write_text(sample(language), encoding="utf-8")
    shutil.copy(SIGNATURE_PHP, folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    environ = {**os.environ, "PORT": str(port), "ENDPOINT_SECRET": SECRET}
    arguments = command(language, file, port)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(arguments, env=environ, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait_until_it_listens(process, port, folder / "log")
        yield port
    finally:
        process.kill()
        process.wait()


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 20
    while True:
        assert process.poll() is None, log.read_text(encoding="utf-8")
        assert time.monotonic() < deadline, "the receiver does not listen"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)


def post(port: int, body: bytes, headers: dict[str, str]) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", "/", body, {**headers, "Content-Type": "application/json"})
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("language", SUFFIXES)
def test_the_receiver_takes_what_is_signed_and_refuses_the_rest(language: str, tmp_path: Path) -> None:
    now = int(time.time())
    body = payload(Ping(endpoint="ep_обмін"), at=now)

    def signed(*secrets: str, at: int = now) -> dict[str, str]:
        return sign_standard("msg_1", secrets=secrets, body=body, at=at)

    with running(language, tmp_path) as port:
        assert post(port, body, signed(SECRET)) == 204
        assert post(port, body, signed(OLD_SECRET, SECRET)) == 204  # while the secret is rotated
        assert post(port, body, signed(OLD_SECRET)) == 401
        assert post(port, body + b" ", signed(SECRET)) == 401
        assert post(port, body, {**signed(SECRET), "webhook-id": "msg_2"}) == 401
        assert post(port, body, signed(SECRET, at=now - 400)) == 401
        assert post(port, body, {}) == 401
        assert post(port, b"\xff", {**signed(SECRET), "webhook-signature": "2edef014"}) == 401
        assert post(port, body, signed(SECRET)) == 204
    assert "webhook.ping" in (tmp_path / "log").read_text(encoding="utf-8", errors="replace")
