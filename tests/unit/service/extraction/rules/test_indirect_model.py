"""The log-linear model of reported speech."""

from __future__ import annotations

import pytest

from service.extraction.rules import indirect_features as features
from service.extraction.rules import indirect_model
from service.extraction.rules import indirect_places as places
from service.extraction.rules.indirect_features import SIDES, described
from service.extraction.rules.indirect_model import (
    PlaceModel,
    decide,
    is_claim,
    is_relayed,
    learned_models,
    softmax,
)
from service.extraction.rules.indirect_places import Place
from service.extraction.rules.indirect_tokens import model_data, tokenize
from service.text.cues import find_cues


def place(text: str, lemma: str) -> Place:
    tokens = tokenize(text, 0, len(text))
    cue = next(cue for cue in find_cues(text) if cue.lemma == lemma)
    return Place(tokens, cue, tokens.at(cue.start), tokens.at(cue.end) - 1)


GROUPS = (("n={0}", "nf={0} {1}"), ("q={0}",))


def test_scores_add_the_weights_of_known_features():
    model = PlaceModel(GROUPS, {"n=,": 150, "nf=, det": -50, "q=True": 25})

    assert model.score(((",", "det"), (True,))) == 1.25
    assert model.score(((",", "unknown"), (False,))) == 1.5


def test_chooses_the_option_of_the_highest_score_and_a_lone_one_for_sure():
    model = PlaceModel(GROUPS, {"n=,": 300, "q=True": -100})
    values = {3: ((",", ""), (True,)), 7: ((",", ""), (False,)), 9: (("a", ""), (False,))}

    chosen, probability = model.best([3, 7, 9], lambda options: (values[option] for option in options))

    assert chosen == 7
    assert probability == pytest.approx(softmax([2.0, 3.0, 0.0])[1])
    assert model.best([3], lambda options: ()) == (3, 1.0)


def test_sums_kept_by_their_values_are_those_of_the_features_written_out():
    text = (
        "“It is late,” the minister, who left, told Anna on Monday, adding that (as he put it) two men were freed - or not."
    )
    for lemma in ("tell", "add"):
        found = place(text, lemma)
        ends = places.after_ends(found, places.after_starts(found)[0])
        kept = learned_models().after_end
        weights = model_data()["weights"]["after_end"]
        for values in features.after_end_values(found, places.after_starts(found)[0], ends):
            names = described(features.AFTER_END, values)
            assert kept.score(values) == kept.score(values) == sum(weights.get(name, 0) for name in names) / 100


def test_what_is_kept_of_a_flood_of_rare_words_is_bounded(monkeypatch):
    monkeypatch.setattr(indirect_model, "_MOST_SUMS", 10)
    model = PlaceModel(GROUPS, {"n=7": 100})

    scores = [model.score(((number, ""), (True,))) for number in range(100)]

    assert scores[7] == 1.0
    assert sum(scores) == 1.0
    assert max(len(sums) for sums in model._sums) <= 10


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
    probabilities = learned_models().side.probabilities(place(text, "state" if side == "none" else "say"))

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
