"""Calls to a server of the AT Protocol (a PDS) as one account, over the one shared aiohttp session.

Logs in once and renews its token; both stay in memory. What goes wrong is a `Failed` that says what it means for a post.
No error text holds a secret. Error names as seen on the official PDS 0.4.217 and in its source (packages/pds).
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from bot.domain.outcome import Outcome, Refused, Retry, Unauthorised, Unknown
from bot.domain.pacing import Quota
from bot.exchange import lost, quota, unreached, wait, whole
from bot.ports import Means

if TYPE_CHECKING:
    import aiohttp

Json = dict[str, Any]

OPEN, REFRESH, STANDING = (f"com.atproto.server.{name}Session" for name in ("create", "refresh", "get"))
GET, PUT, DELETE = (f"com.atproto.repo.{name}Record" for name in ("get", "put", "delete"))
UPLOAD, RESOLVE = "com.atproto.repo.uploadBlob", "com.atproto.identity.resolveHandle"
POSTS = "app.bsky.feed.getPosts"

#: Each call we make: its HTTP method, and what its answer must hold to be one.
CALLS = {
    OPEN: ("POST", ("did", "handle", "accessJwt", "refreshJwt")),
    REFRESH: ("POST", ("did", "handle", "accessJwt", "refreshJwt")),
    STANDING: ("GET", ("did", "handle")),
    GET: ("GET", ("uri", "cid", "value")),
    PUT: ("POST", ("uri", "cid")),
    DELETE: ("POST", ()),
    UPLOAD: ("POST", ("blob",)),
    RESOLVE: ("GET", ("did",)),
    POSTS: ("GET", ("posts",)),
}
#: Calls that the server passes on to Bluesky's AppView, which sees what everybody does (atproto.com/specs/xrpc, "Service
#: Proxying"); a server of one's own may have another one by default, or none.
PROXIED = {POSTS: "did:web:api.bsky.app#bsky_appview"}
#: Points of a write; docs.bsky.app/docs/advanced-guides/rate-limits: 5,000 an hour and 35,000 a day.
COST = 3
TOKEN_ERRORS = frozenset({"ExpiredToken", "InvalidToken"})  # both come with status 400
LOG_IN = "log in to Bluesky as the account and see what it asks for"
MOVED = "log in as the account; if it has moved, set {} to its new server"
RENEW = "make a new app password: Settings > Privacy and security > App passwords, and put it into {}"
#: What to do about an account that may not post, by the error's name, and the setting it is about.
MENDING = {
    **dict.fromkeys(("AccountTakedown", "RepoTakendown", "RepoSuspended"), (LOG_IN, "")),
    **dict.fromkeys(("AccountDeactivated", "RepoDeactivated", "RepoNotFound"), (MOVED, "BASE_URL")),
    "AccountNotFound": ("is {} the account's handle, and the server its own?", "HANDLE"),
}
ACCOUNT_ERRORS = TOKEN_ERRORS | MENDING.keys()
BUDGETS = ("RateLimit",)


@dataclass(eq=False, kw_only=True)
class Failed(Exception):
    """A call that did not bring what it should. `status` 0: nothing readable came back; `sent` False: nothing had left."""

    nsid: str
    why: str
    status: int = 0
    error: str = ""
    sent: bool = True
    mend: str = ""
    wait: timedelta = timedelta(0)
    quota: Quota | None = None

    def outcome(self) -> Outcome:
        """Say what it means for the post: only a `putRecord` or `deleteRecord` that was lost can have had an effect."""
        if self.status == 429:
            return Retry(why=self.why, after=self.wait, channel_wide=True, quota=self.quota)
        if self.status in (401, 403, 413) or (400 <= self.status < 500 and self.error):
            account = self.status in (401, 403) or self.error in ACCOUNT_ERRORS or self.nsid in (OPEN, REFRESH)
            return Unauthorised(why=self.why, mend=self.mend) if account else Refused(why=self.why)
        if self.sent and self.nsid in (PUT, DELETE):
            return Unknown(why=self.why)
        return Retry(why=self.why, unreached=not self.sent)


class Pds:
    """One account's server; `told` are the headers of its last answer."""

    def __init__(self, means: Means, base: str) -> None:
        self._means, self._base = means, base.rstrip("/")
        self._host = urlsplit(self._base).netloc
        self.told: Mapping[str, str] = {}
        self._session: Json | None = None
        self._lock = asyncio.Lock()

    async def session(self, stale: Json | None = None) -> Json:
        """Return a session other than `stale`; however many ask at once, the server is asked once."""
        async with self._lock:
            if self._session is None:
                self._session = await self._log_in()
            elif self._session is stale:
                self._session = await self._renewed(stale)
            return self._session

    async def call(self, nsid: str, **request: Any) -> Json:  # noqa: ANN401 - passed on to aiohttp as it is
        """Make a call as the account, once more with a new token if the old one had expired; raises Failed."""
        session = await self.session()
        try:
            return await self._send(nsid, session["accessJwt"], **request)
        except Failed as failure:
            if failure.status != 401 and failure.error not in TOKEN_ERRORS:
                raise
        return await self._send(nsid, (await self.session(stale=session))["accessJwt"], **request)

    async def place(self, collection: str, rkey: str) -> Json:
        """Return what names one of our records in a call."""
        return {"repo": (await self.session())["did"], "collection": collection, "rkey": rkey}

    async def record(self, collection: str, rkey: str) -> Json | None:
        """Return one of our records as {uri, cid, value}, None when there is none; raises Failed."""
        try:
            return await self.call(GET, params=await self.place(collection, rkey))
        except Failed as failure:
            # Older servers call this InvalidRequest; the words are the same.
            if failure.error == "RecordNotFound" or "Could not locate record" in failure.why:
                return None
            raise

    async def _log_in(self) -> Json:
        handle = self._means.credentials["HANDLE"].strip().removeprefix("@")
        password = self._means.credentials["PASSWORD"].strip()
        return await self._send(OPEN, json={"identifier": handle, "password": password})

    async def _renewed(self, stale: Json) -> Json:
        try:
            return await self._send(REFRESH, stale["refreshJwt"])
        except Failed as failure:
            if not isinstance(failure.outcome(), Unauthorised):
                raise
        self._session = None
        return await self._log_in()

    async def _send(self, nsid: str, token: str = "", *, media_type: str = "", **request: Any) -> Json:  # noqa: ANN401
        import aiohttp

        http = cast("aiohttp.ClientSession", self._means.session)
        headers = {
            "Authorization": f"Bearer {token}" if token else "",
            "Content-Type": media_type,
            "atproto-proxy": PROXIED.get(nsid, ""),
        }
        # `connect` ends sooner than `total`, so that time running out before anything was sent shows as such;
        # a redirect could carry the token to a stranger.
        request |= {
            "headers": {name: value for name, value in headers.items() if value},
            "timeout": aiohttp.ClientTimeout(total=self._means.timeout, connect=self._means.timeout / 2),
            "allow_redirects": False,
        }
        try:
            async with http.request(CALLS[nsid][0], f"{self._base}/xrpc/{nsid}", **request) as response:
                self.told, body = response.headers, await whole(response)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            words = unreached(error)
            raise Failed(nsid=nsid, why=f"{self._host} {words or lost(error)}", sent=not words) from error
        return self._answer(nsid, response.status, response.headers, body)

    def _answer(self, nsid: str, status: int, headers: Mapping[str, str], body: bytes) -> Json:
        try:
            said = json.loads(body)
        except ValueError:
            said = None
        wanted = CALLS[nsid][1]
        if (
            isinstance(said, dict)
            and 200 <= status < 300
            and all(isinstance(said.get(name), str | dict | list) for name in wanted)
        ):
            return said
        said = said if isinstance(said, dict) else {}
        error, message = str(said.get("error", "")), str(said.get("message", "an answer that cannot be read"))
        words = message if message.startswith(error) else f"{error} {message}"
        why = self._clean(f"{self._host} answered {status} to {nsid.rpartition('.')[2]}: {words}")
        mend, key = MENDING.get(error, (RENEW, "PASSWORD"))
        now = self._means.clock.now()
        raise Failed(
            nsid=nsid,
            why=why,
            status=status if status >= 400 else 0,
            error=error,
            mend=mend.format(self._means.setting(key)),
            wait=wait(headers, now, BUDGETS),
            quota=self.quota(),
        )

    def quota(self) -> Quota | None:
        """Return what the last answer told of it."""
        return quota(self.told, self._means.clock.now(), BUDGETS, COST)

    def _clean(self, words: str) -> str:
        """Take out our own secrets, should a server (or a proxy's error page) send them back."""
        held = self._session or {"accessJwt": "", "refreshJwt": ""}
        for secret in (self._means.credentials["PASSWORD"].strip(), held["accessJwt"], held["refreshJwt"]):
            words = words.replace(secret, "***") if secret else words
        return words[:500]
