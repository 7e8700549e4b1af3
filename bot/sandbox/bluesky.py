"""A simulated PDS: the XRPC calls that a posting client needs.

Every status, error name and message here was seen on @atproto/pds 0.4.217 (2026-11); the rest is in the code of
packages/pds/src/api/com/atproto at github.com/bluesky-social/atproto.

Unlike the real one: records stand in a dict, not in a signed tree (no commits, no swapCommit, no applyWrites), tokens are
random, `validate` is always on, handles resolve from a list, and of the AppView there are two calls, a profile and posts.
"""

import json
import math
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from bot.sandbox.bluesky_rates import Quota, Rebuff
from bot.sandbox.bluesky_records import (
    FORMS,
    RECORD,
    Invalid,
    address,
    blobs_of,
    cbor,
    cid,
    did_of,
    digest_of,
    graphemes,
    spans,
    tid,
)
from bot.sandbox.world import Effect, Shown, World

HANDLE, PASSWORD = "library.test", "sand-box0-pass-word"
POST, PROFILE = "app.bsky.feed.post", "app.bsky.actor.profile"
#: Who answers for app.bsky, and for how many posts at a time.
APPVIEW, MANY = "did:web:api.bsky.app#bsky_appview", 25
LARGEST_BLOB = 5 * 2**20  # packages/pds/src/config/config.ts: blobUploadLimit
#: How the real one tells a picture's type: from its first bytes, whatever the request says.
MARKS = (
    (rb"\xff\xd8\xff", "image/jpeg"),
    (rb"\x89PNG", "image/png"),
    (rb"GIF8", "image/gif"),
    (rb"RIFF....WEBP", "image/webp"),
)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Token:
    """What a token stands for."""

    did: str
    scope: str
    until: datetime


class Bluesky:
    """One PDS. `accounts` are app passwords by handle, `neighbours` DIDs of handles that live elsewhere."""

    name = "bluesky"

    def __init__(
        self,
        world: World,
        *,
        accounts: Mapping[str, str] | None = None,
        neighbours: Mapping[str, str] | None = None,
        logins: int = 30,
        lifetime: timedelta = timedelta(hours=2),
    ) -> None:
        self.world = world
        self.accounts = dict(accounts or {HANDLE: PASSWORD})
        self.handles = {did_of(handle): handle for handle in self.accounts}
        self.neighbours = dict(neighbours or {})
        self.lifetime = lifetime
        self.records = self._recalled()
        self.tokens: dict[str, Token] = {}
        self.quotas = {"all": Quota(3000, 300), "login": Quota(logins, 300), "write": Quota(5000, 3600)}
        server, repo, place = "com.atproto.server.", "com.atproto.repo.", ("repo", "collection")
        self.calls: dict[str, tuple[Callable[[web.Request, Json], Json], tuple[str, ...]]] = {
            f"POST {server}createSession": (self._create_session, ("identifier", "password")),
            f"POST {server}refreshSession": (self._refresh_session, ()),
            f"GET {server}getSession": (self._get_session, ()),
            f"GET {server}describeServer": (self._describe_server, ()),
            f"POST {repo}createRecord": (self._create_record, (*place, "record")),
            f"POST {repo}putRecord": (self._put_record, (*place, "rkey", "record")),
            f"POST {repo}deleteRecord": (self._delete_record, (*place, "rkey")),
            f"GET {repo}getRecord": (self._get_record, (*place, "rkey")),
            f"GET {repo}listRecords": (self._list_records, place),
            "GET com.atproto.identity.resolveHandle": (self._resolve_handle, ("handle",)),
            "GET app.bsky.actor.getProfile": (self._get_profile, ("actor",)),
            "GET app.bsky.feed.getPosts": (self._get_posts, ("uris",)),
        }

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Return the one XRPC route, and uploadBlob whose body is not JSON."""
        return [
            web.post("/xrpc/com.atproto.repo.uploadBlob", self._answered(self._upload_blob)),
            web.route("*", "/xrpc/{nsid}", self._answered(self._call)),
        ]

    def publishes(self, request: web.Request) -> bool:
        """Tell whether this request writes a record."""
        return request.path.endswith(("repo.createRecord", "repo.putRecord"))

    def error(self, status: int, *, wait: float = 0) -> web.Response:
        """Return an error as XRPC has it (atproto.com/specs/xrpc); a 429 names the moment when the window ends."""
        names = {400: "InvalidRequest", 401: "AuthenticationRequired", 403: "Forbidden", 429: "RateLimitExceeded"}
        names |= {500: "InternalServerError", 502: "UpstreamFailure", 503: "NotEnoughResources", 504: "UpstreamTimeout"}
        reset = math.ceil(self.world.now().timestamp() + wait)
        headers = {"RateLimit-Limit": "3000", "RateLimit-Remaining": "0", "RateLimit-Reset": str(reset)}
        said = {
            "error": names.get(status, "InternalServerError"),
            "message": names.get(status, "Internal Server Error"),
        }
        return web.json_response(said, status=status, headers=headers if status == 429 else {})

    def expire(self, *scopes: str) -> None:
        """Let all tokens of these scopes ("access", "refresh") run out now."""
        now = self.world.now()
        for word, token in self.tokens.items():
            if token.scope in scopes:
                self.tokens[word] = Token(token.did, token.scope, now)

    def _answered(
        self, call: Callable[[web.Request], Awaitable[Json]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            try:
                headers = self.quotas["all"].take(request.remote or "", 1, self.world.now())
                return web.json_response(await call(request), headers=headers)
            except Rebuff as rebuff:
                said = {"error": rebuff.error, "message": rebuff.message}
                return web.json_response(said, status=rebuff.status, headers=rebuff.headers)

        return answer

    async def _call(self, request: web.Request) -> Json:
        nsid = request.match_info["nsid"]
        call, needed = self.calls.get(f"{request.method} {nsid}", (None, ()))
        if call is None:
            raise Rebuff(400, "InvalidRequest", f"No service configured for {nsid}")
        asked: Any = dict(request.query)
        if request.body_exists:
            try:
                asked = await request.json()
            except ValueError as error:
                raise Rebuff(400, "SyntaxError", str(error)) from error
        for name in needed:
            if name not in asked:
                raise Rebuff(400, "InvalidRequest", f'Missing required key "{name}" at $')
        return call(request, asked)

    async def _upload_blob(self, request: web.Request) -> Json:
        self._did(request)
        body = await request.read()
        if len(body) > LARGEST_BLOB:
            raise Rebuff(413, "PayloadTooLarge", "request entity too large")
        media_type = next((kind for mark, kind in MARKS if re.match(mark, body, re.DOTALL)), request.content_type)
        self.world.keep(body, media_type)
        return {"blob": {"$type": "blob", "ref": {"$link": cid(body, 0x55)}, "mimeType": media_type, "size": len(body)}}

    def _create_session(self, _: web.Request, asked: Json) -> Json:
        handle, password = asked["identifier"].lower(), asked["password"]
        self.quotas["login"].take(handle, 1, self.world.now())
        handle = self.handles.get(handle, handle)
        if not secrets.compare_digest(self.accounts.get(handle, "").encode() or b"-", password.encode()):
            raise Rebuff(401, "AuthenticationRequired", "Invalid identifier or password")
        return self._session(did_of(handle)) | {"active": True}

    def _refresh_session(self, request: web.Request, _: Json) -> Json:
        # The refresh token may be used again for two hours (account-manager/helpers/auth.ts), so it is not revoked here.
        return self._session(self._did(request, "refresh")) | {"active": True}

    def _get_session(self, request: web.Request, _: Json) -> Json:
        did = self._did(request)
        return {"did": did, "handle": self.handles[did], "active": True}

    def _describe_server(self, *_: object) -> Json:
        return {"did": "did:web:localhost", "availableUserDomains": [".test"], "inviteCodeRequired": False, "links": {}}

    def _create_record(self, request: web.Request, asked: Json) -> Json:
        did = self._owner(request, asked, points=3)
        rkey = asked.get("rkey") or tid(self.world.now(), self.world.number())
        if address(did, asked["collection"], rkey) in self.records:
            raise Rebuff(500, "InternalServerError", "Internal Server Error")  # as github issue atproto#3718 has it
        return self._write(did, asked | {"rkey": rkey})

    def _put_record(self, request: web.Request, asked: Json) -> Json:
        did = self._owner(request, asked, points=2)
        now_at, _ = self.records.get(address(did, asked["collection"], asked["rkey"]), (None, {}))
        return self._write(did, asked, now_at=now_at)

    def _delete_record(self, request: web.Request, asked: Json) -> Json:
        did = self._owner(request, asked, points=1)
        uri = address(did, asked["collection"], asked["rkey"])
        self.world.remove(self.name, uri)
        return {} if self.records.pop(uri, None) is None else {"commit": {}}

    def _get_record(self, _: web.Request, asked: Json) -> Json:
        did = asked["repo"] if asked["repo"] in self.handles else did_of(asked["repo"])
        uri = address(did, asked["collection"], asked["rkey"])
        if uri not in self.records:
            raise Rebuff(400, "RecordNotFound", f"Could not locate record: {uri}")
        return {"uri": uri, "cid": self.records[uri][0], "value": self.records[uri][1]}

    def _list_records(self, _: web.Request, asked: Json) -> Json:
        did = asked["repo"] if asked["repo"] in self.handles else did_of(asked["repo"])
        folder = address(did, asked["collection"], "")
        uris = sorted((uri for uri in self.records if uri.startswith(folder)), reverse=asked.get("reverse") != "true")
        after = [uri for uri in uris if not asked.get("cursor") or uri < folder + asked["cursor"]]
        page = after[: int(asked.get("limit", 50))]
        found = [{"uri": uri, "cid": self.records[uri][0], "value": self.records[uri][1]} for uri in page]
        return {"records": found} | ({"cursor": page[-1].rsplit("/", 1)[-1]} if page else {})

    def _resolve_handle(self, _: web.Request, asked: Json) -> Json:
        handle = asked["handle"].lower()
        known = self.neighbours | {handle: did for did, handle in self.handles.items()}
        if handle not in known:
            raise Rebuff(400, "InvalidRequest", "Unable to resolve handle")
        return {"did": known[handle]}

    def _get_profile(self, request: web.Request, asked: Json) -> Json:
        self._did(request)
        did = asked["actor"] if asked["actor"] in self.handles else did_of(asked["actor"])
        if did not in self.handles:
            raise Rebuff(400, "InvalidRequest", "Profile not found")
        uri = address(did, PROFILE, "self")
        name, profile = self.records.get(uri, ("", {}))
        marks = [label | {"src": did, "uri": uri, "cid": name} for label in profile.get("labels", {}).get("values", [])]
        shown = {
            "did": did,
            "handle": self.handles[did],
            "displayName": profile.get("displayName", ""),
            "labels": marks,
        }
        return shown | {"postsCount": len(self.world.visible(self.name, self.handles[did]))}

    def _get_posts(self, request: web.Request, _: Json) -> Json:
        """Answer for the AppView: views of those posts that are there (lexicons/app/bsky/feed/getPosts.json)."""
        self._did(request)
        uris = request.query.getall("uris")
        if request.headers.get("atproto-proxy", APPVIEW) != APPVIEW:
            raise Rebuff(400, "InvalidRequest", "could not resolve proxy did service url")
        if len(uris) > MANY:
            raise Rebuff(400, "InvalidRequest", f"Error: uris must not have more than {MANY} elements")
        shown = self.world.visible(self.name)
        there = {each.id: each for each in shown}
        return {"posts": [self._view(there[uri], shown) for uri in dict.fromkeys(uris) if uri in there]}

    def _view(self, post: Effect, shown: Sequence[Effect]) -> Json:
        """Return as much of app.bsky.feed.defs#postView as a client that counts may read."""
        got = self.world.crowd.reactions(post, shown)
        written, record = self.records[post.id]
        counts = {"replyCount": got.replies, "repostCount": got.reposts, "likeCount": got.likes, "quoteCount": 0}
        author = {"did": did_of(post.account), "handle": post.account}
        return {"uri": post.id, "cid": written, "author": author, "record": record, "indexedAt": post.at} | counts

    def _session(self, did: str) -> Json:
        words = {}
        for scope, lifetime in (("access", self.lifetime), ("refresh", timedelta(days=90))):
            until = self.world.now() + lifetime
            claims = {"scope": f"com.atproto.{scope}", "sub": did, "exp": int(until.timestamp())}
            parts = (json.dumps({"typ": f"{scope}+jwt", "alg": "HS256"}), json.dumps(claims), secrets.token_bytes(32))
            word = ".".join(_base64(part if isinstance(part, bytes) else part.encode()) for part in parts)
            self.tokens[word] = Token(did, scope, until)
            words[f"{scope}Jwt"] = word
        return words | {"did": did, "handle": self.handles[did]}

    def _did(self, request: web.Request, scope: str = "access") -> str:
        """Return whose token came with the request."""
        word = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not word:
            raise Rebuff(401, "AuthMissing", "Authentication Required")
        token = self.tokens.get(word)
        if token is None:
            raise Rebuff(400, "InvalidToken", "Token could not be verified")
        if token.scope != scope:
            raise Rebuff(400, "InvalidToken", "Invalid token type")
        if token.until <= self.world.now():
            raise Rebuff(400, "ExpiredToken", "Token has expired")
        return token.did

    def _owner(self, request: web.Request, asked: Json, *, points: int) -> str:
        did = self._did(request)
        if did not in (asked["repo"], did_of(asked["repo"])):
            raise Rebuff(403, "AccountNotFound", "Account not found")
        self.quotas["write"].take(did, points, self.world.now())
        return did

    def _write(self, did: str, asked: Json, *, now_at: str | None = None) -> Json:
        collection, rkey = asked["collection"], asked["rkey"]
        record = asked["record"] if "$type" in asked["record"] else asked["record"] | {"$type": collection}
        uri, written = address(did, collection, rkey), self._checked(collection, rkey, record)
        answer = {"uri": uri, "cid": written, "validationStatus": "valid" if collection == POST else "unknown"}
        if written == now_at:
            return answer
        if asked.get("swapRecord", now_at) != now_at:
            raise Rebuff(400, "InvalidSwap", f"Record was at {now_at or 'null'}")
        for blob in blobs_of(record):
            if digest_of(blob) not in self.world.pictures:
                raise Rebuff(400, "BlobNotFound", f"Could not find blob: {blob['ref']['$link']}")
        self.records[uri] = (written, record)
        self.world.keep(json.dumps([self.world.number(), uri, record]).encode(), "application/json")
        if collection == POST:
            self.world.remove(self.name, uri)
            self.world.publish(self._effect(did, uri, record))
        return answer | {"commit": {"cid": written, "rev": tid(self.world.now(), 0)}}

    def _checked(self, collection: str, rkey: str, record: Json) -> str:
        """Return the record's CID; raises Rebuff."""
        if record["$type"] != collection:
            raise Rebuff(400, "InvalidRequest", f"Invalid $type: expected {collection}, got {record['$type']}")
        try:
            if collection == POST:
                RECORD(record, "$.record")
            written = cid(cbor(record), 0x71)
        except Invalid as error:
            raise Rebuff(400, "InvalidRequest", f"Invalid {collection} record: {error}") from error
        if collection == POST and not re.fullmatch(FORMS["TID string"], rkey):
            said = f'Invalid record key for {collection}: Invalid TID string (got "{rkey}") at $'
            raise Rebuff(400, "InvalidRequest", said)
        return written

    def _effect(self, did: str, uri: str, record: Json) -> Effect:
        rkey, embed, reply = uri.rsplit("/", 1)[-1], record.get("embed", {}), record.get("reply", {})
        card = embed.get("external", {})
        return Effect(
            platform=self.name,
            account=self.handles[did],
            id=uri,
            text=record["text"],
            at=record["createdAt"],
            url=f"https://bsky.app/profile/{self.handles[did]}/post/{rkey}",
            key=rkey,
            reply_to=reply.get("parent", {}).get("uri", ""),
            thread=reply.get("root", {}).get("uri", uri),
            images=tuple(self._shown(image) for image in embed.get("images", [])),
            card={
                "url": card["uri"],
                "title": card["title"],
                "description": card["description"],
                "picture": digest_of(card["thumb"]) if "thumb" in card else "",
            }
            if card
            else {},
            spans=tuple(spans(record)),
            language=",".join(record.get("langs", [])),
            length=graphemes(record["text"]),
            limit=300,
        )

    def _shown(self, image: Json) -> Shown:
        digest = digest_of(image["image"])
        return Shown(sha256=digest, media_type=self.world.pictures[digest][1], alt=image["alt"])

    def _recalled(self) -> dict[str, tuple[str, Json]]:
        """Return the records of a world that was read back: those written last, and of the posts those still visible."""
        # The world names kept bytes by the last word of their type only.
        notes = [json.loads(body) for body, kind in self.world.pictures.values() if kind.endswith("/json")]
        shown = {effect.id for effect in self.world.visible(self.name)}
        ours = [
            note for note in sorted(notes, key=lambda note: note[0]) if note[1] in shown or f"/{POST}/" not in note[1]
        ]
        return {uri: (cid(cbor(record), 0x71), record) for _, uri, record in ours}


def _base64(part: bytes) -> str:
    return urlsafe_b64encode(part).decode().rstrip("=")
