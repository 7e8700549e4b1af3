"""The pages' servers as users meet them: the sandbox with all its services, the desk over a real ledger, a browser."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot import app
from bot.app import Connected
from bot.platforms import fields
from bot.sandbox import bluesky, mastodon, telegram, x
from bot.sandbox.server import running
from bot.sandbox.world import Effect, Service, World
from bot.settings import load
from bot.web import serve
from tests.needs import missing

#: Seconds for what must come, however busy the machine is.
PATIENCE = 100

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)


@dataclass(slots=True)
class Followers:
    """The sandbox being served, and a quick way to post to it."""

    world: World
    telegram: telegram.Telegram
    address: str
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    def post(self, text: str, platform: str = "x", **more: Any) -> Effect:
        number = str(next(self.numbers))
        facts: dict[str, Any] = {
            "platform": platform,
            "account": "@townlibrary",
            "id": number,
            "text": text,
            "at": datetime.now(UTC).isoformat(),
            "url": f"https://{platform}.example/{number}",
            "thread": number,
            "length": len(text),
            "limit": 280,
        }
        return self.world.publish(Effect(**facts | more))


@pytest.fixture
async def followers() -> AsyncIterator[Followers]:
    world = World()
    chat = telegram.Telegram(world, rate=0)
    services: list[Service] = [x.X(world), mastodon.Mastodon(world), chat, bluesky.Bluesky(world)]
    async with running(world, services) as address:
        yield Followers(world, chat, address)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE)) as session:
        yield session


@dataclass(slots=True)
class Desk:
    """The desk being served, and what stands behind it."""

    live: Connected
    address: str
    stop: asyncio.Event
    serving: asyncio.Task[None]


Desks = Callable[..., AbstractAsyncContextManager[Desk]]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desks:
    """Return what serves a desk: desk(environ, followers=""); with `at_work` the whole bot runs behind it."""
    monkeypatch.setattr("bot.web.desk.HEALTH_WAITS", PATIENCE)

    @asynccontextmanager
    async def served(
        environ: Mapping[str, str] | None = None, followers: str = "", *, at_work: bool = False
    ) -> AsyncIterator[Desk]:
        settings = load(tmp_path, fields(), {"HANDBILL_HOME": str(tmp_path), **(environ or {})})
        if at_work:
            async with app.running(settings) as live, _served(live, followers) as desk:
                yield desk
        else:
            async with app.opened(settings) as opened, app.connected(opened) as live, _served(live, followers) as desk:
                yield desk

    return served


@asynccontextmanager
async def _served(live: Connected, followers: str) -> AsyncIterator[Desk]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address, stop = f"http://127.0.0.1:{listening.getsockname()[1]}", asyncio.Event()
        serving = asyncio.create_task(serve(live, listening, stop, followers))
        try:
            yield Desk(live, address, stop, serving)
        finally:
            stop.set()
            await asyncio.wait_for(serving, PATIENCE)


@dataclass  # without slots: Playwright notes its wrapper on the object whose method listens
class Browser:
    """One Chromium with a fresh profile; `complaints` are what its console reported as errors or warnings."""

    context: Any
    complaints: list[str] = field(default_factory=list)

    async def open(self, url: str, *, width: int = 1200, dark: bool = False) -> Any:
        page = await self.context.new_page()
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        await page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
        await page.set_viewport_size({"width": width, "height": 800})
        await page.goto(url)
        return page

    def _listen(self, said: Any) -> None:
        if said.type in ("error", "warning"):
            self.complaints.append(said.text)


@pytest.fixture
async def chromium(tmp_path: Path) -> AsyncIterator[Browser]:
    """Start Chromium; where there is none the test is skipped, but in CI (CI=true) it fails."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        missing("no Chromium is installed, so the pages were not looked at in a browser")
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            tmp_path / "profile", executable_path=found, args=list(FLAGS), timeout=PATIENCE * 1000
        )
        context.set_default_timeout(PATIENCE * 1000)
        yield Browser(context)
        await context.close()
