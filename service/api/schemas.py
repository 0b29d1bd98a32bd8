"""The request of POST /extract: pydantic at the border, a command behind it. Unknown keys are refused, nothing is coerced."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from service.domain.article import Article
from service.handlers import ExtractArticle
from service.text.clean import clean_html

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_DATE_SHAPE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATE_EXPECTED = "an ISO 8601 date or date and time, such as 2025-05-24 or 2025-05-24T09:30:00+02:00"


def unexpected(expected: str) -> PydanticCustomError:
    """A pydantic error whose sentence is only what was expected."""
    return PydanticCustomError("unexpected", "{expected}", {"expected": expected})


def parse_published_at(value: str) -> date:
    """The day of an ISO 8601 date or date and time, at the publisher's own offset; ValueError for anything else.

    >>> parse_published_at("2025-05-24T23:30:00-04:00")
    datetime.date(2025, 5, 24)
    """
    if not _DATE_SHAPE.match(value):
        raise ValueError(_DATE_EXPECTED)
    day = date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value).date()
    if not 1000 <= day.year <= 2999:  # "a week ago" must not fall off the calendar
        raise ValueError(_DATE_EXPECTED)
    return day


def _published_at(value: str) -> str:
    try:
        parse_published_at(value)
    except ValueError:
        raise unexpected(_DATE_EXPECTED) from None
    return value


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
    except ValueError:
        raise unexpected("an http or https address") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not value.isprintable() or " " in value:
        raise unexpected("an http or https address")
    return value


def _language(value: str) -> str:
    if not _LANGUAGE.fullmatch(value):
        raise unexpected("a BCP 47 language tag, such as en or en-GB")
    return value


def _printable(value: str) -> str:
    if not value.isprintable():
        raise unexpected("text without line breaks and control characters")
    return value


# What `_has_one_article` checks, in the language of schemas.
_ONE_ARTICLE: JsonDict = {
    "oneOf": [
        {"required": [given], "properties": {given: {"type": "string"}, other: {"type": "null"}}}
        for given, other in (("text", "html"), ("html", "text"))
    ]
}


class ExtractRequest(BaseModel):
    """An article, as text or as HTML, and what is wanted of it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, json_schema_extra=_ONE_ARTICLE)

    text: str | None = Field(None, description="The article as plain text; offsets count its Unicode code points.")
    html: str | None = Field(
        None, description="The article as HTML; offsets refer to the clean text, which comes back as article.text."
    )
    title: Annotated[str, Field(max_length=1000)] | None = Field(None, description="The headline.")
    published_at: Annotated[str, AfterValidator(_published_at)] | None = Field(
        None, description=f"When it was published: {_DATE_EXPECTED}. Relative dates are resolved against it."
    )
    url: Annotated[str, Field(max_length=2048), AfterValidator(_url)] | None = Field(
        None, description="Where it was published; given back, never fetched."
    )
    language: Annotated[str, Field(max_length=35), AfterValidator(_language)] | None = Field(
        None, description="A BCP 47 language tag, such as en."
    )
    id: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)] | None = Field(
        None, description="Your id of the article; given back as article.id."
    )
    include: Annotated[list[Literal["exchanges", "quotes", "contents"]], Field(min_length=1, max_length=3)] = Field(
        ["exchanges", "quotes"],
        description="What to extract. With contents, each quotation comes with the whole reported content that it is part of, and "
        "reported speech that is no quotation (vowed to return) is listed beside them.",
    )
    indirect: bool = Field(True, description="Whether reported speech without quotation marks is extracted as well.")
    on_failure: Literal["degrade", "error"] = Field(
        "degrade", description="When the model fails: the rules engine's answer, marked degraded, or a 502 or 504 problem."
    )
    model: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)] | None = Field(
        None, description="One of the names that GET /models lists; else the default."
    )

    @model_validator(mode="after")
    def _has_one_article(self) -> Self:
        if (self.text is None) == (self.html is None):
            raise unexpected("exactly one of the fields text and html")
        return self

    @property
    def size(self) -> int:
        """Characters of the article as it was sent."""
        return len(self.text or self.html or "")

    def command(self) -> ExtractArticle:
        """The command behind the request; takes a while for long HTML, which is cleaned here."""
        article = Article(
            text=self.text if self.text is not None else clean_html(self.html or ""),
            id=self.id,
            title=self.title,
            url=self.url,
            published_at=parse_published_at(self.published_at) if self.published_at is not None else None,
            language=self.language,
            from_html=self.html is not None,
        )
        return ExtractArticle(
            article=article,
            include=frozenset(self.include),
            indirect=self.indirect,
            on_failure=self.on_failure,
            model=self.model,
        )
