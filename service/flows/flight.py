"""One flight for all who ask the same at the same time, within this process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

Result = TypeVar("Result")

CANCEL_AGAIN_S = 1.0


@dataclass(slots=True)
class _Flight:
    task: asyncio.Task[Any]
    waiting: int = 0


class Flights:
    """Runs work once for a key while anybody waits for it."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, _Flight] = {}

    async def join(self, key: Hashable, work: Callable[[], Awaitable[Result]]) -> Result:
        """The result (or the exception) of the work of this key that is under way, or else of this one.

        It is cancelled when the last who waits for it is.
        """
        flight = self._flights.get(key)
        if flight is None:
            flight = _Flight(asyncio.ensure_future(work()))
            self._flights[key] = flight
            flight.task.add_done_callback(lambda _: self._flights.pop(key, None))
        flight.waiting += 1
        try:
            result: Result = await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.task.done():
                self._flights.pop(key, None)
                _stop(flight.task)
        return result


def _stop(task: asyncio.Task[Any]) -> None:
    """Cancel a task, and look after it: the `asyncio.wait_for` of Python 3.11, which the pool uses, may swallow a cancellation."""
    if not task.done():
        task.cancel()
        asyncio.get_running_loop().call_later(CANCEL_AGAIN_S, _stop, task)
