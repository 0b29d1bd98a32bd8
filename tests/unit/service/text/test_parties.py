"""Parties and places: names, metonyms, groups by lexicon and by pattern, words that only look like one."""

from __future__ import annotations

import time

import pytest

from service.text.parties import parties, places


def named(text: str) -> list[tuple[str, str]]:
    return [(party.span.text, party.name) for party in parties(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Kyiv and Kiev are one city.", [("Kyiv", "Ukraine"), ("Kiev", "Ukraine")]),
        ("Türkiye thanked the Kremlin.", [("Türkiye", "Turkey"), ("Kremlin", "Russia")]),
        ("The Russian Ministry of Defense said so.", [("Russian Ministry of Defense", "Russia")]),
        ("Israel’s military denied it.", [("Israel’s military", "Israel")]),
        (
            "U.S. officials met North Korean diplomats.",
            [("U.S. officials", "United States"), ("North Korean", "North Korea")],
        ),
        ("The Houthi rebels and the LTTE.", [("Houthi rebels", "Houthis"), ("LTTE", "Tamil Tigers")]),
        ("A pro-Moscow militia held them.", [("pro-Moscow militia", "pro-Russian militia")]),
        ("Russian-backed separatists freed two men.", [("Russian-backed separatists", "pro-Russian separatists")]),
        ("Chechen rebels let them go.", [("Chechen rebels", "Chechen rebels")]),
        ("The South Sudan Liberation Movement agreed.", [("South Sudan Liberation Movement",) * 2]),
        ("the West Bank is not the West", [("West", "the West")]),
    ],
)
def test_names_their_plain_party(text: str, expected: list[tuple[str, str]]) -> None:
    assert named(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "The Washington Post reported it.",
        "Michael Jordan scored twice.",
        "Voters in Georgia and Ohio went to the polls.",
        "He ate turkey.",
    ],
)
def test_newspapers_persons_and_birds_are_no_parties(text: str) -> None:
    assert named(text) == []


def test_bare_rebels_are_the_group_named_before() -> None:
    assert named("FARC freed two men. The guerrillas kept a third.")[-1] == ("guerrillas", "FARC")


def test_the_government_is_that_of_the_rebels_country() -> None:
    assert named("Syrian rebels handed the men to the government.")[-1] == ("government", "Syria")


def test_a_state_no_lexicon_knows_is_read_from_the_text() -> None:
    found = named("Lothmark's defence ministry denied it. Lothmark freed ten men.")

    assert [name for _, name in found] == ["Lothmark", "Lothmark"]


def test_ids_count_in_document_order() -> None:
    assert [party.id for party in parties("Iran, Iraq and Hamas")] == ["R1", "R2", "R3"]


@pytest.mark.parametrize(
    ("text", "name", "country"),
    [
        ("They were freed at the Erez crossing on Sunday.", "Erez crossing", "Israel"),
        ("The swap took place on the Ukrainian border with Belarus.", "Ukrainian border with Belarus", "Ukraine"),
        ("It happened in the village of Odradivka.", "village of Odradivka", "Ukraine"),
        ("The plane landed at Sanaa airport.", "Sanaa airport", "Yemen"),
        ("Talks were held in Doha.", "Doha", "Qatar"),
    ],
)
def test_places_keep_their_own_words(text: str, name: str, country: str) -> None:
    assert (name, country) in [(place.name, place.country) for place in places(text)]


def test_spans_are_verbatim_with_curly_apostrophes() -> None:
    text = "Ukraine’s army met Iran’s navy at Kyiv’s airport."

    spans = [party.span for party in parties(text)] + [place.span for place in places(text)]
    assert all(text[span.start : span.end] == span.text for span in spans)


@pytest.mark.timing
def test_a_long_text_takes_time_in_proportion() -> None:
    def seconds(times: int) -> float:
        text = "Russia and the rebels met Turkish officials at the Erez crossing in Doha. " * times
        start = time.process_time()
        parties(text)
        places(text)
        return time.process_time() - start

    seconds(10)

    assert seconds(1600) < 16 * max(seconds(200), 0.002)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Tovish army freed two men. Tovia's president said so.", {"Tovia"}),
        ("Ostravia and the Kelling Republic exchanged prisoners on Monday.", {"Ostravia", "Kelling Republic"}),
        (
            "The government of Andara met the Blue River Movement. The Movement has prisoners.",
            {"Andara", "Blue River Movement"},
        ),
        ("Gunmen who call themselves the Lions of the Delta fled.", {"Lions of the Delta"}),
        ("Helen Thatcher spoke of hostages. Thatcher's defence minister resigned and Thatcher's government fell.", set()),
        ("Acme's president released a film and praised the Acme officials.", set()),
        ("The Home Front and the Northern Front were quiet.", set()),
    ],
)
def test_parties_no_lexicon_knows_are_read_from_the_text(text: str, expected: set[str]) -> None:
    assert {party.name for party in parties(text)} == expected


def test_a_bare_front_is_the_one_named_in_full() -> None:
    assert named("The Azure Front agreed. The Front freed two men.")[-1] == ("Front", "Azure Front")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Georgia freed 12 prisoners and sent them to Armenia.", ["Georgia", "Armenia"]),
        ("Georgia and Azerbaijan talked.", ["Georgia", "Azerbaijan"]),
        ("Hamas-led militants freed them.", ["Hamas"]),
        ("Ten were held in the South American country.", []),
        ("Two Englishmen were traded.", ["United Kingdom"]),
    ],
)
def test_names_that_mean_a_party_only_with_their_company(text: str, expected: list[str]) -> None:
    assert [party.name for party in parties(text)] == expected


def test_hijackers_are_not_the_group_that_the_lexicon_knows() -> None:
    names = {party.name for party in parties("The hijackers freed all. The Taliban gave the hijackers ten hours.")}

    assert names == {"hijackers", "Taliban"}


@pytest.mark.timing
@pytest.mark.parametrize("unit", ["A-", "Aa-Bb-Cc border ", "Aa Bb airport "])
def test_no_run_of_capitals_costs_more_than_in_proportion(unit: str) -> None:
    def seconds(characters: int) -> float:
        started = time.process_time()
        places((unit * characters)[:characters])
        return time.process_time() - started

    assert seconds(160_000) < 4 * 3 * max(seconds(40_000), 0.02)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hezbollah agreed. The Lebanese movement freed two.", ["Hezbollah", "Hezbollah"]),
        ("Hamas agreed. The Islamist movement freed two.", ["Hamas", "Hamas"]),
        ("Hamas agreed, and so did Hezbollah. The movement freed two.", ["Hamas", "Hezbollah"]),
        ("Hamas agreed. The group of captives came home.", ["Hamas"]),
        ("The FARC wants the government to free them.", ["FARC"]),
    ],
)
def test_a_movement_is_the_only_armed_group_that_it_can_be(text: str, expected: list[str]) -> None:
    assert [party.name for party in parties(text) if party.form == "group"] == expected
