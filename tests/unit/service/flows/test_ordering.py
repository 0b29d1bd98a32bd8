from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from service.flows.ordering import sorting_key, version_name

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def key(count: int = 0, changed_at: datetime | None = None, told_at: datetime = MONDAY, newest: str = "") -> str:
    return sorting_key(count=count, changed_at=changed_at, told_at=told_at, newest=newest)


def test_a_count_goes_before_a_time_and_a_time_before_its_arrival():
    in_order = [
        key(),
        key(changed_at=MONDAY - MINUTE, told_at=MONDAY + 9 * MINUTE),
        key(changed_at=MONDAY),
        key(changed_at=MONDAY, told_at=MONDAY + MINUTE),
        key(count=2, changed_at=MONDAY - MINUTE),
        key(count=10, changed_at=MONDAY - 2 * MINUTE),
        key(count=10**18 - 1),
    ]

    assert in_order == sorted(in_order)
    assert len({len(one) for one in in_order}) == 1


def test_a_time_sorts_by_the_moment_and_not_by_its_zone():
    kyiv = timezone(timedelta(hours=2))

    assert key(changed_at=MONDAY.astimezone(kyiv)) == key(changed_at=MONDAY)


def test_what_names_no_version_is_the_newest_by_its_arrival():
    newest = key(count=3, changed_at=MONDAY)

    assert key(told_at=MONDAY - MINUTE, newest=newest) < newest < key(told_at=MONDAY + MINUTE, newest=newest) < key(count=4)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (key(), None),
        (key(count=3, changed_at=MONDAY), "3"),
        (key(changed_at=MONDAY), "2026-03-02T09:00:00+00:00"),
        (key(changed_at=MONDAY + timedelta(microseconds=5)), "2026-03-02T09:00:00.000005+00:00"),
        ("", None),
        ("v7", "v7"),
    ],
)
def test_a_version_is_called_as_its_cms_calls_it(given: str, name: str | None):
    assert version_name(given) == name
