"""What is stored, read back and erased through the routes, over a real PostgreSQL."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from service.adapters.database.pool import Database
from service.errors import ModelOverloaded
from service.flows import jobs
from service.flows.desk import Caller, Desk
from service.flows.endpoints import create_endpoint
from service.flows.erasing import erase
from service.flows.extracting import do_extract, read_now, submit_extract
from service.flows.keys import create_key
from tests.api.test_extract_endpoint import spans_in
from tests.desks import ScriptedEngine, make_command, make_desk
from tests.stored import FIRST, UPDATED, serving

ME = Caller()
WORKS = {"extract": do_extract}
# All columns that may hold words of an article; a search engine's index of them counts.
HOLDERS = (
    "SELECT count(*) AS n FROM article_version WHERE text LIKE %(word)s",
    "SELECT count(*) AS n FROM extraction WHERE record::text LIKE %(word)s OR words @@ plainto_tsquery('simple', %(plain)s)",
    "SELECT count(*) AS n FROM job WHERE request::text LIKE %(word)s",
    "SELECT count(*) AS n FROM message WHERE convert_from(body, 'UTF8') LIKE %(word)s",
    "SELECT count(*) AS n FROM idempotency WHERE convert_from(body, 'UTF8') LIKE %(word)s",
    "SELECT count(*) AS n FROM article WHERE url LIKE %(word)s",
)


@pytest.fixture
async def desk(database: Database) -> Desk:
    return await make_desk(database)


@pytest.fixture
async def client(desk: Desk) -> AsyncIterator[httpx2.AsyncClient]:
    async with serving(desk) as opened:
        yield opened


async def posted(client: httpx2.AsyncClient, text: str = FIRST, **fields: Any) -> dict[str, Any]:
    answer = await client.post("/extract", json={"text": text, "published_at": "2025-05-26", **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def article_of(client: httpx2.AsyncClient, source_id: str = "a1") -> str:
    (article,) = (await client.get("/articles", params={"source_id": source_id})).json()["articles"]
    return str(article["id"])


async def submitted(desk: Desk, text: str = FIRST, **article: Any) -> str:
    async with desk.database.transaction() as connection:
        return await submit_extract(desk, connection, make_command(text, **article), ME)


async def words_of(database: Database, word: str) -> int:
    found = [await database.row(query, {"word": f"%{word}%", "plain": word}) for query in HOLDERS]
    return sum(row["n"] for row in found if row is not None)


async def test_a_record_is_read_back_as_it_was_answered(client: httpx2.AsyncClient):
    answered = await posted(client, FIRST + " \u0000 \U0001f54a", id="a1", title="Swap")

    stored = await client.get(f"/extractions/{answered['id']}")

    spans = spans_in(stored.json())
    assert (stored.status_code, stored.headers["content-type"]) == (200, "application/json")
    assert stored.json() == answered
    assert len(spans) >= 4
    assert [span["text"] for span in spans] == [FIRST[span["start"] : span["end"]] for span in spans]


async def test_the_article_gives_the_text_that_offsets_refer_to(client: httpx2.AsyncClient):
    answered = await posted(client, id="a1", url="https://news.example/1", language="en")

    article = (await client.get(f"/articles/{await article_of(client)}")).json()

    assert (article["text"], article["extraction_id"]) == (FIRST, answered["id"])
    facts = article["article"]
    assert (facts["source_id"], facts["url"], facts["language"], facts["version"]) == (
        "a1", "https://news.example/1", "en", 1,
    )  # fmt: skip
    assert all(span["text"] == article["text"][span["start"] : span["end"]] for span in spans_in(answered))


async def test_extractions_are_found_by_what_they_say(client: httpx2.AsyncClient):
    swap = await posted(client, title="Swap at the bridge")
    other = await posted(client, "“We are open again,” said Ada Lund, the mayor.", title="Museum")

    async def found(**query: str) -> list[str]:
        answer = await client.get("/extractions", params=query)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["extractions"]]

    everything = (await client.get("/extractions")).json()["extractions"]
    shown = everything[1]
    assert await found() == [other["id"], swap["id"]]
    assert (shown["title"], shown["quotes"], shown["exchanges"], shown["model"]) == (
        "Swap at the bridge", len(swap["quotes"]), len(swap["exchanges"]), "rules",
    )  # fmt: skip
    assert shown["exchanges"] == 1
    assert "Mira Tolan" in shown["speakers"]
    for party in shown["parties"]:
        assert await found(party=party.upper()) == [swap["id"]]
        assert await found(party=party[:-1]) == []  # whole names only
    assert await found(speaker="mira tolan") == [swap["id"]]
    assert await found(speaker="tolan") == []
    assert await found(speaker="ADA LUND", q="open") == [other["id"]]
    assert await found(status=swap["exchanges"][0]["status"]) == [swap["id"]]
    assert await found(q='"left behind" -museum') == [swap["id"]]
    assert await found(q="museum or bridge") == [other["id"], swap["id"]]
    assert await found(q="'); DROP TABLE extraction; -- & ! :* <->") == []
    assert await found(since=shown["created_at"]) == [other["id"], swap["id"]]
    assert await found(until=shown["created_at"]) == []


async def test_pages_do_not_lose_or_repeat_what_is_there_when_more_comes(client: httpx2.AsyncClient):
    sent = [(await posted(client, f"“Number {i} is here,” said Ada Lund."))["id"] for i in range(7)]

    first = (await client.get("/extractions", params={"limit": 3})).json()
    await posted(client, "“One more,” said Ada Lund.")
    second = (await client.get("/extractions", params={"limit": 3, "cursor": first["next"]})).json()
    third = (await client.get("/extractions", params={"limit": 3, "cursor": second["next"]})).json()

    pages = [one["id"] for page in (first, second, third) for one in page["extractions"]]
    assert pages == list(reversed(sent))
    assert third["next"] is None


@pytest.mark.parametrize(
    "query",
    [
        "cursor=AAAA", "cursor=%00", "cursor=1-ext_0%0A", "cursor=", "limit=0", "limit=101", "limit=x", "since=2025-01-01",
        "since=yesterday", "until=0.5", "status=over", "q=", "q=%00", "party=", "unknown=1", "speaker=a%00b",
    ],
)  # fmt: skip
async def test_a_query_that_cannot_be_is_a_problem(client: httpx2.AsyncClient, query: str):
    answer = await client.get(f"/extractions?{query}")

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


@pytest.mark.parametrize(
    "path", ["/extractions/ext_0", "/extractions/%00", "/articles/art_0", "/articles/art_0/history", "/jobs/job_0"]
)
async def test_what_is_not_there_is_not_found(client: httpx2.AsyncClient, path: str):
    answer = await client.get(path)

    assert (answer.status_code, answer.json()["type"]) == (404, "/docs#problem-not-found")


async def test_a_history_tells_what_each_version_changed(client: httpx2.AsyncClient):
    first = await posted(client, id="a1")
    second = await posted(client, UPDATED, id="a1")
    await posted(client, UPDATED, id="a1")  # the same again is no version

    history = (await client.get(f"/articles/{await article_of(client)}/history")).json()

    newest, oldest = history["versions"]
    changes = newest["changes"]
    assert [(one["number"], one["extraction_id"]) for one in history["versions"]] == [(2, second["id"]), (1, first["id"])]
    assert (oldest["changes"], changes["since"], changes["removed"], history["next"]) == (None, 1, [], None)
    assert [(entry["what"], entry["record"]["text"]) for entry in changes["added"]] == [("quote", "They are home,")]
    (changed,) = [one for one in changes["changed"] if one["what"] == "exchange"]
    assert {(one["path"].rpartition("/")[2], one["old"], one["new"]) for one in changed["fields"]} == {("value", 40, 43)}


async def test_a_history_has_pages(client: httpx2.AsyncClient):
    for i in range(5):
        await posted(client, f"“Number {i} is here,” said Ada Lund.", id="a1")
    path = f"/articles/{await article_of(client)}/history"

    first = (await client.get(path, params={"limit": 2})).json()
    second = (await client.get(path, params={"limit": 3, "before": first["next"]})).json()

    assert [one["number"] for one in (*first["versions"], *second["versions"])] == [5, 4, 3, 2, 1]
    assert second["next"] is None


async def test_tenants_do_not_see_each_other(desk: Desk, client: httpx2.AsyncClient):
    keys = [await create_key(desk.database, name=t, scopes=["admin"], tenant_id=t) for t in ("one", "two")]
    mine, theirs = ({"Authorization": f"Bearer {key.key}"} for key in keys)
    sent = (await client.post("/extract", json={"text": FIRST, "id": "a1"}, headers=mine)).json()
    job = (
        await client.post("/extract", json={"text": UPDATED, "id": "a2"}, headers={**mine, "Prefer": "respond-async"})
    ).json()
    await desk.database.execute("UPDATE job SET state = 'parked'")
    article = (await client.get("/articles", headers=mine)).json()["articles"][0]["id"]

    paths = (f"/extractions/{sent['id']}", f"/articles/{article}", f"/articles/{article}/history", f"/jobs/{job['id']}")
    seen = [(await client.get(path, headers=mine)).status_code for path in paths]
    hidden = [(await client.get(path, headers=theirs)).status_code for path in paths]
    hidden.append((await client.delete(f"/articles/{article}", headers=theirs)).status_code)
    hidden.append((await client.post(f"/jobs/{job['id']}/retry", headers=theirs)).status_code)
    lists = [(await client.get(path, headers=theirs)).json() for path in ("/extractions", "/articles", "/jobs")]

    assert seen == [200, 200, 200, 200]
    assert hidden == [404] * 6
    assert [next(iter(one.values())) for one in lists] == [[], [], []]


async def test_each_route_asks_for_its_scope(desk: Desk, client: httpx2.AsyncClient):
    article = await posted(client, id="a1")
    id = await article_of(client)
    reader = {"Authorization": f"Bearer {(await create_key(desk.database, name='r', scopes=['read'])).key}"}
    writer = {"Authorization": f"Bearer {(await create_key(desk.database, name='w', scopes=['extract'])).key}"}
    desk.recent.__init__()  # type: ignore[misc] # that there are keys now counts seconds later

    reads = ["/extractions", f"/extractions/{article['id']}", "/articles", f"/articles/{id}", f"/articles/{id}/history"]
    assert [(await client.get(path, headers=reader)).status_code for path in reads] == [200] * 5
    assert [(await client.get(path, headers=writer)).status_code for path in reads] == [403] * 5
    assert [(await client.get(path)).status_code for path in reads] == [401] * 5
    assert (await client.delete(f"/articles/{id}", headers=reader)).status_code == 403
    assert (await client.get("/jobs", headers=reader)).status_code == 403
    assert (await client.post("/jobs/job_0/retry", headers=reader)).status_code == 403
    assert (await client.post("/extract/batch", content=b"", headers=reader)).status_code == 403


async def test_without_a_database_the_routes_say_so():
    async with serving(None) as client:
        answers = [await client.get(path) for path in ("/extractions", "/articles", "/jobs/job_0", "/jobs")]

    assert [(answer.status_code, answer.json()["type"]) for answer in answers] == [(503, "/docs#problem-no-database")] * 4


async def test_an_address_names_all_its_methods(client: httpx2.AsyncClient):
    answer = await client.put("/articles/art_0")

    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET")


# Erasing.


async def test_an_erased_article_leaves_its_ids_and_times_only(desk: Desk, client: httpx2.AsyncClient):
    engine = ScriptedEngine(failures=[ModelOverloaded()])
    desk.services.engines = {engine.name: engine}
    headers = {"Idempotency-Key": "k1"}
    body = {"text": FIRST, "id": "a1", "url": "https://news.example/Tolan", "title": "Tolan at the bridge"}
    degraded = (await client.post("/extract", json={**body, "model": engine.name}, headers=headers)).json()
    await posted(client, UPDATED, id="a1")
    await jobs.run(desk, await submitted(desk, UPDATED + " More.", id="a1"), WORKS)
    id = await article_of(client)
    before = await words_of(desk.database, "Tolan")

    answers = [await client.delete(f"/articles/{id}") for _ in range(2)]

    article = (await client.get(f"/articles/{id}")).json()
    history = (await client.get(f"/articles/{id}/history")).json()
    assert before >= 6
    assert [(answer.status_code, answer.content) for answer in answers] == [(204, b""), (204, b"")]
    assert await words_of(desk.database, "Tolan") == 0
    assert (await client.get(f"/extractions/{degraded['id']}")).status_code == 404
    assert (article["text"], article["title"], article["extraction_id"]) == (None, None, None)
    assert article["article"]["source_id"] == "a1"
    assert article["article"]["erased_at"] is not None
    assert [(one["number"], one["deleted"]) for one in history["versions"]] == [(4, True)]


async def test_an_erasure_is_told_once_and_what_was_said_before_is_silenced(desk: Desk, client: httpx2.AsyncClient):
    await create_endpoint(desk, ME.tenant_id, url="https://receiver.example/", event_types=[], description="")
    await jobs.run(desk, await submitted(desk, id="a1"), WORKS)
    id = await article_of(client)

    for _ in range(2):
        await client.delete(f"/articles/{id}")

    messages = await desk.database.rows("SELECT type, body FROM message ORDER BY sequence")
    told = [json.loads(bytes(row["body"])) for row in messages if row["body"] is not None]
    assert [row["type"] for row in messages] == ["extraction.completed", "exchange.detected", "article.deleted"]
    assert [(one["type"], one["data"]["article"]["id"], one["data"]["article"]["sequence"]) for one in told] == [
        ("article.deleted", "a1", 2)
    ]


async def test_an_article_that_comes_back_goes_on_where_it_was(desk: Desk, client: httpx2.AsyncClient):
    await jobs.run(desk, await submitted(desk, id="a1"), WORKS)
    id = await article_of(client)
    await client.delete(f"/articles/{id}")

    await jobs.run(desk, await submitted(desk, id="a1"), WORKS)

    article = (await client.get(f"/articles/{id}")).json()
    completed = await desk.database.rows("SELECT body FROM message WHERE type = 'extraction.completed' AND body IS NOT NULL")
    assert (article["text"], article["article"]["version"], article["article"]["deleted_at"]) == (FIRST, 3, None)
    assert [json.loads(bytes(row["body"]))["data"]["article"]["sequence"] for row in completed] == [3]


async def test_a_text_that_two_articles_share_stays_as_the_others(client: httpx2.AsyncClient):
    one = await posted(client, id="a1", url="https://news.example/1")
    two = await posted(client, id="a2", url="https://news.example/2")

    await client.delete(f"/articles/{await article_of(client, 'a1')}")

    left = (await client.get(f"/extractions/{two['id']}")).json()
    assert one["id"] == two["id"]
    assert (left["article"]["id"], left["article"]["url"]) == ("a2", "https://news.example/2")
    assert left == two
    assert (await client.get(f"/articles/{await article_of(client, 'a2')}")).json()["extraction_id"] == two["id"]


async def test_a_job_that_waits_does_not_bring_an_erased_article_back(desk: Desk, client: httpx2.AsyncClient):
    await posted(client, id="a1")
    waiting = [await submitted(desk, UPDATED + end, id="a1") for end in ("", " \u0000")]
    other = await submitted(desk, "“Tolan” is in this, too.", id="a11")
    await client.delete(f"/articles/{await article_of(client)}")

    for job_id in (*waiting, other):
        await jobs.run(desk, job_id, WORKS)

    states = [(await client.get(f"/jobs/{job_id}")).json()["outcome"] for job_id in (*waiting, other)]
    assert states == ["ignored", "ignored", "succeeded"]
    assert await desk.database.rows("SELECT text FROM article_version WHERE text <> ''") == [
        {"text": "“Tolan” is in this, too."}
    ]


@pytest.mark.parametrize("how", ["job", "request"])
async def test_a_reading_under_way_does_not_bring_an_erased_article_back(desk: Desk, client: httpx2.AsyncClient, how: str):
    engine = ScriptedEngine(pause_s=0.5)
    desk.services.engines = {engine.name: engine}
    await posted(client, "“Nothing yet,” said Mira Tolan.", id="a1")
    command = make_command(UPDATED, id="a1", model=engine.name)
    if how == "job":
        async with desk.database.transaction() as connection:
            job_id = await submit_extract(desk, connection, command, ME)
        reading = asyncio.create_task(jobs.run(desk, job_id, WORKS))
    else:
        reading = asyncio.create_task(read_now(desk, command, ME))  # type: ignore[arg-type]
    await asyncio.wait_for(engine.started.wait(), 20)
    await asyncio.sleep(0.1)

    await client.delete(f"/articles/{await article_of(client)}")
    await reading

    assert engine.calls == 1
    assert await words_of(desk.database, "Tolan") == 0
    assert await desk.database.rows("SELECT type FROM message") == [{"type": "article.deleted"}]


async def test_an_erasure_and_a_reading_of_the_same_text_do_not_break_each_other(desk: Desk):
    for round in range(10):
        await read_now(desk, make_command(FIRST, id=f"a{round}"), ME)
        row = await desk.database.row("SELECT id FROM article ORDER BY id DESC LIMIT 1")
        assert row is not None

        async def erased(id: str = row["id"]) -> None:
            async with desk.database.transaction() as connection:
                await erase(desk, connection, ME.tenant_id, id)

        await asyncio.gather(erased(), *(read_now(desk, make_command(FIRST, id=f"b{round}-{i}"), ME) for i in range(3)))

    linked = await desk.database.row("SELECT count(*) AS n FROM article_version WHERE extraction_id IS NOT NULL")
    assert linked is not None
    assert linked["n"] >= 10


async def test_a_failed_job_of_an_erased_article_keeps_no_request(desk: Desk, client: httpx2.AsyncClient):
    engine = ScriptedEngine(failures=[RuntimeError("a fault of ours") for _ in range(3)])
    desk.services.engines = {engine.name: engine}
    async with desk.database.transaction() as connection:
        job_id = await submit_extract(desk, connection, make_command(FIRST, id="a1", model=engine.name), ME)
    for _ in range(3):
        await jobs.run(desk, job_id, WORKS)
    parked = (await client.get(f"/jobs/{job_id}")).json()

    await client.delete(f"/articles/{await article_of(client)}")

    assert (parked["outcome"], parked["status"], len(parked["articles"])) == ("parked", "failed", 1)
    assert await words_of(desk.database, "Tolan") == 0
