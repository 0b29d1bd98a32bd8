import pytest

from service.webhooks.change import Event
from service.webhooks.event_names import event_named


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("article.published", Event.PUBLISH),
        ("post.published.edited", Event.UPDATE),
        ("afterDelete", Event.DELETE),
        ("ITEM_UNPUBLISHED", Event.UNPUBLISH),
        ("create", Event.PUBLISH),
        ("webhook.ping", None),
        ("", None),
        (None, None),
    ],
)
def test_an_event_is_told_by_the_last_word_that_says_something(name: str | None, event: Event | None) -> None:
    assert event_named(name) is event
