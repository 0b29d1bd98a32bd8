"""What one request can cost: bytes, tokens, calls, time of others (security.md 9, 10, 12, 13)."""

from __future__ import annotations

import json
import statistics
import threading
import time
from typing import Any

import pytest

from service.adapters.database.pool import Database
from service.adapters.llm import OpenAIModel
from service.adapters.transport import Manner, Retries
from service.extraction.ask import MAX_REASKS
from service.extraction.full import FullEngine
from service.flows import jobs
from service.flows.desk import Caller
from service.flows.extracting import submit_extract
from service.worker import WORKS
from tests import scripted_server as server
from tests.api.client import client_over
from tests.builders import SWAP
from tests.desks import ScriptedEngine, make_command, make_desk
from tests.e2e.test_service_process import Service, service
from tests.fakes import ScriptedModel
from tests.unit.service.extraction.test_checks import PROMPT
from tests.unit.service.extraction.test_pipeline import run

RETRIES = 3
MOST_QUESTIONS = 1 + MAX_REASKS
QUICK = Manner(retries=Retries(most=RETRIES, first_wait_s=0.001, longest_wait_s=0.002))


@pytest.mark.parametrize(
    "text", ["w " * 30_001, '" ' * 40_000, "word\n\n" * 35_000, "x" * (2**20 + 1)], ids=["words", "marks", "lines", "bytes"]
)
async def test_9_too_long_an_article_is_refused_before_any_call(text: str, database: Database) -> None:
    engine = ScriptedEngine()
    desk = await make_desk(database, engine)

    async with client_over(desk, open_mode=True) as http:
        answer = await http.post("/extract", json={"text": text})

    assert (answer.status_code, engine.calls) == (413, 0)


async def test_9_every_call_says_how_much_may_be_answered() -> None:
    long = "\n\n".join(f"{SWAP}\n\nThis was report {number}." for number in range(40))
    with server.ScriptedServer(then=server.reply({"quotes": "unusable"})) as scripted:
        model = OpenAIModel(model="m", base_url=scripted.base_url, manner=QUICK)
        await run(FullEngine(model, PROMPT), long)
        await model.aclose()

    limits = [question["max_tokens"] for question in scripted.questions]
    assert len(limits) > MOST_QUESTIONS  # several parts, each asked again
    assert all(0 < limit <= 16_384 for limit in limits)


async def calls_of_a_job(database: Database, always: server.Behaviour) -> tuple[int, int, dict[str, Any]]:
    """How often a model that always fails so is called for one job, in how many runs, and how the job ends."""
    with server.ScriptedServer(then=always) as scripted:
        model = OpenAIModel(model="m", base_url=scripted.base_url, manner=QUICK)
        desk = await make_desk(database, FullEngine(model, PROMPT))  # type: ignore[arg-type] # any engine will do
        async with database.transaction() as connection:
            job_id = await submit_extract(desk, connection, make_command(SWAP), Caller())
        runs, row = 0, await jobs.find_job(desk, "default", job_id)
        while row["state"] == "queued" and runs < 100:
            await jobs.run(desk, job_id, WORKS)
            runs, row = runs + 1, await jobs.find_job(desk, "default", job_id)
        await model.aclose()
        await desk.outbound.aclose()
    return len(scripted.questions), runs, row


async def test_10_a_server_that_always_fails_is_called_a_known_number_of_times_for_a_job(database: Database) -> None:
    calls, runs, job = await calls_of_a_job(database, server.status(500))

    assert calls == jobs.MOST_READINGS * (1 + RETRIES)
    assert (runs, job["state"]) == (jobs.MOST_FAILURES + 1, "succeeded")
    assert (await database.rows("SELECT degraded FROM extraction"))[0]["degraded"]


async def test_10_a_model_that_is_never_valid_is_asked_a_known_number_of_times_for_a_job(database: Database) -> None:
    calls, runs, job = await calls_of_a_job(database, server.reply("never valid"))

    assert calls == 2 * MOST_QUESTIONS <= jobs.MOST_READINGS * MOST_QUESTIONS
    assert (runs, job["state"]) == (1, "succeeded")
    assert (await database.rows("SELECT degraded FROM extraction"))[0]["degraded"]


@pytest.mark.parametrize(
    ("always", "most"),
    [(server.status(500), 1 + RETRIES), (server.reply("never valid"), MOST_QUESTIONS)],
    ids=["always-500", "always-invalid"],
)
async def test_10_a_request_costs_no_more_than_its_questions_and_retries(
    always: server.Behaviour, most: int, database: Database
) -> None:
    with server.ScriptedServer(then=always) as scripted:
        model = OpenAIModel(model="m", base_url=scripted.base_url, manner=QUICK)
        desk = await make_desk(database, FullEngine(model, PROMPT))  # type: ignore[arg-type]
        async with client_over(desk, open_mode=True) as http:
            answer = await http.post("/extract", json={"text": SWAP})
        await model.aclose()

    assert (answer.status_code, answer.json()["provenance"]["degraded"]) == (200, True)
    assert len(scripted.questions) == most == answer.json()["provenance"]["calls"]


def seconds_of(running: Service, body: dict[str, str] | None) -> float:
    started = time.monotonic()
    status, _, _ = running.request("POST", "/extract", body) if body else running.request("GET", "/health/live")
    assert status == 200
    return time.monotonic() - started


BOMBS = ('"' * 1_000_000, "'" * 1_000_000, "a" * 1_000_000, "1," * 500_000, '"a" ' * 14_000, "(" * 1_000_000, "\n" * 900_000)


def test_13_others_are_answered_while_texts_made_to_cost_time_are_read() -> None:
    with service(DATABASE_URL="none") as running:
        seconds_of(running, {"text": SWAP})
        statuses: list[int] = []

        def bomb() -> None:
            for text in BOMBS:
                statuses.append(running.request("POST", "/extract", {"text": f"{text} Snow fell."})[0])

        bombers = [threading.Thread(target=bomb) for _ in range(2)]
        for one in bombers:
            one.start()
        alive, small = [], []
        while any(one.is_alive() for one in bombers):
            alive.append(seconds_of(running, None))
            small.append(seconds_of(running, {"text": f"“Snow fell {len(small)} times,” said Ada Orr."}))
        for one in bombers:
            one.join()
        running.stop()

    assert statuses == [200] * len(BOMBS) * 2
    # Generous, for a busy machine: a quadratic text of a million characters would take minutes.
    assert len(alive) >= 5
    assert statistics.median(alive) < 0.5
    assert max(alive) < 3
    assert max(small) < 8


async def test_13_two_hundred_long_inventions_about_the_largest_article_are_refused_in_time() -> None:
    paragraph = SWAP.split("\n\n")[0]
    text = "\n\n".join([SWAP, *(f"{paragraph} It was day {number}." for number in range(1_200))])
    invented = "He went home with all of them and was never seen again in any of the towns of the coast or the hills " * 3
    answer = {
        "quotes": [],
        "indirect": [f"S{n} A=Nobody Known|said|{invented[:150]} .. {invented[:120]}" for n in range(1, 201)],
    }
    model = ScriptedModel([json.dumps({**answer, "exchanges": []})])
    started = time.process_time()

    extraction = await run(FullEngine(model, PROMPT), text)

    assert time.process_time() - started < 60
    assert not any(invented[:40] in quote.text for quote in extraction.quotes)
