"""Quotation marks as they stand in a text: what each can be, by its glyph and its neighbours. Apostrophes are no marks."""

from __future__ import annotations

import re
from collections.abc import Iterator
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


# Many marks in a row are an ornament; they would only cost time.
_RUN = r"[\"'“”„‟‘’‚‛«»‹›`´″＂]{8,}"
_MEASURE = r"\d['’′]\s?\d{1,2}(?:[\"”″]|''|’’)|\d['’′]\d{1,2}(?!\d)"
_DOUBLE = re.compile(rf"({_RUN}|{_MEASURE})|''|``|‘‘|’’|[\"“”„‟«»‹›″＂]")
_SINGLE = re.compile(rf"({_RUN}|{_MEASURE}|(?<!\w)['‘’]n['’](?!\w))|''|``|‘‘|’’|['‘’‚‛`´]")
_STYLE = {
    '"': "straight", "″": "straight", "＂": "straight", "“": "curly", "”": "curly", "‟": "curly", "„": "low-high",
    "‚": "low-high", "«": "guillemets", "»": "guillemets", "‹": "guillemets", "›": "guillemets", "''": "doubled",
    "``": "doubled", "‘‘": "doubled", "’’": "doubled", "'": "single", "‘": "single", "’": "single", "‛": "single",
    "`": "single", "´": "single",
}  # fmt: skip
_OWN_FAMILY = {"«": "guillemets", "»": "guillemets", "‹": "inner", "›": "inner"}
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
_DROPPED = re.compile(r"(?:[A-Za-z]{2,}in|\b(?:o|an|ol|th|wi|lil|yo|mo|bo|fo|s))$")


def double_marks(text: str, low: int, high: int) -> Iterator[Mark]:
    r"""Double marks, guillemets and doubled singles between two offsets (a paragraph's); inches are left out or WEAK.

    >>> [mark.kind.name for mark in double_marks('He is 5\'10" and "fine".', 0, 23)]
    ['OPEN', 'CLOSE']
    """
    for match in _DOUBLE.finditer(text, low, high):
        if match.group(1) is None:
            before = text[match.start() - 1] if match.start() > low else " "
            after = text[match.end()] if match.end() < high else " "
            yield Mark(match.start(), match.end(), match.group(), _double_kind(match.group(), before, after))


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


def single_marks(text: str, low: int, high: int) -> Iterator[Mark]:
    """Single marks between two offsets; what can only be an apostrophe (don't, '90s, rock 'n' roll) is left out.

    >>> [(mark.start, mark.kind.name) for mark in single_marks("the prisoners' 'long' day's end", 0, 31)]
    [(13, 'WEAK'), (15, 'OPEN'), (20, 'CLOSE')]
    """
    for match in _SINGLE.finditer(text, low, high):
        glyph = match.group()
        if len(glyph) > 1:
            continue
        start, end = match.span()
        before = text[start - 1] if start > low else " "
        after = text[end] if end < high else " "
        if before.isalnum() and after.isalnum():
            continue
        kind = _single_kind(text, match, before, after, high)
        if kind is not None:
            yield Mark(start, end, glyph, kind)


def _single_kind(text: str, match: re.Match[str], before: str, after: str, high: int) -> Kind | None:
    glyph = match.group()
    opens, closes = _shape(before, after)
    if opens == closes:
        return None
    if opens:
        if glyph in "'’" and (_LEADING.match(text, match.end()) or _is_short_year(text, match)):
            return None
        return Kind.EITHER if glyph in "’´" else Kind.OPEN
    if glyph in "‘‚‛":
        return Kind.CLOSE
    if before in "sSxXzZ" and after.isspace() and not _NO_NOUN.match(text, match.end(), high) and _goes_on(text[match.end() + 1 : min(match.end() + 2, high)]):
        return Kind.WEAK
    return Kind.WEAK if _DROPPED.search(text, max(0, match.start() - 12), match.start()) else Kind.CLOSE


def _goes_on(following: str) -> bool:
    """Whether a word, perhaps in marks, begins with this character."""
    return following.isalnum() or following in _MOSTLY_OPEN or following in ("'", '"')


def _is_short_year(text: str, match: re.Match[str]) -> bool:
    """'08, '24 with no lower-case word behind: a year, not a quotation that begins with a number."""
    return _SHORT_YEAR.match(text, match.end()) is not None
