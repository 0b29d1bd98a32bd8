"""The same real database as the contract tests have, and the log as the service would write it."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from service.telemetry import JsonLines
from tests.contract.conftest import database, database_url, databases

__all__ = ["database", "database_url", "databases", "log"]


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that is logged, at every level, by us and by others."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    root, ours = logging.getLogger(), logging.getLogger("service")
    levels = root.level, ours.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    ours.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(levels[0])
    ours.setLevel(levels[1])
