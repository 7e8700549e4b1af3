"""results: what the platforms report of what was posted."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from bot.cli.output import json_option, known, local, one_line, say, settings_of, show_json, show_table, with_app
from bot.domain.reactions import Count, Sought
from bot.errors import BadInput

if TYPE_CHECKING:
    from bot.app import App
    from bot.domain.reactions import Result, Sum
    from bot.flow.results import Standing

#: How many days back is looked unless a date is given, and how many posts are listed.
DAYS, MOST = 30, 50
UNKNOWN = "–"


@click.command(
    name="results",
    help="""Tell what the platforms report of what was posted: replies, reposts, likes and views, by channel and by post.
They are asked 15 minutes after a post, then after an hour, 6 hours, 1, 3, 7 and 30 days. X is asked only where its plan
allows it (plan set x --paid-results), since that costs money; Telegram tells bots nothing.

\b
Examples:
  handbill results
  handbill results --channel mastodon --since 2026-11-01 --by likes
  handbill results --csv > results.csv""",
)
@click.option("--channel", default="", help="Only what was posted there.")
@click.option("--since", help=f"First day, in HANDBILL_ZONE: 2026-11-01.  [default: {DAYS} days]")
@click.option("--by", type=click.Choice([str(each) for each in Count]), help="The most first; else the latest first.")
@click.option("--limit", type=click.IntRange(1), default=MOST, show_default=True, help="List so many posts.")
@click.option("--csv", "as_csv", is_flag=True, help="Print every post as CSV, for a spreadsheet.")
@json_option
@click.pass_context
def results_command(
    ctx: click.Context, channel: str, since: str | None, by: str | None, limit: int, *, as_csv: bool, as_json: bool
) -> None:
    """Show what became of posts."""
    if as_csv and as_json:
        raise BadInput("--csv and --json cannot go together", hint="choose one of them")
    zone = ZoneInfo(settings_of(ctx).zone)

    async def work(app: "App") -> "tuple[Sequence[Standing], Sequence[Result]]":
        from bot.flow.results import csv_lines, standings

        if channel:
            await known(app, channel)
        start, end = _span(since, zone, app.clock.now())
        sought = Sought(since=start, until=end, channel=channel, by=Count(by) if by else None, limit=limit)
        if as_csv:
            async for line in csv_lines(app.results, sought):
                click.echo(line, nl=False)
            return (), ()
        found = await standings(app.store, app.results, sought, zone, app.default_plan)
        return found, await app.results.results(sought)

    channels, posts = with_app(ctx, work)
    if as_json:
        show_json({"channels": [_channel_shape(each) for each in channels], "posts": [_shape(each) for each in posts]})
    elif not as_csv:
        _show(channels, posts, zone.key)


def _span(since: str | None, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    from bot.domain.spans import moment_of
    from bot.flow.results import span_of

    first, end = span_of(now, DAYS, zone)
    if since is not None:
        first = moment_of(since, zone.key)
    if first >= end:
        raise BadInput(f"{since!r} is still to come", hint="give a day that is past")
    return first, end


def _show(channels: "Sequence[Standing]", posts: "Sequence[Result]", zone: str) -> None:
    if not posts:
        say("Nothing was posted in that time. What is posted shows here 15 minutes later.")
        return
    heads = tuple(str(count) for count in Count)
    show_table(
        ("channel", "posts", *heads), [(each.name, str(each.total.posts), *_numbers(each.total)) for each in channels]
    )
    for each in channels:
        if why := _silence(each):
            say(f"  {each.name}: {why}")
    say()
    rows = [
        (local(each.published, zone), each.channel, *_numbers(each), each.delivery, one_line(each.text))
        for each in posts
    ]
    show_table((f"posted ({zone})", "channel", *heads, "delivery", "text"), rows)


def _numbers(of: "Result | Sum") -> tuple[str, ...]:
    return tuple(UNKNOWN if (number := getattr(of, count)) is None else f"{number:,}" for count in Count)


def _silence(standing: "Standing") -> str:
    """Return why nothing is known of a channel, "" when something is or soon will be."""
    if standing.channel is not None and not standing.counts:
        return "its platform tells bots nothing of what became of posts"
    if standing.paid:
        return f"asking costs money: `handbill plan set {standing.name} --paid-results` allows it"
    return ""


def _channel_shape(standing: "Standing") -> dict[str, Any]:
    total = standing.total
    counts = {str(count): getattr(total, count) for count in Count}
    days = [
        {"day": day.isoformat(), "posts": each.posts} | {str(count): getattr(each, count) for count in Count}
        for day, each in standing.days.items()
    ]
    return {
        "channel": standing.name,
        "counts": [str(count) for count in standing.counts],
        "needs_paid_results": standing.paid,
        "posts": total.posts,
        "reported": total.asked,
        **counts,
        "days": days,
    }


def _shape(each: "Result") -> dict[str, Any]:
    """Return a result as docs/json.md describes it."""
    return {
        "delivery": each.delivery,
        "campaign": each.campaign,
        "article": each.article,
        "channel": each.channel,
        "published": each.published,
        "parts": each.parts,
        **{str(count): getattr(each, count) for count in Count},
        "counted": each.at,
        "retracted": each.retracted,
        "url": each.url,
        "text": each.text,
    }
