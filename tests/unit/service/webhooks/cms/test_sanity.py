import pytest

from service.errors import PayloadUnreadable
from service.webhooks.change import Event, Ignored
from service.webhooks.cms.sanity import dedupe_key, read


def block(text: str) -> object:
    return {"_type": "block", "style": "normal", "children": [{"_type": "span", "text": text, "marks": []}]}


ARTICLE = {
    "_id": "a1",
    "_type": "article",
    "_rev": "r9",
    "title": "T",
    "body": [block("“One”"), {"_type": "image", "caption": "no"}, block("Two")],
    "_updatedAt": "2026-01-01T00:05:00Z",
    "publishedAt": "2026-01-01",
    "language": "uk",
    "slug": {"current": "a-42"},
}


def operation(name: str, **more: str) -> dict[str, str]:
    return {"Sanity-Operation": name, **more}


@pytest.mark.parametrize(("name", "event"), [("create", Event.PUBLISH), ("update", Event.UPDATE)])
def test_a_document_is_read(name: str, event: Event) -> None:
    reading = read(ARTICLE, operation(name), {"url_template": "https://news.example/{slug}"})

    assert not isinstance(reading, Ignored)
    (change,) = reading
    assert (change.source_id, change.event, change.text) == ("a1", event, "“One”\n\nTwo")
    assert (change.url, change.language) == ("https://news.example/a-42", "uk")


def test_a_deleted_document_is_named_by_body_or_header() -> None:
    by_body = read({"_id": "a1"}, operation("delete"), {})
    by_header = read({}, operation("delete", **{"sanity-document-id": "a1"}), {})

    assert by_body == by_header
    assert not isinstance(by_body, Ignored)
    assert (by_body[0].event, by_body[0].cms_id) == (Event.DELETE, "a1")


def test_a_projection_without_a_body_is_thin() -> None:
    reading = read({"_id": "a1"}, operation("update"), {})

    assert not isinstance(reading, Ignored)
    assert reading[0].fetch


@pytest.mark.parametrize("fields", [{"_id": "drafts.a1"}, {"_id": "versions.r1.a1"}, {"_type": "author"}])
def test_drafts_releases_and_other_types_are_ignored(fields: dict[str, object]) -> None:
    assert isinstance(read({**ARTICLE, **fields}, operation("update"), {}), Ignored)


def test_other_types_are_read_if_asked_for() -> None:
    assert not isinstance(
        read({**ARTICLE, "_type": "liveBlog"}, operation("update"), {"types": "article,liveblog"}), Ignored
    )
    assert not isinstance(read({**ARTICLE, "_type": "liveBlog"}, operation("update"), {"types": "*"}), Ignored)


def test_a_hook_without_operation_or_id_is_refused() -> None:
    with pytest.raises(PayloadUnreadable, match="sanity-operation"):
        read(ARTICLE, {}, {})
    with pytest.raises(PayloadUnreadable, match="_id"):
        read({"title": "T"}, operation("update"), {})


def test_the_key_is_sanity_s_own_or_made_of_the_revision() -> None:
    assert dedupe_key(ARTICLE, operation("update", **{"idempotency-key": "k"}), {}) == "k"
    assert dedupe_key(ARTICLE, operation("update"), {}) == "update:a1:r9"
    assert dedupe_key({}, operation("update"), {}) is None
