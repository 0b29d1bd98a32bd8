"""Quotation marks as they stand in a text: what each can be, by its glyph and its neighbours. Apostrophes are no marks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    """What a mark can be. WEAK closes only if no better mark follows (the prisoners' return); EITHER depends on what is open."""

    OPEN = auto()
    CLOSE = auto()
    WEAK = auto()
    EITHER = auto()


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark of one or two characters, `text[start:end] == glyph`."""

    start: int
    end: int
    glyph: str
    kind: Kind

    @property
    def style(self) -> str:
        """The name of its style, as in `QuotedRegion.style`."""
        return _STYLE[self.glyph]

    @property
    def family(self) -> str:
        """Marks of one family can close each other ("curly" and "straight" are often mixed)."""
        return _OWN_FAMILY.get(self.glyph, "common")


_MARKS = "\"'“”„‟‘’‚‛«»‹›`´″＂"
_RUN = re.compile(rf"[{_MARKS}][{_MARKS}]*")
_MARK = re.compile(r"''|``|‘‘|’’|.")
# More marks in a row are an ornament; they would only cost time.
_LONGEST_RUN = 7
_STYLE = {
    '"': "straight", "″": "straight", "＂": "straight", "“": "curly", "”": "curly", "‟": "curly", "„": "low-high",
    "‚": "low-high", "«": "guillemets", "»": "guillemets", "‹": "guillemets", "›": "guillemets", "''": "doubled",
    "``": "doubled", "‘‘": "doubled", "’’": "doubled", "'": "single", "‘": "single", "’": "single", "‛": "single",
    "`": "single", "´": "single",
}  # fmt: skip
_OWN_FAMILY = {"«": "guillemets", "»": "guillemets", "‹": "inner", "›": "inner"}
_SINGLES = frozenset("'‘’‚‛`´")
_MOSTLY_OPEN = frozenset(("“", "„", "‟", "``", "‘‘", "«", "‹", "‘", "‚", "‛", "`"))
_MOSTLY_CLOSE = frozenset(("”", "’’", "»", "›", "’", "´"))
_BEFORE_OPENER = frozenset("([{<-–—―/:“„‟‘‚‛«‹\"'`…")
_AFTER_CLOSER = frozenset(".,;:!?…)]}>-–—―/”“’‘»›\"'´")

_LEADING = re.compile(
    r"(?:tis|twas|twere|twill|em|til|n|nuff|cos|coz|cuz|bout|tude|ello|neath|gainst|scuse|fraid|ave|ere|appen|ow)\b"
    r"|\d0s\b|\d\ds\b"
)
_SHORT_YEAR = re.compile(r"0\d\b|\d\d\b(?!\s+[a-z])|\d\d\s(?:and|or|to|but|election|season|campaign|race|cycle)\b")
# A possessive stands before a noun, so before one of these the mark closes a quotation.
_NO_NOUN = re.compile(
    r"\s(?:and|or|but|nor|in|on|at|to|for|from|with|by|of|as|than|is|was|were|are|has|have|had|will|would|can|could|may|might|must|should"
    r"|do|does|did|who|which|that|when|while|where|because|since|after|before|until|if|though|although|into|over|under|through|during"
    r"|said|says|told|he|she|they|it|we|i|you|the|a|an|this|these|those|his|her|their|its|not|also|so|then|about|against|between)\b"
)
_FEET_BEFORE = re.compile(r"\d['’′]\s?\d{1,2}$")
_INCHES_AFTER = re.compile(r"\s?\d{1,2}(?:[\"”″]|''|’’)")
_N_AFTER = re.compile(r"n['’‘](?!\w)")
_N_BEFORE = re.compile(r"(?:^|\s)['’‘]n$")
_DROPPED = re.compile(r"(?:[A-Za-z]{2,}in|\b(?:o|an|ol|th|wi|lil|yo|mo|bo|fo|s))$")


def marks_of(text: str, low: int, high: int) -> tuple[list[Mark], list[Mark]]:
    """The double marks (with guillemets and doubled singles) and the single marks between two offsets (a paragraph's).

    Feet and inches are left out, and what can only be an apostrophe (don't, '90s, rock 'n' roll).

    >>> text = "the prisoners' 'long' day's “end” at 5'"
    >>> [[(mark.glyph, mark.kind.name) for mark in marks] for marks in marks_of(text, 0, len(text) - 5)]
    [[('“', 'OPEN'), ('”', 'CLOSE')], [("'", 'WEAK'), ("'", 'OPEN'), ("'", 'CLOSE')]]
    """
    doubles: list[Mark] = []
    singles: list[Mark] = []
    for run in _RUN.finditer(text, low, high):
        first, last = run.span()
        if last - first > _LONGEST_RUN:
            continue
        for at in _MARK.finditer(text, first, last):
            start, end = at.span()
            glyph = at.group()
            before = text[start - 1] if start > low else " "
            after = text[end] if end < high else " "
            if before.isdigit() and _is_measure(text, start, end, low, high):
                continue
            if end - start == 2 or glyph not in _SINGLES:
                doubles.append(Mark(start, end, glyph, _double_kind(glyph, before, after)))
            else:
                kind = _single_kind(text, at, before, after, high)
                if kind is not None:
                    singles.append(Mark(start, end, glyph, kind))
    return doubles, singles


def _is_measure(text: str, start: int, end: int, low: int, high: int) -> bool:
    """Whether the mark behind a digit stands for feet (5'10") or for the inches behind them."""
    return (
        _FEET_BEFORE.search(text, max(low, start - 6), start) is not None or _INCHES_AFTER.match(text, end, high) is not None
    )


def _double_kind(glyph: str, before: str, after: str) -> Kind:
    opens, closes = _shape(before, after)
    if glyph in _MOSTLY_OPEN:
        return Kind.CLOSE if closes and not opens else Kind.OPEN
    if glyph in _MOSTLY_CLOSE:
        if not opens or closes:
            return Kind.CLOSE
        if glyph not in _OWN_FAMILY:
            return Kind.EITHER
        return Kind.OPEN if _goes_on(after) else Kind.CLOSE  # « x », with spaces inside, or »x«
    if opens == closes:
        return Kind.EITHER
    if opens:
        return Kind.OPEN
    return Kind.WEAK if before.isdigit() and after.isspace() else Kind.CLOSE


def _shape(before: str, after: str) -> tuple[bool, bool]:
    """Whether a mark between these two characters looks like an opener and like a closer."""
    opens = (before.isspace() or before in _BEFORE_OPENER) and not after.isspace()
    closes = (after.isspace() or after in _AFTER_CLOSER) and not before.isspace()
    if opens and closes:
        # Between two marks or dashes: a letter or digit on one side decides.
        opens, closes = not before.isalnum() and after.isalnum(), before.isalnum() and not after.isalnum()
    return opens, closes


def _single_kind(text: str, match: re.Match[str], before: str, after: str, high: int) -> Kind | None:
    glyph = match.group()
    opens, closes = _shape(before, after)
    if opens == closes or (before.isalnum() and after.isalnum()) or _is_letter_n(text, match, opens=opens, high=high):
        return None
    if opens:
        if glyph in "'’" and (_LEADING.match(text, match.end()) or _is_short_year(text, match)):
            return None
        return Kind.EITHER if glyph in "’´" else Kind.OPEN
    if glyph in "‘‚‛":
        return Kind.CLOSE
    following = text[match.end() + 1 : min(match.end() + 2, high)]
    if before in "sSxXzZ" and after.isspace() and _goes_on(following) and not _NO_NOUN.match(text, match.end(), high):
        return Kind.WEAK
    return Kind.WEAK if _DROPPED.search(text, max(0, match.start() - 12), match.start()) else Kind.CLOSE


def _goes_on(following: str) -> bool:
    """Whether a word, perhaps in marks, begins with this character."""
    return following.isalnum() or following in _MOSTLY_OPEN or following in ("'", '"')


def _is_letter_n(text: str, match: re.Match[str], *, opens: bool, high: int) -> bool:
    """Rock 'n' roll."""
    if opens:
        return _N_AFTER.match(text, match.end(), high) is not None
    return _N_BEFORE.search(text, max(0, match.start() - 3), match.start()) is not None


def _is_short_year(text: str, match: re.Match[str]) -> bool:
    """'08, '24 with no lower-case word behind: a year, not a quotation that begins with a number."""
    return _SHORT_YEAR.match(text, match.end()) is not None
