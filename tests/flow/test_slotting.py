"""Deliveries moved by a person: to a minute, to a day's nearest free slot, back again; and what speaks against a moment."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.domain.agenda import days_of
from bot.domain.delivery import State
from bot.domain.plan import Blackout, Plan
from bot.domain.post import Part, Post
from bot.errors import NotAllowed
from tests.flow.conftest import House
from tests.store_samples import HOUR, MINUTE, NOON, SECOND, article, attempt, receipt
from tests.store_samples import delivery as sample

BERLIN = ZoneInfo("Europe/Berlin")
#: The house's clock stands at noon of Monday, 4 May 2026, UTC, and its plan posts at 09:00, 12:30 and 17:30.
TUESDAY = date(2026, 5, 5)


def at(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), tzinfo=UTC)


def day_of(day: date, zone: str = "UTC"):
    [found] = days_of(day, 1, ZoneInfo(zone))
    return found


def delivery(id: str, channel: str = "board", parts: int = 1, **more):
    words = f"Open until midnight, says {id}."
    plain = Post(channel=channel, parts=(Part(number=1, text=words, length=len(words), limit=280),))
    said: dict[str, Any] = {} if parts > 1 else {"post": plain}
    return sample(id, channel=channel, parts=parts, **said, **more)


async def add(house: House, *deliveries) -> None:
    await house.store.put_article(article(), house.clock.now())
    await house.store.add_deliveries(deliveries, house.clock.now())


async def moment(house: House, id: str) -> datetime | None:
    found = await house.store.delivery(id)
    assert found.slot == found.due
    return found.slot


async def refused(house: House, to, id: str = "a1") -> str:
    before = await house.store.delivery(id)
    with pytest.raises(NotAllowed) as refusal:
        await house.steering.move([id], to)
    assert await house.store.delivery(id) == before, "what is refused changes nothing"
    return str(refusal.value)


# --- to a minute ----------------------------------------------------------------------------------------------------


async def test_a_scheduled_delivery_goes_to_the_minute_named_and_the_audit_log_says_who(house):
    await add(house, delivery("a1", due=NOON + HOUR))
    [moved] = await house.steering.acting("desk:anna").move(["a1"], at(TUESDAY, "10:07"))
    assert (moved.was.slot, moved.now.slot) == (NOON + HOUR, at(TUESDAY, "10:07"))
    assert (moved.now.state, await moment(house, "a1")) == (State.SCHEDULED, at(TUESDAY, "10:07"))
    [entry] = await house.store.acts()
    told = (entry.act.by, entry.act.verb, entry.act.subject, entry.act.words)
    assert told == ("desk:anna", "move", "a1", "to 2026-05-05 10:07 UTC")


async def test_it_is_sent_at_its_new_moment_and_not_at_its_old_one(house):
    await add(house, delivery("a1", due=NOON + HOUR))
    await house.steering.move(["a1"], NOON + 3 * HOUR)
    house.pass_time(2 * HOUR)
    await house.settle()
    assert house.boards["board"].calls == []
    house.pass_time(HOUR)
    await house.settle()
    assert (await house.store.delivery("a1")).state is State.SENT


async def test_what_is_held_is_approved_for_that_moment_unless_it_can_never_be_sent(house):
    over = Post(channel="board", parts=(Part(number=1, text="x" * 300, length=300, limit=280),))
    await add(
        house, delivery("a1", due=None), delivery("b1", due=None), sample("c1", channel="board", due=None, post=over)
    )
    await house.steering.move(["a1"], at(TUESDAY, "10:00"))
    assert (await house.store.delivery("a1")).state is State.SCHEDULED
    assert "cannot be approved" in await refused(house, at(TUESDAY, "11:00"), "c1")


async def test_what_failed_is_brought_back_for_that_moment_with_its_tries_forgotten(house):
    await add(house, delivery("a1", due=None, state=State.FAILED, tries=3))
    [moved] = await house.steering.move(["a1"], at(TUESDAY, "10:00"))
    assert (moved.now.state, moved.now.tries) == (State.SCHEDULED, 0)


async def test_a_moment_on_which_it_stands_already_changes_nothing(house):
    await add(house, delivery("a1", due=NOON + HOUR))
    [moved] = await house.steering.move(["a1"], NOON + HOUR)
    assert moved.was == moved.now
    assert await house.store.acts() == ()


@pytest.mark.parametrize(
    ("to", "words"),
    [
        (NOON, "2026-05-04 12:00 (UTC) has passed"),
        (NOON - HOUR, "posts it at once"),
        (NOON + HOUR, "is taken on board: delivery b1 of library/night-opening"),
        (NOON + HOUR, "free are 2026-05-04 17:30 (UTC), 2026-05-05 09:00 (UTC), 2026-05-05 12:30 (UTC)"),
        (NOON + 3 * HOUR, "nothing is posted to board until 2026-05-04 17:00 (UTC): town festival"),
        (NOON + 30 * MINUTE, "is not to be posted before 2026-05-04 13:00 (UTC)"),
        (NOON + 100 * HOUR, "expires at 2026-05-08 12:00 (UTC)"),
    ],
)
async def test_what_speaks_against_a_moment_is_told_with_a_way_out(house, to, words):
    dark = Blackout(start=NOON + 2 * HOUR, end=NOON + 5 * HOUR, why="town festival")
    await house.store.put_plan("board", Plan(blackouts=(dark,)))
    window: dict[str, Any] = {"not_before": NOON + HOUR, "expires": NOON + 96 * HOUR}
    await add(house, delivery("a1", due=NOON + 6 * HOUR, **window), delivery("b1", due=NOON + HOUR))
    assert words in await refused(house, to)


async def test_what_is_being_sent_or_was_changed_meanwhile_stays(house):
    await add(house, delivery("a1", due=NOON - MINUTE), delivery("b1", "wall", due=NOON + HOUR))
    going = await house.store.delivery("a1")
    await house.store.arm(going, attempt(going), NOON + MINUTE)
    assert "it is being sent at this moment" in await refused(house, at(TUESDAY, "10:00"))
    anna, bert = house.steering.acting("desk:anna"), house.steering.acting("desk:bert")
    await bert.move(["b1@1"], at(TUESDAY, "10:00"))
    with pytest.raises(NotAllowed, match=r"changed meanwhile: .* by desk:bert \(move\)"):
        await anna.move(["b1@1"], at(TUESDAY, "11:00"))
    assert await moment(house, "b1") == at(TUESDAY, "10:00")


async def test_of_two_who_want_the_same_moment_at_once_one_gets_it(house):
    await add(house, delivery("a1", due=NOON + HOUR), delivery("b1", due=NOON + 2 * HOUR))
    to = at(TUESDAY, "10:00")
    ends = await asyncio.gather(*(house.steering.move([name], to) for name in ("a1", "b1")), return_exceptions=True)
    assert sum(isinstance(each, NotAllowed) for each in ends) == 1
    assert [await moment(house, name) for name in ("a1", "b1")].count(to) == 1


# --- to a day -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("was", "to"), [("10:00", "09:00"), ("11:30", "12:30"), ("23:00", "17:30"), ("17:30", "17:30"), (None, "09:00")]
)
async def test_on_a_day_it_takes_the_free_slot_nearest_to_its_time_of_day(house, was, to):
    await add(house, delivery("a1", due=was and at(date(2026, 5, 6), was)))
    await house.steering.move(["a1"], day_of(TUESDAY))
    assert await moment(house, "a1") == at(TUESDAY, to)


async def test_today_only_what_is_to_come_is_free_and_its_own_slot_counts_as_such(house):
    await add(house, delivery("a1", due=None), delivery("b1", due=at(NOON.date(), "12:30")))
    await house.steering.move(["a1"], day_of(NOON.date()))
    assert await moment(house, "a1") == at(NOON.date(), "17:30")
    [moved] = await house.steering.move(["b1"], day_of(NOON.date()))
    assert moved.was == moved.now


async def test_an_article_dropped_on_a_day_gets_a_slot_on_each_of_its_channels(house):
    await add(
        house,
        *(delivery(name, channel, due=None) for name, channel in (("a1", "board"), ("a2", "board"), ("b1", "wall"))),
    )
    await house.steering.move(["a1", "a2", "b1"], day_of(TUESDAY))
    assert [await moment(house, name) for name in ("a1", "a2", "b1")] == [
        at(TUESDAY, "09:00"),
        at(TUESDAY, "12:30"),
        at(TUESDAY, "09:00"),
    ]


async def test_a_day_without_a_free_slot_is_refused_for_all_with_the_next_ones_that_are_free(house):
    await house.store.put_plan("board", Plan(times=(time(9),)))
    await add(house, delivery("a1", due=None), delivery("a2", due=None), delivery("b1", "wall", due=None))
    with pytest.raises(NotAllowed, match="board has no free slot on 2026-05-05 for delivery a2") as refusal:
        await house.steering.move(["a1", "a2", "b1"], day_of(TUESDAY))
    assert "2026-05-06 09:00" in refusal.value.hint
    assert {(await house.store.delivery(name)).state for name in ("a1", "a2", "b1")} == {State.HELD}
    assert "is over" in await refused(house, day_of(date(2026, 5, 3)))


@pytest.mark.parametrize(
    ("day", "hours", "slots"),
    [
        # Clocks go on from 02:00 to 03:00: a slot at 02:30 is posted at 03:00, which is 01:00 UTC.
        (date(2027, 3, 28), 23, ["2027-03-28T01:00", "2027-03-28T07:00"]),
        # Clocks go back from 03:00 to 02:00: of the two 02:30 the first counts, 00:30 UTC.
        (date(2026, 10, 25), 25, ["2026-10-25T00:30", "2026-10-25T08:00"]),
    ],
)
async def test_on_a_day_on_which_the_clocks_change_each_slot_is_used_once(house, day, hours, slots):
    await house.store.put_plan("board", Plan(times=(time(2, 30), time(9)), zone="Europe/Berlin"))
    await add(house, delivery("a1", due=None), delivery("a2", due=None), delivery("a3", due=None))
    there = day_of(day, "Europe/Berlin")
    assert there.end - there.start == hours * HOUR
    await house.steering.move(["a1", "a2"], there)
    assert [await moment(house, name) for name in ("a1", "a2")] == [
        datetime.fromisoformat(f"{each}+00:00") for each in slots
    ]
    assert "no free slot" in await refused(house, there, "a3")


async def test_moved_over_a_change_of_the_clocks_it_keeps_its_time_of_day(house):
    await house.store.put_plan("board", Plan(times=(time(8), time(9), time(10)), zone="Europe/Berlin"))
    await add(house, delivery("a1", due=datetime(2026, 10, 24, 7, tzinfo=UTC)))
    [moved] = await house.steering.move(["a1"], day_of(date(2026, 10, 26), "Europe/Berlin"))
    assert moved.was.slot is not None
    assert moved.now.slot is not None
    assert {each.astimezone(BERLIN).time() for each in (moved.was.slot, moved.now.slot)} == {time(9)}


# --- back again -----------------------------------------------------------------------------------------------------


def places(*moved) -> dict[str, datetime | None]:
    return {f"{each.now.id}@{each.now.version}": each.was.due for each in moved}


async def test_a_move_is_undone_by_who_saw_what_it_made(house):
    await add(house, delivery("a1", due=NOON + HOUR), delivery("b1", "wall", due=None))
    moved = await house.steering.move(["a1", "b1"], day_of(TUESDAY))
    await house.steering.acting("desk:anna").put_back(places(*moved))
    assert await moment(house, "a1") == NOON + HOUR
    back = await house.store.delivery("b1")
    assert (back.state, back.slot, back.due) == (State.HELD, None, None)
    assert [each.act.verb for each in await house.store.acts()] == ["move", "move", "put back", "put back"]


async def test_two_that_traded_places_are_put_back_together(house):
    one, two = NOON + HOUR, NOON + 2 * HOUR
    await add(house, delivery("a1", due=one), delivery("a2", due=two))
    await house.steering.put_back({"a1@1": two, "a2@1": NOON + 3 * HOUR})
    await house.steering.put_back({"a1@2": one, "a2@2": two})
    assert [await moment(house, name) for name in ("a1", "a2")] == [one, two]


async def test_nothing_is_undone_when_anything_has_changed_since(house):
    await add(house, delivery("a1", due=NOON + HOUR), delivery("a2", due=NOON + 2 * HOUR))
    moved = await house.steering.move(["a1", "a2"], day_of(TUESDAY))
    await house.steering.acting("desk:bert").hold(["a2"], "wrong date")
    with pytest.raises(NotAllowed, match=r"by desk:bert \(hold\): wrong date"):
        await house.steering.put_back(places(*moved))
    assert await moment(house, "a1") == at(TUESDAY, "12:30")


async def test_a_place_that_is_past_or_taken_by_now_is_not_given_back(house):
    await add(house, delivery("a1", due=NOON + SECOND), delivery("b1", due=NOON + 2 * HOUR))
    moved = await house.steering.move(["a1"], at(TUESDAY, "10:00"))
    house.pass_time(MINUTE)
    with pytest.raises(NotAllowed, match="has passed"):
        await house.steering.put_back(places(*moved))
    moved = await house.steering.move(["b1"], at(TUESDAY, "11:00"))
    await house.steering.move(["a1"], NOON + 2 * HOUR)
    with pytest.raises(NotAllowed, match="is taken on board: delivery a1"):
        await house.steering.put_back(places(*moved))


async def test_a_thread_that_is_half_out_is_moved_but_never_put_off_the_schedule(house):
    await add(house, delivery("a1", parts=2, due=NOON + HOUR, state=State.RETRYING, expires=NOON + 2 * HOUR))
    await house.store.receipt("a1", 1, receipt())
    late = NOON + timedelta(days=1)
    [moved] = await house.steering.move(["a1"], late)
    assert (moved.now.state, moved.now.due) == (State.RETRYING, late)
    with pytest.raises(NotAllowed, match="is public"):
        await house.steering.put_back({f"a1@{moved.now.version}": None})
