from __future__ import annotations

import json
import logging
import sys
from typing import Any

from service.telemetry import JsonLines, describe_failure, log_event, request_id

CANARY = "canary-4711"


class Keep(logging.Handler):
    """Keeps what JsonLines makes of each record."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, Any]] = []
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        line = JsonLines().format(record)
        self.text += line
        self.lines.append(json.loads(line))


def kept(name: str) -> tuple[logging.Logger, Keep]:
    logger, handler = logging.getLogger(name), Keep()
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(logging.INFO)
    return logger, handler


def failing() -> BaseException:
    try:
        raise ValueError(CANARY)
    except ValueError as error:
        return error


def test_an_event_is_one_line_with_its_facts_and_the_request_it_belongs_to() -> None:
    logger, handler = kept("tests.ours")
    token = request_id.set("r-1")

    log_event(logger, "thing_done", bytes_in=3, engine="rules", degraded=False, model=None)
    request_id.reset(token)

    (line,) = handler.lines
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "info", "event": "thing_done", "request_id": "r-1", "bytes_in": 3, "engine": "rules", "degraded": False,
        "model": None,
    }  # fmt: skip


def test_an_event_below_the_level_is_not_made() -> None:
    logger, handler = kept("tests.quiet")

    log_event(logger, "detail_seen", logging.DEBUG, n=1)

    assert handler.lines == []


def test_a_foreign_record_gives_its_logger_and_class_of_error_but_none_of_its_words() -> None:
    logger, handler = kept("somebody.else")

    logger.error("could not read %s", CANARY)
    logger.error(f"Task exception: {CANARY}", exc_info=failing())

    assert CANARY not in handler.text
    assert handler.lines[0]["event"] == "foreign_event_logged"
    assert handler.lines[1].items() >= {"logger": "somebody.else", "error": "ValueError"}.items()


def test_the_servers_own_news_keep_their_first_line() -> None:
    logger, handler = kept("uvicorn.error")

    logger.error(f"Exception in ASGI application\n{CANARY}", exc_info=failing())

    logging.getLogger("uvicorn.error").handlers.clear()
    assert handler.lines[0]["message"] == "Exception in ASGI application"
    assert CANARY not in handler.text


def test_a_failure_is_described_by_class_and_place() -> None:
    described = describe_failure(failing())

    assert described["error"] == "ValueError"
    assert described["at"].startswith(f"{__name__}:")
    assert sys.getsizeof(described["at"]) > 0
