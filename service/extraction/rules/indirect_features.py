"""What the model of reported speech looks at: the sides of a cue, the places where a clause may begin or end, and their features.

A feature is a short readable string ("n=," the next token is a comma); its weight stands in `data/indirect.json`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from service.extraction.rules import indirect_tokens as lex
from service.extraction.rules.indirect_tokens import Tokens
from service.text.cues import Cue, is_cue_word

Side = Literal["none", "after", "before", "both", "quoted"]
SIDES: tuple[Side, ...] = ("none", "after", "before", "both", "quoted")
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
_BREAKS = frozenset((",", ";", ":", "(", ")")) | lex.DASHES | lex.MARKS
_AFTER_END = (
    _BREAKS
    | lex.STOPS
    | lex.COORDINATORS
    | {"$"}
    | lex.word_set(
        "while as when after before because since which who although though whereas if until with that in on during for to at "
        "from according"
    )
)
_BEFORE_START = (
    _BREAKS
    | lex.STOPS
    | lex.COORDINATORS
    | {"^"}
    | lex.word_set("that while as although though because when which who if since whereas where")
)
_ADVERBIAL = lex.PREPOSITIONS | lex.DAYS | lex.word_set("last this earlier later also again")
_CLAUSE_ENDS = _BREAKS | lex.STOPS | {"$"}


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


def side_features(place: Place) -> list[str]:
    """Features of the question which side of the cue holds reported speech."""
    tokens, cue, first, last = place.tokens, place.cue, place.first, place.last
    before, after = word_class(tokens, first - 1), word_class(tokens, last + 1)
    lemma = cue.lemma if cue.form != "noun" else "n:" + cue.lemma
    form = f"{cue.form[0]}:{cue.inflection}:{'p' if cue.passive else ''}"
    that = next((k for k in range(1, 9) if tokens.get(last + k) == "that"), 0)
    comma_before = last_break(tokens, first)
    stop_after = next((k for k in range(1, 12) if tokens.get(last + k) in _CLAUSE_ENDS), 12)
    finite_before = tokens.has_finite(0, comma_before - 1) if comma_before > 0 else False
    finite_subject = tokens.has_finite(comma_before + 1, first - 1)
    finite_after = tokens.has_finite(last + 1, len(tokens))
    finite_near = tokens.has_finite(last + 1, last + 10)
    shape = f"{int(finite_before)}{int(finite_subject)}{int(finite_after)}{int(finite_near)}"
    breaker = tokens.get(comma_before) if comma_before >= 0 else "^"
    quoted_before = (comma_before > 0 and tokens.quoted[comma_before - 1]) or (
        comma_before >= 0 and tokens.quoted[comma_before]
    )
    open_sentence = first <= 1
    marks = f"{int(any(tokens.quoted[:first]))}{int(any(tokens.quoted[last:]))}"
    return [
        "bias", "l=" + lemma, "f=" + form, f"lf={lemma}:{form}", "b=" + before, "a=" + after,
        f"a2={after} {word_class(tokens, last + 2)}", "bw=" + tokens.get(first - 1), "aw=" + tokens.get(last + 1),
        f"la={lemma} {after}", f"lb={lemma} {before}", f"b2={word_class(tokens, first - 2)} {before}",
        f"ab={before} {after}", f"that={that}", f"lthat={lemma} {min(that, 2)}", "sh=" + shape, f"fsh={form} {shape}",
        "br=" + breaker, f"brsh={breaker} {shape}", f"qb={quoted_before}", f"stop={stop_after}",
        f"stopw={tokens.get(last + stop_after)}", f"qbst={quoted_before} {stop_after}", f"open={open_sentence}",
        f"fopen={form} {open_sentence}", f"dist={min(first - comma_before, 9)}",
        f"aw2={tokens.get(last + 1)} {tokens.get(last + 2)}", f"bsh={before} {shape}",
        f"q_after={after == 'Q' or word_class(tokens, last + 2) == 'Q'}",
        f"fs={cue.form[0]} {stop_after} {breaker} {int(finite_before)}", f"mod={modality(place)}",
        f"st={int(cue.strength * 5)}", f"qs={marks}", f"qsbr={marks} {breaker} {int(finite_before)}",
        f"qsa={marks} {min(stop_after, 6)} {after}", f"lsh={lemma} {shape} {breaker}",
        f"sstop={cue.form[0]}{int(cue.strength * 2)} {stop_after} {shape}", f"sa={int(cue.strength * 2)} {after}",
        f"sthat={int(cue.strength * 3)} {min(that, 3)}", f"cap={before} {after} {finite_near} {finite_before}",
    ]  # fmt: skip


def last_break(tokens: Tokens, first: int) -> int:
    """The index of the last comma, dash, quotation mark or other break before the cue's token, or -1."""
    for index in range(first - 1, -1, -1):
        if tokens.word[index] in _BREAKS:
            return index
    return -1


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


# ---- after the cue ---------------------------------------------------------------------------------------------------


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
    """The start moved behind "that" where only an adverbial stands between ("said last week that, in June, ...")."""
    tokens = place.tokens
    if tokens.word[start] not in _ADVERBIAL or tokens.get(start - 1) == "that":
        return start
    that = next((k for k in range(start, min(start + 10, len(tokens) - 1)) if tokens.word[k] == "that"), None)
    if that is None or tokens.has_finite(start, that - 1) or not tokens.is_word(that + 1):
        return start
    return that + 1


def after_start_features(place: Place, index: int) -> list[str]:
    """Features of token `index` as the first of a clause after the cue."""
    tokens, cue, last = place.tokens, place.cue, place.last
    distance = index - last - 1
    here, before = word_class(tokens, index), word_class(tokens, index - 1)
    lemma = cue.lemma if cue.form != "noun" else "n:" + cue.lemma
    crossed = "".join(sorted({w for w in tokens.word[last + 1 : index] if w in _BREAKS}))
    finite_crossed = tokens.has_finite(last + 1, index - 1)
    first = word_class(tokens, last + 1)
    return [
        f"d={distance}", f"h={here}", f"b={before}", f"bh={before} {here}", f"bw={tokens.get(index - 1)}",
        f"w={tokens.get(index)}", f"x={crossed}", f"fx={finite_crossed}", f"ld={lemma} {min(distance, 3)}",
        f"lb={lemma} {before}", f"cd={cue.form[0]} {min(distance, 3)}", f"dh={min(distance, 4)} {here}",
        f"b2={word_class(tokens, index - 2)} {before} {here}", f"1d={first} {min(distance, 4)}",
        f"n={word_class(tokens, index + 1)} {here}", f"wx={tokens.get(index)} {crossed}", f"1bh={first} {before} {here}",
        f"cx={cue.form[0]} {crossed} {before}", f"fn={tokens.has_finite(index, index + 6)} {finite_crossed}",
        f"lw={lemma} {tokens.get(index - 1)}",
    ]  # fmt: skip


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


def _can_close(tokens: Tokens, index: int) -> bool:
    """Whether a clause can end with the token: a word, a bracket, a percent sign."""
    return tokens.is_word(index) or tokens.word[index] in {")", "%"}


def last_word(tokens: Tokens, index: int) -> int:
    """The last word at `index` or before it (closing punctuation left out)."""
    while index >= 0 and not tokens.is_word(index) and tokens.word[index] not in (")", "%"):
        index -= 1
    return index


@dataclass(frozen=True, slots=True)
class Tail:
    """What stands behind a candidate end, up to the next break: its first words' classes and whether verbs and cues are in it."""

    next: str
    next_class: str
    second: str
    second_class: str
    finite: bool
    cue: bool
    final: bool
    length: int


def tail_of(tokens: Tokens, end: int) -> Tail:
    """The stretch of tokens behind `end`."""
    count = len(tokens)
    begin = end + 1
    if last_word(tokens, count - 1) <= end:
        return Tail("END", "END", "", "", False, False, True, 0)
    stop = begin + 1
    while stop < count and tokens.word[stop] not in _BREAKS:
        stop += 1
    inside = range(begin, stop)
    return Tail(
        tokens.word[begin], word_class(tokens, begin), tokens.get(begin + 1), word_class(tokens, begin + 1),
        any(tokens.finite[i] for i in inside), any(is_cue_word(tokens.word[i]) for i in inside),
        last_word(tokens, count - 1) < stop, min((stop - begin) // 3, 5),
    )  # fmt: skip


def inner_cue(tokens: Tokens, start: int, end: int) -> str:
    """The form ("ing", "fin") of another cue inside the stretch behind a comma or coordinator (", adding"), "" if none."""
    for index in range(start + 2, end):
        if is_cue_word(tokens.word[index]) and not tokens.quoted[index]:
            before = tokens.word[index - 1]
            if (
                before == ","
                or before in lex.COORDINATORS
                or (tokens.word[index - 2] == "," and before not in lex.DETERMINERS)
            ):
                return "ing" if tokens.word[index].endswith("ing") else "fin"
    return ""


def after_end_features(place: Place, start: int, end: int) -> list[str]:
    """Features of token `end` as the last of a clause that begins at `start`."""
    tokens, cue = place.tokens, place.cue
    tail = tail_of(tokens, end)
    nclass, nxt, sclass = tail.next_class, tail.next, tail.second_class
    finite_in = tokens.has_finite(start, end)
    length = min((end - start + 1) // 2, 12)
    inside = tokens.word[start : end + 1]
    depth = sum(1 for w in inside if w == "," or w == ";" or w in lex.DASHES)
    opened = inside.count("(") > inside.count(")")
    enclosed = tokens.get(place.first - 1) == "," or cue.inflection == "ing"
    dashed = any(w in lex.DASHES for w in tokens.word[: place.first])
    lemma = cue.lemma if cue.form != "noun" else "n:" + cue.lemma
    that = tokens.get(start - 1) == "that"
    told = inner_cue(tokens, start, end)
    behind = f"{int(tail.finite)}{int(tail.cue)}{int(tail.final)}"
    key = nclass if nclass in ("END", "Q") else nxt
    return [
        f"n={nclass}", f"nw={nxt}", f"n2={nclass} {sclass}", f"nw2={nxt} {tail.second}", f"fin={finite_in} {nclass}",
        f"finw={finite_in} {nxt}", f"len={length}", f"dep={min(depth, 3)} {nclass}", f"op={opened} {nclass}",
        f"form={cue.form[0]}:{cue.inflection} {nclass}", f"enc={enclosed} {key} {finite_in}", f"dash={dashed} {nclass}",
        f"l={lemma} {nclass}", f"q={tokens.quoted[start] or tokens.quoted[end]} {nclass}",
        f"h={word_class(tokens, end)} {nclass}", f"sc={word_class(tokens, start)} {finite_in} {nclass}",
        f"prev={that} {key} {sclass}", f"bh={key} {behind}", f"bhs={key} {sclass} {behind}",
        f"bhl={key} {tail.length} {tail.final}", f"subj={key} {sclass} {word_class(tokens, end + 3)}",
        f"lenf={finite_in} {min(length, 4)} {key}", f"bhf={finite_in} {key} {behind}", f"w={tokens.word[end]} {nclass}",
        f"told={told}", f"toldn={told} {nclass}", f"toldc={told} {tail.cue}",
    ]  # fmt: skip


# ---- before the cue --------------------------------------------------------------------------------------------------


def before_ends(place: Place) -> list[int]:
    """Token indexes that may be the last of a clause in front of the cue's subject, the nearest first, at most six."""
    tokens, found = place.tokens, list[int]()
    for index in range(place.first - 1, max(place.first - 41, -1), -1):
        if len(found) == 6:
            break
        quoted = tokens.quoted[index]
        at_break = index == place.first - 1 or tokens.word[index + 1] in _BREAKS
        if (quoted or _can_close(tokens, index)) and (at_break or (quoted and not tokens.quoted[index + 1])):
            found.append(index)
    return found


def before_end_features(place: Place, end: int) -> list[str]:
    """Features of token `end` as the last of a clause in front of the cue."""
    tokens, cue, first = place.tokens, place.cue, place.first
    nxt = tokens.get(end + 1)
    gap = first - end - 1
    finite_gap = tokens.has_finite(end + 1, first - 1)
    breaks = sum(1 for w in tokens.word[end + 1 : first] if w in _BREAKS)
    lemma = cue.lemma if cue.form != "noun" else "n:" + cue.lemma
    follow = word_class(tokens, end + 2)
    return [
        f"g={min(gap, 15)}", f"n={nxt}", f"br={min(breaks, 4)}", f"fg={finite_gap}", f"fbr={finite_gap} {min(breaks, 4)}",
        f"f={follow}", f"nf={nxt} {follow} {min(breaks, 3)}", f"c={cue.form[0]} {min(gap, 3)} {min(breaks, 3)}",
        f"l={lemma} {min(breaks, 2)} {min(gap, 2)}", f"h={word_class(tokens, end)} {nxt}",
        f"fb={tokens.has_finite(0, end)} {min(breaks, 3)}", f"fl={follow} {word_class(tokens, first - 1)}",
        f"fw={tokens.get(end + 2)}", f"nfb={nxt} {finite_gap} {min(breaks, 3)}", f"q={tokens.quoted[end]}",
    ]  # fmt: skip


def before_starts(place: Place, end: int) -> list[int]:
    """Token indexes at which a clause that ends at `end` may begin: the first three and the last six."""
    tokens, found = place.tokens, list[int]()
    for index in range(end + 1):
        if tokens.is_word(index) or tokens.word[index] in lex.MARKS:
            opens_quote = tokens.quoted[index] and not (index and tokens.quoted[index - 1])
            if opens_quote or tokens.get(index - 1) in _BEFORE_START:
                found.append(index)
    return found[:3] + found[3:][-6:]


def before_start_features(place: Place, start: int, end: int) -> list[str]:
    """Features of token `start` as the first of a clause that ends at `end`, in front of the cue."""
    tokens = place.tokens
    before = tokens.get(start - 1)
    first_word = next((i for i in range(len(tokens)) if tokens.is_word(i)), 0)
    finite_in = tokens.has_finite(start, end)
    finite_lost = tokens.has_finite(0, start - 1)
    here = word_class(tokens, start)
    return [
        f"first={start == first_word}", f"p={before}", f"pc={word_class(tokens, start - 1)}", f"fi={finite_in}",
        f"fl={finite_lost} {finite_in}", f"h={here}", f"ph={before} {here}",
        f"w={tokens.get(start)} {start == first_word}", f"pf={before} {finite_lost} {finite_in}", f"pos={min(start, 6)}",
        f"len={min((end - start) // 3, 6)}", f"c={place.cue.form[0]} {before}", f"p0={tokens.get(0)} {before}",
        f"p2={tokens.get(start - 2)} {before}", f"q={tokens.quoted[start]} {tokens.quoted[start - 1] if start else ''}",
    ]  # fmt: skip
