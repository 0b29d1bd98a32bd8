"""Scoring quotations: sets of characters aligned by intersection over union; who said them; which kind.

chars(q) is the union of its spans, each trimmed of outer marks, white space and final punctuation, without white space.
Pairs are one-to-one, of greatest total IoU, allowed from IoU 0.5. Direct and mixed quotations ("marked") are the headline;
indirect speech stands apart. The groups "direct" and "mixed" ask for the right kind too.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace

from evals.alias import Names
from evals.assignment import assign
from evals.case import MARKED, QUOTE_KINDS
from evals.normalise import fold, key
from evals.outcome import ratio
from evals.quote_views import agree
from evals.record import Quote, Voice

Chars = frozenset[int]
_OUTER = "\"'“”„‟«»‹›‘’‚‛`´″＂ \t\r\n\u00a0\u202f\u2009"
_FINAL = ",.;:!?…"
_SIMILAR = 0.95
_ARTICLES = frozenset(("a", "an", "the"))
_DESCRIBED = frozenset(("organization", "unnamed"))
_SCALE = 10**9


@dataclass(frozen=True, slots=True)
class QuoteTally:
    """Counts of one group; all of them add up over articles. `mention_of` and `cue_of` are the pairs that could be judged."""

    gold: int = 0
    predicted: int = 0
    exact: int = 0
    overlap: int = 0
    overlap80: int = 0
    attributed: int = 0
    attributed80: int = 0
    exact_attributed: int = 0
    same_kind: int = 0
    mention: int = 0
    mention_of: int = 0
    cue: int = 0
    cue_of: int = 0
    chars_gold: int = 0
    chars_predicted: int = 0
    chars_common: int = 0

    def __add__(self, other: QuoteTally) -> QuoteTally:
        return QuoteTally(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def precision(self, found: int) -> float | None:
        """The share of predicted quotations among which `found` are right."""
        return ratio(found, self.predicted)

    def recall(self, found: int) -> float | None:
        """The share of gold quotations of which `found` are right."""
        return ratio(found, self.gold)

    def f1(self, found: int) -> float | None:
        """2·found / (gold + predicted)."""
        return ratio(2 * found, self.gold + self.predicted)


@dataclass(frozen=True, slots=True)
class QuotePair:
    """Two quotations that were aligned, by their positions in the lists given, and what is right about the answer."""

    gold: int
    predicted: int
    iou: float
    exact: bool
    speaker: bool
    mention: bool | None
    kind: bool
    cue: bool | None


@dataclass(frozen=True, slots=True)
class QuoteScore:
    """Tallies by group ("all", "marked", "direct", "mixed", "indirect") of one article or, added up, of many.

    `hallucinated` counts predicted quotations whose words are not in the article; `kinds` pairs of kinds (gold, predicted).
    `pairs` are those of the groups "marked" and "indirect" (of one article; they are not added up).
    """

    groups: dict[str, QuoteTally] = field(default_factory=dict)
    hallucinated: int = 0
    kinds: dict[tuple[str, str], int] = field(default_factory=dict)
    pairs: tuple[QuotePair, ...] = ()

    def __add__(self, other: QuoteScore) -> QuoteScore:
        names = [*self.groups, *(name for name in other.groups if name not in self.groups)]
        groups = {n: self.groups.get(n, QuoteTally()) + other.groups.get(n, QuoteTally()) for n in names}
        kinds = {k: self.kinds.get(k, 0) + other.kinds.get(k, 0) for k in sorted({*self.kinds, *other.kinds})}
        return QuoteScore(groups, self.hallucinated + other.hallucinated, kinds)

    def group(self, name: str) -> QuoteTally:
        """The tally of a group, empty if nothing was there to score."""
        return self.groups.get(name, QuoteTally())


def score_quotes(text: str, gold: Sequence[Quote], predicted: Sequence[Quote], names: Names) -> QuoteScore:
    """The quotation score of one article. Predicted wording is checked against the text and located where it is elsewhere."""
    placed = [located(text, quote) for quote in predicted]
    answers = [
        quote if place is None else replace(quote, spans=place) for quote, place in zip(predicted, placed, strict=True)
    ]
    sides = _Sides(text, tuple(gold), tuple(answers), names)
    groups = {"all": QUOTE_KINDS, "marked": MARKED} | {kind: frozenset((kind,)) for kind in ("direct", "mixed", "indirect")}
    tallies: dict[str, QuoteTally] = {}
    pairs: dict[str, tuple[QuotePair, ...]] = {}
    for name, kinds in groups.items():
        tallies[name], pairs[name] = sides.score(kinds)
    confusion: dict[tuple[str, str], int] = {}
    for pair in pairs["all"]:
        both = (gold[pair.gold].kind, predicted[pair.predicted].kind)
        confusion[both] = confusion.get(both, 0) + 1
    return QuoteScore(tallies, sum(place is None for place in placed), confusion, pairs["marked"] + pairs["indirect"])


@dataclass(frozen=True)
class _Sides:
    """Both sides of one article with their characters."""

    text: str
    gold: tuple[Quote, ...]
    predicted: tuple[Quote, ...]
    names: Names

    def score(self, kinds: frozenset[str]) -> tuple[QuoteTally, tuple[QuotePair, ...]]:
        """The tally and the pairs of the quotations of some kinds."""
        asked = {i: chars(self.text, q.spans) for i, q in enumerate(self.gold) if q.kind in kinds and not q.ignore}
        given = {j: chars(self.text, q.spans) for j, q in enumerate(self.predicted) if q.kind in kinds}
        matched = _align(asked, given)
        excused = self._excused({j: c for j, c in given.items() if j not in {j for _, j in matched}})
        given = {j: c for j, c in given.items() if j not in excused}
        pairs = tuple(self._pair(i, j, asked[i], given[j]) for i, j in matched)
        every, answered = _union(asked.values()), _union(given.values())
        right = [pair for pair in pairs if pair.speaker]
        tally = QuoteTally(
            gold=len(asked), predicted=len(given), overlap=len(pairs), exact=sum(p.exact for p in pairs),
            overlap80=sum(p.iou >= 0.8 for p in pairs), attributed=len(right), exact_attributed=sum(p.exact for p in right),
            attributed80=sum(p.iou >= 0.8 for p in right), same_kind=sum(p.kind for p in pairs),
            mention=sum(p.mention is True for p in pairs), mention_of=sum(p.mention is not None for p in pairs),
            cue=sum(p.cue is True for p in pairs), cue_of=sum(p.cue is not None for p in pairs),
            chars_gold=len(every), chars_predicted=len(answered), chars_common=len(every & answered),
        )  # fmt: skip
        return tally, pairs

    def _excused(self, left: dict[int, Chars]) -> set[int]:
        """Predictions that meet, or lie in, gold quotations which are neither asked for nor punished."""
        ignored = {i: chars(self.text, q.spans) for i, q in enumerate(self.gold) if q.ignore}
        met = {j for _, j in _align(ignored, left)}
        return met | {j for j, c in left.items() if c and any(c <= whole for whole in ignored.values())}

    def _pair(self, i: int, j: int, asked: Chars, given: Chars) -> QuotePair:
        gold, predicted = self.gold[i], self.predicted[j]
        return QuotePair(
            gold=i, predicted=j, iou=len(asked & given) / len(asked | given), exact=asked == given,
            speaker=same_speaker(gold.voice, predicted.voice, self.names), mention=same_mention(gold.voice, predicted.voice),
            kind=gold.kind == predicted.kind, cue=None if gold.cue is None else same_cue(gold.cue, predicted.cue),
        )  # fmt: skip


def _align(asked: dict[int, Chars], given: dict[int, Chars]) -> tuple[tuple[int, int], ...]:
    weights: dict[tuple[int, int], int] = {}
    for i, ours in asked.items():
        for j, theirs in given.items():
            common = len(ours & theirs) if ours and theirs else 0
            union = len(ours) + len(theirs) - common
            if common and 2 * common >= union:
                # The order term is far below one step of IoU and only breaks ties.
                weights[i, j] = common * _SCALE // union * 10**6 + 10**6 - min((i - j) ** 2, 10**6 - 1)
    return assign(weights)


def _union(groups: Iterable[Chars]) -> Chars:
    return frozenset[int]().union(*groups)


def chars(text: str, spans: Sequence[tuple[int, int]]) -> Chars:
    """The offsets of a quotation's characters: trimmed of outer marks and final punctuation, without white space."""
    found: set[int] = set()
    for start, end in spans:
        begin, stop = max(0, start), min(len(text), end)
        while begin < stop and text[begin] in _OUTER:
            begin += 1
        while stop > begin and text[stop - 1] in _OUTER + _FINAL:
            stop -= 1
        found.update(i for i in range(begin, stop) if not text[i].isspace())
    return frozenset(found)


def located(text: str, quote: Quote) -> tuple[tuple[int, int], ...] | None:
    """Where a predicted quotation stands: its spans if the wording is there, else where the wording is found; None if nowhere."""
    if quote.spans and (quote.text is None or _same_words(" ".join(text[a:b] for a, b in quote.spans), quote.text)):
        return quote.spans
    found = find_words(text, quote.text or "")
    return None if found is None else (found,)


def _same_words(one: str, other: str) -> bool:
    return fold(one) == fold(other)


def find_words(text: str, words: str) -> tuple[int, int] | None:
    """Where words stand in a text: exactly, then with marks and spaces folded, then the best window of similarity 0.95."""
    wanted = fold(words).strip(_OUTER)
    if not wanted:
        return None
    at = text.find(words)
    if at >= 0:
        return at, at + len(words)
    tokens = [(m.start(), m.end(), fold(m.group())) for m in re.finditer(r"\S+", text)]
    size = len(wanted.split())
    best: tuple[float, tuple[int, int]] | None = None
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted)
    for first in range(max(0, len(tokens) - size) + 1):
        window = tokens[first : first + size]
        said = " ".join(token for _, _, token in window)
        inner = said.find(wanted)
        if inner >= 0:
            return window[0][0], window[-1][1]
        matcher.set_seq1(said)
        if matcher.real_quick_ratio() >= _SIMILAR and matcher.quick_ratio() >= _SIMILAR:
            value = matcher.ratio()
            if value >= _SIMILAR and (best is None or value > best[0]):
                best = (value, (window[0][0], window[-1][1]))
    return best[1] if best else None


def same_speaker(gold: Voice | None, predicted: Voice | None, names: Names) -> bool:
    """Whether two speakers have the same id (nobody and nobody are the same).

    Where gold marks mentions and does not resolve them by hand, the mention decides, or that the names agree by their words.
    Sources that are no person by name have no fullest form: "the general staff in Brod" is "general staff" where the mention
    is right as well.
    """
    if gold is None or predicted is None:
        return gold is predicted
    if not gold.resolved:
        return bool(same_mention(gold, predicted)) or any(agree(predicted.name, name) for name in (gold.name, *gold.also))
    if gold.kind in _DESCRIBED and same_mention(gold, predicted) and _share_words(predicted.name, gold.name):
        return True
    said = {names.speaker(name) for name in (predicted.name, *predicted.also) if name}
    return bool(said & {names.speaker(name) for name in (gold.name, *gold.also) if name})


def _share_words(one: str | None, other: str | None) -> bool:
    """Whether the words of one description are among the other's."""
    a, b = (set(key(name or "").split()) - _ARTICLES for name in (one, other))
    return bool(a and b) and (a <= b or b <= a)


def same_mention(gold: Voice | None, predicted: Voice | None) -> bool | None:
    """Whether two attributing mentions overlap; None where the gold marks none."""
    if gold is None or gold.mention is None:
        return None
    if predicted is None or predicted.mention is None:
        return False
    return gold.mention[0] < predicted.mention[1] and predicted.mention[0] < gold.mention[1]


def same_cue(gold: str, predicted: str | None) -> bool:
    """Whether two cues share a word, or are the same mark (":")."""
    return fold(gold) == fold(predicted or "") or bool(set(key(gold).split()) & set(key(predicted or "").split()))
