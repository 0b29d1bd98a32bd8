"""The log-linear model of reported speech: which side of a cue holds a reported clause, and where it begins and ends.

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
from service.extraction.rules.indirect_tokens import model_data, word_set

CLAIMED = 0.5  # the same for "a claim from X that": the corpus marks a third of these, FORMAT all
_OWNERS = word_set("his her its their")
_MAKING = word_set(
    "repeated repeats repeating made makes making issued issuing reiterated renewed voiced spread floated dismissed"
)
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


def is_claim(place: Place) -> bool:
    """Whether a noun brings a clause of a source it names ("a claim from X that", "X's claim that", "repeated a claim that")."""
    tokens, last = place.tokens, place.last
    behind = tokens.word[last + 1 : last + 9]
    if place.cue.form != "noun" or "that" not in behind:
        return False
    if behind[0] in {"from", "by"}:
        return True
    ahead = tokens.word[max(place.first - 4, 0) : place.first]
    owned = any(word in _OWNERS or word.endswith(("'s", "s'")) for word in ahead)
    return behind[0] == "that" and (owned or any(word in _MAKING for word in ahead))


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
    after, before = sides["after"] + sides["both"], sides["before"] + sides["both"]
    if is_relayed(place):
        after = max(after, RELAYED)
    elif is_claim(place):
        after = max(after, CLAIMED)
    found = [
        content
        for content in (
            _after(place, data, after) if after >= threshold else None,
            _before(place, data, before) if before >= threshold else None,
        )
        if content is not None
    ]
    return Decision(tuple(found), max(1.0 - sides["none"], after))


def _after(place: Place, data: Mapping[str, Mapping[str, float]], probability: float) -> Found | None:
    """The best content behind the cue: first where it starts, then where it ends."""
    starts = features.after_starts(place)
    if not starts:
        return None
    start, sure = _best(data["after_start"], starts, [features.after_start_features(place, index) for index in starts])
    start = features.behind_adverbial(place, start)
    ends = features.after_ends(place, start)
    if not ends:
        return None
    end, certain = _best(data["after_end"], ends, [features.after_end_features(place, start, index) for index in ends])
    return Found(place, "after", start, end, probability * sure * certain)


def _before(place: Place, data: Mapping[str, Mapping[str, float]], probability: float) -> Found | None:
    """The best content in front of the cue: first where it ends, then where it starts."""
    ends = features.before_ends(place)
    if not ends:
        return None
    end, sure = _best(data["before_end"], ends, [features.before_end_features(place, index) for index in ends])
    starts = features.before_starts(place, end)
    if not starts:
        return None
    described = [features.before_start_features(place, index, end) for index in starts]
    start, certain = _best(data["before_start"], starts, described)
    return Found(place, "before", start, end, probability * sure * certain)
