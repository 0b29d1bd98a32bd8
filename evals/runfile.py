"""A run on disk: one JSON line that says what was run, then one per case as it finishes. Everything else reads only this file.

The first line (`type: run`) holds the engine, the corpus and the hashes of all that decides the figures; a case line (`type: case`)
the service's answer, what it cost, and for every figure its numerator and denominator. A torn last line (a killed process) is
ignored and written again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from service.errors import InvalidInput

FORMAT = 1


class RunInvalid(InvalidInput):
    """A run file cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHead:
    """What was run. `hashes` are of gold, scorer, aliases, engine and prompt; runs compare only where the first three agree.

    `source` is the corpus's path as it was given (None: the project's own gold); `split` and `limit` say which part of it.
    """

    name: str
    engine: str
    model: str | None
    prompt: str | None
    corpus: str
    split: str | None
    hashes: dict[str, str]
    started: str
    repeat: int = 1
    source: str | None = None
    limit: int | None = None
    played: bool = False
    type: str = "run"
    format: int = FORMAT


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRecord:
    """One case of a run. `output` is the response of the service (None after an error: the case counts as missed).

    `parts` maps a figure's name to (numerator, denominator); `latency_s` is wall time, `cpu_s` this process's
    time since the case before was done (0 where another process answers): it adds up, also when cases run side by side.
    """

    case: str
    repeat: int
    cluster: str
    split: str | None
    tags: tuple[str, ...]
    output: dict[str, Any] | None
    error: str | None
    latency_s: float
    cpu_s: float
    parts: dict[str, tuple[float, float]]
    type: str = "case"

    @property
    def key(self) -> tuple[str, int]:
        """What identifies a case within a run."""
        return self.case, self.repeat

    @property
    def provenance(self) -> dict[str, Any]:
        """Tokens, calls, attempts, degraded: as the service said."""
        return dict((self.output or {}).get("provenance", {}))


@dataclass(slots=True)
class Run:
    """A run as it was read."""

    head: RunHead
    cases: list[CaseRecord] = field(default_factory=list)


def read_run(path: Path) -> Run:
    """Read a run file; RunInvalid says what is wrong with it."""
    try:
        lines = list(_lines(path))
    except OSError as error:
        raise RunInvalid(f"Run {path.name!r} cannot be read: {error.strerror}.") from None
    if not lines or lines[0].get("type") != "run":
        raise RunInvalid(f"{path.name!r} is no run file: its first line should have type 'run'.")
    if lines[0].get("format") != FORMAT:
        raise RunInvalid(f"{path.name!r} has format {lines[0].get('format')!r}; expected {FORMAT}.")
    try:
        cases = [_case(line) for line in lines[1:] if line.get("type") == "case"]
        head = RunHead(**lines[0])
    except (KeyError, TypeError, ValueError):
        raise RunInvalid(f"{path.name!r} was written by another version of Parley; run it anew.") from None
    return Run(head, list({case.key: case for case in cases}.values()))


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            yield json.loads(line)
        except ValueError:
            # Only the last line of a killed run may be torn; `append` writes a line in one go, so nothing stands behind it.
            if number == 1:
                raise RunInvalid(f"{path.name!r} is no run file: line 1 is not JSON.") from None


def _case(line: dict[str, Any]) -> CaseRecord:
    parts = {name: (float(top), float(bottom)) for name, (top, bottom) in line.pop("parts").items()}
    return CaseRecord(**{**line, "tags": tuple(line["tags"]), "parts": parts})


def write_run(path: Path, run: Run) -> None:
    """Write a whole run anew (a re-scored one), or nothing if that fails half-way."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(path.suffix + ".new")
    lines = [_dump(asdict(run.head)), *(_dump(asdict(case)) for case in run.cases)]
    temporary.write_text("".join(lines), encoding="utf-8")
    temporary.replace(path)


class RunWriter:
    """Appends to a run file; each case is on disk when `add` returns."""

    def __init__(self, path: Path, head: RunHead) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        torn = path.exists() and not path.read_bytes().endswith(b"\n")
        self._file = path.open("ab")
        if path.stat().st_size == 0:
            self._write(asdict(head))
        elif torn:
            self._file.write(b"\n")

    def add(self, record: CaseRecord) -> None:
        """Write one finished case."""
        self._write(asdict(record))

    def _write(self, value: dict[str, Any]) -> None:
        self._file.write(_dump(value).encode())
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _dump(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n"


def ratios(cases: Iterable[CaseRecord], figure: str) -> list[tuple[float, float]]:
    """Numerator and denominator of a figure for each case."""
    return [case.parts.get(figure, (0.0, 0.0)) for case in cases]
