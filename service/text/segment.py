"""Paragraphs and sentences of a clean text."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files

from service.domain.candidate import Paragraph, Sentence
from service.domain.evidence import span_of

_LINE = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_LINE_WORDS = 14
_LINE_CHARACTERS = 110
_MARKS = "\"'“”„‟‘’‚‛«»‹›`´)]}"
_STOPS = ".!?…:;,"

# A possible end: stops, then the marks and brackets that close with the sentence, then a gap.
_END = re.compile(r"(?<![.!?…])([.!?…]+)([\"'”’»›)\]]{0,8}(?:[^\S\n]?[”»](?=\s|$))?)(\s{1,64})(?=\S)")
_LAST_WORD = re.compile(r"[^\s(\[“\"‘'—–]{1,24}$")
_NEXT = re.compile(r"[\"'“”„‘‚«‹(\[—–\-]{0,6}\s{0,2}(\S{1,30})(?:\s+(\S{1,30}))?(?:\s+(\S{1,30}))?(?:\s+(\S{1,30}))?")
_INITIAL = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]$")


@cache
def _words(kind: str) -> frozenset[str]:
    """Word lists of `data/sentences.json`: "before_name" never ends a sentence, "may_end" does only before one of "starters",
    "before_number" does not before a digit; "saying" are verbs that attribute.
    """
    data = json.loads(files("service.text").joinpath("data/sentences.json").read_text("utf-8"))
    return frozenset(data[kind])


def paragraphs(text: str) -> tuple[Paragraph, ...]:
    r"""The blocks between line breaks (one or more), white space at their ends left out.

    >>> [paragraph.span.text for paragraph in paragraphs("Bread.  \n\n Salt\nWine.")]
    ['Bread.', 'Salt', 'Wine.']
    """
    found: list[Paragraph] = []
    for match in _LINE.finditer(text):
        line = match.group()
        body = line.strip()
        if not body:
            continue
        start = match.start() + len(line) - len(line.lstrip())
        span = span_of(text, start, start + len(body))
        found.append(Paragraph(f"P{len(found) + 1}", span, _is_line(body)))
    return tuple(found)


def _is_line(body: str) -> bool:
    """Whether the block is short and does not end as a sentence does."""
    if len(body) > _LINE_CHARACTERS or len(body.split()) > _LINE_WORDS:
        return False
    bare = body.rstrip(_MARKS)
    return not bare or bare[-1] not in _STOPS


def sentences(text: str, paragraphs: tuple[Paragraph, ...]) -> tuple[Sentence, ...]:
    """The sentences of each paragraph; none crosses a paragraph, together they cover all that is not white space.

    >>> text = 'Mr. Hill left at 5 p.m. on Friday. "It is late." He slept.'
    >>> [sentence.span.text for sentence in sentences(text, paragraphs(text))]
    ['Mr. Hill left at 5 p.m. on Friday.', '"It is late."', 'He slept.']
    """
    found: list[Sentence] = []
    for paragraph in paragraphs:
        start, limit = paragraph.span.start, paragraph.span.end
        for match in _END.finditer(text, start, limit):
            if not _ends(text, match, start, limit):
                continue
            found.append(Sentence(f"S{len(found) + 1}", span_of(text, start, match.end(2)), paragraph.id))
            start = match.end()
        found.append(Sentence(f"S{len(found) + 1}", span_of(text, start, limit), paragraph.id))
    return tuple(found)


def _ends(text: str, match: re.Match[str], start: int, limit: int) -> bool:
    """Whether a sentence ends at this stop: by what follows, then by the word before."""
    following = _NEXT.match(text, match.end(), limit)
    if following is None:
        return False
    word = following.group(1)
    if word[0].islower():
        return False
    stops, closers = match.group(1), match.group(2)
    if closers.strip(")]"):
        return stops.endswith(".") or not _is_attribution(following)
    if stops != ".":
        return True
    return _is_full_stop(text[max(start, match.start() - 24) : match.start()], word)


def _is_attribution(following: re.Match[str]) -> bool:
    """`"Why?" Anna Hill asked`: at most three capitalised words, then a verb of saying."""
    for word in following.groups()[:4]:
        if word is None:
            return False
        bare = word.strip(".,")
        if bare in _words("saying"):
            return True
        if not bare[:1].isupper():
            return False
    return False


def _is_full_stop(before: str, word: str) -> bool:
    """Whether the stop after `before` is more than the mark of an abbreviation."""
    last = _LAST_WORD.search(before)
    if last is None:
        return True
    ending = last.group().lower()
    bare = word.strip(_MARKS + _STOPS).lower()
    if ending in _words("before_name"):
        return False
    if ending in _words("before_number") and (last.group()[0].isupper() or len(ending) < 3):
        return not bare[:1].isdigit()
    if ending in _words("may_end") or "." in ending:
        return bare in _words("starters") or not ending.replace(".", "").isalpha()
    if _INITIAL.match(last.group()):
        # "George W. Bush" is one name, "Plan B. The" is not.
        return bare in _words("starters") or last.group().islower()
    return True
