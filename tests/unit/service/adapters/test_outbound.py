"""The outgoing client against real servers on this machine: what may be dialled, and what is made of the answers."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from service.adapters.outbound import Outbound, is_host_address
from service.errors import InvalidField, NoAnswer, Unanswered

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Names(AbstractResolver):
    """A resolver by a table; each lookup of a name takes its next answer, the last one for good."""

    def __init__(self, table: Mapping[str, list[list[str]]]) -> None:
        self.table, self.lookups = {name: list(answers) for name, answers in table.items()}, 0

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_UNSPEC) -> list[ResolveResult]:
        self.lookups += 1
        if host not in self.table:
            raise OSError("unknown name")
        answers = self.table[host]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
                "proto": 0,
                "flags": socket.AI_NUMERICHOST,
            }
            for address in found
        ]

    async def close(self) -> None:
        """Nothing to let go of."""


class Trap:
    """A port of this machine, on every address, that counts who connects."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1]

    def connections(self) -> int:
        count = 0
        while True:
            try:
                self.socket.accept()[0].close()
            except BlockingIOError:
                return count
            count += 1


@pytest.fixture
def trap() -> Iterator[Trap]:
    laid = Trap()
    yield laid
    laid.socket.close()


@asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A real server on 127.0.0.1 that answers everything by `handler`; its port."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    try:
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


@asynccontextmanager
async def outbound(**options) -> AsyncIterator[Outbound]:
    client = Outbound(**options)
    try:
        yield client
    finally:
        await client.aclose()


@contextmanager
def unanswered(reason: Unanswered) -> Iterator[None]:
    with pytest.raises(NoAnswer) as caught:
        yield
    assert caught.value.reason is reason


async def answer_ok(_: web.Request) -> web.Response:
    return web.Response(text="ok")


NOWHERE = "0.0.0.0"
HOSTS = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "0",
    NOWHERE,
    "localhost",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "224.0.0.1",
    "255.255.255.255",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::7f00:1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[fe80::1]",
    "[fe80::1%25lo]",
    "[fd00::1]",
    "[ff02::1]",
]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_an_address_that_is_not_public_is_refused_without_a_packet(trap: Trap, host: str, scheme: str):
    async with outbound() as client:
        with unanswered(Unanswered.REFUSED_ADDRESS):
            await client.send("POST", f"{scheme}://{host}:{trap.port}/", headers={}, body=b"x", timeout_s=3)

    assert trap.connections() == 0


@pytest.mark.parametrize("host", [host for host in HOSTS if host not in ("localhost",)])
async def test_the_sockets_refuse_by_themselves_what_the_url_check_would_let_pass(
    trap: Trap, host: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Outbound, "check_url", lambda *_, **__: None)
    async with outbound() as client:
        with pytest.raises(NoAnswer) as caught:
            await client.send("POST", f"http://{host}:{trap.port}/", headers={}, timeout_s=3)

    assert caught.value.reason in (Unanswered.REFUSED_ADDRESS, Unanswered.NO_SUCH_HOST)
    assert trap.connections() == 0


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["93.184.215.14", "127.0.0.1"], ["::1"], ["::ffff:127.0.0.1"], ["64:ff9b::7f00:1"], ["2002:7f00:1::"]],
)
async def test_a_name_that_has_one_private_address_is_refused(trap: Trap, addresses: list[str]):
    async with outbound(resolver=lambda: Names({"news.example": [addresses]})) as client:
        with unanswered(Unanswered.REFUSED_ADDRESS):
            await client.send("POST", f"http://news.example:{trap.port}/", headers={}, timeout_s=3)

    assert trap.connections() == 0


async def test_a_name_is_looked_up_once_a_request_so_that_it_cannot_change_after_the_check(
    trap: Trap, monkeypatch: pytest.MonkeyPatch
):
    names = Names({"news.example": [["93.184.215.14"], ["127.0.0.1"]]})
    dialled: list[str] = []

    async def sock_connect(_: object, __: socket.socket, address: tuple[str, int]) -> None:
        dialled.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(type(asyncio.get_running_loop()), "sock_connect", sock_connect)
    async with outbound(resolver=lambda: names) as client:
        with unanswered(Unanswered.NOT_REACHED):
            await client.send("POST", f"http://news.example:{trap.port}/", headers={}, timeout_s=3)
        first = names.lookups
        with unanswered(Unanswered.REFUSED_ADDRESS):
            await client.send("POST", f"http://news.example:{trap.port}/", headers={}, timeout_s=3)

    assert (first, names.lookups, dialled, trap.connections()) == (1, 2, ["93.184.215.14"], 0)


async def test_a_redirect_into_the_network_is_an_answer_and_is_not_followed(trap: Trap):
    async def redirect(_: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": f"http://127.0.0.1:{trap.port}/"})

    async with serving(redirect) as port, outbound() as client:
        answer = await client.send("GET", f"http://127.0.0.1:{port}/", headers={}, allow_private=True)

    assert (answer.status, trap.connections()) == (302, 0)


@pytest.mark.parametrize(
    "url", ["ftp://example.org/", "file:///etc/passwd", "http://a:b@example.org/", "gopher://example.org/", "//x"]
)
async def test_only_plain_http_is_spoken(url: str):
    async with outbound() as client:
        with pytest.raises(InvalidField):
            client.check_url(url, allow_private=True)
        with unanswered(Unanswered.REFUSED_ADDRESS):
            await client.send("GET", url, headers={}, allow_private=True)


async def test_what_the_operator_allows_is_dialled():
    seen: list[tuple[str, bytes, str | None]] = []

    async def receive(request: web.Request) -> web.Response:
        seen.append((request.method, await request.read(), request.headers.get("X-Own")))
        return web.Response(status=201, text="made", headers={"X-Answer": "yes"})

    names = {"cms.example": [["127.0.0.1"]]}
    async with serving(receive) as port:
        async with outbound(resolver=lambda: Names(names), allowed_hosts=frozenset({"cms.example", "127.0.0.1"})) as client:
            by_name = await client.send("POST", f"http://cms.example:{port}/a", headers={"X-Own": "1"}, body=b"one")
            by_number = await client.send("PUT", f"http://127.0.0.1:{port}/a", headers={}, body=b"two")
        async with outbound() as client:
            by_flag = await client.send("GET", f"http://127.0.0.1:{port}/a", headers={}, allow_private=True)
            with unanswered(Unanswered.REFUSED_ADDRESS):  # the permission is for one call
                await client.send("GET", f"http://127.0.0.1:{port}/a", headers={})

    assert seen == [("POST", b"one", "1"), ("PUT", b"two", None), ("GET", b"", None)]
    assert [answer.status for answer in (by_name, by_number, by_flag)] == [201, 201, 201]
    assert (by_name.body, by_name.body_head, by_name.header("x-answer"), by_name.is_whole) == (b"made", b"made", "yes", True)


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1", NOWHERE, "::", "224.0.0.1", "x"]
)
def test_what_no_receiver_has_is_not_allowed_either(address: str):
    assert not is_host_address(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "::1", "fd00::1", "93.184.215.14"])
def test_private_addresses_can_be_allowed(address: str):
    assert is_host_address(address)


async def test_proxies_of_the_environment_and_cookies_are_ignored(trap: Trap, monkeypatch: pytest.MonkeyPatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{trap.port}")
    cookies: list[str | None] = []

    async def bake(request: web.Request) -> web.Response:
        cookies.append(request.headers.get("Cookie"))
        return web.Response(headers={"Set-Cookie": "a=1; Path=/"})

    async with serving(bake) as port, outbound() as client:
        for _ in range(2):
            await client.send("GET", f"http://localhost:{port}/", headers={}, allow_private=True)

    assert (cookies, trap.connections()) == ([None, None], 0)


async def test_a_large_answer_is_cut_and_of_no_use_where_all_of_it_is_needed():
    async def flood(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(160):
            await response.write(b"x" * 65_536)
        return response

    async with serving(flood) as port, outbound() as client:
        url = f"http://127.0.0.1:{port}/"
        cut = await client.send("GET", url, headers={}, allow_private=True)
        with unanswered(Unanswered.TOO_LARGE):
            await client.send("GET", url, headers={}, allow_private=True, whole=True)
        whole = await client.send("GET", url, headers={}, allow_private=True, whole=True, max_bytes=160 * 65_536)

    assert (cut.status, len(cut.body), len(cut.body_head), cut.is_whole) == (200, 65_536, 1_024, False)
    assert (len(whole.body), whole.is_whole) == (160 * 65_536, True)


async def test_a_packed_answer_is_not_unfolded():
    async def pack(_: web.Request) -> web.Response:
        return web.Response(body=b"\x1f\x8b rest", headers={"Content-Encoding": "gzip"})

    async with serving(pack) as port, outbound() as client:
        answer = await client.send("GET", f"http://127.0.0.1:{port}/", headers={}, allow_private=True)

    assert answer.body == b"\x1f\x8b rest"


async def test_a_slow_answer_is_given_up():
    async def dawdle(_: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    async with serving(dawdle) as port, outbound() as client:
        with unanswered(Unanswered.TIMED_OUT):
            await client.send("GET", f"http://127.0.0.1:{port}/", headers={}, allow_private=True, timeout_s=0.2)


async def test_a_dribbled_answer_is_given_up():
    async def dribble(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x")
            await asyncio.sleep(0.05)

    async with serving(dribble) as port, outbound() as client:
        with unanswered(Unanswered.TIMED_OUT):
            await client.send("GET", f"http://127.0.0.1:{port}/", headers={}, allow_private=True, timeout_s=0.3)


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate of cms.example that vouches for itself, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    made, key = tmp_path / "own.pem", tmp_path / "key.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=cms.example"
    names = ["-addext", "subjectAltName=DNS:cms.example", "-keyout", str(key), "-out", str(made)]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)
    return made, key


async def test_a_certificate_that_nobody_vouches_for_is_bad_tls(certificate: tuple[Path, Path]):
    context, known = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cafile=certificate[0])
    context.load_cert_chain(*certificate)
    names = {"cms.example": [["127.0.0.1"]], "other.example": [["127.0.0.1"]]}

    async with serving(answer_ok, tls=context) as port:
        async with outbound(resolver=lambda: Names(names)) as client:
            with unanswered(Unanswered.BAD_TLS):
                await client.send("GET", f"https://cms.example:{port}/", headers={}, allow_private=True)
        async with outbound(resolver=lambda: Names(names), tls=known) as client:
            answer = await client.send("GET", f"https://cms.example:{port}/", headers={}, allow_private=True)
            with unanswered(Unanswered.BAD_TLS):
                await client.send("GET", f"https://other.example:{port}/", headers={}, allow_private=True)

    assert answer.status == 200


async def test_what_goes_wrong_on_the_way_has_a_name():
    async def speak_nonsense(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-whatever\r\n\r\n")
        await writer.drain()
        writer.close()

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with outbound(resolver=lambda: Names({})) as client:
        for greet in (speak_nonsense, hang_up):
            async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
                port = server.sockets[0].getsockname()[1]
                with unanswered(Unanswered.BROKEN_OFF):
                    await client.send("GET", f"http://127.0.0.1:{port}/", headers={}, allow_private=True)
                with unanswered(Unanswered.BAD_TLS if greet is speak_nonsense else Unanswered.NOT_REACHED):
                    await client.send("GET", f"https://127.0.0.1:{port}/", headers={}, allow_private=True)
        with unanswered(Unanswered.NOT_REACHED):
            await client.send("GET", f"http://127.0.0.1:{port}/", headers={}, allow_private=True)
        with unanswered(Unanswered.NO_SUCH_HOST):
            await client.send("GET", "http://nowhere.example/", headers={})


async def test_an_error_holds_no_address():
    async with outbound() as client:
        with pytest.raises(NoAnswer) as caught:
            await client.send("GET", "http://10.1.2.3/secret-path", headers={}, timeout_s=1)

    assert (caught.value.__cause__, caught.value.__suppress_context__) == (None, True)
    assert "10.1.2.3" not in caught.value.message
    assert "secret" not in caught.value.message
