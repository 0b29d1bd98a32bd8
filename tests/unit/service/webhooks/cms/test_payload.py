import pytest

from service.errors import PayloadUnreadable
from service.webhooks.change import Event, Ignored
from service.webhooks.cms.payload import dedupe_key, read


def lexical(*paragraphs: str) -> object:
    children = [{"type": "paragraph", "children": [{"type": "text", "text": text}]} for text in paragraphs]
    return {"root": {"type": "root", "children": children}}


DOC = {
    "id": "d1",
    "title": "T",
    "body": lexical("“One”", "Two"),
    "_status": "published",
    "updatedAt": "2026-01-01T00:05:00Z",
}


def hook(
    type: str | None, *, collection: str = "articles", locale: str | None = None, **fields: object
) -> dict[str, object]:
    data = {"collection": collection, "locale": locale, "doc": {**DOC, **fields}}
    return {"type": type, "timestamp": "2026-01-01T00:06:00Z", "data": data}


def test_a_document_is_read() -> None:
    reading = read(hook("article.published"), {}, {})

    assert not isinstance(reading, Ignored)
    (change,) = reading
    assert (change.source_id, change.event, change.kind) == ("d1", Event.PUBLISH, "articles")
    assert (change.title, change.text) == ("T", "“One”\n\nTwo")


def test_a_localised_document_is_named_with_its_locale_and_deleted_in_all() -> None:
    published, deleted = (
        read(hook("article.published", locale="uk"), {}, {}),
        read(hook("article.deleted", locale="uk"), {}, {}),
    )

    assert not isinstance(published, Ignored)
    assert not isinstance(deleted, Ignored)
    assert (published[0].source_id, published[0].cms_id, published[0].language) == ("d1:uk", "d1", "uk")
    assert (deleted[0].source_id, deleted[0].every_language, deleted[0].text) == ("d1", True, None)


def test_a_document_may_be_the_data_itself() -> None:
    reading = read({"type": "article.updated", "data": DOC}, {}, {})

    assert not isinstance(reading, Ignored)
    assert (reading[0].event, reading[0].source_id) == (Event.UPDATE, "d1")


def test_an_unpublished_document_is_told() -> None:
    reading = read(hook("article.unpublished", _status="draft"), {}, {})

    assert not isinstance(reading, Ignored)
    assert reading[0].event is Event.UNPUBLISH


@pytest.mark.parametrize(
    "payload",
    [
        hook("article.published", _status="draft"),
        hook("article.updated", _status="draft"),
        hook("webhook.ping"),
        hook("article.published", collection="authors"),
    ],
)
def test_drafts_pings_and_other_collections_are_ignored(payload: object) -> None:
    assert isinstance(read(payload, {}, {}), Ignored)


def test_a_hook_without_event_or_id_is_refused() -> None:
    with pytest.raises(PayloadUnreadable, match="type"):
        read({"data": DOC}, {}, {})
    with pytest.raises(PayloadUnreadable, match="id"):
        read(hook("article.published", id=None), {}, {})


def test_deliveries_are_told_apart_by_the_message_s_id() -> None:
    assert dedupe_key({}, {"webhook-id": "m1"}, {}) == "m1"
