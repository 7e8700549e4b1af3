"""Forms that decide something: does a request come from a page of this desk that a person had before them?

Three things must fit, so that no other site and no other program's page can press the button: what the browser says of
where the form stood (Sec-Fetch-Site, Origin), a secret that both a cookie and the form carry, and a desk that only this
machine can reach, since it asks nobody who they are.
"""

import re
import secrets
from collections.abc import Mapping
from hmac import compare_digest
from ipaddress import ip_address
from urllib.parse import parse_qsl

from fastapi import Request

from bot.errors import BadInput, NotAllowed

COOKIE = "handbill-form"
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
#: Bytes of a form; a reason takes a few hundred.
LONGEST = 8192


class Forbidden(NotAllowed):
    """A form that did not come from a page of this desk, or that this desk must not obey."""


def is_private(bound: str) -> bool:
    """Tell whether an address that is listened on can be reached from this machine alone."""
    return ip_address(bound.partition("%")[0]).is_loopback


def token_of(request: Request) -> str:
    """Return the secret that this browser's forms carry: the one it has, else a new one."""
    known = request.cookies.get(COOKIE, "")
    return known if TOKEN.fullmatch(known) else secrets.token_urlsafe(32)


async def read(request: Request, *, private: bool) -> Mapping[str, str]:
    """Return the fields of a form; raises Forbidden, or BadInput for what is no form."""
    if not private:
        raise Forbidden(
            "this desk can be reached from other machines and asks nobody who they are, so it decides nothing",
            hint="use the command line, or let HANDBILL_WEB be an address of this machine alone",
        )
    _refuse_elsewhere(request)
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise BadInput("this is no form of this desk")
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST:
            raise BadInput("this form is too long")
    fields = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    cookie = request.cookies.get(COOKIE, "")
    if not TOKEN.fullmatch(cookie) or not compare_digest(cookie.encode(), fields.get("token", "").encode()):
        raise Forbidden("this form is not one that this desk gave you", hint="open the desk anew and press again")
    return fields


def _refuse_elsewhere(request: Request) -> None:
    """Refuse a form that stood on another site's page; a request that says nothing of that is no browser's."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    own = {f"{scheme}://{request.headers.get('host', '').lower()}" for scheme in ("http", "https")}
    elsewhere = site not in (None, "same-origin") or (origin is not None and origin.lower() not in own)
    if elsewhere or (site is None and origin is None):
        raise Forbidden(
            "this form did not stand on a page of this desk", hint="open the desk and press the button there"
        )
