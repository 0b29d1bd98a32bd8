"""What never gets out: words of articles, keys, secrets, the words of a vendor's error (security.md 15, 17, 18)."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from typing import Any

import pytest

from service.adapters.database.pool import Database
from service.adapters.llm import OpenAIModel
from service.adapters.outbound import Outbound
from service.adapters.prompts import PromptFiles
from service.adapters.transport import Manner, Retries
from service.domain.record import Extraction
from service.errors import AnswerInvalid, ModelOverloaded
from service.extraction.full import FullEngine
from service.flows import jobs
from service.flows.endpoints import create_endpoint
from service.flows.keys import create_key
from service.worker import WORKS
from tests import scripted_server as server
from tests.builders import SWAP
from tests.contract.test_intake import newsroom
from tests.desks import ScriptedEngine, make_desk
from tests.newsrooms import work_off
from tests.receivers import receiving
from tests.senders import BY_NAME, CHANGED, PARAGRAPHS, WHSEC, as_html
from tests.unit.service.extraction.test_checks import PROMPT, right_answer
from tests.unit.service.extraction.test_pipeline import run

CANARY = "canary-4711"
KEY = "sk-canary-key-0815"
TEXT = (*PARAGRAPHS, f"“The word is {CANARY},” said Ilse Varga.")


async def test_15_no_word_of_a_hook_is_logged_or_told_in_an_error_whatever_goes_wrong(
    database: Database, log: io.StringIO
) -> None:
    failures = [RuntimeError(CANARY), ModelOverloaded(), AnswerInvalid(), AnswerInvalid()]
    answers, ends = [], []
    async with receiving(500, 410) as receiver:
        desk = {"outbound": Outbound(frozenset({"127.0.0.1"})), "schedule_s": (0.0, 0.01, 0.01)}
        async with newsroom(database, BY_NAME["generic"], ScriptedEngine(failures=failures), desk=desk) as room:
            made = await create_endpoint(room.desk, "default", url=f"{receiver.url}?token={CANARY}")
            publish = room.cms.publish(as_html(TEXT), CHANGED)
            signed = room.signed(publish)
            answers += [
                await room.post(publish, body=publish.body + b" "),  # a byte more than was signed
                await room.post(publish, headers=[*signed, signed[-1]]),  # a header twice
                await room.post(publish, headers=[("Content-Type", f"text/{CANARY}"), *signed[1:]]),
                await room.client.post(f"/hooks/{CANARY}/{CANARY}", content=publish.body),
                await room.post(publish),
            ]
            job_id = answers[-1].json()["job_id"]
            for _ in range(4):
                await jobs.run(room.desk, job_id, WORKS)
                ends.append((await jobs.find_job(room.desk, "default", job_id))["state"])
            await work_off(room.desk)
            shown = await room.client.get(f"/jobs/{job_id}", headers={"host": "localhost"})
            await database.aclose()
            answers.append(await room.post(publish))

    told = log.getvalue() + "".join(answer.text + str(answer.headers) for answer in answers) + shown.text
    assert [answer.status_code for answer in answers] == [401, 401, 415, 401, 200, 503]
    assert ends[-1] == "succeeded"
    assert len(receiver.received) == 2  # refused, and then gone
    for event in ("job_crashed", "job_postponed", "job_finished", "endpoint_disabled"):
        assert f'"{event}"' in log.getvalue()
    for secret in (CANARY, "Ilse Varga", "Halm", WHSEC, made.secret):
        assert secret not in told


@pytest.mark.parametrize("arguments", [["extract", "-"], ["extract", "-", "--json"], ["extract", "-", "--model", CANARY]])
def test_15_the_command_line_says_nothing_of_an_article_beside_its_answer(arguments: list[str]) -> None:
    environment = {
        **os.environ,
        "PARLEY_MODEL": "openai/m",
        "PARLEY_API_KEY": KEY,
        "PARLEY_BASE_URL": "http://127.0.0.1:9/v1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "service", *arguments], input="\n\n".join(TEXT), env=environment, text=True, capture_output=True,
        check=False, timeout=120,
    )  # fmt: skip

    assert KEY not in done.stdout + done.stderr
    assert "Ilse Varga" not in done.stderr
    assert "Traceback" not in done.stderr


async def asked_for(mode: str) -> tuple[dict[str, Any], dict[str, str], Extraction]:
    """What a server is sent for an article: the body and the headers of the question; and what came of the answer."""
    answer = server.tool_call(right_answer()) if mode == "tools" else server.reply(right_answer())
    with server.ScriptedServer(then=answer) as scripted:
        manner = Manner(mode=mode, retries=Retries(most=0))  # type: ignore[arg-type]
        model = OpenAIModel(model="m", base_url=scripted.base_url, api_key=KEY, manner=manner)
        extraction = await run(FullEngine(model, PROMPT), SWAP)
        await model.aclose()
    (request,) = [one for one in scripted.requests if one.method == "POST"]
    return request.body, request.headers, extraction


async def test_17_a_prompt_holds_no_key_and_nothing_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_DATABASE_URL", f"postgresql://u:{CANARY}@db.example/parley")

    body, headers, _ = await asked_for("json_schema")

    assert headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in json.dumps(body)
    assert CANARY not in json.dumps(body)


def test_17_the_prompts_themselves_hold_no_secret() -> None:
    book = PromptFiles()
    for name in ("extract", "confirm"):
        text = (book.get(name).system + book.get(name).user).lower()
        assert not [word for word in ("whsec_", "sk-", "password", "api_key", "postgresql://") if word in text]


@pytest.mark.parametrize("mode", ["json_schema", "json", "tools"])
async def test_18_a_model_has_no_tool_that_does_anything(mode: str) -> None:
    body, _, extraction = await asked_for(mode)

    # In the mode "tools", the form of the answer is written as the one function that "calls" it; nothing is ever run.
    assert [tool["function"]["name"] for tool in body.get("tools", [])] == (["FullAnswer"] if mode == "tools" else [])
    assert not {"functions", "plugins", "web_search_options"} & set(body)
    assert extraction.provenance.calls == 1


async def test_18_nothing_is_written_into_a_cms_that_was_not_asked_for(database: Database) -> None:
    async with newsroom(database, BY_NAME["wordpress"], ScriptedEngine()) as room:
        job = await room.work(await room.publish())
        sent = await database.rows("SELECT id FROM dispatch")

    assert (job["state"], sent) == ("succeeded", [])


async def test_22_no_key_stands_in_the_database(database: Database) -> None:
    desk = await make_desk(database)
    made = await create_key(database, name="desk", scopes=("admin",))
    rows = await database.rows("SELECT api_key::text AS whole FROM api_key")
    await desk.outbound.aclose()

    assert all(part not in rows[0]["whole"] for part in (made.key, made.key.rpartition("_")[2]))
