"""The lines of an answer are read into values, and what does not fit is refused in words that help."""

from __future__ import annotations

import re

import pytest
from pydantic import TypeAdapter, ValidationError

from service.extraction.answer import FullAnswer, IndirectText, QuoteText, UnusedText, WayText
from service.extraction.lines import CountItem, Speakers, passage_line, quote_line, third_line, way_line, when_line


def test_a_quotation_may_be_nobodys_and_marks_may_hold_none() -> None:
    assert (quote_line("Q4 ?").by, quote_line("Q4 ?").is_quotation) == (None, True)
    assert not quote_line("Q2 -").is_quotation


def test_a_letter_stands_for_the_name_it_was_given_anywhere_in_the_answer() -> None:
    speakers = Speakers(("B", "A=Mira Tolan", "B=US", "A"))

    assert [speakers.name(field) for field in ("A", "B", "A=Mira Tolan", "Ivo Brandt", "UN", "C")] == [
        "Mira Tolan", "US", "Mira Tolan", "Ivo Brandt", "UN", None,
    ]  # fmt: skip
    assert speakers.twice == []


def test_a_letter_with_two_names_is_noticed() -> None:
    assert Speakers(("A=Mira Tolan", "A=Ivo Brandt")).twice == [("A", "Mira Tolan", "Ivo Brandt")]


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        ("They had .. the border", "They had", "the border"),
        (".. the border", None, "the border"),
        ("They had ..", "They had", None),
        ("They had … border", "They had", "border"),
        ("..", None, None),
        ("it was over", "it was over", "it was over"),
        ("14[N1] men .. Monday[D1=03-11]", "14 men", "Monday"),
    ],
)
def test_a_passage_is_its_first_and_last_words(words: str, first: str | None, last: str | None) -> None:
    line = passage_line(f"S9 A|said|{words}", indirect=True)

    assert (line.first, line.last) == (first, last)


def test_a_direction_holds_parties_numbers_claimants_and_people() -> None:
    way = way_line("pro-X rebels > Valdoria: N4a total; sum women; N6 total by Ivo Brandt; with Ann Lee, Bo Tan")

    assert (way.released_by, way.returned_to) == ("pro-X rebels", "Valdoria")
    assert way.counts == (
        CountItem("N4a", "total", None), CountItem("sum", "women", None), CountItem("N6", "total", "Ivo Brandt"),
    )  # fmt: skip
    assert (way.people, way.complete) == (("Ann Lee", "Bo Tan"), False)
    assert way_line("A Front > B Front: only Ann Lee").complete
    assert way_line("A Front > B Front").counts == ()


def test_dates_and_third_parties() -> None:
    assert (when_line("D1 D3"), when_line("- D3"), when_line("D1 -")) == (("D1", "D3"), (None, "D3"), ("D1", None))
    assert third_line("Qatar mediator; Red Cross carrier") == (("Qatar", "mediator"), ("Red Cross", "carrier"))


@pytest.mark.parametrize(
    ("wire", "line"),
    [
        (QuoteText, "Q1"),
        (QuoteText, "S1 Ann Lee"),
        (IndirectText, "S9 A said They had .. the border"),
        (WayText, "Valdoria: N4 total"),
        (WayText, "Valdoria > rebels: 40 total"),
        (WayText, "Valdoria > rebels: N4 servicemen"),
        (UnusedText, "N8 spare"),
    ],
)
def test_a_line_that_does_not_fit_is_refused_with_the_form_it_should_have(wire: type[str], line: str) -> None:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(wire).validate_python(line)

    message = refused.value.errors()[0]["msg"]
    assert f'"{line}" should be' in message
    assert "?P<" not in message


def test_lists_are_taken_where_one_line_is_asked_for() -> None:
    exchange = {"ev": ["S1", "S2"], "what": "remains planned", "ways": [], "unused": ["N1 both", "N2 plan"]}
    answer = FullAnswer.model_validate({"quotes": [], "exchanges": [exchange]})

    assert (answer.exchanges[0].ev, answer.exchanges[0].unused) == ("S1 S2", "N1 both; N2 plan")


def test_the_schema_of_an_answer_has_plain_patterns() -> None:
    patterns = re.findall(r'"pattern": ?"([^"]+)"', str(FullAnswer.model_json_schema()).replace("'", '"'))

    assert patterns
    assert not any("?P<" in pattern for pattern in patterns)
