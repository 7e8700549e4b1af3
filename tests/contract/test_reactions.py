"""What each platform tells of its posts, over HTTP to the simulated ones, and what its adapter makes of every fault."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot import net
from bot.clock import SystemClock
from bot.domain.delivery import PublishKey, key_of
from bot.domain.outcome import Receipt, ReplyTo, Sent
from bot.domain.post import Part
from bot.domain.reactions import Count, Reactions
from bot.errors import BadSetting, HandbillError, Unreachable
from bot.media import MediaFolder
from bot.platforms import adapters
from bot.ports import Means, Platform, Reporting
from bot.sandbox import bluesky, mastodon, telegram, x
from bot.sandbox.demo import MASTODON_TOKEN, environment
from bot.sandbox.server import running
from bot.sandbox.world import Fault, World
from tests.contract.held import HELD
from tests.contract.mastodon_bench import Deaf

NAMES = ("x", "mastodon", "bluesky")
GONE = {
    "x": "1790000000000000999",
    "mastodon": "999",
    "bluesky": "at://did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/app.bsky.feed.post/3kabcdefghij2",
}


@dataclass
class Bench:
    """The whole sandbox, and a way to make a channel on each of its services."""

    world: World
    services: dict[str, Any]
    address: str
    session: aiohttp.ClientSession
    folder: Path

    def channel(self, name: str, *, timeout: float = 60, **more: str) -> Platform:
        told, mark = environment(self.address), f"{name.upper()}_"
        given = {key.removeprefix(mark): value for key, value in told.items() if key.startswith(mark)}
        means = Means(
            channel=name,
            credentials=given | more,
            session=self.session,
            media=MediaFolder(self.folder),
            clock=SystemClock(),
            witness=Deaf(),
            timeout=timeout,
        )
        made: Platform = adapters()[name].connect(means)
        return made

    def breaks(self, name: str, kind: str, on: str = "look", times: int = 1000, **more: Any) -> None:
        self.world.faults.append(Fault(platform=name, kind=kind, on=on, times=times, **more))


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with opened(tmp_path) as found:
        yield found


@asynccontextmanager
async def opened(folder: Path, version: str = "4.5.6") -> AsyncIterator[Bench]:
    world = World()
    services: dict[str, Any] = {
        "x": x.X(world),
        "mastodon": mastodon.Mastodon(world, accounts={MASTODON_TOKEN: "library"}, budgets={}, version=version),
        "telegram": telegram.Telegram(world, rate=0),
        "bluesky": bluesky.Bluesky(world),
    }
    async with running(world, list(services.values())) as address, net.session(100) as session:
        yield Bench(world, services, address, session, folder)


async def posted(channel: Platform, number: int = 1, above: Receipt | None = None) -> Receipt:
    reply = ReplyTo(root=above, parent=above) if above else None
    key = PublishKey(value=key_of("delivery", number, 1), at=datetime.now(UTC))
    outcome = await channel.publish(Part(number=number, text=f"The reading room opens, part {number}."), key, reply)
    assert isinstance(outcome, Sent), outcome
    return outcome.receipt


async def counts(channel: Platform, *receipts: Receipt) -> dict[str, Reactions]:
    assert isinstance(channel, Reporting)
    return dict(await channel.reactions(receipts))


def receipt(id: str) -> Receipt:
    return Receipt(id=id, url="", at=datetime.now(UTC))


def test_who_reports_what() -> None:
    assert {name: adapter.LIMITS.reports.counts for name, adapter in adapters().items()} == {
        "x": tuple(Count),
        "mastodon": (Count.REPLIES, Count.REPOSTS, Count.LIKES),
        "bluesky": (Count.REPLIES, Count.REPOSTS, Count.LIKES),
        "telegram": (),
    }
    assert {name for name, adapter in adapters().items() if adapter.LIMITS.reports.price} == {"x"}


async def test_telegram_tells_bots_nothing_and_is_not_asked(bench: Bench) -> None:
    channel = bench.channel("telegram")
    assert not isinstance(channel, Reporting)
    await channel.close()


@pytest.mark.parametrize("name", NAMES)
async def test_what_followers_did_is_what_is_told(bench: Bench, name: str) -> None:
    channel = bench.channel(name)
    first = await posted(channel)
    second = await posted(channel, 2, above=first)
    for kind, times in (("likes", 3), ("reposts", 2)):
        for _ in range(times):
            assert bench.world.react(name, first.id, kind)
    found = await counts(channel, first, second, receipt(GONE[name]))
    assert found.keys() == {first.id, second.id}, "a post that is gone is left out"
    got, untouched = found[first.id], found[second.id]
    views = {"x": (6, 0)}.get(name, (None, None))
    assert (got.replies, got.reposts, got.likes, got.views) == (1, 2, 3, views[0])
    assert (untouched.replies, untouched.reposts, untouched.likes, untouched.views) == (0, 0, 0, views[1])
    assert got.at.tzinfo is not None
    await channel.close()


@pytest.mark.parametrize("name", NAMES)
async def test_a_whole_batch_is_asked_in_one_call(bench: Bench, name: str) -> None:
    channel, asked = bench.channel(name), adapters()[name].LIMITS.reports.batch
    first = await posted(channel)
    bench.breaks(name, "delay", on="look", times=1, seconds=0)
    others = [receipt(f"{GONE[name][:-3]}{number:03}") for number in range(asked - 1)]
    found = await counts(
        channel,
        first,
        *(each if name != "bluesky" else replace(each, id=f"{GONE[name]}{each.id[-3:]}") for each in others),
    )
    assert found.keys() == {first.id}
    assert bench.world.faults == []
    bench.breaks(name, "error", on="look", times=1, status=503)
    with pytest.raises(Unreachable):
        await counts(channel, first)
    assert bench.world.faults == [], "it was one call, and that failed"
    await channel.close()


@pytest.mark.parametrize("version", ["4.2.9", "0.20.0+git-57cb4fe", "2.7.2 (compatible; Pleroma 2.9.0)"])
@pytest.mark.parametrize("verified", [True, False])
async def test_servers_without_the_call_for_many_are_asked_one_by_one(
    tmp_path: Path, version: str, verified: bool
) -> None:
    async with opened(tmp_path, version) as bench:
        channel = bench.channel("mastodon")
        if verified:
            assert (await channel.verify()).limits.reports.batch == 5
        first, second = await posted(channel), await posted(channel, 2)
        bench.world.react("mastodon", second.id, "likes")
        found = await counts(channel, first, second, receipt(GONE["mastodon"]))
        assert {name: each.likes for name, each in found.items()} == {first.id: 0, second.id: 1}
        await channel.close()


FAULTS: dict[str, tuple[dict[str, Any], type[HandbillError]]] = {
    "closed": ({"kind": "refuse"}, Unreachable),
    "reset": ({"kind": "reset"}, Unreachable),
    "hang": ({"kind": "delay", "seconds": HELD}, Unreachable),
    "cut short": ({"kind": "truncate"}, Unreachable),
    "HTML with 200": ({"kind": "garbage"}, Unreachable),
    "no body": ({"kind": "empty"}, Unreachable),
    "JSON of another shape": ({"kind": "odd"}, Unreachable),
    "500": ({"kind": "error", "status": 500}, Unreachable),
    "503": ({"kind": "error", "status": 503}, Unreachable),
    "418": ({"kind": "error", "status": 418}, Unreachable),
    "429": ({"kind": "flood", "seconds": 90}, Unreachable),
    "a bare 429": ({"kind": "flood-bare"}, Unreachable),
    "401": ({"kind": "unauthorised"}, BadSetting),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", NAMES)
async def test_every_fault_is_told_as_what_it_is_and_nothing_is_guessed(
    bench: Bench, name: str, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told, expected = FAULTS[fault]
    first = await posted(bench.channel(name))
    bench.breaks(name, **told)
    channel = bench.channel(name, timeout=0.4 if told["kind"] == "delay" else 60)
    with pytest.raises(HandbillError) as caught:
        await counts(channel, first)
    await channel.close()
    error = caught.value
    assert type(error) is expected, error
    secrets = [value for key, value in environment(bench.address).items() if "BASE_URL" not in key and len(value) > 12]
    words = f"{error!s}{error!r}{caplog.text}"
    assert [each for each in secrets if each in words and each not in ("@town_library",)] == []


@pytest.mark.parametrize("name", NAMES)
async def test_numbers_that_are_none_are_not_known(bench: Bench, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = bench.channel(name)
    first = await posted(channel)
    odd = {"replies": "many", "reposts": -3, "likes": 2**70, "views": True}
    monkeypatch.setattr(bench.world.crowd, "reactions", lambda *_: type("Odd", (), odd))
    (found,) = (await counts(channel, first)).values()
    assert (found.replies, found.reposts, found.likes, found.views) == (None, None, None, None)
    await channel.close()
