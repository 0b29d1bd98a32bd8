"""One article of a corpus with what is known of it, and what goes wrong when a corpus is read."""

from __future__ import annotations

from dataclasses import dataclass, replace

from evals.record import Quote, Records
from service.errors import InvalidInput

MARKED = frozenset(("direct", "mixed"))
QUOTE_KINDS = frozenset(("direct", "mixed", "indirect"))
ALL_LABELS = QUOTE_KINDS | {"exchanges"}


class CorpusInvalid(InvalidInput):
    """A corpus cannot be read."""

    def __init__(self, *, file: str, field: str, problem: str) -> None:
        self.file, self.field, self.problem = file, field, problem
        super().__init__(f"{file}: {field}: {problem}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An article and its gold.

    `labels` says which parts a corpus annotates ("direct", "mixed", "indirect", "exchanges"): what it does not annotate is
    not scored. `cluster` is the event (articles on one event succeed or fail together); `contents` are whole reported
    contents as PolNeAR-like corpora give them, uncut (for `evals.quote_views` only).
    """

    id: str
    text: str
    title: str | None
    published_at: str | None
    expected: Records
    tags: tuple[str, ...] = ()
    cluster: str = ""
    split: str | None = None
    labels: frozenset[str] = ALL_LABELS
    language: str | None = None
    contents: tuple[Quote, ...] = ()


def within(records: Records, labels: frozenset[str]) -> Records:
    """The part of an answer that a corpus can judge."""
    return replace(
        records,
        exchanges=records.exchanges if "exchanges" in labels else (),
        quotes=tuple(quote for quote in records.quotes if quote.kind in labels),
    )
