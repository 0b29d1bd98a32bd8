"""From an entry of a CMS to an `ArticleChange`, by the connection's options: which field holds what.

Options are strings. Those that name a field hold a path, or several with commas of which the first that holds something counts
(`service.webhooks.fields.at`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from service.errors import PayloadUnreadable
from service.webhooks.change import ArticleChange, Event, Ignored, is_count
from service.webhooks.event_names import event_named
from service.webhooks.fields import (
    address,
    address_from,
    fields_of,
    first,
    flag,
    identifier,
    language,
    line,
    moment,
    names,
    shown,
    words,
)
from service.webhooks.richtext import read_text

ENTRY_TYPES = "article,articles,news,news_article,newsarticle,news_item,newsitem,post,posts,story,stories"
PUBLIC_WORDS = "publish,published,public,live,usable,active"

# What `url_template` may name.
TEMPLATE_NAMES = ("id", "slug", "path", "language")

# The options that every adapter knows; each has its own defaults for some of them.
FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "title": "title,headline,name",
        "body": "body,content,html,text",
        "format": "auto",
        "author": "author,authors,byline",
        "url": "url",
        "url_template": "",
        "slug": "slug",
        "language": "language,locale,lang",
        "default_language": "",
        "published_at": "published_at,publishedAt",
        "updated_at": "updated_at,updatedAt",
    }
)


def options_with(**own: str) -> Mapping[str, str]:
    """The options an adapter knows, with their defaults."""
    return MappingProxyType({**FIELDS, **own})


def payload_of(payload: object, cms: str) -> Mapping[str, object]:
    """The payload, which must be an object."""
    if not isinstance(payload, Mapping):
        raise PayloadUnreadable(cms=cms, field="payload", expected="a JSON object")
    return payload


def required(value: str | None, *, cms: str, field: str, expected: str) -> str:
    """The value, which must be there."""
    if value is None:
        raise PayloadUnreadable(cms=cms, field=field, expected=expected)
    return value


def entry_change(
    event: Event,
    entry: object,
    options: Mapping[str, str],
    *,
    cms_id: str,
    source_id: str | None = None,
    kind: str | None = None,
    version: str | None = None,
    markup: Callable[[object], object] = lambda body: body,
) -> ArticleChange:
    """The change that an entry's fields tell; `options` must be complete, `markup` prepares the body before it is read.

    Text and `fetch` are for what is published or updated only.
    """
    tongue = language(first(entry, options["language"])) or language(options["default_language"])
    updated_at = moment(first(entry, options["updated_at"]))
    change = ArticleChange(
        source_id=source_id or cms_id,
        event=event,
        version=_version(version, updated_at),
        title=line(first(entry, options["title"])),
        published_at=moment(first(entry, options["published_at"])),
        updated_at=updated_at,
        url=address(first(entry, options["url"])) or _templated(entry, options, cms_id=cms_id, tongue=tongue),
        language=tongue,
        author=names(first(entry, options["author"])),
        kind=kind,
        cms_id=cms_id,
    )
    if event in (Event.UNPUBLISH, Event.DELETE):
        return change
    text = read_text(markup(first(entry, options["body"])), options["format"])
    return replace(change, text=text, fetch=text is None)


def settled_event(event: Event, *, is_public: bool | None, cms: str) -> Event | Ignored:
    """The event in the light of the entry's state: what is not public is no publication, and an update to that ends one.

    An end of something that we never saw is harmless; a publication that we missed is not.
    """
    if is_public is not False or event in (Event.UNPUBLISH, Event.DELETE):
        return event
    return Event.UNPUBLISH if event is Event.UPDATE else Ignored(f"{cms}: the entry is not public")


def is_public_word(value: object, published: str) -> bool | None:
    """Whether a status (a word, or yes or no) is one of the comma-separated `published`; None if there is no status."""
    is_on = flag(value)
    if is_on is not None:
        return is_on
    word = identifier(value)
    return None if word is None else word.lower() in words(published)


def is_wanted(kind: str | None, types: str) -> bool:
    """Whether entries of this kind are articles, by the option `types`: comma-separated names, or `*` for all."""
    return "*" in types or kind is None or kind.lower() in words(types)


def unwanted(cms: str, kind: str | None) -> Ignored:
    """The answer to an entry that is no article; says which option would have it read."""
    return Ignored(f"{cms}: type {shown(kind)} is not among the connection's 'types'")


def event_by(name: str | None, listed: str = "") -> Event | None:
    """The event of this name, by the option `events` (`story.live=publish,story.killed=delete`) or by its words."""
    own = dict(part.strip().split("=", 1) for part in listed.split(",") if "=" in part)
    told = own.get(name or "", "").strip()
    return Event(told) if told in tuple(Event) else event_named(name)


def _version(version: str | None, updated_at: datetime | None) -> str | None:
    if version is not None and is_count(version):
        return str(int(version))
    return updated_at.isoformat() if updated_at is not None else None


def _templated(entry: object, options: Mapping[str, str], *, cms_id: str, tongue: str | None) -> str | None:
    values = {
        "id": cms_id,
        "language": tongue,
        "slug": identifier(first(entry, options["slug"])),
        "path": identifier(fields_of(entry).get("path")),
    }
    return address_from(options["url_template"], values)
