"""What a chat-completions server answered, read defensively: plain values, no vendor objects.

Servers that call themselves compatible leave fields out, send null, or put an error into a 200: nothing here
trusts a type it has not checked.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from pydantic import ValidationError

from service.domain.record import Usage

# One fenced block around the whole reply. What is inside must still be exactly one JSON object: the JSON parser
# refuses anything after it, so prose, or a second object planted by an article, cannot become the answer.
_FENCED = re.compile(r"\s*```(?:json)?[ \t]*\r?\n(?P<inside>.*?)\s*```\s*", re.IGNORECASE | re.DOTALL)

MAX_PROBLEMS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """The first choice of a reply. `arguments` is the JSON text of its first tool call, None if there is none."""

    text: str
    arguments: str | None
    finish_reason: str | None
    refusal: str | None
    usage: Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorReply:
    """An error that the server sent: `status` as HTTP, `code` the provider's own word for it."""

    status: int
    code: str | None


def read_completion(body: bytes) -> Completion | ErrorReply:
    """The reply in `body`, or the error that some gateways send with status 200.

    Raises ValueError if `body` is not a JSON object, or holds neither choices nor an error.
    """
    try:
        reply = json.loads(body)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(reply, dict):
        raise ValueError("not an object")
    choices = reply.get("choices")
    if not isinstance(choices, list):
        if reply.get("error"):
            return read_error(reply, status=500)
        raise ValueError("no choices")
    choice = _object(choices[0]) if choices else {}
    message = _object(choice.get("message"))
    return Completion(
        text=_text(message.get("content")) or "",
        arguments=_arguments(message.get("tool_calls")),
        finish_reason=_text(choice.get("finish_reason")),
        refusal=_text(message.get("refusal")),
        usage=_usage(_object(reply.get("usage"))),
    )


def read_error(reply: object, *, status: int) -> ErrorReply:
    """The provider's code in an error body; a number there (as gateways send it) overrides `status`."""
    error = _object(reply).get("error", reply)
    code = _object(error).get("code") or _object(error).get("type")
    if isinstance(code, int) and 400 <= code <= 599:
        return ErrorReply(status=code, code=None)
    return ErrorReply(status=status, code=code if isinstance(code, str) else None)


def without_fence(text: str) -> str:
    r"""The inside of a fenced code block that is the whole reply, else `text` as it is.

    >>> without_fence('```json\n{"a": 1}\n```')
    '{"a": 1}'
    >>> without_fence('Here it is: ```json\n{"a": 1}\n```')
    'Here it is: ```json\n{"a": 1}\n```'
    """
    fenced = _FENCED.fullmatch(text)
    return fenced["inside"] if fenced else text


def json_object_in(text: str) -> dict[str, object] | None:
    """The JSON object that `text` is, None if it is anything else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def problems_of(error: ValidationError) -> tuple[str, ...]:
    """One sentence a validation error with its path ("quotes[2].kind: ..."), written for the model to act upon."""
    details = error.errors(include_url=False, include_context=False)
    problems = [_problem(detail["type"], detail["loc"], detail["msg"], detail["input"]) for detail in details[:MAX_PROBLEMS]]
    if len(details) > MAX_PROBLEMS:
        problems.append(f"And {len(details) - MAX_PROBLEMS} more problems of these kinds.")
    return tuple(problems)


def _problem(kind: str, location: tuple[int | str, ...], message: str, value: object) -> str:
    path = _path(location)
    if kind == "json_invalid":
        reason = message.removeprefix("Invalid JSON: ")
        return f"The reply is not JSON ({reason}): answer with exactly one JSON object and nothing before or after it."
    if kind in ("value_error", "assertion_error"):  # our own validators: their text says it all
        sentence = message.partition(", ")[2] or message
        return f"{path}: {sentence}" if path else sentence
    if kind == "missing":
        return f"{path}: this field is missing."
    if kind == "extra_forbidden":
        return f"{path}: this field is not known; leave it out."
    shown = "" if isinstance(value, dict | list) else f" (you answered {_short(value)})"
    return f"{path or 'The reply'}: {message}{shown}."


def _path(location: tuple[int | str, ...]) -> str:
    steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in location]
    return "".join(steps).removeprefix(".")


def _short(value: object, limit: int = 60) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= limit else text[:limit] + "..."


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _tokens(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def _arguments(tool_calls: object) -> str | None:
    first = _object(tool_calls[0]) if isinstance(tool_calls, list) and tool_calls else {}
    return _text(_object(first.get("function")).get("arguments"))


def _usage(usage: dict[str, object]) -> Usage:
    return Usage(
        input_tokens=_tokens(usage.get("prompt_tokens")),
        cached_tokens=_tokens(_object(usage.get("prompt_tokens_details")).get("cached_tokens")),
        output_tokens=_tokens(usage.get("completion_tokens")),
    )
