"""HTTP: the one session that all adapters share, and a guarded fetcher for addresses that other people wrote.

`session` is for platforms whose address the operator chose. `fetcher` is for links in articles: it connects only to the
public internet (bot/guard.py), to the very address that was checked, and gives up after so many bytes, seconds and
redirects. See docs/security.md.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from bot import __version__
from bot.errors import Unreachable
from bot.guard import Guard, LookUp, look_up
from bot.ports import Look

if TYPE_CHECKING:
    from collections.abc import Iterator

    import aiohttp
    from aiohttp.abc import AbstractResolver, ResolveResult

USER_AGENT = f"Handbill/{__version__} (self-hosted cross-posting bot)"

MOST_REDIRECTS = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})
LOOK_SECONDS = 3.0
TOO_MANY_REQUESTS = 429


@asynccontextmanager
async def session(
    seconds: float, dated: Callable[[str, str | None], None] = lambda _, __: None
) -> AsyncIterator["aiohttp.ClientSession"]:
    """Give the shared session; one request takes at most that many `seconds` unless its caller says less.

    `dated` is told the host and the Date header of every answer. Proxies come from nowhere and cookies are not kept:
    credentials travel in headers that each adapter sets itself.
    """
    import aiohttp

    limits = aiohttp.ClientTimeout(total=seconds, sock_connect=min(10.0, seconds))
    connector = aiohttp.TCPConnector(limit=200, limit_per_host=50, ttl_dns_cache=60)
    headers = {"User-Agent": USER_AGENT}
    trace = aiohttp.TraceConfig()

    async def ended(_: object, __: object, end: "aiohttp.TraceRequestEndParams") -> None:
        dated(end.url.host or "", end.response.headers.get("Date"))

    trace.on_request_end.append(ended)
    async with aiohttp.ClientSession(
        connector=connector,
        timeout=limits,
        headers=headers,
        cookie_jar=aiohttp.DummyCookieJar(),
        trace_configs=[trace],
    ) as shared:
        yield shared


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What an address gave: `url` its final address, `redirects` the addresses that led there, first one first.

    `headers` are found in any case, `body` is unpacked.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    redirects: tuple[str, ...] = ()


@asynccontextmanager
async def fetcher(allowed: Iterable[str] = (), names: LookUp = look_up) -> AsyncIterator["Fetcher"]:
    """Give a fetcher; `allowed` are private hosts it may reach all the same ("wiki.intranet", "127.0.0.1:8080").

    See bot.guard.Guard for both.
    """
    import aiohttp

    guard = Guard(allowed, names)
    connector = aiohttp.TCPConnector(
        resolver=cast("AbstractResolver", _CheckedNames(guard)), use_dns_cache=False, force_close=True, limit=20
    )
    async with aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=None),
        headers={"User-Agent": USER_AGENT},
        cookie_jar=aiohttp.DummyCookieJar(),
    ) as own:
        yield Fetcher(own, guard)


class Fetcher:
    """Fetches what strangers' addresses show, without credentials; the port Links. Made by `fetcher`."""

    def __init__(self, session: "aiohttp.ClientSession", guard: Guard) -> None:
        """Take a session whose connector asks the same guard for every name."""
        self._session, self._guard = session, guard

    async def get(self, url: str, *, most: int, seconds: float) -> Page:
        """Fetch a page, whatever its status; `most` bounds its unpacked body in bytes, `seconds` everything together.

        Raises Unreachable, in a whole sentence, when the address is refused or gives no proper answer within the bounds.
        """
        async with self._answer("GET", url, seconds) as (response, final, passed):
            body = bytearray()
            async for chunk in response.content.iter_chunked(2**16):
                body += chunk
                if len(body) > most:
                    raise Unreachable(f"{response.url.raw_host} sends more than {most:,} bytes")
            return Page(url=final, status=response.status, headers=response.headers, body=bytes(body), redirects=passed)

    async def look(self, url: str, *, seconds: float = LOOK_SECONDS) -> Look:
        """Tell what is at an address, without its body; each of at most two questions takes at most `seconds`.

        HEAD is only believed when it says that the page is there: many sites refuse it, deny the page or break off.
        """
        seen = await self._look("HEAD", url, seconds)
        return (
            seen if 0 < seen.status < 400 or seen.status == TOO_MANY_REQUESTS else await self._look("GET", url, seconds)
        )

    async def _look(self, method: str, url: str, seconds: float) -> Look:
        try:
            async with self._answer(method, url, seconds) as (response, final, _):
                return Look(status=response.status, final=final, why=response.reason or "")
        except Unreachable as error:
            return Look(status=0, final=url, why=error.what)

    @asynccontextmanager
    async def _answer(
        self, method: str, url: str, seconds: float
    ) -> AsyncIterator[tuple["aiohttp.ClientResponse", str, tuple[str, ...]]]:
        """Give the first answer that is no redirect, its address, and those passed on the way to it."""
        address = self._guard.admit(url)
        passed: list[str] = []
        with _in_words(lambda: address.raw_host or "", seconds):
            async with asyncio.timeout(seconds):
                while len(passed) <= MOST_REDIRECTS:
                    async with self._session.request(method, address, allow_redirects=False) as response:
                        location = response.headers.get("Location", "")
                        if response.status not in REDIRECTS or not location:
                            yield response, str(address) if passed else url, tuple(passed)
                            return
                    passed.append(str(address))
                    address = self._guard.admit(location, address)
        raise Unreachable(f"{address.raw_host} redirects more than {MOST_REDIRECTS} times")


class _CheckedNames:
    """aiohttp's resolver that gives out only what the guard lets pass."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> "list[ResolveResult]":
        """Return the addresses to connect to; a name is not looked up again between this check and the connection."""
        return [
            {"hostname": host, "host": address, "port": port, "family": family, "proto": 0, "flags": 0}
            for address in await self._guard.addresses(host, port)
        ]

    async def close(self) -> None:
        """Nothing is held open."""


@contextmanager
def _in_words(host: Callable[[], str], seconds: float) -> "Iterator[None]":
    """Turn whatever goes wrong on the way into a sentence about the host that was asked last."""
    import aiohttp

    try:
        yield
    except TimeoutError as error:
        raise Unreachable(f"{host()} did not answer within {seconds:g} seconds") from error
    except (aiohttp.ClientError, OSError) as error:
        raise Unreachable(f"{host()} {_words(error)}") from error


def _words(error: Exception) -> str:
    import aiohttp

    match error:
        case aiohttp.ClientConnectorCertificateError():
            fault: Any = error.certificate_error
            return f"shows a certificate that is not good: {getattr(fault, 'verify_message', fault)}"
        case aiohttp.ClientConnectorDNSError():
            return "has no address"
        case aiohttp.ClientSSLError():
            return "does not speak TLS as it should"
        case aiohttp.ClientConnectorError():
            return f"cannot be connected to: {error.strerror or 'no route'}"
        case aiohttp.ServerDisconnectedError() | OSError():
            return "closed the connection without an answer"
        case aiohttp.ClientPayloadError():
            return "broke its answer off, or packed it wrongly"
        case _:
            return "answered something that is not HTTP"
