"""One door to every corpus: what a path holds is found by looking at it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from evals.case import Case, CorpusInvalid
from evals.corpora.brat import load_brat
from evals.corpora.gold import load_gold
from evals.corpora.labelstudio import load_labelstudio
from evals.corpora.rows import load_rows


def load(path: Path) -> Iterator[Case]:
    """The cases of a corpus, in a fixed order: gold files or folders, JSON Lines (.gz too), brat folders, Label Studio exports.

    A folder `articles` or `dev` inside the given one is looked into when the folder itself holds no corpus.
    """
    if not path.exists():
        raise CorpusInvalid(file=path.name, field="path", problem="there is no such file or folder")
    if path.is_dir():
        yield from _folder(path)
    elif path.name.endswith((".jsonl", ".jsonl.gz")):
        yield from load_rows(path)
    elif path.suffix == ".json":
        yield from _json(path)
    else:
        raise CorpusInvalid(file=path.name, field="path", problem="expected a folder, .json, .jsonl or .jsonl.gz")


def _folder(path: Path) -> Iterator[Case]:
    if any(path.glob("*.ann")):
        yield from load_brat(path)
    elif (path / "articles").is_dir():
        yield from load_gold(path / "articles")
    elif any(path.glob("*.json")) or any((path / "dev").glob("*.json")):
        for folder in (path, path / "dev"):
            yield from load_gold(folder) if any(folder.glob("*.json")) else ()
    else:
        raise CorpusInvalid(
            file=path.name, field="path", problem="the folder holds no gold (*.json) and no brat files (*.ann)"
        )


def _json(path: Path) -> Iterator[Case]:
    try:
        whole = json.loads(path.read_bytes())
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise CorpusInvalid(file=path.name, field="file", problem=f"no JSON: {error}") from None
    if isinstance(whole, dict) and "quotes" in whole:
        yield from load_gold(path)
    elif isinstance(whole, list) and whole and isinstance(whole[0], dict) and "data" in whole[0]:
        yield from load_labelstudio(path)
    else:
        raise CorpusInvalid(file=path.name, field="file", problem="neither a gold article nor a Label Studio export")
