from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import InvalidField
from service.webhooks.addresses import check_url, is_public


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "93.184.215.14",
        "192.0.3.1",
        "172.15.0.1",
        "172.32.0.1",
        "223.255.255.254",
        "2606:4700::1111",
        "2a00:1450::1",
        "::ffff:1.1.1.1",
        "2001:4860:4860::8888",
        "2001:200::1",
    ],
)
def test_a_host_of_the_public_internet_may_be_dialled(address: str) -> None:
    assert is_public(address)


INSIDE = """
    0.0.0.0 10.1.2.3 100.64.0.1 100.100.100.200 127.0.0.1 127.9.9.9 169.254.169.254 172.16.0.1 172.31.255.255
    192.0.0.9 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.19.9.9 198.51.100.1 203.0.113.1
    224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255 168.63.129.16 :: ::1 ::7f00:1 ::0a00:1 ::ffff:127.0.0.1
    ::ffff:10.0.0.1 ::ffff:a9fe:a9fe ::ffff:224.0.0.1 ::ffff:0:7f00:1 64:ff9b::7f00:1 64:ff9b::808:808
    64:ff9b:1::1 100::1 100:0:0:1::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:20::1 2001:30::1
    2001:db8::1 2002:7f00:1:: 2002:808:808::1 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1 fec0::1 ff02::1
    fe80::1%eth0 2606:4700::1111%eth0 ::ffff:1.1.1.1%eth0
"""


@pytest.mark.parametrize("address", INSIDE.split())
def test_what_leads_inside_may_not_be_dialled(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "localhost",
        "example.org",
        "1.1.1",
        "16843009",
        "0x1.1.1.1",
        "01.1.1.1",
        "1.1.1.1:80",
        "[2606:4700::1111]",
        " 1.1.1.1",
        "1.1.1.1/32",
        "１.1.1.1",
        "1.1.1.1\n",
        "\ud800",
    ],
)
def test_what_is_no_address_may_not_be_dialled(address: str) -> None:
    assert not is_public(address)


@given(st.ip_addresses())
def test_nothing_is_public_that_python_calls_private(address: IPv4Address | IPv6Address) -> None:
    meant = getattr(address, "ipv4_mapped", None) or address

    if is_public(str(address)):
        assert meant.is_global
        assert [meant.is_private, meant.is_multicast, meant.is_reserved, meant.is_link_local] == [False] * 4


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_alike_in_ipv6_and_refused_in_a_tunnel(address: IPv4Address) -> None:
    number = int(address)
    tunnels = (
        number,
        (0x64FF9B << 96) | number,
        (0x2002 << 112) | (number << 80),
        (0x20010000 << 96) | (~number & 0xFFFFFFFF),
    )

    assert is_public(f"::ffff:{address}") == is_public(str(address))
    assert not any(is_public(str(IPv6Address(tunnel))) for tunnel in tunnels)


@given(st.text(max_size=40))
def test_no_text_breaks_the_check_of_an_address(address: str) -> None:
    if is_public(address):
        assert ip_address(address).is_global


@pytest.mark.parametrize(
    "url",
    [
        "https://desk.example/hooks",
        "http://desk.example:8080/a?b=c%20d#e",
        "https://DESK.example.",
        "https://a-b.c_d.example",
        "https://xn--b1amarcd.xn--j1amh/",
        "http://10.0.0.5/on-premises",
        "https://[2606:4700::1111]:8443/x",
        "http://localhost",
        "https://desk.example/path/@user",
        "https://desk.example:65535",
        "HTTPS://desk.example/",
        "http://cms",
        "http://1.example",
    ],
)
def test_a_plain_url_is_accepted(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ftp://desk.example/", "http or https"),
        ("file:///etc/passwd", "http or https"),
        ("javascript:alert(1)", "http or https"),
        ("desk.example/hooks", "http or https"),
        ("//desk.example/hooks", "http or https"),
        ("", "http or https"),
        ("https://", "with a host"),
        ("https:desk.example", "with a host"),
        ("https:///hooks", "with a host"),
        ("https://:443/", "with a host"),
        ("https://desk.example:/", "port"),
        ("https://desk.example:0/", "port"),
        ("https://desk.example:65536/", "port"),
        ("https://desk.example:-1/", "port"),
        ("https://desk.example:80a/", "port"),
        ("https://desk.example:80:80/", "port"),
        ("https://user:pw@desk.example/", "user name"),
        ("https://user@desk.example/", "user name"),
        ("https://@desk.example/", "user name"),
        ("https://good.example\\@evil.example/", "backslash"),
        ("https://desk.example/a b", "visible ASCII"),
        (" https://desk.example/", "visible ASCII"),
        ("https://desk.example/\n", "visible ASCII"),
        ("https://de\tsk.example/", "visible ASCII"),
        ("https://новини.укр/", "punycode"),
        ("https://１２７.0.0.1/", "punycode"),
        ("https://desk.example/" + "a" * 2048, "at most 2,048"),
        ("http://2130706433/", "IPv4"),
        ("http://0x7f000001/", "IPv4"),
        ("http://0177.0.0.1/", "IPv4"),
        ("http://127.1/", "IPv4"),
        ("http://127.0.0.0x1/", "IPv4"),
        ("http://1.2.3.4./", "IPv4"),
        ("http://256.1.1.1/", "IPv4"),
        ("http://[::1/", "host"),
        ("http://::1/", "host"),
        ("http://[::1]evil.example/", "host"),
        ("http://[fe80::1%25eth0]/", "host"),
        ("http://[1.1.1.1]/", "host"),
        ("http://%6cocalhost/", "host name"),
        ("http://-desk.example/", "host name"),
        ("http://desk..example/", "host name"),
        ("http://" + "a." * 130 + "example/", "host name"),
    ],
)
def test_an_odd_url_is_refused_saying_what_was_expected(url: str, expected: str) -> None:
    with pytest.raises(InvalidField) as refused:
        check_url(url)

    assert refused.value.field == "url"
    assert expected in refused.value.expected


@pytest.mark.parametrize(
    "url",
    [
        "https://me:{0}@desk.example/",
        "https://{0}@desk.example/",
        "ftp://desk.example/{0}",
        "ftp://desk.example?{0}",
        "ftp:me:{0}@x",
        "https://me:{0}@desk.example\\/",
        "https://me: {0}@desk.example/",
        "{0}",
        "x/{0}",
        "https://desk.example:0/services/{0}/a",
        "https://me:{0}/x@desk.example/",
        "https:{0}//x",
    ],
)
def test_no_secret_of_a_url_gets_into_the_error(url: str) -> None:
    with pytest.raises(InvalidField) as refused:
        check_url(url.format("sesame-0123456789"))

    assert "sesa" not in refused.value.message


@given(
    st.text(max_size=60) | st.text(st.sampled_from("htps:/@[]%.\\?#:0127ax"), max_size=30).map(lambda end: f"http://{end}")
)
def test_no_text_breaks_the_check_of_a_url(url: str) -> None:
    try:
        check_url(url)
    except InvalidField:
        return
    assert url.lower().startswith(("http://", "https://"))
