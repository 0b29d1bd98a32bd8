"""Asking CMSs what changed, over real HTTP and a real PostgreSQL: what a hook missed is found, and what is known costs nothing."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from service.adapters.database.pool import Database
from service.adapters.queue import Task
from service.errors import CmsRefused, CmsUnavailable
from service.flows import fetching, polling
from service.flows.connections import disable_connection
from service.flows.desk import Ceilings, Desk
from service.flows.fetching import fetch_article
from service.flows.polling import poll, schedule_polls
from service.telemetry import JsonLines
from tests.desks import ScriptedEngine, make_desk
from tests.newsrooms import (
    ADMIN_KEY,
    PASSWORD,
    TOKEN,
    VENDOR_WORDS,
    Ghost,
    Newsroom,
    Thin,
    WordPress,
    connect,
    deliver,
    hook_of,
    open_newsroom,
    work_off,
)
from tests.senders import PARAGRAPHS, Hook, as_html

HTML = as_html()
OTHER = as_html((*PARAGRAPHS, "“We counted them twice,” said Bohdan Lisk, the governor."))
both = pytest.mark.parametrize("kind", [WordPress, Ghost])


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture
async def desk(database: Database, engine: ScriptedEngine) -> AsyncIterator[Desk]:
    made = await make_desk(database, engine)
    yield made
    await made.outbound.aclose()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that is logged, ours and others', down to debug."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    before = root.level, logging.getLogger("service").level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    logging.getLogger("service").setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(before[0])
    logging.getLogger("service").setLevel(before[1])


def adapter_of(newsroom: Newsroom) -> str:
    return "ghost" if isinstance(newsroom, Ghost) else "wordpress"


def id_of(newsroom: Newsroom, number: int) -> object:
    return f"p{number:04d}" if isinstance(newsroom, Ghost) else number


async def polled(desk: Desk, newsroom: Newsroom, **wanted: object) -> str:
    """A connection that is polled."""
    return await connect(desk, newsroom, adapter_of(newsroom), poll_seconds=15, **wanted)


async def count(desk: Desk, table: str) -> int:
    row = await desk.database.row(f"SELECT count(*) AS n FROM {table}")  # type: ignore[arg-type] # noqa: S608
    assert row is not None
    return int(row["n"])


async def told(desk: Desk) -> list[str]:
    return [row["type"] for row in await desk.database.rows("SELECT type FROM message ORDER BY sequence")]


async def jobs_waiting(desk: Desk) -> list[str]:
    rows = await desk.database.rows("SELECT task_name FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id")
    return [row["task_name"] for row in rows]


@both
async def test_a_lost_hook_is_found_and_what_came_by_hook_is_not_read_again(desk, engine, kind):
    async with open_newsroom(kind()) as newsroom:
        connection_id = await polled(desk, newsroom)
        event = "post.published" if kind is Ghost else "article.published"
        hook = hook_of(newsroom, event, newsroom.save(id_of(newsroom, 1), HTML))
        assert await deliver(desk, adapter_of(newsroom), connection_id, hook) == "accepted"
        await work_off(desk)
        newsroom.save(id_of(newsroom, 2), OTHER)  # and its hook was lost

        await poll(desk, connection_id)
        waiting = await jobs_waiting(desk)
        await work_off(desk)

    assert waiting == ["job"]
    assert (engine.calls, await count(desk, "article"), await count(desk, "article_version")) == (2, 2, 2)
    assert [name for name in await told(desk) if name.startswith("extraction")] == ["extraction.completed"] * 2


@both
async def test_an_edit_whose_hook_was_lost_is_a_new_version(desk, engine, kind):
    async with open_newsroom(kind()) as newsroom:
        connection_id = await polled(desk, newsroom)
        newsroom.save(id_of(newsroom, 1), HTML)
        await poll(desk, connection_id)
        await work_off(desk)
        newsroom.save(id_of(newsroom, 1), OTHER)
        await poll(desk, connection_id)
        await work_off(desk)

    assert (engine.calls, await count(desk, "article"), await count(desk, "article_version")) == (2, 1, 2)
    assert "extraction.updated" in await told(desk)


@both
async def test_all_pages_are_read_also_where_many_posts_changed_in_one_second(desk, kind):
    async with open_newsroom(kind()) as newsroom:
        connection_id = await polled(desk, newsroom)
        at_once = newsroom.tick()
        for number in range(130):
            newsroom.save(id_of(newsroom, number), f"<p>Item {number}.</p>", at=at_once if number < 110 else None)
        await poll(desk, connection_id)
        found = await jobs_waiting(desk)
        await poll(desk, connection_id)
        again = await jobs_waiting(desk)

    assert (len(found), len(again)) == (130, 130)
    assert await count(desk, "job") == 130


@both
async def test_a_post_that_is_saved_while_we_read_pushes_no_other_out_of_sight(desk, kind):
    async with open_newsroom(kind()) as newsroom:
        connection_id = await polled(desk, newsroom)
        for number in range(120):
            newsroom.save(id_of(newsroom, number), f"<p>Item {number}.</p>")
        # After the first page, two of its posts are saved: by page numbers, the 51st and 52nd would be passed over.
        newsroom.meanwhile.append(lambda: [newsroom.save(id_of(newsroom, n), "<p>Edited.</p>") for n in (3, 4)])
        await poll(desk, connection_id)

    rows = await desk.database.rows("SELECT DISTINCT request->'change'->>'source_id' AS id FROM job")
    assert len(rows) == 120


@both
async def test_what_is_known_makes_no_job_and_unchanged_text_makes_no_call(desk, engine, kind):
    async with open_newsroom(kind()) as newsroom:
        connection_id = await polled(desk, newsroom)
        newsroom.save(id_of(newsroom, 1), HTML)
        await poll(desk, connection_id)
        await work_off(desk)
        messages = await told(desk)
        await poll(desk, connection_id)
        known = await jobs_waiting(desk)
        newsroom.save(id_of(newsroom, 1), HTML)  # somebody changed a picture
        await poll(desk, connection_id)
        await work_off(desk)
        await poll(desk, connection_id)
        known += await jobs_waiting(desk)

    assert (known, engine.calls, await told(desk)) == ([], 1, messages)


async def test_jobs_that_wait_are_not_made_again(desk):
    async with open_newsroom(WordPress()) as newsroom:
        connection_id = await polled(desk, newsroom)
        newsroom.save(1, HTML)
        await poll(desk, connection_id)
        await poll(desk, connection_id)

    assert await count(desk, "job") == 1


@both
async def test_a_post_that_was_withdrawn_without_a_hook_is_told_once(desk, kind):
    async with open_newsroom(kind()) as newsroom:
        connection_id = await polled(desk, newsroom)
        newsroom.save(id_of(newsroom, 1), HTML)
        newsroom.save(id_of(newsroom, 2), HTML, status="draft")  # never public: not ours
        await poll(desk, connection_id)
        await work_off(desk)
        newsroom.save(id_of(newsroom, 1), HTML, status="draft")
        for _ in range(2):
            await poll(desk, connection_id)
            await work_off(desk)

    assert (await told(desk)).count("article.deleted") == 1
    assert await count(desk, "article") == 1


async def test_the_cursor_moves_with_the_jobs_or_not_at_all(desk):
    async with open_newsroom(WordPress()) as newsroom:
        connection_id = await polled(desk, newsroom)
        for number in range(4):
            newsroom.save(number, HTML)
        desk.ceilings = Ceilings(queued_jobs=2)
        await poll(desk, connection_id)
        row = await desk.database.row("SELECT poll_cursor FROM connection")
        refused = (await count(desk, "job"), row)
        desk.ceilings = Ceilings()
        await poll(desk, connection_id)
        row = await desk.database.row("SELECT poll_cursor FROM connection")

    assert refused == (0, {"poll_cursor": None})
    assert await count(desk, "job") == 4
    assert row is not None
    assert row["poll_cursor"] <= datetime.now(UTC)


async def test_a_long_list_is_read_in_several_polls_that_follow_at_once(desk, monkeypatch):
    monkeypatch.setattr(polling, "MOST_NEW", 60)
    async with open_newsroom(WordPress()) as newsroom:
        connection_id = await polled(desk, newsroom)
        for number in range(170):
            newsroom.save(number, f"<p>Item {number}.</p>", at=newsroom.clock - timedelta(seconds=300 - number))
        made = []
        for _ in range(4):
            await schedule_polls(desk)
            due = (await jobs_waiting(desk)).count(Task.POLL)
            await desk.database.execute("DELETE FROM procrastinate_jobs WHERE task_name = 'poll'")
            if due:
                await poll(desk, connection_id)
            made.append((due, await count(desk, "job")))

    assert made == [(1, 99), (1, 170), (1, 170), (0, 170)]  # the last look finds nothing new


async def test_the_first_poll_begins_where_the_connection_did(desk):
    async with open_newsroom(WordPress()) as newsroom:
        connection_id = await polled(desk, newsroom)
        newsroom.save(1, HTML, at=newsroom.clock - timedelta(days=30))
        await poll(desk, connection_id)

    assert await count(desk, "job") == 0


async def test_a_clock_that_is_ahead_moves_the_cursor_to_now_at_most(desk):
    async with open_newsroom(WordPress()) as newsroom:
        connection_id = await polled(desk, newsroom)
        newsroom.save(1, HTML, at=newsroom.clock + timedelta(days=2))
        await poll(desk, connection_id)
        newsroom.save(2, OTHER, at=newsroom.clock + timedelta(seconds=5))
        await poll(desk, connection_id)

    assert await count(desk, "job") == 2


async def test_polls_are_enqueued_when_they_are_due_and_once(desk):
    async with open_newsroom(WordPress()) as newsroom:
        connection_id = await polled(desk, newsroom)
        await connect(desk, newsroom, "wordpress")  # never polled
        disabled = await polled(desk, newsroom)
        await disable_connection(desk.database, "default", disabled)
        await schedule_polls(desk)
        await schedule_polls(desk)
        waiting = await desk.database.rows("DELETE FROM procrastinate_jobs RETURNING task_name, args->>'id' AS id")
        await poll(desk, connection_id)
        await poll(desk, disabled)
        await schedule_polls(desk)

    assert waiting == [{"task_name": "poll", "id": connection_id}]
    assert await jobs_waiting(desk) == []
    assert all(f"status=publish{'%2C' if '%2C' in path else ','}" in path for _, path in newsroom.asked)


async def test_without_credentials_only_what_is_public_is_read(desk):
    async with open_newsroom(WordPress()) as newsroom:
        connection_id = await polled(desk, newsroom, credentials={})
        newsroom.save(1, HTML)
        newsroom.save(2, HTML, status="draft")
        await poll(desk, connection_id)
        row = await desk.database.row("SELECT * FROM connection")
        draft, public = await fetch_article(desk, row, "2"), await fetch_article(desk, row, "1")

    assert await count(desk, "job") == 1
    assert (draft, public.title) == (None, "Home")
    assert public.text == "\n\n".join(PARAGRAPHS)


async def test_an_article_keeps_the_language_that_its_hook_named(desk, engine):
    async with open_newsroom(WordPress()) as newsroom:
        connection_id = await polled(desk, newsroom)
        post = newsroom.save(1, HTML)
        await deliver(desk, "wordpress", connection_id, hook_of(newsroom, "article.published", post))
        await work_off(desk)
        newsroom.save(1, OTHER)  # the REST API names no language
        await poll(desk, connection_id)
        await work_off(desk)

    assert await desk.database.rows("SELECT language FROM article") == [{"language": "en-US"}]
    assert await count(desk, "article_version") == 2


@pytest.mark.parametrize("status", [301, 401, 403, 404, 429, 500, 503])
@both
async def test_a_cms_that_fails_is_asked_again_when_it_is_due_and_no_secret_is_logged(desk, kind, status, log):
    async with open_newsroom(kind(script=[status])) as newsroom:
        connection_id = await polled(desk, newsroom)
        newsroom.save(id_of(newsroom, 1), HTML)
        await poll(desk, connection_id)
        failed = await count(desk, "job")
        await poll(desk, connection_id)
        await work_off(desk)

    assert (failed, await count(desk, "job")) == (0, 1)
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["reason"].rpartition(" ")[2] for line in lines if line["event"] == "poll_failed"] == [str(status)]
    for secret in (PASSWORD, ADMIN_KEY.partition(":")[2], VENDOR_WORDS, "Basic ", "Ghost e", PARAGRAPHS[0]):
        assert secret not in log.getvalue()


async def test_an_address_that_is_private_is_not_called_unless_the_operator_allows_it(desk, log):
    async with open_newsroom(WordPress()) as newsroom:
        connection_id = await polled(desk, newsroom)
        await desk.database.execute("UPDATE connection SET allow_private = false")
        await poll(desk, connection_id)

    assert newsroom.asked == []
    assert '"reason":"refused address"' in log.getvalue()


async def test_a_wordpress_that_does_not_filter_is_refused(desk, log):
    async with open_newsroom(WordPress()) as newsroom:
        connection_id = await polled(desk, newsroom)
        post = newsroom.save(1, HTML)
        newsroom.shown = lambda *_, **__: {
            "id": 1,
            "status": "publish",
            "modified_gmt": "2020-01-01T00:00:00",
            "type": "post",
        }
        await poll(desk, connection_id)

    assert post["id"] == 1
    assert (await count(desk, "job"), '"event":"poll_failed"' in log.getvalue()) == (0, True)


async def test_a_fault_of_ours_ends_a_poll_and_is_logged_without_words(desk, log, monkeypatch):
    async def broken(*_: object) -> int:
        raise ValueError(PASSWORD)

    monkeypatch.setattr(polling, "_keep", broken)
    async with open_newsroom(WordPress()) as newsroom:
        await poll(desk, await polled(desk, newsroom))

    assert '"event":"poll_crashed"' in log.getvalue()
    assert PASSWORD not in log.getvalue()


# Single articles, for hooks that hold no text.


async def test_a_thin_hook_of_directus_is_read_through_its_api(desk, engine):
    trigger = {"event": "articles.items.update", "collection": "articles", "keys": ["9"], "payload": {"status": "published"}}
    async with open_newsroom(Thin()) as newsroom:
        newsroom.posts["/items/articles/9"] = {"id": 9, "title": "Home", "body": HTML, "status": "published"}
        connection_id = await connect(desk, newsroom, "directus")
        await deliver(desk, "directus", connection_id, Hook(payload=trigger, headers=[]))
        await work_off(desk, patience_s=5)

    assert (engine.calls, newsroom.asked) == (1, [("GET", "/items/articles/9")])
    assert await desk.database.rows("SELECT source_id FROM article") == [{"source_id": "articles:9"}]


async def fetched(desk: Desk, adapter: str, source_id: str, posts: dict[str, dict[str, object]], **wanted: object) -> object:
    async with open_newsroom(Thin(posts=posts)) as newsroom:
        connection_id = await connect(desk, newsroom, adapter, **wanted)
        row = await desk.database.row("SELECT * FROM connection WHERE id = %(id)s", {"id": connection_id})
        assert row is not None
        return await fetch_article(desk, row, source_id)


async def test_an_item_of_directus_that_is_not_public_or_not_there_is_none(desk):
    draft = {"/items/articles/9": {"title": "Home", "body": HTML, "status": "draft"}}

    assert await fetched(desk, "directus", "articles:9", draft) is None
    assert await fetched(desk, "directus", "articles:8", draft) is None
    assert await fetched(desk, "directus", "articles:..", draft) is None


async def test_entries_of_strapi_are_read_in_both_its_shapes(desk):
    own = {"title": "Home", "body": HTML, "locale": "uk", "updatedAt": "2026-03-03T10:00:00Z"}
    fifth = await fetched(
        desk, "strapi", "abc:uk", {"/api/stories/abc": {"documentId": "abc", **own}}, options={"types": "story"}
    )
    fourth = await fetched(desk, "strapi", "article:7:uk", {"/api/articles/7": {"id": 7, "attributes": own}})

    for change, cms_id in ((fifth, "abc"), (fourth, "article:7")):
        assert (change.text, change.language, change.cms_id) == ("\n\n".join(PARAGRAPHS), "uk", cms_id)


async def test_errors_of_a_single_article_say_who_must_act(desk):
    with pytest.raises(CmsRefused, match="status 401; expected credentials") as refused:
        await fetched(desk, "directus", "articles:9", {}, credentials={"token": "wrong"})
    with pytest.raises(CmsRefused, match="no credential 'token'"):
        await fetched(desk, "directus", "articles:9", {}, credentials={})
    row = {
        "adapter": "ghost",
        "base_url": "http://127.0.0.1:9",
        "credentials": {"admin_key": ADMIN_KEY},
        "options": {},
        "allow_private": True,
    }
    with pytest.raises(CmsUnavailable, match="not reached"):
        await fetch_article(desk, row, "65f0")

    assert (TOKEN in refused.value.message, VENDOR_WORDS in refused.value.message) == (False, False)
    assert ADMIN_KEY not in repr(fetching.site_of(row))


async def test_ids_that_would_lead_elsewhere_are_not_asked_for(desk):
    async with open_newsroom(WordPress()) as newsroom:
        await polled(desk, newsroom)
        row = await desk.database.row("SELECT * FROM connection")
        found = [await fetch_article(desk, row, source_id) for source_id in ("../users/1", "1?context=view", "٣", "..")]

    assert (found, newsroom.asked) == ([None] * 4, [])
