"""Channels and their plans."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, timedelta
from itertools import islice
from typing import Annotated, Any, Literal

from fastapi import Header, Path, Response
from pydantic import Field

from bot.app import App
from bot.domain import plan as rule
from bot.domain.pacing import MILLION, month_of
from bot.domain.people import Right
from bot.domain.plan import WEEKDAYS, mark_of
from bot.domain.spans import LARGEST_SUM
from bot.errors import BadInput, NotFound
from bot.flow import gauging
from bot.flow.drafting import MOST_DAILY, MOST_TIMES, BadPlan, drafted, silenced, without_times
from bot.flow.steering import LONGEST_REASON
from bot.web.api.operations import By, Operation
from bot.web.api.shapes import At, Body, Moment, Shape, Yes, Zone

TAG = "channels"
#: The longest span of a plan in seconds, and the most blackouts it may have.
LONGEST_SPAN, MOST_BLACKOUTS = 366 * 86400, 100
#: A time of day.
CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"

Name = Annotated[str, Path(max_length=100, examples=["mastodon"])]
Mark = Annotated[
    str | None,
    Header(alias="If-Match", pattern=r'^(W/)?"[0-9a-f]{1,64}"$', description="The ETag of the plan that was seen"),
]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Seconds = Annotated[int, Field(strict=True, ge=1, le=LONGEST_SPAN)]


class Channel(Shape):
    """One account or room on a platform."""

    name: str
    platform: str
    account: str = Field(description="Empty until it was verified")
    paused: str = Field(description="Why, empty when it is not")
    rests_until: Moment | None
    rests_why: str
    budget: float
    spent: float
    currency: str


class Limits(Shape):
    """What a channel takes; 0 = no limit."""

    length: int
    unit: str
    images: int
    alt: int
    tags: int
    thread_parts: int
    deletes: bool


class Gauge(Shape):
    """How many publishing calls are left of a rate; `until` is when there will be more, null = now."""

    count: int
    seconds: float
    left: int
    until: Moment | None


class Standing(Channel):
    """A channel with what it takes, what is left of that, and what was posted there last."""

    url: str
    limits: Limits
    left: int | None = Field(description="What its platform said it takes until `left_until`, null = it said nothing")
    left_until: Moment | None
    rates: list[Gauge]
    posted: Moment | None
    last_delivery: str
    last_url: str


class Reason(Body):
    """Why a channel is paused."""

    why: str = Field(min_length=1, max_length=LONGEST_REASON, pattern=r"\S")


class Finding(Shape):
    """What was found of a channel."""

    subject: str
    level: str
    what: str
    hint: str


class Late(Shape):
    """What becomes of what is late."""

    grace_seconds: float
    limit_seconds: float
    gap_seconds: float


class Blackout(Shape):
    """A time in which nothing is posted."""

    start: Moment
    end: Moment
    why: str


class Plan(Shape):
    """The rule that makes a channel's slots."""

    channel: str
    days: list[str]
    times: list[str]
    every_seconds: float | None
    zone: str
    late: Late
    daily: int
    budget: float
    spent: float
    currency: str
    resend: bool
    paid_results: bool
    blackouts: list[Blackout]
    next: list[Moment]


class Lateness(Body):
    """What becomes of what is late."""

    grace_seconds: Seconds | None = None
    limit_seconds: Seconds | None = None
    gap_seconds: Seconds | None = None


class Silence(Body):
    """A time in which nothing is to be posted."""

    start: At
    end: At
    why: str = Field(default="", max_length=LONGEST_REASON)


class Planning(Body):
    """What of a plan changes; what is left out stays, but with new `times` or `every_seconds` all of them count anew."""

    days: list[Weekday] | None = Field(default=None, min_length=1, max_length=7)
    times: list[Annotated[str, Field(pattern=CLOCK)]] | None = Field(
        default=None,
        min_length=1,
        max_length=MOST_TIMES,
        description="With every_seconds: the first and the last of a day",
    )
    every_seconds: Seconds | None = None
    zone: Zone | None = None
    late: Lateness | None = None
    daily: Annotated[int, Field(strict=True, ge=0, le=MOST_DAILY)] | None = None
    budget: Annotated[float, Field(strict=True, ge=0, le=LARGEST_SUM)] | None = None
    resend: Yes | None = None
    paid_results: Yes | None = None
    blackouts: list[Silence] | None = Field(
        default=None, max_length=MOST_BLACKOUTS, description="All that there are to be"
    )


async def standing_channels(app: App) -> list[Channel]:
    """Return every channel as a status tells it."""
    return [Channel(**each) for each in await _channels(app)]


async def listed(by: By) -> list[Standing]:
    """List the channels: who we are there, what each takes, what is left of that, what was posted last."""
    return [Standing(**each) for each in await _channels(by.live.app)]


async def _channels(app: App) -> list[dict[str, Any]]:
    plans, now = await app.store.plans(), app.clock.now()
    found = []
    for each in await app.gauging.standings():
        channel, price = each.channel, each.channel.limits.price
        budget = plans.get(channel.name, app.default_plan).budget
        counted, resting = bool(budget and price), channel.resting(now)
        found.append(
            {
                "name": channel.name,
                "platform": channel.platform,
                "account": channel.account,
                "paused": channel.paused,
                "rests_until": channel.rests if resting else None,
                "rests_why": channel.rests_why if resting else "",
                "budget": budget / MILLION,
                "spent": (each.spent or 0) / MILLION if counted else 0,
                "currency": price.currency if price and counted else "",
            }
            | _more(each)
        )
    return found


def _more(standing: gauging.Standing) -> dict[str, Any]:
    rates = [
        Gauge(count=each.rate.count, seconds=each.rate.span.total_seconds(), left=each.left, until=each.until)
        for each in standing.gauges
    ]
    return {
        "url": standing.channel.url,
        "limits": Limits.model_validate(standing.channel.limits),
        "left": standing.left,
        "left_until": standing.until,
        "rates": rates,
        "posted": standing.posted,
        "last_delivery": standing.delivery,
        "last_url": standing.url,
    }


async def _one(by: By, name: str) -> Standing:
    found = next((each for each in await _channels(by.live.app) if each["name"] == name), None)
    if found is None:
        raise _unknown(name)
    return Standing(**found)


def _unknown(name: str) -> NotFound:
    return NotFound(f"no channel is called {name!r}", hint="/api/v1/channels lists them")


async def pause(by: By, name: Name, body: Reason) -> Standing:
    """Pause one channel until a person lets it go on, whatever its platform says meanwhile."""
    await _one(by, name)
    await by.steering.pause_channel(name, body.why)
    return await _one(by, name)


async def resume(by: By, name: Name) -> Standing:
    """Let one channel go on; what came due meanwhile is treated as late, by its plan."""
    await _one(by, name)
    await by.steering.resume_channel(name)
    return await _one(by, name)


async def check(by: By, name: Name) -> Finding:
    """Ask a channel's platform who we are, now. It goes on if its platform's refusal had paused it."""
    return Finding.model_validate(await by.live.checkup.check(name, by.caller.by if by.caller else "api"))


async def plans(by: By) -> list[Plan]:
    """List the plans of all channels."""
    return [await _plan(by.live.app, each.name) for each in await by.store.channels()]


async def plan(by: By, name: Name, response: Response) -> Plan:
    """Tell a channel's plan; its ETag is for If-Match."""
    return await _told(by, name, response)


async def put_plan(by: By, name: Name, body: Planning, response: Response, match: Mark = None) -> Plan:
    """Change a channel's plan, and move what is scheduled to its slots, in order."""
    app = by.live.app
    own, channels = await by.store.plans(), {each.name: each for each in await by.store.channels()}
    if name not in channels:
        raise _unknown(name)
    present, words = own.get(name, app.default_plan), _words(body)
    new = drafted(words, present, channels[name], app.settings.zone) if words else present
    if body.blackouts is not None:
        new = silenced(replace(new, blackouts=()), [_blackout(each) for each in body.blackouts], app.clock.now())
    elif not words:
        raise BadInput("nothing is to be changed", hint="say what: times, every_seconds, blackouts, …")
    await by.steering.put_plan(name, new, _seen(match))
    return await _told(by, name, response)


async def clear_plan(by: By, name: Name, response: Response, match: Mark = None) -> Plan:
    """Give a channel the default times again. What limits it stays: blackouts, cap, budget, resend."""
    app = by.live.app
    await _one(by, name)
    present = (await by.store.plans()).get(name, app.default_plan)
    await by.steering.put_plan(name, without_times(present, app.default_plan), _seen(match))
    return await _told(by, name, response)


def _seen(match: str | None) -> str:
    return match.rpartition("/")[2].strip('"') if match else ""


def _words(body: Planning) -> Mapping[str, str]:
    """Return what is to change in the words that a plan is drafted of."""
    late, words = body.late or Lateness(), dict[str, str | None]()
    if body.every_seconds is not None:
        words |= {"every": f"{body.every_seconds}s", "between": "-".join(body.times) if body.times else None}
    elif body.times:
        words["times"] = ",".join(body.times)
    words |= {
        "days": ",".join(body.days) if body.days else None,
        "zone": body.zone or None,
        "daily": None if body.daily is None else str(body.daily),
        "budget": None if body.budget is None else f"{body.budget:.6f}",
    }
    words |= {name: _span(getattr(late, f"{name}_seconds")) for name in ("grace", "limit", "gap")}
    agreed = {True: "yes", False: "no", None: None}
    words |= {name: agreed[getattr(body, name)] for name in ("resend", "paid_results")}
    return {name: each for name, each in words.items() if each is not None}


def _span(seconds: int | None) -> str | None:
    return None if seconds is None else f"{seconds}s"


def _blackout(silence: Silence) -> rule.Blackout:
    if silence.end <= silence.start:
        raise BadPlan({"blackouts": BadInput("a blackout ends before it begins")})
    start, end = silence.start.astimezone(UTC), silence.end.astimezone(UTC)
    return rule.Blackout(start=start, end=end, why=" ".join(silence.why.split()))


async def _told(by: By, name: str, response: Response) -> Plan:
    found = await _plan(by.live.app, name)
    response.headers["etag"] = f'"{mark_of((await by.store.plans()).get(name))}"'
    return found


async def _plan(app: App, name: str) -> Plan:
    channel = next((each for each in await app.store.channels() if each.name == name), None)
    if channel is None:
        raise _unknown(name)
    own, now, price = await app.store.plans(), app.clock.now(), channel.limits.price
    found, seconds = own.get(name, app.default_plan), timedelta.total_seconds
    return Plan(
        channel=name,
        days=[WEEKDAYS[day] for day in found.days],
        times=[each.isoformat() for each in found.times],
        every_seconds=seconds(found.every) if found.every else None,
        zone=found.zone,
        late=Late(
            grace_seconds=seconds(found.late.grace),
            limit_seconds=seconds(found.late.limit),
            gap_seconds=seconds(found.late.gap),
        ),
        daily=found.daily,
        budget=found.budget / MILLION,
        spent=(await app.store.spent(name, month_of(now)[0]) if price else 0) / MILLION,
        currency=price.currency if price else "",
        resend=found.resend,
        paid_results=found.paid_results,
        blackouts=[Blackout.model_validate(each) for each in found.blackouts if each.end > now],
        next=list(islice(found.slots(now), 3)),
    )


HERE = "/v1/channels/{name}"
OPERATIONS = (
    Operation(method="GET", path="/v1/channels", answer=listed, right=Right.SEE, tag=TAG),
    *(
        Operation(method="POST", path=f"{HERE}/{verb.__name__}", answer=verb, right=Right.APPROVE, tag=TAG)
        for verb in (pause, resume, check)
    ),
    Operation(method="GET", path="/v1/plans", answer=plans, right=Right.SEE, tag=TAG),
    Operation(method="GET", path=f"{HERE}/plan", answer=plan, right=Right.SEE, tag=TAG),
    Operation(method="PATCH", path=f"{HERE}/plan", answer=put_plan, right=Right.ADMIN, tag=TAG),
    Operation(method="DELETE", path=f"{HERE}/plan", answer=clear_plan, right=Right.ADMIN, tag=TAG),
)
