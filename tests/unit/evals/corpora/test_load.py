"""Every corpus by one door."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from evals.case import QUOTE_KINDS, Case, CorpusInvalid
from evals.corpora.labelstudio import code_points
from evals.corpora.load import load
from evals.corpora.marks import quoted_regions
from tests.conftest import ROOT, SHARED

TEXT = "😀 “We open at dawn,” she said. Riel, he added, that “nobody” would be turned away."


def span(words: str) -> tuple[int, int]:
    return TEXT.index(words), TEXT.index(words) + len(words)


def only(path: Path) -> Case:
    (case,) = load(path)
    return case


def write(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def gold_article(**fields: Any) -> dict[str, Any]:
    start, end = span("We open at dawn,")
    quote = {"start": start, "end": end, "text": TEXT[start:end], "kind": "direct", "cue": "said",
             "speaker": {"name": "she", "kind": "unnamed", "role": None, "mention": list(span("she"))}}  # fmt: skip
    return {
        "id": "dawn",
        "published_at": "2031-04-09",
        "title": "Dawn",
        "text": TEXT,
        "quotes": [quote],
        "exchanges": [],
    } | fields


def row(**fields: Any) -> dict[str, Any]:
    direct, mixed = span("“We open at dawn,”"), span("that “nobody” would be turned away")
    contents = [
        {"start": direct[0], "end": direct[1], "kind": "direct", "speaker": "she", "speaker_start": span("she")[0],
         "speaker_end": span("she")[1], "speaker_aliases": ["Ada Riel"], "speaker_resolved": None, "cue": "said", "group": "1"},
        {"start": mixed[0], "end": mixed[1], "kind": "mixed", "speaker": "he", "speaker_start": span("he added")[0],
         "speaker_end": span("he added")[0] + 2, "speaker_aliases": [], "speaker_resolved": None, "cue": "added", "group": "2"},
    ]  # fmt: skip
    return {"id": "r1", "split": "dev", "text": TEXT, "quotes": contents} | fields


def test_a_gold_file_and_a_folder_of_them(tmp_path: Path) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    file = write(folder / "dawn.json", gold_article(event="opening", split="test", tags=["edge-01"]))

    case = only(file)

    assert (case.id, case.cluster, case.split, case.tags) == ("dawn", "opening", "test", ("edge-01",))
    assert case.published_at == "2031-04-09"
    assert case.expected.quotes[0].spans == (span("We open at dawn,"),)
    assert only(folder) == only(tmp_path) == case


def test_a_gold_file_in_a_folder_named_dev_is_of_that_split(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    write(tmp_path / "dev" / "dawn.json", gold_article())

    assert only(tmp_path).split == "dev"


def test_rows_are_cut_to_passages_in_marks_and_keep_whole_contents(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress((json.dumps(row()) + "\n").encode()))

    case = only(path)
    direct, mixed = case.expected.quotes

    assert case.labels == QUOTE_KINDS
    assert TEXT[slice(*mixed.spans[0])] == "“nobody”"
    assert direct.voice is not None
    assert direct.voice.also == ("Ada Riel",)
    assert mixed.voice is not None
    assert not mixed.voice.resolved
    assert [TEXT[slice(*content.spans[0])] for content in case.contents][1] == "that “nobody” would be turned away"


def test_nested_contents_and_what_is_no_speech_are_excused(tmp_path: Path) -> None:
    whole, inner = span("Riel, he added, that “nobody” would be turned away"), span("would be turned away")
    contents = [
        {"start": whole[0], "end": whole[1], "kind": "indirect", "group": "1"},
        {"start": inner[0], "end": inner[1], "kind": "indirect", "group": "2"},
        {"start": 2, "end": 9, "kind": "indirect", "group": "3", "speech": False},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row(quotes=contents)), encoding="utf-8")

    assert sorted((quote.ignore or "") for quote in only(path).expected.quotes) == ["", "nested", "unspoken"]


def test_brat_standoff_with_links_and_a_discontinuous_span(tmp_path: Path) -> None:
    a, b = span("nobody"), span("turned away")
    lines = [
        f"T1\tDirect {span('We open at dawn,')[0]} {span('We open at dawn,')[1]}\tWe open at dawn,",
        f"T2\tSource {span('she')[0]} {span('she')[1]}\tshe", f"T3\tCue {span('said')[0]} {span('said')[1]}\tsaid",
        f"T4\tIndirect {a[0]} {a[1]};{b[0]} {b[1]}\tnobody turned away", "R1\tsaid_by Arg1:T1 Arg2:T2", "R2\tcue Arg1:T1 Arg2:T3",
    ]  # fmt: skip
    (tmp_path / "dawn.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "dawn.ann").write_text("\n".join(lines) + "\n", encoding="utf-8")

    direct, indirect = only(tmp_path).expected.quotes

    assert direct.voice is not None
    assert (direct.voice.name, direct.voice.mention, direct.cue) == ("she", span("she"), "said")
    assert indirect.spans == (a, b)


def test_brat_offsets_hold_with_windows_line_ends(tmp_path: Path) -> None:
    text = "One.\r\n“Two,” he said."
    (tmp_path / "a.txt").write_bytes(text.encode())
    (tmp_path / "a.ann").write_text("T1\tDirect 7 11\tTwo,\n", encoding="utf-8")

    case = only(tmp_path)

    assert case.text[slice(*case.expected.quotes[0].spans[0])] == "Two,"


def test_label_studio_offsets_are_converted_from_utf16(tmp_path: Path) -> None:
    def value(words: str, label: str) -> dict[str, Any]:
        start, end = span(words)
        return {"start": start + 1, "end": end + 1, "text": words, "labels": [label]}  # the emoji takes two units

    result = [
        {"id": "q", "type": "labels", "value": value("“We open at dawn,”", "Direct")},
        {"id": "s", "type": "labels", "value": value("she", "Source")},
        {"type": "relation", "from_id": "q", "to_id": "s", "labels": ["said_by"]},
    ]
    path = write(tmp_path / "export.json", [{"data": {"text": TEXT, "id": "t7"}, "annotations": [{"result": result}]}])

    case = only(path)
    quote = case.expected.quotes[0]

    assert case.id == "t7"
    assert TEXT[slice(*quote.spans[0])] == "“We open at dawn,”"
    assert quote.voice is not None
    assert quote.voice.mention == span("she")


def test_code_points_of_utf16_offsets() -> None:
    assert code_points("a😀b") == [0, 1, 1, 2, 3]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", "{", r"a\.json: file: no JSON"),
        ("a.json", "{}", r"a\.json: file: neither"),
        ("a.json", json.dumps(gold_article(text=5)), r"a\.json: text: "),
        ("a.json", json.dumps(gold_article(quotes=[{"start": 1}])), r"a\.json: quotes\.0\.end: "),
        ("a.jsonl", "{}\n", r"a\.jsonl, line 1: id: "),
        ("a.jsonl", "nonsense\n", r"a\.jsonl, line 1: row: no JSON"),
        ("a.jsonl", json.dumps(row(text="short")), r"a\.jsonl, line 1: quotes\.0: .* no range of a text of 5 characters"),
        ("a.json", json.dumps([{"data": {"title": "x"}}]), r"a\.json: tasks\.0: "),
        ("a.txt", "text", r"a\.txt: path: expected a folder"),
    ],
)
def test_errors_name_the_file_and_the_field(tmp_path: Path, name: str, content: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")

    with pytest.raises(CorpusInvalid, match=message):
        list(load(path))


def test_errors_in_brat_files_name_the_line(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("short", encoding="utf-8")
    (tmp_path / "a.ann").write_text("T1\tDirect 0 99\twords\n", encoding="utf-8")
    (tmp_path / "b.ann").write_text("", encoding="utf-8")

    with pytest.raises(CorpusInvalid, match=r"a\.ann: line 1: 0 to 99"):
        list(load(tmp_path))
    (tmp_path / "a.ann").unlink()
    with pytest.raises(CorpusInvalid, match=r"b\.ann: text: b\.txt is missing"):
        list(load(tmp_path))


def test_a_path_that_is_not_there_or_holds_nothing(tmp_path: Path) -> None:
    with pytest.raises(CorpusInvalid, match="there is no such file"):
        list(load(tmp_path / "absent"))
    with pytest.raises(CorpusInvalid, match="holds no gold"):
        list(load(tmp_path))


def test_our_own_gold_is_read() -> None:
    cases = list(load(ROOT / "evals" / "gold"))

    assert len(cases) >= 48
    assert all(case.text[a:b] for case in cases for quote in case.expected.quotes for a, b in quote.spans)


@pytest.mark.shared
def test_the_shared_corpora_are_read() -> None:
    sizes = {
        path: len(list(load(SHARED / path))) for path in ("gold", "gold/dev", "corpora/gum-news.jsonl.gz", "gold/seed.json")
    }

    assert sizes == {"gold": 13, "gold/dev": 12, "corpora/gum-news.jsonl.gz": 24, "gold/seed.json": 1}
    case = only(SHARED / "reference" / "conventions" / "labelstudio.json")
    assert [quote.kind for quote in case.expected.quotes] == ["direct", "mixed"]


@pytest.mark.parametrize(
    ("text", "regions"),
    [
        ("She said “yes” and «no».", ["“yes”", "«no»"]),
        ('"One," he said, "and two."', ['"One,"', '"and two."']),
        ("“First paragraph\n“second paragraph.”", ["“First paragraph", "“second paragraph.”"]),
        ("“First paragraph\nsecond.” End", ["“First paragraph", "second.”"]),
        ("``old'' style", ["``old''"]),
        ("no marks, it's plain", []),
    ],
)
def test_passages_in_double_marks(text: str, regions: list[str]) -> None:
    assert [text[a:b] for a, b in quoted_regions(text)] == regions
