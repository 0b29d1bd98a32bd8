from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from service import cli
from service.settings import Settings, variable

TEXT = "Mayor Tomas Okelo opened the bridge on Friday.\n\n“It took us nine years,” said Okelo.\n"


@pytest.fixture(autouse=True)
def clean_environ(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*map(variable, Settings.model_fields), "OPENAI_API_KEY"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PARLEY_MODEL", "rules")


@pytest.fixture(autouse=True)
def speaking_logs() -> Iterator[None]:
    """A command silences the logs of its process, which here is that of all tests."""
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def article(tmp_path: Path) -> Path:
    file = tmp_path / "bridge.txt"
    file.write_text(TEXT, encoding="utf-8")
    return file


def parley(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(cli.app, list(arguments), input=stdin)


def test_one_file_in_a_pipe_is_one_json_object(article: Path) -> None:
    result = parley("extract", str(article), "--published-at", "2025-05-24", "--title", "A bridge")

    body: dict[str, Any] = json.loads(result.stdout)
    assert (result.exit_code, result.stderr) == (0, "")
    assert body["quotes"][0]["text"] == "It took us nine years,"
    assert (body["article"]["title"], body["article"]["published_at"]) == ("A bridge", "2025-05-24")
    assert body["provenance"]["engine"] == "rules"


def test_standard_input_is_read(article: Path) -> None:
    result = parley("extract", "-", stdin=TEXT.encode())

    assert json.loads(result.stdout)["quotes"][0]["start"] == TEXT.index("It took")


def test_html_is_read_by_option_and_by_name(tmp_path: Path) -> None:
    content = "<nav>Home</nav><p>“We are home,” said Ilse Varga.</p>"
    plain, named = tmp_path / "a.txt", tmp_path / "b.HTML"
    plain.write_text(content, encoding="utf-8")
    named.write_text(content, encoding="utf-8")

    by_option, by_name = parley("extract", "--html", str(plain)), parley("extract", str(named))

    for result in (by_option, by_name):
        assert json.loads(result.stdout)["article"]["text"] == "“We are home,” said Ilse Varga."


def test_several_files_are_one_object_a_line_and_a_bad_one_does_not_stop_the_rest(tmp_path: Path, article: Path) -> None:
    latin = tmp_path / "latin.txt"
    latin.write_bytes("Déjà vu".encode("latin-1"))
    empty = tmp_path / "empty.txt"
    empty.write_text(" \n", encoding="utf-8")
    missing = tmp_path / "missing.txt"

    result = parley("extract", str(latin), str(article), str(missing), str(empty), str(article))

    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 1
    assert [line["article"]["id"] for line in lines] == [str(article)] * 2
    told = result.stderr.splitlines()
    assert told[0] == f"parley: {latin}: byte 1 is not UTF-8"
    assert told[1] == f"parley: {missing}: No such file or directory"
    assert told[2].startswith(f"parley: {empty}: The article has no text")
    assert len(told) == 3


def test_a_file_beyond_the_limit_is_not_read_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PARLEY_MAX_BYTES", "1024")
    large = tmp_path / "large.txt"
    large.write_text("word " * 1000, encoding="utf-8")

    result = parley("extract", str(large))

    assert result.exit_code == 1
    assert "at most 1,024 bytes are accepted" in result.stderr


def test_indirect_speech_can_be_left_out(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("Ilse Varga said that the bridge was safe.", encoding="utf-8")

    with_it, without = parley("extract", str(file)), parley("extract", "--no-indirect", str(file))

    assert [quote["kind"] for quote in json.loads(with_it.stdout)["quotes"]] == ["indirect"]
    assert json.loads(without.stdout)["quotes"] == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["extract"], "Missing argument"),
        (["extract", "{}", "--published-at", "yesterday"], "ISO 8601"),
        (["extract", "{}", "--model", "gpt"], "provider/model"),
        (["extract", "{}", "--on-failure", "retry"], "--on-failure"),
        (["extract", "{}", "--colour"], "--colour"),
        (["serve", "--port", "70000"], "--port"),
        (["exract"], "exract"),
    ],
)
def test_a_wrong_command_line_is_exit_code_2(article: Path, arguments: list[str], told: str) -> None:
    result = parley(*(argument.format(article) for argument in arguments))

    assert result.exit_code == 2
    assert told in result.stderr.replace("\n", " ")
    assert result.stdout == ""


def test_a_wrong_setting_is_exit_code_3_and_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], article: Path
) -> None:
    monkeypatch.setenv("PARLEY_DEADLINE", "soon")
    monkeypatch.setattr("sys.argv", ["parley", "extract", str(article)])

    with pytest.raises(SystemExit, match="3"):
        cli.run()

    written = capsys.readouterr()
    assert written.out == ""
    assert written.err == "parley: Setting PARLEY_DEADLINE has value 'soon'; expected a valid number.\n"


def test_a_model_that_fails_is_exit_code_4_where_an_error_is_wanted(monkeypatch: pytest.MonkeyPatch, article: Path) -> None:
    monkeypatch.setenv("PARLEY_BASE_URL", "http://127.0.0.1:9/v1")  # the discard port: nobody listens
    monkeypatch.setenv("PARLEY_DEADLINE", "0.2")

    strict = parley("extract", "--model", "openai/m", "--on-failure", "error", str(article))
    lenient = parley("extract", "--model", "openai/m", str(article))

    assert (strict.exit_code, strict.stdout) == (4, "")
    assert strict.stderr.startswith(f"parley: {article}: The model")
    provenance = json.loads(lenient.stdout)["provenance"]
    assert (lenient.exit_code, provenance["engine"], provenance["degraded"]) == (0, "rules", True)


def test_the_prompt_is_shown_as_it_would_be_sent(article: Path) -> None:
    readable, exact = parley("prompt", str(article)), parley("prompt", "--json", str(article))

    messages = json.loads(exact.stdout)
    assert [message["role"] for message in messages] == ["system", "user"]
    assert "It took us nine years" in messages[1]["content"]
    assert readable.stdout.startswith("[system]\n" + messages[0]["content"])


def test_the_models_and_the_version_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_MODEL", "openai/m")
    monkeypatch.setenv("PARLEY_API_KEY", "k")

    listed, version = parley("models", "list"), parley("version")

    assert listed.stdout == "rules\nopenai/m (default)\n"
    assert version.stdout.startswith("parley 20")


@pytest.mark.parametrize("arguments", [["version"], ["extract", "--model", "rules", "{}"]])
def test_a_command_does_not_wait_for_what_it_does_not_need(article: Path, arguments: list[str]) -> None:
    heavy = ("psycopg", "procrastinate", "fastapi", "prometheus_client", "opentelemetry", "openai", "instructor", "aiohttp")
    code = (
        "import sys\nfrom service import cli\n"
        f"sys.argv = ['parley', *{[argument.format(article) for argument in arguments]!r}]\n"
        "try:\n    cli.run()\nexcept SystemExit:\n    pass\n"
        f"sys.stderr.write(' '.join(name for name in {heavy!r} if name in sys.modules))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout
    assert done.stderr == ""
