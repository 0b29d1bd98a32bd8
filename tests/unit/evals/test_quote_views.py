"""The figures of published tables: our own count of them agrees with the outside scorer's."""

from __future__ import annotations

import gzip
import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from itertools import islice
from types import ModuleType

import pytest

from evals.case import Case
from evals.corpora.load import load
from evals.corpora.marks import quoted_regions
from evals.quote_views import VIEWS, ViewTally, agree, view_quotes, write_rows
from evals.record import Quote, Voice
from tests.conftest import SHARED
from tests.unit.evals.scoring import make_quote

TEXT = "“We start now,” said Ada Moll. Mr. Moll told staff that the “whole” plant would rest."


def test_views_count_passages_in_marks_and_whole_contents() -> None:
    direct = make_quote(TEXT, "“We start now,”", "Ada Moll", mention="Ada Moll")
    mixed = make_quote(TEXT, "that the “whole” plant would rest", "Mr. Moll", kind="mixed", mention="Mr. Moll")
    answer = [make_quote(TEXT, "We start now,", "Moll"), make_quote(TEXT, "whole", None)]

    views = view_quotes(TEXT, [direct, mixed], answer)

    assert views["direct"] == ViewTally(1, 1, 1, 1, 1, 1, 1, 1, 1)
    assert (views["quoted"].gold, views["quoted"].predicted, views["quoted"].exact, views["quoted"].attributed) == (
        2,
        2,
        2,
        1,
    )
    assert (views["content"].gold, views["content"].exact) == (2, 1)


def test_what_is_no_speech_is_left_out_when_asked() -> None:
    plan = Quote(spans=((30, 50),), kind="indirect", ignore="unspoken")

    assert view_quotes(TEXT, [plan], [])["content"].gold == 1
    assert view_quotes(TEXT, [plan], [], speech_only=True)["content"].gold == 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("Mr. Moll", "Ada Moll", True), ("Ada B. Moll", "Ada Moll", True), ("he", "Ada Moll", False), ("she", "she", True),
     ("Moll", "Ada Mollison", False), ("the mayor", "Mayor", True), (None, "Ada Moll", False)],
)  # fmt: skip
def test_names_agree_by_their_words(one: str | None, other: str, same: bool) -> None:
    assert agree(one, other) is same


def simple_answers(text: str) -> Iterator[Quote]:
    """A crude quotation finder, wrong often enough to exercise every branch: marks, and the nearest capitalised words."""
    names = [match.span() for match in re.finditer(r"[A-Z][\w’'.-]*(?: [A-Z][\w’'.-]*)*", text)]
    for a, b in quoted_regions(text):
        outside = [name for name in names if name[1] <= a or name[0] >= b]
        near = min(outside, key=lambda name: min(abs(name[0] - b), abs(a - name[1])), default=None)
        voice = Voice(name=text[slice(*near)], mention=near) if near and a % 7 else None
        yield Quote(spans=((a, b),), kind="direct", voice=voice, cue="said" if a % 2 else None)
    for found in re.finditer(r"\b(?:said|says) ((?:that )?[^.\n“\"]+)\.", text):
        voice = None if found.start() % 3 else Voice(name="he", mention=(found.start(), found.start() + 2))
        yield Quote(spans=(found.span(1),), kind="indirect", voice=voice)


@pytest.fixture
def outside() -> ModuleType:
    folder = SHARED / "tools" / "quote_score"
    sys.path.insert(0, str(folder))
    try:
        spec = importlib.util.spec_from_file_location("outside_score", folder / "score.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(folder))
    return module


@pytest.mark.shared
@pytest.mark.parametrize("speech", [False, True])
@pytest.mark.parametrize("corpus", ["polnear-dev", "gum-news"])
def test_the_outside_scorer_finds_the_same_figures(outside: ModuleType, corpus: str, speech: bool) -> None:
    path = SHARED / "corpora" / f"{corpus}.jsonl.gz"
    cases = list(islice(load(path), 24))
    answers = {case.id: list(simple_answers(case.text)) for case in cases}
    rows = write_rows([(case.id, answers[case.id]) for case in cases], json.dumps)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        gold = [json.loads(line) for line in islice(lines, 24)]

    theirs, _ = outside.score(gold, {row["id"]: row for row in map(json.loads, rows.splitlines())}, speech=speech)
    ours = _sum(cases, answers, speech=speech)

    for view in VIEWS:
        mine, told = ours[view], theirs[view]
        assert (mine.gold, mine.predicted) == (told["gold"], told["pred"])
        for found, name in ((mine.exact, "exact"), (mine.overlap, "overlap"), (mine.attributed, "attributed")):
            assert mine.f1(found) == pytest.approx(told[name]["F"], abs=6e-5)
        assert mine.mention / mine.speakers == pytest.approx(told["speaker"]["mention_acc"], abs=6e-5)
        assert mine.entity / mine.speakers == pytest.approx(told["speaker"]["entity_acc"], abs=6e-5)


def _sum(cases: list[Case], answers: dict[str, list[Quote]], *, speech: bool) -> dict[str, ViewTally]:
    total = {view: ViewTally() for view in VIEWS}
    for case in cases:
        for view, tally in view_quotes(case.text, case.contents, answers[case.id], speech_only=speech).items():
            total[view] += tally
    return total


def test_whole_contents_that_were_answered_count_in_their_view_alone() -> None:
    gold = make_quote(TEXT, "the “whole” plant would rest", "Mr. Moll", kind="mixed", mention="Mr. Moll")
    fragment = make_quote(TEXT, "whole", "Mr. Moll")

    alone = view_quotes(TEXT, [gold], [fragment])
    told = view_quotes(
        TEXT, [gold], [fragment], whole=[make_quote(TEXT, "the “whole” plant would rest", "Mr. Moll", kind="mixed")]
    )

    assert (alone["content"].overlap, told["content"].overlap) == (0, 1)
    assert alone["quoted"] == told["quoted"]
