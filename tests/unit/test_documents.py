"""What the documents promise exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts import write_settings
from service.settings import Settings, variable

ROOT = Path(__file__).parents[2]
SETTINGS = {variable(field) for field in Settings.model_fields}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_readme_lists_no_setting_that_there_is_not_and_says_where_all_are() -> None:
    rows = set(re.findall(r"^\| `(PARLEY_[A-Z_]+)` \|", read("README.md"), re.MULTILINE))

    assert rows
    assert rows <= SETTINGS
    assert "](docs/settings.md)" in read("README.md")


def test_the_table_of_settings_is_as_the_settings_are() -> None:
    grouped = [name for names in write_settings.GROUPS.values() for name in names]

    assert sorted(grouped) == sorted(Settings.model_fields)
    assert read("docs/settings.md") == write_settings.table()
    assert read(".env.example") == write_settings.example()


def test_the_example_environment_holds_every_setting_at_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    given = dict(re.findall(r"^(PARLEY_[A-Z_]+)=(.*)$", read(".env.example"), re.MULTILINE))
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    default = Settings()

    for name, value in given.items():
        monkeypatch.setenv(name, value)

    assert set(given) == SETTINGS
    assert Settings() == default


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "Dockerfile", ".ci/run"])
def test_every_make_target_that_is_named_exists(name: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    lines = [line for line in read(name).splitlines() if not line.lstrip().startswith("#")]
    named = set(re.findall(r"(?:^|[`\s;])make ([a-z]+)", "\n".join(lines)))

    assert named
    assert named - {"targets"} <= targets


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-local.lock", "requirements-dev.lock"])
def test_a_lock_pins_every_package_by_hash_and_names_no_index(name: str) -> None:
    lines = [line for line in read(name).splitlines() if not line.startswith("#")]
    packages = [line for line in lines if not line.startswith(" ")]

    assert len(packages) > 40
    assert all(re.match(r"[a-z0-9._-]+==\S+( ; .+)? \\$", line) for line in packages)
    assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line) for line in lines if line.startswith(" "))
    assert any(line.startswith("setuptools==") for line in packages)


def test_the_locks_agree() -> None:
    pinned: dict[str, set[str]] = {}
    for name in ("requirements.lock", "requirements-local.lock", "requirements-dev.lock"):
        found = set(re.findall(r"^([a-z0-9._-]+==\S+)", read(name), re.MULTILINE))
        pinned[name] = found

    assert pinned["requirements.lock"] <= pinned["requirements-local.lock"] <= pinned["requirements-dev.lock"]
