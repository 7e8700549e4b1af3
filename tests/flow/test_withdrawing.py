"""Threads that are half out: finished or taken back, never left with a gap."""

import asyncio
from dataclasses import replace

import pytest

from bot.domain.delivery import State
from bot.domain.ledger import Change
from bot.domain.outcome import Refused, Retry, Unknown
from bot.errors import NotAllowed
from bot.ports import Found
from tests.flow.conftest import House
from tests.flow.test_steering import add, delivery
from tests.store_samples import HOUR, MINUTE, NOON, article, channel


async def half_out(house: House, **more) -> None:
    """Publish the first part of a thread; the second is put off."""
    house.boards["board"].break_at = 2
    await add(house, delivery("a1", channel="board", parts=3, **more))
    await house.settle()
    house.boards["board"].break_at = 0
    assert (await house.store.delivery("a1")).state == State.RETRYING


async def hold_begun(house: House) -> None:
    """What dispatch does with a thread that waited too long."""
    found = await house.store.delivery("a1")
    await house.store.move([Change.of(found, State.HELD, "part 2 of 3 waits since yesterday")], house.clock.now())


async def test_a_held_thread_that_is_half_out_is_approved_to_go_on_although_its_article_expired(house):
    await half_out(house, expires=NOON + MINUTE)
    await hold_begun(house)
    with pytest.raises(NotAllowed) as refusal:
        await house.steering.cancel(["a1"])
    seen = f"a1@{(await house.store.delivery('a1')).version}"
    assert f"`handbill retract {seen}` takes it back; `handbill approve {seen}` lets it go on" in str(refusal.value)
    (approved,) = await house.steering.approve(["a1"])
    assert approved.state == State.SCHEDULED
    house.clock.at = approved.due
    await house.settle(rounds=2)
    assert (await house.store.delivery("a1")).state == State.SENT
    assert [call.part.number for call in house.boards["board"].calls] == [1, 2, 2, 3]


async def test_a_held_thread_that_is_half_out_goes_on_at_once(house):
    await half_out(house)
    await hold_begun(house)
    await house.steering.send_now(["a1"])
    await house.settle()
    assert (await house.store.delivery("a1")).state == State.SENT


async def test_taking_back_goes_on_where_it_stopped(house):
    await add(house, delivery("a1", channel="board", parts=3))
    await house.settle()
    board = house.boards["board"]
    board.refusals = {"2": Refused(why="too old to be deleted")}
    with pytest.raises(NotAllowed, match="part 2 of 3 could not be taken back: too old to be deleted") as refusal:
        await house.steering.retract("a1", house.boards)
    assert "1 of 3 are gone" in str(refusal.value)
    found = await house.store.delivery("a1")
    assert (found.state, found.why) == (State.SENT, "part 2 of 3 could not be taken back: too old to be deleted")
    board.refusals = {}
    assert (await house.steering.retract("a1", house.boards)).state == State.RETRACTED
    assert board.removed == ["3", "2", "1"], "part 3 was not asked about again"


@pytest.mark.parametrize("held", [False, True])
async def test_a_thread_that_is_being_taken_back_is_not_gone_on_with(house, held):
    await half_out(house)
    if held:
        await hold_begun(house)
    board = house.boards["board"]
    board.refusals = {"1": Unknown(why="503")}
    with pytest.raises(NotAllowed, match="503"):
        await house.steering.retract("a1", house.boards)
    house.pass_time(HOUR)
    await house.settle(rounds=2)
    assert len(board.calls) == 2, "nothing is added to what is taken away"
    board.refusals = {}
    assert (await house.steering.retract("a1", house.boards)).state == State.RETRACTED


async def test_a_thread_with_a_gap_is_not_finished(house):
    board = house.boards["board"]
    board.break_at = 3
    await add(house, delivery("a1", channel="board", parts=3))
    await house.settle()
    board.refusals = {"1": Unknown(why="503")}
    with pytest.raises(NotAllowed):
        await house.steering.retract("a1", house.boards)
    for verb in (house.steering.approve, house.steering.send_now):
        with pytest.raises(NotAllowed, match="part 2 of delivery a1 was taken back"):
            await verb(["a1"])


@pytest.mark.parametrize("held", [False, True])
async def test_while_parts_are_taken_back_nobody_lets_the_thread_go_on(house, held):
    """Another manager decides while the first part is being asked to go."""
    board, told = house.boards["board"], []
    board.break_at = 3
    await add(house, delivery("a1", channel="board", parts=3))
    await house.settle()
    board.break_at = 0
    if held:
        await hold_begun(house)

    async def meanwhile() -> None:
        for verb in (house.steering.acting("cli:bert").send_now, house.steering.acting("cli:bert").approve):
            with pytest.raises(NotAllowed, match=r"is being taken back|was taken back") as refusal:
                await verb(["a1"])
            told.append(str(refusal.value))
        await house.settle(rounds=2)

    board.before_removal = meanwhile
    assert (await house.steering.retract("a1", house.boards)).state == State.RETRACTED
    assert "is being taken back" in told[0]
    assert len(told) == 4
    assert [call.part.number for call in board.calls] == [1, 2, 3], "the third was refused, and not tried again"
    assert board.removed == ["2", "1"]


async def test_who_decides_while_a_removal_is_being_written_down_is_told_who_was_first(house):
    """Both read the same; one of them writes."""
    await half_out(house)
    await hold_begun(house)
    anna, bert = house.steering.acting("cli:anna"), house.steering.acting("cli:bert")
    ends = await asyncio.gather(anna.retract("a1", house.boards), bert.send_now(["a1"]), return_exceptions=True)
    [refusal] = [each for each in ends if isinstance(each, NotAllowed)]
    assert any(words in str(refusal) for words in ("by cli:anna (retract)", "by cli:bert (send-now)", "taken back"))
    await house.settle(rounds=2)
    found, board = await house.store.delivery("a1"), house.boards["board"]
    assert (found.state, board.removed, len(board.calls)) in (
        (State.RETRACTED, ["1"], 2),
        (State.SENT, [], 4),
    )


@pytest.mark.parametrize(
    ("answer", "goes_on"), [(Refused(why="too old"), True), (Retry(why="busy"), True), (Unknown(why="503"), False)]
)
async def test_when_nothing_went_the_thread_may_go_on_unless_nobody_knows_that(house, answer, goes_on):
    await half_out(house)
    house.boards["board"].refusals = {"1": answer}
    with pytest.raises(NotAllowed, match="could not be taken back"):
        await house.steering.retract("a1", house.boards)
    if goes_on:
        await house.steering.send_now(["a1"])
        await house.settle()
        assert (await house.store.delivery("a1")).state == State.SENT
    else:
        with pytest.raises(NotAllowed, match="is being taken back"):
            await house.steering.send_now(["a1"])


async def test_an_article_that_becomes_ready_lets_no_thread_go_on_that_is_half_out(house):
    await half_out(house)
    await hold_begun(house)
    before = await house.store.delivery("a1")
    await house.store.put_article(article(ready=False, digest="d0"), NOON)
    house.shelf.found = Found(articles=(article(),))
    await house.intake.take(house.shelf)
    assert (await house.store.article("library", "night-opening")).ready
    assert await house.store.delivery("a1") == before


async def test_an_adapter_that_breaks_while_taking_back_is_told_and_tried_again(house):
    await add(house, delivery("a1", channel="board"))
    await house.settle()
    board = house.boards["board"]
    board.refusals = {"1": ValueError("a bug")}
    with pytest.raises(NotAllowed, match="failed with ValueError"):
        await house.steering.retract("a1", house.boards)
    board.refusals = {}
    assert (await house.steering.retract("a1", house.boards)).state == State.RETRACTED


async def test_where_nothing_can_be_taken_back_that_is_said_before_anything_is_tried(house):
    one = channel("board")
    await house.store.put_channel(replace(one, limits=replace(one.limits, deletes=False)))
    await add(house, delivery("a1", channel="board"))
    await house.settle()
    with pytest.raises(NotAllowed, match="offers no way") as refusal:
        await house.steering.retract("a1", house.boards)
    assert "https://board.example/1" in str(refusal.value)
    assert house.boards["board"].removed == []
