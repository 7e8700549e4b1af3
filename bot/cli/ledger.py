"""status and log."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from bot.cli.output import (
    at_home,
    home_of,
    json_option,
    local,
    one_line,
    quiet_logs,
    say,
    settings_of,
    shape,
    show_json,
    show_table,
    tell,
    with_app,
)

if TYPE_CHECKING:
    from bot.app import App
    from bot.domain.channel import Channel
    from bot.domain.delivery import Attempt, Delivery


@click.command(
    name="status",
    help="""Tell how things stand: is the bot running, channels, files that could not be taken, what is due.

\b
Examples:
  handbill status
  handbill status --json
  handbill status --alive      exit code 0 while the bot runs (for health checks)""",
)
@click.option("--alive", is_flag=True, help="Only say whether the bot is running, by the exit code.")
@json_option
@click.pass_context
def status_command(ctx: click.Context, alive: bool, as_json: bool) -> None:
    """Show the whole at a glance."""
    from bot.settings import load
    from bot.store.lock import bot_is_running

    running = bot_is_running(load(home_of(ctx)).data)
    if alive:
        say("running" if running else "not running")
        ctx.exit(0 if running else 1)
    settings = settings_of(ctx)
    found = {"running": running} | with_app(ctx, _look, catch_up=True)
    if as_json:
        show_json(found)
    else:
        _show(found, settings.zone)


async def _look(app: "App") -> dict[str, Any]:
    from bot.domain.delivery import State

    hold = await app.store.hold()
    attention = await app.store.deliveries(states=(State.UNCERTAIN, State.FAILED))
    return {
        "trouble": await app.store.trouble(),
        "paused": {"on": hold.on, "why": hold.why, "since": hold.since},
        "channels": [await _channel(app, each) for each in await app.store.channels()],
        "missing": [name for each in app.settings.channels for name in each.missing],
        "problems": [
            {"level": each.level, "where": each.where, "what": each.what, "hint": each.hint}
            for each in await app.store.problems()
        ],
        "deliveries": {str(state): count for state, count in (await app.store.tally()).items()},
        "next_due": await app.store.next_due(),
        "attention": [shape(each) for each in attention],
    }


async def _channel(app: "App", channel: "Channel") -> dict[str, Any]:
    from bot.domain.pacing import MILLION, month_of

    now, price = app.clock.now(), channel.limits.price
    budget = (await app.planner.plan(channel.name)).budget
    spent = await app.store.spent(channel.name, month_of(now)[0]) if budget and price else 0
    return {
        "name": channel.name,
        "platform": channel.platform,
        "account": channel.account,
        "paused": channel.paused,
        "rests_until": channel.rests if channel.resting(now) else None,
        "rests_why": channel.rests_why if channel.resting(now) else "",
        "budget": budget / MILLION,
        "spent": spent / MILLION,
        "currency": price.currency if budget and price else "",
    }


def _show(found: dict[str, Any], zone: str) -> None:
    tell(f"The bot is {'running' if found['running'] else 'not running (start it with `handbill run`)'}.")
    if found["trouble"]:
        say(f"NOTHING CAN BE SENT: {found['trouble']}. What is due waits, and goes out once that is mended.")
    if found["paused"]["on"]:
        say(f"Everything is PAUSED since {local(found['paused']['since'], zone)}: {found['paused']['why']}")
    if not found["channels"]:
        tell("No channel is set up: run `handbill init`, then `handbill doctor`.")
    names = {channel["name"] for channel in found["channels"]}
    for channel in found["channels"]:
        _show_channel(channel, [each for each in found["problems"] if each["where"] == channel["name"]], zone)
    for name in found["missing"]:
        say(f"  missing setting: {name}")
    states = ", ".join(f"{count} {state}" for state, count in sorted(found["deliveries"].items()))
    tell(f"Deliveries: {states or 'none yet; put an article into queue/ or use `handbill add`'}.")
    if found["next_due"]:
        say(f"Next: {local(found['next_due'], zone)} ({zone})")
    for problem in (each for each in found["problems"] if each["where"] not in names):
        tell(f"{problem['level'].upper()} {problem['where']}: {problem['what']}")
        if problem["hint"]:
            tell(f"  {problem['hint']}")
    for delivery in found["attention"]:
        tell(f"{delivery['state'].upper()} {delivery['id']} on {delivery['channel']}: {delivery['why']}")
        tell(f"  {_next_step(delivery, zone)}")


def _show_channel(channel: dict[str, Any], problems: Sequence[dict[str, Any]], zone: str) -> None:
    paused = f"  PAUSED: {channel['paused']} (mend it, then `handbill doctor`)" if channel["paused"] else ""
    tell(f"  {channel['name']}  {channel['account'] or 'not verified yet'}{paused}")
    for problem in problems:
        tell(f"    {problem['what']}; {problem['hint']}")
    if channel["rests_until"]:
        say(f"    {channel['rests_why']}; next try {local(channel['rests_until'], zone)}")
    if channel["currency"]:
        say(f"    {channel['spent']:,.2f} of {channel['budget']:,.2f} {channel['currency']} spent this month")


def _next_step(delivery: dict[str, Any], zone: str) -> str:
    seen = f"{delivery['id']}@{delivery['version']}"
    if delivery["state"] == "failed":
        return f"mend the cause, then `handbill approve {seen}`; `handbill log {delivery['id']}` tells more"
    if delivery["due"]:
        return f"it may be public; the platform is asked {local(delivery['due'], zone)}"
    return f"it may be public: look there, then `handbill settle {seen}` (--help says how)"


@click.command(
    name="log",
    help="""Tell one delivery's story: every move, every attempt and what the platform said, receipts with addresses.

\b
Example:
  handbill log 3f2a""",
)
@click.argument("delivery")
@json_option
@click.pass_context
def log_command(ctx: click.Context, delivery: str, as_json: bool) -> None:
    """Show one delivery whole."""
    from bot.domain.evidence import evidence

    settings = at_home(ctx)
    quiet_logs(settings)

    async def work() -> "tuple[Delivery, list[Attempt], list[Any]]":
        from bot import app

        async with app.opened(settings) as opened:
            found = await opened.store.delivery(delivery.partition("@")[0])
            attempts, history = await opened.store.attempts(found.id), await opened.store.history(found.id)
            return found, list(attempts), list(history)

    found, attempts, history = asyncio.run(work())
    if as_json:
        moves = [{"at": at, "state": str(state), "why": why} for at, state, why in history]
        tried = [_attempt_shape(each) for each in attempts]
        known = [{"at": each.at, "what": each.what} for each in evidence(found, attempts, history)]
        show_json({**shape(found), "attempts": tried, "history": moves, "evidence": known})
        return
    say(f"{found.id}  {found.campaign}/{found.article} on {found.channel}: {found.state}  {found.why}\n")
    show_table(("when", "state", "why"), [(local(at, settings.zone), str(state), why) for at, state, why in history])
    rows = [
        (
            local(each.armed, settings.zone),
            str(each.part),
            type(each.outcome).__name__ if each.outcome else "–",
            _said(each),
        )
        for each in attempts
    ]
    show_table(("attempt", "part", "outcome", "what it said"), rows)
    if facts := evidence(found, attempts, history):
        say("\nNobody knows whether it is public. What is known:")
        show_table(("when", "what"), [(local(each.at, settings.zone) or "now", each.what) for each in facts])
    for number, receipt in found.receipts:
        say(f"part {number}: {receipt.url}")
    for part in found.post.parts:
        say(f"\n[{part.number}] {part.length}/{part.limit}\n{part.text}")


def _said(attempt: "Attempt") -> str:
    receipt = getattr(attempt.outcome, "receipt", None)
    return receipt.url if receipt else one_line(getattr(attempt.outcome, "why", "nothing heard"), 120)


def _attempt_shape(attempt: "Attempt") -> dict[str, Any]:
    return {
        "part": attempt.part,
        "armed": attempt.armed,
        "deadline": attempt.deadline,
        "ended": attempt.ended,
        "key": attempt.key.value,
        "fingerprint": attempt.fingerprint,
        "outcome": type(attempt.outcome).__name__.lower() if attempt.outcome else None,
        "said": _said(attempt),
    }
