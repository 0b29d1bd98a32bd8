"""Annotations as spans with labels and relations (brat, Label Studio), turned into quotations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from evals.corpora.contents import cut, kind_by_marks
from evals.corpora.marks import quoted_regions
from evals.record import Quote, Voice

_CONTENT = {
    "direct": "direct", "mixed": "mixed", "indirect": "indirect",
    "content": None, "quotation": None, "quote": None,
}  # fmt: skip
_SOURCES = frozenset(("source", "speaker"))
_CUES = frozenset(("cue",))


@dataclass(frozen=True, slots=True)
class Mark:
    """A labelled span (several ranges if it is discontinuous), in code points."""

    id: str
    label: str
    spans: tuple[tuple[int, int], ...]


def quotes_of(
    text: str, marks: Iterable[Mark], links: Iterable[tuple[str, str]]
) -> tuple[tuple[Quote, ...], tuple[Quote, ...]]:
    """Quotations and whole contents of marks; `links` are pairs of ids (content, source or cue), whatever their names.

    Labels are direct, mixed and indirect, or content (the kind then follows the quotation marks), source and cue.
    """
    by_id: Mapping[str, Mark] = {mark.id: mark for mark in marks}
    regions = quoted_regions(text)
    linked: dict[str, list[Mark]] = {}
    for one, other in links:
        for here, there in ((one, other), (other, one)):
            if here in by_id and there in by_id and by_id[here].label.casefold() in _CONTENT:
                linked.setdefault(here, []).append(by_id[there])
    contents = []
    for mark in by_id.values():
        if mark.label.casefold() not in _CONTENT:
            continue
        partners = linked.get(mark.id, [])
        source = next((p for p in partners if p.label.casefold() in _SOURCES), None)
        cue = next((p for p in partners if p.label.casefold() in _CUES), None)
        contents.append(Quote(
            spans=mark.spans,
            kind=_CONTENT[mark.label.casefold()] or kind_by_marks(text, mark.spans, regions),
            voice=None if source is None else _voice(text, source),
            cue=None if cue is None else _words(text, cue),
        ))  # fmt: skip
    contents.sort(key=lambda quote: quote.spans)
    return cut(text, contents), tuple(contents)


def _voice(text: str, source: Mark) -> Voice:
    """A speaker known by its mention only."""
    return Voice(name=_words(text, source), mention=(source.spans[0][0], source.spans[-1][1]), resolved=False)


def _words(text: str, mark: Mark) -> str:
    return " ".join(text[start:end] for start, end in mark.spans)
