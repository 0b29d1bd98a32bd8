"""Keys that sort the versions of an article, as text: the CMS's own count, the time of its last change, and when we were told.

The parts have a fixed length, with spaces between them; times are ISO 8601 in UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COUNT = 18  # digits


def sorting_key(*, count: int, changed_at: datetime | None, told_at: datetime, newest: str = "") -> str:
    """The key of a version. One that has neither count nor time (0, None) is taken for the version that `newest` is the key of.

    >>> sorting_key(count=3, changed_at=None, told_at=datetime(2026, 1, 2, tzinfo=UTC))
    '000000000000000003 1970-01-01T00:00:00.000000+00:00 2026-01-02T00:00:00.000000+00:00'
    """
    said = f"{count:0{_COUNT}d} {_iso(changed_at or _EPOCH)}"
    if count == 0 and changed_at is None:
        said = newest.rpartition(" ")[0] or said
    return f"{said} {_iso(told_at)}"


def version_name(key: str) -> str | None:
    """What the CMS calls the version of this key: its count, else its time; None where it said neither.

    >>> version_name("000000000000000000 2026-01-01T00:05:00.000000+00:00 2026-01-02T00:00:00.000000+00:00")
    '2026-01-01T00:05:00+00:00'
    """
    count, _, times = key.partition(" ")
    if not times:
        return key or None
    changed_at = datetime.fromisoformat(times.partition(" ")[0])
    return str(int(count)) if int(count) else changed_at.isoformat() if changed_at != _EPOCH else None


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
