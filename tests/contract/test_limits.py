"""Limits over a real PostgreSQL: refused before a model is called, counted over all processes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from service.adapters.database.pool import Database
from service.errors import LimitReached, ModelOverloaded
from service.extraction.ask import Spent
from service.extraction.engine import EngineAnswer, Question
from service.extraction.pipeline import rules_answer
from service.flows import jobs
from service.flows.access import admit, prune_usage
from service.flows.desk import Caller, Ceilings, Desk
from service.flows.extracting import do_extract, submit_extract
from service.flows.keys import Limits, NewKey, create_key
from service.flows.reading import read
from tests.api.client import ARTICLE, client_over
from tests.desks import ScriptedEngine, make_command, make_desk

NOON = datetime(2026, 5, 4, 12, 0, 20, 500_000, tzinfo=UTC)


class PaidEngine(ScriptedEngine):
    """Each answer costs 2 calls and 1,000 tokens; a failure 1 call and 60 tokens."""

    async def answer(self, question: Question) -> EngineAnswer:
        try:
            await super().answer(question)
        except ModelOverloaded as failure:
            failure.calls, failure.tokens = 1, (50, 20, 10)
            raise
        spent = Spent(calls=2, attempts=1)
        spent.usage = type(spent.usage)(input_tokens=900, cached_tokens=500, output_tokens=100)
        return rules_answer(question, spent=spent)


class Wall:
    """A wall clock that stands still."""

    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> datetime:
        return self.time


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def engine() -> PaidEngine:
    return PaidEngine()


@pytest.fixture
async def desk(database: Database, wall: Wall, engine: PaidEngine) -> Desk:
    return await make_desk(database, engine, now=wall.now)


async def new_key(desk: Desk, **limits: int) -> NewKey:
    return await create_key(desk.database, name="desk", scopes=("extract",), limits=Limits(**limits))


def text(number: int) -> dict[str, str]:
    return {"text": f"{ARTICLE} Number {number}."}


async def test_requests_above_the_limit_of_a_minute_are_429_before_the_call(desk: Desk, wall: Wall, engine: PaidEngine):
    key = await new_key(desk, requests_per_minute=2)
    async with client_over(desk, key=key.key) as http:
        answers = [await http.post("/extract", json=text(n)) for n in range(3)]
        wall.time = NOON + timedelta(seconds=40)
        later = await http.post("/extract", json=text(2))

    refused = answers[2]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert engine.calls == 3
    assert refused.headers["retry-after"] == "40"
    assert refused.headers["ratelimit-policy"] == '"requests-minute";q=2;w=60'
    assert refused.headers["ratelimit"] == '"requests-minute";r=0;t=40'
    assert refused.json()["detail"] == "The limit of 2 requests a minute of this key is reached; try again in 40 s."
    assert later.status_code == 200


async def test_a_refused_request_is_not_counted_anywhere(desk: Desk):
    key = await new_key(desk, requests_per_minute=1, requests_per_day=5)
    caller = Caller(key_id=key.id)
    await admit(desk, caller, None)
    for _ in range(3):
        with pytest.raises(LimitReached):
            await admit(desk, caller, None)

    rows = await desk.database.rows("SELECT period, requests FROM usage ORDER BY period")
    assert rows == [{"period": "day", "requests": 1}, {"period": "minute", "requests": 1}]


async def test_the_limit_of_a_day_ends_at_midnight_utc(desk: Desk, wall: Wall):
    caller = Caller(key_id=(await new_key(desk, requests_per_day=1)).id)
    await admit(desk, caller, None)
    wall.time = NOON.replace(hour=23, minute=59, second=50)

    with pytest.raises(LimitReached) as refused:
        await admit(desk, caller, None)
    wall.time += timedelta(seconds=10)
    await admit(desk, caller, None)

    assert (refused.value.policy, refused.value.retry_after_s) == ("requests-day", 10)


async def test_requests_at_the_same_time_never_pass_the_limit(database_url: str):
    one, two = Database(database_url), Database(database_url)
    await one.open()
    await two.open()
    desks = [await make_desk(one), await make_desk(two)]
    caller = Caller(key_id=(await new_key(desks[0], requests_per_day=10)).id)

    outcomes = await asyncio.gather(*(admit(desks[n % 2], caller, None) for n in range(40)), return_exceptions=True)

    assert sum(outcome is None for outcome in outcomes) == 10
    assert sum(isinstance(outcome, LimitReached) for outcome in outcomes) == 30
    await one.aclose()
    await two.aclose()


async def test_tokens_that_were_used_close_the_window(desk: Desk, wall: Wall, engine: PaidEngine):
    key = await new_key(desk, tokens_per_minute=1_500)
    async with client_over(desk, key=key.key) as http:
        answers = [await http.post("/extract", json=text(n)) for n in range(3)]
        wall.time = NOON + timedelta(minutes=1)
        later = await http.post("/extract", json=text(2))

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["ratelimit-policy"] == '"tokens-minute";q=1500;w=60'
    assert (later.status_code, engine.calls) == (200, 3)


async def test_what_a_failed_call_took_is_counted_too(desk: Desk, engine: PaidEngine):
    engine.failures = [ModelOverloaded(), ModelOverloaded()]
    key = await new_key(desk)
    async with client_over(desk, key=key.key) as http:
        failed = await http.post("/extract", json={**text(1), "on_failure": "error"})
        degraded = await http.post("/extract", json=text(2))

    rows = await desk.database.rows("SELECT subject, tokens FROM usage WHERE period = 'day' ORDER BY subject")
    assert (failed.status_code, degraded.json()["provenance"]["degraded"]) == (502, True)
    assert rows == [{"subject": "all", "tokens": 120}, {"subject": f"key:{key.id}", "tokens": 120}]


async def test_a_stored_answer_costs_a_request_but_no_call_and_no_tokens(desk: Desk, engine: PaidEngine):
    key = await new_key(desk, requests_per_day=3)
    desk.ceilings = Ceilings(requests_per_minute=1)
    async with client_over(desk, key=key.key) as http:
        statuses = [(await http.post("/extract", json=text(1))).status_code for _ in range(4)]

    used = await desk.database.row("SELECT requests, tokens FROM usage WHERE period = 'day' AND subject LIKE 'key:%%'", {})
    assert (statuses, engine.calls) == ([200, 200, 200, 429], 1)
    assert used == {"requests": 3, "tokens": 1_000}


async def test_the_ceiling_of_a_day_holds_for_all_and_lets_stored_answers_and_rules_pass(desk: Desk, engine: PaidEngine):
    desk.ceilings = Ceilings(tokens_per_day=1_000)
    await desk.database.execute("INSERT INTO tenant (id) VALUES ('other')")
    await read(desk, make_command("One. " + ARTICLE), Caller(tenant_id="other"))

    with pytest.raises(LimitReached, match="1,000 tokens a day of this service") as refused:
        await read(desk, make_command("Two. " + ARTICLE), Caller())
    stored = await read(desk, make_command("One. " + ARTICLE), Caller(tenant_id="other"))
    by_rules = await read(desk, make_command("Two. " + ARTICLE, model="rules"), Caller())

    assert refused.value.retry_after_s == 12 * 3600 - 20
    assert (stored.cached, by_rules.extraction.provenance.engine, engine.calls) == (True, "rules", 1)


async def test_the_calls_to_a_model_are_counted_over_processes_and_by_what_was_really_called(database_url: str, wall: Wall):
    one, two = Database(database_url), Database(database_url)
    await one.open()
    await two.open()
    engine, ceilings = PaidEngine(), Ceilings(requests_per_minute=3)
    desks = [await make_desk(base, engine, now=wall.now, ceilings=ceilings) for base in (one, two)]

    await read(desks[0], make_command("One. " + ARTICLE), Caller())  # lets one call in, and makes two
    await read(desks[1], make_command("Two. " + ARTICLE), Caller())
    with pytest.raises(LimitReached, match="3 requests a minute of the model"):
        await read(desks[1], make_command("Three. " + ARTICLE), Caller())

    assert engine.calls == 2
    await one.aclose()
    await two.aclose()


async def test_a_job_counts_for_the_key_that_submitted_it_and_waits_at_its_limit(desk: Desk, wall: Wall, engine: PaidEngine):
    key = await new_key(desk, tokens_per_minute=1_000)
    caller, works = Caller(key_id=key.id), {"extract": do_extract}
    async with desk.database.transaction() as connection:
        ids = [await submit_extract(desk, connection, make_command(f"{n}. {ARTICLE}"), caller) for n in range(2)]

    for job_id in ids:
        await jobs.run(desk, job_id, works)
    states = [(await jobs.find_job(desk, "default", job_id))["state"] for job_id in ids]
    queued = await desk.database.row(
        "SELECT scheduled_at, attempts FROM procrastinate_jobs WHERE scheduled_at IS NOT NULL AND args->>'id' = %(id)s",
        {"id": ids[1]},
    )
    wall.time = NOON + timedelta(minutes=1)
    await jobs.run(desk, ids[1], works)
    job = await jobs.find_job(desk, "default", ids[1])

    assert states == ["succeeded", "queued"]
    assert queued is not None
    assert queued["scheduled_at"] == NOON + timedelta(seconds=40)
    assert (job["state"], job["failures"], engine.calls) == ("succeeded", 0, 2)


async def test_who_has_no_key_has_only_the_ceilings(desk: Desk):
    for _ in range(3):
        await admit(desk, Caller(), None)

    assert await desk.database.rows("SELECT * FROM usage") == []


async def test_old_windows_are_pruned(desk: Desk, wall: Wall):
    await desk.database.execute(
        """INSERT INTO usage (subject, period, started) SELECT 'all', period, %(now)s - make_interval(days => days)
        FROM unnest(ARRAY['minute', 'day']) AS p (period), unnest(ARRAY[0, 2, 40]) AS d (days)""",
        {"now": wall.time},
    )

    assert await prune_usage(desk) == 3
    assert await desk.database.row("SELECT count(*) AS n FROM usage WHERE period = 'day'") == {"n": 2}
