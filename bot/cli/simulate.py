"""simulate."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from bot.cli.output import at_home, json_option, local, one_line, quiet_logs, say, show_json, show_table, tell

if TYPE_CHECKING:
    from bot.domain.delivery import Delivery
    from bot.flow.rehearsal import Forecast

#: A money amount is kept in millionths.
MILLION = 1_000_000
#: So many pairs of posts that come on top of each other are told one by one.
MOST_PAIRS = 10


@click.command(
    name="simulate",
    help="""Play the coming days through on a copy: what would go out when, what would be put off, what it would cost.
Nothing is posted and nothing is changed.

\b
Examples:
  handbill simulate --days 30
  handbill simulate --days 7 --approve-all --json""",
)
@click.option("--days", type=click.IntRange(1, 366), default=30, show_default=True, help="How far to look ahead.")
@click.option("--approve-all", is_flag=True, help="As if everything that is held were approved now.")
@json_option
@click.pass_context
def simulate_command(ctx: click.Context, days: int, approve_all: bool, as_json: bool) -> None:
    """Foretell the coming days."""
    settings = at_home(ctx)
    quiet_logs(settings)

    async def work() -> "tuple[Forecast, tuple[str, ...]]":
        from bot import app

        async with app.opened(settings) as opened:
            await app.catch_up(opened)
            return await app.foretold(opened, timedelta(days=days), approve_all=approve_all)

    forecast, refused = asyncio.run(work())
    if as_json:
        show_json(_shape(forecast, refused))
    else:
        _tell(forecast, refused, settings.zone, days)


def posted(delivery: "Delivery") -> datetime:
    """Return when the first part of a post went out."""
    return min(receipt.at for _, receipt in delivery.receipts)


def _tell(forecast: "Forecast", refused: tuple[str, ...], zone: str, days: int) -> None:
    if not forecast.sent:
        say(f"Nothing would go out in the next {days} days.")
    else:
        rows = [
            (local(posted(each), zone), each.channel, each.id,
             f"{each.campaign}/{each.article}", one_line(each.post.parts[0].text))
            for each in forecast.sent
        ]  # fmt: skip
        show_table((f"when ({zone})", "channel", "delivery", "article", "text"), rows)
    say()
    for channel, (used, all_of_them) in forecast.slots.items():
        say(f"{channel}: {used} of {all_of_them} slots used")
    for (channel, month, currency), cost in sorted(forecast.costs.items()):
        say(f"{channel}: {cost / MILLION:.2f} {currency} in {month}")
    _tell_close(forecast.close, zone)
    if forecast.moved:
        say("\nPut off, held or cancelled on the way:")
    for at, delivery, why in forecast.moved:
        say(f"{local(at, zone)}  {delivery.id}  {delivery.channel}: {one_line(why, 100)}")
    for words in forecast.stopped:
        say(f"Nothing goes out while {words}")
    for words in refused:
        say(f"Not approved: {words}")
    if forecast.waiting:
        tell(f"{len(forecast.waiting)} would still wait then; `handbill queue` shows them.")


def _tell_close(pairs: "Sequence[tuple[Delivery, Delivery]]", zone: str) -> None:
    """Tell which posts followers would see on top of each other: when, where, and what each of the two is about."""
    if pairs:
        say("\nOn top of each other:")
    for one, other in pairs[:MOST_PAIRS]:
        channels = " and ".join(sorted({one.channel, other.channel}))
        articles = " and ".join(f"{each.campaign}/{each.article} ({each.id})" for each in (one, other))
        say(f"{local(posted(other), zone)}  {channels}: {articles}")
    if len(pairs) > MOST_PAIRS:
        say(f"and {len(pairs) - MOST_PAIRS} more")


def _shape(forecast: "Forecast", refused: tuple[str, ...]) -> dict[str, Any]:
    return {
        "until": forecast.until,
        "sent": [
            {
                "at": posted(each),
                "delivery": each.id,
                "channel": each.channel,
                "campaign": each.campaign,
                "article": each.article,
                "parts": len(each.post.parts),
            }
            for each in forecast.sent
        ],
        "waiting": [{"delivery": each.id, "state": str(each.state), "why": each.why} for each in forecast.waiting],
        "moved": [{"at": at, "delivery": each.id, "why": why} for at, each, why in forecast.moved],
        "close": [[one.id, other.id] for one, other in forecast.close],
        "slots": [{"channel": name, "used": used, "all": all_} for name, (used, all_) in forecast.slots.items()],
        "costs": [
            {"channel": channel, "month": month, "currency": currency, "millionths": cost}
            for (channel, month, currency), cost in sorted(forecast.costs.items())
        ],
        "refused": list(refused),
        "stopped": list(forecast.stopped),
    }
