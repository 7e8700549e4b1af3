"""The desk: the managers' web page. It shows how things stand, stops everything, and settles what is uncertain.

serving.py   the server         guard.py   who may ask, and what every answer carries
door.py      who is asking: sessions, tokens, cookies       forms.py   what a form must carry
pages/       the pages          api/       the same for programs, as JSON
desk.py      the addresses      views.py   what each page shows, read through the Store port; no rules, no SQL
"""

import asyncio
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.app import Connected


async def serve(live: "Connected", listening: socket.socket, stop: asyncio.Event, followers: str = "") -> None:
    """Serve the desk on a bound socket until `stop` is set, then finish what is being answered.

    `followers` is the address of the sandbox's page ("" = the platforms are real). Signals are left to the caller.
    """
    from bot.web.serving import run

    await run(live, listening, stop, followers)
