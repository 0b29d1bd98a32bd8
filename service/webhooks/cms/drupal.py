"""Drupal by the contributed module `webhooks`: `{"event": "entity:node:update", "user": ..., "entity": {...}}`. No second delivery.

Every field is a list of objects. An article is named `uuid:language`, since translations share the node. The editor's account
under `user` is never read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from service.webhooks.change import Event, Ignored, Reading
from service.webhooks.fields import at, fields_of, first, flag, header, identifier, key_of, language, moment, shown
from service.webhooks.mapping import (
    ENTRY_TYPES,
    entry_change,
    is_wanted,
    options_with,
    payload_of,
    required,
    settled_event,
    unwanted,
)

CMS = "drupal"
OPTIONS = options_with(
    types=ENTRY_TYPES,
    title="title",
    body="body,field_body,field_text",
    author="field_author",
    slug="path.0.alias",
    language="langcode",
    published_at="published_at,created",
    updated_at="changed",
)
_ACTIONS = {"create": Event.PUBLISH, "insert": Event.PUBLISH, "update": Event.UPDATE, "delete": Event.DELETE}


def read(
    payload: object, headers: Mapping[str, str], options: Mapping[str, str], *, path_event: str | None = None
) -> Reading:
    """Read a node."""
    payload = payload_of(payload, CMS)
    options = {**OPTIONS, **options}
    name = required(
        _event(payload, headers, path_event), cms=CMS, field="event", expected="an event such as entity:node:update"
    )
    *_, subject, action = ["", *name.split(":")]
    if subject not in ("node", "") or action not in _ACTIONS:
        return Ignored(f"{CMS}: event {shown(name)} is none of a node")
    entity = fields_of(payload.get("entity"))
    kind = identifier(at(entity, "type.0.target_id"))
    if not is_wanted(kind, options["types"]):
        return unwanted(CMS, kind)
    event = settled_event(_ACTIONS[action], is_public=flag(entity.get("status")), cms=CMS)
    if isinstance(event, Ignored):
        return event
    cms_id = required(_id(entity), cms=CMS, field="entity.uuid", expected="the node's uuid")
    tongue = language(first(entity, options["language"]))
    if event is Event.DELETE:
        gone = entry_change(event, entity, options, cms_id=cms_id, kind=kind)
        return (replace(gone, every_language=True, language=None),)
    source_id = f"{cms_id}:{tongue}" if tongue else cms_id
    entry = {**entity, "path": at(entity, "path.0.alias")} if options["slug"] == OPTIONS["slug"] else entity
    return (entry_change(event, entry, options, cms_id=cms_id, source_id=source_id, kind=kind),)


def dedupe_key(
    payload: object, headers: Mapping[str, str], options: Mapping[str, str], *, path_event: str | None = None
) -> str | None:
    """The delivery's own id, or event, node, language and time of the last change."""
    own = header(headers, "X-Drupal-Delivery")
    if own is not None:
        return key_of(own)
    fields = fields_of(payload)
    entity = fields_of(fields.get("entity"))
    changed = moment(entity.get("changed"))
    tongue = identifier(entity.get("langcode")) or ""
    return key_of(_event(fields, headers, path_event), _id(entity), tongue, changed.isoformat() if changed else None)


def _event(payload: Mapping[str, object], headers: Mapping[str, str], path_event: str | None) -> str | None:
    """The event; older releases of the module name the header otherwise."""
    named = header(headers, "X-Drupal-Event") or header(headers, "X-Drupal-Webhooks-Event")
    return named or identifier(payload.get("event")) or path_event


def _id(entity: Mapping[str, object]) -> str | None:
    return identifier(entity.get("uuid")) or identifier(entity.get("nid"))
