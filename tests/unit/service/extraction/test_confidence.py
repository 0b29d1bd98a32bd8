"""Raw scores to confidences."""

import json
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.extraction.confidence import Curve, calibrated, parse

CURVE = Curve(((0.2, 0.1), (0.6, 0.7), (0.9, 0.85)))
SCORES = st.floats(min_value=0, max_value=1)


@given(SCORES, SCORES)
def test_a_higher_score_never_has_a_lower_confidence(one: float, other: float) -> None:
    low, high = sorted((one, other))

    assert 0 <= CURVE.confidence(low) <= CURVE.confidence(high) + 1e-12 <= 1 + 1e-9


@given(SCORES)
def test_a_curve_read_backwards_gives_the_score(score: float) -> None:
    assert CURVE.score(CURVE.confidence(score)) == pytest.approx(score, abs=1e-9)


def test_points_lie_on_the_curve() -> None:
    assert [CURVE.confidence(score) for score in (0, 0.2, 0.6, 0.9, 1)] == pytest.approx([0, 0.1, 0.7, 0.85, 1])


def test_scores_outside_0_to_1_are_held_at_the_ends() -> None:
    assert (CURVE.confidence(-0.5), CURVE.confidence(1.5)) == (0, 1)


@pytest.mark.parametrize("points", [((0.5, 0.5), (0.4, 0.6)), ((0.5, 0.5), (0.6, 0.5)), ((0.5, 1.0),)])
def test_points_that_do_not_rise_are_refused(points: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(ValueError, match="do not rise"):
        Curve(points)


def test_an_unknown_engine_keeps_its_score() -> None:
    assert calibrated(0.37, "nobody", "marked") == 0.37


def test_the_data_are_read_by_engine_and_kind() -> None:
    found = parse('{"rules": {"marked": {"items": 40, "points": [[0.5, 0.9]]}}}')

    assert found["rules", "marked"].confidence(0.5) == pytest.approx(0.9)


def test_the_shipped_curves_rise_and_name_their_source() -> None:
    text = (files("service.extraction") / "data" / "confidence.json").read_text(encoding="utf-8")

    assert parse(text)
    assert all(entry["source"] for kinds in json.loads(text).values() for entry in kinds.values())
