"""
The log-linear model of reported speech: which side of a cue holds a reported clause, and where it begins and ends.

Five small softmax models over the features of `indirect_features`, learned by `scripts/train_indirect.py` from PolNeAR train and
kept in `data/indirect.json`: `side` (see SIDES), then the choice among candidate places: `after_start`, `after_end`, `before_end`,
`before_start`. A score is a sum of weights; probabilities are the softmax over the options.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp

from service.extraction.rules import indirect_features as features
from service.extraction.rules.indirect_features import SIDES, Place, Side
from service.extraction.rules.indirect_tokens import model_data

RELAYED = 0.8  # how sure "quoted X as saying" is to bring a clause; the corpus takes "saying" for a part of "quoted"


def score(weights: Mapping[str, float], features: Sequence[str]) -> float:
    """The sum of the features' weights."""
    get = weights.get
    return sum([get(feature, 0.0) for feature in features])


def softmax(scores: Sequence[float]) -> list[float]:
    """Probabilities in proportion to exp(score)."""
    top = max(scores)
    powers = [exp(value - top) for value in scores]
    total = sum(powers)
    return [value / total for value in powers]


@dataclass(frozen=True, slots=True)
class Found:
    """Reported content at tokens `start`..`end` (inclusive), on one side of the cue, with the model's probability."""

    place: Place
    side: Side
    start: int
    end: int
    probability: float


def is_relayed(place: Place) -> bool:
    """Whether the cue is the "saying" of "quoted X as saying", which the training corpus takes for a part of "quoted"."""
    tokens, first = place.tokens, place.first
    if place.cue.inflection != "ing" or tokens.get(first - 1) != "as":
        return False
    return any(word in {"quoted", "quotes", "quoting", "cited"} for word in tokens.word[max(first - 14, 0) : first - 1])


def _best(weights: Mapping[str, float], options: Sequence[int], described: Sequence[Sequence[str]]) -> tuple[int, float]:
    probabilities = softmax([score(weights, item) for item in described])
    position = max(range(len(options)), key=probabilities.__getitem__)
    return options[position], probabilities[position]


def side_probabilities(place: Place, weights: Mapping[str, Sequence[float]]) -> dict[Side, float]:
    """The probability of each side; `weights` holds for each feature its weight toward each of SIDES."""
    get = weights.get
    rows = [row for feature in features.side_features(place) if (row := get(feature)) is not None]
    sums = [sum(column) for column in zip(*rows, strict=True)] if rows else [0.0] * len(SIDES)
    return dict(zip(SIDES, softmax(sums), strict=True))


@dataclass(frozen=True, slots=True)
class Decision:
    """What a cue brings: its contents (none, one, or one on each side) and the probability that it reports anything at all."""

    contents: tuple[Found, ...]
    reports: float


def decide(place: Place, *, threshold: float) -> Decision:
    """The reported contents of a cue, on the sides whose probability reaches `threshold`."""
    data = model_data()["weights"]
    sides = side_probabilities(place, data["side"])
    found: list[Found] = []
    after = sides["after"] + sides["both"]
    if is_relayed(place):
        after = max(after, RELAYED)
    if after >= threshold and (starts := features.after_starts(place)):
        start, sure = _best(data["after_start"], starts, [features.after_start_features(place, index) for index in starts])
        ends = features.after_ends(place, start)
        end, certain = _best(data["after_end"], ends, [features.after_end_features(place, start, index) for index in ends])
        found.append(Found(place, "after", start, end, after * sure * certain))
    before = sides["before"] + sides["both"]
    if before >= threshold and (ends := features.before_ends(place)):
        end, sure = _best(data["before_end"], ends, [features.before_end_features(place, index) for index in ends])
        if starts := features.before_starts(place, end):
            start, certain = _best(data["before_start"], starts, [features.before_start_features(place, index, end) for index in starts])
            found.append(Found(place, "before", start, end, before * sure * certain))
    return Decision(tuple(found), max(1.0 - sides["none"], after))
