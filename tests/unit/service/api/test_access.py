"""Open mode without a database: who counts as local."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from service.api.access import caller_of
from service.errors import KeyRefused


def request(address: str | None = "127.0.0.1", *hosts: str, **headers: str) -> Request:
    sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    sent += [(b"host", host.encode()) for host in hosts or ("localhost:8000",)]
    return Request({"type": "http", "headers": sent, "client": None if address is None else (address, 1)})


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
async def test_who_comes_over_loopback_needs_no_key_in_open_mode(address: str) -> None:
    caller = await caller_of(request(address), None, "admin", open_mode=True)

    assert (caller.tenant_id, caller.key_id) == ("default", None)


@pytest.mark.parametrize("address", ["10.0.0.1", "192.168.1.5", "::ffff:10.0.0.1", "2001:db8::1", "testclient", None])
async def test_who_comes_from_elsewhere_does(address: str | None) -> None:
    with pytest.raises(KeyRefused):
        await caller_of(request(address), None, "read", open_mode=True)


@pytest.mark.parametrize(
    "header",
    ["x_forwarded_for", "forwarded", "x_real_ip", "via", "x_forwarded_proto", "x_forwarded_host", "cf_connecting_ip"],
)
async def test_who_comes_through_a_proxy_does_even_if_that_says_loopback(header: str) -> None:
    with pytest.raises(KeyRefused):
        await caller_of(request("127.0.0.1", **{header: "127.0.0.1"}), None, "read", open_mode=True)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1", "127.0.0.1:65535", "[::1]", "[::1]:8000"])
async def test_this_machine_may_be_called_by_each_of_its_own_names(host: str) -> None:
    asked = request("127.0.0.1", host, origin=f"http://{host}")

    assert (await caller_of(asked, None, "read", open_mode=True)).key_id is None


@pytest.mark.parametrize(
    "hosts",
    [
        ("news.example",), ("news.example:8000",), ("localhost.news.example",), ("127.0.0.1.news.example",), ("10.0.0.1",),
        ("0.0.0.0",), ("",), (":8000",), ("[::1",), ("localhost@news.example",), ("news.example", "localhost"),
        ("localhost", "news.example"),
    ],
)  # fmt: skip
async def test_a_name_that_somebody_led_to_this_machine_needs_a_key(hosts: tuple[str, ...]) -> None:
    with pytest.raises(KeyRefused):
        await caller_of(request("127.0.0.1", *hosts), None, "read", open_mode=True)


async def test_a_request_that_names_no_host_needs_a_key() -> None:
    asked = Request({"type": "http", "headers": [], "client": ("127.0.0.1", 1)})

    with pytest.raises(KeyRefused):
        await caller_of(asked, None, "read", open_mode=True)


@pytest.mark.parametrize("origin", ["https://news.example", "http://localhost.news.example", "null", ""])
async def test_a_web_page_of_somebody_else_needs_a_key(origin: str) -> None:
    with pytest.raises(KeyRefused):
        await caller_of(request(origin=origin), None, "read", open_mode=True)


async def test_without_open_mode_nobody_is_let_in_without_a_key() -> None:
    with pytest.raises(KeyRefused):
        await caller_of(request(), None, "read", open_mode=False)
