import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.candidate import Number, Qualifier
from service.text.numbers import numbers

PIECES = st.sampled_from(
    ["390", "1,000", "two", "a dozen", "dozens", "for", "-", "to", "between", "and", "soldiers", "prisoners", "of", "more than",
     "May", "$", "million", "%", " ", " ", ".", "a", "both", "²", "١٢", "9" * 30, "first", "exchange", "half a million", "\n", "'"]
)  # fmt: skip


def only(text: str) -> Number:
    (number,) = numbers(text)
    return number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,000 men", 1000),
        ("1\u2009000 men", 1000),
        ("1.5 million people", 1_500_000),
        ("twenty-three men", 23),
        ("a dozen men", 12),
        ("two dozen men", 24),
        ("half a million people", 500_000),
        ("two hundred and fifty prisoners", 250),
        ("three hundred thousand troops", 300_000),
        ("two thousand three hundred soldiers", 2300),
        ("a thousand soldiers", 1000),
        ("both men", 2),
        ("one prisoner", 1),
        ("a prisoner was freed", 1),
        ("dozens of soldiers", None),
        ("several hundred soldiers", None),
        ("tens of thousands of people", None),
        ("a few soldiers", None),
        ("9" * 40 + " men", None),
    ],
)
def test_values_in_digits_and_words(text: str, value: int | None) -> None:
    assert (only(text).value, only(text).role) == (value, "people")


@pytest.mark.parametrize(
    ("words", "qualifier"),
    [
        ("", Qualifier.EXACT), ("some", Qualifier.ABOUT), ("about", Qualifier.ABOUT), ("around", Qualifier.ABOUT),
        ("nearly", Qualifier.ABOUT), ("almost", Qualifier.ABOUT), ("roughly", Qualifier.ABOUT), ("more than", Qualifier.MORE_THAN),
        ("over", Qualifier.MORE_THAN), ("at least", Qualifier.AT_LEAST), ("no fewer than", Qualifier.AT_LEAST),
        ("up to", Qualifier.AT_MOST), ("at most", Qualifier.AT_MOST), ("as many as", Qualifier.AT_MOST),
        ("fewer than", Qualifier.LESS_THAN), ("less than", Qualifier.LESS_THAN), ("under", Qualifier.LESS_THAN),
    ],
)  # fmt: skip
def test_qualifiers_belong_to_the_phrase(words: str, qualifier: Qualifier) -> None:
    number = only(f"They freed {words} 390 soldiers.".replace("  ", " "))

    assert number.qualifier is qualifier
    assert number.phrase.text == f"{words} 390 soldiers".strip()


def test_the_over_of_handed_over_is_no_qualifier() -> None:
    assert only("Each side handed over 390 soldiers.").qualifier is Qualifier.EXACT


@pytest.mark.parametrize("text", ["between 50 and 60 men", "50 to 60 men", "50-60 men", "fifty to sixty men"])
def test_ranges_have_a_value_and_a_maximum(text: str) -> None:
    number = only(text)

    assert (number.value, number.max, number.qualifier, number.phrase.text) == (50, 60, Qualifier.RANGE, text)


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        ("a 1,000-for-1,000 prisoner swap", 1000, 1000),
        ("an exchange of 5 for 1", 5, 1),
        ("a swap of one for three prisoners", 1, 3),
    ],
)
def test_formulas_have_two_numbers(text: str, first: int, second: int) -> None:
    number = only(text)

    assert (number.value, number.other, number.role) == (first, second, "people")


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("270 Ukrainian servicemen had fought", "servicemen"),
        ("390 soldiers and civilians.", "soldiers and civilians"),
        ("the 3 wonderful gentlemen that", "gentlemen"),
        ("20 Israeli hostages were", "hostages"),
        ("205 prisoners of war returned", "prisoners of war"),
        ("five riot policemen", "policemen"),
        ("two Russians detained", "russians"),
        ("120 civilian hostages", "hostages"),
        ("one of the prisoners", "prisoners"),
    ],
)
def test_the_unit_is_the_head_noun(text: str, unit: str) -> None:
    number = numbers(text)[0]

    assert (number.unit, number.role) == (unit, "people")
    assert number.phrase.text.lower().endswith(unit)


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("in 2017 he left", "year"),
        ("the 2014 uprising", "year"),
        ("on May 23 he", "date"),
        ("the 24-year-old said", "age"),
        ("Anna Hill, 48, said", "age"),
        ("Anna Hill (48) said", "age"),
        ("aged 48 he", "age"),
        ("it cost $60", "money"),
        ("it cost 60 euros", "money"),
        ("rose 5.2 percent", "percent"),
        ("at 5 p.m. he", "time"),
        ("for three years he", "time"),
        ("the five-year war", "time"),
        ("the 69th exchange", "ordinal"),
        ("the second phase of", "ordinal"),
        ("phase one of the deal", "ordinal"),
        ("the 93rd Mechanized Brigade", "unit_name"),
        ("a Boeing 737 landed", "unit_name"),
        ("under Article 109 of", "unit_name"),
        ("an S-300 was", "unit_name"),
        ("the Group of Seven said", "unit_name"),
        ("90 miles west", "measure"),
        ("after 50 exchanges", "event"),
        ("two prisoner swaps", "event"),
        ("300 police cars", "other"),
        ("the two sides met", "other"),
        ("6,000 bodies came", "remains"),
        ("the bodies of 1,212 soldiers", "remains"),
        ("remains of four deceased hostages", "remains"),
        ("390 of them left", "people"),
        ("they took in a total of 124.", "people"),
        ("another two were freed", "people"),
        ("2000 prisoners came", "people"),
    ],
)
def test_roles_tell_what_is_counted(text: str, role: str) -> None:
    assert only(text).role == role


@pytest.mark.parametrize(
    "text", ["no one came", "one of the reasons", "a prisoner swap", "both sides agreed", "an American court"]
)
def test_words_that_count_no_one_are_left_out(text: str) -> None:
    assert [number for number in numbers(text) if number.role in ("people", "remains")] == []


@given(st.lists(PIECES | st.text(max_size=3), max_size=40).map(" ".join) | st.text(max_size=100))
def test_numbers_match_the_text_in_order(text: str) -> None:
    found = numbers(text)

    end = 0
    for number in found:
        assert text[number.span.start : number.span.end] == number.span.text != ""
        assert text[number.phrase.start : number.phrase.end] == number.phrase.text
        assert number.phrase.contains(number.span)
        assert number.span.start >= end
        assert number.max is None or (number.value is not None and number.value < number.max)
        end = number.span.end


@pytest.mark.parametrize("lead", ["", "another ", "a total of "])
def test_the_over_of_handed_over_is_none_before_another_either(lead: str) -> None:
    found = numbers(f"They handed over {lead}355 prisoners.")

    assert [(n.value, n.qualifier) for n in found] == [(355, Qualifier.EXACT)]


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("They were swapped on Monday, 25 for 25.", "people"),
        ("Kyiv got back 120 prisoners and Moscow 97.", "people"),
        ("Anna Hill, 25, was freed.", "age"),
        ("The prisoners flew in a Boeing 97.", "unit_name"),
        ("The 38 cases held the remains of soldiers.", "remains"),
        ("The court heard 38 cases.", "event"),
    ],
)
def test_days_capitals_and_cases_do_not_mislead(text: str, role: str) -> None:
    assert [n.role for n in numbers(text)][-1 if role == "people" else 0] == role


@pytest.mark.parametrize("words", ["10 U.S. citizens", "Four U.S.-Iranian dual nationals"])
def test_an_abbreviated_country_belongs_to_the_phrase_of_a_number(words: str) -> None:
    (number,) = numbers(f"{words} were let go.")

    assert (number.phrase.text, number.role) == (words, "people")
