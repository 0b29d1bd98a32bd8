"""Paragraphs and sentences of a clean text."""

from __future__ import annotations

import re

from service.domain.candidate import Paragraph, Sentence
from service.domain.evidence import span_of

_LINE = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_LINE_WORDS = 14
_LINE_CHARACTERS = 110
_MARKS = "\"'“”„‟‘’‚‛«»‹›`´)]}"
_STOPS = ".!?…:;,"

# A possible end: stops, then the marks and brackets that close with the sentence, then a gap.
_END = re.compile(r"([.!?…]{1,64})([\"'”’»›)\]]{0,8}(?:[^\S\n]?[”»](?=\s|$))?)(\s{1,64})(?=\S)")
_LAST_WORD = re.compile(r"[^\s(\[“\"‘'—–]{1,24}$")
_NEXT = re.compile(r"[\"'“”„‘‚«‹(\[—–\-]{0,6}\s{0,2}(\S{1,30})(?:\s+(\S{1,30}))?(?:\s+(\S{1,30}))?(?:\s+(\S{1,30}))?")
_INITIAL = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]$")

# Never at the end of a sentence: a name or a number must follow.
_BEFORE_NAME = frozenset(
    ["mr", "mrs", "ms", "mx", "dr", "prof", "sen", "rep", "gov", "gen", "lt", "col", "maj", "capt", "cmdr", "sgt", "cpl", "pvt", "adm", "brig", "rev", "fr", "msgr", "hon", "pres", "supt", "insp", "messrs", "mme", "mlle", "st", "ste", "mt", "ft", "sec", "amb", "atty", "dist", "asst", "assoc", "vs", "v", "al", "fig", "cf", "eg", "ie", "viz", "ca", "approx", "det", "spc", "rt"]
)
# A full stop after these may end a sentence; then a usual opening word must follow.
_MAYBE_END = frozenset(
    ["inc", "ltd", "co", "corp", "llc", "plc", "bros", "jr", "sr", "esq", "ph.d", "m.d", "u.s", "u.n", "u.k", "e.u", "d.c", "a.m", "p.m", "a.d", "b.c", "etc", "u.s.a", "dept", "univ", "assn", "ave", "blvd", "rd", "sq", "dem", "md", "phd", "am", "pm"]
)
_BEFORE_NUMBER = frozenset(
    ["no", "nos", "art", "sec", "para", "pp", "p", "vol", "ch", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "mon", "tue", "tues", "wed", "thu", "thur", "thurs", "fri", "sat", "sun"]
)
_STARTERS = frozenset(
    ["the", "a", "an", "he", "she", "it", "they", "we", "i", "you", "this", "that", "these", "those", "there", "in", "on", "at", "by", "for", "from", "with", "as", "but", "and", "or", "so", "if", "when", "while", "after", "before", "since", "although", "though", "because", "however", "meanwhile", "now", "then", "his", "her", "its", "their", "our", "my", "your", "what", "who", "which", "how", "why", "where", "one", "two", "three", "some", "many", "most", "all", "both", "no", "not", "last", "under", "over", "during", "about", "according", "asked", "speaking", "earlier", "later", "also", "such", "another", "each", "more", "even", "once", "until", "despite"]
)
_SAID = frozenset(
    ["said", "says", "asked", "asks", "wrote", "writes", "added", "adds", "shouted", "cried", "yelled", "replied", "exclaimed", "tweeted", "posted", "chanted", "told", "demanded", "quipped", "joked", "continued", "called"]
)


def paragraphs(text: str) -> tuple[Paragraph, ...]:
    """The blocks between line breaks (one or more), white space at their ends left out.

    >>> [paragraph.span.text for paragraph in paragraphs("Bread.  \\n\\n Salt\\nWine.")]
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
        if bare in _SAID:
            return True
        if not bare[:1].isupper():
            return False
    return False


def _is_full_stop(before: str, word: str) -> bool:
    """Whether the stop after `before` is more than the mark of an abbreviation."""
    last = _LAST_WORD.search(before)
    if last is None:
        return True
    token = last.group().lower()
    bare = word.strip(_MARKS + _STOPS).lower()
    if token in _BEFORE_NAME:
        return False
    if token in _BEFORE_NUMBER:
        return not bare[:1].isdigit()
    if token in _MAYBE_END or "." in token:
        return bare in _STARTERS or not token.replace(".", "").isalpha()
    if _INITIAL.match(last.group()):
        # "George W. Bush" is one name, "Plan B. The" is not; "I" closes a sentence as a pronoun.
        return bare in _STARTERS or (token == "i" and last.group() != "I") or last.group().islower()
    return True
