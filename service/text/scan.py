"""The deterministic scan: all candidates of one article."""

from __future__ import annotations

import datetime as dt

from service.domain.candidate import Candidates
from service.text.dates import dates
from service.text.marks import attribution_lines, quoted_regions
from service.text.names import mentions
from service.text.numbers import numbers
from service.text.parties import parties, places
from service.text.segment import paragraphs, sentences


def scan(text: str, *, published_at: dt.date | None = None) -> Candidates:
    """Every candidate of the text, in document order, with ids. Pure and total: any string is an article.

    >>> found = scan("“Bread,” said Anna Hill.")
    >>> found.regions[0].span.text
    'Bread,'
    """
    blocks = paragraphs(text)
    clauses = sentences(text, blocks)
    regions = quoted_regions(text, blocks)
    lines = attribution_lines(text, blocks, regions)
    named, entities = mentions(text, paragraphs=blocks, sentences=clauses, regions=regions, lines=lines)
    return Candidates(
        text,
        paragraphs=blocks,
        sentences=clauses,
        regions=regions,
        lines=lines,
        mentions=named,
        entities=entities,
        numbers=numbers(text),
        dates=dates(text, published_at),
        places=places(text),
        parties=parties(text),
    )
