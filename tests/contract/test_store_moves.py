"""The contract of ports.Store for what moves: states, slots, new posts, attempts and receipts."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.delivery import State
from bot.domain.ledger import Change, Hold
from bot.domain.outcome import Pending, Refused, Retry, Sent, Unauthorised, Unknown
from bot.errors import NotAllowed, NotFound
from bot.store.sql import SqlStore
from tests.store_samples import (
    HOUR,
    MINUTE,
    NOON,
    SECOND,
    STORES,
    HandClock,
    attempt,
    channel,
    delivery,
    excerpt,
    post,
    receipt,
)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: HandClock) -> AsyncIterator[SqlStore]:
    opened = await STORES[request.param](tmp_path, clock)
    await opened.put_channel(channel("x"))
    await opened.put_channel(channel("mastodon"))
    yield opened
    await opened.close()


# moves


async def test_a_move_changes_what_it_names_and_is_remembered(store):
    await store.add_deliveries([delivery(due=None)], NOON)
    held = await store.delivery("a1")
    await store.move([Change.of(held, State.SCHEDULED, "approved", slot=NOON + HOUR, due=NOON + HOUR)], NOON + MINUTE)
    scheduled = await store.delivery("a1")
    assert scheduled == replace(
        held, state=State.SCHEDULED, why="approved", slot=NOON + HOUR, due=NOON + HOUR, version=2
    )
    await store.move([Change.of(scheduled, State.HELD, "wait", tries=3)], NOON + 2 * MINUTE)
    assert await store.delivery("a1") == replace(held, why="wait", tries=3, version=3)
    assert await store.history("a1") == (
        (NOON, State.HELD, "new"),
        (NOON + MINUTE, State.SCHEDULED, "approved"),
        (NOON + 2 * MINUTE, State.HELD, "wait"),
    )


async def test_moves_are_made_all_or_none(store):
    await store.add_deliveries([delivery("a1", due=None), delivery("a2", due=None)], NOON)
    first, second = await store.deliveries()
    good = Change.of(first, State.SCHEDULED, "approved", slot=NOON, due=NOON)
    stale = replace(Change.of(second, State.CANCELLED, "no"), epoch=5)
    with pytest.raises(NotAllowed, match="held"):
        await store.move([good, stale], NOON)
    assert await store.delivery("a1") == first
    with pytest.raises(NotFound):
        await store.move([good, replace(stale, delivery="a9")], NOON)
    assert len(await store.history("a1")) == 1


@pytest.mark.parametrize("to", [State.SENT, State.RETRYING, State.SENDING])
async def test_a_move_that_does_not_exist_is_refused(store, to):
    await store.add_deliveries([delivery(due=None)], NOON)
    held = await store.delivery("a1")
    with pytest.raises(NotAllowed, match="held"):
        await store.move([Change.of(held, to, "why")], NOON)
    assert await store.delivery("a1") == held


async def test_only_arming_makes_a_delivery_sending(store):
    await store.add_deliveries([delivery()], NOON)
    with pytest.raises(NotAllowed, match="armed"):
        await store.move([Change.of(await store.delivery("a1"), State.SENDING, "why")], NOON)


async def test_a_slot_is_freed_by_holding_and_refused_while_taken(store):
    await store.add_deliveries([delivery("a1", due=NOON), delivery("a2", due=None)], NOON)
    first, second = await store.deliveries()
    wanted = Change.of(second, State.SCHEDULED, "approved", slot=NOON, due=NOON)
    with pytest.raises(NotAllowed, match="slot"):
        await store.move([wanted], NOON)
    await store.move([Change.of(first, State.HELD, "later"), wanted], NOON)
    assert (await store.delivery("a1")).slot is None
    assert await store.taken_slots("x", NOON) == (NOON,)


async def test_two_deliveries_can_trade_slots(store):
    await store.add_deliveries([delivery("a1", due=NOON), delivery("a2", due=NOON + HOUR)], NOON)
    for each in await store.deliveries():
        armed = attempt(each)
        await store.arm(each, armed, NOON + MINUTE)
    first, second = await store.deliveries()
    await store.move(
        [
            Change.of(first, State.RETRYING, "traded", slot=second.slot, due=second.slot),
            Change.of(second, State.RETRYING, "traded", slot=first.slot, due=first.slot),
        ],
        NOON,
    )
    assert [each.id for each in await store.deliveries()] == ["a2", "a1"]


async def test_rescheduling_keeps_the_state_and_is_told_in_the_history(store):
    await store.add_deliveries([delivery()], NOON)
    before = await store.delivery("a1")
    await store.reschedule(before, NOON + HOUR, "spread", NOON + SECOND)
    after = await store.delivery("a1")
    assert after == replace(before, due=NOON + HOUR, why="spread", version=2)
    await store.reschedule(after, None, "parked", NOON + SECOND)
    assert (await store.delivery("a1")).due is None
    assert (await store.ready(NOON + 9 * HOUR, ())).deliveries == ()
    assert (await store.history("a1"))[1:] == (
        (NOON + SECOND, State.SCHEDULED, "spread"),
        (NOON + SECOND, State.SCHEDULED, "parked"),
    )
    with pytest.raises(NotAllowed):
        await store.reschedule(replace(after, epoch=4), NOON, "why", NOON)
    with pytest.raises(NotAllowed):
        await store.reschedule(replace(after, state=State.HELD), NOON, "why", NOON)


async def test_what_moved_last_comes_first_and_states_are_counted(store):
    rows = [delivery(f"a{n}", due=NOON + n * HOUR) for n in range(4)]
    await store.add_deliveries(rows, NOON)
    for minute, one in enumerate(("a2", "a0", "a3"), start=1):
        change = Change.of(await store.delivery(one), State.CANCELLED if one == "a3" else State.HELD, "why")
        await store.move([change], NOON + minute * MINUTE)
    both = (State.HELD, State.CANCELLED)
    assert [each.id for each in await store.moved(both, 9)] == ["a3", "a0", "a2"]
    assert [each.id for each in await store.moved(both, 2)] == ["a3", "a0"]
    assert await store.moved((State.SENT,), 9) == ()
    assert await store.tally() == {State.HELD: 2, State.CANCELLED: 1, State.SCHEDULED: 1}


# a new post


async def test_a_new_post_is_a_new_revision_that_waits_for_approval(store):
    await store.add_deliveries([delivery()], NOON)
    before = await store.delivery("a1")
    renewed = replace(
        before, digest="d2", excerpt=excerpt("New."), post=post("New.", parts=2), why="edited", expires=NOON + HOUR
    )
    await store.replace_post(renewed, NOON + SECOND)
    after = await store.delivery("a1")
    assert after == replace(renewed, state=State.HELD, revision=2, version=2, slot=None, due=None)
    assert (await store.history("a1"))[-1] == (NOON + SECOND, State.HELD, "edited")
    with pytest.raises(NotAllowed):
        await store.replace_post(renewed, NOON)
    await store.replace_post(replace(after, post=post("Again.")), NOON)
    assert (await store.delivery("a1")).revision == 3


async def test_what_left_already_is_never_rendered_anew(store):
    await store.add_deliveries([delivery()], NOON)
    before = await store.delivery("a1")
    await store.arm(before, attempt(before), NOON + MINUTE)
    sending = await store.delivery("a1")
    with pytest.raises(NotAllowed, match="sending"):
        await store.replace_post(replace(sending, post=post("New.")), NOON)
    await store.receipt("a1", 1, receipt())
    await store.move([Change.of(sending, State.RETRYING, "thread", due=NOON)], NOON)
    with pytest.raises(NotAllowed, match="published"):
        await store.replace_post(replace(await store.delivery("a1"), post=post("New.")), NOON)


async def test_a_new_post_cannot_take_another_deliverys_excerpt(store):
    await store.add_deliveries([delivery("a1", "one"), delivery("a2", "two", due=None)], NOON)
    with pytest.raises(NotAllowed, match="excerpt"):
        await store.replace_post(replace(await store.delivery("a2"), excerpt=excerpt("one")), NOON)
    assert (await store.delivery("a2")).revision == 1


# attempts


async def test_arming_claims_the_delivery_before_anything_is_sent(store):
    await store.add_deliveries([delivery()], NOON)
    before = await store.delivery("a1")
    armed = attempt(before, armed=NOON + SECOND)
    assert await store.arm(before, armed, NOON + MINUTE) == armed.key
    assert await store.delivery("a1") == replace(before, state=State.SENDING, epoch=1, version=2, why="")
    assert await store.attempts("a1") == (armed,)
    assert (await store.history("a1"))[-1] == (NOON + SECOND, State.SENDING, "")
    assert (await store.ready(NOON + HOUR, ())).deliveries == ()


async def test_one_of_many_workers_gets_the_delivery(store):
    await store.add_deliveries([delivery()], NOON)
    read = await store.delivery("a1")
    answers = await asyncio.gather(
        *(store.arm(read, attempt(read), NOON + MINUTE) for _ in range(20)), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in answers) == ["NotAllowed"] * 19 + ["PublishKey"]
    assert len(await store.attempts("a1")) == 1


async def test_what_changed_since_it_was_read_is_not_armed(store):
    await store.add_deliveries([delivery()], NOON)
    read = await store.delivery("a1")
    await store.reschedule(read, NOON + HOUR, "later", NOON)
    with pytest.raises(NotAllowed):
        await store.arm(read, attempt(read), NOON + MINUTE)
    read = await store.delivery("a1")
    await store.replace_post(replace(read, post=post("New.")), NOON)
    held = await store.delivery("a1")
    await store.move([Change.of(held, State.SCHEDULED, "approved", slot=read.slot, due=read.due)], NOON)
    with pytest.raises(NotAllowed):
        await store.arm(read, attempt(read), NOON + MINUTE)
    assert await store.attempts("a1") == ()
    now = await store.delivery("a1")
    assert await store.arm(now, attempt(now), NOON + MINUTE)


async def test_nothing_is_armed_on_hold_or_on_a_paused_channel(store):
    await store.add_deliveries([delivery(parts=2)], NOON)
    read = await store.delivery("a1")
    await store.set_hold(Hold(on=True, why="storm"))
    with pytest.raises(NotAllowed, match="storm"):
        await store.arm(read, attempt(read), NOON + MINUTE)
    await store.set_hold(Hold(on=False))
    await store.pause_channel("x", "refused token")
    with pytest.raises(NotAllowed, match="refused token"):
        await store.arm(read, attempt(read), NOON + MINUTE)
    assert await store.delivery("a1") == read
    await store.pause_channel("x", "")
    await store.arm(read, attempt(read), NOON + MINUTE)
    await store.record(replace(attempt(read), ended=NOON, outcome=Sent(receipt=receipt())))
    await store.set_hold(Hold(on=True, why="storm"))
    with pytest.raises(NotAllowed, match="storm"):
        await store.arm(read, attempt(read, 2), NOON + MINUTE)


async def test_a_thread_goes_on_within_its_claim_part_by_proved_part(store):
    await store.add_deliveries([delivery(parts=3)], NOON)
    read = await store.delivery("a1")
    await store.arm(read, attempt(read, 1), NOON + MINUTE)
    with pytest.raises(NotAllowed):
        await store.arm(read, attempt(read, 2), NOON + MINUTE)
    await store.record(replace(attempt(read, 1), ended=NOON, outcome=Sent(receipt=receipt("1"))))
    with pytest.raises(NotAllowed, match="already"):
        await store.arm(read, attempt(read, 1), NOON + MINUTE)
    await store.arm(await store.delivery("a1"), attempt(read, 2, NOON + SECOND), NOON + HOUR)
    assert await store.overdue_leases(NOON + MINUTE) == ()
    assert [each.part for each in await store.attempts("a1")] == [1, 2]
    assert len(await store.history("a1")) == 2
    with pytest.raises(NotAllowed):
        await store.arm(read, attempt(read, 3, epoch=5), NOON + HOUR)


async def test_a_key_keeps_the_moment_of_its_first_use(store):
    await store.add_deliveries([delivery()], NOON)
    first = await store.delivery("a1")
    key = await store.arm(first, attempt(first, armed=NOON), NOON + MINUTE)
    await store.move([Change.of(await store.delivery("a1"), State.RETRYING, "refused", due=NOON + HOUR)], NOON)
    second = await store.delivery("a1")
    later = attempt(second, armed=NOON + HOUR)
    assert await store.arm(second, later, NOON + 2 * HOUR) == key
    assert [each.key for each in await store.attempts("a1")] == [key, key]
    await store.move([Change.of(await store.delivery("a1"), State.RETRYING, "again", due=NOON + 2 * HOUR)], NOON)
    third = await store.delivery("a1")
    await store.replace_post(replace(third, post=post("New.")), NOON)
    held = await store.delivery("a1")
    await store.move([Change.of(held, State.SCHEDULED, "approved", slot=NOON, due=NOON)], NOON)
    fourth = await store.delivery("a1")
    fresh = attempt(fourth, armed=NOON + 3 * HOUR)
    assert fresh.key.value != key.value
    assert await store.arm(fourth, fresh, NOON + 4 * HOUR) == fresh.key


@pytest.mark.parametrize(
    "outcome",
    [
        Sent(receipt=receipt(version="bafy")),
        Pending(resume="media 7", until=NOON + MINUTE),
        Retry(why="busy", after=timedelta(seconds=2.5), channel_wide=True),
        Refused(why="too long"),
        Unauthorised(why="token"),
        Unknown(why="no answer"),
    ],
    ids=lambda outcome: type(outcome).__name__,
)
async def test_every_outcome_is_recorded_as_it_is(store, outcome):
    await store.add_deliveries([delivery()], NOON)
    read = await store.delivery("a1")
    await store.arm(read, attempt(read), NOON + MINUTE)
    ended = replace(attempt(read), ended=NOON + SECOND, outcome=outcome)
    await store.record(ended)
    await store.record(ended)
    assert await store.attempts("a1") == (ended,)
    expected = ((1, outcome.receipt),) if isinstance(outcome, Sent) else ()
    assert (await store.delivery("a1")).receipts == expected


async def test_an_outcome_and_the_move_that_follows_are_one_step(store):
    await store.add_deliveries([delivery()], NOON)
    read = await store.delivery("a1")
    armed = attempt(read)
    await store.arm(read, armed, NOON + MINUTE)
    sent = replace(armed, ended=NOON + SECOND, outcome=Sent(receipt=receipt("1")))
    await store.record(sent, Change.of(await store.delivery("a1"), State.SENT, ""))
    found = await store.delivery("a1")
    assert (found.state, found.due, found.slot) == (State.SENT, NOON, NOON)
    assert found.receipts == ((1, receipt("1")),)
    assert [(at, state) for at, state, _ in await store.history("a1")][-1] == (NOON + SECOND, State.SENT)


async def test_an_outcome_is_kept_although_the_move_that_follows_is_refused(store):
    await store.add_deliveries([delivery()], NOON)
    read = await store.delivery("a1")
    armed = attempt(read)
    await store.arm(read, armed, NOON + MINUTE)
    known = await store.delivery("a1")
    await store.move([Change.of(known, State.UNCERTAIN, "the lease ran out", due=NOON)], NOON)
    sent = replace(armed, ended=NOON + SECOND, outcome=Sent(receipt=receipt("1")))
    with pytest.raises(NotAllowed):
        await store.record(sent, Change.of(known, State.SENT, ""))
    found = await store.delivery("a1")
    assert (found.state, found.receipts) == (State.UNCERTAIN, ((1, receipt("1")),))
    assert await store.attempts("a1") == (sent,)


async def test_a_late_answer_counts_from_any_epoch_and_the_first_proof_stays(store):
    await store.add_deliveries([delivery()], NOON)
    read = await store.delivery("a1")
    zombie = attempt(read)
    await store.arm(read, zombie, NOON + MINUTE)
    await store.record(replace(zombie, ended=NOON, outcome=Unknown(why="no answer")))
    await store.move([Change.of(await store.delivery("a1"), State.UNCERTAIN, "unknown", due=NOON)], NOON)
    await store.move([Change.of(await store.delivery("a1"), State.RETRYING, "absent", due=NOON)], NOON)
    await store.record(replace(zombie, ended=NOON + HOUR, outcome=Sent(receipt=receipt("1"))))
    await store.record(replace(zombie, ended=NOON, outcome=Unknown(why="no answer")))
    await store.receipt("a1", 1, receipt("2"))
    assert (await store.delivery("a1")).receipts == ((1, receipt("1")),)
    (only,) = await store.attempts("a1")
    assert (only.ended, only.outcome) == (NOON + HOUR, Sent(receipt=receipt("1")))


async def test_what_was_never_armed_has_no_outcome(store):
    await store.add_deliveries([delivery()], NOON)
    read = await store.delivery("a1")
    with pytest.raises(NotFound):
        await store.record(replace(attempt(read), ended=NOON, outcome=Unknown(why="?")))
    with pytest.raises(NotAllowed):
        await store.record(attempt(read))
    with pytest.raises(NotFound):
        await store.receipt("nobody", 1, receipt())
    assert await store.attempts("nobody") == ()
    assert await store.history("nobody") == ()


async def test_overdue_leases_are_those_that_ran_out_in_sending(store):
    rows = [delivery("a1"), delivery("m1", channel="mastodon")]
    await store.add_deliveries(rows, NOON)
    for lease, each in zip((NOON + HOUR, NOON + MINUTE), rows, strict=True):
        await store.arm(each, attempt(each), lease)
    assert await store.overdue_leases(NOON) == ()
    assert [each.id for each in await store.overdue_leases(NOON + MINUTE)] == ["m1"]
    assert [each.id for each in await store.overdue_leases(NOON + HOUR)] == ["m1", "a1"]
    await store.move([Change.of(await store.delivery("m1"), State.UNCERTAIN, "lease")], NOON)
    assert [each.id for each in await store.overdue_leases(NOON + HOUR)] == ["a1"]
