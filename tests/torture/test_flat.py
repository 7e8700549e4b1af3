"""Two thousand deliveries leave nothing open behind: no file, no connection, no thread, no task, nothing that grows."""

import asyncio
import gc
import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot import app
from bot.domain.delivery import State
from bot.domain.lateness import LatePolicy
from bot.domain.plan import Plan
from bot.domain.post import Part, Post
from bot.flow.dispatch import Dispatch, Pace
from bot.platforms import fields
from bot.sandbox import bluesky, mastodon, telegram, x
from bot.sandbox.demo import MASTODON_TOKEN, environment
from bot.sandbox.server import running
from bot.sandbox.world import World
from bot.settings import load
from tests.fakes import HandEngine
from tests.store_samples import delivery

CHANNELS = ("x", "mastodon", "telegram", "bluesky")
FIRST, THEN = 50, 500
AT_ONCE = Plan(late=LatePolicy(grace=timedelta(days=9), limit=timedelta(days=9), gap=timedelta(0)))
OPEN = Path("/proc/self/fd")
MANY = 10**9


def held() -> Counter[str]:
    """Return what is open, and of our own objects how many there are of each kind."""
    gc.collect()
    ours = Counter(
        type(each).__qualname__ for each in gc.get_objects() if str(type(each).__module__).startswith("bot.")
    )
    return ours + Counter(
        {"files": len(list(OPEN.iterdir())), "threads": threading.active_count(), "tasks": len(asyncio.all_tasks())}
    )


def services(world: World) -> tuple[x.X, mastodon.Mastodon, telegram.Telegram, bluesky.Bluesky]:
    """Return platforms that take any number of posts."""
    generous = bluesky.Bluesky(world)
    for quota in generous.quotas.values():
        quota.points = MANY
    accounts = {MASTODON_TOKEN: "library"}
    return (
        x.X(world, budgets=dict.fromkeys(x.BUDGETS, MANY)),
        mastodon.Mastodon(world, accounts=accounts, budgets={}),
        telegram.Telegram(world, rate=0),
        generous,
    )


@pytest.mark.skipif(not OPEN.exists(), reason="this system does not tell which files a process has open")
async def test_two_thousand_deliveries_leave_nothing_open_behind(tmp_path):
    world = World()
    async with running(world, services(world)) as address:
        settings = load(tmp_path, fields(), environment(address) | {"HANDBILL_WEB": "off"})
        async with app.opened(settings) as opened, app.connected(opened) as live:
            store, clock = opened.store, opened.clock
            for channel in await store.channels():
                await store.put_channel(replace(channel, limits=replace(channel.limits, rates=(), price=None)))
                await store.put_plan(channel.name, AT_ONCE)
            pace = Pace(deadline=timedelta(seconds=60), jitter=float)
            dispatch = Dispatch(store, clock, HandEngine(), live.platforms, Plan(), pace)

            async def posted(count: int, what: str) -> None:
                """Post so many on each channel, one after the other on each."""
                due = clock.now() - timedelta(hours=1)
                posts = [(f"{what}{n:04}", name, due + timedelta(seconds=n)) for n in range(count) for name in CHANNELS]
                await store.add_deliveries(
                    [
                        delivery(f"{text}{name}", channel=name, due=at, slot=at, post=said(f"Notice {text}", name))
                        for text, name, at in posts
                    ],
                    clock.now(),
                )
                for _ in range(count):
                    await dispatch.wake()
                    await dispatch.idle()

            await posted(FIRST, "first")
            before = held()
            await posted(THEN, "then")
            after = held()
            assert await store.tally() == {State.SENT: (FIRST + THEN) * len(CHANNELS)}
    effects = Counter(type(each).__qualname__ for each in world.effects)
    grown = after - before - effects - Counter(dict.fromkeys(before, 20))
    assert not grown, grown
    assert after["files"] <= before["files"] + 2, (before["files"], after["files"])


def said(text: str, channel: str) -> Post:
    return Post(
        channel=channel, parts=(Part(number=1, text=text, spans=(), language="en", length=len(text), limit=280),)
    )
