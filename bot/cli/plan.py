"""plan set, show, clear and blackout."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from bot.cli.output import json_option, known, local, say, settings_of, show_json, show_table, with_app
from bot.domain.plan import WEEKDAYS
from bot.errors import BadInput

if TYPE_CHECKING:
    from bot.app import App
    from bot.domain.channel import Channel
    from bot.domain.plan import Plan

#: What the parts of a plan are called, where an option has another name.
NAMES = {"late_limit": "limit"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A channel's plan, its next slots, and what it has cost this month in millionths of `currency` ("" = nothing)."""

    channel: str
    plan: "Plan"
    upcoming: tuple[datetime, ...]
    spent: int
    currency: str


@click.group(
    name="plan",
    help="""Show, set or clear a channel's posting times, and the times in which nothing is posted.

\b
Examples:
  handbill plan show
  handbill plan set mastodon --days mon-fri --at 09:00,17:30
  handbill plan blackout all --from "2026-12-24 12:00" --to 2026-12-26""",
)
def plan_command() -> None:
    """Group of plan verbs."""


@plan_command.command(
    name="set",
    short_help="Set posting times, cap, budget.",
    help="""Set the posting times of a channel or of all, or what else is given of its plan; blackouts, cap, budget and
--no-resend stay as they are unless told otherwise, and so does --paid-results.

\b
Examples:
  handbill plan set mastodon --days mon-fri --at 09:00,17:30 --zone Europe/Paris
  handbill plan set x --every 90min --between 08:00-20:00 --daily 5 --budget 20
  handbill plan set x --budget 0""",
)
@click.argument("channel", metavar="CHANNEL|all")
@click.option("--days", help="Weekdays: mon-fri, sat,sun, daily.  [default: mon-sun]")
@click.option("--at", "times", help="Wall-clock times: 09:00,17:30.")
@click.option("--every", help="Steady steps instead of times: 45min, 2h, 30s.")
@click.option("--between", help="First and last moment for --every.  [default: 00:00-23:59]")
@click.option("--zone", help="IANA time zone (default: HANDBILL_ZONE).")
@click.option("--gap", help="Least time between late posts.  [default: 5min]")
@click.option("--grace", help="How late a post may go out at once.  [default: 15min]")
@click.option("--late-limit", help="How late before a person is asked.  [default: 24h]")
@click.option("--daily", type=click.IntRange(0, 10_000), help="At most so many posts within 24 hours; 0 = no limit.")
@click.option("--budget", help="What the channel's posts may cost in a calendar month (UTC): 20; 0 = no limit.")
@click.option("--resend/--no-resend", default=None, help="Send again what left no trace, or ask a person first.")
@click.option(
    "--paid-results/--no-paid-results",
    default=None,
    help="Ask for replies, likes and views where asking costs money (X), or not.",
)
@json_option
@click.pass_context
def set_plan(ctx: click.Context, /, channel: str, as_json: bool, **options: Any) -> None:  # noqa: ANN401 - click's
    """Store a channel's plan."""
    default_zone = settings_of(ctx).zone

    async def work(app: "App") -> list[Shown]:
        found = await _channels(app, channel)
        plans = [_plan(options, await _present(app, each.name), each, default_zone) for each in found]
        return await _put(app, dict(zip(found, plans, strict=True)))

    _show_plans(with_app(ctx, work), as_json=as_json)


@plan_command.command(
    name="show",
    short_help="Show times, next slots, caps, blackouts.",
    help="""Show the posting times, the next slots, caps and blackouts of one channel or all.

\b
Example:
  handbill plan show mastodon""",
)
@click.argument("channel", metavar="[CHANNEL|all]", required=False)
@json_option
@click.pass_context
def show_plan(ctx: click.Context, channel: str | None, as_json: bool) -> None:
    """Show plans."""

    async def work(app: "App") -> list[Shown]:
        return await _shown(app, await _channels(app, channel) if channel else await app.store.channels())

    _show_plans(with_app(ctx, work), as_json=as_json)


@plan_command.command(
    name="clear",
    short_help="Give back the default times.",
    help="""Give a channel, or all, the default times again. What limits it stays: blackouts, cap, budget, --no-resend.

\b
Example:
  handbill plan clear mastodon""",
)
@click.argument("channel", metavar="CHANNEL|all")
@json_option
@click.pass_context
def clear_plan(ctx: click.Context, channel: str, as_json: bool) -> None:
    """Take away a channel's own times."""
    from bot.flow.drafting import without_times

    async def work(app: "App") -> list[Shown]:
        found = await _channels(app, channel)
        plans = {each: without_times(await _present(app, each.name), app.default_plan) for each in found}
        return await _put(app, plans)

    _show_plans(with_app(ctx, work), as_json=as_json)


@plan_command.command(
    name="blackout",
    short_help="Set a time in which nothing is posted.",
    help="""Set a time in which nothing is posted on a channel, or on all; what is due in it waits for its end, and is then
posted one by one. A day alone means the whole day.

\b
Examples:
  handbill plan blackout all --from "2026-12-24 12:00" --to 2026-12-26 --why Christmas
  handbill plan blackout x --clear""",
)
@click.argument("channel", metavar="CHANNEL|all")
@click.option("--from", "start", help="When it begins, in the plan's zone: 2026-12-24 or '2026-12-24 18:00'.")
@click.option("--to", "end", help="When it ends; with a day alone, that day is in it.")
@click.option("--why", default="", help="Why, for those who wonder.")
@click.option("--clear", is_flag=True, help="Take every blackout away.")
@json_option
@click.pass_context
def blackout_plan(
    ctx: click.Context, channel: str, start: str | None, end: str | None, why: str, clear: bool, as_json: bool
) -> None:
    """Silence a channel for a while."""
    if clear == bool(start or end):
        raise BadInput("the times are missing" if not clear else "--clear takes no times", hint="say --from and --to")
    if not clear and not (start and end):
        raise BadInput("one end is missing", hint="say both --from and --to")
    from bot.flow.drafting import blackout_of, silenced

    async def work(app: "App") -> list[Shown]:
        now, plans = app.clock.now(), {}
        for each in await _channels(app, channel):
            old = await _present(app, each.name)
            new = () if clear else (blackout_of(str(start), str(end), why, old),)
            plans[each] = silenced(replace(old, blackouts=()) if clear else old, new, now)
        return await _put(app, plans)

    _show_plans(with_app(ctx, work), as_json=as_json)


async def _channels(app: "App", channel: str) -> "Sequence[Channel]":
    """Return one channel, or with "all" all of them, at least one; raises NotFound."""
    found = await app.store.channels()
    if channel == "all" and found:
        return found
    await known(app, channel)
    return [each for each in found if each.name == channel]


async def _put(app: "App", plans: "Mapping[Channel, Plan | None]") -> list[Shown]:
    """Store plans that were all found to be right, None = the default one, and return them as they are now."""
    for channel, plan in plans.items():
        await app.steering.put_plan(channel.name, plan)
    return await _shown(app, list(plans))


async def _present(app: "App", channel: str) -> "Plan":
    return (await app.store.plans()).get(channel, app.default_plan)


async def _shown(app: "App", channels: "Sequence[Channel]") -> list[Shown]:
    from bot.domain.pacing import month_of

    now, found = app.clock.now(), []
    for each in channels:
        plan, price = await _present(app, each.name), each.limits.price
        plan = replace(plan, blackouts=tuple(one for one in plan.blackouts if one.end > now))
        spent = await app.store.spent(each.name, month_of(now)[0]) if price else 0
        slots = tuple(islice(plan.slots(now), 3))
        currency = price.currency if price else ""
        found.append(Shown(channel=each.name, plan=plan, upcoming=slots, spent=spent, currency=currency))
    return found


def _plan(options: Mapping[str, Any], present: "Plan", channel: "Channel", default_zone: str) -> "Plan":
    """Return the plan that the words ask for: with new times all of them count, else only what is given changes."""
    from bot.flow.drafting import drafted

    words = {NAMES.get(name, name): _word(value) for name, value in options.items() if value is not None}
    if not words:
        raise BadInput("the times are missing", hint="say when: --at 09:00,17:30 or --every 2h")
    return drafted(words, present, channel, default_zone)


def _word(value: Any) -> str:  # noqa: ANN401 - click's
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)


def _show_plans(plans: Sequence[Shown], *, as_json: bool) -> None:
    if as_json:
        show_json([_plan_shape(each) for each in plans])
        return
    rows = [(each.channel, *_when(each.plan), each.plan.zone, _next(each)) for each in plans]
    show_table(("channel", "days", "times", "zone", "next slots"), rows)
    for each in plans:
        for line in _rules(each):
            say(f"  {each.channel}: {line}")


def _when(plan: "Plan") -> tuple[str, str]:
    from bot.domain.spans import said

    times = ", ".join(f"{each:%H:%M}" for each in plan.times)
    if plan.every:
        times = f"every {said(plan.every)} from {plan.times[0]:%H:%M} to {plan.times[-1]:%H:%M}"
    return " ".join(WEEKDAYS[day] for day in plan.days), times


def _next(shown: Shown) -> str:
    return "; ".join(local(slot, shown.plan.zone) for slot in shown.upcoming)


def _rules(shown: Shown) -> list[str]:
    """Return what limits a channel beside its times, in words."""
    from bot.domain.pacing import money

    plan, lines = shown.plan, []
    if plan.daily:
        lines.append(f"at most {plan.daily} within 24 hours")
    if plan.budget:
        budget, spent = money(plan.budget, shown.currency), money(shown.spent, shown.currency)
        lines.append(f"at most {budget} a month; {spent} spent this month")
    if not plan.resend:
        lines.append("what left no trace is not sent again before a person says so")
    if plan.paid_results:
        lines.append("what became of its posts is asked, which costs money")
    for each in plan.blackouts:
        why = f": {each.why}" if each.why else ""
        lines.append(f"nothing from {local(each.start, plan.zone)} to {local(each.end, plan.zone)}{why}")
    return lines


def _plan_shape(shown: Shown) -> dict[str, Any]:
    plan = shown.plan
    seconds: Callable[[timedelta], float] = timedelta.total_seconds
    return {
        "channel": shown.channel,
        "days": [WEEKDAYS[day] for day in plan.days],
        "times": [each.isoformat() for each in plan.times],
        "every_seconds": seconds(plan.every) if plan.every else None,
        "zone": plan.zone,
        "late": {
            "grace_seconds": seconds(plan.late.grace),
            "limit_seconds": seconds(plan.late.limit),
            "gap_seconds": seconds(plan.late.gap),
        },
        "daily": plan.daily,
        "budget": plan.budget / 1_000_000,
        "spent": shown.spent / 1_000_000,
        "currency": shown.currency,
        "resend": plan.resend,
        "paid_results": plan.paid_results,
        "blackouts": [{"start": each.start, "end": each.end, "why": each.why} for each in plan.blackouts],
        "next": list(shown.upcoming),
    }
