"""Intervals and tests: textbook figures and properties."""

import pytest

from evals.statistics import bootstrap, holm, mcnemar, paired_bootstrap, randomisation, wilson


def test_mcnemar_has_the_exact_binomial_tails() -> None:
    assert mcnemar(1, 7) == pytest.approx(0.0703, abs=5e-5)
    assert mcnemar(9, 2) == pytest.approx(0.0654, abs=5e-5)
    assert mcnemar(0, 0) == mcnemar(4, 4) == 1


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(45, 50, 0.7864, 0.9565), (0, 30, 0, 0.1135), (2, 5, 0.1176, 0.7693), (30, 30, 0.8865, 1)],
)
def test_wilson_interval(successes: int, n: int, low: float, high: float) -> None:
    interval = wilson(successes, n)

    assert (interval.low, interval.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_a_proportion_of_nothing_is_undefined() -> None:
    assert wilson(0, 0).point is bootstrap([], []).point is None
    assert bootstrap([(0, 0), (0, 0)], [1, 2]).low is None


def test_bootstrap_is_reproducible_and_holds_its_point() -> None:
    parts = [(float(i % 3), 2.0) for i in range(40)]

    one, other = bootstrap(parts, range(40)), bootstrap(parts, range(40))

    assert one == other
    assert one.low is not None
    assert one.high is not None
    assert one.point == pytest.approx(39 / 80)
    assert one.low < 39 / 80 < one.high


def test_articles_of_one_event_are_resampled_together() -> None:
    parts = [(1.0, 1.0)] * 10 + [(0.0, 1.0)] * 10

    alone = bootstrap(parts, range(20))
    together = bootstrap(parts, [i // 10 for i in range(20)])

    assert together.n == 2
    assert (together.low, together.high) == (0, 1)
    assert alone.low is not None
    assert alone.low > 0.2


def test_a_run_against_itself_does_not_differ() -> None:
    parts = [(float(i % 2), 1.0) for i in range(12)]

    gap = paired_bootstrap(parts, parts, range(12))

    assert (gap.point, gap.low, gap.high) == (0, 0, 0)
    assert randomisation(parts, parts, range(12)) == 1


def test_pairing_sees_a_small_steady_gain_that_single_intervals_hide() -> None:
    a = [(10.0 + 20 * (i % 2), 50.0) for i in range(30)]
    b = [(top + 2, bottom) for top, bottom in a]

    gap = paired_bootstrap(a, b, range(30))
    first, second = bootstrap(a, range(30)), bootstrap(b, range(30))

    assert gap.low is not None
    assert gap.low > 0
    assert first.high is not None
    assert second.low is not None
    assert first.high > second.low
    assert (randomisation(a, b, range(30)) or 1) < 0.001


def test_randomisation_agrees_with_counting_all_swaps() -> None:
    a, b = [(0.0, 1.0)] * 4, [(1.0, 1.0)] * 4

    # Of the 16 ways to swap four clusters, two give a gap of 1 either way.
    assert randomisation(a, b, range(4)) == pytest.approx(2 / 16, abs=0.01)


def test_holm_multiplies_step_by_step_and_stays_monotone() -> None:
    adjusted = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.9})

    assert adjusted == pytest.approx({"a": 0.04, "b": 0.09, "c": 0.09, "d": 0.9})


def test_articles_and_clusters_must_agree_in_number() -> None:
    with pytest.raises(ValueError, match="2 articles but 1 clusters"):
        bootstrap([(1, 1), (1, 1)], ["one"])
