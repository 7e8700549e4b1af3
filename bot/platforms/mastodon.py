"""Mastodon, and servers that speak its API (GoToSocial, Pleroma, Akkoma, snac, Hollo ...), through Mastodon.py.

Setting it up: in the account's web page open Preferences > Development > New application, tick the scopes
`read:accounts`, `read:statuses`, `write:statuses` and `write:media`, save, open it and copy "Your access token". Under
Preferences > Profile tick "This is an automated account". Details: docs/platforms/mastodon.md.

API, read 2026-11: docs.joinmastodon.org/methods/statuses, /methods/media, /methods/instance, /entities/Instance,
/api/rate-limits; server source github.com/mastodon/mastodon (app/services/post_status_service.rb,
config/initializers/rack_attack.rb); Mastodon.py 2.3.3.

It cannot tell two posts apart that say the same within five minutes, and leaves scheduling to Handbill: several servers
ignore `scheduled_at` and post at once. It does not tell how often a post was seen. The calls are made by bot/instance.py.
"""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from bot.domain.article import Image
from bot.domain.channel import Absence, Account, Limits, LinkPlace, LinkRule, Unit
from bot.domain.delivery import PublishKey
from bot.domain.outcome import Outcome, Pending, Receipt, Refused, ReplyTo, Retry, Sent, Unknown
from bot.domain.pacing import Rate
from bot.domain.post import Part
from bot.domain.reactions import Count, Reactions, Reports
from bot.errors import BadInput, BadSetting, CannotTell, StoreError
from bot.exchange import bare, number
from bot.instance import Failed, Instance
from bot.ports import Field, Means, Platform

NAME = "mastodon"
TITLE = "Mastodon"
HANDLE = r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?@(\w[\w-]*\.)+\w[\w-]*"

LIMITS = Limits(
    length=500,
    unit=Unit.GRAPHEMES,
    url_weight=23,
    link_rule=LinkRule.SCHEME,
    local_mentions=True,
    warning_counts=True,
    images=4,
    image_bytes=16 * 2**20,
    image_pixels=33_177_600,
    alt=1500,
    tags=5,
    link=LinkPlace.TEXT,
    edits=True,
    warnings=True,
    languages=True,
    visibilities=("public", "unlisted", "private", "direct"),
    address=r"(?:statuses/)?(\w*\d\w*)",
    # config/initializers/rack_attack.rb and app/lib/rate_limiter.rb; a server may have set its own, its headers tell.
    rates=(Rate(count=300, span=timedelta(hours=3)),),
    # app/controllers/api/v1/statuses_controller.rb: DEFAULT_STATUSES_LIMIT.
    reports=Reports(counts=(Count.REPLIES, Count.REPOSTS, Count.LIKES), batch=20),
)
#: Of servers that may take a key for nothing (GoToSocial, snac, Takahe do): only reading guards what is sent again.
KEYLESS = Absence(reads=2, apart=timedelta(seconds=30), resends=1)

#: How many are asked about at a time where each takes a call of its own: of 300 in five minutes much is left for posting.
SINGLY = 5
#: The version that has the call for many, and what other servers answer to it.
TOGETHER, UNHEARD_OF = "4.3.0", (400, 404, 405, 410, 422)

FIELDS = (
    Field(key="BASE_URL", help="the server your account lives on, such as https://mastodon.example"),
    Field(key="TOKEN", secret=True, help="Preferences > Development > your application > Your access token"),
    Field(key="VISIBILITY", required=False, default="public", help="who sees posts: public, unlisted or private"),
)

#: Between our clock and the server's: a post that seems this much too old may still be the one we look for.
SKEW = timedelta(minutes=5)
PAGES = 10
LOOK_AGAIN = timedelta(seconds=0.5)

#: languages_helper.rb: the only regional tags a server keeps; of all others the first subtag counts.
REGIONAL = {"cn": "zh-CN", "hk": "zh-HK", "tw": "zh-TW", "hans": "zh-CN", "hant": "zh-TW"}


def payload(part: Part, key: str, visibility: str, reply_to: ReplyTo | None, media: tuple[str, ...]) -> dict[str, Any]:
    """Return the arguments of `status_post` for one part; the part's own visibility goes before the channel's."""
    return {
        "status": part.text,
        "visibility": part.visibility or visibility,
        "sensitive": bool(part.warning),
        "spoiler_text": part.warning or None,
        "language": language(part.language),
        "in_reply_to_id": reply_to.parent.id if reply_to else None,
        "media_ids": list(media) or None,
        "idempotency_key": key,
    }


def language(tag: str) -> str | None:
    """Return a BCP 47 tag as the server takes it: ISO 639, with a region for Chinese only; None when it says nothing."""
    first, *rest = tag.lower().split("-")
    if first in ("", "und", "mul"):
        return None
    if first in ("zh", "yue"):
        regions = (REGIONAL[each] for each in reversed(rest) if each in REGIONAL)
        return "zh-YUE" if first == "yue" else next(regions, "zh")
    return first


def read(status: Mapping[str, Any]) -> tuple[Receipt, str, int]:
    """Return a status's receipt, its normalised text and how many pictures it has.

    Raises LookupError, TypeError, ValueError or AttributeError when it is none.
    """
    if not status["id"]:
        raise ValueError("a status without an id")
    address = str(status.get("url") or status.get("uri") or "")
    receipt = Receipt(id=str(status["id"]), url=address, at=status["created_at"].astimezone(UTC))
    return receipt, plain(f"{status['spoiler_text']}\n{words(status['content'])}"), len(status["media_attachments"])


def picture(media: Mapping[str, Any]) -> tuple[str, bool]:
    """Return an uploaded picture's id and whether the server is done with it: until then it has no address."""
    return str(media["id"]), bool(media.get("url"))


def owner(account: Mapping[str, Any]) -> tuple[str, str, str, bool]:
    """Return an account's id, name, page and whether it is marked as automated."""
    return str(account["id"]), str(account["username"]), str(account.get("url") or ""), bool(account.get("bot"))


def about(instance: Mapping[str, Any]) -> tuple[str, bool, Limits]:
    """Return a server's domain, whether it is Mastodon itself, and its limits."""
    return str(instance.get("domain") or ""), is_mastodon(instance), limits(instance)


def words(content: str) -> str:
    """Return the text of a status's HTML; addresses come whole, since servers only hide their ends."""
    return html.unescape(re.sub(r"<[^>]*>", "", re.sub(r"<(?:br|/p)[^>]*>", "\n", content)))


def plain(text: str) -> str:
    """Return a text for comparing, without white space, remote mentions by their local part as servers show them."""
    return "".join(bare(re.sub(r"(?<![\w@/])@(\w[\w.-]*)(?:@[\w.-]+)+", r"@\1", text)).split())


def limits(instance: Mapping[str, Any]) -> Limits:
    """Return the limits a server tells in its `/api/v2/instance`; what it leaves out keeps Mastodon's default."""
    told = instance.get("configuration") or {}
    statuses, media = told.get("statuses") or {}, told.get("media_attachments") or {}
    types = tuple(each for each in media.get("supported_mime_types") or () if each.startswith("image/"))
    found: dict[str, Any] = {
        "length": statuses.get("max_characters"),
        "url_weight": statuses.get("characters_reserved_per_url"),
        "images": statuses.get("max_media_attachments"),
        "alt": media.get("description_limit"),
        "image_bytes": media.get("image_size_limit"),
        "image_pixels": media.get("image_matrix_limit"),
        "image_types": types or None,
    }
    if not is_mastodon(instance):
        # GoToSocial and Takahe tell a weight for links, yet refuse what passes only by it: they count code points.
        found |= {"unit": Unit.CODE_POINTS, "url_weight": 0, "local_mentions": False, "absence": KEYLESS}
    if not _answers_together(str(instance.get("version", ""))):
        found["reports"] = replace(LIMITS.reports, batch=SINGLY)
    return replace(LIMITS, **{name: value for name, value in found.items() if value is not None})


def _answers_together(version: str) -> bool:
    """Tell whether a server answers for many statuses in one call, as Mastodon does since 4.3."""
    told = re.match(r"(\d+)\.(\d+)\.\d+(?!.*compatible)", version)
    return told is not None and (int(told[1]), int(told[2])) >= (4, 3)


def is_mastodon(instance: Mapping[str, Any]) -> bool:
    """Tell Mastodon and its forks ("4.5.2+glitch") from others that speak its API ("2.7.2 (compatible; Pleroma)")."""
    return re.fullmatch(r"[3-9]\.\d+\.\d+[^\s(]*", str(instance.get("version", ""))) is not None


def counted(status: Mapping[str, Any], at: datetime) -> Reactions:
    """Return what a status tells of its reactions; Mastodon counts no views."""
    replies, reblogs, likes = (number(status.get(f"{name}_count")) for name in ("replies", "reblogs", "favourites"))
    return Reactions(at=at, replies=replies, reposts=reblogs, likes=likes)


class Mastodon:
    """One account on one server. `verify` replaces the default limits by the server's own."""

    def __init__(self, means: Means, base_url: str, visibility: str) -> None:
        self._means, self._base_url, self._visibility = means, base_url, visibility
        self._server = Instance(means, base_url)
        self._limits = LIMITS
        self._account = ""

    async def verify(self) -> Account:
        """Ask who we are and what the server's limits are; raises Unreachable or BadSetting."""
        try:
            self._account, name, url, automated = await self._server.ask(
                lambda sdk: owner(sdk.account_verify_credentials())
            )
            host, known, self._limits = await self._instance()
        except Failed as failed:
            raise self._server.trouble(failed) from None
        notes = [] if automated else ["not marked as automated: tick it under Preferences > Profile"]
        if not known:
            notes.append("not Mastodon itself: lengths are counted in code points, and retries rely on reading back")
        name = f"@{name}@{host or urlsplit(self._base_url).hostname}"
        return Account(name=name, url=url, limits=self._limits, automated=automated, notes=tuple(notes))

    async def publish(self, part: Part, key: PublishKey, reply_to: ReplyTo | None, resume: str = "") -> Outcome:
        """Upload what pictures are not there yet, then post. `resume` are the ids of uploaded pictures, by commas."""
        uploaded = await self._upload(part, tuple(filter(None, resume.split(","))))
        if not isinstance(uploaded, tuple):
            return uploaded
        arguments = payload(part, key.value, self._visibility, reply_to, uploaded)
        try:
            receipt, *_ = await self._server.ask(lambda sdk: read(sdk.status_post(**arguments)))
            return Sent(receipt=receipt, quota=self._server.quota())
        except Failed as failed:
            return failed.outcome

    async def find(self, part: Part, key: PublishKey, since: datetime) -> Receipt | None:  # noqa: ARG002 — it is not told back
        """Look through our own statuses for one that says the same; raises CannotTell after some hundreds of them."""
        wanted, oldest, older = plain(f"{part.warning}\n{part.text}"), since - SKEW, None
        try:
            account = self._account or (await self._server.ask(lambda sdk: owner(sdk.account_verify_credentials())))[0]
            for _ in range(PAGES):
                page = await self._page(account, older)
                for receipt, text, images in page:
                    if (text, images) == (wanted, len(part.images)) and receipt.at >= oldest:
                        return receipt
                if not page or page[-1][0].at < oldest:
                    return None
                older = page[-1][0].id
        except Failed as failed:
            raise self._server.trouble(failed) from None
        raise CannotTell(f"more than {PAGES} pages of newer posts", where=self._means.channel, hint="look by hand")

    async def retract(self, receipt: Receipt) -> Outcome:
        """Delete a status with its pictures; Sent too when it was gone before."""
        try:
            await self._server.ask(lambda sdk: sdk.status_delete(receipt.id, delete_media=True))
        except Failed as failed:
            return Sent(receipt=receipt) if failed.status == 404 else failed.outcome
        return Sent(receipt=receipt)

    async def reactions(self, receipts: Sequence[Receipt]) -> Mapping[str, Reactions]:
        """Ask for all at once where the server can, else one by one; a status that it does not know is left out."""
        ids, found = [each.id for each in receipts], dict[str, Reactions]()
        try:
            if self._limits.reports.batch > SINGLY:
                found = await self._together(ids)
            for each in () if found else ids:
                found |= await self._alone(each)
        except Failed as failed:
            raise self._server.trouble(failed) from None
        return found

    async def close(self) -> None:
        """Take no more calls; those under way end by their deadline."""
        self._server.close()

    async def _upload(self, part: Part, ids: tuple[str, ...]) -> tuple[str, ...] | Outcome:
        """Return the ids of all pictures, ready to be attached; an Outcome when they cannot be or need longer.

        A quarter of the timeout is for this: dispatch's deadline is longer by that much.
        """
        clock, waiting = self._means.clock, list(ids)
        until = clock.monotonic() + self._means.timeout / 4
        try:
            while waiting or len(ids) < len(part.images):
                if clock.monotonic() > until:
                    return Pending(resume=",".join(ids), until=clock.now() + timedelta(seconds=1))
                if len(ids) < len(part.images):
                    new, ready = await self._put(part.images[len(ids)])
                    ids, waiting = (*ids, new), waiting if ready else [*waiting, new]
                elif await self._done(waiting[0]):
                    del waiting[0]
                else:
                    await clock.sleep(LOOK_AGAIN)
        except BadInput as error:
            return Refused(why=error.what)
        except StoreError as error:
            return Retry(why=error.what)
        except Failed as failed:
            return _disarmed(failed)
        return ids

    async def _put(self, image: Image) -> tuple[str, bool]:
        """Upload one picture; return its id and whether the server is done with it."""
        body, media_type = await self._means.media.fitted(image, self._limits)
        named = {"mime_type": media_type, "description": image.alt or None, "file_name": image.sha256[:16]}
        return await self._server.ask(lambda sdk: picture(sdk.media_post(body, **named)))

    async def _done(self, id: str) -> bool:
        return (await self._server.ask(lambda sdk: picture(sdk.media(id))))[1]

    async def _together(self, ids: Sequence[str]) -> dict[str, Reactions]:
        """Return what one call tells; nothing where the server has no such call."""
        now = self._means.clock.now()
        try:
            return await self._server.ask(
                lambda sdk: {str(each["id"]): counted(each, now) for each in sdk.statuses(list(ids))}, spoken=TOGETHER
            )
        except Failed as failed:
            if failed.status not in UNHEARD_OF:
                raise
        return {}

    async def _alone(self, id: str) -> dict[str, Reactions]:
        now = self._means.clock.now()
        try:
            return await self._server.ask(lambda sdk: {id: counted(sdk.status(id), now)})
        except Failed as failed:
            if failed.status != 404:
                raise
        return {}

    async def _page(self, account: str, older: str | None) -> list[tuple[Receipt, str, int]]:
        """Return the account's newest statuses, or those before the id `older`."""
        which = {"exclude_reblogs": True, "max_id": older, "limit": 40}
        return await self._server.ask(lambda sdk: [read(status) for status in sdk.account_statuses(account, **which)])

    async def _instance(self) -> tuple[str, bool, Limits]:
        """Return the server's domain, whether it is Mastodon itself, and its limits."""
        try:
            return await self._server.ask(lambda sdk: about(sdk.instance_v2()))
        except Failed as failed:
            if failed.status != 404:  # servers from before 2022 have no second version of it
                raise
        return about({})


def _disarmed(failed: Failed) -> Outcome:
    """Return what a failed upload means: nothing was published by it, so that it may simply be done again."""
    if failed.status == 404:  # what a server says of a picture that is attached to a status
        return Unknown(why="a picture is gone, perhaps because the post with it is published", answered=True)
    return Retry(why=f"while uploading: {failed}") if isinstance(failed.outcome, Unknown) else failed.outcome


def connect(means: Means) -> Platform:
    """Return the channel; does no network call. Raises BadSetting for an address or visibility that cannot be."""
    import mastodon  # noqa: F401 — here rather than in the first publishing call, which has a deadline

    base_url = means.credentials.get("BASE_URL", "").rstrip("/")
    address, name = urlsplit(base_url), means.setting("BASE_URL")
    if address.scheme not in ("http", "https") or not address.hostname:
        raise BadSetting(f"{name} is not a web address", hint="write it like https://mastodon.example")
    visibility, name = means.credentials.get("VISIBILITY") or "public", means.setting("VISIBILITY")
    if visibility not in ("public", "unlisted", "private"):
        raise BadSetting(f"{name} is {visibility!r}", hint="public, unlisted or private")
    return Mastodon(means, base_url, visibility)
