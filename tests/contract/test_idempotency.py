"""Idempotency-Key on POST /extract over a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from service.adapters.database.pool import Database
from service.errors import KeyReused, StillRunning
from service.flows import idempotency
from service.flows.desk import Desk
from service.flows.idempotency import MARGIN_S, Answered, Mine, begin, finish
from service.flows.keys import Limits, create_key
from tests.api.client import ARTICLE, client_over
from tests.desks import ScriptedEngine, make_desk

BODY = {"text": ARTICLE, "title": "One"}
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


class Wall:
    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> datetime:
        return self.time


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture
async def desk(database: Database, wall: Wall, engine: ScriptedEngine) -> Desk:
    return await make_desk(database, engine, now=wall.now)


@pytest.fixture
async def http(desk: Desk) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_over(desk, open_mode=True) as client:
        yield client


async def ask(http: httpx2.AsyncClient, key: str, body: Any = BODY) -> httpx2.Response:
    return await http.post("/extract", json=body, headers={"idempotency-key": key})


async def test_the_same_request_again_gets_the_same_answer(http: httpx2.AsyncClient, desk: Desk, engine: ScriptedEngine):
    first = await ask(http, '"k-1"')
    await desk.database.execute("DELETE FROM extraction")  # or else the store would answer alike
    second = await ask(http, "k-1")

    assert (first.status_code, second.status_code, engine.calls) == (200, 200, 1)
    assert first.content == second.content
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert second.headers["content-type"] == first.headers["content-type"]
    assert len(second.headers.get_list("x-request-id")) == 1


async def test_without_the_header_nothing_is_kept(http: httpx2.AsyncClient, desk: Desk):
    await http.post("/extract", json=BODY)

    assert await desk.database.rows("SELECT * FROM idempotency") == []


async def test_another_body_under_the_same_key_is_422(http: httpx2.AsyncClient):
    await ask(http, "k-1")
    other = await ask(http, "k-1", {**BODY, "title": "Two"})

    assert (other.status_code, other.json()["type"]) == (422, "/docs#problem-idempotency-key-reused")


async def test_a_request_that_is_still_running_is_409(http: httpx2.AsyncClient, engine: ScriptedEngine):
    engine.pause_s = 0.5
    running = asyncio.create_task(ask(http, "k-1"))
    await engine.started.wait()

    second, other = await ask(http, "k-1"), await ask(http, "k-1", {**BODY, "title": "Two"})
    first = await running
    third = await ask(http, "k-1")

    assert (second.status_code, second.headers["retry-after"], other.status_code) == (409, "1", 422)
    assert (first.status_code, third.headers["idempotent-replayed"], engine.calls) == (200, "true", 1)


async def test_of_many_at_the_same_time_one_is_answered(http: httpx2.AsyncClient, engine: ScriptedEngine):
    engine.pause_s = 0.5

    answers = await asyncio.gather(*(ask(http, "k-1") for _ in range(8)))

    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7


async def test_what_is_wrong_with_a_request_is_kept(http: httpx2.AsyncClient):
    first, second = await ask(http, "k-1", {"text": "…"}), await ask(http, "k-1", {"text": "…"})

    assert (first.status_code, second.status_code) == (422, 422)
    assert second.headers["idempotent-replayed"] == "true"
    assert second.headers["content-type"] == "application/problem+json"
    assert first.content == second.content


async def test_what_may_go_better_next_time_is_not(http: httpx2.AsyncClient, desk: Desk, engine: ScriptedEngine):
    engine.failures = [RuntimeError("a fault of ours")]
    first, second = await ask(http, "k-1"), await ask(http, "k-1")

    assert (first.status_code, second.status_code, engine.calls) == (500, 200, 2)
    assert "idempotent-replayed" not in second.headers


async def test_a_limit_that_was_reached_is_not(desk: Desk, wall: Wall):
    key = await create_key(desk.database, name="desk", scopes=("extract",), limits=Limits(requests_per_minute=1))
    async with client_over(desk, key=key.key) as http:
        await http.post("/extract", json=BODY)
        refused = await ask(http, "k-1")
        wall.time += timedelta(minutes=1)
        later = await ask(http, "k-1")

    assert (refused.status_code, later.status_code) == (429, 200)


async def test_who_hangs_up_leaves_the_key_free(http: httpx2.AsyncClient, desk: Desk, engine: ScriptedEngine):
    engine.pause_s = 30
    running = asyncio.create_task(ask(http, "k-1"))
    await engine.started.wait()

    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    for _ in range(50):
        if not (left := await desk.database.rows("SELECT * FROM idempotency")):
            break
        await asyncio.sleep(0.02)

    assert left == []


async def test_the_key_of_a_process_that_died_may_be_taken_again(desk: Desk, wall: Wall):
    dead = await begin(desk, "default", "k-1", b"body")
    wall.time += timedelta(seconds=desk.services.deadline_s + MARGIN_S - 1)
    with pytest.raises(StillRunning):
        await begin(desk, "default", "k-1", b"body")
    wall.time += timedelta(seconds=1)
    with pytest.raises(KeyReused):
        await begin(desk, "default", "k-1", b"another body")

    taken = await begin(desk, "default", "k-1", b"body")
    assert isinstance(dead, Mine)
    assert isinstance(taken, Mine)
    # It was only slow: what it finds now is no longer its own.
    await finish(desk, dead, Answered(status=200, headers={}, body=b"late"))
    await idempotency.abandon(desk, dead)
    await finish(desk, taken, Answered(status=201, headers={"a": "b"}, body=b"mine"))

    assert await begin(desk, "default", "k-1", b"body") == Answered(status=201, headers={"a": "b"}, body=b"mine")


async def test_answers_are_kept_for_a_day(http: httpx2.AsyncClient, desk: Desk, wall: Wall):
    await ask(http, "k-1")
    wall.time += timedelta(hours=23, minutes=59)
    before = await ask(http, "k-1")
    pruned_early = await idempotency.prune_answers(desk)
    wall.time += timedelta(minutes=1)
    pruned = await idempotency.prune_answers(desk)
    after = await ask(http, "k-1", {**BODY, "title": "Two"})

    assert (before.headers["idempotent-replayed"], pruned_early, pruned) == ("true", 0, 1)
    assert after.status_code == 200


async def test_an_old_key_that_was_not_pruned_yet_is_free(http: httpx2.AsyncClient, wall: Wall):
    await ask(http, "k-1")
    wall.time += timedelta(hours=24)

    after = await ask(http, "k-1", {**BODY, "title": "Two"})

    assert (after.status_code, after.headers.get("idempotent-replayed")) == (200, None)


async def test_keys_of_tenants_do_not_meet(desk: Desk):
    mine = await create_key(desk.database, name="a", scopes=("extract",), tenant_id="a")
    theirs = await create_key(desk.database, name="b", scopes=("extract",), tenant_id="b")
    async with client_over(desk, key=mine.key) as one, client_over(desk, key=theirs.key) as two:
        await ask(one, "k-1")
        other = await ask(two, "k-1", {**BODY, "title": "Two"})

    assert (other.status_code, other.headers.get("idempotent-replayed")) == (200, None)


@pytest.mark.parametrize("key", ["", '"open', "two words", "x" * 256])
async def test_a_key_that_is_none_is_422(http: httpx2.AsyncClient, key: str):
    answer = await ask(http, key)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"


async def test_two_headers_are_422(http: httpx2.AsyncClient):
    answer = await http.post("/extract", json=BODY, headers=[("idempotency-key", "a"), ("idempotency-key", "b")])

    assert answer.status_code == 422


async def test_erasure_finds_the_kept_answers(http: httpx2.AsyncClient, desk: Desk):
    first = await ask(http, "k-1")
    await ask(http, "k-2", {"text": f"Another. {ARTICLE}"})
    extraction_id = first.json()["id"]

    async with desk.database.transaction() as connection:
        elsewhere = await idempotency.forget(connection, "other", [extraction_id])
        erased = await idempotency.forget(connection, "default", [extraction_id])

    assert (elsewhere, erased) == (0, 1)
    assert await desk.database.rows("SELECT key FROM idempotency") == [{"key": "k-2"}]
