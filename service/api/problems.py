"""Everything that can be refused or fail, as application/problem+json (RFC 9457): the only place that knows status codes.

A problem names the field, its value (shortened, never the article's text) and what was expected.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from service.errors import (
    ArticleTooLarge,
    DatabaseUnavailable,
    EmptyArticle,
    InvalidField,
    InvalidInput,
    KeyReused,
    LimitReached,
    ModelFailed,
    ModelTimedOut,
    NotAllowed,
    NothingThere,
    NotNow,
    ParleyError,
    ScopeMissing,
    StillRunning,
    UnknownModel,
)

MEDIA_TYPE = "application/problem+json"
CLIENT_GONE = 499
_SHOWN = 60
_HIDDEN_FIELDS = frozenset({"text", "html", "title", "secret", "credentials"})
_NAMES = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object", type(None): "null"}


@dataclass(frozen=True, slots=True)
class _Kind:
    slug: str
    status: int
    title: str


class Kind(Enum):
    """The kinds of problems; each has a stable type, a status and a title."""

    INVALID_JSON = _Kind("invalid-json", 400, "The body is not valid JSON in UTF-8")
    KEY_REFUSED = _Kind("key-refused", 401, "A valid API key is needed")
    SIGNATURE_REFUSED = _Kind("signature-refused", 401, "The delivery is not signed as its connection expects")
    SCOPE_MISSING = _Kind("scope-missing", 403, "The API key may not do this")
    NOT_FOUND = _Kind("not-found", 404, "There is nothing at this address")
    METHOD_NOT_ALLOWED = _Kind("method-not-allowed", 405, "This address does not take this method")
    BODY_TIMED_OUT = _Kind("body-timed-out", 408, "The body did not arrive in time")
    STILL_RUNNING = _Kind("still-running", 409, "The same request is still being answered")
    TOO_LARGE = _Kind("too-large", 413, "The article or the request is too large")
    UNSUPPORTED_MEDIA_TYPE = _Kind("unsupported-media-type", 415, "The body is not sent as JSON")
    INVALID_REQUEST = _Kind("invalid-request", 422, "The request is not valid")
    EMPTY_ARTICLE = _Kind("empty-article", 422, "The article has no text")
    UNKNOWN_MODEL = _Kind("unknown-model", 422, "The model is not configured")
    KEY_REUSED = _Kind("idempotency-key-reused", 422, "The Idempotency-Key was used for another request")
    LIMIT_REACHED = _Kind("limit-reached", 429, "A limit is reached")
    REFUSED = _Kind("refused", 400, "The request was refused")
    INTERNAL = _Kind("internal-error", 500, "Something went wrong inside the service")
    MODEL_FAILED = _Kind("model-failed", 502, "The model gave no usable answer")
    NOT_READY = _Kind("not-ready", 503, "The service is not ready")
    OVERLOADED = _Kind("overloaded", 503, "Too many extractions are in flight")
    NO_DATABASE = _Kind("no-database", 503, "The service keeps nothing")
    DATABASE_UNAVAILABLE = _Kind("database-unavailable", 503, "The database does not answer")
    MODEL_TIMED_OUT = _Kind("model-timed-out", 504, "The model did not answer in time")

    @property
    def type(self) -> str:
        """The `type` member: a reference that the service itself resolves."""
        return f"/docs#problem-{self.value.slug}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldProblem:
    """One wrong field: its name, its shortened value (null where it is article text) and what was expected."""

    field: str
    value: str | None
    expected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """The body of every answer that is not a success (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str | None
    errors: tuple[FieldProblem, ...]


class Refusal(Exception):
    """What the HTTP edge itself refuses, or what another error comes to there."""

    def __init__(
        self,
        kind: Kind,
        detail: str,
        *,
        errors: tuple[FieldProblem, ...] = (),
        headers: Mapping[str, str] | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(kind.name)
        self.kind, self.detail, self.errors, self.headers = kind, detail, errors, dict(headers or {})
        self.status = status or kind.value.status


def refusal_of(error: BaseException) -> Refusal:
    """What an exception is to a caller; whatever is not ours is an internal error without its words."""
    match error:
        case Refusal():
            return error
        case ParleyError():
            return _of_ours(error)
        case HTTPException():
            return _of_http(error)
        case _:
            return Refusal(Kind.INTERNAL, "The service failed on this request; its log has the request's id.")


def _of_ours(error: ParleyError) -> Refusal:
    match error:
        case EmptyArticle():
            return Refusal(Kind.EMPTY_ARTICLE, error.message)
        case ArticleTooLarge():
            return Refusal(Kind.TOO_LARGE, error.message)
        case UnknownModel():
            expected = f"one of: {', '.join(error.configured)}"
            wrong = FieldProblem(field="model", value=_shortened(error.model), expected=expected)
            return Refusal(Kind.UNKNOWN_MODEL, f"The model is not configured; expected {expected}.", errors=(wrong,))
        case InvalidField():
            wrong = FieldProblem(field=error.field, value=_shortened(error.value), expected=error.expected)
            return Refusal(Kind.INVALID_REQUEST, f"{error.field}: expected {error.expected}.", errors=(wrong,))
        case NothingThere():
            return Refusal(Kind.NOT_FOUND, error.message)
        case KeyReused():
            return Refusal(Kind.KEY_REUSED, error.message)
        case InvalidInput():
            return Refusal(Kind.INVALID_REQUEST, error.message)
        case NotAllowed():
            return _of_not_allowed(error)
        case NotNow():
            headers = {"Retry-After": str(error.retry_after_s), **_rate_limit(error)}
            return Refusal(_not_now(error), error.message, headers=headers)
        case ModelTimedOut():
            return Refusal(Kind.MODEL_TIMED_OUT, error.message)
        case ModelFailed():
            return Refusal(Kind.MODEL_FAILED, error.message)
        case _:  # a setting or a file that is wrong: the operator reads it in the log, not the caller
            return Refusal(Kind.INTERNAL, "The service is not set up rightly; its log has the request's id.")


def _of_not_allowed(error: NotAllowed) -> Refusal:
    if isinstance(error, ScopeMissing):
        return Refusal(Kind.SCOPE_MISSING, error.message)
    return Refusal(Kind.KEY_REFUSED, error.message, headers={"WWW-Authenticate": "Bearer"})


def _not_now(error: NotNow) -> Kind:
    match error:
        case LimitReached():
            return Kind.LIMIT_REACHED
        case StillRunning():
            return Kind.STILL_RUNNING
        case DatabaseUnavailable():
            return Kind.DATABASE_UNAVAILABLE
        case _:
            return Kind.OVERLOADED


def _rate_limit(error: NotNow) -> dict[str, str]:
    """The headers of draft-ietf-httpapi-ratelimit-headers-10: which quota, over how long, and when it is full again."""
    if not isinstance(error, LimitReached):
        return {}
    window = f";w={error.window_s}" if error.window_s is not None else ""
    return {
        "RateLimit-Policy": f'"{error.policy}";q={error.allowed}{window}',
        "RateLimit": f'"{error.policy}";r=0;t={error.retry_after_s}',
    }


def _of_http(error: HTTPException) -> Refusal:
    headers = dict(error.headers or {})
    if error.status_code == 404:
        return Refusal(Kind.NOT_FOUND, "No resource has this address; /docs lists those there are.", headers=headers)
    if error.status_code == 405:
        allowed = headers.get("Allow", "another method")
        return Refusal(Kind.METHOD_NOT_ALLOWED, f"Expected {allowed}.", headers=headers)
    return Refusal(Kind.REFUSED, "The request was refused.", headers=headers, status=error.status_code)


def refusal_of_body(error: ValidationError, body: bytes, *, known: tuple[str, ...]) -> Refusal:
    """What is wrong with a request body, by pydantic's errors; `known` are the names of its fields."""
    details = error.errors(include_url=False)
    first = details[0]
    if first["type"] == "json_invalid":
        return Refusal(Kind.INVALID_JSON, _json_fault(body, str(first.get("ctx", {}).get("error", "not JSON"))))
    wrong = tuple(
        _field_problem(detail["type"], detail["loc"], detail["msg"], detail["input"], known) for detail in details[:20]
    )
    return Refusal(
        Kind.INVALID_REQUEST, "; ".join(f"{one.field}: expected {one.expected}" for one in wrong) + ".", errors=wrong
    )


def _json_fault(body: bytes, reason: str) -> str:
    try:
        body.decode()
    except UnicodeDecodeError as error:
        return f"Byte {error.start} of the body is not UTF-8 ({error.reason})."
    return f"The body cannot be read as JSON: {reason}." if body.strip() else "The body is empty: expected a JSON object."


def _field_problem(
    kind: str, location: tuple[int | str, ...], message: str, value: object, known: tuple[str, ...]
) -> FieldProblem:
    field = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location).removeprefix(".")
    name = str(location[0]) if location else ""
    if kind == "extra_forbidden":
        return FieldProblem(field=field[:_SHOWN], value=None, expected=f"one of the fields {', '.join(known)}")
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return FieldProblem(field="the body", value=_NAMES.get(type(value), "a string"), expected="a JSON object")
    expected = message.removeprefix("Input should be ")
    hidden = name in _HIDDEN_FIELDS or not location
    return FieldProblem(field=field or "the body", value=_kind_of(value) if hidden else _shortened(value), expected=expected)


def _kind_of(value: object) -> str | None:
    """What kind of value it is, without the value."""
    return f"a string of {len(value):,} characters" if isinstance(value, str) else _NAMES.get(type(value))


def _shortened(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def problem_of(refusal: Refusal, request_id: str | None) -> Problem:
    """The body that tells a caller."""
    return Problem(
        type=refusal.kind.type,
        title=refusal.kind.value.title,
        status=refusal.status,
        detail=refusal.detail,
        request_id=request_id,
        errors=refusal.errors,
    )


def problem_response(refusal: Refusal, request_id: str | None) -> Response:
    """The HTTP answer that tells a caller."""
    problem = problem_of(refusal, request_id)
    body = {
        "type": problem.type,
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "request_id": problem.request_id,
        "errors": [{"field": one.field, "value": one.value, "expected": one.expected} for one in problem.errors],
    }
    return Response(
        json.dumps(body, ensure_ascii=False), status_code=refusal.status, headers=refusal.headers, media_type=MEDIA_TYPE
    )
