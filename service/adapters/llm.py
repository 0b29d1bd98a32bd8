"""Language models behind OpenAI-compatible servers: the `openai` client below, instructor's modes above.

Nothing of the vendor's leaves this module: its exceptions hold the whole prompt, so they are translated and dropped,
never logged, never turned into text, never chained to ours (which are raised outside the handlers for that reason).
"""

from __future__ import annotations

import logging
import re
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import httpx2
import openai
from pydantic import BaseModel

from service.adapters.providers import ProviderModel
from service.adapters.question import Question, mode_named
from service.adapters.replies import Completion, read_completion
from service.adapters.transport import STANDARD, CallFailed, Manner, Spent, call_with_retries, failure_of_status
from service.errors import (
    AnswerRefused,
    AnswerTruncated,
    ModelTimedOut,
    ModelUnreachable,
    SettingInvalid,
    UpstreamUnavailable,
)
from service.ports import Answer, Message, Reply

# More than the service ever admits at once: a request must wait for the model, never for a free socket.
MAX_CONNECTIONS = 20_000
CONNECT_TIMEOUT_S = 10.0
# OpenAI's reasoning models, also behind a gateway ("openai/gpt-5-mini"): they refuse any temperature but their own.
_REASONING = re.compile(r"(?:^|/)(?:o[1-9]|gpt-[5-9])")
OLLAMA_URL = "http://127.0.0.1:11434/v1"


class OpenAIModel:
    """A ChatModel behind the chat-completions API of OpenAI or of any server that speaks it (vLLM, Ollama, llama.cpp).

    `model` is the name the server knows, `name` the one shown in provenance. Without `base_url` it is OpenAI itself, and
    `api_key` None means the variable OPENAI_API_KEY; with `base_url` a key is sent only if given. Build one at start and
    share it between requests; close it by `aclose`.
    """

    def __init__(
        self,
        *,
        model: str,
        name: str | None = None,
        base_url: str | None = None,
        api_key: str | None = None,
        manner: Manner = STANDARD,
    ) -> None:
        self._name = name or f"openai/{model}"
        self._mode = mode_named(manner.mode)
        self._retries = manner.retries
        reasons = _REASONING.search(model) is not None
        # OpenAI's newer models know only the second name, other servers often only the first.
        self._limit_field = "max_completion_tokens" if base_url is None or reasons else "max_tokens"
        self._settings: dict[str, object] = {"model": model}
        if manner.temperature is not None and not reasons:
            self._settings["temperature"] = manner.temperature
        logging.getLogger("openai").setLevel(logging.WARNING)  # its debug messages hold prompts
        try:
            self._client = openai.AsyncOpenAI(
                base_url=base_url,
                api_key=api_key or ("none" if base_url else None),
                max_retries=0,  # retries are ours: counted, and bounded by the question's deadline
                timeout=openai.Timeout(manner.attempt_timeout_s, connect=CONNECT_TIMEOUT_S),
                http_client=openai.DefaultAioHttpClient(
                    limits=httpx2.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_CONNECTIONS)
                ),
            )
        except openai.OpenAIError:
            raise SettingInvalid(setting="PARLEY_API_KEY", value="", expected="a key, or OPENAI_API_KEY to be set") from None
        # Weak, because a caller may make response models as it goes: an entry lives as long as its class.
        self._questions: WeakKeyDictionary[type[BaseModel], Question] = WeakKeyDictionary()

    @property
    def name(self) -> str:
        """The reference, "provider/model"."""
        return self._name

    async def ask(
        self, messages: tuple[Message, ...], *, response_model: type[Answer], max_tokens: int, timeout_s: float
    ) -> Reply[Answer]:
        """One question, transport retries included, within `timeout_s` seconds and `max_tokens` output tokens.

        Raises InvalidReply (ask again) or a ModelFailed with its `calls` and `tokens`.
        """
        question = self._question(response_model)
        body = question.body(messages, settings={**self._settings, self._limit_field: max_tokens})
        spent = Spent()
        completion = await call_with_retries(
            lambda: self._post(body), retries=self._retries, timeout_s=timeout_s, spent=spent
        )
        spent.usage = completion.usage
        return question.read(completion, response_model=response_model, spent=spent)

    async def is_reachable(self, timeout_s: float) -> bool:
        """Whether the server lists its models within `timeout_s` seconds and takes our key; never asks a model."""
        try:
            await self._client.get("/models", cast_to=httpx2.Response, options={"timeout": timeout_s, "max_retries": 0})
        except openai.APIStatusError as error:
            return error.status_code < 500 and error.status_code not in (401, 403)  # not every server lists its models
        except openai.OpenAIError:
            return False
        return True

    async def served(self, timeout_s: float) -> tuple[str, ...]:
        """The names of the models that the server lists; none if it does not answer or lists none."""
        try:
            options: openai.RequestOptions = {"timeout": timeout_s, "max_retries": 0}
            response = await self._client.get("/models", cast_to=httpx2.Response, options=options)
            listed = response.json()["data"]
            return tuple(str(entry["id"]) for entry in listed)
        except (openai.OpenAIError, ValueError, KeyError, TypeError):
            return ()

    async def aclose(self) -> None:
        """Close all connections; the model cannot be asked afterwards."""
        await self._client.close()

    def _question(self, response_model: type[BaseModel]) -> Question:
        question = self._questions.get(response_model)
        if question is None:
            question = self._questions[response_model] = Question(response_model, mode=self._mode)
        return question

    async def _post(self, body: bytes) -> Completion:
        """One HTTP call, raises CallFailed.

        The client's `post`, not `chat.completions.create`: that walks request and reply recursively to turn them into
        its own types, at three times the CPU, and instructor's parsers need four attributes of them.
        """
        try:
            response = await self._client.post(
                "/chat/completions",
                cast_to=httpx2.Response,
                content=body,
                options={"headers": {"Content-Type": "application/json"}},
            )
            reply = read_completion(response.content)
        except openai.OpenAIError as error:
            failed = failure_of(error)
        except ValueError:  # a proxy's page, or half a reply that passed for a whole one
            failed = CallFailed(UpstreamUnavailable("The model server's reply is not a chat completion."), again=True)
        else:
            if isinstance(reply, Completion):
                return reply
            failed = failure_of_status(reply.status, code=reply.code)
        raise failed


def failure_of(error: openai.OpenAIError) -> CallFailed:
    """Our failure for an exception of the `openai` client, and whether to try again. Keeps nothing of `error`."""
    match error:
        case openai.APIStatusError():
            return failure_of_status(error.status_code, code=error.code, headers=error.response.headers)
        case openai.APIConnectionError():  # includes its time-out class: the transport mixes the two up
            return CallFailed(ModelTimedOut() if _was_too_slow(error) else ModelUnreachable(), again=True)
        case openai.LengthFinishReasonError():
            return CallFailed(AnswerTruncated(), again=False)
        case openai.ContentFilterFinishReasonError():
            return CallFailed(AnswerRefused(), again=False)
        case _:
            return CallFailed(UpstreamUnavailable(), again=False)


def _was_too_slow(error: BaseException) -> bool:
    """Whether a server that was reached did not answer in time.

    openai's aiohttp transport reports refused and reset connections as time-outs, so the first cause decides.
    """
    while error.__cause__ is not None:
        error = error.__cause__
    return isinstance(error, TimeoutError) and type(error).__name__ != "ConnectionTimeoutError"


def build_model(
    reference: str, *, base_url: str | None = None, api_key: str | None = None, manner: Manner = STANDARD
) -> OpenAIModel | ProviderModel:
    """The model that `reference` ("provider/model") names.

    "openai/..." and every reference with a `base_url` speak to an OpenAI-compatible server, "ollama/..." to the one that
    Ollama runs on this machine; other providers go through instructor.from_provider. Raises SettingInvalid for a
    reference or URL that cannot be read, ExtraMissing if the provider's package is not installed.
    """
    provider, _, model = reference.partition("/")
    if not provider or not model or reference != reference.strip():
        raise SettingInvalid(setting="PARLEY_MODEL", value=reference, expected='"provider/model", as in "openai/gpt-4o"')
    if base_url is None and provider == "ollama":
        base_url = OLLAMA_URL
    if base_url is None and provider != "openai":
        return ProviderModel.named(reference, api_key=api_key, manner=manner)
    if base_url is not None and not _is_web_address(base_url):
        raise SettingInvalid(setting="PARLEY_BASE_URL", value=base_url, expected="an http or https URL")
    return OpenAIModel(model=model, name=reference, base_url=base_url, api_key=api_key, manner=manner)


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
