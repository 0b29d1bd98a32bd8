"""What all tests share: the golden files, a clean environment, where the developers' reference material lies."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write golden files anew (review the diff)")


@pytest.fixture(autouse=True, scope="session")
def _clean_environment() -> None:
    """No setting and no key of the machine reaches a test."""
    for name in [n for n in os.environ if n.startswith("PARLEY_") or n.endswith("_API_KEY")]:
        del os.environ[name]


@pytest.fixture(autouse=True)
def _logging_is_on() -> Iterator[None]:
    """A command switches logging off in its process; a test that runs one in ours must not do so for those after it."""
    yield
    logging.disable(logging.NOTSET)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests over `../shared` skip where it is absent, as in a user's clone."""
    if not SHARED.is_dir():
        skip = pytest.mark.skip(reason="../shared (the developers' reference material) is not here")
        for item in items:
            if item.get_closest_marker("shared"):
                item.add_marker(skip)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare text with a file in `tests/golden`."""

    def compare(name: str, text: str) -> None:
        path = ROOT / "tests" / "golden" / name
        if request.config.getoption("--update-golden"):
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text

    return compare
