"""When nothing is posted, what is posted late, and what a platform may ask for; with the real ledger."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.delivery import State
from bot.domain.lateness import LatePolicy
from bot.domain.ledger import Change, Hold
from bot.domain.outcome import Pending, Retry, Unknown
from bot.domain.pacing import Rate
from bot.domain.plan import Blackout, Plan
from tests.flow.conftest import House
from tests.flow.paced import DAY, GAP, add, change, dues, live, posts, restarted, rules
from tests.store_samples import HOUR, MINUTE, NOON, SECOND, attempt, delivery


async def test_what_a_restore_left_without_a_slot_is_not_tried_for_ever(house):
    board = house.boards["board"]
    board.script = [Pending(resume="7", until=NOON)] * 500
    await add(house, delivery("a", channel="board"))
    await house.settle()
    found = await house.store.delivery("a")
    for back in (
        Change.of(found, State.HELD, ""),
        Change.of(replace(found, state=State.HELD), State.SCHEDULED, "", due=NOON),
    ):
        await house.store.move([back], house.clock.at)
    await live(house, NOON + 3 * DAY)
    found = await house.store.delivery("a")
    assert (found.state, len(board.calls) < 100) == (State.HELD, True)
    assert "could not be sent for too long" in found.why


# blackouts

STORM = Blackout(start=NOON - HOUR, end=NOON + HOUR, why="storm")


async def test_what_is_due_in_a_blackout_waits_for_its_end_and_is_spread(house):
    await rules(house, plan=Plan(blackouts=(STORM, replace(STORM, start=NOON + HOUR, end=NOON + 2 * HOUR))))
    await add(house, *posts(3, due=NOON - 3 * SECOND), delivery("b", channel="wall"))
    await house.settle(rounds=2)
    restarted(house)
    await house.settle(rounds=3)
    assert house.boards["board"].calls == []
    assert len(house.boards["wall"].calls) == 1
    assert await dues(house) == [2 * HOUR, 2 * HOUR + GAP, 2 * HOUR + 2 * GAP]
    [first, *_] = await house.store.deliveries(states=(State.SCHEDULED,))
    assert first.why == "nothing is posted until 04 May 2026 14:00 UTC: storm"
    moments = await live(house, NOON + 3 * HOUR)
    assert [each - NOON for each in moments] == [2 * HOUR, 2 * HOUR + GAP, 2 * HOUR + 2 * GAP]


async def test_a_thread_that_has_begun_keeps_silent_in_a_blackout_too(house):
    house.boards["board"].break_at = 2
    await add(house, delivery("a", channel="board", parts=3))
    await house.settle()
    house.boards["board"].break_at = 0
    await rules(house, plan=Plan(blackouts=(STORM,)))
    house.pass_time(MINUTE)
    await house.settle(rounds=2)
    assert [call.part.number for call in house.boards["board"].calls] == [1, 2]
    await live(house, NOON + 2 * HOUR)
    assert [call.part.number for call in house.boards["board"].calls] == [1, 2, 2, 3]


@pytest.mark.parametrize(
    ("outcome", "parts", "rate"),
    [
        (Retry(why="slow down"), 1, 9),
        (Unknown(why="reset"), 1, 9),
        (None, 1, 1),  # something else has the one call there is
        (None, 5, 3),
    ],
)
async def test_what_a_person_sends_anyway_passes_the_blackout_whatever_becomes_of_its_first_try(
    house, outcome, parts, rate
):
    await rules(house, plan=Plan(blackouts=(STORM,)), rates=(Rate(count=rate, span=30 * SECOND),))
    house.boards["board"].script = [outcome] if outcome else []
    await add(house, *posts(1), delivery("b", channel="board", parts=parts, due=NOON + SECOND))
    await house.steering.send_now(["a000", "b"] if rate == 1 else ["b"], anyway=True)
    for _ in range(4):
        await house.settle()
        house.pass_time(MINUTE)
        await house.reconcile.look()
    assert (await house.store.delivery("b")).state == State.SENT


async def test_holding_ends_what_was_said_of_a_blackout(house):
    await rules(house, plan=Plan(blackouts=(STORM,)))
    await add(house, *posts(1))
    await house.store.set_hold(Hold(on=True, why="storm"))
    await house.steering.send_now(["a000"], anyway=True)
    assert (await house.store.delivery("a000")).anyway
    await house.steering.hold(["a000"])
    assert not (await house.store.delivery("a000")).anyway


# lateness


async def test_forty_late_posts_on_three_channels_go_out_in_order_with_the_gap_on_each(house):
    late = [
        delivery(f"{name}{n:02}", channel=name, due=NOON - 9 * HOUR + n * MINUTE)
        for name in ("board", "wall")
        for n in range(20)
    ]
    await add(house, *late)
    await house.settle(rounds=3)
    restarted(house)
    moments = await live(house, NOON + 9 * HOUR)
    assert [each - NOON for each in moments] == [GAP * n for n in range(1, 20)]
    for board in house.boards.values():
        texts = [call.part.text for call in board.calls]
        assert (len(texts), texts) == (20, sorted(texts))


async def test_a_restart_remembers_when_the_channel_last_posted(house):
    await add(house, delivery("a", channel="board"))
    await house.settle()
    restarted(house)
    house.pass_time(MINUTE)
    await add(house, delivery("b", channel="board", due=NOON - HOUR))
    await house.settle()
    assert len(house.boards["board"].calls) == 1
    assert await dues(house) == [GAP]


async def begun(house: House) -> None:
    """Leave a thread of five of which two parts are public, and a day and an hour go by."""
    house.boards["board"].break_at = 3
    await add(house, delivery("a", channel="board", parts=5))
    await house.settle()
    house.boards["board"].break_at = 0
    house.pass_time(25 * HOUR)


async def test_a_thread_that_waited_too_long_asks_a_person_and_goes_on_when_approved(house):
    await begun(house)
    await house.settle(rounds=2)
    found = await house.store.delivery("a")
    assert found.state == State.HELD
    assert found.why == ("part 3 of 5 waits since 04 May 2026 12:00 UTC: approve to finish it, retract to take it back")
    assert len(house.boards["board"].calls) == 3
    slot = house.clock.at + 3 * HOUR
    await house.store.move([change(found, slot)], house.clock.at)
    await live(house, slot + HOUR)
    assert [call.part.number for call in house.boards["board"].calls] == [1, 2, 3, 3, 4, 5]
    assert (await house.store.delivery("a")).state == State.SENT


async def test_a_thread_that_waits_for_less_is_finished(house):
    await begun(house)
    await rules(house, plan=Plan(late=LatePolicy(limit=2 * DAY)))
    await house.settle()
    assert (await house.store.delivery("a")).state == State.SENT


async def test_a_delivery_whose_parts_are_all_proved_is_done_even_when_it_was_scheduled_again(house):
    done = delivery("a", channel="board")
    await add(house, done)
    key = await house.store.arm(done, attempt(done), NOON + MINUTE)
    sending = await house.store.delivery("a")
    await house.store.move([Change.of(sending, State.RETRYING, "not there", due=NOON + HOUR)], NOON)
    await house.store.move([Change.of(await house.store.delivery("a"), State.HELD, "held")], NOON)
    await house.store.receipt("a", 1, house.boards["board"].show(key))  # the first request was only slow
    await house.store.move([change(await house.store.delivery("a"), NOON)], NOON)
    await house.settle(rounds=2)
    assert (await house.store.delivery("a")).state == State.SENT
    assert house.boards["board"].calls == []


# what a platform asks for


async def test_an_absurd_wish_to_wait_is_kept_to_for_six_hours(house):
    board = house.boards["board"]
    board.script = [Retry(why="429", after=timedelta(days=3650), channel_wide=True)]
    await add(house, delivery("a", channel="board"))
    await house.settle()
    assert await dues(house) == [6 * HOUR]
    [known, _] = await house.store.channels()
    assert (known.rests, known.rests_why) == (NOON + 6 * HOUR, "the platform asks for a pause: 429")
    house.pass_time(6 * HOUR)
    board.script = [Retry(why="429", after=-DAY), Pending(resume="", until=datetime.max.replace(tzinfo=UTC))]
    await house.settle()
    assert await dues(house) == [6 * HOUR + timedelta(seconds=10)]
    house.pass_time(MINUTE)
    await house.settle()
    assert await dues(house) == [12 * HOUR + MINUTE]
