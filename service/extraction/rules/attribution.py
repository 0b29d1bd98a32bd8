"""Quotations in quotation marks and their speakers, without a language model.

For each outermost quoted region a softmax over the mentions around it picks the speaker, a logistic model tells a quotation from a
scare quote, and a third calibrates the confidence. Weights are data (`data/attribution.json`), see `scripts/train_attribution.py`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import repeat

from service.domain.candidate import Candidates, Clause, MentionKind, QuotedRegion
from service.domain.draft import Basis, DraftQuote, QuoteKind
from service.domain.evidence import span_of
from service.extraction.rules.attribution_features import region_features, speaker_features
from service.extraction.rules.attribution_scene import Previous, Scene, Spot, cue_between, scene_of, speakers_near
from service.extraction.rules.quote_kind import kind_of

# A quotation is drafted when it is more likely right, speaker included, than wrong.
LEAST = 0.5
FORM = 0.95  # how sure a speaker is whom the page's form names; no corpus at hand has enough of them to measure it


@dataclass(frozen=True, slots=True)
class Weights:
    """The trained model: weights by feature name; `confidence` is (bias, weight of logit quotation, weight of logit speaker)."""

    speaker: Mapping[str, float]
    region: Mapping[str, float]
    confidence: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Choice:
    """What was decided for one region: its speaker and how likely each part is."""

    number: int
    spot: Spot | None
    quotation: float
    speaker: float
    margin: float


@cache
def weights() -> Weights:
    """The weights that ship with the package."""
    loaded = json.loads((files("service.extraction.rules") / "data" / "attribution.json").read_text("utf-8"))
    bias, quotation, speaker = loaded["confidence"]
    return Weights(loaded["speaker"], loaded["region"], (bias, quotation, speaker))


def draft_quotes(candidates: Candidates) -> tuple[Candidates, tuple[DraftQuote, ...]]:
    """Draft the direct and mixed quotations among the quoted regions; scare quotes, titles and nicknames are left out.

    Returns the candidates with the cues added as clauses (ids follow the ones that are there), and the drafts in document order.
    """
    if not candidates.regions:
        return candidates, ()
    scene = scene_of(candidates)
    model = weights()
    clauses: list[Clause] = []
    drafts: list[DraftQuote] = []
    for choice in choices(scene, model):
        if not is_drafted(choice, model):
            continue
        region = scene.quotes[choice.number][2]
        cue = cue_between(scene, choice.number, choice.spot) if choice.spot else None
        cue_id = None
        if cue is not None:
            cue_id = f"C{len(candidates.clauses) + len(clauses) + 1}"
            start, end = scene.tokens.starts[cue[0]], scene.tokens.ends[cue[1] - 1]
            clauses.append(Clause(cue_id, span_of(candidates.text, start, end)))
        drafts.append(DraftQuote(
            target=region.id, kind=_kind(scene, choice.number, region), speaker=choice.spot.mention.id if choice.spot else None,
            cue=cue_id, basis=_basis(scene, choice), score=round(confidence(choice, model), 3),
        ))  # fmt: skip
    return candidates.with_more(clauses=tuple(clauses)), tuple(drafts)


def is_drafted(choice: Choice, model: Weights) -> bool:
    """Whether a region counts as a quotation: words that are likely nobody's, or whose speaker is a mere guess, do not."""
    return choice.spot is not None and choice.quotation >= 0.5 and confidence(choice, model) >= LEAST


def choices(scene: Scene, model: Weights) -> list[Choice]:
    """Speaker and probabilities for every outermost quoted region, in document order."""
    result: list[Choice] = []
    previous: Previous | None = None
    for number in range(len(scene.quotes)):
        choice = choose(scene, number, previous, model)
        result.append(choice)
        if choice.quotation >= 0.5 and choice.spot is not None:
            previous = next_previous(scene, number, choice.spot, previous)
    return result


def choose(scene: Scene, number: int, previous: Previous | None, model: Weights) -> Choice:
    """Decide one region: by the page's form where that names the speaker, else by the weights."""
    formed = scene.formed.get(number)
    if formed is not None:
        return Choice(number, formed, FORM, FORM, FORM)
    spots = speakers_near(scene, number, previous)
    best, top, margin = None, 0.0, 0.0
    if spots:
        scores = [
            _weight(model.speaker, speaker_features(scene, number, spot, previous, order))
            for spot, order in zip(spots, orders(scene, number, spots), strict=True)
        ]
        highest = max(scores)
        shares = [math.exp(score - highest) for score in scores]
        total = sum(shares)
        # Mentions of one speaker stand for each other: their shares add up.
        by_entity: dict[str, float] = {}
        for spot, share in zip(spots, shares, strict=True):
            who = spot.mention.entity or spot.mention.id
            by_entity[who] = by_entity.get(who, 0.0) + share / total
        ranked = sorted(by_entity, key=by_entity.__getitem__, reverse=True)
        top = by_entity[ranked[0]]
        margin = top - (by_entity[ranked[1]] if len(ranked) > 1 else 0.0)
        best = spots[max(
            (at for at, spot in enumerate(spots) if (spot.mention.entity or spot.mention.id) == ranked[0]), key=scores.__getitem__
        )]  # fmt: skip
    has_cue = best is not None and cue_between(scene, number, best) is not None
    score = _weight(model.region, region_features(scene, number, top, margin, has_cue))
    return Choice(number, best, 1 / (1 + math.exp(-score)), top, margin)


def _weight(weights: Mapping[str, float], names: list[str]) -> float:
    return sum(map(weights.get, names, repeat(0.0)))


def orders(scene: Scene, number: int, spots: list[Spot]) -> list[int]:
    """Rank of each mention by nearness on its side of the quotation, at most 4."""
    place = scene.quotes[number][1]
    before = sorted({-spot.place for spot in spots if spot.place < place})
    after = sorted({spot.place for spot in spots if spot.place > place})
    ranks = {place: 0} | {-at: rank for rank, at in enumerate(before)} | {at: rank for rank, at in enumerate(after)}
    return [min(4, ranks[spot.place]) for spot in spots]


def next_previous(scene: Scene, number: int, spot: Spot, previous: Previous | None) -> Previous:
    """What the next region needs to know of this one."""
    entity = spot.mention.entity
    turn = None if previous is None else previous.entity if previous.entity != entity else previous.turn
    index, place, region = scene.quotes[number]
    last = scene.tokens.paragraph[index] + region.span.text.count("\n")
    return Previous(place, entity, spot, min(last, scene.tokens.paragraph[-1]), turn)


def confidence(choice: Choice, model: Weights) -> float:
    """Probability that the region is a quotation and its speaker right."""
    bias, quotation, speaker = model.confidence
    return 1 / (1 + math.exp(-(bias + quotation * logit(choice.quotation) + speaker * logit(choice.speaker))))


def logit(probability: float) -> float:
    """Log odds, bounded."""
    bounded = min(0.999, max(0.001, probability))
    return math.log(bounded / (1 - bounded))


def _kind(scene: Scene, number: int, region: QuotedRegion) -> QuoteKind:
    index = scene.quotes[number][0]
    tags = scene.tokens.tags
    return kind_of(region.span.text, before=tags[index - 1], after=tags[index + 1 : index + 2] or "¶")


def _basis(scene: Scene, choice: Choice) -> Basis:
    """What ties the speaker to the quotation; a paragraph of its own without a colon before it follows the speaker before."""
    spot = choice.spot
    if spot is None:
        return Basis.FOLLOW_UP
    if spot in (scene.line_speakers.get(choice.number), scene.labels.get(choice.number), scene.formed.get(choice.number)):
        return Basis.ATTRIBUTION_LINE
    index = scene.quotes[choice.number][0]
    tokens = scene.tokens
    opened = tokens.tags[index - 1] == "¶" and tokens.tags[index - 2 : index - 1] == ":"
    if tokens.paragraph[spot.first] != tokens.paragraph[index] and not opened:
        return Basis.FOLLOW_UP
    if spot.mention.kind is MentionKind.PRONOUN:
        return Basis.PRONOUN
    return Basis.NAMED
