"""plan and queue."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from bot.cli.output import json_option, local, one_line, say, settings_of, shape, show_json, show_table, with_app
from bot.domain.plan import WEEKDAYS as DAYS
from bot.errors import BadInput, NotFound

if TYPE_CHECKING:
    from bot.app import App
    from bot.domain.plan import Plan

SPAN = re.compile(r"([0-9]{1,6})\s*(?:(s|sec|seconds?)|(m|min|minutes?)|(h|hours?)|(d|days?))", re.IGNORECASE)
TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")
UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
WHOLE_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LONGEST_SPAN = timedelta(days=366)


@click.group(
    name="plan",
    help="""Show, set or clear a channel's posting times.

\b
Examples:
  handbill plan show
  handbill plan set mastodon --days mon-fri --at 09:00,17:30""",
)
def plan_command() -> None:
    """Group of plan verbs."""


@plan_command.command(
    name="set",
    help="""Set a channel's posting times.

\b
Examples:
  handbill plan set mastodon --days mon-fri --at 09:00,17:30 --zone Europe/Paris
  handbill plan set x --every 90min --between 08:00-20:00""",
)
@click.argument("channel")
@click.option("--days", default="mon-sun", show_default=True, help="Weekdays: mon-fri, sat,sun, daily.")
@click.option("--at", "times", default="", help="Wall-clock times: 09:00,17:30.")
@click.option("--every", default="", help="Steady steps instead of times: 45min, 2h, 30s.")
@click.option("--between", default="00:00-23:59", show_default=True, help="First and last moment for --every.")
@click.option("--zone", default="", help="IANA time zone (default: HANDBILL_ZONE).")
@click.option("--gap", default="5min", show_default=True, help="Least time between late posts.")
@click.option("--grace", default="15min", show_default=True, help="How late a post may go out at once.")
@click.option("--late-limit", default="24h", show_default=True, help="How late before a person is asked.")
@json_option
@click.pass_context
def set_plan(ctx: click.Context, /, channel: str, as_json: bool, **options: str) -> None:
    """Store a channel's plan."""
    plan = _plan(options, settings_of(ctx).zone)

    async def work(app: "App") -> None:
        await _known(app, channel)
        await app.steering.put_plan(channel, plan)

    with_app(ctx, work)
    _show_plans({channel: plan}, as_json=as_json)


@plan_command.command(
    name="show",
    help="""Show the posting times and the next slots of one channel or all.

\b
Example:
  handbill plan show mastodon""",
)
@click.argument("channel", required=False)
@json_option
@click.pass_context
def show_plan(ctx: click.Context, channel: str | None, as_json: bool) -> None:
    """Show plans."""

    async def work(app: "App") -> "dict[str, Plan]":
        if channel:
            await _known(app, channel)
        own = await app.store.plans()
        names = [channel] if channel else [each.name for each in await app.store.channels()]
        return {name: own.get(name, app.default_plan) for name in names}

    _show_plans(with_app(ctx, work), as_json=as_json)


@plan_command.command(
    name="clear",
    help="""Give a channel the default times again.

\b
Example:
  handbill plan clear mastodon""",
)
@click.argument("channel")
@json_option
@click.pass_context
def clear_plan(ctx: click.Context, channel: str, as_json: bool) -> None:
    """Remove a channel's plan."""

    async def work(app: "App") -> "dict[str, Plan]":
        await _known(app, channel)
        await app.steering.put_plan(channel, None)
        return {channel: app.default_plan}

    _show_plans(with_app(ctx, work), as_json=as_json)


async def _known(app: "App", channel: str) -> None:
    names = [each.name for each in await app.store.channels()]
    if channel not in names:
        raise NotFound(
            f"no channel is called {channel!r}", hint=f"there are: {', '.join(names) or 'none, see handbill init'}"
        )


def _plan(options: Mapping[str, str], default_zone: str) -> "Plan":
    from bot.domain.lateness import LatePolicy
    from bot.domain.plan import Plan

    zone = _zone(options["zone"] or default_zone)
    late = LatePolicy(grace=_span(options["grace"]), limit=_span(options["late_limit"]), gap=_span(options["gap"]))
    days = _days(options["days"])
    if options["every"]:
        if options["times"]:
            raise BadInput("--at and --every cannot go together", hint="choose one of them")
        first, last = _between(options["between"])
        return Plan(days=days, times=(first, last), zone=zone, every=_span(options["every"]), late=late)
    if not options["times"]:
        raise BadInput("the times are missing", hint="say when: --at 09:00,17:30 or --every 2h")
    return Plan(
        days=days, times=tuple(sorted({_time(each) for each in options["times"].split(",")})), zone=zone, late=late
    )


def _zone(name: str) -> str:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise BadInput(f"no time zone is called {name!r}", hint="use a name such as Europe/Paris") from error
    return name


def _days(text: str) -> tuple[int, ...]:
    if text.strip().lower() == "daily":
        return tuple(range(7))
    chosen: set[int] = set()
    for piece in text.split(","):
        first, dash, last = (end.strip() for end in piece.partition("-"))
        start = _day(first, piece)
        end = _day(last, piece) if dash else start
        chosen |= {day % 7 for day in range(start, end + 1 if end >= start else end + 8)}
    return tuple(sorted(chosen))


def _day(text: str, piece: str) -> int:
    """Return the number of a weekday, in English, whole or its first three letters."""
    if text.lower() not in {*DAYS, *WHOLE_DAYS}:
        raise BadInput(f"{piece.strip()!r} is no weekday", hint=f"use {', '.join(DAYS)}, mon-fri, sat,sun or daily")
    return DAYS.index(text.lower()[:3])


def _between(text: str) -> tuple[time, time]:
    first, dash, last = text.partition("-")
    if not dash:
        raise BadInput(f"{text!r} does not say from when to when", hint="write it like 08:00-20:00")
    start, end = _time(first), _time(last)
    if end <= start:
        hint = "a day's slots cannot go past midnight: end at 23:59 at the latest"
        raise BadInput(f"{text!r} ends before it begins", hint=hint)
    return start, end


def _time(text: str) -> time:
    match = TIME.fullmatch(text.strip())
    try:
        if match is not None:
            hour, minute, second = (int(each or 0) for each in match.groups())
            return time(hour, minute, second)
    except ValueError:
        match = None  # 25:00
    raise BadInput(f"{text.strip()!r} is no time of day", hint="write it like 09:00 or 17:30")


def _span(text: str) -> timedelta:
    match = SPAN.fullmatch(text.strip())
    span = timedelta(0)
    if match is not None:
        size = next(size for size, unit in zip((1, 60, 3600, 86400), match.groups()[1:], strict=True) if unit)
        span = timedelta(seconds=int(match[1]) * size)
    if not timedelta(0) < span <= LONGEST_SPAN:
        raise BadInput(f"{text!r} is no length of time", hint="write it like 30s, 45min, 2h or 3d; a year at most")
    return span


def _said(span: timedelta) -> str:
    """Return a length of time as `--every` takes it."""
    seconds = int(span.total_seconds())
    size, unit = next((size, unit) for size, unit in UNITS if seconds % size == 0)
    return f"{seconds // size}{unit}"


def _show_plans(plans: "Mapping[str, Plan]", *, as_json: bool) -> None:
    now = datetime.now(UTC)  # noqa: TID251 - only to show which slots come next
    upcoming = {name: list(islice(plan.slots(now), 3)) for name, plan in plans.items()}
    if as_json:
        show_json([_plan_shape(name, plan, upcoming[name]) for name, plan in plans.items()])
        return
    rows = []
    for name, plan in plans.items():
        days = " ".join(DAYS[day] for day in plan.days)
        times = ", ".join(f"{each:%H:%M}" for each in plan.times)
        if plan.every:
            times = f"every {_said(plan.every)} from {plan.times[0]:%H:%M} to {plan.times[-1]:%H:%M}"
        rows.append((name, days, times, plan.zone, "; ".join(local(slot, plan.zone) for slot in upcoming[name])))
    show_table(("channel", "days", "times", "zone", "next slots"), rows)


def _plan_shape(name: str, plan: "Plan", upcoming: list[datetime]) -> dict[str, Any]:
    return {
        "channel": name,
        "days": [DAYS[day] for day in plan.days],
        "times": [each.isoformat() for each in plan.times],
        "every_seconds": plan.every.total_seconds() if plan.every else None,
        "zone": plan.zone,
        "late": {
            "grace_seconds": plan.late.grace.total_seconds(),
            "limit_seconds": plan.late.limit.total_seconds(),
            "gap_seconds": plan.late.gap.total_seconds(),
        },
        "next": upcoming,
    }


@click.command(
    name="queue",
    help="""List deliveries: what is due, where, when, in which state. Takes in new articles first if no bot is running.

\b
Examples:
  handbill queue
  handbill queue --campaign summer --state held --json""",
)
@click.option("--campaign", default="", help="Only this campaign.")
@click.option("--channel", default="", help="Only this channel.")
@click.option("--state", "states", multiple=True, help="Only this state (may be given again).")
@click.option("--all", "everything", is_flag=True, help="Also what is sent, failed or cancelled.")
@json_option
@click.pass_context
def queue_command(
    ctx: click.Context,
    campaign: str,
    channel: str,
    states: tuple[str, ...],
    everything: bool,
    as_json: bool,
) -> None:
    """Show the queue."""
    from bot.domain.delivery import State

    try:
        wanted = [State(each) for each in states]
    except ValueError as error:
        raise BadInput(
            f"there is no such state: {error.args[0].split()[0]}", hint=f"there are {', '.join(State)}"
        ) from error
    open_states = (State.SENDING, State.UNCERTAIN, State.RETRYING, State.SCHEDULED, State.HELD)
    chosen = tuple(wanted) or (() if everything else open_states)

    async def work(app: "App") -> list[Any]:
        if channel:
            await _known(app, channel)
        return list(await app.store.deliveries(campaign=campaign, channel=channel, states=chosen))

    found = with_app(ctx, work, catch_up=True)
    if as_json:
        show_json([shape(each) for each in found])
        return
    if not found:
        if campaign or channel or wanted:
            say("No delivery is like that. `handbill queue --all` shows every one.")
        else:
            say("Nothing waits. Put an article into queue/CAMPAIGN/ or use `handbill add`; `--all` shows what is done.")
        return
    zone = settings_of(ctx).zone
    rows = [
        (each.id, each.channel, each.state, local(each.due, zone), f"{each.campaign}/{each.article}", _tail(each))
        for each in found
    ]
    show_table(("delivery", "channel", "state", f"due ({zone})", "article", "text or reason"), rows)


def _tail(delivery: Any) -> str:  # noqa: ANN401 - a Delivery
    shown = delivery.why if delivery.why and delivery.state != "scheduled" else delivery.post.parts[0].text
    parts = len(delivery.post.parts)
    return one_line(shown) + (f" ({parts} parts)" if parts > 1 else "")
