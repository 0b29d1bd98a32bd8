"""Fitting the confidence curves of `service.extraction.confidence` to runs, with their source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evals.calibrate import Scored, calibration_error, isotonic
from evals.figures import Summary
from evals.fingerprint import engine_digest
from evals.runfile import RunInvalid
from service.extraction.confidence import Curve, curve_of

LEAST_ITEMS = 100
"""A curve over fewer items would be luck."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A curve as data (None: too few items), and in words."""

    data: dict[str, Any] | None
    words: str


def curves(summaries: Sequence[Summary]) -> dict[str, dict[str, Fitted]]:
    """Curves by engine and kind over some runs, cases of the split test left out. RunInvalid if a run was made by another version of the service."""
    today = engine_digest()
    items: dict[tuple[str, str], list[Scored]] = {}
    for summary in summaries:
        if summary.run.head.hashes.get("engine") != today:
            name = summary.run.head.name
            raise RunInvalid(
                f"Run {name!r} was made by another version of the service, or over HTTP: run it again, then calibrate."
            )
        for item in summary.scored:
            if item.split == "test":
                continue  # nobody tunes on it
            items.setdefault((item.engine, item.kind), []).append(item)
    if not items:
        raise RunInvalid("The runs hold nothing to calibrate on: no answers, or only those of the split 'test'.")
    sources = [_source(summary) for summary in summaries]
    found: dict[str, dict[str, Fitted]] = {}
    for (engine, kind), scored in sorted(items.items()):
        found.setdefault(engine, {})[kind] = _fit(engine, kind, scored, sources)
    return found


def _source(summary: Summary) -> dict[str, str | None]:
    head = summary.run.head
    return {"corpus": head.corpus, "split": head.split, "gold": head.hashes["gold"]}


def _fit(engine: str, kind: str, scored: list[Scored], sources: list[dict[str, str | None]]) -> Fitted:
    if len(scored) < LEAST_ITEMS:
        return Fitted(None, f"{len(scored)} items are too few for a curve (at least {LEAST_ITEMS})")
    # The shipped curve is already in the confidences: what is fitted are the raw scores behind it.
    shipped = curve_of(engine, kind)
    points = isotonic((shipped.score(item.confidence), item.right) for item in scored)
    curve = Curve(points)
    after = [Scored(curve.confidence(shipped.score(item.confidence)), item.right) for item in scored]
    before = calibration_error(scored)
    fitted = calibration_error(after)
    words = f"{len(scored)} items, expected calibration error {before:.3f}, on the same items after the fit {fitted:.3f}"
    return Fitted({"points": [list(point) for point in points], "items": len(scored), "source": sources}, words)
