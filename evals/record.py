"""The scoring shape: what gold and a service's answer are both turned into before anything is compared.

Names stand as written here; `evals.normalise` turns them into ids. Vocabularies are those of the service's contract.
How it is compared is told in `evals/SCORING.md`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many of one category. `n` is None where the text has only a word ("dozens", then in `word`).

    `claimed_by` None means that nobody noted whose number it is (nothing to score); () means the article's own voice.
    `accept` are other answers that count as right; an `optional` count is neither asked for nor punished when right.
    """

    category: str
    n: int | None = None
    n_max: int | None = None
    qualifier: str = "exact"
    word: str | None = None
    scope: str = "act"
    claimed_by: tuple[str, ...] | None = None
    accept: tuple[Count, ...] = ()
    optional: bool = False

    @property
    def is_stated(self) -> bool:
        """Whether there is a value at all: a number, a vague word, or that the number was withheld."""
        return self.n is not None or self.qualifier in ("vague", "undisclosed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """People (or remains) that `source` released to `target`."""

    source: str | None
    target: str | None
    counts: tuple[Count, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A place of hand-over or a mediator; `accept` and `optional` as in `Count`. `phrase` is a place in the article's words."""

    name: str
    phrase: str = ""
    accept: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One event. `date` is EDTF level 0: "2025-05-23", "2025-05", "2025", "A/B", "../B", "A/.." or None.

    `alternatives` are pairs of a slot (status, kind, date) and another right value for it; the value None makes it optional.
    """

    status: str | None = None
    kind: str | None = None
    date: str | None = None
    places: tuple[Named, ...] = ()
    mediators: tuple[Named, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    alternatives: tuple[tuple[str, str | None], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Who said it. `mention` is the span that attributes the quotation; `also` other names known for the same speaker.

    `resolved` is False where a corpus marks mentions ("he", "Vermont Gov. Ada Moll") and links them by machine or not at all.
    """

    name: str | None
    mention: tuple[int, int] | None = None
    kind: str | None = None
    also: tuple[str, ...] = ()
    resolved: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A quotation: `spans` are half-open ranges of code points; `kind` is direct, mixed or indirect.

    `text` is the wording that an engine gave (checked against the spans; None for gold). `spans` is empty where an engine
    gave words only. `ignore` says why a gold quotation is neither asked for nor punished ("nested", "unspoken", "marked").
    """

    spans: tuple[tuple[int, int], ...]
    kind: str
    voice: Voice | None = None
    cue: str | None = None
    text: str | None = None
    ignore: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """All that is known, or was answered, of one article; `contents` are whole reported contents, where they were asked for."""

    exchanges: tuple[Exchange, ...] = ()
    quotes: tuple[Quote, ...] = ()
    contents: tuple[Quote, ...] = ()


def edtf(start: str | None, end: str | None) -> str | None:
    """One EDTF expression for a start and an end.

    >>> edtf("2025-05-23", "2025-05-23"), edtf("2025-05-23", None), edtf(None, "2025"), edtf("2025", "2026")
    ('2025-05-23', '2025-05-23/..', '../2025', '2025/2026')
    """
    if start == end:
        return start
    return f"{start or '..'}/{end or '..'}"
