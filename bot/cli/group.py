"""The command line's root: finds the command that was typed, imports it, turns errors into words and exit codes."""

import os
import re
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import click

from bot import __version__
from bot.cli import COMMANDS, help_text, program
from bot.errors import HandbillError


class Lazy(click.Group):
    """A group whose commands are imported when they are used; help comes from the table."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"bot.cli.{COMMANDS[cmd_name][0]}")
        found: click.Command = getattr(module, cmd_name.replace("-", "_") + "_command")
        return _as_typed(found)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a misspelt one is answered with the nearest there is."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            close = get_close_matches(args[0], COMMANDS, 1)
            hint = f"Did you mean `{close[0]}`?" if close else "See `handbill --help` for all commands."
            ctx.fail(f"no command is called {args[0]!r}. {hint}")
        return super().resolve_command(ctx, args)

    def get_help(self, ctx: click.Context) -> str:
        """Return the words of the table, without importing any command."""
        return help_text()


def _as_typed(command: click.Command) -> click.Command:
    """Return a command, and those below it, with the examples of its help as they are typed here."""
    command.help = re.sub(r"\bhandbill(?= )", program(), command.help or "")
    for each in getattr(command, "commands", {}).values():
        _as_typed(each)
    return command


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="handbill")
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    default=lambda: Path(os.environ.get("HANDBILL_HOME", ".")),
    help="Where .env, queue/ and data/ are ($HANDBILL_HOME, else here).",
)
@click.pass_obj
def handbill(faces: dict[str, Any], home: Path) -> None:
    """Articles in, well-made posts out, on schedule, each exactly once."""
    faces["home"] = home


def command(page: Callable[..., Any]) -> int:
    """Run the command line; `page` serves the desk while the bot runs. Returns the exit code."""
    faces: dict[str, Any] = {"page": page}
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = handbill(obj=faces, prog_name=program(), standalone_mode=False)
        return code if isinstance(code, int) else 0
    except (click.Abort, KeyboardInterrupt):
        click.echo("handbill: stopped", err=True)
        return 130
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the user's door: whatever comes is told in words
        return _told(error, faces)


def _told(error: Exception, faces: dict[str, Any]) -> int:
    """Print what went wrong in one line, and a hint; the traceback only where debug logs are wanted."""
    from bot.cli.output import blotter, say, typed

    settings = faces.get("settings")
    blot = blotter(settings)
    level = settings.log if settings else os.environ.get("HANDBILL_LOG", "").strip().lower()
    if level == "debug":
        trace = traceback.format_exception(error) if settings else traceback.format_tb(error.__traceback__)
        say(blot("".join(trace)), err=True)
    words, code = _words(error, secretive=settings is None)
    say(blot(typed(f"handbill: {words}", faces)), err=True)
    return code


def _words(error: Exception, *, secretive: bool) -> tuple[str, int]:
    """Return what to print and the exit code; `secretive` when nobody knows yet which values are secrets."""
    match error:
        case HandbillError():
            return str(error), error.exit_code
        case click.NoSuchOption(option_name="--home"):
            path = error.ctx.command_path.removeprefix(f"{program()} ") if error.ctx else "COMMAND"
            return f"--home stands before the command: `handbill --home FOLDER {path}`", error.exit_code
        case click.UsageError():
            path = error.ctx.command_path if error.ctx else program()
            return f"{error.format_message()}\n  `{path} --help` tells more", error.exit_code
        case click.ClickException():
            return error.format_message(), error.exit_code
        case OSError():
            return f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error), 1
        case _:
            said = "" if secretive else f": {' '.join(str(error).split())[:300]}"
            hint = "HANDBILL_LOG=debug shows where; please report it"
            return f"this is a bug in Handbill: {type(error).__name__}{said}\n  {hint}", 1
