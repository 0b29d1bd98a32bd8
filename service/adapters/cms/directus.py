"""Directus by its REST API: read the item that a thin hook names. `token` is a static token of a user who may read it."""

from __future__ import annotations

from service.adapters.cms.site import Site, ask, segment
from service.adapters.outbound import Outbound
from service.webhooks.change import ArticleChange, Event
from service.webhooks.cms.directus import OPTIONS
from service.webhooks.fields import fields_of, first
from service.webhooks.mapping import entry_change, is_public_word


class Directus:
    """One site."""

    def __init__(self, outbound: Outbound, site: Site) -> None:
        self._outbound, self._site = outbound, site
        self._options = {**OPTIONS, **site.options}

    async def get(self, source_id: str) -> ArticleChange | None:
        """The item of `collection:key`.

        Directus answers 403 both for what is not there and for what the token may not read, so that is CmsRefused, not None:
        an article is not taken for gone because a right is missing.
        """
        collection, _, key = source_id.partition(":")
        parts = segment(collection), segment(key)
        if parts[0] is None or parts[1] is None:
            return None
        headers = {"Authorization": f"Bearer {self._site.credential('token')}"}
        path = f"/items/{parts[0]}/{parts[1]}"
        reply = await ask(self._outbound, self._site, "GET", path, headers=headers, accept=frozenset({404}))
        if reply.payload is None:
            return None
        item = fields_of(reply.payload).get("data")
        status = first(item, self._options["status"])
        if is_public_word(status, self._options["published_status"]) is False:
            return None
        return entry_change(Event.UPDATE, item, self._options, cms_id=key, source_id=source_id, kind=collection)
