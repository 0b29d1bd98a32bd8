import pytest

from service.errors import PayloadUnreadable
from service.webhooks.change import Event, Ignored, version_key
from service.webhooks.cms.superdesk import dedupe_key, read

ITEM = {
    "guid": "urn:newsml:x:1",
    "version": "3",
    "type": "text",
    "headline": "<b>T</b>",
    "body_html": (
        '<p>“One”</p>\n<!-- EMBED START Image {id: "editor_0"} -->\n<div>no</div>\n'
        '<!-- EMBED END Image {id: "editor_0"} -->\n<p>Two</p>'
    ),
    "language": "uk",
    "pubstatus": "usable",
    "firstpublished": "2026-01-01T00:00:00+0000",
    "versioncreated": "2026-01-01T00:00:00+0000",
    "authors": [{"name": "Olena K.", "role": "writer"}],
}


def test_a_text_item_is_read() -> None:
    reading = read(ITEM, {}, {})

    assert not isinstance(reading, Ignored)
    (change,) = reading
    assert (change.source_id, change.event, change.version) == ("urn:newsml:x:1", Event.PUBLISH, "3")
    assert (change.title, change.text, change.author, change.url) == ("T", "“One”\n\nTwo", "Olena K.", None)


def test_a_correction_has_the_greater_key_and_is_an_update() -> None:
    first, later = read(ITEM, {}, {}), read({**ITEM, "version": "10", "versioncreated": "2026-01-01T00:05:00+0000"}, {}, {})

    assert not isinstance(first, Ignored)
    assert not isinstance(later, Ignored)
    assert later[0].event is Event.UPDATE
    assert (version_key(later[0]) or (0, 0)) > (version_key(first[0]) or (0, 0))


def test_a_kill_is_a_delete_and_a_rewrite_names_what_it_replaces() -> None:
    killed, rewrite = (
        read({**ITEM, "pubstatus": "canceled"}, {}, {}),
        read({**ITEM, "evolvedfrom": "urn:newsml:x:0"}, {}, {}),
    )

    assert not isinstance(killed, Ignored)
    assert not isinstance(rewrite, Ignored)
    assert (killed[0].event, killed[0].text) == (Event.DELETE, None)
    assert rewrite[0].replaces == "urn:newsml:x:0"


@pytest.mark.parametrize(
    "fields", [{"type": "composite"}, {"type": None}, {"pubstatus": "withheld"}, {"pubstatus": "He said so"}]
)
def test_packages_pictures_and_withheld_items_are_ignored(fields: dict[str, object]) -> None:
    reading = read({**ITEM, **fields}, {}, {})

    assert isinstance(reading, Ignored)
    assert "He said" not in reading.reason


def test_an_item_without_a_guid_is_refused() -> None:
    with pytest.raises(PayloadUnreadable, match="guid"):
        read({**ITEM, "guid": None}, {}, {})


def test_an_embed_that_never_ends_hides_no_text() -> None:
    reading = read({**ITEM, "body_html": "<p>a</p><!-- EMBED START Image {} --><p>b</p>"}, {}, {})

    assert not isinstance(reading, Ignored)
    assert reading[0].text == "a\n\nb"


def test_a_key_names_item_version_and_state() -> None:
    assert dedupe_key(ITEM, {}, {}) == "urn:newsml:x:1:3:usable"
    assert dedupe_key({**ITEM, "version": None}, {}, {}) is None
