"""The embedded model itself, by the whole path but HTTP: settings, services, extraction. Slow: seconds to a minute an article."""

from __future__ import annotations

import importlib.util
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict

from service.adapters.local_server import LocalModel
from service.adapters.model_files import cache_dir, installed
from service.bootstrap import build_services
from service.handlers import ExtractArticle, Services, extract_article
from service.ports import Message
from service.settings import load_settings
from tests.builders import make_article

pytestmark = pytest.mark.model
DEADLINE_S = 600.0  # on a busy machine; an idle one needs a tenth


@pytest.fixture
def model_file() -> Path:
    """The pulled file; the tests are skipped without it."""
    if importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("the extra `local` is not installed")
    path = installed(cache_dir(load_settings().model_dir))
    if path is None:
        pytest.skip("the embedded model is not pulled: run `parley models pull`")
    return path


@pytest.fixture
async def services(model_file: Path) -> AsyncIterator[Services]:
    built = await build_services(load_settings(model="local", deadline=DEADLINE_S))
    yield built
    await built.aclose()


async def test_the_embedded_model_has_a_say_on_an_article_and_changes_no_value_of_the_rules(services: Services) -> None:
    article = make_article()

    rules = await extract_article(ExtractArticle(article=article, model="rules"), services)
    local = await extract_article(ExtractArticle(article=article, on_failure="error"), services)

    items = [*local.quotes, *local.exchanges]
    opinions = [item for item in items if "model" in item.by or any(w.check == "engines" for w in item.warnings)]
    assert rules.quotes
    assert opinions
    assert all(item.by[0] == "rules" for item in items)
    assert (local.provenance.engine, local.provenance.model) == ("model", "local")
    assert not local.provenance.degraded
    assert local.provenance.prompt is not None
    assert local.provenance.prompt.startswith("confirm@")
    assert 0 < local.provenance.usage.input_tokens < 700 * local.provenance.attempts
    assert 0 < local.provenance.usage.output_tokens < 100 * local.provenance.attempts
    assert [(q.start, q.end, q.kind, q.speaker) for q in local.quotes] == [
        (q.start, q.end, q.kind, q.speaker) for q in rules.quotes
    ]
    assert [(x.kind, x.status, x.date, x.transfers) for x in local.exchanges] == [
        (x.kind, x.status, x.date, x.transfers) for x in rules.exchanges
    ]


class Verse(BaseModel):
    """As little as a schema can leave room for."""

    model_config = ConfigDict(extra="forbid")
    subject: Literal["a mountain", "a desert"]


async def test_the_server_enforces_the_schema_reuses_the_prompt_and_counts_tokens(model_file: Path) -> None:
    model = LocalModel(model_file)
    messages = (Message("system", "You are a poet."), Message("user", "Recite a long poem about the sea, in plain words."))

    first = await model.ask(messages, response_model=Verse, max_tokens=60, timeout_s=DEADLINE_S)
    second = await model.ask(messages, response_model=Verse, max_tokens=60, timeout_s=DEADLINE_S)
    pid = model.server.pid
    await model.aclose()

    assert first.answer.subject in ("a mountain", "a desert")
    assert first.usage.input_tokens > 10
    assert second.usage.cached_tokens > first.usage.input_tokens // 2
    assert second.answer == first.answer  # temperature 0
    assert pid is not None
    assert not model.server.is_running
