"""X (api.twitter.com) through tweepy's AsyncClient; pictures by v2 calls of our own with tweepy's signature.

Setting it up (docs/platforms/x.md has each step):
1. console.x.com: make a project with an app and buy credits (posting costs money, a post with a link costs more).
2. "User authentication settings": Read and write, type "Web App, Automated App or Bot".
3. Only then, under "Keys and tokens": API key and secret = CONSUMER_KEY and CONSUMER_SECRET; Access token and secret.

Read 2026-11: docs.x.com/x-api/posts/create-post, docs.x.com/x-api/media/upload-media, .../create-media-metadata,
docs.x.com/x-api/fundamentals/rate-limits, .../response-codes-and-errors, X's OpenAPI 2.167.

What it cannot do: no idempotency key (X refuses a text that is there already with 403, and `find` reads the timeline),
no language, no content warning, no edits, no moving pictures; X's API does not say whether an account is labelled as
automated. X's documents now say api.x.com, but tweepy 4.17 signs for api.twitter.com and a signature holds for one host.
"""

import html
import logging
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from json import dumps, loads
from typing import TYPE_CHECKING, Any, cast

from bot.domain.article import Image
from bot.domain.channel import Absence, Account, Limits, LinkPlace, LinkRule, Unit
from bot.domain.delivery import PublishKey
from bot.domain.outcome import Outcome, Receipt, Refused, ReplyTo, Retry, Sent, Unauthorised, Unknown
from bot.domain.pacing import Price, Quota, Rate
from bot.domain.post import Part
from bot.domain.reactions import Count, Reactions, Reports
from bot.errors import BadInput, BadSetting, CannotTell, StoreError, Unreachable
from bot.exchange import bare, lost, number, quota, unreached, wait, whole
from bot.ports import Field, Means

if TYPE_CHECKING:
    from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, ClientSession
    from multidict import CIMultiDict
    from tweepy.asynchronous import AsyncClient
    from yarl import URL

NAME = "x"
TITLE = "X"
HANDLE = r"[A-Za-z0-9_]{1,15}"
LIMITS = Limits(
    length=280,
    unit=Unit.WEIGHTED,
    url_weight=23,
    link_rule=LinkRule.BARE,
    images=4,
    image_bytes=5 * 2**20,
    image_types=("image/jpeg", "image/png", "image/webp"),
    alt=1000,
    tags=2,
    link=LinkPlace.TEXT,
    thread_parts=25,
    address=r"status/(\d+)(?:/(?:photo|video)/\d+)?",
    # docs.x.com/x-api/fundamentals/rate-limits: per user, and per app and day; .../getting-started/pricing: dollars a post.
    rates=(Rate(count=100, span=timedelta(minutes=15)), Rate(count=10_000, span=timedelta(hours=24))),
    price=Price(currency="USD", part=15_000, linked=200_000),
    # A timeline may lag behind a post; what is sent again meets X's own check for duplicates, which has failed before.
    absence=Absence(reads=2, apart=timedelta(seconds=60), resends=1),
    # "Posts: Read" on the pricing page; X charges less for one's own in some calls and does not say whether in this one.
    reports=Reports(counts=tuple(Count), batch=100, price=5_000),
)
SIGNED = "https://api.twitter.com"
FIELDS = (
    Field(key="BASE_URL", help="where X's API is; change it for a simulated X only", required=False, default=SIGNED),
    Field(key="CONSUMER_KEY", help="the app's API key: console.x.com, Keys and tokens", secret=True),
    Field(key="CONSUMER_SECRET", help="the app's API key secret, shown beside it", secret=True),
    Field(key="ACCESS_TOKEN", help="made there after the app got Read and write permission", secret=True),
    Field(key="ACCESS_TOKEN_SECRET", help="the access token's secret, shown beside it", secret=True),
)
#: X keeps the newest 3,200 posts of an account readable, 100 to a page (docs.x.com/x-api/posts/timelines).
PAGES = 32
#: Replies, reposts, likes and views, as X names them.
METRICS = ("reply", "retweet", "like", "impression")
#: The prefixes of X's rate headers: per endpoint, per user and day, per app and day.
BUDGETS = ("x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour")
RESET = "x-rate-limit-reset"
#: Words of a 403 about the account or the app and not about this post: every further post would meet it too.
STANDING = re.compile(r"app permissions|attached to a project|access level|credits|\b(?:suspended|locked)\b", re.I)
#: What to do about it, by X's words.
MENDING = (
    (r"credits|answered 402", "buy credits at console.x.com"),
    (r"suspended|locked", "log in to x.com as the account and do what it asks for"),
    (
        r"app permissions|attached to a project|access level",
        "give the app Read and write, then make a new access token",
    ),
    (r"", "make new keys at console.x.com, Keys and tokens, and set the four X keys; is this machine's clock right?"),
)
#: What tweepy and we raise, besides their own errors and aiohttp's, on answers that cannot be read.
UNREADABLE = (OSError, ValueError, LookupError, TypeError, AttributeError)

Failure = Retry | Refused | Unauthorised | Unknown


def payload(part: Part, media: Sequence[str], reply_to: ReplyTo | None) -> dict[str, Any]:
    """Return what tweepy's `create_tweet` takes to publish this part with these uploaded pictures."""
    fields: dict[str, Any] = {"text": part.text} if part.text else {}
    if media:
        fields["media_ids"] = list(media)
    if reply_to is not None:
        fields["in_reply_to_tweet_id"] = reply_to.parent.id
    return fields


def comparable(text: str) -> str:
    """Return the text without what X changes on its own: white space, the scheme of a link, its closing slash."""
    return " ".join(re.sub(r"https?://(\S*?)/?(?=\s|$)", r"\1", bare(text)).split()).casefold()


def written(tweet: Mapping[str, Any]) -> tuple[str, int]:
    """Return the comparable text and the number of pictures of a post read from X.

    X escapes &, < and >, puts t.co addresses in place of links, and appends one that leads to the pictures.
    """
    text = html.unescape(tweet["text"])
    for link in (tweet.get("entities") or {}).get("urls") or ():
        text = text.replace(link["url"], "" if "media_key" in link else link.get("expanded_url") or link["url"])
    return comparable(text), len((tweet.get("attachments") or {}).get("media_keys") or ())


def counted(tweet: Mapping[str, Any], at: datetime) -> Reactions:
    """Return what a post's public metrics tell; X counts quotes apart from reposts."""
    told = tweet["public_metrics"]
    replies, reposts, likes, views = (number(told.get(f"{name}_count")) for name in METRICS)
    return Reactions(at=at, replies=replies, reposts=reposts, likes=likes, views=views)


def classify(error: BaseException, now: datetime) -> Failure:
    """Say what the exception of one request means for the post; what is not recognised may have been published."""
    import aiohttp
    import tweepy

    if isinstance(error, tweepy.HTTPException):
        status, headers = error.response.status, error.response.headers
        words = "; ".join(map(str, error.api_messages)) or error.response.reason or "no reason given"
        return _answered(status, f"X answered {status}: {words}", headers, now)
    # tweepy lets aiohttp's errors through as they are.
    if words := unreached(error):
        return Retry(why=f"X {words}", unreached=True)
    # What `_once` raises stands for its cause.
    ended = error.__cause__ if type(error) is aiohttp.ClientError and error.__cause__ else error
    return Unknown(why=f"X {lost(ended)}")


def _answered(status: int, why: str, headers: Mapping[str, str], now: datetime) -> Failure:
    match status:
        case 429:
            left = quota(headers, now, BUDGETS)
            return Retry(why=why, after=wait(headers, now, BUDGETS), channel_wide=True, quota=left)
        case 403 if "duplicate" in why.lower():
            return Unknown(why=f"X reports a duplicate, so this text may be public already ({why})", answered=True)
        case 401 | 402 | 403 if status != 403 or STANDING.search(why):
            mending = next(words for pattern, words in MENDING if re.search(pattern, why, re.IGNORECASE))
            return Unauthorised(why=why, mend=mending)
        case _ if 400 <= status < 500 and status != 408:
            return Refused(why=why)
    return Unknown(why=why)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """A whole answer, with as much of aiohttp's response as tweepy asks for."""

    status: int
    reason: str | None
    headers: "CIMultiDict[str]"
    body: bytes

    async def read(self) -> bytes:
        """Return the body."""
        return self.body

    async def json(self) -> Any:  # noqa: ANN401 - whatever X said
        """Return the body's JSON; a 429 says all by its status, which no proxy's HTML must hide."""
        try:
            return loads(self.body)
        except ValueError:
            if self.status == 429:
                return {}
            raise


class _Redirected:
    """The shared session as tweepy sees it: tweepy asks and signs for SIGNED, this sends it to `base`.

    `posted` are the headers of the last answer to a post: tweepy hands out bodies only.
    """

    def __init__(self, session: "ClientSession", base: "URL", timeout: float) -> None:
        from aiohttp import ClientTimeout

        self._session, self._prefix = session, str(base).rstrip("/")
        # Half the time for connecting: aiohttp tells a timeout in connecting (nothing left) from one in answering.
        self._timeout = ClientTimeout(total=timeout, connect=timeout / 2)
        self.posted: Mapping[str, str] = {}

    @asynccontextmanager
    async def request(
        self, method: str, url: "URL", *, json: object, headers: Mapping[str, str], params: None
    ) -> AsyncIterator[_Answer]:
        """Make the request, once and to no other address: its signature is good for no more."""
        async with self._session.request(
            method,
            type(url)(self._prefix + url.raw_path_qs, encoded=True),
            params=params,
            # A stream, since aiohttp warns of a megabyte (a picture) in one piece: it would hold up the event loop.
            data=None if json is None else BytesIO(dumps(json).encode()),
            headers=headers,
            timeout=self._timeout,
            allow_redirects=False,
            middlewares=(_once,),
        ) as response:
            told = response.headers.copy()
            if not told.get(RESET, "").isdecimal():
                told.pop(RESET, None)  # tweepy takes it for a number whatever it says, which would hide the 429
            answer = _Answer(status=response.status, reason=response.reason, headers=told, body=await whole(response))
        if method == "POST" and url.path == "/2/tweets":
            self.posted = told
        yield answer


async def _once(request: "ClientRequest", handler: "ClientHandlerType") -> "ClientResponse":
    """Keep aiohttp from sending a GET or DELETE again after a lost connection: X knows its nonce and answers 401."""
    from aiohttp import ClientConnectorError, ClientError, ClientOSError, ServerDisconnectedError

    try:
        return await handler(request)
    except ClientConnectorError:
        raise
    except (ClientOSError, ServerDisconnectedError) as error:
        raise ClientError("the connection was lost") from error


class _X:
    """One account on X."""

    def __init__(self, means: Means, client: "AsyncClient", wire: _Redirected) -> None:
        import aiohttp
        import tweepy

        self._means, self._client, self._wire = means, client, wire
        self._me: Mapping[str, Any] = {}
        self._failures = (tweepy.TweepyException, aiohttp.ClientError, *UNREADABLE)

    async def verify(self) -> Account:
        """Ask X who we are; BadSetting when it does not accept the four keys, else Unreachable."""
        try:
            me = await self._who()
        except self._failures as error:
            raise self._trouble(self._failure(error)) from None
        label = "Settings > Your account > Account information > Automation"
        notes = [
            f"X's API does not tell whether the account is labelled as automated: set and see it on x.com, {label}"
        ]
        if me["protected"]:
            notes.append("the account is protected: only followers whom it approved see its posts")
        name = me["username"]
        return Account(name=f"@{name}", url=f"https://x.com/{name}", limits=LIMITS, notes=tuple(notes))

    async def publish(self, part: Part, key: PublishKey, reply_to: ReplyTo | None, resume: str = "") -> Outcome:  # noqa: ARG002
        """Upload the pictures, then create the post; X takes no key, so an unclear end is Unknown and left to `find`."""
        try:
            media = [await self._uploaded(image) for image in part.images]
        except BadInput as error:
            return Refused(why=str(error))
        except StoreError as error:
            return Retry(why=str(error))
        except self._failures as error:
            # Nothing can be public before the post itself was asked for.
            failure = self._failure(error)
            return Retry(why=f"no picture uploaded: {failure.why}") if isinstance(failure, Unknown) else failure
        try:
            answer = await self._client.create_tweet(**payload(part, media, reply_to), user_auth=True)
            receipt = self._receipt(answer["data"]["id"], self._means.clock.now())
            return Sent(receipt=receipt, quota=self._quota())
        except self._failures as error:
            return self._failure(error)

    async def find(self, part: Part, key: PublishKey, since: datetime) -> Receipt | None:  # noqa: ARG002
        """Read our own timeline once for a post with this text and as many pictures; the caller waits it quiet first."""
        wanted = comparable(part.text), len(part.images)
        token: str | None = None
        try:
            for _ in range(PAGES):
                tweets, token = await self._timeline(since, token)
                for tweet in tweets:
                    if written(tweet) == wanted:
                        return self._receipt(tweet["id"], datetime.fromisoformat(tweet["created_at"]))
                if not token:
                    return None
        except self._failures as error:
            raise Unreachable(self._failure(error).why, where=self._means.channel) from None
        raise CannotTell("more posts since then than X lets us read", where=self._means.channel)

    async def retract(self, receipt: Receipt) -> Outcome:
        """Delete the post; one that X does not know is gone."""
        import tweepy

        try:
            answer = await self._client.delete_tweet(receipt.id, user_auth=True)
            gone = answer["data"]["deleted"] is True
        except tweepy.NotFound:
            gone = True
        except self._failures as error:
            return self._failure(error)
        return (
            Sent(receipt=receipt) if gone else Unknown(why="X did not confirm that the post is deleted", answered=True)
        )

    async def reactions(self, receipts: Sequence[Receipt]) -> Mapping[str, Reactions]:
        """Ask for all at once, which costs money for each; X tells of those that are gone among its errors."""
        wanted, now = [each.id for each in receipts], self._means.clock.now()
        try:
            answer = await self._client.get_tweets(wanted, user_auth=True, tweet_fields=["public_metrics"])
            if "data" not in answer and "errors" not in answer:
                raise ValueError("neither posts nor a reason")
            return {str(each["id"]): counted(each, now) for each in answer.get("data", ())}
        except self._failures as error:
            raise self._trouble(self._failure(error)) from None

    async def close(self) -> None:
        """Do nothing: the session is shared and belongs to the app."""

    async def _uploaded(self, image: Image) -> str:
        """Return the id of a picture on X, described; images are ready as soon as X answers, unlike video."""
        picture, _ = await self._means.media.fitted(image, LIMITS)
        body = {"media": b64encode(picture).decode(), "media_category": "tweet_image"}
        media = str((await self._call("/2/media/upload", body))["data"]["id"])
        if image.alt:
            alt_text = {"text": image.alt[: LIMITS.alt]}
            await self._call("/2/media/metadata", {"id": media, "metadata": {"alt_text": alt_text}})
        return media

    async def _call(self, route: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Make a POST that tweepy has no method for: its own upload is v1.1's, which X closed in 2025."""
        response = await self._client.request("POST", route, params={}, json=body, user_auth=True)
        return cast(Mapping[str, Any], await response.json())

    async def _who(self) -> Mapping[str, Any]:
        """Return the account's id, username and protection, asked once."""
        if not self._me:
            me = (await self._client.get_me(user_auth=True, user_fields=["protected"]))["data"]
            self._me = {"id": str(me["id"]), "username": str(me["username"]), "protected": bool(me.get("protected"))}
        return self._me

    async def _timeline(self, since: datetime, token: str | None) -> tuple[Sequence[Mapping[str, Any]], str | None]:
        """Return a page of our posts, newest first, and the token of the next page."""
        page = await self._client.get_users_tweets(
            (await self._who())["id"],
            user_auth=True,
            start_time=since,
            max_results=100,
            pagination_token=token,
            tweet_fields=["created_at", "entities", "attachments"],
        )
        # An answer with errors, or without the count, proves no absence.
        if page.get("errors") or page["meta"]["result_count"] != len(page.get("data", ())):
            raise ValueError("X did not show the whole page")
        return page.get("data", ()), page["meta"].get("next_token")

    def _quota(self) -> Quota | None:
        return quota(self._wire.posted, self._means.clock.now(), BUDGETS)

    def _failure(self, error: BaseException) -> Failure:
        return classify(error, self._means.clock.now())

    def _trouble(self, failure: Failure) -> Unreachable | BadSetting:
        """Return the error to raise, always `from None`: what aiohttp raises holds the request's headers."""
        if isinstance(failure, Unauthorised):
            return BadSetting(failure.why, where=self._means.channel, hint=failure.mend)
        return Unreachable(failure.why, where=self._means.channel)

    def _receipt(self, id: object, at: datetime) -> Receipt:
        if not str(id).isdecimal():
            raise ValueError("not the id of a post")
        return Receipt(id=str(id), url=f"https://x.com/{self._me.get('username', 'i')}/status/{id}", at=at)


def connect(means: Means) -> _X:
    """Return the channel; BadSetting when BASE_URL is no address that can work."""
    from tweepy.asynchronous import AsyncClient
    from yarl import URL

    # Both write request headers to their loggers at DEBUG.
    for library in ("tweepy", "oauthlib"):
        logging.getLogger(library).setLevel(logging.WARNING)
    base = URL(means.credentials.get("BASE_URL") or SIGNED)
    if base.scheme not in ("http", "https") or not base.host or base.query_string or base.host == "api.x.com":
        raise BadSetting("BASE_URL is no address to sign requests for", where=means.channel, hint=f"leave it {SIGNED}")
    keys = {field.key.lower(): means.credentials[field.key] for field in FIELDS if field.secret}
    client = AsyncClient(**keys, return_type=dict, wait_on_rate_limit=False)
    client.session = _Redirected(cast("ClientSession", means.session), base, means.timeout)
    return _X(means, client, client.session)
