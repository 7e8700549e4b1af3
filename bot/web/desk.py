"""The desk's addresses.

/                        how things stand            /delivery/ID             one delivery's story
/health                  JSON for probes             /delivery/ID/SHA256      a picture as its channel gets it
POST /pause  /resume     stop everything, go on (forms.py says who may)
POST /delivery/ID/settle say what became of an uncertain one

A page asked with ?part=live answers with its changing sections alone, and 304 to the ETag it gave before.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.app import Connected
from bot.domain.channel import Channel
from bot.errors import BadInput, HandbillError, NotAllowed, NotFound
from bot.flow.releasing import CHOICES, Overdue
from bot.flow.settling import Verdict, open_part
from bot.platforms import adapters
from bot.settings import ChannelSettings
from bot.web import forms, views

HERE = Path(__file__).parent
#: What an error means to a browser; any other is the database's.
STATUS: Mapping[type[Exception], int] = {forms.Forbidden: 403, NotFound: 404, NotAllowed: 409, BadInput: 400}
#: Characters of the reason for a pause.
LONGEST_REASON = 500
#: Seconds after which a probe is told that the database does not answer; probes themselves seldom wait longer.
HEALTH_WAITS = 4


def application(live: Connected, followers: str, *, private: bool) -> FastAPI:
    """Return the desk as an ASGI application; `followers` as bot.web.serve has it, `private`: no other machine reaches it."""
    desk = Desk(live, followers, private=private)
    app = FastAPI(openapi_url=None)
    answers: Mapping[str, Callable[..., Awaitable[Response]]] = {
        "/": desk.front,
        "/delivery/{id}": desk.delivery,
        "/delivery/{id}/{digest}": desk.picture,
        "/health": desk.health,
    }
    for path, answer in answers.items():
        app.add_api_route(path, answer, methods=["GET", "HEAD"], response_model=None)
    decisions: Mapping[str, Callable[..., Awaitable[Response]]] = {
        "/pause": desk.pause,
        "/resume": desk.resume,
        "/delivery/{id}/settle": desk.settle,
    }
    for path, decide in decisions.items():
        app.add_api_route(path, decide, methods=["POST"], response_model=None)
    app.mount("/static", StaticFiles(directory=HERE / "static"))
    app.add_exception_handler(HandbillError, desk.trouble)
    app.add_exception_handler(404, desk.lost)
    app.add_exception_handler(405, desk.lost)
    return app


class Desk:
    """Answers each address from the store."""

    def __init__(self, live: Connected, followers: str, *, private: bool) -> None:
        self._live, self._followers, self._store, self._private = live, followers, live.app.store, private
        self._steering = live.app.steering.acting("desk")
        self._zone = ZoneInfo(live.app.settings.zone)
        self._templates = self._environment()

    async def front(self, request: Request) -> Response:
        """Tell how things stand."""
        return self._page(request, "overview.html", view=await views.overview(self._live))

    async def delivery(self, request: Request, id: str) -> Response:
        """Tell one delivery's story."""
        return self._page(request, "delivery.html", view=await views.story(self._live, id))

    async def picture(self, id: str, digest: str) -> Response:
        """Answer with a picture as the delivery's channel gets it: scaled down where that has limits."""
        story = await views.story(self._live, id)
        image = next((each for each in views.pictures(story.delivery) if each.sha256 == digest), None)
        if image is None or story.channel is None:
            raise NotFound("there is no such picture")
        body, media_type = await self._live.app.media.fitted(image, story.channel.limits)
        return Response(body, media_type=media_type, headers={"cache-control": "private, max-age=3600"})

    async def pause(self, request: Request) -> Response:
        """Stop all posting, for the reason given."""
        why = " ".join((await forms.read(request, private=self._private)).get("why", "").split())
        if not why:
            raise BadInput("the reason is missing", hint="those who find posting paused will want to know why")
        await self._steering.pause(why[:LONGEST_REASON])
        return RedirectResponse("/", 303)

    async def resume(self, request: Request) -> Response:
        """Let posting go on; the form says which pause is meant and what becomes of what came due."""
        given = await forms.read(request, private=self._private)
        try:
            choice, since = Overdue(given.get("choice", "")), datetime.fromisoformat(given.get("since", ""))
        except ValueError as error:
            raise BadInput("this form is not whole", hint="open the desk anew and press again") from error
        await self._steering.resume(choice, since)
        return RedirectResponse("/", 303)

    async def settle(self, request: Request, id: str) -> Response:
        """Take a person's verdict on the uncertain delivery that they saw; what cannot be undone is asked once more."""
        given = await forms.read(request, private=self._private)
        try:
            verdict, version = Verdict(given.get("verdict", "")), int(given.get("version", ""))
        except ValueError as error:
            raise BadInput("this form is not whole", hint="open the desk anew and press again") from error
        url = given.get("url", "").strip()
        if verdict in views.FINAL and given.get("sure") != "yes":
            view = await views.story(self._live, id)
            return self._page(request, "sure.html", view=view, verdict=verdict, version=version, url=url)
        settled = await self._steering.settle(f"{id}@{version}", verdict, url)
        return RedirectResponse(f"/delivery/{settled.id}", 303)

    async def health(self) -> Response:
        """Tell a probe that the bot runs and can write, whether it is paused, and when it next has something to do."""
        try:
            async with asyncio.timeout(HEALTH_WAITS):
                hold, upcoming = await self._store.hold(), await self._store.next_due()
                trouble, channels = await self._store.trouble(), await views.still(self._live)
        except (HandbillError, TimeoutError) as error:
            trouble = error.what if isinstance(error, HandbillError) else "the database does not answer"
        if trouble:
            return JSONResponse({"ok": False, "why": trouble}, status_code=503)
        due = upcoming and upcoming.isoformat()
        return JSONResponse({"ok": True, "paused": hold.on, "next_due": due, "channels": channels})

    async def trouble(self, request: Request, error: Exception) -> Response:
        """Tell what went wrong and what to do about it."""
        assert isinstance(error, HandbillError)
        status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 503)
        return self._page(request, "trouble.html", status, error=error)

    async def lost(self, request: Request, _: Exception) -> Response:
        """Tell that nothing is at this address."""
        return await self.trouble(request, NotFound("there is no such page"))

    def _page(self, request: Request, name: str, status: int = 200, **shown: object) -> Response:
        part, token = request.query_params.get("part") == "live", forms.token_of(request)
        shown |= {"whole": not part, "token": token, "still": request.method == "POST"}
        body = self._templates.get_template(name).render(shown).encode()
        headers = {"etag": f'"{sha256(body).hexdigest()[:16]}"'}
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        answer = HTMLResponse(body, status_code=status, headers=headers)
        if self._private and request.cookies.get(forms.COOKIE) != token:
            answer.set_cookie(forms.COOKIE, token, httponly=True, samesite="strict")
        return answer

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
            "open_part": open_part,
            "platform": platform,
        }
        templates.tests |= {"web_address": is_web_address}
        templates.globals |= {
            "choices": CHOICES,
            "verdicts": views.VERDICTS,
            "final": views.FINAL,
            "decides": self._private,
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
