"""The calendar: what goes out on the days of a range, what is free, what is silent, where the clocks change."""

import datetime as dates
from typing import Annotated

from fastapi import Query

from bot.domain import agenda as noun
from bot.domain.people import Right
from bot.errors import NotFound
from bot.flow.agenda import LONGEST
from bot.web.api.operations import By, Operation
from bot.web.api.shapes import Day, Moment, Planned, Shape, Zone, planned
from bot.web.words import spoken

TAG = "calendar"
#: How many days are told unless told otherwise, and how many deliveries are listed on one; the rest is counted.
DAYS, MOST = 7, 200


class ClockChange(Shape):
    """Where the clocks change."""

    at: Moment
    seconds: float


class Opening(Shape):
    """A free slot."""

    channel: str
    at: Moment


class Silence(Shape):
    """A blackout, and the channels on which nothing is posted."""

    start: Moment
    end: Moment
    why: str
    channels: list[str]


class Agenda(Shape):
    """One day."""

    date: dates.date
    zone: str
    start: Moment
    end: Moment
    clock_change: ClockChange | None
    deliveries: list[Planned]
    more: int
    free: list[Opening]
    blackouts: list[Silence]


async def calendar(
    by: By,
    first: Annotated[Day | None, Query(alias="from", description="The first day; today unless told")] = None,
    days: Annotated[int, Query(ge=1, le=LONGEST)] = DAYS,
    zone: Annotated[Zone, Query(description="IANA time zone; empty = the installation's own")] = "",
    channel: Annotated[str, Query(max_length=100, description="Only this channel")] = "",
) -> list[Agenda]:
    """Tell the schedule day by day: what goes out when, which slots are free, where the clocks change."""
    app = by.live.app
    if channel and channel not in {each.name for each in await by.store.channels()}:
        raise NotFound(f"no channel is called {channel!r}", hint="/api/v1/channels lists them")
    there = spoken("en", zone or app.settings.zone).zone
    start = first or app.clock.now().astimezone(there).date()
    agenda = await app.calendar.agenda(start, days, there.key, most=MOST, channel=channel)
    return [_day(each) for each in agenda.days]


def _day(day: noun.Day) -> Agenda:
    return Agenda(
        date=day.date,
        zone=day.zone,
        start=day.start,
        end=day.end,
        clock_change=ClockChange(at=day.shift.at, seconds=day.shift.by.total_seconds()) if day.shift else None,
        deliveries=[planned(each) for each in day.deliveries],
        more=day.more,
        free=[Opening.model_validate(each) for each in day.free],
        blackouts=[
            Silence(
                start=each.blackout.start, end=each.blackout.end, why=each.blackout.why, channels=list(each.channels)
            )
            for each in day.silences
        ],
    )


OPERATIONS = (Operation(method="GET", path="/v1/calendar", answer=calendar, right=Right.SEE, tag=TAG, missing=True),)
