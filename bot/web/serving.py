"""uvicorn, on a socket of the caller's, stopped by an event instead of by signals, and never out of file descriptors."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import h11
import structlog
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from bot.app import Connected
from bot.web.desk import application
from bot.web.guard import Guard, is_private, names_of

log = structlog.get_logger("desk")

#: Seconds that answers under way may still take once the desk is to stop.
GRACE = 3
#: Connections that are open at once, and how many are taken at a time: posting needs file descriptors of the same process.
MOST, AT_A_TIME = 150, 50
#: Seconds in which a request's head must be whole, and its body: a form with pictures over a slow line.
HEAD, BODY = 20, 300


class Connection(H11Protocol):
    """A connection that is closed when a request does not become whole in time, or when too many others come.

    Of too many, the one goes whose time would have been up first. (uvicorn's own limits count whole requests only.)
    """

    _owed: object = None
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn itself
        """Take a connection, in the place of another where there are too many."""
        super().connection_made(transport)
        self._watch()
        if len(self.connections) > MOST:
            waiting = [each for each in self.connections if isinstance(each, Connection) and each._patience]
            min(waiting, key=Connection._ends)._give_up()

    def data_received(self, data: bytes) -> None:
        """Take a piece of a request."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._wait(None)
        super().connection_lost(exc)

    def _watch(self) -> None:
        """Give each part of a request its time once, however many pieces it comes in."""
        if self.conn.their_state is not self._owed:
            self._owed = self.conn.their_state
            self._wait(HEAD if self._owed is h11.IDLE else BODY if self._owed is h11.SEND_BODY else None)

    def _wait(self, seconds: float | None) -> None:
        if self._patience:
            self._patience.cancel()
        self._patience = None if seconds is None else self.loop.call_later(seconds, self._give_up)

    def _ends(self) -> float:
        return self._patience.when() if self._patience else float("inf")

    def _give_up(self) -> None:
        self._wait(None)
        self.transport.abort()


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
        http=Connection,
        backlog=AT_A_TIME,
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
