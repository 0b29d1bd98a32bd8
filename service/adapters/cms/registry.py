"""The CMSs that Parley can call, by their adapters' names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from service.adapters.cms.directus import Directus
from service.adapters.cms.ghost import Ghost
from service.adapters.cms.site import Keeper, Reader, Site
from service.adapters.cms.strapi import Strapi
from service.adapters.cms.wordpress import WordPress
from service.adapters.outbound import Outbound


def reader_of(outbound: Outbound, site: Site, now: Callable[[], datetime]) -> Reader | None:
    """What reads articles of this CMS; None if Parley does not know its API."""
    match site.cms:
        case "directus":
            return Directus(outbound, site)
        case "strapi":
            return Strapi(outbound, site)
        case _:
            return keeper_of(outbound, site, now)


def keeper_of(outbound: Outbound, site: Site, now: Callable[[], datetime]) -> Keeper | None:
    """What lists changes of this CMS and writes into it; None if it can do neither."""
    match site.cms:
        case "wordpress" | "wp-webhooks":
            return WordPress(outbound, site)
        case "ghost":
            return Ghost(outbound, site, now)
        case _:
            return None
