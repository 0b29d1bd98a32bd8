"""What a model reads out of the text by itself, where the scanner read it otherwise or not at all: held against the words."""

from __future__ import annotations

import calendar
import re
from dataclasses import replace
from datetime import date

from service.domain.candidate import Candidates, Number
from service.domain.evidence import Span, span_of
from service.extraction.passage import occurrences
from service.extraction.reference import next_number
from service.text.numerals import numerals

_MONTHS = {name[:3].lower(): at for at, name in enumerate(calendar.month_name) if name}
_DAYS = {name.lower(): at for at, name in enumerate(calendar.day_name)}
_MONTH = re.compile(r"\b(?:" + "|".join(_MONTHS) + r")[a-z]*\b", re.IGNORECASE)
_DAY = re.compile(r"\b(?:" + "|".join(_DAYS) + r")\b", re.IGNORECASE)
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


def number_stated(words: str, sentence: Span, candidates: Candidates) -> tuple[Number, Candidates] | None:
    """The number that stands in the sentence by these words, as a candidate; None if no number does.

    One that the scanner knows is taken as it is, but for a role that hides people; else its value is read off the words.
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
        else:
            continue
        return number, candidates.with_more(numbers=(number,))
    return None
