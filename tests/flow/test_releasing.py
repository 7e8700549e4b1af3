"""The hold: nothing is armed while it lasts, and a person says what becomes of what came due meanwhile."""

import asyncio
from datetime import time, timedelta

import pytest

from bot.domain.delivery import State
from bot.domain.outcome import Retry, Unknown
from bot.domain.plan import Plan
from bot.errors import NotAllowed
from bot.flow.releasing import Overdue
from tests.flow.conftest import House
from tests.store_samples import HOUR, MINUTE, NOON, delivery

HOURLY = Plan(times=(time(0), time(23, 59)), every=timedelta(hours=1))


async def due_while_paused(house: House, **more) -> None:
    """Pause, let three deliveries of one channel and one of another come due, with one to come."""
    await house.store.put_plan("board", HOURLY)
    await house.store.put_plan("wall", HOURLY)
    late = [delivery(f"a{n}", channel="board", due=NOON + n * MINUTE, **more) for n in range(1, 4)]
    coming = delivery("c1", channel="board", due=NOON + 3 * HOUR)
    await house.store.add_deliveries([*late, delivery("b1", channel="wall", due=NOON + MINUTE), coming], NOON)
    await house.steering.acting("cli:anna").pause("storm")
    house.pass_time(30 * MINUTE)
    await house.settle(rounds=2)
    assert [each.id for each in await house.steering.overdue()] == ["a1", "b1", "a2", "a3"]


async def states(house: House) -> dict[str, State]:
    return {each.id: each.state for each in await house.store.deliveries()}


async def test_nothing_is_armed_after_the_pause_whatever_was_read_before(house):
    """The delivery is read, then everything is paused, then it would be sent."""
    await house.store.add_deliveries([delivery("a1", channel="board")], NOON)
    ready = house.store.ready

    async def then_pause(*given):
        found = await ready(*given)
        await house.steering.pause("storm")
        return found

    house.store.ready = then_pause
    await house.settle(rounds=2)
    assert house.boards["board"].calls == []
    assert await house.store.attempts("a1") == ()


async def test_left_to_the_late_policy_they_are_spread_and_never_burst(house):
    await due_while_paused(house)
    done = await house.steering.resume(Overdue.LATE)
    assert (done.due, done.reslotted, done.dropped, done.hold.on) == (4, 0, 0, False)
    await house.settle(rounds=3)
    assert [len(house.boards[each].calls) for each in ("board", "wall")] == [1, 1]


async def test_given_new_slots_they_keep_their_order_and_take_nobodys(house):
    await due_while_paused(house)
    done = await house.steering.resume(Overdue.RESLOT)
    assert (done.due, done.reslotted) == (4, 4)
    slots = {each.id: each.slot for each in await house.store.deliveries()}
    whole = NOON.replace(minute=0, second=0, microsecond=0)
    assert slots["a1"] == slots["b1"] == whole + HOUR
    assert (slots["a2"], slots["a3"]) == (whole + 2 * HOUR, whole + 3 * HOUR)
    assert slots["c1"] == NOON + 3 * HOUR
    await house.settle(rounds=2)
    assert house.boards["board"].calls == []


async def test_what_was_sent_on_in_a_hurry_gets_the_first_slots_even_those_it_had(house):
    await house.store.put_plan("board", HOURLY)
    whole = NOON.replace(minute=0, second=0, microsecond=0)
    slots = {f"a{n}": whole + n * HOUR for n in range(1, 4)}
    await house.store.add_deliveries([delivery(id=n, channel="board", due=slot) for n, slot in slots.items()], NOON)
    await house.steering.pause("storm")
    await house.steering.send_now(["a3", "a1"], anyway=True)
    await house.steering.resume(Overdue.RESLOT)
    now = {each.id: each.slot for each in await house.store.deliveries()}
    assert now == {"a3": slots["a1"], "a2": slots["a2"], "a1": slots["a3"]}


async def test_what_finds_no_slot_before_it_expires_is_held(house):
    await due_while_paused(house, expires=NOON + 90 * MINUTE)
    done = await house.steering.resume(Overdue.RESLOT)
    assert (done.reslotted, done.held) == (2, 2)
    assert "no free slot before it expires" in (await house.store.delivery("a2")).why


async def test_dropped_they_are_cancelled_and_the_rest_is_left(house):
    await due_while_paused(house)
    done = await house.steering.acting("desk").resume(Overdue.DROP)
    assert (done.due, done.dropped) == (4, 4)
    ended = dict.fromkeys(("a1", "a2", "a3", "b1"), State.CANCELLED)
    assert await states(house) == ended | {"c1": State.SCHEDULED}
    acts = [each.act for each in await house.store.acts()]
    assert [(each.by, each.verb) for each in acts] == [
        ("cli:anna", "pause"),
        *[("desk", "cancel")] * 4,
        ("desk", "resume"),
    ]
    assert acts[-1].words == "drop: 4 due, 0 given new slots, 0 held, 4 cancelled"


async def put_off(house: House) -> None:
    """The platform says "in an hour", then everything is paused, with one uncertain beside it."""
    house.boards["board"].script = [Retry(why="busy", after=HOUR)]
    house.boards["wall"].script = [Unknown(why="connection reset")]
    late = [delivery("a1", channel="board"), delivery("u1", channel="wall")]
    await house.store.put_plan("board", HOURLY)
    await house.store.add_deliveries(late, NOON)
    await house.settle()
    await house.steering.pause("storm")
    house.pass_time(10 * MINUTE)
    found = await house.store.delivery("a1")
    assert found.state == State.RETRYING
    assert found.due
    assert found.due > house.clock.now()


async def test_what_was_put_off_before_the_pause_is_dropped_with_the_rest_and_what_is_uncertain_is_told(house):
    await put_off(house)
    assert [each.id for each in await house.steering.overdue()] == ["a1"]
    done = await house.steering.resume(Overdue.DROP)
    assert (done.due, done.dropped, done.uncertain) == (1, 1, 1)
    assert await states(house) == {"a1": State.CANCELLED, "u1": State.UNCERTAIN}
    house.pass_time(2 * HOUR)
    await house.settle(rounds=2)
    assert len(house.boards["board"].calls) == 1


async def test_a_new_slot_is_no_sooner_than_what_the_platform_asked_for(house):
    await put_off(house)
    await house.steering.resume(Overdue.RESLOT)
    whole = NOON.replace(minute=0, second=0, microsecond=0)
    assert (await house.store.delivery("a1")).due == whole + 2 * HOUR, "13:00 is a moment before the hour is over"


@pytest.mark.parametrize("choice", list(Overdue))
async def test_a_thread_that_is_half_out_is_never_dropped(house, choice):
    board = house.boards["board"]
    board.after = lambda: house.steering.pause("storm")
    await house.store.put_plan("board", HOURLY)
    await house.store.add_deliveries([delivery("a1", channel="board", parts=2)], NOON)
    await house.settle(rounds=2)
    board.after = None
    done = await house.steering.resume(choice)
    assert (done.due, done.dropped, done.begun) == (1, 0, 1)
    house.pass_time(HOUR)
    await house.settle(rounds=2)
    assert [call.part.number for call in board.calls] == [1, 2]


async def test_of_two_who_end_a_pause_one_decides_and_the_other_is_told(house):
    await due_while_paused(house)
    since = (await house.store.hold()).since
    anna, desk = house.steering.acting("cli:anna"), house.steering.acting("desk")
    both = (anna.resume(Overdue.DROP, since), desk.resume(Overdue.RESLOT, since))
    ends = await asyncio.gather(*both, return_exceptions=True)
    [told] = [each for each in ends if isinstance(each, NotAllowed)]
    resumed = [each.act for each in await house.store.acts() if each.act.verb == "resume"]
    assert len(resumed) == 1
    assert f"that pause has ended: {resumed[0].by} decided to resume at 2026-05-04" in str(
        told
    ) or "changed meanwhile" in str(told)
    found = await states(house)
    assert set(found.values()) == ({State.CANCELLED, State.SCHEDULED} if resumed[0].by != "desk" else {State.SCHEDULED})


async def test_a_pause_ends_once_even_when_nothing_came_due(house):
    await house.steering.pause("storm")
    since = (await house.store.hold()).since
    both = [house.steering.acting(by).resume(Overdue.LATE, since) for by in ("cli:anna", "cli:bert")]
    ends = await asyncio.gather(*both, return_exceptions=True)
    assert [isinstance(each, NotAllowed) for each in ends].count(True) == 1
    assert [each.act.verb for each in await house.store.acts()] == ["pause", "resume"]


async def test_an_old_page_does_not_end_a_later_pause(house):
    await house.steering.pause("storm")
    old = (await house.store.hold()).since
    await house.steering.resume()
    house.pass_time(MINUTE)
    await house.steering.acting("cli:bert").pause("flood")
    with pytest.raises(NotAllowed, match=r"cli:bert decided to pause at .* \(flood\)"):
        await house.steering.resume(Overdue.DROP, old)
    assert (await house.store.hold()).why == "flood"


async def test_a_pause_that_never_was_cannot_be_ended(house):
    with pytest.raises(NotAllowed, match="that pause has ended"):
        await house.steering.resume(Overdue.LATE, NOON)
    assert await house.store.acts() == ()


async def test_a_second_reason_keeps_the_moment_of_the_first(house):
    await house.steering.pause("storm")
    since = (await house.store.hold()).since
    house.pass_time(HOUR)
    await house.steering.pause("flood")
    hold = await house.store.hold()
    assert (hold.why, hold.since) == ("flood", since)


async def test_to_resume_what_is_not_paused_does_nothing(house):
    await house.store.add_deliveries([delivery("a1", channel="board")], NOON)
    done = await house.steering.resume(Overdue.DROP)
    assert (done.due, await house.store.acts()) == (0, ())
    assert (await house.store.delivery("a1")).state == State.SCHEDULED
