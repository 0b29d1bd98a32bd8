import pytest

from service.errors import PayloadUnreadable
from service.webhooks.change import Event, Ignored
from service.webhooks.cms.directus import dedupe_key, read


def hook(action: str, payload: object, collection: str = "articles", **more: object) -> dict[str, object]:
    return {"event": f"{collection}.items.{action}", "collection": collection, "payload": payload, **more}


def test_a_created_item_is_to_be_fetched() -> None:
    reading = read(hook("create", {"title": "T", "status": "published"}, key=9), {}, {})

    assert not isinstance(reading, Ignored)
    (change,) = reading
    assert (change.source_id, change.cms_id, change.kind) == ("articles:9", "9", "articles")
    assert (change.event, change.fetch, change.text, change.title) == (Event.PUBLISH, True, None, None)


@pytest.mark.parametrize(
    ("payload", "options", "event"),
    [
        ({"title": "T"}, {}, Event.UPDATE),
        ({"status": "published"}, {}, Event.UPDATE),
        ({"status": "archived"}, {}, Event.UNPUBLISH),
        ({"state": "live"}, {"status": "state", "published_status": "live"}, Event.UPDATE),
        ({"state": "out"}, {"status": "state", "published_status": "live"}, Event.UNPUBLISH),
    ],
)
def test_an_update_is_one_change_for_each_key(payload: object, options: dict[str, str], event: Event) -> None:
    reading = read(hook("update", payload, keys=["9", 10, "9"]), {}, options)

    assert not isinstance(reading, Ignored)
    assert [(change.source_id, change.event) for change in reading] == [("articles:9", event), ("articles:10", event)]
    assert all(change.fetch is (event is Event.UPDATE) for change in reading)


def test_deleted_items_are_named_by_keys_or_payload() -> None:
    by_keys, by_payload = read(hook("delete", [1, 2], keys=[1, 2]), {}, {}), read(hook("delete", [1, 2]), {}, {})

    assert by_keys == by_payload
    assert not isinstance(by_keys, Ignored)
    assert [(change.event, change.fetch) for change in by_keys] == [(Event.DELETE, False)] * 2


@pytest.mark.parametrize(
    "payload",
    [
        hook("create", {"status": "draft"}, key=9),
        hook("update", {}, "authors", keys=[1]),
        {"event": "auth.login", "payload": {}},
    ],
)
def test_drafts_other_collections_and_other_events_are_ignored(payload: object) -> None:
    assert isinstance(read(payload, {}, {}), Ignored)


@pytest.mark.parametrize(
    "payload", [{}, hook("update", {}), hook("update", {}, keys=[None, {}]), {"event": "items.update", "keys": [1]}]
)
def test_a_hook_without_event_keys_or_collection_is_refused(payload: object) -> None:
    with pytest.raises(PayloadUnreadable):
        read(payload, {}, {})


def test_the_same_bytes_may_be_two_edits() -> None:
    assert dedupe_key(hook("update", {}, keys=[1]), {}, {}) is None
