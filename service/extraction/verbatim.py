"""The last look before anything leaves or is stored: the words of every span stand where it says they do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache

from service.domain.record import Extraction


def require_verbatim(extraction: Extraction, text: str) -> Extraction:
    """The extraction, if every span in it is verbatim; RuntimeError, a fault of ours, if one is not."""
    for start, end in _misplaced(extraction, text):
        raise RuntimeError(f"the span from {start} to {end} of {extraction.id} does not hold its words")
    return extraction


def _misplaced(value: object, text: str) -> Iterator[tuple[int, int]]:
    if isinstance(value, tuple):
        for one in value:
            yield from _misplaced(one, text)
    elif is_dataclass(value) and not isinstance(value, type):
        found = {name: getattr(value, name) for name in _names(type(value))}
        start, end = found.get("start"), found.get("end")
        # A date has a start, an end and words, too; its start is no offset.
        if isinstance(start, int) and isinstance(end, int) and text[start:end] != found.get("text"):
            yield start, end
        for one in found.values():
            yield from _misplaced(one, text)


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))
