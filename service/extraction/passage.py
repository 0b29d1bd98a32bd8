"""Where a passage stands that is given by its first and last words: whole words, and the occurrence that is meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.domain.evidence import Span, span_of
from service.text.locate import locate

_MOST = 60
_UP_TO_CLAUSE = re.compile(r"[\s,:–—-]*(?:that\s+)?")
_DATELINE = re.compile(
    r"[A-Z][A-Z .'/-]{2,40}(?:, [A-Z][\w. ]{1,20}){0,2}(?:\([^)]{1,30}\))? ?(?:[:–—]|--?) |[A-Z]{3,}(?:/[A-Z]{3,})+ "
)
"""Where a report was written from ("LIMA, Peru (AP) - ", "ROME/PARIS "): nobody says that."""
_CLOSES = re.compile(r"\s*(?:[,.;:!?)\]–—”’\"']|-\s|$)")


def occurrences(words: str, text: str, *, start: int, end: int) -> Iterator[Span]:
    """The places in `text[start:end]` where `words` stand as whole words, in order, the first of them in a flood."""
    at = start
    for _ in range(_MOST):
        found = locate(words, text, start=at, end=end)
        if found is None:
            return
        at = found.start + 1
        if not _cuts_word(found, text):
            yield found


def passage(first: str | None, last: str | None, text: str, *, start: int, end: int, cue: str | None = None) -> Span | None:
    """The span from `first` (or `start`, behind a dateline) to `last` (or `end`); None if a part is missing.

    Of several places for `first`, the one right after the cue is meant ("he said he knew"); of several for `last`, the first
    that a clause may end at.

    >>> passage("he", "Kiel", "He said he knew that Kiel fell, not Kiel alone.", start=0, end=47, cue="said")
    Span(start=8, end=25, text='he knew that Kiel')
    """
    opening = _opening(first, text, start, end, cue) if first is not None else _beginning(text, start, end)
    if opening is None:
        return None
    if last is None:
        return span_of(text, opening.start, end)
    closings = [one for one in occurrences(last, text, start=opening.start, end=end) if one.end >= opening.end]
    # Words that begin inside the opening ones ("the bread and", "and salt") are the last choice.
    after = [one for one in closings if one.start >= opening.end] or closings
    closing = next((one for one in after if _CLOSES.match(text, one.end, end)), after[0] if after else None)
    return span_of(text, opening.start, closing.end) if closing is not None else None


def cue_span(words: str, sentence: Span, found: Span, text: str) -> Span | None:
    """The cue nearest to the passage: before it, after it, and inside it only as a last resort (a parenthetical cue)."""
    before = list(occurrences(words, text, start=sentence.start, end=found.start))
    if before:
        return before[-1]
    after = next(occurrences(words, text, start=found.end, end=sentence.end), None)
    return after or next(occurrences(words, text, start=sentence.start, end=sentence.end), None)


def _opening(words: str, text: str, start: int, end: int, cue: str | None) -> Span | None:
    found = list(occurrences(words, text, start=start, end=end))
    if len(found) > 1 and cue is not None:
        cues = [one.end for one in occurrences(cue, text, start=start, end=end)]
        for one in found:
            if any(at <= one.start and _UP_TO_CLAUSE.fullmatch(text, at, one.start) for at in cues):
                return one
    return found[0] if found else None


def _beginning(text: str, start: int, end: int) -> Span:
    dateline = _DATELINE.match(text, start, end)
    at = dateline.end() if dateline is not None else start
    return Span(at, at, "")


def _cuts_word(span: Span, text: str) -> bool:
    before, after = text[span.start - 1 : span.start], text[span.end : span.end + 1]
    return (before.isalnum() and span.text[0].isalnum()) or (after.isalnum() and span.text[-1].isalnum())
