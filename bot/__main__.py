"""`python -m bot` and the `handbill` command: hands the web face to the command line, which starts it on `run`."""

import sys

from bot.cli import help_text

TYPE_CHECKING = False  # what type checkers take for typing.TYPE_CHECKING, whose import is a tenth of help's cost
if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Awaitable

    from bot.app import Connected


def page(live: "Connected", listening: "socket.socket", stop: "asyncio.Event", followers: str) -> "Awaitable[None]":
    """Serve the desk until `stop` is set; the web packages are imported only here."""
    from bot.web import serve

    return serve(live, listening, stop, followers)


def main() -> None:
    """Run the command line and leave with its exit code; plain help is answered without importing anything more."""
    if sys.argv[1:] in ([], ["-h"], ["--help"]):
        sys.stdout.write(help_text() + "\n")
        return
    from bot.cli.group import command

    sys.exit(command(page))


if __name__ == "__main__":
    main()
