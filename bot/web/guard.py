"""Who may ask, and what every answer carries."""

from collections.abc import Awaitable, Callable, MutableMapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

#: Nothing from elsewhere, nothing inline, in nobody's frame; what an answer says itself of these stays.
HEADERS = {
    b"content-security-policy": b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    b"connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",  # on a shared machine nothing stays behind of what somebody saw
}

STRANGER = b"""This desk does not answer to that name.

Open it by the address that `handbill run` printed. Behind a proxy, set HANDBILL_URL to the address that people type in,
such as https://desk.library.example/handbill; without one, set HANDBILL_WEB to NAME:PORT.
"""


class Guard:
    """Answers only to its own names, so that no other site's page can reach the desk through a name of its own.

    (DNS rebinding: github.com/nccgroup/singularity/wiki.) No `names` = any name will do. `prefix` is the path below which a
    proxy shows the desk, whether it passes that on or takes it away.
    """

    def __init__(self, application: Application, names: frozenset[str], prefix: str = "") -> None:
        self._application, self._names, self._prefix = application, names, prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an HTTP request on, or refuse it with 421; add the headers to whatever is answered."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name.lower() for name, _ in message["headers"]}
                more = [(name, value) for name, value in HEADERS.items() if name not in said]
                message["headers"] = [*message["headers"], *more]
            await send(message)

        if self._names and _host(scope) not in self._names:
            await guarded({"type": "http.response.start", "status": 421, "headers": [(b"content-type", b"text/plain")]})
            await guarded({"type": "http.response.body", "body": STRANGER})
            return
        await self._application(self._below(scope), receive, guarded)

    def _below(self, scope: Scope) -> Scope:
        """Return a request as one below the prefix (asgi.readthedocs.io, "HTTP Connection Scope": root_path)."""
        if not self._prefix or scope["type"] != "http":
            return scope
        path = scope["path"]
        within = path == self._prefix or path.startswith(f"{self._prefix}/")
        return {**scope, "root_path": self._prefix, "path": path if within else self._prefix + path}


def names_of(bound: str, configured: tuple[str, int] | None, url: str = "") -> frozenset[str]:
    """Return the names that a desk bound to this address answers to: none (= any) when it listens everywhere.

    With the address that people type in (`url`), only its name and those of this machine, wherever it listens.
    """
    typed = urlsplit(url).hostname
    if typed is None and ip_address(bound.partition("%")[0]).is_unspecified:
        return frozenset()
    return LOOPBACK | {bound} | ({configured[0].lower()} if configured else frozenset()) | ({typed} if typed else set())


def is_private(bound: str) -> bool:
    """Tell whether an address that is listened on can be reached from this machine alone."""
    return ip_address(bound.partition("%")[0]).is_loopback


def _host(scope: Scope) -> str:
    given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
    try:
        return (urlsplit(f"//{given}").hostname or "").lower()
    except ValueError:
        return ""
