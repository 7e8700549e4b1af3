"""What the platforms report of what was posted."""

from datetime import time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Query
from pydantic import Field

from bot.domain import reactions as noun
from bot.domain.people import Right
from bot.domain.plan import instant
from bot.domain.reactions import Count, Sought
from bot.errors import BadInput, NotFound
from bot.flow import results as verb
from bot.web.api.operations import By, Operation
from bot.web.api.shapes import Day as Date
from bot.web.api.shapes import Moment, Shape

TAG = "results"
#: How many days back is looked, how many posts are told unless told otherwise and at most, and how far on one may skip.
DAYS, EACH, MOST, FARTHEST = 30, 50, 500, 1_000_000


class Day(Shape):
    """What the posts of one day got."""

    day: str
    posts: int
    replies: int | None
    reposts: int | None
    likes: int | None
    views: int | None


class Standing(Shape):
    """What a channel's posts got."""

    channel: str
    counts: list[str]
    needs_paid_results: bool
    posts: int
    reported: int
    replies: int | None
    reposts: int | None
    likes: int | None
    views: int | None
    days: list[Day]


class Result(Shape):
    """What one post got; null = it is not known."""

    delivery: str
    campaign: str
    article: str
    channel: str
    published: Moment
    parts: int
    replies: int | None
    reposts: int | None
    likes: int | None
    views: int | None
    counted: Moment | None = Field(validation_alias="at")
    retracted: bool
    url: str
    text: str


class Results(Shape):
    """What became of what was posted."""

    channels: list[Standing]
    posts: list[Result]


async def results(
    by: By,
    channel: Annotated[str, Query(max_length=100, description="Only what was posted there")] = "",
    since: Annotated[Date | None, Query(description=f"The first day; {DAYS} days ago unless told")] = None,
    order: Annotated[Count | None, Query(alias="by", description="The most first; else the latest first")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = EACH,
    skip: Annotated[int, Query(ge=0, le=FARTHEST)] = 0,
) -> Results:
    """Tell what the platforms report of what was posted: replies, reposts, likes and views, by channel and by post."""
    app, zone = by.live.app, ZoneInfo(by.live.app.settings.zone)
    if channel and channel not in {each.name for each in await by.store.channels()}:
        raise NotFound(f"no channel is called {channel!r}", hint="/api/v1/channels lists them")
    first, end = verb.span_of(app.clock.now(), DAYS, zone)
    if since is not None:
        first = instant(since, time(0), zone)
    if first >= end:
        raise BadInput("this day is still to come", hint="give a day that is past")
    sought = Sought(since=first, until=end, channel=channel, by=order, limit=limit, skip=skip)
    found = await verb.standings(app.store, app.results, sought, zone, app.default_plan)
    posts = await app.results.results(sought)
    return Results(channels=[_standing(each) for each in found], posts=[Result.model_validate(each) for each in posts])


def _standing(standing: verb.Standing) -> Standing:
    total = standing.total
    return Standing(
        channel=standing.name,
        counts=[str(count) for count in standing.counts],
        needs_paid_results=standing.paid,
        posts=total.posts,
        reported=total.asked,
        **_counts(total),
        days=[Day(day=day.isoformat(), posts=each.posts, **_counts(each)) for day, each in standing.days.items()],
    )


def _counts(of: noun.Sum) -> dict[str, Any]:
    return {str(count): getattr(of, count) for count in Count}


OPERATIONS = (Operation(method="GET", path="/v1/results", answer=results, right=Right.SEE, tag=TAG, missing=True),)
