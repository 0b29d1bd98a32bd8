"""What a CMS says happened to an article, whatever the CMS."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_NUMBER = 18  # digits: fits a 64-bit integer


class Event(StrEnum):
    """What happened. PUBLISH and UPDATE ask for the same (CMSs differ in what they call which), so do UNPUBLISH and DELETE,
    but that what is unpublished may come back.
    """

    PUBLISH = "publish"
    UPDATE = "update"
    UNPUBLISH = "unpublish"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleChange:
    """One article of one language, as it is after the event.

    `source_id` names the article within its connection, `cms_id` the entry by which the CMS's API knows it (several languages of
    one entry share it) and `kind` the entry's type or collection. `version` is an integer where the CMS counts, else the time
    of the last change; compare by `version_key`. `text` is clean; None for what is gone and where `fetch` says that the hook was
    thin: then title and text must be read through the CMS's API. `every_language`: the event holds for all articles of this
    `cms_id`. `replaces` is the `source_id` of the article that this one is a rewrite of. Times are in UTC.
    """

    source_id: str
    event: Event
    version: str | None = None
    title: str | None = None
    text: str | None = None
    published_at: datetime | None = None
    updated_at: datetime | None = None
    url: str | None = None
    language: str | None = None
    author: str | None = None
    kind: str | None = None
    cms_id: str
    replaces: str | None = None
    every_language: bool = False
    fetch: bool = False


@dataclass(frozen=True, slots=True)
class Ignored:
    """The hook is in order, but there is nothing to do; `reason` holds no article text."""

    reason: str


Reading = tuple[ArticleChange, ...] | Ignored


def version_key(change: ArticleChange) -> tuple[int, int] | None:
    """What orders the changes of one article: the CMS's count (0 if it has none), microseconds since 1970 in UTC.

    Keys of one CMS compare; of two changes with equal keys the one that arrived later holds. None: the hook does not say
    (deletes often do not), take the change as the newest.
    """
    number = int(change.version) if change.version is not None and is_count(change.version) else 0
    moment = change.updated_at
    if number == 0 and moment is None:
        return None
    since = moment - _EPOCH if moment is not None else None
    return number, (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds if since is not None else 0


def is_count(version: str) -> bool:
    """Whether the version is a number by which the CMS counts."""
    return version.isascii() and version.isdigit() and len(version) <= _LONGEST_NUMBER
