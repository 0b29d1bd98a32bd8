"""From an engine's raw scores to confidences that mean what they say.

A curve joins points (score, share that was right) by lines, from (0, 0) to (1, 1): it never falls, keeps the order of items, and
can be read backwards. The points are data with their source, fitted by `parley eval calibrate` (`data/confidence.json`); where
an engine or kind has no curve, its score stays as it is.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise

MARKED, INDIRECT, EXCHANGE = "marked", "indirect", "exchange"
"""The kinds that have curves of their own: quotations in marks, indirect ones, exchanges."""
_ENDS = ((0.0, 0.0), (1.0, 1.0))


@dataclass(frozen=True, slots=True)
class Curve:
    """Points (score, confidence), both strictly rising between 0 and 1; ValueError if they are not."""

    points: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        for (score, confidence), (next_score, next_confidence) in pairwise(self._all):
            if not (score < next_score and confidence < next_confidence):
                raise ValueError(f"the points do not rise at {next_score}, {next_confidence}")

    @property
    def _all(self) -> tuple[tuple[float, float], ...]:
        return _ENDS[0], *self.points, _ENDS[1]

    def confidence(self, score: float) -> float:
        """The confidence of a score in 0..1.

        >>> Curve(((0.5, 0.8),)).confidence(0.25), Curve(()).confidence(0.3)
        (0.4, 0.3)
        """
        return _between(self._all, score)

    def score(self, confidence: float) -> float:
        """The score that has a confidence: the curve read backwards.

        >>> Curve(((0.5, 0.8),)).score(0.4)
        0.25
        """
        return _between(tuple((y, x) for x, y in self._all), confidence)


_SAME = Curve(())


def _between(points: tuple[tuple[float, float], ...], x: float) -> float:
    at = min(max(1, bisect_left(points, (x, 0.0))), len(points) - 1)
    (low, first), (high, last) = points[at - 1], points[at]
    return first + (last - first) * (min(max(x, low), high) - low) / (high - low)


def calibrated(score: float, engine: str, kind: str) -> float:
    """The confidence of an item that an engine ("rules"; several joined by "+") scored with `score` in 0..1."""
    return curve_of(engine, kind).confidence(score)


def curve_of(engine: str, kind: str) -> Curve:
    """The shipped curve; one that changes nothing where there is none."""
    return _shipped().get((engine, kind), _SAME)


@cache
def _shipped() -> Mapping[tuple[str, str], Curve]:
    data = files("service.extraction") / "data" / "confidence.json"
    return parse(data.read_text(encoding="utf-8")) if data.is_file() else {}


def parse(text: str) -> dict[tuple[str, str], Curve]:
    """The curves in a file's text, by engine and kind."""
    return {
        (engine, kind): Curve(tuple((score, confidence) for score, confidence in entry["points"]))
        for engine, kinds in json.loads(text).items()
        for kind, entry in kinds.items()
    }
