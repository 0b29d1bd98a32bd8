"""Whole reported contents, as most corpora mark them, cut to this project's quotations.

A content with marks inside ("mixed") becomes one quotation for each passage in marks; an indirect one loses its "that".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from evals.corpora.marks import quoted_regions
from evals.record import Quote

_THAT = re.compile(r"that\s+", re.IGNORECASE)
_WORD = re.compile(r"\w")
_WORDS = re.compile(r"\w+")


def cut(text: str, contents: Sequence[Quote]) -> tuple[Quote, ...]:
    """The quotations in some contents, each span once."""
    regions = quoted_regions(text)
    found: dict[tuple[tuple[int, int], ...], Quote] = {}
    for content in contents:
        for quote in _cut(text, content, regions):
            found.setdefault(quote.spans, quote)
    return tuple(sorted(found.values(), key=lambda quote: quote.spans))


def _cut(text: str, content: Quote, regions: list[tuple[int, int]]) -> list[Quote]:
    if content.kind == "indirect":
        that = _THAT.match(text, content.spans[0][0], content.spans[0][1])
        first = (that.end(), content.spans[0][1]) if that and that.end() < content.spans[0][1] else content.spans[0]
        return [replace(content, spans=(first, *content.spans[1:]))]
    if content.kind == "direct":
        return [content]
    parts = [(max(start, a), min(end, b)) for start, end in content.spans for a, b in regions]
    parts = [(a, b) for a, b in parts if a < b and _WORD.search(text, a, b)]
    return [replace(content, spans=(part,)) for part in parts] or [content]


def kind_by_marks(text: str, spans: Sequence[tuple[int, int]], regions: Sequence[tuple[int, int]]) -> str:
    """Direct if all words stand in marks (`regions`), indirect if none does, else mixed."""
    words = [match.span() for start, end in spans for match in _WORDS.finditer(text, start, end)]
    inside = sum(any(a <= start and end <= b for a, b in regions) for start, end in words)
    return "indirect" if inside == 0 else "direct" if inside == len(words) else "mixed"
