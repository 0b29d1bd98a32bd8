import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.text.locate import locate, locate_range

LETTERS = st.text(st.sampled_from("ab \n\u00a0\u200b“”\"'’–-Aİß"), max_size=40)


@pytest.mark.parametrize(
    ("words", "text", "expected"),
    [
        ("salt", "bread and salt", "salt"),
        ('He said "no"', "Then he said “no” twice", "he said “no”"),
        ("it's a well-known fact", "It’s  a\nwell–known fact.", "It’s  a\nwell–known fact"),
        ("  salt ", "bread and salt", "salt"),
        ("a b", "a\u00a0b", "a\u00a0b"),
        ("salty", "sal\u200bty", "sal\u200bty"),
        ("sal\u200bty", "salty", "salty"),
        ("Bread", "no bread", "bread"),
    ],
)
def test_words_are_found_whatever_the_style_of_marks_and_space(words: str, text: str, expected: str) -> None:
    span = locate(words, text)

    assert span is not None
    assert span.text == expected == text[span.start : span.end]


@pytest.mark.parametrize(
    ("words", "text"), [("salt", "sand"), ("", "salt"), ("  ", "a  b"), ("SALT", "salt"), ("brad", "bread"), ("salt", "")]
)
def test_nothing_is_guessed(words: str, text: str) -> None:
    assert locate(words, text) is None


def test_the_first_place_in_the_range_wins() -> None:
    text = "salt, salt and “salt”"

    assert [found.start for start in (0, 1, 7) if (found := locate("salt", text, start=start))] == [0, 6, 16]
    assert locate("salt", text, start=1, end=5) is None


def test_a_range_runs_from_the_first_words_to_the_next_last_words() -> None:
    text = "He ate the bread and the salt. Salt and bread."

    span = locate_range("the bread", "salt", text)

    assert span is not None
    assert span.text == "the bread and the salt"
    assert locate_range("the bread", "wine", text) is None
    assert locate_range("bread and", "and the salt", text) is not None


@given(LETTERS, st.integers(-5, 50), st.integers(-5, 50), LETTERS)
def test_what_is_found_lies_in_the_range(text: str, start: int, end: int, words: str) -> None:
    span = locate(words, text, start=start, end=end)

    if span is not None:
        assert text[span.start : span.end] == span.text != ""
        assert max(start, 0) <= span.start
        assert span.end <= end


@given(LETTERS, st.data())
def test_every_piece_of_the_text_is_found(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    words = text[start:end]

    span = locate(words, text)

    if words.strip("\u200b \n\u00a0"):
        assert span is not None
        assert span.text == words.strip()
