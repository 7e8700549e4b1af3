"""The door: who is asking, by a session's cookie or a program's bearer token, and the cookies that browsers keep.

A browser's secret is in a cookie that no script reads. Its name has the prefix `__Host-` wherever the browser keeps such a
cookie (over https, and in Chromium and Firefox on this machine too): then no other site and no plain http can set or read
it. On plain http, a browser that keeps none gets one without the prefix. The desk's port is part of the name, since
cookies know hosts only and two desks on one machine would sign each other out.
"""

import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from hmac import digest as hmac_of
from ipaddress import ip_address
from urllib.parse import urlsplit

import structlog
from fastapi import Request
from fastapi.responses import Response

from bot.app import Connected
from bot.domain.people import ABSOLUTE, Caller
from bot.flow.admission import Admission
from bot.web.forms import Forbidden

log = structlog.get_logger("desk")

#: What the cookies of a session, and of a browser that is not signed in, are called.
SESSION, FORM = "handbill", "handbill-form"
PREFIX = "__Host-"
SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Door:
    """Tells who is asking, and lets browsers in and out. `admission` is where passwords and secrets are checked."""

    def __init__(self, live: Connected) -> None:
        self.admission = Admission(live.app.roster, live.app.clock)
        self._url = urlsplit(live.app.settings.url)
        self._proxies, self._warned = live.app.settings.proxies, False

    async def person_of(self, request: Request) -> Caller | None:
        """Return who is asking: a person by their session, a program by its bearer token; None = nobody we know."""
        if not hasattr(request.state, "caller"):
            request.state.caller = await self._known(request)
        found: Caller | None = request.state.caller
        return found

    async def _known(self, request: Request) -> Caller | None:
        token = bearer_of(request)
        if token is not None:
            return await self.admission.program(token)
        secret = self._cookie(request, SESSION)
        return await self.admission.caller(secret) if secret else None

    def refuse_elsewhere(self, request: Request) -> None:
        """Refuse what decides something and did not come from a page of this desk; programs with a token are no browsers.

        What the browser says of where the form stood is believed (Sec-Fetch-Site, Origin): no page can set these. A request
        that says nothing of that is no browser's.
        """
        if request.method in SAFE or bearer_of(request) is not None:
            return
        site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
        own = {f"{scheme}://{request.headers.get('host', '').lower()}" for scheme in ("http", "https")}
        own |= {f"{self._url.scheme}://{self._url.netloc}"} if self._url.netloc else set()
        elsewhere = site not in (None, "same-origin") or (origin is not None and origin.lower() not in own)
        if elsewhere or (site is None and origin is None):
            hint = "open the desk and press the button there"
            if site == "same-origin":
                hint = "behind a proxy, set HANDBILL_URL to the address that people type in"
            raise Forbidden("this form did not stand on a page of this desk", hint=hint)

    def token_of(self, request: Request) -> str:
        """Return the token that this browser's forms carry: bound to its session, or to the cookie it has without one."""
        secret = self._cookie(request, SESSION) or self._cookie(request, FORM) or getattr(request.state, "fresh", "")
        if not secret:
            request.state.fresh = secret = secrets.token_urlsafe(32)
        return urlsafe_b64encode(hmac_of(secret.encode(), b"handbill form", "sha256")).decode().rstrip("=")

    def remember(self, request: Request, answer: Response) -> None:
        """Give a browser without a cookie one that its forms are bound to.

        Both names are tried where the address does not tell: the one that comes back shows which this browser keeps.
        """
        if secret := getattr(request.state, "fresh", ""):
            for name in self._names(request, FORM):
                self._set(answer, name, secret, "strict", None)

    def let_in(self, request: Request, answer: Response, secret: str) -> None:
        """Have the browser keep the secret of its new session, under the safest name that it keeps at all."""
        names = list(self._names(request, SESSION))
        known = [name for name, form in zip(names, self._names(request, FORM), strict=True) if form in request.cookies]
        self._set(answer, next(iter(known), names[-1]), secret, "lax", round(ABSOLUTE.total_seconds()))

    def let_out(self, request: Request, answer: Response) -> None:
        """Have the browser forget its session, and ask for nothing again that it was shown."""
        for name in self._names(request, SESSION):
            answer.set_cookie(name, "", max_age=0, secure=name.startswith(PREFIX), httponly=True, samesite="lax")
        answer.headers["clear-site-data"] = '"cache"'

    def place_of(self, request: Request) -> str:
        """Return the address that a request came from: behind our own proxy, what that proxy says.

        It says so at the end of what others said before, in the same line or in one more (RFC 9110 §5.3).
        """
        peer = request.client.host if request.client else ""
        told = ",".join(request.headers.getlist("x-forwarded-for")).rpartition(",")[2].strip()
        if not (told and self._url.netloc):
            return peer
        if self._is_proxy(peer):
            return told
        if not self._warned:
            self._warned = True
            log.warning("who asks is told by a machine that HANDBILL_PROXIES does not name", machine=peer)
        return peer

    def address(self, request: Request, path: str) -> str:
        """Return the whole address of a page of this desk, as people reach it."""
        if self._url.netloc:
            return self._url.geturl() + path
        return f"{request.url.scheme}://{request.headers.get('host', '')}{path}"

    def _is_proxy(self, peer: str) -> bool:
        try:
            found = ip_address(peer.partition("%")[0])
        except ValueError:
            return False
        found = getattr(found, "ipv4_mapped", None) or found
        return any(found in network for network in self._proxies)

    def _cookie(self, request: Request, kind: str) -> str:
        found = (request.cookies.get(name, "") for name in self._names(request, kind))
        return next((each for each in found if SECRET.fullmatch(each)), "")

    def _names(self, request: Request, kind: str) -> Iterator[str]:
        """Yield the names a cookie may have, the safest first; only that one where people come over https."""
        port = _port_of(request)
        name = f"{kind}-{port}" if port else kind
        yield PREFIX + name
        host, forwarded = request.headers.get("host", "").lower(), "x-forwarded-for" in request.headers
        if not (self._url.scheme == "https" and (host == self._url.netloc or forwarded)):
            yield name

    def _set(self, answer: Response, name: str, secret: str, samesite: str, lasts: int | None) -> None:
        attributes = f"Path=/; HttpOnly; SameSite={samesite.capitalize()}"
        attributes += "" if lasts is None else f"; Max-Age={lasts}"
        attributes += "; Secure" if name.startswith(PREFIX) else ""
        answer.headers.append("set-cookie", f"{name}={secret}; {attributes}")


def bearer_of(request: Request) -> str | None:
    """Return the token that a program shows, None when it shows none (RFC 6750 §2.1)."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _port_of(request: Request) -> str:
    """Return the port in the Host header, "" when there is none."""
    found = re.search(r":([0-9]{1,5})$", request.headers.get("host", ""))
    return found[1] if found else ""
