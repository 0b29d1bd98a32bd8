"""Structured logs: one JSON object a line on stderr. Ids, sizes, timings and outcomes; never text, keys or vendors' words."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

ROOT = "service"
_FIELDS = "parley_fields"
# A foreign record's text may hold anything (an exception's words, and in them an article); uvicorn's own news do not.
_PLAIN_SPOKEN = frozenset({"uvicorn.error"})

Fact = str | int | float | bool | None


def log_event(logger: logging.Logger, event: str, level: int = logging.INFO, /, **facts: Fact) -> None:
    """Log `event` (a verb in the past tense) with its facts; they must be ids, names, sizes, timings or outcomes."""
    if logger.isEnabledFor(level):
        logger.log(level, event, extra={_FIELDS: facts})


def describe_failure(error: BaseException) -> dict[str, str]:
    """An exception without its words: its class and the place in our code, or else anywhere, that it came through last.

    Of a group, its first.
    """
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return {"error": type(error).__name__, "at": _place(error.__traceback__)}


def _place(trace: TracebackType | None) -> str:
    place = ""
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", "?"))
        if module.startswith(ROOT) or not place:
            place = f"{module}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


class JsonLines(logging.Formatter):
    """Formats our events with their facts, and of foreign records only what cannot hold an article."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        line: dict[str, Fact] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
        }
        facts = getattr(record, _FIELDS, None)
        if isinstance(facts, Mapping):
            line["event"] = record.msg
            if (current := request_id.get()) is not None:
                line["request_id"] = current
            line.update(facts)
        else:
            line["event"] = "foreign_event_logged"
            line["logger"] = record.name
            if record.name in _PLAIN_SPOKEN:  # its first line only: a traceback may follow
                line["message"] = record.getMessage().partition("\n")[0]
            if record.exc_info and record.exc_info[1] is not None:
                line.update(describe_failure(record.exc_info[1]))
        return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def configure_logging(level: str) -> None:
    """Send all logs of this process to stderr as JSON lines: ours from `level` on, others' from warnings on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(ROOT).setLevel(level.upper())
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
