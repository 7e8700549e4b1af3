"""status and log."""

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from bot.cli.output import json_option, local, one_line, quiet_logs, settings_of, shape, show_json, show_table, with_app

if TYPE_CHECKING:
    from bot.app import App
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
    from bot.store.lock import bot_is_running

    settings = settings_of(ctx)
    running = bot_is_running(settings.data)
    if alive:
        click.echo("running" if running else "not running")
        ctx.exit(0 if running else 1)
    found = with_app(ctx, _look, catch_up=True)
    found["running"] = running
    if as_json:
        show_json(found)
    else:
        _show(found, settings.zone)


async def _look(app: "App") -> dict[str, Any]:
    hold = await app.store.hold()
    deliveries = await app.store.deliveries()
    upcoming = await app.store.next_due()
    return {
        "paused": {"on": hold.on, "why": hold.why, "since": hold.since},
        "channels": [
            {"name": each.name, "platform": each.platform, "account": each.account, "paused": each.paused}
            for each in await app.store.channels()
        ],
        "missing": [name for each in app.settings.channels for name in each.missing],
        "problems": [
            {"level": each.level, "where": each.where, "what": each.what, "hint": each.hint}
            for each in await app.store.problems()
        ],
        "deliveries": dict(Counter(str(each.state) for each in deliveries)),
        "next_due": upcoming,
        "attention": [shape(each) for each in deliveries if each.state in ("uncertain", "failed")],
    }


def _show(found: dict[str, Any], zone: str) -> None:
    click.echo(f"The bot is {'running' if found['running'] else 'not running (start it with `handbill run`)'}.")
    if found["paused"]["on"]:
        click.echo(f"Everything is PAUSED since {local(found['paused']['since'], zone)}: {found['paused']['why']}")
    if not found["channels"]:
        click.echo("No channel is set up: run `handbill init`, then `handbill doctor`.")
    for channel in found["channels"]:
        paused = f"  PAUSED: {channel['paused']} (mend it, then `handbill doctor`)" if channel["paused"] else ""
        click.echo(f"  {channel['name']}  {channel['account'] or 'not verified yet'}{paused}")
    for name in found["missing"]:
        click.echo(f"  missing setting: {name}")
    states = ", ".join(f"{count} {state}" for state, count in sorted(found["deliveries"].items()))
    click.echo(f"Deliveries: {states or 'none yet; put an article into queue/ or use `handbill add`'}.")
    if found["next_due"]:
        click.echo(f"Next: {local(found['next_due'], zone)} ({zone})")
    for problem in found["problems"]:
        click.echo(f"{problem['level'].upper()} {problem['where']}: {problem['what']}")
        if problem["hint"]:
            click.echo(f"  {problem['hint']}")
    for delivery in found["attention"]:
        click.echo(f"{delivery['state'].upper()} {delivery['id']} on {delivery['channel']}: {delivery['why']}")


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
    settings = settings_of(ctx)
    quiet_logs(settings)

    async def work() -> "tuple[Delivery, list[Attempt], list[Any]]":
        from bot import app

        async with app.opened(settings) as opened:
            found = await opened.store.delivery(delivery)
            attempts, history = await opened.store.attempts(found.id), await opened.store.history(found.id)
            return found, list(attempts), list(history)

    found, attempts, history = asyncio.run(work())
    if as_json:
        moves = [{"at": at, "state": str(state), "why": why} for at, state, why in history]
        show_json({**shape(found), "attempts": [_attempt_shape(each) for each in attempts], "history": moves})
        return
    click.echo(f"{found.id}  {found.campaign}/{found.article} on {found.channel}: {found.state}  {found.why}\n")
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
    for number, receipt in found.receipts:
        click.echo(f"part {number}: {receipt.url}")
    for part in found.post.parts:
        click.echo(f"\n[{part.number}] {part.length}/{part.limit}\n{part.text}")


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
