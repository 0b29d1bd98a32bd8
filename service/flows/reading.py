"""Reading an article at most once: cached by what decides the answer, shared by all who ask for it at the same time.

Within a process they share one task (`flight`); between processes a row in `claim` says who reads, and the others wait.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib.metadata import version
from typing import Any

from pydantic import TypeAdapter

from service.adapters.database.pool import Connection
from service.domain.record import Extraction
from service.errors import DatabaseUnavailable, ModelFailed
from service.extraction.engine import RULES, Engine
from service.extraction.pipeline import article_record
from service.extraction.verbatim import require_verbatim
from service.flows.access import admit, charge
from service.flows.desk import Caller, Desk
from service.flows.observing import count_cached, extract_observed
from service.handlers import ExtractArticle, check_length

CLAIM_S, RENEWAL_S = 20.0, 5.0
WAIT_S = 0.25
SEARCHED_CHARACTERS = 100_000


@cache
def records() -> TypeAdapter[Extraction]:
    """Extractions to and from JSON."""
    return TypeAdapter(Extraction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An extraction; `cached` if it had been stored before this request."""

    extraction: Extraction
    cache_key: str
    cached: bool

    @property
    def base_key(self) -> str:
        """The key under which the same request is looked up: that of a degraded one has more to it."""
        return self.cache_key.partition(":")[0]

    @property
    def body(self) -> bytes:
        """The record as JSON."""
        return records().dump_json(self.extraction)


def cache_key(command: ExtractArticle, engine: Engine | None) -> str:
    """SHA-256 over everything that decides the answer: the text and what is known of it, what is wanted, engine and prompt.

    Our own version stands in it because scanner and rules decide as well. The tenant does not: it is a column beside it.
    """
    article = command.article
    decides = (
        version("parley"),
        article.sha256,
        article.title,
        str(article.published_at),
        article.from_html,
        sorted(command.include),
        command.indirect,
        engine.name if engine else RULES,
        engine.prompt.sha256 if engine else None,
    )
    return hashlib.sha256(json.dumps(decides, ensure_ascii=False).encode()).hexdigest()


async def read(desk: Desk, command: ExtractArticle, caller: Caller) -> Reading:
    """The extraction of an article, from the store or by an engine; a new one is stored.

    Raises what `extract_article` raises, LimitReached before any call of a model, DatabaseUnavailable.
    """
    engine = desk.services.engine(command.model)
    check_length(command.article, desk.services.max_words)
    key = cache_key(command, engine)
    await admit(desk, caller, None)
    found = await _stored(desk, caller.tenant_id, key)
    if found is None:
        work = partial(_read_once, desk, command, caller, engine, key)
        found = await desk.flights.join((caller.tenant_id, key, command.on_failure), work)
    if found.cached:
        count_cached(found.extraction)
    return _as_asked(found, command)


def _as_asked(reading: Reading, command: ExtractArticle) -> Reading:
    """The same answer with this caller's own id and address of the article; what was stored is checked against the text again."""
    extraction = replace(reading.extraction, article=article_record(command.article))
    return replace(reading, extraction=require_verbatim(extraction, command.article.text))


async def _stored(desk: Desk, tenant_id: str, key: str) -> Reading | None:
    row = await desk.database.row(
        "SELECT record::text AS record FROM extraction WHERE tenant_id = %(tenant)s AND cache_key = %(key)s",
        {"tenant": tenant_id, "key": key},
    )
    return None if row is None else Reading(extraction=records().validate_json(row["record"]), cache_key=key, cached=True)


async def _read_once(desk: Desk, command: ExtractArticle, caller: Caller, engine: Engine | None, key: str) -> Reading:
    if engine is None:
        return await _extract(desk, command, caller, None, key)
    while not await _claim(desk, caller.tenant_id, key):
        await asyncio.sleep(WAIT_S)
        if (found := await _stored(desk, caller.tenant_id, key)) is not None:
            return found
    renewing = asyncio.create_task(_renew(desk, caller.tenant_id, key))
    try:
        # Whoever had the claim before may have finished between our look and our claim.
        return await _stored(desk, caller.tenant_id, key) or await _extract(desk, command, caller, engine, key)
    finally:
        renewing.cancel()
        await _release(desk, caller.tenant_id, key)


async def _renew(desk: Desk, tenant_id: str, key: str) -> None:
    """Keep a claim while its reading lasts: a short time after its holder died, it is anybody's."""
    while True:
        await asyncio.sleep(RENEWAL_S)
        with suppress(DatabaseUnavailable):
            await desk.database.execute(
                """UPDATE claim SET expires_at = now() + make_interval(secs => %(seconds)s)
                WHERE tenant_id = %(tenant)s AND cache_key = %(key)s AND owner = %(owner)s""",
                {"tenant": tenant_id, "key": key, "owner": desk.owner, "seconds": CLAIM_S},
            )


async def _claim(desk: Desk, tenant_id: str, key: str) -> bool:
    """Whether it is ours to read; a claim whose holder died, and does not renew it, ends with its time.

    A row of ours that no reading of ours holds was left by a database that went away: it is taken again.
    """
    if (tenant_id, key) in desk.claims:  # another flight of this process, with another `on_failure`
        return False
    desk.claims.add((tenant_id, key))
    taken = 0
    try:
        taken = await desk.database.execute(
            """INSERT INTO claim (tenant_id, cache_key, owner, expires_at)
            VALUES (%(tenant)s, %(key)s, %(owner)s, now() + make_interval(secs => %(seconds)s))
            ON CONFLICT (tenant_id, cache_key) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at
            WHERE claim.expires_at < now() OR claim.owner = excluded.owner""",
            {"tenant": tenant_id, "key": key, "owner": desk.owner, "seconds": CLAIM_S},
        )
    except asyncio.CancelledError:
        # The database may have taken the claim all the same, and other processes would wait until its time is up.
        await asyncio.shield(_release(desk, tenant_id, key))
        raise
    finally:
        if not taken:
            desk.claims.discard((tenant_id, key))
    return taken == 1


async def _release(desk: Desk, tenant_id: str, key: str) -> None:
    try:
        await desk.database.execute(
            "DELETE FROM claim WHERE tenant_id = %(tenant)s AND cache_key = %(key)s AND owner = %(owner)s",
            {"tenant": tenant_id, "key": key, "owner": desk.owner},
        )
    finally:
        desk.claims.discard((tenant_id, key))


async def _extract(desk: Desk, command: ExtractArticle, caller: Caller, engine: Engine | None, key: str) -> Reading:
    model = engine.name if engine is not None else None
    if model is not None:
        await admit(desk, caller, model)
    try:
        extraction = await extract_observed(command, desk.services)
    except ModelFailed as failure:
        await charge(desk, caller, model, failure)
        raise
    await charge(desk, caller, model, extraction.provenance)
    async with desk.database.transaction() as connection:
        return await store(connection, caller.tenant_id, key, extraction)


async def store(connection: Connection, tenant_id: str, key: str, extraction: Extraction) -> Reading:
    """Keep an extraction; the one that is stored already under this key wins.

    A degraded one is kept, too, but under a key that nobody looks up: the next request asks the model again.
    """
    provenance = extraction.provenance
    stored_key = f"{key}:{extraction.id}" if provenance.degraded else key
    await connection.execute(
        """INSERT INTO extraction (id, tenant_id, cache_key, text_sha256, model, prompt, degraded, record,
            parties, speakers, statuses, words)
        VALUES (%(id)s, %(tenant)s, %(key)s, %(sha256)s, %(model)s, %(prompt)s, %(degraded)s, %(record)s,
            %(parties)s, %(speakers)s, %(statuses)s, to_tsvector('simple', %(words)s))
        ON CONFLICT DO NOTHING""",
        {
            "id": extraction.id,
            "tenant": tenant_id,
            "key": stored_key,
            "sha256": extraction.article.sha256,
            "model": provenance.model or RULES,
            "prompt": provenance.prompt or "",
            "degraded": provenance.degraded,
            "record": records().dump_json(extraction).decode(),
            **_searchable(extraction),
        },
    )
    cursor = await connection.execute(
        "SELECT record::text AS record FROM extraction WHERE tenant_id = %(tenant)s AND cache_key = %(key)s",
        {"tenant": tenant_id, "key": stored_key},
    )
    row = await cursor.fetchone()
    kept = extraction if row is None else records().validate_json(row["record"])
    return Reading(extraction=kept, cache_key=stored_key, cached=kept.id != extraction.id)


def _searchable(extraction: Extraction) -> dict[str, Any]:
    """What lists are filtered by: names in lower case, and the words of the records."""
    transfers = [transfer for exchange in extraction.exchanges for transfer in exchange.transfers]
    parties = _names(name for transfer in transfers for name in (transfer.released_by, transfer.returned_to))
    speakers = _names(quote.speaker.name for quote in extraction.quotes if quote.speaker is not None)
    people = [person.name for transfer in transfers for person in transfer.people]
    places = [place.name for exchange in extraction.exchanges for place in exchange.places]
    words = [
        extraction.article.title or "",
        *parties,
        *speakers,
        *people,
        *places,
        *(quote.text for quote in extraction.quotes),
    ]
    return {
        "parties": parties,
        "speakers": speakers,
        "statuses": sorted({exchange.status.value for exchange in extraction.exchanges}),
        "words": " ".join(words).replace("\x00", " ")[:SEARCHED_CHARACTERS],
    }


def _names(names: Iterable[str]) -> list[str]:
    return sorted({name.casefold() for name in names})
