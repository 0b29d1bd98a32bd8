"""The gate in continuous integration: the rules engine on our gold, and on `../shared/gold` where it is, must hold the floors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import SHARED

SHARED_GOLD = ["--corpus", str(SHARED / "gold")]
OWN = [
    pytest.param("own-dev-rules", ["--split", "dev"], id="own dev"),
    pytest.param("own-test-rules", ["--split", "test"], id="own test"),
]


def parley_eval(*arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
    command = [sys.executable, "-m", "service", "eval", *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=300)


def run_rules(path: Path, *arguments: str) -> None:
    ended = parley_eval("run", "--model", "rules", "--run", str(path), *arguments)
    assert ended.returncode == 0, ended.stderr


def drop_one_speaker_in_ten(good: Path, broken: Path) -> int:
    """The run of an engine that forgets every tenth speaker; how many it forgot."""
    seen = dropped = 0
    lines = []
    for line in good.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        for quote in (record.get("output") or {}).get("quotes", []):
            if quote["speaker"] is not None and quote["kind"] != "indirect":
                seen += 1
                if seen % 10 == 0:
                    quote["speaker"] = None
                    dropped += 1
        lines.append(json.dumps(record))
    broken.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return dropped


@pytest.mark.parametrize(
    ("name", "corpus"), [*OWN, pytest.param("shared-gold-rules", SHARED_GOLD, id="shared", marks=pytest.mark.shared)]
)
def test_the_rules_engine_holds_its_floors(tmp_path: Path, name: str, corpus: list[str]) -> None:
    path = tmp_path / f"{name}.jsonl"
    run_rules(path, *corpus)

    ended = parley_eval("gate", str(path))

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout == "passed\n"


def test_an_engine_that_drops_one_speaker_in_ten_is_caught(tmp_path: Path) -> None:
    good, broken = tmp_path / "own-dev-rules.jsonl", tmp_path / "broken.jsonl"
    run_rules(good, "--split", "dev")
    assert drop_one_speaker_in_ten(good, broken) > 10
    assert parley_eval("score", str(broken)).returncode == 0

    by_floors = parley_eval("gate", str(broken), "--name", "own-dev-rules")
    by_comparison = parley_eval("gate", str(broken), "--name", "own-dev-rules", "--baseline", str(good))

    assert by_floors.returncode == by_comparison.returncode == 1
    assert "quotes.end_to_end_f1 is" in by_floors.stdout
    assert "quotes.end_to_end_f1 fell from" in by_comparison.stdout
