"""A run of the evaluation in a process of its own: killed in the middle, it goes on where it stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

COMMAND = [sys.executable, "-m", "service", "eval", "run", "--model", "rules", "--split", "dev", "--run"]
CASES = 25


def environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}


def answered(path: Path) -> list[str]:
    """The cases whose records are whole."""
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")[:-1]
    return [json.loads(line)["case"] for line in lines[1:] if line]


def test_after_kill_9_only_the_missing_cases_run(tmp_path: Path) -> None:
    path = tmp_path / "killed.jsonl"
    with subprocess.Popen(
        [*COMMAND, str(path)], env=environ(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        deadline = time.monotonic() + 60
        while len(answered(path)) < 3:
            assert time.monotonic() < deadline
            assert process.poll() is None, "the run ended before it could be killed"
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
    kept = answered(path)
    assert process.returncode == -signal.SIGKILL
    assert 3 <= len(kept) < CASES
    before = path.read_bytes()

    again = subprocess.run([*COMMAND, str(path)], env=environ(), capture_output=True, text=True, timeout=120, check=True)

    every = answered(path)
    assert path.read_bytes().startswith(before[: before.rindex(b"\n") + 1])
    assert sorted(every) == sorted(set(every))
    assert len(every) == CASES
    assert f"{len(kept)} of {CASES} answers were in the run file already" in again.stderr
    assert "quotes.end_to_end_f1" in again.stdout
