"""What wakes due work: in time, again and again, nothing lost, nothing twice at once, whatever the clock does.

Short real spans; every wait is bounded.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial

import pytest
from apscheduler.schedulers import base as scheduling

from bot.clock import SystemClock
from bot.engines.local import LocalEngine
from tests.store_samples import NOON, HandClock

FAR = timedelta(hours=1)
SOON = timedelta(milliseconds=50)
#: How long a test waits for what must come, and how long it watches for what must not.
PATIENCE, WATCH = 5.0, 0.25


@pytest.fixture(autouse=True)
def no_complaints(caplog):
    """The scheduler has nothing to complain of: no run skipped, none missed, no exception."""
    caplog.set_level(logging.WARNING)
    yield
    assert [record.getMessage() for record in caplog.records if record.name.startswith("apscheduler")] == []


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.005)


class Calls:
    """Notes when it is called; takes `lasting` seconds; fails while `faults` last."""

    def __init__(self, lasting: float = 0, faults: int = 0) -> None:
        self.at: list[float] = []
        self.ended = self.running = self.most = 0
        self.lasting, self.faults = lasting, faults
        self.during: Callable[[], None] | None = None

    async def __call__(self) -> None:
        self.at.append(time.monotonic())
        self.running += 1
        self.most = max(self.most, self.running)
        if self.during is not None:
            self.during()
        await asyncio.sleep(self.lasting)
        self.running -= 1
        self.ended += 1
        if len(self.at) <= self.faults:
            raise RuntimeError("the store is away")


@asynccontextmanager
async def engine(wake: Calls, tick: timedelta = FAR, chores=None, clock=None) -> AsyncIterator[LocalEngine]:
    made = LocalEngine(clock or SystemClock(), tick)
    await made.start(wake, chores or {})
    try:
        yield made
    finally:
        await made.stop()


def now() -> datetime:
    return SystemClock().now()


async def test_the_first_wake_up_comes_at_once_and_then_nothing_before_the_tick():
    wake = Calls()
    async with engine(wake):
        await until(lambda: len(wake.at) == 1)
        await asyncio.sleep(WATCH)
    assert len(wake.at) == 1


async def test_the_safety_tick_comes_again_and_again():
    wake = Calls()
    async with engine(wake, SOON):
        await until(lambda: len(wake.at) == 5)
    gaps = [after - before for before, after in zip(wake.at, wake.at[1:], strict=False)]
    assert min(gaps) > 0.03


async def test_a_wake_up_is_moved_earlier_but_never_later():
    wake = Calls()
    async with engine(wake) as made:
        await until(lambda: wake.ended == 1)
        made.wake_at(now() + timedelta(minutes=10))
        made.wake_at(now() + 3 * SOON)
        made.wake_at(now() + timedelta(minutes=20))
        asked = time.monotonic()
        await until(lambda: len(wake.at) == 2)
        assert 0.1 < wake.at[1] - asked < 1.0
        await asyncio.sleep(WATCH)
    assert len(wake.at) == 2


async def test_a_moment_that_has_passed_is_now_and_the_next_wake_up_can_be_asked_for_after_it():
    wake = Calls()
    async with engine(wake) as made:
        for _ in range(4):
            await until(lambda: wake.ended == len(wake.at) > 0)
            before = len(wake.at)
            made.wake_at(now() - FAR)
            await until(partial(lambda seen: len(wake.at) > seen, before))


async def test_many_wishes_for_the_same_moment_are_one_wake_up():
    wake = Calls()
    async with engine(wake) as made:
        await until(lambda: wake.ended == 1)
        moment = now() + SOON
        for _ in range(200):
            made.wake_at(moment)
        await until(lambda: len(wake.at) == 2)
        await asyncio.sleep(WATCH)
    assert len(wake.at) == 2


@pytest.mark.parametrize("ahead", [-FAR, timedelta(0), SOON], ids=["past", "now", "soon"])
async def test_a_wake_up_asked_for_while_one_is_running_leads_to_another(ahead):
    wake = Calls(lasting=0.1)
    async with engine(wake) as made:
        wake.during = lambda: made.wake_at(now() + ahead) if len(wake.at) == 1 else None
        await until(lambda: wake.ended == 2)
        await asyncio.sleep(WATCH)
    assert (len(wake.at), wake.most) == (2, 1)


async def test_the_earliest_of_the_wishes_during_a_run_counts():
    wake = Calls()
    async with engine(wake) as made:

        def wishes() -> None:
            if len(wake.at) == 1:
                for ahead in (timedelta(minutes=5), 2 * SOON, timedelta(minutes=9)):
                    made.wake_at(now() + ahead)

        wake.during = wishes
        await until(lambda: len(wake.at) == 2)
    assert 0.05 < wake.at[1] - wake.at[0] < 1.0


async def test_no_wish_is_lost_in_a_storm_of_them():
    wake, wishes = Calls(lasting=0.003), 0.0
    async with engine(wake) as made:
        for _ in range(150):
            made.wake_at(now())
            wishes = time.monotonic()
            await asyncio.sleep(0.001)
        await until(lambda: wake.at[-1] >= wishes)
    assert wake.most == 1


async def test_a_wish_between_the_begin_of_a_run_and_its_first_step_is_not_lost():
    wake = Calls()
    async with engine(wake) as made:
        await until(lambda: wake.ended == 1)
        made.wake_at(now())
        for _ in range(20):
            await asyncio.sleep(0)
            made.wake_at(now() + SOON)
        asked = time.monotonic()
        await until(lambda: wake.at[-1] > asked + 0.03)
    assert wake.most == 1


async def test_chores_run_at_their_intervals_beside_each_other_and_the_wake_ups():
    wake, often, seldom = Calls(), Calls(), Calls()
    began = time.monotonic()
    async with engine(wake, chores={SOON: often, 5 * SOON: seldom}):
        await until(lambda: len(often.at) >= 8 and len(seldom.at) >= 2)
    assert often.at[0] - began > 0.04
    assert seldom.at[0] - began > 0.2
    assert len(often.at) > len(seldom.at)
    assert len(wake.at) == 1


async def test_a_chore_that_takes_longer_than_its_interval_never_overlaps_itself_and_goes_on():
    slow = Calls(lasting=0.12)
    async with engine(Calls(), chores={SOON: slow}):
        await until(lambda: slow.ended == 3)
    assert slow.most == 1


async def test_what_fails_is_tried_again(capsys):
    wake, chore = Calls(faults=2), Calls(faults=2)
    async with engine(wake, SOON, {SOON: chore}):
        await until(lambda: len(wake.at) >= 4 and len(chore.at) >= 4)
    assert capsys.readouterr().out.count("the store is away") == 4


async def test_a_call_that_is_cancelled_from_within_is_planned_again(caplog):
    ran = []

    async def wake() -> None:
        ran.append(1)
        if len(ran) == 1:
            raise asyncio.CancelledError

    made = LocalEngine(SystemClock(), SOON)
    await made.start(wake, {})
    await until(lambda: len(ran) == 3)
    await made.stop()
    caplog.clear()  # the scheduler itself says that a call was cancelled


async def test_stopping_waits_for_what_is_under_way_and_then_calls_nothing_more():
    wake, chore = Calls(lasting=0.2), Calls(lasting=0.15)
    async with engine(wake, SOON, {SOON: chore}) as made:
        await until(lambda: bool(wake.running and chore.running))
        await made.stop()
        assert (wake.running, chore.running) == (0, 0)
        counts = len(wake.at), len(chore.at)
        made.wake_at(now())
        await asyncio.sleep(WATCH)
        assert (len(wake.at), len(chore.at)) == counts
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_stopping_in_the_very_turn_in_which_a_call_begins_leaves_nothing_behind():
    for turns in range(8):
        wake = Calls()
        made = LocalEngine(SystemClock(), SOON)
        await made.start(wake, {})
        for _ in range(turns):
            await asyncio.sleep(0)
        await made.stop()
        assert wake.running == 0
        assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_stopping_twice_or_before_the_start_is_no_error():
    made = LocalEngine(SystemClock())
    await made.stop()
    made.wake_at(now())
    async with engine(Calls()) as other:
        await other.stop()


class Wall:
    """Stands in for the datetime class the scheduler asks for the time, `ahead` of the machine's clock."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self, zone=None) -> datetime:
        return datetime.now(zone) + self.ahead


@pytest.fixture
def wall(monkeypatch) -> Wall:
    made = Wall()
    monkeypatch.setattr(scheduling, "datetime", made)
    return made


async def test_a_clock_that_is_set_back_delays_nothing_for_long(wall):
    wake, chore = Calls(), Calls()
    async with engine(wake, SOON, {2 * SOON: chore}) as made:
        await until(lambda: len(chore.at) == 1)
        wall.ahead = -timedelta(days=3)
        before = len(wake.at), len(chore.at)
        await until(lambda: len(wake.at) >= before[0] + 5 and len(chore.at) >= before[1] + 3)
        wall.ahead = -timedelta(days=9)
        made.wake_at(now())
        before = len(wake.at), len(chore.at)
        await until(lambda: len(wake.at) >= before[0] + 2)


async def test_a_clock_that_jumps_forward_by_half_a_century_makes_no_burst(wall):
    wake, chore = Calls(), Calls()
    async with engine(wake, 2 * SOON, {2 * SOON: chore}):
        await until(lambda: len(chore.at) == 1)
        wall.ahead = timedelta(days=20_000)
        began = time.monotonic()
        await until(lambda: len(chore.at) == 4)
        assert time.monotonic() - began < 2.0
    gaps = [after - before for before, after in zip(chore.at[1:], chore.at[2:], strict=False)]
    assert min(gaps) > 0.05


class SetByHand(HandClock):
    """A clock that stands where it is put, while time goes on all the same."""

    def monotonic(self) -> float:
        return time.monotonic()


async def test_moments_are_the_clocks_own_wherever_it_stands():
    clock, wake = SetByHand(NOON), Calls()
    async with engine(wake, clock=clock) as made:
        await until(lambda: wake.ended == 1)
        made.wake_at(NOON + 2 * SOON)
        await until(lambda: wake.ended == 2)
        assert wake.at[1] - wake.at[0] > 0.05
        clock.at += timedelta(days=400)
        made.wake_at(NOON)
        await until(lambda: wake.ended == 3)


async def test_our_clock_never_runs_backwards(monkeypatch):
    from bot import clock as module

    monkeypatch.setattr(module, "datetime", wall := Wall())
    ours = SystemClock()
    first = ours.now()
    wall.ahead = -FAR
    assert ours.now() == ours.now() >= first
    wall.ahead = FAR
    assert ours.now() >= first + FAR - timedelta(seconds=1)
    await ours.sleep(-FAR)
