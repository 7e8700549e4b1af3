"""What managers read of results: days as they are in a zone, sums, and how a thread grew."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.plan import Plan
from bot.domain.reactions import BRISK, STEADY, Asked, Reactions, Sought, added, of_others
from bot.flow.results import each_result, growth, span_of, standings
from tests.store_samples import HOUR, MINUTE, NOON, posted

BERLIN, KATHMANDU = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kathmandu")


def counted(at=NOON, **counts):
    return Reactions(at=at, **counts)


@pytest.mark.parametrize(
    ("now", "hours"),
    [(datetime(2026, 3, 29, 12, tzinfo=UTC), 23), (datetime(2026, 10, 25, 12, tzinfo=UTC), 25), (NOON, 24)],
)
def test_a_day_is_as_long_as_it_is_there(now, hours):
    since, until = span_of(now, 1, BERLIN)
    assert until - since == timedelta(hours=hours)
    assert since.astimezone(BERLIN).hour == until.astimezone(BERLIN).hour == 0
    assert span_of(now, 7, BERLIN)[0] < since < now < until


@pytest.mark.parametrize("zone", [BERLIN, KATHMANDU, ZoneInfo("UTC")], ids=str)
async def test_a_post_counts_on_the_day_it_was_posted_there(house, zone):
    midnight = datetime(2026, 5, 5, tzinfo=zone)
    for name, at in (("before", midnight - MINUTE), ("at", midnight), ("after", midnight + MINUTE)):
        await posted(house.store, name, at=at.astimezone(UTC), on="board")
        told = Asked(delivery=name, part=1, reactions=counted(midnight, likes=1), again=None)
        await house.store.put_reactions([told])
    sought = Sought(since=NOON - 48 * HOUR, until=NOON + 48 * HOUR)
    (found,) = await standings(house.store, house.store, sought, zone, Plan())
    assert {day: each.likes for day, each in found.days.items()} == {date(2026, 5, 4): 1, date(2026, 5, 5): 2}
    assert (found.total.posts, found.total.likes, found.total.views) == (3, 3, None)


async def test_a_channel_that_is_set_up_no_more_still_shows_what_was_counted(house):
    await posted(house.store, "a", on="board")
    await house.store.put_reactions([Asked(delivery="a", part=1, reactions=counted(likes=2, views=9), again=None)])
    channels = house.store.channels

    async def fewer():
        return [each for each in await channels() if each.name != "board"]

    house.store.channels = fewer
    (found,) = await standings(house.store, house.store, Sought(since=NOON - HOUR, until=NOON + HOUR), BERLIN, Plan())
    assert found.channel is None
    assert [str(each) for each in found.counts] == ["likes", "views"]


async def test_all_results_are_yielded_however_many(house, monkeypatch):
    monkeypatch.setattr("bot.flow.results.AT_ONCE", 2)
    for number in range(5):
        await posted(house.store, f"a{number}", at=NOON + number * MINUTE, on="board")
    sought = Sought(since=NOON - HOUR, until=NOON + HOUR, limit=1)
    assert [each.delivery async for each in each_result(house.store, sought)] == ["a4", "a3", "a2", "a1", "a0"]


def test_a_threads_growth_adds_its_parts_up_and_takes_the_most_views():
    told = [
        (1, counted(likes=1, views=10)),
        (1, counted(NOON + HOUR, likes=2, views=30)),
        (2, counted(NOON + HOUR, likes=1, views=20)),
        (2, counted(NOON + 2 * HOUR, likes=4)),
    ]
    assert [(each.at - NOON, each.likes, each.views, each.replies) for each in growth(told)] == [
        (0 * HOUR, 1, 10, None), (HOUR, 3, 30, None), (2 * HOUR, 6, 30, None),
    ]  # fmt: skip
    assert growth([]) == ()


def test_what_is_not_known_is_not_nought():
    assert added([]) is None
    assert added([None, None]) is None
    assert added([None, 0]) == 0
    assert added([2, None, 3]) == 5


def test_our_own_reply_is_left_out_once_and_never_below_nothing():
    assert of_others(counted(replies=3, likes=1), followed=True) == counted(replies=2, likes=1)
    assert of_others(counted(replies=3), followed=False).replies == 3
    assert of_others(counted(replies=0), followed=True).replies == 0
    assert of_others(counted(), followed=True).replies is None


@pytest.mark.parametrize("rhythm", [STEADY, BRISK])
def test_a_rhythm_grows_and_ends(rhythm):
    assert list(rhythm.ages) == sorted(set(rhythm.ages))
    assert rhythm.next_after(NOON, NOON) == NOON + rhythm.ages[0]
    assert rhythm.next_after(NOON, NOON + rhythm.ages[0]) == NOON + rhythm.ages[1]
    assert rhythm.next_after(NOON, NOON + rhythm.ages[-1]) is None
