"""`Prefer: respond-async` and the routes of jobs, over a real PostgreSQL and its queue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from service.adapters.database.pool import Database
from service.api.later import Wish, wish_of
from service.errors import AnswerInvalid
from service.flows import jobs
from service.flows.desk import Desk
from service.flows.extracting import do_extract
from service.worker import run_worker
from tests.api.client import make_services
from tests.desks import ScriptedEngine, make_desk
from tests.stored import FIRST, serving

WORKS = {"extract": do_extract}
ASYNC = {"Prefer": "respond-async"}


@pytest.fixture
async def desk(database: Database) -> Desk:
    return await make_desk(database)


@pytest.fixture
async def client(desk: Desk) -> AsyncIterator[httpx2.AsyncClient]:
    async with serving(desk) as opened:
        yield opened


@asynccontextmanager
async def working(desk: Desk) -> AsyncIterator[None]:
    worker = asyncio.create_task(run_worker(desk, concurrency=2, patience_s=5))
    try:
        yield
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


def scripted(desk: Desk, **script: Any) -> ScriptedEngine:
    engine = ScriptedEngine(**script)
    desk.services.engines = {engine.name: engine}
    desk.services.default = engine.name
    return engine


@pytest.mark.parametrize(
    ("headers", "wish"),
    [
        ([], Wish(respond_async=False, wait_s=0)),
        (["respond-async"], Wish(respond_async=True, wait_s=0)),
        (["Respond-Async, wait=10"], Wish(respond_async=True, wait_s=10)),
        (["wait=10", "respond-async"], Wish(respond_async=True, wait_s=10)),
        (['respond-async;foo="a, wait=3", wait="5"'], Wish(respond_async=True, wait_s=5)),
        (['handling="respond-async, wait=4"'], Wish(respond_async=False, wait_s=0)),
        (["respond-async, wait=99999999999999999999"], Wish(respond_async=True, wait_s=60)),
        (["wait=2, wait=9, respond-async"], Wish(respond_async=True, wait_s=2)),
        (["respond-async, wait=-1"], Wish(respond_async=True, wait_s=0)),
        (["respond-async, wait=\u0665"], Wish(respond_async=True, wait_s=0)),
        ([",, ;=,\x7f, respond-async"], Wish(respond_async=True, wait_s=0)),
        (["respond-asynchronously"], Wish(respond_async=False, wait_s=0)),
    ],
)
def test_preferences_are_read_as_the_rfc_writes_them(headers: list[str], wish: Wish):
    assert wish_of(headers) == wish


async def test_a_request_is_accepted_and_its_job_leads_to_the_record(desk: Desk, client: httpx2.AsyncClient):
    accepted = await client.post("/extract", json={"text": FIRST, "id": "a1"}, headers=ASYNC)
    job = accepted.headers["location"]
    waiting = await client.get(job)
    await jobs.run(desk, accepted.json()["id"], WORKS)
    done = await client.get(job)
    record = (await client.get(done.json()["result"])).json()
    again = (await client.post("/extract", json={"text": FIRST, "id": "a1"})).json()

    assert (accepted.status_code, accepted.headers["preference-applied"]) == (202, "respond-async")
    assert accepted.headers["retry-after"] == waiting.headers["retry-after"] == "1"
    assert accepted.json() == waiting.json()
    assert (waiting.json()["status"], waiting.json()["result"]) == ("queued", None)
    assert (done.json()["status"], len(done.json()["articles"]), "retry-after" in done.headers) == ("succeeded", 1, False)
    assert record == again
    assert record["exchanges"]


async def test_who_waits_gets_the_record_if_it_is_done_in_time(desk: Desk, client: httpx2.AsyncClient):
    async with working(desk):
        answer = await client.post(
            "/extract", json={"text": FIRST, "id": "mine"}, headers={"Prefer": "respond-async, wait=20"}
        )

    assert (answer.status_code, answer.headers["preference-applied"]) == (200, "respond-async, wait=20")
    assert (answer.json()["article"]["id"], len(answer.json()["exchanges"])) == ("mine", 1)


async def test_who_waits_too_short_gets_the_job(client: httpx2.AsyncClient):
    answer = await client.post("/extract", json={"text": FIRST}, headers={"Prefer": "respond-async, wait=1"})

    assert (answer.status_code, answer.headers["preference-applied"]) == (202, "respond-async, wait=1")


async def test_wait_alone_changes_nothing(client: httpx2.AsyncClient):
    answer = await client.post("/extract", json={"text": FIRST}, headers={"Prefer": "wait=1"})

    assert (answer.status_code, "preference-applied" in answer.headers) == (200, False)


@pytest.mark.parametrize(
    ("body", "status"),
    [({"text": FIRST, "model": "no/model"}, 422), ({"text": "a " * 40_000}, 413), ({"text": FIRST, "x": 1}, 422)],
)
async def test_what_cannot_be_read_is_refused_at_once(desk: Desk, client: httpx2.AsyncClient, body: Any, status: int):
    answer = await client.post("/extract", json=body, headers=ASYNC)

    assert answer.status_code == status
    assert await desk.database.rows("SELECT id FROM job") == []


async def test_a_job_that_failed_says_why(desk: Desk, client: httpx2.AsyncClient):
    scripted(desk, failures=[AnswerInvalid()])
    accepted = await client.post("/extract", json={"text": FIRST, "on_failure": "error"}, headers=ASYNC)

    await jobs.run(desk, accepted.json()["id"], WORKS)

    job = (await client.get(accepted.headers["location"])).json()
    assert (job["status"], job["problem"]["type"], job["result"]) == ("failed", "AnswerInvalid", None)


async def test_a_parked_job_is_listed_and_can_be_tried_again(desk: Desk, client: httpx2.AsyncClient):
    scripted(desk, failures=[RuntimeError("a fault of ours") for _ in range(3)])
    accepted = (await client.post("/extract", json={"text": FIRST}, headers=ASYNC)).json()
    for _ in range(3):
        await jobs.run(desk, accepted["id"], WORKS)

    listed = (await client.get("/jobs?state=parked")).json()["jobs"]
    retried = await client.post(f"/jobs/{accepted['id']}/retry")
    twice = await client.post(f"/jobs/{accepted['id']}/retry")
    await jobs.run(desk, accepted["id"], WORKS)
    done = (await client.get(f"/jobs/{accepted['id']}")).json()

    assert [(one["id"], one["outcome"], one["status"]) for one in listed] == [(accepted["id"], "parked", "failed")]
    assert (retried.status_code, retried.json()["status"], twice.status_code) == (202, "queued", 404)
    assert done["status"] == "succeeded"
    assert (await client.get("/jobs?state=parked")).json()["jobs"] == []


async def test_the_list_of_jobs_has_pages(client: httpx2.AsyncClient):
    sent = [(await client.post("/extract", json={"text": f"No. {i}."}, headers=ASYNC)).json()["id"] for i in range(5)]

    first = (await client.get("/jobs?limit=2&state=queued")).json()
    second = (await client.get(f"/jobs?limit=3&before={first['next']}")).json()

    assert [one["id"] for one in (*first["jobs"], *second["jobs"])] == list(reversed(sent))
    assert second["next"] is None


async def test_the_same_key_is_answered_with_the_same_job(desk: Desk, client: httpx2.AsyncClient):
    headers = {**ASYNC, "Idempotency-Key": '"k1"'}
    answers = [await client.post("/extract", json={"text": FIRST}, headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].headers["location"] == answers[1].headers["location"]
    assert answers[1].headers["idempotent-replayed"] == "true"
    assert len(await desk.database.rows("SELECT id FROM job")) == 1


async def test_without_a_database_the_preference_is_passed_over():
    async with serving(None, services=make_services()) as client:
        answer = await client.post("/extract", json={"text": FIRST}, headers=ASYNC)

    assert (answer.status_code, "preference-applied" in answer.headers) == (200, False)
