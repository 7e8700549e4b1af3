"""What wakes due work: in time, again and again, nothing lost, nothing twice at once, whatever the clock does.

No span is real: the loop leaps over all waiting, so what is told to come after 50 ms comes after exactly those.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise

import pytest
from apscheduler.schedulers import base as scheduling

from bot.engines.local import LocalEngine
from tests.leaping import LoopClock, Wall, leaping
from tests.store_samples import NOON

FAR = timedelta(hours=1)
SOON = timedelta(milliseconds=50)
#: How long a test waits for what must come, and how long it watches for what must not, by the loop's own time.
PATIENCE, WATCH = 60.0, 60.0


@pytest.fixture(autouse=True)
def no_complaints(caplog):
    """The scheduler has nothing to complain of: no run skipped, none missed, no exception."""
    caplog.set_level(logging.WARNING)
    yield
    assert [record.getMessage() for record in caplog.records if record.name.startswith("apscheduler")] == []


@pytest.fixture(autouse=True)
def wall(monkeypatch) -> Wall:
    """The clock on the wall that the scheduler reads; it goes with the loop's time until a test sets it."""
    made = Wall()
    monkeypatch.setattr(scheduling, "datetime", made)
    return made


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.005)


def now() -> datetime:
    return LoopClock().now()


def seconds() -> float:
    return LoopClock().monotonic()


def exactly(*moments: float) -> object:
    return pytest.approx(moments, abs=1e-4)


def gaps(calls: "Calls") -> list[float]:
    return [after - before for before, after in pairwise(calls.at)]


class Calls:
    """Notes when it is called; takes `lasting` seconds; fails while `faults` last."""

    def __init__(self, lasting: float = 0, faults: int = 0) -> None:
        self.at: list[float] = []
        self.ended = self.running = self.most = 0
        self.lasting, self.faults = lasting, faults
        self.during: Callable[[], None] | None = None

    async def __call__(self) -> None:
        self.at.append(seconds())
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
    made = LocalEngine(clock or LoopClock(), tick)
    await made.start(wake, chores or {})
    try:
        yield made
    finally:
        await made.stop()


@leaping
async def test_the_first_wake_up_comes_at_once_and_then_nothing_before_the_tick():
    wake = Calls()
    async with engine(wake):
        await asyncio.sleep(FAR.total_seconds() - 1)
        assert wake.at == exactly(0)
        await asyncio.sleep(2)
    assert wake.at == exactly(0, FAR.total_seconds())


@leaping
async def test_the_safety_tick_comes_again_and_again():
    wake = Calls()
    async with engine(wake, SOON):
        await until(lambda: len(wake.at) == 5)
    assert wake.at == exactly(0, 0.05, 0.1, 0.15, 0.2)


@leaping
async def test_a_wake_up_is_moved_earlier_but_never_later():
    wake = Calls()
    async with engine(wake) as made:
        await until(lambda: wake.ended == 1)
        made.wake_at(now() + timedelta(minutes=10))
        made.wake_at(now() + 3 * SOON)
        made.wake_at(now() + timedelta(minutes=20))
        asked = seconds()
        await asyncio.sleep(WATCH)
    assert wake.at == exactly(0, asked + 0.15)


@leaping
async def test_a_moment_that_has_passed_is_now_and_the_next_wake_up_can_be_asked_for_after_it():
    wake = Calls()
    async with engine(wake) as made:
        for _ in range(4):
            await until(lambda: wake.ended == len(wake.at) > 0)
            before = len(wake.at)
            made.wake_at(now() - FAR)
            await until(partial(lambda seen: len(wake.at) > seen, before))


@leaping
async def test_many_wishes_for_the_same_moment_are_one_wake_up():
    wake = Calls()
    async with engine(wake) as made:
        await until(lambda: wake.ended == 1)
        asked, moment = seconds(), now() + SOON
        for _ in range(200):
            made.wake_at(moment)
        await asyncio.sleep(WATCH)
    assert wake.at == exactly(0, asked + 0.05)


@pytest.mark.parametrize(("ahead", "again"), [(-FAR, 0.1), (timedelta(0), 0.1), (3 * SOON, 0.15)])
@leaping
async def test_a_wake_up_asked_for_while_one_is_running_leads_to_another(ahead, again):
    wake = Calls(lasting=0.1)
    async with engine(wake) as made:
        wake.during = lambda: made.wake_at(now() + ahead) if len(wake.at) == 1 else None
        await asyncio.sleep(WATCH)
    assert wake.at == exactly(0, again)
    assert wake.most == 1


@leaping
async def test_the_earliest_of_the_wishes_during_a_run_counts():
    wake = Calls()
    async with engine(wake) as made:

        def wishes() -> None:
            if len(wake.at) == 1:
                for ahead in (timedelta(minutes=5), 2 * SOON, timedelta(minutes=9)):
                    made.wake_at(now() + ahead)

        wake.during = wishes
        await until(lambda: len(wake.at) == 2)
    assert wake.at == exactly(0, 0.1)


@leaping
async def test_no_wish_is_lost_in_a_storm_of_them():
    wake, wishes = Calls(lasting=0.003), 0.0
    async with engine(wake) as made:
        for _ in range(150):
            made.wake_at(now())
            wishes = seconds()
            await asyncio.sleep(0.001)
        await until(lambda: wake.at[-1] >= wishes)
    assert wake.most == 1


@leaping
async def test_a_wish_between_the_begin_of_a_run_and_its_first_step_is_not_lost():
    wake = Calls()
    async with engine(wake) as made:
        await until(lambda: wake.ended == 1)
        made.wake_at(now())
        for _ in range(20):
            await asyncio.sleep(0)
            made.wake_at(now() + SOON)
        asked = seconds()
        await asyncio.sleep(WATCH)
    assert wake.at == exactly(0, asked, asked + 0.05)
    assert wake.most == 1


@leaping
async def test_chores_run_at_their_intervals_beside_each_other_and_the_wake_ups():
    wake, often, seldom = Calls(), Calls(), Calls()
    async with engine(wake, chores={SOON: often, 5 * SOON: seldom}):
        await asyncio.sleep(0.52)
    assert often.at == exactly(*(0.05 * n for n in range(1, 11)))
    assert seldom.at == exactly(0.25, 0.5)
    assert wake.at == exactly(0)


@leaping
async def test_a_chore_that_takes_longer_than_its_interval_never_overlaps_itself_and_goes_on():
    slow = Calls(lasting=0.12)
    async with engine(Calls(), chores={SOON: slow}):
        await until(lambda: slow.ended == 3)
    assert slow.at == exactly(0.05, 0.22, 0.39)
    assert slow.most == 1


@leaping
async def test_what_fails_is_tried_again(capsys):
    wake, chore = Calls(faults=2), Calls(faults=2)
    async with engine(wake, SOON, {SOON: chore}):
        await until(lambda: len(wake.at) >= 4 and len(chore.at) >= 4)
    assert capsys.readouterr().out.count("the store is away") == 4


@leaping
async def test_a_call_that_is_cancelled_from_within_is_planned_again(caplog):
    ran = []

    async def wake() -> None:
        ran.append(1)
        if len(ran) == 1:
            raise asyncio.CancelledError

    made = LocalEngine(LoopClock(), SOON)
    await made.start(wake, {})
    await until(lambda: len(ran) == 3)
    await made.stop()
    caplog.clear()  # the scheduler itself says that a call was cancelled


@leaping
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


@leaping
async def test_stopping_in_the_very_turn_in_which_a_call_begins_leaves_nothing_behind():
    for turns in range(8):
        wake = Calls()
        made = LocalEngine(LoopClock(), SOON)
        await made.start(wake, {})
        for _ in range(turns):
            await asyncio.sleep(0)
        await made.stop()
        assert wake.running == 0
        assert asyncio.all_tasks() == {asyncio.current_task()}


@leaping
async def test_stopping_twice_or_before_the_start_is_no_error():
    made = LocalEngine(LoopClock())
    await made.stop()
    made.wake_at(now())
    async with engine(Calls()) as other:
        await other.stop()


@leaping
async def test_a_clock_that_is_set_back_delays_nothing_for_long(wall):
    wake, chore = Calls(), Calls()
    async with engine(wake, SOON, {2 * SOON: chore}) as made:
        await until(lambda: len(chore.at) == 1)
        wall.ahead = -timedelta(days=3)
        before = len(wake.at), len(chore.at)
        await until(lambda: len(wake.at) >= before[0] + 5 and len(chore.at) >= before[1] + 3)
        assert max(gaps(wake)) <= 3 * SOON.total_seconds() + 1e-4
        wall.ahead = -timedelta(days=9)
        made.wake_at(now())
        before = len(wake.at), len(chore.at)
        await until(lambda: len(wake.at) >= before[0] + 2)


@leaping
async def test_a_clock_that_jumps_forward_by_half_a_century_makes_no_burst(wall):
    wake, chore = Calls(), Calls()
    async with engine(wake, 2 * SOON, {2 * SOON: chore}):
        await until(lambda: len(chore.at) == 1)
        wall.ahead = timedelta(days=20_000)
        await until(lambda: len(chore.at) == 4)
    assert gaps(chore) == exactly(0.1, 0.1, 0.1)


class SetByHand(LoopClock):
    """A clock that stands where it is put, while time goes on all the same."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at


@leaping
async def test_moments_are_the_clocks_own_wherever_it_stands():
    clock, wake = SetByHand(), Calls()
    async with engine(wake, clock=clock) as made:
        await until(lambda: wake.ended == 1)
        asked = seconds()
        made.wake_at(NOON + 2 * SOON)
        await until(lambda: wake.ended == 2)
        clock.at += timedelta(days=400)
        again = seconds()
        made.wake_at(NOON)
        await until(lambda: wake.ended == 3)
    assert wake.at == exactly(0, asked + 0.1, again)
