"""The log-linear model of reported speech."""

from __future__ import annotations

import pytest

from service.extraction.rules.indirect_features import SIDES, Place
from service.extraction.rules.indirect_model import decide, is_claim, is_relayed, score, side_probabilities, softmax
from service.extraction.rules.indirect_tokens import model_data, tokenize
from service.text.cues import find_cues


def place(text: str, lemma: str) -> Place:
    tokens = tokenize(text, 0, len(text))
    cue = next(cue for cue in find_cues(text) if cue.lemma == lemma)
    return Place(tokens, cue, tokens.at(cue.start), tokens.at(cue.end) - 1)


def test_scores_add_the_weights_of_known_features():
    assert score({"a": 1.5, "b": -0.5}, ["a", "b", "unknown"]) == 1.0


def test_softmax_gives_probabilities_also_for_large_scores():
    probabilities = softmax([1000.0, 999.0, -1000.0])

    assert sum(probabilities) == pytest.approx(1.0)
    assert probabilities[0] == pytest.approx(0.731, abs=1e-3)


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("Anna Hill said that the port was closed.", "after"),
        ("The port was closed on Monday, Anna Hill said.", "before"),
        ("The state of the port was bad.", "none"),
    ],
)
def test_sees_on_which_side_the_speech_stands(text, side):
    probabilities = side_probabilities(place(text, "state" if side == "none" else "say"), model_data()["weights"]["side"])

    assert set(probabilities) == set(SIDES)
    assert max(probabilities, key=probabilities.__getitem__) == side


def test_decides_nothing_below_the_threshold():
    assert decide(place("The state of the port was bad.", "state"), threshold=0.5).contents == ()


def test_knows_relayed_speech_and_claims_of_a_source():
    assert is_relayed(place("The paper quoted her as saying it was late.", "say"))
    assert not is_relayed(place("She left, saying it was late.", "say"))
    assert is_claim(place("They repeated a claim that it was late.", "claim"))
    assert is_claim(place("They heard a claim from Anna that it was late.", "claim"))
    assert not is_claim(place("They said in a statement that it was late.", "statement"))
