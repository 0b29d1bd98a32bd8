"""Fakes of the ports: a model that replays queued replies, a clock that stands still."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from pydantic import ValidationError

from service.domain.record import Usage
from service.errors import ModelFailed
from service.ports import Answer, InvalidReply, Message, Reply


class FixedClock:
    """A clock that only moves when it is told to."""

    def __init__(self, now: float = 100.0) -> None:
        self.time = now

    def now(self) -> float:
        return self.time


@dataclass
class ScriptedModel:
    """A ChatModel: each question takes the next of `replies`; a dict or text is parsed as the adapter would, an error raised."""

    replies: list[dict[str, object] | str | ModelFailed]
    name: str = "scripted/model"
    asked: list[tuple[Message, ...]] = field(default_factory=list)
    limits: list[int] = field(default_factory=list)

    async def ask(
        self, messages: tuple[Message, ...], *, response_model: type[Answer], max_tokens: int, timeout_s: float
    ) -> Reply[Answer]:
        assert timeout_s > 0
        self.asked.append(messages)
        self.limits.append(max_tokens)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, ModelFailed):
            reply.calls, reply.tokens = 1, (10, 0, 0)
            raise reply
        raw = reply if isinstance(reply, str) else json.dumps(reply)
        usage = Usage(input_tokens=100, output_tokens=10)
        try:
            return Reply(response_model.model_validate_json(raw), raw, usage, 1)
        except ValidationError as error:
            problems = tuple(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            try:
                partial = json.loads(raw)
            except ValueError:
                partial = None
            raise InvalidReply(raw=raw, problems=problems, usage=usage, calls=1, partial=partial) from None

    async def is_reachable(self, timeout_s: float) -> bool:
        return True

    async def aclose(self) -> None:
        return None
