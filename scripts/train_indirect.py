"""Learn the model of reported speech from PolNeAR train and write it as data.

    python scripts/train_indirect.py CORPUS.jsonl.gz

First the strengths of the cues in `service/text/data/cues.json`: the share of a word's uses that carry speech. Then the lexicon of
finite verbs (which words follow a subject pronoun) and five softmax models, fitted by AdaGrad, in
`service/extraction/rules/data/indirect.json` (`indirect_model.py` names them, `indirect_features.py` their features).

Pure Python and without chance: the same corpus gives the same files, byte for byte. Rows of another split than train are refused:
nothing is learned from what judges us. About a minute.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the project need not be installed

from service.extraction.rules import indirect_features as features  # noqa: E402
from service.extraction.rules import indirect_places as places  # noqa: E402
from service.extraction.rules import indirect_tokens as lex  # noqa: E402
from service.extraction.rules.indirect import cue_places  # noqa: E402
from service.extraction.rules.indirect_model import HUNDREDTHS, learned_models, softmax  # noqa: E402
from service.text import cues  # noqa: E402
from service.text.marks import quoted_regions  # noqa: E402
from service.text.segment import paragraphs, sentences  # noqa: E402

WEIGHTS = ROOT / "service/extraction/rules/data/indirect.json"
CUES = ROOT / "service/text/data/cues.json"
EPOCHS, RATE, RATE_FOR_FEW, RIDGE, MIN_COUNT = 10, 0.05, 0.25, 1e-3, 3
FEW = 2000  # instances; a small model is fitted with RATE_FOR_FEW
BY_WORD = ("l=", "lf=", "la=", "lb=", "lthat=", "lsh=")  # features that know the cue's word
_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*|[^\w\s]")
_EDGE = " \t\r\n\u00a0\"“”„«»`'‘’.,;:!?—–-…()[]"
_THAT = re.compile(r"that\s+", re.IGNORECASE)
_NOT_VERBS = (
    lex.word_set(
        "who just all also both only now still even then not never ever always often usually rarely already either each most "
        "this these those former current first my our more less there here"
    )
    | lex.SUBJECT_PRONOUNS
    | lex.DETERMINERS
    | lex.COORDINATORS
    | lex.PREPOSITIONS
    | lex.SUBORDINATORS
)


@dataclass(frozen=True)
class Example:
    """A cue in its sentence with the gold content after it and before it (code points), if any.

    `quoted` is True where all it reports stands in quotation marks, `known` False where the annotation cannot be used.
    """

    place: places.Place
    after: tuple[int, int] | None
    before: tuple[int, int] | None
    known: bool
    quoted: bool

    @property
    def side(self) -> int:
        """The index in SIDES of the right answer."""
        name = "quoted" if self.quoted else "both" if self.after and self.before else ""
        return features.SIDES.index(name or ("after" if self.after else "before" if self.before else "none"))


@dataclass(frozen=True)
class Choice:
    """One training instance: the features of each option and the index of the right one."""

    options: Sequence[Sequence[str]]
    right: int


# ---- what the corpus says ----------------------------------------------------------------------------------------------


def cue_strengths(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """The share of each cue's uses that annotators took for the cue of speech; cues with fewer than four uses are left out."""
    uses: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    for row in rows:
        spans = [
            (quote["cue_start"], quote["cue_end"]) for quote in row["quotes"] if quote["speech"] and quote.get("cue_start")
        ]
        covered = {offset for start, end in spans for offset in range(start, end)}
        for cue in cues.find_cues(row["text"]):
            name = ("noun:" if cue.form == "noun" else "") + cue.lemma
            uses[name] += 1
            hits[name] += cue.start in covered or cue.end - 1 in covered
    return {name: round((hits[name] + 0.5) / (uses[name] + 1.5), 2) for name in sorted(uses) if uses[name] >= 4}


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
        word
        for word, count in after_subject.items()
        if count >= 2
        and count / total[word] >= 0.04
        and count > after_determiner[word] * 0.3
        and word.isalpha()
        and not word.endswith("ly")
        and word not in _NOT_VERBS
    )


def bare(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without edge punctuation and a leading "that"."""
    while start < end and text[start] in _EDGE:
        start += 1
    while end > start and text[end - 1] in _EDGE:
        end -= 1
    match = _THAT.match(text, start, end)
    return (match.end() if match else start), end


def examples(row: dict[str, Any]) -> Iterator[Example]:
    """Every cue of an article with what the annotators gave to it."""
    text = row["text"]
    blocks = paragraphs(text)
    cues_here = list(cue_places(text, sentences(text, blocks), quoted_regions(text, blocks)))
    gold: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for quote in row["quotes"]:
        if quote.get("cue_start") is not None:
            gold.setdefault((quote["cue_start"], quote["cue_end"]), []).append(quote)
    owned: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for (start, end), quotes in gold.items():
        inside = [place for place in cues_here if place.cue.start < end and start < place.cue.end]
        verbs = [place for place in inside if place.cue.form == "verb"]
        if inside:  # "said in a statement": the verb; "responded by saying": the last one
            cue = (verbs or inside)[-1].cue
            owned[cue.start, cue.end] = quotes
    for place in cues_here:
        yield _example(text, place, owned.get((place.cue.start, place.cue.end), []))


def _example(text: str, place: places.Place, quotes: Sequence[dict[str, Any]]) -> Example:
    low, high = place.tokens.start[0], place.tokens.end[-1]
    sides: dict[str, tuple[int, int]] = {}
    for quote in quotes:
        if quote["kind"] == "direct" or quote["end"] <= low or quote["start"] >= high:
            continue
        start, end = bare(text, max(quote["start"], low), min(quote["end"], high))
        side = "after" if start >= place.cue.start else "before"
        if side in sides:
            start, end = min(start, sides[side][0]), max(end, sides[side][1])
        sides[side] = (start, end)
    # What the corpus calls attitude counts where our lexicon calls the cue speech (hinted that, made clear that).
    known = place.cue.group == "report" or all(quote["speech"] for quote in quotes)
    if sides.get("before", (0, 0))[1] > place.cue.start:
        known = False
    return Example(place, sides.get("after"), sides.get("before"), known, bool(quotes) and not sides)


def last_token(tokens: lex.Tokens, offset: int) -> int:
    """The token that ends at or before `offset`, or the closing mark behind it (the gold leaves out edge punctuation)."""
    found = closing = max(index for index in range(len(tokens)) if tokens.start[index] < offset)
    while (
        tokens.quoted[closing]
        and closing + 1 < len(tokens)
        and tokens.quoted[closing + 1]
        and not tokens.is_word(closing + 1)
    ):
        closing += 1
    at_closing_mark = closing + 1 == len(tokens) or not tokens.quoted[closing + 1]
    return closing if at_closing_mark else found


def choices(found: Sequence[Example]) -> dict[str, list[Choice]]:
    """The training instances of the four place models (the side model has its own form)."""
    out: dict[str, list[Choice]] = {name: [] for name in ("after_start", "after_end", "before_end", "before_start")}

    def add(
        name: str, groups: features.Groups, options: list[int], right: int, values: Iterable[Sequence[features.Values]]
    ) -> None:
        if right in options and len(options) > 1:
            out[name].append(Choice([features.described(groups, option) for option in values], options.index(right)))

    for example in found:
        place, tokens = example.place, example.place.tokens
        if example.known and example.after:
            first, last = tokens.at(example.after[0]), last_token(tokens, example.after[1])
            starts = places.after_starts(place)
            add("after_start", features.AFTER_START, starts, first, features.after_start_values(place, starts))
            ends = places.after_ends(place, first)
            add("after_end", features.AFTER_END, ends, last, features.after_end_values(place, first, ends))
        if example.known and example.before:
            first, last = tokens.at(example.before[0]), last_token(tokens, example.before[1])
            ends = places.before_ends(place)
            add("before_end", features.BEFORE_END, ends, last, features.before_end_values(place, ends))
            starts = places.before_starts(place, last)
            add("before_start", features.BEFORE_START, starts, first, features.before_start_values(place, last, starts))
    return out


# ---- fitting -----------------------------------------------------------------------------------------------------------


def score(weights: Mapping[str, float], described: Sequence[str]) -> float:
    """The sum of the features' weights."""
    get = weights.get
    return sum([get(feature, 0.0) for feature in described])


class Vector:
    """A weight vector under AdaGrad with a small ridge."""

    def __init__(self) -> None:
        self.weights: dict[str, float] = {}
        self.squares: dict[str, float] = {}

    def step(self, described: Sequence[str], gradient: float, rate: float) -> None:
        """Move the features' weights against the gradient of the loss."""
        for name in described:
            weight = self.weights.get(name, 0.0)
            slope = gradient + RIDGE * weight
            square = self.squares[name] = self.squares.get(name, 1e-6) + slope * slope
            self.weights[name] = weight - rate * slope / sqrt(square)


def rate_at(epoch: int, instances: int) -> float:
    """The learning rate of an epoch."""
    return (RATE if instances > FEW else RATE_FOR_FEW) / (1 + epoch * 0.5)


def fit_choice(data: Sequence[Choice]) -> dict[str, int]:
    """A softmax over each instance's options with shared weights (in hundredths), instances taken in the corpus's order."""
    counts = Counter(name for choice in data for option in choice.options for name in option)
    rows = [([[n for n in option if counts[n] >= MIN_COUNT] for option in choice.options], choice.right) for choice in data]
    vector = Vector()
    for epoch in range(EPOCHS):
        for options, right in rows:
            probabilities = softmax([score(vector.weights, option) for option in options])
            for position, option in enumerate(options):
                gradient = probabilities[position] - (position == right)
                if abs(gradient) > 1e-3:
                    vector.step(option, gradient, rate_at(epoch, len(rows)))
    return {name: round(weight * HUNDREDTHS) for name, weight in sorted(vector.weights.items()) if abs(weight) >= 0.02}


def fit_sides(found: Sequence[Example]) -> dict[str, list[int]]:
    """For each feature its weights (in hundredths) toward each side, in the order of SIDES; what weighs nothing is left out."""
    data = [
        (features.described(features.SIDE, features.side_values(example.place)), example.side)
        for example in found
        if example.known
    ]
    counts = Counter(name for described, _ in data for name in described)
    rows: list[tuple[list[str], int]] = []
    for position, (described, right) in enumerate(data):
        # Every third example hides the cue's own word, so that what its surroundings say carries rare cues too.
        hidden = BY_WORD if position % 3 == 0 else ()
        rows.append(([n for n in described if counts[n] >= MIN_COUNT and not n.startswith(hidden)], right))
    vectors = [Vector() for _ in features.SIDES]
    for epoch in range(EPOCHS):
        for described, right in rows:
            probabilities = softmax([score(vector.weights, described) for vector in vectors])
            for position, probability in enumerate(probabilities):
                gradient = probability - (position == right)
                if abs(gradient) > 1e-3:
                    vectors[position].step(described, gradient, rate_at(epoch, len(rows)))
    names = sorted({name for vector in vectors for name in vector.weights})
    merged = {name: [round(vector.weights.get(name, 0.0) * HUNDREDTHS) for vector in vectors] for name in names}
    return {name: row for name, row in merged.items() if max(map(abs, row)) >= 3}


# ---- the two files -----------------------------------------------------------------------------------------------------


def write_strengths(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Put the measured strengths into the lexicon file, and read it anew."""
    lexicon = json.loads(path.read_text("utf-8"))
    lexicon["strength"] = cue_strengths(rows)
    path.write_text(json.dumps(lexicon, indent=1, ensure_ascii=False) + "\n", "utf-8")
    cues._lexicon.cache_clear()


def write(path: Path, body: dict[str, Any]) -> None:
    """Write the model file, and read it anew."""
    path.write_text(json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n", "utf-8")
    learned_models.cache_clear()
    lex.model_data.cache_clear()
    lex.finite_lexicon.cache_clear()
    lex.open_class.cache_clear()


def learn(rows: Sequence[dict[str, Any]], verbs: list[str]) -> dict[str, Any]:
    """The model file: lexicon and weights, with what they were learned from."""
    found = [example for row in rows for example in examples(row)]
    instances = choices(found)
    weights: dict[str, Any] = {"side": fit_sides(found)}
    weights |= {name: fit_choice(data) for name, data in instances.items()}
    provenance = {
        "script": "scripts/train_indirect.py",
        "articles": len(rows),
        "instances": {"side": sum(example.known for example in found)} | {name: len(data) for name, data in instances.items()},
        "settings": {
            "epochs": EPOCHS, "rate": RATE, "rate_for_few": RATE_FOR_FEW, "few": FEW, "ridge": RIDGE, "min_count": MIN_COUNT,
        },
    }  # fmt: skip
    return {"provenance": provenance, "verbs": verbs, "weights": weights}


def main() -> None:
    """Read, learn, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="polnear-train.jsonl.gz")
    arguments = parser.parse_args()
    blob = arguments.corpus.read_bytes()
    rows = [json.loads(line) for line in gzip.decompress(blob).decode("utf-8").splitlines()]
    if any(row["split"] != "train" for row in rows):
        raise SystemExit("Only rows of the train split may be learned from.")
    write_strengths(rows, CUES)
    verbs = finite_verbs([row["text"] for row in rows])
    former = WEIGHTS.read_bytes() if WEIGHTS.exists() else b""
    write(WEIGHTS, {"verbs": verbs, "weights": {}})  # the features read the lexicon from there
    try:
        learned = learn(rows, verbs)
    except BaseException:
        WEIGHTS.write_bytes(former)
        raise
    learned["provenance"] |= {"corpus": arguments.corpus.name, "sha256": hashlib.sha256(blob).hexdigest()}
    write(WEIGHTS, learned)
    sys.stderr.write(json.dumps(learned["provenance"]) + "\n")


if __name__ == "__main__":
    main()
