"""A server that answers as no server should, and a channel of each platform that posts to it.

The raw server knows just enough of each platform to let a publishing call begin: what a login or an upload would answer.
"""

import asyncio
import io
import json
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from socket import SO_LINGER, SOL_SOCKET, socket
from types import ModuleType
from typing import Any

from PIL import Image as Pillow

from bot.clock import SystemClock
from bot.domain.article import Image
from bot.domain.delivery import PublishKey
from bot.domain.outcome import Outcome
from bot.domain.post import Part
from bot.media import MediaFolder
from bot.net import session
from bot.platforms import bluesky, mastodon, telegram, x
from bot.ports import Means, Platform
from bot.sandbox.x import DEMO
from tests.contract.held import PATIENCE, given_up
from tests.contract.telegram_bench import Notebook

ADAPTERS: Mapping[str, ModuleType] = {"x": x, "mastodon": mastodon, "telegram": telegram, "bluesky": bluesky}
CREDENTIALS: Mapping[str, Mapping[str, str]] = {
    "x": DEMO.settings(),
    "mastodon": {"TOKEN": "canary-token"},
    "telegram": {"TOKEN": "4711:canary-token", "CHANNEL": "@library"},
    "bluesky": {"HANDLE": "library.test", "PASSWORD": "canary-token"},
}
#: The end of the path of the request that makes a post public.
PUBLISHES = {
    "x": "/2/tweets",
    "mastodon": "/api/v1/statuses",
    "telegram": "/sendMessage",
    "bluesky": "/xrpc/com.atproto.repo.putRecord",
}
UPLOADS = {
    "x": "/2/media/upload",
    "mastodon": "/api/v2/media",
    "telegram": "/sendPhoto",
    "bluesky": "/xrpc/com.atproto.repo.uploadBlob",
}
SESSION = {"did": "did:plc:library", "handle": "library.test", "accessJwt": "a", "refreshJwt": "r"}
GOOD: Mapping[str, Any] = {
    "/com.atproto.server.createSession": SESSION,
    "/com.atproto.server.refreshSession": SESSION,
    "/com.atproto.repo.uploadBlob": {"blob": {"$type": "blob", "ref": {"$link": "b"}, "mimeType": "i", "size": 1}},
    "/2/media/upload": {"data": {"id": "7"}},
    "/2/media/metadata": {"data": {}},
    "/2/users/me": {"data": {"id": "1", "username": "library"}},
    "/api/v2/media": {"id": "7", "url": "https://town.example/7"},
}
#: What each platform answers to a post that it took.
TAKEN: Mapping[str, Any] = {
    "x": {"data": {"id": "1790000000000000009", "text": ""}},
    "mastodon": {
        "id": "109",
        "created_at": "2026-11-21T10:00:00.000Z",
        "url": "https://town.example/@library/109",
        "spoiler_text": "",
        "content": "<p>Hello</p>",
        "media_attachments": [],
    },
    "telegram": {
        "ok": True,
        "result": {
            "message_id": 7,
            "date": 1790000000,
            "chat": {"id": -1001, "type": "channel", "title": "Library", "username": "library"},
        },
    },
    "bluesky": {"uri": "at://did:plc:library/app.bsky.feed.post/3k", "cid": "c"},
}

PART = Part(number=1, text="The library opens on Sundays.")
#: Seconds, for a request that the server holds.
SHORT = 0.6

Answer = Callable[[asyncio.StreamWriter], Any]


def http(body: object, *headers: str, status: str = "200 OK", kind: str = "application/json") -> bytes:
    """A whole answer; a body that is not text or bytes goes as JSON."""
    given = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(given)}", f"Content-Type: {kind}", "Connection: close"]
    return "\r\n".join([*head, *headers, "", ""]).encode() + given


def says(answer: bytes) -> Answer:
    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    return write


async def hangs(writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def resets(writer: asyncio.StreamWriter) -> None:
    bare: socket = writer.get_extra_info("socket")
    bare.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def ends(writer: asyncio.StreamWriter) -> None:
    """Close without a word."""


def drips(answer: bytes) -> Answer:
    async def write(writer: asyncio.StreamWriter) -> None:
        for each in answer:
            writer.write(bytes([each]))
            await writer.drain()
            await asyncio.sleep(0.05)

    return write


#: Grows when a client took in a whole flood.
drowned: list[asyncio.StreamWriter] = []


async def floods(writer: asyncio.StreamWriter) -> None:
    """A good status, and a body of a quarter of a gigabyte."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
    for _ in range(1024):
        writer.write(b" " * 2**18)
        await writer.drain()
    drowned.append(writer)


@dataclass
class Bench:
    """One platform's channel at a server that is good but for one kind of request."""

    platform: str
    address: str
    means: Means
    asked: list[str] = field(default_factory=list)

    @property
    def channel(self) -> Platform:
        connected: Platform = ADAPTERS[self.platform].connect(self.means)
        return connected


@asynccontextmanager
async def serving(bad: Mapping[str, Answer], asked: list[str]) -> AsyncIterator[str]:
    """Answer requests whose path ends with a key of `bad` so; others as GOOD says, else 404."""
    under_way: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        under_way.add(asyncio.current_task())  # type: ignore[arg-type]
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode().partition("?")[0]
            await _body(reader, head.lower())
            asked.append(path)
            wrong = next((answer for end, answer in bad.items() if path.endswith(end)), None)
            known = next((each for end, each in GOOD.items() if path.replace("/xrpc/", "/").endswith(end)), None)
            await (wrong or says(http(known) if known else http({}, status="404 Not Found")))(writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client hung up, or the test is over: asyncio would log a cancelled task of a server
        finally:
            under_way.discard(asyncio.current_task())
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def _body(reader: asyncio.StreamReader, head: bytes) -> None:
    lines = dict(line.split(b": ", 1) for line in head.split(b"\r\n") if b": " in line)
    if b"content-length" in lines:
        await reader.readexactly(int(lines[b"content-length"]))
    while b"chunked" in lines.get(b"transfer-encoding", b""):
        size = int(await reader.readline(), 16)
        await reader.readexactly(size + 2)
        if not size:
            return


@asynccontextmanager
async def benched(
    platform: str, folder: Path, bad: Mapping[str, Answer], timeout: float = 100.0, base: str = ""
) -> AsyncIterator[Bench]:
    asked: list[str] = []
    async with serving(bad, asked) as address, session(20) as shared:
        means = Means(
            channel=platform,
            credentials={**CREDENTIALS[platform], "BASE_URL": base or address},
            session=shared,
            media=MediaFolder(folder),
            clock=SystemClock(),
            witness=Notebook(),
            timeout=timeout,
        )
        yield Bench(platform, address, means, asked)


async def picture(bench: Bench) -> Image:
    out = io.BytesIO()
    Pillow.new("RGB", (40, 30), "teal").save(out, "PNG")
    return await bench.means.media.put(out.getvalue(), "A teal wall")


def key() -> PublishKey:
    return PublishKey(value="5f" * 16, at=SystemClock().now())


async def published(platform: str, folder: Path, answer: Answer, timeout: float = PATIENCE) -> tuple[Outcome, Bench]:
    benches: list[Bench] = []

    async def publish(within: float) -> Outcome:
        async with benched(platform, folder, {PUBLISHES[platform]: answer}, within) as bench:
            benches.append(bench)
            return await bench.channel.publish(PART, key(), None)

    outcome = await (given_up(publish) if timeout == SHORT else publish(timeout))
    return outcome, benches[-1]
