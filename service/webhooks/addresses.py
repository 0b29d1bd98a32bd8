"""Where outgoing requests may go: no way into the operator's own network (server-side request forgery)."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from service.errors import InvalidField

# From the IANA special-purpose registries, written out since `is_global` differs between patch releases of Python.
_REFUSED_V4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # public by its number, but Azure's own services answer there inside every virtual machine
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)
# Outside 2000::/3 nothing is global unicast; the blocks below carry an IPv4 address (a tunnel to it) or are not for hosts.
_GLOBAL_V6 = IPv6Network("2000::/3")
_REFUSED_V6 = tuple(
    IPv6Network(block)
    for block in (
        "::/96",  # IPv4-compatible, the unspecified address and loopback
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",
        "2001::/23",  # protocol assignments, Teredo (2001::/32) among them
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "3fff::/20",
    )
)
_NETLOC = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:@]+)(:(?P<port>[0-9]{1,5}))?")
_START = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,15}:)(//(?P<place>[^/?#\\]*))?")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?")
_LONGEST_URL, _LONGEST_HOST = 2048, 253
_SHOWN = 80


def is_public(address: str) -> bool:
    """Whether this IP address, as a resolver gives it, belongs to a host of the public internet and may be dialled.

    >>> is_public("93.184.215.14"), is_public("::ffff:10.0.0.1"), is_public("64:ff9b::7f00:1"), is_public("example.org")
    (True, False, False, False)
    """
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if "%" in address:  # a zone: link-local by nature
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if isinstance(found, IPv4Address):
        listed = any(found in block for block in _REFUSED_V4)
    else:
        listed = found not in _GLOBAL_V6 or any(found in block for block in _REFUSED_V6)
    return not listed and found.is_global and not found.is_multicast


def check_url(url: str) -> None:
    """InvalidField unless this is an http or https URL with a plain host and port, that every client reads alike.

    Whether its host may be dialled is decided on the addresses it resolves to, each time (`is_public`).
    The error names scheme and host at most: the rest of a webhook's URL is often a secret.
    """
    problem = _problem(url)
    if problem:
        raise InvalidField(field="url", value=_shown(url), expected=problem)


def _problem(url: str) -> str | None:
    if len(url) > _LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return (
            f"at most {_LONGEST_URL:,} visible ASCII characters without backslash (an international host name as punycode)"
        )
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an http or https URL with a host"
    if parts.scheme not in ("http", "https"):
        return "an http or https URL"
    if "@" in parts.netloc:
        return "a URL without user name and password"
    place = _NETLOC.fullmatch(parts.netloc)  # not parts.hostname: it overlooks what stands behind a bracket
    if place is None or not 1 <= int(place["port"] or 1) <= 65535:
        return "a URL with a host, and a port from 1 to 65535 if any"
    return None if _is_plain(place["host"]) else "a host name, an IPv4 address or an IPv6 address in brackets"


def _is_plain(host: str) -> bool:
    """Whether this is a host that can be written in one way only; 0x7f.1 and 2130706433 are addresses to some clients."""
    if host.startswith("["):
        return _is_address(host[1:-1], IPv6Address)
    last = host.rstrip(".").rpartition(".")[2]
    if _NUMBER.fullmatch(last):
        return _is_address(host, IPv4Address)
    return len(host) <= _LONGEST_HOST and bool(_HOST.fullmatch(host))


def _is_address(host: str, kind: type[IPv4Address] | type[IPv6Address]) -> bool:
    try:
        kind(host)
    except ValueError:
        return False
    return True


def _shown(url: str) -> str:
    """Scheme and host, without anything that could be a password (":", "@") or a path."""
    start = _START.match(url)
    if start is None:
        return "..."
    host = (start["place"] or "").rpartition("@")[2].partition(":")[0]
    return f"{start['scheme']}//{host[:_SHOWN]}..."
