"""Superdesk: ninjs 1.x over HTTP push. An article is named by its `guid` and ordered by its `version`; there is no address.

`pubstatus` says what happened: `usable` is published or corrected, `canceled` a kill, `withheld` not to be used (yet).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from service.webhooks.change import Event, Ignored, Reading
from service.webhooks.fields import fields_of, identifier, key_of, moment, shown
from service.webhooks.mapping import entry_change, options_with, payload_of, required

CMS = "superdesk"
OPTIONS = options_with(
    title="headline,name",
    body="body_html,body_text",
    author="authors,byline",
    published_at="firstpublished,versioncreated",
    updated_at="versioncreated",
)
_ENDED = ("canceled", "cancelled")
_EMBED = "<!-- EMBED START"
_EMBED_END = "<!-- EMBED END"


def read(
    payload: object, headers: Mapping[str, str], options: Mapping[str, str], *, path_event: str | None = None
) -> Reading:
    """Read a text item."""
    payload = payload_of(payload, CMS)
    options = {**OPTIONS, **options}
    kind = identifier(payload.get("type"))
    if kind != "text":
        return Ignored(f"{CMS}: type {shown(kind)} is not text")
    guid = required(identifier(payload.get("guid")), cms=CMS, field="guid", expected="the item's guid")
    status = identifier(payload.get("pubstatus")) or "usable"
    if status not in ("usable", *_ENDED):
        return Ignored(f"{CMS}: pubstatus {shown(status)} is not for use")
    published, changed = moment(payload.get("firstpublished")), moment(payload.get("versioncreated"))
    is_correction = published is not None and changed is not None and changed > published
    event = Event.DELETE if status in _ENDED else Event.UPDATE if is_correction else Event.PUBLISH
    version = identifier(payload.get("version"))
    change = entry_change(event, payload, options, cms_id=guid, kind=kind, version=version, markup=_without_embeds)
    return (replace(change, replaces=identifier(payload.get("evolvedfrom"))),)


def dedupe_key(
    payload: object, headers: Mapping[str, str], options: Mapping[str, str], *, path_event: str | None = None
) -> str | None:
    """Item, version and state."""
    fields = fields_of(payload)
    return key_of(identifier(fields.get("guid")), identifier(fields.get("version")), identifier(fields.get("pubstatus")))


def _without_embeds(body: object) -> object:
    """The body without what stands between the comments that mark an embedded picture, film or post."""
    if not isinstance(body, str):
        return body
    start, *embedded = body.split(_EMBED)
    return start + "".join(_after(part) for part in embedded)


def _after(part: str) -> str:
    """What follows the embedded thing; where its end is not marked, only the opening comment is dropped."""
    inside, end, rest = part.partition(_EMBED_END)
    return (rest if end else inside).partition("-->")[2]
