"""Calibration: from raw scores to confidences that mean what they say, and how well they do.

The curve is centred isotonic regression (Oron and Flournoy 2017): pool-adjacent-violators (Ayer et al. 1955), then lines between
the middles of the blocks, so that it rises everywhere. It is data with its source; `service.extraction.confidence` applies it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_LEAST_BLOCK = 25


@dataclass(frozen=True, slots=True)
class Scored:
    """An answered item: its confidence in 0..1, whether it was right, its kind ("marked", ...), its engines and its split."""

    confidence: float
    right: bool
    kind: str = ""
    engine: str = ""
    split: str | None = None


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
        inside = [s for s in scored if low <= s.confidence < high or (s.confidence >= 1.0 and position == bins - 1)]
        if inside:
            mean = sum(s.confidence for s in inside) / len(inside)
            found.append(Bin(low, high, len(inside), mean, sum(s.right for s in inside) / len(inside)))
    return tuple(found)


def calibration_error(scored: Sequence[Scored], *, bins: int = 10) -> float | None:
    """Expected calibration error: mean distance of confidence and share right, weighted by the bins' sizes (Naeini et al. 2015)."""
    if not scored:
        return None
    return sum(b.n * abs(b.confidence - b.right) for b in reliability(scored, bins=bins)) / len(scored)


@dataclass(frozen=True, slots=True)
class _Block:
    """Neighbouring scores that share one confidence: weighted sums, and the number of items."""

    scores: float
    right: float
    weight: float
    n: int

    def __add__(self, other: _Block) -> _Block:
        return _Block(self.scores + other.scores, self.right + other.right, self.weight + other.weight, self.n + other.n)

    @property
    def point(self) -> tuple[float, float]:
        """Mean score, and the share right (Laplace: one item right and one wrong are added, so that no share is 0 or 1)."""
        share = (self.right / self.weight * self.n + 1) / (self.n + 2)
        return min(max(round(self.scores / self.weight, 4), 0.0001), 0.9999), round(share, 4)


def isotonic(scored: Iterable[tuple[float, bool, float]], *, least: int = _LEAST_BLOCK) -> tuple[tuple[float, float], ...]:
    """Points (score, confidence), both rising, from scores, whether they were right, and weights.

    A block holds at least `least` items, so that no step is one article's luck.

    >>> isotonic([(0.2, False, 1), (0.4, True, 1), (0.6, False, 1), (0.9, True, 1)], least=1)
    ((0.2, 0.3333), (0.5, 0.5), (0.9, 0.6667))
    """
    blocks: list[_Block] = []
    for score, right, weight in sorted(scored):
        blocks.append(_Block(score * weight, right * weight, weight, 1))
        while len(blocks) > 1 and (blocks[-2].n < least or not _rises(blocks[-2], blocks[-1])):
            last = blocks.pop()
            blocks[-1] += last
    while len(blocks) > 1 and (blocks[-1].n < least or not _rises(blocks[-2], blocks[-1])):
        last = blocks.pop()
        blocks[-1] += last
    return tuple(block.point for block in blocks)


def _rises(one: _Block, other: _Block) -> bool:
    (low, first), (high, last) = one.point, other.point
    # Two blocks of equal share are one. While the last block grows, it may pass the one before again.
    return low < high and first < last
