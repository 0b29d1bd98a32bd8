"""Keys of a service that runs: made and revoked by the command line, in other processes."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time

from tests.databases import running_databases
from tests.e2e.test_service_process import ARTICLE, service


def parley(url: str, *arguments: str) -> str:
    environ = {**os.environ, "PARLEY_DATABASE_URL": url, "PARLEY_MODEL": "rules"}
    command = [sys.executable, "-m", "service", *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=True, timeout=60).stdout


def ask(port: int, key: str | None = None, **headers: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    sent = {"Content-Type": "application/json", **headers, **({"Authorization": f"Bearer {key}"} if key else {})}
    try:
        connection.request("POST", "/extract", json.dumps({"text": ARTICLE}).encode(), sent)
        return connection.getresponse().status
    finally:
        connection.close()


def seconds_until(status: int, port: int, key: str | None = None) -> float:
    started = time.monotonic()
    while ask(port, key) != status:
        assert time.monotonic() - started < 20
        time.sleep(0.1)
    return time.monotonic() - started


def test_a_key_counts_and_a_revoked_one_does_not_within_five_seconds() -> None:
    with running_databases() as databases:
        url = databases.fresh()
        with service(DATABASE_URL=url) as running:
            in_open_mode, by_a_proxy = ask(running.port), ask(running.port, **{"X-Forwarded-For": "127.0.0.1"})
            key = parley(url, "keys", "create", "--name", "desk", "--scope", "extract").strip()
            key_id = json.loads(parley(url, "keys", "list", "--json"))["id"]
            closed = seconds_until(401, running.port)
            with_key = ask(running.port, key)
            parley(url, "keys", "create", "--name", "another", "--scope", "read")  # open mode does not come back
            parley(url, "keys", "revoke", key_id)
            revoked = seconds_until(401, running.port, key)
            code = running.stop()

    assert (in_open_mode, by_a_proxy, with_key, code) == (200, 401, 200, 0)
    assert max(closed, revoked) < 5
    assert key not in json.dumps(running.log)


def test_a_service_that_others_reach_says_at_its_start_that_it_has_no_key() -> None:
    with running_databases() as databases:
        url = databases.fresh()
        with service("--host", "0.0.0.0", DATABASE_URL=url) as running:
            without = ask(running.port)
            running.stop()
        key = parley(url, "keys", "create", "--name", "desk", "--scope", "extract").strip()
        with service("--host", "0.0.0.0", DATABASE_URL=url) as guarded:
            with_key = ask(guarded.port, key)
            guarded.stop()

    (warning,) = [line for line in running.log if line["event"] == "keys_missing"]
    assert (without, with_key) == (401, 200)
    assert "parley keys create" in warning["advice"]
    assert "keys_missing" not in {line["event"] for line in guarded.log}
