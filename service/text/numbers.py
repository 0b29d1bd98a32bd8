"""Numbers with qualifier, unit noun and what they count.

Each numeral is read in a bounded window to its left and right, so the work is linear in the text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from service.domain.candidate import Number, Qualifier
from service.domain.evidence import span_of
from service.text.dates import date_ranges
from service.text.nouns import Unit, read_unit
from service.text.numerals import Numeral, numerals
from service.text.party_lexicon import lexicon

MOST_NUMBERS = 10_000
_BETWEEN = re.compile(r"\bbetween\s$", re.IGNORECASE)
_CAPTIVES = frozenset(
    ["prisoner", "hostage", "detainee", "captive", "soldier", "serviceman", "servicewoman", "pow", "civilian"]
)
_MOST_ELLIPTIC = 10**6

_QUALIFIERS = (
    (Qualifier.AT_LEAST, r"at\sleast|(?:no|not)\s(?:fewer|less)\sthan|a\sminimum\sof|as\sfew\sas"),
    (Qualifier.AT_MOST, r"up\sto|at\smost|(?:no|not)\smore\sthan|as\s(?:many|much)\sas|a\smaximum\sof"),
    (Qualifier.MORE_THAN, r"more\sthan|(?:just|well)?\s?over|upwards\sof|in\sexcess\sof|above|exceeding"),
    (Qualifier.LESS_THAN, r"(?:fewer|less)\sthan|(?:just\s)?under|below"),
    (Qualifier.ABOUT, r"some|about|around|nearly|almost|roughly|approximately|close\sto|(?:an\s)?estimated|circa"),
)
_BEFORE = re.compile(
    r"\b(?:"
    + "|".join(f"(?P<q{at}>{words})" for at, (_, words) in enumerate(_QUALIFIERS))
    + r")\s(?:a\stotal\sof\s|the\s|another\s)?$"
)
_OVER_OF_VERB = re.compile(
    r"\b(?:hand|turn|giv|gave|pass|sign|tak|took|send|sent|bring|brought"
    r"|deliver)\w{0,5}\sover\s(?:a\stotal\sof\s|the\s|another\s)?$"
)
_AFTER = (
    (Qualifier.AT_LEAST, re.compile(r"\s?\+|\sor\smore\b|-plus\b")),
    (Qualifier.ABOUT, re.compile(r"-odd\b|\sor\sso\b")),
)

_MONEY_BEFORE = re.compile(r"[$€£¥₽₴₪]\s?$|\b(?:USD|EUR|GBP|Rs)\s?$")
_PERCENT_AFTER = re.compile(r"\s?%|[\s-](?:percent|per\scent|percentage|pct)\b")
_AGE_AFTER = re.compile(r"[-\s](?:years?|months?)[-\s]old\b")
_AGE_BEFORE = re.compile(r"\b(?:aged?|ages)\s(?:of\s)?$")
_DAY_OR_MONTH = (
    r"(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|January|February|March|April|May|June|July|August|September"
    r"|October|November"
    r"|December)\b"
)
_NAME_BEFORE = re.compile(rf"(?<![A-Za-z])(?!{_DAY_OR_MONTH})[A-Z][\w'’-]+(?:,\s|\s\()$")
_AGE_END = re.compile(r"[,.;)]|\s*$|\sand\b")
_CLOCK_BEFORE = re.compile(r"\d:$")
_PHASE_BEFORE = re.compile(r"\b(?:[Pp]hase|[Ss]tage|[Pp]art|[Rr]ound|[Dd]ay|[Nn]umber|[Cc]hapter|[Ss]tep)\s$")
_BIG_BEFORE = re.compile(r"\b(?:Group\sof|Big)\s$")
_CLOCK_AFTER = re.compile(r"\s?(?:[ap]\.m\.?|[AaPp][Mm]\b|GMT|UTC|o['’]clock)|:\d\d|\s(?:hours\s)?(?:local\stime)")
_NAMED_BEFORE = re.compile(
    r"(?<!to)(?<!for)(?<=[A-Za-z])[-–]$|\b(?:No|Nos|Number|Article|Articles|Section|Chapter|Clause|Flight|Highway"
    r"|Route|Resolution|Unit|Camp|Colony|Block"
    r"|Room|Channel|Boeing|Airbus|Level|Order|Rule|Title|Group\sof|World\sWar|Apollo|Phase|Part|Protocol|Annex"
    r"|Appendix|Ward"
    r"|Area|Zone|Law|Decree|Case|Season|Episode|Page|Covid|Proposition|Building|House|Gate|Terminal|Platform|S&P|FTSE"
    r"|Nasdaq|Dow)"
    r"\.?\s$"
)
_UNIT_NAME_AFTER = re.compile(
    r"\s(?:[A-Z][\w-]{2,20}\s){0,4}(?:Brigade|Regiment|Battalion|Division|Army|Corps|Squadron|Fleet|Company|Battery"
    r"|Platoon|Amendment"
    r"|Congress|Street|Avenue|Circuit|District|Airborne|Infantry|Fighter|Wing)\b"
)
_CAPITAL_BEFORE = re.compile(r"[A-Za-z0-9,’'\"“]\s+(?!(?:[A-Z][a-z]+day)\b)[A-Z][A-Za-z]{1,20}\s$")
_PRONOUN_BEFORE = re.compile(r"\b(?:no|any|every|some|each|this|that|the|which)[\s-]$", re.IGNORECASE)
_PARTITIVE = re.compile(r"\sof\s(?:them|us|you|those|these|whom|our|their)\b")
_EACH = re.compile(r"\s(?:from|on|for)\s(?:each|both|either)\b|\s(?:apiece|each)\b")
_DONE_TO_PEOPLE = re.compile(
    r"\s(?:(?:were|was|are|have|had|has|will|would|be|been|being|of\swhom)\s){0,3}(?:released|freed|returned|handed"
    r"|exchanged|swapped"
    r"|killed|wounded|injured|exiled|deported|flown|captured|detained|brought|sent|taken|came|arrived|died|went)\b"
)
_OF_PEOPLE = re.compile(
    r"\b(?:receiv|return|let\sgo|let\sout|repatriat|releas|freed|free|swap|exchang|hand(?:ed|ing)|took\sin|hostage"
    r"|prisoner|detainee|captive"
    r"|soldier|servicem"
    r"|civilian|bodies|people|troops|pows?\b|inmate|policem)\w{0,8}"
)
_CASES = re.compile(r"\b(?:cases|boxes|caskets|coffins|bags)$")
_OF_REMAINS = re.compile(r"[^.;]{0,60}\b(?:remains|bodies|war\sdead)\b")
_NEAR, _LEFT, _RIGHT, _ELLIPSIS = 34, 48, 110, 90
_SENTENCE_BORDER = re.compile(r"[.!?;]\s|\n")


def numbers(text: str, calendar: Sequence[tuple[int, int]] | None = None) -> tuple[Number, ...]:
    """The numbers in document order, at most 10,000. `calendar` are start and end of the text's dates where they are known.

    `value` is None where there is no whole number ("dozens", "5.2").

    >>> [(number.phrase.text, number.value, number.role) for number in numbers("Some 270 freed soldiers left in 2025.")]
    [('Some 270 freed soldiers', 270, 'people'), ('2025', 2025, 'year')]
    """
    calendar = date_ranges(text) if calendar is None else calendar
    starts = [start for start, _ in calendar]
    found: list[Number] = []
    for numeral in numerals(text):
        at = bisect_right(starts, numeral.start) - 1
        in_date = at >= 0 and numeral.end <= calendar[at][1]
        number = _read(text, numeral, f"N{len(found) + 1}", in_date=in_date)
        if number is not None:
            found.append(number)
            if len(found) == MOST_NUMBERS:
                break
    return tuple(found)


def _read(text: str, numeral: Numeral, name: str, *, in_date: bool) -> Number | None:
    """The numeral in its surroundings; None for words that count nothing ("one" as a pronoun, "both sides")."""
    left = text[max(0, numeral.start - _LEFT) : numeral.start]
    right = text[numeral.end : numeral.end + _RIGHT]
    unit = read_unit(right)
    role = _role(text, numeral, left, right, unit, in_date=in_date)
    if numeral.form in ("both", "article") and (unit is None or role not in ("people", "remains")):
        return None
    if numeral.form == "article" and unit is not None and not (unit.words in _CAPTIVES or unit.words.endswith(("an", "i"))):
        return None
    if (
        numeral.form == "words"
        and numeral.value == 1
        and (role == "other" or (unit is None and _PRONOUN_BEFORE.search(left)))
    ):
        return None
    qualifier, start = _qualifier(text, numeral, left, right)
    has_unit = unit is not None and _fits(unit, role, numeral)
    end = numeral.end + (unit.end if unit is not None and has_unit else 0)
    return Number(
        name,
        span_of(text, numeral.start, numeral.end),
        span_of(text, start, end),
        numeral.value,
        max=numeral.max,
        qualifier=qualifier,
        unit=unit.words if unit is not None and has_unit else None,
        role=role,
        other=numeral.other,
    )


def _fits(unit: Unit, role: str, numeral: Numeral) -> bool:
    """Whether the noun belongs to the number: "swap" is not what "1,000-for-1,000" counts."""
    if role == "money":
        return unit.role == "money"
    if numeral.other is not None:
        return unit.role == "people"
    return role in ("people", "remains", "time", "measure", "event", "other")


def _qualifier(text: str, numeral: Numeral, left: str, right: str) -> tuple[Qualifier, int]:
    """How exact the number is, and where its phrase begins."""
    near = left[-_NEAR:].lower()
    match = None if _OVER_OF_VERB.search(near) else _BEFORE.search(near)
    start = numeral.start - (len(near) - match.start()) if match else numeral.start
    start += len(text[start : numeral.start]) - len(text[start : numeral.start].lstrip())
    if numeral.form == "vague":
        return Qualifier.VAGUE, start
    if numeral.max is not None:
        between = _BETWEEN.search(left)
        return Qualifier.RANGE, numeral.start - (len(left) - between.start()) if between else start
    if match is not None:
        return next(kind for at, (kind, _) in enumerate(_QUALIFIERS) if match[f"q{at}"] is not None), start
    for kind, pattern in _AFTER:
        if pattern.match(right):
            return kind, start
    return Qualifier.EXACT, start


def _role(text: str, numeral: Numeral, left: str, right: str, unit: Unit | None, *, in_date: bool) -> str:
    """What the number counts: first what stands directly at it, then its unit noun, then the sentence."""
    direct = _direct_role(numeral, left, right, in_date=in_date)
    if direct is not None:
        return direct
    if numeral.other is not None:
        counts_people = unit is None or unit.role in ("people", "event", "other")
        return "people" if counts_people and _OF_PEOPLE.search((left + right).lower()) else "other"
    if unit is not None and _CASES.search(unit.words) and _OF_REMAINS.match(right):
        return "remains"
    if unit is not None and unit.role != "other":
        if unit.role == "people" and re.search(r"\b(?:remains|bodies|corpses)\sof\s(?:the\s|\w+\s)?$", left):
            return "remains"
        return unit.role
    named = numeral.form == "digits" and unit is None and _CAPITAL_BEFORE.search(left) and not _EACH.match(right)
    if named and not _is_party(left):
        return "unit_name"
    if unit is None and _is_elliptic(text, numeral, right):
        return "people"
    return "other"


def _is_party(left: str) -> bool:
    """Whether the word before a number is a country or its capital, which may have or let go so many ("and Moscow 97")."""
    word = _LAST_WORD.search(left)
    known = lexicon().parties.get(word[1], ()) if word else ()
    return word is not None and any(entry.phrase == word[1] and entry.form in {"name", "capital"} for entry in known)


_LAST_WORD = re.compile(r"([A-Z][A-Za-z]{1,20})\s$")


def _direct_role(numeral: Numeral, left: str, right: str, *, in_date: bool) -> str | None:
    """The role that the characters next to the numeral give."""
    is_year = numeral.form == "digits" and numeral.value is not None and 1900 <= numeral.value < 2100
    if _MONEY_BEFORE.search(left):
        return "money"
    if _PERCENT_AFTER.match(right):
        return "percent"
    if _UNIT_NAME_AFTER.match(right) and numeral.is_ordinal:
        return "unit_name"
    if in_date and numeral.form == "digits":
        return "year" if is_year and numeral.end - numeral.start == 4 else "date"
    if numeral.is_ordinal:
        return "ordinal"
    if _AGE_AFTER.match(right) or _AGE_BEFORE.search(left):
        return "age"
    if _BIG_BEFORE.search(left):
        return "unit_name"
    if _PHASE_BEFORE.search(left):
        return "ordinal"
    if numeral.form != "digits":
        return None
    if _CLOCK_AFTER.match(right) or _CLOCK_BEFORE.search(left):
        return "time"
    if _NAMED_BEFORE.search(left[-_NEAR:]):
        return "unit_name"
    is_age = numeral.value is not None and numeral.value < 120 and numeral.max is None and numeral.other is None
    return "age" if is_age and _NAME_BEFORE.search(left) and _AGE_END.match(right) else None


def _is_elliptic(text: str, numeral: Numeral, right: str) -> bool:
    """Whether a number without a noun ("a total of 124", "390 of them") stands for people, as its sentence tells."""
    if numeral.form != "vague" and (numeral.value is None or numeral.value > _MOST_ELLIPTIC):
        return False
    if _PARTITIVE.match(right) or _DONE_TO_PEOPLE.match(right):
        return True
    if re.match(r"[-–/:°]\w|\.\d", right):
        return False
    before = text[max(0, numeral.start - _ELLIPSIS) : numeral.start]
    return _OF_PEOPLE.search(_SENTENCE_BORDER.split(before)[-1].lower()) is not None
