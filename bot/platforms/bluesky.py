"""Bluesky, and every other PDS of the AT Protocol, without an SDK.

Setting up: sign in, Settings > Privacy and security > App passwords > Add; put the account's handle into BLUESKY_HANDLE
and the app password, never the account's own, into BLUESKY_PASSWORD. docs/platforms/bluesky.md tells the rest.

Read 2026-11: atproto.com/specs/record-key, /tid, /xrpc, docs.bsky.app/docs/advanced-guides/posts (facets, embeds, replies),
docs.bsky.app/docs/advanced-guides/rate-limits, github.com/bluesky-social/atproto lexicons and packages/pds. The calls
themselves are made by bot/pds.py.

The record key is made from our own key and `createdAt` is the moment of its first use, so the same part gives the same
record, byte for byte, on each try; `putRecord` with `swapRecord: null` writes it once and answers a replay with what is there.

It cannot edit a post, hide text behind a warning, set an audience, or post video. It does not tell how often a post was seen.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from bot.domain.article import Image
from bot.domain.channel import Absence, Account, Limits, LinkPlace, LinkRule, Unit
from bot.domain.delivery import PublishKey
from bot.domain.outcome import Outcome, Receipt, Refused, ReplyTo, Retry, Sent, Unauthorised, Unknown
from bot.domain.pacing import Rate
from bot.domain.post import Part, Span, SpanKind
from bot.domain.reactions import Count, Reactions, Reports
from bot.errors import BadInput, BadSetting, HandbillError, StoreError, Unreachable
from bot.exchange import number
from bot.pds import COST, DELETE, GET, MOVED, POSTS, PUT, RESOLVE, STANDING, UPLOAD, Failed, Json, Pds
from bot.ports import Field, Means, Platform

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
    address=r"post/([\w.~:-]+)",
    rates=(Rate(count=5000 // COST, span=timedelta(hours=1)), Rate(count=35_000 // COST, span=timedelta(hours=24))),
    absence=Absence(resends=8),  # the same record under the same key, however often
    reports=Reports(
        counts=(Count.REPLIES, Count.REPOSTS, Count.LIKES), batch=25
    ),  # lexicons/app/bsky/feed/getPosts.json
)
FIELDS = (
    Field(key="BASE_URL", help="the server the account lives on", required=False, default="https://bsky.social"),
    Field(key="HANDLE", help="the account's handle, such as library.bsky.social"),
    Field(key="PASSWORD", help="an app password: Settings > Privacy and security > App passwords", secret=True),
    Field(key="AUTOMATED", help="yes = put the automation label on the profile", required=False, default="no"),
)

POST, PROFILE = "app.bsky.feed.post", "app.bsky.actor.profile"
TID_DIGITS = "234567abcdefghijklmnopqrstuvwxyz"


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


def counted(post: Json, at: datetime) -> Reactions:
    """Return what a post's view tells of its reactions; Bluesky counts no views."""
    replies, reposts, likes = (number(post.get(f"{name}Count")) for name in ("reply", "repost", "like"))
    return Reactions(at=at, replies=replies, reposts=reposts, likes=likes)


class Bluesky:
    """One account on a PDS."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._pds = Pds(means, means.credentials.get("BASE_URL") or FIELDS[0].default)

    async def verify(self) -> Account:
        """Ask who we are, put the automation label on when the setting says so; raises Unreachable or BadSetting."""
        try:
            standing = await self._pds.call(STANDING)
            automated = await self._automated()
        except Failed as failure:
            raise self._trouble(failure) from failure
        if standing.get("active") is False:
            what, hint = (
                f"the account is {standing.get('status', 'not active')}",
                MOVED.format(self._means.setting("BASE_URL")),
            )
            raise BadSetting(what, where=self._means.channel, hint=hint)
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
            told = self._pds.quota()
        except Failed as failure:
            return await self._taken(part, key) if failure.error == "InvalidSwap" else failure.outcome()
        except (BadInput, StoreError) as error:  # from the media folder: nothing has left
            return Refused(why=str(error)) if isinstance(error, BadInput) else Retry(why=str(error))
        return Sent(receipt=await self._receipt(answer, key), quota=told)

    async def find(self, part: Part, key: PublishKey, since: datetime) -> Receipt | None:  # noqa: ARG002 - the key proves more
        """Return the proof that this part was published: the record under its key, if it holds this part's text."""
        try:
            found = await self._pds.record(POST, record_key(key))
        except Failed as failure:
            raise Unreachable(failure.why, where=self._means.channel) from failure
        wanted = {"text": part.text, "createdAt": created_at(key)}
        if found is None or found["value"] | wanted != found["value"]:
            return None
        return await self._receipt(found, key)

    async def retract(self, receipt: Receipt) -> Outcome:
        """Delete the post; deleting what is gone succeeds."""
        try:
            await self._pds.call(DELETE, json=await self._pds.place(POST, _last(receipt.id)))
        except Failed as failure:
            return failure.outcome()
        return Sent(receipt=receipt)

    async def reactions(self, receipts: Sequence[Receipt]) -> Mapping[str, Reactions]:
        """Ask Bluesky's AppView, through the account's server; a post that it does not know is left out."""
        now, wanted = self._means.clock.now(), [("uris", each.id) for each in receipts]
        try:
            posts = (await self._pds.call(POSTS, params=wanted))["posts"]
            return {str(each["uri"]): counted(each, now) for each in posts}
        except Failed as failure:
            raise self._trouble(failure) from failure
        except (LookupError, TypeError, AttributeError) as error:
            raise Unreachable("the AppView gave an answer that cannot be read", where=self._means.channel) from error

    async def close(self) -> None:
        """Nothing to let go of: the HTTP session is shared."""

    def _trouble(self, failure: Failed) -> HandbillError:
        """Return the error for an operator when we only wanted to read."""
        if isinstance(failure.outcome(), Unauthorised):
            return BadSetting(failure.why, where=self._means.channel, hint=failure.mend)
        return Unreachable(failure.why, where=self._means.channel)

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
            except Failed as failure:
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
            why = f"the post to reply to is gone: {receipt.url or receipt.id}"
            raise Failed(nsid=GET, why=why, status=400, error="RecordNotFound")
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
