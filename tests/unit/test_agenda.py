"""Days as zones count them: where the clocks change, what is free, what is silent."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.agenda import days_of, is_steady, moment_of, nearest, openings, silences
from bot.domain.plan import Blackout, Plan
from tests.store_samples import HOUR, NOON, delivery

ZONES = (
    "Europe/Berlin",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Africa/Cairo",
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "at", "by", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), "2026-03-29T01:00", 1, 23),
        ("Europe/Berlin", date(2026, 10, 25), "2026-10-25T01:00", -1, 25),
        ("America/New_York", date(2026, 11, 1), "2026-11-01T06:00", -1, 25),
        ("Australia/Lord_Howe", date(2026, 4, 5), "2026-04-04T15:00", -0.5, 24.5),
        # There midnight itself is skipped: the day begins at 01:00.
        ("Africa/Cairo", date(2026, 4, 24), "2026-04-23T22:00", 1, 23),
    ],
)
def test_a_day_on_which_the_clocks_change_is_known_by_its_length_and_the_moment(zone, day, at, by, hours):
    [found] = days_of(day, 1, ZoneInfo(zone))
    assert found.end - found.start == hours * HOUR
    assert found.shift is not None
    assert (found.shift.at, found.shift.by) == (utc(at), by * HOUR)


@given(st.sampled_from(ZONES), st.dates(date(2020, 1, 1), date(2030, 12, 31)), st.integers(1, 42))
def test_days_follow_each_other_without_a_gap_and_differ_from_24_hours_only_where_they_say_so(zone, first, count):
    found = days_of(first, count, ZoneInfo(zone))
    assert [each.date for each in found] == [first + timedelta(days=n) for n in range(count)]
    for before, after in pairwise(found):
        assert before.end == after.start
    for each in found:
        if each.shift is not None:
            assert each.start <= each.shift.at < each.end
        assert each.end - each.start == 24 * HOUR - (each.shift.by if each.shift else 0 * HOUR)
        local = each.start.astimezone(ZoneInfo(zone))
        assert local.date() == each.date
        assert (each.start - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date() == each.date - timedelta(
            days=1
        )


def test_a_zone_without_summer_time_has_no_such_day():
    year = days_of(date(2026, 1, 1), 365, ZoneInfo("Asia/Tehran"))
    assert [each.date for each in year if each.shift] == []
    assert {each.end - each.start for each in year} == {24 * HOUR}


def test_free_is_what_the_plan_has_from_the_start_on_and_nobody_took():
    plan, [day] = Plan(times=(time(0), time(9), time(12))), days_of(date(2026, 5, 4), 1, ZoneInfo("UTC"))
    taken = {utc("2026-05-04T09:00")}
    assert list(openings(plan, day.start, day.end, taken)) == [utc("2026-05-04T00:00"), utc("2026-05-04T12:00")]
    assert nearest(plan, day.start, day.end, taken, utc("2026-05-04T09:30")) == utc("2026-05-04T12:00")
    assert nearest(plan, day.start, day.end, (), utc("2026-05-04T10:30")) == utc("2026-05-04T09:00"), (
        "the earlier of two"
    )
    assert nearest(plan, day.end - HOUR, day.end, (), NOON) is None


def test_a_blackout_on_several_channels_is_told_once():
    dark = Blackout(start=NOON, end=NOON + HOUR, why="storm")
    later = Blackout(start=NOON + 2 * HOUR, end=NOON + 3 * HOUR)
    plans = (("x", Plan(blackouts=(dark, later))), ("wall", Plan(blackouts=(dark,))))
    found = silences(plans, NOON - HOUR, NOON + 2 * HOUR)
    assert [(each.blackout, each.channels) for each in found] == [(dark, ("x", "wall"))]
    assert silences(plans, NOON + HOUR, NOON + 2 * HOUR) == ()


def test_a_plan_without_gaps_is_told_from_one_with_slots():
    steady = Plan(every=timedelta(seconds=20), times=(time(0), time(23, 59)))
    assert is_steady(steady)
    assert not is_steady(Plan(every=HOUR, times=(time(8), time(20))))
    assert not is_steady(Plan())


def test_what_is_uncertain_stands_under_its_slot():
    unsure = delivery("a1", due=NOON + 5 * HOUR, slot=NOON, state="uncertain")
    assert moment_of(unsure) == NOON
    assert moment_of(delivery("a1", due=None)) is None
