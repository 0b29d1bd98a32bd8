"""How plain news tells an exchange: mechanisms of direction, number, kind and status, each by sentences written for it."""

from __future__ import annotations

import pytest

from service.domain.draft import Category, DraftExchange, ExchangeKind, Status
from service.extraction.counting import quantity
from tests.unit.service.extraction.rules.test_exchanges import name, read, totals


def counts(text: str) -> dict[tuple[str, Category], int | None]:
    """The counts of the first exchange, by who releases and category."""
    candidates, exchanges = read(text)
    return {
        (name(candidates, transfer.released_by), count.category): stated.value
        for transfer in exchanges[0].transfers
        for count in transfer.counts
        if (stated := quantity(count, transfer, candidates)) is not None
    }


def ways(text: str) -> dict[tuple[str, str], int | None]:
    """The transfers of the first exchange with their totals."""
    candidates, exchanges = read(text)
    return totals(candidates, exchanges[0])


def only(text: str) -> DraftExchange:
    """The one exchange of a text."""
    (exchange,) = read(text)[1]
    return exchange


def test_a_country_with_dots_stands_between_a_number_and_its_noun() -> None:
    text = "Iran freed eight U.S. sailors on Monday after holding them for two nights."

    assert ways(text) == {("Iran", "United States"): 8}


def test_time_behind_after_begins_no_second_event() -> None:
    text = (
        "Peru freed Chilean engineer Luis Vera after six years in prison on Monday in a deal that also saw Chile release "
        "two Peruvian agents held in Santiago."
    )

    assert only(text).kind is ExchangeKind.PRISONER_EXCHANGE
    assert ways(text) == {("Peru", "Chile"): 1, ("Chile", "Peru"): 2}


def test_who_held_the_others_is_not_who_held_these() -> None:
    text = "Oksana Hryn, a Ukrainian medic, came home on Monday after being exchanged for three Russians held in Ukraine."

    assert ways(text) == {("Russia", "Ukraine"): 1, ("Ukraine", "Russia"): 3}


def test_a_person_is_of_the_people_that_stands_behind_the_name() -> None:
    text = "North Korea has released Paul Renner, a Canadian missionary jailed since 2018, Ottawa said on Monday."

    assert only(text).kind is ExchangeKind.UNILATERAL_RELEASE
    assert ways(text) == {("North Korea", "Canada"): 1}


def test_people_of_one_country_freed_by_another_are_an_event_without_a_word_of_captivity() -> None:
    text = (
        "Four Canadian citizens freed by North Korea arrived on Monday and were greeted by the foreign minister of Canada."
    )

    assert ways(text) == {("North Korea", "Canada"): 4}


def test_a_release_that_somebody_is_still_working_for_frees_nobody() -> None:
    text = (
        "Russia and the United States swapped prisoners on Monday, trading Ann Field, an American, for Oleg Rudin, a Russian "
        "pilot. U.S. officials said they were still working to free Mark Stone and Eva Lund."
    )

    assert set(ways(text).values()) == {1}


def test_a_movement_is_the_armed_group_of_its_country() -> None:
    text = (
        "Hezbollah and Israel made an exchange on Monday. The Lebanese movement handed over two captured Israeli soldiers."
    )

    assert ("Hezbollah", "Israel") in ways(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Libya freed 200 captured soldiers, policemen and civilians from Chad on Monday.",
            {("Libya", Category.TOTAL): 200},
        ),
        (
            "Russia handed over 30 wounded Ukrainian soldiers on Monday.",
            {("Russia", Category.TOTAL): 30, ("Russia", Category.WOUNDED): 30},
        ),
        (
            "Hamas released three female Israeli soldiers on Monday.",
            {("Hamas", Category.TOTAL): 3, ("Hamas", Category.MILITARY): 3, ("Hamas", Category.WOMEN): 3},
        ),
    ],
)
def test_the_category_is_that_of_the_whole_noun_phrase(text: str, expected: dict[tuple[str, Category], int]) -> None:
    found = counts(text)

    assert {key: value for key, value in found.items() if key[0] in {k[0] for k in expected}} == expected


def test_the_living_and_the_dead_given_back_side_by_side_add_up() -> None:
    text = (
        "Israel freed six Lebanese prisoners on Monday and Hezbollah handed over the bodies of two Israeli soldiers. "
        "Israel also returned the remains of 40 fighters."
    )
    found = counts(text)

    assert found[("Israel", Category.TOTAL)] == 46
    assert found[("Israel", Category.BODIES)] == 40
    assert found[("Israel", Category.PRISONERS)] == 6


def test_the_remains_of_captives_are_remains() -> None:
    text = "Hamas will hand over the remains of two more Israeli captives on Thursday."

    assert only(text).kind is ExchangeKind.REMAINS_RETURN


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Chad and Niger have begun exchanging captured soldiers, officials said on Monday.", Status.ONGOING),
        (
            "Chad and Niger agreed on Monday to exchange 300 prisoners each, but failed to agree a ceasefire at their talks.",
            Status.AGREED,
        ),
        (
            "Chad said its captives were being flown to the border for an exchange due on Monday. "
            "Niger said the exchange of 30 prisoners with Chad had been called off.",
            Status.FAILED,
        ),
        (
            "Chad said on Monday it would be happy to exchange its 30 captured soldiers from Niger for rebels.",
            Status.PROPOSED,
        ),
    ],
)
def test_status_is_that_of_the_act_and_not_of_the_words_around_it(text: str, status: Status) -> None:
    assert read(text)[1][0].status is status


@pytest.mark.parametrize(
    "text",
    [
        "Chad's army said its troops freed 17 people from a rebel camp on Monday. The captives were brought out after an "
        "exchange of fire.",
        "Prisoner swaps are one of the few areas in which Russia and Ukraine still talk.",
        "Chad and Niger exchanged letters about the lists of names of prisoners on Monday.",
    ],
)
def test_what_only_sounds_like_an_exchange_is_none(text: str) -> None:
    assert read(text)[1] == ()


def test_an_earlier_swap_with_another_country_has_that_country() -> None:
    text = (
        "The United States freed five Iranians on Monday in exchange for four Americans held by Iran. U.S. officials praised it. "
        "In May 2014, the United States traded three Cuban spies for an American agent."
    )
    candidates, exchanges = read(text)

    assert [set(totals(candidates, e)) for e in exchanges][1] == {("United States", "Cuba"), ("Cuba", "United States")}


def test_a_soldier_of_whom_nothing_is_said_is_nobody_who_went_free() -> None:
    text = (
        "Kenya on Monday returned 18 captured Ugandan soldiers, the foreign ministries of both countries said. "
        "The release had been delayed after a mine maimed a Kenyan soldier."
    )

    assert ways(text) == {("Kenya", "Uganda"): 18}


def test_what_is_paid_for_captives_without_a_number_goes_the_other_way() -> None:
    text = (
        "Congo and M23 signed a deal on Monday: M23 would free captured soldiers in return for about 700 detained fighters."
    )

    assert ways(text)[("DR Congo", "M23")] == 700


@pytest.mark.parametrize(
    "text",
    [
        "Three detained Iranians were brought to the United States on Monday to face trial. They were arrested in Turkey.",
        "Iran arrested two Britons and an American on Monday. The United States demanded that Iran release them.",
        "Mexico extradited 29 suspects to the United States on Monday. The captives were handed over to U.S. authorities.",
        "Turkey deported 14 captured militants of Islamic State to Germany and France, officials said.",
        "U.S. troops rescued two hostages held by the Taliban. They were returned home to Canada on Monday.",
    ],
)
def test_trials_rescues_and_deportations_are_no_exchange(text: str) -> None:
    assert read(text)[1] == ()
