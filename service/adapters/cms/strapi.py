"""Strapi 4 and 5 by its REST API: read the entry that a hook without a text names. `token` is an API token that may read it."""

from __future__ import annotations

from service.adapters.cms.site import Site, ask, segment
from service.adapters.outbound import Outbound
from service.webhooks.change import ArticleChange, Event
from service.webhooks.cms.strapi import OPTIONS
from service.webhooks.fields import fields_of, language
from service.webhooks.mapping import ENTRY_TYPES, entry_change


class Strapi:
    """One site."""

    def __init__(self, outbound: Outbound, site: Site) -> None:
        self._outbound, self._site = outbound, site
        self._options = {**OPTIONS, **site.options}

    async def get(self, source_id: str) -> ArticleChange | None:
        """The published entry of `documentId:locale`, `documentId`, or (Strapi 4) `model:id` and `model:id:locale`."""
        model, entry_id, locale = self._named(source_id)
        part, name = segment(entry_id), segment(_plural(model))
        if part is None or name is None:
            return None
        query = {"populate": "*", **({"locale": locale} if locale else {})}
        headers = {"Authorization": f"Bearer {self._site.credential('token')}"}
        path = f"/api/{name}/{part}"
        reply = await ask(self._outbound, self._site, "GET", path, headers=headers, query=query, accept=frozenset({404}))
        if reply.payload is None:
            return None
        entry = fields_of(fields_of(reply.payload).get("data"))
        entry = {**fields_of(entry.get("attributes")), **entry}  # Strapi 4 keeps the fields in there
        cms_id = source_id.removesuffix(f":{locale}") if locale else source_id
        return entry_change(Event.UPDATE, entry, self._options, cms_id=cms_id, source_id=source_id, kind=model)

    def _named(self, source_id: str) -> tuple[str, str, str | None]:
        """Model, id and locale. A document's id does not say its model: that is the one that the connection's `types` names."""
        parts = source_id.split(":")
        if len(parts) > 1 and parts[1].isascii() and parts[1].isdigit():
            return parts[0], parts[1], parts[2] if len(parts) > 2 else None
        locale = parts[1] if len(parts) > 1 and language(parts[1]) else None
        return self._model(), parts[0], locale

    def _model(self) -> str:
        types = self._options["types"]
        if types == ENTRY_TYPES or "*" in types:
            return "article"
        return types.split(",")[0].strip() or "article"


def _plural(model: str) -> str:
    """The name of a content type in addresses, by Strapi's rule for English words."""
    if model.endswith("y") and model[-2:-1] not in "aeiou":
        return f"{model[:-1]}ies"
    return f"{model}es" if model.endswith(("s", "x", "ch", "sh")) else f"{model}s"
