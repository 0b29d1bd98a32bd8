"""Prompt files: what they must hold, and that filling one is literal."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from service.adapters.prompts import PromptFiles, read_prompt
from service.errors import PromptInvalid

FILE = """---
name: extract
version: {version}
---
## system
Static, with {{braces}} and $ signs.

## a heading of its own
## user
Published $published
$article
"""


def write(folder: Path, version: int = 1, *, name: str | None = None, text: str = FILE) -> Path:
    file = folder / (name or f"extract@{version}.md")
    file.write_text(text.format(version=version), encoding="utf-8")
    return file


def test_a_file_is_read_into_its_parts(tmp_path: Path) -> None:
    file = write(tmp_path)

    prompt = PromptFiles(tmp_path).get("extract")

    assert prompt.id == "extract@1"
    assert prompt.system == "Static, with {braces} and $ signs.\n\n## a heading of its own"
    assert prompt.user == "Published $published\n$article"
    assert prompt.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


def test_the_newest_version_is_meant_unless_one_is_named(tmp_path: Path) -> None:
    for version in (1, 2, 10):
        write(tmp_path, version)

    book = PromptFiles(tmp_path)

    assert book.get("extract").version == 10
    assert book.get("extract@2").version == 2
    assert book.ids() == ("extract@1", "extract@2", "extract@10")


@pytest.mark.parametrize("reference", ["confirm", "extract@3", "extract@", "extract@x", "extract@-1", "extract@²", ""])
def test_an_unknown_prompt_is_named_with_those_that_exist(tmp_path: Path, reference: str) -> None:
    write(tmp_path)

    with pytest.raises(PromptInvalid, match="expected one of: extract@1"):
        PromptFiles(tmp_path).get(reference)


def test_a_readme_may_stand_beside_the_prompts(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "README.md").write_text("What each is for.")

    assert PromptFiles(tmp_path).ids() == ("extract@1",)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("no front matter", "needs front matter"),
        (FILE.replace("## system", "## System"), "needs front matter"),
        (FILE.replace("## user", "user"), "needs front matter"),
        (FILE.replace("version: {version}\n", ""), "'name'"),
        (FILE.replace("name: extract", "name: Extract"), "'name'"),
        (FILE.replace("version: {version}", "version: 0"), "'version'"),
        (FILE.replace("version: {version}", "version: {version}\nauthor: x"), "exactly"),
        (FILE.replace("name: extract", "name extract"), "key: value"),
        (FILE.replace("name: extract", "name: other"), "must agree"),
        (FILE.replace("$article", "costs 5$"), "begins no variable"),
    ],
    ids=[
        "none",
        "no system",
        "no user",
        "no version",
        "bad name",
        "bad version",
        "more",
        "no colon",
        "other name",
        "dollar",
    ],
)
def test_a_file_that_cannot_be_used_says_why(text: str, problem: str) -> None:
    with pytest.raises(PromptInvalid, match=problem):
        read_prompt("extract@1.md", text.format(version=1).encode())


def test_a_file_that_is_not_utf_8_says_so() -> None:
    with pytest.raises(PromptInvalid, match="UTF-8"):
        read_prompt("extract@1.md", b"---\xff")


def test_line_ends_of_windows_are_read() -> None:
    assert (
        read_prompt("extract@1.md", FILE.format(version=1).replace("\n", "\r\n").encode()).user
        == "Published $published\n$article"
    )


def test_values_are_put_in_literally(tmp_path: Path) -> None:
    write(tmp_path)
    prompt = PromptFiles(tmp_path).get("extract")

    text = prompt.fill({"published": "2025-05-23", "article": "$published ${article} $$ {{ x }} \\1"})

    assert text == "Published 2025-05-23\n$published ${article} $$ {{ x }} \\1"


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({"published": "x"}, "needs the variables article"),
        ({"published": "x", "article": "y", "title": "z", "lede": "w"}, "does not use the variables lede, title"),
    ],
    ids=["missing", "unused"],
)
def test_variables_must_fit_the_template(tmp_path: Path, variables: dict[str, str], problem: str) -> None:
    write(tmp_path)

    with pytest.raises(PromptInvalid, match=problem):
        PromptFiles(tmp_path).get("extract").fill(variables)


def test_the_projects_own_prompts_are_all_usable() -> None:
    book = PromptFiles()

    assert "extract@3" in book.ids()
    for reference in book.ids():
        assert book.get(reference).system
