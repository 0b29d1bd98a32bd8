"""Direct or mixed: whether the words in quotation marks are a clause of their own or a fragment in the reporter's sentence."""

from __future__ import annotations

import re

from service.domain.draft import QuoteKind
from service.text.names_lexicon import lower_classes

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*|[.!?,;:]")
_CONTRACTED = re.compile(r"(?:n['’]t|['’](?:s|re|m|ve|ll|d))$")
_NOT_FINITE = frozenset({"be", "been", "being", "having", "doing", "done", "not"})
_NO_VERB_AFTER = frozenset(("to", "a", "the", "of"))
_MODAL_NOUNS = frozenset(["will", "may", "might", "can", "must"])
_SUBJECT_WORDS = frozenset(
    [
        "i",
        "we",
        "you",
        "he",
        "she",
        "it",
        "they",
        "there",
        "this",
        "that",
        "these",
        "those",
        "who",
        "what",
        "nobody",
        "everyone",
    ]
)


def kind_of(text: str, *, before: str, after: str) -> QuoteKind:
    """The kind by the words and the token letters beside the marks (see `names_tokens`).

    >>> kind_of("We are bringing our people home,", before=",", after="p").value
    'direct'
    >>> kind_of("trying to buy time", before="o", after="P").value
    'mixed'
    """
    found = _WORD.findall(text[:600])
    plain = [word.lower() for word in found if word[0].isalnum()]
    ended = text.rstrip("”’\"'")[-1:] in tuple(".!?,…")
    if "\n" in text or (any(word in ".!?" for word in found[:-1]) and len(plain) > 4):
        return QuoteKind.DIRECT
    runs_on = not ended and after in "Poewvy"
    if _is_clause(plain) and (not runs_on or before in ":,¶|"):
        return QuoteKind.DIRECT
    if (before == ":" and ended) or (before in "¶|" and ended and text[:1].isupper()):
        return QuoteKind.DIRECT
    if ended and before in ",y" and after in "c¶|pN" and text[:1].isupper():
        return QuoteKind.DIRECT
    if before == "y" and ended and len(plain) <= 4:
        return QuoteKind.DIRECT
    return QuoteKind.MIXED


def _is_clause(plain: list[str]) -> bool:
    """Whether a subject and a finite verb stand in the words, the subject not behind a subordinator at the start."""
    classes = lower_classes()
    if not plain:
        return False
    seen_subject = False
    for position, word in enumerate(plain[:25]):
        letter = classes.get(word, "")
        if word[:-2] in _SUBJECT_WORDS if word.endswith(("'s", "’s")) else _CONTRACTED.search(word):
            return True
        if letter == "h" and position:
            return False
        if word in _MODAL_NOUNS and position + 1 == len(plain):
            return False
        if seen_subject and letter == "x" and word not in _NOT_FINITE:
            return plain[position - 1] != "to"
        if seen_subject and letter in ("c", "v") and not word.endswith("ing") and plain[position - 1] not in _NO_VERB_AFTER:
            return True
        if letter in ("P", "o", "y") and position == 0:
            return False
        if letter in ("p",) or word in _SUBJECT_WORDS or (letter in ("n", "m", "D", "d", "w", "") and word.isalpha()):
            seen_subject = True
    return False
