"""Fitting the confidence curves of `service.extraction.confidence` to runs, with their source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
    """Curves by engine and kind over some runs, cases of the split test left out. Every corpus weighs the same.

    RunInvalid if nothing is left, or a run was made by another version of the service (its raw scores would be unknown).
    """
    items: dict[tuple[str, str], dict[str, list[Scored]]] = {}
    for summary in summaries:
        head = summary.run.head
        if head.hashes.get("engine") != engine_digest():
            message = (
                f"Run {head.name!r} was made by another version of the service, or over HTTP: run it again, then calibrate."
            )
            raise RunInvalid(message)
        for item in summary.scored:
            if item.split != "test":  # nobody tunes on it
                items.setdefault((item.engine, item.kind), {}).setdefault(head.corpus, []).append(item)
    if not items:
        raise RunInvalid("The runs hold nothing to calibrate on: no answers, or only those of the split 'test'.")
    gold = {summary.run.head.corpus: summary.run.head.hashes["gold"] for summary in summaries}
    found: dict[str, dict[str, Fitted]] = {}
    for (engine, kind), by_corpus in sorted(items.items()):
        found.setdefault(engine, {})[kind] = _fit(engine, kind, by_corpus, gold)
    return found


def _fit(engine: str, kind: str, by_corpus: dict[str, list[Scored]], gold: dict[str, str]) -> Fitted:
    n = sum(map(len, by_corpus.values()))
    if n < LEAST_ITEMS:
        return Fitted(None, f"{n} items are too few for a curve (at least {LEAST_ITEMS})")
    # The shipped curve is already in the confidences: what is fitted are the raw scores behind it.
    shipped = curve_of(engine, kind)
    # A large corpus, and one that the engine was trained on, would else decide alone how sure it may be of others.
    weighted = [
        (shipped.score(item.confidence), item.right, n / (len(by_corpus) * len(items)))
        for items in by_corpus.values()
        for item in items
    ]
    points = isotonic(weighted)
    curve = Curve(points)
    words = [f"{n} items; expected calibration error before and, on the same items, after:"]
    for corpus, items in by_corpus.items():
        after = [replace(item, confidence=curve.confidence(shipped.score(item.confidence))) for item in items]
        words.append(f"{corpus} {calibration_error(items):.3f} {calibration_error(after):.3f}")
    source = [{"corpus": corpus, "items": len(items), "gold": gold[corpus]} for corpus, items in by_corpus.items()]
    return Fitted({"points": [list(point) for point in points], "source": source}, " ".join(words))
