"""The command `parley eval` as a user gives it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evals.cli import OWN_GOLD, app, label_of

SENTENCE = "“We waited all night,” said Mira Tolan."


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three small gold articles; runs are written below the test's own folder."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "small"
    folder.mkdir()
    for number in range(3):
        speaker = {"name": "Mira Tolan", "kind": "person", "mention": None}
        quote = {"start": 1, "end": 22, "text": SENTENCE[1:22], "kind": "direct", "speaker": speaker, "cue": "said"}
        article = {"id": f"a{number}", "text": SENTENCE, "quotes": [quote], "exchanges": [], "split": "dev"}
        (folder / f"a{number}.json").write_text(json.dumps(article), encoding="utf-8")
    return folder


def test_a_run_prints_its_figures_and_writes_its_file_and_report(corpus: Path) -> None:
    ended = CliRunner().invoke(app, ["run", "--model", "rules", "--corpus", str(corpus), "--html", "out/page.html"])

    assert ended.exit_code == 0, ended.output
    assert "quotes.end_to_end_f1" in ended.stdout
    assert "3 articles, 0 errors" in ended.stdout
    assert "run file: runs/small-rules.jsonl" in ended.stderr
    assert Path("runs/small-rules.jsonl").is_file()
    assert "<!doctype html>" in Path("out/page.html").read_text(encoding="utf-8")
    assert "# small-rules: rules on small" in Path("out/page.md").read_text(encoding="utf-8")


def test_a_finished_run_is_kept_and_a_new_one_begun_and_the_two_are_equal(corpus: Path) -> None:
    command = ["run", "--model", "rules", "--corpus", str(corpus)]
    CliRunner().invoke(app, command)

    again = CliRunner().invoke(app, command)
    compared = CliRunner().invoke(app, ["compare", "runs/small-rules.before.jsonl", "runs/small-rules.jsonl"])

    assert "the run before: runs/small-rules.before.jsonl" in again.stderr
    assert compared.exit_code == 0
    assert "The runs are equal." in compared.stdout
    assert "…" not in compared.stdout


def test_score_report_and_gate_find_the_corpus_of_a_run_by_themselves(corpus: Path) -> None:
    CliRunner().invoke(app, ["run", "--model", "rules", "--corpus", str(corpus), "--limit", "2", "--run", "r.jsonl"])
    Path("floors.toml").write_text(
        '[r]\nmust_pass = ["a0"]\n[r.floors]\n"quotes.exact_f1" = 0.9\n[high.floors]\n"slots.f1" = 0.9\n'
    )

    codes = [
        CliRunner().invoke(app, arguments).exit_code
        for arguments in (
            ["score", "r.jsonl"], ["report", "r.jsonl"], ["gate", "r.jsonl", "--floors", "floors.toml"],
            ["gate", "r.jsonl", "--floors", "floors.toml", "--name", "high"],
            ["gate", "r.jsonl", "--floors", "floors.toml", "--name", "unknown"],
        )
    ]  # fmt: skip

    assert codes == [0, 0, 0, 1, 2]


def test_a_run_over_changed_gold_is_scored_again_before_it_is_judged(corpus: Path) -> None:
    CliRunner().invoke(app, ["run", "--model", "rules", "--corpus", str(corpus), "--run", "r.jsonl"])
    article = corpus / "a0.json"
    article.write_text(article.read_text(encoding="utf-8").replace('Mira Tolan"', 'Ivo Brandt"'), encoding="utf-8")

    before = CliRunner().invoke(app, ["report", "r.jsonl"])
    CliRunner().invoke(app, ["score", "r.jsonl"])
    after = CliRunner().invoke(app, ["report", "r.jsonl"])

    assert before.exit_code == 2
    assert "score it again" in before.stderr
    assert after.exit_code == 0


def test_a_run_of_another_corpus_is_not_reported_as_empty(corpus: Path) -> None:
    CliRunner().invoke(app, ["run", "--model", "rules", "--corpus", str(corpus), "--run", "r.jsonl"])

    ended = CliRunner().invoke(app, ["report", "r.jsonl", "--corpus", str(OWN_GOLD)])

    assert ended.exit_code == 2
    assert "cases that the corpus does not hold, such as a0" in ended.stderr


@pytest.mark.parametrize(
    ("path", "label"),
    [(None, "own"), (OWN_GOLD, "own"), (Path("x/gold"), "x-gold"), (Path("c/gum-news.jsonl.gz"), "gum-news")],
)
def test_corpora_have_short_names(path: Path | None, label: str) -> None:
    assert label_of(path) == label


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "--corpus", "nowhere"], "nowhere: path: there is no such file or folder"),
        (["run", "--split", "tset"], "holds no cases of split 'tset'; its splits: dev, test"),
        (["run", "--url", "http://127.0.0.1:9"], "No service to ask. http://127.0.0.1:9 cannot be used"),
        (["run", "--url", "nonsense"], "nonsense cannot be used: unknown url type"),
        (["run", "--replay", "nowhere.jsonl"], "Recording 'nowhere.jsonl' cannot be read"),
        (["run", "--replay", "a.jsonl", "--record", "b.jsonl"], "exclude each other"),
        (["run", "--model", "no-such-engine"], "no-such-engine"),
        (["run", "--corpus", "notes.toml"], "expected a folder, .json, .jsonl or .jsonl.gz"),
        (["score", "nowhere.jsonl"], "Run 'nowhere.jsonl' cannot be read"),
        (["report", "notes.toml"], "'notes.toml' is no run file"),
        (["compare", "notes.toml", "notes.toml"], "is no run file"),
        (["gate", "nowhere.jsonl"], "Run 'nowhere.jsonl' cannot be read"),
        (["calibrate", "nowhere.jsonl"], "Run 'nowhere.jsonl' cannot be read"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_input_is_one_clear_line_and_exit_code_2(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("notes.toml").write_text("[project]\n")

    ended = CliRunner().invoke(app, arguments)

    assert ended.exit_code == 2
    assert ended.stdout == ""
    assert said in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1
