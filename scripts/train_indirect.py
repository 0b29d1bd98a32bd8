"""
Learn the model of reported speech from PolNeAR train and write it as data.

    python scripts/train_indirect.py CORPUS.jsonl.gz [--out service/extraction/rules/data/indirect.json]

Pure Python and without randomness: the same corpus gives the same file, byte for byte. Five softmax models are fitted by AdaGrad
(`indirect_model.py` names them and their features), the lexicon of finite verbs by counting which words follow a subject
pronoun. Rows of other splits are refused: nothing is learned from what judges us.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from service.extraction.rules import indirect_model as model  # noqa: E402  the project is not installed where this may run
from service.extraction.rules import indirect_tokens as lex  # noqa: E402
from service.extraction.rules.indirect import cue_places  # noqa: E402
from service.text.marks import quoted_regions  # noqa: E402
from service.text.segment import paragraphs, sentences  # noqa: E402

OUT = ROOT / "service/extraction/rules/data/indirect.json"
EPOCHS, RATE, RATE_FOR_FEW, RIDGE, MIN_COUNT = 10, 0.05, 0.25, 1e-3, 3
BY_WORD = ("l=", "lf=", "la=", "lb=", "lthat=", "lsh=")
_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*|[^\w\s]")
_NOT_VERBS = frozenset(
    "who he she they we i it just all also both only now still even then not never ever always often usually rarely already who both either each most "
    "and or but as at in on to the a an that this these those former current first his her their its our more less there here".split()
)


@dataclass(frozen=True)
class Choice:
    """One training instance: the features of each option and the index of the right one."""

    options: Sequence[Sequence[str]]
    right: int


def finite_verbs(texts: Sequence[str]) -> list[str]:
    """Words that stand behind a subject pronoun in at least 4 % of their uses, and rarely behind a determiner."""
    after_subject: Counter[str] = Counter()
    after_determiner: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for text in texts:
        before = ""
        for match in _WORD.finditer(text):
            word = match.group().lower()
            total[word] += 1
            after_subject[word] += before in lex.SUBJECT_PRONOUNS or before == "who"
            after_determiner[word] += before in lex.DETERMINERS
            before = word
    return sorted(
        word for word, count in after_subject.items()
        if count >= 2 and count / total[word] >= 0.04 and count > after_determiner[word] * 0.3 and word.isalpha()
        and not word.endswith("ly") and word not in _NOT_VERBS and word not in lex.PREPOSITIONS and word not in lex.SUBORDINATORS
    )  # fmt: skip


def contents_of(row: dict[str, Any]) -> dict[tuple[int, int], list[dict[str, Any]]]:
    """The row's attributions by the span of their cue."""
    found: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for quote in row["quotes"]:
        if quote.get("cue_start") is not None:
            found.setdefault((quote["cue_start"], quote["cue_end"]), []).append(quote)
    return found


def bare(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without edge punctuation and a leading "that"."""
    edge = " \t\r\n\u00a0\"“”„«»`'‘’.,;:!?—–-…()[]"
    while start < end and text[start] in edge:
        start += 1
    while end > start and text[end - 1] in edge:
        end -= 1
    if match := re.compile(r"that\s+", re.IGNORECASE).match(text, start, end):
        start = match.end()
    return start, end


@dataclass(frozen=True)
class Example:
    """A cue in its sentence with the gold content after it and before it (code points), if any; `known` is False where unclear,
    `quoted` True where all it reports is in quotation marks."""

    place: model.Place
    after: tuple[int, int] | None
    before: tuple[int, int] | None
    known: bool
    quoted: bool = False


def examples(row: dict[str, Any]) -> Iterator[Example]:
    """Every cue of an article with what the annotators gave to it."""
    text = row["text"]
    blocks = paragraphs(text)
    gold = contents_of(row)
    places = list(cue_places(text, sentences(text, blocks), quoted_regions(text, blocks)))
    owner: dict[tuple[int, int], model.Place] = {}
    for span in gold:
        inside = [place for place in places if place.cue.start < span[1] and span[0] < place.cue.end]
        verbs = [place for place in inside if place.cue.form == "verb"]
        if inside:
            owner[span] = (verbs or inside)[-1]
    spans = {(place.cue.start, place.cue.end): span for span, place in owner.items()}
    for place in places:
        quotes = gold.get(spans.get((place.cue.start, place.cue.end), (-1, -1)), [])
        low, high = place.tokens.start[0], place.tokens.end[-1]
        # What the corpus calls attitude counts where our lexicon calls the cue speech (hinted that, made clear that).
        known = place.cue.group == "report" or all(quote["speech"] for quote in quotes)
        sides: dict[str, tuple[int, int]] = {}
        for quote in quotes:
            if quote["kind"] == "direct" or quote["end"] <= low or quote["start"] >= high:
                continue
            start, end = bare(text, max(quote["start"], low), min(quote["end"], high))
            side = "after" if start >= place.cue.start else "before"
            if side in sides:
                start, end = min(start, sides[side][0]), max(end, sides[side][1])
            sides[side] = (start, end)
        if sides.get("before", (0, 0))[1] > place.cue.start:
            known = False
        yield Example(place, sides.get("after"), sides.get("before"), known, bool(quotes) and not sides)


def side_of(example: Example) -> int:
    """The index in SIDES of the right answer."""
    return 4 if example.quoted else (1 if example.after else 0) + (2 if example.before else 0)


def last_token(place: model.Place, offset: int) -> int:
    """The token that ends at or before `offset`, or the closing mark behind it (the gold leaves out edge punctuation)."""
    tokens = place.tokens
    found = max(index for index in range(len(tokens)) if tokens.start[index] < offset)
    closing = found
    while tokens.quoted[closing] and closing + 1 < len(tokens) and tokens.quoted[closing + 1] and not tokens.is_word(closing + 1):
        closing += 1
    at_closing_mark = closing + 1 == len(tokens) or not tokens.quoted[closing + 1]
    return closing if at_closing_mark else found


def choices(found: Sequence[Example]) -> dict[str, list[Choice]]:
    """The training instances of the four place models (the side model has its own form)."""
    out: dict[str, list[Choice]] = {name: [] for name in ("after_start", "after_end", "before_end", "before_start")}

    def add(name: str, options: list[int], right: int, features: Callable[[int], list[str]]) -> None:
        if right in options and len(options) > 1:
            out[name].append(Choice([features(index) for index in options], options.index(right)))

    for example in found:
        place, tokens = example.place, example.place.tokens
        if not example.known:
            continue
        if example.after:
            start, end = tokens.at(example.after[0]), last_token(place, example.after[1])
            add("after_start", model.after_starts(place), start, lambda index, p=place: model.after_start_features(p, index))
            add("after_end", model.after_ends(place, start), end, lambda index, p=place, s=start: model.after_end_features(p, s, index))
        if example.before:
            start, end = tokens.at(example.before[0]), last_token(place, example.before[1])
            add("before_end", model.before_ends(place), end, lambda index, p=place: model.before_end_features(p, index))
            add("before_start", model.before_starts(place, end), start, lambda index, p=place, e=end: model.before_start_features(p, index, e))
    return out


def fit(data: Sequence[Choice]) -> dict[str, float]:
    """A softmax over each instance's options, weights shared; AdaGrad in the data's own order."""
    counts = Counter(feature for choice in data for option in choice.options for feature in set(option))
    rate = RATE if len(data) > 2000 else RATE_FOR_FEW
    keep = {feature for feature, count in counts.items() if count >= MIN_COUNT}
    rows = [([[f for f in option if f in keep] for option in choice.options], choice.right) for choice in data]
    weights, squares = dict.fromkeys(keep, 0.0), dict.fromkeys(keep, 1e-6)
    for epoch in range(EPOCHS):
        for options, right in rows:
            probabilities = model.softmax([model.score(weights, option) for option in options])
            for position, option in enumerate(options):
                gradient = probabilities[position] - (position == right)
                if abs(gradient) > 1e-3:
                    step(weights, squares, option, gradient, rate / (1 + epoch * 0.5))
    return weights


def fit_sides(found: Sequence[Example]) -> dict[str, dict[str, float]]:
    """One weight vector a side."""
    rows = [(model.side_features(example.place), side_of(example)) for example in found if example.known]
    counts = Counter(feature for features, _ in rows for feature in features)
    rows = [([f for f in features if counts[f] >= MIN_COUNT], right) for features, right in rows]
    # Every third example hides the cue's own word, so that what its surroundings say carries rare cues too.
    rows = [([f for f in features if not f.startswith(BY_WORD)] if position % 3 == 0 else features, right)
            for position, (features, right) in enumerate(rows)]  # fmt: skip
    weights: list[dict[str, float]] = [dict.fromkeys(counts, 0.0) for _ in model.SIDES]
    squares: list[dict[str, float]] = [dict.fromkeys(counts, 1e-6) for _ in model.SIDES]
    for epoch in range(EPOCHS):
        for features, right in rows:
            probabilities = model.softmax([model.score(w, features) for w in weights])
            for position, value in enumerate(probabilities):
                gradient = value - (position == right)
                if abs(gradient) > 1e-3:
                    step(weights[position], squares[position], features, gradient, RATE / (1 + epoch * 0.5))
    return {side: weights[position] for position, side in enumerate(model.SIDES)}


def step(weights: dict[str, float], squares: dict[str, float], features: Sequence[str], gradient: float, rate: float) -> None:
    """One AdaGrad step with a small ridge."""
    for feature in features:
        slope = gradient + RIDGE * weights[feature]
        squares[feature] += slope * slope
        weights[feature] -= rate * slope / sqrt(squares[feature])


def rounded(weights: dict[str, float]) -> dict[str, float]:
    """Two decimals, near-zero weights left out, sorted by name."""
    return {name: round(value, 2) for name, value in sorted(weights.items()) if abs(value) >= 0.02}


def merged(sides: dict[str, dict[str, float]]) -> dict[str, list[float]]:
    """For each feature its weights toward each side, in the order of SIDES, two decimals; features that weigh nothing left out."""
    names = sorted({name for weights in sides.values() for name in weights})
    rows = {name: [round(sides[side].get(name, 0.0), 2) + 0.0 for side in model.SIDES] for name in names}
    return {name: row for name, row in rows.items() if max(map(abs, row)) >= 0.03}


def main() -> None:
    """Read, fit, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    blob = arguments.corpus.read_bytes()
    rows = [json.loads(line) for line in gzip.decompress(blob).decode("utf-8").splitlines()]
    if any(row["split"] != "train" for row in rows):
        raise SystemExit("Only rows of the train split may be learned from.")
    data: dict[str, Any] = {"verbs": finite_verbs([row["text"] for row in rows])}
    lex.model_data.cache_clear()
    lex._verbs.cache_clear()
    lex.model_data = lambda: data  # type: ignore[assignment]  # the features must see the lexicon that is being written
    found = [example for row in rows for example in examples(row)]
    instances = choices(found)
    weights: dict[str, Any] = {"side": merged(fit_sides(found))}
    for name, chosen in instances.items():
        weights[name] = rounded(fit(chosen))
    provenance = {
        "script": "scripts/train_indirect.py", "corpus": arguments.corpus.name, "sha256": hashlib.sha256(blob).hexdigest(),
        "articles": len(rows), "cues": len(found), "instances": {name: len(chosen) for name, chosen in instances.items()},
        "epochs": EPOCHS, "rate": RATE, "rate_for_few": RATE_FOR_FEW, "ridge": RIDGE, "min_count": MIN_COUNT,
    }  # fmt: skip
    body = {"provenance": provenance, "verbs": data["verbs"], "weights": weights}
    arguments.out.write_text(json.dumps(body, indent=0, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")
    sys.stderr.write(json.dumps(provenance) + "\n")


if __name__ == "__main__":
    main()
