"""The worked examples of the metrics definitions: gold, answer and expected counts as data."""

from __future__ import annotations

import json
from typing import Any

import pytest

from evals.matching import align
from evals.metrics import document_f1, score_exchanges
from evals.record import Count, Exchange, Named, Transfer
from evals.statistics import wilson
from tests.conftest import SHARED

FILE = SHARED / "reference" / "metrics-examples.json"
EXAMPLES: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else []
pytestmark = pytest.mark.shared


def read(record: dict[str, Any]) -> Exchange:
    return Exchange(
        status=record["status"],
        kind=record["kind"],
        date=record["date"],
        places=tuple(Named(name=name) for name in record.get("place", [])),
        mediators=tuple(Named(name=name) for name in record.get("mediator", [])),
        transfers=tuple(
            Transfer(source=t["from"], target=t["to"], counts=tuple(Count(**count) for count in t["counts"]))
            for t in record["transfers"]
        ),
    )


@pytest.mark.parametrize("example", EXAMPLES or [pytest.param({}, marks=pytest.mark.skip("../shared is not here"))],
                         ids=lambda example: example.get("id", "absent"))  # fmt: skip
def test_example_has_its_expected_counts(example: dict[str, Any]) -> None:
    expect = example["expect"]
    alignment = align([read(r) for r in example["gold"]], [read(r) for r in example["pred"]])
    result = score_exchanges(alignment)
    total = result.total

    assert {"COR": total.cor, "PAR": total.par, "INC": total.inc, "MIS": total.mis, "SPU": total.spu} == expect["outcomes"]
    for figures, ours in (
        (expect["strict"], (total.precision, total.recall, total.f1)),
        (expect["lenient"], (total.lenient_precision, total.lenient_recall, total.lenient_f1)),
    ):
        for name, value in zip(("p", "r", "f1"), ours, strict=True):
            assert value == pytest.approx(figures[name], abs=1e-6) if value is not None else figures[name] is None
    assert [[pair.gold, pair.predicted] for pair in alignment.pairs] == expect["pairs"]
    assert (result.matched, result.exact, result.core_exact) == (expect["matched"], expect["exact"], expect["core_exact"])
    assert result.articles_exact == expect["doc_exact"]
    slots = {
        slot: {name: value for name, value in zip(("COR", "PAR", "INC", "MIS", "SPU"),
               (t.cor, t.par, t.inc, t.mis, t.spu), strict=True) if value}
        for slot, t in result.slots.items()
    }  # fmt: skip
    assert slots == expect["slots"]


def test_all_examples_are_here() -> None:
    assert len(EXAMPLES) == 20


def test_small_corpus_is_pooled_and_averaged_as_told() -> None:
    chosen = [example for name in ("E1", "E3", "E6", "E9", "E4") for example in EXAMPLES if example["id"] == name]
    scores = [score_exchanges(align([read(r) for r in e["gold"]], [read(r) for r in e["pred"]])) for e in chosen]
    pooled = sum(scores[1:], scores[0])

    assert pooled.total.f1 == pytest.approx(60 / 90)
    assert sum(document_f1(each) for each in scores) / 5 == pytest.approx(0.5905, abs=5e-5)
    assert (pooled.matched, pooled.predicted, pooled.gold, pooled.exact) == (4, 5, 6, 2)
    interval = wilson(pooled.articles_exact, pooled.articles)
    assert (interval.low, interval.high) == (pytest.approx(0.118, abs=5e-4), pytest.approx(0.769, abs=5e-4))
