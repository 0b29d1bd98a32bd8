"""Train the attribution model of the rules engine on PolNeAR train and write `service/extraction/rules/data/attribution.json`.

    python scripts/train_attribution.py [--corpus FILE] [--out FILE] [--drop GROUP ...] [--limit N]

Full-batch gradient descent from zero with fixed steps and rounded weights: the same corpus gives the same file byte for byte.
Needs numpy (extra `eval`) and the corpus, by default ../shared/corpora/polnear-train.jsonl.gz.
`--drop` leaves out feature groups by the name before "=" (for ablations).
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from service.domain.candidate import Candidates, Entity, QuotedRegion  # noqa: E402
from service.extraction.rules import attribution  # noqa: E402
from service.extraction.rules.attribution import Choice, Weights, choose, logit, next_previous, orders  # noqa: E402
from service.extraction.rules.attribution_features import region_features, speaker_features  # noqa: E402
from service.extraction.rules.attribution_scene import Previous, Scene, Spot, cue_between, scene_of, speakers_near  # noqa: E402
from service.text.marks import attribution_lines, quoted_regions  # noqa: E402
from service.text.names import mentions  # noqa: E402
from service.text.names_lexicon import words  # noqa: E402
from service.text.segment import paragraphs, sentences  # noqa: E402

VERSION = 1
FOLDS = 4
Row = dict[str, Any]
_WORD = re.compile(r"\w+(?:[’'\-.]\w+)*")
_STRIP = " \t\r\n\u00a0\"“”„‟«»`'‘’.,;:!?—–-―…()[]"
_PRONOUNS = words("subject_pronouns") | words("object_pronouns") | {"his", "this", "that", "which", "who", "those", "one"}


@dataclass(frozen=True)
class Label:
    """Gold of one region: True a quotation, False none, None left out; the gold quotations that cover it."""

    quotation: bool | None
    gold: tuple[Row, ...] = ()


def scan(text: str) -> Candidates:
    """The candidates that attribution needs."""
    blocks = paragraphs(text)
    parts = sentences(text, blocks)
    regions = quoted_regions(text, blocks)
    lines = attribution_lines(text, blocks, regions)
    found, entities = mentions(text, paragraphs=blocks, sentences=parts, regions=regions, lines=lines)
    return Candidates(text, blocks, parts, regions, lines, found, entities)


def word_spans(text: str, start: int, end: int) -> set[tuple[int, int]]:
    """The spans of the words between two offsets."""
    return {match.span() for match in _WORD.finditer(text, start, end)}


def label_of(text: str, region: QuotedRegion, gold: list[Row]) -> Label:
    """Align a region with the gold: at least .8 of its words in quotations."""
    inside = word_spans(text, region.span.start, region.span.end)
    if not inside:
        return Label(None)
    covering = [quote for quote in gold if quote["start"] < region.span.end and region.span.start < quote["end"]]
    outer = [quote for quote in covering if not _nested(quote, gold)]
    speech = [quote for quote in outer if quote["kind"] != "indirect"]
    covered = {span for quote in speech for span in inside if quote["start"] <= span[0] and span[1] <= quote["end"]}
    if len(covered) >= 0.8 * len(inside):
        return Label(True, tuple(speech))
    return Label(None if covering else False)


def _nested(quote: Row, gold: list[Row]) -> bool:
    return any(
        other is not quote and other.get("group") != quote.get("group") and other["start"] <= quote["start"]
        and quote["end"] <= other["end"] and other["end"] - other["start"] > quote["end"] - quote["start"]
        for other in gold
    )  # fmt: skip


def is_speaker(scene: Scene, spot: Spot, quote: Row) -> int:
    """2 where the mention is the gold mention, 1 where its name agrees with the gold's names, else 0."""
    mention = spot.mention
    start, end = quote.get("speaker_start"), quote.get("speaker_end")
    if start is not None and end is not None and mention.span.start < end and start < mention.span.end:
        return 2
    entity = scene.candidates.entity_of(mention)
    names = [mention.span.text] + ([entity.name] if isinstance(entity, Entity) else [])
    gold = [quote.get("speaker") or "", quote.get("speaker_resolved") or "", *(quote.get("speaker_aliases") or [])]
    return int(any(_agree(one, other) for one in names for other in gold))


_BESIDE = frozenset(("the", "a", "an", "s", "mr", "ms", "mrs"))


def _agree(one: str, other: str) -> bool:
    """Whether one name's words are among the other's, last words equal; pronouns agree with nothing."""
    first, second = ([word for word in re.findall(r"[^\W_]+", name.lower()) if word not in _BESIDE] for name in (one, other))
    if not first or not second or set(first) <= _PRONOUNS or set(second) <= _PRONOUNS:
        return False
    short, long = sorted((first, second), key=len)
    return set(short) <= set(long) and short[-1] == long[-1]


def positives(scene: Scene, spots: list[Spot], label: Label) -> list[int]:
    """Indices of the right speakers: the gold mention if it is among them, else those that agree by name."""
    named = [quote for quote in label.gold if quote.get("speaker")]
    grades = [max((is_speaker(scene, spot, quote) + _shared(spot, quote) for quote in named), default=0.0) for spot in spots]
    best = max(grades, default=0.0)
    return [index for index, grade in enumerate(grades) if grade >= best - 0.3 and int(grade) == int(best)] if best else []


def _shared(spot: Spot, quote: Row) -> float:
    """How far the mention is the gold mention itself, in 0..0.99: a name inside a longer gold phrase with its apposition counts in
    full, a possessor ("Kim" in "Kim's family") not at all, other overlaps by their share of the union.
    """
    if quote.get("speaker_start") is None:
        return 0.0
    low, high = int(quote["speaker_start"]), int(quote["speaker_end"])
    start, end = spot.mention.span.start, spot.mention.span.end
    if low <= start and end <= high:
        return 0.0 if str(quote["speaker"])[end - low :][:2] in ("'s", "’s", "' ", "’ ") else 0.99
    return max(0.0, 0.99 * (min(end, high) - max(start, low)) / (max(end, high) - min(start, low)))


class Columns:
    """Feature names to columns; frozen after the first count."""

    def __init__(self, counts: Counter[str], least: int) -> None:
        self.index = {name: at for at, name in enumerate(sorted(name for name, count in counts.items() if count >= least))}

    def rows(self, examples: list[list[str]]) -> tuple[np.ndarray, np.ndarray]:
        """Row and column numbers of the set features."""
        pairs = [(row, self.index[name]) for row, names in enumerate(examples) for name in names if name in self.index]
        array = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        return array[:, 0], array[:, 1]


def fit(
    rows: np.ndarray, columns: np.ndarray, size: tuple[int, int], gradient: Any, *, steps: int, penalty: float
) -> np.ndarray:
    """Adam over the full batch: `gradient(scores)` is d loss / d score."""
    count, width = size
    weight, first, second = np.zeros(width), np.zeros(width), np.zeros(width)
    for step in range(1, steps + 1):
        scores = np.bincount(rows, weights=weight[columns], minlength=count)
        slope = np.bincount(columns, weights=gradient(scores)[rows], minlength=width) + penalty * weight
        first = 0.9 * first + 0.1 * slope
        second = 0.99 * second + 0.01 * slope * slope
        rate = 0.08 * (1 - 0.9 * step / steps)
        weight -= rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
    return weight


def fit_softmax(
    groups: list[list[list[str]]], right: list[list[int]], drop: frozenset[str], *, least: int = 4, penalty: float = 3.0
) -> dict[str, float]:  # fmt: skip
    """Weights that make the right mentions of each group likely (marginal log likelihood over them)."""
    kept = [(group, good) for group, good in zip(groups, right, strict=True) if good and len(good) < len(group)]
    examples = [[name for name in names if name.split("=")[0] not in drop] for group, _ in kept for names in group]
    columns = Columns(Counter(name for names in examples for name in set(names)), least)
    rows, cols = columns.rows(examples)
    owner = np.repeat(np.arange(len(kept)), [len(group) for group, _ in kept])
    good = np.concatenate([[index in chosen for index in range(len(group))] for group, chosen in kept]).astype(float)

    def gradient(scores: np.ndarray) -> np.ndarray:
        top = np.full(len(kept), -np.inf)
        np.maximum.at(top, owner, scores)
        share = np.exp(scores - top[owner])
        every = share / np.bincount(owner, weights=share)[owner]
        chosen = share * good
        return np.asarray(every - chosen / np.bincount(owner, weights=chosen)[owner].clip(1e-300))

    weight = fit(rows, cols, (len(examples), len(columns.index)), gradient, steps=250, penalty=penalty)
    return _named(columns, weight)


def fit_logistic(
    examples: list[list[str]], truth: list[bool], drop: frozenset[str], *, least: int = 4, penalty: float = 4.0
) -> dict[str, float]:  # fmt: skip
    """Weights of a logistic model."""
    kept = [[name for name in names if name.split("=")[0] not in drop] for names in examples]
    columns = Columns(Counter(name for names in kept for name in set(names)), least)
    rows, cols = columns.rows(kept)
    target = np.array(truth, dtype=float)
    size = len(kept), len(columns.index)
    weight = fit(rows, cols, size, lambda scores: 1 / (1 + np.exp(-scores)) - target, steps=250, penalty=penalty)
    return _named(columns, weight)


def _named(columns: Columns, weight: np.ndarray) -> dict[str, float]:
    return {name: round(float(weight[at]), 3) for name, at in columns.index.items() if abs(weight[at]) >= 0.02}


@dataclass(frozen=True)
class Article:
    """A prepared article with the gold of each outermost region."""

    scene: Scene
    labels: list[Label]


def load(path: Path, limit: int | None) -> list[Article]:
    """Scan and align every article of a corpus."""
    found = []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in list(lines)[:limit]:
            row = json.loads(line)
            scene = scene_of(scan(row["text"]))
            found.append(Article(scene, [label_of(row["text"], region, row["quotes"]) for _, _, region in scene.quotes]))
    return found


def speaker_examples(articles: list[Article], model: Weights | None) -> tuple[list[list[list[str]]], list[list[int]]]:
    """Candidate features of each gold quotation; the speaker before is the gold one, or the model's where a model is given."""
    groups, right = [], []
    for article in articles:
        scene = article.scene
        previous: Previous | None = None
        for number, label in enumerate(article.labels):
            spots = speakers_near(scene, number, previous)
            good = positives(scene, spots, label) if label.quotation else []
            if label.quotation and spots:
                ranked = zip(spots, orders(scene, number, spots), strict=True)
                groups.append([speaker_features(scene, number, spot, previous, order) for spot, order in ranked])
                right.append(good)
            if model is not None:
                choice = choose(scene, number, previous, model)
                if choice.spot is not None and choice.quotation >= 0.5:
                    previous = next_previous(scene, number, choice.spot, previous)
            elif good:
                nearest = min(good, key=lambda at: abs(spots[at].place - scene.quotes[number][1]))
                previous = next_previous(scene, number, spots[nearest], previous)
    return groups, right


def decided(articles: list[Article], model: Weights) -> list[tuple[list[str], bool, Choice, bool]]:
    """For each labelled region: features, whether it is a quotation, the choice, whether its speaker is right."""
    found = []
    for article in articles:
        for choice, label in zip(attribution.choices(article.scene, model), article.labels, strict=True):
            if label.quotation is None:
                continue
            spots = [choice.spot] if choice.spot else []
            good = any(is_speaker(article.scene, spot, quote) for spot in spots for quote in label.gold)
            has_cue = bool(spots) and cue_between(article.scene, choice.number, spots[0]) is not None
            names = region_features(article.scene, choice.number, choice.speaker, choice.margin, has_cue)
            found.append((names, label.quotation, choice, label.quotation and good))
    return found


def train(articles: list[Article], drop: frozenset[str]) -> Weights:
    """Speaker model twice (gold, then own choice as the speaker before), then the region model on out-of-fold speaker scores."""
    always = {"bias": 4.0}
    teacher = Weights(fit_softmax(*speaker_examples(articles, None), drop), always, (0, 1, 1))
    speaker = fit_softmax(*speaker_examples(articles, teacher), drop)
    held: list[tuple[list[str], bool, Choice, bool]] = []
    for fold in range(FOLDS):
        rest = [article for at, article in enumerate(articles) if at % FOLDS != fold]
        part = Weights(fit_softmax(*speaker_examples(rest, teacher), drop), always, (0, 1, 1))
        held += decided([article for at, article in enumerate(articles) if at % FOLDS == fold], part)
    region = fit_logistic([names for names, *_ in held], [truth for _, truth, *_ in held], drop)
    return Weights(speaker, region, _calibrate(held, region))


def _calibrate(held: list[tuple[list[str], bool, Choice, bool]], region: dict[str, float]) -> tuple[float, float, float]:
    """Logistic regression of "quotation and right speaker" on the two log odds, over regions taken for quotations."""
    scores = np.array([sum(region.get(name, 0.0) for name in names) for names, *_ in held])
    speakers = np.array([logit(choice.speaker) for _, _, choice, _ in held])
    right = np.array([good for *_, good in held], dtype=float)
    chosen = scores > 0
    table = np.stack([np.ones(chosen.sum()), np.clip(scores[chosen], -6.9, 6.9), speakers[chosen]], axis=1)
    weight = np.zeros(3)
    for _ in range(50):
        guess = 1 / (1 + np.exp(-table @ weight))
        hessian = (table * (guess * (1 - guess))[:, None]).T @ table + 1e-6 * np.eye(3)
        weight -= np.linalg.solve(hessian, table.T @ (guess - right[chosen]))
    return round(float(weight[0]), 4), round(float(weight[1]), 4), round(float(weight[2]), 4)


def write(path: Path, model: Weights, corpus: Path, articles: list[Article], drop: frozenset[str]) -> None:
    """One weight a line, sorted, so that two versions can be compared."""
    parts = {"speaker": dict(sorted(model.speaker.items())), "region": dict(sorted(model.region.items()))}
    about = {
        "script": "scripts/train_attribution.py", "version": VERSION, "corpus": corpus.name, "articles": len(articles),
        "corpus_sha256": hashlib.sha256(corpus.read_bytes()).hexdigest(),
        "features": {part: sorted({name.split("=")[0] for name in values}) for part, values in parts.items()},
        "dropped": sorted(drop),
    }  # fmt: skip
    body = {"about": about, "confidence": model.confidence, **parts}
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=ROOT.parent / "shared" / "corpora" / "polnear-train.jsonl.gz")
    parser.add_argument("--out", type=Path, default=ROOT / "service" / "extraction" / "rules" / "data" / "attribution.json")
    parser.add_argument("--drop", nargs="*", default=[])
    parser.add_argument("--limit", type=int)
    options = parser.parse_args()
    articles = load(options.corpus, options.limit)
    drop = frozenset(options.drop)
    model = train(articles, drop)
    write(options.out, model, options.corpus, articles, drop)
    size = options.out.stat().st_size
    sys.stdout.write(f"{len(articles)} articles, {len(model.speaker)} + {len(model.region)} weights, {size} bytes\n")


if __name__ == "__main__":
    main()
