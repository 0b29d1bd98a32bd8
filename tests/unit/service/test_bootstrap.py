"""Which engine answers, by what is configured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from service.bootstrap import build_services
from service.errors import ModelFileMissing, SettingInvalid
from service.settings import load_settings
from tests import scripted_server as server


async def default_with(tmp_path: Path, **settings: object) -> tuple[str, tuple[str, ...]]:
    services = await build_services(load_settings(model_dir=tmp_path, **settings))
    try:
        return services.default, services.models
    finally:
        await services.aclose()


async def test_without_anything_configured_rules_answer(tmp_path: Path) -> None:
    assert await default_with(tmp_path) == ("rules", ("rules",))


async def test_a_named_model_is_the_default_and_rules_may_be_chosen(tmp_path: Path) -> None:
    default, models = await default_with(tmp_path, model="openai/m", base_url="http://127.0.0.1:9/v1")

    assert (default, models) == ("openai/m", ("rules", "openai/m"))


async def test_with_only_an_address_the_servers_first_model_is_taken(tmp_path: Path) -> None:
    listed = json.dumps({"object": "list", "data": [{"id": "small-7b"}, {"id": "large"}]}).encode()
    with server.ScriptedServer(models=listed) as scripted:
        assert (await default_with(tmp_path, base_url=scripted.base_url))[0] == "openai/small-7b"


async def test_an_address_where_nothing_answers_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid, match="PARLEY_MODEL has value 'auto'; expected provider/model"):
        await default_with(tmp_path, base_url="http://127.0.0.1:9/v1")


async def test_the_embedded_model_must_have_been_pulled(tmp_path: Path) -> None:
    with pytest.raises(ModelFileMissing, match="parley models pull"):
        await default_with(tmp_path, model="local")
