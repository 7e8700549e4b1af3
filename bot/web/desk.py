"""The desk: the table of all addresses made into an application, and what every answer goes through.

bot.web.routes says what a row of that table is; each file of bot.web.pages brings its own rows. A page asked with
?part=live answers with its changing sections alone, and 304 to the ETag it gave before.
"""

import asyncio
import re
import secrets
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from hashlib import sha256
from itertools import chain
from urllib.parse import quote, urlsplit

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect

from bot.app import Connected
from bot.domain.people import Caller
from bot.errors import BadInput, HandbillError, NotAllowed, NotFound, StoreError
from bot.flow.auditing import Auditing
from bot.web import api, forms
from bot.web.api import problems
from bot.web.changes import Changes
from bot.web.door import Door, bearer_of
from bot.web.frame import framed, own_path
from bot.web.pages import PAGES
from bot.web.pages.signin import signing_in
from bot.web.rendering import Templates
from bot.web.routes import GET, Asked, Notice, Route, SignInFirst, inside, refuse
from bot.web.shipped import Shipped
from bot.web.words import language_of, spoken

#: What an error means to a browser; any other is the database's.
STATUS: Mapping[type[Exception], int] = {
    SignInFirst: 401,
    forms.Forbidden: 403,
    NotFound: 404,
    NotAllowed: 409,
    BadInput: 400,
}
#: How many notices wait to be shown; who comes back later than that does without.
NOTICES = 500
#: Bytes below which an answer is not worth compressing.
SMALL = 600
#: What a page says of how far away moments are: it changes by itself, and no page is fetched anew for it.
NEAR = re.compile(rb'(<span class="near"[^>]*>)[^<]*')


def application(live: Connected, followers: str, stop: asyncio.Event) -> FastAPI:
    """Return the desk as an ASGI application; `followers` as bot.web.serve has it.

    `stop` is set when answers that last (events) are to end.
    """
    desk = Desk(live, followers, stop)
    app = FastAPI(openapi_url=None)
    for route in desk.routes:
        app.add_route(route.path, desk.endpoint(route), methods=list(route.methods))
    app.mount("/api", desk.api)
    app.mount("/static", desk.shipped)
    app.add_exception_handler(HandbillError, desk.trouble)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(404, desk.lost)
    app.add_exception_handler(405, desk.lost)
    app.add_middleware(GZipMiddleware, minimum_size=SMALL, compresslevel=6)
    return app


async def _gone(_request: Request, _error: Exception) -> Response:
    """Answer nobody: a browser takes back what it asked when somebody types on (nginx calls that 499)."""
    return Response(status_code=499)


class Desk:
    """Answers each address: who asks, may they, in which language, and in which frame."""

    def __init__(self, live: Connected, followers: str, stop: asyncio.Event) -> None:
        self.live, self.followers, self.stop = live, followers, stop
        self.door = Door(live)
        self.routes: tuple[Route, ...] = tuple(chain.from_iterable(PAGES))
        self.shipped = Shipped()
        self.api = api.application(self)
        self.changes = Changes(live.app.store, live.app.clock)
        self.listeners: Counter[str] = Counter()  # lines of /events that are open, by session
        self.auditing = Auditing(live.app.store, live.app.clock)
        self._templates = Templates(live, followers, self.shipped)
        self._notices: OrderedDict[str, Notice] = OrderedDict()

    def endpoint(self, route: Route) -> Callable[[Request], Awaitable[Response]]:
        """Return what answers a row of the table: those who have its right, and tells the others why not."""

        async def answer(request: Request) -> Response:
            asked = await (self._asked_anyhow if route.right is None else self._asked)(request)
            refuse(asked, route.right)
            self.door.refuse_elsewhere(request)
            return await route.answer(asked)

        return answer

    def has(self, path: str) -> Route | None:
        """Return the row that answers when a page at this path is asked for, None when there is none."""
        return next((each for each in self.routes if each.path == path and "GET" in each.methods), None)

    async def form(self, asked: Asked, longest: int = forms.LONGEST) -> Mapping[str, str]:
        """Return the fields of a form of ours; raises Forbidden, BadInput."""
        return await forms.read(asked.request, self._token(asked.request), longest)

    async def files(self, asked: Asked) -> tuple[Mapping[str, str], Sequence[forms.File]]:
        """Return the fields and files of a form of ours; raises Forbidden, BadInput."""
        return await forms.read_files(asked.request, self._token(asked.request))

    def _token(self, request: Request) -> str | None:
        """Return what a form must carry; programs with a token of their own have no forms."""
        return None if bearer_of(request) is not None else self.door.token_of(request)

    async def page(
        self, asked: Asked, template: str, status: int = 200, /, *, still: bool = False, **shown: object
    ) -> Response:
        """Return a page in its frame, or its changing sections alone where those are asked for."""
        request, token = asked.request, self.door.token_of(asked.request)
        frame = await framed(asked)
        whole = request.query_params.get("part") != "live"
        notice = self._notices.get(request.query_params.get("notice", ""))
        still = still or request.method == "POST" or status >= 400
        about = {"asked": asked, "frame": frame, "whole": whole, "still": still, "token": token, "notice": notice}
        body = self._templates.render(template, asked, about | shown)
        digest = sha256(NEAR.sub(rb"\1", body)).hexdigest()
        headers = {"etag": f'"{digest[:16]}"', "vary": "accept-language, cookie"}
        if request.headers.get("if-none-match", "").removeprefix("W/") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        answer = HTMLResponse(body, status_code=status, headers=headers)
        self.door.remember(request, answer)
        return answer

    def keep(self, notice: Notice) -> str:
        """Keep a notice for the page that comes next and return the name it goes by."""
        name = secrets.token_urlsafe(9)
        self._notices[name] = notice
        while len(self._notices) > NOTICES:
            self._notices.popitem(last=False)
        return name

    async def trouble(self, request: Request, error: Exception) -> Response:
        """Tell what went wrong and what to do about it."""
        assert isinstance(error, HandbillError)
        if isinstance(error, SignInFirst):
            return await self._first_sign_in(await self._asked_anyhow(request))
        status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 503)
        return await self.page(await self._asked_anyhow(request), "trouble.html", status, error=error)

    async def lost(self, request: Request, error: Exception) -> Response:
        """Tell that nothing is at this address."""
        if request.url.path.startswith(f"{request.scope.get('root_path', '')}/api/"):
            return await problems.lost(request, error)  # a line end in a path leads past whatever is mounted
        return await self.trouble(request, NotFound("there is no such page"))

    async def _first_sign_in(self, asked: Asked) -> Response:
        """Send a browser to where one signs in, and back afterwards; what is no page that is looked at is refused."""
        request, query = asked.request, asked.request.url.query
        if request.method in GET and request.query_params.get("part") != "live" and bearer_of(request) is None:
            return asked.to(f"/signin?next={quote(own_path(asked) + (f'?{query}' if query else ''), safe='/')}")
        if bearer_of(request) is None and "text/html" in request.headers.get("accept", ""):
            answer = await signing_in(asked, 401, self._page_before(request))
        else:
            answer = await self.page(asked, "trouble.html", 401, error=SignInFirst("sign in first"))
        answer.headers["www-authenticate"] = "Bearer"
        return answer

    def _page_before(self, request: Request) -> str:
        """Return the path of the page whose form was sent: the browser says so, and says it of our own pages alone."""
        before = urlsplit(request.headers.get("referer", ""))
        if before.netloc != request.headers.get("host"):
            return "/"
        return inside(before.path.removeprefix(str(request.scope.get("root_path", "")).rstrip("/")))

    async def _asked(self, request: Request) -> Asked:
        return self._asking(request, await self.door.person_of(request))

    async def _asked_anyhow(self, request: Request) -> Asked:
        """Return who asks; nobody we know while the database does not answer, so that this can be told."""
        try:
            return await self._asked(request)
        except StoreError:
            return self._asking(request, None)

    def _asking(self, request: Request, caller: Caller | None) -> Asked:
        words = spoken(language_of(request), self.live.app.settings.zone)
        return Asked(request=request, caller=caller, words=words, desk=self)
