"""Calibration: from raw scores to confidences that mean what they say, and how well they do.

The map is isotonic regression by pool-adjacent-violators (Ayer et al. 1955): the best non-decreasing step function under squared
error. It is kept as data with its source, and applied by `service.extraction.confidence`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Scored = tuple[float, bool]
"""A confidence in 0..1, and whether the item was right."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Items whose confidence lies in [low, high): how many, their mean confidence, the share that was right."""

    low: float
    high: float
    n: int
    confidence: float
    right: float


def reliability(scored: Sequence[Scored], *, bins: int = 10) -> tuple[Bin, ...]:
    """The reliability diagram; empty bins are left out."""
    found: list[Bin] = []
    for position in range(bins):
        low, high = position / bins, (position + 1) / bins
        inside = [(c, ok) for c, ok in scored if low <= c < high or (c >= 1.0 and position == bins - 1)]
        if inside:
            mean = sum(c for c, _ in inside) / len(inside)
            found.append(Bin(low, high, len(inside), mean, sum(ok for _, ok in inside) / len(inside)))
    return tuple(found)


def calibration_error(scored: Sequence[Scored], *, bins: int = 10) -> float | None:
    """Expected calibration error: mean distance of confidence and share right, weighted by the bins' sizes (Naeini et al. 2015)."""
    if not scored:
        return None
    return sum(b.n * abs(b.confidence - b.right) for b in reliability(scored, bins=bins)) / len(scored)


def isotonic(scored: Sequence[Scored], *, least: int = 20) -> tuple[tuple[float, float], ...]:
    """Steps (score, confidence), both rising; blocks hold at least `least` items, so that a step is not one article's luck.

    >>> isotonic([(0.2, False), (0.4, True), (0.6, False), (0.9, True)], least=1)
    ((0.2, 0.0), (0.4, 0.5), (0.9, 1.0))
    """
    blocks: list[list[float]] = []  # lowest score, sum of right, size
    for score, right in sorted(scored):
        blocks.append([score, float(right), 1.0])
        while len(blocks) > 1 and (blocks[-2][1] / blocks[-2][2] > blocks[-1][1] / blocks[-1][2] or blocks[-2][2] < least):
            _, value, size = blocks.pop()
            blocks[-1][1] += value
            blocks[-1][2] += size
    if len(blocks) > 1 and blocks[-1][2] < least:
        _, value, size = blocks.pop()
        blocks[-1][1] += value
        blocks[-1][2] += size
    return tuple((round(low, 4), round(right / size, 4)) for low, right, size in blocks)
