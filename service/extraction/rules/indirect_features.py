"""What the model of reported speech looks at: the features of a cue's sides and of the places where a clause may begin or end.

A feature is a short readable string ("n=," the next token is a comma); its weight stands in `data/indirect.json`. Features that
look at the same few values form a group: `..._values` gives the values of each group, the templates beside it their features.
So the model can keep the sum of a group's weights by its values, and writes the strings out only for values it has not met.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from service.extraction.rules import indirect_tokens as lex
from service.extraction.rules.indirect_places import BREAKS, Place, last_word, modality, word_class
from service.extraction.rules.indirect_tokens import Tokens
from service.text.cues import Cue, cue_words

Values = tuple[str | int, ...]
Groups = tuple[tuple[str, ...], ...]  # of each group its templates, filled from the values of the group
Side = Literal["none", "after", "before", "both", "quoted"]
SIDES: tuple[Side, ...] = ("none", "after", "before", "both", "quoted")
_CLAUSE_ENDS = BREAKS | lex.STOPS | {"$"}

SIDE: Groups = (
    ("bias", "l={0}", "f={1}", "lf={0}:{1}", "st={2}"),
    ("la={0} {2}", "lb={0} {1}", "ab={1} {2}", "a={2}", "b={1}"),
    ("that={1}", "lthat={0} {2}", "sthat={3} {4}"),
    ("sh={1}", "br={2}", "brsh={2} {1}", "lsh={0} {1} {2}"),
    ("fsh={0} {1}", "open={2}", "fopen={0} {2}"),
    ("bsh={0} {1}", "b2={2} {0}"),
    ("a2={0} {1}", "q_after={2}"),
    ("bw={0}",),
    ("aw={0}", "aw2={0} {1}"),
    ("qb={0}", "stop={1}", "qbst={0} {1}", "stopw={2}"),
    ("fs={0} {1} {2} {3}", "qs={4}", "qsbr={4} {2} {3}"),
    ("qsa={0} {1} {2}",),
    ("sstop={0} {1} {2}",),
    ("sa={0} {1}", "dist={2}", "mod={3}"),
    ("cap={0} {1} {2} {3}",),
)


def side_values(place: Place) -> tuple[Values, ...]:
    """What tells on which side of the cue reported speech stands: the values of SIDE's groups."""
    tokens, cue, first, last = place.tokens, place.cue, place.first, place.last
    before, after, after2 = (word_class(tokens, index) for index in (first - 1, last + 1, last + 2))
    lemma = lemma_of(cue)
    form = f"{cue.form[0]}:{cue.inflection}:{'p' if cue.passive else ''}"
    behind = tokens.word[last + 1 : last + 9]
    that = behind.index("that") + 1 if "that" in behind else 0
    comma_before = last_break(tokens, first)
    stop_after = 1
    while stop_after < 12 and tokens.get(last + stop_after) not in _CLAUSE_ENDS:
        stop_after += 1
    finite_before = tokens.has_finite(0, comma_before - 1) if comma_before > 0 else False
    finite_near = tokens.has_finite(last + 1, last + 10)
    finite_subject, finite_after = tokens.has_finite(comma_before + 1, first - 1), tokens.has_finite(last + 1, len(tokens))
    shape = f"{int(finite_before)}{int(finite_subject)}{int(finite_after)}{int(finite_near)}"
    breaker = tokens.get(comma_before)
    quoted_before = (comma_before > 0 and tokens.quoted[comma_before - 1]) or (
        comma_before >= 0 and tokens.quoted[comma_before]
    )
    marks = f"{int(True in tokens.quoted[:first])}{int(True in tokens.quoted[last:])}"
    strength = int(cue.strength * 2)
    return (
        (lemma, form, int(cue.strength * 5)),
        (lemma, before, after),
        (lemma, that, min(that, 2), int(cue.strength * 3), min(that, 3)),
        (lemma, shape, breaker),
        (form, shape, first <= 1),
        (before, shape, word_class(tokens, first - 2)),
        (after, after2, after == "Q" or after2 == "Q"),
        (tokens.get(first - 1),),
        (tokens.get(last + 1), tokens.get(last + 2)),
        (quoted_before, stop_after, tokens.get(last + stop_after)),
        (cue.form[0], stop_after, breaker, int(finite_before), marks),
        (marks, min(stop_after, 6), after),
        (f"{cue.form[0]}{strength}", stop_after, shape),
        (strength, after, min(first - comma_before, 9), modality(place)),
        (before, after, finite_near, finite_before),
    )


def lemma_of(cue: Cue) -> str:
    """The cue's lemma; those of nouns are marked."""
    return cue.lemma if cue.form != "noun" else "n:" + cue.lemma


def last_break(tokens: Tokens, first: int) -> int:
    """The index of the last comma, dash, quotation mark or other break before the cue's token, or -1."""
    for index in range(first - 1, -1, -1):
        if tokens.word[index] in BREAKS:
            return index
    return -1


# ---- after the cue ---------------------------------------------------------------------------------------------------

AFTER_START: Groups = (
    ("h={2}", "b={1}", "bh={1} {2}", "1bh={0} {1} {2}"),
    ("b2={0} {1} {2}",),
    ("n={0} {1}",),
    ("d={2}", "dh={3} {1}", "1d={0} {3}"),
    ("x={1}", "cx={0} {1} {2}"),
    ("ld={0} {2}", "lb={0} {1}", "cd={3} {2}"),
    ("w={0}", "wx={0} {1}"),
    ("bw={1}", "lw={0} {1}"),
    ("fx={1}", "fn={0} {1}"),
)


def after_start_values(place: Place, options: Sequence[int]) -> Iterator[tuple[Values, ...]]:
    """What tells whether a token is the first of a clause after the cue: for each option the values of AFTER_START's groups.

    `options` are token indexes behind the cue, in order.
    """
    tokens, cue, last = place.tokens, place.cue, place.last
    form, lemma = cue.form[0], lemma_of(cue)
    classes = [word_class(tokens, index) for index in range(last - 1, options[-1] + 2)]
    first, next_token = classes[2], last + 1
    breaks, crossed, finite_crossed = set[str](), "", False
    for index in options:
        for between in range(next_token, index):
            if tokens.word[between] in BREAKS:
                breaks.add(tokens.word[between])
                crossed = "".join(sorted(breaks))
            finite_crossed = finite_crossed or tokens.finite[between] > 0
        next_token, distance = index, index - last - 1
        before2, before, here, behind = classes[distance : distance + 4]
        yield (
            (first, before, here),
            (before2, before, here),
            (behind, here),
            (first, here, distance, min(distance, 4)),
            (form, crossed, before),
            (lemma, before, min(distance, 3), form),
            (tokens.word[index], crossed),
            (lemma, tokens.word[index - 1]),
            (tokens.has_finite(index, index + 6), finite_crossed),
        )


AFTER_END: Groups = (
    ("n={0}", "n2={0} {1}", "fin={2} {0}", "finw={2} {3}", "nw={3}"),
    ("nw2={0} {1}",),
    ("bh={0} {2}", "bhs={0} {1} {2}", "bhf={3} {0} {2}"),
    ("prev={0} {1} {2}", "subj={1} {2} {3}"),
    ("len={1}", "lenf={0} {2} {3}", "enc={4} {3} {0}"),
    ("dep={0} {1}", "op={2} {1}", "dash={3} {1}", "q={4} {1}"),
    ("form={1} {2}", "l={0} {2}"),
    ("h={0} {3}", "sc={1} {2} {3}"),
    ("bhl={0} {1} {2}",),
    ("w={0} {1}",),
    ("told={0}", "toldn={0} {1}", "toldc={0} {2}"),
)


def after_end_values(place: Place, start: int, options: Sequence[int]) -> Iterator[tuple[Values, ...]]:
    """What tells whether a token is the last of a clause that begins at `start`: for each option AFTER_END's values."""
    tokens, cue = place.tokens, place.cue
    enclosed = tokens.get(place.first - 1) == "," or cue.inflection == "ing"
    dashed = not lex.DASHES.isdisjoint(tokens.word[: place.first])
    that = tokens.get(start - 1) == "that"
    lemma, form, opening = lemma_of(cue), f"{cue.form[0]}:{cue.inflection}", word_class(tokens, start)
    for end in options:
        tail = tail_of(tokens, end)
        nclass, nxt, sclass = tail.next_class, tail.next, tail.second_class
        finite_in = tokens.has_finite(start, end)
        length = min((end - start + 1) // 2, 12)
        inside = tokens.word[start : end + 1]
        depth = min(sum([w == "," or w == ";" or w in lex.DASHES for w in inside]), 3)
        opened = inside.count("(") > inside.count(")")
        behind = f"{int(tail.finite)}{int(tail.cue)}{int(tail.final)}"
        key = nclass if nclass in ("END", "Q") else nxt
        yield (
            (nclass, sclass, finite_in, nxt),
            (nxt, tail.second),
            (key, sclass, behind, finite_in),
            (that, key, sclass, word_class(tokens, end + 3)),
            (finite_in, length, min(length, 4), key, enclosed),
            (depth, nclass, opened, dashed, tokens.quoted[start] or tokens.quoted[end]),
            (lemma, form, nclass),
            (word_class(tokens, end), opening, finite_in, nclass),
            (key, tail.length, tail.final),
            (tokens.word[end], nclass),
            (inner_cue(tokens, start, end), nclass, tail.cue),
        )


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
    while stop < count and tokens.word[stop] not in BREAKS:
        stop += 1
    return Tail(
        tokens.word[begin], word_class(tokens, begin), tokens.get(begin + 1), word_class(tokens, begin + 1),
        any(tokens.finite[begin:stop]), not cue_words().isdisjoint(tokens.word[begin:stop]),
        last_word(tokens, count - 1) < stop, min((stop - begin) // 3, 5),
    )  # fmt: skip


def inner_cue(tokens: Tokens, start: int, end: int) -> str:
    """The form ("ing", "fin") of another cue inside the stretch behind a comma or coordinator (", adding"), "" if none."""
    words, reporting = tokens.word, cue_words()
    for index in range(start + 2, end):
        if words[index] in reporting and not tokens.quoted[index]:
            before = words[index - 1]
            if before == "," or before in lex.COORDINATORS or (words[index - 2] == "," and before not in lex.DETERMINERS):
                return "ing" if words[index].endswith("ing") else "fin"
    return ""


# ---- before the cue --------------------------------------------------------------------------------------------------

BEFORE_END: Groups = (
    ("g={0}", "br={1}", "fg={2}", "fbr={2} {1}"),
    ("n={0}", "f={1}", "nf={0} {1} {2}", "nfb={0} {3} {2}"),
    ("c={0} {1} {2}", "fb={3} {2}"),
    ("l={0} {1} {2}",),
    ("h={0} {1}", "q={2}"),
    ("fl={0} {1}", "fw={2}"),
)


def before_end_values(place: Place, options: Sequence[int]) -> Iterator[tuple[Values, ...]]:
    """What tells whether a token is the last of a clause in front of the cue: for each option the values of BEFORE_END's groups."""
    tokens, cue, first = place.tokens, place.cue, place.first
    for end in options:
        nxt, follow = tokens.get(end + 1), word_class(tokens, end + 2)
        gap = first - end - 1
        finite_gap = tokens.has_finite(end + 1, first - 1)
        breaks = sum([w in BREAKS for w in tokens.word[end + 1 : first]])
        yield (
            (min(gap, 15), min(breaks, 4), finite_gap),
            (nxt, follow, min(breaks, 3), finite_gap),
            (cue.form[0], min(gap, 3), min(breaks, 3), tokens.has_finite(0, end)),
            (lemma_of(cue), min(breaks, 2), min(gap, 2)),
            (word_class(tokens, end), nxt, tokens.quoted[end]),
            (follow, word_class(tokens, first - 1), tokens.get(end + 2)),
        )


BEFORE_START: Groups = (
    ("p={0}", "fi={2}", "fl={1} {2}", "pf={0} {1} {2}"),
    ("pc={2}", "h={1}", "ph={0} {1}", "c={3} {0}"),
    ("first={1}", "w={0} {1}"),
    ("pos={0}", "len={1}"),
    ("p0={0} {1}",),
    ("p2={0} {1}",),
    ("q={0} {1}",),
)


def before_start_values(place: Place, end: int, options: Sequence[int]) -> Iterator[tuple[Values, ...]]:
    """What tells whether a token is the first of a clause that ends at `end`, in front of the cue: for each option the values of
    BEFORE_START's groups.
    """
    tokens, form = place.tokens, place.cue.form[0]
    first_word = next((i for i in range(len(tokens)) if tokens.is_word(i)), 0)
    for start in options:
        before = tokens.get(start - 1)
        yield (
            (before, tokens.has_finite(0, start - 1), tokens.has_finite(start, end)),
            (before, word_class(tokens, start), word_class(tokens, start - 1), form),
            (tokens.word[start], start == first_word),
            (min(start, 6), min((end - start) // 3, 6)),
            (tokens.word[0], before),
            (tokens.get(start - 2), before),
            (tokens.quoted[start], tokens.quoted[start - 1] if start else ""),
        )


def described(groups: Groups, values: Sequence[Values]) -> list[str]:
    """The features of these values, written out.

    >>> described((("n={0}", "n2={0} {1}"), ("q={0}",)), [(",", "det"), (True,)])
    ['n=,', 'n2=, det', 'q=True']
    """
    return [template.format(*group) for templates, group in zip(groups, values, strict=True) for template in templates]
