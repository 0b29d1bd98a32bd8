"""Reading at most once, over a real PostgreSQL."""

from __future__ import annotations

import asyncio

import pytest

from service.adapters.database.pool import Database
from service.errors import DatabaseUnavailable, ModelOverloaded
from service.flows.desk import Caller
from service.flows.reading import Reading, read
from tests.desks import ScriptedEngine, make_command, make_desk

ME = Caller()


async def test_the_second_request_is_answered_from_the_store(database: Database):
    engine = ScriptedEngine()
    desk = await make_desk(database, engine)

    first = await read(desk, make_command(), ME)
    second = await read(desk, make_command(), ME)

    assert (first.cached, second.cached, engine.calls) == (False, True, 1)
    assert second.extraction == first.extraction
    assert second.extraction.exchanges


async def test_a_stored_answer_bears_the_id_and_address_of_who_asks(database: Database):
    desk = await make_desk(database)

    await read(desk, make_command(id="one", url="https://a.example/1"), ME)
    second = await read(desk, make_command(id="two", url="https://a.example/2"), ME)

    assert second.cached
    assert (second.extraction.article.id, second.extraction.article.url) == ("two", "https://a.example/2")


@pytest.mark.parametrize("other", [{"title": "Another"}, {"language": None, "from_html": True}], ids=["title", "html"])
async def test_what_decides_the_answer_makes_another_entry(database: Database, other: dict[str, object]):
    engine = ScriptedEngine()
    desk = await make_desk(database, engine)

    await read(desk, make_command(), ME)
    await read(desk, make_command(**other), ME)

    assert engine.calls == 2


async def test_tenants_do_not_share_the_store(database: Database):
    engine = ScriptedEngine()
    desk = await make_desk(database, engine)
    await database.execute("INSERT INTO tenant (id) VALUES ('other')")

    await read(desk, make_command(), ME)
    theirs = await read(desk, make_command(), Caller(tenant_id="other"))

    assert (theirs.cached, engine.calls) == (False, 2)


async def test_identical_requests_at_the_same_time_cost_one_call(database: Database):
    engine = ScriptedEngine(pause_s=0.2)
    desk = await make_desk(database, engine)

    readings = await asyncio.gather(*(read(desk, make_command(), ME) for _ in range(10)))

    assert engine.calls == 1
    assert len({reading.extraction.id for reading in readings}) == 1


async def test_identical_requests_to_two_processes_cost_one_call(database_url: str):
    one, two = Database(database_url), Database(database_url)
    await one.open()
    await two.open()
    first, second = ScriptedEngine(pause_s=0.6), ScriptedEngine(pause_s=0.6)
    desks = await make_desk(one, first), await make_desk(two, second)

    async def by_the_other() -> Reading:
        await first.started.wait()
        return await read(desks[1], make_command(), ME)

    readings = await asyncio.gather(read(desks[0], make_command(), ME), by_the_other())

    assert (first.calls, second.calls) == (1, 0)
    assert readings[1].cached
    await one.aclose()
    await two.aclose()


async def test_requests_that_differ_in_what_a_failure_comes_to_share_one_call(database: Database):
    engine = ScriptedEngine(pause_s=0.3)
    desk = await make_desk(database, engine)

    await asyncio.gather(*(read(desk, make_command(on_failure=how), ME) for how in ("degrade", "error")))

    assert engine.calls == 1
    assert await database.rows("SELECT * FROM claim") == []


async def test_who_gives_up_does_not_take_the_answer_from_the_others(database: Database):
    engine = ScriptedEngine(pause_s=0.3)
    desk = await make_desk(database, engine)
    impatient = asyncio.create_task(read(desk, make_command(), ME))
    patient = asyncio.create_task(read(desk, make_command(), ME))
    for _ in range(500):
        if any(flight.waiting == 2 for flight in desk.flights._flights.values()):
            break
        await asyncio.sleep(0.01)

    impatient.cancel()

    assert (await patient).extraction.exchanges
    assert engine.calls == 1


async def test_work_that_nobody_waits_for_ends_and_leaves_no_claim(database: Database):
    engine = ScriptedEngine(pause_s=30)
    desk = await make_desk(database, engine)
    only = asyncio.create_task(read(desk, make_command(), ME))
    await engine.started.wait()

    only.cancel()
    with pytest.raises(asyncio.CancelledError):
        await only
    for _ in range(50):
        if not (left := await database.rows("SELECT * FROM claim")):
            break
        await asyncio.sleep(0.05)

    assert left == []


async def test_a_degraded_answer_is_kept_but_not_given_again(database: Database):
    engine = ScriptedEngine(failures=[ModelOverloaded()])
    desk = await make_desk(database, engine)

    first = await read(desk, make_command(), ME)
    second = await read(desk, make_command(), ME)

    assert (first.extraction.provenance.degraded, second.extraction.provenance.degraded) == (True, False)
    assert await database.row("SELECT count(*) AS n FROM extraction") == {"n": 2}


async def test_a_database_that_went_away_is_told(database_url: str):
    database = Database(database_url, wait_s=0.2)
    await database.open()
    desk = await make_desk(database)
    await database.aclose()

    with pytest.raises(DatabaseUnavailable, match="does not answer"):
        await read(desk, make_command(), ME)
