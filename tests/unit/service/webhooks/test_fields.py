from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.webhooks import fields

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["value", "name", "raw"]) | st.text(), inner),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.b", 1),
        ("list.1.x", 2),
        ("/d.e/f~1g", 3),
        ("a.c", None),
        ("list.9", None),
        ("list.x", None),
        ("a.b.c", None),
        ("", None),
    ],
)
def test_a_path_leads_to_its_value(path: str, expected: object) -> None:
    payload = {"a": {"b": 1}, "list": [0, {"x": 2}], "d.e": {"f/g": 3}}

    assert fields.at(payload, path) == expected


def test_of_several_paths_the_first_that_holds_something_counts() -> None:
    assert fields.first({"a": "", "b": "x", "c": "y"}, "z, a, b, c") == "x"
    assert fields.first({"a": "", "b": None}, "a,b") == ""
    assert fields.first({}, "a,b") is None


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-01T00:05:00Z",
        "2026-01-01T02:05:00.000+02:00",
        "2026-01-01T00:05:00+0000",
        "2026-01-01 00:05:00",
        1767225900,
        1767225900000,
        [{"value": "2026-01-01T00:05:00+00:00"}],
    ],
)
def test_times_of_every_spelling_are_read_in_utc(value: object) -> None:
    assert fields.moment(value) == datetime(2026, 1, 1, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "value", ["0000-00-00 00:00:00", "soon", "", None, True, -1, 10**30, float("nan"), {}, "0001-01-01T00:00:00+14:00"]
)
def test_what_is_no_time_is_none(value: object) -> None:
    assert fields.moment(value) is None


def test_identifiers_are_plain_names_or_numbers() -> None:
    assert fields.identifier(42) == "42"
    assert fields.identifier(" a\x00 ") == "a"
    assert fields.identifier([{"value": 7}]) == "7"
    assert [fields.identifier(value) for value in (True, "", None, [], {}, 1.5, "x" * 501)] == [None] * 7


def test_titles_are_one_clean_line() -> None:
    assert fields.line("A &amp; <em>b</em>\n c") == "A & b c"
    assert fields.line({"rendered": "T"}) == "T"
    assert fields.line(4) is None


def test_only_web_addresses_are_addresses() -> None:
    assert fields.address("https://news.example/a") == "https://news.example/a"
    assert [fields.address(value) for value in ("javascript:alert(1)", "/a", "https://", "http://[x", "https://a b", 3)] == [
        None
    ] * 6


def test_an_address_is_made_from_a_template_only_if_every_value_is_there() -> None:
    template = "https://news.example/{language}/{slug}"

    assert fields.address_from(template, {"language": "uk", "slug": "a?b/ж"}) == "https://news.example/uk/a%3Fb/%D0%B6"
    assert fields.address_from(template, {"language": None, "slug": "a"}) is None
    assert fields.address_from("https://x.example/{slug.__class__}", {"slug": "a"}) is None


def test_authors_are_named_once_each() -> None:
    assert fields.names([{"name": "Olena"}, "Ivan", {"name": "Olena"}, 4]) == "Olena, Ivan"
    assert fields.names({"id": 3}) is None


def test_languages_are_tags() -> None:
    assert fields.language("pt_BR") == "pt-BR"
    assert fields.language("English (US)") is None


def test_a_key_with_a_missing_part_is_no_key_and_a_long_one_is_hashed() -> None:
    assert fields.key_of("a", "b") == "a:b"
    assert fields.key_of("a", None) is None
    assert len(fields.key_of("x" * 201) or "") == 64
    assert len(fields.key_of("a\nb") or "") == 64


def test_a_reason_shows_plain_words_only() -> None:
    assert fields.shown("post.x") == "'post.x'"
    assert fields.shown("He said that") == fields.shown(None) == "an odd one"


@given(JSON)
def test_no_value_makes_a_reader_raise(value: object) -> None:
    readers = (fields.identifier, fields.line, fields.moment, fields.address, fields.language, fields.names, fields.flag)

    for reader in readers:
        result = reader(value)
        assert result is None or not isinstance(result, str) or "\x00" not in result
