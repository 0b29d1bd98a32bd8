"""Many articles at once for one caller: each text is read once, and the caller's limits make it wait instead of failing."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import replace

from service.domain.record import Extraction
from service.errors import LimitReached, NothingThere
from service.extraction.pipeline import article_record
from service.flows.desk import Caller, Desk
from service.flows.extracting import keep_read, read_now
from service.flows.library import get_extraction
from service.flows.reading import Reading, cache_key, records
from service.handlers import ExtractArticle

MOST_PATIENCE_S = 60
"""A limit that is full again within this time, a minute's, is waited for; a day's is not."""


class Batch:
    """The articles of one request. It keeps no records, only the ids of degraded ones, which the store does not give again."""

    def __init__(self, desk: Desk, caller: Caller) -> None:
        self._desk, self._caller = desk, caller
        self._alone: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._degraded: dict[str, str] = {}

    async def read(self, command: ExtractArticle) -> Extraction:
        """The extraction of one article. Raises what `read_now` raises; LimitReached only where waiting would take too long."""
        key = f"{cache_key(command, self._desk.services.engine(command.model))} {command.on_failure}"
        async with self._alone[key]:
            known = await self._known(command, key)
            if known is not None:
                return known
            extraction = await self._patiently(command)
            if extraction.provenance.degraded:
                self._degraded[key] = extraction.id
            return extraction

    async def _known(self, command: ExtractArticle, key: str) -> Extraction | None:
        if key not in self._degraded:
            return None
        accepted_at = self._desk.now()
        try:
            stored = await get_extraction(self._desk, self._caller.tenant_id, self._degraded[key])
        except NothingThere:  # erased meanwhile
            return None
        extraction = replace(records().validate_json(stored), article=article_record(command.article))
        reading = Reading(extraction=extraction, cache_key=key.partition(" ")[0], cached=True)
        await keep_read(self._desk, command, self._caller, reading, accepted_at=accepted_at)
        return extraction

    async def _patiently(self, command: ExtractArticle) -> Extraction:
        while True:
            try:
                return (await read_now(self._desk, command, self._caller)).extraction
            except LimitReached as reached:
                if reached.retry_after_s > MOST_PATIENCE_S:
                    raise
                await asyncio.sleep(reached.retry_after_s)
