"""The followers' page: what the simulated services show, a chat with the reader bot, and the fault door, all live.

/        the page; its parts are under /static/
/feed    everything on it as JSON. Asked with the ETag it gave before, it answers when something changed, else 304 after a
         while (RFC 9110, If-None-Match)
/react   POST {"platform", "id", "kind": "likes" or "reposts"} lets one more follower like or repost what is posted
/talk    POST {"text"} says something to the bot as the page's reader, GET tells what was said in that chat
"""

import asyncio
import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from aiohttp import web

from bot.sandbox.crowd import KINDS
from bot.sandbox.world import Effect, Service, World

STATIC = Path(__file__).parent / "static"
#: Services that tell bots what became of their posts; Telegram tells them nothing.
COUNTING = ("x", "mastodon", "bluesky")
TITLES = {"x": "X", "mastodon": "Mastodon", "telegram": "Telegram", "bluesky": "Bluesky"}

#: The one reader who talks through the page, and what the bot is told to call them.
READER, READER_NAME = 1, "Reader"
LONGEST = 4096

#: Of each service the last so many threads are shown: the page stays quick however long a demo runs.
THREADS = 40
#: How long a poll waits for a change in seconds, and how often it looks for those that the world does not announce.
WAIT, LOOK = 20.0, 0.4

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


@runtime_checkable
class Talking(Protocol):
    """A service on which readers write to the bot."""

    def say(self, chat: int, text: str, name: str) -> None:
        """Let a reader write."""
        ...

    def messages(self, chat: int) -> list[dict[str, Any]]:
        """Return what was said in a chat, oldest first, JSON-ready."""
        ...


def routes(world: World, services: Sequence[Service], wait: float = WAIT) -> Iterable[web.RouteDef]:
    """Return the page's routes; the chat is that of the first service that has one, `wait` how long a poll may last."""
    page = Page(world, services, wait)
    return [
        web.get("/", page.front),
        web.get(r"/static/{name:[a-z]+\.(?:css|js|svg)}", page.static),
        web.get("/feed", page.feed),
        web.get("/talk", page.talk),
        web.post("/talk", page.say),
        web.post("/react", page.react),
    ]


class Page:
    """Answers the page's requests from the world's effects and faults."""

    def __init__(self, world: World, services: Sequence[Service], wait: float) -> None:
        self._world, self._services, self._wait = world, services, wait
        self._chat = next((each for each in services if isinstance(each, Talking)), None)

    async def front(self, _: web.Request) -> web.StreamResponse:
        """Answer with the page."""
        return web.FileResponse(STATIC / "followers.html", headers=HEADERS)

    async def static(self, request: web.Request) -> web.StreamResponse:
        """Answer with a part of the page."""
        path = STATIC / request.match_info["name"]
        if not path.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(path, headers=HEADERS)

    async def feed(self, request: web.Request) -> web.Response:
        """Answer with what there is to see, at once or, if that is known to the asker, when it changes."""
        known = request.headers.get("If-None-Match", "")
        with suppress(TimeoutError):
            async with asyncio.timeout(self._wait):
                while (body := self._body()) and _tag(body) == known:
                    await self._change()
        headers = HEADERS | {"ETag": _tag(body)}
        if _tag(body) == known:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, content_type="application/json", headers=headers)

    async def talk(self, _: web.Request) -> web.Response:
        """Answer with the messages of the page's reader and the bot."""
        return web.json_response(self._talk(), headers=HEADERS)

    async def say(self, request: web.Request) -> web.Response:
        """Say something as the page's reader; only as JSON, which no other site's form can send."""
        if self._chat is None:
            return web.json_response({"error": "no service here has a chat"}, status=404)
        text = str((await _said(request)).get("text", "")).strip()
        if not text or len(text) > LONGEST:
            return web.json_response({"error": f'send {{"text": 1 to {LONGEST} characters}}'}, status=400)
        self._chat.say(READER, text, READER_NAME)
        return await self.talk(request)

    async def react(self, request: web.Request) -> web.Response:
        """Let a follower like or repost something; only as JSON, as above."""
        said = await _said(request)
        platform, post, kind = (str(said.get(name, "")) for name in ("platform", "id", "kind"))
        if platform not in COUNTING or kind not in KINDS or not self._world.react(platform, post, kind):
            words = f'send {{"platform", "id" of what is posted there, "kind": {" or ".join(KINDS)}}}'
            return web.json_response({"error": words}, status=400)
        return web.json_response(self._reactions(platform, [post]), headers=HEADERS)

    async def _change(self) -> None:
        """Wait until followers see something else, but no longer than it takes to look for other changes."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK):
                await self._world.changed.wait()

    def _body(self) -> bytes:
        shown = {
            "services": [self._column(each.name) for each in self._services],
            "talks": self._chat is not None,
            "talk": self._talk(),
            "faults": [asdict(fault) for fault in self._world.faults],
        }
        return json.dumps(shown, ensure_ascii=False).encode("utf-8", "replace")

    def _talk(self) -> list[dict[str, Any]]:
        return self._chat.messages(READER) if self._chat else []

    def _reactions(self, platform: str, posts: Iterable[str]) -> dict[str, dict[str, int]]:
        """Return what posts got so far, by their ids."""
        visible, wanted = self._world.visible(platform), set(posts)
        got = {each.id: self._world.crowd.reactions(each, visible) for each in visible if each.id in wanted}
        return {post: {kind: getattr(each, kind) for kind in KINDS} for post, each in got.items()}

    def _column(self, name: str) -> dict[str, Any]:
        threads = threaded([each for each in self._world.effects if each.platform == name])
        shown = [part.id for thread in threads[:THREADS] for part in thread]
        return {
            "name": name,
            "title": TITLES.get(name, name.title()),
            "posts": len(self._world.visible(name)),
            "earlier": max(0, len(threads) - THREADS),
            "reactions": self._reactions(name, shown) if name in COUNTING else {},
            "threads": [[asdict(part) for part in thread] for thread in threads[:THREADS]],
        }


def threaded(effects: Iterable[Effect]) -> list[list[Effect]]:
    """Return effects as threads, each from its first part on; the thread that was posted to last comes first."""
    threads: dict[str, list[Effect]] = {}
    for effect in effects:
        key = effect.thread or effect.id
        threads[key] = [*threads.pop(key, []), effect]
    return list(reversed(threads.values()))


def _tag(body: bytes) -> str:
    return f'"{sha256(body).hexdigest()[:16]}"'


async def _said(request: web.Request) -> dict[str, Any]:
    """Return what a request says, nothing when that is nothing that can be said."""
    if request.content_type != "application/json":
        return {}
    with suppress(ValueError):
        said = await request.json()
        return said if isinstance(said, dict) else {}
    return {}
