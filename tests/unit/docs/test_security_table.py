"""The security page names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
LINES = 22
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def test_every_line_of_the_list_has_a_row_with_a_test() -> None:
    rows = re.findall(r"^\| (\d+) \|.*$", PAGE, re.MULTILINE)

    assert [int(number) for number in rows] == list(range(1, LINES + 1))
    for row in re.findall(r"^\| \d+ \|.*$", PAGE, re.MULTILINE):
        assert _TEST.search(row), row[:60]


def test_every_test_that_is_named_exists() -> None:
    named = _TEST.findall(PAGE)
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / path).is_file() or f"def {name}(" not in (ROOT / path).read_text(encoding="utf-8")
    ]

    assert len(named) > LINES
    assert missing == []


def test_every_numbered_test_stands_in_its_row() -> None:
    for path in sorted((ROOT / "tests" / "security").glob("test_*.py")):
        for number, rest in re.findall(r"def test_(\d+)_(\w+)\(", path.read_text(encoding="utf-8")):
            name = f"tests/security/{path.name}::test_{number}_{rest}"
            row = next(line for line in PAGE.splitlines() if line.startswith(f"| {number} |"))
            assert name in row, name
