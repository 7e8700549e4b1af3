"""Asking platforms what became of posts, by a clock that is stepped: when, whom, at what cost, and what goes wrong."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise

import pytest

from bot.domain.channel import Limits
from bot.domain.ledger import Act
from bot.domain.outcome import Receipt
from bot.domain.pacing import Price
from bot.domain.plan import Plan
from bot.domain.reactions import STEADY, Count, Reactions, Reports, Rhythm, Sought
from bot.errors import Unreachable
from bot.flow.counting import DEADLINE, LONGEST, PATIENCE, Counting
from bot.ports import Reporting
from tests.fakes import LIMITS, NoticeBoard
from tests.store_samples import HOUR, MINUTE, HandClock, channel, delivery

DAY = 24 * HOUR
FREE = replace(LIMITS, reports=Reports(counts=tuple(Count), batch=3))
PAID = replace(
    LIMITS, price=Price(currency="USD", part=10, linked=10), reports=Reports(counts=tuple(Count), batch=3, price=100)
)


@dataclass(slots=True)
class Teller(NoticeBoard):
    """A platform that also tells what became of its posts: `likes` of each, but for those in `gone`."""

    likes: int = 7
    gone: set[str] = field(default_factory=set)
    asked: list[tuple[str, ...]] = field(default_factory=list)
    trouble: list[Exception] = field(default_factory=list)
    held: asyncio.Event | None = None

    async def reactions(self, receipts: Sequence[Receipt]) -> dict[str, Reactions]:
        self.asked.append(tuple(each.id for each in receipts))
        if self.held is not None:
            await self.held.wait()
        if self.trouble:
            raise self.trouble.pop(0)
        now = self.clock.now()
        return {
            each.id: Reactions(at=now, replies=1, likes=self.likes) for each in receipts if each.id not in self.gone
        }


@pytest.fixture
def tellers(house):
    """Both channels report what they are asked."""
    for name in house.boards:
        house.boards[name] = Teller(house.clock)
        house.dispatch._platforms[name] = house.boards[name]
    return house.boards


async def counting(house, limits: Limits = FREE, rhythm: Rhythm = STEADY, plan: Plan = Plan()) -> Counting:
    for name in house.boards:
        await house.store.put_channel(channel(name, limits=limits))
    return Counting(house.store, house.store, house.clock, house.boards, plan, rhythm)


async def posted(house, *names: str, on: str = "board", parts: int = 1) -> None:
    """Post so many deliveries now."""
    now = house.clock.now()
    due = [
        delivery(name, channel=on, parts=parts, due=now - MINUTE + n * timedelta(seconds=1))
        for n, name in enumerate(names)
    ]
    await house.store.add_deliveries(due, now)
    await house.settle(3 * len(names) * parts)


async def results(house, **more):
    now = house.clock.now()
    return {
        each.delivery: each for each in await house.store.results(Sought(since=now - 99 * DAY, until=now + DAY, **more))
    }


def test_a_teller_is_one():
    assert isinstance(Teller(clock=HandClock()), Reporting)
    assert not isinstance(NoticeBoard(clock=HandClock()), Reporting)


async def test_a_post_is_asked_about_at_growing_ages_and_then_no_more(house, tellers):
    work = await counting(house)
    await posted(house, "a")
    began, moments = house.clock.now(), []
    for _ in range(4 * 24 * 40):
        house.pass_time(15 * MINUTE)
        before = len(tellers["board"].asked)
        await work.look()
        if len(tellers["board"].asked) > before:
            moments.append(house.clock.now() - began)
    assert moments == list(STEADY.ages)
    assert (await results(house))["a"].likes == 7


async def test_what_was_missed_while_the_bot_was_off_is_asked_once(house, tellers):
    work = await counting(house)
    await posted(house, "a")
    house.pass_time(2 * DAY)
    await work.look()
    await work.look()
    assert len(tellers["board"].asked) == 1
    house.pass_time(DAY)
    await work.look()
    assert len(tellers["board"].asked) == 2


async def test_what_was_posted_before_the_ledger_could_count_is_not_asked_about_for_ever(house, tellers):
    work = await counting(house)
    await posted(house, "a")
    house.pass_time(31 * DAY)
    await work.look()
    assert tellers["board"].asked == []


async def test_one_batch_of_a_channel_is_asked_at_a_time_and_every_channel_at_once(house, tellers):
    work = await counting(house)
    await posted(house, "a", "b", "c", "d")
    await posted(house, "e", on="wall")
    house.pass_time(15 * MINUTE)
    await work.look()
    assert [len(each) for each in tellers["board"].asked] == [3]
    assert [len(each) for each in tellers["wall"].asked] == [1]
    await work.look()
    assert [len(each) for each in tellers["board"].asked] == [3, 1]


async def test_our_own_next_part_is_no_reply_of_others(house, tellers):
    work = await counting(house)
    await posted(house, "a", parts=2)
    house.pass_time(15 * MINUTE)
    await work.look()
    found = (await results(house))["a"]
    assert (found.parts, found.replies, found.likes) == (2, 1, 14)


async def test_a_post_that_the_platform_does_not_know_keeps_what_is_known(house, tellers):
    work = await counting(house)
    await posted(house, "a", "b")
    house.pass_time(15 * MINUTE)
    tellers["board"].gone = {"1"}
    await work.look()
    found = await results(house)
    assert [found[name].likes for name in ("a", "b")] == [None, 7]
    tellers["board"].gone = {"2"}
    house.pass_time(HOUR)
    await work.look()
    found = await results(house)
    assert [found[name].likes for name in ("a", "b")] == [7, 7]


async def test_a_channel_that_does_not_answer_is_left_alone_for_longer_each_time_and_nothing_is_lost(house, tellers):
    work = await counting(house)
    await posted(house, "a")
    await posted(house, "b", on="wall")
    tellers["board"].trouble = [
        Unreachable("503"),
        RuntimeError("odd"),
        Unreachable("429"),
        *(Unreachable("x") for _ in range(6)),
    ]
    house.pass_time(15 * MINUTE)
    began, moments = house.clock.now(), []
    for _ in range(40 * 60):
        before = len(tellers["board"].asked)
        await work.look()
        if len(tellers["board"].asked) > before:
            moments.append(house.clock.now() - began)
        house.pass_time(MINUTE)
        if len(moments) == 10:
            break
    steps = [later - earlier for earlier, later in pairwise(moments)]
    assert steps == [min(PATIENCE * 2**n, LONGEST) for n in range(9)]
    found = await results(house)
    assert (found["a"].likes, found["b"].likes) == (7, 7), "the other was not kept waiting"


async def test_a_channel_that_is_paused_or_resting_is_not_asked(house, tellers):
    work = await counting(house)
    await posted(house, "a")
    await posted(house, "b", on="wall")
    house.pass_time(15 * MINUTE)
    await house.store.pause_channel("board", "revoked")
    await house.store.rest_channel("wall", house.clock.now() + MINUTE, "429")
    await work.look()
    assert (tellers["board"].asked, tellers["wall"].asked) == ([], [])
    house.pass_time(MINUTE)
    await house.store.pause_channel("board", "")
    await work.look()
    assert (len(tellers["board"].asked), len(tellers["wall"].asked)) == (1, 1)


async def test_a_platform_that_counts_nothing_is_never_asked(house, tellers):
    work = await counting(house, LIMITS)
    await posted(house, "a")
    house.pass_time(15 * MINUTE)
    await work.look()
    assert tellers["board"].asked == []


async def test_what_costs_is_asked_only_where_the_plan_says_so_and_counts_into_the_month(house, tellers):
    work = await counting(house, PAID)
    await posted(house, "a", "b")
    await posted(house, "c", on="wall")
    house.pass_time(15 * MINUTE)
    spent = await house.store.spent("board", house.clock.now() - DAY)
    await work.look()
    assert (tellers["board"].asked, tellers["wall"].asked) == ([], [])
    await house.store.put_plan("board", Plan(paid_results=True), Act(by="cli:anna", verb="plan"))
    tellers["board"].trouble = [Unreachable("the answer was lost")]
    await work.look()
    assert (len(tellers["board"].asked), tellers["wall"].asked) == (1, [])
    assert await house.store.spent("board", house.clock.now() - DAY) == spent + 200, "it may have been charged"


async def test_what_costs_keeps_within_the_budget_and_goes_on_in_the_next_month(house, tellers):
    work = await counting(house, PAID)
    await posted(house, "a", "b", "c")
    house.pass_time(15 * MINUTE)
    spent = await house.store.spent("board", house.clock.now() - DAY)
    await house.store.put_plan("board", Plan(paid_results=True, budget=spent + 250))
    await work.look()
    await work.look()
    assert [len(each) for each in tellers["board"].asked] == [2]
    house.pass_time(28 * DAY)
    await work.look()
    assert [len(each) for each in tellers["board"].asked] == [2, 2], "250 of the new month's budget buy two again"


async def test_asking_keeps_no_post_waiting(house, tellers):
    work = await counting(house)
    await posted(house, "a")
    house.pass_time(15 * MINUTE)
    tellers["board"].held = asyncio.Event()
    looking = asyncio.create_task(work.look())
    async with asyncio.timeout(100):
        while not tellers["board"].asked:
            await asyncio.sleep(0.001)
    await posted(house, "b")
    assert len(tellers["board"].effects) == 2
    assert not looking.done()
    tellers["board"].held.set()
    await looking


async def test_stopping_breaks_off_what_is_asked_and_it_is_asked_again(house, tellers):
    work = await counting(house)
    await posted(house, "a")
    house.pass_time(15 * MINUTE)
    tellers["board"].held = asyncio.Event()
    looking = asyncio.create_task(work.look())
    async with asyncio.timeout(100):
        while not tellers["board"].asked:
            await asyncio.sleep(0.001)
        work.stop()
        await looking
    await work.look()
    assert len(tellers["board"].asked) == 1
    tellers["board"].held = None
    await (await counting(house)).look()
    assert (await results(house))["a"].likes == 7


async def test_a_question_ends_by_its_deadline(house, tellers, monkeypatch):
    assert timedelta(0) < DEADLINE <= STEADY.every
    monkeypatch.setattr("bot.flow.counting.DEADLINE", timedelta(milliseconds=20))
    work = await counting(house)
    await posted(house, "a")
    house.pass_time(15 * MINUTE)
    tellers["board"].held = asyncio.Event()
    async with asyncio.timeout(100):
        await work.look()
    assert len(tellers["board"].asked) == 1
