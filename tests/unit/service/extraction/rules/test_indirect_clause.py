"""From reported content to the finite clause that counts."""

from __future__ import annotations

import pytest

from service.extraction.rules.indirect_clause import clause_bounds
from service.extraction.rules.indirect_model import Found
from service.extraction.rules.indirect_places import Place
from service.extraction.rules.indirect_tokens import tokenize
from service.text.cues import find_cues


def bounded(text: str) -> str | None:
    """What is left of all that stands behind the first cue."""
    opening = text.find("“")
    quoted = [(opening, text.find("”") + 1)] if opening >= 0 else []
    tokens = tokenize(text, 0, len(text), quoted)
    cue = find_cues(text)[0]
    place = Place(tokens, cue, tokens.at(cue.start), tokens.at(cue.end) - 1)
    last = len(tokens) - (2 if tokens.word[-1] == "." else 1)
    bounds = clause_bounds(Found(place, "after", place.last + 1, last, 1.0))
    return text[tokens.start[bounds[0]] : tokens.end[bounds[1]]] if bounds else None


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("She said the port was small.", "the port was small"),
        ("She said the port – the old one – was small.", "the port – the old one – was small"),
        ("She said the port was small — a scandal.", "the port was small"),
        ("She said she met a man who he says was held.", "she met a man"),
        ("She said it would rain, when the crew would get “wet”.", "it would rain"),
    ],
)
def test_keeps_comma_glosses_and_cuts_what_is_not_reported(text, clause):
    assert bounded(text) == clause


@pytest.mark.parametrize(
    "text",
    [
        "She said why the port was small.",
        "She said to leave.",
        "She said so.",
        "She said leaving early.",
        "She said the port was “small”.",
    ],
)
def test_what_is_no_finite_clause_free_of_marks_is_none(text):
    assert bounded(text) is None
