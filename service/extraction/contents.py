"""Quotations and whole contents brought together: which content a quotation is part of, and which contents hold none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from service.domain.evidence import Span
from service.domain.record import ContentRecord, QuoteRecord


def with_contents(
    quotes: Sequence[QuoteRecord], contents: Sequence[ContentRecord]
) -> tuple[tuple[QuoteRecord, ...], tuple[ContentRecord, ...]]:
    """The quotations with the content around each, and the contents that hold no quotation of their speaker, renumbered.

    A quotation belongs to the shortest content that holds it and has its speaker; without one its own words are its content.
    """
    held: set[str] = set()
    told: list[QuoteRecord] = []
    for quote in quotes:
        around = [content for content in contents if _holds(content, quote)]
        held.update(content.id for content in around)
        best = min(around, key=lambda content: content.spans[-1].end - content.spans[0].start, default=None)
        own = Span(quote.start, quote.end, quote.text)
        told.append(replace(quote, content=best.spans if best is not None else (own,)))
    left = (content for content in contents if content.id not in held)
    return tuple(told), tuple(replace(content, id=f"c{number}") for number, content in enumerate(left, 1))


def _holds(content: ContentRecord, quote: QuoteRecord) -> bool:
    inside = content.spans[0].start <= quote.start and quote.end <= content.spans[-1].end
    if not inside or content.speaker is None or quote.speaker is None:
        return inside
    return content.speaker.name == quote.speaker.name or content.speaker.mention == quote.speaker.mention
