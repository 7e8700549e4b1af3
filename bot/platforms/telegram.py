"""Telegram: one channel (or group) that the organisation's bot may post to.

Set-up: 1. write to @BotFather, /newbot, and keep the token (TELEGRAM_TOKEN). 2. In the channel: Administrators > Add, the
bot, with the right to post messages. 3. TELEGRAM_CHANNEL is "@name", or for a private channel its number (-100...).
4. For proof after an unknown outcome: link a discussion group to the channel, make the bot an administrator there, and
give the group's number as TELEGRAM_DISCUSSION.

API, read 2026-11: core.telegram.org/bots/api#sendmessage #sendphoto #sendmediagroup #deletemessage #getchatmember
#messageentity; limits by core.telegram.org/bots/faq and TDLib's MessageContent.cpp (code points for bots).

It cannot: carry alt text, content warnings or languages; honour an idempotency key; list what a channel holds. So `find`
asks the witness what came back through the discussion group, which the reader chat hears, and without it cannot tell.
Telegram marks every bot as one, but nothing marks a channel as automated.
"""

import re
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from bot.domain.channel import Absence, Account, Limits, LinkPlace, LinkRule, Unit
from bot.domain.delivery import PublishKey
from bot.domain.outcome import Outcome, Receipt, Refused, ReplyTo, Retry, Sent, Unauthorised, Unknown
from bot.domain.pacing import Rate
from bot.domain.post import Part, SpanKind
from bot.errors import BadInput, BadSetting, CannotTell, StoreError, Unreachable
from bot.ports import Field, Means, Sighting

if TYPE_CHECKING:
    from telegram import Bot, ChatFullInfo, ChatMember, Message, User

Told = TypeVar("Told")

NAME = "telegram"
TITLE = "Telegram"
HANDLE = r"[A-Za-z][A-Za-z0-9_]{3,31}"

LIMITS = Limits(
    length=4096,
    unit=Unit.CODE_POINTS,
    caption=1024,
    link_rule=LinkRule.BARE,
    marked_links=True,
    images=10,
    image_bytes=10 * 2**20,
    # Width plus height may be 10,000; as a product that holds for every picture up to 4:1.
    image_pixels=16_000_000,
    image_types=("image/jpeg", "image/png"),
    alt=0,
    tags=5,
    link=LinkPlace.TEXT,
    deletes=True,
    address=r"(\d+)",
    # core.telegram.org/bots/faq, "My bot is hitting limits"; there 20 a minute are said of groups, channels meet it too.
    rates=(Rate(count=1, span=timedelta(seconds=1)), Rate(count=20, span=timedelta(minutes=1))),
    # Nothing guards what is sent again but the discussion group, heard beyond the quiet period (`find`).
    absence=Absence(reads=1, resends=1),
)

FIELDS: tuple[Field, ...] = (
    Field(key="BASE_URL", default="https://api.telegram.org", required=False, help="address of the Bot API"),
    Field(key="TOKEN", secret=True, help="the bot's token, from @BotFather (/newbot)"),
    Field(key="CHANNEL", help='the channel: "@name", or its number (-100...) when it is private'),
    Field(key="DISCUSSION", required=False, help="number of the channel's discussion group, to prove what was posted"),
    Field(
        key="MANAGERS",
        required=False,
        help="numbers of those who may pause and resume by writing to the bot: 42, 43 (it tells one's own: /id in private)",
    ),
)

#: How long a channel's message may take to come back through the discussion group.
ECHO = timedelta(seconds=20)
#: For how long Telegram keeps what the bot has not heard yet (core.telegram.org/bots/api#getting-updates: 24 hours).
KEPT = timedelta(hours=23)

#: What a 400 says when the channel, not the post, is the matter: its posts wait until a person has put it right.
NOT_OURS = re.compile(r"chat not found|rights|CHAT_|group chat was|CHANNEL_PRIVATE|PEER_ID_INVALID", re.IGNORECASE)
#: What to do about an account that may not post; {} is the setting's name.
RENEW = "copy the token anew from @BotFather into {}; TELEGRAM_BASE_URL must be a Bot API"
LET_IN = "make the bot an administrator of the chat that {} names, with the right to post messages"
GONE = re.compile(r"message to delete not found", re.IGNORECASE)


def payload(part: Part, reply_to: ReplyTo | None) -> dict[str, Any]:
    """Return what one part says, in the Bot API's words: text, marks (code points), preview, reply and silence.

    Hashtags and mentions are not marked: Telegram finds them by itself and ignores them when given. The last link is the
    article's own and gives the preview; a post without one gets none, though "main.py" in it would look like an address.
    The later parts of a thread make no sound of their own.
    """
    links = [span for span in part.spans if span.kind is SpanKind.LINK]
    preview = part.card.url if part.card else links[-1].target if links else ""
    return {
        "text": part.text,
        "marks": [("text_link", span.start, span.end, span.target) for span in links],
        "preview": {"url": preview} if preview else {"is_disabled": True},
        "reply": {"message_id": int(reply_to.parent.id)} if reply_to else None,
        "silent": reply_to is not None,
    }


def classify(error: Exception, setting: Callable[[str], str]) -> Outcome:
    """Return what a failed call means. PTB's BadRequest and TimedOut are NetworkErrors: the order counts."""
    from telegram import error as said

    from bot.ptb import NotSent

    words = " ".join(str(error).split())[:300]
    why = words if words.startswith("Telegram ") else f"Telegram answered: {words}"
    match error:
        case said.RetryAfter(retry_after=wait):
            return Retry(
                why=why, after=wait if isinstance(wait, timedelta) else timedelta(seconds=wait), channel_wide=True
            )
        case said.ChatMigrated(new_chat_id=number):
            return Unauthorised(why="the group has a new number", mend=f"set {setting('CHANNEL')} to {number}")
        case said.InvalidToken():
            return Unauthorised(why=f"the bot's token is not accepted: {words}", mend=RENEW.format(setting("TOKEN")))
        case said.Forbidden():
            return Unauthorised(why=why, mend=LET_IN.format(setting("CHANNEL")))
        case said.BadRequest() if NOT_OURS.search(why):
            return Unauthorised(why=why, mend=LET_IN.format(setting("CHANNEL")))
        case said.BadRequest():
            return Refused(why=words)
        case NotSent():
            return Retry(why=why, unreached=True)
        case said.NetworkError() if words.startswith("Too Many Requests"):
            return Retry(why=why, channel_wide=True)
        case said.TelegramError():
            return Unknown(why=why)
    return Unknown(why="Telegram gave an answer that cannot be read")


class Telegram:
    """One channel, through the bot that may post there."""

    def __init__(self, means: Means, bot: "Bot") -> None:
        self._means, self._bot = means, bot
        self._chat = _chat_id(means.credentials.get("CHANNEL", ""), self._means.setting("CHANNEL"))
        self._asked_first: dict[str, datetime] = {}
        discussion = means.credentials.get("DISCUSSION", "")
        self._discussion = _number(discussion, self._means.setting("DISCUSSION")) if discussion else None

    async def verify(self) -> Account:
        """Ask who the bot is and what it may do in the channel."""
        me = await self._asked(self._bot.get_me(), "TOKEN")
        chat = await self._asked(self._bot.get_chat(self._chat), "CHANNEL")
        member = await self._asked(self._bot.get_chat_member(self._chat, me.id), "CHANNEL")
        if not _may_post(chat, member):
            raise BadSetting(
                f"@{me.username} may not post to {chat.title}",
                where=self._means.setting("CHANNEL"),
                hint="make the bot an administrator with the right to post messages",
            )
        return Account(
            name=f"@{chat.username}" if chat.username else chat.title or str(chat.id),
            url=f"https://t.me/{chat.username}" if chat.username else "",
            limits=LIMITS,
            notes=await self._hearing(chat, me),
        )

    async def publish(self, part: Part, key: PublishKey, reply_to: ReplyTo | None, resume: str = "") -> Outcome:
        """Publish one part: a text, a picture with a caption, or an album. Telegram takes no key: see `find`."""
        del resume
        self._asked_first.pop(key.value, None)
        try:
            pictures = [await self._means.media.fitted(image, LIMITS) for image in part.images]
        except BadInput as error:
            return Refused(why=error.what)
        except StoreError as error:
            return Retry(why=error.what)
        return await self._outcome(self._send(payload(part, reply_to), pictures))

    async def find(self, part: Part, key: PublishKey, since: datetime) -> Receipt | None:
        """Return the proof from the discussion group; None once it was heard there long enough after `since`."""
        if self._discussion is None or not part.text:
            raise CannotTell(
                "Telegram tells no bot what a channel holds",
                where=self._means.channel,
                hint=f"set {self._means.setting('DISCUSSION')} to its discussion group, or look for the post yourself",
            )
        asked = self._asked_first.setdefault(key.value, self._means.clock.now())
        # Read before the sightings: all that was heard until then is surely among them.
        heard = await self._means.witness.heard_until(self._means.channel)
        begin = since.replace(microsecond=0)  # Telegram tells whole seconds
        seen = await self._means.witness.sightings(self._means.channel, begin)
        for sighting in seen:
            if sighting.receipt.at >= begin and _bare(sighting.text) == _bare(part.text):
                return _whole(sighting.receipt, seen, len(part.images))
        await self._must_hear(since)
        # Nothing may land after the quiet period, in which nobody asks; what landed before the first asking echoes soon.
        if heard is None or heard <= max(asked, since + timedelta(seconds=self._means.timeout)) + ECHO:
            raise Unreachable(
                "the discussion group was not heard long enough yet",
                where=self._means.channel,
                hint="asked again by itself while the bot runs, whose reader chat hears the group",
            )
        return None

    async def _must_hear(self, since: datetime) -> None:
        """Raise CannotTell when a post sent at `since` may have come back unheard."""
        try:
            me = await self._asked(self._bot.get_me(), "TOKEN")
            notes = await self._hearing(await self._asked(self._bot.get_chat(self._chat), "CHANNEL"), me)
        except BadSetting as error:
            notes = (error.what,)
        deaf = await self._means.witness.deaf_until()
        if deaf is not None and since <= deaf:
            notes = ("an older copy of the database was put in place: what came back before is not in it",)
        elif self._means.clock.now() - since > KEPT:
            notes = ("the attempt is too long ago: what came back may have been dropped unheard",)
        for note in notes:
            raise CannotTell(note, where=self._means.channel, hint="look for the post yourself")

    async def retract(self, receipt: Receipt) -> Outcome:
        """Remove every message of the part; Telegram allows it for 48 hours, longer only with the right to delete."""
        return await self._outcome(self._delete(receipt))

    async def close(self) -> None:
        """Do nothing: the session is shared."""

    async def _send(self, said: dict[str, Any], pictures: Sequence[tuple[bytes, str]]) -> Receipt:
        from telegram import InputFile, InputMediaPhoto, LinkPreviewOptions, ReplyParameters

        from bot.ptb import entities_of

        text, marks = said["text"], entities_of(said["text"], said["marks"])
        where: dict[str, Any] = {
            "chat_id": self._chat,
            "reply_parameters": ReplyParameters(**said["reply"]) if said["reply"] else None,
            "disable_notification": said["silent"] or None,
        }
        files = [
            InputFile(picture, filename=f"{number}.{media_type.partition('/')[2]}", attach=len(pictures) > 1)
            for number, (picture, media_type) in enumerate(pictures, 1)
        ]
        match len(files):
            case 0:
                preview = LinkPreviewOptions(**said["preview"])
                return _receipt(
                    [await self._bot.send_message(text=text, entities=marks, link_preview_options=preview, **where)]
                )
            case 1:
                return _receipt(
                    [await self._bot.send_photo(photo=files[0], caption=text, caption_entities=marks, **where)]
                )
            case _:
                album = [InputMediaPhoto(file) for file in files]
                return _receipt(
                    await self._bot.send_media_group(media=album, caption=text, caption_entities=marks, **where)
                )

    async def _delete(self, receipt: Receipt) -> Receipt:
        from telegram.error import BadRequest

        for number in (receipt.id, *receipt.pieces):
            try:
                await self._bot.delete_message(self._chat, int(number))
            except BadRequest as error:
                if not GONE.search(error.message):
                    raise
        return receipt

    async def _outcome(self, call: Awaitable[Receipt]) -> Outcome:
        from telegram.error import TelegramError

        try:
            return Sent(receipt=await call)
        except (TelegramError, LookupError, TypeError, ValueError, AttributeError) as error:
            return classify(error, self._means.setting)

    async def _asked(self, call: Awaitable[Told], key: str) -> Told:
        """Wait for an answer that `verify` needs; `key` is the setting to blame when Telegram refuses."""
        from telegram.error import BadRequest, InvalidToken, TelegramError

        try:
            return await call
        except (TelegramError, LookupError, TypeError, ValueError, AttributeError) as error:
            failure = classify(error, self._means.setting)
            if isinstance(failure, Unauthorised):
                where = self._means.setting("TOKEN" if isinstance(error, InvalidToken) else key)
                raise BadSetting(failure.why, where=where, hint=failure.mend) from error
            if isinstance(error, BadRequest):
                hint = "check the name or number, and that the bot was added there"
                raise BadSetting(str(error), where=self._means.setting(key), hint=hint) from error
            why = getattr(failure, "why", "Telegram does not answer")
            raise Unreachable(why, where=self._means.channel, hint="try again later") from error

    async def _hearing(self, chat: "ChatFullInfo", me: "User") -> tuple[str, ...]:
        """Return what to know about proof by the discussion group; BadSetting when it is not the channel's."""
        if self._discussion is None:
            linked = f": {self._means.setting('DISCUSSION')}={chat.linked_chat_id}" if chat.linked_chat_id else ""
            return (f"no discussion group is set, so after an unknown outcome a person must look{linked}",)
        if self._discussion != chat.linked_chat_id:
            raise BadSetting(
                f"{self._discussion} is not the discussion group of {chat.title}",
                where=self._means.setting("DISCUSSION"),
                hint=f"it is {chat.linked_chat_id}"
                if chat.linked_chat_id
                else "link a group in the channel's settings",
            )
        member = await self._asked(self._bot.get_chat_member(self._discussion, me.id), "DISCUSSION")
        # core.telegram.org/bots/features#privacy-mode: an administrator hears all, and so does a bot with it disabled.
        if member.status == "administrator" or (member.status == "member" and me.can_read_all_group_messages):
            return ()
        return ("the bot is no administrator of the discussion group, so it does not hear posts come back",)


def connect(means: Means) -> Telegram:
    """Return the channel; BadSetting when its name or number cannot be one."""
    from bot.ptb import bot_of

    return Telegram(means, bot_of(means, means.credentials["BASE_URL"], means.credentials["TOKEN"]))


def _chat_id(given: str, setting: str) -> str | int:
    if re.fullmatch(r"@[A-Za-z]\w{3,31}", given, re.ASCII):
        return given
    return _number(given, setting)


def _number(given: str, setting: str) -> int:
    if not re.fullmatch(r"-?\d{1,16}", given, re.ASCII):
        raise BadSetting("is no chat", where=setting, hint='give "@name", or a number such as -1001234567890')
    return int(given)


def _may_post(chat: "ChatFullInfo", member: "ChatMember") -> bool:
    if chat.type == "channel":
        return bool(getattr(member, "can_post_messages", False))
    return member.status in ("administrator", "member") or bool(getattr(member, "can_send_messages", False))


def _receipt(sent: Sequence["Message"]) -> Receipt:
    from bot.ptb import address_of

    first, *others = sent
    return Receipt(
        id=str(first.message_id),
        url=address_of(first.chat, first.message_id),
        at=first.date,
        pieces=tuple(str(message.message_id) for message in others),
    )


def _bare(text: str) -> str:
    """Return the text without what Telegram may change in it: blanks, controls, direction marks, some combining marks."""
    return "".join(letter for letter in text if unicodedata.category(letter)[0] not in "CMZ")


def _whole(receipt: Receipt, seen: Sequence[Sighting], images: int) -> Receipt:
    """Return the receipt with the album's other messages, which follow the first without a caption."""
    first = int(receipt.id)
    others = sorted(int(each.receipt.id) for each in seen if not each.text)
    return replace(receipt, pieces=tuple(str(each) for each in others if first < each < first + images))
