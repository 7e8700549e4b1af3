"""Bluesky, and every other PDS of the AT Protocol, without an SDK.

Setting up: sign in, Settings > Privacy and security > App passwords > Add; put the account's handle into BLUESKY_HANDLE
and the app password, never the account's own, into BLUESKY_PASSWORD. docs/platforms/bluesky.md tells the rest.

Read 2026-11: atproto.com/specs/record-key, /tid, /xrpc, docs.bsky.app/docs/advanced-guides/posts (facets, embeds, replies),
docs.bsky.app/docs/advanced-guides/rate-limits, github.com/bluesky-social/atproto lexicons and packages/pds; every error name
below was seen on the official PDS 0.4.217.

The record key is made from our own key and `createdAt` is the moment of its first use, so the same part gives the same
record, byte for byte, on each try; `putRecord` with `swapRecord: null` writes it once and answers a replay with what is there.

It cannot edit a post, hide text behind a warning, set an audience, or post video.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, cast

from bot.domain.article import Image
from bot.domain.channel import Account, Limits, LinkPlace, LinkRule, Unit
from bot.domain.delivery import PublishKey
from bot.domain.outcome import Outcome, Receipt, Refused, ReplyTo, Retry, Sent, Unauthorised, Unknown
from bot.domain.post import Part, Span, SpanKind
from bot.errors import BadInput, BadSetting, StoreError, Unreachable
from bot.ports import Field, Means, Platform

if TYPE_CHECKING:
    import aiohttp

NAME = "bluesky"
TITLE = "Bluesky"
HANDLE = r"([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"

#: image_bytes: the app.bsky.embed.images lexicon allows 2,000,000 since 2026-04, but a PDS checks against the lexicons it was
#: built with and 0.4.217 still refuses more than 1,000,000; no endpoint tells which. A card's picture may never have more.
LIMITS = Limits(
    length=300,
    unit=Unit.GRAPHEMES,
    bytes=3000,
    link_rule=LinkRule.SPANS,
    pings=False,
    images=4,
    image_bytes=1_000_000,
    image_types=("image/jpeg", "image/png", "image/webp"),
    alt=2000,
    tags=4,
    link=LinkPlace.CARD,
    languages=True,
)
FIELDS = (
    Field(key="BASE_URL", help="the server the account lives on", required=False, default="https://bsky.social"),
    Field(key="HANDLE", help="the account's handle, such as library.bsky.social"),
    Field(key="PASSWORD", help="an app password: Settings > Privacy and security > App passwords", secret=True),
    Field(key="AUTOMATED", help="yes = put the automation label on the profile", required=False, default="no"),
)

Json = dict[str, Any]

POST, PROFILE = "app.bsky.feed.post", "app.bsky.actor.profile"
LOG_IN, REFRESH, STANDING = (f"com.atproto.server.{name}Session" for name in ("create", "refresh", "get"))
GET, PUT, DELETE = (f"com.atproto.repo.{name}Record" for name in ("get", "put", "delete"))
UPLOAD, RESOLVE = "com.atproto.repo.uploadBlob", "com.atproto.identity.resolveHandle"

#: Each call we make: its HTTP method, and what its answer must hold to be one.
CALLS = {
    LOG_IN: ("POST", ("did", "handle", "accessJwt", "refreshJwt")),
    REFRESH: ("POST", ("did", "handle", "accessJwt", "refreshJwt")),
    STANDING: ("GET", ("did", "handle")),
    GET: ("GET", ("uri", "cid", "value")),
    PUT: ("POST", ("uri", "cid")),
    DELETE: ("POST", ()),
    UPLOAD: ("POST", ("blob",)),
    RESOLVE: ("GET", ("did",)),
}
TID_DIGITS = "234567abcdefghijklmnopqrstuvwxyz"
TOKEN_ERRORS = frozenset({"ExpiredToken", "InvalidToken"})  # both come with status 400
ACCOUNT_ERRORS = TOKEN_ERRORS | {"AccountTakedown", "AccountDeactivated", "AccountNotFound"}


def record_key(key: PublishKey) -> str:
    """Return the TID of a key: 53 bits of microseconds and 10 of its digest, base32-sortable, 13 characters."""
    micros = (key.at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    clock = int.from_bytes(blake2b(key.value.encode(), digest_size=2).digest(), "big") % 1024
    number = micros << 10 | clock
    return "".join(TID_DIGITS[number >> shift & 31] for shift in range(60, -1, -5))


def created_at(key: PublishKey) -> str:
    """Return the post's date, which never changes over retries: RFC 3339 with microseconds, UTC."""
    return key.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def facets(part: Part, dids: Mapping[str, str]) -> list[Json]:
    """Return the part's spans as facets with UTF-8 byte offsets; a mention whose DID is not in `dids` is left as text."""
    found: list[Json] = []
    for span in part.spans:
        if feature := _feature(span, dids):
            start = len(part.text[: span.start].encode())
            end = start + len(part.text[span.start : span.end].encode())
            found.append({"index": {"byteStart": start, "byteEnd": end}, "features": [feature]})
    return found


def _feature(span: Span, dids: Mapping[str, str]) -> Json | None:
    match span.kind:
        case SpanKind.LINK:
            return {"$type": "app.bsky.richtext.facet#link", "uri": span.target}
        case SpanKind.TAG if len(span.target) <= 64 and len(span.target.encode()) <= 640:  # the lexicon's limits
            return {"$type": "app.bsky.richtext.facet#tag", "tag": span.target}
        case SpanKind.MENTION if span.target in dids:
            return {"$type": "app.bsky.richtext.facet#mention", "did": dids[span.target]}
    return None


def embed(part: Part, blobs: Mapping[str, Json]) -> Json:
    """Return the one embed that a post may have: its pictures, else its card, else nothing; `blobs` by image sha256."""
    if part.images:
        return {"$type": "app.bsky.embed.images", "images": [_picture(image, blobs) for image in part.images]}
    if part.card is None:
        return {}
    card = {"uri": part.card.url, "title": part.card.title, "description": part.card.description}
    thumb = {"thumb": blobs[part.card.image.sha256]} if part.card.image else {}
    return {"$type": "app.bsky.embed.external", "external": card | thumb}


def _picture(image: Image, blobs: Mapping[str, Json]) -> Json:
    ratio = {"width": image.width, "height": image.height}
    return {"image": blobs[image.sha256], "alt": image.alt, "aspectRatio": ratio}


def payload(part: Part, key: PublishKey, dids: Mapping[str, str], blobs: Mapping[str, Json], reply: Json) -> Json:
    """Return the app.bsky.feed.post record of a part; the same arguments give the same record. `reply` may be empty."""
    record: Json = {"$type": POST, "text": part.text, "createdAt": created_at(key)}
    langs = [part.language] if part.language else []
    more = {"facets": facets(part, dids), "embed": embed(part, blobs), "langs": langs, "reply": reply}
    return record | {name: value for name, value in more.items() if value}


@dataclass(eq=False, kw_only=True)
class _Failed(Exception):
    """A call that did not bring what it should. `status` 0: nothing readable came back; `sent` False: nothing had left."""

    nsid: str
    why: str
    status: int = 0
    error: str = ""
    sent: bool = True
    wait: timedelta = timedelta(0)

    def outcome(self) -> Outcome:
        """Say what it means for the post: only a `putRecord` or `deleteRecord` that was lost can have had an effect."""
        if self.status == 429:
            return Retry(why=self.why, after=self.wait, channel_wide=True)
        if 400 <= self.status < 500:
            account = self.status in (401, 403) or self.error in ACCOUNT_ERRORS or self.nsid in (LOG_IN, REFRESH)
            return Unauthorised(why=self.why) if account else Refused(why=self.why)
        return Unknown(why=self.why) if self.sent and self.nsid in (PUT, DELETE) else Retry(why=self.why)


class _Pds:
    """Calls to one account's server: logs in once, renews the token when it has expired, keeps both in memory only."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._base = (means.credentials.get("BASE_URL") or FIELDS[0].default).rstrip("/")
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
        """Make a call as the account, once more with a new token if the old one had expired; raises _Failed."""
        session = await self.session()
        try:
            return await self._send(nsid, session["accessJwt"], **request)
        except _Failed as failure:
            if failure.status != 401 and failure.error not in TOKEN_ERRORS:
                raise
        return await self._send(nsid, (await self.session(stale=session))["accessJwt"], **request)

    async def place(self, collection: str, rkey: str) -> Json:
        """Return what names one of our records in a call."""
        return {"repo": (await self.session())["did"], "collection": collection, "rkey": rkey}

    async def record(self, collection: str, rkey: str) -> Json | None:
        """Return one of our records as {uri, cid, value}, None when there is none; raises _Failed."""
        try:
            return await self.call(GET, params=await self.place(collection, rkey))
        except _Failed as failure:
            # Older servers call this InvalidRequest; the words are the same.
            if failure.error == "RecordNotFound" or "Could not locate record" in failure.why:
                return None
            raise

    async def _log_in(self) -> Json:
        handle = self._means.credentials["HANDLE"].strip().removeprefix("@")
        password = self._means.credentials["PASSWORD"].strip()
        return await self._send(LOG_IN, json={"identifier": handle, "password": password})

    async def _renewed(self, stale: Json) -> Json:
        try:
            return await self._send(REFRESH, stale["refreshJwt"])
        except _Failed as failure:
            if not isinstance(failure.outcome(), Unauthorised):
                raise
        self._session = None
        return await self._log_in()

    async def _send(self, nsid: str, token: str = "", *, media_type: str = "", **request: Any) -> Json:  # noqa: ANN401
        import aiohttp

        http = cast("aiohttp.ClientSession", self._means.session)
        headers = {"Authorization": f"Bearer {token}" if token else "", "Content-Type": media_type}
        # `connect` ends sooner than `total`, so that time running out before anything was sent shows as such;
        # a redirect could carry the token to a stranger.
        request |= {
            "headers": {name: value for name, value in headers.items() if value},
            "timeout": aiohttp.ClientTimeout(total=self._means.timeout, connect=self._means.timeout / 2),
            "allow_redirects": False,
        }
        try:
            async with http.request(CALLS[nsid][0], f"{self._base}/xrpc/{nsid}", **request) as response:
                return self._answer(nsid, response.status, response.headers, await response.read())
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            why = f"cannot reach {self._base}: {type(error).__name__}"
            raise _Failed(nsid=nsid, why=why, sent=False) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _Failed(nsid=nsid, why=f"no answer from {self._base} to {nsid}: {type(error).__name__}") from error

    def _answer(self, nsid: str, status: int, headers: Mapping[str, str], body: bytes) -> Json:
        try:
            said = json.loads(body)
        except ValueError:
            said = None
        if isinstance(said, dict) and 200 <= status < 300 and all(name in said for name in CALLS[nsid][1]):
            return said
        said = said if isinstance(said, dict) else {}
        error, message = str(said.get("error", "")), said.get("message", "an answer that cannot be read")
        why = self._clean(f"{nsid.rpartition('.')[2]} brought {status}: {error} {message}")
        wait = self._wait(headers)
        raise _Failed(nsid=nsid, why=why, status=status if status >= 400 else 0, error=error, wait=wait)

    def _wait(self, headers: Mapping[str, str]) -> timedelta:
        after, reset = headers.get("Retry-After", ""), headers.get("RateLimit-Reset", "")
        left = int(reset) - self._means.clock.now().timestamp() if reset.isdecimal() else 0.0
        return timedelta(seconds=int(after) if after.isdecimal() else max(0.0, left))

    def _clean(self, words: str) -> str:
        """Take out our own secrets, should a server (or a proxy's error page) send them back."""
        held = self._session or {"accessJwt": "", "refreshJwt": ""}
        for secret in (self._means.credentials["PASSWORD"].strip(), held["accessJwt"], held["refreshJwt"]):
            words = words.replace(secret, "***") if secret else words
        return words[:500]


class Bluesky:
    """One account on a PDS."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._pds = _Pds(means)

    async def verify(self) -> Account:
        """Ask who we are, put the automation label on when the setting says so; raises Unreachable or BadSetting."""
        try:
            standing = await self._pds.call(STANDING)
            automated = await self._automated()
        except _Failed as failure:
            if not isinstance(failure.outcome(), Unauthorised):
                raise Unreachable(failure.why, where=self._means.channel) from failure
            hint = "check HANDLE and make a new app password: Settings > Privacy and security > App passwords"
            raise BadSetting(failure.why, where=self._means.channel, hint=hint) from failure
        if standing.get("active") is False:
            raise BadSetting(f"the account is {standing.get('status', 'not active')}", where=self._means.channel)
        notes = () if automated else ("no automation label: switch it on in the app, or set BLUESKY_AUTOMATED to yes",)
        name, url = f"@{standing['handle']}", _page(standing)
        return Account(name=name, url=url, limits=LIMITS, automated=automated, notes=notes)

    async def publish(self, part: Part, key: PublishKey, reply_to: ReplyTo | None, resume: str = "") -> Outcome:  # noqa: ARG002
        """Publish one part under its own record key; safe to repeat at any time."""
        try:
            dids, blobs, reply = await self._dids(part), await self._blobs(part), await self._reply(reply_to)
            record = payload(part, key, dids, blobs, reply)
            place = await self._pds.place(POST, record_key(key))
            answer = await self._pds.call(PUT, json=place | {"record": record, "swapRecord": None})
        except _Failed as failure:
            return await self._taken(part, key) if failure.error == "InvalidSwap" else failure.outcome()
        except (BadInput, StoreError) as error:  # from the media folder: nothing has left
            return Refused(why=str(error)) if isinstance(error, BadInput) else Retry(why=str(error))
        return Sent(receipt=await self._receipt(answer, key))

    async def find(self, part: Part, key: PublishKey, since: datetime) -> Receipt | None:  # noqa: ARG002 - the key proves more
        """Return the proof that this part was published: the record under its key, if it holds this part's text."""
        try:
            found = await self._pds.record(POST, record_key(key))
        except _Failed as failure:
            raise Unreachable(failure.why, where=self._means.channel) from failure
        wanted = {"text": part.text, "createdAt": created_at(key)}
        if found is None or found["value"] | wanted != found["value"]:
            return None
        return await self._receipt(found, key)

    async def retract(self, receipt: Receipt) -> Outcome:
        """Delete the post; deleting what is gone succeeds."""
        try:
            await self._pds.call(DELETE, json=await self._pds.place(POST, _last(receipt.id)))
        except _Failed as failure:
            return failure.outcome()
        return Sent(receipt=receipt)

    async def close(self) -> None:
        """Nothing to let go of: the HTTP session is shared."""

    async def _taken(self, part: Part, key: PublishKey) -> Outcome:
        """Tell whose record has our key: our own earlier try's (a mention may resolve differently by now) or another's."""
        try:
            found = await self.find(part, key, key.at)
        except Unreachable as error:
            return Unknown(why=f"an earlier try may have published it; {error.what}")
        return Sent(receipt=found) if found else Refused(why=f"another post has the record key {record_key(key)}")

    async def _blobs(self, part: Part) -> dict[str, Json]:
        card = (part.card.image,) if part.card and part.card.image and not part.images else ()
        blobs: dict[str, Json] = {}
        for image in (*part.images, *card):
            picture, media_type = await self._means.media.fitted(image, LIMITS)
            blobs[image.sha256] = (await self._pds.call(UPLOAD, data=picture, media_type=media_type))["blob"]
        return blobs

    async def _dids(self, part: Part) -> dict[str, str]:
        dids: dict[str, str] = {}
        for handle in {span.target for span in part.spans if span.kind is SpanKind.MENTION}:
            try:
                dids[handle] = (await self._pds.call(RESOLVE, params={"handle": handle}))["did"]
            except _Failed as failure:
                if failure.status in (0, 401, 403, 429):  # any other answer means that nobody has this handle
                    raise
        return dids

    async def _reply(self, reply_to: ReplyTo | None) -> Json:
        if reply_to is None:
            return {}
        return {"root": await self._reference(reply_to.root), "parent": await self._reference(reply_to.parent)}

    async def _reference(self, receipt: Receipt) -> Json:
        """Return uri and cid; a receipt that a person entered by hand has no cid, so it is looked up."""
        if receipt.version:
            return {"uri": receipt.id, "cid": receipt.version}
        found = await self._pds.record(POST, _last(receipt.id))
        if found is None:
            raise _Failed(nsid=GET, why=f"the post to reply to is gone: {receipt.url or receipt.id}", status=400)
        return {"uri": found["uri"], "cid": found["cid"]}

    async def _receipt(self, answer: Json, key: PublishKey) -> Receipt:
        url = f"{_page(await self._pds.session())}/post/{_last(answer['uri'])}"
        return Receipt(id=answer["uri"], version=answer["cid"], url=url, at=key.at)

    async def _automated(self) -> bool:
        """Tell whether the profile carries the self-label "bot"; puts it there when the setting says so."""
        found = await self._pds.record(PROFILE, "self")
        profile: Json = found["value"] if found else {"$type": PROFILE}
        labels: Json = profile.get("labels") or {"$type": "com.atproto.label.defs#selfLabels", "values": []}
        if any(label.get("val") == "bot" for label in labels["values"]):
            return True
        if self._means.credentials.get("AUTOMATED", "").strip().lower() not in ("yes", "true", "on", "1"):
            return False
        record = profile | {"labels": labels | {"values": [*labels["values"], {"val": "bot"}]}}
        swap = {"record": record, "swapRecord": found["cid"] if found else None}
        await self._pds.call(PUT, json=await self._pds.place(PROFILE, "self") | swap)
        return True


def _page(session: Json) -> str:
    """Return the account's public page; "handle.invalid" is what a server says when the handle no longer resolves."""
    return f"https://bsky.app/profile/{session['did' if session['handle'] == 'handle.invalid' else 'handle']}"


def _last(address: str) -> str:
    return address.rstrip("/").rsplit("/", 1)[-1]


def connect(means: Means) -> Platform:
    """Return the channel's adapter; raises BadSetting when the handle or the app password is missing."""
    for name in ("HANDLE", "PASSWORD"):
        if not means.credentials.get(name, "").strip():
            raise BadSetting(f"{name} is not set", where=means.channel)
    return Bluesky(means)
