"""One newsroom's CMS as its connection describes it, and one request to it: what comes back is used, tried again, or refused.

No word of a CMS's answer leaves this: it may hold an article, or what was sent to it.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol
from urllib.parse import quote, urlencode

from service.adapters.outbound import Answer, Outbound
from service.domain.record import Extraction
from service.errors import CmsRefused, CmsUnavailable, NoAnswer, Unanswered
from service.webhooks.backoff import retry_after_s
from service.webhooks.change import ArticleChange

PAGE = 50
MOST_PAGES = 2_000
_MOST_BYTES = 32 * 2**20  # a page of long articles
_NOT_NOW = frozenset({408, 425, 429})
# What trying again does not help against; the rest may be over in a minute.
_FINAL = frozenset({Unanswered.REFUSED_ADDRESS, Unanswered.TOO_LARGE})


class Written(StrEnum):
    """What came of writing a result into a CMS."""

    WRITTEN = "written"
    THERE_ALREADY = "there already"  # nothing was sent, so the CMS tells nobody of a change
    OTHER_TEXT = "the article has another text by now"
    GONE = "no such article for the public"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of the articles that changed, oldest change first, with those that are not public any more.

    `through`: all that changed before this time has been listed; None where that cannot be said yet.
    """

    changes: tuple[ArticleChange, ...]
    through: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A result for a CMS: an extraction, and where all of it is read."""

    extraction: Extraction
    url: str


class Reader(Protocol):
    """Reads single articles. All raise CmsUnavailable and CmsRefused."""

    async def get(self, source_id: str) -> ArticleChange | None:
        """An article as it is now; None if it is not there, or not for the public."""
        ...


class Keeper(Reader, Protocol):
    """A CMS that says what changed, and takes results."""

    def changed_since(self, since: datetime) -> AsyncGenerator[Page, None]:
        """All that changed at this time or later, page by page."""
        ...

    async def write(self, source_id: str, note: Note, way: str, is_same: Callable[[ArticleChange], bool]) -> Written:
        """Put a result where `way` says. `is_same` tells whether an article as it is now is the one that was read."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the CMS is and how to log in. `options` are the connection's own."""

    cms: str
    base_url: str
    credentials: Mapping[str, str] = field(repr=False)
    options: Mapping[str, str]
    allow_private: bool

    def credential(self, name: str) -> str:
        """A credential that there must be."""
        value = self.credentials.get(name)
        if not value:
            raise self.refused(f"there is no credential '{name}'", f"credentials with '{name}'")
        return value

    def refused(self, reason: str, expected: str) -> CmsRefused:
        """The error that says so."""
        return CmsRefused(cms=self.cms, reason=reason, expected=expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A status that was asked for, the JSON that came with it (None for an error's) and the headers."""

    status: int
    payload: object
    answer: Answer


async def ask(
    outbound: Outbound,
    site: Site,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str],
    query: Mapping[str, str] | None = None,
    body: object = None,
    accept: frozenset[int] = frozenset(),
) -> Reply:
    """One request under the site's address, answered with 2xx and JSON or with a status that is accepted.

    Raises CmsUnavailable for what may be better later (no answer, 408, 429, 5xx) and CmsRefused for everything else.
    """
    url = site.base_url.rstrip("/") + path + (f"?{urlencode(query)}" if query else "")
    sent = None if body is None else json.dumps(body, ensure_ascii=False).encode()
    content_type = {} if sent is None else {"Content-Type": "application/json"}
    try:
        answer = await outbound.send(
            method,
            url,
            headers={"Accept": "application/json", **content_type, **headers},
            body=sent,
            allow_private=site.allow_private,
            max_bytes=_MOST_BYTES,
            whole=True,
        )
    except NoAnswer as none:
        if none.reason in _FINAL:
            raise site.refused(none.reason.value, "an address that may be called, and answers of usual size") from None
        raise CmsUnavailable(cms=site.cms, reason=none.reason.value) from None
    if answer.status in accept:
        return Reply(status=answer.status, payload=None, answer=answer)
    if 200 <= answer.status < 300:
        return Reply(status=answer.status, payload=_json(site, answer), answer=answer)
    if answer.status in _NOT_NOW or answer.status >= 500:
        raise _unavailable(site, answer)
    raise site.refused(f"it answers with status {answer.status}", _expected(answer.status))


def segment(text: str) -> str | None:
    """Text as one part of a path; None for what would lead elsewhere."""
    return quote(text, safe="") if text.strip(".") else None


async def each_page(
    list_page: Callable[[datetime, int], Awaitable[tuple[Page, bool]]], since: datetime
) -> AsyncGenerator[Page, None]:
    """All pages of a list that is sorted by the time of the last change; `list_page` also says whether more follow.

    Each page starts at the time where the last one ended, not at a number: while we read, an article that is saved moves to the
    end of the list, and by numbers the first of the next page would be passed over. Numbers only serve within one same time.
    """
    page = 1
    for _ in range(MOST_PAGES):
        listed, has_more = await list_page(since, page)
        yield listed
        if not has_more:
            return
        if listed.through is not None and listed.through > since:
            since, page = listed.through, 1
        else:
            page += 1


def newest(changes: tuple[ArticleChange, ...]) -> datetime | None:
    """The time of the last change."""
    return max((change.updated_at for change in changes if change.updated_at is not None), default=None)


def in_utc(moment: datetime, *, timespec: str) -> str:
    """A time as both sides read it alike: ISO 8601 with a Z."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=timespec) + "Z"


def _json(site: Site, answer: Answer) -> object:
    try:
        payload: object = json.loads(answer.body)
    except (ValueError, RecursionError):
        raise site.refused("its answer is no JSON", "the address of the site whose API is meant") from None
    return payload


def _unavailable(site: Site, answer: Answer) -> CmsUnavailable:
    wish = retry_after_s(answer.header("retry-after"), at=datetime.now(UTC).timestamp()) or 0.0
    return CmsUnavailable(cms=site.cms, reason=f"status {answer.status}", status=answer.status, wish_s=wish)


def _expected(status: int) -> str:
    if status in (401, 403):
        return "credentials of somebody who may do this"
    return "no redirect: its final address" if 300 <= status < 400 else "an API of a version that Parley knows"
