"""plan and queue."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from bot.cli.output import json_option, local, one_line, settings_of, shape, show_json, show_table, with_app
from bot.domain.plan import WEEKDAYS as DAYS

if TYPE_CHECKING:
    from bot.app import App
    from bot.domain.plan import Plan

STEP = re.compile(r"(\d+)\s*(s|sec|min|m|h|hours?)", re.IGNORECASE)


@click.group(name="plan", help="Show, set or clear a channel's posting times.")
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
        await app.store.put_plan(channel, plan)

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
        await app.store.put_plan(channel, None)
        return {channel: app.default_plan}

    _show_plans(with_app(ctx, work), as_json=as_json)


async def _known(app: "App", channel: str) -> None:
    from bot.errors import NotFound

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
        first, _, last = options["between"].partition("-")
        return Plan(days=days, times=(_time(first), _time(last)), zone=zone, every=_span(options["every"]), late=late)
    if not options["times"]:
        raise click.UsageError("say when: --at 09:00,17:30 or --every 2h")
    return Plan(
        days=days, times=tuple(sorted({_time(each) for each in options["times"].split(",")})), zone=zone, late=late
    )


def _zone(name: str) -> str:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise click.BadParameter(f"no time zone is called {name!r}; use a name such as Europe/Paris") from error
    return name


def _days(text: str) -> tuple[int, ...]:
    if text == "daily":
        return tuple(range(7))
    chosen: set[int] = set()
    for piece in text.lower().split(","):
        first, _, last = (end.strip()[:3] for end in piece.partition("-"))
        if first not in DAYS or (last and last not in DAYS):
            raise click.BadParameter(f"{piece!r} is no weekday; use {', '.join(DAYS)}, mon-fri or daily")
        start, end = DAYS.index(first), DAYS.index(last or first)
        chosen |= {day % 7 for day in range(start, end + 1 if end >= start else end + 8)}
    return tuple(sorted(chosen))


def _time(text: str) -> time:
    try:
        return time.fromisoformat(text.strip().zfill(5))
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is no time of day such as 09:00") from error


def _span(text: str) -> timedelta:
    match = STEP.fullmatch(text.strip())
    if match is None or int(match[1]) == 0:
        raise click.BadParameter(f"{text!r} is no length of time such as 30s, 45min or 2h")
    seconds = {"s": 1, "m": 60, "h": 3600}[match[2][0].lower()]
    return timedelta(seconds=int(match[1]) * seconds)


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
        when = f"every {plan.every} from {plan.times[0]:%H:%M} to {plan.times[-1]:%H:%M}" if plan.every else times
        rows.append((name, days, when, plan.zone, "; ".join(local(slot, plan.zone) for slot in upcoming[name])))
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
        raise click.BadParameter(f"{error}; states are {', '.join(State)}") from error
    open_states = (State.SENDING, State.UNCERTAIN, State.RETRYING, State.SCHEDULED, State.HELD)
    chosen = tuple(wanted) or (() if everything else open_states)

    async def work(app: "App") -> list[Any]:
        return list(await app.store.deliveries(campaign=campaign, channel=channel, states=chosen))

    found = with_app(ctx, work, catch_up=True)
    if as_json:
        show_json([shape(each) for each in found])
        return
    if not found:
        click.echo(
            "Nothing here. Put an article into queue/<campaign>/ or use `handbill add`; `--all` shows what is done."
        )
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
