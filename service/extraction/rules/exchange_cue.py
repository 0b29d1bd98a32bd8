"""Cue patterns that ignore case: matched in lower case, which the regex engine does several times faster than IGNORECASE."""

from __future__ import annotations

import re
from collections.abc import Iterator


class Cue:
    """A pattern in lower case. Its matches are for yes or no; their offsets are those of the lower-cased words."""

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern)

    def search(self, words: str) -> re.Match[str] | None:
        """The first match anywhere in the words."""
        return self._pattern.search(words.lower())

    def match(self, words: str) -> re.Match[str] | None:
        """A match at the beginning of the words."""
        return self._pattern.match(words.lower())

    def finditer(self, words: str) -> Iterator[re.Match[str]]:
        """All matches."""
        return self._pattern.finditer(words.lower())
