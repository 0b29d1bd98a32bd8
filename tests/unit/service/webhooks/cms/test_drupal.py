import pytest

from service.errors import PayloadUnreadable
from service.webhooks.change import Event, Ignored
from service.webhooks.cms.drupal import dedupe_key, read


def one(value: object) -> list[dict[str, object]]:
    return [{"value": value}]


def hook(action: str, subject: str = "node", **fields: object) -> dict[str, object]:
    entity = {
        "nid": one(42),
        "uuid": one("u-1"),
        "type": [{"target_id": "article"}],
        "title": one("T"),
        "body": [{"value": "raw", "processed": "<p>“One”</p><p>Two</p>", "format": "basic_html"}],
        "status": one(True),
        "created": one("2026-01-01T00:00:00+00:00"),
        "changed": one("2026-01-01T00:05:00+00:00"),
        "langcode": one("uk"),
        "path": [{"alias": "/a/42"}],
    }
    return {"event": f"entity:{subject}:{action}", "user": {"mail": one("editor@x.example")}, "entity": {**entity, **fields}}


def test_a_node_is_read_and_the_editor_s_account_is_not() -> None:
    reading = read(hook("create"), {}, {"url_template": "https://news.example{path}"})

    assert not isinstance(reading, Ignored)
    (change,) = reading
    assert (change.source_id, change.cms_id, change.event) == ("u-1:uk", "u-1", Event.PUBLISH)
    assert (change.title, change.text, change.url) == ("T", "“One”\n\nTwo", "https://news.example/a/42")
    assert change.updated_at is not None
    assert "editor" not in repr(change)


@pytest.mark.parametrize(
    ("action", "status", "event"),
    [
        ("update", True, Event.UPDATE),
        ("update", False, Event.UNPUBLISH),
        ("update", "0", Event.UNPUBLISH),
        ("delete", False, Event.DELETE),
    ],
)
def test_events_are_told_by_name_and_status(action: str, status: object, event: Event) -> None:
    reading = read(hook(action, status=one(status)), {}, {})

    assert not isinstance(reading, Ignored)
    assert reading[0].event is event


def test_a_deleted_node_is_gone_in_every_language() -> None:
    reading = read(hook("delete"), {}, {})

    assert not isinstance(reading, Ignored)
    assert (reading[0].source_id, reading[0].every_language, reading[0].language) == ("u-1", True, None)


def test_the_header_names_the_event_also_in_old_releases() -> None:
    payload = {**hook("update"), "event": None}

    by_new, by_old = (
        read(payload, {name: "entity:node:update"}, {}) for name in ("X-Drupal-Event", "x-drupal-webhooks-event")
    )

    assert by_new == by_old
    assert not isinstance(by_new, Ignored)


@pytest.mark.parametrize(
    "payload",
    [
        hook("create", status=one(False)),
        hook("update", "comment"),
        hook("update", type=[{"target_id": "page"}]),
        hook("presave"),
    ],
)
def test_new_drafts_comments_and_pages_are_ignored(payload: object) -> None:
    assert isinstance(read(payload, {}, {}), Ignored)


def test_a_node_without_an_id_is_refused() -> None:
    with pytest.raises(PayloadUnreadable, match="uuid"):
        read(hook("update", uuid=[], nid=None), {}, {})


def test_the_key_is_the_delivery_s_or_made_of_the_change() -> None:
    assert dedupe_key(hook("update"), {"x-drupal-delivery": "d-1"}, {}) == "d-1"
    assert dedupe_key(hook("update"), {}, {}) == "entity:node:update:u-1:uk:2026-01-01T00:05:00+00:00"
    assert dedupe_key(hook("update", changed=None), {}, {}) is None
