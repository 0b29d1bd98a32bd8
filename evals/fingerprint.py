"""Hashes by which runs are comparable: of the cases, of the scorer's own source, of the alias table."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, replace
from functools import cache
from importlib.resources import files
from pathlib import Path

from evals.alias import load_aliases
from evals.case import Case

# The modules whose change can change a figure. A run scored by another version must be scored again before it is compared.
SCORER = (
    "record.py", "contract.py", "normalise.py", "alias.py", "binding.py", "outcome.py", "assignment.py", "matching.py",
    "quotations.py", "quote_views.py", "metrics.py", "corpora/marks.py", "corpora/contents.py",
)  # fmt: skip


def gold_digest(cases: Iterable[Case]) -> str:
    """The first 12 hex digits of the SHA-256 of all that is known of some cases, whatever their order."""
    whole = sorted(repr(asdict(replace(case, labels=frozenset()))) + ",".join(sorted(case.labels)) for case in cases)
    return _short("\n".join(whole).encode())


@cache
def scorer_digest() -> str:
    """The first 12 hex digits of the SHA-256 of the scorer's source files."""
    root = files("evals")
    return _short(b"\0".join((root / name).read_bytes() for name in SCORER))


@cache
def engine_digest() -> str:
    """The first 12 hex digits of the SHA-256 of the service's source and data: what answers when no model does."""
    package = Path(str(files("service")))
    parts = sorted(path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return _short(b"\0".join(part.relative_to(package).as_posix().encode() + b"\0" + part.read_bytes() for part in parts))


def alias_digest() -> str:
    """The version of the alias table that the project ships."""
    return load_aliases().version


def _short(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:12]
