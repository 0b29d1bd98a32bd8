import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.text.segment import paragraphs, sentences

TEXTS = st.text(st.sampled_from("aB1 .!?…\"'“”‘’\n\r\t\u2028()-US") | st.characters(), max_size=200)


def split(text: str) -> list[str]:
    return [sentence.span.text for sentence in sentences(text, paragraphs(text))]


def test_single_and_double_line_breaks_both_separate_paragraphs() -> None:
    found = paragraphs("One.\nTwo.\n\n  Three.  \r\n\t\n")

    assert [(each.id, each.span.text) for each in found] == [("P1", "One."), ("P2", "Two."), ("P3", "Three.")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Anna Hill", True),
        ("– Anna Hill, baker", True),
        ("The bread was late.", False),
        ("“Was it late?”", False),
        ("He left and said:", False),
        ("word " * 30, False),
    ],
)
def test_a_line_is_short_and_has_no_final_stop(text: str, expected: bool) -> None:
    assert paragraphs(text)[0].is_line is expected


@pytest.mark.parametrize(
    "text",
    [
        "Mr. Hill met Gen. Adam Oak and Dr. Ash.",
        "The U.S. Army left at 5 a.m. on Friday.",
        "It rose 5.2 percent to 1,000.50 on Sept. 13.",
        "George W. Bush and J. R. Oak met Acme Inc. officials.",
        "“It is late.” he said.",
        "“Is it late?” Anna Hill asked.",
        "He waited ... and left.",
        "See No. 5 in St. Petersburg.",
    ],
)
def test_a_stop_inside_a_sentence_does_not_end_it(text: str) -> None:
    assert split(text) == [text]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It is late. He left.", ["It is late.", "He left."]),
        ("He came from the U.S. The road was long.", ["He came from the U.S.", "The road was long."]),
        ("“It is late.” He left.", ["“It is late.”", "He left."]),
        ("He said: “It is late. We go.” “Stay!”", ["He said: “It is late.", "We go.”", "“Stay!”"]),
        ("It ended… Then came 1990. In May he left!", ["It ended…", "Then came 1990.", "In May he left!"]),
        ("Really?! (Yes.) It began at 5 p.m. The end.", ["Really?!", "(Yes.)", "It began at 5 p.m.", "The end."]),
        ("No stop\nAnother line", ["No stop", "Another line"]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, expected: list[str]) -> None:
    assert split(text) == expected


@given(TEXTS)
def test_sentences_tile_their_paragraphs_in_order(text: str) -> None:
    blocks = paragraphs(text)
    found = sentences(text, blocks)

    end = 0
    for item in blocks:
        assert text[item.span.start : item.span.end] == item.span.text == item.span.text.strip() != ""
        assert item.span.start >= end
        end = item.span.end
    end = 0
    spans = {block.id: block.span for block in blocks}
    for sentence in found:
        assert text[sentence.span.start : sentence.span.end] == sentence.span.text != ""
        assert sentence.span.start >= end
        assert spans[sentence.paragraph].contains(sentence.span)
        end = sentence.span.end
    kept = "".join(sentence.span.text for sentence in found)
    assert "".join(kept.split()) == "".join("".join(block.span.text for block in blocks).split())
