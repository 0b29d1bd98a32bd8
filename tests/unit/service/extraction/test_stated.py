"""What a model reads out of the text by itself is held against the words."""

from __future__ import annotations

import pytest

from service.domain.candidate import DateMention, Sentence
from service.domain.evidence import span_of
from service.extraction.stated import date_stated, number_stated
from tests.builders import make_question

TEXT = "They were let go in May and June last year. A group of rebels and a banker stayed behind with an old friend."


@pytest.mark.parametrize(
    ("words", "start", "value", "found"),
    [
        ("last year", "2023", "2023-06", "May and June last year"),
        ("last year", "2023", "2023-05", "May and June last year"),
        ("last year", "2023", "2023-07", None),
        ("last year", "2023", "2022-06", None),
        ("May", "2024-05", "2023-05", "May"),
        ("June last year", "2023-06", "2023-06-07", None),
    ],
)
def test_a_value_must_be_what_the_words_may_mean(words: str, start: str, value: str, found: str | None) -> None:
    at = TEXT.index(words)
    mention = DateMention(id="D1", span=span_of(TEXT, at, at + len(words)), start=start, end=start, basis="relative")

    stated = date_stated(mention, value, TEXT)

    assert (stated.span.text if stated is not None and stated.span is not None else None) == found
    assert stated is None or (stated.start, stated.end) == (value, value)


@pytest.mark.parametrize(
    ("words", "value"),
    [("a banker", 1), ("an old friend", 1), ("A group of rebels", None), ("rebels", None), ("a baker", None)],
)
def test_a_single_person_is_one_and_a_group_is_none(words: str, value: int | None) -> None:
    candidates = make_question(TEXT).candidates
    sentence = candidates.get("S2", Sentence)
    assert sentence is not None

    found = number_stated(words, sentence.span, candidates)

    assert (found[0].value if found is not None else None) == value
    assert found is None or found[1].by_id[found[0].id] == found[0]
