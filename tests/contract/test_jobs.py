"""Jobs over a real PostgreSQL and its queue: done once in effect, whatever fails or dies."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from service.adapters.database.pool import Database
from service.errors import AnswerInvalid, EmptyArticle, ModelOverloaded, NothingThere, QueueFull
from service.flows import jobs
from service.flows.articles import Kept, Version, keep_version
from service.flows.desk import Caller, Ceilings, Desk
from service.flows.extracting import do_extract, submit_extract
from service.handlers import ExtractArticle
from service.worker import run_worker
from tests.desks import ScriptedEngine, make_command, make_desk

ME = Caller()
WORKS = {"extract": do_extract}


async def _submit(desk: Desk, command: ExtractArticle) -> str:
    async with desk.database.transaction() as connection:
        return await submit_extract(desk, connection, command, ME)


async def _state(desk: Desk, job_id: str) -> str:
    return str((await jobs.find_job(desk, ME.tenant_id, job_id))["state"])


async def _until(desk: Desk, job_id: str, *states: str) -> str:
    for _ in range(200):
        if (state := await _state(desk, job_id)) in states:
            return state
        await asyncio.sleep(0.05)
    raise AssertionError(f"the job is still {state}")


async def test_a_worker_does_the_job(database: Database):
    desk = await make_desk(database)
    worker = asyncio.create_task(run_worker(desk, concurrency=2, patience_s=5))

    job_id = await _submit(desk, make_command(id="a1"))
    state = await _until(desk, job_id, "succeeded", "failed")

    job = await jobs.find_job(desk, ME.tenant_id, job_id)
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    assert (state, len(job["extraction_ids"]), len(job["article_ids"]), job["request"]) == ("succeeded", 1, 1, None)


async def test_doing_a_job_again_changes_nothing(database: Database):
    engine = ScriptedEngine()
    desk = await make_desk(database, engine)
    job_id = await _submit(desk, make_command(id="a1"))

    await jobs.run(desk, job_id, WORKS)
    await jobs.run(desk, job_id, WORKS)

    assert (await _state(desk, job_id), engine.calls) == ("succeeded", 1)
    assert await database.row("SELECT count(*) AS n FROM article_version") == {"n": 1}


async def test_a_worker_that_died_before_the_end_leaves_work_that_is_finished(database: Database):
    engine = ScriptedEngine(pause_s=30)
    desk = await make_desk(database, engine)
    job_id = await _submit(desk, make_command(id="a1"))
    dying = asyncio.create_task(jobs.run(desk, job_id, WORKS))
    await engine.started.wait()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    engine.pause_s = 0

    await jobs.run(desk, job_id, WORKS)

    assert await _state(desk, job_id) == "succeeded"
    assert await database.rows("SELECT number, extraction_id IS NOT NULL AS read FROM article_version") == [
        {"number": 1, "read": True}
    ]


async def test_a_failing_model_is_asked_later_and_then_answers(database: Database):
    engine = ScriptedEngine(failures=[ModelOverloaded(), None])
    desk = await make_desk(database, engine)
    job_id = await _submit(desk, make_command())

    await jobs.run(desk, job_id, WORKS)
    waiting = await database.row(
        "SELECT scheduled_at > now() AS later FROM procrastinate_jobs WHERE args->>'id' = %(id)s ORDER BY id DESC",
        {"id": job_id},
    )
    first = await _state(desk, job_id)
    await jobs.run(desk, job_id, WORKS)

    assert (first, waiting, await _state(desk, job_id), engine.calls) == ("queued", {"later": True}, "succeeded", 2)


async def test_a_model_that_goes_on_failing_is_replaced_by_rules_and_that_is_said(database: Database):
    engine = ScriptedEngine(failures=[ModelOverloaded() for _ in range(20)])
    desk = await make_desk(database, engine)
    job_id = await _submit(desk, make_command(id="a1"))

    for _ in range(jobs.MOST_FAILURES + 1):
        await jobs.run(desk, job_id, WORKS)

    assert await _state(desk, job_id) == "succeeded"
    assert await database.rows("SELECT degraded FROM extraction") == [{"degraded": True}]


async def test_an_unusable_answer_is_not_asked_for_again_later(database: Database):
    engine = ScriptedEngine(failures=[AnswerInvalid(), AnswerInvalid()])
    desk = await make_desk(database, engine)
    job_id = await _submit(desk, make_command())

    await jobs.run(desk, job_id, WORKS)

    assert await database.rows("SELECT degraded FROM extraction") == [{"degraded": True}]


async def test_who_wants_no_degraded_answer_gets_the_reason(database: Database):
    engine = ScriptedEngine(failures=[AnswerInvalid()])
    desk = await make_desk(database, engine)
    job_id = await _submit(desk, make_command(on_failure="error"))

    await jobs.run(desk, job_id, WORKS)

    job = await jobs.find_job(desk, ME.tenant_id, job_id)
    assert (job["state"], job["problem"]["type"]) == ("failed", "AnswerInvalid")


async def test_a_job_that_always_breaks_is_parked_after_the_third_time_and_can_be_tried_again(database: Database):
    engine = ScriptedEngine(failures=[RuntimeError("a fault of ours") for _ in range(3)])
    desk = await make_desk(database, engine)
    job_id = await _submit(desk, make_command())

    states = []
    for _ in range(4):
        await jobs.run(desk, job_id, WORKS)
        states.append(await _state(desk, job_id))
    await jobs.retry_parked(desk, job_id)
    await jobs.run(desk, job_id, WORKS)

    assert states == ["queued", "queued", "parked", "parked"]
    assert (await _state(desk, job_id), engine.calls) == ("succeeded", 4)


async def test_jobs_of_a_dead_worker_are_taken_over_once(database: Database):
    desk = await make_desk(database)
    job_id = await _submit(desk, make_command())
    await database.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 minute')")
    await database.execute("UPDATE job SET state = 'running'")
    await database.execute(
        "UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT id FROM procrastinate_workers)"
    )

    taken = await asyncio.gather(*(jobs.take_over(desk) for _ in range(3)))

    job = await jobs.find_job(desk, ME.tenant_id, job_id)
    assert (sum(taken), job["state"], job["crashes"]) == (1, "queued", 1)
    assert await database.rows("SELECT status::text FROM procrastinate_jobs ORDER BY id") == [
        {"status": "failed"},
        {"status": "todo"},
    ]


async def test_jobs_of_a_living_worker_are_left_alone(database: Database):
    desk = await make_desk(database)
    await _submit(desk, make_command())
    await database.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())")
    await database.execute(
        "UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT id FROM procrastinate_workers)"
    )

    assert await jobs.take_over(desk) == 0


async def test_a_version_whose_reading_was_interrupted_is_read_although_a_newer_one_came(database: Database):
    def version(key: str) -> Version:
        return Version(
            tenant_id="default", connection_id=None, source_id="a1", language="", version_key=key, title=None,
            text=f"Text of {key}.", published_at=None, url=None,
        )  # fmt: skip

    keepings = []
    for key in ("1", "2", "1", "0"):
        async with database.transaction() as connection:
            keepings.append(await keep_version(connection, version(key), accepted_at=datetime.now(UTC)))

    assert [(keeping.kept, keeping.number) for keeping in keepings] == [
        (Kept.NEW, 1), (Kept.NEW, 2), (Kept.UNCHANGED, 1), (Kept.OLDER, 0),
    ]  # fmt: skip


async def test_a_job_that_its_living_worker_forgot_is_given_back(database: Database):
    """As when the database went away while a job's return to the queue was written down."""
    desk = await make_desk(database)
    worker = asyncio.create_task(run_worker(desk, concurrency=2, patience_s=5))
    first = await _submit(desk, make_command("One is done, so the worker is known."))
    await _until(desk, first, "succeeded")
    async with database.transaction() as connection:
        forgotten = await submit_extract(desk, connection, make_command("Two is forgotten."), ME)
        await connection.execute(
            """UPDATE procrastinate_jobs SET status = 'doing',
                worker_id = (SELECT min(id) FROM procrastinate_workers) WHERE args->>'id' = %(id)s""",
            {"id": forgotten},
        )

    for _ in range(2):
        await jobs.take_over(desk)
    state = await _until(desk, forgotten, "succeeded")

    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    assert (state, (await jobs.find_job(desk, ME.tenant_id, forgotten))["crashes"]) == ("succeeded", 0)


async def test_who_floods_goes_behind_the_others(database: Database):
    desk = await make_desk(database)
    for text in ("One.", "Two.", "Three."):
        await _submit(desk, make_command(text))

    rows = await database.rows("SELECT priority FROM procrastinate_jobs ORDER BY id")

    assert [row["priority"] for row in rows] == [1_000_000, 999_999, 999_998]


async def test_a_full_queue_takes_no_more(database: Database):
    desk = await make_desk(database, ceilings=Ceilings(queued_jobs=1))
    await _submit(desk, make_command("One."))

    with pytest.raises(QueueFull, match="waiting"):
        await _submit(desk, make_command("Two."))


async def test_another_tenants_job_is_not_there(database: Database):
    desk = await make_desk(database)
    job_id = await _submit(desk, make_command())

    with pytest.raises(NothingThere, match="no job"):
        await jobs.find_job(desk, "other", job_id)


async def test_an_article_without_text_fails_with_its_reason(database: Database):
    desk = await make_desk(database)
    job_id = await _submit(desk, make_command("—"))

    await jobs.run(desk, job_id, WORKS)

    job = await jobs.find_job(desk, ME.tenant_id, job_id)
    assert (job["state"], job["problem"]["type"]) == ("failed", EmptyArticle.__name__)
