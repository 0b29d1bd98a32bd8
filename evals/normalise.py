"""Values before they are compared: text, dates as day intervals, counts as intervals. One-way entailment of both."""

from __future__ import annotations

import calendar
import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from evals.outcome import Outcome
from evals.record import Count

_MARKS = str.maketrans({
    **dict.fromkeys("“”„‟«»″＂", '"'), **dict.fromkeys("‘’‚‛‹›`´′", "'"), **dict.fromkeys("‐‑‒–—―−", "-"),
})  # fmt: skip
_ARTICLE = re.compile(r"(?:the|a|an) (?=\S)")
_EDGE = " \t\n\"'.,;:!?-()[]"


def fold(text: str) -> str:
    """Text with compatibility forms, quotation marks, dashes, ellipses and white space folded; case is kept.

    >>> fold("“Wait” – he…")
    '"Wait" - he...'
    """
    return " ".join(unicodedata.normalize("NFKC", text.translate(_MARKS)).split())


def key(name: str) -> str:
    """What a name is looked up by: folded, caseless, without a leading article, an edge mark or a possessive ending.

    >>> key("The Kremlin’s"), key("  U.S. ")
    ('kremlin', 'u.s')
    """
    plain = fold(name).strip(_EDGE).casefold().removesuffix("'s")
    return _ARTICLE.sub("", plain, count=1) if _ARTICLE.match(plain) else plain


_PLACE_WORD = re.compile(r"[^\W_]+(?:[-'.][^\W_]+)*")
_PLACE_BREAK = re.compile(r"[,;()]| (?:at|in|on|near|of|outside|inside|between|from|by|into|to|through|off) ")
_REGION_BREAK = re.compile(r"[,;()]| (?:in|inside) ")
_SMALL_WORDS = """
a an the at in on near of outside inside between from by into to through off and its their this that with along
"""
_SMALL = frozenset(_SMALL_WORDS.split())


@dataclass(frozen=True, slots=True)
class PlaceWords:
    """The words of a place: the head names it; `near` leaves out what it lies in ("..., Velm district"); `every` is all."""

    head: frozenset[str]
    near: frozenset[str]
    every: frozenset[str]


def place_words(phrase: str) -> PlaceWords:
    """The words, caseless. The head are the capitalised words of the first part that has one, else all words.

    >>> words = place_words("the bridge at Old Brod, in Velm district")
    >>> sorted(words.head), sorted(words.near), sorted(place_words("the frozen lake").head)
    (['brod', 'old'], ['bridge', 'brod', 'old'], ['frozen', 'lake'])
    """
    plain = fold(phrase)
    every = _place_tokens(plain)
    named = ([word for word in _place_tokens(part) if word[0].isupper()] for part in _PLACE_BREAK.split(plain))
    head = next((words for words in named if words), every)
    near: list[str] = []
    for part in _REGION_BREAK.split(plain):
        near += _place_tokens(part)
        if any(word in head for word in near):
            break
    return PlaceWords(*(frozenset(map(str.casefold, words)) for words in (head, near, every)))


def _place_tokens(text: str) -> list[str]:
    return [word for word in _PLACE_WORD.findall(text) if word.casefold() not in _SMALL]


@dataclass(frozen=True, slots=True)
class Interval:
    """A closed interval; infinite ends are open ones."""

    low: float
    high: float

    def contains(self, other: Interval) -> bool:
        """Whether `other` lies wholly in this interval."""
        return self.low <= other.low and other.high <= self.high


def days(expression: str) -> Interval:
    """The days (proleptic ordinals) that an EDTF level-0 expression covers; ValueError if it is none.

    >>> days("2025-05").high - days("2025-05").low
    30
    """
    first, slash, last = expression.partition("/")
    if not slash:
        return _period(expression)
    low = -math.inf if first == ".." else _period(first).low
    high = math.inf if last == ".." else _period(last).high
    if low > high:
        raise ValueError(f"the interval {expression!r} ends before it begins")
    return Interval(low, high)


def _period(expression: str) -> Interval:
    """A day, month or year."""
    if not re.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?", expression):
        raise ValueError(f"{expression!r} is no date of the form YYYY, YYYY-MM or YYYY-MM-DD")
    parts = [int(part) for part in expression.split("-")]
    year, month, day = (*parts, None, None)[:3]
    if year is None or month is None:
        return Interval(date(parts[0], 1, 1).toordinal(), date(parts[0], 12, 31).toordinal())
    if day is None:
        first = date(year, month, 1)
        return Interval(first.toordinal(), first.replace(day=calendar.monthrange(year, month)[1]).toordinal())
    exact = date(year, month, day).toordinal()
    return Interval(exact, exact)


def compare_dates(gold: str, predicted: str) -> Outcome:
    """COR for the same days, PAR for an interval that strictly contains the gold one, else INC (an invented day too)."""
    if gold == predicted:
        return Outcome.COR
    try:
        stated, given = days(gold), days(predicted)
    except ValueError:
        return Outcome.INC  # an engine's malformed date is a wrong date
    if stated == given:
        return Outcome.COR
    return Outcome.PAR if given.contains(stated) else Outcome.INC


_CLASS = {
    "exact": "E", "about": "A", "around": "A", "some": "A", "roughly": "A",
    "almost": "U", "nearly": "U", "at_most": "U", "up_to": "U", "less_than": "U", "fewer_than": "U",
    "at_least": "L", "more_than": "L", "over": "L", "range": "R", "vague": "V", "undisclosed": "N",
}  # fmt: skip
_VAGUE: tuple[tuple[str, str, int, float], ...] = (
    (r"thousands|(?:few|several|many|couple of) thousand", "thousands", 2000, 9999),
    (r"hundreds|(?:few|several|many|couple of) hundred", "hundreds", 200, 999),
    (r"scores", "scores", 40, 99),
    (r"dozens|(?:few|several|many|couple of) dozen", "dozens", 24, 99),
    (r"several|(?:a|the) (?:few|handful)|some|(?:a )?couple", "several", 3, 9),
)


def qualifier_class(count: Count) -> str:
    """E exact, A about, U at most or nearly, L at least, R range, V vague word, N number withheld."""
    return _CLASS.get(count.qualifier, "E")


def vague_word(words: str | None) -> str | None:
    """The vague number word in some words ("a few hundred men" is "hundreds"); None if there is none we know.

    >>> vague_word("Several hundred prisoners"), vague_word("dozens of sailors"), vague_word("many")
    ('hundreds', 'dozens', None)
    """
    for pattern, word, _, _ in _VAGUE:
        if words and re.search(rf"\b(?:{pattern})\b", words.casefold()):
            return word
    return None


def implied(count: Count) -> Interval:
    """The numbers a count allows: about 10 % either way, almost from 90 % up, vague words by convention."""
    n = count.n
    if n is None:
        low_high = {word: Interval(low, high) for _, word, low, high in _VAGUE}
        return low_high.get(vague_word(count.word) or "", Interval(0, math.inf))
    match count.qualifier:
        case "about" | "around" | "some" | "roughly":
            # In integers: 0.9·n and 1.1·n in floating point would shift the bounds of round numbers.
            return Interval(n * 9 // 10, -(-n * 11 // 10))
        case "almost" | "nearly":
            return Interval(n * 9 // 10, n - 1)
        case "at_most" | "up_to":
            return Interval(0, n)
        case "less_than" | "fewer_than":
            return Interval(0, n - 1)
        case "at_least":
            return Interval(n, math.inf)
        case "more_than" | "over":
            return Interval(n + 1, math.inf)
        case "range":
            return Interval(n, n if count.n_max is None else count.n_max)
        case _:
            return Interval(n, n)


def compare_counts(gold: Count, predicted: Count) -> Outcome:
    """COR for the same number in the same qualifier class, PAR if true but weaker, else INC. Categories are not compared."""
    stated, given = qualifier_class(gold), qualifier_class(predicted)
    if gold.n is None or predicted.n is None:
        if stated == given and vague_word(gold.word) == vague_word(predicted.word) and _same_unknown(gold, predicted):
            return Outcome.COR
        if given == "N" or stated == "N":
            return Outcome.INC  # "withheld" is a value of its own: it implies no number and follows from none
    elif gold.n == predicted.n and stated == given and (stated != "R" or gold.n_max == predicted.n_max):
        return Outcome.COR
    elif gold.n == predicted.n and stated != given and "R" not in (stated, given):
        return Outcome.PAR
    return Outcome.PAR if implied(predicted).contains(implied(gold)) else Outcome.INC


def _same_unknown(gold: Count, predicted: Count) -> bool:
    """Whether two vague words are the same where neither is in our list ("umpteen")."""
    if gold.n is not None or predicted.n is not None:
        return False
    return vague_word(gold.word) is not None or key(gold.word or "") == key(predicted.word or "")
