"""What is stopped, killed or kept from writing in the middle of a delivery: nothing twice, and nothing known is forgotten."""

import asyncio
import sqlite3

import pytest

from bot.domain.delivery import State
from bot.domain.ledger import Hold
from bot.domain.outcome import Pending, Refused, Retry, Unauthorised, Unknown
from bot.domain.plan import Blackout, Plan
from bot.errors import CannotTell, NotAllowed, StoreError, Unreachable
from bot.flow.dispatch import Dispatch
from bot.flow.reconcile import Reconcile
from bot.store import open_store
from tests.fakes import HandEngine, NoticeBoard
from tests.flow.conftest import PACE, House
from tests.flow.paced import add, posts, restarted, rules
from tests.store_samples import HOUR, MINUTE, NOON, SECOND, HandClock, channel, delivery

STORM = Blackout(start=NOON - HOUR, end=NOON + 5 * HOUR, why="storm")


# held up between arming and sending


async def test_what_was_frozen_past_its_deadline_is_not_sent_but_tried_again(house):
    await add(house, delivery("a", channel="board"))
    arm = house.store.arm

    async def frozen(*given):
        key = await arm(*given)
        house.pass_time(PACE.deadline)
        return key

    house.store.arm = frozen
    await house.settle()
    assert house.boards["board"].calls == []
    found = await house.store.delivery("a")
    assert (found.state, found.why) == (State.RETRYING, "held up before it was sent")
    house.store.arm = arm
    house.pass_time(MINUTE)
    await house.settle()
    assert (await house.store.delivery("a")).state == State.SENT


async def test_what_another_took_over_meanwhile_is_sent_by_neither_before_it_is_sure(house):
    """It armed, was frozen, and another went on; when it wakes up, it sends nothing and what it knows is kept."""
    await add(house, delivery("a", channel="board"))
    other = Reconcile(house.store, house.clock, house.boards, house.steering, PACE)
    arm = house.store.arm

    async def frozen(*given):
        key = await arm(*given)
        house.pass_time(PACE.quiet + SECOND)
        await other.look()
        house.store.arm = arm
        return key

    house.store.arm = frozen
    await house.settle()
    assert house.boards["board"].calls == []
    await house.settle(rounds=2)
    assert len(house.boards["board"].calls) == 1
    assert (await house.store.delivery("a")).state == State.SENT


async def test_a_clock_that_stands_still_does_not_lengthen_a_deadline(house):
    """Our time may stand still while the machine's clock is set back; durations go by the steady one."""
    await add(house, delivery("a", channel="board"))
    arm, ticks = house.store.arm, [0.0]
    house.clock.monotonic = lambda: ticks[0]

    async def frozen(*given):
        ticks[0] += PACE.deadline.total_seconds()
        return await arm(*given)

    house.store.arm = frozen
    await house.settle()
    assert house.boards["board"].calls == []


# killed, or the store locked, after the platform answered


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Retry(why="429"), State.RETRYING),
        (Pending(resume="7", until=NOON), State.RETRYING),
        (Unauthorised(why="token"), State.RETRYING),
        (Refused(why="too long"), State.FAILED),
    ],
)
async def test_what_surely_was_not_published_is_not_parked_after_a_kill(house, outcome, state):
    await add(house, delivery("a", channel="board"))
    house.boards["board"].script = [outcome]
    house.boards["board"].answers = [CannotTell("there is no way to ask")]
    record = house.store.record

    async def killed_between(attempt, change=None):
        await record(attempt)
        raise NotAllowed("killed")

    house.store.record = killed_between
    await house.settle()
    house.store.record = record
    assert (await house.store.delivery("a")).state == State.SENDING
    restarted(house)
    house.pass_time(PACE.quiet)
    await house.reconcile.look()
    await house.reconcile.look()
    found = await house.store.delivery("a")
    assert found.state == state
    if state is State.FAILED:
        assert found.why == "refused: too long"
        return
    house.pass_time(MINUTE)
    await house.settle()
    assert (await house.store.delivery("a")).state == State.SENT
    assert house.boards["board"].calls[-1].resume == getattr(outcome, "resume", "")


async def test_an_outcome_and_its_move_are_one_commit(house):
    await add(house, delivery("a", channel="board"))
    house.boards["board"].script = [Retry(why="busy")]

    async def none(*_, **__):
        raise StoreError("killed before it")

    house.store.move = none
    await house.settle()
    assert (await house.store.delivery("a")).state == State.RETRYING


async def test_a_receipt_in_hand_outlasts_a_store_that_is_locked_for_long(tmp_path):
    clock = HandClock()
    store = await open_store(tmp_path / "h.db", clock, patience=0.05)
    await store.put_channel(channel("board"))
    board = NoticeBoard(clock)
    lock = sqlite3.connect(tmp_path / "h.db", isolation_level=None)
    dispatch = Dispatch(store, clock, HandEngine(), {"board": board}, Plan(), PACE)
    refusals, record = [], store.record

    async def counted(*given):
        try:
            return await record(*given)
        except StoreError:
            refusals.append(dispatch.busy())
            if len(refusals) == 2:
                lock.execute("ROLLBACK")
            raise

    async def grab():
        lock.execute("BEGIN IMMEDIATE")

    board.after, store.record = grab, counted  # type: ignore[method-assign]
    await store.add_deliveries([delivery("a", channel="board")], clock.now())
    await dispatch.wake()
    async with asyncio.timeout(60):
        await dispatch.idle()
    assert (await store.delivery("a")).state == State.SENT
    assert refusals == [{"a"}, {"a"}]
    lock.close()
    await store.close()


async def test_a_stop_gives_what_cannot_be_written_one_last_try(house):
    await add(house, delivery("a", channel="board"))
    record, tries = house.store.record, []

    async def refused(*given):
        tries.append(given)
        raise StoreError("the disk is full")

    house.store.record = refused
    await house.dispatch.wake()
    async with asyncio.timeout(60):
        while not tries:
            await asyncio.sleep(0)
        await house.dispatch.stop()
    assert len(tries) >= 2
    assert not house.dispatch.busy()
    assert (await house.store.delivery("a")).state == State.SENDING
    house.store.record = record


# decisions made meanwhile


async def test_a_decision_made_while_dispatch_rules_stands(house):
    await rules(house, plan=Plan(blackouts=(STORM,)))
    await add(house, *posts(1))
    reschedule = house.store.reschedule

    async def slow(*given):
        house.store.reschedule = reschedule
        await house.steering.send_now(["a000"], anyway=True)
        return await reschedule(*given)

    house.store.reschedule = slow
    await house.settle(rounds=2)
    assert (await house.store.delivery("a000")).state == State.SENT


async def test_an_approval_made_while_dispatch_sets_aside_stands(house):
    await add(house, *posts(1, due=NOON - 30 * HOUR))
    move = house.store.move

    async def slow(*given):
        house.store.move = move
        await house.store.set_hold(Hold(on=True, why="a moment"))
        await house.steering.send_now(["a000"], anyway=True)
        await house.store.set_hold(Hold(on=False))
        return await move(*given)

    house.store.move = slow
    await house.settle(rounds=2)
    assert (await house.store.delivery("a000")).state == State.SENT


# who is asked, and when


async def test_a_lease_that_ran_out_on_a_busy_channel_is_taken_over(house):
    await lost(house)
    busy = Reconcile(house.store, house.clock, house.boards, house.steering, PACE, lambda: {"b"})
    house.pass_time(PACE.quiet)
    await busy.look()
    assert (await house.store.delivery("a")).state != State.SENDING


async def test_what_this_very_program_is_at_is_not_taken_over(house):
    await lost(house)
    busy = Reconcile(house.store, house.clock, house.boards, house.steering, PACE, lambda: {"a"})
    house.pass_time(PACE.quiet)
    await busy.look()
    assert (await house.store.delivery("a")).state == State.SENDING


async def lost(house: House) -> None:
    """Leave a delivery in sending, as a kill does."""
    await add(house, delivery("a", channel="board"))
    record = house.store.record

    async def killed(*_):
        raise NotAllowed("killed")

    house.store.record = killed  # type: ignore[method-assign]
    await house.settle()
    house.store.record = record  # type: ignore[method-assign]


async def test_a_host_that_rests_is_not_asked_for_proof(house):
    await add(house, *posts(5, due=NOON - 5 * SECOND))
    board = house.boards["board"]
    board.script = [Unknown(why="reset")] * 5
    await house.settle(rounds=5)
    [known] = [each for each in await house.store.channels() if each.name == "board"]
    await house.store.rest_channel("board", NOON + HOUR, "its host does not answer")
    board.answers = [Unreachable("no answer")] * 9
    house.pass_time(MINUTE)
    await house.reconcile.look()
    assert (known.rests is not None, len(board.answers)) == (True, 9)
    house.pass_time(HOUR)
    await house.reconcile.look()
    assert len(board.answers) == 8


async def test_an_unknown_that_is_an_answer_is_no_silence(house):
    await add(house, *posts(5, due=NOON - 5 * SECOND))
    house.boards["board"].script = [Unknown(why="a duplicate", answered=True)] * 5
    await house.settle(rounds=5)
    assert dict(house.dispatch.silent) == {}
    assert {each.rests for each in await house.store.channels()} == {None}
