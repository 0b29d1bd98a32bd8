"""Open mode without a database: who counts as local."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from service.api.access import caller_of
from service.errors import KeyRefused


def request(address: str | None = "127.0.0.1", **headers: str) -> Request:
    sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
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


async def test_without_open_mode_nobody_is_let_in_without_a_key() -> None:
    with pytest.raises(KeyRefused):
        await caller_of(request(), None, "read", open_mode=False)
