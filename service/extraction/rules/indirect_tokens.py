"""A sentence as tokens with the little word knowledge that finding a reported clause needs: finite verbs, openers, punctuation.

There is no parser. A word counts as a finite verb when it is an auxiliary, a contraction (he'll, didn't), or listed in the
lexicon of verbs that follow a subject pronoun often enough in the training corpus; an -ed form is a weaker sign.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

_TOKEN = re.compile(
    r"[a-zA-Z]++(?=[\s,])"  # most words: nothing below would end elsewhere, so it need not be tried
    r"|\d+(?:[.,:]\d+)*%?|(?:[^\W\d_]\.){2,}|[^\W_]+(?:[-'’][^\W_]+)*|--+|’’|''|``|[^\w\s]|_+"
)


def word_set(listing: str) -> frozenset[str]:
    """The words of a listing parted by spaces."""
    return frozenset(listing.split())


AUXILIARIES = word_set(
    "is are was were am has have had do does did will would can could may might must shall should cannot won't isn't "
    "aren't wasn't weren't hasn't haven't hadn't don't doesn't didn't wouldn't can't couldn't shouldn't ain't"
)
MODALS = word_set("will would can could may might must shall should cannot")
BE = word_set("is are was were am be been being")
SUBJECT_PRONOUNS = word_set("he she they we i it you")
PRONOUNS = SUBJECT_PRONOUNS | word_set(
    "this that these those there who what which him her them us me everyone nobody nothing"
)
DETERMINERS = word_set(
    "the a an his her its their our my your this that these those some any no each every all both many most"
)
PREPOSITIONS = word_set(
    "of in on at by for with from to about into over under after before during since through against between among "
    "until without within near as than like amid despite toward towards across around upon per via"
)
COORDINATORS = word_set("and but or nor yet so")
SUBORDINATORS = word_set(
    "that while as when after before because since which who whom whose where although though whereas if until unless "
    "whether what how why once"
)
DAYS = word_set("monday tuesday wednesday thursday friday saturday sunday today tonight yesterday tomorrow earlier later")
NEGATIONS = word_set("not never n't no nor neither without nobody none hardly")
DASHES = frozenset(("--", "---", "—", "–", "-", "―"))
STOPS = frozenset((".", "!", "?", "…"))
MARKS = frozenset(('"', "“", "”", "„", "«", "»", "''", "``", "’’", "‘"))
_CLITIC = re.compile(r"(?:n't|'(?:ll|re|ve|d|m))$")


@cache
def model_data() -> dict[str, Any]:
    """The learned weights and lexicon of `data/indirect.json`, read once."""
    found: dict[str, Any] = json.loads(
        resources.files("service.extraction.rules").joinpath("data/indirect.json").read_text("utf-8")
    )
    return found


@cache
def finite_lexicon() -> frozenset[str]:
    """Words that are often a finite verb, learned with the weights."""
    return frozenset(model_data()["verbs"])


@cache
def open_class() -> frozenset[str]:
    """Words that can be finite whatever their ending."""
    return AUXILIARIES | finite_lexicon()


@dataclass(slots=True)
class Tokens:
    """The tokens of one sentence, as parallel lists.

    `word` is lower case with straight apostrophes, `raw` as written; `start` and `end` are code points of the article. `quoted`
    says whether the token stands in quotation marks (marks included); `finite` is 2 for a sure finite verb, 1 for a likely one,
    else 0.
    """

    word: list[str]
    raw: list[str]
    start: list[int]
    end: list[int]
    quoted: list[bool]
    finite: list[int]
    classes: list[str]  # filled as asked for, by `indirect_features.word_class`

    def __len__(self) -> int:
        return len(self.word)

    def at(self, offset: int) -> int:
        """The index of the first token that starts at `offset` or behind it."""
        return bisect_left(self.start, offset)

    def is_word(self, index: int) -> bool:
        """Whether the token is a word or a number (not punctuation)."""
        return self.word[index][0].isalnum()

    def get(self, index: int) -> str:
        """The lower-case word at `index`, or "^"/"$" beyond the sentence's ends."""
        if index < 0:
            return "^"
        return self.word[index] if index < len(self.word) else "$"

    def has_finite(self, first: int, last: int) -> bool:
        """Whether a finite verb, sure or likely, stands in tokens `first`..`last` (inclusive)."""
        return any(self.finite[max(first, 0) : last + 1])


def finiteness(word: str, before: str, raw: str) -> int:
    """2 for an auxiliary or contraction, 1 for a word that is often a finite verb, 0 else; `before` is the word in front."""
    if word in AUXILIARIES:
        return 2
    if "'" in word:
        head, _, tail = word.partition("'")
        if _CLITIC.search(word) or (tail == "s" and head in PRONOUNS):
            return 2
    if before in {"to", "a", "an", "the", "of"} or before in MODALS:
        return 0
    if word in finite_lexicon():
        return 0 if raw[0].isupper() and before != "^" else 1
    if before in SUBJECT_PRONOUNS and word.endswith(("s", "ed")):
        return 1
    participle = before in PREPOSITIONS or before in BE or raw[0].isupper()
    return 1 if word.endswith("ed") and len(word) > 4 and not participle else 0


def tokenize(text: str, start: int, end: int, quoted: Sequence[tuple[int, int]] = ()) -> Tokens:
    """The tokens of `text[start:end]`; `quoted` are the outer bounds of quoted regions, in order."""
    spans = [match.span() for match in _TOKEN.finditer(text, start, end)]
    raws = [text[low:high] for low, high in spans]
    words = [raw.lower() for raw in raws]
    if text.find("’", start, end) >= 0:
        words = [word.replace("’", "'") if len(word) > 1 else word for word in words]
    starts = [low for low, _ in spans]
    marked = [False] * len(spans)
    for low, high in quoted:
        for index in range(bisect_left(starts, low), bisect_left(starts, high)):
            marked[index] = True
    known = open_class()
    finite = [
        # Most words can be no finite verb by their form alone.
        finiteness(word, before, raw) if (word in known or word[-1] in "sd" or "'" in word) and raw[0].isalpha() else 0
        for word, before, raw in zip(words, ["^", *words], raws, strict=False)
    ]
    return Tokens(words, raws, starts, [high for _, high in spans], marked, finite, [""] * len(spans))
