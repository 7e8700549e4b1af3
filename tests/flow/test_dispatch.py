"""Dispatch and reconcile over the real store: every outcome, threads, pauses, lateness, takeover after a crash."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.delivery import LEASE_MARGIN, State
from bot.domain.outcome import Pending, Refused, Retry, Unauthorised, Unknown
from bot.domain.plan import Plan
from bot.errors import BadInput, CannotTell, NotAllowed, Unreachable
from bot.flow.dispatch import Dispatch
from bot.flow.settling import Verdict
from tests.fakes import NoticeBoard
from tests.flow.conftest import PACE, House
from tests.store_samples import HOUR, MINUTE, NOON, attempt, channel, delivery


async def add(house: House, *deliveries) -> None:
    await house.store.add_deliveries(deliveries, house.clock.now())


async def test_what_is_due_is_posted_once_and_its_receipt_kept(house):
    await add(house, delivery("a1", channel="board"))
    await house.settle(rounds=3)
    found = await house.store.delivery("a1")
    assert (found.state, len(house.boards["board"].calls)) == (State.SENT, 1)
    assert [receipt.url for _, receipt in found.receipts] == ["https://board.example/1"]
    assert house.boards["board"].calls[0].part == found.post.parts[0]


async def test_what_is_not_due_waits_and_the_engine_is_asked_for_its_moment(house):
    await add(house, delivery("a1", channel="board", due=NOON + HOUR))
    await house.settle()
    assert house.boards["board"].calls == []
    assert NOON + HOUR in house.engine.asked


async def test_what_comes_due_while_the_store_is_read_does_not_wait_for_the_safety_tick(house):
    await add(house, delivery("a1", channel="board", due=NOON + timedelta(milliseconds=1)))
    ready = house.store.ready

    async def slowly(*given):
        found = await ready(*given)
        house.pass_time(MINUTE)
        return found

    house.store.ready = slowly
    await house.dispatch.wake()
    assert house.engine.asked == [NOON + timedelta(milliseconds=1)]


async def test_what_no_longer_fits_when_it_is_tried_again_is_held(house):
    house.boards["board"].script = [Retry(why="connection refused")]
    await add(house, delivery("a1", channel="board"))
    await house.settle()
    was = channel("board")
    await house.store.put_channel(replace(was, limits=replace(was.limits, length=5)))
    house.pass_time(MINUTE)
    await house.settle()
    found = await house.store.delivery("a1")
    assert (found.state, len(house.boards["board"].calls)) == (State.HELD, 1)
    assert "the channel takes 5" in found.why


async def test_one_waking_begins_all_that_is_due_whatever_cannot_be_sent_is_in_front(house):
    deaf, free = [f"deaf{number}" for number in range(60)], [f"free{number}" for number in range(60)]
    for name in deaf + free:
        await house.store.put_channel(channel(name))
    house.boards |= {name: NoticeBoard(house.clock) for name in free}
    house.dispatch = Dispatch(house.store, house.clock, house.engine, house.boards, Plan(), PACE)
    await add(house, *(delivery(name, channel=name, due=NOON - HOUR) for name in deaf))
    await add(house, *(delivery(name, channel=name, due=NOON) for name in free))
    await house.dispatch.wake()
    await house.dispatch.idle()
    assert [len(house.boards[name].calls) for name in free] == [1] * 60


@pytest.mark.parametrize(
    ("outcome", "state", "due"),
    [
        (Retry(why="connection refused"), State.RETRYING, timedelta(seconds=5)),
        (Retry(why="slow down", after=MINUTE, channel_wide=True), State.RETRYING, MINUTE),
        (Pending(resume="media 7", until=NOON + MINUTE), State.RETRYING, MINUTE),
        (Refused(why="too long"), State.FAILED, None),
        (Unauthorised(why="token revoked"), State.RETRYING, timedelta(seconds=5)),
        (Unknown(why="connection reset"), State.UNCERTAIN, PACE.quiet),
        (RuntimeError("a bug in an adapter"), State.UNCERTAIN, PACE.quiet),
    ],
)
async def test_every_outcome_leads_to_its_state(house, outcome, state, due):
    house.boards["board"].script = [outcome]
    await add(house, delivery("a1", channel="board"))
    await house.settle()
    found = await house.store.delivery("a1")
    assert found.state == state
    if due is not None:
        assert found.due == NOON + due
    assert "a bug" not in found.why


async def test_a_retry_uses_the_same_key_and_a_pending_one_hands_back_its_resume(house):
    board = house.boards["board"]
    board.script = [Retry(why="refused"), Pending(resume="media 7", until=NOON + MINUTE)]
    await add(house, delivery("a1", channel="board"))
    await house.settle()
    house.pass_time(MINUTE)
    await house.settle()
    house.pass_time(MINUTE)
    await house.settle()
    assert (await house.store.delivery("a1")).state == State.SENT
    assert len({(call.key.value, call.key.at) for call in board.calls}) == 1
    assert [call.resume for call in board.calls] == ["", "", "media 7"]


async def test_a_channel_wide_retry_rests_that_channel_and_no_other(house):
    house.boards["board"].script = [Retry(why="429", after=MINUTE, channel_wide=True)]
    await add(house, delivery("a1", channel="board"), delivery("a2", channel="board", due=NOON - MINUTE))
    await add(house, delivery("b1", channel="wall"))
    await house.settle(rounds=3)
    assert len(house.boards["board"].calls) == 1
    assert (await house.store.delivery("b1")).state == State.SENT


async def test_a_refused_credential_pauses_the_channel_and_keeps_what_waits(house):
    house.boards["board"].script = [Unauthorised(why="token revoked")]
    await add(house, delivery("a1", channel="board"), delivery("a2", channel="board", due=NOON - MINUTE))
    await house.settle(rounds=3)
    assert len(house.boards["board"].calls) == 1
    assert {each.name: each.paused for each in await house.store.channels()}["board"] == "token revoked"
    await house.store.pause_channel("board", "")
    house.pass_time(MINUTE)
    await house.settle(rounds=3)
    assert [each.state for each in await house.store.deliveries()] == [State.SENT, State.SENT]


async def test_a_refused_credential_leaves_the_reason_of_whoever_paused_meanwhile(house):
    reason = "crisis: do not resume before Monday"
    house.boards["board"].before = lambda: house.store.pause_channel("board", reason)
    house.boards["board"].script = [Unauthorised(why="token revoked")]
    await add(house, delivery("a1", channel="board"))
    await house.settle(rounds=3)
    assert {each.name: each.paused for each in await house.store.channels()}["board"] == reason
    assert (await house.store.delivery("a1")).state is State.RETRYING


async def test_a_thread_replies_part_to_part(house):
    board = house.boards["board"]
    await add(house, delivery("a1", channel="board", parts=3))
    await house.settle()
    first, second, third = board.calls
    assert (first.reply_to, second.reply_to.parent.id, third.reply_to.parent.id) == (None, "1", "2")
    assert third.reply_to.root.id == "1"


async def test_a_thread_that_breaks_goes_on_where_it_stopped(house):
    board = house.boards["board"]
    await add(house, delivery("a1", channel="board", parts=3))
    board.script = [Retry(why="refused before the first part")]
    await house.settle()
    board.break_at = 2
    house.pass_time(MINUTE)
    await house.settle()
    assert (await house.store.delivery("a1")).state == State.RETRYING
    board.break_at = 0
    house.pass_time(MINUTE)
    await house.settle()
    assert (await house.store.delivery("a1")).state == State.SENT
    assert [call.part.number for call in board.calls] == [1, 1, 2, 2, 3]
    assert len(board.effects) == 3


async def test_an_unknown_attempt_that_landed_is_found_after_the_quiet_period(house):
    board = house.boards["board"]
    board.script = [Unknown(why="reset")]
    await add(house, delivery("a1", channel="board"))
    await house.settle()
    board.show(board.calls[0].key)
    await house.reconcile.look()
    assert (await house.store.delivery("a1")).state == State.UNCERTAIN
    house.pass_time(PACE.quiet)
    await house.reconcile.look()
    await house.settle(rounds=2)
    assert (await house.store.delivery("a1")).state == State.SENT
    assert len(board.calls) == 1


async def test_an_unknown_attempt_that_did_not_land_is_sent_again_with_the_same_key(house):
    board = house.boards["board"]
    board.script = [Unknown(why="reset")]
    await add(house, delivery("a1", channel="board"))
    await house.settle()
    house.pass_time(PACE.quiet)
    await house.reconcile.look()
    await house.settle()
    assert (await house.store.delivery("a1")).state == State.SENT
    assert len({call.key for call in board.calls}) == 1
    assert len(board.effects) == 1


async def test_what_cannot_be_told_is_parked_until_a_person_settles_it(house):
    board = house.boards["board"]
    board.script, board.answers = [Unknown(why="reset")], [CannotTell("this board cannot be read")]
    await add(house, delivery("a1", channel="board"))
    await house.settle()
    for _ in range(3):
        house.pass_time(HOUR)
        await house.reconcile.look()
        await house.settle()
    found = await house.store.delivery("a1")
    assert (found.state, found.due, len(board.calls)) == (State.UNCERTAIN, None, 1)
    assert "cannot be read" in found.why
    with pytest.raises(BadInput):
        await house.steering.settle("a1", Verdict.THERE)
    settled = await house.steering.settle("a1", Verdict.THERE, "https://board.example/17")
    assert (settled.state, settled.receipts[0][1].url) == (State.SENT, "https://board.example/17")


async def test_a_person_may_say_it_is_absent_or_give_it_up(house):
    for name, verdict, state in (("a1", Verdict.ABSENT, State.SENT), ("a2", Verdict.GIVE_UP, State.FAILED)):
        house.boards["board"].script = [Unknown(why="reset")]
        house.pass_time(MINUTE)
        await add(house, delivery(name, channel="board", due=house.clock.now()))
        await house.settle()
        await house.steering.settle(name, verdict)
        await house.settle()
        assert (await house.store.delivery(name)).state == state


async def test_a_platform_that_cannot_be_asked_now_is_asked_again_later(house):
    board = house.boards["board"]
    board.script, board.answers = [Unknown(why="reset")], [Unreachable("no answer"), OSError("broken")]
    await add(house, delivery("a1", channel="board"))
    await house.settle()
    for _ in range(3):
        house.pass_time(MINUTE)
        await house.reconcile.look()
    await house.settle()
    assert (await house.store.delivery("a1")).state == State.SENT


async def test_a_bot_that_died_while_sending_asks_before_it_sends_again(house):
    board, dead = house.boards["board"], delivery("a1", channel="board")
    await add(house, dead)
    armed = attempt(dead, deadline=NOON + PACE.deadline)
    key = await house.store.arm(dead, armed, armed.deadline + LEASE_MARGIN)
    board.show(key)  # the request landed, its answer died with the bot
    await house.settle(rounds=2)
    await house.reconcile.look()
    assert (await house.store.delivery("a1")).state == State.SENDING
    house.pass_time(PACE.quiet)
    await house.reconcile.look()
    await house.reconcile.look()
    await house.settle(rounds=2)
    assert (await house.store.delivery("a1")).state == State.SENT
    assert (board.calls, len(board.effects)) == ([], 1)


async def test_a_bot_that_died_between_the_last_receipt_and_the_last_move_is_done(house):
    dead = delivery("a1", channel="board")
    await add(house, dead)
    armed = attempt(dead, deadline=NOON + PACE.deadline)
    key = await house.store.arm(dead, armed, armed.deadline + LEASE_MARGIN)
    await house.store.receipt("a1", 1, house.boards["board"].show(key))
    house.pass_time(PACE.quiet)
    for _ in range(2):
        await house.reconcile.look()
        await house.settle()
    assert (await house.store.delivery("a1")).state == State.SENT
    assert house.boards["board"].calls == []


async def test_a_thread_whose_second_part_is_unknown_goes_on_with_the_third(house):
    board = house.boards["board"]
    dead = delivery("a1", channel="board", parts=3)
    await add(house, dead)
    first = attempt(dead, 1, deadline=NOON + PACE.deadline)
    key = await house.store.arm(dead, first, first.deadline + LEASE_MARGIN)
    await house.store.receipt("a1", 1, board.show(key))
    second = attempt(dead, 2, deadline=NOON + PACE.deadline)
    board.show(await house.store.arm(dead, second, second.deadline + LEASE_MARGIN))
    house.pass_time(PACE.quiet)
    await house.reconcile.look()
    await house.reconcile.look()
    await house.settle()
    assert [call.part.number for call in board.calls] == [3]
    assert board.calls[0].reply_to.parent.id == "2"
    assert (await house.store.delivery("a1")).state == State.SENT


async def test_a_pause_stops_everything_and_resuming_goes_on(house):
    await add(house, delivery("a1", channel="board"))
    await house.steering.pause("storm")
    await house.settle(rounds=2)
    assert house.boards["board"].calls == []
    assert (await house.store.hold()).why == "storm"
    await house.steering.resume()
    await house.settle()
    assert (await house.store.delivery("a1")).state == State.SENT


async def test_a_pause_between_two_parts_of_a_thread_lets_it_wait(house):
    board = house.boards["board"]
    board.after = lambda: house.steering.pause("storm")
    await add(house, delivery("a1", channel="board", parts=2))
    await house.settle(rounds=2)
    assert [call.part.number for call in board.calls] == [1]
    board.after = None
    await house.steering.resume()
    await house.settle(rounds=2)
    assert [call.part.number for call in board.calls] == [1, 2]
    assert (await house.store.delivery("a1")).state == State.SENT


async def test_forty_posts_after_nine_hours_of_sleep_never_burst(house):
    late = [delivery(f"a{n:02}", channel="board", due=NOON - 9 * HOUR + n * MINUTE) for n in range(40)]
    await add(house, *late)
    await house.settle(rounds=45)
    assert len(house.boards["board"].calls) == 1
    waiting = [each.due for each in await house.store.deliveries(states=(State.SCHEDULED,))]
    assert len(waiting) == 39
    assert waiting == [NOON + 5 * MINUTE * n for n in range(1, 40)]


async def test_what_is_a_day_late_is_held_and_what_is_expired_is_cancelled(house):
    await add(house, delivery("a1", channel="board", due=NOON - 25 * HOUR))
    await add(house, delivery("a2", channel="wall", expires=NOON))
    await house.settle(rounds=2)
    assert (await house.store.delivery("a1")).state == State.HELD
    assert "late" in (await house.store.delivery("a1")).why
    assert (await house.store.delivery("a2")).state == State.CANCELLED
    assert house.boards["board"].calls == house.boards["wall"].calls == []


async def test_stopping_finishes_what_is_under_way_and_begins_nothing(house):
    await add(house, delivery("a1", channel="board"), delivery("b1", channel="wall", due=NOON + MINUTE))
    await house.dispatch.wake()
    await house.dispatch.stop()
    house.pass_time(MINUTE)
    await house.settle()
    states = {each.id: each.state for each in await house.store.deliveries()}
    assert states == {"a1": State.SENT, "b1": State.SCHEDULED}


async def test_a_channel_that_is_no_longer_set_up_keeps_its_deliveries_and_blocks_nobody(house):
    del house.boards["board"]
    await add(house, delivery("a1", channel="board"), delivery("b1", channel="wall"))
    await house.settle(rounds=2)
    states = {each.id: each.state for each in await house.store.deliveries()}
    assert states == {"a1": State.SCHEDULED, "b1": State.SENT}


async def test_retracting_removes_every_part_the_last_first(house):
    await add(house, delivery("a1", channel="board", parts=3))
    await house.settle()
    found = await house.steering.retract("a1", house.boards)
    assert (found.state, house.boards["board"].removed) == (State.RETRACTED, ["3", "2", "1"])
    with pytest.raises(NotAllowed):
        await house.steering.retract("a1", house.boards)
