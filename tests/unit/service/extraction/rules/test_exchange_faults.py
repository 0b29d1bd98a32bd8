"""Exchanges whose numbers are shared between two sides, come in stages, go home by nationality or have a mediator beside them."""

from __future__ import annotations

import datetime as dt

import pytest

from service.domain.candidate import Candidates, Party
from service.domain.draft import Category, DraftExchange, Status, ThirdPartyRole
from service.extraction.counting import quantity
from service.extraction.rules.exchanges import draft_exchanges
from service.text.parties import places
from service.text.scan import scan

PUBLISHED = dt.date(2020, 6, 10)


def read(text: str) -> tuple[Candidates, tuple[DraftExchange, ...]]:
    return draft_exchanges(scan(text, published_at=PUBLISHED), published_at=PUBLISHED)


def name(candidates: Candidates, reference: str) -> str:
    party = candidates.get(reference, Party)
    assert party is not None
    return party.name


def counts(candidates: Candidates, exchange: DraftExchange) -> dict[str, dict[str, int | None]]:
    """By the receiving side: category to number."""
    return {
        name(candidates, t.returned_to): {
            str(c.category): stated.value for c in t.counts if (stated := quantity(c, t, candidates)) is not None
        }
        for t in exchange.transfers
    }


def mediators(candidates: Candidates, exchange: DraftExchange) -> set[str]:
    return {name(candidates, t.party) for t in exchange.third_parties if t.role is ThirdPartyRole.MEDIATOR}


@pytest.mark.parametrize(
    ("text", "each"),
    [
        ("Kenya and Somalia agreed on Monday to exchange 800 prisoners in two stages, 400 from each side.", 400),
        ("Kenya and Somalia exchanged 60 prisoners on Tuesday, 30 on each side.", 30),
        ("Kenya and Somalia will exchange 500 captives, 250 apiece, officials said on Monday.", 250),
        ("Both sides in the war between Kenya and Somalia freed 84 prisoners on Monday, 42 each, in a swap.", 42),
        ("Kenya and Somalia swapped 90 captives on Monday, half of them from each side.", None),
        ("Kenya and Somalia exchanged 240 prisoners on Monday.", None),
        ("Of the 60 prisoners that Kenya and Somalia exchanged on Monday, 30 were freed by each side.", 30),
        ("Kenya and Somalia will exchange 100 prisoners on Friday and 200 each on Saturday.", 200),
        ("Kenya and Somalia exchanged prisoners on Sunday, 140 people in all, officials said.", None),
        ("Kenya and Somalia exchanged 35 prisoners each on Sunday.", 35),
    ],
)
def test_a_number_is_each_side_s_only_where_the_words_say_so(text: str, each: int | None) -> None:
    candidates, exchanges = read(text)

    found = counts(candidates, exchanges[0])
    assert {side: stated.get("total") for side, stated in found.items()} == {"Kenya": each, "Somalia": each}


def test_what_both_sides_say_is_not_what_both_sides_did() -> None:
    candidates, exchanges = read(
        "Kenya and Somalia exchanged prisoners of war on Monday. Kenya's Defence Ministry said 31 of its soldiers had come home. "
        "Both governments say that 22 captives went south."
    )

    found = counts(candidates, exchanges[0])
    assert (found["Kenya"]["total"], found["Somalia"]["total"]) == (31, 22)


@pytest.mark.parametrize(
    "text",
    [
        "Mali and Niger swapped prisoners on Monday. Each government released 70 captives, 50 of them soldiers and 20 civilians.",
        "Each army freed 70 captives in a prisoner exchange between Mali and Niger, 50 of them soldiers and 20 civilians.",
        "Mali and Niger swapped prisoners on Monday. Each side released 70 people, among them 50 soldiers and 20 civilians.",
    ],
)
def test_the_parts_of_what_each_side_freed_are_each_side_s_too(text: str) -> None:
    candidates, exchanges = read(text)

    parts = {"total": 70, "military": 50, "civilian": 20}
    assert counts(candidates, exchanges[0]) == {"Mali": parts, "Niger": parts}


@pytest.mark.parametrize(
    ("words", "home"),
    [
        ("Nine women and 21 men were among the Pakistanis who came home.", "Pakistan"),
        ("Among the Pakistanis who came home were nine women and 21 men.", "Pakistan"),
        ("Nine women and 21 men were among the Indian prisoners who came back.", "India"),
    ],
)
def test_people_named_among_a_nation_s_own_go_home_to_it(words: str, home: str) -> None:
    candidates, exchanges = read(f"India and Pakistan exchanged 30 prisoners each on Sunday. {words}")

    found = counts(candidates, exchanges[0])
    other = "India" if home == "Pakistan" else "Pakistan"
    assert found == {home: {"total": 30, "women": 9, "men": 21}, other: {"total": 30}}


@pytest.mark.parametrize(
    "words",
    [
        "Oman, which brokered the deal, lent the aircraft.",
        "The deal was brokered by Oman.",
        "Oman mediated the exchange.",
        "The swap was mediated by Oman.",
        "It came about through the mediation of Oman.",
        "The swap was agreed thanks to Oman's mediation.",
    ],
)
def test_a_mediator_may_stand_in_the_next_sentence(words: str) -> None:
    candidates, exchanges = read(f"Iran and Iraq exchanged 25 prisoners apiece on Sunday. {words}")

    assert mediators(candidates, exchanges[0]) == {"Oman"}


def test_a_country_that_opens_a_sentence_behind_a_name_is_a_party() -> None:
    candidates, exchanges = read(
        "Officials from Tbilisi watched as Iran and Iraq exchanged 25 prisoners each on Sunday. Georgia, which brokered the deal, "
        "lent the aircraft."
    )

    assert mediators(candidates, exchanges[0]) == {"Georgia"}


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Mali and Niger agreed on Monday to exchange 80 prisoners in two stages, 40 from each side.", Status.AGREED),
        (
            "Mali and Niger agreed to swap 80 captives in two stages, 40 apiece, and the first stage took place on Monday.",
            Status.ONGOING,
        ),
        (
            "Mali and Niger agreed to swap 80 captives in two stages, 40 apiece, and the first stage was to begin on Friday.",
            Status.AGREED,
        ),
    ],
)
def test_a_deal_in_stages_is_agreed_until_the_first_took_place(text: str, status: Status) -> None:
    _, exchanges = read(text)

    assert exchanges[0].status is status


def test_a_phase_is_part_of_the_larger_deal_and_later_days_date_neither() -> None:
    candidates, exchanges = read(
        "Mali and Niger carried out the first stage of a prisoner swap on Monday, when each side freed 90 captives. "
        "They had agreed in Algiers six days earlier to exchange 540 prisoners in three stages, 270 from each side, and the "
        "planes are due to fly again on Thursday and Saturday."
    )

    phase, deal = exchanges
    assert (phase.status, phase.part_of, deal.status, deal.part_of) == (Status.COMPLETED, 1, Status.ONGOING, None)
    assert {v["total"] for v in counts(candidates, phase).values()} == {90}
    assert {v["total"] for v in counts(candidates, deal).values()} == {270}
    assert candidates.by_id[phase.date_start or ""].start == "2020-06-08"  # type: ignore[union-attr]
    assert deal.date_start is None


def test_a_stage_that_might_be_put_off_is_no_event_of_its_own() -> None:
    _, exchanges = read(
        "Mali and Niger exchanged 30 prisoners each on Monday. A minister hinted that the third stage might be put off."
    )

    assert len(exchanges) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("They met at the Vayan crossing on Friday.", "Vayan crossing"),
        ("They met at the Vayan crossing near Gori Tuesday.", "Vayan crossing near Gori"),
        ("On Friday Vayan crossing was shut.", "Vayan crossing"),
        ("They met at the Vayan crossing in March.", "Vayan crossing"),
    ],
)
def test_a_place_does_not_swallow_a_date(text: str, expected: str) -> None:
    assert [place.name for place in places(text) if "Vayan" in place.name] == [expected]


def test_the_site_of_a_hand_over_does_not_swallow_a_month() -> None:
    candidates, exchanges = read("Mali and Niger exchanged 30 prisoners on a wooden bridge in May.")

    assert "wooden bridge" in {candidates.by_id[p.place].span.text for p in exchanges[0].places}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "text",
    [
        "A crew of fishermen seized last week might be freed in return for jailed smugglers, a port official said on Monday.",
        "Captured pilots could be released in exchange for imprisoned activists, one of the gunmen said on Monday.",
        "The detained surveyors may be handed over in exchange for captured rebels, a spokesman told reporters on Monday.",
    ],
)
def test_captives_who_may_go_free_for_others_are_a_proposed_exchange_that_the_day_of_the_words_does_not_date(
    text: str,
) -> None:
    _, exchanges = read(text)

    assert [e.status for e in exchanges] == [Status.PROPOSED]
    assert exchanges[0].date_start is None


@pytest.mark.parametrize(
    "text",
    [
        "The patents could be released in exchange for a fee, a captured executive said.",
        "The suspect could be released in exchange for testimony against jailed members of the gang.",
        "The ship may be freed in return for a ransom, its detained captain said.",
    ],
)
def test_what_may_be_released_for_something_else_is_none(text: str) -> None:
    assert read(text)[1] == ()


def test_a_speaker_is_no_captive() -> None:
    candidates, exchanges = read(
        "Captured Turkish pilots may be released in exchange for jailed Kurdish fighters, a Kurdish militia commander said."
    )

    assert all(not t.counts for t in exchanges[0].transfers)
    assert Category.TOTAL not in {c.category for t in exchanges[0].transfers for c in t.counts}
    assert {name(candidates, t.released_by) for t in exchanges[0].transfers} == {"Kurds", "Turkey"}
