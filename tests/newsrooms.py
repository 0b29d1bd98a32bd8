"""CMSs for tests: real servers on this machine that are as strict as the real ones, and whoever edits in them meanwhile."""

from __future__ import annotations

import asyncio
import base64
import itertools
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from aiohttp import web

from service.flows import jobs
from service.flows.connections import Grounds, Wanted, create_connection
from service.flows.desk import Desk
from service.flows.dispatching import dispatch
from service.flows.intake import receive
from service.flows.writeback import write_back
from service.webhooks.signature import sign_standard
from service.worker import WORKS
from tests.senders import BY_NAME, WHSEC, Hook

PASSWORD = "canary-pass word"
ADMIN_KEY = "65f0aa:" + "c0ffee00" * 8
TOKEN = "canary-token"
VENDOR_WORDS = "canary-vendor said so"
Tell = Callable[[str, dict[str, Any]], Awaitable[None]]


def iso(moment: datetime, timespec: str = "seconds") -> str:
    return moment.replace(tzinfo=None).isoformat(timespec=timespec)


@dataclass
class Newsroom:
    """A CMS: its posts, what it was asked, how it answers next (a status), what others do between our requests."""

    url: str = ""
    posts: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    writes: list[dict[str, Any]] = field(default_factory=list)
    script: list[int] = field(default_factory=list)
    meanwhile: list[Callable[[], None]] = field(default_factory=list)
    before_write: list[Callable[[], None]] = field(default_factory=list)
    tell: Tell | None = None
    pause_s: float = 0.0
    was_asked: asyncio.Event = field(default_factory=asyncio.Event)
    clock: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def tick(self) -> datetime:
        self.clock += timedelta(seconds=1)
        return self.clock

    @web.middleware
    async def watch(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.asked.append((request.method, str(request.rel_url)))
        self.was_asked.set()
        await asyncio.sleep(self.pause_s)
        if self.script and (status := self.script.pop(0)) != 200:
            said = f"{VENDOR_WORDS} {request.headers.get('Authorization')}"
            headers = {"Location": "/elsewhere"} if 300 <= status < 400 else {"Retry-After": "0"}
            return web.json_response({"message": said}, status=status, headers=headers)
        answer: web.StreamResponse = await handler(request)
        if request.method == "GET" and self.meanwhile:
            self.meanwhile.pop(0)()
        return answer


def refuse(status: int) -> web.Response:
    return web.json_response({"message": VENDOR_WORDS}, status=status)


class WordPress(Newsroom):
    """WordPress with an application password, and our plugin's meta unless `has_meta` is off."""

    has_meta = True
    key = "_parley_extraction"

    def save(self, post_id: int, html: str, *, at: datetime | None = None, **other: Any) -> dict[str, Any]:
        moment = at or self.tick()
        post = self.posts.setdefault(
            str(post_id), {"id": post_id, "type": "post", "status": "publish", "title": "Home", "meta": ""}
        )
        post.update(html=html, modified=moment, **other)
        return post

    def routes(self) -> list[web.RouteDef]:
        base = "/wp-json/wp/v2/posts"
        return [web.get(base, self.browse), web.get(base + r"/{id:\d+}", self.get), web.post(base + r"/{id:\d+}", self.post)]

    def login(self, request: web.Request) -> bool:
        given = request.headers.get("Authorization")
        if given is None:
            return False
        expected = base64.b64encode(f"parley:{PASSWORD}".encode()).decode()
        if given != f"Basic {expected}":
            raise web.HTTPUnauthorized(text=VENDOR_WORDS)
        return True

    def shown(self, post: dict[str, Any], request: web.Request, *, edit: bool) -> dict[str, Any]:
        moment, raw = iso(post["modified"]), {"raw": post["html"]} if edit else {}
        full = {
            "id": post["id"], "type": post["type"], "status": post["status"], "slug": "x", "link": f"https://news.example/{post['id']}",
            "date_gmt": moment, "modified_gmt": moment,
            "title": {"rendered": post["title"]}, "content": {"rendered": post["html"], "protected": False, **raw},
            "meta": {self.key: post["meta"]} if self.has_meta and edit else [],
            **({"password": post.get("password", "")} if edit else {}),
        }  # fmt: skip
        wanted = request.query["_fields"].split(",")
        return {name: value for name, value in full.items() if name in wanted}

    async def browse(self, request: web.Request) -> web.Response:
        query, may_edit = request.query, self.login(request)
        states, edit = query.get("status", "publish").split(","), query.get("context") == "edit"
        if (states != ["publish"] or edit) and not may_edit:
            return refuse(401)
        after = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", query["modified_after"])
        assert after is not None
        assert (query["orderby"], query["order"]) == ("modified", "asc")
        since, size, page = datetime.fromisoformat(query["modified_after"]), int(query["per_page"]), int(query["page"])
        assert 1 <= size <= 100
        found = [post for post in self.posts.values() if post["modified"] > since and post["status"] in states]
        found.sort(key=lambda post: (post["modified"], post["id"]))
        pages = -(-len(found) // size)
        if page > max(1, pages):
            return refuse(400)
        shown = [self.shown(post, request, edit=edit) for post in found[(page - 1) * size : page * size]]
        return web.json_response(shown, headers={"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(pages)})

    async def get(self, request: web.Request) -> web.Response:
        edit, may_edit = request.query.get("context") == "edit", self.login(request)
        post = self.posts.get(request.match_info["id"])
        if post is None:
            return refuse(404)
        if (edit or post["status"] != "publish") and not may_edit:
            return refuse(401)
        return web.json_response(self.shown(post, request, edit=edit))

    async def post(self, request: web.Request) -> web.Response:
        post = self.posts.get(request.match_info["id"])
        if not self.login(request):
            return refuse(401)
        if request.content_type != "application/json":
            return refuse(400)
        if post is None:
            return refuse(404)
        body = await request.json()
        assert set(body) == {"meta"}
        if self.has_meta:
            post["meta"] = body["meta"][self.key]
        self.writes.append(body)
        post["modified"] = self.tick()
        if self.tell:
            await self.tell("article.updated", post)
        return web.json_response(self.shown(post, request, edit=True))


class Ghost(Newsroom):
    """Ghost's Admin API with one integration's key."""

    def save(self, post_id: str, html: str, *, at: datetime | None = None, **other: Any) -> dict[str, Any]:
        moment = at or self.tick()
        post = self.posts.setdefault(
            post_id, {"id": post_id, "title": "Home", "status": "published", "codeinjection_head": None, "tags": []}
        )
        post.update(html=html, updated_at=iso(moment, "milliseconds") + "Z", **other)
        return post

    def routes(self) -> list[web.RouteDef]:
        base = "/ghost/api/admin/posts/"
        return [web.get(base, self.browse), web.get(base + "{id}/", self.get), web.put(base + "{id}/", self.put)]

    def check(self, request: web.Request) -> None:
        scheme, _, token = request.headers["Authorization"].partition(" ")
        key_id, secret = ADMIN_KEY.split(":")
        header = jwt.get_unverified_header(token)
        claims = jwt.decode(token, bytes.fromhex(secret), algorithms=["HS256"], audience="/admin/")
        assert (scheme, header["kid"], header["alg"]) == ("Ghost", key_id, "HS256")
        assert claims["exp"] - claims["iat"] <= 300
        assert request.headers["Accept-Version"].startswith("v")

    def shown(self, post: dict[str, Any], request: web.Request) -> dict[str, Any]:
        hidden = {"html"} - set(request.query.get("formats", "").split(","))
        hidden |= {"tags"} - set(request.query.get("include", "").split(","))
        return {name: value for name, value in post.items() if name not in hidden}

    async def browse(self, request: web.Request) -> web.Response:
        self.check(request)
        query = request.query
        filtered = re.fullmatch(r"updated_at:>='(\d{4}-\d\d-\d\dT[\d:.]+Z)'", query["filter"])
        assert filtered is not None
        assert query["order"] == "updated_at asc"
        found = sorted(
            (post for post in self.posts.values() if post["updated_at"] >= filtered[1]),
            key=lambda post: (post["updated_at"], post["id"]),
        )
        page, size = int(query["page"]), int(query["limit"])
        more = page * size < len(found)
        listed = [self.shown(post, request) for post in found[(page - 1) * size : page * size]]
        return web.json_response(
            {"posts": listed, "meta": {"pagination": {"page": page, "next": page + 1 if more else None}}}
        )

    async def get(self, request: web.Request) -> web.Response:
        self.check(request)
        post = self.posts.get(request.match_info["id"])
        return refuse(404) if post is None else web.json_response({"posts": [self.shown(post, request)]})

    async def put(self, request: web.Request) -> web.Response:
        self.check(request)
        if self.before_write:
            self.before_write.pop(0)()
        post = self.posts.get(request.match_info["id"])
        if request.content_type != "application/json":
            return refuse(400)
        if post is None:
            return refuse(404)
        (edit,) = (await request.json())["posts"]
        if edit.pop("updated_at", None) != post["updated_at"]:
            return refuse(409)
        assert set(edit) in ({"codeinjection_head"}, {"tags"})
        if "tags" in edit:
            names = {tag["id"]: tag for tag in post["tags"]}
            edit["tags"] = [names[tag["id"]] if "id" in tag else {"id": f"new-{tag['name']}", **tag} for tag in edit["tags"]]
        assert len((edit.get("codeinjection_head") or "").encode()) <= 65_535
        post.update(edit, updated_at=iso(self.tick(), "milliseconds") + "Z")
        self.writes.append(edit)
        if self.tell:
            await self.tell("post.published.edited", post)
        return web.json_response({"posts": [post]})


class Thin(Newsroom):
    """Directus and Strapi, of which Parley only reads single entries: what `posts` holds by its path."""

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/{path:.*}", self.get)]

    async def get(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return refuse(401)
        found = self.posts.get("/" + request.match_info["path"])
        return refuse(404) if found is None else web.json_response({"data": found})


@asynccontextmanager
async def open_newsroom(newsroom: Any) -> AsyncIterator[Any]:
    """The CMS, listening on 127.0.0.1."""
    app = web.Application(middlewares=[newsroom.watch])
    app.add_routes(newsroom.routes())
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    newsroom.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield newsroom
    finally:
        await runner.cleanup()


CREDENTIALS = {
    "wordpress": {"username": "parley", "password": PASSWORD}, "wp-webhooks": {"username": "parley", "password": PASSWORD},
    "ghost": {"admin_key": ADMIN_KEY}, "directus": {"token": TOKEN}, "strapi": {"token": TOKEN},
}  # fmt: skip


async def connect(desk: Desk, newsroom: Newsroom, adapter: str, **wanted: Any) -> str:
    """A connection to it; its id."""
    values = {"name": "news", "base_url": newsroom.url, "credentials": CREDENTIALS[adapter], "allow_private": True, **wanted}
    models = [desk.services.default]
    made = await create_connection(
        desk.database, Grounds(outbound=desk.outbound, models=models), "default", Wanted(adapter=adapter, **values),
        secret=BY_NAME[adapter].secret,
    )  # fmt: skip
    # The newsroom's clock ticks with every save; it began a little before.
    await desk.database.execute(
        "UPDATE connection SET created_at = now() - interval '1 minute' WHERE id = %(id)s", {"id": made.connection.id}
    )
    return made.connection.id


def hook_of(newsroom: WordPress | Ghost, event: str, post: dict[str, Any], **other: Any) -> Hook:
    """What the CMS's hook says of a post."""
    if isinstance(newsroom, Ghost):
        shown = {name: value for name, value in post.items() if name != "codeinjection_head"}
        return Hook(
            payload={"post": {"current": shown, "previous": {"updated_at": "2026-01-01T00:00:00.000Z"}}},
            headers=[],
            event=event,
        )
    told = {name: post[name] for name in ("id", "title", "html", "status")}
    data = {**told, "updated_at": iso(post["modified"]) + "Z", "language": "en-US", **other}
    return Hook(payload={"type": event, "timestamp": data["updated_at"], "data": data}, headers=[])


_numbers = itertools.count(1)


async def deliver(desk: Desk, adapter: str, connection_id: str, hook: Hook) -> str:
    """Let the CMS's hook arrive, signed as it signs, under an id of its own; its status."""
    cms, at, path = BY_NAME[adapter], desk.now().timestamp(), f"/hooks/{adapter}/{connection_id}"
    message_id = f"msg_{next(_numbers)}"  # every hook of our plugin has another
    standard = (
        sign_standard(message_id, secrets=[WHSEC], body=hook.body, at=int(at)).items() if cms.secret == WHSEC else None
    )
    signed = standard or cms.sign(hook.body, path, at)
    headers = [("Content-Type", cms.media_type), *hook.headers, *signed]
    received = await receive(
        desk, adapter, connection_id, headers=headers, body=hook.body, method="POST", path=path, path_event=hook.event
    )
    return received.status


async def work_off(desk: Desk, *, patience_s: float = 0.2) -> None:
    """Do all jobs and dispatches that are due, or come due within `patience_s`."""
    while True:
        rows = await desk.database.rows(
            """DELETE FROM procrastinate_jobs WHERE task_name IN ('job', 'dispatch') AND status = 'todo'
            AND (scheduled_at IS NULL OR scheduled_at <= now()) RETURNING id, task_name, args->>'id' AS subject"""
        )
        for row in sorted(rows, key=lambda row: row["id"]):
            if row["task_name"] == "job":
                await jobs.run(desk, row["subject"], WORKS)
            else:
                await dispatch(desk, row["subject"], write_back=write_back)
        if rows:
            continue
        soon = await desk.database.row(
            """SELECT 1 AS one FROM procrastinate_jobs WHERE task_name IN ('job', 'dispatch') AND status = 'todo'
            AND scheduled_at < now() + make_interval(secs => %(s)s)""",
            {"s": patience_s},
        )
        if soon is None:
            return
        await asyncio.sleep(0.01)
