"""A Label Studio export (JSON): tasks with labelled spans and relations. Its offsets count UTF-16 units and are converted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evals.case import QUOTE_KINDS, Case, CorpusInvalid
from evals.corpora.standoff import Mark, quotes_of
from evals.record import Records


def load_labelstudio(path: Path) -> Iterator[Case]:
    """The cases of an export. A person's annotations count before a model's predictions; of several, the last."""
    tasks = json.loads(path.read_text(encoding="utf-8"))
    for index, task in enumerate(tasks):
        try:
            yield _case(task, index, file=path.name)
        except (KeyError, TypeError, IndexError) as error:
            field = f"tasks.{index}"
            raise CorpusInvalid(file=path.name, field=field, problem=f"not as Label Studio exports it ({error!r})") from None


def code_points(text: str) -> list[int]:
    """For every UTF-16 offset of a text the code point it falls on (an offset inside a pair falls on its character).

    >>> code_points("a😀b")
    [0, 1, 1, 2, 3]
    """
    table: list[int] = []
    for position, character in enumerate(text):
        table += [position] * (2 if ord(character) > 0xFFFF else 1)
    return [*table, len(text)]


def _case(task: dict[str, Any], index: int, *, file: str) -> Case:
    data = task["data"]
    text: str = data["text"]
    done = [a for a in task.get("annotations", []) if not a.get("was_cancelled")] or task.get("predictions", [])
    result = done[-1]["result"] if done else []
    table = code_points(text)
    marks, links = [], []
    for number, item in enumerate(result):
        if item["type"] == "relation":
            links.append((item["from_id"], item["to_id"]))
        elif "labels" in item["value"]:
            marks.append(_mark(item, text, table, file=file, field=f"tasks.{index}.result.{number}"))
    quotes, contents = quotes_of(text, marks, links)
    id_ = str(data.get("id") or task.get("id") or data.get("url") or f"{Path(file).stem}-{index + 1}")
    return Case(
        id=id_, text=text, title=data.get("title"), published_at=data.get("published_at"), expected=Records(quotes=quotes),
        cluster=id_, labels=QUOTE_KINDS, contents=contents, language=data.get("language"),
    )  # fmt: skip


def _mark(item: dict[str, Any], text: str, table: list[int], *, file: str, field: str) -> Mark:
    value = item["value"]
    start, end = value["start"], value["end"]
    if not 0 <= start < end < len(table):
        raise CorpusInvalid(file=file, field=f"{field}.value", problem=f"{start} to {end} is no range of the text")
    span = table[start], table[end]
    words = value.get("text")
    if words is not None and text[span[0] : span[1]] != words:
        raise CorpusInvalid(file=file, field=f"{field}.value.text", problem="the words are not those at the offsets")
    return Mark(item["id"], value["labels"][0], (span,))
