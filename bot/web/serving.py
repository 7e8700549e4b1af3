"""uvicorn, on a socket of the caller's, stopped by an event instead of by signals."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import structlog
import uvicorn

from bot.app import Connected
from bot.web.desk import application
from bot.web.guard import Guard, is_private, names_of

log = structlog.get_logger("desk")

#: Seconds that answers under way may still take once the desk is to stop.
GRACE = 3


class Server(uvicorn.Server):
    """A server that leaves signals alone: the command line finishes what is being posted before anything ends."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none (uvicorn's own would take SIGTERM away from the caller)."""
        yield


async def run(live: Connected, listening: socket.socket, stop: asyncio.Event, followers: str) -> None:
    """Serve until `stop` is set; an error of the server itself goes up."""
    bound = str(listening.getsockname()[0])
    url = live.app.settings.url
    names = names_of(bound, live.app.settings.web, url)
    if not is_private(bound) and not url.startswith("https:"):
        log.warning("the desk is open to other machines over plain http: passwords can be read on the way", bound=bound)
    config = uvicorn.Config(
        Guard(application(live, followers, stop), names, urlsplit(url).path),
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE,
    )
    server = Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        server.should_exit = True
        await serving
