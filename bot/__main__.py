"""`python -m bot` and the `handbill` command: hands the web face to the command line, which starts it on `run`."""

import sys
from collections.abc import Awaitable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from bot.app import Connected


def page(live: "Connected", address: tuple[str, int], stop: "asyncio.Event") -> Awaitable[None]:
    """Serve the desk until `stop` is set; the web packages are imported only here."""
    from bot.web import serve

    return serve(live, address, stop)


def main() -> None:
    """Run the command line and leave with its exit code."""
    from bot.cli import command

    sys.exit(command(page))


if __name__ == "__main__":
    main()
