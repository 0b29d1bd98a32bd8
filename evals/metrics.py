"""Figures from aligned records. Every score adds up, so a corpus is the sum of its articles and each ratio is taken once.

`score_case` is the door: a case and an answer in, a `CaseScore` out. `FIGURES` names what is reported, compared and gated;
each figure is a ratio of two sums, which is what the bootstrap over clusters needs.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from evals.alias import AliasTable
from evals.binding import bind, names_for, unknown_parties
from evals.case import QUOTE_KINDS, Case, within
from evals.matching import Alignment, Alone, Pair, align, same_claimants, sum_fills
from evals.normalise import days
from evals.outcome import Outcome, Tally, ratio
from evals.quotations import QuoteScore, score_quotes
from evals.quote_views import VIEWS, ViewTally, view_quotes
from evals.record import Records

CORE = frozenset(("status", "date", "direction", "count"))
_RIGHT = frozenset((Outcome.COR, Outcome.NEUTRAL))


@dataclass(frozen=True, slots=True)
class ExchangeScore:
    """Exchanges of one article or, added up, of many. The last four are lists of single values, joined when added.

    `exact` pairs have no PAR, INC, MIS or SPU, `core_exact` none in status, date, direction and count. `empty` counts articles
    without gold exchanges, `alarms` those of them with a predicted one; `silent` articles with gold and no answer.
    `split` counts gold records with more than one prediction, `merged` predictions over more than one gold record.
    """

    slots: dict[str, Tally] = field(default_factory=dict)
    gold: int = 0
    predicted: int = 0
    matched: int = 0
    exact: int = 0
    core_exact: int = 0
    articles: int = 0
    articles_exact: int = 0
    empty: int = 0
    alarms: int = 0
    silent: int = 0
    split: int = 0
    merged: int = 0
    claims_right: int = 0
    claims: int = 0
    confusion: tuple[tuple[str, str, str], ...] = ()
    day_errors: tuple[float, ...] = ()
    count_errors: tuple[float, ...] = ()
    unknown: tuple[str, ...] = ()

    def __add__(self, other: ExchangeScore) -> ExchangeScore:
        names = [*self.slots, *(name for name in other.slots if name not in self.slots)]
        slots = {name: self.slots.get(name, Tally()) + other.slots.get(name, Tally()) for name in names}
        sums = {name: getattr(self, name) + getattr(other, name) for name in _ADDED}
        return ExchangeScore(slots=slots, **sums)

    @property
    def total(self) -> Tally:
        """All slots together (micro)."""
        return sum(self.slots.values(), Tally())

    def macro_slots(self) -> float | None:
        """The plain mean of the slots' strict F1, over slots that gold asks for."""
        values = [tally.f1 or 0.0 for tally in self.slots.values() if tally.pos]
        return statistics.fmean(values) if values else None


_ADDED = (
    "gold", "predicted", "matched", "exact", "core_exact", "articles", "articles_exact", "empty", "alarms", "silent",
    "split", "merged", "claims_right", "claims", "confusion", "day_errors", "count_errors", "unknown",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CaseScore:
    """What one article (or a sum of them) scored; a part that the corpus does not annotate is empty.

    `views` are the figures of `evals.quote_views` over speech, for corpora of whole contents only.
    """

    exchanges: ExchangeScore = field(default_factory=ExchangeScore)
    quotes: QuoteScore = field(default_factory=QuoteScore)
    views: Mapping[str, ViewTally] = field(default_factory=dict)

    def __add__(self, other: CaseScore) -> CaseScore:
        names = [view for view in VIEWS if view in self.views or view in other.views]
        views = {view: self.views.get(view, ViewTally()) + other.views.get(view, ViewTally()) for view in names}
        return CaseScore(self.exchanges + other.exchanges, self.quotes + other.quotes, views)


def score_case(case: Case, predicted: Records, table: AliasTable) -> CaseScore:
    """The score of an answer to one case; an answer that failed is `Records()`, and everything in the gold is then missed."""
    answer = within(predicted, case.labels)
    names = names_for(case, answer, table)
    exchanges = ExchangeScore()
    if "exchanges" in case.labels:
        gold = [bind(exchange, names) for exchange in case.expected.exchanges]
        given = [bind(exchange, names) for exchange in answer.exchanges]
        unknown = unknown_parties((*case.expected.exchanges, *answer.exchanges), names)
        exchanges = score_exchanges(align(gold, given), unknown=unknown)
    quotes = QuoteScore()
    if case.labels & QUOTE_KINDS:
        quotes = score_quotes(case.text, case.expected.quotes, answer.quotes, names)
    views: Mapping[str, ViewTally] = {}
    if case.contents:
        views = view_quotes(case.text, case.contents, answer.quotes, whole=answer.contents, speech_only=True)
    return CaseScore(exchanges, quotes, views)


def align_case(case: Case, predicted: Records, table: AliasTable) -> Alignment:
    """How a case's exchanges were aligned, fill by fill (for a reader)."""
    names = names_for(case, predicted, table)
    return align([bind(e, names) for e in case.expected.exchanges], [bind(e, names) for e in predicted.exchanges])


def total(scores: Iterable[CaseScore]) -> CaseScore:
    """The sum of some scores."""
    return sum(scores, CaseScore())


def score_exchanges(alignment: Alignment, *, unknown: tuple[str, ...] = ()) -> ExchangeScore:
    """The score of one article's alignment."""
    pairs = alignment.pairs
    gold, predicted = len(pairs) + len(alignment.missed), len(pairs) + len(alignment.spurious)
    exact = sum(is_exact(pair) for pair in pairs)
    claims = [
        right for p in pairs for c in p.counts if c.outcome is Outcome.COR and (right := same_claimants(c)) is not None
    ]
    fills = [fill for pair in pairs for fill in pair.fills]
    fills += [fill for alone in (*alignment.missed, *alignment.spurious) for fill in alone.fills]
    return ExchangeScore(
        slots=sum_fills(fills),
        gold=gold,
        predicted=predicted,
        matched=len(pairs),
        exact=exact,
        core_exact=sum(is_exact(pair, CORE) for pair in pairs),
        articles=1,
        articles_exact=int(exact == gold == predicted),
        empty=int(gold == 0),
        alarms=int(gold == 0 and predicted > 0),
        silent=int(gold > 0 and predicted == 0),
        split=_shared(alignment.spurious, {pair.gold for pair in pairs}),
        merged=_shared(alignment.missed, {pair.predicted for pair in pairs}),
        claims_right=sum(claims),
        claims=len(claims),
        confusion=tuple((f.slot, f.gold, f.predicted) for f in fills
                        if f.slot in ("status", "kind") and f.gold is not None and f.predicted is not None),
        day_errors=tuple(error for pair in pairs if (error := _day_error(pair)) is not None),
        count_errors=tuple(
            abs((c.predicted.n or 0) - (c.gold.n or 0)) / max(1, c.gold.n or 0)
            for p in pairs for c in p.counts
            if c.gold.qualifier == c.predicted.qualifier == "exact" and c.outcome is not Outcome.NEUTRAL
        ),
        unknown=unknown,
    )  # fmt: skip


def is_exact(pair: Pair, slots: frozenset[str] | None = None) -> bool:
    """Whether a pair has no PAR, INC, MIS or SPU (in some slots)."""
    return all(fill.outcome in _RIGHT for fill in pair.fills if slots is None or fill.slot in slots)


def _shared(alone: Iterable[Alone], matched: set[int]) -> int:
    """How many matched records of one side have a left-over record of the other side that is also near them."""
    return len({position for record in alone for position in record.near if position in matched})


def _day_error(pair: Pair) -> float | None:
    """The distance in days of the middles of two closed dates."""
    for fill in pair.fills:
        if fill.slot == "date" and fill.gold is not None and fill.predicted is not None:
            try:
                gold, given = days(fill.gold), days(fill.predicted)
            except ValueError:
                return None
            error = abs((given.low + given.high) / 2 - (gold.low + gold.high) / 2)
            return error if error < float("inf") else None
    return None


def document_f1(score: ExchangeScore) -> float:
    """Strict F1 of one article; 1 where nothing was asked and nothing answered. Shown as a mean, never gated on."""
    f1 = score.total.f1
    return 1.0 if f1 is None else f1


Ratio = tuple[float, float]


def _exchange(take: Callable[[ExchangeScore], Ratio]) -> Callable[[CaseScore], Ratio]:
    return lambda score: take(score.exchanges)


def _tally(take: Callable[[Tally], Ratio], slot: str | None = None) -> Callable[[CaseScore], Ratio]:
    return lambda score: take(score.exchanges.total if slot is None else score.exchanges.slots.get(slot, Tally()))


def _f1(found: Callable[[ExchangeScore], int]) -> Callable[[CaseScore], Ratio]:
    return _exchange(lambda e: (2 * found(e), e.gold + e.predicted))


def _quotes(group: str, found: str, of: str) -> Callable[[CaseScore], Ratio]:
    """`of` is "f1", "precision", "recall" or the name of the tally that is the denominator."""

    def parts(score: CaseScore) -> Ratio:
        tally = score.quotes.group(group)
        value: int = getattr(tally, found)
        match of:
            case "f1":
                return 2 * value, tally.gold + tally.predicted
            case "precision":
                return value, tally.predicted
            case "recall":
                return value, tally.gold
            case _:
                return value, getattr(tally, of)

    return parts


def _views(view: str, found: str, of: str | None = None) -> Callable[[CaseScore], Ratio]:
    def parts(score: CaseScore) -> Ratio:
        tally = score.views.get(view, ViewTally())
        if of is not None:
            return getattr(tally, found), getattr(tally, of)
        return 2 * getattr(tally, found), tally.gold + tally.predicted

    return parts


FIGURES: Mapping[str, Callable[[CaseScore], Ratio]] = {
    "slots.f1": _tally(lambda t: (2 * t.cor, t.act + t.pos)),
    "slots.precision": _tally(lambda t: (t.cor, t.act)),
    "slots.recall": _tally(lambda t: (t.cor, t.pos)),
    "slots.lenient_f1": _tally(lambda t: (2 * t.cor + t.par, t.act + t.pos)),
    **{f"slots.{slot}.f1": _tally(lambda t: (2 * t.cor, t.act + t.pos), slot)
       for slot in ("status", "kind", "date", "place", "mediator", "direction", "count")},
    "events.f1": _f1(lambda e: e.matched),
    "events.precision": _exchange(lambda e: (e.matched, e.predicted)),
    "events.recall": _exchange(lambda e: (e.matched, e.gold)),
    "events.exact_f1": _f1(lambda e: e.exact),
    "events.exact_recall": _exchange(lambda e: (e.exact, e.gold)),
    "events.core_exact_f1": _f1(lambda e: e.core_exact),
    "events.core_exact_recall": _exchange(lambda e: (e.core_exact, e.gold)),
    "articles.exact": _exchange(lambda e: (e.articles_exact, e.articles)),
    "articles.false_alarm": _exchange(lambda e: (e.alarms, e.empty)),
    "articles.silent": _exchange(lambda e: (e.silent, e.articles - e.empty)),
    "claimants.accuracy": _exchange(lambda e: (e.claims_right, e.claims)),
    "quotes.exact_f1": _quotes("marked", "exact", "f1"),
    "quotes.overlap_f1": _quotes("marked", "overlap", "f1"),
    "quotes.overlap80_f1": _quotes("marked", "overlap80", "f1"),
    "quotes.attributed_f1": _quotes("marked", "attributed", "f1"),
    "quotes.attributed_precision": _quotes("marked", "attributed", "precision"),
    "quotes.attributed_recall": _quotes("marked", "attributed", "recall"),
    "quotes.attributed80_f1": _quotes("marked", "attributed80", "f1"),
    "quotes.end_to_end_f1": _quotes("marked", "exact_attributed", "f1"),
    "quotes.speaker": _quotes("marked", "attributed", "overlap"),
    "quotes.mention": _quotes("marked", "mention", "mention_of"),
    "quotes.kind": _quotes("all", "same_kind", "overlap"),
    "quotes.cue": _quotes("marked", "cue", "cue_of"),
    "quotes.chars_precision": _quotes("marked", "chars_common", "chars_predicted"),
    "quotes.chars_recall": _quotes("marked", "chars_common", "chars_gold"),
    "quotes.hallucinated": lambda score: (score.quotes.hallucinated, score.quotes.group("all").predicted),
    **{f"{kind}.{name}": _quotes(kind, found, "f1") for kind in ("direct", "mixed", "indirect")
       for name, found in (("exact_f1", "exact"), ("overlap_f1", "overlap"), ("attributed_f1", "attributed"))},
    "indirect.overlap80_f1": _quotes("indirect", "overlap80", "f1"),
    "indirect.speaker": _quotes("indirect", "attributed", "overlap"),
    **{f"views.{view}.{name}": _views(view, found) for view in VIEWS
       for name, found in (("exact_f1", "exact"), ("overlap_f1", "overlap"), ("attributed_f1", "attributed"))},
    **{f"views.{view}.speaker": _views(view, "entity", "speakers") for view in VIEWS},
}  # fmt: skip


def figure(name: str, scores: Iterable[CaseScore]) -> float | None:
    """A figure over some articles: counts pooled first, divided once; None where it is undefined."""
    return ratio(*FIGURES[name](total(scores)))
