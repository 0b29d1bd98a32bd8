"""The log-linear model of reported speech: which side of a cue holds a reported clause, and where it begins and ends.

Five small softmax models over the features of `indirect_features`, learned by `scripts/train_indirect.py` from PolNeAR train and
kept in `data/indirect.json`: `side` (see SIDES), then the choice among candidate places: `after_start`, `after_end`, `before_end`,
`before_start`. A score is a sum of weights, which are kept in hundredths; probabilities are the softmax over the options.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from math import exp
from operator import getitem
from typing import TypeVar

from service.extraction.rules import indirect_features as features
from service.extraction.rules import indirect_places as places
from service.extraction.rules.indirect_features import SIDES, Groups, Side, Values, described
from service.extraction.rules.indirect_places import Place, is_told_before
from service.extraction.rules.indirect_tokens import model_data, word_set

CLAIMED = 0.5  # the same for "a claim from X that": the corpus marks a third of these, FORMAT all
_OWNERS = word_set("his her its their")
_MAKING = word_set(
    "repeated repeats repeating made makes making issued issuing reiterated renewed voiced spread floated dismissed"
)
HUNDREDTHS = 100  # in which weights are kept
_MOST_SUMS = 4096  # kept for a group: no article has so many, a flood of rare words must not fill the memory
Sum = TypeVar("Sum")
TOLD = 0.6  # how sure ", a press officer responded." is to close what was said, whatever the verb of saying
RELAYED = 0.8  # how sure "quoted X as saying" is to bring a clause; the corpus takes "saying" for a part of "quoted"


class _Sums(dict[Values, Sum]):
    """What one group of features weighs, by the group's values; worked out when first asked for."""

    def __init__(self, templates: tuple[str, ...], weigh: Callable[[Sequence[str]], Sum]) -> None:
        super().__init__()
        self._templates, self._weigh = (templates,), weigh

    def __missing__(self, values: Values) -> Sum:
        if len(self) >= _MOST_SUMS:
            self.clear()
        found = self[values] = self._weigh(described(self._templates, (values,)))
        return found


class PlaceModel:
    """A softmax over candidate places with shared weights (feature to hundredths)."""

    def __init__(self, groups: Groups, weights: Mapping[str, int]) -> None:
        get = weights.get
        self._sums = [_Sums(templates, lambda names: sum([get(name, 0) for name in names])) for templates in groups]

    def score(self, values: Sequence[Values]) -> float:
        """The sum of the weights of all features that the groups' values stand for."""
        return sum(map(getitem, self._sums, values)) / HUNDREDTHS

    def best(
        self, options: Sequence[int], values: Callable[[Sequence[int]], Iterable[Sequence[Values]]]
    ) -> tuple[int, float]:
        """The likeliest option with its probability; `values` gives each option's."""
        if len(options) == 1:
            return options[0], 1.0
        probabilities = softmax([self.score(option) for option in values(options)])
        position = max(range(len(options)), key=probabilities.__getitem__)
        return options[position], probabilities[position]


class SideModel:
    """A softmax over SIDES; each feature weighs (in hundredths) toward each of them."""

    def __init__(self, weights: Mapping[str, Sequence[int]]) -> None:
        get = weights.get
        nothing = (0,) * len(SIDES)

        def weigh(names: Sequence[str]) -> tuple[int, ...]:
            return tuple(map(sum, zip(*[get(name, nothing) for name in names], strict=True)))

        self._sums = [_Sums(templates, weigh) for templates in features.SIDE]

    def probabilities(self, place: Place) -> dict[Side, float]:
        """The probability of each side of the cue."""
        rows = map(getitem, self._sums, features.side_values(place))
        scores = [sum(column) / HUNDREDTHS for column in zip(*rows, strict=True)]
        return dict(zip(SIDES, softmax(scores), strict=True))


@dataclass(frozen=True, slots=True)
class Models:
    """The five models, as `learned_models` reads them."""

    side: SideModel
    after_start: PlaceModel
    after_end: PlaceModel
    before_end: PlaceModel
    before_start: PlaceModel


@cache
def learned_models() -> Models:
    """The models with the weights of `data/indirect.json`."""
    weights = model_data()["weights"]
    return Models(
        SideModel(weights["side"]),
        PlaceModel(features.AFTER_START, weights["after_start"]),
        PlaceModel(features.AFTER_END, weights["after_end"]),
        PlaceModel(features.BEFORE_END, weights["before_end"]),
        PlaceModel(features.BEFORE_START, weights["before_start"]),
    )


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


@dataclass(frozen=True, slots=True)
class Decision:
    """What a cue brings: its contents (none, one, or one on each side) and the probability that it reports anything at all."""

    contents: tuple[Found, ...]
    reports: float


def decide(place: Place, *, threshold: float) -> Decision:
    """The reported contents of a cue, on the sides whose probability reaches `threshold`."""
    models = learned_models()
    sides = models.side.probabilities(place)
    after, before = sides["after"] + sides["both"], sides["before"] + sides["both"]
    if is_relayed(place):
        after = max(after, RELAYED)
    elif is_claim(place):
        after = max(after, CLAIMED)
    if is_told_before(place):
        after, before = 0.0, max(after + before, TOLD)
    found = [
        content
        for content in (
            _after(place, models, after) if after >= threshold else None,
            _before(place, models, before) if before >= threshold else None,
        )
        if content is not None
    ]
    return Decision(tuple(found), max(1.0 - sides["none"], after))


def _after(place: Place, models: Models, probability: float) -> Found | None:
    """The best content behind the cue: first where it starts, then where it ends."""
    starts = places.after_starts(place)
    if not starts:
        return None
    start, sure = models.after_start.best(starts, partial(features.after_start_values, place))
    start = places.behind_adverbial(place, start)
    ends = places.after_ends(place, start)
    if not ends:
        return None
    end, certain = models.after_end.best(ends, partial(features.after_end_values, place, start))
    return Found(place, "after", start, end, probability * sure * certain)


def _before(place: Place, models: Models, probability: float) -> Found | None:
    """The best content in front of the cue: first where it ends, then where it starts."""
    ends = places.before_ends(place)
    if not ends:
        return None
    end, sure = models.before_end.best(ends, partial(features.before_end_values, place))
    starts = places.before_starts(place, end)
    if not starts:
        return None
    start, certain = models.before_start.best(starts, partial(features.before_start_values, place, end))
    return Found(place, "before", start, end, probability * sure * certain)
