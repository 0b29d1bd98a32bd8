"""Who asks: an API key as `Authorization: Bearer KEY`, or, in open mode, anybody who reaches us over loopback.

Open mode is for the laptop: the service listens on loopback only, and no key exists yet. What came through a proxy comes from
anywhere, also if the proxy runs on this machine, and needs a key. So does what a web page sends through the browser of whoever
sits at this machine: its author may let a name of his own lead to 127.0.0.1 (DNS rebinding), but cannot choose what the browser
then names as Host and as Origin.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from starlette.requests import Request

from service.errors import KeyRefused, ScopeMissing
from service.flows import keys
from service.flows.desk import Caller, Desk

# What proxies add by themselves or are told to add by every manual. One that adds nothing cannot be told from a local caller.
_FORWARDED = (
    "forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "x-client-ip", "true-client-ip",
    "cf-connecting-ip",
)  # fmt: skip


async def caller_of(request: Request, desk: Desk | None, scope: str, *, open_mode: bool) -> Caller:
    """Who asks. Raises KeyRefused, ScopeMissing, DatabaseUnavailable."""
    given = request.headers.getlist("authorization")
    if given and desk is not None:
        caller = await keys.holder(desk, _bearer(given))
    elif open_mode and is_local(request) and (desk is None or await keys.is_open(desk)):
        caller = Caller()
    else:
        raise KeyRefused
    if scope not in caller.scopes:
        raise ScopeMissing(scope=scope)
    return caller


def _bearer(given: list[str]) -> str:
    scheme, _, key = given[0].partition(" ")
    if len(given) > 1 or scheme.lower() != "bearer":
        raise KeyRefused
    return key.strip(" ")


def is_local(request: Request) -> bool:
    """Whether the caller is on this machine, and no proxy or web page that passes on what others sent."""
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    called = [f"//{host}" for host in request.headers.getlist("host")]
    if len(called) != 1 or not all(_leads_here(url) for url in (*called, *request.headers.getlist("origin"))):
        return False
    return _is_loopback(request.client.host)


def _leads_here(url: str) -> bool:
    """Whether the URL's host is this machine, named so that no one else's name server was asked."""
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return False
    return host == "localhost" or _is_loopback(host or "")


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
