"""Ghost 5 and 6 by its Admin API: read a post, list what changed, keep the result in a post's head or mark it by a tag.

`admin_key` is the key of a custom integration, `ID:SECRET`. Every write says which state it was made for (`updated_at`); Ghost
answers 409 if somebody saved the post meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Mapping
from datetime import datetime, timedelta

import jwt

from service.adapters.cms.site import PAGE, Note, Page, Reply, Site, Written, ask, each_page, in_utc, newest
from service.adapters.outbound import Outbound
from service.errors import CmsUnavailable
from service.webhooks.change import ArticleChange, Event
from service.webhooks.cms.ghost import OPTIONS
from service.webhooks.compact import linked_data
from service.webhooks.fields import fields_of, identifier, words
from service.webhooks.mapping import entry_change

TAG, CODEINJECTION = "tag", "codeinjection"
OUR_TAG = "#parley"
MOST_HEAD = 60_000
"""Bytes of a post's head at most, others' lines included: the column takes 65,535."""

BEGIN, END = "<!-- parley -->", "<!-- /parley -->"
_OURS = re.compile(rf"\n?{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
_ADMIN_KEY = re.compile(r"([0-9a-f]{1,64}):((?:[0-9a-f]{2}){16,64})")
_TOKEN_LIVES = timedelta(minutes=4)
_PATHS = {"post": "posts", "page": "pages"}
_ID = re.compile(r"[0-9A-Za-z]{1,64}")


class Ghost:
    """One site. `now` is the clock that logins are dated by."""

    def __init__(self, outbound: Outbound, site: Site, now: Callable[[], datetime]) -> None:
        self._outbound, self._site, self._now = outbound, site, now
        self._options = {**OPTIONS, **site.options}
        wanted = words(self._options["types"])
        self._kinds = [kind for kind in _PATHS if kind in wanted or "*" in wanted] or ["post"]

    async def changed_since(self, since: datetime) -> AsyncGenerator[Page, None]:
        """All posts, and pages if they are wanted, that changed at this time or later."""
        for kind in self._kinds:

            async def list_page(start: datetime, page: int, kind: str = kind) -> tuple[Page, bool]:
                return await self._list(kind, start, page)

            async for listed in each_page(list_page, since):
                # Of several kinds, what is listed up to a time is only known when the last one is.
                yield listed if kind == self._kinds[-1] else Page(changes=listed.changes, through=None)

    async def get(self, source_id: str) -> ArticleChange | None:
        """A post or a page."""
        kind, post = await self._find(source_id)
        change = self._change(kind, post) if post is not None else None
        return change if change is not None and change.event is Event.UPDATE else None

    async def write(self, source_id: str, note: Note, way: str, is_same: Callable[[ArticleChange], bool]) -> Written:
        """Write for the text that was read, or not at all. Raises CmsUnavailable if others save the post again and again."""
        for _ in range(2):
            kind, post = await self._find(source_id)
            change = self._change(kind, post) if post is not None else None
            if post is None or change is None or change.event is not Event.UPDATE:
                return Written.GONE
            if not is_same(change):
                return Written.OTHER_TEXT
            edit = _tagged(post) if way == TAG else self._with_head(post, note)
            if edit is None:
                return Written.THERE_ALREADY
            body = {_PATHS[kind]: [{**edit, "updated_at": post.get("updated_at")}]}
            reply = await self._ask("PUT", f"{_PATHS[kind]}/{source_id}/", body=body, accept=frozenset({404, 409}))
            if reply.status == 404:
                return Written.GONE
            if reply.status != 409:
                return Written.WRITTEN
        raise CmsUnavailable(cms=self._site.cms, reason="somebody else is saving the post", status=409)

    def _with_head(self, post: Mapping[str, object], note: Note) -> dict[str, object] | None:
        """The head with our lines at its end, in place of those of before; None if it is so already."""
        head = post.get("codeinjection_head")
        head = head if isinstance(head, str) else ""
        others = _OURS.sub("", head)
        frame = f'{BEGIN}\n<script type="application/ld+json">%s</script>\n{END}'
        room = MOST_HEAD - len(others.encode()) - len(frame)
        data = linked_data(note.extraction, url=note.url, most=room)
        if data is None:
            raise self._site.refused("the post's head is full", f"at most some {MOST_HEAD // 1000} kB in it")
        wanted = f"{others}\n{frame % data}" if others else frame % data
        return None if wanted == head else {"codeinjection_head": wanted}

    async def _find(self, source_id: str) -> tuple[str, Mapping[str, object] | None]:
        if not _ID.fullmatch(source_id):
            return "", None
        for kind in self._kinds:
            query = {"formats": "html", "include": "tags,authors"}
            reply = await self._ask("GET", f"{_PATHS[kind]}/{source_id}/", query=query, accept=frozenset({404}))
            if reply.payload is not None:
                found = fields_of(reply.payload).get(_PATHS[kind])
                return kind, fields_of(found[0]) if isinstance(found, list) and found else None
        return "", None

    async def _list(self, kind: str, since: datetime, page: int) -> tuple[Page, bool]:
        query = {
            "filter": f"updated_at:>='{in_utc(since, timespec='milliseconds')}'",
            "order": "updated_at asc",
            "limit": str(PAGE),
            "page": str(page),
            "formats": "html",
            "include": "tags,authors",
        }
        reply = await self._ask("GET", f"{_PATHS[kind]}/", query=query)
        payload = fields_of(reply.payload)
        listed = payload.get(_PATHS[kind])
        posts = [fields_of(post) for post in listed] if isinstance(listed, list) else []
        changes = tuple(change for post in posts if (change := self._change(kind, post)) is not None)
        pagination = fields_of(fields_of(payload.get("meta")).get("pagination"))
        return Page(changes=changes, through=newest(changes)), pagination.get("next") is not None

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        accept: frozenset[int] = frozenset(),
    ) -> Reply:
        headers = {"Authorization": f"Ghost {self._token()}", "Accept-Version": "v5.0"}
        path = f"/ghost/api/admin/{path}"
        return await ask(self._outbound, self._site, method, path, headers=headers, query=query, body=body, accept=accept)

    def _token(self) -> str:
        """A login for some minutes: the key itself never leaves."""
        key = _ADMIN_KEY.fullmatch(self._site.credential("admin_key").lower())
        if key is None:
            raise self._site.refused("the credential 'admin_key' is odd", "ID:SECRET, as a custom integration shows it")
        issued = self._now()
        claims = {"iat": issued, "exp": issued + _TOKEN_LIVES, "aud": "/admin/"}
        return jwt.encode(claims, bytes.fromhex(key[2]), algorithm="HS256", headers={"kid": key[1]})

    def _change(self, kind: str, post: Mapping[str, object]) -> ArticleChange | None:
        post_id = identifier(post.get("id"))
        if post_id is None:
            return None
        event = Event.UPDATE if post.get("status") == "published" else Event.UNPUBLISH
        return entry_change(event, post, self._options, cms_id=post_id, kind=kind)


def _tagged(post: Mapping[str, object]) -> dict[str, object] | None:
    """The post's tags, which a write replaces, with ours as the last; None if it is there."""
    listed = post.get("tags")
    tags = [fields_of(tag) for tag in listed] if isinstance(listed, list) else []
    if any(tag.get("name") == OUR_TAG for tag in tags):
        return None
    return {"tags": [*({"id": tag.get("id")} for tag in tags), {"name": OUR_TAG}]}
