"""OpenAIModel over real HTTP: what is sent, what is retried, what each failure becomes, and what never leaks."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import openai
import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from service.adapters.llm import OLLAMA_URL, OpenAIModel, build_model, failure_of
from service.adapters.transport import CallFailed, Manner, Retries
from service.domain.record import Usage
from service.errors import (
    AnswerRefused,
    AnswerTruncated,
    ExtraMissing,
    ModelFailed,
    ModelOverloaded,
    ModelRejectedRequest,
    ModelTimedOut,
    ModelUnreachable,
    SettingInvalid,
    UpstreamUnavailable,
)
from service.ports import InvalidReply, Message, Reply
from tests import scripted_server as server

CANARY = "zanzibar-canary"
MESSAGES = (Message("system", "Extract."), Message("user", f"{{{{ 7*7 }}}} {{% for %}} “{CANARY}” é"))
FAST = Retries(most=3, first_wait_s=0.01, longest_wait_s=0.02)
MOST_CALLS = FAST.most + 1


class Quote(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    q: str
    by: str | None = None

    @field_validator("by")
    @classmethod
    def _is_named(cls, by: str | None, info: ValidationInfo) -> str | None:
        if by == "m9":
            raise ValueError(f"{info.data['q']}: speaker m9 is not in the candidate list")
        return by


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True)
    quotes: list[Quote] = Field(max_length=50)


GOOD = {"quotes": [{"q": "Q1", "by": "Marta Lindqvist"}]}
RIGHT = Answer(quotes=[Quote(q="Q1", by="Marta Lindqvist")])
SPENT = Usage(input_tokens=100, cached_tokens=60, output_tokens=20)


@asynccontextmanager
async def model_at(base_url: str, *, manner: Manner | None = None) -> AsyncIterator[OpenAIModel]:
    model = OpenAIModel(model="scripted", base_url=base_url, api_key="secret-key", manner=manner or Manner(retries=FAST))
    try:
        yield model
    finally:
        await model.aclose()


async def ask(scripted: server.ScriptedServer, *, timeout_s: float = 5.0, manner: Manner | None = None) -> Reply[Answer]:
    async with model_at(scripted.base_url, manner=manner) as model:
        return await model.ask(MESSAGES, response_model=Answer, max_tokens=321, timeout_s=timeout_s)


async def test_one_question_is_one_request_with_the_schema_and_every_limit() -> None:
    with server.ScriptedServer(server.reply(GOOD)) as scripted:
        reply = await ask(scripted)

    (question,) = scripted.questions
    assert question == {
        "model": "scripted",
        "temperature": 0.0,
        "max_tokens": 321,
        "messages": [{"role": message.role, "content": message.content} for message in MESSAGES],
        "response_format": {"type": "json_schema", "json_schema": {"name": "Answer", "schema": Answer.model_json_schema()}},
    }
    assert scripted.requests[0].headers["authorization"] == "Bearer secret-key"
    assert (reply.answer, reply.usage, reply.calls) == (RIGHT, SPENT, 1)
    assert type(reply.answer) is Answer


async def test_templates_in_an_article_are_sent_as_they_are() -> None:
    with server.ScriptedServer(server.reply(GOOD)) as scripted:
        await ask(scripted)

    assert scripted.questions[0]["messages"][1]["content"] == MESSAGES[1].content


@pytest.mark.parametrize("mode", ["json_schema", "json"])
async def test_a_json_reply_is_read(mode: str) -> None:
    with server.ScriptedServer(server.reply(GOOD)) as scripted:
        assert (await ask(scripted, manner=Manner(mode=mode))).answer == RIGHT


async def test_a_tool_call_is_read_and_its_arguments_continue_the_conversation() -> None:
    with server.ScriptedServer(server.tool_call(GOOD)) as scripted:
        reply = await ask(scripted, manner=Manner(mode="tools"))

    assert scripted.questions[0]["tool_choice"] == {"type": "function", "function": {"name": "Answer"}}
    assert (reply.answer, reply.raw) == (RIGHT, '{"quotes": [{"q": "Q1", "by": "Marta Lindqvist"}]}')


async def test_a_reply_without_the_tool_call_is_to_be_asked_again() -> None:
    with server.ScriptedServer(server.reply(GOOD)) as scripted, pytest.raises(InvalidReply) as raised:
        await ask(scripted, manner=Manner(mode="tools"))

    assert raised.value.problems == (
        "The reply did not call the function Answer: answer by calling it, and with nothing else.",
    )
    assert raised.value.partial == GOOD


async def test_temperature_can_be_left_out() -> None:
    with server.ScriptedServer(server.reply(GOOD)) as scripted:
        await ask(scripted, manner=Manner(temperature=None))

    assert "temperature" not in scripted.questions[0]


async def test_one_fenced_object_is_accepted() -> None:
    with server.ScriptedServer(server.fenced(GOOD)) as scripted:
        assert (await ask(scripted)).answer == RIGHT


@pytest.mark.parametrize(
    "text",
    [
        'Here it is: {"quotes": []}',
        'Here it is:\n```json\n{"quotes": []}\n```',
        '```json\n{"quotes": []}\n```\nI hope this helps.',
        '{"quotes": []}\n{"quotes": []}',
        '```json\n{"quotes": []}\n```\n```json\n{"quotes": []}\n```',
        "<think>{}</think>",
        "no JSON",
    ],
    ids=["prose first", "prose and fence", "prose last", "two objects", "two fences", "thinking", "no JSON"],
)
async def test_anything_beside_one_object_is_to_be_asked_again(text: str) -> None:
    with server.ScriptedServer(server.reply(text)) as scripted, pytest.raises(InvalidReply) as raised:
        await ask(scripted)

    assert (raised.value.raw, raised.value.partial, raised.value.calls) == (text, None, 1)
    (problem,) = raised.value.problems
    assert problem.startswith("The reply is not JSON (")
    assert problem.endswith(": answer with exactly one JSON object and nothing before or after it.")


async def test_each_problem_is_one_sentence_with_its_path() -> None:
    wrong = {"quotes": [{"q": 3}, {"by": None}, {"q": "Q3", "by": "m9"}, {"q": "Q4", "mood": "sad"}]}
    with server.ScriptedServer(server.reply(wrong)) as scripted, pytest.raises(InvalidReply) as raised:
        await ask(scripted)

    assert raised.value.problems == (
        "quotes[0].q: Input should be a valid string (you answered 3).",
        "quotes[1].q: this field is missing.",
        "quotes[2].by: Q3: speaker m9 is not in the candidate list",
        "quotes[3].mood: this field is not known; leave it out.",
    )
    assert (raised.value.partial, raised.value.usage) == (wrong, SPENT)


@pytest.mark.parametrize(
    "behaviour", [server.empty(), server.no_choices(), server.reply("  \n")], ids=["null", "none", "blank"]
)
async def test_an_empty_reply_is_to_be_asked_again(behaviour: server.Behaviour) -> None:
    with server.ScriptedServer(behaviour) as scripted, pytest.raises(InvalidReply, match="1 problem") as raised:
        await ask(scripted)

    assert raised.value.problems == ("The reply was empty: answer with exactly one JSON object.",)


@pytest.mark.parametrize(
    ("behaviour", "failure"),
    [
        (server.truncated('{"quotes": ['), AnswerTruncated),
        (server.truncated('{"quotes": []}'), AnswerTruncated),  # valid by chance, but cut off
        (server.refusal(), AnswerRefused),
        (server.content_filter(), AnswerRefused),
    ],
    ids=["truncated", "truncated but valid", "refusal", "content filter"],
)
async def test_why_a_reply_ended_is_looked_at_before_its_text(
    behaviour: server.Behaviour, failure: type[ModelFailed]
) -> None:
    with server.ScriptedServer(behaviour) as scripted, pytest.raises(failure) as raised:
        await ask(scripted)

    assert len(scripted.questions) == raised.value.calls == 1
    assert raised.value.tokens == (100, 60, 20)


@pytest.mark.parametrize(
    ("behaviour", "failure"),
    [
        (server.status(429), ModelOverloaded),
        (server.status(503), ModelOverloaded),
        (server.status(529), ModelOverloaded),
        (server.status(500), UpstreamUnavailable),
        (server.status(502), UpstreamUnavailable),
        (server.status(504), ModelTimedOut),
        (server.reset(), ModelUnreachable),
        (server.half_body(GOOD), ModelUnreachable),
        (server.raw(b"<html>a proxy's page</html>"), UpstreamUnavailable),
        (server.raw(b'{"object": "list"}'), UpstreamUnavailable),
        (server.raw(b"[" * 100_000), UpstreamUnavailable),
        (server.raw(b'{"error": {"message": "busy", "code": 429}}'), ModelOverloaded),
    ],
    ids=["429", "503", "529", "500", "502", "504", "reset", "half body", "page", "no choices", "nested", "429 in a 200"],
)
async def test_what_may_pass_is_retried_and_counted(behaviour: server.Behaviour, failure: type[ModelFailed]) -> None:
    with server.ScriptedServer(behaviour, server.reply(GOOD)) as recovering:
        reply = await ask(recovering)
    with server.ScriptedServer(then=behaviour) as failing, pytest.raises(failure) as raised:
        await ask(failing)

    assert (reply.answer, reply.calls, len(recovering.questions)) == (RIGHT, 2, 2)
    assert recovering.questions[0] == recovering.questions[1]
    assert type(raised.value) is failure
    assert raised.value.calls == len(failing.questions) == MOST_CALLS


@pytest.mark.parametrize("code", [400, 401, 403, 404, 422])
async def test_a_refused_request_is_not_repeated(code: int) -> None:
    with (
        server.ScriptedServer(then=server.status(code)) as scripted,
        pytest.raises(ModelRejectedRequest, match=str(code)) as raised,
    ):
        await ask(scripted)

    assert len(scripted.questions) == raised.value.calls == 1


async def test_a_spent_quota_is_not_waited_for() -> None:
    with (
        server.ScriptedServer(then=server.status(429, error_code="insufficient_quota")) as scripted,
        pytest.raises(ModelRejectedRequest, match="429"),
    ):
        await ask(scripted)

    assert len(scripted.questions) == 1


async def test_a_filtered_prompt_is_a_refusal() -> None:
    with (
        server.ScriptedServer(then=server.status(400, error_code="content_filter")) as scripted,
        pytest.raises(AnswerRefused, match="refused"),
    ):
        await ask(scripted)


async def test_retry_after_is_kept_to() -> None:
    with server.ScriptedServer(server.status(429, retry_after="1"), server.reply(GOOD)) as scripted:
        begun = time.monotonic()
        reply = await ask(scripted)

    assert 1.0 <= time.monotonic() - begun < 4.0
    assert reply.calls == 2


async def test_a_wait_that_would_end_too_late_is_not_begun() -> None:
    with server.ScriptedServer(then=server.status(503, retry_after="30")) as scripted:
        begun = time.monotonic()
        with pytest.raises(ModelOverloaded, match="overloaded") as raised:
            await ask(scripted, timeout_s=5)

    assert time.monotonic() - begun < 5.0
    assert raised.value.calls == 1


@pytest.mark.parametrize("behaviour", [server.hang(), server.slow_bytes(GOOD, pause_s=0.05)], ids=["hang", "slow bytes"])
async def test_time_is_up_within_a_call(behaviour: server.Behaviour) -> None:
    with server.ScriptedServer(then=behaviour) as scripted:
        begun = time.monotonic()
        with pytest.raises(ModelTimedOut, match="deadline") as raised:
            await ask(scripted, timeout_s=0.5)

    assert 0.4 < time.monotonic() - begun < 3.0
    assert raised.value.calls == 1


async def test_a_call_that_hangs_is_given_up_and_repeated_within_the_deadline() -> None:
    with server.ScriptedServer(server.hang(), server.reply(GOOD)) as scripted:
        reply = await ask(scripted, manner=Manner(retries=FAST, attempt_timeout_s=0.3))

    assert (reply.answer, reply.calls) == (RIGHT, 2)


async def test_no_time_left_sends_nothing() -> None:
    with server.ScriptedServer(server.reply(GOOD)) as scripted, pytest.raises(ModelTimedOut, match="deadline") as raised:
        await ask(scripted, timeout_s=0)

    assert scripted.requests == []
    assert raised.value.calls == 0


async def test_nobody_listens() -> None:
    with server.ScriptedServer() as gone:
        base_url = gone.base_url

    async with model_at(base_url) as model:
        with pytest.raises(ModelUnreachable, match="reached") as raised:
            await model.ask(MESSAGES, response_model=Answer, max_tokens=10, timeout_s=5)
        assert not await model.is_reachable(1)
    assert raised.value.calls == MOST_CALLS


async def test_cancellation_passes_through_at_once_and_hangs_up() -> None:
    with server.ScriptedServer(server.hang()) as scripted:
        async with model_at(scripted.base_url) as model:
            asking = asyncio.create_task(model.ask(MESSAGES, response_model=Answer, max_tokens=10, timeout_s=30))
            await _until(lambda: scripted.questions)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(asking, 1)
            await _until(lambda: scripted.hang_ups)

    assert (scripted.hang_ups, len(scripted.questions)) == (1, 1)


async def test_many_questions_at_once_keep_their_own_retries() -> None:
    with server.ScriptedServer(*[server.status(503)] * 40, then=server.reply(GOOD)) as scripted:
        async with model_at(scripted.base_url) as model:
            asked = (model.ask(MESSAGES, response_model=Answer, max_tokens=10, timeout_s=20) for _ in range(40))
            replies = await asyncio.gather(*asked)

    assert sum(reply.calls for reply in replies) == len(scripted.questions) == 80
    assert all(reply.answer == RIGHT for reply in replies)


async def test_half_a_surrogate_pair_in_a_reply_can_be_sent_back() -> None:
    with server.ScriptedServer(server.reply(GOOD)) as scripted:
        async with model_at(scripted.base_url) as model:
            turns = (*MESSAGES, Message("assistant", "\ud83d"), Message("user", "again"))
            await model.ask(turns, response_model=Answer, max_tokens=10, timeout_s=5)

    assert scripted.questions[0]["messages"][2]["content"] == "?"


FAILURES = [
    server.status(400, message=CANARY),
    server.status(500, message=CANARY),
    server.reset(),
    server.reply(CANARY),
    server.hang(),
]


@pytest.mark.parametrize("behaviour", FAILURES, ids=["400", "500", "reset", "not JSON", "hang"])
async def test_no_error_and_no_log_holds_the_article_or_a_vendors_object(
    behaviour: server.Behaviour, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with server.ScriptedServer(then=behaviour) as scripted, pytest.raises((ModelFailed, InvalidReply)) as raised:
        await ask(scripted, timeout_s=0.5)

    error: BaseException | None = raised.value
    while error is not None:
        assert CANARY not in str(error)
        assert type(error).__module__.partition(".")[0] in ("service", "pydantic_core", "builtins", "asyncio")
        assert not hasattr(error, "request")
        error = error.__cause__ or error.__context__
    assert CANARY not in caplog.text
    assert "secret-key" not in caplog.text


async def test_readiness_lists_models_and_never_asks_one() -> None:
    with server.ScriptedServer() as scripted:
        async with model_at(scripted.base_url) as model:
            assert await model.is_reachable(1)

    assert [(request.method, request.path) for request in scripted.requests] == [("GET", "/v1/models")]


@pytest.mark.parametrize(("code", "reachable"), [(401, False), (403, False), (404, True), (500, False), (503, False)])
async def test_a_server_that_refuses_our_key_or_fails_is_not_ready(code: int, reachable: bool) -> None:
    with server.ScriptedServer(models_status=code) as scripted:
        async with model_at(scripted.base_url) as model:
            assert await model.is_reachable(1) is reachable


def _exceptions_of_openai() -> list[type[openai.OpenAIError]]:
    kinds: set[type[openai.OpenAIError]] = set()
    waiting: list[type[openai.OpenAIError]] = [openai.OpenAIError]
    while waiting:  # by descent, so that those which are not exported are found too
        kind = waiting.pop()
        kinds.add(kind)
        waiting += [below for below in kind.__subclasses__() if below.__module__.startswith("openai")]
    return sorted(kinds, key=lambda kind: kind.__name__)


KNOWN = {
    "APIConnectionError": ModelUnreachable,
    "APITimeoutError": ModelUnreachable,  # by its cause, of which this one has none
    "AuthenticationError": ModelRejectedRequest,
    "BadRequestError": ModelRejectedRequest,
    "ConflictError": ModelRejectedRequest,
    "ContentFilterFinishReasonError": AnswerRefused,
    "InternalServerError": ModelOverloaded,
    "LengthFinishReasonError": AnswerTruncated,
    "NotFoundError": ModelRejectedRequest,
    "OAuthError": ModelRejectedRequest,
    "PermissionDeniedError": ModelRejectedRequest,
    "RateLimitError": ModelOverloaded,
    "UnprocessableEntityError": ModelRejectedRequest,
}
STATUS = {
    "AuthenticationError": 401, "BadRequestError": 400, "ConflictError": 409, "InternalServerError": 503, "NotFoundError": 404,
    "OAuthError": 401, "PermissionDeniedError": 403, "RateLimitError": 429, "UnprocessableEntityError": 422,
}  # fmt: skip
# Base classes, and what belongs to parts of the client that are not used here: any of them is a server that failed.
OTHERS = {
    "APIError", "APIRemovedInV1", "APIResponseValidationError", "APIStatusError", "MutuallyExclusiveAuthError", "OpenAIError",
    "StreamAlreadyConsumed", "SubjectTokenProviderError", "WebSocketConnectionClosedError", "WebSocketQueueFullError",
    "_AmbiguousModuleClientUsageError",
}  # fmt: skip


@pytest.mark.parametrize("kind", _exceptions_of_openai(), ids=lambda kind: kind.__name__)
def test_every_exception_of_the_client_is_mapped(kind: type[openai.OpenAIError]) -> None:
    if kind.__name__ in OTHERS:
        return
    assert kind.__name__ in KNOWN, f"openai has a new exception, {kind.__name__}: decide what it means"

    failed = failure_of(_made(kind))

    assert isinstance(failed, CallFailed)
    assert type(failed.failure) is KNOWN[kind.__name__]


def _made(kind: type[openai.OpenAIError]) -> openai.OpenAIError:
    """An instance, without the vendor's constructors: they differ, and only the attributes are read."""
    error = kind.__new__(kind)
    if kind.__name__ in STATUS:
        error.status_code = STATUS[kind.__name__]  # type: ignore[attr-defined]
        error.code = None  # type: ignore[attr-defined]
        error.response = type("Response", (), {"headers": {}})()  # type: ignore[attr-defined]
    return error


async def test_references_name_a_provider_and_a_model() -> None:
    compatible = build_model("vllm/mistral", base_url="http://127.0.0.1:9/v1")
    ollama = build_model("ollama/qwen3:4b")
    try:
        assert isinstance(compatible, OpenAIModel)
        assert isinstance(ollama, OpenAIModel)
        assert (compatible.name, ollama.name) == ("vllm/mistral", "ollama/qwen3:4b")
        assert str(ollama._client.base_url) == f"{OLLAMA_URL}/"
    finally:
        await compatible.aclose()
        await ollama.aclose()


async def test_the_usual_key_is_not_sent_to_another_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    with server.ScriptedServer(server.reply(GOOD)) as scripted:
        model = build_model("vllm/mistral", base_url=scripted.base_url)
        await model.ask(MESSAGES, response_model=Answer, max_tokens=10, timeout_s=5)
        await model.aclose()

    assert CANARY not in str(scripted.requests[0].headers)


async def test_openai_itself_is_asked_by_the_name_its_newer_models_know(monkeypatch: pytest.MonkeyPatch) -> None:
    with server.ScriptedServer(server.reply(GOOD)) as scripted:
        monkeypatch.setenv("OPENAI_BASE_URL", scripted.base_url)
        model = build_model("openai/gpt-5", api_key="k")
        await model.ask(MESSAGES, response_model=Answer, max_tokens=10, timeout_s=5)
        await model.aclose()

    assert scripted.questions[0]["max_completion_tokens"] == 10
    assert "max_tokens" not in scripted.questions[0]


@pytest.mark.parametrize("model", ["gpt-5-mini", "o3", "o4-mini", "openai/gpt-5.1"])
async def test_reasoning_models_are_sent_no_temperature(model: str) -> None:
    with server.ScriptedServer(server.reply(GOOD)) as scripted:
        gateway = build_model(f"gateway/{model}", base_url=scripted.base_url)
        await gateway.ask(MESSAGES, response_model=Answer, max_tokens=10, timeout_s=5)
        await gateway.aclose()

    assert "temperature" not in scripted.questions[0]
    assert scripted.questions[0]["max_completion_tokens"] == 10


@pytest.mark.parametrize("reference", ["gpt-4o", "openai/", "/gpt-4o", "", " openai/x"])
def test_a_malformed_reference_is_a_setting_error(reference: str) -> None:
    with pytest.raises(SettingInvalid, match="provider/model"):
        build_model(reference)


@pytest.mark.parametrize("base_url", ["localhost:8080", "ftp://host/v1", "http://", "http://host:port/v1"])
def test_a_malformed_base_url_is_a_setting_error(base_url: str) -> None:
    with pytest.raises(SettingInvalid, match="http or https"):
        build_model("openai/x", base_url=base_url)


def test_a_missing_key_is_a_setting_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(SettingInvalid, match="OPENAI_API_KEY"):
        build_model("openai/gpt-4o")


def test_the_mode_that_takes_planted_json_is_refused() -> None:
    with pytest.raises(SettingInvalid, match="md_json"):
        build_model("openai/x", base_url="http://127.0.0.1:9/v1", manner=Manner(mode="md_json"))


def test_a_provider_without_its_package_names_the_extra() -> None:
    try:
        import anthropic  # noqa: F401
    except ImportError:
        with pytest.raises(ExtraMissing, match=r"parley\[anthropic\]"):
            build_model("anthropic/claude-sonnet-4-6", api_key="k")
    else:
        pytest.skip("anthropic is installed here")


@pytest.mark.parametrize("reference", ["nobody/x", "deepseek/x", "mistral/x"], ids=["unknown", "no key", "no package"])
def test_a_provider_that_cannot_be_used_is_a_setting_error(reference: str) -> None:
    with pytest.raises(SettingInvalid, match="a provider that instructor knows"):
        build_model(reference)


async def _until(condition: object, *, seconds: float = 3.0) -> None:
    for _ in range(int(seconds / 0.01)):
        if condition():  # type: ignore[operator]
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen in time")
