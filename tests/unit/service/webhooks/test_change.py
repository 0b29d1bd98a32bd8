from datetime import UTC, datetime, timedelta

from service.webhooks.change import ArticleChange, Event, version_key

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def change(version: str | None = None, updated_at: datetime | None = None) -> ArticleChange:
    return ArticleChange(source_id="a", cms_id="a", event=Event.UPDATE, version=version, updated_at=updated_at)


def test_counts_order_as_numbers_and_before_times() -> None:
    ordered = [change("9", NOON), change("10", NOON - timedelta(days=1)), change("10", NOON)]

    keys = [version_key(one) for one in ordered]

    assert None not in keys
    assert keys == sorted(keys, key=lambda key: key or (0, 0))


def test_times_order_to_the_microsecond() -> None:
    earlier, later = version_key(change(None, NOON)), version_key(change(None, NOON + timedelta(microseconds=1)))

    assert earlier is not None
    assert later is not None
    assert later[1] - earlier[1] == 1
    assert earlier == (0, int(NOON.timestamp()) * 1_000_000)


def test_a_change_that_tells_no_version_has_no_key() -> None:
    assert version_key(change()) is None
    assert version_key(change("abc")) is None
    assert version_key(change("9" * 40)) is None
