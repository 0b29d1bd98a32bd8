"""POST /extract/batch: one article a line in, one answer a line out, as they finish.

The body is first written to a file as it arrives: who sends and does not read meanwhile must not come to a standstill with us.
After that nothing is held but the articles that are being read, a few at a time: a caller that reads slowly slows the reading down,
and one that is gone ends it. What was read by then is stored: the same body sent again is answered from the store so far, at once.
"""

from __future__ import annotations

import asyncio
import json
import logging
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import IO, Any, Literal

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from service.api.asking import BODY_PROBLEMS, entered, problems
from service.api.context import RETRY_AFTER_S, Context, facts_of, while_connected
from service.api.extraction import command_in
from service.api.problems import Kind, Problem, Refusal, problem_of, refusal_of
from service.domain.record import Extraction
from service.flows.batch import Batch
from service.flows.desk import EXTRACT
from service.flows.reading import records
from service.telemetry import describe_failure, log_event

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/x-ndjson"
MOST_LINES = 10_000
ABREAST = 8
"""Articles of one batch that are read at the same time."""
IDLE_TIMEOUT_S = 30.0
IN_MEMORY_BYTES = 1_048_576
_ACCEPTED = frozenset({MEDIA_TYPE, "application/ndjson", "application/jsonl", "application/x-jsonlines"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """An article that was read. `index` is the number of its line, from 0; `id` is the one that was sent with it."""

    index: int
    id: str | None
    status: Literal["ok"]
    extraction: Extraction


@dataclass(frozen=True, slots=True, kw_only=True)
class NotExtracted:
    """A line that could not be answered; `problem` is what POST /extract would have answered."""

    index: int
    status: Literal["error"]
    problem: Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchDone:
    """The last line: without it, the answer is not complete."""

    done: Literal[True]
    ok: int
    failed: int


BatchLine = Extracted | NotExtracted | BatchDone

_DESCRIBED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": (
            "One JSON object a line, in the order in which they finish: an answer for each article, and in the end how many there "
            "were. If the connection breaks off, send the same batch again: what was read is answered from the store."
        ),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/BatchLine"}}},
    },
    **problems(*(kind for kind in BODY_PROBLEMS if kind is not Kind.INVALID_JSON), Kind.OVERLOADED),
}
_BODY = {
    "requestBody": {
        "required": True,
        "description": f"At most {MOST_LINES:,} lines, each an article as POST /extract takes it; empty lines are passed over.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ExtractRequest"}}},
    }
}


def batch_router(context: Context) -> APIRouter:
    """The route of batches."""
    router = APIRouter(tags=["extraction"])

    @router.post(
        "/extract/batch",
        operation_id="extract_batch",
        summary="Extract exchanges and quotations from up to 10,000 articles",
        response_class=Response,
        responses=_DESCRIBED,
        openapi_extra=_BODY,
    )
    async def extract_batch(request: Request) -> Response:
        desk, caller = await entered(context, request, EXTRACT)
        context.ready_services()
        _require_lines(request)
        if context.batches >= context.max_batches:
            detail = f"{context.batches:,} batches are being read, which is the limit; try again later."
            raise Refusal(Kind.OVERLOADED, detail, headers={"Retry-After": RETRY_AFTER_S})
        context.batches += 1
        body = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - closed by the answer
        try:
            await _store(request, body, context.max_batch_bytes)
        except BaseException:
            body.close()
            context.batches -= 1
            raise
        return _Answer(context, request, body, Batch(desk, caller))

    return router


def _require_lines(request: Request) -> None:
    media_type, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    charset = parameters.partition("charset=")[2].strip(' "') or "utf-8"
    if media_type.strip() not in _ACCEPTED or charset not in ("utf-8", "utf8"):
        raise Refusal(Kind.UNSUPPORTED_MEDIA_TYPE, f"Expected Content-Type: {MEDIA_TYPE}, in UTF-8.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Refusal(Kind.UNSUPPORTED_MEDIA_TYPE, "Expected a body without Content-Encoding.")


async def _store(request: Request, body: IO[bytes], limit: int) -> None:
    """Write the body down, and see that it is neither too large nor too slow nor of too many lines."""
    chunks = aiter(request.stream())
    size = lines = 0
    while True:
        try:
            async with asyncio.timeout(IDLE_TIMEOUT_S):
                chunk = await anext(chunks, None)
        except TimeoutError:
            detail = f"Nothing of the body arrived for {IDLE_TIMEOUT_S:.0f} seconds."
            raise Refusal(Kind.BODY_TIMED_OUT, detail, headers={"Connection": "close"}) from None
        if chunk is None:
            break
        size += len(chunk)
        lines += chunk.count(b"\n")
        if size > limit:
            raise Refusal(Kind.TOO_LARGE, f"The body is larger than {limit:,} bytes.")
        if lines > MOST_LINES:
            raise Refusal(Kind.TOO_LARGE, f"The body has more than {MOST_LINES:,} lines.")
        # What does not fit into memory is the disk's, which may be slow.
        await (asyncio.to_thread(body.write, chunk) if size > IN_MEMORY_BYTES else _at_once(body, chunk))
    body.seek(0)


async def _at_once(body: IO[bytes], chunk: bytes) -> None:
    body.write(chunk)


def _lines(body: IO[bytes], longest: int) -> Iterator[tuple[int, bytes | None]]:
    """The lines that are not empty, with their numbers; None in place of one that is too long, which is never held as a whole."""
    index = 0
    while line := body.readline(longest + 1):
        is_too_long = len(line) > longest and not line.endswith(b"\n")
        while is_too_long and not line.endswith(b"\n") and (line := body.readline(longest)):
            pass
        if is_too_long or line.strip():
            yield index, None if is_too_long else line
        index += 1


class _Answer(Response):
    """Reads the lines and sends the answers; ends when the caller does."""

    media_type = MEDIA_TYPE

    def __init__(self, context: Context, request: Request, body: IO[bytes], batch: Batch) -> None:
        super().__init__()
        del self.headers["content-length"]
        self._context, self._request, self._body, self._batch = context, request, body, batch
        self._ok = self._failed = 0
        self._sending = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await while_connected(receive, self._answer(send))
        finally:
            self._body.close()
            self._context.batches -= 1
            facts_of(self._request).outcome.update(articles=self._ok + self._failed, failed=self._failed)

    async def _answer(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        lines = _lines(self._body, self._context.max_bytes)
        async with asyncio.TaskGroup() as group:
            for _ in range(ABREAST):
                group.create_task(self._work(lines, send))
        await self._send(send, {"done": True, "ok": self._ok, "failed": self._failed})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _work(self, lines: Iterator[tuple[int, bytes | None]], send: Send) -> None:
        # All share one iterator: whoever is free takes the next line, and nobody does while the caller does not read.
        for index, line in lines:
            try:
                found = await self._read(line)
            except Exception as error:  # noqa: BLE001 - one line's fault, of whatever kind, is not the others'
                self._failed += 1
                problem = asdict(problem_of(self._refusal(error), facts_of(self._request).id))
                await self._send(send, {"index": index, "status": "error", "problem": problem})
            else:
                self._ok += 1
                await self._send(send, {"index": index, "id": found.sent_id, "status": "ok"}, found.record)

    async def _read(self, line: bytes | None) -> _Found:
        if line is None:
            raise Refusal(Kind.TOO_LARGE, f"The line is larger than {self._context.max_bytes:,} bytes.")
        command = await command_in(line)
        extraction = await self._batch.read(command)
        return _Found(sent_id=command.article.id, record=records().dump_json(extraction))

    def _refusal(self, error: Exception) -> Refusal:
        refusal = refusal_of(error)
        if refusal.kind is Kind.INTERNAL:
            log_event(logger, "batch_line_failed", logging.ERROR, **describe_failure(error))
        return refusal

    async def _send(self, send: Send, line: dict[str, Any], record: bytes | None = None) -> None:
        text = json.dumps(line, ensure_ascii=False).encode("utf-8", "replace")
        if record is not None:
            text = text[:-1] + b', "extraction": ' + record + b"}"
        async with self._sending:
            await send({"type": "http.response.body", "body": text + b"\n", "more_body": True})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    sent_id: str | None
    record: bytes
