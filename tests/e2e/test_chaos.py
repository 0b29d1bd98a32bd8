"""The short form of `benchmarks/chaos.py`: every process is killed once under load, and nothing is lost."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.mark.timeout(500)
def test_nothing_is_lost_when_everything_is_killed_once() -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/chaos.py", "--deliveries", "60", "--kills", "4"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=450,
    )  # fmt: skip

    assert "kills {'api': 1, 'worker-1': 1, 'postgres': 1, 'worker-2': 1}; acknowledged 60" in done.stdout, (
        done.stdout + done.stderr
    )
    assert "lost: 0" in done.stdout
    assert done.returncode == 0
