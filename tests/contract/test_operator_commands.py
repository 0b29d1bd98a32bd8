"""`parley doctor`, `parley jobs` and `parley endpoints` over a real database, as an operator runs them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner, Result

from service import cli

HELD = "canary-4711"


@pytest.fixture(autouse=True)
def environment(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PARLEY_DATABASE_URL", database_url)
    monkeypatch.setenv("PARLEY_MODEL", "rules")
    yield
    logging.disable(logging.NOTSET)  # a command silences the logs of its process, which here is that of all tests


def parley(*arguments: str) -> Result:
    result = CliRunner().invoke(cli.app, list(arguments), catch_exceptions=True)
    assert HELD not in result.output
    return result


def execute(url: str, *statements: str) -> None:
    with psycopg.connect(url) as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[call-overload]


def checks(*arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
    result = parley("doctor", "--json", *arguments)
    found = json.loads(result.stdout)
    assert found["ok"] == (result.exit_code == 0)
    return result.exit_code, {check["name"]: check for check in found["checks"]}


def test_a_service_that_is_well_is_said_to_be_so() -> None:
    code, found = checks()

    assert code == 0
    assert {name for name, check in found.items() if check["state"] != "ok"} == {"workers"}
    assert "PostgreSQL 18" in found["database"]["found"]
    assert parley("doctor").exit_code == 0


def test_what_is_wrong_is_named_with_what_to_do(database_url: str) -> None:
    execute(
        database_url,
        f"""INSERT INTO job (id, tenant_id, kind, state, request, created_at) VALUES
            ('job_1', 'default', 'extract', 'parked', '{{"text": "{HELD}"}}', now()),
            ('job_2', 'default', 'extract', 'queued', NULL, now() - interval '1 hour')""",  # noqa: S608
        """INSERT INTO endpoint (id, tenant_id, url, event_types, secret, disabled_at)
            VALUES ('ep_1', 'default', 'https://a.example', '{}', 'whsec_x', now())""",
    )

    code, found = checks("--host", "0.0.0.0")
    shown = parley("doctor")

    wrong = {name for name, check in found.items() if check["state"] == "failed"}
    assert code == 1
    assert wrong == {"keys", "workers", "queue", "parked jobs"}
    assert found["endpoints"]["state"] == "warning"
    assert all(check["advice"] for check in found.values() if check["state"] != "ok")
    assert shown.exit_code == 1
    assert "-> parley jobs list --state parked, then parley jobs retry ID" in shown.stdout


def test_a_database_that_is_away_or_behind_is_a_failure(databases: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_DATABASE_URL", databases.empty())
    behind = checks()
    monkeypatch.setenv("PARLEY_DATABASE_URL", f"postgresql://u:{HELD}@127.0.0.1:9/none")
    away = checks()
    monkeypatch.setenv("PARLEY_DATABASE_URL", "none")
    unwanted = checks()

    assert (behind[0], behind[1]["migrations"]["advice"]) == (1, "parley db upgrade, or start the service")
    assert (away[0], away[1]["database"]["state"]) == (1, "failed")
    assert unwanted[0] == 0


def test_a_model_that_does_not_answer_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_MODEL", "openai/m")
    monkeypatch.setenv("PARLEY_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("PARLEY_API_KEY", HELD)

    code, found = checks()

    assert (code, found["model"]["state"]) == (1, "failed")


def test_parked_jobs_are_listed_and_retried(database_url: str) -> None:
    execute(
        database_url,
        f"""INSERT INTO job (id, tenant_id, kind, state, crashes, request) VALUES
            ('job_1', 'default', 'extract', 'parked', 3, '{{"text": "{HELD}"}}'),
            ('job_2', 'default', 'extract', 'parked', 3, NULL), ('job_3', 'default', 'extract', 'succeeded', 0, NULL)""",  # noqa: S608
    )

    listed = parley("jobs", "list", "--state", "parked", "--json")
    one, rest = parley("jobs", "retry", "job_1"), parley("jobs", "retry", "--all")
    again, neither, wrong = parley("jobs", "retry", "job_1"), parley("jobs", "retry"), parley("jobs", "list", "--state", "x")

    assert [json.loads(line)["id"] for line in listed.stdout.splitlines()] == ["job_2", "job_1"]
    assert (one.stdout, rest.stdout) == ("job_1\n", "job_2\n")
    assert again.exception is not None
    assert (neither.exit_code, wrong.exit_code) == (2, 2)
    with psycopg.connect(database_url) as connection:
        states = connection.execute("SELECT state, crashes FROM job ORDER BY id").fetchall()
        waiting = connection.execute("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'").fetchone()
    assert states == [("queued", 0), ("queued", 0), ("succeeded", 0)]
    assert waiting == (2,)


def test_an_endpoint_lives_by_commands(database_url: str) -> None:
    made = parley(
        "endpoints", "create", "http://127.0.0.1:9/in", "--allow-private", "--event", "extraction.completed", "--json"
    )
    endpoint = json.loads(made.stdout)
    name = endpoint["id"]

    listed = json.loads(parley("endpoints", "list", "--json").stdout)
    rotated = json.loads(parley("endpoints", "rotate", name, "--json").stdout)
    updated = json.loads(parley("endpoints", "update", name, "--event", "all", "--description", "CMS", "--json").stdout)
    disabled = parley("endpoints", "disable", name).stdout
    refused = parley("endpoints", "ping", name)
    enabled = json.loads(parley("endpoints", "enable", name, "--json").stdout)
    message = parley("endpoints", "ping", name).stdout.strip()
    execute(database_url, "UPDATE dispatch SET state = 'exhausted', finished_at = now(), next_at = NULL")
    dead = json.loads(parley("endpoints", "dead-letters", "--json").stdout)
    replayed = parley("endpoints", "replay", "--message", message)
    since = parley("endpoints", "replay", name, "--since", "2026-01-01")
    log = parley("endpoints", "deliveries", name, "--json")
    public = parley("endpoints", "create", "http://127.0.0.1:9/in")
    unknown = parley("endpoints", "create", "https://a.example/in", "--event", "extraction.begun")
    deleted = parley("endpoints", "delete", name)
    gone = parley("endpoints", "show", name)

    assert endpoint["secret"].startswith("whsec_")
    assert "secret" not in listed
    assert rotated["secret"] not in (endpoint["secret"], "")
    assert (updated["event_types"], updated["description"]) == ([], "CMS")
    assert "on request" in disabled
    assert refused.exit_code == 1
    assert enabled["disabled_at"] is None
    assert dead["message_id"] == message
    assert replayed.stderr == "1 deliveries were started.\n"
    assert since.stderr == "0 deliveries were started.\n"  # a test message is no news
    assert log.stdout == ""
    assert public.exit_code == 1
    assert unknown.exit_code == 2
    assert deleted.exit_code == 0
    assert gone.exit_code == 1
