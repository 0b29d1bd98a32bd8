"""Providers that speak their own protocol (Anthropic, Google and others that instructor knows), by instructor's own client.

The thin brother of OpenAIModel: same port, same errors, same retries, none of its economy. Mode and temperature are the
provider's own defaults: which of them a call may set differs from one to the next.
"""

from __future__ import annotations

import json
import logging
from importlib.util import find_spec
from typing import Any, cast

import instructor
from instructor.core import ConfigurationError, IncompleteOutputException, InstructorError, InstructorRetryException
from pydantic import ValidationError

from service.adapters.replies import json_object_in, problems_of
from service.adapters.transport import CallFailed, Manner, Spent, call_with_retries, failure_of_status
from service.domain.record import Usage
from service.errors import (
    AnswerRefused,
    AnswerTruncated,
    ExtraMissing,
    ModelTimedOut,
    ModelUnreachable,
    SettingInvalid,
    UpstreamUnavailable,
)
from service.ports import Answer, InvalidReply, Message, Reply

# What each extra must bring; instructor itself misses the last one only when the first question is asked.
_EXTRAS = {"anthropic": ("anthropic",), "google": ("google.genai", "jsonref")}


class ProviderModel:
    """A ChatModel over a client that `instructor.from_provider` built. `name` is "provider/model"."""

    def __init__(self, client: instructor.AsyncInstructor, *, name: str, manner: Manner) -> None:
        # instructor logs what it could not read: the reply, and with it the article.
        logging.getLogger("instructor").setLevel(logging.CRITICAL + 1)
        self._client = client
        self._name = name
        self._retries = manner.retries
        if hasattr(client.client, "max_retries"):  # one place retries, and counts: call_with_retries
            cast("Any", client.client).max_retries = 0

    @classmethod
    def named(cls, reference: str, *, api_key: str | None, manner: Manner) -> ProviderModel:
        """The model "provider/model"; ExtraMissing without the provider's package, SettingInvalid if it is not known."""
        provider = reference.partition("/")[0]
        if not all(_is_installed(package) for package in _EXTRAS.get(provider, ())):
            raise ExtraMissing(extra=provider, needed_for=f"The provider {provider!r}")
        given: dict[str, Any] = {} if api_key is None else {"api_key": api_key}
        logging.getLogger("instructor").setLevel(logging.CRITICAL + 1)
        try:
            client = instructor.from_provider(reference, async_client=True, **given)
        except (ConfigurationError, ImportError, ValueError):  # the last is what vendors raise without a key
            expected = "a provider that instructor knows, its package, and its key in PARLEY_API_KEY or its usual variable"
            raise SettingInvalid(setting="PARLEY_MODEL", value=reference, expected=expected) from None
        return cls(client, name=reference, manner=manner)

    @property
    def name(self) -> str:
        """The reference, "provider/model"."""
        return self._name

    async def ask(
        self, messages: tuple[Message, ...], *, response_model: type[Answer], max_tokens: int, timeout_s: float
    ) -> Reply[Answer]:
        """One question, as OpenAIModel.ask."""
        spent = Spent()

        async def call() -> tuple[Answer, Any]:
            try:
                return await self._client.create_with_completion(
                    response_model=response_model,
                    messages=cast("Any", [{"role": message.role, "content": message.content} for message in messages]),
                    max_retries=0,  # instructor would ask again by itself
                    max_tokens=max_tokens,
                )
            except InstructorError as error:
                failed = _failure_of(error, spent)
            raise failed  # outside the handler: nothing of the vendor's is chained to it

        answer, completion = await call_with_retries(call, retries=self._retries, timeout_s=timeout_s, spent=spent)
        spent.usage = _usage(completion)
        if _was_refused(completion):
            raise spent.charge(AnswerRefused())
        return Reply(answer=answer, raw=_raw(completion), usage=spent.usage, calls=spent.calls)

    async def is_reachable(self, timeout_s: float) -> bool:
        """True: there is no free call that all providers have, and readiness never costs a completion."""
        return True

    async def aclose(self) -> None:
        """Close the vendor's client, where it can be closed."""
        close = getattr(self._client.client, "close", None)
        if close is not None and (closing := close()) is not None:
            await closing


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # a parent package is missing
        return False


def _failure_of(error: InstructorError, spent: Spent) -> CallFailed | InvalidReply:
    """What went wrong below instructor: it wraps everything, and its own text holds the conversation."""
    if isinstance(error, IncompleteOutputException):
        spent.usage = _usage(error.last_completion)
        return CallFailed(AnswerTruncated(), again=False)
    completion = error.last_completion if isinstance(error, InstructorRetryException) else None
    spent.usage = _usage(completion)
    cause = error.__cause__ or error
    if _was_refused(completion):
        return CallFailed(AnswerRefused(), again=False)
    if isinstance(cause, ValidationError | InstructorError | AssertionError | ValueError) and completion is not None:
        raw = _raw(completion)
        problems = problems_of(cause) if isinstance(cause, ValidationError) else ("The reply holds no answer.",)
        return InvalidReply(raw=raw, problems=problems, usage=spent.usage, calls=spent.calls, partial=json_object_in(raw))
    return _transport_failure(cause)


def _transport_failure(cause: BaseException) -> CallFailed:
    """By attributes and names: each provider has classes of its own, and few of them are installed."""
    status = next((value for name in ("status_code", "code") if isinstance(value := getattr(cause, name, None), int)), None)
    if status is not None:
        return failure_of_status(status, headers=getattr(getattr(cause, "response", None), "headers", None))
    names = {kind.__name__ for kind in type(cause).__mro__}
    if any("Timeout" in name for name in names):
        return CallFailed(ModelTimedOut(), again=True)
    if any("Connect" in name or name in ("OSError", "TransportError") for name in names):
        return CallFailed(ModelUnreachable(), again=True)
    return CallFailed(UpstreamUnavailable(), again=False)


def _first(value: object) -> Any:
    return value[0] if isinstance(value, list) and value else None


def _was_refused(completion: Any) -> bool:
    choice = _first(getattr(completion, "choices", None))
    reason = getattr(choice, "finish_reason", None) or getattr(completion, "stop_reason", None)
    return reason in ("refusal", "content_filter") or bool(getattr(getattr(choice, "message", None), "refusal", None))


def _raw(completion: Any) -> str:
    """The assistant's words, or the arguments of its tool call, in the shapes of OpenAI, Anthropic and Google."""
    message = getattr(_first(getattr(completion, "choices", None)), "message", None)
    if message is not None:
        call = _first(getattr(message, "tool_calls", None))
        return call.function.arguments if call is not None else message.content or ""
    called = _first(getattr(completion, "function_calls", None))
    if called is not None:
        return json.dumps(called.args, ensure_ascii=False)
    content = getattr(completion, "content", None)
    if isinstance(content, list):
        inputs = [block.input for block in content if getattr(block, "type", None) == "tool_use"]
        if inputs:
            return json.dumps(inputs[0], ensure_ascii=False)
        return "".join(getattr(block, "text", "") for block in content)
    return str(getattr(completion, "text", None) or "")


def _usage(completion: Any) -> Usage:
    """Tokens by the names of OpenAI, Anthropic (which counts cached input apart) and Google."""
    usage = getattr(completion, "usage", None) or getattr(completion, "usage_metadata", None)

    def tokens(*names: str) -> int:
        values = (getattr(usage, name, None) for name in names)
        return sum(value for value in values if isinstance(value, int))

    details = getattr(usage, "prompt_tokens_details", None)
    cached = tokens("cache_read_input_tokens", "cached_content_token_count")
    return Usage(
        input_tokens=tokens(
            "prompt_tokens", "input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "prompt_token_count"
        ),
        cached_tokens=cached or getattr(details, "cached_tokens", None) or 0,
        output_tokens=tokens("completion_tokens", "output_tokens", "candidates_token_count"),
    )
