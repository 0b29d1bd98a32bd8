"""Word classes for speaker mentions, read once from `data/names.json`."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

# Word lists, weakest first: where a word is in several, the later list decides its class.
_CLASSES = (
    ("verbs", "v"), ("verb_forms", "v"), ("speech_verbs", "c"), ("speech_irregular", "c"), ("documents", "d"),
    ("org_nouns", "m"), ("roles", "n"), ("humans", "n"), ("times", "T"), ("adverbs", "r"), ("prepositions", "P"),
    ("conjunctions", "k"), ("numerals", "0"), ("relatives", "h"), ("object_pronouns", "u"), ("auxiliaries", "x"),
    ("determiners", "D"), ("subject_pronouns", "p"),
)  # fmt: skip
_CAPITAL_CLASSES = (
    ("org_words", "O"), ("places", "L"), ("nationalities", "A"), ("role_modifiers", "R"), ("roles", "R"), ("titles", "t"),
)  # fmt: skip
_EXTRA = {"of": "o", "and": "&", "or": "&", "&": "&", "that": "b", "according": "a", "to": "P"}


@cache
def words(name: str) -> frozenset[str]:
    """One list of the lexicon, in lower case.

    >>> "spokesman" in words("roles")
    True
    """
    return frozenset(_data()[name])


@cache
def first_names() -> frozenset[str]:
    """First names of either gender, in lower case."""
    return words("male") | words("female")


@cache
def _data() -> dict[str, list[str]]:
    loaded: dict[str, list[str]] = json.loads((files("service.text") / "data" / "names.json").read_text("utf-8"))
    return loaded


@cache
def lower_classes() -> dict[str, str]:
    """Class letter of each known lower-case word (letters: see `names_tokens`)."""
    classes: dict[str, str] = {}
    for name, letter in _CLASSES:
        for word in _data()[name]:
            forms = verb_forms(word) if name in ("verbs", "speech_verbs") else (word,)
            for form in forms:
                classes[form] = "y" if letter in "cv" and form.endswith("ing") else letter
    for word in ("saying", "adding", "telling", "calling"):
        classes[word] = "y"
    return classes | _EXTRA


@cache
def capital_classes() -> dict[str, str]:
    """Class letter of each known capitalised word, keyed in lower case."""
    return {word: letter for name, letter in _CAPITAL_CLASSES for word in _data()[name]}


def verb_forms(base: str) -> tuple[str, ...]:
    """The regular forms of a verb, doubled consonants included.

    >>> verb_forms("quip")
    ('quip', 'quips', 'quipped', 'quipping', 'quiped', 'quiping')
    """
    if base.endswith("e"):
        return base, base + "s", base + "d", base[:-1] + "ing"
    if base.endswith("y") and base[-2] not in "aeou":
        return base, base[:-1] + "ies", base[:-1] + "ied", base + "ing"
    third = base + ("es" if base.endswith(("s", "sh", "ch", "x", "z", "o")) else "s")
    if (
        base[-1] in "bdgklmnprt"
        and base[-2] in "aeiou"
        and (len(base) < 3 or base[-3] not in "aeiou" or base[-4:-2] == "qu")
    ):
        return base, third, base + base[-1] + "ed", base + base[-1] + "ing", base + "ed", base + "ing"
    return base, third, base + "ed", base + "ing"
