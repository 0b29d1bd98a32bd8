"""The embedded PostgreSQL is killed under a running service; two processes share one folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg

from service.adapters.database.server import start_embedded
from tests.e2e.processes import data_folder, serving, wait_until

ARTICLE = {"id": "a1", "text": "“All are well,” said Ilse Varga on Friday, after nine hours on the road."}


def kill_server(folder: Path) -> int:
    """The postmaster and all its children, at once; the postmaster's number."""
    postmaster = int((folder / "postmaster.pid").read_text().splitlines()[0])
    children = subprocess.run(["pgrep", "-P", str(postmaster)], capture_output=True, text=True, check=False).stdout.split()
    for pid in (postmaster, *map(int, children)):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return postmaster


def test_a_server_that_is_killed_is_started_again_and_nothing_is_lost() -> None:
    with data_folder() as folder, serving(DATA_DIR=str(folder)) as running:
        before = running.request("POST", "/extract", ARTICLE)
        dead = kill_server(folder)
        started = time.monotonic()
        wait_until(
            lambda: running.request("GET", "/health/ready")[0] == 200 and running.events("embedded_postgres_restarted")
        )
        took = time.monotonic() - started
        after = running.request("POST", "/extract", ARTICLE)
        metrics = running.request("GET", "/metrics")[2].decode()
        number = int((folder / "postmaster.pid").read_text().splitlines()[0])
        code = running.stop()

    assert before[0] == after[0] == 200
    assert '"id":"ext_' in before[2].decode()
    assert before[2] == after[2]  # out of the store, which was recovered
    assert number != dead
    assert took < 20
    assert "parley_embedded_postgres_restarts_total 1.0" in metrics
    assert 'parley_extractions_total{engine="rules",model="rules",outcome="cached"} 1.0' in metrics
    assert code == 0
    assert not (folder / "postmaster.pid").exists()


def test_of_several_who_find_it_dead_one_starts_it() -> None:
    with data_folder() as folder:
        one = start_embedded(folder)
        try:
            other = subprocess.Popen(
                [sys.executable, "-c", _OTHER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            assert other.stdin is not None
            assert other.stdout is not None
            assert other.stdout.readline() == "joined\n"
            kill_server(folder)
            time.sleep(0.2)
            results: list[bool] = []
            mine = threading.Thread(target=lambda: results.append(one.ensure_running()))
            mine.start()
            other.stdin.write("look\n")
            other.stdin.flush()
            results.append(other.stdout.readline() == "True\n")
            mine.join(60)

            assert sorted(results) == [False, True]
            assert not one.ensure_running()
            with psycopg.connect(one.url) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)
            other.kill()  # it cannot say that it is gone
            other.communicate()
        finally:
            one.stop()

        assert not (folder / "postmaster.pid").exists()


_OTHER = """
import pathlib, sys
from service.adapters.database.server import start_embedded
server = start_embedded(pathlib.Path(sys.argv[1]))
print("joined", flush=True)
for _ in sys.stdin:
    print(server.ensure_running(), flush=True)
"""
