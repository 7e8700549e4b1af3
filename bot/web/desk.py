"""The desk's addresses.

/                        how things stand            /delivery/ID             one delivery's story
/health                  JSON for probes             /delivery/ID/SHA256      a picture as its channel gets it

A page asked with ?part=live answers with its changing sections alone, and 304 to the ETag it gave before.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.app import Connected
from bot.domain.channel import Channel
from bot.errors import HandbillError, NotFound
from bot.platforms import adapters
from bot.settings import ChannelSettings
from bot.web import views

HERE = Path(__file__).parent


def application(live: Connected, followers: str) -> FastAPI:
    """Return the desk as an ASGI application; `followers` as bot.web.serve has it."""
    desk = Desk(live, followers)
    app = FastAPI(openapi_url=None)
    answers: Mapping[str, Callable[..., Awaitable[Response]]] = {
        "/": desk.front,
        "/delivery/{id}": desk.delivery,
        "/delivery/{id}/{digest}": desk.picture,
        "/health": desk.health,
    }
    for path, answer in answers.items():
        app.add_api_route(path, answer, methods=["GET", "HEAD"], response_model=None)
    app.mount("/static", StaticFiles(directory=HERE / "static"))
    app.add_exception_handler(HandbillError, desk.trouble)
    app.add_exception_handler(404, desk.lost)
    return app


class Desk:
    """Answers each address from the store."""

    def __init__(self, live: Connected, followers: str) -> None:
        self._live, self._followers, self._store = live, followers, live.app.store
        self._zone = ZoneInfo(live.app.settings.zone)
        self._templates = self._environment()

    async def front(self, request: Request) -> Response:
        """Tell how things stand."""
        return self._page(request, "overview.html", view=await views.overview(self._live))

    async def delivery(self, request: Request, id: str) -> Response:
        """Tell one delivery's story."""
        return self._page(request, "delivery.html", view=await views.story(self._store, id))

    async def picture(self, id: str, digest: str) -> Response:
        """Answer with a picture as the delivery's channel gets it: scaled down where that has limits."""
        story = await views.story(self._store, id)
        image = next((each for each in views.pictures(story.delivery) if each.sha256 == digest), None)
        if image is None or story.channel is None:
            raise NotFound("there is no such picture")
        body, media_type = await self._live.app.media.fitted(image, story.channel.limits)
        return Response(body, media_type=media_type, headers={"cache-control": "private, max-age=3600"})

    async def health(self) -> Response:
        """Tell a probe that the bot runs, whether it is paused, and when it next has something to do."""
        try:
            hold, upcoming = await self._store.hold(), await self._store.next_due()
        except HandbillError as error:
            return JSONResponse({"ok": False, "why": error.what}, status_code=503)
        return JSONResponse({"ok": True, "paused": hold.on, "next_due": upcoming and upcoming.isoformat()})

    async def trouble(self, request: Request, error: Exception) -> Response:
        """Tell what went wrong and what to do about it."""
        assert isinstance(error, HandbillError)
        return self._page(request, "trouble.html", 404 if isinstance(error, NotFound) else 503, error=error)

    async def lost(self, request: Request, _: Exception) -> Response:
        """Tell that nothing is at this address."""
        return await self.trouble(request, NotFound("there is no such page"))

    def _page(self, request: Request, name: str, status: int = 200, **shown: object) -> Response:
        part = request.query_params.get("part") == "live"
        body = self._templates.get_template(name).render(whole=not part, **shown).encode()
        headers = {"etag": f'"{sha256(body).hexdigest()[:16]}"'}
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        return HTMLResponse(body, status_code=status, headers=headers)

    def _environment(self) -> Environment:
        templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        templates.filters |= {
            "when": self._when,
            "pieces": views.pieces,
            "said": views.said,
            "words": one_line,
            "platform": platform,
        }
        templates.tests |= {"web_address": is_web_address}
        templates.globals |= {
            "followers": self._followers,
            "program": self._live.app.settings.command,
            "zone": self._zone.key,
            "seen_at": self._seen_at,
        }
        return templates

    def _when(self, moment: datetime) -> str:
        """Return a moment as wall-clock time in the settings' zone, the year only when it is another one."""
        local = moment.astimezone(self._zone)
        year = "" if local.year == self._live.app.clock.now().astimezone(self._zone).year else f" {local.year}"
        return f"{local:%a} {local.day} {local:%b}{year}, {local:%H:%M:%S}"

    def _seen_at(self, url: str) -> str:
        """Return where a published part is to be seen: with simulated platforms, on the followers' page."""
        return f"{self._followers}#{quote(url, safe='')}" if self._followers else url


def platform(channel: Channel | ChannelSettings) -> str:
    """Return the name people know a channel's platform by."""
    known: Mapping[str, object] = adapters()
    return str(getattr(known.get(channel.platform), "TITLE", channel.platform))


def one_line(text: str, most: int = 160) -> str:
    """Return the beginning of a text on one line, cut between words where it has spaces."""
    words = " ".join(text.split())
    if len(words) <= most:
        return words
    whole, _, cut = words[: most - 1].rpartition(" ")
    return f"{whole if whole and len(cut) < 30 else words[: most - 1]}…"


def is_web_address(url: str) -> bool:
    """Tell whether an address may be a link on a page: nothing that runs anything."""
    try:
        return urlsplit(url).scheme in ("http", "https")
    except ValueError:
        return False
