"""The documented checks are those that exist."""

from __future__ import annotations

import re

from tests.conftest import ROOT


def test_every_check_has_a_row_and_every_row_a_check() -> None:
    documented = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "checks.md").read_text(encoding="utf-8"), re.MULTILINE))
    used: set[str] = set()
    for path in (ROOT / "service" / "extraction").glob("*.py"):
        code = path.read_text(encoding="utf-8")
        used |= set(re.findall(r'(?:check=|\.finding\(\s*|_finding\(\s*)"(\w+)"', code))

    assert used == documented
