"""Webhooks in, over HTTP and a real PostgreSQL, with payloads and signatures as the CMSs send them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from service.adapters.database.pool import Database, Row
from service.api.context import Context
from service.errors import NoAnswer, Unanswered
from service.flows import fetching, jobs
from service.flows.changes import changes
from service.flows.connections import Grounds, Wanted, create_connection, disable_connection, rotate_secret
from service.flows.desk import Ceilings, Desk
from service.flows.endpoints import create_endpoint
from service.flows.jobs import submit
from service.flows.reading import records
from service.webhooks.change import ArticleChange, Event
from service.worker import WORKS, run_worker
from tests.api.client import make_app
from tests.desks import ScriptedEngine, make_desk
from tests.senders import BY_NAME, CHANGED, CMSS, NOW, PARAGRAPHS, SECRET, TITLE, WHSEC, Cms, Headers, Hook, as_html

VECTORS = Path(__file__).parents[3] / "shared" / "reference" / "webhook-vectors.json"
VECTORS_SIGNED = 1_767_225_600
LATER = "2026-03-03T10:00:05+00:00"
EARLIER = "2026-03-03T09:00:00+00:00"
OTHER_TEXT = (*PARAGRAPHS, "“We counted them twice,” said Bohdan Lisk, the governor.")
every_cms = pytest.mark.parametrize("cms", CMSS, ids=lambda cms: cms.adapter)


@dataclass
class Newsroom:
    """One connection of one CMS, and a client that posts to it."""

    desk: Desk
    client: httpx2.AsyncClient
    cms: Cms
    id: str
    context: Context

    @property
    def path(self) -> str:
        return f"/hooks/{self.cms.adapter}/{self.id}"

    async def post(self, hook: Hook, *, at: float = NOW, body: bytes | None = None, **changed: Any) -> httpx2.Response:
        """Send a hook, signed; `body` and `headers` replace what is sent after it was signed."""
        path = self.path + (f"/{hook.event}" if hook.event else "")
        signed = [("Content-Type", self.cms.media_type), *hook.headers, *self.cms.sign(hook.body, path, at)]
        headers = changed.get("headers", signed)
        return await self.client.post(path, content=hook.body if body is None else body, headers=headers)

    def signed(self, hook: Hook, *, at: float = NOW) -> Headers:
        path = self.path + (f"/{hook.event}" if hook.event else "")
        return [("Content-Type", self.cms.media_type), *hook.headers, *self.cms.sign(hook.body, path, at)]

    async def publish(self, paragraphs: tuple[str, ...] = PARAGRAPHS, changed: str = CHANGED) -> httpx2.Response:
        return await self.post(self.cms.publish(as_html(paragraphs), changed))

    async def delete(self, changed: str = LATER) -> httpx2.Response:
        return await self.post(self.cms.delete(changed))

    async def work(self, answer: httpx2.Response) -> Row:
        """Do the job that an answer names; its row."""
        job_id = answer.json()["job_id"]
        await jobs.run(self.desk, job_id, WORKS)
        return await jobs.find_job(self.desk, "default", job_id)

    async def count(self, table: str) -> int:
        row = await self.desk.database.row(f"SELECT count(*) AS n FROM {table}")  # type: ignore[arg-type] # noqa: S608
        assert row is not None
        return int(row["n"])

    async def told(self) -> list[str]:
        return [row["type"] for row in await self.desk.database.rows("SELECT type FROM message ORDER BY sequence")]


@asynccontextmanager
async def newsroom(
    database: Database, cms: Cms, engine: ScriptedEngine | None = None, *, now: float = NOW, **wanted: Any
) -> AsyncIterator[Newsroom]:
    overrides = wanted.pop("desk", {})
    desk = await make_desk(database, engine, now=lambda: datetime.fromtimestamp(now, UTC), **overrides)
    chosen = Wanted(**{"adapter": cms.adapter, "name": "Desk", **wanted.pop("wanted", {})})
    grounds = Grounds(outbound=desk.outbound, models=desk.services.models)
    made = await create_connection(database, grounds, "default", chosen, secret=wanted.get("secret", cms.secret))
    context = Context(max_bytes=2**20, max_in_flight=10, desk=desk)
    transport = httpx2.ASGITransport(app=make_app(context))
    async with httpx2.AsyncClient(transport=transport, base_url="http://parley.example") as client:
        yield Newsroom(desk, client, cms, made.connection.id, context)
    await desk.outbound.aclose()


GENERIC, GHOST, DIRECTUS = BY_NAME["generic"], BY_NAME["ghost"], BY_NAME["directus"]


@pytest.fixture
async def room(database: Database) -> AsyncIterator[Newsroom]:
    async with newsroom(database, GENERIC) as opened:
        yield opened


@pytest.fixture(autouse=True)
def api_of_the_cms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands for a CMS's own API, which has tests of its own: it has article 7 as it was published."""

    async def fetch_article(desk: Desk, connection: Row, source_id: str) -> ArticleChange | None:
        return ArticleChange(
            source_id=source_id, event=Event.UPDATE, title=TITLE, text="\n\n".join(PARAGRAPHS), cms_id="7", language="en"
        )

    monkeypatch.setattr(fetching, "fetch_article", fetch_article)


def check_refused(answer: httpx2.Response) -> None:
    """One answer for all that is wrong with a sender."""
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    told = {key: value for key, value in answer.json().items() if key != "request_id"}
    assert told == {
        "type": "/docs#problem-signature-refused",
        "title": "The delivery is not signed as its connection expects",
        "status": 401,
        "detail": "The delivery is not signed as this connection expects.",
        "errors": [],
    }


# From a hook to what is stored and told.


@every_cms
async def test_an_article_of_every_cms_is_read_and_its_end_is_told(database: Database, cms: Cms):
    async with newsroom(database, cms) as room:
        published = await room.publish()
        job = await room.work(published)
        rows = await database.rows(
            """SELECT source_id, connection_id, record::text AS record FROM article
            JOIN article_version AS version ON version.article_id = article.id JOIN extraction ON extraction.id = extraction_id
            ORDER BY source_id"""
        )
        ended = await room.work(await room.delete())
        told = await room.told()

    assert (published.status_code, published.json()["status"]) == (200, "accepted")
    assert published.headers["content-type"] == "application/json"
    assert (job["state"], len(job["extraction_ids"]), len(rows)) == ("succeeded", cms.languages, cms.languages)
    assert (rows[0]["source_id"], rows[0]["connection_id"]) == (cms.named, room.id)
    extraction = records().validate_json(rows[0]["record"])
    assert (extraction.article.text, extraction.article.title) == ("\n\n".join(PARAGRAPHS), TITLE)
    counts = [
        count.value for exchange in extraction.exchanges for transfer in exchange.transfers for count in transfer.counts
    ]
    assert set(counts) == {31}
    assert [quote.speaker.name for quote in extraction.quotes if quote.speaker] == ["Ines Tabor"]
    assert (ended["state"], len(ended["article_ids"])) == ("succeeded", cms.languages)
    assert told.count("article.deleted") == cms.languages
    assert await database.rows("SELECT 1 FROM extraction") == []
    assert await database.rows("SELECT 1 FROM article_version WHERE text <> ''") == []
    assert await database.rows("SELECT 1 FROM article WHERE deleted_at IS NULL") == []


async def test_a_worker_reads_what_a_hook_brought_and_the_message_is_on_its_way(database: Database):
    async with newsroom(database, GHOST) as room:
        await create_endpoint(room.desk, "default", url="https://receiver.example/hook")
        worker = asyncio.create_task(run_worker(replace_clock(room.desk), concurrency=2, patience_s=5))
        answer = await room.publish()
        for _ in range(200):
            job = await jobs.find_job(room.desk, "default", answer.json()["job_id"])
            if job["state"] not in ("queued", "running"):
                break
            await asyncio.sleep(0.05)
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
        dispatches = await room.count("dispatch")

    assert job["state"] == "succeeded"
    assert await room.told() == ["extraction.completed", "exchange.detected"]
    assert dispatches == 2


def replace_clock(desk: Desk) -> Desk:
    return replace(desk, now=lambda: datetime.now(UTC))


async def test_the_answer_does_not_wait_for_the_extraction(database: Database):
    async with newsroom(database, GENERIC, ScriptedEngine(pause_s=60)) as room:
        started = time.perf_counter()
        answer = await room.publish()
        elapsed = time.perf_counter() - started

    assert (answer.status_code, elapsed < 1) == (200, True)


# What is signed as it should be.


def _vectors() -> list[dict[str, Any]]:
    return json.loads(VECTORS.read_bytes()) if VECTORS.exists() else []


SCHEMES = {
    "standard-webhooks v1": "standard-webhooks",
    "standard-webhooks rotation": "standard-webhooks",
    "ghost >=5.87.1, 6.x": "ghost",
    "ghost <=5.87.0": "ghost-legacy",
    "drupal webhooks (contrib)": "drupal",
    "superdesk http_push": "superdesk",
}
TIMED = ("standard-webhooks", "ghost", "sanity", "hygraph", "webflow", "contentful", "stripe")


@dataclass(frozen=True)
class Vector:
    """A signed delivery of the reference: which adapter takes it, and where it was posted to."""

    scheme: str
    secrets: tuple[str, ...]
    headers: Mapping[str, str]
    body: bytes
    prefix: str

    @property
    def adapter(self) -> str:
        usual = {name: cms for cms, name in ((one.adapter, one.adapter) for one in CMSS)}
        return usual.get(self.scheme) or ("ghost" if self.scheme == "ghost-legacy" else "generic")

    @property
    def options(self) -> dict[str, str]:
        own = {"id": "id", "title": "title", "url": "url"} if self.adapter == "generic" else {}
        return {**own, **({"signature": self.scheme} if self.adapter != self.scheme else {})}


def _cases() -> list[Any]:
    cases = []
    for one in _vectors():
        scheme = SCHEMES.get(one["scheme"], one["scheme"])
        secrets = tuple(one["secret"].split(" + "))
        vector = Vector(scheme, secrets, one["headers"], one["body"].encode(), one["note"])
        cases.append(pytest.param(vector, id=one["scheme"], marks=pytest.mark.shared))
    return cases


@asynccontextmanager
async def vector_room(database: Database, vector: Vector, *, off_s: float = 0) -> AsyncIterator[tuple[Newsroom, Send]]:
    cms = replace(GENERIC, adapter=vector.adapter)
    wanted = {"options": vector.options}
    async with newsroom(database, cms, now=VECTORS_SIGNED + off_s, secret=vector.secrets[0], wanted=wanted) as room:
        if len(vector.secrets) > 1:
            await rotate_secret(database, "default", room.id, secret=vector.secrets[1])

        async def send(headers: Headers | None = None, body: bytes = vector.body) -> httpx2.Response:
            given = headers if headers is not None else list(vector.headers.items())
            if not any(name.lower() == "content-type" for name, _ in given):
                given = [("Content-Type", "application/json"), *given]
            if vector.scheme != "contentful":
                return await room.client.post(f"{room.path}/article.published", content=body, headers=given)
            # Its path is signed, and the reference's has no connection in it: it comes in behind a proxy that adds one.
            app = make_app(room.context)

            async def behind(scope: Any, receive: Any, send_: Any) -> None:
                await app({**scope, "path": room.path, "raw_path": b"/hooks/contentful"}, receive, send_)

            async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=behind), base_url="http://p.example") as client:
                return await client.post("/hooks/contentful", content=body, headers=given)

        yield room, send


Send = Callable[..., Awaitable[httpx2.Response]]
vectors = pytest.mark.parametrize("vector", _cases())


@pytest.mark.shared
def test_the_vectors_of_the_reference_are_there():
    if not VECTORS.exists():
        pytest.skip("../shared is not there")

    assert len(_cases()) == len(_vectors()) >= 15


@vectors
async def test_every_vector_is_accepted(database: Database, vector: Vector):
    async with vector_room(database, vector) as (_, send):
        answer = await send()

    assert (answer.status_code, answer.json()["status"] in ("accepted", "ignored")) == (200, True)


@vectors
async def test_every_vector_with_anything_changed_is_refused_and_leaves_nothing(database: Database, vector: Vector):
    async with vector_room(database, vector) as (room, send):
        headers = list(vector.headers.items())
        signed = [at for at, (name, _) in enumerate(headers) if "signature" in name.lower() and "signed" not in name.lower()]
        for at in range(0, len(vector.body), 7):
            check_refused(await send(body=vector.body[:at] + bytes([vector.body[at] ^ 1]) + vector.body[at + 1 :]))
        for at in signed:
            name, value = headers[at]
            place = value.rindex("=") + 1 if vector.scheme in ("sanity", "stripe") else 20
            spoilt = value[:place] + ("A" if value[place] != "A" else "B") + value[place + 1 :]
            changed = spoilt.split(" ")[0] if len(vector.secrets) > 1 else spoilt  # the other signature holds still
            check_refused(await send([*headers[:at], (name, changed), *headers[at + 1 :]]))
            check_refused(await send([*headers[:at], *headers[at + 1 :]]))
            check_refused(await send([*headers, headers[at]]))
        stored = [await room.count(table) for table in ("delivery", "job", "procrastinate_jobs")]

    assert (len(signed), stored) == (1, [0, 0, 0])


@vectors
@pytest.mark.parametrize("off_s", [-301, 301])
async def test_every_vector_that_signs_its_time_is_refused_after_five_minutes(
    database: Database, vector: Vector, off_s: float
):
    async with vector_room(database, vector, off_s=off_s) as (_, send):
        answer = await send()

    if vector.scheme in TIMED:
        check_refused(answer)
    else:
        assert answer.status_code == 200


@every_cms
async def test_a_delivery_of_every_cms_with_anything_changed_is_refused(database: Database, cms: Cms):
    hook = cms.publish(as_html(), CHANGED)
    async with newsroom(database, cms) as room:
        signed = room.signed(hook)
        named = [pair for pair in signed if "signature" in pair[0].lower() or pair[0] == "Authorization"]
        for pair in named:
            others = [one for one in signed if one is not pair]
            wrong = pair[1][:-3] + ("AAA" if not pair[1].endswith("AAA") else "BBB")
            for headers in (others, [*signed, pair], [*others, (pair[0], wrong)]):
                check_refused(await room.post(hook, headers=headers))
        if cms.sign is not BY_NAME["strapi"].sign:  # a static token signs nothing
            check_refused(await room.post(hook, body=hook.body.replace(b"bridge", b"bridgf")))
            check_refused(await room.post(hook, body=b""))
        stored = [await room.count(table) for table in ("delivery", "job")]
        accepted = await room.post(hook)

    assert named
    assert (stored, accepted.status_code) == ([0, 0], 200)


@pytest.mark.parametrize(("off_s", "status"), [(-301, 401), (-299, 200), (299, 200), (301, 401)])
async def test_a_signed_time_may_be_five_minutes_off(room: Newsroom, off_s: float, status: int):
    answer = await room.post(GENERIC.publish(as_html(), CHANGED), at=NOW + off_s)

    assert answer.status_code == status


async def test_what_is_wrong_with_an_address_is_not_told_from_a_wrong_signature(room: Newsroom):
    hook = GENERIC.publish(as_html(), CHANGED)
    headers = room.signed(hook)
    other = room.id[:-1] + ("0" if room.id[-1] != "0" else "1")

    for path in (
        f"/hooks/generic/{other}", f"/hooks/generic/{'x' * 300}", "/hooks/generic/%00", f"/hooks/wordpress/{room.id}",
        f"/hooks/nothing/{room.id}", "/hooks/generic", "/hooks/", f"{room.path}/", f"{room.path}/a/b",
    ):  # fmt: skip
        check_refused(await room.client.post(path, content=hook.body, headers=headers))


async def test_a_disabled_connection_is_not_told_from_an_unknown_one(room: Newsroom):
    await disable_connection(room.desk.database, "default", room.id)

    check_refused(await room.publish())


async def test_after_a_rotation_both_secrets_are_accepted(database: Database):
    async with newsroom(database, GENERIC) as room:
        await rotate_secret(database, "default", room.id)

        assert (await room.publish()).status_code == 200


async def test_the_signature_of_storyblok_at_a_standard_webhooks_address_is_refused(room: Newsroom):
    headers = [("Content-Type", "application/json"), ("webhook-signature", "2edef014e4f446cb76f21a70770d5a72755e1d13")]

    check_refused(await room.client.post(room.path, content=b"{}", headers=headers))


async def test_a_token_may_be_sent_in_a_header_of_the_connections_own(database: Database):
    async with newsroom(database, DIRECTUS, wanted={"options": {"token_header": "X-Desk-Token"}}) as room:
        hook = DIRECTUS.publish("", CHANGED)
        usual = await room.post(hook)
        own = await room.post(hook, headers=[("Content-Type", "application/json"), ("X-Desk-Token", SECRET)])

    assert (usual.status_code, own.status_code) == (401, 200)


# What cannot be read, is too much, or is none of an article.


def _signed(room: Newsroom, body: bytes, media_type: str = "application/json") -> Headers:
    return [("Content-Type", media_type), *room.cms.sign(body, room.path, NOW)]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe{}", b'{"a": "\xe9"}', b"[" * 100_000, b"9" * 5_000, b"a=1&b=2"])
async def test_a_signed_body_that_is_no_json_is_refused_by_what_it_is(room: Newsroom, body: bytes):
    answer = await room.client.post(room.path, content=body, headers=_signed(room, body))

    assert (answer.status_code, answer.json()["type"]) == (400, "/docs#problem-invalid-json")
    assert await room.count("delivery") == 0


async def test_an_unsigned_body_that_is_not_utf_8_is_refused_for_its_signature(room: Newsroom):
    check_refused(await room.client.post(room.path, content=b"\xff\xfe", headers={"Content-Type": "application/json"}))


@pytest.mark.parametrize("media_type", ["application/x-www-form-urlencoded", "text/plain", "application/jsonp", ""])
async def test_a_signed_body_of_another_kind_is_refused(room: Newsroom, media_type: str):
    body = b'{"type": "article.published", "data": {"id": 1}}'

    answer = await room.client.post(room.path, content=body, headers=_signed(room, body, media_type))

    assert (answer.status_code, answer.json()["type"]) == (415, "/docs#problem-unsupported-media-type")


async def test_more_than_two_mebibytes_are_refused_while_they_arrive(room: Newsroom):
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 65_536
            yield b" " * 65_536

    over = b" " * (2**20 * 2 + 1)
    declared = await room.client.post(room.path, content=over, headers=_signed(room, over))
    streamed = await room.client.post(room.path, content=limited(endless()), headers={"Content-Type": "application/json"})

    assert (declared.status_code, streamed.status_code) == (413, 413)


async def limited(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    for _ in range(40):
        yield await anext(chunks)


async def test_exactly_two_mebibytes_are_read(room: Newsroom):
    hook = GENERIC.publish(as_html(), CHANGED)
    body = hook.body + b" " * (2**21 - len(hook.body))

    answer = await room.client.post(room.path, content=body, headers=_signed(room, body))

    assert answer.json()["status"] == "accepted"


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "comment.spam", "data": {"id": 1}},
        {"type": "article.published", "data": {"id": 1, "type": "recipe", "html": "<p>Salt.</p>"}},
        {"type": "article.published", "data": {"id": 1, "status": "draft", "html": "<p>Not yet.</p>"}},
    ],
)
async def test_what_is_none_of_a_published_article_is_ignored(room: Newsroom, payload: dict[str, Any]):
    answer = await room.post(Hook(payload=payload, headers=[]))

    assert (answer.status_code, answer.json()) == (200, {"status": "ignored", "job_id": None})
    assert (await room.count("delivery"), await room.count("job")) == (0, 0)


async def test_a_payload_without_what_its_adapter_needs_is_kept_and_its_job_says_so(room: Newsroom):
    answer = await room.post(Hook(payload={"type": "article.published", "data": {"headline": "x"}}, headers=[]))
    job = await room.work(answer)

    assert (answer.json()["status"], job["state"], job["problem"]["type"]) == ("accepted", "failed", "PayloadUnreadable")


async def test_half_of_a_surrogate_pair_is_replaced(room: Newsroom):
    hook = GENERIC.publish(as_html((*PARAGRAPHS, "A broken sign: @@.")), CHANGED)
    body = hook.body.replace(b"@@", b"\\ud83d")

    job = await room.work(await room.client.post(room.path, content=body, headers=_signed(room, body)))

    row = await room.desk.database.row("SELECT text FROM article_version")
    assert job["state"] == "succeeded"
    assert row is not None
    assert row["text"].endswith("A broken sign: ?.")


async def test_an_article_without_text_fails_and_that_is_told(room: Newsroom):
    job = await room.work(await room.publish(("—",)))

    assert (job["state"], job["problem"]["type"], await room.told()) == ("failed", "EmptyArticle", ["extraction.failed"])


async def test_a_language_that_fails_does_not_keep_the_others_from_being_read(database: Database):
    cms = BY_NAME["contentful"]
    async with newsroom(database, cms) as room:
        hook = cms.publish(as_html(), CHANGED)
        sign = {"nodeType": "text", "value": "—", "marks": [], "data": {}}
        empty = {"nodeType": "document", "data": {}, "content": [{"nodeType": "paragraph", "data": {}, "content": [sign]}]}
        hook.payload["fields"]["body"]["en"] = empty
        job = await room.work(await room.post(hook))

    assert (job["state"], job["problem"]["type"]) == ("failed", "EmptyArticle")
    assert sorted(await room.told()) == ["exchange.detected", "extraction.completed", "extraction.failed"]


# Once.


@pytest.mark.parametrize(("name", "version"), [("superdesk", "3"), ("ghost", CHANGED)])
async def test_a_message_names_the_version_as_the_cms_does(database: Database, name: str, version: str):
    async with newsroom(database, BY_NAME[name]) as room:
        await room.work(await room.publish())
    row = await database.row("SELECT body FROM message ORDER BY sequence LIMIT 1")

    assert row is not None
    assert json.loads(row["body"])["data"]["article"]["version"] == version


async def test_five_identical_deliveries_at_once_are_one_job(room: Newsroom):
    answers = await asyncio.gather(*(room.publish() for _ in range(5)))

    assert [answer.status_code for answer in answers] == [200] * 5
    assert sorted(answer.json()["status"] for answer in answers) == ["accepted", *["duplicate"] * 4]
    assert len({answer.json()["job_id"] for answer in answers}) == 1
    assert [await room.count(table) for table in ("delivery", "job", "procrastinate_jobs")] == [1, 1, 1]


async def test_unchanged_text_costs_no_call_and_no_message(database: Database):
    engine = ScriptedEngine()
    async with newsroom(database, GENERIC, engine) as room:
        first = await room.work(await room.publish())
        again = await room.work(await room.publish(changed=LATER))
        other = await room.work(await room.publish(OTHER_TEXT, "2026-03-03T10:00:08+00:00"))

    assert (first["extraction_ids"], again["state"]) == (again["extraction_ids"], "succeeded")
    assert other["extraction_ids"] != first["extraction_ids"]
    assert engine.calls == 2
    assert await room.told() == ["extraction.completed", "exchange.detected", "extraction.updated", "exchange.detected"]


@every_cms
async def test_an_older_version_after_a_newer_one_is_ignored(database: Database, cms: Cms):
    if cms.adapter in ("directus", "superdesk"):
        pytest.skip("sends no text, or counts its versions: see the tests below")
    async with newsroom(database, cms) as room:
        newer = await room.work(await room.publish(OTHER_TEXT, CHANGED))
        older = await room.work(await room.publish(PARAGRAPHS, EARLIER))
        deleted = await room.work(await room.delete(EARLIER)) if cms.adapter != "wp-webhooks" else older  # its says no time

    assert (newer["state"], older["state"], deleted["state"]) == ("succeeded", "ignored", "ignored")
    assert await database.rows("SELECT 1 FROM article WHERE deleted_at IS NOT NULL") == []
    assert "article.deleted" not in await room.told()


async def test_a_counted_version_decides_before_any_time(database: Database):
    cms = BY_NAME["superdesk"]
    async with newsroom(database, cms) as room:
        await room.work(await room.publish(OTHER_TEXT, CHANGED))
        older = cms.publish(as_html(), LATER)
        job = await room.work(await room.post(replace(older, payload={**older.payload, "version": "2"})))

    assert job["state"] == "ignored"


async def test_a_publication_that_comes_after_its_deletion_is_dropped_and_its_text_is_not_kept(room: Newsroom):
    publish = await room.publish(changed=CHANGED)
    deleted = await room.work(await room.delete(LATER))
    late = await room.work(publish)

    assert (deleted["state"], late["state"]) == ("ignored", "ignored")
    assert await room.told() == []
    assert await room.desk.database.rows("SELECT 1 FROM delivery WHERE body IS NOT NULL") == []


async def test_a_job_that_is_done_again_after_the_deletion_does_not_bring_the_article_back(room: Newsroom):
    publish = await room.publish()
    await room.work(publish)
    await room.work(await room.delete(CHANGED))  # the time of the last change, which a deletion does not move
    await room.desk.database.execute("UPDATE job SET state = 'queued' WHERE delivery_id IN (SELECT min(id) FROM delivery)")
    again = await room.work(publish)

    assert again["state"] == "ignored"
    assert await room.desk.database.rows("SELECT 1 FROM article WHERE deleted_at IS NULL") == []


async def test_an_article_that_comes_back_is_told_of_again_with_a_greater_sequence(database: Database):
    engine = ScriptedEngine()
    async with newsroom(database, GENERIC, engine) as room:
        await room.work(await room.publish())
        await room.work(await room.post(Hook(payload={"type": "article.unpublished", "data": {"id": "7"}}, headers=[])))
        kept = await room.count("extraction")
        await room.work(await room.publish(changed="2026-03-03T10:00:09+00:00"))
        bodies = [json.loads(row["body"]) for row in await database.rows("SELECT body FROM message ORDER BY sequence")]

    shown = [(body["type"], body["data"]["article"]["sequence"]) for body in bodies if body["type"] != "exchange.detected"]
    assert shown == [("extraction.completed", 1), ("article.deleted", 2), ("extraction.updated", 3)]
    assert (kept, engine.calls) == (1, 1)
    assert await database.rows("SELECT 1 FROM article WHERE deleted_at IS NOT NULL") == []


async def test_an_end_is_told_once_however_often_its_job_runs(room: Newsroom):
    await room.work(await room.publish())
    deleted = await room.delete()
    await room.work(deleted)
    await room.desk.database.execute("UPDATE job SET state = 'queued'")
    await room.work(deleted)
    unpublished = Hook(payload={"type": "article.unpublished", "data": {"id": "7"}}, headers=[])
    await room.work(await room.post(unpublished))

    assert (await room.told()).count("article.deleted") == 1


async def test_a_deletion_leaves_other_articles_and_other_connections_alone(database: Database):
    async with newsroom(database, GHOST) as one, newsroom(database, GHOST) as other:
        for room in (one, other):
            await room.work(await room.publish())
        hook = GHOST.publish(as_html(), CHANGED)
        hook.payload["post"]["current"]["id"] = "70"
        await one.work(await one.post(hook))
        await one.work(await one.delete())

    rows = await database.rows("SELECT connection_id, source_id FROM article WHERE deleted_at IS NULL ORDER BY source_id")
    assert [(row["connection_id"], row["source_id"]) for row in rows] == [(other.id, "7"), (one.id, "70")]
    assert await database.rows("SELECT count(*) AS n FROM extraction") == [
        {"n": 1}
    ]  # of the same text: the tenant's one record


# Thin hooks.


async def test_hooks_of_one_article_without_a_key_wait_as_one_job_that_runs_a_little_later(database: Database):
    async with newsroom(database, DIRECTUS) as room:
        room.desk.now = lambda: datetime.now(UTC)
        answers = [await room.publish() for _ in range(3)]
        rows = await database.rows("SELECT scheduled_at - now() > interval '1 s' AS later FROM procrastinate_jobs")
        job = await room.work(answers[0])

    assert [answer.json() for answer in answers] == [{"status": "accepted", "job_id": job["id"]}] * 3
    assert (rows, job["kind"], job["state"]) == ([{"later": True}], "fetch", "succeeded")


async def test_an_article_that_the_cms_does_not_show_any_more_is_gone(database: Database, monkeypatch: pytest.MonkeyPatch):
    async def nothing(desk: Desk, connection: Row, source_id: str) -> None:
        return None

    async with newsroom(database, DIRECTUS) as room:
        await room.work(await room.publish())
        await database.execute("DELETE FROM procrastinate_jobs")
        monkeypatch.setattr(fetching, "fetch_article", nothing)
        job = await room.work(await room.publish())

    assert (job["state"], (await room.told())[-1]) == ("succeeded", "article.deleted")


async def test_a_cms_that_does_not_answer_is_asked_later(database: Database, monkeypatch: pytest.MonkeyPatch):
    async def silent(desk: Desk, connection: Row, source_id: str) -> None:
        raise NoAnswer(Unanswered.TIMED_OUT)

    async with newsroom(database, DIRECTUS) as room:
        monkeypatch.setattr(fetching, "fetch_article", silent)
        answer = await room.publish()
        first = await room.work(answer)
        for _ in range(12):
            last = await room.work(answer)

    assert (first["state"], first["failures"], last["state"], last["problem"]["type"]) == ("queued", 1, "failed", "NoAnswer")


async def test_a_change_that_a_poll_found_is_read_like_a_hooks(room: Newsroom):
    change = ArticleChange(source_id="9", event=Event.UPDATE, cms_id="9", title=TITLE, text="\n\n".join(PARAGRAPHS))
    async with room.desk.database.transaction() as connection:
        job_id = await submit(
            room.desk, connection, kind="fetch", tenant_id="default", priority=0, connection_id=room.id,
            request={"change": changes().dump_python(change, mode="json")},
        )  # fmt: skip
    await jobs.run(room.desk, job_id, WORKS)

    job = await jobs.find_job(room.desk, "default", job_id)
    assert (job["state"], len(job["extraction_ids"])) == ("succeeded", 1)


# What is kept of a delivery.


async def test_no_signature_no_token_and_no_account_is_kept(database: Database):
    for cms in CMSS:
        async with newsroom(database, cms) as room:
            assert (await room.publish()).status_code == 200
    rows = await database.rows("SELECT headers::text AS headers, convert_from(body, 'UTF8') AS body FROM delivery")

    kept = json.dumps(rows)
    for secret in (SECRET, WHSEC, "sha256=", "sha1=", "v1,", "editor@news.example", "desk-editor", "$P$hash"):
        assert secret not in kept
    assert len(rows) == len(CMSS) - 1  # the thin one is a job alone
    assert "A. Desk" in kept


# A database that does not answer.


async def test_a_locked_table_is_answered_503_within_two_seconds_and_then_the_delivery_is_accepted(room: Newsroom):
    await room.publish(OTHER_TEXT)  # so that pool and code are warm
    async with await psycopg.AsyncConnection.connect(room.desk.database.url) as other:
        await other.execute("LOCK TABLE delivery IN ACCESS EXCLUSIVE MODE")
        started = time.perf_counter()
        answers = await asyncio.gather(*(room.publish() for _ in range(3)))
        elapsed = time.perf_counter() - started
        await other.rollback()
    accepted = await room.publish()

    assert [(answer.status_code, answer.headers["retry-after"]) for answer in answers] == [(503, "5")] * 3
    assert answers[0].headers["content-type"] == "application/problem+json"
    assert elapsed < 2
    assert accepted.json()["status"] == "accepted"
    assert await room.count("delivery") == 2


async def test_a_delivery_is_not_kept_without_its_job(room: Newsroom, monkeypatch: pytest.MonkeyPatch):
    async def broken(*_: object, **__: object) -> bool:
        raise RuntimeError("between the two")

    monkeypatch.setattr(room.desk.queue, "defer", broken)
    answer = await room.publish()
    stored = [await room.count(table) for table in ("delivery", "job")]
    monkeypatch.undo()
    again = await room.publish()

    assert (answer.status_code, answer.headers["retry-after"], stored) == (503, "30", [0, 0])
    assert again.json()["status"] == "accepted"


async def test_a_full_queue_a_stopping_service_and_a_missing_database_are_answered_503(database: Database):
    async with newsroom(database, GENERIC, desk={"ceilings": Ceilings(queued_jobs=1)}) as room:
        await room.publish()
        full = await room.publish(OTHER_TEXT)
        room.context.draining = True
        draining = await room.publish(OTHER_TEXT)
        room.context.draining, room.context.desk = False, None
        without = await room.publish(OTHER_TEXT)

    assert [answer.status_code for answer in (full, draining, without)] == [503] * 3
    assert all(int(answer.headers["retry-after"]) > 0 for answer in (full, draining, without))
