"""A cue in its sentence, the coarse classes of the words around it, and the places where a reported clause may begin and end."""

from __future__ import annotations

from dataclasses import dataclass

from service.extraction.rules import indirect_tokens as lex
from service.extraction.rules.indirect_tokens import Tokens
from service.text.cues import Cue

LOOKAHEAD = 13
MAX_ENDS = 14
# Later groups win: "that" is its own class, "since" a subordinator.
_LISTED: dict[str, str] = {
    **dict.fromkeys(lex.PREPOSITIONS, "prep"),
    **dict.fromkeys(lex.SUBORDINATORS, "sub"),
    **dict.fromkeys(lex.COORDINATORS, "coord"),
    **dict.fromkeys(lex.DETERMINERS, "det"),
    **dict.fromkeys(lex.DAYS, "day"),
    "that": "that",
}
BREAKS = frozenset((",", ";", ":", "(", ")")) | lex.DASHES | lex.MARKS
_AFTER_END = (
    BREAKS
    | lex.STOPS
    | lex.COORDINATORS
    | {"$"}
    | lex.word_set(
        "while as when after before because since which who although though whereas if until with that in on during for to at "
        "from according"
    )
)
_BEFORE_START = (
    BREAKS
    | lex.STOPS
    | lex.COORDINATORS
    | {"^"}
    | lex.word_set("that while as although though because when which who if since whereas where")
)
_TOLD = lex.word_set("tell assure remind inform notify reassure warn swear promise")
_WHEN = lex.DAYS | lex.word_set("on in at this last week month night morning afternoon evening drily dryly quietly curtly")
_TAIL = 7  # tokens behind a cue that can hold no more than a hearer and a time
_NO_OPENERS = lex.SUBORDINATORS | lex.PREPOSITIONS
_ADVERBIAL = lex.PREPOSITIONS | lex.DAYS | lex.word_set("last this earlier later also again")


@dataclass(frozen=True, slots=True)
class Place:
    """A cue in its sentence: tokens `first`..`last` are the cue's."""

    tokens: Tokens
    cue: Cue
    first: int
    last: int


def word_class(tokens: Tokens, index: int) -> str:
    """A coarse class of the token: what a tagger would roughly say; "^" and "$" beyond the sentence's ends."""
    if index < 0:
        return "^"
    if index >= len(tokens.word):
        return "$"
    known = tokens.classes[index]
    if not known:
        known = tokens.classes[index] = _class_of(tokens, index)
    return known


def _class_of(tokens: Tokens, index: int) -> str:
    word, raw = tokens.word[index], tokens.raw[index]
    if tokens.quoted[index]:
        return "Q"
    if not word[0].isalnum():
        return "dash" if word in lex.DASHES else word
    if word in lex.SUBJECT_PRONOUNS:
        return "pro"
    if tokens.finite[index] and word != "that":
        return "fin2" if tokens.finite[index] == 2 else "fin1"
    if listed := _LISTED.get(word):
        return listed
    if word[0].isdigit():
        return "num"
    if raw[0].isupper():
        return "cap"
    for ending in ("ing", "ly", "ed"):
        if word.endswith(ending):
            return ending
    return "low"


def modality(place: Place) -> str:
    """How the cue is used: "neg" (did not say), "to" (to say), "modal" (would say), "ask" (as a question), "plain"."""
    tokens, first = place.tokens, place.first
    kind = "plain"
    for back in range(first - 1, max(first - 5, -1), -1):
        word = tokens.word[back]
        if word in lex.NEGATIONS or word.endswith("n't"):
            return "neg"
        if word in lex.MODALS or word.endswith("'ll") or (word.endswith("'d") and place.cue.inflection == "base"):
            kind = "modal"
        elif word == "to" and kind == "plain":
            kind = "to"
        elif not (word.endswith("ly") or word in lex.AUXILIARIES or word in {"been", "be", "also", "being", "then", "ever"}):
            break
    return kind


def after_starts(place: Place) -> list[int]:
    """Token indexes at which a clause after the cue may begin."""
    tokens, found = place.tokens, list[int]()
    for index in range(place.last + 1, min(len(tokens), place.last + 1 + LOOKAHEAD)):
        word = tokens.word[index]
        if word in lex.STOPS or (word == ";" and found):
            break
        if (tokens.is_word(index) and word != "that") or tokens.get(index - 1) == "that":
            found.append(index)
        if tokens.get(index - 1) == "that" and len(found) > 1:
            break
    return found


def behind_adverbial(place: Place, start: int) -> int:
    """The start moved behind "that" where only an adverbial or the one spoken to stands between ("said last week that, in June",
    "assured its listeners that").
    """
    tokens = place.tokens
    to_somebody = place.cue.lemma in _TOLD and start == place.last + 1
    is_inside = tokens.get(place.last + 1) in lex.PREPOSITIONS and start <= place.last + 4  # of "for her part that"
    if tokens.get(start - 1) == "that" or not (tokens.word[start] in _ADVERBIAL or to_somebody or is_inside):
        return start
    that = next((k for k in range(start, min(start + 10, len(tokens) - 1)) if tokens.word[k] == "that"), None)
    if that is None or tokens.has_finite(start, that - 1) or not tokens.is_word(that + 1):
        return start
    return that + 1


def is_told_before(place: Place) -> bool:
    """Whether a short clause behind what was said only tells who says it, to whom and when (", he told the hosts on Friday.")."""
    tokens = place.tokens
    comma = next((i for i in range(place.first - 1, max(place.first - 9, 0), -1) if tokens.word[i] == ","), None)
    if comma is None or place.cue.form != "verb" or place.cue.inflection not in ("ed", "s") or place.cue.passive:
        return False
    subject, behind = tokens.word[comma + 1 : place.first], tokens.word[place.last + 1 :]
    if not subject or not lex.COORDINATORS.isdisjoint(subject) or not lex.SUBORDINATORS.isdisjoint(subject):
        return False
    is_tail = len(behind) <= _TAIL and not {"that", ":", ","} & set(behind) and True not in tokens.quoted
    if not is_tail or any(tokens.finite[index] == 2 for index in range(place.last + 1, len(tokens))):
        return False
    if any(tokens.is_word(i) and tokens.word[i] not in _WHEN for i in range(place.last + 1, len(tokens))) and (
        place.cue.lemma != "tell"
    ):
        return False
    begins = tokens.word[0] not in _NO_OPENERS and not tokens.word[0].endswith("ing")
    return begins and 2 in tokens.finite[:comma] and not tokens.has_finite(comma + 1, place.first - 1)


def after_ends(place: Place, start: int) -> list[int]:
    """Token indexes that may be the last of a clause that begins at `start`."""
    tokens, found = place.tokens, list[int]()
    for index in range(start, len(tokens)):
        if len(found) == MAX_ENDS:
            break
        quoted = tokens.quoted[index]
        in_marks = quoted and index + 1 < len(tokens) and tokens.quoted[index + 1]
        if not in_marks and (quoted or _can_close(tokens, index)) and (quoted or tokens.get(index + 1) in _AFTER_END):
            found.append(index)
    final = last_word(tokens, len(tokens) - 1)
    if final >= start and final not in found:
        found.append(final)
    return found


def before_ends(place: Place) -> list[int]:
    """Token indexes that may be the last of a clause in front of the cue's subject, the nearest first, at most six."""
    tokens, found = place.tokens, list[int]()
    for index in range(place.first - 1, max(place.first - 41, -1), -1):
        if len(found) == 6:
            break
        quoted = tokens.quoted[index]
        at_break = index == place.first - 1 or tokens.word[index + 1] in BREAKS
        if (quoted or _can_close(tokens, index)) and (at_break or (quoted and not tokens.quoted[index + 1])):
            found.append(index)
    return found


def before_starts(place: Place, end: int) -> list[int]:
    """Token indexes at which a clause that ends at `end` may begin: the first three and the last six."""
    tokens, found = place.tokens, list[int]()
    for index in range(end + 1):
        if tokens.is_word(index) or tokens.word[index] in lex.MARKS:
            opens_quote = tokens.quoted[index] and not (index and tokens.quoted[index - 1])
            if opens_quote or tokens.get(index - 1) in _BEFORE_START:
                found.append(index)
    return found[:3] + found[3:][-6:]


def _can_close(tokens: Tokens, index: int) -> bool:
    """Whether a clause can end with the token: a word, a bracket, a percent sign."""
    return tokens.is_word(index) or tokens.word[index] in {")", "%"}


def last_word(tokens: Tokens, index: int) -> int:
    """The last word at `index` or before it (closing punctuation left out)."""
    while index >= 0 and not tokens.is_word(index) and tokens.word[index] not in (")", "%"):
        index -= 1
    return index
