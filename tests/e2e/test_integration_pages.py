"""The pages that tell newsrooms how to connect: their commands name adapters and options that exist, their links lead somewhere."""

from __future__ import annotations

import itertools
import re
import shlex
from pathlib import Path

import pytest

from service.webhooks.cms.registry import ADAPTERS, check_options
from service.webhooks.schemes import SCHEMES
from tests.conftest import ROOT

PAGES = [ROOT / "docs" / "cms.md", *sorted((ROOT / "integrations").glob("*/README.md"))]
POLLED = WRITTEN_BACK = {"wordpress", "ghost"}


def commands(page: Path) -> list[list[str]]:
    """The words of every `parley connections create` with its name, continued lines joined."""
    text = re.sub(r"\\\n\s*", " ", page.read_text(encoding="utf-8"))
    found = re.findall(r"parley connections create ([a-z-]+ --name [^`\n]*)", text)
    return [shlex.split(command, comments=True) for command in found]


def values(words: list[str], flag: str) -> list[str]:
    return [after for word, after in itertools.pairwise(words) if word == flag]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_commands_name_adapters_and_options_that_exist(page: Path) -> None:
    found = commands(page)
    assert found
    for adapter, *words in found:
        assert adapter in ADAPTERS
        check_options(adapter, dict(option.split("=", 1) for option in values(words, "--option")))
        known = {"--name", "--secret", "--option", "--base-url", "--credential", "--write-back", "--poll"}
        assert {word for word in words if word.startswith("--")} <= known
        assert not values(words, "--poll") or adapter in POLLED
        assert not values(words, "--write-back") or adapter in WRITTEN_BACK


def test_every_adapter_has_a_row_and_a_way_to_sign() -> None:
    overview = (ROOT / "docs" / "cms.md").read_text(encoding="utf-8")
    assert {name for name in ADAPTERS if f"| `{name}` |" in overview} == set(ADAPTERS)
    assert {adapter.scheme for adapter in ADAPTERS.values()} <= set(SCHEMES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_links_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).is_file()] == []
