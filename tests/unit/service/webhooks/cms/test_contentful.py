import pytest

from service.errors import PayloadUnreadable
from service.webhooks.change import Event, Ignored
from service.webhooks.cms.contentful import dedupe_key, read


def document(*paragraphs: str) -> object:
    return {
        "nodeType": "document",
        "data": {},
        "content": [{"nodeType": "paragraph", "content": [{"nodeType": "text", "value": text}]} for text in paragraphs],
    }


def system(**fields: object) -> dict[str, object]:
    return {
        "id": "e1",
        "type": "Entry",
        "contentType": {"sys": {"id": "article"}},
        "environment": {"sys": {"id": "master"}},
        "revision": 3,
        "updatedAt": "2026-01-01T00:05:00Z",
        **fields,
    }


FIELDS = {
    "title": {"uk": "Т", "en": "T", "de": "D"},
    "body": {"uk": document("“Один”", "Два"), "en": document("“One”", "Two")},
    "slug": {"uk": "a-uk"},
}
ENTRY = {"sys": system(), "fields": FIELDS}


def topic(action: str, subject: str = "Entry") -> dict[str, str]:
    return {"x-contentful-topic": f"ContentManagement.{subject}.{action}"}


def test_an_entry_is_one_change_for_each_locale_with_a_body() -> None:
    reading = read(ENTRY, topic("publish"), {"url_template": "https://news.example/{slug}", "fallback_locale": "uk"})

    assert not isinstance(reading, Ignored)
    uk, en = reading
    assert (uk.source_id, uk.cms_id, uk.language, uk.title, uk.text) == ("e1:uk", "e1", "uk", "Т", "“Один”\n\nДва")
    assert (en.source_id, en.cms_id, en.language, en.title, en.text) == ("e1:en", "e1", "en", "T", "“One”\n\nTwo")
    assert uk.url == en.url == "https://news.example/a-uk"
    assert uk.event is Event.PUBLISH


def test_only_the_connection_s_locales_are_read() -> None:
    reading = read(ENTRY, topic("publish"), {"locales": "en, fr"})

    assert not isinstance(reading, Ignored)
    assert [change.source_id for change in reading] == ["e1:en"]
    assert isinstance(read(ENTRY, topic("publish"), {"locales": "fr"}), Ignored)


@pytest.mark.parametrize(
    ("action", "event"), [("unpublish", Event.UNPUBLISH), ("delete", Event.DELETE), ("archive", Event.UNPUBLISH)]
)
def test_a_tombstone_holds_for_every_language(action: str, event: Event) -> None:
    reading = read({"sys": system(type="DeletedEntry")}, topic(action), {})

    assert not isinstance(reading, Ignored)
    (change,) = reading
    assert (change.event, change.cms_id, change.every_language, change.fetch) == (event, "e1", True, False)


@pytest.mark.parametrize(
    ("payload", "headers"),
    [
        (ENTRY, topic("save")),
        (ENTRY, topic("auto_save")),
        (ENTRY, topic("publish", "Asset")),
        ({"sys": system(type="Asset")}, topic("publish")),
        ({**ENTRY, "sys": system(contentType={"sys": {"id": "author"}})}, topic("publish")),
        ({**ENTRY, "sys": system(environment={"sys": {"id": "staging"}})}, topic("publish")),
    ],
)
def test_drafts_assets_other_types_and_environments_are_ignored(payload: object, headers: dict[str, str]) -> None:
    assert isinstance(read(payload, headers, {}), Ignored)


def test_a_hook_without_fields_is_thin() -> None:
    reading = read({"sys": system()}, topic("publish"), {})

    assert not isinstance(reading, Ignored)
    assert (reading[0].source_id, reading[0].fetch, reading[0].text) == ("e1", True, None)


def test_fields_that_are_not_localised_are_one_article() -> None:
    reading = read({"sys": system(), "fields": {"title": "T", "body": document("One")}}, topic("publish"), {})

    assert not isinstance(reading, Ignored)
    assert [(change.source_id, change.text) for change in reading] == [("e1", "One")]


@pytest.mark.parametrize(("payload", "headers"), [(ENTRY, {}), ({"sys": {}}, topic("publish")), ([], topic("publish"))])
def test_a_hook_without_topic_or_id_is_refused(payload: object, headers: dict[str, str]) -> None:
    with pytest.raises(PayloadUnreadable):
        read(payload, headers, {})


def test_the_key_is_contentful_s_own_or_made_of_its_version() -> None:
    assert dedupe_key(ENTRY, {"X-Contentful-Idempotency-Key": "k1"}, {}) == "k1"
    assert dedupe_key(ENTRY, topic("publish"), {}) == "ContentManagement.Entry.publish:e1:3:2026-01-01T00:05:00Z"
    assert dedupe_key({}, topic("publish"), {}) is None
