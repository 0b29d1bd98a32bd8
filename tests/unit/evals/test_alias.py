"""Names to ids."""

import pytest

from evals.alias import Names, full_names, load_aliases, parse_aliases, person_key
from evals.matching import align
from evals.metrics import score_case
from evals.record import Records
from tests.unit.evals.scoring import make_case, make_count, make_exchange, make_transfer

HEAD = "alias\tid\tkind\tlang\tcontext\tambiguous\n"
ROWS = """
Kora|KOR|state||
Koraland|KOR|state||
Port Kora|KOR|metonym||
Port Kora|L-PORT|place||
Vesterland|VEST|state||
the Front|FRONT-A|group|VEST;Vesterland|yes
the Front|FRONT-B|group|Dunmark|yes
Ana Brkić|P-ANA|person||
Ana Brkich|P-ANA|person||
"""


def line(row: str) -> str:
    alias, id_, kind, context, ambiguous = row.split("|")
    return "\t".join((alias, id_, kind, "en", context.replace(";", "|"), ambiguous)) + "\n"


TABLE = parse_aliases(HEAD + "".join(line(row) for row in ROWS.split("\n") if row))


def test_a_capital_is_its_state_as_a_party_but_not_as_a_place_or_a_speaker() -> None:
    names = Names(TABLE)

    assert names.party("Port Kora") == names.party("Kora") == "KOR"
    assert names.place("Port Kora") == "L-PORT"
    assert names.speaker("Port Kora") != names.speaker("Kora") == names.speaker("Koraland")


def test_an_ambiguous_alias_needs_its_context() -> None:
    assert Names(TABLE).party("the Front") == "front"
    assert Names(TABLE, text="In Dunmark all was quiet.").party("the Front") == "FRONT-B"
    assert Names(TABLE).party("the Front", near={"VEST"}) == "FRONT-A"
    assert Names(TABLE, text="Dunmark and Vesterland").party("the Front") == "front"


def test_an_unknown_name_stands_for_itself() -> None:
    names = Names(TABLE)

    assert names.party("The Reed League") == names.party("Reed League") == "reed league"
    assert names.is_known("Koraland")
    assert not names.is_known("Reed League")


def test_a_surname_or_first_name_is_the_one_person_of_the_article_who_bears_it() -> None:
    names = Names(TABLE, people=("Ngozi Okafor", "Tomas Riel", "Lena Riel"))

    forms = ("Okafor", "Ms. Ngozi Okafor", "Ngozi", "Ngozi A. Okafor", "Ngozi Okafor")

    assert len({names.speaker(form) for form in forms}) == 1
    assert names.speaker("Riel") not in {names.speaker("Tomas Riel"), names.speaker("Lena Riel")}


def test_a_son_is_not_his_father() -> None:
    names = Names(TABLE, people=("Paul Dray Jr.",))

    assert names.speaker("Paul Dray") != names.speaker("Paul Dray Jr.")


def test_a_short_form_of_a_known_person_has_the_known_id() -> None:
    names = Names(TABLE, people=("Ana Brkich",))

    assert names.speaker("Brkich") == names.speaker("Ana Brkić") == "P-ANA"


def test_only_names_of_single_persons_are_full_names() -> None:
    found = full_names(
        ["Ngozi Okafor", "a senior officer", "Okafor", "Ana Brkić and Tomas Riel", "Bank of Kora", "Dr. Riel"]
    )

    assert found == ("Ngozi Okafor",)


def test_titles_and_initials_do_not_make_another_person() -> None:
    assert person_key("President Ngozi A. Okafor") == person_key("Ngozi Okafor")


def test_replacing_names_by_aliases_changes_no_score() -> None:
    def told(state: str, other: str) -> Records:
        return Records(exchanges=(make_exchange(make_transfer(state, other, make_count())),))

    case = make_case("Kora and Vesterland.", exchanges=told("Kora", "Vesterland").exchanges)

    forms = ("Kora", "Koraland", "Port Kora", "KOR")
    scores = {score_case(case, told(state, "Vesterland"), TABLE).exchanges.total for state in forms}

    assert len(scores) == 1
    assert scores.pop().cor == 5


def test_unknown_parties_are_reported() -> None:
    exchange = make_exchange(make_transfer("Kora", "Reed League", make_count()))

    result = score_case(make_case("x", exchanges=(exchange,)), Records(), TABLE)

    assert result.exchanges.unknown == ("Reed League",)


@pytest.mark.parametrize("data", ["", "alias\tid\n", HEAD + "Kora\tKOR\n"])
def test_a_malformed_table_is_refused(data: str) -> None:
    with pytest.raises(ValueError, match="alias table"):
        parse_aliases(data)


def test_the_shipped_table_binds_every_certain_alias_to_one_id() -> None:
    table = load_aliases()
    speakers = ("state", "group", "organization", "person")

    for kinds in (("state", "group", "metonym"), ("organization",), ("state", "place"), speakers):
        for alias, rows in table.rows.items():
            assert len({row.id for row in rows if row.kind in kinds and not row.ambiguous}) <= 1, alias


@pytest.mark.parametrize(
    ("one", "other", "how", "same"),
    [
        ("Zelensky", "Volodymyr Zelenskiy", "speaker", True), ("Зеленський", "Zelenskyy", "speaker", True),
        ("Olena Zelenska", "Volodymyr Zelensky", "speaker", False), ("Dmitry Medvedev", "Viktor Medvedchuk", "speaker", False),
        ("Turkey", "Türkiye", "party", True), ("Kyiv", "Ukraine", "party", True), ("Kyiv", "Ukraine", "place", False),
        ("Iran", "Iraq", "party", False), ("Niger", "Nigeria", "party", False),
        ("Islamic Resistance Movement", "Hamas", "party", True), ("Islamic Resistance", "Hamas", "party", False),
        ("the Holy See", "Vatican", "party", True), ("Moscow", "Russia", "speaker", False),
        ("Russian Ministry of Defense", "Russia’s Defence Ministry", "speaker", True),
    ],
)  # fmt: skip
def test_the_shipped_table_knows_the_usual_names(one: str, other: str, how: str, same: bool) -> None:
    names = Names(load_aliases())

    assert (getattr(names, how)(one) == getattr(names, how)(other)) is same


def test_an_article_can_bind_a_bare_name() -> None:
    names = Names(load_aliases(), text="Hamas, which calls itself a movement, ...")

    assert names.party("Islamic Resistance") == names.party("Hamas")


def test_ids_are_aliases_of_themselves() -> None:
    assert align([], []).pairs == ()
    assert Names(load_aliases()).party("TR") == "TR"
