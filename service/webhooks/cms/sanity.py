"""Sanity: the document as the hook's GROQ projection gives it, the operation in a header. An article is named by `_id`.

A projection without the body makes a thin hook. Drafts and documents of a release are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping

from service.webhooks.change import Event, Ignored, Reading
from service.webhooks.fields import fields_of, first, header, identifier, key_of, shown
from service.webhooks.mapping import ENTRY_TYPES, entry_change, is_wanted, options_with, payload_of, required, unwanted

CMS = "sanity"
OPTIONS = options_with(
    types=ENTRY_TYPES,
    title="title,headline,name",
    body="body,content,text",
    slug="slug.current,slug",
    published_at="publishedAt,_createdAt",
    updated_at="_updatedAt",
)
_OPERATIONS = {"create": Event.PUBLISH, "update": Event.UPDATE, "delete": Event.DELETE}
_UNPUBLISHED = ("drafts.", "versions.")


def read(
    payload: object, headers: Mapping[str, str], options: Mapping[str, str], *, path_event: str | None = None
) -> Reading:
    """Read a document."""
    payload = payload_of(payload, CMS)
    options = {**OPTIONS, **options}
    name = required(_operation(headers, path_event), cms=CMS, field="sanity-operation", expected="create, update or delete")
    event = _OPERATIONS.get(name.lower())
    if event is None:
        return Ignored(f"{CMS}: operation {shown(name)} is unknown")
    kind = identifier(payload.get("_type"))
    if not is_wanted(kind, options["types"]):
        return unwanted(CMS, kind)
    document = required(_id(payload, headers), cms=CMS, field="_id", expected="the document's id")
    if document.startswith(_UNPUBLISHED):
        return Ignored(f"{CMS}: a draft")
    return (entry_change(event, payload, options, cms_id=document, kind=kind),)


def dedupe_key(
    payload: object, headers: Mapping[str, str], options: Mapping[str, str], *, path_event: str | None = None
) -> str | None:
    """Sanity's own key, or operation, document and its revision."""
    own = header(headers, "idempotency-key")
    if own is not None:
        return key_of(own)
    fields = fields_of(payload)
    revision = identifier(first(fields, "_rev,_updatedAt"))
    return key_of(_operation(headers, path_event), _id(fields, headers), revision)


def _operation(headers: Mapping[str, str], path_event: str | None) -> str | None:
    return header(headers, "sanity-operation") or path_event


def _id(payload: Mapping[str, object], headers: Mapping[str, str]) -> str | None:
    return identifier(payload.get("_id")) or identifier(header(headers, "sanity-document-id"))
