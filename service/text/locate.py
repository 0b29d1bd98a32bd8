"""Finding words in the clean text: exactly, or but for the style of marks, dashes and white space."""

from __future__ import annotations

import re
from bisect import bisect_right

from service.domain.evidence import Span, span_of

_PLAIN = {ord(mark): '"' for mark in "“”„‟«»″＂"}
_PLAIN |= {ord(mark): "'" for mark in "‘’‚‛‹›`´′＇"}
_PLAIN |= {ord(mark): "-" for mark in "‐‑‒–—―−"}
_PLAIN |= {ord(space): " " for space in "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\u00a0\u1680\u2028\u2029\u202f\u205f\u3000"}
_PLAIN |= dict.fromkeys(range(0x2000, 0x200B), " ")
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
# What a plain text is shorter for: runs of white space, and characters nobody sees.
_FOLDED = re.compile(rf"[ {_INVISIBLE}]{{2,}}|[{_INVISIBLE}]")


def locate(words: str, text: str, *, start: int = 0, end: int | None = None) -> Span | None:
    """Where `words` first stand in `text[start:end]`, None where they do not.

    First as they are, then insensitive to the style of quotation marks and dashes, to the amount and kind of white space
    and to the case of the first letter. Nothing else is forgiven: no fuzzy matching. Offsets count code points of `text`.

    >>> locate("Bread - 'and' salt", "He ate. bread – ‘and’  salt, wine")
    Span(start=8, end=27, text='bread – ‘and’  salt')
    """
    low, high = _bounds(text, start, end)
    words = words.strip()
    if not words:
        return None
    at = text.find(words, low, high)
    if at >= 0:
        return span_of(text, at, at + len(words))
    wanted = _plain(words)[0].strip()
    plain, starts, shifts = _plain(text[low:high])
    if not wanted:
        return None
    found = [at for at in {plain.find(form) for form in _first_letter_forms(wanted)} if at >= 0]
    if not found:
        return None
    first, last = (
        low + at + shifts[bisect_right(starts, at) - 1] for at in (min(found), min(found) + len(wanted) - 1)
    )  # fmt: skip
    return span_of(text, first, last + 1)


def locate_range(first: str, last: str, text: str, *, start: int = 0, end: int | None = None) -> Span | None:
    """The span from where `first` begins to where the next `last` ends; None if one of them is missing.

    `last` may lie inside `first` or overlap it ("the bread and", "and salt"), as long as it does not begin before it.

    >>> locate_range("the bread", "salt", "He ate the bread and the salt.")
    Span(start=7, end=29, text='the bread and the salt')
    """
    opening = locate(first, text, start=start, end=end)
    if opening is None:
        return None
    closing = locate(last, text, start=opening.end, end=end) or locate(last, text, start=opening.start, end=end)
    if closing is None or closing.end < opening.end:
        return None
    return span_of(text, opening.start, closing.end)


def _bounds(text: str, start: int, end: int | None) -> tuple[int, int]:
    """The range clipped to the text."""
    low = min(max(start, 0), len(text))
    return low, max(low, len(text) if end is None else min(end, len(text)))


def _plain(text: str) -> tuple[str, list[int], list[int]]:
    """The text in plain marks and single spaces, and the way back: from offset `starts[i]` of the plain text on, the same character
    stands `shifts[i]` further in `text`.
    """
    text = text.translate(_PLAIN)
    pieces: list[str] = []
    starts, shifts = [0], [0]
    end = length = 0
    for match in _FOLDED.finditer(text):
        space = " " if " " in match.group() else ""
        pieces += (text[end : match.start()], space)
        length += match.start() - end + len(space)
        end = match.end()
        starts.append(length)
        shifts.append(end - length)
    pieces.append(text[end:])
    return "".join(pieces), starts, shifts


def _first_letter_forms(words: str) -> list[str]:
    """The words with their first letter as given, small and capital (only where that keeps the length)."""
    for at, letter in enumerate(words):
        if letter.isalpha():
            changed = [form for form in (letter.lower(), letter.upper()) if len(form) == 1 and form != letter]
            return [words, *(words[:at] + form + words[at + 1 :] for form in changed)]
    return [words]
