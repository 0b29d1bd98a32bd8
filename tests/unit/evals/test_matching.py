"""Aligning exchanges: worked examples with invented parties."""

import pytest

from evals.alias import load_aliases
from evals.matching import align, close_sums, describe
from evals.metrics import score_case
from evals.record import Exchange, Named, Records
from tests.unit.evals.scoring import counts_of, make_case, make_count, make_exchange, make_swap, make_transfer, score


def test_the_same_records_are_all_correct() -> None:
    gold = [make_swap(212, 57, places=["Ferry Landing"], mediators=["OMU"]), make_swap(9, 9, date="2030", status="planned")]

    result = score(gold, gold)

    assert counts_of(result) == (16, 0, 0, 0, 0)
    assert result.exact == result.core_exact == 2
    assert result.articles_exact == 1


def test_nothing_asked_and_nothing_answered_is_exact_and_has_no_ratios() -> None:
    result = score([], [])

    assert result.articles_exact == 1
    assert result.total.precision is result.total.recall is result.total.f1 is None


def test_a_record_in_an_article_without_one_is_a_false_alarm() -> None:
    result = score([], [make_exchange(make_transfer("KORA", "VEST", make_count()))])

    assert counts_of(result) == (0, 0, 0, 0, 5)
    assert (result.alarms, result.empty, result.articles_exact) == (1, 1, 0)
    assert result.total.precision == 0
    assert result.total.recall is None


def test_a_missed_record_costs_all_its_fills() -> None:
    result = score([make_swap(3, 4)], [])

    assert counts_of(result) == (0, 0, 0, 7, 0)
    assert result.silent == 1


def test_a_sum_that_follows_from_the_parts_is_neutral_and_a_wrong_one_spurious() -> None:
    parts = (make_count("military", 61), make_count("civilian", 14))
    gold = [make_exchange(make_transfer("KORA", "VEST", *parts))]

    right = score(gold, [make_exchange(make_transfer("KORA", "VEST", *parts, make_count(n=75)))])
    wrong = score(gold, [make_exchange(make_transfer("KORA", "VEST", *parts, make_count(n=76)))])

    assert counts_of(right) == (6, 0, 0, 0, 0)
    assert right.total.neutral == 1
    assert right.exact == 1
    assert counts_of(wrong) == (6, 0, 0, 0, 1)
    assert wrong.exact == wrong.core_exact == 0


def test_parts_that_give_two_sums_give_no_total() -> None:
    counts = (make_count("military", 5), make_count("civilian", 2), make_count("women", 1), make_count("men", 5))

    assert close_sums(counts) == counts


def test_people_and_remains_are_never_added_up() -> None:
    counts = (make_count("hostages", 5), make_count("bodies", 2))

    assert close_sums(counts) == counts


def test_a_swapped_direction_earns_nothing_for_its_numbers() -> None:
    result = score([make_swap(212, 57)], [make_swap(57, 212)])

    assert counts_of(result) == (5, 0, 2, 0, 0)
    assert result.slots["count"].inc == 2
    assert result.core_exact == 0


def test_a_wrong_mediator_leaves_the_core_exact() -> None:
    result = score([make_swap(1, 1, mediators=["OMU", "LIR"])], [make_swap(1, 1, mediators=["OMU", "PEL"])])

    assert counts_of(result) == (8, 0, 0, 1, 1)
    assert (result.exact, result.core_exact) == (0, 1)


def test_phases_merged_into_one_record_are_missed_and_counted_as_merged() -> None:
    phases = [make_swap(40, 40, date=f"2031-04-0{day}") for day in (3, 4, 5)]

    result = score(phases, [make_swap(120, 120, date="2031-04-03/2031-04-05")])

    assert counts_of(result) == (4, 1, 2, 14, 0)
    assert (result.matched, result.merged, result.split) == (1, 1, 0)


def test_one_event_told_as_two_counts_as_split() -> None:
    result = score([make_swap(40, 40)], [make_swap(40, 40), make_swap(40, 40, status="planned")])

    assert (result.matched, result.split, result.merged) == (1, 1, 0)


def test_records_of_other_parties_or_without_anything_in_common_are_not_paired() -> None:
    gold = [make_swap(40, 40)]

    others = score(gold, [make_exchange(make_transfer("DUN", "ILLA", make_count(n=40)))])
    strangers = score(gold, [make_swap(7, 7, date="2019-01-01")])

    assert others.matched == strangers.matched == 0
    assert counts_of(strangers) == (0, 0, 0, 7, 7)


def test_greedy_pairing_would_lose() -> None:
    def at(day: int, place: str, number: int) -> Exchange:
        return make_exchange(make_transfer("KORA", "VEST", make_count(n=number)), date=f"2031-04-0{day}", places=[place])

    alignment = align([at(1, "quay", 20), at(2, "quay", 20)], [at(1, "barn", 18), at(1, "quay", 20)])
    result = score([at(1, "quay", 20), at(2, "quay", 20)], [at(1, "barn", 18), at(1, "quay", 20)])

    assert [(pair.gold, pair.predicted) for pair in alignment.pairs] == [(0, 0), (1, 1)]
    assert counts_of(result) == (9, 0, 2, 1, 1)


@pytest.mark.parametrize(
    ("gold", "predicted", "outcome"),
    [
        (("KORA", "VEST"), ("KORA", "VEST"), "COR"),
        (("KORA", "VEST"), ("KORA", None), "PAR"),
        (("KORA", None), ("KORA", None), "COR"),
        (("KORA", None), ("KORA", "VEST"), "INC"),
        (("KORA", "VEST"), (None, None), "MIS"),
        ((None, None), ("KORA", "VEST"), "SPU"),
    ],
)
def test_a_direction_may_leave_a_side_open_but_not_add_one(
    gold: tuple[str | None, str | None], predicted: tuple[str | None, str | None], outcome: str
) -> None:
    alignment = align(
        [make_exchange(make_transfer(*gold, make_count()))], [make_exchange(make_transfer(*predicted, make_count()))]
    )

    assert [fill.outcome for pair in alignment.pairs for fill in pair.fills if fill.slot == "direction"] == [outcome]


def test_two_claims_of_one_category_are_told_apart_by_value_then_by_claimant() -> None:
    claims = (make_count(n=30, claimed_by=("kora ministry",)), make_count(n=34, claimed_by=("vest army",)))
    gold = [make_exchange(make_transfer("KORA", "VEST", *claims))]

    both = score(gold, [make_exchange(make_transfer("KORA", "VEST", *reversed(claims)))])
    one = score(gold, [make_exchange(make_transfer("KORA", "VEST", make_count(n=34, claimed_by=("kora ministry",))))])

    assert (both.claims_right, both.claims) == (2, 2)
    assert counts_of(one) == (5, 0, 0, 1, 0)
    assert (one.claims_right, one.claims) == (0, 1)


def test_where_gold_notes_no_claimant_none_is_judged() -> None:
    result = score([make_swap(3, 3)], [make_swap(3, 3)])

    assert result.claims == 0


def test_alternatives_count_as_right_and_none_makes_a_fill_optional() -> None:
    gold = [make_swap(3, 3, alternatives=(("status", "ongoing"), ("date", None)))]

    other = score(gold, [make_swap(3, 3, status="ongoing", date=None)])
    wrong_day = score(gold, [make_swap(3, 3, date="2031-04-11")])

    assert counts_of(other) == (6, 0, 0, 0, 0)
    assert counts_of(wrong_day) == (6, 0, 0, 0, 1)


def test_an_optional_or_alternative_place_is_neutral_or_right() -> None:
    place = Named(name="quay", accept=("landing stage",))

    assert counts_of(score([make_swap(3, 3, places=[place])], [make_swap(3, 3, places=["landing stage"])]))[0] == 8
    free = Named(name="quay", optional=True)
    assert counts_of(score([make_swap(3, 3, places=[free])], [make_swap(3, 3)])) == (7, 0, 0, 0, 0)
    assert counts_of(score([make_swap(3, 3, places=[free])], [make_swap(3, 3, places=["quay"])])) == (7, 0, 0, 0, 0)


def test_an_accepted_count_is_right() -> None:
    gold = make_exchange(make_transfer("KORA", "VEST", make_count(n=55, accept=(make_count(n=56),))))

    result = score([gold], [make_exchange(make_transfer("KORA", "VEST", make_count(n=56)))])

    assert counts_of(result) == (5, 0, 0, 0, 0)


def test_the_same_number_under_a_wider_category_is_missing_and_spurious() -> None:
    gold = make_exchange(make_transfer("KORA", "VEST", make_count("military", 61)))

    result = score([gold], [make_exchange(make_transfer("KORA", "VEST", make_count("total", 61)))])

    assert (result.slots["count"].mis, result.slots["count"].spu) == (1, 1)


def test_errors_in_days_and_numbers_are_kept_for_matched_pairs() -> None:
    result = score([make_swap(40, 40)], [make_swap(30, 40, date="2031-04-11")])

    assert result.day_errors == (2.0,)
    assert sorted(result.count_errors) == [0.0, 0.25]
    assert ("status", "completed", "completed") in result.confusion


def test_counts_are_told_in_words() -> None:
    assert describe(make_count("civilian", 40, qualifier="more_than")) == "civilian more than 40"
    assert describe(make_count(n=None, qualifier="vague", word="dozens")) == "total dozens"


@pytest.mark.parametrize(
    ("gold", "given", "right"),
    [
        ("Brod crossing", "the checkpoint at Brod", True),
        ("Old Brod", "a bridge near Old Brod, in Velm district", True),
        ("the border at Old Brod", "Old Brod", True),
        ("Port Imani airport", "Port Imani", True),
        ("the frozen lake", "a frozen lake", True),
        ("Old Brod", "New Brod", False),
        ("Lenz, Dravina", "Dravina", False),
        ("a ferry", "a bridge", False),
        ("Sudan", "South Sudan", False),
        ("Brod", "Brodno", False),
    ],
)
def test_a_place_is_right_if_one_phrase_holds_the_others_head_words(gold: str, given: str, right: bool) -> None:
    case = make_case(
        f"They met at {gold}.",
        exchanges=(make_swap(2, 3, places=[gold]),),
    )
    answer = Records(exchanges=(make_swap(2, 3, places=[given]),))

    tally = score_case(case, answer, load_aliases()).exchanges.slots["place"]

    assert (tally.cor, tally.mis, tally.spu) == ((1, 0, 0) if right else (0, 1, 1))
