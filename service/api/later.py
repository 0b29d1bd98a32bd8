"""`Prefer: respond-async` (RFC 7240): an extraction that is accepted now and answered later, or soon if it is done in time."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from fastapi.responses import Response
from pydantic import TypeAdapter

from service.adapters.database.pool import Row
from service.api.context import RETRY_AFTER_S
from service.api.jobs import JobAnswer, answer_of
from service.errors import NothingThere
from service.extraction.pipeline import article_record
from service.flows import library, progress
from service.flows.desk import Caller, Desk
from service.flows.extracting import submit_extract
from service.flows.reading import records
from service.handlers import ExtractArticle

LONGEST_WAIT_S = 60
# Preferences are parted by commas; a quoted value may hold one. What is not understood is passed over, as the RFC asks.
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_PREFERENCE = re.compile(rf"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:=\s*({_QUOTED}|[^\s,;\"]*))?(?:{_QUOTED}|[^,\"])*(?:,|$)")
_JOB = TypeAdapter(JobAnswer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a caller prefers; `wait_s` is 0 unless it was given, and at most 60."""

    respond_async: bool
    wait_s: int


def wish_of(headers: Iterable[str]) -> Wish:
    """The preferences of all `Prefer` headers together; of one that is given twice, the first counts.

    >>> wish_of(["respond-async, wait=10"]), wish_of(["wait=soon", "handling=lenient"])
    (Wish(respond_async=True, wait_s=10), Wish(respond_async=False, wait_s=0))
    """
    given: dict[str, str] = {}
    for header in headers:
        for name, value in _PREFERENCE.findall(header[:1_000]):
            given.setdefault(name.lower(), value.strip('"'))
    wait = given.get("wait", "")
    seconds = min(int(wait[:9]), LONGEST_WAIT_S) if wait.isascii() and wait.isdigit() else 0
    return Wish(respond_async="respond-async" in given, wait_s=seconds)


async def answer_later(desk: Desk, command: ExtractArticle, caller: Caller, wish: Wish) -> Response:
    """202 with the job's address; 200 with the extraction if the caller prefers to wait and it is done in time.

    Raises what `submit_extract` raises.
    """
    async with desk.database.transaction() as connection:
        job_id = await submit_extract(desk, connection, command, caller)
    row = await progress.wait_for(desk, caller.tenant_id, job_id, seconds=wish.wait_s)
    applied = f"respond-async, wait={wish.wait_s}" if wish.wait_s else "respond-async"
    record = await _record(desk, command, caller, row)
    if record is not None:
        return Response(record, media_type="application/json", headers={"Preference-Applied": applied})
    headers = {"Location": f"/jobs/{job_id}", "Preference-Applied": applied, "Retry-After": RETRY_AFTER_S}
    return Response(_JOB.dump_json(answer_of(row)), status_code=202, media_type="application/json", headers=headers)


async def _record(desk: Desk, command: ExtractArticle, caller: Caller, row: Row) -> bytes | None:
    """The extraction of a job that is done, with what this caller calls the article."""
    if not row["extraction_ids"]:
        return None
    try:
        stored = await library.get_extraction(desk, caller.tenant_id, row["extraction_ids"][0])
    except NothingThere:  # erased meanwhile
        return None
    extraction = replace(records().validate_json(stored), article=article_record(command.article))
    return records().dump_json(extraction)
