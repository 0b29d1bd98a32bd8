"""ProviderModel over an instructor client; here an OpenAI one, because every installation has it."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import instructor
import openai
import pytest
from pydantic import BaseModel

from service.adapters.providers import ProviderModel, _raw, _usage
from service.adapters.transport import Manner, Retries
from service.domain.record import Usage
from service.errors import (
    AnswerRefused,
    AnswerTruncated,
    ModelFailed,
    ModelOverloaded,
    ModelRejectedRequest,
    ModelTimedOut,
    ModelUnreachable,
)
from service.ports import InvalidReply, Message, Reply
from tests import scripted_server as server

CANARY = "zanzibar-canary"
MESSAGES = (Message("system", "Extract."), Message("user", CANARY))
MANNER = Manner(retries=Retries(most=3, first_wait_s=0.01, longest_wait_s=0.02))
GOOD = {"quotes": ["Q1"]}


class Answer(BaseModel):
    quotes: list[str]


async def ask(
    *script: server.Behaviour, then: server.Behaviour | None = None
) -> tuple[Reply[Answer], server.ScriptedServer]:
    with server.ScriptedServer(*script, then=then) as scripted:
        vendor = openai.AsyncOpenAI(base_url=scripted.base_url, api_key="k")
        client = instructor.from_openai(vendor, mode=instructor.Mode.JSON_SCHEMA, model="m")
        model = ProviderModel(client, name="some/model", manner=MANNER)
        try:
            return await model.ask(MESSAGES, response_model=Answer, max_tokens=77, timeout_s=2), scripted
        finally:
            await model.aclose()


async def test_a_question_is_answered_and_counted() -> None:
    reply, scripted = await ask(server.status(429, retry_after="0"), server.reply(GOOD))

    assert isinstance(reply.answer, Answer)
    assert reply.answer.model_dump() == GOOD
    assert (reply.calls, len(scripted.questions)) == (2, 2)
    assert (reply.raw, reply.usage) == ('{"quotes": ["Q1"]}', Usage(input_tokens=100, cached_tokens=60, output_tokens=20))
    assert scripted.questions[0]["max_tokens"] == 77


@pytest.mark.parametrize(
    ("behaviour", "failure", "calls"),
    [
        (server.status(429), ModelOverloaded, 4),
        (server.status(503), ModelOverloaded, 4),
        (server.status(401), ModelRejectedRequest, 1),
        (server.status(404), ModelRejectedRequest, 1),
        (server.reset(), ModelUnreachable, 4),
        (server.hang(), ModelTimedOut, 1),
        (server.truncated("{"), AnswerTruncated, 1),
        (server.refusal(), AnswerRefused, 1),
        (server.content_filter(), AnswerRefused, 1),
    ],
    ids=["429", "503", "401", "404", "reset", "hang", "truncated", "refusal", "filter"],
)
async def test_failures_are_those_of_the_other_model(
    behaviour: server.Behaviour, failure: type[ModelFailed], calls: int
) -> None:
    with pytest.raises(failure) as raised:
        await ask(then=behaviour)

    assert raised.value.calls == calls


async def test_an_invalid_reply_is_not_asked_again_here() -> None:
    with pytest.raises(InvalidReply, match="1 problem") as raised:
        await ask(server.reply({"quotes": [1]}), then=server.reply(GOOD))

    assert raised.value.problems == ("quotes[0]: Input should be a valid string (you answered 1).",)
    assert (raised.value.raw, raised.value.partial, raised.value.calls) == ('{"quotes": [1]}', {"quotes": [1]}, 1)


@pytest.mark.parametrize("behaviour", [server.status(400, message=CANARY), server.reply(CANARY)], ids=["400", "not JSON"])
async def test_nothing_of_the_article_is_logged_or_chained(
    behaviour: server.Behaviour, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises((ModelFailed, InvalidReply)) as raised:
        await ask(then=behaviour)

    error: BaseException | None = raised.value
    while error is not None:
        assert CANARY not in str(error)
        assert not type(error).__module__.startswith(("openai", "instructor", "httpx2"))
        error = error.__cause__ or error.__context__
    assert CANARY not in caplog.text


@pytest.mark.parametrize(
    ("completion", "raw", "usage"),
    [
        (
            {
                "content": [SimpleNamespace(type="tool_use", input={"a": 1})],
                "usage": SimpleNamespace(
                    input_tokens=10, output_tokens=5, cache_read_input_tokens=30, cache_creation_input_tokens=2
                ),
            },
            '{"a": 1}',
            Usage(input_tokens=42, cached_tokens=30, output_tokens=5),
        ),
        (
            {
                "function_calls": [SimpleNamespace(args={"a": 1})],
                "usage_metadata": SimpleNamespace(
                    prompt_token_count=40, candidates_token_count=5, cached_content_token_count=30
                ),
            },
            '{"a": 1}',
            Usage(input_tokens=40, cached_tokens=30, output_tokens=5),
        ),
    ],
    ids=["anthropic", "google"],
)
def test_replies_in_other_shapes_are_read(completion: dict[str, Any], raw: str, usage: Usage) -> None:
    assert _raw(SimpleNamespace(**completion)) == raw
    assert _usage(SimpleNamespace(**completion)) == usage
