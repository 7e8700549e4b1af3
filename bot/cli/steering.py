"""approve, hold, cancel, send-now, settle, retract, pause, resume."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

import click

from bot.cli.output import json_option, local, quiet_logs, say, settings_of, shape, show_json, with_app
from bot.errors import BadInput

if TYPE_CHECKING:
    from bot.app import App
    from bot.domain.delivery import Delivery
    from bot.ports import Hold

ids_argument = click.argument("deliveries", nargs=-1, required=True, metavar="DELIVERY…")


def _decide(ctx: click.Context, ids: Sequence[str], verb: str, as_json: bool) -> None:
    async def work(app: "App") -> "Sequence[Delivery]":
        chosen: Sequence[Delivery] = await getattr(app.steering, verb)(ids)
        return chosen

    _told(with_app(ctx, work), settings_of(ctx).zone, as_json)


def _told(deliveries: "Sequence[Delivery]", zone: str, as_json: bool) -> None:
    if as_json:
        show_json([shape(each) for each in deliveries])
        return
    for each in deliveries:
        moment = f" for {local(each.due, zone)}" if each.due and each.state in ("scheduled", "retrying") else ""
        say(f"{each.id}  {each.channel}  {each.state}{moment}  {each.campaign}/{each.article}")


def _command(name: str, verb: str, words: str, example: str) -> click.Command:
    @click.command(name=name, help=f"{words}\n\n\b\nExample:\n  {example}")
    @ids_argument
    @json_option
    @click.pass_context
    def run(ctx: click.Context, deliveries: tuple[str, ...], as_json: bool) -> None:
        _decide(ctx, deliveries, verb, as_json)

    return run


approve_command = _command(
    "approve", "approve", "Give each held delivery the next free slot of its channel.", "handbill approve 3f2a 77c0"
)
hold_command = _command(
    "hold", "hold", "Take each delivery off the schedule until it is approved again.", "handbill hold 3f2a"
)
cancel_command = _command("cancel", "cancel", "End each delivery unsent, for good.", "handbill cancel 3f2a")
send_now_command = _command(
    "send-now",
    "send_now",
    "Make each delivery due at once. A running bot posts it within seconds; else the next `handbill run` does.",
    "handbill send-now 3f2a",
)


@click.command(
    name="settle",
    help="""Say what became of an uncertain delivery, after looking at the platform.

\b
Examples:
  handbill settle 3f2a --there --url https://t.me/townlibrary/17
  handbill settle 3f2a --absent        it is sent again
  handbill settle 3f2a --give-up""",
)
@click.argument("delivery")
@click.option("--there", "verdict", flag_value="there", help="The post is on the platform (needs --url).")
@click.option("--absent", "verdict", flag_value="absent", help="It is not there: send it again.")
@click.option("--give-up", "verdict", flag_value="give up", help="Leave it.")
@click.option("--url", default="", help="Where the post is, with --there.")
@json_option
@click.pass_context
def settle_command(ctx: click.Context, delivery: str, verdict: str | None, url: str, as_json: bool) -> None:
    """Settle one uncertain delivery."""
    if verdict is None:
        raise BadInput("the verdict is missing", hint="say --there --url ADDRESS, --absent or --give-up")
    chosen = verdict

    async def work(app: "App") -> "Delivery":
        from bot.flow.steering import Verdict

        return await app.steering.settle(delivery, Verdict(chosen), url)

    _told([with_app(ctx, work)], settings_of(ctx).zone, as_json)


@click.command(
    name="retract",
    help="""Remove a published post from its platform, every part of it, and record that.

\b
Example:
  handbill retract 3f2a""",
)
@click.argument("delivery")
@json_option
@click.pass_context
def retract_command(ctx: click.Context, delivery: str, as_json: bool) -> None:
    """Withdraw one post."""
    settings = settings_of(ctx)
    quiet_logs(settings)

    async def work() -> "Delivery":
        from bot import app

        async with app.opened(settings) as opened, app.connected(opened) as live:
            return await live.app.steering.retract(delivery, live.platforms)

    _told([asyncio.run(work())], settings.zone, as_json)


@click.command(
    name="pause",
    help="""Stop all posting on every channel at once. What is on its way is finished; nothing new is begun.

\b
Example:
  handbill pause "Storm warning: nothing but emergency news today" """,
)
@click.argument("reason", nargs=-1, required=True)
@json_option
@click.pass_context
def pause_command(ctx: click.Context, reason: tuple[str, ...], as_json: bool) -> None:
    """Pause everything."""
    why = " ".join(" ".join(reason).split())
    if not why:
        raise BadInput("the reason is missing", hint="those who find posting paused will want to know why")
    _hold(ctx, lambda app: app.steering.pause(why), as_json)


@click.command(
    name="resume",
    help="""Post again. What came due during the pause is late, and each channel's late policy says what becomes of it.

\b
Example:
  handbill resume""",
)
@json_option
@click.pass_context
def resume_command(ctx: click.Context, as_json: bool) -> None:
    """Resume everything."""
    _hold(ctx, lambda app: app.steering.resume(), as_json)


def _hold(ctx: click.Context, verb: "Callable[[App], Awaitable[Hold]]", as_json: bool) -> None:
    hold = with_app(ctx, verb)
    if as_json:
        show_json({"paused": hold.on, "why": hold.why, "since": hold.since})
    else:
        say(f"Everything is paused: {hold.why}" if hold.on else "Posting again.")
