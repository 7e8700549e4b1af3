"""A fault proxy between Handbill and a server that we did not write.

It reads whole requests and answers, so that it can lose either on purpose: whether the server had the request is certain,
and whether the client hears of it is up to the fault.
"""

import asyncio
import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.peers.faults import INSTEAD, Fault

#: Seconds of a small delay, and of a door that is shut for a moment.
BLINK = 0.6


@dataclass(frozen=True, slots=True)
class Message:
    """One request or answer, as it is on the wire."""

    head: bytes
    body: bytes

    @property
    def line(self) -> str:
        return self.head.partition(b"\r\n")[0].decode("latin-1")

    def without(self, names: frozenset[str]) -> bytes:
        """Return its bytes less some header fields."""
        lines = self.head.split(b"\r\n")
        return b"\r\n".join(each for each in lines if each.partition(b":")[0].decode().lower() not in names) + self.body


async def message(reader: asyncio.StreamReader) -> Message:
    """Read one whole message; raises IncompleteReadError when there is none."""
    head = await reader.readuntil(b"\r\n\r\n")
    if re.match(rb"HTTP/1.1 (204|304)", head):
        return Message(head, b"")
    if re.search(rb"\r\ntransfer-encoding: *chunked", head, re.IGNORECASE):
        body, size = b"", 1
        while size:
            line = await reader.readuntil(b"\r\n")
            size = int(line.partition(b";")[0], 16)
            body += line + await reader.readexactly(size + 2)
        return Message(head, body)
    length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
    return Message(head, await reader.readexactly(int(length[1]) if length else 0))


@dataclass(slots=True)
class Proxy:
    """Passes requests on to `peer` (a port on loopback) and does to them what was dealt.

    `decks` holds for requests, whose lines match a pattern ("POST /api/v1/statuses"), the faults of those to come, first
    one first; when none is left all is well. `hold` is how many seconds are longer than the client waits, unless
    `release` is set before. `hidden` are header fields that the server does not get to see. `told` is what happened, one
    line per request; `landed` the lines of those that the server has answered.
    """

    peer: int
    hold: float = 3.0
    decks: dict[str, list[Fault]] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    told: list[str] = field(default_factory=list)
    landed: list[str] = field(default_factory=list)
    port: int = 0
    release: asyncio.Event = field(default_factory=asyncio.Event)
    _server: asyncio.Server | None = None
    _clients: dict[asyncio.Task[None], asyncio.StreamWriter] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def listening(self) -> bool:
        return self._server is not None and self._server.is_serving()

    def came(self, pattern: str) -> int:
        """Return how many such requests came from the client."""
        return sum(bool(re.match(pattern, line)) for line in self.told)

    def answered(self, pattern: str) -> int:
        """Return how many such requests the server has answered."""
        return sum(bool(re.match(pattern, line)) for line in self.landed)

    async def open(self) -> None:
        """Listen, on the same port as before."""
        self._server = await asyncio.start_server(self._client, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def shut(self, but: asyncio.StreamWriter | None = None) -> None:
        """Refuse connections and reset those that stand, but for one."""
        assert self._server is not None
        self._server.close()
        for writer in [each for each in self._clients.values() if each is not but]:
            _reset(writer)

    async def close(self) -> None:
        """End all that is under way."""
        await self.shut()
        for task in self._clients:
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients[task] = writer
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                while await self._exchange(await message(reader), writer):
                    pass
        finally:
            del self._clients[task]
            writer.close()

    async def _exchange(self, request: Message, writer: asyncio.StreamWriter) -> bool:
        """Serve one request; tell whether the connection stands."""
        fault = self._deal(request)
        self.told.append(f"{request.line} [{fault}]")
        if fault is Fault.LATE:
            await self._hold()
        if fault is Fault.DELAY:
            await asyncio.sleep(BLINK)
        answer = await self._asked(request) if fault.reaches else Message(b"", b"")
        match fault:
            case Fault.RESET | Fault.LOST | Fault.LATE:
                _reset(writer)
            case Fault.HANG:
                await self._hold()
                _reset(writer)
            case Fault.CUT:
                writer.write(answer.head + answer.body[: len(answer.body) // 2])
            case Fault.ERROR | Fault.ERROR_AFTER | Fault.GARBAGE:
                status, page = INSTEAD[fault]
                writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(page)}\r\n\r\n{page}".encode())
                return True
            case Fault.REFUSE:
                writer.write(answer.head + answer.body)
                await writer.drain()
                await self.shut(but=writer)
                await asyncio.sleep(BLINK)
                await self.open()
            case _:
                writer.write(answer.head + answer.body)
                return True
        return False

    async def _hold(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.release.wait(), self.hold)

    def _deal(self, request: Message) -> Fault:
        deck = next((deck for pattern, deck in self.decks.items() if re.match(pattern, request.line) and deck), [])
        return deck.pop(0) if deck else Fault.NONE

    async def _asked(self, request: Message) -> Message:
        """Return the server's answer; it is asked to its end, whatever becomes of the client."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.peer)
        try:
            writer.write(request.without(self.hidden))
            answer = await message(reader)
            self.landed.append(request.line)
            return answer
        finally:
            writer.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST rather than FIN."""
    with suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@contextmanager
def in_background(*proxies: Proxy) -> Iterator[None]:
    """Serve proxies from a thread with a loop of its own, for a test that waits in plain calls."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        for proxy in proxies:
            asyncio.run_coroutine_threadsafe(proxy.open(), loop).result(10)
        yield
    finally:
        for proxy in proxies:
            asyncio.run_coroutine_threadsafe(proxy.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
