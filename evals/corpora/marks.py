"""Passages in double quotation marks, paragraph by paragraph, as corpora of news quotations are cut.

Simpler than the service's scanner on purpose: the judge must not share the code of what it judges.
"""

from __future__ import annotations

import re

_MARK = re.compile(r"``|''|[\"“”„‟«»]")
_OPENERS = ("“", "„", "‟", "``", "«")
_CLOSERS = ("”", "»")
_STRAIGHT = ('"', "''")
_LEFT = "([{—–-―:/‘'"
_RIGHT = ")]}.,;:!?—–-―’'…"


def paragraphs(text: str) -> list[tuple[int, int]]:
    """The lines of a text that are not empty, as offsets."""
    return [line.span() for line in re.finditer(r"[^\n]+", text)]


def quoted_regions(text: str) -> list[tuple[int, int]]:
    """Passages in double marks, marks included, none longer than its paragraph.

    A passage left open runs to the end of its paragraph; a closing mark in the next one that nothing opened ends a passage
    from that paragraph's beginning.
    """
    regions: list[tuple[int, int]] = []
    left_open = False
    for first, last in paragraphs(text):
        begun: int | None = None
        for mark in _MARK.finditer(text, first, last):
            opens = _opens(text, mark)
            if opens is None:
                opens = begun is None
            if opens and begun is None:
                begun = mark.start()
            elif begun is not None:
                if not opens or mark.group() in _STRAIGHT:  # a second typographic opener is nested: passed over
                    regions.append((begun, mark.end()))
                    begun = None
            elif left_open and not any(end > first for _, end in regions):
                regions.append((first, mark.end()))
            left_open = left_open and opens
        left_open = begun is not None
        if begun is not None:
            regions.append((begun, first + len(text[first:last].rstrip())))
    return sorted(regions)


def _opens(text: str, mark: re.Match[str]) -> bool | None:
    """Whether a mark opens a passage, closes one, or could do either (None)."""
    glyph = mark.group()
    if glyph in _OPENERS or glyph in _CLOSERS:
        return glyph in _OPENERS
    before = text[mark.start() - 1] if mark.start() else "\n"
    after = text[mark.end()] if mark.end() < len(text) else "\n"
    if glyph == "''":
        return None if before.isspace() else False
    left, right = before.isspace() or before in _LEFT, after.isspace() or after in _RIGHT
    return None if left == right else left
