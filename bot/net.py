"""The one HTTP session that all adapters share: keep-alive, our own User-Agent, no redirects across hosts by accident."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bot import __version__

if TYPE_CHECKING:
    import aiohttp

USER_AGENT = f"Handbill/{__version__} (self-hosted cross-posting bot)"


@asynccontextmanager
async def session(seconds: float) -> AsyncIterator["aiohttp.ClientSession"]:
    """Give the shared session; one request takes at most that many `seconds` unless its caller says less.

    Proxies come from nowhere and cookies are not kept: credentials travel in headers that each adapter sets itself.
    """
    import aiohttp

    limits = aiohttp.ClientTimeout(total=seconds, sock_connect=min(10.0, seconds))
    connector = aiohttp.TCPConnector(limit=200, limit_per_host=50, ttl_dns_cache=60)
    headers = {"User-Agent": USER_AGENT}
    async with aiohttp.ClientSession(
        connector=connector, timeout=limits, headers=headers, cookie_jar=aiohttp.DummyCookieJar()
    ) as shared:
        yield shared
