"""A running simulated Mastodon and an adapter that speaks to it: what the tests of both start from."""

import io
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from PIL import Image as Pillow

from bot.clock import SystemClock
from bot.domain.article import Image
from bot.domain.delivery import PublishKey
from bot.domain.outcome import Receipt, ReplyTo, Sent
from bot.domain.post import Part
from bot.media import MediaFolder
from bot.platforms import mastodon
from bot.ports import Clock, Means, Platform, Sighting
from bot.sandbox.mastodon import Mastodon
from bot.sandbox.server import running
from bot.sandbox.world import Effect, Fault, World

TOKEN = "canary-7d1f0c"
TEXT = "The town library opens on Sundays again.\n\nAll of it: https://library.example.com/sundays?from=may&to=june #library"


class Deaf:
    """A witness for platforms that need none."""

    async def saw(self, sighting: Sighting) -> None: ...

    async def sightings(self, channel: str, since: datetime) -> Sequence[Sighting]:
        return ()

    async def caught_up(self, channel: str, at: datetime) -> None: ...

    async def heard_until(self, channel: str) -> datetime | None:
        return None

    async def deaf_until(self) -> datetime | None:
        return None


class Bench:
    """A running sandbox and the means to reach it."""

    def __init__(
        self, address: str, world: World, service: Mastodon, session: aiohttp.ClientSession, folder: Path
    ) -> None:
        self.address, self.world, self.service = address, world, service
        self.session, self.media = session, MediaFolder(folder)

    def channel(
        self, *, timeout: float = 60.0, name: str = "mastodon", clock: Clock | None = None, **credentials: str
    ) -> Platform:
        given = {"BASE_URL": f"{self.address}/mastodon", "TOKEN": TOKEN, **credentials}
        means = Means(
            channel=name,
            credentials=given,
            session=self.session,
            media=self.media,
            clock=clock or SystemClock(),
            witness=Deaf(),
            timeout=timeout,
        )
        return mastodon.connect(means)

    def seen(self) -> list[Effect]:
        return self.world.visible("mastodon")

    def breaks(self, kind: str, on: str = "publish", **more: Any) -> None:
        self.world.faults.append(Fault(platform="mastodon", kind=kind, on=on, **more))

    async def picture(self, colour: str, alt: str = "") -> Image:
        out = io.BytesIO()
        Pillow.new("RGB", (40, 30), colour).save(out, "PNG")
        return await self.media.put(out.getvalue(), alt)


Benches = Callable[..., Awaitable[Bench]]


@pytest.fixture
async def benches(tmp_path: Path) -> AsyncIterator[Benches]:
    """Start sandboxes; all stop with the test."""
    async with AsyncExitStack() as stack:

        async def start(world: World | None = None, **options: Any) -> Bench:
            world = world or World()
            service = Mastodon(world, **{"accounts": {TOKEN: "library"}, "processing": 0, "budgets": {}, **options})
            address = await stack.enter_async_context(running(world, [service]))
            session = await stack.enter_async_context(aiohttp.ClientSession())
            return Bench(address, world, service, session, tmp_path)

        yield start


@pytest.fixture
async def bench(benches: Benches) -> Bench:
    return await benches()


def part(text: str = TEXT, **more: Any) -> Part:
    return Part(**{"number": 1, "text": text, **more})


def key(value: str = "a1b2") -> PublishKey:
    return PublishKey(value=value, at=datetime.now(UTC))


def now() -> datetime:
    return datetime.now(UTC)


async def sent(channel: Platform, what: Part, value: str = "a1b2", reply_to: ReplyTo | None = None) -> Receipt:
    outcome = await channel.publish(what, key(value), reply_to)
    assert isinstance(outcome, Sent), outcome
    return outcome.receipt
