"""Directus: the body `{{$trigger}}` of a flow on the action hooks `items.create|update|delete`. Every hook is thin.

An update carries the changed fields alone, so title and text are always read through the API. Publication is the newsroom's own
rule: the field named by the option `status` holds one of `published_status`. An article is named `collection:key`.
"""

from __future__ import annotations

from collections.abc import Mapping

from service.webhooks.change import ArticleChange, Event, Ignored, Reading
from service.webhooks.fields import fields_of, first, identifier, shown
from service.webhooks.mapping import (
    ENTRY_TYPES,
    is_public_word,
    is_wanted,
    options_with,
    payload_of,
    required,
    settled_event,
    unwanted,
)

CMS = "directus"
# The names of fields serve those who read the item; of the hook itself only the status is read.
OPTIONS = options_with(
    types=ENTRY_TYPES,
    status="status",
    published_status="published",
    published_at="published_at,date_published,date_created",
    updated_at="date_updated,date_created",
)
_ACTIONS = {"create": Event.PUBLISH, "update": Event.UPDATE, "delete": Event.DELETE}


def read(
    payload: object, headers: Mapping[str, str], options: Mapping[str, str], *, path_event: str | None = None
) -> Reading:
    """Read which items changed: one change for each key."""
    payload = payload_of(payload, CMS)
    options = {**OPTIONS, **options}
    name = required(
        identifier(payload.get("event")) or path_event, cms=CMS, field="event", expected="an event such as items.update"
    )
    action = _ACTIONS.get(name.rpartition(".")[2])
    if action is None or "items" not in name.split("."):
        return Ignored(f"{CMS}: event {shown(name)} is none of an item")
    collection = identifier(payload.get("collection")) or (name.split(".")[0] if name.count(".") == 2 else None)
    kind = required(collection, cms=CMS, field="collection", expected="the items' collection")
    if not is_wanted(kind, options["types"]):
        return unwanted(CMS, kind)
    status = first(fields_of(payload.get("payload")), options["status"])
    event = settled_event(action, is_public=is_public_word(status, options["published_status"]), cms=CMS)
    if isinstance(event, Ignored):
        return event
    keys = _keys(payload)
    required(keys[0] if keys else None, cms=CMS, field="keys", expected="the keys of the items")
    thin = event in (Event.PUBLISH, Event.UPDATE)
    return tuple(ArticleChange(source_id=f"{kind}:{key}", event=event, kind=kind, cms_id=key, fetch=thin) for key in keys)


def dedupe_key(
    payload: object, headers: Mapping[str, str], options: Mapping[str, str], *, path_event: str | None = None
) -> str | None:
    """None: two edits of one field in a row send the same bytes."""
    return None


def _keys(payload: Mapping[str, object]) -> list[str]:
    """The keys, each once: of a created item as `key`, else as `keys`, of deleted ones also as the payload."""
    listed = next((found for name in ("keys", "key", "payload") if (found := payload.get(name)) not in (None, [])), None)
    if isinstance(listed, Mapping):
        return []
    known = map(identifier, listed if isinstance(listed, list) else [listed])
    return list(dict.fromkeys(key for key in known if key is not None))
