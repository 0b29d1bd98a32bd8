"""A passage given by its first and last words is found where it is meant."""

from __future__ import annotations

import pytest

from service.domain.evidence import Span
from service.extraction.passage import cue_span, passage

TEXT = "He said he was trained in Brod, then in Velm, and that he, too, had left Brod in May."


@pytest.mark.parametrize(
    ("first", "last", "cue", "found"),
    [
        ("he was", "in May", None, "he was trained in Brod, then in Velm, and that he, too, had left Brod in May"),
        ("he", "Brod", "said", "he was trained in Brod"),
        ("he was", None, "said", "he was trained in Brod, then in Velm, and that he, too, had left Brod in May."),
        (None, "Velm", None, "He said he was trained in Brod, then in Velm"),
        ("he, too", "May", None, "he, too, had left Brod in May"),
        ("in Brod", "Brod", None, "in Brod, then in Velm, and that he, too, had left Brod"),
        ("in", "Velm", None, "in Brod, then in Velm"),
        ("then in", "in Velm", None, "then in Velm"),
        ("he was", "rain", None, None),
        ("Ann", "May", None, None),
        ("left", "Velm", None, None),
    ],
)
def test_a_passage_begins_after_its_cue_and_ends_where_a_clause_may_end(
    first: str | None, last: str | None, cue: str | None, found: str | None
) -> None:
    span = passage(first, last, TEXT, start=0, end=len(TEXT), cue=cue)

    assert (span.text if span is not None else None) == found
    assert span is None or TEXT[span.start : span.end] == span.text


def test_the_cue_nearest_before_the_passage_is_meant() -> None:
    text = "Lee said that Tan said it was over."
    found = Span(22, 34, "it was over")

    cue = cue_span("said", Span(0, len(text), text), found, text)

    assert cue is not None
    assert cue.start == 18


@pytest.mark.parametrize("dateline", ["ROME/PARIS ", "KESSA, Valdoria (OP) - ", "EL KESSA / ROME – ", "VELM: "])
def test_a_passage_that_begins_with_its_sentence_begins_behind_a_dateline(dateline: str) -> None:
    text = f"{dateline}The pilot is free, two sources said."

    span = passage(None, "is free", text, start=0, end=len(text), cue="said")

    assert span is not None
    assert span.text == "The pilot is free"


@pytest.mark.parametrize(
    "text", ["UNICEF staff left, they said.", "The pilot is free, they said.", "NATO-led troops left, they said."]
)
def test_a_sentence_without_a_dateline_is_kept_whole(text: str) -> None:
    span = passage(None, None, text, start=0, end=len(text))

    assert span is not None
    assert span.text == text
