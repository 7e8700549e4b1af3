"""`simulate`: the future of a copy of the ledger, made by the very code that posts."""

from dataclasses import replace
from datetime import time, timedelta
from itertools import pairwise

import pytest

from bot.clock import SteppedClock
from bot.domain.delivery import State
from bot.domain.lateness import LatePolicy
from bot.domain.ledger import Hold
from bot.domain.pacing import Price
from bot.domain.plan import Plan
from bot.engines.stepping import SteppingEngine
from bot.flow.dispatch import Dispatch, Pace
from bot.flow.rehearsal import Agreeable, approve_each, forecast, rehearse
from bot.store import open_store
from tests.store_samples import HOUR, MINUTE, NOON, article, channel, delivery

DAY = timedelta(days=1)
BEFORE = NOON - DAY
ON_THE_HOUR = NOON.replace(microsecond=0)
PLAN = Plan(times=(time(0), time(23, 59)), every=HOUR, late=LatePolicy(gap=5 * MINUTE))


@pytest.fixture
async def store(tmp_path):
    clock = SteppedClock(NOON)
    store = await open_store(tmp_path / "copy.db", clock)
    yield store, clock
    await store.close()


async def played(store, clock, span, plan=PLAN):
    engine = SteppingEngine()
    platforms = {each.name: Agreeable(each, clock) for each in await store.channels()}
    dispatch = Dispatch(store, clock, engine, platforms, plan, Pace(deadline=timedelta(seconds=5), jitter=float))
    since = clock.at
    await rehearse(store, clock, engine, dispatch, since + span)
    return await forecast(store, since, since + span, plan)


def waiting(id, at, **more):
    return delivery(id, state=State.SCHEDULED, slot=at, due=at, **more)


async def test_each_thing_happens_at_its_own_moment(store):
    ledger, clock = store
    await ledger.put_channel(channel("x"))
    moments = [ON_THE_HOUR + hours * HOUR for hours in (1, 5, 30)]
    await ledger.add_deliveries([waiting(f"d{n}", at) for n, at in enumerate(moments)], BEFORE)
    seen = await played(ledger, clock, DAY)
    assert [(each.id, each.receipts[0][1].at) for each in seen.sent] == [("d0", moments[0]), ("d1", moments[1])]
    assert [each.id for each in seen.waiting] == ["d2"]
    assert seen.slots == {"x": (2, 24)}
    assert (await ledger.delivery("d2")).state is State.SCHEDULED


async def test_what_was_late_is_spread_and_that_is_told(store):
    ledger, clock = store
    await ledger.put_channel(channel("x"))
    late = [waiting(f"d{n}", NOON - 2 * HOUR + n * MINUTE) for n in range(3)]
    await ledger.add_deliveries(late, BEFORE)
    seen = await played(ledger, clock, HOUR)
    times = [each.receipts[0][1].at for each in seen.sent]
    assert [each.id for each in seen.sent] == ["d0", "d1", "d2"]
    assert all(later - earlier >= 5 * MINUTE for earlier, later in pairwise(times))
    assert {each.id for _, each, _ in seen.moved} == {"d1", "d2"}


async def test_what_would_come_on_top_of_each_other_is_told(store):
    ledger, clock = store
    for name in ("x", "x__two"):
        await ledger.put_channel(replace(channel(name), platform="x"))
    await ledger.put_channel(replace(channel("wall"), platform="wall"))
    at = NOON + HOUR
    same = [waiting(f"d{n}", at, channel=name) for n, name in enumerate(("x", "x__two", "wall"))]
    await ledger.add_deliveries(same, BEFORE)
    seen = await played(ledger, clock, DAY)
    assert [(one.id, other.id) for one, other in seen.close] == [("d0", "d1")]


async def test_costs_are_told_by_month(store):
    ledger, clock = store
    clock.at = NOON.replace(month=5, day=31, hour=23)
    priced = channel("x")
    limits = replace(priced.limits, price=Price(currency="USD", part=15_000, linked=200_000))
    await ledger.put_channel(replace(priced, limits=limits))
    await ledger.add_deliveries([waiting(f"d{n}", clock.at + n * HOUR) for n in range(3)], clock.at)
    seen = await played(ledger, clock, DAY)
    assert len(seen.sent) == 3
    assert {key[:2] for key in seen.costs} == {("x", "2026-05"), ("x", "2026-06")}
    assert seen.costs["x", "2026-06", "USD"] == 2 * seen.costs["x", "2026-05", "USD"] > 0


async def test_a_pause_lasts_and_is_told(store):
    ledger, clock = store
    await ledger.put_channel(channel("x"))
    await ledger.add_deliveries([waiting("d1", NOON + HOUR)], BEFORE)
    await ledger.set_hold(Hold(on=True, why="storm", since=NOON))
    seen = await played(ledger, clock, DAY)
    assert seen.sent == ()
    assert seen.stopped == ("everything is paused: storm",)
    assert [each.id for each in seen.waiting] == ["d1"]


async def test_everything_held_is_approved_but_what_nobody_may_approve(house):
    held = delivery("d1", channel="board", due=None)
    plain = replace(held.post.parts[0], text="Open until midnight.", spans=(), images=(), card=None)
    held = replace(held, post=replace(held.post, parts=(plain,)))
    await house.store.put_article(article(), NOON)
    await house.store.add_deliveries([held], NOON)
    await house.store.add_deliveries([replace(held, id="d2", article="gone")], NOON)
    refused = await approve_each(house.store, house.steering)
    assert (await house.store.delivery("d1")).state is State.SCHEDULED, refused
    assert (await house.store.delivery("d2")).state is State.HELD
    assert refused == ("there is no article library/gone",)
