"""A crowd begins a little at a time, in order, and others get their turn in between."""

from __future__ import annotations

import asyncio

from service.api.turns import Turns


async def test_a_crowd_begins_in_order_and_others_run_in_between() -> None:
    turns, begun, seen = Turns(2), list[int](), list[int]()

    async def one(number: int) -> None:
        await turns.take()
        begun.append(number)

    async def bystander() -> None:
        while len(begun) < 20:
            seen.append(len(begun))
            await asyncio.sleep(0)

    await asyncio.gather(*(one(number) for number in range(20)), bystander())

    assert begun == list(range(20))
    assert len(set(seen)) >= 8


async def test_one_who_gave_up_does_not_hold_up_the_others() -> None:
    turns = Turns(1)
    first, second, third = (asyncio.create_task(turns.take()) for _ in range(3))
    await asyncio.sleep(0)
    second.cancel()

    await asyncio.wait_for(asyncio.gather(first, third), 1)

    assert second.cancelled() or second.cancelling()
