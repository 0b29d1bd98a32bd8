"""What is counted, for Prometheus: names start with `parley_`, units are base units, counters end in `_total`.

A label has few values, all of them ours: routes, statuses, adapters, configured models, classes of errors. Never an id, a name or a
path that a caller chose, and never text. Counting is one line where a thing happens; the core, which is pure, counts nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
    start_http_server,
)
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from service.errors import ModelFailed, ParleyError, SettingInvalid

CONTENT_TYPE = "text/plain; version=1.0.0; charset=utf-8; escaping=underscores"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""Buckets: from an answer out of the store to a model that takes ten minutes."""

REGISTRY = CollectorRegistry()
ProcessCollector(namespace="parley", registry=REGISTRY)


def _counter(name: str, what: str, *labels: str) -> Counter:
    return Counter(f"parley_{name}", what, labels, registry=REGISTRY)


def _seconds(name: str, what: str, *labels: str) -> Histogram:
    return Histogram(f"parley_{name}", what, labels, registry=REGISTRY, buckets=SECONDS)


REQUESTS = _counter("http_requests_total", "Answers given, by route, method and status.", "route", "method", "status")
REQUEST_SECONDS = _seconds("http_request_seconds", "From the first byte of a request to the last of its answer.", "route")

EXTRACTIONS = _counter(
    "extractions_total", "Articles read: completed, degraded, failed, or cached.", "outcome", "engine", "model"
)
EXTRACTION_SECONDS = _seconds("extraction_seconds", "One extraction in all, those out of the store left out.", "model")
UPSTREAM_SECONDS = _seconds("upstream_seconds", "Part of an extraction during which a model was being asked.", "model")
OVERHEAD_SECONDS = _seconds("overhead_seconds", "The rest of an extraction: our own time.", "model")
IN_FLIGHT = Gauge("parley_extractions_in_flight", "Extractions under way in this process.", registry=REGISTRY)
REJECTED = _counter("rejected_items_total", "Items of an engine's answer that could not be grounded.", "engine", "model")

MODEL_QUESTIONS = _counter(
    "model_questions_total", "Questions to a model: answered, invalid, or a failure.", "model", "outcome"
)
MODEL_CALLS = _counter("model_calls_total", "HTTP requests to a model, retries among them.", "model")
MODEL_SECONDS = _seconds("model_question_seconds", "One question to a model, retries and pauses included.", "model")
RETRIES = _counter(
    "retries_total", "Calls of a model made again: after a failure, or as the answer (reask) was to be mended.", "reason"
)
TOKENS = _counter(
    "tokens_total", "Tokens of models: input (cached ones among them), cached_input, output.", "direction", "model"
)

JOBS = _counter("jobs_total", "Jobs that ended, and those that were set aside (parked).", "kind", "state")
JOBS_POSTPONED = _counter("jobs_postponed_total", "Jobs that will be tried again later.", "kind", "reason")
JOB_CRASHES = _counter("job_crashes_total", "Times the work stopped under a job.", "kind")
TAKEN_OVER = _counter("jobs_taken_over_total", "Jobs of workers that died, given to others.", "task")

DELIVERIES = _counter("deliveries_total", "Deliveries of CMSs, by what was answered.", "adapter", "status")
HOOKS_REFUSED = _counter("hooks_refused_total", "Deliveries refused with 401, by what was wrong.", "adapter", "reason")

DISPATCHES = _counter("dispatch_attempts_total", "Attempts to tell an endpoint, by the state they led to.", "outcome")
ENDPOINTS_DISABLED = _counter(
    "endpoints_disabled_total", "Endpoints that were disabled because of what they answered.", "reason"
)

POSTGRES_STARTS = _counter(
    "embedded_postgres_restarts_total", "Times the embedded PostgreSQL was found dead and started again."
)


def outcome_of(failure: BaseException) -> str:
    """The class of a failure as a label: ours by name, all others alike."""
    return type(failure).__name__ if isinstance(failure, ParleyError) else "other"


def count_question(model: str, outcome: str, *, calls: int, tokens: tuple[int, int, int]) -> None:
    """Count a question to a model; `tokens` are input, cached and output ones."""
    MODEL_QUESTIONS.labels(model, outcome).inc()
    MODEL_CALLS.labels(model).inc(calls)
    for direction, number in zip(("input", "cached_input", "output"), tokens, strict=True):
        TOKENS.labels(direction, model).inc(number)


def count_failed_question(model: str, failure: ModelFailed) -> None:
    """Count a question that was not answered."""
    count_question(model, outcome_of(failure), calls=failure.calls, tokens=failure.tokens)


def exposition(*more: Metric) -> bytes:
    """All metrics as Prometheus reads them; `more` are those that are known only now."""
    if not more:
        return generate_latest(REGISTRY)
    moment = CollectorRegistry()
    moment.register(_Known(more))
    return generate_latest(REGISTRY) + generate_latest(moment)


def serve_metrics(port: int) -> Callable[[], None]:
    """Answer GET /metrics on this port of loopback, in a thread: for a worker, which has no other server. What is given ends it.

    Raises SettingInvalid if the port is taken.
    """
    try:
        server, _ = start_http_server(port, addr="127.0.0.1", registry=REGISTRY)
    except OSError:
        raise SettingInvalid(setting="--metrics-port", value=str(port), expected="a port that is free") from None
    return server.shutdown


class _Known(Collector):
    """Metrics that are there already."""

    def __init__(self, metrics: tuple[Metric, ...]) -> None:
        self._metrics = metrics

    def collect(self) -> tuple[Metric, ...]:
        """Them."""
        return self._metrics
