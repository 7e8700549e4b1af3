"""What a crash, a dead platform or an odd one leaves behind: nothing stuck, nothing flooding, nothing half withdrawn."""

from dataclasses import replace

import pytest

from bot.domain.delivery import LEASE_MARGIN, State
from bot.domain.ledger import Change
from bot.domain.outcome import Pending, Refused, Retry, Unknown
from bot.domain.post import Part, Post
from bot.errors import BadInput, NotAllowed
from bot.flow.settling import Verdict
from tests.flow.conftest import PACE, House
from tests.store_samples import MINUTE, NOON, article, attempt, delivery


async def add(house: House, *deliveries) -> None:
    await house.store.add_deliveries(deliveries, house.clock.now())


def plain(text: str) -> Post:
    return Post(channel="board", parts=(Part(number=1, text=text, length=len(text), limit=280),))


async def test_a_delivery_that_waits_with_all_its_receipts_is_done(house):
    waits = delivery("a1", channel="board")
    await add(house, waits)
    armed = attempt(waits, deadline=NOON + PACE.deadline)
    await house.store.arm(waits, armed, armed.deadline + LEASE_MARGIN)
    sending = await house.store.delivery("a1")
    await house.store.move([Change.of(sending, State.RETRYING, "thought to be absent", due=NOON)], NOON)
    await house.store.receipt("a1", 1, house.boards["board"].show(armed.key))
    await house.settle(rounds=2)
    assert (await house.store.delivery("a1")).state == State.SENT
    assert house.boards["board"].calls == []


async def test_tries_that_leave_no_trace_end_with_a_person_not_with_a_flood(house):
    board = house.boards["board"]
    board.script = [Unknown(why="duplicate")] * 50
    await add(house, delivery("a1", channel="board"))
    for _ in range(60):
        await house.settle()
        house.pass_time(MINUTE)
        await house.reconcile.look()
    found = await house.store.delivery("a1")
    assert (found.state, found.due, len(board.calls)) == (State.UNCERTAIN, None, 3)
    assert "settle" in found.why


async def test_one_delivery_that_cannot_be_reconciled_keeps_no_other_waiting(house):
    board, wall = house.boards["board"], house.boards["wall"]
    board.script, wall.script = [Unknown(why="reset")], [Unknown(why="reset")]
    board.answers = [KeyError("a bug in an adapter")] * 3
    await add(house, delivery("a1", channel="board"), delivery("b1", channel="wall"))
    await house.settle()
    wall.show(wall.calls[0].key)
    house.pass_time(PACE.quiet)
    await house.reconcile.look()
    states = {each.id: each.state for each in await house.store.deliveries()}
    assert states == {"a1": State.UNCERTAIN, "b1": State.SENT}


async def test_a_day_without_the_platform_holds_the_post_and_a_refused_one_can_be_brought_back(house):
    board = house.boards["board"]
    board.script = [Retry(why="refused connection")] * 200
    await add(house, delivery("a1", channel="board"))
    for _ in range(60):
        await house.settle()
        house.pass_time(30 * MINUTE)
    found = await house.store.delivery("a1")
    assert (found.state, "refused connection" in found.why) == (State.HELD, True)
    board.script = [Refused(why="too long")]
    await add(house, delivery("b1", channel="board", due=house.clock.now(), post=plain("Open until midnight.")))
    await house.settle()
    assert (await house.store.delivery("b1")).state == State.FAILED
    await house.store.put_article(article(), NOON)
    (back,) = await house.steering.approve(["b1"])
    assert (back.state, back.tries) == (State.SCHEDULED, 0)


async def test_a_resume_is_only_handed_to_the_post_it_was_given_for(house):
    board = house.boards["board"]
    board.script = [Pending(resume="media 7", until=NOON + MINUTE)]
    await add(house, delivery("a1", channel="board"))
    await house.settle()
    waiting = await house.store.delivery("a1")
    changed = replace(waiting, post=plain("Other words."))
    await house.store.replace_post(changed, NOON)
    await house.store.put_article(article(), NOON)
    await house.steering.send_now(["a1"])
    house.pass_time(MINUTE)
    await house.settle()
    assert [call.resume for call in board.calls] == ["", ""]


async def test_a_thread_of_which_a_part_is_public_is_not_cancelled_but_can_be_taken_back(house):
    board = house.boards["board"]
    board.break_at = 2
    await add(house, delivery("a1", channel="board", parts=3))
    await house.settle()
    for verb in (house.steering.cancel, house.steering.hold):
        with pytest.raises(NotAllowed, match="public"):
            await verb(["a1"])
    assert (await house.steering.retract("a1", house.boards)).state == State.RETRACTED
    assert board.removed == ["1"]


async def test_the_address_a_person_gives_names_the_post(house):
    for number, url in enumerate(("https://board.example/library/status/17?s=20", "https://t.example/town/17/")):
        house.boards["board"].script = [Unknown(why="reset")]
        house.pass_time(MINUTE)
        await add(house, delivery(f"a{number}", channel="board", due=house.clock.now()))
        await house.settle()
        settled = await house.steering.settle(f"a{number}", Verdict.THERE, url)
        assert (settled.receipts[0][1].id, settled.receipts[0][1].url) == ("17", url)
    house.boards["board"].script = [Unknown(why="reset")]
    house.pass_time(MINUTE)
    await add(house, delivery("a9", channel="board", due=house.clock.now()))
    await house.settle()
    with pytest.raises(BadInput):
        await house.steering.settle("a9", Verdict.THERE, "https://board.example/")
