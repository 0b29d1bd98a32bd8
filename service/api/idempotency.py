"""The header Idempotency-Key around a route: the same request again gets the same answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from fastapi.responses import Response
from starlette.requests import Request

from service.api.context import facts_of
from service.api.problems import Refusal, problem_response, refusal_of
from service.errors import InvalidField, ParleyError
from service.flows.desk import Caller, Desk
from service.flows.idempotency import Answered, Mine, abandon, begin, finish, parse_key

HEADER = "idempotency-key"
REPLAYED = "Idempotent-Replayed"
_KEPT_HEADERS = frozenset({"content-type", "location", "preference-applied", "retry-after"})
_NOT_FINAL = frozenset({408, 409, 425, 429})


async def answered_once(
    desk: Desk | None, request: Request, caller: Caller, body: bytes, answer: Callable[[], Awaitable[Response]]
) -> Response:
    """What `answer` gives, or gave when this request was sent before.

    Kept are answers that asking again would not change: successes, and what is wrong with the request. Without the header, or
    without a database, nothing is. Raises what `answer` raises, InvalidField, KeyReused, StillRunning.
    """
    given = request.headers.getlist(HEADER)
    if not given or desk is None:
        return await answer()
    if len(given) > 1:
        raise InvalidField(field="Idempotency-Key", value=f"{len(given)} headers", expected="one header")
    begun = await begin(desk, caller.tenant_id, parse_key(given[0]), body)
    if isinstance(begun, Answered):
        facts_of(request).outcome["replayed"] = True
        headers = {**begun.headers, REPLAYED: "true"}
        return Response(begun.body, status_code=begun.status, headers=headers)
    return await _answer(desk, request, begun, answer)


async def _answer(desk: Desk, request: Request, mine: Mine, answer: Callable[[], Awaitable[Response]]) -> Response:
    kept = False
    try:
        try:
            response = await answer()
        except (Refusal, ParleyError) as error:
            response = problem_response(refusal_of(error), facts_of(request).id)
        if _is_final(response.status_code):
            headers = {name: value for name, value in response.headers.items() if name in _KEPT_HEADERS}
            await finish(desk, mine, Answered(status=response.status_code, headers=headers, body=bytes(response.body)))
            kept = True
    finally:
        if not kept:
            # Also when the caller is gone: whoever asks again must not wait until this counts as dead.
            await asyncio.shield(abandon(desk, mine))
    return response


def _is_final(status: int) -> bool:
    return status < 300 or (400 <= status < 500 and status not in _NOT_FINAL)
