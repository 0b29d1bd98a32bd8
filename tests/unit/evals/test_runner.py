"""Runs: a record per case, resumed after a kill, a failure counts as missed; compared and gated."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evals.case import Case
from evals.compare import compare
from evals.gate import Floors, gate
from evals.record import Quote, Records, Voice
from evals.runfile import Run, RunInvalid, read_run, write_run
from evals.runner import head_of, rescore, run

TEXT = "“We waited for {n} days,” said Mira Tolan."


def make_cases(count: int = 12) -> list[Case]:
    cases = []
    for n in range(count):
        text = TEXT.format(n=n)
        quote = Quote(spans=((1, text.index(",”") + 1),), kind="direct", voice=Voice(name="Mira Tolan"))
        cases.append(
            Case(
                id=f"case-{n}", text=text, title=None, published_at="1996-03-13", cluster=f"event-{n}", split="dev",
                expected=Records(quotes=(quote,)),
            )
        )  # fmt: skip
    return cases


class FakeAnswerer:
    """Answers rightly, except for the cases whose speaker it drops and those where it fails."""

    engine = "fake"
    prompt = None
    is_elsewhere = False

    def __init__(self, *, drops: Sequence[str] = (), fails: Sequence[str] = ()) -> None:
        self.drops, self.fails, self.asked = drops, fails, list[str]()

    async def answer(self, case: Case) -> dict[str, Any]:
        self.asked.append(case.id)
        if case.id in self.fails:
            raise RuntimeError("503: the server is down")
        (quote,) = case.expected.quotes
        ((start, end),) = quote.spans
        speaker = None if case.id in self.drops else {
            "name": "Mira Tolan", "kind": "person", "role": None, "basis": "named", "mention": {"start": 0, "end": 1, "text": "“"},
        }  # fmt: skip
        return {
            "id": "ext_1", "article": {}, "exchanges": [], "rejected": [], "warnings": [],
            "quotes": [{
                "id": "q1", "kind": "direct", "text": case.text[start:end], "start": start, "end": end, "speaker": speaker,
                "cue": None, "confidence": 0.9, "by": ["rules"], "warnings": [],
            }],
            "provenance": {"calls": 1, "degraded": False, "usage": {"input_tokens": 5, "output_tokens": 2}},
        }  # fmt: skip

    async def aclose(self) -> None:
        return None


def do_run(path: Path, answerer: FakeAnswerer, cases: list[Case] | None = None, *, repeat: int = 1) -> Run:
    cases = cases or make_cases()
    head = head_of(answerer, cases, name=path.stem, corpus="own", split=None, repeat=repeat)
    return asyncio.run(run(cases, answerer, path, head))


def test_every_case_becomes_a_record_with_its_figures(tmp_path: Path) -> None:
    finished = do_run(tmp_path / "a.jsonl", FakeAnswerer())

    assert len(finished.cases) == 12
    assert all(case.parts["quotes.end_to_end_f1"] == (2, 2) for case in finished.cases)
    assert finished.head.hashes.keys() == {"gold", "scorer", "aliases", "engine"}


def test_after_a_kill_only_the_missing_cases_run(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    do_run(path, FakeAnswerer())
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:5]) + lines[5][: len(lines[5]) // 2])
    again = FakeAnswerer()

    finished = do_run(path, again)

    assert again.asked == [f"case-{n}" for n in range(4, 12)]
    assert sorted(case.case for case in finished.cases) == sorted(f"case-{n}" for n in range(12))


def test_a_run_of_other_gold_is_not_mixed_in(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    do_run(path, FakeAnswerer())

    with pytest.raises(RunInvalid, match="another hash of the gold"):
        do_run(path, FakeAnswerer(), make_cases(11))


def test_a_failed_case_counts_as_missed(tmp_path: Path) -> None:
    finished = do_run(tmp_path / "a.jsonl", FakeAnswerer(fails=["case-3"]))

    (failed,) = [case for case in finished.cases if case.error]
    assert failed.error == "RuntimeError: 503: the server is down"
    assert failed.parts["quotes.end_to_end_f1"] == (0, 1)


def test_repeats_are_records_of_their_own(tmp_path: Path) -> None:
    finished = do_run(tmp_path / "a.jsonl", FakeAnswerer(), repeat=3)

    assert len({case.key for case in finished.cases}) == 36


def test_a_run_is_scored_again_without_being_answered_again(tmp_path: Path) -> None:
    cases = make_cases()
    finished = do_run(tmp_path / "a.jsonl", FakeAnswerer(), cases)
    renamed = [
        replace(
            case, expected=Records(quotes=tuple(replace(q, voice=Voice(name="Ivo Brandt")) for q in case.expected.quotes))
        )
        for case in cases
    ]

    again = rescore(finished, renamed)
    write_run(tmp_path / "b.jsonl", again)

    assert all(case.parts["quotes.end_to_end_f1"] == (0, 2) for case in read_run(tmp_path / "b.jsonl").cases)
    assert again.head.hashes["gold"] != finished.head.hashes["gold"]


def test_two_runs_of_one_engine_are_equal(tmp_path: Path) -> None:
    found = compare(do_run(tmp_path / "a.jsonl", FakeAnswerer()), do_run(tmp_path / "b.jsonl", FakeAnswerer()))

    assert found.is_equal
    assert found.flips == ()


def test_flips_are_listed_both_ways(tmp_path: Path) -> None:
    before = do_run(tmp_path / "a.jsonl", FakeAnswerer(drops=["case-1"]))
    after = do_run(tmp_path / "b.jsonl", FakeAnswerer(drops=["case-2"]))

    flips = [(flip.case, flip.baseline, flip.candidate) for flip in compare(before, after).flips]

    assert flips == [("case-2", 1.0, 0.0), ("case-1", 0.0, 1.0)]


def test_runs_of_different_gold_do_not_compare(tmp_path: Path) -> None:
    one = do_run(tmp_path / "a.jsonl", FakeAnswerer())
    other = do_run(tmp_path / "b.jsonl", FakeAnswerer(), make_cases(11))

    with pytest.raises(RunInvalid, match="re-score both first"):
        compare(one, other)


NO_FLOORS = Floors(floors={}, ceilings={})


def test_an_engine_that_drops_one_speaker_in_ten_is_caught(tmp_path: Path) -> None:
    cases = make_cases(120)
    good = do_run(tmp_path / "a.jsonl", FakeAnswerer(), cases)
    broken = do_run(tmp_path / "b.jsonl", FakeAnswerer(drops=[f"case-{n}" for n in range(0, 120, 10)]), cases)

    assert gate(good, NO_FLOORS, baseline=good) == ()
    assert any("quotes.end_to_end_f1 fell" in failure for failure in gate(broken, NO_FLOORS, baseline=good))


def test_floors_ceilings_and_named_cases_are_held(tmp_path: Path) -> None:
    broken = do_run(tmp_path / "a.jsonl", FakeAnswerer(drops=["case-0"], fails=["case-1"]))
    floors = Floors(
        floors={"quotes.end_to_end_f1": 0.95, "slots.f1": 0.5},
        ceilings={"articles.false_alarm": 0.0},
        must_pass=("case-0", "case-99"),
    )

    failures = gate(broken, floors)

    assert any("1 cases ended in an error" in failure for failure in failures)
    assert any("quotes.end_to_end_f1 is 0.8" in failure for failure in failures)
    assert any("slots.f1 is undefined" in failure for failure in failures)
    assert any("case-0 must pass, but" in failure for failure in failures)
    assert any("case-99 must pass, but the run does not hold it" in failure for failure in failures)


@pytest.mark.parametrize("content", ["", "no JSON\n", '{"type":"case"}\n', '{"type":"run","format":99}\n'])
def test_a_file_that_is_no_run_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(content)

    with pytest.raises(RunInvalid, match=r"a\.jsonl"):
        read_run(path)
