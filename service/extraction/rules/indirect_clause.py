"""
From reported content to the finite clause that counts as an indirect quotation, with exact bounds.

The model says where the content of a cue begins and ends; these are the annotation's own rules on top: glosses in commas stay,
glosses behind a dash and the reporter's comments go, a clause that holds quoted words is none unless a clause free of marks stands
beside it, and questions, infinitives, noun phrases and gerunds are none.
"""

from __future__ import annotations

from service.extraction.rules import indirect_tokens as lex
from service.extraction.rules.indirect_model import Found
from service.extraction.rules.indirect_tokens import Tokens
from service.text.cues import is_cue_noun, is_cue_word

_QUESTIONS = lex.word_set("whether how why what who where which whom")
_LOOSE = lex.word_set("for of as about against by on with")  # open a phrase, unless a clause follows ("for now, ...")
_BLOCKERS = lex.word_set("who which that when while if because although as after before where")
_GLOSSES = lex.word_set("which who where whose")
_FORMAL = frozenset(("claim",))  # "claims to be" counts, other infinitives do not


def clause_bounds(found: Found) -> tuple[int, int] | None:
    """The tokens of the finite clause in the content that FORMAT counts, None where there is none."""
    tokens, first, last = found.place.tokens, found.start, found.end
    last = _before_dash_gloss(tokens, first, _with_gloss(tokens, last))
    last = _before_nested_relative(tokens, first, _before_comment(tokens, first, last))
    quoted = next((i for i in range(first, last + 1) if tokens.quoted[i]), None)
    if quoted is not None:
        last = _clause_before_quote(tokens, first, quoted)
        if last < first:
            return None
    opening = tokens.word[first]
    if opening in _QUESTIONS or opening in {"for", "of", "as", "about", "against", "by", "on", "with"} and found.side == "after" and not _finite_main(tokens, first, last):
        return None
    if opening == "to" and found.place.cue.lemma not in _FORMAL:
        return None
    if opening == "to":
        return first, last
    if not tokens.has_finite(first, last) or last - first < 1 or _is_reported_claim(tokens, first, last):
        return None
    return (first, last) if _finite_main(tokens, first, last) else None


def _before_comment(tokens: Tokens, first: int, last: int) -> int:
    """The last token in front of the reporter's own closing ", without giving details"."""
    for index in range(last - 1, first, -1):
        if tokens.word[index] == ",":
            return index - 1 if tokens.word[index + 1] == "without" and tokens.get(index + 2).endswith("ing") else last
    return last


def _before_nested_relative(tokens: Tokens, first: int, last: int) -> int:
    """The last token in front of a relative clause that is given to a speaker again ("his son, who he says was arrested")."""
    for index in range(first + 3, last - 2):
        if tokens.word[index] in {"who", "which"} and tokens.word[index + 1] in lex.SUBJECT_PRONOUNS and is_cue_word(tokens.word[index + 2]):
            return index - 2 if tokens.word[index - 1] == "," else index - 1
    return last


def _is_reported_claim(tokens: Tokens, first: int, last: int) -> bool:
    """Whether the content is a noun cue with its own clause ("an unfounded claim that ..."), which is found by that cue."""
    if tokens.get(first - 1) == "that":
        return False
    for index in range(first, min(first + 5, last)):
        if tokens.finite[index] == 2 or not tokens.is_word(index):
            return False
        if tokens.word[index + 1] == "that":
            return is_cue_noun(tokens.word[index])
    return False


def _finite_main(tokens: Tokens, first: int, last: int) -> bool:
    """Whether a finite verb stands outside relative and adverbial clauses."""
    blocked = False
    for index in range(first, last + 1):
        word = tokens.word[index]
        if word in {"who", "which", "that", "when", "while", "if", "because", "although", "as", "after", "before", "where"} and not (word == "that" and index == first):
            blocked = True
        elif word == ",":
            blocked = False
        elif tokens.finite[index]:
            if not blocked or index > first + 12:
                return True
            blocked = False
    return False


def _with_gloss(tokens: Tokens, last: int) -> int:
    """The end moved behind a relative clause in commas that follows (", which included five Ukrainians"): a gloss stays."""
    if tokens.get(last + 1) != "," or tokens.get(last + 2) not in {"which", "who", "where", "whose"}:
        return last
    end = last + 2
    while end + 1 < len(tokens) and tokens.word[end + 1] not in lex.STOPS and tokens.word[end + 1] not in {",", ";", ":", "("} | lex.DASHES:
        end += 1
    has_cue = any(is_cue_word(tokens.word[index]) for index in range(last + 3, end + 1))
    return last if has_cue or any(tokens.quoted[last + 1 : end + 1]) else end


def _before_dash_gloss(tokens: Tokens, first: int, last: int) -> int:
    """The last token in front of a closing dash gloss; a gloss in the middle of the clause stays."""
    dashes = [i for i in range(first, last + 1) if tokens.word[i] in lex.DASHES and not tokens.quoted[i]]
    if not dashes:
        return last
    opening = dashes[0]
    if not tokens.has_finite(first, opening - 1):
        return last
    return opening - 1


def _clause_before_quote(tokens: Tokens, first: int, quoted: int) -> int:
    """The end of a complete clause, free of marks, that a coordinator or "when" parts from the one that holds the quotation."""
    for index in range(quoted - 1, first, -1):
        if tokens.word[index] in {",", ";"} and tokens.has_finite(first, index - 1) and tokens.has_finite(index + 1, quoted - 1):
            following = tokens.get(index + 1)
            if following in lex.COORDINATORS or following in {"when", "while", "where", "whereas"}:
                return index - 1
    return first - 1


