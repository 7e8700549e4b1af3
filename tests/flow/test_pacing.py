"""How often a channel may be told something, and at what cost: rates, quotas, daily caps, budgets; with the real ledger."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.domain.delivery import State
from bot.domain.outcome import Receipt, Refused, Retry, Sent, Unknown
from bot.domain.pacing import Price, Quota, Rate
from bot.domain.plan import Plan
from tests.flow.paced import DAY, GAP, add, counted, dues, live, most_within, posts, restarted, rules
from tests.store_samples import HOUR, MINUTE, NOON, SECOND, delivery

PRICE = Price(currency="USD", part=15_000, linked=200_000)


# rates


async def test_a_platforms_rate_is_kept_to_and_what_is_over_it_is_told_when_and_why(house):
    await rules(house, rates=(Rate(count=3, span=HOUR),))
    await add(house, *posts(5, due=NOON - 4 * SECOND))
    await house.settle(rounds=5)
    assert len(house.boards["board"].calls) == 3
    waiting = await house.store.deliveries(states=(State.SCHEDULED,))
    assert [each.due for each in waiting] == [NOON + HOUR, NOON + HOUR + GAP]
    assert {each.why for each in waiting} == {"the platform takes 3 within 1 h"}


async def test_rates_hold_for_every_window_however_much_waits(house):
    await rules(house, rates=(Rate(count=4, span=10 * MINUTE), Rate(count=10, span=DAY)))
    await add(house, *posts(24, due=NOON - 24 * SECOND))
    moments = await live(house, NOON + 3 * DAY)
    assert len(moments) == 24
    assert (most_within(moments, 10 * MINUTE), most_within(moments, DAY)) == (4, 10)


async def test_a_restart_forgets_no_call(house):
    await rules(house, rates=(Rate(count=2, span=HOUR),))
    await add(house, *posts(4, due=NOON - 4 * SECOND))
    await house.settle(rounds=2)
    restarted(house)
    await house.settle(rounds=3)
    assert len(house.boards["board"].calls) == 2
    assert await dues(house) == [HOUR, HOUR + GAP]


async def test_what_was_promised_before_a_restart_is_not_promised_to_another(house):
    await rules(house, rates=(Rate(count=1, span=HOUR),))
    await add(house, *posts(4, due=NOON - 4 * SECOND))
    await house.settle(rounds=2)
    restarted(house)
    await house.settle(rounds=3)
    assert await dues(house) == [HOUR, 2 * HOUR, 3 * HOUR]


async def test_a_thread_begins_only_when_all_its_parts_may_go(house):
    await rules(house, rates=(Rate(count=4, span=HOUR),))
    await add(house, *posts(2, due=NOON - 2 * SECOND), delivery("b", channel="board", parts=3))
    await house.settle(rounds=4)
    assert [call.part.number for call in house.boards["board"].calls] == [1, 1]
    assert await dues(house) == [HOUR]
    house.pass_time(HOUR)
    await house.settle()
    assert [call.part.number for call in house.boards["board"].calls] == [1, 1, 1, 2, 3]


async def test_a_thread_longer_than_a_rate_waits_between_its_parts_and_goes_on(house):
    await rules(house, rates=(Rate(count=2, span=HOUR),))
    await add(house, delivery("b", channel="board", parts=5))
    moments = await live(house, NOON + DAY)
    assert [call.part.number for call in house.boards["board"].calls] == [1, 2, 3, 4, 5]
    assert most_within(moments, HOUR) == 2
    assert (await house.store.delivery("b")).state == State.SENT
    told = {why for _, state, why in await house.store.history("b") if state == State.RETRYING}
    assert told == {"the thread waits: the platform takes 2 within 1 h"}


async def test_a_cap_of_one_lets_that_one_try_again(house):
    await rules(house, plan=Plan(daily=1))
    house.boards["board"].script = [Retry(why="refused")] * 2
    await add(house, *posts(2, due=NOON - 2 * SECOND))
    for _ in range(4):
        await house.settle()
        house.pass_time(MINUTE)
    assert len(house.boards["board"].calls) == 3
    assert (await house.store.delivery("a000")).state == State.SENT


async def test_a_cap_that_is_lowered_breaks_no_thread_off(house):
    board = house.boards["board"]
    board.break_at = 2
    await add(house, delivery("a", channel="board"), delivery("b", channel="board", parts=2, due=NOON - SECOND))
    await house.settle(rounds=2)
    board.break_at = 0
    await rules(house, plan=Plan(daily=1))
    house.pass_time(MINUTE)
    await house.settle()
    assert (await house.store.delivery("b")).state == State.SENT


async def test_a_moment_is_waited_for_without_writing_it_down(house):
    reads: list[str] = []
    house.store.deliveries = counted("deliveries", house.store.deliveries, reads)
    await rules(house, rates=(Rate(count=1, span=SECOND),))
    await add(house, delivery("b", channel="board", parts=4))
    await house.settle()
    await add(house, delivery("c", channel="board", due=NOON + SECOND))
    await house.settle()
    assert house.clock.at == NOON + 4 * SECOND
    assert reads == []
    assert [state for _, state, _ in await house.store.history("b")] == ["scheduled", "sending", "sent"]


# quotas


def sent(left: int, until: datetime) -> Sent:
    return Sent(receipt=Receipt(id="1", url="https://board.example/1", at=NOON), quota=Quota(left=left, until=until))


async def test_what_the_platform_says_is_left_is_counted_down_also_after_a_restart(house):
    house.boards["board"].script = [sent(2, NOON + 30 * MINUTE)]
    await add(house, *posts(5, due=NOON - 5 * SECOND))
    for step in range(5):
        await house.settle()
        house.pass_time(SECOND)
        if step == 1:
            restarted(house)
    assert len(house.boards["board"].calls) == 3
    assert await dues(house) == [30 * MINUTE, 30 * MINUTE + GAP]
    [first, _] = await house.store.deliveries(states=(State.SCHEDULED,))
    assert first.why == "the platform said that it takes no more for now"
    house.clock.at = NOON + 30 * MINUTE
    await house.settle()
    assert len(house.boards["board"].calls) == 4


async def test_an_absurd_reset_counts_for_an_hour_and_a_past_one_for_nothing(house):
    house.boards["board"].script = [sent(0, NOON + 3650 * DAY)]
    await add(house, *posts(2, due=NOON - 2 * SECOND))
    await house.settle(rounds=2)
    assert await dues(house) == [HOUR]
    house.clock.at = NOON + HOUR
    house.boards["board"].script = [sent(0, NOON - DAY)]
    await add(house, delivery("b", channel="board", due=house.clock.at))
    await house.settle(rounds=2)
    assert len(house.boards["board"].calls) == 3


# the daily cap


async def test_the_daily_cap_spreads_what_is_over_it_to_the_days_that_follow(house):
    await rules(house, plan=Plan(daily=3))
    await add(house, *posts(10, due=NOON - 10 * SECOND))
    moments = await live(house, NOON + 5 * DAY)
    assert len(moments) == 10
    assert most_within(moments, DAY) == 3
    assert most_within(moments[3:], GAP) == 1
    days = [(each - NOON) // DAY for each in moments]
    assert days == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3]


async def test_what_is_over_the_cap_is_promised_its_day_at_once(house):
    await rules(house, plan=Plan(daily=2))
    await add(house, *posts(6, due=NOON - 6 * SECOND))
    await house.settle(rounds=6)
    assert await dues(house) == [DAY, DAY + GAP, 2 * DAY, 2 * DAY + GAP]
    assert {each.why for each in await house.store.deliveries(states=(State.SCHEDULED,))} == {
        "its plan allows 2 within 24 hours"
    }


async def test_the_cap_counts_posts_not_parts_nor_tries_and_breaks_no_thread_off(house):
    await rules(house, plan=Plan(daily=2))
    board = house.boards["board"]
    board.script = [Retry(why="refused", unreached=True)] * 2
    await add(house, delivery("a", channel="board", parts=3))
    for _ in range(3):
        await house.settle()
        house.pass_time(MINUTE)
    assert (await house.store.delivery("a")).state == State.SENT
    board.break_at = 2
    await add(house, delivery("b", channel="board", parts=2, due=house.clock.at))
    await house.settle()
    board.break_at = 0
    await add(house, delivery("c", channel="board", due=house.clock.at + SECOND))
    for _ in range(3):
        house.pass_time(MINUTE)
        await house.settle()
    assert (await house.store.delivery("b")).state == State.SENT
    assert (await house.store.delivery("c")).state == State.SCHEDULED


async def test_what_was_cancelled_holds_no_moment_of_the_days_that_follow(house):
    await rules(house, plan=Plan(daily=1))
    await add(house, *posts(6, due=NOON - 6 * SECOND))
    await house.settle(rounds=6)
    assert await dues(house) == [DAY, 2 * DAY, 3 * DAY, 4 * DAY, 5 * DAY]
    await house.steering.cancel([each.id for each in await house.store.deliveries(states=(State.SCHEDULED,))])
    await add(house, delivery("new", channel="board", due=NOON + HOUR))
    house.pass_time(HOUR)
    await house.settle()
    assert await dues(house) == [DAY]


async def test_what_waits_longer_for_another_reason_keeps_nothing_back(house):
    await rules(house, plan=Plan(daily=1))
    await add(house, *posts(3, due=NOON - 3 * SECOND))
    await house.settle(rounds=3)
    await rules(house, plan=Plan(daily=9), rates=(Rate(count=1, span=HOUR),))
    await add(house, delivery("new", channel="board", due=NOON + MINUTE))
    house.pass_time(MINUTE)
    await house.settle()
    assert await dues(house) == [HOUR, DAY, 2 * DAY]


# the month's budget


async def test_the_budget_stops_hard_and_waits_for_the_next_month(house):
    await rules(house, plan=Plan(budget=500_000), price=PRICE)
    await add(house, *posts(5, due=NOON - 5 * SECOND))
    await house.settle(rounds=5)
    assert len(house.boards["board"].calls) == 2
    june = datetime(2026, 6, 1, tzinfo=UTC)
    waiting = await house.store.deliveries(states=(State.SCHEDULED,))
    assert [each.due for each in waiting] == [june, june + GAP, june + 2 * GAP]
    assert waiting[0].why == "the budget of 0.50 USD for May 2026 does not allow it"
    assert await house.store.spent("board", NOON - DAY) == 400_000
    moments = await live(house, june + DAY)
    assert [each - june for each in moments] == [timedelta(0), GAP]


async def test_unknown_attempts_count_as_spent_and_what_was_refused_does_not(house):
    await rules(house, plan=Plan(budget=400_000), price=PRICE)
    house.boards["board"].script = [Refused(why="too long"), Unknown(why="reset")]
    await add(house, *posts(4, due=NOON - 4 * SECOND))
    await house.settle(rounds=4)
    assert await house.store.spent("board", NOON - DAY) == 400_000
    assert len(house.boards["board"].calls) == 3
    assert [each.cost for each in await house.store.attempts("a000")] == [200_000]


async def test_a_thread_is_paid_for_whole_before_it_begins(house):
    await rules(house, plan=Plan(budget=500_000), price=PRICE)
    await add(house, delivery("a", channel="board", parts=3), delivery("b", channel="board", due=NOON + SECOND))
    await house.settle()
    found = await house.store.delivery("a")
    assert (found.state, house.boards["board"].calls) == (State.HELD, [])
    assert found.why == "it costs 0.60 USD, more than the whole budget of 0.50 USD a month"
    house.pass_time(SECOND)
    await house.settle()
    await add(house, delivery("c", channel="board", parts=2, due=NOON + SECOND / 2))
    await house.settle()
    assert [each.part.number for each in house.boards["board"].calls] == [1]
    assert (await house.store.delivery("c")).why == "the budget of 0.50 USD for May 2026 does not allow it"


async def test_a_part_without_a_link_costs_less(house):
    await rules(house, price=PRICE)
    plain = delivery("a", channel="board")
    words = replace(plain.post, parts=tuple(replace(each, spans=(), card=None) for each in plain.post.parts))
    await add(house, replace(plain, post=words))
    await house.settle()
    assert [each.cost for each in await house.store.attempts("a")] == [15_000]


# what none of them asks for


async def test_nothing_is_looked_up_that_no_rule_asks_for(house):
    """A channel without rates, cap, price or quota costs two reads at its first delivery and none after."""
    reads: list[str] = []
    for name in ("armed", "begun", "spent", "quota", "deliveries"):
        setattr(house.store, name, counted(name, getattr(house.store, name), reads))
    await add(house, *posts(10, due=NOON - 10 * SECOND))
    await house.settle(rounds=10)
    assert len(house.boards["board"].calls) == 10
    assert reads == ["quota"]
