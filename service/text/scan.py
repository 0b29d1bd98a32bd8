"""The deterministic scan: all candidates of one article."""

from __future__ import annotations

import datetime as dt

from service.domain.candidate import Candidates
from service.text.dates import MOST_DATES, dates
from service.text.marks import MOST_REGIONS, attribution_lines, quoted_regions
from service.text.names import mentions
from service.text.numbers import MOST_NUMBERS, numbers
from service.text.parties import parties, places
from service.text.segment import paragraphs, sentences

MOST_CHARACTERS = 300_000
"""What is read of a text: half as much again as 30,000 words take. Only a text that is hardly one is longer."""


def scan(text: str, *, published_at: dt.date | None = None) -> Candidates:
    """Every candidate of the text, in document order, with ids. Pure and total: any string is an article.

    What is left out because there is too much of it is named in `limits`; `text` is then the part that was read.

    >>> found = scan("“Bread,” said Anna Hill.")
    >>> found.regions[0].span.text
    'Bread,'
    """
    whole, text = len(text), text[:MOST_CHARACTERS]
    blocks = paragraphs(text)
    clauses = sentences(text, blocks)
    regions = quoted_regions(text, blocks)
    lines = attribution_lines(text, blocks, regions)
    named, entities = mentions(text, paragraphs=blocks, sentences=clauses, regions=regions, lines=lines)
    days = dates(text, published_at)
    counted = numbers(text, [(day.span.start, day.span.end) for day in days if day.span is not None])
    limits = {
        f"characters behind the first {MOST_CHARACTERS:,}": whole > MOST_CHARACTERS,
        f"quotation marks behind the first {MOST_REGIONS:,} pairs": len(regions) == MOST_REGIONS,
        f"numbers behind the first {MOST_NUMBERS:,}": len(counted) == MOST_NUMBERS,
        f"dates behind the first {MOST_DATES:,}": len(days) >= MOST_DATES,
    }
    return Candidates(
        text,
        paragraphs=blocks,
        sentences=clauses,
        regions=regions,
        lines=lines,
        mentions=named,
        entities=entities,
        numbers=counted,
        dates=days,
        places=places(text),
        parties=parties(text),
        limits=tuple(what for what, is_reached in limits.items() if is_reached),
    )
