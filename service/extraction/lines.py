"""The lines of an answer: small grammars, so that a quotation or a direction costs a few tokens instead of an object.

A line is text that one pattern describes; the wire model (`answer`) checks the pattern, this module reads the values.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_CATEGORIES = "total|military|civilian|women|men|children|wounded|bodies|hostages|prisoners|other"
_SCOPES = "both|so_far|held|plan|none"
_ROLES = "mediator|host|carrier|guarantor"
NOBODY, NO_QUOTATION = "?", "-"

QUOTE = r"(?P<q>Q[0-9]{1,5})(?: (?P<use>mixed|direct))? (?P<by>[^|\n]{1,300})"
MISSED = r"(?P<s>S[0-9]{1,5})(?: (?P<use>mixed|direct))? (?P<by>[^|\n]{1,300})\|(?P<words>[^|\n]{1,600})"
INDIRECT = r"(?P<s>S[0-9]{1,5}) (?P<by>[^|\n]{1,300})\|(?P<cue>[^|\n]{1,100})\|(?P<words>[^|\n]{1,600})"
_NUMBER = r"N[0-9]{1,5}[ab]?|sum|S[0-9]{1,5} [^;:>\n]{1,40}"
_COUNT = rf"(?:{_NUMBER}) (?:{_CATEGORIES})(?: by [^;\n]{{1,80}})?"
_NAMED = r"(?:only|with) [^;\n]{1,1000}"
WAY = (
    r"(?P<released_by>[^>:;\n]{1,120}) ?> ?(?P<returned_to>[^>:;\n]{1,120})"
    rf"(?:: ?(?P<items>(?:{_COUNT}|{_NAMED})(?:; ?(?:{_COUNT}|{_NAMED})){{0,40}}))?"
)
SENTENCES = r"S[0-9]{1,5}(?:,? S[0-9]{1,5}){0,59}"
WHAT = r"(?P<kind>prisoners|hostages|remains|unilateral) (?P<status>completed|ongoing|agreed|planned|proposed|failed)"
_DATE = r"D[0-9]{1,5}(?:=[0-9]{4}(?:-[0-9]{2}){0,2})?"
WHEN = rf"(?P<start>{_DATE}|-)(?: (?P<end>{_DATE}|-))?"
UNUSED = rf"N[0-9]{{1,5}}[ab]? (?:{_SCOPES})(?:[;,] ?N[0-9]{{1,5}}[ab]? (?:{_SCOPES})){{0,79}}"
THIRD = rf"[^;\n]{{1,120}} (?:{_ROLES})(?:; ?[^;\n]{{1,120}} (?:{_ROLES})){{0,19}}"

_TAG = re.compile(r"\[[QND][0-9]+(?:=[^\]]*)?\]")
_ITEM = re.compile(rf"(?P<reference>{_NUMBER}) (?P<category>{_CATEGORIES})(?: by (?P<by>[^;\n]{{1,80}}))?")
_LETTER = re.compile(r"[A-Z][0-9]?")
_NAMING = re.compile(r"(?P<letter>[A-Z][0-9]?) ?= ?(?P<name>.+)")


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """A region's line. `by` is None where nobody is named; `is_quotation` is false for words that nobody said."""

    q: str
    use: str
    by: str | None
    is_quotation: bool


@dataclass(frozen=True, slots=True)
class PassageLine:
    """A passage in its sentence. `first` is None where it begins with the sentence, `last` where it ends with it."""

    s: str
    use: str
    by: str | None
    cue: str | None
    first: str | None
    last: str | None


@dataclass(frozen=True, slots=True)
class CountItem:
    """One number of a direction; `reference` is an N tag, "sum", or a sentence and the words of a number without a tag."""

    reference: str
    category: str
    by: str | None


@dataclass(frozen=True, slots=True)
class WayLine:
    """A direction. `complete` says that exactly these people went, and how many is not stated otherwise."""

    released_by: str
    returned_to: str
    counts: tuple[CountItem, ...]
    people: tuple[str, ...]
    complete: bool


class Speakers:
    """The names behind the letters of one answer: "A=Mira Tolan" names her, "A" alone stands for her from then on."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        self.names: dict[str, str] = {}
        self.twice: list[tuple[str, str, str]] = []
        """Letters that stand for two names, with both."""
        for field in fields:
            found = _NAMING.fullmatch(field)
            if found is not None:
                known = self.names.setdefault(found["letter"], found["name"].strip())
                if known != found["name"].strip():
                    self.twice.append((found["letter"], known, found["name"].strip()))

    def name(self, field: str) -> str | None:
        """The name that a field stands for; None for a letter that nobody was given."""
        found = _NAMING.fullmatch(field)
        if found is not None:
            return found["name"].strip()
        return self.names.get(field) if _LETTER.fullmatch(field) else field


def quote_line(line: str) -> QuoteLine:
    """Read a line that fits QUOTE.

    >>> quote_line("Q3 mixed A=Mira Tolan")
    QuoteLine(q='Q3', use='mixed', by='A=Mira Tolan', is_quotation=True)
    """
    found = _fit(QUOTE, line)
    by = found["by"].strip()
    return QuoteLine(found["q"], found["use"] or "direct", None if by in (NOBODY, NO_QUOTATION) else by, by != NO_QUOTATION)


def passage_line(line: str, *, indirect: bool) -> PassageLine:
    """Read a line that fits INDIRECT, or MISSED.

    >>> passage_line("S9 B|said|They have .. Tuesday", indirect=True)
    PassageLine(s='S9', use='direct', by='B', cue='said', first='They have', last='Tuesday')
    """
    found = _fit(INDIRECT if indirect else MISSED, line)
    # A model may copy the tags along with the words.
    first, dots, last = _TAG.sub("", found["words"]).replace("…", "..").partition("..")
    first, last = first.strip(), last.strip(" .")
    by = found["by"].strip()
    return PassageLine(
        s=found["s"],
        use="direct" if indirect else found["use"] or "direct",
        by=None if by == NOBODY else by,
        cue=found["cue"].strip() if indirect else None,
        first=first or None,
        last=(last or None) if dots else first,
    )


def way_line(line: str) -> WayLine:
    """Read a line that fits WAY.

    >>> way_line("Valdoria > rebels: N1 total; N2 women by A").counts[1]
    CountItem(reference='N2', category='women', by='A')
    """
    found = _fit(WAY, line)
    counts: list[CountItem] = []
    people: list[str] = []
    complete = False
    for item in (part.strip() for part in (found["items"] or "").split(";")):
        head, _, rest = item.partition(" ")
        if head in ("only", "with"):
            people += [name for name in (part.strip() for part in rest.split(",")) if name]
            complete = complete or head == "only"
        elif count := _ITEM.fullmatch(item):
            counts.append(CountItem(count["reference"], count["category"], count["by"]))
    return WayLine(found["released_by"].strip(), found["returned_to"].strip(), tuple(counts), tuple(people), complete)


def what_line(line: str) -> tuple[str, str]:
    """Kind and status of a line that fits WHAT."""
    found = _fit(WHAT, line)
    return found["kind"], found["status"]


def when_line(line: str | None) -> tuple[str | None, str | None]:
    """Start and end of a line that fits WHEN, as D tags, "D4=2023-01" where another value is meant; one date alone is both.

    >>> when_line("D1"), when_line("D1 -"), when_line(None)
    (('D1', 'D1'), ('D1', None), (None, None))
    """
    if line is None:
        return None, None
    found = _fit(WHEN, line)
    start, end = found["start"], found["end"] or found["start"]
    return (None if start == "-" else start), (None if end == "-" else end)


def sentence_ids(line: str) -> tuple[str, ...]:
    """The sentences of a line that fits SENTENCES, each once."""
    return tuple(dict.fromkeys(re.findall(r"S[0-9]+", line)))


def third_line(line: str | None) -> tuple[tuple[str, str], ...]:
    """Names and roles of a line that fits THIRD."""
    entries = (entry.strip().rsplit(" ", 1) for entry in (line or "").split(";") if entry.strip())
    return tuple((name, role) for name, role in entries)


def _fit(pattern: str, line: str) -> re.Match[str]:
    """The match of a line that the wire model has let through."""
    found = re.fullmatch(pattern, line.strip())
    if found is None:
        raise ValueError(f"the line does not fit: {line[:60]!r}")
    return found
