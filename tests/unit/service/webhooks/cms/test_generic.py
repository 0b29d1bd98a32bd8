from datetime import UTC, datetime

import pytest

from service.errors import PayloadUnreadable
from service.webhooks.change import Event, Ignored
from service.webhooks.cms.generic import dedupe_key, read

DATA = {
    "id": 7,
    "title": "T",
    "html": "<p>“Yes,” he said.</p><p>Two</p>",
    "updated_at": "2026-01-01T00:05:00Z",
    "language": "uk",
}


def envelope(type: object = "article.published", **data: object) -> dict[str, object]:
    return {"type": type, "timestamp": "2026-01-01T00:06:00Z", "data": {**DATA, **data}}


def test_the_standard_envelope_is_read_without_options() -> None:
    reading = read(envelope(), {}, {})

    assert not isinstance(reading, Ignored)
    (change,) = reading
    assert (change.source_id, change.cms_id, change.event, change.title) == ("7", "7", Event.PUBLISH, "T")
    assert change.text == "“Yes,” he said.\n\nTwo"
    assert change.updated_at == datetime(2026, 1, 1, 0, 5, tzinfo=UTC)
    assert (change.version, change.language, change.fetch) == ("2026-01-01T00:05:00+00:00", "uk", False)


def test_fields_are_found_by_the_connection_s_paths() -> None:
    payload = {"what": "story.live", "story": {"nr": "s-1", "parts": {"head.line": "H", "copy": "**One** two"}, "rev": 3}}
    options = {
        "event": "what",
        "events": "story.live=publish, story.killed=delete",
        "id": "story.nr",
        "title": "/story/parts/head.line",
        "body": "story.parts.copy",
        "format": "markdown",
        "version": "story.rev",
        "url_template": "https://news.example/{id}",
    }

    reading = read(payload, {}, options)
    killed = read({**payload, "what": "story.killed"}, {}, options)

    assert not isinstance(reading, Ignored)
    assert not isinstance(killed, Ignored)
    (change,) = reading
    assert (change.source_id, change.title, change.text, change.version) == ("s-1", "H", "One two", "3")
    assert change.url == "https://news.example/s-1"
    assert (killed[0].event, killed[0].text, killed[0].fetch) == (Event.DELETE, None, False)


@pytest.mark.parametrize(
    ("payload", "event"),
    [
        (envelope("article.updated"), Event.UPDATE),
        (envelope("article.updated", status="draft"), Event.UNPUBLISH),
        (envelope("article.unpublished"), Event.UNPUBLISH),
        (envelope("article.deleted", status="draft"), Event.DELETE),
        (envelope("article.created", status="Published"), Event.PUBLISH),
    ],
)
def test_events_are_told_by_name_and_status(payload: object, event: Event) -> None:
    reading = read(payload, {}, {})

    assert not isinstance(reading, Ignored)
    assert reading[0].event is event


@pytest.mark.parametrize(
    "payload", [envelope("webhook.ping"), envelope(status="draft"), envelope(type="x", kind="page"), envelope(kind="page")]
)
def test_what_is_no_public_article_is_ignored(payload: object) -> None:
    assert isinstance(read(payload, {}, {}), Ignored)


def test_a_hook_without_a_body_asks_for_a_fetch_and_one_with_an_empty_body_does_not() -> None:
    thin, empty = read({"type": "article.published", "data": {"id": 1}}, {}, {}), read(envelope(html=""), {}, {})

    assert not isinstance(thin, Ignored)
    assert not isinstance(empty, Ignored)
    assert (thin[0].text, thin[0].fetch) == (None, True)
    assert (empty[0].text, empty[0].fetch) == ("", False)


@pytest.mark.parametrize("payload", [[], "x", None, 4, {}, {"type": 3}, envelope(id=None), envelope(id=[])])
def test_what_cannot_be_understood_is_refused_naming_no_value(payload: object) -> None:
    with pytest.raises(PayloadUnreadable, match="generic payload cannot be read"):
        read(payload if payload != {"type": 3} else {"type": {}}, {}, {})


def test_the_address_may_name_the_event() -> None:
    reading = read({"data": DATA}, {}, {}, path_event="published")

    assert not isinstance(reading, Ignored)
    assert reading[0].event is Event.PUBLISH


def test_deliveries_are_told_apart_by_the_message_s_id() -> None:
    assert dedupe_key({}, {"Webhook-Id": "msg_1"}, {}) == "msg_1"
    assert dedupe_key({}, {"svix-id": "msg_2"}, {}) == "msg_2"
    assert dedupe_key({}, {}, {}) is None
