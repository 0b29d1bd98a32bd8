"""What a model reads out of the text by itself, where the scanner read it otherwise or not at all: held against the words."""

from __future__ import annotations

import calendar
import re
from dataclasses import replace
from datetime import date

from service.domain.candidate import Candidates, DateMention, Number
from service.domain.evidence import Span, span_of
from service.extraction.passage import occurrences
from service.extraction.reference import next_number
from service.text.numerals import numerals

_MONTHS = {name[:3].lower(): at for at, name in enumerate(calendar.month_name) if name}
_DAYS = {name.lower(): at for at, name in enumerate(calendar.day_name)}
_MONTH = re.compile(r"\b(?:" + "|".join(_MONTHS) + r")[a-z]*\b", re.IGNORECASE)
_DAY = re.compile(r"\b(?:" + "|".join(_DAYS) + r")\b", re.IGNORECASE)
_ONE = re.compile(
    r"an?(?= )(?! (?:\w+ )?(?:number|group|few|handful|couple|pair|team|batch|crew|dozen|score|lot|total|further|family|families"
    r"|bus|busload|convoy|squad|unit|platoon|company|band|majority|hundred|thousand|third|quarter|half)\b)",
    re.IGNORECASE,
)
"""The article of a single person ("a pilot"), and of no group."""
_BEFORE = 30
"""Characters in front of a date in which the month may stand that belongs to it ("June last year", "May and June of 2023")."""
_OPEN_ROLES = ("other", "measure", "event", "unit_name")
"""What the scanner may have taken a number of people for; years, ages and money stay what they are."""


def fits_date(words: str, value: str) -> bool:
    """Whether "YYYY", "YYYY-MM" or "YYYY-MM-DD" may be what the words of a date say: their parts agree, and it adds none.

    >>> fits_date("the end of January", "2023-01"), fits_date("January", "2023-02"), fits_date("last week", "2023-01")
    (True, False, False)
    """
    parts = [int(part) for part in value.split("-")]
    months = [_MONTHS[found.group()[:3].lower()] for found in _MONTH.finditer(words)]
    days = [int(found) for found in re.findall(r"\b(\d{1,2})(?:st|nd|rd|th)?\b", words)]
    weekdays = [_DAYS[found.group().lower()] for found in _DAY.finditer(words)]
    years = [int(found) for found in re.findall(r"\b(?:1[89]|20)\d\d\b", words)]
    if years and parts[0] not in years:
        return False
    if len(parts) == 1:
        return bool(years)
    if len(parts) == 2:
        return parts[1] in months
    try:
        weekday = date(*parts).weekday()
    except ValueError:
        return False
    return parts[1] in months and parts[2] in days if months else weekday in weekdays


def date_stated(mention: DateMention, value: str, text: str) -> DateMention | None:
    """The date that a mention's words may mean by `value`, without an id of its own; None if they cannot.

    A month right before words that tell only the year is taken in.
    """
    span = mention.span
    if span is None or mention.start is None:
        return None
    if fits_date(span.text, value):
        return replace(mention, start=value, end=value)
    month = next(_MONTH.finditer(text, max(0, span.start - _BEFORE), span.start), None)
    if month is None or len(mention.start) != len("2023") or not value.startswith(mention.start):
        return None
    wider = span_of(text, month.start(), span.end)
    return replace(mention, span=wider, start=value, end=value) if fits_date(wider.text, value) else None


def number_stated(words: str, sentence: Span, candidates: Candidates) -> tuple[Number, Candidates] | None:
    """The number that stands in the sentence by these words, as a candidate; None if no number does.

    One that the scanner knows is taken as it is, but for a role that hides people; else its value is read off the words. A
    single person ("a pilot") is one.
    """
    for span in occurrences(words, candidates.text, start=sentence.start, end=sentence.end):
        known = next((number for number in candidates.numbers if number.span.overlaps(span)), None)
        if known is not None and known.role not in _OPEN_ROLES:
            return known, candidates
        id_ = f"N{next_number(candidates, 'N')}"
        if known is not None:
            number = replace(known, id=id_, role="people")
        elif (read := next((numeral for numeral in numerals(span.text) if numeral.value is not None), None)) is not None:
            stands = span_of(candidates.text, span.start + read.start, span.start + read.end)
            number = Number(
                id=id_, span=stands, phrase=span, value=read.value, max=read.max, other=read.other, role="people"
            )
        elif (article := _ONE.match(span.text)) is not None:
            stands = span_of(candidates.text, span.start, span.start + article.end())
            number = Number(id=id_, span=stands, phrase=span, value=1, max=None, other=None, role="people")
        else:
            continue
        return number, candidates.with_more(numbers=(number,))
    return None
