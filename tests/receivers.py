"""A receiver of webhooks for tests: a real server on this machine, the standard library's way of verifying, a script of answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from standardwebhooks.webhooks import Webhook

from service.flows.desk import Desk
from service.flows.dispatching import dispatch
from service.flows.messages import News, announce
from service.webhooks.events import ArticleDeleted, ArticleFacts

LONG_S = 5.0


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def type(self) -> str:
        return str(json.loads(self.body)["type"])

    def verified(self, secret: str) -> Any:
        """The payload, if the public library takes the signature."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """Answers as `script` says, one after the other, and then with 200; counts how many it serves at the same time."""

    url: str
    script: list[web.Response | int] = field(default_factory=list)
    pause_s: float = 0.0
    body: bytes = b"thanks"
    received: list[Received] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            headers = {name.lower(): value for name, value in request.headers.items()}
            self.received.append(Received(headers, await request.read()))
            await asyncio.sleep(self.pause_s)
            answer = self.script.pop(0) if self.script else 200
            return web.Response(status=answer, body=self.body) if isinstance(answer, int) else answer
        finally:
            self.at_once -= 1


@asynccontextmanager
async def receiving(*script: web.Response | int) -> AsyncIterator[Receiver]:
    """A receiver that listens on 127.0.0.1."""
    receiver = Receiver("", list(script))
    app = web.Application()
    app.router.add_post("/hook", receiver.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()


def deleted(source_id: str = "a1") -> ArticleDeleted:
    """The smallest piece of news."""
    facts = ArticleFacts(id=source_id, connection=None, version=None, sequence=1, language="en", url=None, history_url=None)
    return ArticleDeleted(article=facts)


async def tell(desk: Desk, source: str = "a1", *, tenant_id: str = "default") -> str:
    """Announce that an article was deleted; the message's id."""
    async with desk.database.transaction() as connection:
        message_id = await announce(desk, connection, News(tenant_id=tenant_id, event=deleted(source), source_key=source))
    assert message_id is not None
    return message_id


async def due(desk: Desk) -> Sequence[str]:
    """Take the dispatches whose jobs are due out of the queue."""
    rows = await desk.database.rows(
        """DELETE FROM procrastinate_jobs WHERE task_name = 'dispatch' AND status = 'todo'
        AND (scheduled_at IS NULL OR scheduled_at <= now()) RETURNING id, args->>'id' AS subject"""
    )
    return [row["subject"] for row in sorted(rows, key=lambda row: row["id"])]


async def drain(desk: Desk, *, patience_s: float = 1.0) -> None:
    """Do all dispatches that are due, side by side, and those that come due within `patience_s` of one another."""
    idle_since = asyncio.get_running_loop().time()
    while True:
        subjects = await due(desk)
        await asyncio.gather(*(dispatch(desk, subject) for subject in subjects))
        if subjects:
            idle_since = asyncio.get_running_loop().time()
            continue
        left = patience_s - (asyncio.get_running_loop().time() - idle_since)
        soon = await desk.database.row(
            """SELECT 1 AS one FROM procrastinate_jobs WHERE task_name = 'dispatch' AND status = 'todo'
            AND scheduled_at < now() + make_interval(secs => %(left)s)""",
            {"left": max(0.0, left)},
        )
        if soon is None:
            return
        await asyncio.sleep(0.01)
