"""The validator of gold: our own set passes, and each kind of mistake is found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evals.gold_check import EDGES, Finding, check_gold
from tests.conftest import ROOT

FILLER = " ".join(f"The gatekeeper wrote line {i} of his long and dull report that evening." for i in range(30))
TEXT = f"Kora freed 14 soldiers and 2 farmers on Monday. “Home at last,” Ada Moll said.\n\n{FILLER}"


def article(**fields: Any) -> dict[str, Any]:
    start, mention = TEXT.index("Home at last,"), TEXT.index("Ada Moll")
    quote = {"start": start, "end": start + 13, "text": "Home at last,", "kind": "direct", "cue": "said",
             "speaker": {"name": "Ada Moll", "kind": "person", "role": None, "mention": [mention, mention + 8]}}  # fmt: skip
    transfer = {"released_by": "Kora", "returned_to": "Vest", "total": 16, "qualifier": "exact",
                "breakdown": [{"category": "military", "count": 14}, {"category": "civilian", "count": 2}]}  # fmt: skip
    exchange = {"kind": "unilateral", "status": "completed", "date_start": "2031-04-07", "date_end": "2031-04-07",
                "location": None, "transfers": [transfer], "mediators": [], "evidence": [[0, 47]]}  # fmt: skip
    return {"id": "a", "published_at": "2031-04-09", "text": TEXT, "quotes": [quote], "exchanges": [exchange],
            "event": "e", "split": "dev", "tags": []} | fields  # fmt: skip


def errors(tmp_path: Path, *articles: dict[str, Any]) -> list[Finding]:
    """Findings about the articles themselves (coverage of so small a set aside)."""
    for each in articles:
        (tmp_path / f"{each['id']}.json").write_text(json.dumps(each), encoding="utf-8")
    return [finding for finding in check_gold(tmp_path) if finding.file != "set" or finding.field == "split"]


def changed(what: str, **fields: Any) -> dict[str, Any]:
    """The article with fields of its quotation, speaker, exchange or transfer changed."""
    base = article()
    target = {"quote": base["quotes"][0], "speaker": base["quotes"][0]["speaker"], "exchange": base["exchanges"][0],
              "transfer": base["exchanges"][0]["transfers"][0], "article": base}[what]  # fmt: skip
    target.update(fields)
    return base


def test_a_right_article_has_no_finding(tmp_path: Path) -> None:
    assert errors(tmp_path, article()) == []


@pytest.mark.parametrize(
    ("what", "fields", "severity", "message"),
    [
        ("article", {"text": "Too short."}, "error", "2 words"),
        ("article", {"published_at": "last May"}, "error", "no date"),
        ("article", {"split": "train"}, "error", "not dev or test"),
        ("quote", {"start": 3}, "error", "not those at the offsets"),
        ("quote", {"kind": "scare"}, "error", "no kind of quotation"),
        ("quote", {"cue": "whispered"}, "error", "is not in the text"),
        ("quote", {"speaker": None}, "warning", "nobody"),
        ("speaker", {"name": "Ada Zorn"}, "error", "not in the text"),
        ("speaker", {"kind": "robot"}, "error", "no kind of speaker"),
        ("speaker", {"mention": [0, 5]}, "error", "no clean range"),
        ("exchange", {"kind": "swap"}, "error", "no kind of exchange"),
        ("exchange", {"status": "done"}, "error", "no status"),
        ("exchange", {"date_start": "2031-04-31"}, "error", "day is out of range"),
        ("exchange", {"date_start": "2031-04-12", "date_end": "2031-04-12"}, "error", "after the day of publication"),
        ("exchange", {"location": "the moon"}, "warning", "is not in the text"),
        ("exchange", {"mediators": ["Kora"]}, "error", "is a party too"),
        ("exchange", {"evidence": []}, "error", "none"),
        ("exchange", {"evidence": [[0, 20]]}, "error", "does not end with a sentence"),
        ("exchange", {"evidence": [[5, 47]]}, "error", "does not begin with a sentence"),
        ("transfer", {"returned_to": "Kora"}, "error", "the same party"),
        ("transfer", {"qualifier": "roughly"}, "error", "no qualifier"),
        ("transfer", {"qualifier": None}, "error", "both be there or both be null"),
        ("transfer", {"total": 17}, "warning", "the total is 17"),
        ("transfer", {"total": 9}, "warning", "14 military of a total of 9"),
        ("transfer", {"breakdown": [{"category": "dogs", "count": 14}]}, "error", "no category"),
        ("transfer", {"total": 777, "breakdown": []}, "warning", "777 is not written"),
        ("transfer", {"counts": [{"category": "total", "value": 3, "qualifier": "vague"}]}, "error", "vague with value 3"),
    ],
)  # fmt: skip
def test_each_mistake_is_found(tmp_path: Path, what: str, fields: dict[str, Any], severity: str, message: str) -> None:
    findings = errors(tmp_path, changed(what, **fields))

    assert any(finding.severity == severity and message in finding.message for finding in findings), findings


def test_an_event_in_both_splits_is_found(tmp_path: Path) -> None:
    findings = errors(tmp_path, article(), article(id="b", split="test"))

    assert any("event 'e' is in ['dev', 'test']" in finding.message for finding in findings)


def test_a_quotation_that_stands_twice_is_found(tmp_path: Path) -> None:
    base = article()

    findings = errors(tmp_path, base | {"quotes": base["quotes"] * 2})

    assert any("stands 2 times" in finding.message for finding in findings)


def test_a_small_set_lacks_coverage(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(article(tags=["edge-01"])), encoding="utf-8")

    found = {finding.field: finding.message for finding in check_gold(tmp_path) if finding.file == "set"}

    assert found["tags"] == f"no article has the edge cases {list(range(2, EDGES + 1))}"
    assert found["articles"] == "1, expected at least 48"


def test_an_unreadable_file_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{", encoding="utf-8")

    assert any(finding.file == "a.json" and finding.severity == "error" for finding in check_gold(tmp_path))


def test_our_own_gold_has_no_errors() -> None:
    assert [
        str(finding) for finding in check_gold(ROOT / "evals" / "gold" / "articles") if finding.severity == "error"
    ] == []
