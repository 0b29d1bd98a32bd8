"""Results into the CMS, over real HTTP and a real PostgreSQL: written once, never over a newer text, and no loop follows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from service.adapters.database.pool import Database, Row
from service.flows import jobs, writeback
from service.flows.connections import disable_connection
from service.flows.desk import Desk
from service.flows.dispatching import dispatch
from service.flows.polling import poll
from service.flows.writeback import write_back
from service.worker import WORKS
from tests.contract.test_polling import HTML, OTHER, adapter_of, both, count, id_of, log, told
from tests.desks import ScriptedEngine, make_desk
from tests.newsrooms import (
    ADMIN_KEY,
    PASSWORD,
    VENDOR_WORDS,
    Ghost,
    Newsroom,
    WordPress,
    connect,
    deliver,
    hook_of,
    open_newsroom,
    work_off,
)
from tests.senders import PARAGRAPHS, as_html

__all__ = ["log"]  # a fixture

SHORT = (0.0, 0.02, 0.02, 0.02)
BREAKING_OUT = (
    "Dorvia and Kestan exchanged prisoners at the Halm bridge on Tuesday: each side returned 31 soldiers.",
    "“They are home &lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt; &lt;!-- at last,” said Ines Tabor, a spokeswoman"
    " for the Red Cross.",
)


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture
async def desk(database: Database, engine: ScriptedEngine) -> AsyncIterator[Desk]:
    made = await make_desk(database, engine, schedule_s=SHORT, base_url="https://parley.example")
    yield made
    await made.outbound.aclose()


async def connected(desk: Desk, newsroom: Newsroom, way: str | None = None, **wanted: object) -> str:
    """A connection with write-back, whose CMS sends its hook at every write of ours."""
    adapter = adapter_of(newsroom)
    usual = "codeinjection" if adapter == "ghost" else "meta"
    connection_id = await connect(desk, newsroom, adapter, write_back=way or usual, **wanted)

    async def tell(event: str, post: dict[str, Any]) -> None:
        await deliver(desk, adapter, connection_id, hook_of(newsroom, event, post))

    newsroom.tell = tell
    return connection_id


async def publish(desk: Desk, newsroom: Newsroom, html: str = HTML, **other: object) -> None:
    """Save post 1 and let its hook arrive."""
    await newsroom.tell(
        "article.updated" if adapter_of(newsroom) == "wordpress" else "post.published",
        newsroom.save(id_of(newsroom, 1), html, **other),
    )


async def dispatches(desk: Desk) -> list[Row]:
    return await desk.database.rows("SELECT * FROM dispatch ORDER BY id")


async def attempts(desk: Desk) -> list[tuple[int, int | None, str | None]]:
    rows = await desk.database.rows("SELECT number, status, error, response_head FROM attempt ORDER BY id")
    assert all(row["response_head"] is None for row in rows)  # it would hold the article
    return [(row["number"], row["status"], row["error"]) for row in rows]


async def states(desk: Desk) -> list[str]:
    return [row["state"] for row in await dispatches(desk)]


async def dispatches_due(desk: Desk) -> list[Row]:
    """Do the jobs, and take the dispatches that follow out of the queue, as `write_back` gets them."""
    rows: list[Row] = []

    async def take(desk: Desk, row: Row) -> None:
        rows.append(row)

    for task in ("job", "dispatch"):
        for subject in await desk.database.rows(
            "DELETE FROM procrastinate_jobs WHERE task_name = %(task)s RETURNING args->>'id' AS id", {"task": task}
        ):
            if task == "job":
                await jobs.run(desk, subject["id"], WORKS)
            else:
                await dispatch(desk, subject["id"], write_back=take)
    return rows


def linked(head: str) -> list[Any]:
    """The JSON-LD of a page's head, as a browser finds it."""
    tree = LexborHTMLParser(f"<head>{head}</head>")
    return [json.loads(node.text()) for node in tree.css("script") if node.attributes.get("type") == "application/ld+json"]


@both
async def test_the_hook_that_our_own_write_causes_leads_nowhere(desk, engine, kind):
    async with open_newsroom(kind()) as newsroom:
        connection_id = await connected(desk, newsroom, poll_seconds=15)
        await publish(desk, newsroom)
        for _ in range(3):
            await work_off(desk)
            await poll(desk, connection_id)

    assert (len(newsroom.writes), engine.calls, await count(desk, "article_version")) == (1, 1, 1)
    assert await told(desk) == ["extraction.completed", "exchange.detected"]
    assert (await states(desk), await attempts(desk)) == (["delivered"], [(1, 200, None)])
    # Its own hook did arrive: told of the publication and of the write.
    assert await count(desk, "delivery") == 2


async def test_wordpress_gets_the_result_as_post_meta(desk):
    async with open_newsroom(WordPress()) as newsroom:
        await connected(desk, newsroom)
        await publish(desk, newsroom)
        await work_off(desk)

    stored = newsroom.posts["1"]["meta"]
    result = json.loads(stored)
    row = await desk.database.row("SELECT id, text_sha256 FROM extraction")
    assert (result["id"], result["text_sha256"]) == (row["id"], row["text_sha256"])
    assert result["url"] == f"https://parley.example/extractions/{row['id']}"
    assert result["counts"] == {"exchanges": 1, "quotes": 1, "rejected": 0, "warnings": result["counts"]["warnings"]}
    assert [(quote["text"], quote["speaker"]) for quote in result["quotes"]] == [
        ("They are tired, and they are home,", "Ines Tabor")
    ]
    assert {transfer["released_by"] for transfer in result["exchanges"][0]["transfers"]} == {"Dorvia", "Kestan"}
    assert (result["provenance"]["degraded"], result["left_out"]) == (False, {"exchanges": 0, "quotes": 0})
    assert stored.isascii()


async def test_ghost_gets_linked_data_in_the_head_beside_what_others_have_there(desk):
    own = "<style>p { color: red }</style>"
    async with open_newsroom(Ghost()) as newsroom:
        await connected(desk, newsroom)
        await publish(desk, newsroom, codeinjection_head=own)
        await work_off(desk)
        first = newsroom.posts["p0001"]["codeinjection_head"]
        await publish(desk, newsroom, OTHER)
        await work_off(desk)

    second = newsroom.posts["p0001"]["codeinjection_head"]
    assert (first.startswith(own), second.startswith(own)) == (True, True)
    assert [len(data["hasPart"]) for data in linked(first) + linked(second)] == [1, 2]
    (data,) = linked(second)
    assert data["hasPart"][0] == {
        "@type": "Quotation",
        "identifier": data["hasPart"][0]["identifier"],
        "text": "They are tired, and they are home,",
        "spokenByCharacter": {"@type": "Person", "name": "Ines Tabor"},
    }
    assert data["parley"]["counts"]["exchanges"] == 1
    assert await states(desk) == ["delivered", "delivered"]


@both
async def test_no_quotation_can_break_out_of_a_page(desk, kind):
    async with open_newsroom(kind()) as newsroom:
        await connected(desk, newsroom)
        await publish(desk, newsroom, as_html(BREAKING_OUT))
        await work_off(desk)

    (post,) = newsroom.posts.values()
    if kind is Ghost:
        tree = LexborHTMLParser(f"<head>{post['codeinjection_head']}</head>")
        (quotation,) = linked(post["codeinjection_head"])[0]["hasPart"]
        assert len(tree.css("script")) == 1
    else:
        (quotation,) = json.loads(post["meta"])["quotes"]
        assert not set("<>&") & set(post["meta"])
    assert "</script><script>alert(1)</script> <!-- at last" in quotation["text"]


async def test_a_tag_is_added_to_those_there_are_and_once(desk):
    tags = [{"id": "t1", "name": "News"}, {"id": "t2", "name": "#hidden"}]
    async with open_newsroom(Ghost()) as newsroom:
        await connected(desk, newsroom, "tag")
        await publish(desk, newsroom, tags=tags)
        await work_off(desk)
        await publish(desk, newsroom, OTHER)
        await work_off(desk)

    assert [tag["name"] for tag in newsroom.posts["p0001"]["tags"]] == ["News", "#hidden", "#parley"]
    assert newsroom.posts["p0001"]["tags"][:2] == tags
    assert (len(newsroom.writes), await states(desk)) == (1, ["delivered", "delivered"])


async def test_a_post_that_was_saved_meanwhile_with_the_same_text_is_read_again_and_written(desk):
    async with open_newsroom(Ghost()) as newsroom:
        await connected(desk, newsroom)
        await publish(desk, newsroom)
        newsroom.before_write.append(lambda: newsroom.save("p0001", HTML, tags=[{"id": "t1", "name": "News"}]))
        await work_off(desk)

    assert [method for method, _ in newsroom.asked] == ["GET", "PUT", "GET", "PUT"]
    assert (len(newsroom.writes), await states(desk)) == (1, ["delivered"])
    assert newsroom.posts["p0001"]["tags"] == [{"id": "t1", "name": "News"}]


async def test_a_post_that_was_saved_meanwhile_with_another_text_is_left_to_its_own_result(desk):
    async with open_newsroom(Ghost()) as newsroom:
        await connected(desk, newsroom)
        await publish(desk, newsroom)
        newsroom.before_write.append(lambda: newsroom.save("p0001", OTHER))
        await work_off(desk)
        before = (list(newsroom.writes), await states(desk), await attempts(desk))
        await newsroom.tell("post.published.edited", newsroom.posts["p0001"])
        await work_off(desk)

    assert before == ([], ["superseded"], [(1, None, "the article has another text by now")])
    assert await states(desk) == ["superseded", "delivered"]
    assert len(linked(newsroom.posts["p0001"]["codeinjection_head"])[0]["hasPart"]) == 2


async def test_a_post_that_is_saved_again_and_again_is_tried_later(desk):
    async with open_newsroom(Ghost()) as newsroom:
        await connected(desk, newsroom)
        await publish(desk, newsroom)
        newsroom.before_write += [lambda: newsroom.save("p0001", HTML)] * 2
        await work_off(desk)

    assert await attempts(desk) == [(1, 409, None), (2, 200, None)]
    assert (len(newsroom.writes), await states(desk)) == (1, ["delivered"])


@both
async def test_a_cms_that_is_down_is_tried_again_until_it_answers(desk, kind):
    async with open_newsroom(kind(script=[503, 429])) as newsroom:
        await connected(desk, newsroom)
        await publish(desk, newsroom)
        await work_off(desk)

    assert await attempts(desk) == [(1, 503, None), (2, 429, None), (3, 200, None)]
    assert (len(newsroom.writes), await states(desk)) == (1, ["delivered"])


@both
async def test_a_cms_that_refuses_is_given_up_in_the_end_and_no_secret_is_kept(desk, kind, log):
    async with open_newsroom(kind(script=[401] * 9)) as newsroom:
        await connected(desk, newsroom)
        await publish(desk, newsroom)
        await work_off(desk)

    assert await states(desk) == ["exhausted"]
    assert await attempts(desk) == [(number, None, "it answers with status 401") for number in (1, 2, 3, 4)]
    kept = log.getvalue()
    for table in ("attempt", "dispatch", "job", "message", "delivery"):
        kept += str(await desk.database.rows(f"SELECT * FROM {table}"))  # type: ignore[arg-type] # noqa: S608
    for secret in (PASSWORD, ADMIN_KEY.partition(":")[2], VENDOR_WORDS):
        assert secret not in kept
    assert PARAGRAPHS[0] not in log.getvalue()


async def test_a_wordpress_without_our_plugin_is_told_apart(desk):
    async with open_newsroom(WordPress()) as newsroom:
        newsroom.has_meta = False
        await connected(desk, newsroom)
        await publish(desk, newsroom)
        await work_off(desk)

    assert newsroom.writes == []
    assert (await attempts(desk))[0] == (1, None, "it knows no post meta _parley_extraction")


async def test_a_wordpress_that_keeps_something_else_is_not_called_delivered(desk):
    async with open_newsroom(WordPress()) as newsroom:
        await connected(desk, newsroom)
        await publish(desk, newsroom)
        newsroom.tell, shown = None, newsroom.shown
        newsroom.shown = lambda post, request, *, edit: shown({**post, "meta": "cleaned"}, request, edit=edit)
        await work_off(desk)

    assert set(await attempts(desk)) == {(number, None, "it did not keep the result") for number in (1, 2, 3, 4)}


@both
async def test_a_result_that_was_overtaken_is_not_written_over_the_newer_one(desk, kind):
    async with open_newsroom(kind(script=[503])) as newsroom:
        desk.schedule_s = (0.0, 1.0, 1.0)
        await connected(desk, newsroom)
        await publish(desk, newsroom)
        await work_off(desk, patience_s=0.05)
        await publish(desk, newsroom, OTHER)
        await work_off(desk, patience_s=3)

    assert await states(desk) == ["superseded", "delivered"]
    assert len(newsroom.writes) == 1


@both
async def test_a_post_that_is_gone_ends_it(desk, kind):
    async with open_newsroom(kind()) as newsroom:
        await connected(desk, newsroom)
        await publish(desk, newsroom)
        newsroom.posts.clear()
        await work_off(desk)

    assert (await states(desk), newsroom.writes) == (["superseded"], [])
    assert await attempts(desk) == [(1, None, "no such article for the public")]


async def test_nothing_is_written_for_a_connection_that_was_switched_off(desk):
    async with open_newsroom(WordPress()) as newsroom:
        connection_id = await connected(desk, newsroom)
        await publish(desk, newsroom)
        (row,) = await dispatches_due(desk)
        await disable_connection(desk.database, "default", connection_id)
        await write_back(desk, row)

    assert (await states(desk), newsroom.asked) == (["cancelled"], [])


async def test_an_attempt_holds_its_place_and_a_second_one_waits_for_its_end(desk):
    async with open_newsroom(WordPress()) as newsroom:
        await connected(desk, newsroom)
        await publish(desk, newsroom)
        rows = await dispatches_due(desk)
        newsroom.pause_s = 0.1
        first = asyncio.create_task(write_back(desk, rows[0]))
        await newsroom.was_asked.wait()
        await write_back(desk, rows[0])
        asked = len(newsroom.asked)
        await first
        await write_back(desk, rows[0])

    assert (asked, len(newsroom.writes), await states(desk)) == (1, 1, ["delivered"])
    assert len(await attempts(desk)) == 1


async def test_a_slow_cms_is_asked_by_two_at_a_time(desk):
    async with open_newsroom(WordPress()) as newsroom:
        await connected(desk, newsroom)
        for number in range(1, 6):
            await newsroom.tell("article.updated", newsroom.save(number, HTML.replace("31", str(30 + number))))
        rows = await dispatches_due(desk)
        newsroom.pause_s, newsroom.tell = 0.1, None
        await asyncio.gather(*(write_back(desk, row) for row in rows))
        first = len(newsroom.writes)
        await work_off(desk, patience_s=8)

    assert (first, len(newsroom.writes), set(await states(desk))) == (2, 5, {"delivered"})


async def test_a_worker_that_died_leaves_a_write_that_is_done_when_its_time_is_up(desk, monkeypatch):
    monkeypatch.setattr(writeback, "LEASE", writeback.timedelta(seconds=0.3))
    async with open_newsroom(WordPress(pause_s=9)) as newsroom:
        await connected(desk, newsroom)
        await publish(desk, newsroom)
        rows = await dispatches_due(desk)
        dying = asyncio.create_task(write_back(desk, rows[0]))
        await newsroom.was_asked.wait()
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        newsroom.pause_s = 0
        await write_back(desk, rows[0])  # the queue gives its job to another worker, too early
        await work_off(desk, patience_s=2)

    assert (len(newsroom.writes), await states(desk)) == (1, ["delivered"])
