"""Write docs/settings.md and .env.example from the settings themselves: `python -m scripts.write_settings`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic_core import PydanticUndefined

from service.settings import Settings, variable

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "docs" / "settings.md"
EXAMPLE = ROOT / ".env.example"

GROUPS: dict[str, tuple[str, ...]] = {
    "Engine and model": (
        "model", "base_url", "api_key", "models", "prompt", "instructor_mode", "model_dir", "model_requests_per_minute",
        "tokens_per_day",
    ),
    "Requests": ("deadline", "max_bytes", "max_words", "max_in_flight"),
    "Database and jobs": ("database_url", "data_dir", "worker_concurrency", "queued_jobs"),
    "Webhooks": ("public_url", "webhook_schedule", "outbound_hosts"),
    "Operation": ("log_level", "metrics", "otel_endpoint"),
}  # fmt: skip

_HEAD = """# Settings

Environment variables, read once at start; a wrong value stops the start with its name and what was expected. An empty one counts as
not set. This page and `.env.example` are written by `python -m scripts.write_settings`; a test compares them with the code.
"""
_FOOT = """
Keys, connections and endpoints are no settings: they are in the database (`parley keys`, `parley connections`, `parley endpoints`).
Secrets may be given by any variable above that holds a key or an address; none of them is ever logged or shown in an error.

Traces: with the extra `otel`, and `PARLEY_OTEL_ENDPOINT` or OpenTelemetry's own `OTEL_EXPORTER_OTLP_ENDPOINT`, spans are sent to a
collector by OTLP over HTTP. All other `OTEL_` variables (headers, sampler, resource) are the SDK's.
"""
_ENV_HEAD = """# Settings of Parley, with their defaults. The service reads its environment, never this file by itself:
#   set -a; . ./.env; set +a; make serve        or        docker run --env-file .env ...
"""


def default_of(name: str) -> str:
    """The default as it would stand in the environment; empty where there is none."""
    value: Any = Settings.model_fields[name].default
    if value is None or value is PydanticUndefined:
        return ""
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def table() -> str:
    """docs/settings.md."""
    parts = [_HEAD]
    for title, names in GROUPS.items():
        parts.append(f"\n## {title}\n\n| Variable | Default | Meaning |\n|---|---|---|\n")
        for name in names:
            default = f"`{default_of(name)}`" if default_of(name) else ""
            parts.append(f"| `{variable(name)}` | {default} | {Settings.model_fields[name].description} |\n")
    return "".join((*parts, _FOOT))


def example() -> str:
    """.env.example."""
    parts = [_ENV_HEAD]
    for title, names in GROUPS.items():
        parts.append(f"\n# --- {title}\n")
        parts += [f"# {Settings.model_fields[name].description}\n{variable(name)}={default_of(name)}\n" for name in names]
    return "".join(parts)


def main() -> None:
    """Write both."""
    TABLE.write_text(table(), encoding="utf-8")
    EXAMPLE.write_text(example(), encoding="utf-8")


if __name__ == "__main__":
    main()
