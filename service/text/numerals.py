"""Numerals in digits and words, and pairs of them ("1,000-for-1,000", "50 to 60"), with their values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

_ONES = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18,
    "nineteen": 19,
}  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_SCALES = {"dozen": 12, "hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_SHORT_SCALES = {"k": 1000, "m": 10**6, "mn": 10**6, "bn": 10**9}
_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10,
    "eleventh": 11, "twelfth": 12,
}  # fmt: skip

_DIGITS = r"(?:\d{1,3}(?:[,\u00a0\u2009\u202f]\d{3})+(?!\d)|\d+)(?:\.\d+)?"
_SCALE = "|".join(_SCALES)
_TENS_WORD = rf"(?:{'|'.join(_TENS)})(?:[-\s](?:{'|'.join(list(_ONES)[1:10])})\b)?"
_ATOM = rf"(?:{_TENS_WORD}|{'|'.join(sorted(_ONES, key=len, reverse=True))})\b"
_GROUP = rf"(?:(?:{_ATOM}|an?)[\s-]hundred\b(?!s)(?:\s(?:and\s)?{_ATOM})?|{_ATOM})"
_WORDS = (
    rf"(?:half\sa(?:n)?\s(?:{_SCALE})|(?:{_GROUP}|an?)[\s-](?:thousand|million|billion"
    rf"|trillion)\b(?!s)(?:\s(?:and\s)?{_GROUP})?"
    rf"|(?:{_ATOM}|an?)[\s-]dozen\b(?!s)|{_GROUP})"
)
_VAGUE = (
    rf"(?:(?:tens|dozens|hundreds|scores)\sof\s(?:thousands|millions)|(?:several|many)\s(?:{_SCALE})s?|dozens|scores"
    rf"|hundreds"
    r"|thousands|millions|several)"
)
_ONE_OF_PEOPLE = r"prisoner|hostage|detainee|captive|soldier|service(?:wo)?man|POW|civilian|[A-Z][a-z]{2,14}(?:an|i)"
_AT_DIGIT = re.compile(
    rf"(?P<digits>(?<![\w.]){_DIGITS})(?P<tail>(?:st|nd|rd|th)\b|\s(?:{_SCALE})\b|(?:{'|'.join(_SHORT_SCALES)})\b)?"
)
_AT_ARTICLE = re.compile(
    rf"(?i:(?P<vague>a\s(?:few(?:\s(?:{_SCALE})s?)?|handful|couple))"
    rf"|(?P<words>an?[\s-](?:{_SCALE})\b(?!s)(?:\s(?:and\s)?{_GROUP})?))\b"
    rf"|(?P<article>(?i:an?)(?=\s(?:[\w'’-]{{1,20}}\s){{0,3}}(?:{_ONE_OF_PEOPLE})\b))"
)
_AT_WORD = re.compile(
    rf"(?i:(?P<vague>{_VAGUE})\b|(?P<words>{_WORDS})\b"
    rf"|(?P<ordinal>{'|'.join(_ORDINALS)})(?=\s(?:\w+\s)?(?:exchange|swap|phase|stage|round|group|batch|tranche"
    rf"|release|deal)s?\b)"
    r"|(?P<both>both)(?=\s))"
)
_AT: dict[str, re.Pattern[str]] = {"a": _AT_ARTICLE, "an": _AT_ARTICLE} | dict.fromkeys(
    [
        *_ONES,
        *_TENS,
        *_ORDINALS,
        "half",
        "several",
        "many",
        "tens",
        "dozens",
        "scores",
        "hundreds",
        "thousands",
        "millions",
        "both",
    ],
    _AT_WORD,
)
_WORD = re.compile(r"\w+")
_MOST_DIGITS = 15
_FOR = re.compile(r"\s?[-–]\s?for\s?[-–]\s?|\sfor\s")
_TO = re.compile(r"\s(?:to|or)\s|\s?[-–—]\s?")
_AND = re.compile(r"\sand\s")
_BETWEEN = re.compile(r"\bbetween\s$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Numeral:
    """A numeral by itself, or two joined (`max` of a range, `other` of a formula).

    `form` is "digits", "words", "vague" (dozens), "both" or "article" (a prisoner); `value` is None where it is no whole number.
    """

    start: int
    end: int
    value: int | None
    form: str
    max: int | None = None
    other: int | None = None
    is_ordinal: bool = False


def numerals(text: str) -> Iterator[Numeral]:
    """The numerals of the text in order.

    >>> [(numeral.value, numeral.max, numeral.other) for numeral in numerals("50 to 60, two dozen, one for three")]
    [(50, 60, None), (24, None, None), (1, None, 3)]
    """
    return _joined(text, _single_numerals(text))


def _single_numerals(text: str) -> Iterator[Numeral]:
    """The numerals from left to right; only words that can begin one are looked at closely."""
    for match in _matches(text):
        start, end = match.span()
        found = match.groupdict()
        digits, tail = found.get("digits"), (found.get("tail") or "").strip()
        if digits is not None:
            yield Numeral(start, end, _digits_value(digits, tail), "digits", is_ordinal=tail in ("st", "nd", "rd", "th"))
        elif found.get("words") is not None:
            yield Numeral(start, end, _words_value(found["words"].lower()), "words")
        elif found.get("ordinal") is not None:
            yield Numeral(start, end, _ORDINALS[found["ordinal"].lower()], "words", is_ordinal=True)
        elif found.get("vague") is not None:
            yield Numeral(start, end, None, "vague")
        elif found.get("both") is not None:
            yield Numeral(start, end, 2, "both")
        else:
            yield Numeral(start, end, 1, "article")


def _matches(text: str) -> Iterator[re.Match[str]]:
    end = 0
    for word in _WORD.finditer(text):
        start = word.start()
        if start < end:
            continue
        pattern = _AT_DIGIT if text[start].isdigit() else _AT.get(word.group().lower())
        match = pattern.match(text, start) if pattern is not None else None
        if match is not None:
            yield match
            end = match.end()


def _digits_value(digits: str, tail: str) -> int | None:
    """The whole number that digits and scale word give; None for fractions and for what is too long to be a count."""
    whole, _, fraction = digits.partition(".")
    whole = re.sub(r"\D", "", whole)
    if len(whole) + len(fraction) > _MOST_DIGITS:
        return None
    scale = _SCALES.get(tail) or _SHORT_SCALES.get(tail) or 1
    value = int(whole + fraction) * scale
    return value // 10 ** len(fraction) if value % 10 ** len(fraction) == 0 and (scale > 1 or not fraction) else None


def _words_value(words: str) -> int | None:
    """The value of number words; scale words multiply what stands before them."""
    if words.startswith("half a"):
        return _SCALES[words.split()[-1]] // 2
    total = current = 0
    for word in re.split(r"[\s,-]+", words):
        if word in _ONES or word in _TENS:
            current += _ONES.get(word, 0) + _TENS.get(word, 0)
        elif word in ("a", "an"):
            current = 1
        elif word in ("hundred", "dozen"):
            current = max(current, 1) * _SCALES[word]
        elif word in _SCALES:
            total += max(current, 1) * _SCALES[word]
            current = 0
    return total + current


def _joined(text: str, numerals: Iterator[Numeral]) -> Iterator[Numeral]:
    """Numerals with formulas and ranges made one."""
    first = next(numerals, None)
    while first is not None:
        second = next(numerals, None)
        joined = _join(text, first, second) if second is not None and second.start - first.end <= 9 else None
        yield joined or first
        first = next(numerals, None) if joined else second


def _join(text: str, first: Numeral, second: Numeral) -> Numeral | None:
    if first.value is None or second.value is None or first.is_ordinal or second.is_ordinal:
        return None
    if first.form not in ("digits", "words") or second.form not in ("digits", "words"):
        return None
    gap = text[first.end : second.start]
    if _FOR.fullmatch(gap):
        return replace(first, end=second.end, other=second.value)
    is_between = _AND.fullmatch(gap) and _BETWEEN.search(text, max(0, first.start - 9), first.start)
    if (is_between or _TO.fullmatch(gap)) and first.value < second.value:
        return replace(first, end=second.end, max=second.value)
    return None
