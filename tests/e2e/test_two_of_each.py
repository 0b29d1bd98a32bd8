"""Two workers and two processes of the API over one database: whichever is killed, the other goes on."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import ExitStack
from typing import Any

from service.flows.jobs import MOST_CRASHES
from tests import scripted_server as server
from tests.e2e.processes import Process, data_folder, free_port, wait_until

ARTICLE = "Armenia and Azerbaijan exchanged prisoners on Friday. All are well."


def process(stack: ExitStack, *arguments: str, ready: str, **settings: str) -> Process:
    running = Process(*arguments, ready=ready, **settings)
    stack.callback(running.close)
    return running


async def hangs(exchange: server.Exchange) -> None:
    await asyncio.sleep(300)


def test_what_a_killed_worker_and_a_killed_api_leave_is_done_by_the_others_within_a_minute() -> None:
    answer = server.reply({"quotes": [], "exchanges": []})
    with server.ScriptedServer(hangs, then=answer) as scripted, data_folder() as folder, ExitStack() as stack:
        settings = {"MODEL": "openai/scripted", "BASE_URL": scripted.base_url, "DATA_DIR": str(folder), "DEADLINE": "120"}
        api = [
            process(stack, "serve", "--port", "0", "--no-with-worker", ready="service_started", **settings) for _ in range(2)
        ]
        first = process(stack, "worker", "--metrics-port", str(free_port()), ready="worker_started", **settings)
        status, _, body = api[0].request("POST", "/extract", {"text": ARTICLE}, Prefer="respond-async")
        job = json.loads(body)["id"]
        wait_until(lambda: len(scripted.requests) == 1)
        process(stack, "worker", "--metrics-port", str(free_port()), ready="worker_started", **settings)

        first.process.kill()
        api[0].process.kill()
        died = time.monotonic()

        def state() -> Any:
            return json.loads(api[1].request("GET", f"/jobs/{job}")[2])["status"]

        wait_until(lambda: state() == "succeeded", timeout_s=60)
        took = time.monotonic() - died
        shown = json.loads(api[1].request("GET", f"/jobs/{job}")[2])

    assert status == 202
    assert took < 60
    assert shown["attempts"] == 2 < MOST_CRASHES
    assert len(scripted.requests) == 2
