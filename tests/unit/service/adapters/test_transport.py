"""When to try again, and how long to wait."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from service.adapters.transport import Retries, failure_of_status, retry_after_s

NOW = datetime(2025, 5, 23, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("Fri, 23 May 2025 12:00:30 GMT", 30.0),
        ("Fri, 23 May 2025 11:00:00 GMT", 0.0),
        ("Friday, 23-May-25 12:00:30 GMT", 30.0),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("inf", None),
        (None, None),
    ],
)
def test_retry_after_is_read_in_seconds_and_as_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_s(header, now=NOW) == seconds


def test_waits_double_up_to_the_longest_and_differ_between_callers() -> None:
    retries = Retries(first_wait_s=0.5, longest_wait_s=3.0)

    waits = {attempt: [retries.wait_s(attempt, retry_after_s=None) for _ in range(200)] for attempt in (1, 2, 3, 9)}

    for attempt, ceiling in ((1, 0.5), (2, 1.0), (3, 2.0), (9, 3.0)):
        assert all(ceiling / 2 <= wait <= ceiling for wait in waits[attempt])
        assert len(set(waits[attempt])) > 100


def test_a_wait_is_never_shorter_than_the_server_asked() -> None:
    waits = [Retries().wait_s(1, retry_after_s=20.0) for _ in range(200)]

    assert min(waits) >= 20.0
    assert max(waits) <= 22.0


@pytest.mark.parametrize(
    ("status", "again"), [(400, False), (401, False), (404, False), (408, True), (429, True), (500, True), (599, True)]
)
def test_only_what_may_pass_is_tried_again(status: int, again: bool) -> None:
    assert failure_of_status(status).again is again
