import json

import pytest

from service.errors import PayloadUnreadable
from service.webhooks.change import Event, Ignored
from service.webhooks.cms.ghost import dedupe_key, read

POST = {
    "id": "65f0",
    "title": "T",
    "html": "<p>“One”</p><figure><img><figcaption>no</figcaption></figure><p>Two</p>",
    "plaintext": "“One”\n\nTwo",
    "status": "published",
    "published_at": "2026-01-01T00:00:00.000Z",
    "updated_at": "2026-01-01T00:05:00.000Z",
    "url": "https://news.example/a/",
    "primary_author": {"name": "Olena K."},
}


def hook(event: str | None = None, *, kind: str = "post", previous: object = None, **current: object) -> dict[str, object]:
    named = {} if event is None else {"event": event}
    return {**named, kind: {"current": {**POST, **current}, "previous": previous or {}}}


def test_a_published_post_is_read() -> None:
    reading = read(hook("post.published"), {}, {"default_language": "uk"})

    assert not isinstance(reading, Ignored)
    (change,) = reading
    assert (change.source_id, change.event, change.text) == ("65f0", Event.PUBLISH, "“One”\n\nTwo")
    assert (change.author, change.language, change.url) == ("Olena K.", "uk", "https://news.example/a/")


def test_lexical_is_read_where_there_is_no_html() -> None:
    tree = json.dumps(
        {"root": {"children": [{"type": "paragraph", "children": [{"type": "extended-text", "text": "One"}]}]}}
    )

    reading = read(hook("post.published", html=None, lexical=tree), {}, {})

    assert not isinstance(reading, Ignored)
    assert reading[0].text == "One"


@pytest.mark.parametrize(
    ("event", "path_event", "expected"),
    [
        ("post.published.edited", None, Event.UPDATE),
        (None, "post.published", Event.PUBLISH),
        ("post.edited", "post.published", Event.UPDATE),
        ("post.unpublished", None, Event.UNPUBLISH),
    ],
)
def test_the_event_is_told_by_body_or_address(event: str | None, path_event: str | None, expected: Event) -> None:
    reading = read(hook(event), {}, {}, path_event=path_event)

    assert not isinstance(reading, Ignored)
    assert reading[0].event is expected


@pytest.mark.parametrize(
    ("status", "before", "expected"),
    [
        ("published", {"status": "draft"}, Event.PUBLISH),
        ("published", {"title": "Old"}, Event.UPDATE),
        ("draft", {"status": "published"}, Event.UNPUBLISH),
    ],
)
def test_an_event_that_nobody_names_is_told_by_the_states(status: str, before: object, expected: Event) -> None:
    reading = read(hook(previous=before, status=status), {}, {})

    assert not isinstance(reading, Ignored)
    assert reading[0].event is expected


@pytest.mark.parametrize("event", ["post.deleted", None])
def test_a_deleted_post_is_named_by_what_it_was(event: str | None) -> None:
    payload = {"event": event, "post": {"current": {}, "previous": POST}}

    reading = read(payload, {}, {})

    assert not isinstance(reading, Ignored)
    (change,) = reading
    assert (change.source_id, change.event, change.text, change.fetch) == ("65f0", Event.DELETE, None, False)
    assert dedupe_key({**payload, "event": "post.deleted"}, {}, {}) == "post.deleted:65f0:2026-01-01T00:05:00+00:00"


@pytest.mark.parametrize(
    "payload",
    [
        hook("post.edited", status="draft"),
        hook("post.scheduled", status="scheduled"),
        hook("post.published", status="sent"),
        hook("page.published", kind="page"),
        hook(status="draft"),
        {"member": {"current": {}}},
        {},
    ],
)
def test_drafts_pages_and_members_are_ignored(payload: object) -> None:
    assert isinstance(read(payload, {}, {}), Ignored)


def test_pages_are_read_if_asked_for() -> None:
    assert not isinstance(read(hook("page.published", kind="page"), {}, {"types": "post,page"}), Ignored)


def test_a_post_without_an_id_is_refused() -> None:
    with pytest.raises(PayloadUnreadable, match=r"post\.current\.id"):
        read({"event": "post.published", "post": {"current": {"title": "T"}}}, {}, {})


def test_a_key_needs_the_time_of_the_change() -> None:
    assert dedupe_key(hook("post.published"), {}, {}) == "post.published:65f0:2026-01-01T00:05:00+00:00"
    assert dedupe_key(hook("post.published", updated_at=None), {}, {}) is None
    assert dedupe_key(hook(), {}, {}, path_event="post.published") == dedupe_key(hook("post.published"), {}, {})
