"""One structured question by instructor, prepared once.

instructor's handler of a mode decides what a request carries (a response format, a tool, or instructions in the system
message) and reads the answer out of the reply. Its own client does both on every call, builds a new class and a new
schema each time and logs replies: about four fifths of its CPU. Here its handlers, which it exports, are asked once
a response model for the request and once a reply for the reading.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import SimpleNamespace

from instructor.core import ResponseParsingError
from instructor.v2 import Mode, Provider, mode_registry
from pydantic import BaseModel, ValidationError

from service.adapters.replies import Completion, json_object_in, problems_of, without_fence
from service.adapters.transport import Spent
from service.errors import AnswerRefused, AnswerTruncated, SettingInvalid
from service.ports import Answer, InvalidReply, Message, Reply

# MD_JSON is left out on purpose: it takes the last JSON object of a reply, also one that an article planted.
_MODES = {"json_schema": Mode.JSON_SCHEMA, "tools": Mode.TOOLS, "json": Mode.JSON}

_EMPTY = "The reply was empty: answer with exactly one JSON object."
_NO_CALL = "The reply did not call the function {name}: answer by calling it, and with nothing else."


def mode_named(name: str) -> Mode:
    """The instructor mode of "json_schema", "tools" or "json"; SettingInvalid for any other."""
    mode = _MODES.get(name.lower())
    if mode is None:
        raise SettingInvalid(setting="PARLEY_MODE", value=name, expected=", ".join(_MODES))
    return mode


class Question:
    """What a mode adds to a request for `response_model`, and how it reads the reply. It does not hold the class."""

    def __init__(self, response_model: type[BaseModel], *, mode: Mode) -> None:
        self._name = response_model.__name__
        self._by_tool = mode is Mode.TOOLS
        handlers = mode_registry.get_handlers(Provider.OPENAI, mode)
        self._parse = handlers.response_parser
        # Ask the handler with an empty conversation: whatever it writes there, or beside it, is the mode's own part.
        probe = [{"role": "system", "content": ""}, {"role": "user", "content": ""}]
        _, request = handlers.request_handler(response_model, {"messages": probe})
        self._system_suffix = str(request.pop("messages")[0]["content"])
        self._encoded = json.dumps(request, ensure_ascii=False, separators=(",", ":"))

    def body(self, messages: tuple[Message, ...], *, settings: Mapping[str, object]) -> bytes:
        """The JSON body of the request: `settings` (model, limits), the conversation, and the mode's part."""
        turns = [{"role": message.role, "content": message.content} for message in messages]
        if self._system_suffix:
            if not turns or turns[0]["role"] != "system":
                turns.insert(0, {"role": "system", "content": ""})
            turns[0]["content"] += self._system_suffix
        head = json.dumps({**settings, "messages": turns}, ensure_ascii=False, separators=(",", ":"))
        # Two objects joined: the schema is by far the larger part and never changes. A reply that is sent back may
        # hold half a surrogate pair, which no UTF-8 can.
        return f"{head[:-1]},{self._encoded[1:]}".encode("utf-8", "replace")

    def read(self, completion: Completion, *, response_model: type[Answer], spent: Spent) -> Reply[Answer]:
        """The answer in `completion`; raises AnswerRefused, AnswerTruncated or InvalidReply.

        Why a reply ended is looked at first: a refusal or half an answer would else pass for bad JSON.
        """
        if completion.refusal or completion.finish_reason == "content_filter":
            raise spent.charge(AnswerRefused())
        if completion.finish_reason == "length":
            raise spent.charge(AnswerTruncated())
        raw = completion.arguments if self._by_tool and completion.arguments is not None else completion.text
        if not raw.strip():
            raise InvalidReply(raw=raw, problems=(_EMPTY,), usage=spent.usage, calls=spent.calls)
        text = without_fence(raw)
        try:
            answer = self._parse(
                response=self._as_vendor_reply(completion, text=text), response_model=response_model, is_async=True
            )
        except ValidationError as error:
            problems = problems_of(error)
        except ResponseParsingError:
            problems = (_NO_CALL.format(name=self._name),)
        else:
            return Reply(answer=answer, raw=raw, usage=spent.usage, calls=spent.calls)
        # Outside the handlers, so that no vendor object with the whole conversation is chained to it.
        raise InvalidReply(raw=raw, problems=problems, usage=spent.usage, calls=spent.calls, partial=json_object_in(text))

    def _as_vendor_reply(self, completion: Completion, *, text: str) -> SimpleNamespace:
        """The few attributes of a chat completion that instructor's parsers read."""
        called = self._by_tool and completion.arguments is not None
        tool_calls = [SimpleNamespace(function=SimpleNamespace(arguments=text))] if called else None
        message = SimpleNamespace(content=text, tool_calls=tool_calls, refusal=None)
        return SimpleNamespace(choices=[SimpleNamespace(finish_reason=completion.finish_reason, message=message)])
