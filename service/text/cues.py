"""Reporting cues: the words that give speech to a speaker (said, according to, a claim that), with their class and strength.

The lexicon is data (`data/cues.json`). One pass over the words of the text, so time is linear in its length.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import accumulate
from typing import Literal

Form = Literal["verb", "noun", "preposition"]
Group = Literal["report", "directive", "label", "thought"]

_WORD = re.compile(r"([^\W\d_]+(?:-[^\W\d_]+)*)")
_DOUBLED = re.compile(r"(?:[^aeiou]|^)[aeiou][bdgmnprt]$")


@dataclass(frozen=True, slots=True)
class Cue:
    """A reporting cue at `start`..`end` (code points of the text).

    `strength` in 0..1 is how often the word carries speech in the training corpus. `takes_clause` is whether a finite clause can
    follow it (said, warned) or not (urged, called). `group`: "report"; "directive" (urge, call for) and "label" (accuse, describe),
    which quoted fragments may follow but no reported clause; "thought" (believe, fear). `inflection` is "base", "s", "ed" or "ing"
    for verbs, else None. `passive` marks "was told", "is said", "was quoted as saying".
    """

    start: int
    end: int
    lemma: str
    form: Form
    strength: float
    takes_clause: bool
    group: Group = "report"
    inflection: str | None = None
    passive: bool = False


@dataclass(frozen=True, slots=True)
class _Entry:
    lemma: str
    form: Form
    strength: float
    takes_clause: bool
    group: Group
    inflection: str | None


@dataclass(frozen=True, slots=True)
class _Lexicon:
    verbs: dict[str, _Entry]
    nouns: dict[str, _Entry]
    phrases: dict[str, tuple[tuple[tuple[str, ...], _Entry], ...]]  # first word -> (all words, entry), longest first
    openers: frozenset[str]  # every word that a cue can begin with
    noun_after: frozenset[str]  # a word in front of "claim", "report", "state" ... that makes a noun of it
    verb_after: frozenset[str]  # ... and that makes a verb of it, whatever its own ending


_BE = frozenset(("is", "are", "was", "were", "be", "been", "being"))


def _inflect(lemma: str) -> dict[str, str]:
    """The regular forms of an English verb, each with its inflection ("base", "s", "ed", "ing")."""
    if lemma.endswith("e"):
        return {lemma: "base", lemma + "s": "s", lemma + "d": "ed", lemma[:-1] + "ing": "ing"}
    if re.search(r"[^aeiou]y$", lemma):
        return {lemma: "base", lemma[:-1] + "ies": "s", lemma[:-1] + "ied": "ed", lemma + "ing": "ing"}
    third = lemma + ("es" if re.search(r"(?:s|x|z|ch|sh)$", lemma) else "s")
    stem = lemma + lemma[-1] if len(lemma) <= 4 and _DOUBLED.search(lemma) else lemma
    return {lemma: "base", third: "s", stem + "ed": "ed", stem + "ing": "ing"}


def _kind_of_form(lemma: str, form: str) -> str:
    head = form.split()[0]
    if head.endswith("ing"):
        return "ing"
    if head == lemma.split("_")[0]:
        return "base"
    return "s" if head.endswith("s") else "ed"


@cache
def _lexicon() -> _Lexicon:
    data = json.loads(resources.files("service.text").joinpath("data/cues.json").read_text("utf-8"))
    measured: dict[str, float] = data.get("strength", {})
    verbs: dict[str, _Entry] = {}
    phrases: dict[str, list[tuple[tuple[str, ...], _Entry]]] = {}

    def phrase(form: str, entry: _Entry) -> None:
        words = tuple(form.split())
        phrases.setdefault(words[0], []).append((words, entry))

    for group, spec in data["classes"].items():
        for lemma in spec["lemmas"]:
            listed = data["irregular"].get(lemma)
            forms = {form: _kind_of_form(lemma, form) for form in listed} if listed else _inflect(lemma)
            for form, inflection in forms.items():
                strength = measured.get(lemma, spec["default"])
                entry = _Entry(lemma, "verb", strength, spec["clause"], group, inflection)
                if " " in form:
                    phrase(form, entry)
                else:
                    verbs.setdefault(form, entry)
    nouns: dict[str, _Entry] = {}
    spec = data["nouns"]
    for lemma in spec["lemmas"]:
        entry = _Entry(lemma, "noun", measured.get("noun:" + lemma, spec["default"]), spec["clause"], "report", None)
        for form in (lemma, lemma + "s"):
            nouns[form] = entry
    for form in data["prepositions"]["phrases"]:
        entry = _Entry(form, "preposition", data["prepositions"]["strength"], True, "report", None)
        phrase(form, entry)
    ordered = {first: tuple(sorted(found, key=lambda item: -len(item[0]))) for first, found in phrases.items()}
    return _Lexicon(verbs, nouns, ordered, frozenset(verbs) | frozenset(nouns) | frozenset(ordered),
                    frozenset(data["noun_after"]), frozenset(data["verb_after"]))  # fmt: skip


def _is_noun(word: str, before: str, after: str) -> bool:
    """Whether a word that can be verb or noun (claim, reports) is a noun here, by its neighbours."""
    lexicon = _lexicon()
    if before in lexicon.verb_after:
        return False
    if before in lexicon.noun_after:
        return True
    if word.endswith("s"):
        return after in {"of", "about", "from", "by", "are", "were", "have"}
    return not before or before.endswith(("ing", "ous", "ial", "ive", "ed")) or after in {"of", "from", "by", "is", "was"}


def find_cues(text: str, *, start: int = 0, end: int | None = None) -> tuple[Cue, ...]:
    """Every reporting cue of `text[start:end]`, in order; the longest phrase wins.

    >>> [(cue.lemma, cue.form, cue.passive) for cue in find_cues("He said, according to a report, that she was told it.")]
    [('say', 'verb', False), ('according to', 'preposition', False), ('report', 'noun', False), ('tell', 'verb', True)]
    """
    lexicon = _lexicon()
    pieces = _WORD.split(text[start:end])  # gap, word, gap, word ... gap
    words = [word.lower() for word in pieces[1::2]]
    edges = list(accumulate(map(len, pieces), initial=start))  # word i is text[edges[2i + 1] : edges[2i + 2]]
    found: list[Cue] = []
    skip_to = 0
    openers = lexicon.openers
    for index in [position for position, word in enumerate(words) if word in openers]:
        if index < skip_to:
            continue
        entry, length = _entry_at(lexicon, words, index)
        if entry is None:
            continue
        if not all(map(str.isspace, pieces[2 * index + 2 : 2 * (index + length) : 2])):
            continue  # more than white space stands between the words of a phrase
        skip_to = index + length
        passive = entry.form == "verb" and _is_passive(words, index, entry.inflection)
        found.append(Cue(edges[2 * index + 1], edges[2 * (index + length)], entry.lemma, entry.form, entry.strength,
                         entry.takes_clause, entry.group, entry.inflection, passive))  # fmt: skip
    return tuple(found)


@cache
def cue_words() -> frozenset[str]:
    """Every single lower-case word that is a form of a reporting verb ("adding", "warned").

    >>> "adding" in cue_words(), "walking" in cue_words()
    (True, False)
    """
    return frozenset(word for word, entry in _lexicon().verbs.items() if entry.group == "report" and entry.strength >= 0.3)


def is_cue_noun(word: str) -> bool:
    """Whether a single lower-case word is a reporting noun ("claim", "suggestions").

    >>> is_cue_noun("claim"), is_cue_noun("chair")
    (True, False)
    """
    return word in _lexicon().nouns


def _entry_at(lexicon: _Lexicon, words: list[str], index: int) -> tuple[_Entry | None, int]:
    """The lexicon's entry that starts at this word, with its length in words."""
    word = words[index]
    for phrase, entry in lexicon.phrases.get(word, ()):
        if tuple(words[index : index + len(phrase)]) == phrase:
            return entry, len(phrase)
    verb, noun = lexicon.verbs.get(word), lexicon.nouns.get(word)
    if verb is not None and noun is not None:
        before = words[index - 1] if index else ""
        after = words[index + 1] if index + 1 < len(words) else ""
        return (noun if _is_noun(word, before, after) else verb), 1
    return verb or noun, 1


def _is_passive(words: list[str], index: int, inflection: str | None) -> bool:
    """Whether a form of "be" stands before a participle, at most two adverbs away; "quoted as saying" is passive as "quoted" is."""
    if inflection == "ing" and index >= 2 and words[index - 1] == "as" and words[index - 2] in {"quoted", "cited"}:
        return _is_passive(words, index - 2, "ed")
    if inflection != "ed":
        return False
    for back in range(index - 1, max(index - 4, -1), -1):
        if words[back] in _BE:
            return True
        if not (words[back].endswith("ly") or words[back] in {"also", "not", "later", "first", "been", "never", "once"}):
            return False
    return False
