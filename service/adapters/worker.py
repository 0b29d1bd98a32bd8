"""One thread for work that takes milliseconds of CPU: the event loop stays free for everybody else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


class ThreadWorker:
    """A `Worker` of one thread. More would only fight over the interpreter, and the event loop would get a smaller share."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="reader")

    async def run(self, work: Callable[[], Result]) -> Result:
        """The result of `work`, in order of arrival."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    async def aclose(self) -> None:
        """Let go of the thread; what has not begun is not done any more."""
        self._executor.shutdown(wait=False, cancel_futures=True)
