"""An article prepared for attribution: tokens, mentions and outermost quoted regions, and one string that shows their order.

In that string (`Scene.line`) every mention is one letter (M person, G organisation, N unnamed, H pronoun), every outermost quoted
region one `Q`, and of the other tokens only those that carry syntax are left (letters of `names_tokens`). The way from a mention to
a quotation is then a short string.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass, field

from service.domain.candidate import Candidates, Mention, MentionKind, QuotedRegion
from service.text.names_lexicon import words
from service.text.names_tokens import Tokens, tokens_of

LETTER = {MentionKind.PERSON: "M", MentionKind.ORGANIZATION: "G", MentionKind.UNNAMED: "N", MentionKind.PRONOUN: "H"}
_KEPT = frozenset("Q,:;.-()cvxyebhk&Poa|¶u")
_BEFORE, _AFTER, _PARAGRAPHS_BACK = 9, 6, 2
_REACH = 400  # letters of the reduced line over which a speaker is looked for or carried on
_SOURCE = re.compile(r"a[Po][DRnmweAOLNsto,]*$")
_OWN = re.compile(r"(?:\([^()|¶]{0,14}\))?(?:,[^Q|¶c.]{1,60},)?(?:h)?[rxT]{0,4}c")


@dataclass(frozen=True, slots=True)
class Spot:
    """A mention in the scene: its tokens first..last (exclusive) and its place in the reduced line."""

    mention: Mention
    first: int
    last: int
    place: int


@dataclass(frozen=True, slots=True)
class Scene:
    """One article, prepared: `places[k]` is the token of `line[k]`; `quotes` the token index of each outermost region, in order.

    Speakers that the page's form names, by number of the quotation: `line_speakers` on a line below, `labels` inside the marks,
    `formed` these two where they leave no doubt, the name before a transcript's turn, the one whom a list's introduction names.
    `own_cues`: what `own_cue` found so far, by the token behind the mention.
    """

    candidates: Candidates
    tokens: Tokens
    line: str
    places: list[int]
    spots: list[Spot]
    spot_places: list[int]
    quotes: list[tuple[int, int, QuotedRegion]]
    counts: dict[str, int]
    line_speakers: dict[int, Spot] = field(default_factory=dict)
    labels: dict[int, Spot] = field(default_factory=dict)
    formed: dict[int, Spot] = field(default_factory=dict)
    own_cues: dict[int, int | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Previous:
    """The quotation before: its place in the line, its speaker's entity and spot."""

    place: int
    entity: str | None
    spot: Spot
    paragraph: int
    turn: str | None = None


def scene_of(candidates: Candidates) -> Scene:
    """Prepare an article."""
    tokens = tokens_of(candidates.text, candidates.sentences, candidates.regions)
    placed = [
        (tokens.at(mention.span.start), tokens.at(mention.span.end - 1) + 1, mention) for mention in candidates.mentions
    ]
    inside = {first: mention for first, _, mention in placed if first in tokens.regions}
    line, places, spots = _reduced(tokens, [each for each in placed if each[0] not in tokens.regions])
    quotes = [(token, place, tokens.regions[token]) for place, token in enumerate(places) if line[place] == "Q"]
    counts = Counter(mention.entity for mention in candidates.mentions if mention.entity)
    scene = Scene(candidates, tokens, line, places, spots, [spot.place for spot in spots], quotes, counts)
    _add_lines(scene)
    for number, (token, place, _) in enumerate(quotes):
        if token in inside:
            scene.labels[number] = Spot(inside[token], token, token + 1, place)
    _add_forms(scene)
    return scene


def _reduced(tokens: Tokens, placed: list[tuple[int, int, Mention]]) -> tuple[str, list[int], list[Spot]]:
    """The reduced line, the token of each of its letters, and the mentions in it; mentions inside another share its place."""
    line: list[str] = []
    places: list[int] = []
    spots: list[Spot] = []
    index, position = 0, 0
    while index < len(tokens.tags):
        if position < len(placed) and placed[position][0] <= index:
            first, end, mention = placed[position]
            while position < len(placed) and placed[position][0] < end:
                spots.append(Spot(placed[position][2], placed[position][0], placed[position][1], len(line)))
                position += 1
            line.append(LETTER[mention.kind])
            places.append(first)
            index = end
            continue
        letter = tokens.tags[index]
        if letter in _KEPT and not (letter == "x" and line[-1:] == ["x"]):
            line.append(letter)
            places.append(index)
        index += 1
    return "".join(line), places, spots


def _add_lines(scene: Scene) -> None:
    """Tie each attribution line to the quotation before it."""
    starts = [spot.mention.span.start for spot in scene.spots]
    ends = [region.outer.end for _, _, region in scene.quotes]
    for line in scene.candidates.lines:
        at, number = bisect_left(starts, line.name.start), bisect_right(ends, line.span.start) - 1
        if number >= 0 and at < len(starts) and starts[at] < line.name.end:
            scene.line_speakers[number] = scene.spots[at]


_ITEM = re.compile(r"¶[~-]?(?:P[DAe]{0,2}[MGN]:)?Q\.?(?=¶|$)")
_OPENS_LIST = re.compile(r"[MGNH][^¶Q]{0,60}:(?=¶)")


def _add_forms(scene: Scene) -> None:
    """Let the page's form tell speakers: attribution lines, turns of a transcript, lists under one introduction."""
    line, numbers = scene.line, {place: number for number, (_, place, _) in enumerate(scene.quotes)}
    for number, spot in scene.line_speakers.items():
        if line[spot.place - 1 : spot.place] in ("-", "¶"):
            scene.formed[number] = spot
    by_place = {spot.place: spot for spot in reversed(scene.spots)}
    for number, (_, place, region) in enumerate(scene.quotes):
        if region.style == "turn" and place - 2 in by_place:
            scene.formed[number] = by_place[place - 2]
    for opening in _OPENS_LIST.finditer(line):
        items = []
        at = opening.end()
        while item := _ITEM.match(line, at):
            items.append(numbers[line.index("Q", item.start())])
            at = item.end()
        is_list = len(items) > 1 and all(scene.tokens.tags[scene.quotes[number][0] - 1] in "~-:" for number in items)
        if is_list:
            low, high = (bisect_left(scene.spot_places, place) for place in opening.span())
            inside = scene.spots[low:high]
            named = [spot for spot in inside if scene.tokens.lower[spot.first - 1] in ("from", "by", "of")] or inside
            for number in items:
                scene.formed.setdefault(number, named[0])


def speakers_near(scene: Scene, number: int, previous: Previous | None) -> list[Spot]:
    """The mentions that may be the speaker of quotation `number`: those around it, and the speaker before."""
    index, place, _ = scene.quotes[number]
    low = bisect_left(scene.spot_places, place)
    paragraph, sentence = scene.tokens.paragraph[index], scene.tokens.sentence[index]
    # A quotation of several paragraphs ends in a later one than it began.
    goes_on = index + 1 < len(scene.tokens.tags) and scene.tokens.tags[index + 1] != "¶"
    last_paragraph = scene.tokens.paragraph[index + 1] if goes_on else paragraph
    found: list[Spot] = []
    for spot in reversed(scene.spots[max(0, low - 2 * _BEFORE) : low]):
        gap = paragraph - scene.tokens.paragraph[spot.first]
        if gap > _PARAGRAPHS_BACK or len(found) >= _BEFORE or place - spot.place > _REACH:
            break
        found.append(spot)
    high = bisect_right(scene.spot_places, place)
    signed = scene.line[place + 1 : place + 3] == "¶-"
    tags = scene.tokens.tags
    if tags[index - 2 : index] in ("yb", "cb", "y:", "y,") or tags[index - 1] in "yb":
        # "claiming that Q, a channel reported": whoever relays it is not the speaker
        high = len(scene.spots)
    relayed = False
    for spot in scene.spots[high : high + _AFTER]:
        if signed and spot.place == place + 3:
            found.append(spot)
            continue
        if scene.tokens.paragraph[spot.first] != last_paragraph or scene.tokens.sentence[spot.first] > sentence + 1:
            break
        if spot.place - place > _REACH:
            break
        if relayed and (tags[spot.first - 2 : spot.first].startswith("a") or "a" in tags[spot.first - 3 : spot.first]):
            continue
        relayed = relayed or own_cue(scene, spot) is not None or tags[spot.first - 1] == "c"
        found.append(spot)
    label = scene.labels.get(number)
    if label is not None:
        return [label]
    line_speaker = scene.line_speakers.get(number)
    near = previous is not None and place - previous.spot.place < _REACH
    for extra in (previous.spot if previous and near else None, line_speaker):
        if extra is not None and extra not in found:
            found.append(extra)
    return found


def cue_between(scene: Scene, number: int, spot: Spot) -> tuple[int, int] | None:
    """Tokens (first, last exclusive) of the cue that ties this mention to this quotation, or None."""
    index, place, _ = scene.quotes[number]
    tags = scene.tokens.tags
    if spot.place == place:
        return None
    if spot.last <= index:
        source = _SOURCE.search(tags, max(0, spot.first - 12), spot.first)
        if source:
            return source.start(), source.start() + 2
        own, speaking, lower = own_cue(scene, spot), words("speaking"), scene.tokens.lower
        between = reversed(scene.places[spot.place + 1 : place])
        if own is not None and own < index:
            # "he said, adding Q": the participle nearest the quotation, if nobody else speaks in between
            near = max(own + 1, index - 3)
            late = next((at for at in between if at < near or (tags[at] == "y" and lower[at] in speaking)), own)
            return (late, late + 1) if late >= near else (own, own + 1)
        last = next((at for at in between if tags[at] == "c" or lower[at] in speaking), None)
        return (last, last + 1) if last is not None else None
    gap = tags[index + 1 : spot.first]
    source = _SOURCE.search(tags, max(index + 1, spot.first - 12), spot.first)
    if source:
        return source.start(), source.start() + 2
    if "c" in gap and len(gap) <= 8:
        at = index + 1 + gap.index("c")
        return at, at + 1
    after = own_cue(scene, spot)
    return (after, after + 1) if after is not None else None


def own_cue(scene: Scene, spot: Spot) -> int | None:
    """The speech verb of which the mention is the subject: right behind it, or behind its gloss or apposition."""
    if spot.last not in scene.own_cues:
        match = _OWN.match(scene.tokens.tags, spot.last)
        scene.own_cues[spot.last] = match.end() - 1 if match else None
    return scene.own_cues[spot.last]
