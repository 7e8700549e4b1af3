"""Which addresses the fetcher refuses, in every spelling and range we know of."""

import asyncio
import socket
import threading
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import BadInput, Unreachable
from bot.guard import NEVER, NOT_PUBLIC, Guard, look_up, objection

METADATA = ["169.254.169.254", "169.254.170.2", "192.0.0.192", "100.100.100.200", "168.63.129.16", "fd00:ec2::254"]
NOWHERE = [
    "0.0.0.0",
    "0.1.2.3",
    "::",
    "224.0.0.1",
    "239.255.255.250",
    "ff02::1",
    "ff0e::1",
    "255.255.255.255",
    "240.0.0.1",
]
LINK_LOCAL = ["169.254.0.1", "fe80::1", "fe80::1%eth0", "febf::1"]
PRIVATE = [
    *("127.0.0.1", "127.255.255.254", "::1", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1"),
    *("fd12:3456::1", "fc00::1", "fec0::1", "198.18.0.1", "192.0.2.1", "198.51.100.7", "203.0.113.9", "2001:db8::1"),
]
TUNNELS = [
    *(
        "2002:7f00:1::",
        "2002:808:808::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "::7f00:1",
        "::8.8.8.8",
        "192.88.99.1",
    ),
    *("64:ff9b:1::7f00:1", "100::1", "3fff::1", "5f00::1", "4000::1", "2001:2::1", "2001:10::1", "2001:20::1"),
]
MAPPED = ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:192.168.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe"]
PUBLIC = [
    *("8.8.8.8", "93.184.216.34", "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.1", "223.255.255.254"),
    *("2606:4700::1111", "2a00:1450:4001::200e", "::ffff:8.8.8.8", "64:ff9b::808:808", "192.0.1.1", "169.253.0.1"),
]


@pytest.mark.parametrize("address", [*METADATA, *NOWHERE, *LINK_LOCAL, *PRIVATE, *TUNNELS, *MAPPED])
def test_what_is_not_the_public_internet_is_refused(address: str):
    assert objection(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_the_public_internet_passes(address: str):
    assert objection(address) == ""


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.1.2.3", "192.168.1.1", "fd12:3456::1", "::ffff:10.0.0.1"])
def test_a_private_host_may_be_let_pass(address: str):
    assert objection(address)
    assert objection(address, private=True) == ""


@pytest.mark.parametrize(
    "address", [*METADATA, *NOWHERE, *LINK_LOCAL, "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "64:ff9b::6464:64c8"]
)
def test_metadata_and_what_is_no_host_never_pass(address: str):
    assert objection(address, private=True)


@pytest.mark.parametrize("network", [*NEVER, *NOT_PUBLIC])
def test_listed_networks_are_refused_from_end_to_end(network: str):
    listed = ip_network(network)
    assert objection(str(listed[0]))
    assert objection(str(listed[-1]))


@settings(deadline=None)
@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_alike_in_every_ipv6_spelling(address: IPv4Address):
    plain = objection(str(address))
    for prefix in ("::ffff:0:0", "::ffff:0:0:0", "64:ff9b::"):
        written = IPv6Address(int(IPv6Address(prefix)) | int(address))
        assert objection(str(written)) == plain
        assert objection(written.exploded.upper()) == plain
    assert objection(str(IPv6Address((0x2002 << 112) | (int(address) << 80)))), "6to4"
    assert objection(str(IPv6Address(int(address)))), "v4-compatible"


@settings(deadline=None)
@given(st.ip_addresses(v=6))
def test_of_ipv6_only_global_unicast_passes(address: IPv6Address):
    stands_for_v4 = address.exploded.startswith(
        ("0000:0000:0000:0000:0000:ffff", "0064:ff9b", "0000:0000:0000:0000:ffff:0000")
    )
    if objection(str(address)) == "" and not stands_for_v4:
        assert address.exploded[0] in "23"
        assert address.is_global


NO_ADDRESS = ["", "town.example", "//town.example/x", "ftp://town.example/", "file:///etc/hosts", "javascript:alert(1)"]
NO_ADDRESS += ["http://", "https:///x", "http://:80/", "http://[::1", "http://[1.2.3.4]/", "http://a\ud800b.example/"]
NO_ADDRESS += [
    "http://town.example:99999/",
    "http://ä..example/",
    "http://a\u200bb.example/",
    "http://town.example\\@x/",
]
NUMBERS = [
    "2130706433",
    "127.1",
    "0x7f.1",
    "0177.0.0.1",
    "0x7f000001",
    "127.0.0.1.",
    "127.0.0.01",
    "8.8.2056",
    "1.1.1.1.",
]
NO_NAME = ["a b.example", "%31%32%37.0.0.1", "a%00b.example", "town..example", f"{'a' * 64}.example"]
LITERALS = [
    "127.0.0.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "①②⑦.0.0.1",
    "127。0。0。1",
    "１２７.0.0.1",
    "[fe80::1%25eth0]",
    "0.0.0.0",
]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        *((url, "no web address") for url in NO_ADDRESS),
        *((f"http://{host}/", "cannot be the name") for host in [*NUMBERS, *NO_NAME]),
        *((f"http://{host}/", " is ") for host in LITERALS),
        ("http://169.254.169.254/latest/meta-data/", "cloud"),
        *((f"https://{user}@town.example/", "name or password") for user in ("ada", "ada:pass", ":pass", ":")),
        *((f"http://town.example:{port}/", f"port {port}") for port in (0, 22, 25, 8080, 6379, 65535)),
    ],
)
def test_addresses_refused_before_any_look_up(url: str, why: str):
    with pytest.raises(Unreachable, match=why) as refused:
        Guard().admit(url)
    assert "pass@" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("HTTP://Town.Example", "town.example", 80),
        ("https://town.example./x?y#z", "town.example.", 443),
        ("http://town.example:443/", "town.example", 443),
        ("https://müllberg.example/", "xn--mllberg-n2a.example", 443),
        ("https://図書館.example/", "xn--lcss68aj21b.example", 443),
        ("http://8.8.8.8/", "8.8.8.8", 80),
        ("http://[2606:4700::1111]/", "2606:4700::1111", 80),
    ],
)
def test_addresses_admitted(url: str, host: str, port: int):
    admitted = Guard().admit(url)
    assert (admitted.raw_host, admitted.port) == (host, port)


def test_an_allowed_host_is_allowed_on_its_own_port_only():
    guard = Guard(["127.0.0.1:8080", "[::1]:81", "10.0.0.7", "Wiki.Intranet:8443"])
    for url in (
        "http://127.0.0.1:8080/",
        "http://[::1]:81/",
        "https://10.0.0.7/",
        "http://10.0.0.7/",
        "https://wiki.intranet:8443",
    ):
        guard.admit(url)
    for url in ("http://127.0.0.1/", "http://127.0.0.1:8081/", "http://10.0.0.7:8080/", "https://wiki.intranet:8080"):
        with pytest.raises(Unreachable):
            guard.admit(url)


@pytest.mark.parametrize("entry", ["", "http://wiki", "wiki/path", "ada@wiki", "wiki:port", "10.0.0.0/8", "wiki?x"])
def test_what_is_no_host_cannot_be_allowed(entry: str):
    with pytest.raises(BadInput, match="is not HOST"):
        Guard([entry])


async def test_every_address_of_a_name_must_pass():
    found: list[Sequence[str]] = [["8.8.8.8", "2606:4700::1111"], ["8.8.8.8", "10.0.0.1"], ["::1", "8.8.8.8"], []]

    async def names(host: str) -> Sequence[str]:
        assert host == "town.example"
        return found.pop(0)

    guard = Guard(names=names)
    assert await guard.addresses("town.example", 443) == ["8.8.8.8", "2606:4700::1111"]
    for why in ("leads to 10.0.0.1, not on the public", "leads to ::1, this machine itself", "has no address"):
        with pytest.raises(Unreachable, match=why):
            await guard.addresses("town.example", 443)


async def test_an_allowed_name_may_lead_to_a_private_network_but_not_to_credentials():
    found: list[Sequence[str]] = [["10.0.0.1"], ["169.254.169.254"], ["10.0.0.1"]]

    async def names(host: str) -> Sequence[str]:
        return found.pop(0)

    guard = Guard(["wiki.intranet:8443"], names)
    assert await guard.addresses("wiki.intranet", 8443) == ["10.0.0.1"]
    for port in (8443, 443):
        with pytest.raises(Unreachable):
            await guard.addresses("wiki.intranet", port)


async def test_the_system_knows_this_machine():
    assert {"127.0.0.1", "::1"} & set(await look_up("localhost"))


async def test_a_look_up_that_hangs_can_be_left(monkeypatch: pytest.MonkeyPatch):
    released, before = threading.Event(), set(threading.enumerate())

    def slow(*_: object, **__: object) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        released.wait(100)
        return [(0, 0, 0, "", ("8.8.8.8", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await look_up("town.example")
    waiting = [thread for thread in threading.enumerate() if "ask" in thread.name and thread not in before]
    assert [thread.daemon for thread in waiting] == [True]
    released.set()
    waiting[0].join(100)
    assert await look_up("town.example") == ["8.8.8.8"]
