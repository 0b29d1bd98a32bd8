"""Traces, if the extra `otel` is installed and an address to send them to is named; else every span is a no-op.

The GenAI conventions of OpenTelemetry still change: their attribute names stand here and nowhere else. A span holds what a log line
may hold, ids, names, sizes and outcomes, and of an exception its class: never text, never the words of an exception.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from service.errors import ExtraMissing

Value = str | int | float | bool

_SERVICE = "parley"
_NAMES = {
    "operation": "gen_ai.operation.name",
    "provider": "gen_ai.provider.name",
    "request_model": "gen_ai.request.model",
    "response_model": "gen_ai.response.model",
    "max_tokens": "gen_ai.request.max_tokens",
    "prompt": "gen_ai.prompt.name",
    "input_tokens": "gen_ai.usage.input_tokens",
    "cached_tokens": "gen_ai.usage.cache_read.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "error": "error.type",
    "method": "http.request.method",
    "route": "http.route",
    "status": "http.response.status_code",
}
"""Our names and those of the conventions; any other attribute is `parley.` and its name."""

_tracer: Any = None
_provider: Any = None


class Span:
    """A part of a trace, or nothing at all."""

    __slots__ = ("_span",)

    def __init__(self, span: Any = None) -> None:
        self._span = span

    def set(self, **attributes: Value | None) -> None:
        """Add what became known; None is left out."""
        if self._span is not None:
            for name, value in attributes.items():
                if value is not None:
                    self._span.set_attribute(_NAMES.get(name, f"parley.{name}"), value)

    def rename(self, name: str) -> None:
        """Give it the name that is only known now."""
        if self._span is not None:
            self._span.update_name(name)


_NOTHING = Span()


def start_tracing(endpoint: str | None = None, *, exporter: Any = None) -> bool:
    """Send spans to an OTLP/HTTP address, from `stop_tracing` on no more; whether any are sent.

    Without `endpoint`, the variables OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_EXPORTER_OTLP_TRACES_ENDPOINT count, and nothing is sent
    if neither is set. All other OTEL_ variables (headers, sampler, resource) are the SDK's. Raises ExtraMissing.
    """
    global _tracer, _provider
    if endpoint is None and exporter is None and not any(map(os.environ.get, _VARIABLES)):
        return False
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
    except ImportError:
        raise ExtraMissing(extra="otel", needed_for="Sending traces") from None
    resource = Resource.create({} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": _SERVICE})
    _provider = TracerProvider(resource=resource)
    if exporter is not None:
        _provider.add_span_processor(SimpleSpanProcessor(exporter))
    else:
        _provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=_traces_address(endpoint))))
    _tracer = _provider.get_tracer(_SERVICE)
    return True


_VARIABLES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def _traces_address(endpoint: str | None) -> str | None:
    """The address of a collector's traces, given that of the collector, as OTEL_EXPORTER_OTLP_ENDPOINT has it.

    >>> _traces_address("http://127.0.0.1:4318/")
    'http://127.0.0.1:4318/v1/traces'
    """
    if endpoint is None or endpoint.endswith("/v1/traces"):
        return endpoint
    return f"{endpoint.rstrip('/')}/v1/traces"


def stop_tracing() -> None:
    """Send what is left, and no more."""
    global _tracer, _provider
    if _provider is not None:
        _provider.shutdown()
    _tracer = _provider = None


@contextmanager
def span(name: str, **attributes: Value | None) -> Iterator[Span]:
    """A span around a block, within the one that is open."""
    with span_caused_by(None, name, **attributes) as one:
        yield one


@contextmanager
def span_caused_by(headers: Mapping[str, str] | None, name: str, **attributes: Value | None) -> Iterator[Span]:
    """The same, within the caller's span where the headers name one as `traceparent`."""
    if _tracer is None:
        yield _NOTHING
        return
    # The SDK's own record of an exception holds its words.
    opened = _tracer.start_as_current_span(
        name, context=_context(headers), record_exception=False, set_status_on_exception=False
    )
    with opened as raw:
        one = Span(raw)
        one.set(**attributes)
        try:
            yield one
        except BaseException as error:
            _mark_failed(raw, type(error).__name__)
            raise


def _mark_failed(raw: Any, error: str) -> None:
    from opentelemetry.trace import Status, StatusCode

    raw.set_attribute(_NAMES["error"], error)
    raw.set_status(Status(StatusCode.ERROR))


def _context(headers: Mapping[str, str] | None) -> Any:
    if not headers or "traceparent" not in headers:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    # What is malformed is ignored, as the recommendation wants it.
    carrier = {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}
    return TraceContextTextMapPropagator().extract(carrier)
