"""Generated requests to every operation of a real process: no answer that the OpenAPI document does not name, none above 499."""

from __future__ import annotations

from pathlib import Path

from benchmarks.fuzz import Fuzz, faults_in, service

CASES = 400
"""In every run; `benchmarks/fuzz.py` takes as many as one likes."""


def test_every_answer_is_one_that_the_document_names(database_url: str, tmp_path: Path) -> None:
    log = tmp_path / "service.log"

    with service(database_url, log) as (base_url, key):
        tally = Fuzz(base_url, key, seed=20_261_122).run(CASES)

    assert tally.failures == {}
    assert tally.total >= CASES
    assert faults_in(log) == 0
    # It was not all refused: of most operations, some case went well.
    succeeded = {name for name, statuses in tally.statuses.items() if any(200 <= status < 300 for status in statuses)}
    assert len(succeeded) >= 0.8 * len(tally.cases)
