"""A question is prepared once, and sends what instructor's own client would send."""

from __future__ import annotations

import json
from typing import Any

import instructor
import openai
import pytest
from pydantic import BaseModel, Field

from service.adapters.llm import OpenAIModel
from service.adapters.question import Question, mode_named
from service.adapters.transport import Manner
from service.ports import Message
from tests import scripted_server as server


class Quote(BaseModel):
    """One quotation."""

    q: str = Field(description="the number of a quoted region; “curly” marks stay")
    by: str | None = None


class Answer(BaseModel):
    """Quotations of one article."""

    quotes: list[Quote]

    @classmethod
    def model_json_schema(cls, *arguments: Any, **options: Any) -> dict[str, Any]:
        schemas.append(cls.__name__)
        return super().model_json_schema(*arguments, **options)


schemas: list[str] = []
MESSAGES = (Message("system", "Extract.\n  As it is."), Message("user", "    indented {{ x }}\n\n“é”"))
GOOD = {"quotes": [{"q": "Q1"}]}


async def _sent_by_instructor(mode: str) -> Any:
    answers = server.tool_call(GOOD) if mode == "tools" else server.reply(GOOD)
    with server.ScriptedServer(answers) as scripted:
        async with openai.AsyncOpenAI(base_url=scripted.base_url, api_key="k") as vendor:
            client = instructor.from_openai(vendor, mode=mode_named(mode))
            await client.chat.completions.create(
                model="m",
                messages=[{"role": message.role, "content": message.content} for message in MESSAGES],  # type: ignore[misc]
                response_model=Answer,
                temperature=0.0,
                max_tokens=9,
            )
    return scripted.questions[0]


async def _sent_by_us(mode: str, *, times: int = 1) -> Any:
    answers = server.tool_call(GOOD) if mode == "tools" else server.reply(GOOD)
    with server.ScriptedServer(then=answers) as scripted:
        model = OpenAIModel(model="m", base_url=scripted.base_url, manner=Manner(mode=mode))
        for _ in range(times):
            await model.ask(MESSAGES, response_model=Answer, max_tokens=9, timeout_s=5)
        await model.aclose()
    return scripted.questions[0]


@pytest.mark.parametrize("mode", ["json_schema", "tools", "json"])
async def test_the_request_is_the_one_that_instructors_own_client_sends(mode: str) -> None:
    assert await _sent_by_us(mode) == await _sent_by_instructor(mode)


@pytest.mark.parametrize("mode", ["json_schema", "tools", "json"])
async def test_the_schema_is_built_once_a_response_model(mode: str) -> None:
    schemas.clear()
    await _sent_by_us(mode, times=4)
    ours = len(schemas)

    schemas.clear()
    await _sent_by_instructor(mode)
    theirs = len(schemas)

    assert ours == 1
    assert theirs >= 1, "instructor itself no longer builds the schema on each call: Question may not be needed any more"


async def test_instructors_own_client_still_builds_the_schema_on_every_call() -> None:
    """What Question saves; when this fails, ask whether it is still worth having."""
    schemas.clear()
    await _sent_by_instructor("json_schema")
    await _sent_by_instructor("json_schema")

    assert len(schemas) >= 2


def test_a_conversation_without_a_system_message_gets_one_where_the_mode_needs_it() -> None:
    question = Question(Answer, mode=mode_named("json"))

    body = json.loads(question.body((Message("user", "article"),), settings={"model": "m"}))

    assert [turn["role"] for turn in body["messages"]] == ["system", "user"]
    assert '"Quote"' in body["messages"][0]["content"]
    assert body["messages"][1]["content"] == "article"
