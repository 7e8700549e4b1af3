"""Slots: clock changes, zones, steps; and what is late."""

from datetime import UTC, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.lateness import Late, LatePolicy, decide
from bot.domain.plan import Blackout, Plan, next_slot

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)  # a Monday


def first(plan: Plan, after: datetime, n: int) -> list[datetime]:
    return list(islice(plan.slots(after), n))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_slots_are_wall_clock_times_on_chosen_days():
    plan = Plan(days=(0, 4), times=(time(9), time(17, 30)), zone="Europe/Paris")
    assert first(plan, NOON, 3) == [utc("2026-06-15 15:30"), utc("2026-06-19 07:00"), utc("2026-06-19 15:30")]


def test_a_time_that_a_clock_change_skips_moves_to_the_first_valid_instant():
    plan = Plan(times=(time(2, 30),), zone="Europe/Berlin")
    assert first(plan, utc("2026-03-28 12:00"), 2) == [utc("2026-03-29 01:00"), utc("2026-03-30 00:30")]


def test_a_time_that_comes_twice_fires_once_the_first_time():
    plan = Plan(times=(time(2, 30),), zone="Europe/Berlin")
    assert first(plan, utc("2026-10-24 12:00"), 2) == [utc("2026-10-25 00:30"), utc("2026-10-26 01:30")]


def test_several_times_inside_a_gap_make_one_slot():
    plan = Plan(times=(time(2, 10), time(2, 40), time(3)), zone="Europe/Berlin")
    assert first(plan, utc("2026-03-28 12:00"), 2) == [utc("2026-03-29 01:00"), utc("2026-03-30 00:10")]


def test_a_gap_at_midnight_and_a_whole_day_that_never_was():
    beirut = Plan(times=(time(0, 15),), zone="Asia/Beirut")  # its clocks go from 00:00 to 01:00
    assert utc("2026-03-28 22:00") in first(beirut, utc("2026-03-27 00:00"), 3)
    samoa = Plan(times=(time(12),), zone="Pacific/Apia")  # 30 December 2011 was skipped
    found = first(samoa, utc("2011-12-29 00:00"), 3)
    assert found == sorted(set(found))


def test_steps_stand_evenly_between_first_and_last():
    plan = Plan(days=(0,), times=(time(8), time(9, 10)), every=timedelta(minutes=30))
    assert first(plan, utc("2026-06-15 08:00"), 3) == [
        utc("2026-06-15 08:30"),
        utc("2026-06-15 09:00"),
        utc("2026-06-22 08:00"),
    ]


def test_a_plan_without_days_or_times_has_no_slots():
    assert first(Plan(days=()), NOON, 1) == []
    assert first(Plan(times=()), NOON, 1) == []


def test_next_slot_skips_what_is_taken_and_stops_before_the_end():
    plan = Plan(times=(time(9),))
    tomorrow = utc("2026-06-16 09:00")
    assert next_slot(plan, NOON, {tomorrow}) == utc("2026-06-17 09:00")
    assert next_slot(plan, NOON, {tomorrow}, before=utc("2026-06-17 09:00")) is None


@given(
    after=st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC)),
    zone=st.sampled_from(
        ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Tehran", "Africa/Casablanca"]
    ),
    times=st.lists(st.times().map(lambda at: at.replace(microsecond=0)), min_size=1, max_size=5, unique=True).map(
        sorted
    ),
)
def test_slots_are_later_increasing_and_at_the_wall_clock_time_that_was_asked_for(after, zone, times):
    found = first(Plan(times=tuple(times), zone=zone), after, 6)
    assert all(earlier < later for earlier, later in zip([after, *found], found, strict=False))
    for slot in found:
        wall = slot.astimezone(ZoneInfo(zone))
        assert wall.time() in times or _after_gap(slot, zone)


def _after_gap(slot: datetime, zone: str) -> bool:
    before = (slot - timedelta(seconds=1)).astimezone(ZoneInfo(zone)).utcoffset()
    return before != slot.astimezone(ZoneInfo(zone)).utcoffset()


POLICY = LatePolicy(grace=timedelta(minutes=15), limit=timedelta(hours=24), gap=timedelta(minutes=5))


@pytest.mark.parametrize(
    ("late", "since_last", "answer", "wait"),
    [
        (timedelta(0), timedelta(seconds=1), Late.POST, timedelta(0)),
        (timedelta(minutes=15), timedelta(seconds=1), Late.POST, timedelta(0)),
        (timedelta(minutes=16), timedelta(minutes=1), Late.SPREAD, timedelta(minutes=4)),
        (timedelta(minutes=16), timedelta(minutes=9), Late.POST, timedelta(0)),
        (timedelta(hours=9), None, Late.POST, timedelta(0)),
        (timedelta(hours=25), None, Late.HOLD, timedelta(0)),
    ],
)
def test_late_policy(late, since_last, answer, wait):
    last = NOON - since_last if since_last else None
    found, moment, why = decide(POLICY, NOON - late, NOON, last)
    assert (found, moment) == (answer, NOON + wait)
    assert bool(why) == (late > POLICY.grace)


def test_forty_posts_after_nine_hours_of_sleep_are_spread_never_a_burst():
    promised, moments = None, []
    for _ in range(40):
        _, promised, _ = decide(POLICY, NOON - timedelta(hours=9), NOON, promised)
        moments.append(promised)
    assert moments == [NOON + POLICY.gap * n for n in range(40)]


def dark(start: str, end: str, why: str = "") -> Blackout:
    return Blackout(start=utc(start), end=utc(end), why=why)


def test_slots_pass_over_blackouts_up_to_their_end_and_not_beyond():
    plan = Plan(times=(time(9), time(12)), blackouts=(dark("2026-12-24 09:00", "2026-12-26 09:00"),))
    assert first(plan, utc("2026-12-23 08:00"), 4) == [
        utc("2026-12-23 09:00"),
        utc("2026-12-23 12:00"),
        utc("2026-12-26 09:00"),
        utc("2026-12-26 12:00"),
    ]


def test_blackouts_that_touch_or_overlap_are_one_and_a_very_long_one_costs_no_walk_through_its_days():
    touching = dark("2026-12-24 00:00", "2026-12-25 00:00"), dark("2026-12-25 00:00", "2026-12-26 00:00")
    within = dark("2026-12-24 06:00", "2026-12-24 07:00", "inner")
    plan = Plan(blackouts=(*touching, within))
    assert plan.clear_from(utc("2026-12-24 06:30")) == utc("2026-12-26 00:00")
    assert plan.blackout_at(utc("2026-12-24 06:30")) == touching[0]
    assert plan.blackout_at(utc("2026-12-26 00:00")) is None
    ages = Plan(blackouts=(dark("2026-01-01 00:00", "9000-01-01 00:00"),))
    assert first(ages, NOON, 1) == [utc("9000-01-01 09:00")]
    assert next_slot(ages, NOON, (), before=utc("2027-01-01 00:00")) is None


@given(
    spans=st.lists(st.tuples(st.integers(0, 500), st.integers(0, 200)), max_size=5),
    after=st.integers(0, 400),
)
def test_slots_are_those_without_blackouts_but_for_what_one_covers(spans, after):
    hour = timedelta(hours=1)
    blackouts = tuple(Blackout(start=NOON + at * hour, end=NOON + (at + length) * hour) for at, length in spans)
    start, times = NOON + after * hour, (time(3), time(4), time(20))
    found = first(Plan(times=times, blackouts=blackouts), start, 8)
    everything = first(Plan(times=times), start, 300)
    covered = [each for each in everything if any(one.start <= each < one.end for one in blackouts)]
    assert found == [each for each in everything if each not in covered][:8]
