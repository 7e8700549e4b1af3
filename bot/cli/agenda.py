"""calendar."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from bot.cli.output import json_option, known, one_line, say, settings_of, shape, show_json, with_app
from bot.errors import BadInput

if TYPE_CHECKING:
    from bot.app import App
    from bot.domain.agenda import Agenda, Day, Shift
    from bot.domain.delivery import Delivery

Titles = Mapping[tuple[str, str], str]
#: How many deliveries are listed on one day; the rest is counted.
MOST = 200


@click.command(
    name="calendar",
    help="""Print the schedule day by day: what goes out when, which slots are free, where the clocks change.

\b
Examples:
  handbill calendar
  handbill calendar --week --channel mastodon
  handbill calendar --from 2026-12-01 --days 31 --json""",
)
@click.option("--from", "first", help="The first day: 2026-12-01.  [default: today]")
@click.option("--days", type=click.IntRange(1, 42), help="How many days.  [default: 7]")
@click.option("--week", is_flag=True, help="The whole week, from its Monday on.")
@click.option("--channel", default="", help="Only this channel.")
@click.option("--zone", help="IANA time zone (default: HANDBILL_ZONE).")
@json_option
@click.pass_context
def calendar_command(
    ctx: click.Context, first: str | None, days: int | None, week: bool, channel: str, zone: str | None, as_json: bool
) -> None:
    """Show the agenda of a range."""
    from bot.domain.spans import zone_of

    there = zone_of(zone or settings_of(ctx).zone)
    if week and days:
        raise BadInput("--week and --days contradict each other", hint="say one of them")

    async def work(app: "App") -> "tuple[Agenda, Titles]":
        if channel:
            await known(app, channel)
        start = _day(first) if first else app.clock.now().astimezone(ZoneInfo(there)).date()
        start -= timedelta(days=start.weekday() if week else 0)
        found = await app.calendar.agenda(start, days or 7, there, most=MOST, channel=channel)
        return found, await app.calendar.titles([each for day in found.days for each in day.deliveries])

    agenda, titles = with_app(ctx, work, catch_up=True)
    if as_json:
        show_json([_shape(each) for each in agenda.days])
        return
    say(f"Times are {there}.")
    for each in agenda.days:
        say()
        _show(each, titles)
    for name in agenda.steady:
        say(f"\n{name}: its plan has slots so close together that there is room everywhere.")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise BadInput(f"{text.strip()!r} is no day", hint="write it like 2026-12-01") from error


def _show(day: "Day", titles: Titles) -> None:
    zone = ZoneInfo(day.zone)
    say(f"{day.date:%a %d %b %Y}")
    if day.shift:
        say(f"  {_shifted(day.shift, zone)}")
    for each in day.silences:
        start, end = (_clock(max(day.start, each.blackout.start), zone), _clock(min(day.end, each.blackout.end), zone))
        why = f": {each.blackout.why}" if each.blackout.why else ""
        say(
            f"  {start} to {'24:00' if each.blackout.end >= day.end else end}  nothing on {', '.join(each.channels)}{why}"
        )
    for _, line in sorted([*_deliveries(day, titles, zone), *((each.at, _opening(each, zone)) for each in day.free)]):
        say(line)
    if day.more:
        say(f"  and {day.more:,} more")
    if not day.count and not day.free:
        say("  nothing")


def _deliveries(day: "Day", titles: Titles, zone: ZoneInfo) -> Sequence[tuple[datetime, str]]:
    from bot.domain.agenda import moment_of

    found = []
    for each in day.deliveries:
        moment = moment_of(each) or day.start
        about = one_line(titles.get((each.campaign, each.article), each.article))
        line = f"  {_clock(moment, zone)}  {each.channel}  {each.state}  {each.id}  {each.campaign}/{each.article}  {about}"
        found.append((moment, line))
    return found


def _opening(opening: Any, zone: ZoneInfo) -> str:  # noqa: ANN401 - an Opening, which only this type would import
    return f"  {_clock(opening.at, zone)}  {opening.channel}  free"


def _clock(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"


def _shifted(shift: "Shift", zone: ZoneInfo) -> str:
    old = (shift.at.astimezone(zone).replace(tzinfo=None) - shift.by).strftime("%H:%M")
    return f"the clocks go {'on' if shift.by > timedelta(0) else 'back'} at {old} to {shift.at.astimezone(zone):%H:%M}"


def _shape(day: "Day") -> dict[str, Any]:
    """Return a day as docs/json.md describes it."""
    return {
        "date": day.date.isoformat(),
        "zone": day.zone,
        "start": day.start,
        "end": day.end,
        "clock_change": {"at": day.shift.at, "seconds": day.shift.by.total_seconds()} if day.shift else None,
        "deliveries": [_summary(each) for each in day.deliveries],
        "more": day.more,
        "free": [{"channel": each.channel, "at": each.at} for each in day.free],
        "blackouts": [
            {
                "start": each.blackout.start,
                "end": each.blackout.end,
                "why": each.blackout.why,
                "channels": list(each.channels),
            }
            for each in day.silences
        ],
    }


def _summary(delivery: "Delivery") -> dict[str, Any]:
    return {
        name: value for name, value in shape(delivery).items() if name not in ("excerpt", "parts", "notes", "warnings")
    }
