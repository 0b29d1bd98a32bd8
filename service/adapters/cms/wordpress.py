"""WordPress by its REST API, 5.7 or later: read a post, list what changed, keep the result in a post's meta.

A user's name and application password (`username`, `password`) are needed for the meta and for what is not public; without them
only public posts are read. Times that the API compares are of the site's own zone, its answers are in UTC.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, Callable, Mapping
from datetime import datetime, timedelta

from service.adapters.cms.site import PAGE, Note, Page, Reply, Site, Written, ask, each_page, in_utc, newest
from service.adapters.outbound import Outbound
from service.webhooks.change import ArticleChange, Event
from service.webhooks.cms.wordpress import rendered_body
from service.webhooks.compact import compact, html_safe_json
from service.webhooks.fields import fields_of, identifier
from service.webhooks.mapping import entry_change, options_with

META = "_parley_extraction"
MOST_META = 400_000
"""Characters of the result at most; the column takes far more, but every editor's screen loads it."""

_SECOND = timedelta(seconds=1)
_CLOCK_CHANGE = timedelta(hours=1)
_ANY_ZONE = timedelta(days=1)
_REST_NAMES = {"post": "posts", "page": "pages"}
_ALL_STATES = "publish,future,draft,pending,private,trash"
_FIELDS = "id,date_gmt,modified_gmt,link,status,type,slug,lang,title,content,password"
# What readers see, as the hooks of our own plugin have it; those of WP Webhooks hold what is stored.
_SHOWN = {"title": "title.rendered", "body": "content.rendered"}
_STORED = {"title": "title.raw,title.rendered", "body": "content.raw,content.rendered"}


class WordPress:
    """One site."""

    def __init__(self, outbound: Outbound, site: Site) -> None:
        self._outbound, self._site = outbound, site
        own = {name: site.options[name] for name in ("default_language", "url_template") if name in site.options}
        texts = _STORED if site.cms == "wp-webhooks" else _SHOWN
        read = options_with(
            format="html", url="link", slug="slug", language="lang", published_at="date_gmt", updated_at="modified_gmt"
        )
        self._options = {**read, **texts, **own}
        types = [word.strip() for word in site.options.get("types", "post").split(",") if word.strip()]
        self._rest_names = [_REST_NAMES.get(kind, kind) for kind in (types if "*" not in types else _REST_NAMES)]

    async def changed_since(self, since: datetime) -> AsyncGenerator[Page, None]:
        """All posts that changed at this time or later.

        An hour is added at the beginning: the API compares local times, and once a year an hour comes twice.
        """
        since -= _CLOCK_CHANGE
        for rest_name in self._rest_names:

            async def list_page(start: datetime, page: int, rest_name: str = rest_name) -> tuple[Page, bool]:
                return await self._list(rest_name, start, page)

            async for listed in each_page(list_page, since):
                # Of several types, what is listed up to a time is only known when the last one is.
                yield listed if rest_name == self._rest_names[-1] else Page(changes=listed.changes, through=None)

    async def get(self, source_id: str) -> ArticleChange | None:
        """A post of one of the types."""
        _, post = await self._find(source_id, _FIELDS)
        change = self._change(post) if post is not None else None
        return change if change is not None and change.event is Event.UPDATE else None

    async def write(self, source_id: str, note: Note, way: str, is_same: Callable[[ArticleChange], bool]) -> Written:
        """Set the meta. WordPress has no lock, and plugins may show its API another text than their readers: `is_same` is not
        asked. The result says which text it is of.
        """
        login = self._login(is_needed=True)
        value = html_safe_json(compact(note.extraction, url=note.url, most=MOST_META), ascii_only=True)
        rest_name, post = await self._find(source_id, "id,status,meta")
        if post is None:
            return Written.GONE
        if self._meta(post) == value:
            return Written.THERE_ALREADY
        path, query = f"/wp-json/wp/v2/{rest_name}/{source_id}", {"_fields": "id,meta"}
        reply = await ask(
            self._outbound,
            self._site,
            "POST",
            path,
            headers=login,
            query=query,
            body={"meta": {META: value}},
            accept=frozenset({404, 410}),
        )
        if reply.payload is None:
            return Written.GONE
        if self._meta(fields_of(reply.payload)) != value:
            raise self._site.refused("it did not keep the result", f"a post meta {META} that takes any text")
        return Written.WRITTEN

    def _meta(self, post: Mapping[str, object]) -> object:
        """The result that a post has. Where nobody registered the meta, WordPress takes it without a word and keeps nothing."""
        meta = fields_of(post.get("meta"))
        if META not in meta:
            raise self._site.refused(f"it knows no post meta {META}", "Parley's plugin, switched on for this type of post")
        return meta[META]

    async def _find(self, source_id: str, names: str) -> tuple[str, Mapping[str, object] | None]:
        """A post with the name that its type has in addresses."""
        if not (source_id.isascii() and source_id.isdigit()):
            return "", None
        for rest_name in self._rest_names:
            reply = await self._ask(f"/wp-json/wp/v2/{rest_name}/{source_id}", {"_fields": names})
            if reply.payload is not None:
                return rest_name, fields_of(reply.payload)
        return "", None

    async def _list(self, rest_name: str, since: datetime, page: int) -> tuple[Page, bool]:
        query = {
            "modified_after": in_utc(since - _SECOND, timespec="seconds"),  # after, so that a second before is at this time
            "orderby": "modified",
            "order": "asc",
            "per_page": str(PAGE),
            "page": str(page),
            "status": _ALL_STATES if self._site.credentials else "publish",
            "_fields": _FIELDS,
        }
        reply = await self._ask(f"/wp-json/wp/v2/{rest_name}", query, accept=frozenset())
        listed = reply.payload if isinstance(reply.payload, list) else []
        changes = tuple(change for post in listed if (change := self._change(fields_of(post))) is not None)
        through = newest(changes)
        if through is not None and through < since - _ANY_ZONE:
            raise self._site.refused("it lists what has not changed", "WordPress 5.7 or later, which knows 'modified_after'")
        pages = reply.answer.header("x-wp-totalpages") or ""
        has_more = page < int(pages) if pages.isascii() and pages.isdigit() else len(listed) == PAGE
        return Page(changes=changes, through=through), has_more

    async def _ask(self, path: str, query: Mapping[str, str], *, accept: frozenset[int] = frozenset({404, 410})) -> Reply:
        """Read something; of what is not public, the login decides whether it is refused or not there."""
        context = {"context": "edit"} if self._site.credentials else {}
        # Without a login, a post that is no longer public is answered like one that was never to be seen.
        hidden = frozenset() if self._site.credentials else frozenset({401, 403})
        accept = accept | hidden if accept else accept
        return await ask(
            self._outbound, self._site, "GET", path, headers=self._login(), query={**query, **context}, accept=accept
        )

    def _login(self, *, is_needed: bool = False) -> dict[str, str]:
        if not self._site.credentials and not is_needed:
            return {}
        pair = f"{self._site.credential('username')}:{self._site.credential('password')}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    def _change(self, post: Mapping[str, object]) -> ArticleChange | None:
        post_id = identifier(post.get("id"))
        if post_id is None:
            return None
        is_public = post.get("status") == "publish" and not post.get("password")
        is_public = is_public and not fields_of(post.get("content")).get("protected")
        event = Event.UPDATE if is_public else Event.UNPUBLISH
        kind = identifier(post.get("type"))
        return entry_change(event, post, self._options, cms_id=post_id, kind=kind, markup=rendered_body)
