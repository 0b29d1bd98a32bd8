"""Quotation figures as the published tables on PolNeAR count them: beside our own, so that peers can be compared.

Differs from `evals.quotations` in this: spans are cut at quotation marks and paragraph ends; they overlap when the common
words are 0.8 of the longer one's; pairs are taken best first; a name is right when its words are among the other's.
Views: direct (contents wholly in marks), quoted (mixed ones' passages too), content (whole contents, uncut).
`speech_only` leaves out contents that are no speech: neither to be found nor wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields

from evals.corpora.contents import kind_by_marks
from evals.corpora.marks import quoted_regions
from evals.record import Quote, Voice

Span = tuple[int, int]
VIEWS = ("direct", "quoted", "content")
_OVERLAP = 0.8
_EDGE = " \t\r\n\u00a0\"“”„‟«»`'‘’.,;:!?—–-―…()[]"
_WORD = re.compile(r"\w+(?:[’'\-.]\w+)*")
_THAT = re.compile(r"that\s+", re.IGNORECASE)
_NAME_WORD = re.compile(r"[^\W_]+(?:[’'\-.][^\W_]+)*[’']?s?")
_PRONOUN_WORDS = """
he him his himself she her herself it they them themselves this that these those one i you we who whom
"""
_PRONOUNS = frozenset(_PRONOUN_WORDS.split()) - {"these", "his"}
_TITLE_WORDS = """
a an the his her its their our my and mr mrs ms miss dr sir lord lady prof professor former ex vice prime foreign president
king queen prince princess pope chancellor minister secretary senator sen representative rep congressman congresswoman governor
gov mayor judge justice general gen colonel col captain capt lieutenant lt sergeant sgt officer chief director ceo chairman
chairwoman spokesman spokeswoman spokesperson
"""
_TITLES = frozenset(_TITLE_WORDS.split())


@dataclass(frozen=True, slots=True)
class ViewTally:
    """Counts of one view; they add up over articles. `speakers` are overlapping pairs whose gold names a speaker."""

    gold: int = 0
    predicted: int = 0
    exact: int = 0
    overlap: int = 0
    attributed: int = 0
    attributed_exact: int = 0
    speakers: int = 0
    mention: int = 0
    entity: int = 0

    def __add__(self, other: ViewTally) -> ViewTally:
        return ViewTally(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def f1(self, found: int) -> float | None:
        """2·found / (gold + predicted)."""
        return 2 * found / (self.gold + self.predicted) if self.gold + self.predicted else None


@dataclass(frozen=True, slots=True)
class _Unit:
    """A stretch of text and the quotation that it comes from."""

    span: Span
    quote: Quote


def view_quotes(
    text: str,
    contents: Sequence[Quote],
    predicted: Sequence[Quote],
    *,
    whole: Sequence[Quote] = (),
    speech_only: bool = False,
) -> Mapping[str, ViewTally]:
    """The tally of each view of one article; `contents` are whole gold contents (`Case.contents`).

    `whole` are the whole contents that were answered, for the view "content"; where there are none, the quotations stand in.
    """
    regions = quoted_regions(text)
    skipped = {"nested", "marked"} | ({"unspoken"} if speech_only else set())
    asked = [quote for quote in contents if quote.ignore not in skipped]
    excused = [quote for quote in contents if quote.ignore in skipped]
    answers = [quote for quote in predicted if quote.spans]
    gold = _units(text, asked, regions, prefer_named=False)
    direct = [unit for unit in gold if kind_by_marks(text, unit.quote.spans, regions) == "direct"]
    others = [unit for unit in gold if kind_by_marks(text, unit.quote.spans, regions) != "direct"]
    ignored = [unit for quote in excused for unit in _units(text, [quote], regions, prefer_named=False)]
    marked = [quote for quote in answers if kind_by_marks(text, quote.spans, regions) != "indirect"]
    given = _units(text, marked, regions, prefer_named=True)
    hulls = [_Unit(_content_edges(text, _hull(quote)), quote) for quote in asked]
    hulls_ignored = [_Unit(_content_edges(text, _hull(quote)), quote) for quote in excused]
    hulls_given = _first_of_each([_Unit(_content_edges(text, _hull(quote)), quote) for quote in whole or answers])
    return {
        "direct": _tally(text, direct, ignored + others, given, inside=True),
        "quoted": _tally(text, gold, ignored, given, inside=True),
        "content": _tally(text, hulls, hulls_ignored, hulls_given, inside=False),
    }


def _tally(text: str, gold: Sequence[_Unit], ignored: Sequence[_Unit], given: Sequence[_Unit], *, inside: bool) -> ViewTally:
    pairs = _pair(text, gold, given)
    left = [j for j in range(len(given)) if j not in {j for _, j in pairs}]
    excused = {left[j] for _, j in _pair(text, ignored, [given[j] for j in left])}
    if inside:  # a prediction that lies wholly in an ignored stretch is no mistake either
        excused |= {j for j in left if any(_holds(unit.span, given[j].span) for unit in ignored)}
    tally = ViewTally(gold=len(gold), predicted=len(given) - len(excused))
    for i, j in pairs:
        exact = int(gold[i].span == given[j].span)
        ours, theirs = gold[i].quote.voice, given[j].quote.voice
        mention, entity = _speaker(text, ours, theirs) if ours is not None else (False, True)
        named = int(ours is not None)
        tally += ViewTally(
            overlap=1, exact=exact, attributed=int(entity), attributed_exact=int(entity) * exact,
            speakers=named, mention=int(mention) * named, entity=int(entity) * named,
        )  # fmt: skip
    return tally


def _pair(text: str, gold: Sequence[_Unit], given: Sequence[_Unit]) -> list[tuple[int, int]]:
    """One-to-one pairs, the best overlap first (exact ones before all)."""
    candidates = []
    words = [_words(text, unit.span) for unit in given]
    for i, ours in enumerate(gold):
        asked = _words(text, ours.span)
        for j, theirs in enumerate(given):
            if ours.span[0] < theirs.span[1] and theirs.span[0] < ours.span[1]:
                longer = max(len(asked), len(words[j]))
                overlap = len(asked & words[j]) / longer if asked and words[j] else 0.0
                if overlap >= _OVERLAP or ours.span == theirs.span:
                    candidates.append((ours.span == theirs.span, overlap, -abs(i - j), i, j))
    rows: set[int] = set()
    columns: set[int] = set()
    pairs = []
    for *_, i, j in sorted(candidates, reverse=True):
        if i not in rows and j not in columns:
            rows.add(i)
            columns.add(j)
            pairs.append((i, j))
    return pairs


def _units(text: str, quotes: Sequence[Quote], regions: Sequence[Span], *, prefer_named: bool) -> list[_Unit]:
    """The passages in marks of some quotations, edges trimmed, each once."""
    units = []
    for quote in quotes:
        start, end = _hull(quote)
        for a, b in regions:
            if max(start, a) < min(end, b):
                span = _edges(text, (max(start, a), min(end, b)))
                if _words(text, span):
                    units.append(_Unit(span, quote))
    return _first_of_each(units, prefer_named=prefer_named)


def _first_of_each(units: Sequence[_Unit], *, prefer_named: bool = False) -> list[_Unit]:
    """One unit for each span: the first, or the first that names a speaker."""
    found: dict[Span, _Unit] = {}
    for unit in units:
        if unit.span[0] >= unit.span[1]:
            continue
        known = found.get(unit.span)
        if known is None or (prefer_named and known.quote.voice is None and unit.quote.voice is not None):
            found[unit.span] = unit
    return list(found.values())


def _hull(quote: Quote) -> Span:
    return quote.spans[0][0], quote.spans[-1][1]


def _holds(outer: Span, inner: Span) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def _edges(text: str, span: Span) -> Span:
    start, end = span
    while start < end and text[start] in _EDGE:
        start += 1
    while end > start and text[end - 1] in _EDGE:
        end -= 1
    return start, end


def _content_edges(text: str, span: Span) -> Span:
    start, end = _edges(text, span)
    that = _THAT.match(text, start, end)
    return _edges(text, (that.end(), end)) if that else (start, end)


def _words(text: str, span: Span) -> set[Span]:
    return {match.span() for match in _WORD.finditer(text, *span)}


def _speaker(text: str, gold: Voice, predicted: Voice | None) -> tuple[bool, bool]:
    """Whether the mention is right, and whether the mention or the name is."""
    if predicted is None:
        return False, False
    mention = bool(gold.mention and predicted.mention and _words(text, gold.mention) & _words(text, predicted.mention))
    mention = mention or agree(predicted.name, gold.name)
    return mention, mention or any(agree(predicted.name, name) for name in gold.also)


def agree(one: str | None, other: str | None) -> bool:
    """Whether two names can stand for one speaker: titles aside, the words of one are among the other's.

    >>> agree("Mr. Okafor", "Ngozi Okafor"), agree("he", "Ngozi Okafor")
    (True, False)
    """
    a, b = _core(one or ""), _core(other or "")
    if not a or not b:
        return False
    low_a, low_b = [word.casefold() for word in a], [word.casefold() for word in b]
    if low_a == low_b:
        return True
    if set(low_a) <= _PRONOUNS or set(low_b) <= _PRONOUNS:
        return False
    short, long, original = (low_a, low_b, a) if len(low_a) <= len(low_b) else (low_b, low_a, b)
    if set(short) <= set(long):
        return short[-1] == long[-1] or any(word[0].isupper() for word in original)
    return len(short) > 1 and short[0] == long[0] and short[-1] == long[-1]


def _core(name: str) -> list[str]:
    words = [re.sub(r"[’']s?$", "", word) for word in _NAME_WORD.findall(name)]
    words = [word for word in words if word]
    return [word for word in words if word.casefold().strip(".") not in _TITLES] or words


def write_rows(cases: Sequence[tuple[str, Sequence[Quote]]], dump: Callable[[object], str]) -> str:
    """Predictions as JSON Lines in the form that outside scorers of such corpora read (one row an article)."""
    rows = []
    for id_, quotes in cases:
        items = []
        for quote in quotes:
            voice = quote.voice
            mention = voice.mention if voice is not None and voice.mention is not None else (None, None)
            start, end = _hull(quote) if quote.spans else (None, None)
            items.append({
                "start": start, "end": end, "kind": quote.kind, "speaker": voice.name if voice is not None else None,
                "speaker_start": mention[0], "speaker_end": mention[1], "cue": quote.cue,
                **({} if quote.spans else {"quote": quote.text}),
            })  # fmt: skip
        rows.append(dump({"id": id_, "quotes": items}))
    return "\n".join(rows) + "\n"
