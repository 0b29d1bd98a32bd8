"""Payload 3: our hook snippet's Standard Webhooks envelope around a document; its body is Lexical.

`{"type": "article.published", "timestamp": ..., "data": {"collection": "articles", "locale": "uk", "doc": {...}}}`; the document
may also be `data` itself. An article is named `id:locale`, or `id` where nothing is localised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from service.webhooks.change import Event, Ignored, Reading
from service.webhooks.cms import generic
from service.webhooks.fields import fields_of, first, identifier, language, shown
from service.webhooks.mapping import (
    ENTRY_TYPES,
    entry_change,
    event_by,
    is_wanted,
    options_with,
    payload_of,
    required,
    settled_event,
    unwanted,
)

CMS = "payload"
# Paths start at the document.
OPTIONS = options_with(
    types=ENTRY_TYPES,
    title="title,headline,name",
    body="body,content,text,richText",
    language="locale,language",
    published_at="publishedAt,createdAt",
    updated_at="updatedAt",
)


def read(
    payload: object, headers: Mapping[str, str], options: Mapping[str, str], *, path_event: str | None = None
) -> Reading:
    """Read a document."""
    payload = payload_of(payload, CMS)
    options = {**OPTIONS, **options}
    data = fields_of(payload.get("data"))
    document = fields_of(data.get("doc")) or data
    name = required(
        identifier(first(payload, "type,data.operation")) or path_event,
        cms=CMS,
        field="type",
        expected="the name of an event",
    )
    event = event_by(name)
    if event is None:
        return Ignored(f"{CMS}: event {shown(name)} is none of an article")
    kind = identifier(data.get("collection"))
    if not is_wanted(kind, options["types"]):
        return unwanted(CMS, kind)
    if event is Event.UPDATE and document.get("_status") == "draft":
        # A draft over a published document: what is public has not changed. An unpublishing has its own event.
        return Ignored(f"{CMS}: a draft")
    settled = settled_event(event, is_public=document.get("_status") != "draft", cms=CMS)
    if isinstance(settled, Ignored):
        return settled
    cms_id = required(identifier(document.get("id")), cms=CMS, field="data.doc.id", expected="the document's id")
    locale = language(data.get("locale"))
    change = entry_change(
        settled,
        {"locale": locale, **document} if locale else document,
        options,
        cms_id=cms_id,
        source_id=f"{cms_id}:{locale}" if locale and settled is not Event.DELETE else cms_id,
        kind=kind,
    )
    return (replace(change, every_language=True, language=None) if settled is Event.DELETE else change,)


dedupe_key = generic.dedupe_key
