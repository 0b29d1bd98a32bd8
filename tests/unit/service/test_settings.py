from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from service.errors import SettingInvalid
from service.settings import Settings, load_settings, unknown_variables, variable


@pytest.fixture(autouse=True)
def clean_environ(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*map(variable, Settings.model_fields), "OPENAI_API_KEY", "ANTHROPIC_API_KEY"]:
        monkeypatch.delenv(name, raising=False)


def test_without_a_variable_every_setting_has_its_documented_default() -> None:
    settings = load_settings()

    assert (settings.model, settings.base_url, settings.api_key, settings.models) == ("auto", None, None, ())
    assert (settings.deadline, settings.max_bytes, settings.max_words) == (120.0, 2_097_152, 30_000)
    assert (settings.max_in_flight, settings.instructor_mode, settings.prompt) == (2000, "json_schema", "extract")
    assert (settings.model_dir, settings.log_level) == (None, "info")


def test_every_setting_is_read_from_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "MODEL": "openai/gpt-5-mini", "BASE_URL": "http://127.0.0.1:8080/v1", "API_KEY": "sk-1", "DEADLINE": "7.5",
        "MAX_BYTES": "4096", "MAX_WORDS": "100", "INSTRUCTOR_MODE": "TOOLS", "PROMPT": "extract@1",
        "MODELS": "rules, local,ollama/qwen3:4b ,", "MAX_IN_FLIGHT": "3", "MODEL_DIR": "/models", "LOG_LEVEL": "DEBUG",
        "DATABASE_URL": "postgresql://u:p@db/parley", "DATA_DIR": "/data", "PUBLIC_URL": "https://parley.example/x",
        "WORKER_CONCURRENCY": "9", "QUEUED_JOBS": "50", "MODEL_REQUESTS_PER_MINUTE": "60", "TOKENS_PER_DAY": "1000",
        "WEBHOOK_SCHEDULE": "0, 1,2.5", "OUTBOUND_HOSTS": "cms.local, 10.0.0.7", "METRICS": "OPEN",
        "OTEL_ENDPOINT": "http://127.0.0.1:4318",
    }  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(f"PARLEY_{name}", value)

    settings = load_settings()

    assert set(given) == {field.upper() for field in Settings.model_fields}
    assert (settings.model, settings.base_url) == ("openai/gpt-5-mini", "http://127.0.0.1:8080/v1")
    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == "sk-1"
    assert (settings.deadline, settings.max_bytes, settings.max_words) == (7.5, 4096, 100)
    assert (settings.instructor_mode, settings.prompt) == ("tools", "extract@1")
    assert settings.models == ("rules", "local", "ollama/qwen3:4b")
    assert (settings.max_in_flight, settings.model_dir, settings.log_level) == (3, Path("/models"), "debug")
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "postgresql://u:p@db/parley"
    assert (settings.data_dir, settings.public_url) == (Path("/data"), "https://parley.example/x")
    assert (settings.worker_concurrency, settings.queued_jobs) == (9, 50)
    assert (settings.model_requests_per_minute, settings.tokens_per_day) == (60, 1000)
    assert (settings.webhook_schedule, settings.outbound_hosts) == ((0.0, 1.0, 2.5), ("cms.local", "10.0.0.7"))
    assert (settings.metrics, settings.otel_endpoint) == ("open", "http://127.0.0.1:4318")


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_BASE_URL", "")
    monkeypatch.setenv("PARLEY_DEADLINE", "")

    settings = load_settings()

    assert (settings.base_url, settings.deadline) == (None, 120.0)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("MODEL", "gpt-5", "provider/model"),
        ("BASE_URL", "localhost:8080", "http or https address"),
        ("BASE_URL", "http://user:secret@host/v1", "without user name and password"),
        ("DEADLINE", "0", "a value greater than 0"),
        ("DEADLINE", "soon", "a valid number"),
        ("DEADLINE", "nan", "a value"),
        ("DEADLINE", "inf", "a value less than or equal to 3600"),
        ("MAX_BYTES", "2MiB", "a valid integer"),
        ("MAX_BYTES", "1", "a value greater than or equal to 1024"),
        ("MAX_WORDS", "-1", "a value greater than or equal to 1"),
        ("MAX_IN_FLIGHT", "0", "a value greater than or equal to 1"),
        ("INSTRUCTOR_MODE", "xml", "'json_schema', 'tools' or 'json'"),
        ("PROMPT", "extract@latest", "extract@1"),
        ("PROMPT", "../secret", "a prompt's name"),
        ("MODELS", "rules,gpt", "a comma list"),
        ("LOG_LEVEL", "loud", "'debug', 'info', 'warning' or 'error'"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(f"PARLEY_{name}", value)

    with pytest.raises(SettingInvalid, match=f"PARLEY_{name}") as caught:
        load_settings()

    assert expected in caught.value.expected
    assert caught.value.value in (value, value.lower(), "(hidden)") or name == "MODELS"
    assert "secret@" not in str(caught.value)


def test_a_key_stands_in_no_message_and_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_API_KEY", "sk-canary")
    monkeypatch.setenv("PARLEY_DEADLINE", "soon")

    with pytest.raises(SettingInvalid, match="PARLEY_DEADLINE") as caught:
        load_settings()

    assert "sk-canary" not in "".join(traceback.format_exception(caught.value))
    monkeypatch.delenv("PARLEY_DEADLINE")
    assert "sk-canary" not in repr(load_settings())


def test_what_is_given_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_MODEL", "local")

    assert load_settings(model="rules").model == "rules"


@pytest.mark.parametrize(
    ("environ", "remote"),
    [
        ({}, None),
        ({"PARLEY_API_KEY": "k"}, "openai/gpt-5-mini"),
        ({"OPENAI_API_KEY": "k"}, "openai/gpt-5-mini"),
        ({"ANTHROPIC_API_KEY": "k"}, None),
        ({"ANTHROPIC_API_KEY": "k", "PARLEY_MODELS": "anthropic/claude-x"}, "anthropic/claude-x"),
        ({"PARLEY_MODELS": "anthropic/claude-x"}, None),
        ({"PARLEY_BASE_URL": "http://h/v1", "PARLEY_MODELS": "local,openai/mine"}, "openai/mine"),
    ],
)
def test_auto_takes_a_remote_model_where_a_key_or_an_address_is_set(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], remote: str | None
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    assert load_settings().remote_model == remote


def test_an_address_without_a_models_name_is_not_guessed_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_BASE_URL", "http://127.0.0.1:8080/v1")

    assert load_settings().remote_model is None


def test_misspelt_variables_are_found() -> None:
    environ = {"PARLEY_DEADLNE": "1", "PARLEY_DEADLINE": "1", "PATH": "x"}

    assert unknown_variables(environ) == ("PARLEY_DEADLNE",)
