"""The figures of a run with their intervals: what the table on a terminal, the Markdown and the page all show."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from evals.alias import load_aliases
from evals.calibrate import Bin, Scored, calibration_error, reliability
from evals.case import MARKED as IN_MARKS
from evals.case import Case, within
from evals.compare import HEADLINES, pooled
from evals.matching import Alignment
from evals.metrics import CORE, CaseScore, align_case, is_exact, score_case, total
from evals.runfile import CaseRecord, Run, ratios
from evals.runner import records_of
from evals.statistics import Estimate, bootstrap, wilson
from service.extraction.confidence import EXCHANGE, INDIRECT, MARKED

_SAME_SPAN = 0.8
PROPORTIONS = frozenset((
    "articles.exact", "articles.false_alarm", "articles.silent", "events.exact_recall", "events.core_exact_recall",
))  # fmt: skip
"""Shares of whole articles or events: their interval is Wilson's, since a bootstrap of 0 of n has none."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95 % interval over clusters."""

    name: str
    estimate: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a run cost. `per_cpu_second` are articles per second of CPU of the answering process (None over HTTP or a server)."""

    articles: int
    errors: int
    degraded: int
    calls: int
    input_tokens: int
    output_tokens: int
    latency_p50_s: float
    latency_p95_s: float
    per_cpu_second: float | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """Expected calibration error of the items of one kind."""

    kind: str
    n: int
    error: float


@dataclass(frozen=True, slots=True)
class Slice:
    """The articles with a tag: how many records, and two headlines over them."""

    tag: str
    n: int
    quotes: float | None
    slots: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """All that is said of a run."""

    run: Run
    figures: tuple[Figure, ...]
    score: CaseScore
    cost: Cost
    scored: tuple[Scored, ...]
    bins: tuple[Bin, ...]
    calibration: tuple[Calibration, ...]
    slices: tuple[Slice, ...]
    confusion: dict[str, Counter[tuple[str, str]]]
    by_case: dict[tuple[str, int], CaseScore]


def summarise(run: Run, cases: Sequence[Case], *, figures: Sequence[str] = HEADLINES) -> Summary:
    """Figures with intervals, the pooled score, cost, calibration and confusion of a run over its corpus."""
    table = load_aliases()
    known = {case.id: case for case in cases}
    by_case = {r.key: score_case(known[r.case], records_of(r.output), table) for r in run.cases if r.case in known}
    clusters = [record.cluster for record in run.cases]
    shown = []
    for name in figures:
        parts = ratios(run.cases, name)
        if any(bottom for _, bottom in parts):
            shown.append(Figure(name, _estimate(name, parts, clusters)))
    score = total(by_case.values())
    scored = [
        item
        for record in run.cases
        if record.case in known
        for item in scored_items(known[record.case], record, by_case[record.key], alignment_of(known[record.case], record))
    ]
    confusion: dict[str, Counter[tuple[str, str]]] = {"status": Counter(), "kind": Counter(), "quotation": Counter()}
    for slot, gold, given in score.exchanges.confusion:
        confusion[slot][gold, given] += 1
    confusion["quotation"].update(score.quotes.kinds)
    return Summary(
        run=run, figures=tuple(shown), score=score, cost=cost_of(run.cases), scored=tuple(scored), bins=reliability(scored),
        calibration=calibration_of(scored), slices=slices_of(run.cases), confusion=confusion, by_case=by_case,
    )  # fmt: skip


def calibration_of(scored: Sequence[Scored]) -> tuple[Calibration, ...]:
    """Expected calibration error by kind, in the order of names."""
    found = []
    for kind in sorted({item.kind for item in scored}):
        items = [item for item in scored if item.kind == kind]
        found.append(Calibration(kind, len(items), calibration_error(items) or 0.0))
    return tuple(found)


def slices_of(records: Sequence[CaseRecord]) -> tuple[Slice, ...]:
    """Two headlines for the articles of each tag."""
    found = []
    for tag in sorted({tag for record in records for tag in record.tags}):
        part = [record for record in records if tag in record.tags]
        quotes, slots = (pooled(ratios(part, name)) for name in ("quotes.end_to_end_f1", "slots.f1"))
        found.append(Slice(tag, len(part), quotes, slots))
    return tuple(found)


def _estimate(name: str, parts: Sequence[tuple[float, float]], clusters: Sequence[str]) -> Estimate:
    if name in PROPORTIONS:
        return wilson(round(sum(top for top, _ in parts)), round(sum(bottom for _, bottom in parts)))
    return bootstrap(parts, clusters)


def cost_of(records: Sequence[CaseRecord]) -> Cost:
    """Calls, tokens and times of a run."""
    latencies = sorted(record.latency_s for record in records) or [0.0]
    cpu = sum(record.cpu_s for record in records)
    uses = [record.provenance.get("usage", {}) for record in records]
    return Cost(
        articles=len(records),
        errors=sum(record.error is not None for record in records),
        degraded=sum(bool(record.provenance.get("degraded")) for record in records),
        calls=sum(record.provenance.get("calls", 0) for record in records),
        input_tokens=sum(use.get("input_tokens", 0) for use in uses),
        output_tokens=sum(use.get("output_tokens", 0) for use in uses),
        latency_p50_s=latencies[len(latencies) // 2],
        latency_p95_s=latencies[min(len(latencies) - 1, int(len(latencies) * 0.95))],
        per_cpu_second=len(records) / cpu if cpu > 0 else None,
    )


def scored_items(case: Case, record: CaseRecord, score: CaseScore, alignment: Alignment) -> list[Scored]:
    """The confidence of every answered item of a labelled kind, and whether it was right.

    A quotation is right in span and speaker, an exchange in status, date, directions and counts.
    """
    output = record.output or {}
    quotes = [quote for quote in output.get("quotes", []) if quote["kind"] in case.labels]
    right = {pair.predicted for pair in score.quotes.pairs if pair.speaker and pair.iou >= _SAME_SPAN}
    found = [
        Scored(quote["confidence"], position in right, _kind(quote["kind"]), "+".join(quote["by"]), record.split)
        for position, quote in enumerate(quotes)
    ]
    exchanges = output.get("exchanges", []) if "exchanges" in case.labels else []
    exact = {pair.predicted for pair in alignment.pairs if is_exact(pair, CORE)}
    found += [
        Scored(exchange["confidence"], position in exact, EXCHANGE, "+".join(exchange["by"]), record.split)
        for position, exchange in enumerate(exchanges)
    ]
    return found


def _kind(kind: str) -> str:
    return MARKED if kind in IN_MARKS else INDIRECT


def worst_first(summary: Summary) -> list[CaseRecord]:
    """Cases by how much is wrong with them, failed ones before all."""

    def wrong(record: CaseRecord) -> float:
        if record.error is not None:
            return math.inf
        score = summary.by_case.get(record.key)
        if score is None:
            return 0.0
        slots = score.exchanges.total
        quotes = [score.quotes.group(name) for name in ("marked", "indirect")]
        missed = sum(tally.gold + tally.predicted - 2 * tally.exact_attributed for tally in quotes)
        return slots.act + slots.pos - 2 * slots.cor + missed

    return sorted(summary.run.cases, key=wrong, reverse=True)


def alignment_of(case: Case, record: CaseRecord) -> Alignment:
    """How the exchanges of a case were aligned (for the page)."""
    return align_case(case, within(records_of(record.output), case.labels), load_aliases())
