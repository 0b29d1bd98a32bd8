"""Dates in the text, absolute and relative, resolved against the day of publication as far as the words allow.

Each form has a pattern and a function that reads the matched words; the word a date begins with tells which forms to try.
What cannot be resolved keeps its span and has no start. Precision is never higher than the words: "in May" is a month.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from service.domain.candidate import DateMention
from service.domain.evidence import span_of
from service.text.units import COUNTED_NOUN

_MONTHS = {name.lower(): at for at, name in enumerate(calendar.month_name) if name}
_MONTHS |= {name[:3]: at for name, at in list(_MONTHS.items())} | {"sept": 9}
_WEEKDAYS = {name[:3].lower(): at for at, name in enumerate(calendar.day_name)}
_COUNTS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12,
}  # fmt: skip
_SEASON_END = {"spring": 5, "summer": 8, "autumn": 11, "fall": 11}

_MONTH = (
    r"(?:(?:January|February|March|April|May|June|July|August|September|October|November|December)\b"
    r"|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?)"
)
_DAY = r"(?:3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?"
_WEEKDAY = r"(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b)"
_WEEKDAY_OR_SHORT = rf"(?:{_WEEKDAY}|(?:Mon|Tues?|Wed|Thurs?|Thu|Fri|Sat|Sun)\b\.?)"
_YEAR = r"(?:19|20)\d\d(?!\d|[.,]\d)"
_NO_DIGIT = r"(?![\d]|[.,:]\d|%)"
_TO = r"(?:\s?[-–—]\s?|\s(?:to|through|until|till|and)\s)"
_NAMED = rf"(?:{_WEEKDAY_OR_SHORT},?\s(?:the\s)?)?"
_DMY = rf"\b{_DAY}\s(?:of\s)?{_MONTH}"
_MDY = rf"{_MONTH}\s(?:the\s)?{_DAY}{_NO_DIGIT}"
_OF_YEAR = rf"(?:,?\s{_YEAR})?"
_COUNT = rf"(?:\d{{1,3}}|{'|'.join(_COUNTS)})"

_FUTURE = (
    r"will|would|shall|(?:expected|due|scheduled|planned|set|going|agreed|plans?|hopes?|is|are|was|were|ready)\sto"
    r"|scheduled\sfor"
    r"|planned\sfor|due|upcoming|could|may|might|should|expects?|won['’]t"
)
_PAST = (
    r"\w{2,20}ed|said|says|told|was|were|had|has|have|did|began|took|came|went|met|gave|made|got|left|held|saw|sent|brought"
    r"|wrote"
)
_TENSE = re.compile(rf"\b(?:(?P<future>{_FUTURE}|\w{{1,12}}(?=['’]ll\b))|(?P<past>{_PAST}))\b")
_CLAUSE_BORDER = re.compile(r"[,.;:!?\n“”\"—–]\s")
_WINDOW = 120
_ZONES = dt.timedelta(days=1)
_SOON, _LONG_AGO = 45, 300


@dataclass(frozen=True, slots=True)
class _Words:
    """The matched words, what stands around them and the day they are read on."""

    words: str
    text: str
    start: int
    end: int
    today: dt.date | None

    def is_future(self) -> bool:
        """Whether the clause speaks of the future: its last verb before the date, else the first after it."""
        before = self.text[max(0, self.start - _WINDOW) : self.start]
        borders = list(_CLAUSE_BORDER.finditer(before))
        tenses = list(_TENSE.finditer(before[borders[-1].end() :] if borders else before))
        if tenses:
            return tenses[-1]["future"] is not None
        after = re.split(r"[.;!?\n]\s", self.text[self.end : self.end + _WINDOW], maxsplit=1)[0]
        first = _TENSE.search(after)
        return first is not None and first["future"] is not None


@dataclass(frozen=True, slots=True)
class _Read:
    """What the words mean: interval in "YYYY", "YYYY-MM" or "YYYY-MM-DD"."""

    start: str | None
    end: str | None
    basis: str
    direction: str | None = None


def _unknown(basis: str) -> _Read:
    return _Read(None, None, basis)


def _days(first: dt.date | None, last: dt.date | None, basis: str, direction: str | None = None) -> _Read:
    if first is None or last is None or first > last:
        return _unknown(basis)
    return _Read(first.isoformat(), last.isoformat(), basis, direction)


def _one(value: str, basis: str, direction: str | None = None) -> _Read:
    return _Read(value, value, basis, direction)


def _date(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def _iso(found: _Words) -> _Read:
    year, month, day = (int(part) for part in found.words.split("-"))
    date = _date(year, month, day)
    return _days(date, date, "explicit")


def _slashed(found: _Words) -> _Read:
    """23/05/2025; where day and month could change places there is no answer."""
    first, second, year = (int(part) for part in re.split(r"[/.]", found.words))
    if first > 12 or first == second:
        date = _date(year, second, first)
    elif second > 12:
        date = _date(year, first, second)
    else:
        date = None
    return _days(date, date, "explicit")


def _explicit(found: _Words) -> _Read:
    """One or two days with a month, a year or none: "May 23, 2025", "23-25 May", "May 30 to June 2"."""
    words = re.sub(rf"^{_WEEKDAY_OR_SHORT}", "", found.words)
    months = [_MONTHS[name.lower().rstrip(".")] for name in re.findall(_MONTH, words)]
    years = [int(year) for year in re.findall(rf"\b{_YEAR}", words)]
    days = [int(day) for day in re.findall(r"(?<!\d)(\d{1,2})(?:st|nd|rd|th)?(?!\d)", words)]
    if not months or not days:
        return _unknown("explicit")
    if years:
        return _days(_date(years[0], months[0], days[0]), _date(years[-1], months[-1], days[-1]), "explicit")
    last = _nearest(found, months[-1], days[-1])
    if last is None:
        return _unknown("explicit")
    return _days(_date(last.year, months[0], days[0]), last, "explicit")


def _nearest(found: _Words, month: int, day: int) -> dt.date | None:
    """The year of a day without one: the last such day, the next one if the clause says so or it is close and the last is far."""
    today = found.today
    if today is None:
        return None
    around = [date for year in range(today.year - 4, today.year + 5) if (date := _date(year, month, day))]
    past = [date for date in around if date <= today + _ZONES]
    future = [date for date in around if date >= today]
    if not past or not future:
        return None
    is_soon = (future[0] - today).days <= _SOON and (today - past[-1]).days >= _LONG_AGO
    return future[0] if is_soon or found.is_future() else past[-1]


def _month_of_year(found: _Words) -> _Read:
    month = re.search(_MONTH, found.words)
    year = found.words[-4:]
    return _one(f"{year}-{_MONTHS[month.group().lower().rstrip('.')]:02}", "explicit") if month else _unknown("explicit")


def _month_of_this(found: _Words) -> _Read:
    """`April of this year`, `of last year`."""
    month = re.search(_MONTH, found.words)
    if found.today is None or month is None:
        return _unknown("relative")
    words = found.words.lower()
    shift = -1 if "last" in words else 1 if "next" in words else 0
    return _one(f"{found.today.year + shift:04}-{_MONTHS[month.group().lower().rstrip('.')]:02}", "relative")


def _year(found: _Words) -> _Read:
    """A year, with or without season, or two: "2014-15", "spring 2023", "late 2024"."""
    years = re.findall(r"(?:19|20)\d\d", found.words)
    short = re.search(r"[-–](\d\d)$", found.words)
    last = years[0][:2] + short.group(1) if short else years[-1]
    return _Read(years[0], last, "explicit") if last >= years[0] else _unknown("explicit")


def _month(found: _Words) -> _Read:
    """A month without a year: the last one, or the coming one if the wording says so."""
    match = re.search(_MONTH, found.words)
    if found.today is None or match is None:
        return _unknown("explicit")
    month = _MONTHS[match.group().lower().rstrip(".")]
    words = found.words.lower()
    direction = "future" if "next" in words else "past" if "last" in words else None
    year = found.today.year
    is_future = direction == "future" or (direction is None and found.is_future())
    if is_future and month < found.today.month:
        year += 1
    elif not is_future and (month > found.today.month or (direction == "past" and month == found.today.month)):
        year -= 1
    return _one(f"{year}-{month:02}", "explicit", direction)


def _weekday(found: _Words) -> _Read:
    """A weekday, or two ("Friday to Sunday"): the most recent one, today included; the following one where the clause says so."""
    names = [name[:3].lower() for name in re.findall(_WEEKDAY, found.words)]
    lead = found.words.lower()
    if found.today is None or lead.startswith(("every", "each")) or not names:
        return _unknown("weekday")
    today = found.today
    back = (today.weekday() - _WEEKDAYS[names[0]]) % 7
    if lead.startswith("last"):
        first, direction = today - dt.timedelta(back or 7), "past"
    elif lead.startswith(("next", "this coming", "coming")):
        first, direction = today + dt.timedelta(7 - back), "future"
    elif lead.startswith("this") or found.is_future():
        first, direction = today + dt.timedelta((7 - back) % 7), "future"
    else:
        first, direction = today - dt.timedelta(back), None
    length = (_WEEKDAYS[names[-1]] - _WEEKDAYS[names[0]]) % 7
    return _days(first, first + dt.timedelta(length), "weekday", direction)


def _day_word(found: _Words) -> _Read:
    """Today, yesterday, tomorrow, last night and the like."""
    words = found.words.lower()
    if found.today is None:
        return _unknown("relative")
    shift, direction = 0, None
    if "before yesterday" in words:
        shift, direction = -2, "past"
    elif "yesterday" in words or words == "last night":
        shift, direction = -1, "past"
    elif "after tomorrow" in words:
        shift, direction = 2, "future"
    elif "tomorrow" in words:
        shift, direction = 1, "future"
    day = found.today + dt.timedelta(shift)
    return _days(day, day, "relative", direction)


def _ago(found: _Words) -> _Read:
    """`N days ago` is a day; weeks are an interval around it, months a month, years a year."""
    match = re.match(rf"({_COUNT})\s(day|week|month|year)", found.words, re.IGNORECASE)
    if found.today is None or match is None:
        return _unknown("relative")
    word = match.group(1).lower()
    count = _COUNTS[word] if word in _COUNTS else int(word)
    today, unit = found.today, match.group(2).lower()
    if unit == "year":
        return _one(f"{today.year - count:04}", "relative", "past")
    if unit == "month":
        return _one(_month_text(today, -count), "relative", "past")
    day = today - dt.timedelta(count * (7 if unit == "week" else 1))
    slack = dt.timedelta(0 if unit == "day" else 1 if count == 1 else 3)
    return _days(day - slack, day + slack, "relative", "past")


def _month_text(today: dt.date, shift: int) -> str:
    months = today.year * 12 + today.month - 1 + shift
    return f"{months // 12:04}-{months % 12 + 1:02}"


def _period(found: _Words) -> _Read:
    """Last, this, next week (days, Monday to Sunday), weekend, month, year, season; "earlier" and "later" halve it at today."""
    words = found.words.lower()
    if found.today is None:
        return _unknown("relative")
    today = found.today
    shift = -1 if re.search(r"\b(?:last|previous)\b", words) else 1 if re.search(r"\b(?:next|coming)\b", words) else 0
    direction = {-1: "past", 1: "future"}.get(shift)
    if words.startswith("earlier"):
        direction = "past"
    elif words.startswith("later"):
        direction = "future"
    if words.endswith("year"):
        return _one(f"{today.year + shift:04}", "relative", direction)
    if words.endswith("month"):
        return _one(_month_text(today, shift), "relative", direction)
    season = next((name for name in _SEASON_END if words.endswith(name)), None)
    if season is not None:
        is_over = today.month > _SEASON_END[season]
        return _one(f"{today.year - (shift < 0 and not is_over):04}", "relative", direction)
    monday = today - dt.timedelta(today.weekday())
    if words.endswith("weekend"):
        return _weekend(found, monday, shift, direction)
    first, last = monday + dt.timedelta(7 * shift), monday + dt.timedelta(7 * shift + 6)
    if words.startswith("earlier"):
        last = today
    elif words.startswith("later"):
        first = today
    return _days(first, last, "relative", direction)


def _weekend(found: _Words, monday: dt.date, shift: int, direction: str | None) -> _Read:
    """`The weekend` is the last one (or the running one), with "this", "next" or a future clause the coming one."""
    is_weekend = found.today is not None and found.today.weekday() >= 5
    is_ahead = shift > 0 or found.words.lower().startswith("this") or (shift == 0 and found.is_future())
    weeks = int(shift > 0 and is_weekend) if is_ahead else int(is_weekend and shift == 0) - 1
    saturday = monday + dt.timedelta(5 + 7 * weeks)
    return _days(saturday, saturday + dt.timedelta(1), "relative", direction or ("future" if is_ahead else None))


_PREPOSITIONS = (
    "in", "since", "by", "until", "till", "during", "early", "late", "mid", "through", "before", "after", "of", "from",
)  # fmt: skip
_AFTER_PREPOSITION = "|".join(rf"(?<=\b{word}[\s-])" for word in [*_PREPOSITIONS, *(word.title() for word in _PREPOSITIONS)])
_SURE_MONTH = r"(?:January|February|July|September|October|November|December)\b"
_NO_FULL_DATE = rf"(?!\s(?:the\s)?{_DAY}{_NO_DIGIT}|,?\s(?:of\s)?{_YEAR})"
_RELATIVE = r"(?:[Ll]ast|[Nn]ext|[Tt]his)"

_Reader = Callable[[_Words], _Read]
_FORMS: dict[str, tuple[str, _Reader]] = {
    "iso": (r"\b(?:19|20)\d\d-\d\d-\d\d\b", _iso),
    "slashed": (r"(?<![\d/.])\d{1,2}(?P<_mark>[/.])\d{1,2}(?P=_mark)(?:19|20)\d\d(?![\d/])", _slashed),
    "dmy_dmy": (rf"{_DMY}{_OF_YEAR}{_TO}{_DAY}\s(?:of\s)?{_MONTH}{_OF_YEAR}", _explicit),
    "mdy_mdy": (rf"{_MDY}{_OF_YEAR}{_TO}{_MDY}{_OF_YEAR}", _explicit),
    "ddmy": (rf"\b{_DAY}{_TO}{_DAY}\s(?:of\s)?{_MONTH}{_OF_YEAR}", _explicit),
    "mddy": (rf"{_MONTH}\s{_DAY}{_TO}{_DAY}{_NO_DIGIT}{_OF_YEAR}", _explicit),
    "dmy": (rf"{_NAMED}{_DMY}{_OF_YEAR}", _explicit),
    "mdy": (rf"{_NAMED}{_MDY}{_OF_YEAR}", _explicit),
    "my": (rf"{_MONTH},?\s(?:of\s)?{_YEAR}", _month_of_year),
    "month_of": (rf"{_MONTH}\sof\s(?:this|last|next)\syear\b", _month_of_this),
    "season": (rf"(?:[Ss]pring|[Ss]ummer|[Aa]utumn|[Ff]all|[Ww]inter)\s(?:of\s|in\s)?{_YEAR}", _year),
    "year": (
        rf"(?<![\w$€£¥.,/-]){_YEAR}(?:[-–](?:(?:19|20)\d\d|\d\d)\b)?(?![\w%/]|[-–]\w|\s{COUNTED_NOUN})", _year),
    "weekdays": (rf"{_WEEKDAY}\s?(?:to|through|until|till|[-–])\s?{_WEEKDAY}", _weekday),
    "weekday": (
        rf"(?:(?:{_RELATIVE}(?:\scoming)?|[Ee]very|[Ee]ach)\s)?(?<!Good\s)(?<!Black\s)(?<!Bloody\s)"
        rf"{_WEEKDAY}(?!\s(?:Times|Telegraph|Mail|Express|Mirror|Herald|Post))", _weekday),
    "day": (
        r"(?:[Tt]oday|[Tt]onight|[Tt]he\sday\s(?:before\syesterday|after\stomorrow)|[Yy]esterday|[Tt]omorrow|[Ll]ast\snight"
        r"|[Tt]his\s(?:morning|afternoon|evening))\b", _day_word),
    "ago": (rf"(?i:{_COUNT})\s(?:days?|weeks?|months?|years?)\sago\b", _ago),
    "period": (
        r"(?i:(?:(?:earlier|later)\s)?(?:last|this|next|(?:the\s)?previous|(?:the|this)\scoming)\s"
        r"(?:week(?:end)?|month|year|spring|summer|autumn|fall)|(?:over|at|during)\sthe\sweekend)\b", _period),
    "relative_month": (rf"{_RELATIVE}\s{_MONTH}{_NO_FULL_DATE}", _month),
    "month": (rf"(?:{_SURE_MONTH}|(?:{_AFTER_PREPOSITION}){_MONTH}){_NO_FULL_DATE}", _month),
}  # fmt: skip


def _one_of(*forms: str) -> re.Pattern[str]:
    """The forms as one pattern, tried in this order."""
    return re.compile("|".join(f"(?P<{form}>{_FORMS[form][0]})" for form in forms))


# The word (or number) a date begins with tells which forms it can have: all other words are passed over at one look-up each.
_AT_NUMBER = _one_of("iso", "slashed", "dmy_dmy", "ddmy", "dmy", "year", "ago")
_AT_MONTH = _one_of("mdy_mdy", "mddy", "mdy", "my", "month_of", "month")
_AT_WEEKDAY = _one_of("dmy", "mdy", "weekdays", "weekday")
_AT_RELATIVE = _one_of("day", "period", "weekday", "relative_month")
_AT_WORD: dict[str, re.Pattern[str]] = (
    dict.fromkeys(_COUNTS, _one_of("ago"))
    | dict.fromkeys(_MONTHS, _AT_MONTH)
    | dict.fromkeys(_WEEKDAYS, _AT_WEEKDAY)
    | dict.fromkeys(["monday", "tuesday", "tues", "wednesday", "thursday", "thur", "thurs", "friday"], _AT_WEEKDAY)
    | dict.fromkeys(["saturday", "sunday"], _AT_WEEKDAY)
    | dict.fromkeys([*_SEASON_END, "winter"], _one_of("season"))
    | dict.fromkeys(["last", "next", "this", "every", "each", "the", "earlier", "later", "previous"], _AT_RELATIVE)
    | dict.fromkeys(["over", "at", "during"], _one_of("period"))
    | dict.fromkeys(["today", "tonight", "yesterday", "tomorrow"], _one_of("day"))
)
_WORD = re.compile(r"\w+")
MOST_DATES = 10_000


def _matches(text: str) -> Iterator[re.Match[str]]:
    """The dates from left to right, none within another, at most `MOST_DATES`."""
    end = count = 0
    for word in _WORD.finditer(text):
        start = word.start()
        if start < end:
            continue
        pattern = _AT_NUMBER if text[start].isdigit() else _AT_WORD.get(word.group().lower())
        match = pattern.match(text, start) if pattern is not None else None
        if match is not None:
            yield match
            end = match.end()
            count += 1
            if count == MOST_DATES:
                return


def dates(text: str, published_at: dt.date | None) -> tuple[DateMention, ...]:
    """The dates in document order; `D0`, the publication, comes first where it is known.

    `basis` is "explicit" where the words hold a month, a year or a full date, also if the year was inferred.

    >>> [(date.id, date.start) for date in dates("It began on Friday.", dt.date(2025, 5, 24))]
    [('D0', '2025-05-24'), ('D1', '2025-05-23')]
    """
    found: list[DateMention] = []
    if published_at is not None:
        day = published_at.isoformat()
        found.append(DateMention("D0", None, day, day, "publication"))
    # Far from the calendar's ends, so that no sum of days can leave it.
    today = published_at if published_at is not None and 1200 <= published_at.year <= 9000 else None
    for number, match in enumerate(_matches(text), 1):
        start, end = match.span()
        read = _FORMS[match.lastgroup or ""][1](_Words(match.group(), text, start, end, today))
        found.append(DateMention(f"D{number}", span_of(text, start, end), read.start, read.end, read.basis, read.direction))
    return tuple(found)


def date_ranges(text: str) -> list[tuple[int, int]]:
    """Start and end of every date in the text, in order.

    >>> date_ranges("on May 23, 2025")
    [(3, 15)]
    """
    return [match.span() for match in _matches(text)]
