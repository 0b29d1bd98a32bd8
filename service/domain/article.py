"""The article as it is read: clean text and what is known about it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """A news article in clean text; every offset in the service counts code points of `text`."""

    text: str
    id: str | None = None
    title: str | None = None
    url: str | None = None
    published_at: date | None = None
    language: str | None = None
    from_html: bool = False

    @property
    def sha256(self) -> str:
        """Hex SHA-256 of the clean text in UTF-8."""
        return hashlib.sha256(self.text.encode()).hexdigest()
