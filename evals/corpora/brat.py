"""brat standoff: a folder of pairs NAME.txt and NAME.ann. Offsets count code points; spans may be discontinuous."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from evals.case import QUOTE_KINDS, Case, CorpusInvalid
from evals.corpora.standoff import Mark, quotes_of
from evals.record import Records

_ENTITY = re.compile(r"(T\S+)\t(\S+) (\d+ \d+(?:;\d+ \d+)*)(?:\t.*)?")
_RELATION = re.compile(r"(?:R\S+|E\S+)\t\S+ (\S+?):(\S+) (\S+?):(\S+)\s*")


def load_brat(path: Path) -> Iterator[Case]:
    """The cases of a folder, in the order of the files' names."""
    for ann in sorted(path.glob("*.ann")):
        source = ann.with_suffix(".txt")
        if not source.is_file():
            raise CorpusInvalid(file=ann.name, field="text", problem=f"{source.name} is missing")
        text = source.read_bytes().decode("utf-8")  # not read_text: it would turn \r\n into \n and shift every offset
        marks, links = [], []
        for number, line in enumerate(ann.read_text(encoding="utf-8").splitlines(), 1):
            if line.startswith("T"):
                marks.append(_mark(line, text, file=ann.name, field=f"line {number}"))
            elif found := _RELATION.fullmatch(line):
                links.append((found[2], found[4]))
        quotes, contents = quotes_of(text, marks, links)
        yield Case(
            id=ann.stem, text=text, title=None, published_at=None, expected=Records(quotes=quotes), cluster=ann.stem,
            labels=QUOTE_KINDS, contents=contents,
        )  # fmt: skip


def _mark(line: str, text: str, *, file: str, field: str) -> Mark:
    found = _ENTITY.fullmatch(line)
    if found is None:
        raise CorpusInvalid(
            file=file, field=field, problem="expected an id, a label, offsets and the words, as brat writes them"
        )
    spans = tuple((int(a), int(b)) for a, b in (part.split() for part in found[3].split(";")))
    for start, end in spans:
        if not 0 <= start < end <= len(text):
            problem = f"{start} to {end} is no range of a text of {len(text)} characters"
            raise CorpusInvalid(file=file, field=field, problem=problem)
    return Mark(found[1], found[2], spans)
