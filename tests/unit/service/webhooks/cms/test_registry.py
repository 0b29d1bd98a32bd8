import contextlib
import dataclasses
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.errors import InvalidField, PayloadUnreadable
from service.webhooks.change import ArticleChange, Event, Ignored, Reading
from service.webhooks.cms.registry import ADAPTERS, check_options
from service.webhooks.mapping import FIELDS

WORDS = st.sampled_from(
    ["article", "text", "Entry", "published", "draft", "canceled", "article.updated", "post.deleted", "entry.update", "uk",
     "2026-01-01T00:00:00Z", "https://x.example/", "<p>x</p>", "# a\n[", "\x00", "\ud800", "[caption]", "x" * 600]
) | st.text(max_size=5)  # fmt: skip
KEYS = st.sampled_from(["id", "value", "uk", "sys", "children", "text", "_type", "root", "name", "html"]) | st.text(
    max_size=3
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
TOPIC = "ContentManagement.Entry.publish"
HEADERS = {"X-Contentful-Topic": TOPIC, "sanity-operation": "update", "x-wp-webhook-name": "post_update"}
ODD_HEADERS = st.dictionaries(
    st.sampled_from([*HEADERS, "x-drupal-event", "webhook-id", "idempotency-key"]),
    st.sampled_from(["update", "entity:node:update", "", "\udcff", "x" * 500]),
)
EVENTS = st.none() | st.sampled_from(["post.published", "publish", "entry.publish", "items.update", TOPIC, ""])
NOW = "2026-01-01T00:00:00Z"
DATA = {
    "id": 1,
    "title": "T",
    "html": "<p>x</p>",
    "status": "publish",
    "updated_at": NOW,
    "author": {"name": "O"},
    "url": "https://x",
}
TREE = [{"_type": "block", "children": [{"_type": "span", "text": "x"}]}]
LEXICAL = {"root": {"children": [{"type": "paragraph", "children": [{"type": "text", "text": "x"}]}]}}
RICH = {"nodeType": "document", "content": [{"nodeType": "paragraph", "content": [{"nodeType": "text", "value": "x"}]}]}
POST = {"post_title": "T", "post_content": "x", "post_type": "post", "post_status": "publish", "post_modified_gmt": NOW}
GHOST = {
    "id": "a",
    "title": "T",
    "html": "<p>x</p>",
    "status": "published",
    "updated_at": NOW,
    "primary_author": {"name": "O"},
}
# For each CMS a hook with every field that its adapter looks at, so that odd values reach them all.
HOOKS: dict[str, dict[str, object]] = {
    "generic": {"type": "article.published", "timestamp": NOW, "data": {**DATA, "version": 3, "language": "uk"}},
    "wordpress": {"type": "article.updated", "timestamp": NOW, "data": {**DATA, "language": "uk", "post_type": "post"}},
    "wp-webhooks": {"post_id": 1, "post": POST, "post_permalink": "https://x"},
    "ghost": {"event": "post.published", "post": {"current": GHOST, "previous": {"status": "draft"}}},
    "superdesk": {"guid": "g", "type": "text", "version": "3", "pubstatus": "usable", "headline": "T", "body_html": "<p>x</p>",
                  "firstpublished": NOW, "versioncreated": NOW, "evolvedfrom": "f", "authors": [{"name": "O"}], "language": "uk"},
    "contentful": {"sys": {"id": "e", "type": "Entry", "contentType": {"sys": {"id": "article"}}, "revision": 3, "updatedAt": NOW,
                           "environment": {"sys": {"id": "master"}}}, "fields": {"title": {"uk": "T"}, "body": {"uk": RICH}}},
    "sanity": {"_id": "a", "_type": "article", "_rev": "r", "title": "T", "body": TREE, "_updatedAt": NOW,
               "slug": {"current": "a"}},
    "strapi": {"event": "entry.publish", "model": "article", "uid": "api::article.article", "createdAt": NOW,
               "entry": {"documentId": "d", "title": "T", "body": "x", "publishedAt": NOW, "updatedAt": NOW, "locale": "uk"}},
    "directus": {"event": "articles.items.update", "collection": "articles", "keys": [1, "2"], "payload": {"status": "published"}},
    "drupal": {"event": "entity:node:update",
               "entity": {"uuid": [{"value": "u"}], "type": [{"target_id": "article"}], "title": [{"value": "T"}],
                          "body": [{"value": "x"}], "status": [{"value": True}], "langcode": [{"value": "uk"}],
                          "changed": [{"value": NOW}], "path": [{"alias": "/a"}]}},
    "payload": {"type": "article.published", "timestamp": NOW,
                "data": {"collection": "articles", "locale": "uk",
                         "doc": {"id": 1, "title": "T", "body": LEXICAL, "_status": "published", "updatedAt": NOW}}},
}  # fmt: skip


def places(value: object, here: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a payload, the whole first."""
    yield here
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from places(part, (*here, key))


def with_value(payload: object, place: tuple[str | int, ...], value: object) -> object:
    """The payload with another value at a place (as it is, if the place is no more)."""
    if not place:
        return value
    key, *rest = place
    if isinstance(payload, dict) and key in payload:
        return {**payload, key: with_value(payload[key], tuple(rest), value)}
    if isinstance(payload, list) and isinstance(key, int) and key < len(payload):
        return [*payload[:key], with_value(payload[key], tuple(rest), value), *payload[key + 1 :]]
    return payload


def is_storable(value: str) -> bool:
    return "\x00" not in value and value.encode("utf-8", "replace").decode() == value


@pytest.mark.parametrize("name", ADAPTERS)
@settings(max_examples=40)
@given(data=st.data(), headers=st.just(HEADERS) | ODD_HEADERS, path_event=EVENTS)
def test_any_payload_is_read_ignored_or_refused(
    name: str, data: st.DataObject, headers: dict[str, str], path_event: str | None
) -> None:
    adapter = ADAPTERS[name]
    payload: object = HOOKS[name]
    for place in data.draw(st.lists(st.sampled_from(list(places(payload))), min_size=1, max_size=4)):
        payload = with_value(payload, place, data.draw(JSON))

    key = adapter.dedupe_key(payload, headers, {}, path_event=path_event)
    with contextlib.suppress(PayloadUnreadable):
        judge(adapter.read(payload, headers, {}, path_event=path_event))

    assert key is None or (0 < len(key) <= 200 and is_storable(key))


def judge(reading: Reading) -> None:
    if isinstance(reading, Ignored):
        assert is_storable(reading.reason)
        return
    assert reading
    for change in reading:
        check(change)


def check(change: ArticleChange) -> None:
    """What every change promises, whatever the payload."""
    values = [getattr(change, part.name) for part in dataclasses.fields(change)]
    assert all(is_storable(value) for value in values if isinstance(value, str))
    assert change.source_id
    assert change.cms_id
    if change.event in (Event.DELETE, Event.UNPUBLISH):
        assert change.text is None
        assert not change.fetch
    else:
        assert change.fetch is (change.text is None)
    for moment in (change.published_at, change.updated_at):
        assert moment is None or moment.utcoffset() is not None


@pytest.mark.parametrize("name", ADAPTERS)
def test_the_hook_of_every_cms_is_read(name: str) -> None:
    reading = ADAPTERS[name].read(HOOKS[name], HEADERS, {})

    assert not isinstance(reading, Ignored)
    assert [(change.title, change.text) for change in reading] == (
        [(None, None)] * 2 if name == "directus" else [("T", "x")]
    )


@pytest.mark.parametrize("name", ["wp-webhooks", "ghost", "superdesk", "contentful", "sanity", "strapi", "drupal"])
def test_the_same_hook_has_the_same_key_where_no_header_gives_one(name: str) -> None:
    adapter = ADAPTERS[name]

    key = adapter.dedupe_key(HOOKS[name], HEADERS, {})

    assert key is not None
    assert key == adapter.dedupe_key(dict(HOOKS[name]), HEADERS, {})


@pytest.mark.parametrize("name", ADAPTERS)
def test_every_adapter_knows_the_common_options(name: str) -> None:
    adapter = ADAPTERS[name]

    assert set(FIELDS) <= set(adapter.options)
    assert adapter.content_types
    check_options(name, adapter.options)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"tittle": "x"}, "options"),
        ({"format": "rtf"}, r"options\.format"),
        ({"default_language": "English!"}, r"options\.default_language"),
        ({"url_template": "news/{slug}"}, r"options\.url_template"),
        ({"url_template": "https://x.example/{slug.__class__}"}, r"options\.url_template"),
        ({"events": "story.live=go"}, r"options\.events"),
    ],
)
def test_options_that_no_adapter_can_use_are_refused(options: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidField, match=field):
        check_options("generic", options)
