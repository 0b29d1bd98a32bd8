"""Recorded replies answer the same requests again, and say when they are stale."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evals.recording import Recorder, Replayer, Upstream, read_recording, request_key
from evals.runfile import RunInvalid
from service.adapters.llm import OpenAIModel
from service.domain.record import Extraction
from service.errors import ModelFailed
from service.extraction.full import FullEngine
from service.extraction.pipeline import Wanted, extract
from tests import scripted_server as server
from tests.builders import SWAP, make_article
from tests.fakes import FixedClock
from tests.unit.service.extraction.test_checks import PROMPT, right_answer


async def ask(base_url: str, text: str = SWAP, *, degrade: bool = True) -> Extraction:
    model = OpenAIModel(model="m", base_url=base_url, api_key="k")
    try:
        engine = FullEngine(model, PROMPT)
        return await extract(make_article(text), Wanted(degrade=degrade), engine=engine, deadline_s=20, clock=FixedClock())
    finally:
        await model.aclose()


async def record(path: Path) -> tuple[Extraction, int]:
    with server.ScriptedServer(then=server.reply(right_answer())) as scripted:
        async with Recorder(path, Upstream(base_url=scripted.base_url, model="openai/m", how="played")) as recorder:
            first = await ask(recorder.base_url)
            await ask(recorder.base_url)
        return first, len(scripted.questions)


async def test_a_recording_answers_as_the_model_did_and_asks_it_only_once(tmp_path: Path) -> None:
    path = tmp_path / "replies.jsonl"
    recorded, asked = await record(path)

    async with Replayer(read_recording(path)) as replayer:
        replayed = await ask(replayer.base_url)

    assert asked == 1
    assert (replayed.quotes, replayed.exchanges) == (recorded.quotes, recorded.exchanges)
    assert replayed.provenance.model == "openai/m"
    replayer.check()


async def test_a_recording_says_who_made_it_and_holds_no_article(tmp_path: Path) -> None:
    path = tmp_path / "replies.jsonl"
    await record(path)

    recording = read_recording(path)

    assert (recording.model, recording.how) == ("openai/m", "played")
    assert "interior ministry said" not in path.read_text()


async def test_a_changed_request_is_a_stale_recording_and_not_a_bad_figure(tmp_path: Path) -> None:
    path = tmp_path / "replies.jsonl"
    await record(path)

    async with Replayer(read_recording(path)) as replayer:
        with pytest.raises(ModelFailed):
            await ask(replayer.base_url, SWAP.replace("Monday", "Sunday"), degrade=False)

    with pytest.raises(RunInvalid, match="stale: 1 requests"):
        replayer.check()


def test_the_key_does_not_depend_on_the_order_of_keys() -> None:
    one, other = {"a": 1, "b": [2, 3]}, {"b": [2, 3], "a": 1}

    assert request_key(json.dumps(one).encode()) == request_key(json.dumps(other, indent=1).encode())
    assert request_key(b'{"a": 1}') != request_key(b'{"a": 2}')


def test_a_file_that_is_no_recording_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"key": "1"}\n')

    with pytest.raises(RunInvalid, match="no recording"):
        read_recording(path)
