"""A simulated Telegram that is running, and a channel on it: what the Telegram tests have in common."""

import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import aiohttp
from aiohttp import web
from PIL import Image as Pillow

from bot.clock import SystemClock
from bot.domain.article import Image
from bot.domain.delivery import PublishKey
from bot.domain.outcome import Outcome, Receipt, ReplyTo, Sent
from bot.domain.post import Part, Span, SpanKind
from bot.media import MediaFolder
from bot.net import session
from bot.platforms import telegram
from bot.ports import Clock, Means, Sighting
from bot.sandbox.server import running
from bot.sandbox.telegram import CHANNEL, Telegram
from bot.sandbox.world import World

TOKEN = "4711:canary-secret-canary"
LINK = "https://library.example/night-of-reading?from=tg"
KEY = PublishKey(value="0" * 32, at=datetime(2026, 11, 1, tzinfo=UTC))


class Notebook:
    """A witness in memory; like the store's, it goes by when it was told."""

    def __init__(self) -> None:
        self.seen: list[Sighting] = []
        self.told: list[datetime] = []
        self.heard: dict[str, datetime] = {}
        self.deaf: datetime | None = None

    async def saw(self, sighting: Sighting) -> None:
        self.seen.append(sighting)
        self.told.append(datetime.now(UTC))

    async def sightings(self, channel: str, since: datetime) -> list[Sighting]:
        both = zip(self.told, self.seen, strict=True)
        return [sighting for told, sighting in both if sighting.channel == channel and told >= since]

    async def caught_up(self, channel: str, at: datetime) -> None:
        self.heard[channel] = at

    async def heard_until(self, channel: str) -> datetime | None:
        return self.heard.get(channel)

    async def deaf_until(self) -> datetime | None:
        return self.deaf


@dataclass
class Bench:
    """A simulated Telegram that is running, and how to reach it."""

    world: World
    service: Telegram
    address: str
    session: aiohttp.ClientSession
    media: MediaFolder
    witness: Notebook
    clock: Clock
    folder: Path

    def means(self, *, timeout: float = 60, base: str = "", token: str = TOKEN, **fields: str) -> Means:
        given = {"BASE_URL": base or f"{self.address}/telegram", "TOKEN": token, "CHANNEL": CHANNEL, **fields}
        return Means(
            channel="telegram__library",
            credentials=given,
            session=self.session,
            media=self.media,
            clock=self.clock,
            witness=self.witness,
            timeout=timeout,
        )

    def channel(self, **given: Any) -> telegram.Telegram:
        return telegram.connect(self.means(**given))

    async def call(self, method: str, **fields: Any) -> dict[str, Any]:
        async with self.session.post(f"{self.address}/telegram/bot{TOKEN}/{method}", json=fields) as response:
            return cast(dict[str, Any], await response.json())


@asynccontextmanager
async def benched(folder: Path, world: World | None = None, **options: Any) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        world = world or World()
        service = Telegram(world, token=TOKEN, **options)
        address = await stack.enter_async_context(running(world, [service]))
        shared = await stack.enter_async_context(session(100))
        yield Bench(world, service, address, shared, MediaFolder(folder), Notebook(), SystemClock(), folder)


def part(text: str = "Doors open at seven.", number: int = 1, images: tuple[Image, ...] = (), **more: Any) -> Part:
    return Part(number=number, text=text, images=images, **more)


def linked(text: str, words: str = LINK) -> Part:
    start = text.index(words)
    return part(text, spans=(Span(kind=SpanKind.LINK, start=start, end=start + len(words), target=LINK),))


async def picture(bench: Bench, colour: str, size: tuple[int, int] = (40, 30), kind: str = "PNG") -> Image:
    out = io.BytesIO()
    Pillow.new("RGB", size, colour).save(out, kind)
    return await bench.media.put(out.getvalue(), f"a {colour} wall")


def receipt_of(outcome: Outcome) -> Receipt:
    assert isinstance(outcome, Sent), outcome
    return outcome.receipt


def reply_to(receipt: Receipt) -> ReplyTo:
    return ReplyTo(root=receipt, parent=receipt)


@asynccontextmanager
async def answering(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """Serve every request with one handler while the context lasts; the value is the address."""
    app = web.Application()
    app.router.add_route("*", "/{all:.*}", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
