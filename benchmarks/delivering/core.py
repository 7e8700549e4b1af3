"""The queue alone: real dispatch, engine, store and logs over a platform that answers at once.

    noop CHANNELS EACH     deliveries a second and CPU
    lag COUNT SECONDS      how late a delivery begins whose moment comes, spread over so many seconds
    burst CHANNELS EACH    all due at once: how long until the first is sent, and the longest that the event loop stood still
    tick CHANNELS EACH     what looking for due deliveries costs among so many that wait
    memory CHANNELS EACH   resident memory before and after

Each prints one line of JSON.
"""

import asyncio
import json
import os
import random
import resource
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.delivering.ours import PACE, PLAN, SECRET, deliveries, drained, limited
from bot.clock import SystemClock
from bot.domain.delivery import Delivery, PublishKey
from bot.domain.outcome import Outcome, Receipt, ReplyTo, Sent
from bot.domain.post import Part
from bot.engines.local import LocalEngine
from bot.flow.dispatch import Dispatch
from bot.logs import configure
from bot.store import open_store
from bot.store.schema import ticks
from bot.store.sql import SqlStore


@dataclass(slots=True)
class Instant:
    """A platform that takes everything at once; `begun` are the moments at which it was asked to."""

    clock: SystemClock
    begun: list[datetime] = field(default_factory=list)

    async def publish(self, part: Part, key: PublishKey, reply_to: ReplyTo | None, resume: str = "") -> Outcome:
        """Take it."""
        del part, reply_to, resume
        now = self.clock.now()
        self.begun.append(now)
        return Sent(receipt=Receipt(id=key.value, url="https://x.example/1", at=now))


@dataclass(slots=True, kw_only=True)
class Works:
    """What is at work in a measurement."""

    clock: SystemClock
    store: SqlStore
    engine: LocalEngine
    dispatch: Dispatch
    platform: Instant

    async def all_sent(self, total: int) -> None:
        """Wait until so many are sent."""
        await drained(self.store, self.dispatch, total)


@asynccontextmanager
async def at_work(channels: Sequence[str]) -> AsyncIterator[Works]:
    """Give a dispatcher over an empty database on the disk; its engine is not started."""
    configure("info", [SECRET])
    clock = SystemClock()
    with TemporaryDirectory(dir=os.environ.get("HANDBILL_BENCH_FOLDER")) as folder:
        store = await open_store(Path(folder) / "handbill.db", clock)
        for name in channels:
            await store.put_channel(limited(name))
        engine, platform = LocalEngine(clock), Instant(clock)
        dispatch = Dispatch(store, clock, engine, dict.fromkeys(channels, platform), PLAN, PACE)  # type: ignore[arg-type]
        yield Works(clock=clock, store=store, engine=engine, dispatch=dispatch, platform=platform)
        await engine.stop()
        await dispatch.stop()
        await store.close()


def names(channels: int) -> list[str]:
    """Return that many channels."""
    return [f"x__c{number}" for number in range(channels)]


async def filled(works: Works, channels: Sequence[str], each: int) -> None:
    """Add so many deliveries to each channel, all due."""
    for start in range(0, each, 50):
        some = deliveries(works.clock, channels, range(start, min(each, start + 50)))
        await works.store.add_deliveries(some, works.clock.now())


async def noop(channels: int, each: int) -> dict[str, float]:
    """Return deliveries a second and CPU microseconds of one."""
    async with at_work(names(channels)) as works:
        await filled(works, names(channels), each)
        wall, cpu = time.perf_counter(), time.process_time()
        await works.engine.start(works.dispatch.wake, {})
        await works.all_sent(channels * each)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        return {"rate": channels * each / wall, "cpu": cpu / (channels * each) * 1e6}


async def lag(count: int, seconds: int) -> dict[str, float]:
    """Return how many milliseconds after its moment a delivery begins."""
    channels, rng = names(100), random.Random(7)
    async with at_work(channels) as works:
        start = works.clock.now() + timedelta(seconds=2)
        due = sorted(start + timedelta(seconds=rng.uniform(0, seconds)) for _ in range(count))
        made: list[Delivery] = []
        for number, moment in enumerate(due):
            [one] = deliveries(works.clock, [channels[number % 100]], range(number, number + 1))
            made.append(replace(one, due=moment, slot=moment))
        await works.store.add_deliveries(made, works.clock.now())
        await works.engine.start(works.dispatch.wake, {})
        while len(works.platform.begun) < count:  # noqa: ASYNC110 - watched from outside, as a person would
            await asyncio.sleep(0.25)
        late = sorted(
            (at - moment).total_seconds() * 1000 for at, moment in zip(works.platform.begun, due, strict=True)
        )
        return {"p50": late[count // 2], "p99": late[count * 99 // 100]}


async def burst(channels: int, each: int) -> dict[str, float]:
    """Return milliseconds to the first send and of the longest time in which the event loop did nothing else."""
    async with at_work(names(channels)) as works:
        await filled(works, names(channels), each)
        longest = 0.0

        async def beat() -> None:
            nonlocal longest
            while True:
                before = time.perf_counter()
                await asyncio.sleep(0.001)
                longest = max(longest, time.perf_counter() - before - 0.001)

        beating = asyncio.create_task(beat())
        await asyncio.sleep(0.1)
        start, longest = works.clock.now(), 0.0
        await works.engine.start(works.dispatch.wake, {})
        await works.all_sent(channels * each)
        beating.cancel()
        first = (works.platform.begun[0] - start).total_seconds()
        return {"first": first * 1000, "longest": longest * 1000}


async def tick(channels: int, each: int) -> dict[str, float]:
    """Return milliseconds of a wake-up that finds nothing, and of one that finds one delivery on every channel."""
    async with at_work(names(channels)) as works:
        await filled(works, names(channels), 1)
        await asyncio.to_thread(multiply, works.store.path, each, ticks(works.clock.now() + timedelta(days=1)))
        await works.dispatch.wake()
        await works.dispatch.idle()
        idle, found = [], []
        for _ in range(200):
            start = time.perf_counter()
            await works.dispatch.wake()
            idle.append((time.perf_counter() - start) * 1000)
        for _ in range(100):
            start = time.perf_counter()
            await works.store.ready(works.clock.now() + timedelta(days=3650), ())
            found.append((time.perf_counter() - start) * 1000)
        told = {"idle p50": idle, "claim p50": found}
        worst = {name.replace("50", "99"): sorted(times)[len(times) * 99 // 100] for name, times in told.items()}
        return {name: sorted(times)[len(times) // 2] for name, times in told.items()} | worst


def multiply(path: Path, each: int, due: int) -> None:
    """Add so many copies of each waiting delivery, due a second apart from that moment on."""
    raw = sqlite3.connect(path, timeout=60)
    shared = "campaign, article, channel, round, revision, epoch, version, tries, anyway, state, moved, why"
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {each})"
    raw.execute("DROP TRIGGER deliveries_added")
    raw.execute(
        f"{numbers} INSERT INTO deliveries (id, excerpt_digest, slot, due, {shared}) SELECT d.id || '-' || n.i, "
        f"d.excerpt_digest || n.i, {due} + n.i * 1000000, {due} + n.i * 1000000, {shared} FROM deliveries d, n"
    )
    raw.execute(
        f"{numbers} INSERT INTO posts (delivery, revision, digest, excerpt, post, checksum) SELECT p.delivery || '-' || n.i, "
        "p.revision, p.digest, p.excerpt, p.post, p.checksum FROM posts p, n"
    )
    raw.commit()
    raw.close()


async def memory(channels: int, each: int) -> dict[str, float]:
    """Return resident memory in MiB after a tenth of the deliveries and after all."""
    async with at_work(names(channels)) as works:
        tenth = max(1, each // 10)
        await works.engine.start(works.dispatch.wake, {})
        sizes = []
        for turn in range(10):
            some = deliveries(works.clock, names(channels), range(turn * tenth, (turn + 1) * tenth))
            for start in range(0, len(some), 5000):
                await works.store.add_deliveries(some[start : start + 5000], works.clock.now())
            del some
            await works.all_sent(channels * tenth * (turn + 1))
            works.platform.begun.clear()
            sizes.append(resident())
        return {"before": sizes[0], "after": sizes[-1]}


def resident() -> float:
    """Return this process's resident memory in MiB, its peak where there is no /proc."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    kind, first, second = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    measured = {"noop": noop, "lag": lag, "burst": burst, "tick": tick, "memory": memory}[kind]
    print(json.dumps(asyncio.run(measured(first, second))))
