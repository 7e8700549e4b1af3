"""The SDKs without a queue: `naive`, as their own documents show them, or `tuned` by the knobs they have.

    tuned     one aiohttp session for tweepy and python-telegram-bot; Mastodon.py with a pool of connections and a hook that
              leaves only the fields of a receipt to be cast
    adapters  Handbill's own adapters, called in a loop

Nothing is written down: what is under way when the program ends is lost, or posted twice.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import aiohttp
import requests

from benchmarks.delivering.course import TEXT, abreast, address, arguments, names

Post = Callable[[], Awaitable[object]]
KEYS = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
RECEIPT = ("id", "url", "uri", "created_at", "visibility")
LINK = TEXT.index("https")


class Redirected:
    """A session for tweepy, whose address is fixed: the same requests, to the sink."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self._session, self._base = session, base

    def request(self, method: str, url: object, **more: Any) -> Any:  # noqa: ANN401 - aiohttp's own
        """Make the request."""
        return self._session.request(method, self._base + str(url).partition("api.twitter.com")[2], **more)


def redirect(base: str) -> None:
    """Lead every aiohttp session of this process that wants to reach X to the sink: naive tweepy opens its own."""
    original = aiohttp.ClientSession._request

    async def request(self: aiohttp.ClientSession, method: str, url: Any, **more: Any) -> Any:  # noqa: ANN401
        return await original(self, method, base + str(url).partition("api.twitter.com")[2], **more)

    aiohttp.ClientSession._request = request  # type: ignore[assignment]


def tweets(session: object) -> Post:
    """Return what posts to X by tweepy."""
    from tweepy.asynchronous import AsyncClient

    client = AsyncClient(**dict.fromkeys(KEYS, "key"), return_type=dict)
    client.session = session
    return lambda: client.create_tweet(text=TEXT, user_auth=True)


def trimmed(response: requests.Response, **_: object) -> None:
    """Leave of a status what a receipt needs; Mastodon.py would turn every field into a class."""
    if response.ok:
        told = response.json()
        response._content = json.dumps({name: told[name] for name in RECEIPT}).encode()


def statuses(base: str, pool: ThreadPoolExecutor | None) -> Post:
    """Return what posts to Mastodon by Mastodon.py, in the default threads when there is no pool."""
    import mastodon

    session = requests.Session()
    if pool:
        session.trust_env = False
        session.hooks["response"].append(trimmed)
    sdk = mastodon.Mastodon(
        access_token="token", api_base_url=base, session=session, mastodon_version="4.0.0", version_check_mode="created"
    )
    return lambda: asyncio.get_running_loop().run_in_executor(pool, partial(sdk.status_post, TEXT))


def messages(base: str, session: aiohttp.ClientSession | None) -> Post:
    """Return what posts to Telegram by python-telegram-bot, over httpx when there is no session."""
    from telegram import Bot, LinkPreviewOptions, MessageEntity
    from telegram.request import HTTPXRequest

    from bot.ptb import SharedSession

    request = SharedSession(session, 20) if session else HTTPXRequest(connection_pool_size=256, pool_timeout=20)
    sdk = Bot("1:token", base_url=f"{base}/bot", request=request, get_updates_request=request)
    marks = [MessageEntity("text_link", LINK, LINK + 10, url="https://library.example/night")]
    preview = LinkPreviewOptions(url="https://library.example/night")
    return lambda: sdk.send_message("@town_library", TEXT, entities=marks, link_preview_options=preview)


async def naive(channels: Sequence[str], each: int, port: int) -> None:
    """Post by the SDKs as they come."""
    redirect(address("x", port))
    made: Mapping[str, Callable[[str], Post]] = {
        "x": lambda _: tweets(None),
        "mastodon": lambda base: statuses(base, None),
        "telegram": lambda base: messages(base, None),
    }
    await abreast([made[name.partition("__")[0]](address(name, port)) for name in channels], each)


async def tuned(channels: Sequence[str], each: int, port: int) -> None:
    """Post by the SDKs over shared connections."""
    connector = aiohttp.TCPConnector(limit=200, limit_per_host=50)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as shared:
        pool = ThreadPoolExecutor(len(channels))
        made: Mapping[str, Callable[[str], Post]] = {
            "x": lambda base: tweets(Redirected(shared, base)),
            "mastodon": lambda base: statuses(base, pool),
            "telegram": lambda base: messages(base, shared),
        }
        await abreast([made[name.partition("__")[0]](address(name, port)) for name in channels], each)


async def adapters(channels: Sequence[str], each: int, port: int) -> None:
    """Post by Handbill's adapters."""
    from benchmarks.delivering.ours import connected, post_of
    from bot.domain.delivery import PublishKey

    number = 0
    async with connected(channels, port) as (clock, platforms):

        async def publish(name: str) -> None:
            nonlocal number
            number += 1
            key = PublishKey(value=f"{number:032x}", at=clock.now())
            outcome = await platforms[name].publish(post_of(name, number).parts[0], key, None)
            assert type(outcome).__name__ == "Sent", outcome

        await abreast([partial(publish, name) for name in channels], each)


if __name__ == "__main__":
    kind, channels, each, port = arguments()
    asyncio.run({"naive": naive, "tuned": tuned, "adapters": adapters}[kind](names(channels), each, port))
    sys.stdout.flush()
