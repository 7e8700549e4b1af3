"""The command line's root: finds the command that was typed, imports it, turns errors into words and exit codes."""

import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from bot import __version__
from bot.cli import COMMANDS, help_text


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

    def get_help(self, ctx: click.Context) -> str:
        """Return the words of the table, without importing any command."""
        return help_text()


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
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
