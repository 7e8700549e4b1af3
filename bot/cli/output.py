"""What commands share: opening the app, printing for people or as JSON."""

import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

import click

if TYPE_CHECKING:
    from bot.app import App
    from bot.settings import Settings

T = TypeVar("T")

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON (shapes: docs/json.md).")


def settings_of(ctx: click.Context) -> "Settings":
    """Read the settings of the folder that --home names."""
    from bot.platforms import fields
    from bot.settings import load

    home: Path = ctx.find_root().obj["home"]
    if not home.is_dir():
        from bot.errors import BadSetting

        raise BadSetting("there is no such folder", where=str(home), hint="make it, or mend --home / HANDBILL_HOME")
    return load(home, fields())


def with_app(ctx: click.Context, verb: "Callable[[App], Awaitable[T]]", *, catch_up: bool = False) -> T:
    """Open the app, let a verb use it, close it; with `catch_up`, take in new articles first if no bot runs."""
    import asyncio

    settings = settings_of(ctx)

    async def work() -> T:
        from bot import app

        async with app.opened(settings) as opened:
            if catch_up:
                await app.catch_up(opened)
            return await verb(opened)

    quiet_logs(settings)
    return asyncio.run(work())


def quiet_logs(settings: "Settings") -> None:
    """Let only warnings through while a single command runs."""
    from bot.logs import configure

    configure("warning" if settings.log == "info" else settings.log, settings.secrets)


def show_json(value: object) -> None:
    """Print a value as JSON, times as ISO 8601 in UTC."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON shape")


def show_table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "") -> None:
    """Print rows under heads, fitted to the terminal; plain, unboxed text when piped."""
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    table = Table(*heads, box=SIMPLE, title=title or None, title_justify="left", pad_edge=False)
    for row in rows:
        table.add_row(*(cell.replace("[", "\\[") for cell in row))
    Console(width=None if sys.stdout.isatty() else 160, highlight=False).print(table)


def local(moment: datetime | None, zone: str) -> str:
    """Return a moment as wall-clock time in a zone, "" for None."""
    return moment.astimezone(ZoneInfo(zone)).strftime("%a %d %b %Y %H:%M:%S") if moment else ""


def one_line(text: str, most: int = 60) -> str:
    """Return the beginning of a text on one line."""
    words = " ".join(text.split())
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def shape(delivery: Any) -> dict[str, Any]:  # noqa: ANN401 - a Delivery; the type would import the domain for --help
    """Return a delivery as docs/json.md describes it."""
    return {
        "id": delivery.id,
        "campaign": delivery.campaign,
        "article": delivery.article,
        "channel": delivery.channel,
        "state": str(delivery.state),
        "why": delivery.why,
        "slot": delivery.slot,
        "due": delivery.due,
        "expires": delivery.expires,
        "tries": delivery.tries,
        "excerpt": {
            "text": delivery.excerpt.text,
            "start": delivery.excerpt.start,
            "end": delivery.excerpt.end,
            "reason": str(delivery.excerpt.reason),
        },
        "parts": [part_shape(part) for part in delivery.post.parts],
        "notes": list(delivery.post.notes),
        "receipts": [
            {"part": number, "id": receipt.id, "url": receipt.url, "at": receipt.at}
            for number, receipt in delivery.receipts
        ],
    }


def part_shape(part: Any) -> dict[str, Any]:  # noqa: ANN401 - a Part, see above
    """Return one part of a post as docs/json.md describes it."""
    return {
        "number": part.number,
        "text": part.text,
        "length": part.length,
        "limit": part.limit,
        "language": part.language,
        "warning": part.warning,
        "visibility": part.visibility,
        "images": [{"sha256": image.sha256, "alt": image.alt} for image in part.images],
        "card": {"url": part.card.url, "title": part.card.title} if part.card else None,
        "links": [
            {"kind": str(span.kind), "start": span.start, "end": span.end, "target": span.target} for span in part.spans
        ],
    }
