"""approve, move, hold, cancel, send-now, settle, retract, pause, resume."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from bot.cli.output import (
    at_home,
    json_option,
    local,
    quiet_logs,
    say,
    settings_of,
    shape,
    show_json,
    show_warnings,
    tell,
    typed,
    warnings_of,
    who,
    with_app,
)
from bot.errors import BadInput

if TYPE_CHECKING:
    from bot.app import App
    from bot.domain.delivery import Delivery
    from bot.domain.ledger import Hold
    from bot.flow.outlook import Outlook
    from bot.flow.releasing import Released


class _Moved(click.Command):
    """`move`, which takes a moment behind its deliveries; who names none is told so, whatever stands last."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Return what is left of the words; raises MissingParameter for the right one."""
        words = [each for each in args if not each.startswith("-")]
        try:
            return super().parse_args(ctx, args)
        except click.MissingParameter as error:
            if words and error.param is not None and error.param.name == "deliveries" and not _is_moment(words[-1]):
                to = next(each for each in self.params if each.name == "to")
                hint = "a day, or a day and a time: 2026-11-24, '2026-11-24 09:00'"
                raise click.MissingParameter(hint, ctx=ctx, param=to) from error
            raise


def _is_moment(word: str) -> bool:
    return word[:4].isdigit() and "-" in word


ids_argument = click.argument("deliveries", nargs=-1, required=True, metavar="DELIVERY[@VERSION]…")
#: What `resume --json` counts.
COUNTS = ("due", "reslotted", "held", "dropped", "begun", "uncertain")
#: What is told of in counts when posting goes on.
RESUMED = (("reslotted", "got the next free slot"), ("held", "held, with no free slot left"), ("dropped", "cancelled"))


def _decide(ctx: click.Context, ids: Sequence[str], verb: str, as_json: bool, **more: bool) -> None:
    zone = settings_of(ctx).zone

    async def work(app: "App") -> "Sequence[Delivery]":
        chosen: Sequence[Delivery] = await getattr(app.steering, verb)(ids, **more)
        found.update(await warnings_of(app, chosen))
        if verb == "send_now":
            for name, outlook in (await app.outlooks.of(chosen)).items():
                found[name] = [_foretold(outlook, zone), *found.get(name, [])]
        return chosen

    found: dict[str, list[str]] = {}
    _told(with_app(ctx, work), zone, as_json, found)
    if not as_json:
        show_warnings(found)


def _told(
    deliveries: "Sequence[Delivery]",
    zone: str,
    as_json: bool,
    warnings: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> None:
    if as_json:
        show_json([shape(each, warnings.get(each.id, ())) for each in deliveries])
        return
    for each in deliveries:
        moment = f" for {local(each.due, zone)}" if each.due and each.state in ("scheduled", "retrying") else ""
        say(f"{each.id}  {each.channel}  {each.state}{moment}  {each.campaign}/{each.article}")


def _foretold(outlook: "Outlook", zone: str) -> str:
    """Put into words what keeps a post from going out now, and what a person can do about that."""
    if outlook.to is not None:
        what = f"it will not go out but be {outlook.to}"
    elif outlook.until is not None:
        what = f"it goes out at {local(outlook.until, zone)} ({zone}), not now"
    else:
        what = "it does not go out for now"
    return f"{what}: {outlook.why}" + (f"; {typed(outlook.remedy)}" if outlook.remedy else "")


def _command(name: str, verb: str, words: str, example: str) -> click.Command:
    @click.command(name=name, help=f"{words}\n\n{SEEN}\n\n\b\nExample:\n  {example}")
    @ids_argument
    @json_option
    @click.pass_context
    def run(ctx: click.Context, deliveries: tuple[str, ...], as_json: bool) -> None:
        _decide(ctx, deliveries, verb, as_json)

    return run


SEEN = """With @VERSION, as `queue --json` and the desk show it, only what is still as you saw it is changed; without, what it
is at this moment. When somebody else was first, nothing is done and you are told who, when and what."""

approve_command = _command(
    "approve", "approve", "Give each held delivery the next free slot of its channel.", "handbill approve 3f2a 77c0@5"
)
hold_command = _command(
    "hold", "hold", "Take each delivery off the schedule until it is approved again.", "handbill hold 3f2a"
)
cancel_command = _command("cancel", "cancel", "End each delivery unsent, for good.", "handbill cancel 3f2a")


@click.command(
    name="move",
    cls=_Moved,
    help="""Give deliveries another moment: TO is "2026-11-24 09:00", or a day alone for the free slot of each one's channel
that is nearest to its time of day. What is held is approved by that.

\b
Examples:
  handbill move 3f2a "2026-11-24 09:00"
  handbill move 3f2a 77c0@2 2026-11-24 --zone Europe/Berlin""",
)
@ids_argument
@click.argument("to", metavar="TO")
@click.option("--zone", help="IANA time zone of TO (default: HANDBILL_ZONE).")
@json_option
@click.pass_context
def move_command(ctx: click.Context, deliveries: tuple[str, ...], to: str, zone: str | None, as_json: bool) -> None:
    """Move deliveries."""
    from bot.domain.agenda import days_of
    from bot.domain.spans import moment_of, zone_of

    there = zone_of(zone or settings_of(ctx).zone)
    moment = moment_of(to, there)
    [day] = days_of(moment.astimezone(ZoneInfo(there)).date(), 1, ZoneInfo(there))
    target = moment if ":" in to else day

    async def work(app: "App") -> "Sequence[Delivery]":
        return [each.now for each in await app.steering.move(deliveries, target)]

    _told(with_app(ctx, work), settings_of(ctx).zone, as_json)


@click.command(
    name="send-now",
    help="""Make each delivery due at once. A running bot posts it within seconds, else the next `handbill run` does.
During a pause or a blackout that is refused, unless you say --anyway. When a daily cap, a budget or the platform's own
limits will put it off, you are told at once until when, and what overrules that.

\b
Example:
  handbill send-now 3f2a""",
)
@ids_argument
@click.option("--anyway", is_flag=True, help="In spite of a blackout; during a pause: first thing after it.")
@json_option
@click.pass_context
def send_now_command(ctx: click.Context, deliveries: tuple[str, ...], anyway: bool, as_json: bool) -> None:
    """Make deliveries due at once."""
    _decide(ctx, deliveries, "send_now", as_json, anyway=anyway)


@click.command(
    name="settle",
    help="""Say what became of an uncertain delivery, after looking at the platform.

\b
Examples:
  handbill settle 3f2a --there --url https://t.me/townlibrary/17
  handbill settle 3f2a --absent        it is sent again
  handbill settle 3f2a --give-up""",
)
@click.argument("delivery", metavar="DELIVERY[@VERSION]")
@click.option("--there", is_flag=True, help="The post is on the platform (needs --url).")
@click.option("--absent", is_flag=True, help="It is not there: send it again.")
@click.option("--give-up", is_flag=True, help="Leave it.")
@click.option("--url", default="", help="Where the post is, with --there.")
@json_option
@click.pass_context
def settle_command(ctx: click.Context, /, delivery: str, url: str, as_json: bool, **verdicts: bool) -> None:
    """Settle one uncertain delivery."""
    verdict = _only(verdicts)
    if verdict is None:
        raise BadInput("the verdict is missing", hint="say --there --url ADDRESS, --absent or --give-up")
    chosen = verdict.replace("_", " ")

    async def work(app: "App") -> "Delivery":
        from bot.flow.settling import Verdict

        return await app.steering.settle(delivery, Verdict(chosen), url)

    _told([with_app(ctx, work)], settings_of(ctx).zone, as_json)


@click.command(
    name="retract",
    help="""Remove a published post from its platform, every part of it, the last first, and record that. What fails
half-way goes on where it stopped when you say it again.

\b
Example:
  handbill retract 3f2a""",
)
@click.argument("delivery", metavar="DELIVERY[@VERSION]")
@json_option
@click.pass_context
def retract_command(ctx: click.Context, delivery: str, as_json: bool) -> None:
    """Withdraw one post."""
    settings = at_home(ctx)
    quiet_logs(settings)

    async def work() -> "Delivery":
        from bot import app

        async with app.opened(settings, who()) as opened, app.connected(opened) as live:
            return await live.app.steering.retract(delivery, live.platforms)

    _told([asyncio.run(work())], settings.zone, as_json)


@click.command(
    name="pause",
    help="""Stop all posting on every channel at once. What is on its way is finished; nothing new is begun. When
everything is paused already, only the reason is replaced, and you are told the former one. With --channel only that one
stops, until `handbill resume --channel` lets it go on.

\b
Examples:
  handbill pause "Storm warning: nothing but emergency news today"
  handbill pause --channel mastodon The server moves""",
)
@click.option("--channel", default="", help="Only this channel.")
@click.argument("reason", nargs=-1, required=True)
@json_option
@click.pass_context
def pause_command(ctx: click.Context, reason: tuple[str, ...], channel: str, as_json: bool) -> None:
    """Pause everything, or one channel."""
    why = " ".join(" ".join(reason).split())
    if not why:
        raise BadInput("the reason is missing", hint="those who find posting paused will want to know why")
    if channel:
        with_app(ctx, lambda app: app.steering.pause_channel(channel, why))
        if as_json:
            show_json({"paused": True, "why": why, "since": None, "before": ""})
            return
        say(f"{channel} is paused: {why}")
        return

    async def work(app: "App") -> "tuple[Hold, Hold]":
        return await app.store.hold(), await app.steering.pause(why)

    was, hold = with_app(ctx, work)
    if as_json:
        show_json({"paused": hold.on, "why": hold.why, "since": hold.since, "before": was.why if was.on else ""})
        return
    if was.on:
        say(f"Everything was paused already, since {local(was.since, settings_of(ctx).zone)}: {was.why}")
    say(f"The reason now reads: {hold.why}" if was.on else f"Everything is paused: {hold.why}")


@click.command(
    name="resume",
    help="""Post again, and say what becomes of what came due during the pause. On a terminal you are asked; elsewhere it is
--late. With --channel only that one goes on; what came due there is posted late, as its plan says.

\b
Examples:
  handbill resume
  handbill resume --reslot
  handbill resume --channel mastodon""",
)
@click.option("--channel", default="", help="Only this channel, which a person or its platform's refusal has paused.")
@click.option("--late", is_flag=True, help="Post it late: spread, never in a burst, as each plan says.")
@click.option("--reslot", is_flag=True, help="Give each the next free slot of its channel, in order.")
@click.option("--drop", is_flag=True, help="Cancel it.")
@json_option
@click.pass_context
def resume_command(ctx: click.Context, /, as_json: bool, channel: str, **choices: bool) -> None:
    """Resume everything, or one channel."""
    from bot.flow.releasing import Overdue, Released

    choice = _only(choices)
    if channel:
        if choice:
            raise BadInput(
                f"--{choice} and --channel cannot go together", hint="its plan says what becomes of late posts"
            )
        with_app(ctx, lambda app: app.steering.resume_channel(channel))
        if as_json:
            show_json({"paused": False, "why": "", "since": None} | dict.fromkeys(COUNTS, 0))
            return
        say(f"{channel} goes on.")
        return
    asking = choice is None and not as_json and sys.stdin.isatty() and sys.stdout.isatty()

    async def work(app: "App") -> "tuple[bool, Released]":
        hold = await app.store.hold()
        if not hold.on:
            apart.update((each.name, each.paused) for each in await app.store.channels() if each.paused)
            return False, Released(hold=hold, uncertain=await app.steering.uncertain())
        due = await app.steering.overdue() if asking else ()
        uncertain = await app.steering.uncertain() if due else 0
        chosen = (
            await asyncio.to_thread(_asked, due, typed(_doubted(uncertain)) if uncertain else "")
            if due
            else choice or Overdue.LATE
        )
        return True, await app.steering.resume(Overdue(chosen), hold.since)

    apart: dict[str, str] = {}
    was_on, done = with_app(ctx, work)
    if as_json:
        counts = {name: getattr(done, name) for name in COUNTS}
        show_json({"paused": done.hold.on, "why": done.hold.why, "since": done.hold.since} | counts)
        return
    if not was_on:
        say("Nothing was paused.")
        for name, why in apart.items():
            tell(
                f"{name} alone is paused: {why} (mend it, then `handbill doctor`; or `handbill resume --channel {name}`)"
            )
        return
    say("Posting again.")
    _show_counts(done)


def _only(flags: Mapping[str, bool]) -> str | None:
    """Return the one flag that was given, None for none; flags that contradict each other are refused."""
    given = [name for name, on in flags.items() if on]
    if len(given) > 1:
        told = " and ".join(f"--{name.replace('_', '-')}" for name in given)
        raise BadInput(f"{told} contradict each other", hint="say one of them")
    return given[0] if given else None


def _show_counts(done: "Released") -> None:
    if done.due:
        _show_due(done)
    if done.uncertain:
        tell(_doubted(done.uncertain))


def _doubted(count: int) -> str:
    return f"Uncertain besides: {count}, which this leaves alone and which may be sent again; `handbill settle` decides them."


def _show_due(done: "Released") -> None:
    acted = [f"{getattr(done, name)} {words}" for name, words in RESUMED if getattr(done, name)]
    left = done.due - done.reslotted - done.held - done.dropped
    acted += [f"{left} posted late, as each channel's plan says"] if left else []
    say(f"{done.due} came due during the pause: {', '.join(acted)}.")
    if done.begun:
        tell(f"{done.begun} of them half out already: such a thread goes on, or `handbill retract` takes it back.")


def _asked(due: "Sequence[Delivery]", doubted: str) -> str:
    """Ask what to do with what came due."""
    from collections import Counter

    from bot.flow.releasing import CHOICES, Overdue

    channels = Counter(each.channel for each in due)
    say(f"{len(due)} came due during the pause: {', '.join(f'{n} on {name}' for name, n in channels.items())}.")
    if doubted:
        say(doubted)
    for each, words in CHOICES.items():
        say(f"  {each:<7} {words}")
    return str(click.prompt("What becomes of it", type=click.Choice([each.value for each in Overdue]), default="late"))
