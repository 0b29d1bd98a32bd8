"""From reported content to the finite clause that counts as an indirect quotation, with exact bounds.

The model says where the content of a cue begins and ends; these are the annotation's own rules on top: glosses in commas stay,
glosses behind a dash and the reporter's comments go, a clause that holds quoted words is none unless a clause free of marks stands
beside it, and questions, infinitives, noun phrases and gerunds are none.
"""

from __future__ import annotations

from service.extraction.rules import indirect_tokens as lex
from service.extraction.rules.indirect_model import Found
from service.extraction.rules.indirect_places import Place
from service.extraction.rules.indirect_tokens import Tokens
from service.text.cues import cue_words, is_cue_noun

_QUESTIONS = lex.word_set("whether how why what who where which whom")
_BLOCKERS = lex.word_set("who which that when while if because although as after before where")
_GLOSSES = lex.word_set("which who where whose")
_JOINS = lex.COORDINATORS | lex.word_set("when while where whereas") | _GLOSSES
_GLOSS_ENDS = frozenset((",", ";", ":", "(")) | lex.STOPS | lex.DASHES
_FORMAL = frozenset(("claim",))  # "claims to be" counts, other infinitives do not


def clause_bounds(found: Found) -> tuple[int, int] | None:
    """The tokens of the finite clause in the content that FORMAT counts, None where there is none."""
    tokens, first, last = found.place.tokens, found.start, found.end
    last = _before_dash_gloss(tokens, first, _with_gloss(tokens, last))
    last = _before_nested_relative(tokens, first, _before_comment(tokens, first, last))
    last = _before_main_verb(found.place, first, last)
    quoted = next((i for i in range(first, last + 1) if tokens.quoted[i]), None)
    if quoted is not None:
        last = _clause_before_quote(tokens, first, quoted)
        if last < first:
            return None
    opening = tokens.word[first]
    if opening == "to":
        return (first, last) if found.place.cue.lemma in _FORMAL else None
    is_subject = found.place.cue.form == "noun" and not tokens.has_finite(0, found.place.first - 1)
    if is_subject or opening in _QUESTIONS or last == first or _is_reported_claim(tokens, first, last):
        return None
    return (first, last) if _has_main_verb(tokens, first, last) else None


def _before_comment(tokens: Tokens, first: int, last: int) -> int:
    """The last token in front of the reporter's own closing ", without giving details"."""
    for index in range(last - 1, first, -1):
        if tokens.word[index] == ",":
            return index - 1 if tokens.word[index + 1] == "without" and tokens.get(index + 2).endswith("ing") else last
    return last


def _before_main_verb(place: Place, first: int, last: int) -> int:
    """The last token before the sentence goes on behind a cue in a relative clause ("Hill, who said she slept badly, left")."""
    tokens = place.tokens
    if tokens.get(place.first - 1) not in {"who", "which"} or tokens.get(place.first - 2) != ",":
        return last
    commas = [i for i in range(first + 1, last) if tokens.word[i] == ","]
    return next((i - 1 for i in commas if tokens.has_finite(i + 1, i + 2) and tokens.has_finite(first, i - 1)), last)


def _before_nested_relative(tokens: Tokens, first: int, last: int) -> int:
    """The last token in front of a relative clause that is given to a speaker again ("his son, who he says was arrested")."""
    for index in range(first + 3, last - 2):
        relative, subject, cue = tokens.word[index : index + 3]
        if relative in {"who", "which"} and subject in lex.SUBJECT_PRONOUNS and cue in cue_words():
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


def _has_main_verb(tokens: Tokens, first: int, last: int) -> bool:
    """Whether a finite verb stands outside relative and adverbial clauses."""
    blocked = False
    for index in range(first, last + 1):
        word = tokens.word[index]
        if word in _BLOCKERS and not (word == "that" and index == first):
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
    if tokens.get(last + 1) != "," or tokens.get(last + 2) not in _GLOSSES:
        return last
    end = last + 2
    while end + 1 < len(tokens) and tokens.word[end + 1] not in _GLOSS_ENDS:
        end += 1
    has_cue = not cue_words().isdisjoint(tokens.word[last + 3 : end + 1])
    return last if has_cue or any(tokens.quoted[last + 1 : end + 1]) else end


def _before_dash_gloss(tokens: Tokens, first: int, last: int) -> int:
    """The last token in front of a closing dash gloss; a gloss in the middle of the clause stays."""
    dashes = [i for i in range(first, last + 1) if tokens.word[i] in lex.DASHES and not tokens.quoted[i]]
    if not dashes:
        return last
    return dashes[0] - 1 if tokens.has_finite(first, dashes[0] - 1) else last


def _clause_before_quote(tokens: Tokens, first: int, quoted: int) -> int:
    """The end of a complete clause, free of marks, that a coordinator or "when" parts from the one that holds the quotation."""
    for index in range(quoted - 1, first, -1):
        joined = tokens.word[index] in {",", ";"} and tokens.word[index + 1] in _JOINS
        if joined and tokens.has_finite(first, index - 1) and tokens.has_finite(index + 1, quoted - 1):
            return index - 1
    return first - 1
