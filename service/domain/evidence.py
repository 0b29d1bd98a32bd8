"""Spans: where in the clean text something stands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open range of Unicode code points in the clean text; always `article.text[start:end] == text`."""

    start: int
    end: int
    text: str

    def overlaps(self, other: Span) -> bool:
        """Whether the two spans share at least one character."""
        return self.start < other.end and other.start < self.end

    def contains(self, other: Span) -> bool:
        """Whether `other` lies wholly inside this span."""
        return self.start <= other.start and other.end <= self.end


def span_of(text: str, start: int, end: int) -> Span:
    """The span of `text` from `start` to `end`.

    >>> span_of("Bread and salt", 10, 14)
    Span(start=10, end=14, text='salt')
    """
    return Span(start, end, text[start:end])
