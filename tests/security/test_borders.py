"""What leaves the service, where to, and what comes in twice (security.md 6, 7, 8, 12, 14, 20, 21)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from service.adapters.database.pool import Database
from service.adapters.outbound import Outbound
from service.errors import AnswerInvalid
from service.flows.endpoints import create_endpoint
from tests.api.client import client_over, running
from tests.contract.test_intake import Newsroom, newsroom
from tests.desks import ScriptedEngine, make_desk
from tests.newsrooms import work_off
from tests.receivers import receiving
from tests.senders import BY_NAME, CHANGED, NOW, PARAGRAPHS, as_html

ACTIVE = (
    "<script>alert(1)</script>",
    "javascript:alert(1)",
    "![x](https://evil.example/x.png)",
    "=1+2",
    "<img src=x onerror=y>",
)
LINKS = "“See http://169.254.169.254/latest and https://evil.example/in,” said Ilse Varga, a spokeswoman for the Red Cross."


@pytest.fixture
async def room(database: Database) -> AsyncIterator[Newsroom]:
    async with newsroom(database, BY_NAME["generic"], ScriptedEngine()) as opened:
        yield opened


def spans_in(value: Any) -> Iterator[tuple[int, int, str]]:
    """Everything in an answer that says where it stands."""
    if isinstance(value, dict):
        if isinstance(value.get("start"), int):
            yield value["start"], value["end"], value["text"]
        for inner in value.values():
            yield from spans_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from spans_in(inner)


async def test_6_spans_of_a_stored_record_stand_in_the_stored_text(room: Newsroom) -> None:
    job = await room.work(
        await room.publish((*PARAGRAPHS, "Der Wächter\u200b sah 👩\u200d🚒: “Все дома,” said Ines Tabor."))
    )

    async with client_over(room.desk, open_mode=True) as http:
        record = (await http.get(f"/extractions/{job['extraction_ids'][0]}")).json()
        article = (await http.get(f"/articles/{job['article_ids'][0]}")).json()

    found = list(spans_in(record))
    assert len(found) >= 6
    assert all(article["text"][start:end] == text for start, end, text in found)


async def test_6_a_stored_record_that_does_not_fit_its_text_is_not_given_again(database: Database) -> None:
    desk = await make_desk(database, ScriptedEngine())
    body = {"text": "\n\n".join(PARAGRAPHS)}
    async with client_over(desk, open_mode=True) as http:
        first = await http.post("/extract", json=body)
        await database.execute(
            "UPDATE extraction SET record = replace(record::text, 'and they are home', 'and they are gone')::json"
        )
        second = await http.post("/extract", json=body)
    await desk.outbound.aclose()

    assert (first.status_code, second.status_code) == (200, 500)
    assert "gone" not in second.text


@pytest.mark.parametrize("words", ACTIVE)
def test_7_what_a_browser_would_run_is_plain_text_in_an_answer(words: str) -> None:
    with running() as http:
        answer = http.post("/extract", json={"text": f"“{words} it is,” said Ada Orr.", "title": words})

    assert answer.json()["quotes"][0]["text"] == f"{words} it is,"
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_8_an_address_in_an_article_is_called_by_nobody(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    send = Outbound.send

    async def watched(self: Outbound, method: str, url: str, *arguments: Any, **options: Any) -> Any:
        asked.append(url)
        return await send(self, method, url, *arguments, **options)

    monkeypatch.setattr(Outbound, "send", watched)
    async with receiving() as receiver:
        desk = {"outbound": Outbound(frozenset({"127.0.0.1"}))}
        async with newsroom(database, BY_NAME["generic"], ScriptedEngine(), desk=desk) as room:
            await create_endpoint(room.desk, "default", url=receiver.url)
            await room.publish((*PARAGRAPHS, LINKS))
            await work_off(room.desk)

    assert set(asked) == {receiver.url}
    assert len(receiver.received) >= 1
    for one in receiver.received:
        assert b"evil.example" not in one.body
        assert "evil.example" not in str(one.headers)


async def test_20_a_stored_result_and_its_message_say_that_they_are_incomplete(database: Database) -> None:
    engine = ScriptedEngine(failures=[AnswerInvalid(), AnswerInvalid()])
    async with newsroom(database, BY_NAME["generic"], engine) as room:
        await create_endpoint(room.desk, "default", url="https://receiver.example/in")
        job = await room.work(await room.publish())
        told = await room.told()
        async with client_over(room.desk, open_mode=True) as http:
            record = (await http.get(f"/extractions/{job['extraction_ids'][0]}")).json()

    assert record["provenance"]["degraded"]
    assert record["provenance"]["degraded_reason"]
    assert "extraction.degraded" in told
    assert "extraction.completed" not in told


@pytest.mark.parametrize("name", ["generic", "drupal", "superdesk", "ghost"])
async def test_21_a_delivery_that_is_sent_again_as_it_was_starts_nothing(name: str, database: Database) -> None:
    """Also where the CMS signs no time, so that what was overheard once verifies for ever."""
    engine = ScriptedEngine()
    async with newsroom(database, BY_NAME[name], engine) as room:
        hook = room.cms.publish(as_html(), CHANGED)
        headers = room.signed(hook)
        path = room.path + (f"/{hook.event}" if hook.event else "")
        first = await room.client.post(path, content=hook.body, headers=headers)
        await room.work(first)
        calls = engine.calls
        again = [await room.client.post(path, content=hook.body, headers=headers) for _ in range(3)]
        waiting = await database.rows("SELECT id FROM job WHERE state = 'queued'")

    assert [answer.json()["status"] for answer in again] == ["duplicate"] * 3
    assert (waiting, engine.calls) == ([], calls)


async def test_21_what_was_overheard_is_refused_when_its_time_is_up(database: Database) -> None:
    async with newsroom(database, BY_NAME["generic"], now=NOW + 301) as late:
        hook = late.cms.publish(as_html(), CHANGED)
        answer = await late.client.post(late.path, content=hook.body, headers=late.signed(hook, at=NOW))
        kept = await late.count("delivery")

    assert (answer.status_code, kept) == (401, 0)
    assert json.loads(answer.content)["title"] == "The delivery is not signed as its connection expects"
