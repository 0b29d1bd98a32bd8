"""Text, dates and counts before they are compared."""

import math

import pytest

from evals.normalise import Interval, compare_counts, compare_dates, days, fold, implied, key, vague_word
from evals.record import Count


def count(words: str) -> Count:
    """A count from a shorthand: "about 40", "50-60", "dozens"."""
    qualifier, _, number = words.rpartition(" ")
    if "-" in number:
        low, high = number.split("-")
        return Count(category="total", n=int(low), n_max=int(high), qualifier="range")
    if not number.isdigit():
        return Count(category="total", qualifier="vague", word=words)
    return Count(category="total", n=int(number), qualifier=qualifier.replace(" ", "_") or "exact")


@pytest.mark.parametrize(
    ("gold", "predicted", "outcome"),
    [
        ("412", "412", "COR"), ("412", "421", "INC"), ("more than 3000", "3000", "PAR"), ("more than 3000", "at least 3000", "COR"),
        ("almost 600", "600", "PAR"), ("almost 600", "570", "INC"), ("570", "almost 600", "PAR"), ("105", "about 100", "PAR"),
        ("about 100", "105", "INC"), ("45", "40-50", "PAR"), ("40-50", "45", "INC"), ("40-50", "40-50", "COR"),
        ("40-50", "40-55", "PAR"), ("412", "at least 400", "PAR"), ("dozens", "dozens", "COR"), ("dozens", "30", "INC"),
        ("412", "hundreds", "PAR"), ("412", "dozens", "INC"), ("up to 30", "less than 30", "COR"), ("undisclosed", "8", "INC"),
        ("a few hundred", "hundreds", "COR"), ("several dozen men", "dozens", "COR"),
    ],
)  # fmt: skip
def test_counts_entail_one_way_only(gold: str, predicted: str, outcome: str) -> None:
    assert compare_counts(count(gold), count(predicted)) == outcome


def test_withheld_is_a_value_that_only_withheld_equals() -> None:
    withheld = Count(category="total", qualifier="undisclosed")

    assert compare_counts(withheld, withheld) == "COR"
    assert compare_counts(withheld, count("8")) == "INC"
    assert compare_counts(count("8"), withheld) == "INC"


@pytest.mark.parametrize(
    ("gold", "predicted", "outcome"),
    [
        ("1987-10-02", "1987-10-02", "COR"), ("1987-10-02", "1987-10", "PAR"), ("1987-10-02", "1987", "PAR"),
        ("1987-10-02", "1987-10-03", "INC"), ("1987-10", "1987-10-03", "INC"), ("1987-10", "1987-10-01/1987-10-31", "COR"),
        ("1987-10-02/1987-10-04", "1987-10", "PAR"), ("1987-10-02/1987-10-04", "1987-10-02", "INC"),
        ("1987-10-03", "1987-10-02/1987-10-04", "PAR"), ("1987-10-02/1987-10-04", "1987-10-03/1987-10-05", "INC"),
        ("1987-10-02/..", "1987", "INC"), ("1987-10-02", "1987-10-02/..", "PAR"), ("1987-10-02", "2 October", "INC"),
    ],
)  # fmt: skip
def test_dates_entail_one_way_only(gold: str, predicted: str, outcome: str) -> None:
    assert compare_dates(gold, predicted) == outcome


@pytest.mark.parametrize("wrong", ["1987-13", "87", "1987-02-30", "1987-10-04/1987-10-02", "", "yesterday"])
def test_what_is_no_date_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        days(wrong)


def test_a_month_covers_all_its_days() -> None:
    month = days("2028-02")

    assert month.high - month.low == 28


def test_round_numbers_have_the_bounds_that_ten_percent_gives() -> None:
    assert implied(count("about 200")) == Interval(180, 220)
    assert implied(count("about 15")) == Interval(13, 17)
    assert implied(count("more than 9")) == Interval(10, math.inf)


def test_marks_dashes_and_spaces_fold() -> None:
    assert fold("« Oui\u00a0» – l’été…") == '" Oui " - l\'été...'


def test_keys_drop_articles_and_possessives_only() -> None:
    assert key("The Marsh Council’s") == "marsh council"
    assert key("Theodora") == "theodora"


def test_vague_words_are_found_in_a_phrase() -> None:
    assert vague_word("a few hundred of the men") == "hundreds"
    assert vague_word("nobody") is None
