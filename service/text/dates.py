"""Dates in the text, absolute and relative, resolved against the day of publication as far as the words allow."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass

from service.domain.candidate import DateMention
from service.domain.evidence import span_of

Interval = tuple[str | None, str | None]
UNKNOWN: Interval = (None, None)

_MONTHS = {name.lower(): at for at, name in enumerate(calendar.month_name) if name}
_MONTHS |= {name[:3]: at for name, at in list(_MONTHS.items())} | {"sept": 9}
_WEEKDAYS = {name.lower(): at for at, name in enumerate(calendar.day_name)}
_WEEKDAYS |= {"mon": 0, "tue": 1, "tues": 1, "wed": 2, "thu": 3, "thur": 3, "thurs": 3, "fri": 4}
_COUNTS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
_FULL = "January|February|March|April|May|June|July|August|September|October|November|December"
_SHORT = r"(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?"
_MONTH = rf"(?:(?:{_FULL})\b|{_SHORT})"
_DAY = r"(?:3[01]|[12]\d|0?[1-9])"
_WEEKDAY = r"(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b|(?:Mon|Tues?|Wed|Thurs?|Thu|Fri)\b\.?(?=,?\s+(?:\d|[JFMASOND])))"
_YEAR = r"(?:19|20)\d\d"
_UNIT = r"(?:day|week|month|year)"

# One pattern a form; the alternatives of _ANY are tried in this order at each place.
_FORMS: dict[str, str] = {
    "iso": r"\b(?P<iso>(?:19|20)\d\d-\d\d-\d\d)\b",
    "slash": r"(?<![\d/.])(?P<slash>\d{1,2}([/.])\d{1,2}\2(?:19|20)\d\d)(?![\d/])",
    "days": "",
}
