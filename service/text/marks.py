"""Quoted regions: passages in quotation marks of every style, also where marks are mixed, missing or stray.

Two passes, each linear: double marks first, then single marks, apart for the text outside double marks and for the inside of each
double region, so that no two regions cross. What a mark can be is told by `glyphs`; what remains unclear is decided here
by the marks that follow in the same paragraph. A stray mark is forgotten at the paragraph's end.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from service.domain.candidate import AttributionLine, Paragraph, QuotedRegion
from service.domain.evidence import span_of
from service.text.glyphs import Kind, Mark, marks_of

MOST_REGIONS = 10_000
_DEEPEST = 16  # regions one inside the other; what is deeper is listed by the outer ones alone
_UTTERANCE_END = frozenset(",.!?…")
_NAME = r"[A-Z][\w.'’-]*"
_SAID = r"(?:said|says|told|adds|added|wrote|asked|tweeted|explained|replied|argued|insisted|warned|continued|recalled)"
_TAIL = re.compile(
    rf"[,?!.…]\s+(?:(?:he|she|they)\s{_SAID}|{_NAME}(?:\s{_NAME}){{0,3}}\s{_SAID}|{_SAID}\s{_NAME})\b[^.!?]{{0,60}}[.!?]?\s*$"
)
_SAID_NEXT = re.compile(rf"\s*(?:(?:he|she|they|it|the|a|an)\b|{_SAID}\b|(?:{_NAME}\s){{1,3}}{_SAID}\b)")
_SENTENCE_END = re.compile(r"[.!?…]+\s+")
_WRAPPED_LINES = 12
_REOPENING = 4
_LABEL = re.compile(r"[A-Z][A-Z .'’-]{1,40}:")
_TAIL_LENGTH = 140

_DASHED = re.compile(r"[-–—―~]{1,3}\s*")
_NAME_LINE = re.compile(
    r"(?P<name>[A-Z][\w.'’-]*(?:\s+(?:[A-Z][\w.'’-]*|de|del|della|der|den|van|von|bin|ibn|al|el|la|le|of|and|the|for|da|dos|di)\b\.?){0,6})"
    r"(?:\s*[,(–—-]\s*\S.{0,90})?"
)
_DESCRIPTION = re.compile(r"(?:[Aa]n?|[Tt]he|[Oo]ne)\s\w[\w’',. -]{2,80}")
_GLOSS = re.compile(r",\s+[a-z]")
_TURN = re.compile(r"([A-Z][A-Z.'’-]+(?: [A-Z][A-Z.'’-]*){0,3}):\s+(?=\S)")
_AGENCIES = frozenset(
    [
        "reuters",
        "ap",
        "afp",
        "bbc",
        "cnn",
        "upi",
        "tass",
        "interfax",
        "additional",
        "reporting",
        "editing",
        "with",
        "source",
        "by",
        "photo",
    ]
)


@dataclass(slots=True)
class _Found:
    """A region by its offsets: marks included (outer) and without them."""

    outer_start: int
    start: int
    end: int
    outer_end: int
    style: str
    closed: bool


@dataclass(frozen=True, slots=True)
class _Piece:
    """The marks of one paragraph (or of the part of it that lies in a double region); `index` counts paragraphs."""

    index: int
    low: int
    high: int
    marks: list[Mark]


@dataclass(frozen=True, slots=True)
class _Carried:
    """A mark still open at the end of its paragraph."""

    mark: Mark
    index: int
    high: int


def quoted_regions(text: str, paragraphs: tuple[Paragraph, ...]) -> tuple[QuotedRegion, ...]:
    """The quoted regions in document order, outer before inner, at most 10,000; any two are apart or nested.

    `closed` is False where a mark is missing and that end of the region was inferred. Style "block" is a paragraph without
    marks above a dashed attribution line.

    >>> from service.text.segment import paragraphs
    >>> text = "“It is 'bread',” he said. The prisoners' return was 'late'."
    >>> [region.span.text for region in quoted_regions(text, paragraphs(text))]
    ["It is 'bread',", 'bread', 'late']
    """
    pieces: list[_Piece] = []
    singles: list[tuple[int, list[Mark]]] = []
    for index, paragraph in enumerate(paragraphs):
        in_double, in_single = marks_of(text, paragraph.span.start, paragraph.span.end)
        if in_double:
            pieces.append(_Piece(index, paragraph.span.start, paragraph.span.end, in_double))
        if in_single:
            singles.append((index, in_single))
    found = _Pairing(text, infers=True).run(pieces)
    found.sort(key=lambda item: (item.outer_start, -item.outer_end))
    inner = [
        region for group in _single_pieces(paragraphs, singles, found) for region in _Pairing(text, infers=False).run(group)
    ]
    return _nested(text, [*found, *inner, *_blocks(text, paragraphs), *_turns(text, paragraphs)])


def _single_pieces(
    paragraphs: tuple[Paragraph, ...], singles: list[tuple[int, list[Mark]]], doubles: list[_Found]
) -> list[list[_Piece]]:
    """Single marks by the innermost double region they stand in (or none), then by paragraph."""
    groups: dict[int, list[_Piece]] = {}
    around: list[int] = []
    following = 0
    for index, marks in singles:
        paragraph = paragraphs[index]
        for mark in marks:
            while following < len(doubles) and doubles[following].start <= mark.start:
                around.append(following)
                following += 1
            while around and doubles[around[-1]].end <= mark.start:
                around.pop()
            key = around[-1] if around else -1
            group = groups.setdefault(key, [])
            if not group or group[-1].index != index:
                low = max(paragraph.span.start, doubles[key].start) if around else paragraph.span.start
                high = min(paragraph.span.end, doubles[key].end) if around else paragraph.span.end
                group.append(_Piece(index, low, high, []))
            group[-1].marks.append(mark)
    return list(groups.values())


@dataclass(slots=True)
class _Pairing:
    """Pairs the marks of a sequence of pieces. `infers`: whether an end with no mark may be inferred (not for apostrophes)."""

    text: str
    infers: bool
    found: list[_Found] = field(default_factory=list)
    carried: _Carried | None = None

    def run(self, pieces: list[_Piece]) -> list[_Found]:
        for piece in pieces:
            self._piece(piece)
        self._give_up()
        return self.found

    def _piece(self, piece: _Piece) -> None:
        stack: list[Mark] = []
        skipped = 0
        if self.carried is not None:
            reopening = self._continues(self.carried, piece)
            if reopening is None:
                self._give_up()
            else:
                stack.append(self.carried.mark)
                skipped, self.carried = reopening, None
        balance, strong = _lookahead(piece.marks)
        last_end = piece.low
        for at in range(skipped, len(piece.marks)):
            mark, kind = piece.marks[at], piece.marks[at].kind
            if kind is Kind.EITHER:
                kind = Kind.CLOSE if stack else Kind.OPEN
            if kind is Kind.OPEN:
                self._open(stack, mark, is_nested=balance[at] == -len(stack))
            elif stack and (kind is Kind.CLOSE or strong[at + 1] is not Kind.CLOSE):
                self._close(stack, mark)
                last_end = mark.end
            elif not stack and kind is Kind.CLOSE and self.infers:
                if strong[at + 1] is Kind.CLOSE:
                    stack.append(mark)  # two closing marks in a row: the first is used as an opener
                else:
                    self._without_opener(piece, mark, last_end)
        if stack:
            self.carried = _Carried(stack[0], piece.index, piece.high)

    def _open(self, stack: list[Mark], mark: Mark, *, is_nested: bool) -> None:
        """An opening mark, perhaps while another is open: nested, in truth a closing mark, or the other was never closed."""
        if not stack or stack[-1].family != mark.family or is_nested:
            stack.append(mark)
        elif self._is_misplaced_closer(mark):
            self._close(stack, mark)
        else:
            self._without_closer(stack.pop(), mark.start)
            stack.append(mark)

    def _continues(self, carried: _Carried, piece: _Piece) -> int | None:
        """How many marks of the piece only re-open the carried quotation; None if it does not go on."""
        first = piece.marks[0]
        gap = piece.index - carried.index
        tail = self.text[max(carried.mark.end, carried.high - _TAIL_LENGTH) : carried.high]
        if gap == 1 and first.start - piece.low <= _REOPENING and not _has_word(self.text[piece.low : first.start]):
            is_new = first.glyph != carried.mark.glyph or _LABEL.match(self.text, first.end) or _TAIL.search(tail)
            return None if is_new else 1
        is_wrapped = tail.rstrip("\"'”’")[-1:] not in _UTTERANCE_END and gap <= _WRAPPED_LINES
        if self.infers and first.kind is Kind.CLOSE and first.family == carried.mark.family and (gap == 1 or is_wrapped):
            return 0
        return None

    def _close(self, stack: list[Mark], mark: Mark) -> None:
        """Close the innermost open mark of this family; what was opened inside it stays without a region."""
        if all(opened.family != mark.family for opened in stack):
            return
        while stack[-1].family != mark.family:
            stack.pop()
        opened = stack.pop()
        self.found.append(_Found(opened.start, opened.end, mark.start, mark.end, opened.style, True))

    def _is_misplaced_closer(self, mark: Mark) -> bool:
        """`"We go, "he said`: white space on the wrong side of the closing mark."""
        before = self.text[max(0, mark.start - 3) : mark.start]
        stripped = before.rstrip()
        if stripped == before or stripped[-1:] not in _UTTERANCE_END:
            return False
        return _SAID_NEXT.match(self.text, mark.end, mark.end + 100) is not None

    def _without_closer(self, opened: Mark, high: int) -> None:
        """A quotation whose closing mark is missing: it ends at its attribution or at the last sentence end before `high`."""
        if not self.infers and opened.glyph not in "‘‚":
            return
        body = self.text[opened.end : high]
        said = _TAIL.search(body, max(0, len(body) - _TAIL_LENGTH))
        if said is not None:
            end = opened.end + said.start() + 1
        else:
            end = opened.end + len(body.rstrip())
            if self.text[end - 1] not in ".!?…":
                return
        self.found.append(_Found(opened.start, opened.end, end, end, opened.style, False))

    def _give_up(self) -> None:
        """The carried quotation does not go on: it ends with its paragraph."""
        if self.carried is None:
            return
        carried, self.carried = self.carried, None
        self._without_closer(carried.mark, carried.high)

    def _without_opener(self, piece: _Piece, mark: Mark, last_end: int) -> None:
        """`We go," he said.`: the quotation begins with the paragraph, or with the sentence after the quotation before it."""
        if mark.start == piece.low or self.text[mark.start - 1] not in _UTTERANCE_END:
            return
        start = piece.low
        if last_end > piece.low:
            end = _SENTENCE_END.search(self.text, last_end, mark.start)
            if end is None:
                return
            start = end.end()
        self.found.append(_Found(start, start, mark.start, mark.end, mark.style, False))


def _lookahead(marks: list[Mark]) -> tuple[list[int], list[Kind | None]]:
    """For each mark: openers minus closers from it on, and the next mark (itself included) that is plainly one or the other."""
    sign = {Kind.OPEN: 1, Kind.CLOSE: -1}
    balance = [0] * (len(marks) + 1)
    nearest: list[Kind | None] = [None] * (len(marks) + 1)
    for at in range(len(marks) - 1, -1, -1):
        kind = marks[at].kind
        balance[at] = balance[at + 1] + sign.get(kind, 0)
        nearest[at] = nearest[at + 1] if kind is Kind.WEAK else kind
    return balance, nearest


def _blocks(text: str, paragraphs: tuple[Paragraph, ...]) -> list[_Found]:
    """Paragraphs without marks that stand alone above a dashed line with a name."""
    found: list[_Found] = []
    for at in range(1, len(paragraphs)):
        above, line = paragraphs[at - 1], paragraphs[at]
        if not line.is_line or above.is_line or not _DASHED.match(line.span.text) or _DASHED.match(above.span.text):
            continue
        if at + 1 < len(paragraphs) and _DASHED.match(paragraphs[at + 1].span.text):
            continue
        name = _speaker(text, line)
        if name is None or " " not in text[name[0] : name[1]] or any(mark in above.span.text for mark in '"“”«»„'):
            continue
        start, end = above.span.start, above.span.end
        found.append(_Found(start, start, end, end, "block", True))
    return found


def _turns(text: str, paragraphs: tuple[Paragraph, ...]) -> list[_Found]:
    """What is said in a transcript: two paragraphs or more in a row that begin with a name in capitals and a colon, no marks."""
    found: list[_Found] = []
    run: list[_Found] = []
    for paragraph in (*paragraphs, None):
        label = _TURN.match(text, paragraph.span.start, paragraph.span.end) if paragraph is not None else None
        if paragraph is not None and label is not None:
            start, end = label.end(), paragraph.span.end
            if not any(mark in text[start:end] for mark in '"“”«»„'):
                run.append(_Found(start, start, end, end, "turn", True))
            continue
        if len(run) > 1:
            found += run
        run = []
    return found


def _has_word(text: str) -> bool:
    return any(letter.isalnum() for letter in text)


def _nested(text: str, found: list[_Found]) -> tuple[QuotedRegion, ...]:
    """Trim, order and number; leave out what is empty or would cross another region."""
    found.sort(key=lambda item: (item.outer_start, -item.outer_end))
    regions: list[QuotedRegion] = []
    around: list[QuotedRegion] = []
    for item in found:
        if len(regions) == MOST_REGIONS:
            break
        while around and around[-1].outer.end <= item.outer_start:
            around.pop()
        body = text[item.start : item.end] if len(around) < _DEEPEST else ""
        if not _has_word(body):
            continue
        if around and (item.outer_end > around[-1].outer.end or item.outer_start < around[-1].span.start):
            continue
        start = item.start + len(body) - len(body.lstrip())
        span = span_of(text, start, start + len(body.strip()))
        outer = span_of(text, item.outer_start, item.outer_end)
        parent = around[-1].id if around else None
        region = QuotedRegion(f"Q{len(regions) + 1}", span, outer, item.style, item.closed, parent)
        regions.append(region)
        around.append(region)
    return tuple(regions)


def attribution_lines(
    text: str, paragraphs: tuple[Paragraph, ...], regions: tuple[QuotedRegion, ...]
) -> tuple[AttributionLine, ...]:
    r"""Short lines that only name a speaker after a quotation: "- Name", "Name, title", also behind the mark in the same paragraph.

    Without a dash the paragraph before must be a quotation from end to end, and the name (its last word) must occur elsewhere or
    have a gloss. Behind a dash there may be a description ("- A grandmother of two").

    >>> from service.text.segment import paragraphs
    >>> text = "“Bread is all.”\n— Anna Hill, baker"
    >>> found = paragraphs(text)
    >>> [line.name.text for line in attribution_lines(text, found, quoted_regions(text, found))]
    ['Anna Hill']
    """
    ends = {region.outer.end: region for region in regions}
    starts = {paragraph.span.start for paragraph in paragraphs}
    words: Counter[str] | None = None
    found: list[AttributionLine] = []
    for at in range(1, len(paragraphs)):
        line = paragraphs[at]
        region = ends.get(paragraphs[at - 1].span.end)
        if region is None or not line.is_line:
            continue
        dash = _DASHED.match(text, line.span.start, line.span.end)
        name = _speaker(text, line)
        if name is None and dash and _DESCRIPTION.fullmatch(text, dash.end(), line.span.end):
            name = dash.end(), line.span.end
        if name is None:
            continue
        if dash is None:
            if region.outer.start not in starts or len(text[name[0] : name[1]].split()) > 5:
                continue
            words = words or Counter(re.findall(r"[A-Z][\w’'-]*", text))
            if words[text[name[0] : name[1]].split()[-1]] < 2 and not _GLOSS.match(text, name[1], line.span.end):
                continue
        found.append(AttributionLine(f"A{len(found) + 1}", line.span, span_of(text, *name)))
    return tuple(found)


def _speaker(text: str, line: Paragraph) -> tuple[int, int] | None:
    """Start and end of the name on a line that holds a name and perhaps a title, nothing else."""
    dash = _DASHED.match(text, line.span.start, line.span.end)
    start = dash.end() if dash else line.span.start
    match = _NAME_LINE.fullmatch(text, start, line.span.end)
    if match is None or match.group("name").split()[0].lower().strip(".,") in _AGENCIES:
        return None
    return match.span("name")
