"""Ghost: one hook for each event, best at an address that ends in it, since Ghost before 6.50 does not name it in the body.

`{"event": "post.published", "post": {"current": {...}, "previous": {...}}}`. The language is set for the site, not for a post:
give `default_language`. Pages are read if the option `types` says `post,page`.
"""

from __future__ import annotations

from collections.abc import Mapping

from service.webhooks.change import Event, Ignored, Reading
from service.webhooks.fields import fields_of, first, identifier, key_of, moment, shown
from service.webhooks.mapping import entry_change, is_wanted, options_with, payload_of, required, unwanted

CMS = "ghost"
OPTIONS = options_with(
    types="post",
    title="title",
    body="html,lexical,mobiledoc,plaintext",
    author="primary_author,authors",
    updated_at="updated_at",
    published_at="published_at",
)
_ENDINGS = {
    "published": Event.PUBLISH,
    "published.edited": Event.UPDATE,
    "edited": Event.UPDATE,
    "added": Event.PUBLISH,
    "unpublished": Event.UNPUBLISH,
    "deleted": Event.DELETE,
}
_KINDS = ("post", "page")


def read(
    payload: object, headers: Mapping[str, str], options: Mapping[str, str], *, path_event: str | None = None
) -> Reading:
    """Read a post or a page."""
    payload = payload_of(payload, CMS)
    options = {**OPTIONS, **options}
    kind = _kind(payload)
    if kind is None:
        return Ignored(f"{CMS}: neither a post nor a page")
    if not is_wanted(kind, options["types"]):
        return unwanted(CMS, kind)
    current, previous = _states(payload, kind)
    event = _event(payload, path_event, current=current, previous=previous)
    if isinstance(event, Ignored):
        return event
    if event in (Event.PUBLISH, Event.UPDATE) and current.get("status") not in ("published", None):
        return Ignored(f"{CMS}: status {shown(identifier(current.get('status')))} is not public")
    entry = current or previous
    entry_id = required(_id(current, previous), cms=CMS, field=f"{kind}.current.id", expected="the post's id")
    return (entry_change(event, entry, options, cms_id=entry_id, kind=kind),)


def dedupe_key(
    payload: object, headers: Mapping[str, str], options: Mapping[str, str], *, path_event: str | None = None
) -> str | None:
    """Event, post and time of its last change; a post is deleted once only, so there the time may be missing."""
    fields = fields_of(payload)
    current, previous = _states(fields, _kind(fields) or "")
    name = identifier(fields.get("event")) or path_event
    changed = moment(first([current, previous], "0.updated_at,1.updated_at"))
    when = changed.isoformat() if changed else ("" if name and name.endswith(".deleted") else None)
    return key_of(name, _id(current, previous), when)


def _event(
    payload: Mapping[str, object], path_event: str | None, *, current: Mapping[str, object], previous: Mapping[str, object]
) -> Event | Ignored:
    """The event as the body names it, or the hook's address, or as the two states tell it."""
    name = identifier(payload.get("event")) or path_event
    if name is not None:
        event = _ENDINGS.get(name.partition(".")[2])
        return event or Ignored(f"{CMS}: event {shown(name)} changes nothing that is public")
    if not current and previous:
        return Event.DELETE
    was_public = previous.get("status") == "published"
    if current.get("status") == "published":
        return Event.PUBLISH if "status" in previous and not was_public else Event.UPDATE
    return Event.UNPUBLISH if was_public else Ignored(f"{CMS}: a draft")


def _kind(payload: Mapping[str, object]) -> str | None:
    return next((kind for kind in _KINDS if isinstance(payload.get(kind), Mapping)), None)


def _states(payload: Mapping[str, object], kind: str) -> tuple[Mapping[str, object], Mapping[str, object]]:
    entry = fields_of(payload.get(kind))
    return fields_of(entry.get("current")), fields_of(entry.get("previous"))


def _id(current: Mapping[str, object], previous: Mapping[str, object]) -> str | None:
    return identifier(current.get("id")) or identifier(previous.get("id"))
