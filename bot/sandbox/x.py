"""A simulated X, API v2: OAuth 1.0a signatures checked for real, weighted length, t.co links, budgets, X's own words.

    POST /2/tweets   DELETE /2/tweets/ID   POST /2/media/upload   POST /2/media/metadata   GET /2/users/me
    GET /2/users/ID/tweets   GET /2/tweets?ids=

Signatures are checked as made for https://api.twitter.com, the address that tweepy signs for. Shapes and words from
docs.x.com/x-api (create-post, delete-post, upload-media, create-media-metadata, get-posts), its OpenAPI 2.167, and,
where those are silent (error bodies), from answers that people quote in public issues; the comments say which.
Not simulated: quotes, polls, communities, videos, editing, chunked uploads, app-only and OAuth 2.0 access.
"""

import hmac
import re
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import partial
from http import HTTPStatus
from io import BytesIO
from math import ceil
from typing import Any
from urllib.parse import quote, unquote

from aiohttp import web

from bot.domain.text import measure
from bot.sandbox.world import Effect, Shown, World
from bot.sandbox.x_text import LIMITS, marked, tweet_of

SIGNED = "https://api.twitter.com"
LARGEST_IMAGE = 5 * 2**20  # docs.x.com/x-api/media/quickstart/best-practices
LONGEST_ALT = 1000  # OpenAPI 2.167, CreateMediaMetadataMetadataAltText
#: How many requests of each kind a user may make in `window` seconds: docs.x.com/x-api/fundamentals/rate-limits.
BUDGETS: Mapping[str, int] = {
    "POST /2/tweets": 100,
    "DELETE /2/tweets/{id}": 50,
    "POST /2/media/upload": 500,
    "POST /2/media/metadata": 500,
    "GET /2/users/me": 75,
    "GET /2/users/{id}/tweets": 900,
    "GET /2/tweets": 900,
}
#: What X says in `detail`, where it is not just the status's phrase.
DETAILS = {
    402: "Your enrolled account does not have any credits to fulfill this request.",
    403: "You are not permitted to perform this action.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One account that may post, with the four OAuth 1.0a credentials of its user and app."""

    id: str
    username: str
    name: str
    consumer_key: str = field(repr=False)
    consumer_secret: str = field(repr=False)
    access_token: str = field(repr=False)
    access_token_secret: str = field(repr=False)

    def settings(self) -> dict[str, str]:
        """Return the credentials as the settings of a channel name them."""
        return {name.upper(): value for name, value in asdict(self).items() if name not in ("id", "username", "name")}


DEMO = Login(
    id="1790000000000000001",
    username="town_library",
    name="Town Library",
    consumer_key="sandbox-x-consumer-key",
    consumer_secret="sandbox-x-consumer-secret",  # noqa: S106, the simulated service's own
    access_token="1790000000000000001-sandboxXaccessToken",  # noqa: S106
    access_token_secret="sandbox-x-access-token-secret",  # noqa: S106
)


class Refusal(Exception):
    """An answer other than success, raised where it is found out."""

    def __init__(self, response: web.Response) -> None:
        super().__init__(response.status)
        self.response = response


Action = Callable[[web.Request, Login], Awaitable[dict[str, Any]]]


class X:
    """The service. `budgets` and `window` (seconds) can be made small; not `guards`: it takes the same words again."""

    name = "x"

    def __init__(
        self,
        world: World,
        *,
        logins: Sequence[Login] = (DEMO,),
        budgets: Mapping[str, int] = BUDGETS,
        window: float = 900,
    ) -> None:
        self._world, self._budgets, self._window, self.guards = world, budgets, window, True
        self._logins = {login.access_token: login for login in logins}
        self._uploads: dict[tuple[str, str], Shown] = {}
        self._spent: dict[tuple[str, str], deque[float]] = {}
        self._nonces: dict[tuple[str, str], float] = {}

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Return the service's routes, paths without the /NAME prefix."""
        actions: dict[str, tuple[int, Action]] = {
            "POST /2/tweets": (201, self._create),
            "DELETE /2/tweets/{id}": (200, self._delete),
            "POST /2/media/upload": (200, self._upload),
            "POST /2/media/metadata": (200, self._describe),
            "GET /2/users/me": (200, self._me),
            "GET /2/users/{id}/tweets": (200, self._timeline),
            "GET /2/tweets": (200, self._lookup),
        }
        for route, (status, action) in actions.items():
            method, path = route.split()
            yield web.route(method, path, partial(self._serve, route, status, action))

    def publishes(self, request: web.Request) -> bool:
        """Tell whether this request would make something public."""
        return request.method == "POST" and request.path.endswith("/2/tweets")

    def error(self, status: int, *, wait: float = 0) -> web.Response:
        """Return an error as X words it; for 429 the reset is `wait` seconds away, in whole epoch seconds."""
        reset = ceil(self._world.now().timestamp() + wait)
        headers = {"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(reset)} if status == 429 else {}
        return problem(status, DETAILS.get(status, ""), headers=headers)

    async def _serve(self, route: str, status: int, action: Action, request: web.Request) -> web.Response:
        login = self._signer(request)
        if login is None:
            return self.error(401)
        budget = self._budget(login, route)
        if budget is None:
            first = self._spent[login.id, route][0]
            return self.error(429, wait=first + self._window - self._world.now().timestamp())
        try:
            return web.json_response(await action(request, login), status=status, headers=budget)
        except Refusal as refusal:
            refusal.response.headers.update(budget)
            return refusal.response

    def _signer(self, request: web.Request) -> Login | None:
        """Return whose signature the request carries, None when it does not stand (RFC 5849 §3.4, without a body)."""
        given = dict(re.findall(r'(\w+)="([^"]*)"', request.headers.get("Authorization", "").removeprefix("OAuth ")))
        oauth = {name: unquote(value) for name, value in given.items() if name.startswith("oauth_")}
        signature, login = oauth.pop("oauth_signature", ""), self._logins.get(oauth.get("oauth_token", ""))
        if login is None or oauth.get("oauth_consumer_key") != login.consumer_key:
            return None
        url = SIGNED + request.rel_url.raw_path.removeprefix(f"/{self.name}")
        right = hmac_sha1(request.method, url, [*request.query.items(), *oauth.items()], login)
        if oauth.get("oauth_signature_method") != "HMAC-SHA1" or not hmac.compare_digest(right, signature):
            return None
        return login if self._fresh(login, oauth) else None

    def _fresh(self, login: Login, oauth: Mapping[str, str]) -> bool:
        """Tell whether the timestamp is near and the nonce new; nonces are forgotten when their time is over."""
        now, stamp = self._world.now().timestamp(), oauth.get("oauth_timestamp", "")
        if not stamp.isdecimal() or abs(now - int(stamp)) > 300:
            return False
        while self._nonces and (oldest := next(iter(self._nonces.items())))[1] < now - 600:
            del self._nonces[oldest[0]]
        key = login.id, oauth.get("oauth_nonce", "")
        return bool(key[1]) and self._nonces.setdefault(key, now) == now

    def _budget(self, login: Login, route: str) -> dict[str, str] | None:
        """Spend one request of the user's sliding window and return the rate headers, None when nothing is left."""
        now, most = self._world.now().timestamp(), self._budgets[route]
        spent = self._spent.setdefault((login.id, route), deque())
        while spent and spent[0] <= now - self._window:
            spent.popleft()
        if len(spent) >= most:
            return None
        spent.append(now)
        return {
            "x-rate-limit-limit": str(most),
            "x-rate-limit-remaining": str(most - len(spent)),
            "x-rate-limit-reset": str(ceil(spent[0] + self._window)),
        }

    async def _create(self, request: web.Request, login: Login) -> dict[str, Any]:
        body = await fields_of(request, {"text", "media", "reply"})
        text, media = body.get("text", ""), part_of(body, "media", {"media_ids"}).get("media_ids", [])
        if not isinstance(text, str) or not isinstance(media, list) or not (text.strip() or media):
            raise invalid("text", text, "$.text: a text or media is required")
        if "media" in body and not 1 <= len(media) <= 4:
            raise invalid("media.media_ids", media, "$.media.media_ids: there must be 1 to 4 of them")
        images = [image for number in media if (image := self._uploads.get((login.id, str(number))))]
        if len(images) < len(media):
            raise invalid("media.media_ids", media, "Your media IDs are invalid.")
        above = self._above(part_of(body, "reply", {"in_reply_to_tweet_id"}))
        self._refuse_text(text, login)
        now = self._world.now()
        snowflake = str((int(now.timestamp() * 1000) - 1288834974657 << 22) + self._world.number())
        effect = Effect(
            platform=self.name,
            account=f"@{login.username}",
            id=snowflake,
            text=text,
            at=now.isoformat(),
            url=f"https://x.com/{login.username}/status/{snowflake}",
            reply_to=above.id if above else "",
            thread=above.thread if above else snowflake,
            images=tuple(images),
            spans=marked(text),
            length=measure.length(text, LIMITS),
            limit=LIMITS.length,
        )
        return {"data": tweet_of(self._world.publish(effect), ())}

    def _above(self, reply: Mapping[str, Any]) -> Effect | None:
        """Return the post that is answered; the words are X's own, quoted in several public repositories in 2026."""
        if not reply:
            return None
        for effect in self._world.visible(self.name):
            if effect.id == reply.get("in_reply_to_tweet_id"):
                return effect
        raise Refusal(problem(403, "You attempted to reply to a Tweet that is deleted or not visible to you."))

    def _refuse_text(self, text: str, login: Login) -> None:
        """Refuse what is too long (v1.1's error 186; v2's own words are not documented) or there already."""
        if not measure.fits(text, LIMITS):
            raise Refusal(problem(403, "Tweet needs to be a bit shorter."))
        # Words: github.com/plhery/node-twitter-api-v2 issue 469 and many since.
        if self.guards and text and any(effect.text == text for effect in self._of(login)):
            raise Refusal(problem(403, "You are not allowed to create a Tweet with duplicate content."))

    def _of(self, login: Login) -> list[Effect]:
        return self._world.visible(self.name, f"@{login.username}")

    async def _delete(self, request: web.Request, login: Login) -> dict[str, Any]:
        wanted = request.match_info["id"]
        if not any(effect.id == wanted for effect in self._of(login)):
            raise Refusal(problem(404, **not_found("tweet", wanted)))
        self._world.remove(self.name, wanted)
        return {"data": {"deleted": True}}

    async def _upload(self, request: web.Request, login: Login) -> dict[str, Any]:
        body = await fields_of(request, {"media", "media_category", "additional_owners"})
        if body.get("media_category") != "tweet_image":
            raise invalid("media_category", body.get("media_category"), "only tweet_image is simulated")
        picture, facts = picture_of(body.get("media"))
        if len(picture) > LARGEST_IMAGE:
            raise invalid("media", "", f"File size exceeds {LARGEST_IMAGE} bytes.")
        media = str(1790000000000000000 + self._world.number())
        kept = self._world.keep(picture, facts["image_type"])
        self._uploads[login.id, media] = Shown(sha256=kept, media_type=facts["image_type"], alt="")
        return {"data": {"id": media, "media_key": f"3_{media}", "expires_after_secs": 86400, "image": facts}}

    async def _describe(self, request: web.Request, login: Login) -> dict[str, Any]:
        body = await fields_of(request, {"id", "metadata"})
        key = login.id, str(body.get("id"))
        if key not in self._uploads:
            raise invalid("id", body.get("id"), "Your media IDs are invalid.")
        alt = part_of(part_of(body, "metadata", {"alt_text"}), "alt_text", {"text"}).get("text")
        if not isinstance(alt, str) or len(alt) > LONGEST_ALT:
            raise invalid("metadata.alt_text.text", "", f"must be a text of at most {LONGEST_ALT} characters")
        self._uploads[key] = replace(self._uploads[key], alt=alt)
        return {"data": {"id": key[1], "associated_metadata": {"alt_text": {"text": alt}}}}

    async def _me(self, request: web.Request, login: Login) -> dict[str, Any]:
        asked = {"protected": False} if "protected" in request.query.get("user.fields", "") else {}
        return {"data": {"id": login.id, "name": login.name, "username": login.username, **asked}}

    async def _timeline(self, request: web.Request, _: Login) -> dict[str, Any]:
        """Answer newest first; the page token is the number of posts before it."""
        query, wanted = request.query, request.match_info["id"]
        owner = next((login for login in self._logins.values() if login.id == wanted), None)
        if owner is None:
            return {"errors": [not_found("user", wanted)]}
        try:
            since = datetime.fromisoformat(query.get("start_time", "2010-11-06T00:00:00Z"))
            start, most = int(query.get("pagination_token", "0")), int(query.get("max_results", "10"))
        except ValueError as error:
            raise invalid("start_time", request.query_string, str(error)) from error
        if not 5 <= most <= 100:
            raise invalid("max_results", most, f"`max_results` [{most}] is not between 5 and 100")
        posts = [effect for effect in reversed(self._of(owner)) if datetime.fromisoformat(effect.at) >= since]
        page = [tweet_of(effect, query.get("tweet.fields", "").split(",")) for effect in posts[start : start + most]]
        more = {"next_token": str(start + most)} if start + most < len(posts) else {}
        return ({"data": page} if page else {}) | {"meta": {"result_count": len(page), **more}}

    async def _lookup(self, request: web.Request, _: Login) -> dict[str, Any]:
        """Answer those of up to 100 posts that are there, and an error for each other."""
        wanted, asked = request.query.get("ids", "").split(","), request.query.get("tweet.fields", "").split(",")
        if not 1 <= len(wanted) <= 100 or not all(each.isdecimal() for each in wanted):
            raise invalid("ids", request.query.get("ids"), "`ids` must be 1 to 100 numbers")
        there = {effect.id: effect for effect in self._world.visible(self.name)}
        found = [tweet_of(there[each], asked, self._metrics(there[each])) for each in wanted if each in there]
        gone = [not_found("tweet", each) for each in wanted if each not in there]
        return ({"data": found} if found else {}) | ({"errors": gone} if gone else {})

    def _metrics(self, effect: Effect) -> dict[str, int]:
        """Return what OpenAPI 2.167 calls public_metrics."""
        got = self._world.crowd.reactions(effect, self._world.visible(self.name))
        counts = {"reply": got.replies, "retweet": got.reposts, "like": got.likes, "impression": got.views}
        return {f"{name}_count": count for name, count in counts.items()} | {"quote_count": 0, "bookmark_count": 0}


def hmac_sha1(method: str, url: str, parameters: Iterable[tuple[str, str]], login: Login) -> str:
    """Return the OAuth 1.0a signature in base64."""
    code = partial(quote, safe="~")
    pairs = "&".join(f"{name}={value}" for name, value in sorted((code(n), code(v)) for n, v in parameters))
    base = "&".join((method.upper(), code(url), code(pairs)))
    key = f"{code(login.consumer_secret)}&{code(login.access_token_secret)}"
    return b64encode(hmac.digest(key.encode(), base.encode(), "sha1")).decode()


def picture_of(media: object) -> tuple[bytes, dict[str, Any]]:
    """Return the bytes of an uploaded picture and X's facts about it; v1.1's words when it is none."""
    from PIL import Image, UnidentifiedImageError

    try:
        picture = b64decode(str(media), validate=True)
        with Image.open(BytesIO(picture), formats=("JPEG", "PNG", "WEBP", "GIF")) as image:
            image.load()
            return picture, {"image_type": Image.MIME[str(image.format)], "w": image.width, "h": image.height}
    except (ValueError, UnidentifiedImageError, OSError) as error:
        raise invalid("media", "", "media type unrecognized.") from error


async def fields_of(request: web.Request, known: set[str]) -> dict[str, Any]:
    """Return the JSON object of a request; other fields than the known ones are refused, as OpenAPI 2.167 has it."""
    try:
        body = await request.json()
    except ValueError as error:
        raise invalid("body", "", "Request body must be JSON.") from error
    return part_of({"body": body}, "body", known)


def part_of(body: Mapping[str, Any], name: str, known: set[str]) -> dict[str, Any]:
    """Return an object inside a body, {} when it is not there."""
    inner = body.get(name, {})
    if not isinstance(inner, dict):
        raise invalid(name, inner, f"$.{name}: must be an object")
    for unknown in sorted(inner.keys() - known):
        words = "is not defined in the schema and the schema does not allow additional properties"
        raise invalid(unknown, inner[unknown], f"$.{unknown}: {words}")
    return inner


def problem(status: int, detail: str = "", *, headers: Mapping[str, str] | None = None, **more: object) -> web.Response:
    """Return an error as X words it: docs.x.com/x-api/fundamentals/response-codes-and-errors."""
    title = HTTPStatus(status).phrase
    body = {"title": title, "detail": detail or title, "type": "about:blank", "status": status, **more}
    return web.json_response(body, status=status, headers=headers, content_type="application/problem+json")


def invalid(parameter: str, value: object, message: str) -> Refusal:
    """Return X's 400 for a parameter; `errors` names it and says what is wrong."""
    return Refusal(
        problem(
            400,
            "One or more parameters to your request was invalid.",
            title="Invalid Request",
            type="https://api.x.com/2/problems/invalid-request",
            errors=[{"parameters": {parameter: [str(value)]}, "message": message}],
        )
    )


def not_found(kind: str, wanted: str) -> dict[str, Any]:
    """Return the fields of X's problem for what is not there: OpenAPI 2.167, ResourceNotFoundProblem."""
    return {
        "title": "Not Found Error",
        "detail": f"Could not find {kind} with id: [{wanted}].",
        "type": "https://api.x.com/2/problems/resource-not-found",
        "resource_type": kind,
        "resource_id": wanted,
    }
