"""Fair turns: work that holds the event loop for milliseconds begins a little at a time.

A thousand requests that arrive together would else all begin in one turn of the loop, and everything beside them, readiness
included, would wait until the last one has been sent to the model.
"""

from __future__ import annotations

import asyncio
from collections import deque

ABREAST = 2
"""How many may begin in one turn of the event loop."""


class Turns:
    """Lets waiting tasks go on in order of arrival, a few in each turn of the event loop."""

    def __init__(self, abreast: int = ABREAST) -> None:
        self._abreast = abreast
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self) -> None:
        """Wait for one's turn."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._let_in)
        self._waiting.append(turn)
        await turn

    def _let_in(self) -> None:
        for _ in range(min(self._abreast, len(self._waiting))):
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._let_in)
