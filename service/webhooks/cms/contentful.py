"""Contentful: an entry whose every field is keyed by locale, so one hook is one change for each locale.

`{"sys": {...}, "fields": {"title": {"uk": ...}}}`, the event in `X-Contentful-Topic`. What is unpublished or deleted arrives
without fields: such a change holds for every language of the entry. An article is named `entry:locale`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from service.webhooks.change import ArticleChange, Event, Ignored, Reading
from service.webhooks.fields import at, fields_of, first, header, identifier, key_of, language, shown, words
from service.webhooks.mapping import ENTRY_TYPES, entry_change, is_wanted, options_with, payload_of, required, unwanted

CMS = "contentful"
# Paths start at the fields of one locale; the entry's own data are under `sys`.
OPTIONS = options_with(
    types=ENTRY_TYPES,
    environment="master",
    locales="",
    fallback_locale="",
    title="title,headline,name",
    body="body,content,text",
    published_at="publishedAt,publishDate,date,sys.firstPublishedAt,sys.publishedAt",
    updated_at="sys.updatedAt",
)
_TOPICS = {
    "publish": Event.PUBLISH,
    "unpublish": Event.UNPUBLISH,
    "archive": Event.UNPUBLISH,
    "delete": Event.DELETE,
}
_ENTRY_TYPES = ("Entry", "DeletedEntry")


def read(
    payload: object, headers: Mapping[str, str], options: Mapping[str, str], *, path_event: str | None = None
) -> Reading:
    """Read an entry: one change for each locale in which it has a body."""
    payload = payload_of(payload, CMS)
    options = {**OPTIONS, **options}
    system = fields_of(payload.get("sys"))
    topic = required(_topic(headers, path_event), cms=CMS, field="X-Contentful-Topic", expected="the topic of the hook")
    *_, subject, action = ["", *topic.split(".")]
    if subject not in ("Entry", "") or identifier(system.get("type")) not in (*_ENTRY_TYPES, None):
        return Ignored(f"{CMS}: topic {shown(topic)} is none of an entry")
    event = _TOPICS.get(action)
    if event is None:
        return Ignored(f"{CMS}: topic {shown(topic)} changes nothing that is public")
    kind = identifier(at(system, "contentType.sys.id"))
    if not is_wanted(kind, options["types"]):
        return unwanted(CMS, kind)
    environment = identifier(at(system, "environment.sys.id"))
    if environment not in (options["environment"], None):
        return Ignored(f"{CMS}: environment {shown(environment)} is not the connection's")
    entry_id = required(identifier(system.get("id")), cms=CMS, field="sys.id", expected="the entry's id")
    if event in (Event.UNPUBLISH, Event.DELETE):
        gone = entry_change(event, {"sys": system}, options, cms_id=entry_id, kind=kind)
        return (replace(gone, every_language=True, language=None),)
    fields = fields_of(payload.get("fields"))
    locales = _locales(fields, options)
    if locales == []:
        return Ignored(f"{CMS}: the entry has nothing in the connection's locales")
    if locales is None:
        return (_change(fields, None, event, system, options, entry_id=entry_id, kind=kind),)
    return tuple(_change(fields, locale, event, system, options, entry_id=entry_id, kind=kind) for locale in locales)


def dedupe_key(
    payload: object, headers: Mapping[str, str], options: Mapping[str, str], *, path_event: str | None = None
) -> str | None:
    """Contentful's own key, or topic, entry, revision and time of the last change."""
    own = header(headers, "X-Contentful-Idempotency-Key")
    if own is not None:
        return key_of(own)
    system = fields_of(fields_of(payload).get("sys"))
    revision = identifier(system.get("revision"))
    changed = header(headers, "X-Contentful-Event-Datetime") or identifier(system.get("updatedAt"))
    return key_of(_topic(headers, path_event), identifier(system.get("id")), revision, changed)


def _change(
    fields: Mapping[str, object],
    locale: str | None,
    event: Event,
    system: Mapping[str, object],
    options: Mapping[str, str],
    *,
    entry_id: str,
    kind: str | None,
) -> ArticleChange:
    entry = {name: _in(locale, value, options["fallback_locale"]) for name, value in fields.items()}
    source_id = f"{entry_id}:{locale}" if locale else entry_id
    entry["sys"] = system
    entry["language"] = locale or entry.get("language")
    return entry_change(event, entry, options, cms_id=entry_id, source_id=source_id, kind=kind)


def _locales(fields: Mapping[str, object], options: Mapping[str, str]) -> list[str] | None:
    """The locales in which the entry has a body (or, where the hook carries none, a title); None if it is not localised."""
    wanted = words(options["locales"])
    for role in ("body", "title"):
        by_locale = first(fields, options[role])
        if not isinstance(by_locale, Mapping) or "nodeType" in by_locale:
            if by_locale is not None:
                return None
            continue
        known = [name for name in by_locale if isinstance(name, str) and language(name) and by_locale[name] is not None]
        if known:
            return [name for name in known if not wanted or name.lower() in wanted]
    return None


def _in(locale: str | None, value: object, fallback: str) -> object:
    """A field in one locale, or in the fallback; a field that is not localised as it is."""
    if locale is None or not isinstance(value, Mapping) or "nodeType" in value:
        return value
    return value.get(locale, value.get(fallback))


def _topic(headers: Mapping[str, str], path_event: str | None) -> str | None:
    return header(headers, "X-Contentful-Topic") or path_event
