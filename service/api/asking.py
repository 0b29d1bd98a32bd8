"""What routes of stored things share: who asks, ids and queries that are checked before the database sees them, how both are told.

Bodies and queries are read here and not by FastAPI, so that whatever is wrong with them is a problem of ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from starlette.requests import Request

from service.api.context import Context, read_json_body
from service.api.problems import MEDIA_TYPE, Kind, refusal_of_body
from service.api.schemas import unexpected
from service.errors import NothingThere
from service.flows.desk import Caller, Desk

BODY_BYTES = 16_384
ID = re.compile(r"[a-z]+_[0-9a-z]{1,60}", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]", re.ASCII)
PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
BODY_PROBLEMS = (
    Kind.INVALID_JSON,
    Kind.BODY_TIMED_OUT,
    Kind.TOO_LARGE,
    Kind.UNSUPPORTED_MEDIA_TYPE,
)
# INVALID_REQUEST where nothing can be invalid, too: FastAPI documents a 422 of its own shape for every address with an id in it.
_ANY = (
    Kind.KEY_REFUSED,
    Kind.SCOPE_MISSING,
    Kind.INVALID_REQUEST,
    Kind.LIMIT_REACHED,
    Kind.INTERNAL,
    Kind.NO_DATABASE,
    Kind.DATABASE_UNAVAILABLE,
)

Model = TypeVar("Model", bound=BaseModel)


def _iso(value: object) -> object:
    # pydantic takes numbers as well, for seconds since 1970.
    if isinstance(value, str) and not _DATE.match(value):
        raise unexpected("an ISO 8601 date and time with its offset, such as 2026-05-24T09:30:00Z")
    return value


# PostgreSQL has no NUL in text.
Words = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
Moment = Annotated[AwareDatetime, BeforeValidator(_iso)]
Id = Annotated[str, Field(pattern=rf"^{ID.pattern}$", max_length=80)]


class Query(BaseModel):
    """The parameters of a route; unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


async def entered(context: Context, request: Request, scope: str) -> tuple[Desk, Caller]:
    """The desk and who asks; a Refusal where there is no database, KeyRefused or ScopeMissing."""
    desk = context.ready_desk()
    return desk, await context.caller(request, scope)


def known(what: str, id: str) -> str:
    """An id that may be one of ours; what cannot be (PostgreSQL does not even take a NUL) is not there."""
    if not ID.fullmatch(id):
        raise NothingThere(what=what, id=id[:80])
    return id


async def read_model(request: Request, model: type[Model]) -> Model:
    """A small JSON body."""
    body = await read_json_body(request, BODY_BYTES)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        refusal = refusal_of_body(error, body, known=tuple(model.model_fields))
    raise refusal


def asked(request: Request, model: type[Model]) -> Model:
    """The query; of a parameter that is given several times, the last."""
    try:
        return model.model_validate(dict(request.query_params))
    except ValidationError as error:
        refusal = refusal_of_body(error, b"", known=tuple(model.model_fields))
    raise refusal


def described_body(model: type[BaseModel]) -> dict[str, Any]:
    """What the OpenAPI document says of a body."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": model.model_json_schema()}}}}


def described_query(model: type[BaseModel]) -> dict[str, Any]:
    """What the OpenAPI document says of a query."""
    schema = model.model_json_schema()
    required, defined = schema.get("required", []), schema.get("$defs", {})
    parameters = [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": field.get("description", ""),
            "schema": _plain(field, defined),
        }
        for name, field in schema["properties"].items()
    ]
    return {"parameters": parameters}


def _plain(field: Mapping[str, Any], defined: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter's schema; that it may be left out is said by `required`, and a query has no null."""
    choices = [one for one in field.get("anyOf", [field]) if one.get("type") != "null"]
    chosen = defined[choices[0]["$ref"].rpartition("/")[2]] if "$ref" in choices[0] else choices[0]
    return {key: value for key, value in chosen.items() if key not in ("title", "description")}


def problems(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    """What the OpenAPI document says of a route's problems: these, and those of any that asks who is there."""
    titles: dict[int | str, list[str]] = {}
    for kind in dict.fromkeys((*kinds, *_ANY)):
        titles.setdefault(kind.value.status, []).append(kind.value.title)
    return {status: {"description": f"{', or: '.join(names)}.", "content": PROBLEM} for status, names in titles.items()}
