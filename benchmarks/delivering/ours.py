"""Handbill itself: the real dispatch, engine, store (every commit flushed), adapters and logs, on so many channels."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.delivering.course import TEXT, Stopwatch, address, arguments, names
from bot.clock import PeerClocks, SystemClock
from bot.domain.channel import Channel
from bot.domain.delivery import Delivery, State
from bot.domain.excerpt import Excerpt, Reason
from bot.domain.lateness import LatePolicy
from bot.domain.plan import Plan
from bot.domain.post import Card, Part, Post, Span, SpanKind
from bot.engines.local import LocalEngine
from bot.flow.dispatch import Dispatch, Pace
from bot.logs import configure
from bot.media import MediaFolder
from bot.net import session
from bot.platforms import adapters
from bot.ports import Means, Platform
from bot.store import open_store
from bot.store.sql import SqlStore

SECRET = "a-secret-that-no-line-may-show"
LINK = "https://library.example/night"
PACE = Pace(deadline=timedelta(seconds=30), jitter=lambda: 0.0)
PLAN = Plan(late=LatePolicy(grace=timedelta(days=2)))


def post_of(channel: str, number: int) -> Post:
    """Return a post as rendering makes it: text, the link's place, a card."""
    text = f"{TEXT} {number}"
    at = text.index("https")
    span = Span(kind=SpanKind.LINK, start=at, end=at + len(LINK), target=LINK)
    card = Card(url=LINK, title="The library at night")
    part = Part(number=1, text=text, spans=(span,), card=card, language="en", length=len(text), limit=280)
    return Post(channel=channel, parts=(part,))


def deliveries(store_clock: SystemClock, channels: Sequence[str], numbers: range) -> list[Delivery]:
    """Return what is due on every channel since a while ago."""
    start = store_clock.now() - timedelta(hours=9)
    made = []
    for number in numbers:
        for name in channels:
            due = start + timedelta(milliseconds=number)
            words = f"{TEXT[:110]} {number} {name}"
            excerpt = Excerpt(text=words, start=0, end=len(words), reason=Reason.LEAD, sentences=(len(words),))
            made.append(
                Delivery(
                    id=f"{number:08x}{name}",
                    campaign="library",
                    article="night",
                    digest="d1",
                    channel=name,
                    excerpt=excerpt,
                    post=post_of(name, number),
                    state=State.SCHEDULED,
                    slot=due,
                    due=due,
                    why="approved by anna",
                )
            )
    return made


def limited(name: str) -> Channel:
    """Return a channel with its platform's limits, but for how many posts a day it takes: that would end every run."""
    platform = name.partition("__")[0]
    limits = replace(adapters()[platform].LIMITS, rates=())
    return Channel(name=name, platform=platform, limits=limits, url=f"https://{platform}.example/{name}")


@asynccontextmanager
async def connected(channels: Sequence[str], port: int) -> AsyncIterator[tuple[SystemClock, Mapping[str, Platform]]]:
    """Connect every channel over one session, as bot.app does."""
    clock = SystemClock()
    with TemporaryDirectory() as folder:
        media = MediaFolder(Path(folder))
        async with session(PACE.deadline.total_seconds(), PeerClocks(clock).heard) as shared:
            platforms: dict[str, Platform] = {}
            for name in channels:
                adapter = adapters()[name.partition("__")[0]]
                credentials = {field.key: field.default or SECRET for field in adapter.FIELDS}
                credentials |= {"BASE_URL": address(name, port), "CHANNEL": "@town_library", "DISCUSSION": ""}
                means = Means(
                    channel=name,
                    credentials=credentials,
                    session=shared,
                    media=media,
                    clock=clock,
                    witness=None,  # type: ignore[arg-type] # nothing is looked for
                    timeout=24.0,
                )
                platforms[name] = adapter.connect(means)
            yield clock, platforms
            for platform in platforms.values():
                await platform.close()


async def drained(store: SqlStore, dispatch: Dispatch, total: int) -> None:
    """Return once so many deliveries are sent; whatever is not sent is a fault."""
    while dispatch.busy() or (await store.tally()).get(State.SENT, 0) < total:  # noqa: ASYNC110 - as a person would look
        await asyncio.sleep(0.01)


async def durable(channels: Sequence[str], each: int, port: int) -> None:
    """Send one delivery on every channel, then, by the clock, the others."""
    configure("info", [SECRET])
    async with connected(channels, port) as (clock, platforms):
        with TemporaryDirectory(dir=os.environ.get("HANDBILL_BENCH_FOLDER")) as folder:
            store = await open_store(Path(folder) / "handbill.db", clock)
            for name in channels:
                await store.put_channel(limited(name))
            engine = LocalEngine(clock)
            dispatch = Dispatch(store, clock, engine, platforms, PLAN, PACE)
            await store.add_deliveries(deliveries(clock, channels, range(1)), clock.now())
            await engine.start(dispatch.wake, {})
            await drained(store, dispatch, len(channels))
            await store.add_deliveries(deliveries(clock, channels, range(1, each + 1)), clock.now())
            watch = Stopwatch()
            engine.wake_at(clock.now())
            await drained(store, dispatch, len(channels) * (each + 1))
            watch.tell(len(channels) * each)
            await engine.stop()
            await dispatch.stop()
            await store.close()


if __name__ == "__main__":
    _, count, each, port = arguments()
    asyncio.run(durable(names(count), each, port))
