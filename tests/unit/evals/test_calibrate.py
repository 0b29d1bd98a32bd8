"""Calibration: the reliability diagram, its error, the fitted curve."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.calibrate import Scored, calibration_error, isotonic, reliability
from evals.curves import LEAST_ITEMS, curves
from evals.figures import summarise
from evals.runfile import RunInvalid
from service.extraction.confidence import Curve
from tests.unit.evals.test_runner import FakeAnswerer, do_run, make_cases

ITEMS = st.lists(st.tuples(st.floats(min_value=0, max_value=1), st.booleans()), min_size=1, max_size=120)


def test_the_error_is_the_mean_distance_of_confidence_and_share_right() -> None:
    items = [Scored(0.95, True), Scored(0.95, False), Scored(0.15, False), Scored(0.15, False)]

    assert calibration_error(items) == pytest.approx((0.45 * 2 + 0.15 * 2) / 4)
    assert calibration_error([]) is None
    assert [b.n for b in reliability([*items, Scored(1.0, True)])] == [2, 3]


@given(ITEMS)
def test_fitted_points_always_make_a_curve(items: list[tuple[float, bool]]) -> None:
    points = isotonic([(score, right, 1) for score, right in items], least=5)

    assert Curve(points).confidence(0.5) <= 1


def test_an_overconfident_engine_is_brought_down() -> None:
    draw = random.Random(7)  # noqa: S311 - a fixed sequence, not a secret
    scores = [draw.uniform(0.5, 1) for _ in range(2000)]
    items = [(score, draw.random() < score - 0.3, 1.0) for score in scores]

    curve = Curve(isotonic(items))
    before = calibration_error([Scored(score, right) for score, right, _ in items])
    after = calibration_error([Scored(curve.confidence(score), right) for score, right, _ in items])

    assert before is not None
    assert after is not None
    assert before > 0.25
    assert after < 0.05


def test_few_items_give_no_curve_and_many_give_one_with_its_source(tmp_path: Path) -> None:
    few, many = make_cases(LEAST_ITEMS - 1), make_cases(LEAST_ITEMS)

    found = [
        curves([summarise(do_run(tmp_path / f"{len(cases)}.jsonl", FakeAnswerer(), cases), cases)])["rules"]["marked"]
        for cases in (few, many)
    ]

    assert found[0].data is None
    assert found[1].data is not None
    assert found[1].data["source"][0]["corpus"] == "own"
    assert Curve(tuple(map(tuple, found[1].data["points"]))).confidence(0.9) > 0.9


def test_the_split_test_and_runs_of_another_engine_are_refused(tmp_path: Path) -> None:
    cases = [replace(case, split="test") for case in make_cases()]
    judged = summarise(do_run(tmp_path / "a.jsonl", FakeAnswerer(), cases), cases)
    old = replace(judged, run=replace(judged.run, head=replace(judged.run.head, hashes={})))

    with pytest.raises(RunInvalid, match="only those of the split"):
        curves([judged])
    with pytest.raises(RunInvalid, match="another version of the service"):
        curves([old])


def test_a_large_corpus_weighs_no_more_than_a_small_one() -> None:
    large, small = [(0.8, True, 0.1)] * 1000, [(0.8, False, 1.0)] * 100

    ((score, share),) = isotonic([*large, *small])

    assert (score, share) == (0.8, 0.5)
