"""GET /metrics and GET /health/ready over a real database, with it and without."""

from __future__ import annotations

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from service.adapters.database.pool import Database
from service.flows import jobs
from service.flows.backlog import look
from service.flows.desk import Caller, Desk
from service.flows.extracting import submit_extract
from service.flows.keys import create_key
from service.worker import WORKS
from tests.api.client import client_over, make_app, make_context
from tests.desks import ScriptedEngine, make_command, make_desk
from tests.receivers import tell


async def submitted(desk: Desk, text: str) -> str:
    async with desk.database.transaction() as connection:
        return await submit_extract(desk, connection, make_command(text), Caller())


def samples(text: str) -> dict[tuple[str, ...], float]:
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[(sample.name, *(sample.labels[name] for name in sorted(sample.labels)))] = sample.value
    return found


async def shown(desk: Desk, **client: object) -> httpx2.Response:
    async with client_over(desk, **client) as http:  # type: ignore[arg-type]
        return await http.get("/metrics")


async def test_the_queue_is_counted_when_it_is_asked_for(database: Database):
    desk = await make_desk(database, ScriptedEngine())
    done, _ = [await submitted(desk, text) for text in ("One of two.", "Two of two.")]
    await jobs.run(desk, done, WORKS)
    await database.execute("UPDATE job SET created_at = now() - interval '90 seconds' WHERE state = 'queued'")

    found = samples((await shown(desk, open_mode=True)).text)

    assert found["parley_database_up",] == 1
    assert found["parley_queue_jobs", "extract", "queued"] == 1
    assert 90 <= found["parley_queue_oldest_job_seconds",] < 120
    assert found["parley_jobs_parked",] == found["parley_dead_letters",] == found["parley_workers_alive",] == 0
    assert found["parley_jobs_total", "extract", "succeeded"] >= 1


async def test_messages_on_their_way_and_given_up_are_counted(database: Database):
    desk = await make_desk(database)
    from service.flows.endpoints import create_endpoint

    await create_endpoint(desk, "default", url="http://127.0.0.1:9/in", allow_private=True)
    await tell(desk, "a1")
    await tell(desk, "a2")
    await database.execute("UPDATE dispatch SET next_at = now() - interval '1 hour'")
    before = await look(database)
    await database.execute("UPDATE dispatch SET state = 'exhausted', next_at = NULL")
    after = await look(database)

    assert (before.dispatches, before.dead_letters) == (2, 0)
    assert before.oldest_due_dispatch_s is not None
    assert before.oldest_due_dispatch_s >= 3600
    assert (after.dispatches, after.dead_letters, after.oldest_due_dispatch_s) == (0, 2, None)


async def test_on_loopback_metrics_are_open_also_with_keys_and_with_the_database_away(database: Database):
    desk = await make_desk(database)
    await create_key(database, name="desk", scopes=("read",))
    with_keys = await shown(desk, open_mode=True)
    await database.aclose()
    without_database = await shown(desk, open_mode=True)

    assert with_keys.status_code == without_database.status_code == 200
    found = samples(without_database.text)
    assert found["parley_database_up",] == 0
    assert not any(name[0].startswith("parley_queue") for name in found)
    assert "parley_http_requests_total" in without_database.text


async def test_elsewhere_they_want_an_admin_unless_the_operator_opened_them(database: Database):
    desk = await make_desk(database)
    admin = await create_key(database, name="ops", scopes=("admin",))
    reader = await create_key(database, name="desk", scopes=("read",))
    context = make_context()
    context.desk, context.services, context.open_mode, context.open_metrics = desk, desk.services, False, True
    transport = httpx2.ASGITransport(app=make_app(context), client=("203.0.113.9", 50_000))

    statuses = [
        (await shown(desk, open_mode=True, address="203.0.113.9")).status_code,
        (await shown(desk, open_mode=True, **{"x-forwarded-for": "203.0.113.9"})).status_code,
        (await shown(desk)).status_code,
        (await shown(desk, key=reader.key)).status_code,
        (await shown(desk, key=admin.key)).status_code,
    ]
    async with httpx2.AsyncClient(transport=transport, base_url="http://parley.example") as http:
        opened = await http.get("/metrics")

    assert statuses == [401, 401, 401, 403, 200]
    assert opened.status_code == 200


async def test_readiness_asks_the_database_and_says_when_the_service_stops(database: Database):
    desk = await make_desk(database, engine := ScriptedEngine())
    async with client_over(desk) as http:
        ready = await http.get("/health/ready")
        await database.aclose()
        away, live = await http.get("/health/ready"), await http.get("/health/live")
    context = make_context()
    context.desk, context.services, context.draining = desk, desk.services, True
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=make_app(context)), base_url="http://p") as http:
        stopping = await http.get("/health/ready")

    assert (ready.status_code, ready.json()["checks"]) == (200, {"database": True})
    assert (away.status_code, away.json()["detail"]) == (503, "Not reachable: database.")
    assert stopping.status_code == 503
    assert away.headers["retry-after"] == stopping.headers["retry-after"] == "1"
    assert live.status_code == 200
    assert engine.calls == 0
