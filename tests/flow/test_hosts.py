"""Hosts that do not answer, channels that stand for themselves, deliveries that nothing can be done with."""

import asyncio
import sqlite3
from datetime import timedelta

import pytest

from bot.domain.delivery import State
from bot.domain.lateness import LatePolicy
from bot.domain.outcome import Pending, Refused, Retry, Unauthorised, Unknown
from bot.domain.plan import Plan
from bot.flow.dispatch import Dispatch
from tests.fakes import HandEngine, NoticeBoard
from tests.flow.conftest import PACE, House
from tests.flow.paced import add, change
from tests.store_samples import HOUR, MINUTE, NOON, SECOND, channel, delivery

DEAD = Retry(why="connection refused", unreached=True)
HOST = "town.example"


async def live_on(house: House, *names: str) -> None:
    """Let channels live on one host; each posts without a gap, so that only the circuit holds anything back."""
    for name in names:
        await house.store.put_channel(channel(name, url=f"https://{HOST}/@{name}"))
        await house.store.put_plan(name, Plan(late=LatePolicy(gap=timedelta(0))))


def posts(name: str, count: int):
    return [delivery(f"{name}{n:05}", channel=name, due=NOON - HOUR + n * SECOND) for n in range(count)]


def moves(house: House) -> int:
    """Return how often any delivery was written to."""
    with sqlite3.connect(house.store.path) as raw:
        return int(raw.execute("SELECT count(*) FROM moves").fetchone()[0])


async def opened(house: House) -> None:
    """Let five calls in a row meet silence."""
    house.boards["board"].script = [DEAD, Unknown(why="reset"), DEAD, DEAD, DEAD]
    await house.settle(rounds=5)
    assert len(house.boards["board"].calls) == 5


async def test_after_five_silences_nothing_is_tried_but_one_probe_after_each_longer_pause(house):
    await live_on(house, "board")
    await add(house, *posts("board", 30))
    await opened(house)
    house.boards["board"].script = [DEAD] * 20
    pauses = []
    for _ in range(8):
        calls, since = len(house.boards["board"].calls), house.clock.at
        upcoming = await house.store.next_due()
        house.clock.at = upcoming - timedelta(milliseconds=1)
        await house.settle(rounds=2)
        assert len(house.boards["board"].calls) == calls
        house.clock.at = upcoming
        await house.settle(rounds=3)
        assert len(house.boards["board"].calls) == calls + 1
        pauses.append((upcoming - since).total_seconds())
    assert pauses == [30, 60, 120, 240, 480, 960, 1800, 1800]


@pytest.mark.parametrize(
    "answer",
    [None, Pending(resume="7", until=NOON), Refused(why="no"), Unauthorised(why="token"), Retry(why="slow down")],
)
async def test_any_real_answer_closes_it_for_every_channel_of_the_host(house, answer):
    await live_on(house, "board", "wall")
    await add(house, *posts("board", 8))
    await opened(house)
    assert list(house.dispatch.silent) == [HOST]
    house.pass_time(30 * SECOND)
    house.boards["board"].script = [] if answer is None else [answer]
    await add(house, *posts("wall", 1))
    await house.dispatch.wake()
    await house.dispatch.idle()
    await house.dispatch.wake()
    await house.dispatch.idle()
    assert dict(house.dispatch.silent) == {}
    assert len(house.boards["wall"].calls) == 1


async def test_it_is_told_since_when_a_host_is_silent_and_when_it_is_tried_next(house):
    await live_on(house, "board", "wall")
    await add(house, *posts("board", 9))
    await opened(house)
    circuit = house.dispatch.silent[HOST]
    assert (circuit.since, circuit.until) == (NOON, NOON + 30 * SECOND)
    for known in await house.store.channels():
        assert known.rests == NOON + 30 * SECOND
        assert known.rests_why == f"{HOST} does not answer since 04 May 2026 12:00 UTC"


async def test_ten_thousand_posts_on_a_dead_host_cost_no_writes_and_keep_nobody_waiting(house):
    await live_on(house, "board")
    await add(house, *posts("board", 10_000))
    await opened(house)
    house.boards["board"].script = [DEAD] * 100
    before = moves(house)
    await add(house, *[delivery(f"wall{n}", channel="wall", due=NOON + n * 60 * MINUTE) for n in range(5)])
    added = moves(house) - before
    for _ in range(5):
        house.engine.asked.clear()
        await house.settle(rounds=3)
        assert (await house.store.next_due()) in house.engine.asked
        house.pass_time(HOUR)
    assert len(house.boards["wall"].calls) == 5
    probes = len(house.boards["board"].calls) - 5
    assert probes <= 5
    assert moves(house) - before - added == 2 * (probes + 5)


async def test_only_one_channel_of_a_host_probes_at_a_time_and_the_others_go_on_meanwhile(house):
    house.boards["third"] = NoticeBoard(house.clock)
    await house.store.put_channel(channel("third"))
    await live_on(house, "board", "wall")
    await add(house, *posts("board", 9), *posts("wall", 3))
    house.boards["board"].script = [DEAD] * 20
    house.boards["wall"].script = [DEAD] * 20
    await house.settle(rounds=3)
    calls = len(house.boards["board"].calls) + len(house.boards["wall"].calls)
    assert calls == 6
    await add(house, delivery("c1", channel="third"), delivery("c2", channel="third", due=NOON + HOUR))
    house.pass_time(30 * SECOND)
    gate = asyncio.Event()
    for name in ("board", "wall"):
        house.boards[name] = Slow(house.clock, gate)
    await house.dispatch.wake()
    while "c1" in house.dispatch.busy():
        await asyncio.sleep(0)
    await house.dispatch.wake()
    known = [await house.store.delivery(each) for each in house.dispatch.busy() - {"c1", "c2"}]
    assert [each.channel for each in known] in (["board"], ["wall"])
    assert NOON + HOUR in house.engine.asked
    gate.set()
    await house.dispatch.idle()
    assert (await house.store.delivery("c1")).state == State.SENT


class Slow(NoticeBoard):
    """A board that answers when it is let."""

    def __init__(self, clock, gate):
        super().__init__(clock)
        self.gate = gate

    async def publish(self, *args):
        await self.gate.wait()
        return await super().publish(*args)


async def test_what_was_on_its_way_when_it_opened_closes_it_and_lets_the_channels_go_on(house):
    gate = asyncio.Event()
    house.boards["wall"] = Slow(house.clock, gate)
    await live_on(house, "board", "wall")
    await add(house, *posts("board", 9), *posts("wall", 1))
    house.boards["board"].script = [DEAD] * 5
    for _ in range(5):
        await house.dispatch.wake()
        while any(each.startswith("board") for each in house.dispatch.busy()):
            await asyncio.sleep(0)
    assert list(house.dispatch.silent) == [HOST]
    gate.set()
    await house.dispatch.idle()
    assert dict(house.dispatch.silent) == {}
    assert {known.rests for known in await house.store.channels()} == {None}
    await house.settle()
    assert len(house.boards["board"].calls) == 6


async def test_a_crash_of_an_adapter_says_nothing_of_its_host(house):
    await live_on(house, "board")
    house.boards["board"].script = [RuntimeError("a bug")] * 7
    await add(house, *posts("board", 9))
    await house.settle(rounds=9)
    assert len(house.boards["board"].calls) == 9


async def test_after_a_restart_a_dead_host_is_left_alone_for_as_long_as_was_written_down(house):
    await live_on(house, "board")
    await add(house, *posts("board", 9))
    await opened(house)
    house.dispatch = Dispatch(house.store, house.clock, HandEngine(), house.boards, Plan(), PACE)
    await house.settle(rounds=3)
    assert len(house.boards["board"].calls) == 5
    house.pass_time(30 * SECOND)
    await house.settle(rounds=1)
    assert len(house.boards["board"].calls) == 6


async def test_a_longer_pause_that_a_platform_asked_for_is_not_shortened(house):
    await live_on(house, "board", "wall")
    await house.store.rest_channel("wall", NOON + HOUR, "the platform asks for a pause: 429")
    await add(house, *posts("board", 9))
    await opened(house)
    assert {each.name: each.rests for each in await house.store.channels()}["wall"] == NOON + HOUR
    house.pass_time(30 * SECOND)
    await house.settle()
    assert {each.name: each.rests for each in await house.store.channels()}["wall"] == NOON + HOUR


async def test_an_overdue_channel_that_is_not_set_up_hides_no_other_channels_moment(house):
    del house.boards["board"]
    await add(house, *posts("board", 1), delivery("b1", channel="wall", due=NOON + MINUTE))
    await house.settle()
    assert NOON + MINUTE in house.engine.asked


# poison


async def broken(house: House, names: set[str], error: Exception) -> None:
    """Let the ledger fail whenever one of these deliveries' attempts are read, as damage in a row would."""
    whole = house.store.attempts

    async def attempts(delivery: str):
        if delivery in names:
            raise error
        return await whole(delivery)

    house.store.attempts = attempts  # type: ignore[method-assign]


async def test_a_delivery_that_nothing_can_be_done_with_is_set_aside_after_three_times(house):
    await broken(house, {"a1"}, KeyError("a secret word"))
    await add(house, delivery("a1", channel="board", epoch=1), delivery("a2", channel="board", due=NOON - SECOND / 2))
    await add(house, *posts("wall", 2))
    house.clock.at = NOON
    await house.settle(rounds=2)
    assert (await house.store.delivery("a2")).state == State.SENT
    assert (await house.store.delivery("a1")).state == State.SCHEDULED
    await house.settle(rounds=2)
    found = await house.store.delivery("a1")
    assert found.state == State.HELD
    assert "KeyError" in found.why
    assert "secret" not in found.why
    assert house.boards["wall"].calls
    await add(house, delivery("a3", channel="board", due=NOON + SECOND))
    house.pass_time(SECOND)
    await house.settle()
    assert (await house.store.delivery("a3")).state == State.SENT


async def test_one_that_is_brought_back_is_tried_again_as_often(house):
    await broken(house, {"a1"}, ValueError("damaged"))
    await add(house, delivery("a1", channel="board", epoch=1))
    for _ in range(2):
        await house.settle(rounds=2)
        assert (await house.store.delivery("a1")).state == State.SCHEDULED
        await house.settle(rounds=1)
        assert (await house.store.delivery("a1")).state == State.HELD
        house.pass_time(MINUTE)
        await house.store.move([change(await house.store.delivery("a1"), house.clock.at)], house.clock.at)
