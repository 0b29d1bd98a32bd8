import pytest

from service.errors import PayloadUnreadable
from service.webhooks.change import Event, Ignored
from service.webhooks.cms import wordpress, wp_webhooks

DATA = {
    "id": 42,
    "url": "https://news.example/a/42",
    "language": "uk_UA",
    "title": "Обмін &amp; more",
    "html": "<!-- wp:paragraph --><p>One[caption id='3']<img>no[/caption]</p><!-- /wp:paragraph --><p>Two</p>",
    "updated_at": "2026-01-01T00:05:00Z",
    "status": "publish",
}
POST = {
    "ID": 42,
    "post_title": "T",
    "post_content": "“One”\nline\n\nTwo [sic] [gallery]",
    "post_date_gmt": "2026-01-01 00:00:00",
    "post_modified_gmt": "2026-01-01 00:05:00",
    "post_status": "publish",
    "post_type": "post",
}


def hook(**post: object) -> dict[str, object]:
    return {"post_id": 42, "post": {**POST, **post}, "post_permalink": "https://news.example/a/42"}


def trigger(name: str) -> dict[str, str]:
    return {"X-WP-Webhook-Name": name}


def test_our_plugin_s_envelope_is_read() -> None:
    reading = wordpress.read({"type": "article.published", "timestamp": "2026-01-01T00:06:00Z", "data": DATA}, {}, {})

    assert not isinstance(reading, Ignored)
    (change,) = reading
    assert (change.source_id, change.title, change.text) == ("42", "Обмін & more", "One\n\nTwo")
    assert (change.url, change.language) == ("https://news.example/a/42", "uk-UA")


@pytest.mark.parametrize(
    ("type", "status", "event"),
    [
        ("article.updated", "publish", Event.UPDATE),
        ("article.updated", "draft", Event.UNPUBLISH),
        ("article.unpublished", "draft", Event.UNPUBLISH),
        ("article.deleted", "trash", Event.DELETE),
    ],
)
def test_our_plugin_s_events_are_told(type: str, status: str, event: Event) -> None:
    reading = wordpress.read({"type": type, "data": {**DATA, "status": status}}, {}, {})

    assert not isinstance(reading, Ignored)
    assert reading[0].event is event


def test_our_plugin_s_pings_private_posts_and_pages_are_ignored() -> None:
    for type, data in [
        ("webhook.ping", {}),
        ("article.published", {"status": "private"}),
        ("article.published", {"post_type": "page"}),
    ]:
        assert isinstance(wordpress.read({"type": type, "data": {**DATA, **data}}, {}, {}), Ignored)


def test_a_hook_of_wp_webhooks_is_read_with_the_classic_editor_s_paragraphs() -> None:
    reading = wp_webhooks.read(hook(), trigger("post_create"), {"default_language": "uk"})

    assert not isinstance(reading, Ignored)
    (change,) = reading
    assert (change.source_id, change.event, change.title) == ("42", Event.PUBLISH, "T")
    assert change.text == "“One”\nline\n\nTwo [sic]"
    assert (change.version, change.language) == ("2026-01-01T00:05:00+00:00", "uk")


@pytest.mark.parametrize(
    ("name", "post", "event"),
    [
        ("post_update", {}, Event.UPDATE),
        ("post_update", {"post_status": "draft"}, Event.UNPUBLISH),
        ("post_update", {"post_password": "x"}, Event.UNPUBLISH),
        ("post_trash", {"post_status": "trash"}, Event.UNPUBLISH),
        ("post_delete", {}, Event.DELETE),
    ],
)
def test_triggers_of_wp_webhooks_are_told(name: str, post: dict[str, object], event: Event) -> None:
    reading = wp_webhooks.read(hook(**post), trigger(name), {})

    assert not isinstance(reading, Ignored)
    assert reading[0].event is event


def test_a_hook_with_a_name_of_its_own_is_told_by_address_or_body() -> None:
    by_address = wp_webhooks.read(hook(), trigger("my hook"), {}, path_event="post_delete")
    by_body = wp_webhooks.read({**hook(), "post_before": {}}, trigger("my hook"), {})

    assert not isinstance(by_address, Ignored)
    assert not isinstance(by_body, Ignored)
    assert (by_address[0].event, by_body[0].event) == (Event.DELETE, Event.UPDATE)


@pytest.mark.parametrize("post", [{"post_status": "draft"}, {"post_status": "future"}, {"post_type": "attachment"}])
def test_new_drafts_and_other_types_are_ignored(post: dict[str, object]) -> None:
    assert isinstance(wp_webhooks.read(hook(**post), trigger("post_create"), {}), Ignored)


def test_other_triggers_are_ignored_and_a_post_without_an_id_is_refused() -> None:
    assert isinstance(wp_webhooks.read({"user": {}}, trigger("login_user"), {}), Ignored)
    with pytest.raises(PayloadUnreadable, match="post_id"):
        wp_webhooks.read({"post": {"post_status": "publish"}}, trigger("post_update"), {})


def test_a_key_of_wp_webhooks_names_trigger_post_and_change() -> None:
    assert wp_webhooks.dedupe_key(hook(), trigger("post_update"), {}) == "post_update:42:2026-01-01T00:05:00+00:00"
    assert wp_webhooks.dedupe_key({"post_id": 42}, trigger("post_update"), {}) is None
