"""Intervals and tests for ratios of sums over clusters of articles. Formulas: Wilson 1927; Efron 1979; Noreen 1989; Holm 1979.

The unit of resampling is the cluster (all articles on one event): articles on one deal succeed or fail together. Two runs
are compared only on the same articles. No normal or t interval: their coverage is poor at the sizes of a gold set.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evals.metrics import Ratio

DRAWS = 10_000
SEED = 20_261_122
_CHUNK = 1_000_000  # cells of one block of draws: bounds the memory of large corpora
Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its interval; all None where it is undefined. `n` is the number of clusters (or of trials)."""

    point: float | None
    low: float | None
    high: float | None
    n: int


def bootstrap(
    parts: Sequence[Ratio], clusters: Sequence[Hashable], *, draws: int = DRAWS, seed: int = SEED, level: float = 0.95
) -> Estimate:
    """Percentile bootstrap of a ratio of sums; `parts` are (numerator, denominator) of each article."""
    sums = _by_cluster(parts, clusters)
    top, bottom = _resampled(sums, draws, seed)
    return _estimate(_point(sums), _divide(top, bottom), len(sums), level)


def paired_bootstrap(
    a: Sequence[Ratio], b: Sequence[Ratio], clusters: Sequence[Hashable],
    *, draws: int = DRAWS, seed: int = SEED, level: float = 0.95,
) -> Estimate:  # fmt: skip
    """The difference b - a of two runs on the same articles, resampled together."""
    both = _paired(a, b, clusters)
    tops_a, bottoms_a, tops_b, bottoms_b = _resampled(both, draws, seed)
    point_a, point_b = _point(both[:, :2]), _point(both[:, 2:])
    point = None if point_a is None or point_b is None else point_b - point_a
    return _estimate(point, _divide(tops_b, bottoms_b) - _divide(tops_a, bottoms_a), len(both), level)


def randomisation(
    a: Sequence[Ratio], b: Sequence[Ratio], clusters: Sequence[Hashable], *, draws: int = DRAWS, seed: int = SEED
) -> float | None:
    """Two-sided p of the difference of two runs: the runs' outputs are swapped at random, cluster by cluster."""
    both = _paired(a, b, clusters)
    first, second = _point(both[:, :2]), _point(both[:, 2:])
    if first is None or second is None:
        return None
    rng = np.random.default_rng(seed)
    swapped = np.concatenate([both[:, 2:], both[:, :2]], axis=1)
    hits = seen = 0
    for size in _blocks(draws, len(both)):
        flips = rng.integers(0, 2, size=(size, len(both))).astype(np.float64)
        sums = flips @ swapped + (1 - flips) @ both
        gaps = np.abs(_divide(sums[:, 2], sums[:, 3]) - _divide(sums[:, 0], sums[:, 1]))
        # A tolerance, or a gap that is equal up to rounding would not count as "at least as large".
        hits += int(np.count_nonzero(gaps >= abs(second - first) - 1e-12))
        seen += size
    return (hits + 1) / (seen + 1)


def wilson(successes: int, n: int, *, z: float = 1.959963984540054) -> Estimate:
    """Wilson's score interval of a proportion."""
    if n == 0:
        return Estimate(None, None, None, 0)
    share = successes / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Estimate(share, max(0.0, middle - half), min(1.0, middle + half), n)


def mcnemar(only_a: int, only_b: int) -> float:
    """Exact two-sided p of McNemar's test; the two counts are articles that only one of the runs has right."""
    n = only_a + only_b
    tail: float = sum(math.comb(n, k) for k in range(min(only_a, only_b) + 1)) / 2**n
    return min(1.0, 2 * tail)


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """p-values adjusted for several comparisons (Holm's step-down), in the order given."""
    adjusted: dict[str, float] = {}
    highest = 0.0
    for rank, (name, p) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        highest = max(highest, min(1.0, p * (len(p_values) - rank)))
        adjusted[name] = highest
    return {name: adjusted[name] for name in p_values}


def _by_cluster(parts: Sequence[Ratio], clusters: Sequence[Hashable]) -> Array:
    if len(parts) != len(clusters):
        raise ValueError(f"{len(parts)} articles but {len(clusters)} clusters")
    sums: dict[Hashable, list[float]] = {}
    for part, cluster in zip(parts, clusters, strict=True):
        row = sums.setdefault(cluster, [0.0] * len(part))
        for i, value in enumerate(part):
            row[i] += value
    return np.array(list(sums.values()), dtype=np.float64).reshape(len(sums), 2)


def _paired(a: Sequence[Ratio], b: Sequence[Ratio], clusters: Sequence[Hashable]) -> Array:
    first, second = _by_cluster(a, clusters), _by_cluster(b, clusters)
    return np.concatenate([first, second], axis=1)


def _resampled(sums: Array, draws: int, seed: int) -> Array:
    """Column sums of `draws` resamples of the rows; shape (columns, draws)."""
    n = len(sums)
    if n == 0:
        return np.zeros((sums.shape[1], 0))
    rng = np.random.default_rng(seed)
    blocks = [rng.multinomial(n, np.full(n, 1 / n), size=size) @ sums for size in _blocks(draws, n)]
    columns: Array = np.concatenate(blocks).T
    return columns


def _blocks(draws: int, width: int) -> list[int]:
    size = max(1, min(draws, _CHUNK // max(1, width)))
    return [size] * (draws // size) + ([draws % size] if draws % size else [])


def _divide(top: Array, bottom: Array) -> Array:
    quotient: Array = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom != 0)
    return quotient


def _point(sums: Array) -> float | None:
    if len(sums) == 0:
        return None
    top, bottom = sums.sum(axis=0)
    return float(top / bottom) if bottom else None


def _estimate(point: float | None, values: Array, n: int, level: float) -> Estimate:
    known = values[~np.isnan(values)]
    if point is None or known.size == 0:
        return Estimate(None, None, None, n)
    low, high = np.percentile(known, [50 * (1 - level), 50 * (1 + level)])
    return Estimate(point, float(low), float(high), n)
