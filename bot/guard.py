"""Which addresses our fetcher may ask: the web's own ports on the public internet, and private hosts named one by one.

Python's `is_global` alone is not enough: it passes multicast, 6to4, v4-compatible and NAT64 addresses whatever they lead
to, and its answer differs between releases. Sources: the IANA special-purpose registries for IPv4 and IPv6, RFC 6890.
"""

import asyncio
import re
import socket
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

from bot.errors import BadInput, Unreachable

if TYPE_CHECKING:
    from yarl import URL

Address = IPv4Address | IPv6Address
LookUp = Callable[[str], Awaitable[Sequence[str]]]

PORTS = (80, 443)

#: Refused even where a private host is allowed: no intranet page stands there, but credentials of cloud machines do.
NEVER: Mapping[str, str] = {
    "0.0.0.0/8": "no host at all",
    "::/128": "no host at all",
    "169.254.0.0/16": "link-local, where cloud machines keep their credentials",
    "fe80::/10": "link-local",
    "192.0.0.192/32": "a cloud's metadata service",
    "100.100.100.200/32": "a cloud's metadata service",
    "168.63.129.16/32": "a cloud's metadata service",
    "fd00:ec2::254/128": "a cloud's metadata service",
    "fd20:ce::254/128": "a cloud's metadata service",
    "224.0.0.0/4": "multicast",
    "ff00::/8": "multicast",
    "240.0.0.0/4": "reserved",
}

#: Refused although one Python release or another calls them global.
NOT_PUBLIC: Mapping[str, str] = {
    "192.0.0.0/24": "reserved for protocols",
    "192.88.99.0/24": "a 6to4 relay",
    "2001::/23": "a tunnel or reserved for protocols",
    "2002::/16": "a 6to4 tunnel",
    "3fff::/20": "for documentation only",
}

_GLOBAL_UNICAST = IPv6Network("2000::/3")

#: Addresses that stand for the IPv4 address in their last 32 bits: mapped, translated (RFC 2765), NAT64 (RFC 6052). On a
#: network with NAT64 every IPv4 site has such an address, so they are judged by what they stand for.
_STANDS_FOR_V4 = tuple(map(IPv6Network, ("::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96")))

_NAME = re.compile(r"(?=.{1,254}\Z)(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?")
#: What some system libraries read as an IPv4 address in another spelling: 127.1, 0x7f.1, 2130706433.
_ENDS_IN_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)\.?")


def objection(address: str, *, private: bool = False) -> str:
    """Tell why an address is refused, "" when it is not; `private` lets private networks and this machine pass.

    `address` as ipaddress reads it; raises ValueError for other words.
    """
    meant = _meant(ip_address(address))
    refused = NEVER if private else {**NEVER, **NOT_PUBLIC}
    if why := _listed(meant, refused.items()):
        return why
    if private or (meant.is_global and (isinstance(meant, IPv4Address) or meant in _GLOBAL_UNICAST)):
        return ""
    return "this machine itself" if meant.is_loopback else "not on the public internet"


def _meant(address: Address) -> Address:
    if isinstance(address, IPv6Address) and any(address in network for network in _STANDS_FOR_V4):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _listed(address: Address, networks: Iterable[tuple[str, str]]) -> str:
    return next((why for network, why in networks if address in ip_network(network)), "")


async def look_up(host: str) -> Sequence[str]:
    """Ask the system for a host's addresses; raises OSError.

    In a thread of its own that nobody waits for: asyncio's threads would keep the program from ending while a name
    server is silent.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Sequence[str]] = loop.create_future()

    def settle(found: Sequence[str], error: OSError | None) -> None:
        if answer.done():
            return
        if error:
            answer.set_exception(error)
        else:
            answer.set_result(found)

    def ask() -> None:
        found: Sequence[str] = ()
        failed: OSError | None = None
        try:
            found = [str(each[4][0]) for each in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
        except OSError as error:
            failed = error
        with suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(settle, found, failed)

    threading.Thread(target=ask, daemon=True).start()
    return await answer


class Guard:
    """Admits addresses before they are asked; `allowed` are private hosts ("wiki.intranet", "127.0.0.1:8080").

    A host allowed without a port is so on 80 and 443. Raises BadInput when one of them is no host. `names` finds a
    name's addresses.
    """

    def __init__(self, allowed: Iterable[str] = (), names: LookUp = look_up) -> None:
        self._doors, self._names = frozenset(_doors(allowed)), names

    def admit(self, url: str, base: "URL | None" = None) -> "URL":
        """Read an address, as a browser would beside `base`; Unreachable as far as it is refused without a look-up."""
        address = _address(url, base)
        host, port = address.raw_host or "", address.port or 0
        private = (host, port) in self._doors
        if port not in PORTS and not private:
            raise Unreachable(f"{host} is asked for on port {port}, and the web has {PORTS[0]} and {PORTS[1]}")
        if _is_literal(host):
            _refuse(host, host, private=private)
        elif _ENDS_IN_NUMBER.fullmatch(host) or not _NAME.fullmatch(host):
            raise Unreachable(f"{host!r} cannot be the name of a host")
        return address

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """Return where a name may be connected to; Unreachable when only one of its addresses is refused."""
        found = await self._names(host)
        if not found:
            raise Unreachable(f"{host} has no address")
        for address in found:
            _refuse(host, address, private=(host, port) in self._doors)
        return found


def _refuse(host: str, address: str, *, private: bool) -> None:
    if why := objection(address, private=private):
        raise Unreachable(f"{host} is {why}" if host == address else f"{host} leads to {address}, {why}")


def _address(url: str, base: "URL | None") -> "URL":
    from yarl import URL

    no_address = f"{base.raw_host} redirects to what is no web address" if base else "this is no web address"
    try:
        address = base.join(URL(url)) if base else URL(url)
    except ValueError as error:
        raise Unreachable(no_address) from error
    if address.scheme not in ("http", "https") or not address.raw_host:
        raise Unreachable(no_address)
    if address.raw_user is not None or address.raw_password is not None:
        raise Unreachable(f"{address.raw_host} is asked for with a name or password in the address")
    return address if address.raw_fragment or not base else address.with_fragment(base.fragment or None)


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _doors(allowed: Iterable[str]) -> Iterator[tuple[str, int]]:
    from yarl import URL

    for entry in allowed:
        try:
            door = URL(f"http://{entry}")
        except ValueError:
            door = URL()
        if not door.raw_host or door != door.origin():
            raise BadInput(f"{entry!r} is not HOST or HOST:PORT")
        for port in (door.explicit_port,) if door.explicit_port else PORTS:
            yield door.raw_host, port
