"""Cue patterns that ignore case: matched in lower case, which the regex engine does several times faster than IGNORECASE."""

from __future__ import annotations

import re
from collections.abc import Iterator


class Cue:
    """A pattern in lower case. Its matches are for yes or no; their offsets are those of the lower-cased words.

    `stems`: words without any of them cannot match, which plain searches find out faster than the pattern; with `reach` it is
    tried only so many characters before and after each stem.
    """

    def __init__(self, pattern: str, *, stems: tuple[str, ...] = (), reach: tuple[int, int] | None = None) -> None:
        self._pattern = re.compile(pattern)
        self._stems = stems
        self._reach = reach

    def search(self, words: str) -> re.Match[str] | None:
        """The first match anywhere in the words."""
        lower = words.lower()
        if self._stems and not any(stem in lower for stem in self._stems):
            return None
        return self._pattern.search(lower) if self._reach is None else self._near(lower, *self._reach)

    def _near(self, lower: str, back: int, ahead: int) -> re.Match[str] | None:
        for stem in self._stems:
            at = lower.find(stem)
            while at >= 0:
                match = self._pattern.search(lower, max(0, at - back), at + ahead)
                if match is not None:
                    return match
                at = lower.find(stem, at + len(stem))
        return None

    def finditer(self, words: str) -> Iterator[re.Match[str]]:
        """All matches."""
        return self._pattern.finditer(words.lower())
