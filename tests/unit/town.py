"""A host on loopback that answers byte for byte what a test tells it to, and a fetcher that may reach it by name."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.net import Fetcher, fetcher

Answer = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
MISSING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def redirect(to: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Moved\r\nLocation: {to}\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n".encode()


@dataclass(slots=True)
class Town:
    """`answers` by "METHOD /path" or "/path", else 404; `heard` are the requests as they came, `asked` names looked up."""

    port: int
    answers: dict[str, Answer] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    #: Where each look-up leads, the last one from then on.
    leads: list[Sequence[str]] = field(default_factory=lambda: [["127.0.0.1"]])

    def url(self, path: str = "/", host: str = "town.example") -> str:
        return f"http://{host}:{self.port}{path}"

    def paths(self) -> list[str]:
        return [" ".join(each.split(" ")[:2]) for each in self.heard]

    async def names(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        return self.leads.pop(0) if len(self.leads) > 1 else self.leads[0]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.heard.append(request)
            method, path = request.split(" ")[:2]
            answer = self.answers.get(f"{method} {path}", self.answers.get(path, MISSING))
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def town() -> AsyncIterator[tuple[Town, Fetcher]]:
    """Give the host, and a fetcher that may reach it as town.example, xn--mllberg-n2a.example and 127.0.0.1."""
    place = Town(port=0)
    serving: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(place.serve(reader, writer))
        serving.add(task)
        task.add_done_callback(serving.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    place.port = server.sockets[0].getsockname()[1]
    hosts = [f"{host}:{place.port}" for host in ("town.example", "müllberg.example", "127.0.0.1")]
    try:
        async with fetcher(hosts, place.names) as ours:
            yield place, ours
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
