"""Settings, read once from the environment (prefix PARLEY_); everything else receives plain values."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from service.errors import SettingInvalid

PREFIX = "PARLEY_"
LOCAL = "local"
NO_DATABASE = "none"
DEFAULT_REMOTE = "openai/gpt-5-mini"
# Their values never stand in a message: a key, or an address that may hold one.
_HIDDEN = frozenset({"api_key", "base_url", "database_url", "otel_endpoint"})
_PROVIDER_MODEL = re.compile(r"[a-z0-9_-]+/\S+")
_PROMPT = re.compile(r"[a-z][a-z0-9_]*(@[1-9][0-9]*)?")


def _unexpected(expected: str) -> PydanticCustomError:
    return PydanticCustomError("unexpected", "{expected}", {"expected": expected})


def _model(value: str) -> str:
    if value in ("auto", "rules", LOCAL) or _PROVIDER_MODEL.fullmatch(value):
        return value
    raise _unexpected("auto, rules, local, or provider/model such as openai/gpt-5-mini")


def _comma_list(value: object) -> object:
    return tuple(filter(None, (name.strip() for name in value.split(",")))) if isinstance(value, str) else value


def _choosable(value: tuple[str, ...]) -> tuple[str, ...]:
    if all(name in ("rules", LOCAL) or _PROVIDER_MODEL.fullmatch(name) for name in value):
        return value
    raise _unexpected("a comma list of rules, local and provider/model names")


def _base_url(value: str) -> str:
    expected = "an http or https address without user name and password, such as http://127.0.0.1:8080/v1"
    try:
        parts = urlsplit(value)
    except ValueError:
        raise _unexpected(expected) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise _unexpected(expected)
    return value


def _prompt(value: str) -> str:
    if _PROMPT.fullmatch(value):
        return value
    raise _unexpected("a prompt's name, with or without its version, such as extract or extract@1")


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class Settings(BaseSettings):
    """What an operator may choose; one field a variable, `model` is PARLEY_MODEL."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid")

    model: Annotated[str, AfterValidator(_model)] = Field(
        "auto", description="Engine: auto, rules, local (the embedded model) or provider/model."
    )
    base_url: Annotated[str, AfterValidator(_base_url)] | None = Field(
        None, description="Address of an OpenAI-compatible server, its /v1 included."
    )
    api_key: SecretStr | None = Field(
        None, description="Key of the model server; else the provider's own variable, such as OPENAI_API_KEY."
    )
    models: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_comma_list), AfterValidator(_choosable)] = Field(
        (), description="Further models that a request may choose, parted by commas."
    )
    deadline: float = Field(120.0, gt=0, le=3600, description="Seconds that one extraction may take in all.")
    max_bytes: int = Field(2_097_152, ge=1024, le=1_073_741_824, description="Largest request body in bytes.")
    max_words: int = Field(30_000, ge=1, le=10_000_000, description="Longest article in words.")
    max_in_flight: int = Field(2000, ge=1, le=1_000_000, description="Extractions at the same time; more are answered 503.")
    instructor_mode: Annotated[Literal["json_schema", "tools", "json"], BeforeValidator(_lower)] = Field(
        "json_schema", description="How the model is asked for structure: json_schema, tools or json."
    )
    prompt: Annotated[str, AfterValidator(_prompt)] = Field(
        "extract", description="Prompt by name (its newest version) or name@version."
    )
    model_dir: Path | None = Field(None, description="Folder of the embedded model's file; else the user's cache folder.")
    database_url: SecretStr | None = Field(
        None, description="Address of a PostgreSQL server (15 or later); else an embedded one is started; none: no database."
    )
    data_dir: Path | None = Field(None, description="Folder of the embedded PostgreSQL; else the user's data folder.")
    public_url: Annotated[str, AfterValidator(_base_url)] | None = Field(
        None, description="Address of this service as others reach it, for the links in webhooks."
    )
    worker_concurrency: int = Field(4, ge=1, le=1000, description="Jobs that one worker does at the same time.")
    queued_jobs: int = Field(100_000, ge=1, description="Unfinished jobs of one connection; more are answered 503.")
    model_requests_per_minute: int | None = Field(
        None, ge=1, description="Calls to one remote model a minute, over all processes; else no limit."
    )
    tokens_per_day: int | None = Field(
        None, ge=1, description="Tokens of all models and tenants a day (UTC); else no limit."
    )
    webhook_schedule: Annotated[tuple[float, ...] | None, NoDecode, BeforeValidator(_comma_list)] = Field(
        None,
        description="Seconds before each attempt of an outgoing webhook; else 0, 5, 300, 1800, 7200, 18000, 36000, 36000.",
    )
    outbound_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_comma_list)] = Field(
        (), description="Private hosts that outgoing requests may reach all the same, parted by commas."
    )
    metrics: Annotated[Literal["guarded", "open"], BeforeValidator(_lower)] = Field(
        "guarded",
        description="Who may read GET /metrics from beyond loopback: guarded (a key with the scope admin) or open.",
    )
    otel_endpoint: Annotated[str, AfterValidator(_base_url)] | None = Field(
        None, description="Address of an OpenTelemetry collector (OTLP/HTTP) that traces go to; needs the extra otel."
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = Field(
        "info", description="Least level that is logged: debug, info, warning or error."
    )

    @property
    def has_database(self) -> bool:
        """Whether the service keeps anything."""
        return self.database_url is None or self.database_url.get_secret_value() != NO_DATABASE

    @property
    def remote_model(self) -> str | None:
        """The model behind a server that `auto` takes: None where neither a key nor an address is set.

        Its name is the first provider/model in PARLEY_MODELS. None as well where only an address is set: which models that
        server has is not known here.
        """
        name = next((name for name in self.models if "/" in name), None)
        if self.base_url is not None and name is None:
            return None
        name = name or DEFAULT_REMOTE
        provider = name.partition("/")[0]
        has_key = self.api_key is not None or bool(os.environ.get(f"{provider.upper()}_API_KEY"))
        return name if has_key or self.base_url is not None else None


def load_settings(**overrides: Any) -> Settings:
    """The settings of this process; `overrides` win over the environment. Raises SettingInvalid for the first wrong one."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
    name = str(wrong["loc"][0])
    value = "(hidden)" if name in _HIDDEN else str(wrong["input"])[:80]
    # Outside the handler: pydantic's error holds every value, the key's as well.
    raise SettingInvalid(setting=variable(name), value=value, expected=_expectation(wrong["type"], wrong["msg"]))


def variable(field: str) -> str:
    """The environment variable of a field.

    >>> variable("max_bytes")
    'PARLEY_MAX_BYTES'
    """
    return PREFIX + field.upper()


def unknown_variables(environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Names in the environment that look like settings and are none: most likely misspelt."""
    known = {variable(field) for field in Settings.model_fields}
    return tuple(sorted(name for name in (environ or os.environ) if name.startswith(PREFIX) and name not in known))


def _expectation(kind: str, message: str) -> str:
    """What pydantic's sentence says was expected: "Input should be greater than 0" gives "a value greater than 0"."""
    if kind == "unexpected":
        return message
    text = message.removeprefix("Input should be ").partition(", unable")[0]
    return f"a value {text}" if text.startswith(("greater", "less")) else text
