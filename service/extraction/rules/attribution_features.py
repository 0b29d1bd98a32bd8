"""What the attribution model looks at: named features of a quoted region, and of a mention as its possible speaker."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache

from service.domain.candidate import MentionKind
from service.extraction.rules.attribution_scene import LETTER, Previous, Scene, Spot, cue_between, own_cue
from service.text.names_lexicon import words
from service.text.names_tokens import Tokens

_GLOSS = re.compile(r"\([^()|¶Qcv]{0,12}\)")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_SINGULAR = frozenset(["i", "my", "me", "i'm", "i've", "i’m", "i’ve", "i'll", "i’ll", "i'd", "i’d"])
_FIRST_PERSON = frozenset(
    ["i", "we", "my", "our", "me", "us", "i'm", "we're", "i've", "we've", "i’m", "we’re", "i’ve", "we’ve"]
)


def speaker_features(scene: Scene, number: int, spot: Spot, previous: Previous | None, order: int) -> list[str]:
    """Names of the features that hold for this mention as the speaker of quotation `number`."""
    index, place, _ = scene.quotes[number]
    if spot.place == place:
        return ["label"]
    tokens, line = scene.tokens, scene.line
    tags = tokens.tags
    before = spot.place < place
    paragraph_gap = tokens.paragraph[index] - tokens.paragraph[spot.first]
    sentence_gap = min(5, abs(tokens.sentence[index] - tokens.sentence[spot.first]))
    path = line[spot.place + 1 : place] if before else line[place + 1 : spot.place]
    if "(" in path:
        path = _GLOSS.sub("", path)
    side = "<" if before else ">"
    kind = LETTER[spot.mention.kind]
    where = f"{side}{min(3, paragraph_gap)}{sentence_gap}"
    opens = tags[index - 1] in "¶"
    closes = index + 1 >= len(tags) or tags[index + 1] == "¶"
    shape = ("[" if opens else "(") + ("]" if closes else ")")
    follow = line[spot.place + 1 : spot.place + 4]
    lead = line[max(0, spot.place - 2) : spot.place]
    names = [
        "bias", f"where={where}", f"kind={kind}{side}{min(2, sentence_gap)}", f"order={side}{order}", f"shape={shape}{where}",
        f"path={side}{path}" if len(path) <= 6 else f"path={side}{path[:2]}~{path[-2:]}",
        f"near={side}{path[:2] if before else path[-2:]}|{path[-1:] if before else path[:1]}",
        f"follow={side}{follow[:2]}", f"lead={side}{lead}", f"around={lead[-1:]}{kind}{follow[:1]}{side}{min(2, sentence_gap)}",
        f"quotes={side}{min(2, path.count('Q'))}{min(1, paragraph_gap)}",
    ]  # fmt: skip
    if not before:
        names.append(f"relay={'c' in path or 'a' in path[:-2]}{any(letter in path for letter in 'MHNG')}{kind}")
    names += [f"left={line[max(0, place - 2) : place]}{side}{kind}", f"right={line[place + 1 : place + 3]}{side}{kind}"]
    if tags[spot.last : spot.last + 1] == "s":
        names.append(f"possessor={side}")
    cue = cue_between(scene, number, spot)
    if cue is None:
        names.append(f"nocue={where}{kind}")
        if before:
            weak = next((at for at in reversed(scene.places[spot.place + 1 : place]) if tags[at] in "vey"), None)
            names.append(f"weak={tokens.lower[weak]}" if weak is not None else f"verbless={where}")
    else:
        distance = index - cue[1] if cue[0] < index else cue[0] - index - 1
        inverted = cue[1] <= spot.first
        form = f"{side}{'i' if inverted else 's'}"
        own = own_cue(scene, spot)
        if own is not None:
            rest = line[bisect_right(scene.places, cue[0]) : place] if before else ""
            others = min(3, sum(map(rest.count, "MHNG")))
            names += [f"own={form}{min(3, rest.count('c') + rest.count('v'))}{others}", f"own={form}{path[:1]}"]
            if own != cue[0]:
                names.append(f"late={tokens.lower[cue[0]]}")
            if before:
                names.append(f"rest={rest}" if len(rest) <= 5 else f"rest={rest[:1]}~{rest[-2:]}")
        word = tokens.lower[cue[0]]
        names += [f"cue={word}", f"cueside={word}{form}", f"cueform={form}{where}", f"cuegap={form}{min(4, distance)}",
                  f"subject={form}{_gap(tokens, spot, cue)}", f"cuekind={form}{kind}"]  # fmt: skip
    names += _entity_features(scene, number, spot, previous, shape, where, path)
    if scene.line_speakers.get(number) is spot:
        names.append("line")
    return names


def _gap(tokens: Tokens, spot: Spot, cue: tuple[int, int]) -> str:
    """The letters between a mention and its cue, at most five."""
    between = tokens.tags[spot.last : cue[0]] if cue[0] >= spot.last else tokens.tags[cue[1] : spot.first]
    between = between.strip("rT")
    return between if len(between) <= 4 else between[:2] + "~" + between[-2:]


def _entity_features(
    scene: Scene, number: int, spot: Spot, previous: Previous | None, shape: str, where: str, path: str
) -> list[str]:  # fmt: skip
    """Features of who the mention stands for: how often it is named, whether it spoke before."""
    index = scene.quotes[number][0]
    entity = spot.mention.entity
    count = scene.counts.get(entity or "", 1)
    is_pronoun = spot.mention.kind is MentionKind.PRONOUN
    being = f"{spot.mention.gender if not is_pronoun else '-'}{spot.mention.plural}"
    form = f"head={spot.mention.span.text.lower()}" if is_pronoun else f"plural={spot.mention.plural}"
    voice = _voice(scene.quotes[number][2].span.text)
    names = [f"count={min(5, count)}{where[0]}", form, f"being={being}{where}", f"voice={voice}{being}"]
    if previous is None:
        return names
    gap = min(3, scene.tokens.paragraph[index] - previous.paragraph)
    same = entity is not None and entity == previous.entity
    if same:
        names += [f"same={gap}{shape}", f"same={where}"]
    if spot is previous.spot:
        names += [f"again={gap}{shape}{min(1, path.count('Q'))}"]
    if same and previous.turn is None:
        names.append(f"onlyspeaker={gap}")
    if not same and entity is not None and entity == previous.turn:
        names.append(f"turn={gap}{shape}")
    return names


@lru_cache(maxsize=64)
def _voice(text: str) -> str:
    """Whether words are of one ("I"), of several ("we") or do not say: no ministry says "I"."""
    said = {word.lower() for word in _WORD.findall(text[:400])}
    return "I" if not said.isdisjoint(_SINGULAR) else "we" if not said.isdisjoint(_FIRST_PERSON) else "-"


def region_features(scene: Scene, number: int, top: float, margin: float, has_cue: bool) -> list[str]:
    """Names of the features that say whether quotation marks hold somebody's words."""
    index, place, region = scene.quotes[number]
    tokens, line = scene.tokens, scene.line
    tags, text = tokens.tags, region.span.text
    inner = _WORD.findall(text[:400])
    low = [word.lower() for word in inner]
    count = len(inner)
    size = str(count) if count <= 5 else "6" if count <= 7 else "8" if count <= 12 else "13"
    end = text[-1:] if text[-1:] in ",.!?…" else "w"
    capital = sum(word[0].isupper() for word in inner)
    case = "title" if count > 1 and capital >= count * 0.7 else "upper" if text[:1].isupper() else "low"
    before, after = tags[index - 1], tags[index + 1 : index + 2] or "¶"
    word_before = tokens.lower[index - 1] if index and before not in "|¶" else before
    verb = next((at for at in range(index - 1, max(0, index - 9), -1) if tags[at] in "cvey|¶Q"), 0)
    names = [
        *(f"w3={tokens.lower[at]}" for at in range(max(0, index - 3), index) if tags[at] not in "|¶,"),
        f"verb={tokens.lower[verb]}{min(3, index - verb)}", f"next={tokens.lower[index + 1] if index + 1 < len(tags) else ''}",
        "bias", f"size={size}", f"end={end}", f"case={case}", f"sizecase={size}{case}", f"sizeend={size}{end}",
        f"before={before}", f"after={after}", f"around={before}{after}", f"word={word_before}", f"cue={has_cue}{size}",
        f"style={region.style}", f"top={_bucket(top)}", f"margin={_bucket(margin)}", f"closed={region.closed}",
        f"beforesize={before}{size}", f"aftersize={after}{size}", f"line={line[max(0, place - 2):place]}",
        f"left={line[max(0, place - 4):place]}",
    ]  # fmt: skip
    if not _FIRST_PERSON.isdisjoint(low):
        names.append("firstperson")
    long = [word for word in inner if len(word) > 3]
    titled = bool(long) and all(word[0].isupper() for word in long)
    verbal = not words("finite").isdisjoint(low)
    look = f"{'T' if titled else case[0]}{min(3, count)}{'v' if verbal else ''}{'.' if end in '.!?…' else end}"
    names += [
        f"look={look}",
        f"lookbefore={look}{before}",
        f"lookafter={look}{after}",
        f"lookcue={look}{has_cue}",
        f"lookaround={look}{before}{after}",
        f"verbal={verbal}{size}",
    ]
    naming = [word for word in tokens.lower[max(0, index - 3) : index] if word in words("naming")]
    names += [f"naming={word}{look[0]}" for word in naming[-1:]] + [f"adjective={size}{before}{after in 'NnwmdO'}{look[0]}"]
    if any(word not in ("on", "of") for word in naming):
        names += [f"named={look}", f"named={look[0]}{after}"]
    if count == 1:
        names.append(f"only={low[0]}")
    far = max(0, place - 100)
    sentence = line[max(far, line.rfind("|", far, place) + 1, line.rfind("¶", far, place) + 1) : place]
    if number in scene.labels:
        names.append("label")
    names.append(f"sentence={'c' in sentence}{'a' in sentence}{size}")
    return names


def _bucket(value: float) -> str:
    """A number in 0..1 in tenths."""
    return str(min(9, max(0, int(value * 10))))
