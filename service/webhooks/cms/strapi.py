"""Strapi 4 and 5: `{"event": "entry.publish", "model": "article", "uid": ..., "entry": {...}}`. It never delivers again.

An article is named `documentId:locale` (Strapi 4, which has no document ids: `model:id:locale`).
"""

from __future__ import annotations

from collections.abc import Mapping

from service.webhooks.change import Event, Ignored, Reading
from service.webhooks.fields import fields_of, first, header, identifier, key_of, language, shown
from service.webhooks.mapping import ENTRY_TYPES, entry_change, is_wanted, options_with, payload_of, required, unwanted

CMS = "strapi"
OPTIONS = options_with(
    types=ENTRY_TYPES,
    title="title,headline,name",
    body="body,content,text",
    language="locale",
    published_at="publishedAt",
    updated_at="updatedAt",
)
_EVENTS = {
    "entry.create": Event.PUBLISH,
    "entry.publish": Event.PUBLISH,
    "entry.update": Event.UPDATE,
    "entry.unpublish": Event.UNPUBLISH,
    "entry.delete": Event.DELETE,
}
_SAVES = ("entry.create", "entry.update")


def read(
    payload: object, headers: Mapping[str, str], options: Mapping[str, str], *, path_event: str | None = None
) -> Reading:
    """Read an entry."""
    payload = payload_of(payload, CMS)
    options = {**OPTIONS, **options}
    name = required(_event(payload, headers, path_event), cms=CMS, field="event", expected="an event such as entry.publish")
    event = _EVENTS.get(name)
    if event is None:
        return Ignored(f"{CMS}: event {shown(name)} changes nothing that is public")
    kind = _model(payload)
    if not is_wanted(kind, options["types"]):
        return unwanted(CMS, kind)
    entry = fields_of(payload.get("entry"))
    # A save of what is published goes out at once only where the type knows no drafts; those have a time of publication.
    if name in _SAVES and not entry.get("publishedAt"):
        return Ignored(f"{CMS}: a draft")
    cms_id = required(_id(entry, kind), cms=CMS, field="entry.documentId", expected="the entry's id")
    locale = language(entry.get("locale"))
    source_id = f"{cms_id}:{locale}" if locale else cms_id
    return (entry_change(event, entry, options, cms_id=cms_id, source_id=source_id, kind=kind),)


def dedupe_key(
    payload: object, headers: Mapping[str, str], options: Mapping[str, str], *, path_event: str | None = None
) -> str | None:
    """Event, type, document, locale, time of its last change, and of the event: publishing again changes no other."""
    fields = fields_of(payload)
    entry = fields_of(fields.get("entry"))
    return key_of(
        _event(fields, headers, path_event),
        identifier(first(fields, "uid,model")),
        _id(entry, None),
        identifier(entry.get("locale")) or "",
        identifier(entry.get("updatedAt")),
        identifier(fields.get("createdAt")) or "",
    )


def _event(payload: Mapping[str, object], headers: Mapping[str, str], path_event: str | None) -> str | None:
    return identifier(payload.get("event")) or header(headers, "X-Strapi-Event") or path_event


def _model(payload: Mapping[str, object]) -> str | None:
    """The type's name: `article`, also out of `api::article.article`."""
    model = identifier(payload.get("model")) or identifier(payload.get("uid"))
    return model.rpartition(".")[2] if model else None


def _id(entry: Mapping[str, object], kind: str | None) -> str | None:
    document, number = identifier(entry.get("documentId")), identifier(entry.get("id"))
    return document or (f"{kind}:{number}" if kind and number else number)
