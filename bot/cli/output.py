"""What commands share: opening the app, printing for people or as JSON, writing new files."""

import json
import os
import re
import shutil
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

import click

from bot.cli import program

if TYPE_CHECKING:
    from bot.app import App
    from bot.domain.delivery import Delivery
    from bot.settings import Settings

T = TypeVar("T")

#: Everything that could steer a terminal but the end of a line (ECMA-48: C0, DEL and C1).
CONTROLS = {code: "\ufffd" for code in (*range(32), *range(127, 160)) if code != 10}

#: A command in our words for people, and what in it makes a folder needless: one it names itself, or that it only explains.
COMMAND = re.compile(r"`handbill(?= (--home |[^`]*--help`)?)")

#: The article that `init` writes, below queue/.
STARTER_NAME = Path("welcome") / "hello.md"

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON (shapes: docs/json.md).")


def home_of(ctx: click.Context) -> Path:
    """Return the folder that --home names; BadSetting when it is not there."""
    home: Path = ctx.find_root().obj["home"]
    if not home.is_dir():
        from bot.errors import BadSetting

        raise BadSetting("there is no such folder", where=str(home), hint="make it, or mend --home / HANDBILL_HOME")
    return home


def settings_of(ctx: click.Context) -> "Settings":
    """Read the settings of the folder that --home names, once; the door keeps their secrets out of what it prints."""
    faces: dict[str, Any] = ctx.find_root().obj
    if "settings" not in faces:
        from bot.platforms import fields
        from bot.settings import load

        faces["settings"] = load(home_of(ctx), fields())
    found: Settings = faces["settings"]
    return found


def at_home(ctx: click.Context) -> "Settings":
    """Return the settings of a folder in which Handbill was set up; BadSetting, and nothing made there, in any other.

    An environment that names a channel or where the ledger lies is as good as files: containers have no more.
    """
    settings = settings_of(ctx)
    there = (settings.home / ".env", settings.queue, settings.data)
    if settings.channels or os.environ.get("HANDBILL_DATA") or any(path.exists() for path in there):
        return settings
    from bot.errors import BadSetting

    hint = (
        "`handbill init` sets one up here; `handbill --home FOLDER COMMAND` (or HANDBILL_HOME) uses the one in FOLDER"
    )
    raise BadSetting(
        "this is no folder of Handbill's: no .env, queue/ or data/ is in it", where=str(settings.home), hint=hint
    )


def with_app(ctx: click.Context, verb: "Callable[[App], Awaitable[T]]", *, catch_up: bool = False) -> T:
    """Open the app, let a verb use it, close it; with `catch_up`, take in new articles first if no bot runs."""
    import asyncio

    settings = at_home(ctx)

    async def work() -> T:
        from bot import app

        async with app.opened(settings, who()) as opened:
            if catch_up:
                await app.catch_up(opened)
            return await verb(opened)

    quiet_logs(settings)
    return asyncio.run(work())


def who() -> str:
    """Return who is at the command line, as the audit log names them: "cli:" and the system's name for the account.

    The account is asked of the system, not of the environment, which anybody can set.
    """
    try:
        import pwd

        return f"cli:{pwd.getpwuid(os.getuid()).pw_name}"
    except KeyError:  # a container's account without a name
        return f"cli:{os.getuid()}"
    except ImportError:  # Windows
        import getpass

        return f"cli:{getpass.getuser()}"


async def known(app: "App", channel: str) -> None:
    """Raise NotFound, with the names there are, when no channel has that one."""
    names = [each.name for each in await app.store.channels()]
    if channel not in names:
        from bot.errors import NotFound

        hint = f"there are: {', '.join(names) or 'none, see `handbill init`'}"
        raise NotFound(f"no channel is called {channel!r}", hint=hint)


def quiet_logs(settings: "Settings") -> None:
    """Let only warnings through while a single command runs."""
    from bot.logs import configure

    configure("warning" if settings.log == "info" else settings.log, settings.secrets)


def blotter(settings: "Settings | None") -> Callable[[str], str]:
    """Return what takes every secret out of a text, as far as secrets are known."""
    if settings is None or not settings.secrets:
        return str
    from bot.logs import Redacting

    return Redacting(settings.secrets, margin="\n").blotted


def say(text: str = "", *, err: bool = False) -> None:
    """Print words for people. Foreign words in them cannot steer the terminal: control characters are shown as blots."""
    click.echo(text.translate(CONTROLS), err=err)


def tell(text: str, *, err: bool = False) -> None:
    """Print words of ours, with the commands in them as they are typed here."""
    say(typed(text), err=err)


def typed(text: str, faces: "Mapping[str, Any] | None" = None) -> str:
    """Return words of ours with each `handbill …` in backquotes as a person types it who stands where this one does.

    `faces` are the command line's own facts, asked of click where they are not given.
    """
    if not COMMAND.search(text):
        return text
    from bot.settings import command_of

    if faces is None:
        ctx = click.get_current_context(silent=True)
        faces = ctx.find_root().obj if ctx else {}
    home = faces.get("home", Path(os.environ.get("HANDBILL_HOME") or "."))
    whole = command_of(home.resolve(), os.environ)
    return COMMAND.sub(lambda found: f"`{program() if found[1] else whole}", text)


def show_json(value: object) -> None:
    """Print a value as JSON, times as ISO 8601 in UTC."""
    narrow = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    click.echo(json.dumps(value, ensure_ascii=narrow, indent=2, default=_plain))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON shape")


def write_new(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a new file, whole or not at all, by default one that only its owner may read; none is ever overwritten."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError as error:
        from bot.errors import NotAllowed

        raise NotAllowed("is there already and was left alone", where=str(path)) from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        path.unlink()
        raise OSError(error.errno, error.strerror, str(path)) from error


def show_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under heads, one line each; on a terminal too narrow for that, the last columns go below their row.

    Nothing is ever cut or broken, so that an id or an address can be copied.
    """
    table = [[one_line(cell, sys.maxsize) for cell in row] for row in (heads, *rows)]
    widths = [max(map(_cells, column)) for column in zip(*table, strict=True)]
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    beside = next((count for count in range(len(widths), 1, -1) if sum(widths[:count]) + 2 * (count - 1) <= room), 1)
    for number, row in enumerate(table):
        padded = (cell + " " * (width - _cells(cell)) for cell, width in zip(row[:beside], widths, strict=False))
        say("  ".join(padded).rstrip())
        if below := "  ".join(cell for cell in row[beside:] if cell and number):
            say(f"    {below}")


def _cells(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def local(moment: datetime | None, zone: str) -> str:
    """Return a moment as wall-clock time in a zone, seconds only where there are any; "" for None."""
    if moment is None:
        return ""
    there = moment.astimezone(ZoneInfo(zone))
    return there.strftime("%a %d %b %Y %H:%M:%S" if there.second else "%a %d %b %Y %H:%M")


def one_line(text: str, most: int = 60) -> str:
    """Return the beginning of a text on one line."""
    words = " ".join(text.split())
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def shape(delivery: Any, warnings: Sequence[str] = ()) -> dict[str, Any]:  # noqa: ANN401 - a Delivery; the type would import the domain for --help
    """Return a delivery as docs/json.md describes it."""
    return {
        "id": delivery.id,
        "campaign": delivery.campaign,
        "article": delivery.article,
        "channel": delivery.channel,
        "state": str(delivery.state),
        "version": delivery.version,
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
        "warnings": list(warnings),
        "receipts": [
            {"part": number, "id": receipt.id, "url": receipt.url, "at": receipt.at}
            for number, receipt in delivery.receipts
        ],
    }


async def warnings_of(app: "App", deliveries: "Sequence[Delivery]") -> Mapping[str, list[str]]:
    """Return by delivery what is wrong with the links of what waits, as far as the bot looked at them."""
    from bot.flow import linkcheck

    return await linkcheck.warnings_of(app.store, app.clock, deliveries)


def show_warnings(warnings: Mapping[str, Sequence[str]]) -> None:
    """Print them, one line each."""
    for delivery, found in warnings.items():
        for words in found:
            say(f"warning: {delivery}: {words}")


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
