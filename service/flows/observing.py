"""One extraction, looked on: how it ended, how long it took, and how much of that a model took."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from service import metrics
from service.adapters.observed import Upstream, upstream
from service.domain.record import Extraction
from service.errors import ModelFailed
from service.extraction.engine import RULES
from service.handlers import ExtractArticle, Services, extract_article
from service.tracing import span

Extract = Callable[[ExtractArticle, Services], Awaitable[Extraction]]


async def extract_observed(command: ExtractArticle, services: Services, extract: Extract = extract_article) -> Extraction:
    """Read an article by `extract`; raises what that raises."""
    engine = services.engine(command.model)
    model = engine.name if engine is not None else RULES
    meter, started = Upstream(), time.perf_counter()
    token = upstream.set(meter)
    metrics.IN_FLIGHT.inc()
    try:
        with span("extract", characters=len(command.article.text), model=model) as traced:
            extraction = await extract(command, services)
            made = extraction.provenance
            traced.set(extraction_id=extraction.id, engine=made.engine, prompt=made.prompt, degraded=made.degraded)
    except ModelFailed:
        metrics.EXTRACTIONS.labels("failed", "model", model).inc()
        raise
    finally:
        metrics.IN_FLIGHT.dec()
        upstream.reset(token)
        elapsed = time.perf_counter() - started
        metrics.EXTRACTION_SECONDS.labels(model).observe(elapsed)
        metrics.UPSTREAM_SECONDS.labels(model).observe(meter.seconds)
        metrics.OVERHEAD_SECONDS.labels(model).observe(max(0.0, elapsed - meter.seconds))
    metrics.EXTRACTIONS.labels("degraded" if made.degraded else "completed", made.engine, model).inc()
    metrics.REJECTED.labels(made.engine, model).inc(len(extraction.rejected))
    return extraction


def count_cached(extraction: Extraction) -> None:
    """An answer out of the store."""
    made = extraction.provenance
    metrics.EXTRACTIONS.labels("cached", made.engine, made.model or RULES).inc()
