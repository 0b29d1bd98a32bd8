"""The page and the Markdown of a run: escaped, worst first, complete for a reader."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from evals.case import Case
from evals.figures import Summary, summarise
from evals.record import Quote, Records, Voice
from evals.report import highlighted, markdown, page
from evals.runfile import CaseRecord, Run
from tests.unit.evals.scoring import make_quote
from tests.unit.evals.test_runner import FakeAnswerer, do_run, make_cases


def summary_of(tmp_path: Path, answerer: FakeAnswerer, cases: list[Case]) -> Summary:
    return summarise(do_run(tmp_path / "a.jsonl", answerer, cases), cases)


def test_the_page_is_self_contained_and_runs_no_script_of_an_article(tmp_path: Path) -> None:
    case = replace(make_cases(1)[0], title="<script>alert(1)</script>", tags=("<i>",))
    text = case.text + " <script>alert(2)</script>"

    html = page(summary_of(tmp_path, FakeAnswerer(drops=["case-0"]), [replace(case, text=text)]), [replace(case, text=text)])

    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "&lt;script&gt;alert(2)" in html
    assert "http://" not in html
    assert "https://" not in html


def test_a_failed_case_stands_first_and_says_why(tmp_path: Path) -> None:
    cases = make_cases(3)

    html = page(summary_of(tmp_path, FakeAnswerer(drops=["case-0"], fails=["case-2"]), cases), cases)

    assert html.index("case-2: failed") < html.index("case-0: 1 wrong") < html.index("case-1: 0 wrong")
    assert "503: the server is down: the whole article counts as missed" in html


def test_a_run_without_a_record_still_has_a_page(tmp_path: Path) -> None:
    cases = make_cases(1)
    empty = Run(summary_of(tmp_path, FakeAnswerer(), cases).run.head, [])

    assert "0 articles, 0 errors" in page(summarise(empty, cases), cases)


def test_a_tag_without_exchanges_has_a_dash_for_them(tmp_path: Path) -> None:
    cases = [replace(make_cases(1)[0], tags=("live-blog",))]

    html = page(summary_of(tmp_path, FakeAnswerer(), cases), cases)

    assert '<td>live-blog</td><td class="n">1</td><td class="n">1.000</td><td class="n">–</td>' in html


def test_passages_are_marked_with_their_speakers_and_nested_ones_nest() -> None:
    text = "Ada said that Ivo called it “a bad & cold day” in May."
    quotes = [
        replace(make_quote(text, "Ivo called it “a bad & cold day” in May", "Ada"), kind="indirect"),
        make_quote(text, "a bad & cold day", "Ivo", kind="mixed"),
    ]

    html = str(highlighted(text, quotes))

    assert html == (
        'Ada said that <mark class="indirect">Ivo called it “'
        '<mark class="mixed">a bad &amp; cold day<span class="who">Ivo</span></mark>”'
        ' in May<span class="who">Ada</span></mark>.'
    )


@pytest.mark.parametrize("spans", [((0, 3), (2, 5)), ((0, 5), (0, 5))])
def test_crossing_and_equal_passages_leave_the_page_well_formed(spans: tuple[tuple[int, int], ...]) -> None:
    quotes = [Quote(spans=(span,), kind="direct", voice=Voice(name="Ada")) for span in spans]

    html = str(highlighted("abcdefg", quotes))

    assert html.count("<mark") == html.count("</mark>") == 2


def test_the_markdown_has_every_figure_with_its_interval(tmp_path: Path) -> None:
    cases = make_cases()

    text = markdown(summary_of(tmp_path, FakeAnswerer(drops=["case-1"]), cases))

    assert "| quotes.end_to_end_f1 | 0.917 | 0.750 – 1.000 | quotations in marks: words and speaker right |" in text
    assert "12 articles, 0 errors, 0 degraded" in text


def test_shares_of_whole_articles_have_an_interval_even_at_none_of_n(tmp_path: Path) -> None:
    cases = [replace(case, expected=Records()) for case in make_cases(30)]
    answered = do_run(tmp_path / "a.jsonl", Silent(), cases)

    (figure,) = [figure for figure in summarise(answered, cases).figures if figure.name == "articles.false_alarm"]

    assert figure.estimate.point == 0
    assert figure.estimate.high == pytest.approx(0.1135, abs=1e-4)


class Silent(FakeAnswerer):
    """Finds nothing."""

    async def answer(self, case: Case) -> dict[str, object]:
        return {"quotes": [], "exchanges": []}


def test_cpu_time_adds_up_over_cases_and_is_unknown_of_another_process(tmp_path: Path) -> None:
    class Elsewhere(Silent):
        is_elsewhere = True

    cases = make_cases(2)
    here = summarise(do_run(tmp_path / "a.jsonl", Silent(), cases), cases)
    there = summarise(do_run(tmp_path / "b.jsonl", Elsewhere(), cases), cases)

    assert all(record.cpu_s >= 0 for record in here.run.cases)
    assert there.cost.per_cpu_second is None
    assert isinstance(there.run.cases[0], CaseRecord)
    assert "engine" not in there.run.head.hashes
