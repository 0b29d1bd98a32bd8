"""What the core needs from outside, as protocols; nothing concrete."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from string import Template
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel

from service.domain.record import Usage
from service.errors import PromptInvalid

Answer = TypeVar("Answer", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message; `role` is "system", "user" or "assistant"."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Reply(Generic[Answer]):
    """A structurally valid answer. `raw` is the assistant's message, needed to continue the conversation in a re-ask."""

    answer: Answer
    raw: str
    usage: Usage
    calls: int


class InvalidReply(Exception):
    """A reply that is not valid JSON of the response model. `problems` tell the model what to change, one sentence each.

    `partial` is the parsed JSON object where the reply was JSON at all: what is valid in it may be kept.
    """

    def __init__(self, *, raw: str, problems: tuple[str, ...], usage: Usage, calls: int, partial: object = None) -> None:
        super().__init__(f"{len(problems)} problems")
        self.raw, self.problems, self.usage, self.calls, self.partial = raw, problems, usage, calls, partial


class ChatModel(Protocol):
    """A language model behind an OpenAI-compatible or other provider's API."""

    @property
    def name(self) -> str:
        """Provider and model ("openai/gpt-x"), as it is shown in provenance."""
        ...

    async def ask(
        self, messages: tuple[Message, ...], *, response_model: type[Answer], max_tokens: int, timeout_s: float
    ) -> Reply[Answer]:
        """One question (transport retries included, below `timeout_s` in all).

        Raises InvalidReply (ask again) or a subclass of ModelFailed with its `calls` and `tokens` set.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A prompt from `prompts/`: `name@version`, its static system part and the user template with $variables."""

    name: str
    version: int
    system: str
    user: str
    sha256: str

    @property
    def id(self) -> str:
        """`extract@1`."""
        return f"{self.name}@{self.version}"

    def fill(self, variables: Mapping[str, str]) -> str:
        """The user part with its $variables replaced, each once and literally: a `$` in a value stays as it is.

        PromptInvalid if the template names a variable that is not given, or one is given that it does not name.
        """
        template = Template(self.user)
        named = set(template.get_identifiers())
        missing, unused = sorted(named - variables.keys()), sorted(variables.keys() - named)
        if missing:
            raise PromptInvalid(f"Prompt {self.id!r} needs the variables {', '.join(missing)}.")
        if unused:
            raise PromptInvalid(f"Prompt {self.id!r} does not use the variables {', '.join(unused)}.")
        return template.substitute(variables)


class PromptBook(Protocol):
    """The prompts in `prompts/`."""

    def get(self, reference: str) -> Prompt:
        """The prompt "name" (newest version) or "name@version"; PromptInvalid if there is none."""
        ...


Result = TypeVar("Result")


class Worker(Protocol):
    """Where work that takes milliseconds of CPU is done, so that it does not hold up the event loop."""

    async def run(self, work: Callable[[], Result]) -> Result:
        """The result of `work`."""
        ...


class Inline:
    """A `Worker` that does the work at once: for a command that reads one article after the other."""

    async def run(self, work: Callable[[], Result]) -> Result:
        """The result of `work`."""
        return work()


class Clock(Protocol):
    """Monotonic seconds."""

    def now(self) -> float:
        """Seconds since some fixed point."""
        ...
