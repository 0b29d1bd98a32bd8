"""Two runs on the same cases: paired differences with intervals, and what flipped, both ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evals.outcome import ratio
from evals.runfile import CaseRecord, Run, RunInvalid, ratios
from evals.runner import COMPARED
from evals.statistics import Estimate, holm, paired_bootstrap, randomisation

HEADLINES = (
    "quotes.end_to_end_f1", "quotes.attributed_f1", "quotes.exact_f1", "indirect.attributed_f1", "indirect.overlap80_f1",
    "slots.f1", "slots.count.f1", "events.f1", "events.exact_recall", "events.core_exact_recall", "articles.false_alarm",
    "views.direct.attributed_f1", "views.quoted.attributed_f1", "views.content.overlap_f1",
)  # fmt: skip
"""The figures that are printed, compared and gated, most telling first within quotations and exchanges."""
MEANING = {
    "quotes.end_to_end_f1": "quotations in marks: words and speaker right",
    "quotes.attributed_f1": "quotations in marks: found (half the words) and speaker right",
    "quotes.exact_f1": "quotations in marks: words right, whoever said them",
    "indirect.attributed_f1": "indirect speech: found (half the words) and speaker right",
    "indirect.overlap80_f1": "indirect speech: found (four fifths of the words)",
    "slots.f1": "every value of every exchange",
    "slots.count.f1": "numbers of people",
    "events.f1": "exchanges found",
    "events.exact_recall": "exchanges with every value right",
    "events.core_exact_recall": "exchanges with status, date, directions and numbers right",
    "articles.false_alarm": "articles without an exchange that were given one (lower is better)",
    "views.direct.attributed_f1": "direct quotations with speaker, as published tables count",
    "views.quoted.attributed_f1": "all passages in marks with speaker, as published tables count",
    "views.content.overlap_f1": "whole reported contents found, as published tables count",
}
"""The headlines in words. F1 unless the words say a share."""
LOWER_IS_BETTER = frozenset(("articles.false_alarm", "articles.silent"))
_FLIP_FIGURES = ("quotes.end_to_end_f1", "indirect.attributed_f1", "slots.f1")


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure in two runs: `delta` is the candidate's minus the baseline's, `p` two-sided (approximate randomisation)."""

    figure: str
    baseline: float | None
    candidate: float | None
    delta: Estimate
    p: float | None
    p_holm: float | None = None


@dataclass(frozen=True, slots=True)
class Flip:
    """A case whose figure changed."""

    case: str
    figure: str
    baseline: float
    candidate: float

    @property
    def is_better(self) -> bool:
        """Whether the candidate is better."""
        return (self.candidate > self.baseline) != (self.figure in LOWER_IS_BETTER)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed between two runs."""

    differences: tuple[Difference, ...]
    flips: tuple[Flip, ...]

    @property
    def is_equal(self) -> bool:
        """Whether no case changed in any compared figure."""
        return not self.flips and all(d.delta.point in (0, 0.0, None) for d in self.differences)


def pair(baseline: Run, candidate: Run) -> tuple[list[CaseRecord], list[CaseRecord]]:
    """The cases of both runs in one order. RunInvalid if they were scored differently or hold different cases."""
    for name in COMPARED:
        if baseline.head.hashes.get(name) != candidate.head.hashes.get(name):
            message = f"The runs differ in their {name}: re-score both first (parley eval score RUN), then compare."
            raise RunInvalid(message)
    ours = {case.key: case for case in candidate.cases}
    theirs = {case.key: case for case in baseline.cases}
    if ours.keys() != theirs.keys():
        lacking = sorted(str(key[0]) for key in ours.keys() ^ theirs.keys())
        raise RunInvalid(f"The runs hold different cases ({len(lacking)}), such as {', '.join(lacking[:3])}.")
    keys = sorted(ours)
    return [theirs[key] for key in keys], [ours[key] for key in keys]


def compare(baseline: Run, candidate: Run, *, figures: Sequence[str] = HEADLINES) -> Comparison:
    """Paired differences and flips."""
    before, after = pair(baseline, candidate)
    clusters = [case.cluster for case in after]
    differences: list[Difference] = []
    for figure in figures:
        a, b = ratios(before, figure), ratios(after, figure)
        if not any(bottom for _, bottom in (*a, *b)):
            continue
        delta = paired_bootstrap(a, b, clusters)
        differences.append(Difference(figure, pooled(a), pooled(b), delta, randomisation(a, b, clusters)))
    corrected = holm({d.figure: d.p for d in differences if d.p is not None})
    differences = [Difference(d.figure, d.baseline, d.candidate, d.delta, d.p, corrected.get(d.figure)) for d in differences]
    return Comparison(tuple(differences), tuple(_flips(before, after)))


def pooled(parts: Sequence[tuple[float, float]]) -> float | None:
    """Counts pooled first, divided once."""
    return ratio(sum(top for top, _ in parts), sum(bottom for _, bottom in parts))


def _flips(before: Sequence[CaseRecord], after: Sequence[CaseRecord]) -> list[Flip]:
    flips: list[Flip] = []
    for one, other in zip(before, after, strict=True):
        for figure in _FLIP_FIGURES:
            a, b = pooled(ratios([one], figure)), pooled(ratios([other], figure))
            if a != b:
                flips.append(Flip(other.case, figure, a or 0.0, b or 0.0))
    return sorted(flips, key=lambda flip: flip.candidate - flip.baseline)
