"""HTTP to addresses that others chose (receivers, CMSs): no way into the operator's own network.

The guard uses aiohttp's public hooks only. A resolver looks a name up once a connection and hands on the answers only if all of
them may be dialled; a socket factory checks each address again when it is dialled, which also covers IP literals, for which no
resolver is asked. Nothing is looked up again in between, so a name cannot change its address after the check.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import AddrInfoType

from service.errors import InvalidField, NoAnswer, Unanswered
from service.webhooks.addresses import check_url, is_public

TOTAL_S, CONNECT_S = 15.0, 5.0
MOST_BYTES, HEAD_BYTES = 65_536, 1_024
_MOST_CONNECTIONS = 100
_CHUNK = 16_384

MayDial = Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, whatever its status. `body` holds as much as was allowed to be read, `is_whole` whether that is all."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    is_whole: bool
    elapsed_ms: int

    @property
    def body_head(self) -> bytes:
        """The first 1,024 bytes, for a log."""
        return self.body[:HEAD_BYTES]

    def header(self, name: str) -> str | None:
        """The first header of this name (given in lower case), None where there is none."""
        return next((value for key, value in self.headers if key.lower() == name), None)


class Outbound:
    """A client that dials public addresses only, unless the operator allows more. To be made and used in one event loop."""

    def __init__(
        self,
        allowed_hosts: frozenset[str] = frozenset(),
        *,
        resolver: Callable[[], AbstractResolver] = aiohttp.ThreadedResolver,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`allowed_hosts`: names or IP addresses, in lower case, that may be private, by the operator's settings.

        `tls` replaces the system's certificates, for an operator's own authority.
        """
        self._allowed_hosts = frozenset(host.lower().strip("[]") for host in allowed_hosts)
        self._resolver, self._tls = resolver, tls
        self._sessions: dict[MayDial, aiohttp.ClientSession] = {}

    def check_url(self, url: str, *, allow_private: bool = False) -> None:
        """InvalidField for a URL that is not plain http(s), or whose host is written as an address that may not be dialled.

        A name is not looked up here: what it stands for is checked at every connection.
        """
        check_url(url)
        host = _host(url)
        if _is_literal(host) and not self._rule(host, allow_private)(host):
            raise InvalidField(field="url", value=host, expected="an address of the public internet")

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        allow_private: bool = False,
        timeout_s: float = TOTAL_S,
        max_bytes: int = MOST_BYTES,
        whole: bool = False,
    ) -> Answer:
        """One request, without redirects, cookies, proxies or retries; the answer is cut at `max_bytes`.

        `allow_private` is the operator's decision for this receiver. `whole`: a cut answer is of no use. Raises NoAnswer, with
        TOO_LARGE in that case.
        """
        started = time.perf_counter()
        try:
            self.check_url(url, allow_private=allow_private)
        except InvalidField:
            raise NoAnswer(Unanswered.REFUSED_ADDRESS) from None
        try:
            async with self._session(self._rule(_host(url), allow_private)).request(
                method,
                url,
                headers={"User-Agent": "parley", **headers},
                data=body,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout_s, connect=min(CONNECT_S, timeout_s)),
            ) as response:
                read = await _read(response.content, max_bytes + 1)
                received = tuple(response.headers.items())
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            # Without its cause: its words hold the address, which may hold a secret.
            raise NoAnswer(_reason(error)) from None
        if whole and len(read) > max_bytes:
            raise NoAnswer(Unanswered.TOO_LARGE)
        return Answer(
            status=response.status,
            headers=received,
            body=read[:max_bytes],
            is_whole=len(read) <= max_bytes,
            elapsed_ms=round((time.perf_counter() - started) * 1000),
        )

    async def aclose(self) -> None:
        """Let go of all connections."""
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            await session.close()

    def _rule(self, host: str, allow_private: bool) -> MayDial:
        return is_host_address if allow_private or host in self._allowed_hosts else is_public

    def _session(self, may_dial: MayDial) -> aiohttp.ClientSession:
        """One client a rule: they share no connection and no answer of a resolver."""
        if may_dial not in self._sessions:
            connector = aiohttp.TCPConnector(
                ssl=self._tls or True,
                resolver=CheckedResolver(self._resolver(), may_dial),
                socket_factory=_checked_sockets(may_dial),
                use_dns_cache=False,
                force_close=True,  # a kept connection may die under a POST, and a message would then wait for its next attempt
                limit=_MOST_CONNECTIONS,
            )
            self._sessions[may_dial] = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                auto_decompress=False,  # a kilobyte may unfold to gigabytes
                headers={"Accept-Encoding": "identity"},
            )
        return self._sessions[may_dial]


def is_host_address(address: str) -> bool:
    """Whether an address may be dialled where the operator allows private ones: all but those that no receiver has.

    Link-local addresses are left out: clouds hand out their machines' credentials there.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return not (found.is_link_local or found.is_multicast or found.is_unspecified)


class RefusedAddress(OSError):
    """An address that may not be dialled; an OSError, since that is what aiohttp expects of a resolver and of a socket."""


class CheckedResolver(AbstractResolver):
    """Gives the answers of another resolver if all of them may be dialled."""

    def __init__(self, inner: AbstractResolver, may_dial: MayDial) -> None:
        self._inner, self._may_dial = inner, may_dial

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a name; RefusedAddress if one of them may not be dialled."""
        found = await self._inner.resolve(host, port, family)
        if not all(self._may_dial(result["host"]) for result in found):
            raise RefusedAddress
        return found

    async def close(self) -> None:
        """Let go of the other resolver."""
        await self._inner.close()


def _checked_sockets(may_dial: MayDial) -> Callable[[AddrInfoType], socket.socket]:
    def make(info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        if family not in (socket.AF_INET, socket.AF_INET6) or not may_dial(str(address[0])):
            raise RefusedAddress
        return socket.socket(family=family, type=kind, proto=protocol)

    return make


async def _read(content: aiohttp.StreamReader, most: int) -> bytes:
    read = bytearray()
    while len(read) < most and (chunk := await content.read(min(_CHUNK, most - len(read)))):
        read += chunk
    return bytes(read)


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").rstrip(".")


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _reason(error: Exception) -> Unanswered:
    match error:
        case asyncio.TimeoutError():
            return Unanswered.TIMED_OUT
        case RefusedAddress():
            return Unanswered.REFUSED_ADDRESS
        case aiohttp.ClientConnectorError() if isinstance(error.os_error, RefusedAddress):
            return Unanswered.REFUSED_ADDRESS
        case aiohttp.ClientConnectorDNSError():
            return Unanswered.NO_SUCH_HOST
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return Unanswered.BAD_TLS
        case aiohttp.ClientConnectorError():
            return Unanswered.NOT_REACHED
        case aiohttp.InvalidURL():
            return Unanswered.REFUSED_ADDRESS
        case _:
            return Unanswered.BROKEN_OFF
