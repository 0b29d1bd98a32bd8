"""SIGTERM: answers first, then jobs; what is under way is finished, what is not begun stays for the next worker."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from service.adapters.database.server import start_embedded
from tests import scripted_server as server
from tests.e2e.processes import Process, data_folder, free_port, serving, wait_until

ARTICLE = {"text": "Armenia and Azerbaijan exchanged prisoners on Friday.\n\n“All are well,” said Ilse Varga."}


def after_seconds(seconds: float) -> Any:
    async def answer(exchange: server.Exchange) -> None:
        await asyncio.sleep(seconds)
        await server.reply({"quotes": ["Q1 Ilse Varga"], "exchanges": []})(exchange)

    return answer


def jobs_in(folder: Path) -> list[tuple[str, int, int, bool]]:
    embedded = start_embedded(folder)
    try:
        with psycopg.connect(embedded.url) as connection:
            return connection.execute(
                "SELECT state, attempts, crashes, extraction_ids <> '{}' FROM job ORDER BY id"
            ).fetchall()
    finally:
        embedded.stop()


def submit(running: Process, text: str) -> str:
    status, _, body = running.request("POST", "/extract", {"text": text}, Prefer="respond-async")
    assert status == 202
    return str(json.loads(body)["id"])


def test_a_job_under_way_is_finished_and_the_process_ends_well() -> None:
    with server.ScriptedServer(after_seconds(2.0)) as scripted, data_folder() as folder:
        settings = {"MODEL": "openai/scripted", "BASE_URL": scripted.base_url, "DATA_DIR": str(folder), "DEADLINE": "20"}
        with serving(**settings, WORKER_CONCURRENCY="1") as running:
            submit(running, ARTICLE["text"])
            wait_until(lambda: len(scripted.requests) == 1)
            submit(running, ARTICLE["text"] + " It rained.")
            told = time.monotonic()
            code = running.stop()
            took = time.monotonic() - told
            events = [line["event"] for line in running.log]

        assert code == 0
        assert took < 20
        assert jobs_in(folder) == [("succeeded", 1, 0, True), ("queued", 0, 0, False)]
        assert events.index("job_finished") < events.index("service_stopped")
        assert "request_failed" not in events


def test_a_job_that_does_not_end_in_time_goes_back_uncounted() -> None:
    with server.ScriptedServer(after_seconds(60.0)) as scripted, data_folder() as folder:
        settings = {"MODEL": "openai/scripted", "BASE_URL": scripted.base_url, "DATA_DIR": str(folder), "DEADLINE": "3"}
        with serving(**settings) as running:
            submit(running, ARTICLE["text"])
            wait_until(lambda: len(scripted.requests) == 1)
            time.sleep(1.0)
            code = running.stop()

        ((state, _, crashes, _),) = jobs_in(folder)
        assert code == 0
        # It may have met its own deadline in the same moment, and have been postponed or answered by rules.
        assert state in ("queued", "running", "succeeded")
        assert crashes == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_ends_well(number: signal.Signals) -> None:
    with data_folder() as folder:
        worker = Process("worker", "--metrics-port", str(free_port()), ready="worker_started", DATA_DIR=str(folder))
        try:
            os.kill(worker.process.pid, number)
            assert worker.process.wait(30) == 0
            wait_until(lambda: worker.events("worker_stopped"))
        finally:
            worker.close()
