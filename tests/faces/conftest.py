"""The pages' servers as users meet them: the sandbox with all its services, the desk over a real ledger, a browser."""

import asyncio
import re
import shutil
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from yarl import URL

from bot import app
from bot.app import Connected
from bot.domain.ledger import Entry
from bot.domain.people import Role
from bot.platforms import fields
from bot.sandbox import bluesky, mastodon, telegram, x
from bot.sandbox.server import running
from bot.sandbox.world import Effect, Service, World
from bot.settings import load
from bot.web import serve
from tests.needs import missing

#: Seconds for what must come, however busy the machine is.
PATIENCE = 100

#: What those who are signed in chose at their one-time link.
PASSWORD = "four teacups on a shelf"

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
    jar = aiohttp.CookieJar(unsafe=True)  # "unsafe": cookies of an IP address are kept too
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE), cookie_jar=jar) as session:
        yield session


@dataclass(slots=True)
class Desk:
    """The desk being served, and what stands behind it; `cookies` are those of whoever is signed in."""

    live: Connected
    address: str
    stop: asyncio.Event
    serving: asyncio.Task[None]
    cookies: dict[str, str] = field(default_factory=dict)

    async def sign_in(self, name: str, role: Role) -> dict[str, str]:
        """Have somebody come in by the real door, with a one-time link; return the cookies they have then."""
        secret = await self.live.app.enrolling.acting("cli:tests").add(name, role)
        return await self.come_in(secret)

    async def come_in(self, secret: str, password: str = PASSWORD) -> dict[str, str]:
        """Choose a password at a one-time link, as a browser that keeps no Secure cookie on plain http."""
        where = f"{self.address}/in/{secret}"
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as visitor:
            async with visitor.get(where) as page:
                cookies = {name: each.value for name, each in page.cookies.items() if not name.startswith("__Host-")}
                token = re.search(r'name="token" value="([^"]+)"', await page.text())
            assert token
            form = {"token": token[1], "password": password, "again": password}
            headers = {"Origin": self.address, "Sec-Fetch-Site": "same-origin"}
            send: dict[str, Any] = {"data": form, "headers": headers, "cookies": cookies, "allow_redirects": False}
            async with visitor.post(where, **send) as answer:
                assert answer.status == 303, await answer.text()
                return {name: each.value for name, each in answer.cookies.items()}

    async def decisions(self) -> list[Entry]:
        """Return the audit log without what let the signed-in person in."""
        return [each for each in await self.live.app.store.acts() if not each.act.verb.startswith("user ")]


@pytest.fixture
def visits() -> dict[str, dict[str, str]]:
    """The cookies by which one is signed in, by desk."""
    return {}


Desks = Callable[..., AbstractAsyncContextManager[Desk]]


@pytest.fixture
def desk(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    http: aiohttp.ClientSession,
    visits: dict[str, dict[str, str]],
) -> Desks:
    """Return what serves a desk: desk(environ, followers=""); with `at_work` the whole bot runs behind it.

    `http` and the browser are signed in there as anna, an admin; with another `role` as that, None = there is nobody.
    """
    monkeypatch.setattr("bot.web.pages.health.HEALTH_WAITS", PATIENCE)

    @asynccontextmanager
    async def served(
        environ: Mapping[str, str] | None = None,
        followers: str = "",
        *,
        at_work: bool = False,
        role: Role | None = Role.ADMIN,
    ) -> AsyncIterator[Desk]:
        settings = load(tmp_path, fields(), {"HANDBILL_HOME": str(tmp_path), **(environ or {})})
        async with AsyncExitStack() as stack:
            if at_work:
                live = await stack.enter_async_context(app.running(settings))
            else:
                opened = await stack.enter_async_context(app.opened(settings))
                live = await stack.enter_async_context(app.connected(opened))
            desk = await stack.enter_async_context(_served(live, followers))
            if role is not None:
                desk.cookies = visits[desk.address] = await desk.sign_in("anna", role)
                http.cookie_jar.update_cookies(desk.cookies, URL(desk.address))
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
    visits: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)

    async def open(self, url: str, *, width: int = 1200, dark: bool = False) -> Any:
        for desk, cookies in self.visits.items():
            await self.context.add_cookies(
                [{"name": name, "value": each, "url": desk} for name, each in cookies.items()]
            )
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
async def chromium(tmp_path: Path, visits: dict[str, dict[str, str]]) -> AsyncIterator[Browser]:
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
        yield Browser(context, visits)
        await context.close()
