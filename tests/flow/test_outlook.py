"""What is told at once of posts that are to go out now is what happens then."""

from datetime import timedelta
from typing import Any

import pytest

from bot.domain.delivery import State
from bot.domain.outcome import Receipt, Sent
from bot.domain.pacing import Price, Quota, Rate
from bot.domain.plan import Blackout, Plan
from bot.flow.outlook import Outlook, Outlooks
from tests.flow.conftest import House
from tests.flow.paced import add, posts, rules
from tests.store_samples import HOUR, MINUTE, NOON, SECOND, delivery

PRICE = Price(currency="USD", part=15_000, linked=200_000)
DARK = Blackout(start=NOON - HOUR, end=NOON + HOUR, why="election day")
#: plan, limits, how many go out at once, the words of the reason, what lifts it
RULES: dict[str, tuple[Plan, dict[str, Any], int, str, str]] = {
    "nothing": (Plan(), {}, 4, "", ""),
    "a cap": (Plan(daily=2), {}, 2, "its plan allows 2 within 24 hours", "`handbill plan set board --daily 0` lifts that"),
    "a budget": (
        Plan(budget=450_000),
        {"price": PRICE},
        2,
        "the budget of 0.45 USD for May 2026 does not allow it",
        "`handbill plan set board --budget 0` lifts that",
    ),
    "a budget less than one": (
        Plan(budget=1_000),
        {"price": PRICE},
        0,
        "it costs 0.20 USD, more than the whole budget of 0.001 USD a month",
        "`handbill plan set board --budget 0` lifts that",
    ),
    "a rate": (Plan(), {"rates": (Rate(count=3, span=HOUR),)}, 3, "the platform takes 3 within 1 h", ""),
    "a rate and a cap": (
        Plan(daily=1),
        {"rates": (Rate(count=2, span=HOUR),)},
        1,
        "its plan allows 1 within 24 hours",
        "`handbill plan set board --daily 0` lifts that",
    ),
}  # fmt: skip


async def foretold(house: House, ids: list[str]) -> dict[str, Outlook]:
    found = await house.store.deliveries()
    return dict(await Outlooks(house.store, house.clock, house.planner).of([each for each in found if each.id in ids]))


@pytest.mark.parametrize("case", RULES)
async def test_what_is_told_is_what_happens(house, case):
    plan, limits, going, why, remedy = RULES[case]
    await rules(house, plan=plan, **limits)
    ids = [each.id for each in posts(4)]
    await add(house, *posts(4, due=NOON + 5 * HOUR, step=HOUR))
    chosen = await house.steering.send_now(ids)
    told = await Outlooks(house.store, house.clock, house.planner).of(chosen)
    assert list(told) == ids[going:]
    await house.settle(rounds=6)
    for name in ids:
        now = await house.store.delivery(name)
        if name not in told:
            assert now.state is State.SENT
        elif told[name].to is not None:
            assert (told[name].to, told[name].why) == (now.state, now.why)
        else:
            assert (told[name].until, told[name].why) == (now.due, now.why)
    assert {each.why for each in told.values()} <= {why}
    assert [each.remedy for each in told.values()] == [remedy] * len(told)


async def test_what_is_due_earlier_on_the_channel_takes_its_room(house):
    await rules(house, plan=Plan(daily=2))
    await add(house, *posts(2, due=NOON - MINUTE), delivery("z1", channel="board", due=NOON + HOUR))
    [chosen] = await house.steering.send_now(["z1"])
    told = await Outlooks(house.store, house.clock, house.planner).of([chosen])
    assert told["z1"].why == "its plan allows 2 within 24 hours"
    await house.settle(rounds=4)
    assert (await house.store.delivery("z1")).due == told["z1"].until


async def test_what_the_bot_has_put_off_meanwhile_is_told_as_it_stands(house):
    await rules(house, plan=Plan(daily=1))
    await add(house, *posts(2, due=NOON - MINUTE))
    await house.settle(rounds=3)
    late = await house.store.delivery("a001")
    told = await Outlooks(house.store, house.clock, house.planner).of([late])
    assert (told["a001"].until, told["a001"].why) == (late.due, late.why)
    assert told["a001"].remedy == "`handbill plan set board --daily 0` lifts that"


async def test_a_quota_counts_what_goes_out_before(house):
    await rules(house)
    await add(house, *posts(4, due=NOON - 4 * SECOND))
    await house.settle()
    receipt = Receipt(id="1", url="https://board.example/1", at=NOON)
    house.boards["board"].script = [Sent(receipt=receipt, quota=Quota(left=1, until=NOON + HOUR))]
    await house.settle()
    house.pass_time(SECOND)
    told = await Outlooks(house.store, house.clock, house.planner).of(await house.store.deliveries())
    assert {name: each.until for name, each in told.items()} == {"a003": NOON + HOUR}
    await house.settle(rounds=3)
    assert (await house.store.delivery("a003")).due == NOON + HOUR


async def test_in_spite_of_a_blackout_nothing_keeps_it_and_without_the_word_does(house):
    await rules(house, plan=Plan(blackouts=(DARK,)))
    await add(house, *posts(2, due=NOON - SECOND))
    told = await foretold(house, ["a000"])
    version = (await house.store.delivery("a000")).version
    assert told["a000"].remedy == f"`handbill send-now a000@{version} --anyway` posts it all the same"
    assert told["a000"].until == NOON + HOUR
    await house.steering.send_now(["a000"], anyway=True)
    assert await foretold(house, ["a000"]) == {}
    await house.settle()
    assert (await house.store.delivery("a000")).state is State.SENT


async def test_a_channel_or_everything_that_stands_still_is_told(house):
    await rules(house)
    await add(house, *posts(1, due=NOON - SECOND))
    await house.store.rest_channel("board", NOON + HOUR, "the platform asks for a pause: too many")
    told = (await foretold(house, ["a000"]))["a000"]
    assert (told.until, told.why) == (NOON + HOUR, "the platform asks for a pause: too many")
    await house.store.pause_channel("board", "the token is not accepted")
    told = (await foretold(house, ["a000"]))["a000"]
    assert (told.until, told.why) == (None, "board is paused: the token is not accepted")
    assert "handbill doctor" in told.remedy
    await house.steering.pause("storm")
    told = (await foretold(house, ["a000"]))["a000"]
    assert told.why == "everything is paused: storm"
    assert "handbill resume" in told.remedy


async def test_to_tell_changes_nothing(house):
    await rules(house, plan=Plan(daily=1))
    await add(house, *posts(3, due=NOON - timedelta(seconds=5)))
    before = await house.store.deliveries()
    assert list(await foretold(house, [each.id for each in before])) == ["a001", "a002"]
    assert await house.store.deliveries() == before
