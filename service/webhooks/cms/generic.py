"""Any system that signs with Standard Webhooks: JSON whose fields the connection names by paths.

Without options the envelope is `{"type": "article.published", "timestamp": ..., "data": {"id": ..., "title": ..., "html": ...}}`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from service.webhooks.change import Ignored, Reading
from service.webhooks.fields import first, header, identifier, key_of, shown
from service.webhooks.mapping import (
    ENTRY_TYPES,
    PUBLIC_WORDS,
    entry_change,
    event_by,
    is_public_word,
    is_wanted,
    options_with,
    payload_of,
    required,
    settled_event,
    unwanted,
)

CMS = "generic"
OPTIONS = options_with(
    event="type,event",
    events="",
    id="data.id,data.guid,data.uuid",
    kind="data.type,data.kind",
    types=ENTRY_TYPES,
    version="data.version",
    status="data.status",
    published_status=PUBLIC_WORDS,
    title="data.title,data.headline",
    body="data.text,data.html,data.body,data.content",
    author="data.author,data.authors,data.byline",
    url="data.url,data.link",
    slug="data.slug",
    language="data.language,data.locale,data.lang",
    published_at="data.published_at,data.publishedAt",
    updated_at="data.updated_at,data.updatedAt,timestamp",
)


def read(
    payload: object, headers: Mapping[str, str], options: Mapping[str, str], *, path_event: str | None = None
) -> Reading:
    """Read one article by the connection's paths."""
    return read_enveloped(payload, {**OPTIONS, **options}, cms=CMS, path_event=path_event)


def read_enveloped(
    payload: object,
    options: Mapping[str, str],
    *,
    cms: str,
    path_event: str | None,
    markup: Callable[[object], object] = lambda body: body,
) -> Reading:
    """Read one article from an envelope that names its event; `options` must be complete, `markup` prepares the body."""
    payload = payload_of(payload, cms)
    name = identifier(first(payload, options["event"])) or path_event
    event = event_by(required(name, cms=cms, field=options["event"], expected="the name of an event"), options["events"])
    if event is None:
        return Ignored(f"{cms}: event {shown(name)} is none of an article")
    kind = identifier(first(payload, options["kind"]))
    if not is_wanted(kind, options["types"]):
        return unwanted(cms, kind)
    is_public = is_public_word(first(payload, options["status"]), options["published_status"])
    settled = settled_event(event, is_public=is_public, cms=cms)
    if isinstance(settled, Ignored):
        return settled
    entry_id = required(identifier(first(payload, options["id"])), cms=cms, field=options["id"], expected="the article's id")
    version = identifier(first(payload, options["version"]))
    return (entry_change(settled, payload, options, cms_id=entry_id, kind=kind, version=version, markup=markup),)


def dedupe_key(
    payload: object, headers: Mapping[str, str], options: Mapping[str, str], *, path_event: str | None = None
) -> str | None:
    """The message's id, which stays the same over its retries."""
    return key_of(header(headers, "webhook-id") or header(headers, "svix-id"))
