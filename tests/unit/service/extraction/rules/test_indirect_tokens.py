"""Tokens and finite verbs."""

from __future__ import annotations

import pytest

from service.extraction.rules.indirect_tokens import finiteness, model_data, tokenize


def test_tokens_point_into_the_text():
    text = "He said: “No,” then left – at 5.30."

    tokens = tokenize(text, 0, len(text), [(9, 14)])

    assert [text[s:e] for s, e in zip(tokens.start, tokens.end, strict=True)] == tokens.raw
    assert [raw for raw, quoted in zip(tokens.raw, tokens.quoted, strict=True) if quoted] == ["“", "No", ",", "”"]
    assert "5.30" in tokens.raw


@pytest.mark.parametrize(
    ("word", "before", "expected"),
    [
        ("was", "it", 2), ("didn't", "she", 2), ("he'll", "^", 2), ("went", "she", 1), ("walk", "to", 0),
        ("bread", "the", 0), ("crated", "Bern", 1), ("crated", "was", 0),
    ],
)  # fmt: skip
def test_knows_finite_verbs_by_form_and_neighbour(word, before, expected):
    assert finiteness(word, before, word) == expected


def test_a_capitalised_word_is_a_name_before_it_is_a_verb():
    assert finiteness("may", "in", "May") == 2  # an auxiliary stays one
    assert finiteness("walked", "of", "Walked") == 0


def test_the_weights_say_what_they_were_learned_from():
    provenance = model_data()["provenance"]

    assert provenance["corpus"] == "polnear-train.jsonl.gz"
    assert len(provenance["sha256"]) == 64
