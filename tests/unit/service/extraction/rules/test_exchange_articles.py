"""Short articles with one thing to get right each: who is a side, which event a sentence tells of, whose a part is, when, where."""

from __future__ import annotations

import datetime as dt

import pytest

from service.domain.candidate import Candidates, DateMention, Party, Place
from service.domain.draft import Category, DraftExchange, ExchangeKind, PlaceRole, Status, ThirdPartyRole
from service.extraction.counting import quantity
from service.extraction.rules.exchanges import draft_exchanges
from service.text.scan import scan

PUBLISHED = dt.date(2020, 6, 10)  # a Wednesday
Counts = dict[tuple[str, str], dict[str, int | None]]
SWAP = "Kenya and Somalia exchanged 40 prisoners each on Tuesday. "


def read(text: str) -> tuple[Candidates, tuple[DraftExchange, ...]]:
    return draft_exchanges(scan(text, published_at=PUBLISHED), published_at=PUBLISHED)


def name(candidates: Candidates, reference: str) -> str:
    party = candidates.get(reference, Party)
    assert party is not None
    return party.name


def counts(candidates: Candidates, exchange: DraftExchange) -> Counts:
    """By direction: category to number."""
    return {
        (name(candidates, t.released_by), name(candidates, t.returned_to)): {
            str(c.category): stated.value for c in t.counts if (stated := quantity(c, t, candidates)) is not None
        }
        for t in exchange.transfers
    }


def start(candidates: Candidates, exchange: DraftExchange) -> str | None:
    mention = candidates.get(exchange.date_start or "", DateMention)
    return mention.start if mention is not None else None


def site(candidates: Candidates, exchange: DraftExchange) -> str | None:
    found = [candidates.get(p.place, Place) for p in exchange.places if p.role is PlaceRole.HANDOVER]
    return found[0].name if found and found[0] is not None else None


def words(candidates: Candidates, reference: str) -> str:
    span = getattr(candidates.by_id[reference], "span")  # noqa: B009 - every candidate but D0 has one
    return str(span.text)


def test_who_is_thanked_or_mediates_is_no_side() -> None:
    candidates, (exchange,) = read(
        "Sixty schoolgirls abducted by Boko Haram have been freed in exchange for four commanders, Nigeria said on"
        " Tuesday. "
        "The president thanked Switzerland and the Red Cross for securing their return."
    )

    assert set(counts(candidates, exchange)) == {("Boko Haram", "Nigeria"), ("Nigeria", "Boko Haram")}


def test_a_mediator_that_no_lexicon_knows_is_named_as_the_text_names_it() -> None:
    candidates, (exchange,) = read(SWAP + "The deal was brokered by tribal elders.")

    mediators = [words(candidates, t.party) for t in exchange.third_parties if t.role is ThirdPartyRole.MEDIATOR]
    assert mediators == ["tribal elders"]


@pytest.mark.parametrize(
    "clause", ["The talks had been mediated by Oman.", "In a deal mediated by Oman, 40 families were happy."]
)
def test_the_sides_of_mediated_talks_mediate_nothing(clause: str) -> None:
    candidates, (exchange,) = read(SWAP + clause)

    assert [name(candidates, t.party) for t in exchange.third_parties] == ["Oman"]


@pytest.mark.parametrize(
    "part",
    [
        "In return Somalia freed 39 prisoners, 30 of them soldiers and nine of them women.",
        "In return Somalia freed 39 prisoners. Among the 39 were 30 soldiers and nine women.",
    ],
)
def test_parts_go_where_their_whole_goes(part: str) -> None:
    candidates, (exchange,) = read("Kenya released 50 captives to Somalia on Tuesday in a prisoner swap. " + part)

    found = counts(candidates, exchange)
    assert found["Somalia", "Kenya"]["women"] == 9
    assert "women" not in found["Kenya", "Somalia"]


def test_what_bare_numbers_are_said_to_be_is_their_category() -> None:
    candidates, (exchange,) = read(SWAP + "Nine of those who came back are women, Kenya's defence ministry said.")

    assert counts(candidates, exchange)["Somalia", "Kenya"] == {"total": 40, "women": 9}


def test_parts_of_those_still_held_are_nobody_s() -> None:
    candidates, (exchange,) = read(SWAP + "Another 33 Kenyans remain in Somali prisons, three of them civilians.")

    assert all("civilian" not in found for found in counts(candidates, exchange).values())


def test_soldiers_are_the_total_and_its_category() -> None:
    candidates, (exchange,) = read(
        "Kenya released 32 Somali soldiers on Tuesday and Somalia freed 11 Kenyan detainees in return."
    )

    found = counts(candidates, exchange)
    assert found["Kenya", "Somalia"] == {"total": 32, "military": 32}
    assert found["Somalia", "Kenya"] == {"total": 11}


def test_people_of_a_third_country_go_home() -> None:
    candidates, (exchange,) = read(
        "Syrian rebels released 48 Iranians on Tuesday in return for 2,000 prisoners held by the Syrian government."
    )

    assert counts(candidates, exchange)["Syrian rebels", "Iran"]["total"] == 48


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("The ELN gave back four soldiers on Tuesday on a football pitch. Colombia made no comment.", ("ELN", "Colombia")),
        ("Four soldiers were set free by the ELN on Tuesday. Colombia made no comment.", ("ELN", "Colombia")),
    ],
)
def test_an_armed_group_that_lets_people_go_is_a_release_though_nobody_says_to_whom(text: str, way: tuple[str, str]) -> None:
    candidates, (exchange,) = read(text)

    assert exchange.kind is ExchangeKind.UNILATERAL_RELEASE
    assert counts(candidates, exchange) == {way: {"total": 4, "military": 4}}


@pytest.mark.parametrize(
    "text",
    [
        "Hamas released a statement on Tuesday that blamed Israel for the death of three hostages.",
        "Two Britons detained in Iran were released on Tuesday after a court ruled that they should go. They flew to"
        " Britain.",
        "Kenyan troops rescued 61 hostages held by Al-Shabab on Tuesday. They were handed over to their families.",
    ],
)
def test_statements_courts_and_rescues_are_no_release(text: str) -> None:
    assert read(text)[1] == ()


def test_a_failed_attempt_before_is_an_event_of_its_own() -> None:
    candidates, exchanges = read(
        SWAP + "An earlier attempt to exchange 25 prisoners each, in April, collapsed when a convoy was shelled."
    )

    assert [e.status for e in exchanges] == [Status.COMPLETED, Status.FAILED]
    assert start(candidates, exchanges[1]) == "2020-04"


def test_a_gift_beside_the_exchange_has_its_day() -> None:
    candidates, exchanges = read(SWAP + "Kenya also freed six fishermen without asking for anything in return.")

    assert [e.kind for e in exchanges] == [ExchangeKind.PRISONER_EXCHANGE, ExchangeKind.UNILATERAL_RELEASE]
    assert start(candidates, exchanges[1]) == "2020-06-09"
    assert counts(candidates, exchanges[1])["Kenya", "Somalia"]["total"] == 6


def test_bodies_of_another_month_are_no_part_of_today_s_exchange() -> None:
    candidates, exchanges = read(SWAP + "Last month Kenya also handed over the bodies of 300 people, and took back 31.")

    assert [e.kind for e in exchanges] == [ExchangeKind.PRISONER_EXCHANGE, ExchangeKind.REMAINS_RETURN]
    assert counts(candidates, exchanges[1])["Somalia", "Kenya"]["bodies"] == 31


def test_an_earlier_one_is_an_exchange() -> None:
    candidates, exchanges = read(SWAP + "An earlier one, in October 2018, saw 900 people go home.")

    assert [start(candidates, e) for e in exchanges] == ["2020-06-09", "2018-10"]


def test_exchanges_of_all_years_together_are_no_event() -> None:
    _, exchanges = read(
        SWAP + "The war, which began on March 3, 2018, has seen 70 such exchanges, in which 7,000 men went home."
    )

    assert len(exchanges) == 1


def test_more_who_are_to_follow_are_planned() -> None:
    candidates, exchanges = read(
        "Pakistan on Tuesday released 100 Indian fishermen, the first batch of 360 prisoners that it has said it will"
        " free. "
        "A second group of 90 will be released on June 20."
    )

    assert [e.status for e in exchanges] == [Status.COMPLETED, Status.PLANNED]
    assert counts(candidates, exchanges[0]) == {("Pakistan", "India"): {"total": 100}}
    assert counts(candidates, exchanges[1]) == {("Pakistan", "India"): {"total": 90}}


def test_talks_about_a_next_stage_are_no_event() -> None:
    _, exchanges = read(SWAP + "Talks on a second phase are under way.")

    assert len(exchanges) == 1


def test_people_let_go_for_things_are_let_go_one_way() -> None:
    candidates, exchanges = read(SWAP + "In March 2019 Kenya let 15 prisoners go in exchange for maps of minefields.")

    assert exchanges[1].kind is ExchangeKind.UNILATERAL_RELEASE
    assert counts(candidates, exchanges[1]) == {("Kenya", "Somalia"): {"total": 15}}


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (
            "Jordan said on Tuesday it was ready to free a jailed woman if Islamic State released a captured pilot.",
            Status.PROPOSED,
        ),
        (
            "Kenya has offered to exchange 20 prisoners for 30 held by Somalia. No agreement has been reached, it said.",
            Status.PROPOSED,
        ),
        (
            "A swap of 50 prisoners each by Kenya and Somalia had been planned for Monday. It was called off,"
            " officials said.",
            Status.FAILED,
        ),
    ],
)
def test_what_is_wished_or_fell_through_is_not_done(text: str, status: Status) -> None:
    _, exchanges = read(text)

    assert [e.status for e in exchanges] == [status]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Kenya and Somalia will exchange 40 prisoners, officials said on Monday. The swap is due on Friday.", "2020-06-12"),
        ("Kenya and Somalia have exchanged 40 prisoners each, officials said on Monday.", "2020-06-08"),
        ("NAIROBI, June 9 (Agency) - Kenya and Somalia exchanged 40 prisoners each on Monday.", "2020-06-08"),
        ("Kenya and Somalia could soon exchange 40 prisoners each, officials said on Monday.", None),
    ],
)
def test_the_day_of_the_words_is_the_act_s_only_for_want_of_another(text: str, day: str | None) -> None:
    candidates, exchanges = read(text)

    assert start(candidates, exchanges[0]) == day


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (
            "On a pitch outside the hamlet of Bura Kona, Kenya and Somalia exchanged 40 prisoners each on Tuesday.",
            "hamlet of Bura Kona",
        ),
        (SWAP + "The Kenyans were driven through the Liboi crossing before noon.", "Liboi crossing"),
        ("Kenya freed two Germans in a prisoner swap with Germany on Tuesday, and both men landed in Doha.", "Doha"),
        ("In Nairobi, the ministry said that Kenya and Somalia exchanged 40 prisoners each on Tuesday.", None),
    ],
)
def test_places_before_the_act_and_on_the_way(text: str, place: str | None) -> None:
    candidates, exchanges = read(text)

    assert site(candidates, exchanges[0]) == place


def test_the_same_place_is_the_main_act_s() -> None:
    candidates, exchanges = read(
        "Kenya and Somalia exchanged 40 prisoners each at the Liboi crossing on Tuesday. "
        "On May 2 the two sides exchanged 30 prisoners each at the same crossing."
    )

    assert [site(candidates, e) for e in exchanges] == ["Liboi crossing"] * 2


def test_what_a_leader_does_his_state_does() -> None:
    candidates, (exchange,) = read(
        "Obama freed seven Iranian prisoners on Tuesday in exchange for five Americans held by Iran. "
        "The United States had asked for them for years."
    )

    assert counts(candidates, exchange)["United States", "Iran"]["total"] == 7
    assert counts(candidates, exchange)["Iran", "United States"]["total"] == 5


def test_only_sentences_beyond_any_article_are_left_unread_and_said_to_be() -> None:
    few, _ = read(SWAP * 5)
    many, _ = read("".join(f"Kenya and Somalia exchanged {n} prisoners each on Tuesday. " for n in range(40, 110)))

    assert few.limits == ()
    assert any("sentences of" in what for what in many.limits)


def test_categories_of_the_parts_of_a_list_are_kept_apart_by_country() -> None:
    candidates, (exchange,) = read(
        "Hamas freed 13 Israelis and four Thai nationals on Tuesday in exchange for 39 Palestinian prisoners. "
        "The 17 hostages crossed into Egypt."
    )

    found = counts(candidates, exchange)
    assert found["Hamas", "Israel"][str(Category.TOTAL)] == 17
    assert found["Israel", "Hamas"][str(Category.TOTAL)] == 39
