"""The command line: a thin face. Each command parses words, calls the app and prints; the table below is all of them.

A command's module is imported only when the command is used, so that `handbill --help` costs next to nothing.
"""

import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from bot import __version__

#: name -> (module, what it does); the order is that of a first day.
COMMANDS = {
    "demo": ("start", "Show everything with simulated platforms; no account needed."),
    "init": ("start", "Write .env, a starter queue/ and the database."),
    "doctor": ("start", "Verify every channel; say what is missing and how to get it."),
    "run": ("start", "Run the bot: watch queue/, schedule, post, answer readers."),
    "sandbox": ("start", "Serve the simulated platforms alone, for tests."),
    "add": ("articles", "Put articles into queue/."),
    "preview": ("articles", "Show exactly what each channel would get."),
    "plan": ("schedule", "Show, set or clear a channel's posting times."),
    "queue": ("schedule", "List deliveries: what is due, where, when, in which state."),
    "approve": ("steering", "Give held deliveries their next free slot."),
    "hold": ("steering", "Take deliveries off the schedule until approved again."),
    "cancel": ("steering", "End deliveries unsent, for good."),
    "send-now": ("steering", "Make deliveries due at once."),
    "settle": ("steering", "Say what became of an uncertain delivery."),
    "retract": ("steering", "Remove a published post where the platform can."),
    "pause": ("steering", "Stop all posting at once, with a reason."),
    "resume": ("steering", "Post again after a pause."),
    "status": ("ledger", "Tell how things stand: channels, problems, deliveries."),
    "log": ("ledger", "Tell one delivery's story: attempts, receipts, reasons."),
}

EPILOG = """\b
First steps:
  handbill demo                       see it work, no account needed
  handbill init && handbill doctor    set it up for your own accounts
  handbill add article.md && handbill run

Exit codes: 0 done · 1 failed · 2 wrong words · 3 faulty article · 4 faulty setting · 5 not found · 6 not allowed now
· 7 database · 8 network · 9 cannot tell"""


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
        return found

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

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in COMMANDS.items()])


@click.group(
    cls=Lazy, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="handbill")
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    default=lambda: Path(os.environ.get("HANDBILL_HOME", ".")),
    help="Folder with .env, queue/ and data/ (default: here, or $HANDBILL_HOME).",
)
@click.pass_obj
def handbill(faces: dict[str, Any], home: Path) -> None:
    """Articles in, well-made posts out, on schedule, each exactly once."""
    faces["home"] = home


def command(page: Callable[..., Any]) -> int:
    """Run the command line; `page` serves the desk while the bot runs. Returns the exit code."""
    from bot.errors import HandbillError

    try:
        code = handbill(obj={"page": page}, prog_name="handbill", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except HandbillError as error:
        click.echo(f"handbill: {error}", err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        click.echo(f"handbill: {where}{error.strerror or error}", err=True)
        return 1
