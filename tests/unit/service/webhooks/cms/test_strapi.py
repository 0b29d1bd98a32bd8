import pytest

from service.errors import PayloadUnreadable
from service.webhooks.change import Event, Ignored
from service.webhooks.cms.strapi import dedupe_key, read

ENTRY = {
    "id": 7,
    "documentId": "abc",
    "title": "T",
    "body": [
        {"type": "paragraph", "children": [{"type": "text", "text": "“On"}, {"type": "text", "text": "e”", "bold": True}]},
        {"type": "list", "children": [{"type": "list-item", "children": [{"type": "text", "text": "Two"}]}]},
    ],
    "publishedAt": "2026-01-01T00:00:00.000Z",
    "updatedAt": "2026-01-01T00:05:00.000Z",
    "locale": "uk",
}


def hook(event: str, model: str = "article", **fields: object) -> dict[str, object]:
    return {
        "event": event,
        "createdAt": "2026-01-01T00:06:00.000Z",
        "model": model,
        "uid": f"api::{model}.{model}",
        "entry": {**ENTRY, **fields},
    }


@pytest.mark.parametrize(
    "body", [ENTRY["body"], "<p>“On<b>e</b>”</p><ul><li>Two</ul>", "“One”\n\nTwo"], ids=["blocks", "html", "text"]
)
def test_an_entry_is_read_whatever_its_editor(body: object) -> None:
    reading = read(hook("entry.publish", body=body), {}, {})

    assert not isinstance(reading, Ignored)
    (change,) = reading
    assert (change.source_id, change.cms_id, change.kind, change.event) == ("abc:uk", "abc", "article", Event.PUBLISH)
    assert change.text == "“One”\n\nTwo"
    assert change.language == "uk"


def test_markdown_is_read_if_the_connection_says_so() -> None:
    reading = read(hook("entry.publish", body="“On*e*”\n\n- Two"), {}, {"format": "markdown"})

    assert not isinstance(reading, Ignored)
    assert reading[0].text == "“One”\n\nTwo"


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("entry.update", Event.UPDATE),
        ("entry.unpublish", Event.UNPUBLISH),
        ("entry.delete", Event.DELETE),
        ("entry.create", Event.PUBLISH),
    ],
)
def test_events_are_told_by_body_or_header(name: str, event: Event) -> None:
    by_body, by_header = read(hook(name), {}, {}), read({**hook(name), "event": None}, {"x-strapi-event": name}, {})

    assert by_body == by_header
    assert not isinstance(by_body, Ignored)
    assert by_body[0].event is event


@pytest.mark.parametrize(
    "payload",
    [
        hook("entry.update", publishedAt=None),
        hook("media.create"),
        hook("entry.draft-discard"),
        hook("entry.publish", "author"),
    ],
)
def test_drafts_media_and_other_types_are_ignored(payload: object) -> None:
    assert isinstance(read(payload, {}, {}), Ignored)


def test_an_entry_of_strapi_4_is_named_by_type_and_number() -> None:
    reading = read(hook("entry.delete", documentId=None, locale=None), {}, {})

    assert not isinstance(reading, Ignored)
    assert reading[0].source_id == "article:7"


def test_an_entry_without_an_id_or_event_is_refused() -> None:
    with pytest.raises(PayloadUnreadable, match="documentId"):
        read({"event": "entry.publish", "model": "article"}, {}, {})
    with pytest.raises(PayloadUnreadable, match="event"):
        read({}, {}, {})


def test_publishing_again_without_an_edit_has_another_key() -> None:
    first = dedupe_key(hook("entry.publish"), {}, {})

    assert first == dedupe_key(hook("entry.publish"), {}, {})
    assert first != dedupe_key({**hook("entry.publish"), "createdAt": "2026-01-02T00:00:00.000Z"}, {}, {})
    assert dedupe_key(hook("entry.publish", updatedAt=None), {}, {}) is None
