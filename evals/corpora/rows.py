"""Corpora in JSON Lines (gzipped or not): one article a row with whole reported contents, as PolNeAR and GUM give them.

They have no exchanges. Kinds follow the marks, so a mixed content counts by its passages in marks. What is nested in another
content, and what is no speech (attitudes, plans, perceptions), is neither asked for nor punished.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from evals.case import QUOTE_KINDS, Case, CorpusInvalid
from evals.corpora.contents import cut
from evals.record import Quote, Records, Voice


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Content(_Part):
    start: int
    end: int
    kind: str
    speaker: str | None = None
    speaker_start: int | None = None
    speaker_end: int | None = None
    speaker_aliases: list[str] = []
    speaker_resolved: str | None = None
    cue: str | None = None
    group: str | None = None
    ignore: bool = False
    speech: bool = True


class _Row(_Part):
    id: str
    text: str
    title: str | None = None
    published_at: str | None = None
    split: str | None = None
    language: str | None = "en"
    genre: str | None = None
    quotes: list[_Content]


def load_rows(path: Path) -> Iterator[Case]:
    """The cases of a .jsonl or .jsonl.gz file, in file order."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield _case(_row(line, file=f"{path.name}, line {number}"), file=f"{path.name}, line {number}")


def _row(line: str, *, file: str) -> _Row:
    try:
        return _Row.model_validate(json.loads(line))
    except json.JSONDecodeError as error:
        raise CorpusInvalid(file=file, field="row", problem=f"no JSON: {error.msg}") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise CorpusInvalid(file=file, field=".".join(map(str, first["loc"])), problem=first["msg"]) from None


def _case(row: _Row, *, file: str) -> Case:
    for index, content in enumerate(row.quotes):
        if not 0 <= content.start < content.end <= len(row.text):
            problem = f"{content.start} to {content.end} is no range of a text of {len(row.text)} characters"
            raise CorpusInvalid(file=file, field=f"quotes.{index}", problem=problem)
        if content.kind not in QUOTE_KINDS:
            raise CorpusInvalid(file=file, field=f"quotes.{index}.kind", problem=f"{content.kind!r} is no kind of quotation")
    contents = tuple(_content(content, row.quotes) for content in row.quotes)
    return Case(
        id=row.id,
        text=row.text,
        title=row.title,
        published_at=row.published_at,
        expected=Records(quotes=cut(row.text, contents)),
        tags=(row.genre,) if row.genre else (),
        cluster=row.id,
        split=row.split,
        labels=QUOTE_KINDS,
        language=row.language,
        contents=contents,
    )


def _content(content: _Content, others: Sequence[_Content]) -> Quote:
    voice = None
    if content.speaker is not None:
        span = content.speaker_start, content.speaker_end
        names = [*content.speaker_aliases, *([content.speaker_resolved] if content.speaker_resolved else [])]
        voice = Voice(
            name=content.speaker,
            mention=None if span[0] is None or span[1] is None else (span[0], span[1]),
            also=tuple(dict.fromkeys(names)),
            resolved=False,
        )
    return Quote(
        spans=((content.start, content.end),),
        kind=content.kind,
        voice=voice,
        cue=content.cue,
        ignore=_excuse(content, others),
    )


def _excuse(content: _Content, others: Sequence[_Content]) -> str | None:
    if content.ignore:
        return "marked"
    size = content.end - content.start
    for other in others:
        if other.group != content.group and other.start <= content.start and content.end <= other.end:  # noqa: SIM102
            if other.end - other.start > size:
                return "nested"
    return None if content.speech else "unspoken"
