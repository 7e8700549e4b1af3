"""What the tests of X stand on: a simulated X, a session that writes down what it sends, and channels at any address."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
from aiohttp import web
from oauthlib.oauth1 import Client  # type: ignore[import-untyped]
from PIL import Image as Pillow

from bot.clock import SystemClock
from bot.domain.article import Image
from bot.domain.delivery import PublishKey
from bot.domain.outcome import Outcome, Receipt, Sent
from bot.domain.post import Part
from bot.media import MediaFolder
from bot.platforms import x
from bot.ports import Means, Platform, Sighting
from bot.sandbox.server import running
from bot.sandbox.world import World
from bot.sandbox.x import DEMO, Login, X

KEY = PublishKey(value="5f" * 16, at=datetime(2026, 11, 21, 9, 0, tzinfo=UTC))
LINK = "https://library.example.org/autumn-opening?from=x&no=3"
TEXT = f"The library opens on Sundays & holidays from <10> to 16. {LINK} #library"
SECRETS = tuple(DEMO.settings().values())


class NoWitness:
    """X can be asked, so the adapter has nothing to remember."""

    async def saw(self, sighting: Sighting) -> None: ...

    async def sightings(self, channel: str, since: datetime) -> Sequence[Sighting]:
        return ()

    async def caught_up(self, channel: str, at: datetime) -> None: ...

    async def heard_until(self, channel: str) -> datetime | None:
        return None

    async def deaf_until(self) -> datetime | None:
        return None


@dataclass
class Exchange:
    """One request as it went over the wire, with its answer."""

    method: str
    url: str
    authorization: str
    sent: bytes = b""
    status: int = 0
    received: bytearray = field(default_factory=bytearray)

    @property
    def body(self) -> Any:
        return json.loads(self.sent)

    @property
    def answer(self) -> Any:
        return json.loads(self.received)


@dataclass
class Bench:
    """The simulated X at `address`, what it shows in `world`, and all that `session` sent in `wire`."""

    world: World
    address: str
    media: MediaFolder
    session: aiohttp.ClientSession
    wire: list[Exchange] = field(default_factory=list)

    def channel(
        self, base: str | None = None, *, timeout: float = 60, keys: Mapping[str, str] | None = None
    ) -> Platform:
        credentials = {**DEMO.settings(), "BASE_URL": self.address if base is None else base, **(keys or {})}
        return x.connect(
            Means(
                channel="x",
                credentials=credentials,
                session=self.session,
                media=self.media,
                clock=SystemClock(),
                witness=NoWitness(),
                timeout=timeout,
            )
        )

    async def picture(self, alt: str = "", color: str = "teal") -> Image:
        out = BytesIO()
        Pillow.new("RGB", (60, 40), color).save(out, format="PNG")
        return await self.media.put(out.getvalue(), alt)

    def posts(self) -> list[Exchange]:
        return [exchange for exchange in self.wire if exchange.method == "POST" and path_of(exchange) == "/2/tweets"]

    async def signed(
        self, method: str, path: str, body: object = None, *, login: Login = DEMO, sent: str = "", timestamp: str = ""
    ) -> tuple[int, Mapping[str, str], Any]:
        """Make a request that our adapter never would, signed by oauthlib for `path` but sent to `sent`."""
        keys = login.consumer_key, login.consumer_secret, login.access_token, login.access_token_secret
        _, headers, _ = Client(*keys, timestamp=timestamp or None).sign(x.SIGNED + path, method)
        async with self.session.request(method, self.address + (sent or path), json=body, headers=headers) as answer:
            return answer.status, answer.headers, await answer.json()


class Overheard:
    """A body that is written down as it is read; aiohttp's own tracing sees only what is read in one piece."""

    def __init__(self, body: aiohttp.StreamReader, heard: bytearray) -> None:
        self._body, self._heard = body, heard

    def __getattr__(self, name: str) -> Any:
        return getattr(self._body, name)

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        async for chunk in self._body.iter_chunked(size):
            self._heard += chunk
            yield chunk


class Recorded(aiohttp.ClientResponse):
    """An answer that remembers its body."""

    async def start(self, connection: Any) -> aiohttp.ClientResponse:
        await super().start(connection)
        self.heard = bytearray()
        self.content = Overheard(self.content, self.heard)  # type: ignore[assignment]
        return self


def path_of(exchange: Exchange) -> str:
    return "/2/" + exchange.url.split("/2/", 1)[1].split("?")[0]


def recorder(wire: list[Exchange]) -> aiohttp.TraceConfig:
    trace = aiohttp.TraceConfig()

    async def start(_: Any, context: SimpleNamespace, params: aiohttp.TraceRequestStartParams) -> None:
        context.exchange = Exchange(params.method, str(params.url), params.headers.get("Authorization", ""))
        wire.append(context.exchange)

    async def sent(_: Any, context: SimpleNamespace, params: aiohttp.TraceRequestChunkSentParams) -> None:
        context.exchange.sent += params.chunk

    async def end(_: Any, context: SimpleNamespace, params: aiohttp.TraceRequestEndParams) -> None:
        context.exchange.status = params.response.status
        context.exchange.received = getattr(params.response, "heard", bytearray())

    trace.on_request_start.append(start)
    trace.on_request_chunk_sent.append(sent)
    trace.on_request_end.append(end)
    return trace


@asynccontextmanager
async def opened(folder: Path, connector: aiohttp.BaseConnector | None = None, **options: Any) -> AsyncIterator[Bench]:
    """Start a simulated X with these options, and a recording session."""
    world, wire = World(), list[Exchange]()
    async with (
        running(world, [X(world, **options)]) as address,
        aiohttp.ClientSession(connector=connector, response_class=Recorded, trace_configs=[recorder(wire)]) as session,
    ):
        yield Bench(world, f"{address}/x", MediaFolder(folder / "media"), session, wire)


@asynccontextmanager
async def scripted(status: int, body: object, headers: Mapping[str, str] | None = None) -> AsyncIterator[str]:
    """Serve one answer to everything but the question who we are."""
    text, kind = (body, "text/html") if isinstance(body, str) else (json.dumps(body), "application/json")

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        if request.path == "/2/users/me":
            return web.json_response({"data": {"id": "1790000000000000001", "username": "town_library"}})
        return web.Response(status=status, text=text, content_type=kind, headers=headers)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def part(text: str = TEXT, *images: Image, number: int = 1) -> Part:
    return Part(number=number, text=text, images=images)


def ago(**span: float) -> datetime:
    return datetime.now(UTC) - timedelta(**span)


def receipt_of(outcome: Outcome) -> Receipt:
    assert isinstance(outcome, Sent), outcome
    return outcome.receipt


def told(thing: object) -> str:
    """Return all that a log or a page could show of an outcome or an error, causes included."""
    words = f"{thing!s} {thing!r}"
    if isinstance(thing, BaseException):
        cause = thing.__cause__ or (None if thing.__suppress_context__ else thing.__context__)
        words += f" {thing.__dict__!r} {told(cause)}"
    return words


def leaks(words: str) -> list[str]:
    return [secret for secret in SECRETS if secret in words]
