"""Simulated Telegram: one bot, its channel with a linked discussion group, and readers who write to the bot.

    /bot<token>/METHOD      the Bot API by JSON, form, multipart or query string

Shapes and limits: core.telegram.org/bots/api (10.1, read 2026-11). The order of checks, the words of the errors and the way
of long polls: github.com/tdlib/telegram-bot-api, Client.cpp; lengths: github.com/tdlib/td, MessageContent.cpp.
"""

import io
import itertools
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any
from zlib import crc32

from aiohttp import web

from bot.sandbox.telegram_text import entities_of, formatted, preview_of, spans_of, words_of
from bot.sandbox.telegram_wire import RIGHTS, Refusal, Updates, failure, read
from bot.sandbox.world import Effect, Shown, World

TOKEN = "1000:sandbox-token"  # noqa: S105 - the way into a simulation on loopback
CHANNEL = "@handbill_sandbox"
DISCUSSION = -1002000000002

TEXT, CAPTION, PHOTO_BYTES, PHOTO_SIDES, PHOTO_RATIO, ALBUM = 4096, 1024, 10 * 2**20, 10_000, 20, 10
#: The account that stands as the sender of what Telegram forwards by itself.
SERVICE = {"id": 777000, "is_bot": False, "first_name": "Telegram"}
UNMODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current content"
    " and reply markup of the message"
)
Fields = dict[str, Any]


class Telegram:
    """The service. `rate` posts a minute go to the channel (0 = any number); `requests` are the last calls, decoded.

    `standing` is the bot's in the channel: "administrator", "member" (may not post) or "left"; `hears` tells whether it is an
    administrator of the discussion group; `commands` is its readers' menu.
    """

    name = "telegram"

    def __init__(
        self,
        world: World,
        *,
        token: str = TOKEN,
        channel: str = CHANNEL,
        discussion: int | None = DISCUSSION,
        rate: int = 20,
    ) -> None:
        self._world, self._token, self._rate = world, token, rate
        self.standing, self.hears = "administrator", True
        self.requests: deque[tuple[str, Fields]] = deque(maxlen=1000)
        self._bot = {"id": 1000, "is_bot": True, "first_name": "Handbill", "username": "handbill_bot"}
        username = channel.removeprefix("@")
        self._channel: Fields = {
            "id": -1001000000001,
            "type": "channel",
            "title": "Sandbox channel",
            "username": username,
        }
        self._chats: dict[int, Fields] = {-1001000000001: self._channel}
        self._discussion = discussion
        if discussion is not None:
            self._chats[discussion] = {"id": discussion, "type": "supergroup", "title": "Sandbox talk"}
        self._messages: dict[tuple[int, int], Fields] = {}
        self._effects: dict[int, str] = {}
        self._posted: deque[float] = deque()
        self.commands: list[Fields] = []
        self._pressed: set[str] = set()
        self._updates = Updates(int(world.now().timestamp()))
        # Our own numbers, not the world's: a channel's go on after a restart where they stopped.
        earlier = [effect for effect in world.effects if effect.platform == self.name]
        self._numbers = itertools.count(1 + max((int(effect.id) for effect in earlier), default=0))
        for effect in world.visible(self.name):
            self._recall(effect)

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Return the one route of the Bot API."""
        return [web.route("*", "/bot{token}/{method}", self._answer)]

    def publishes(self, request: web.Request) -> bool:
        """Tell whether a message would be sent, be it to the channel or to a reader (the body tells which)."""
        return request.match_info.get("method", "").lower() in ("sendmessage", "sendphoto", "sendmediagroup")

    def error(self, status: int, *, wait: float = 0) -> web.Response:
        """Return an error in the Bot API's shape and words."""
        return failure(status, wait=wait)

    def say(self, chat: int, text: str, name: str, kind: str = "message", **more: Any) -> None:  # noqa: ANN401
        """Let a reader write: privately to the bot (`chat` is the reader's number), or in the discussion group.

        `more` are fields of the message in the Bot API's words ("date", "forward_origin"), `kind` is that of the update.
        """
        group = self._chats.get(chat) if chat < 0 else None
        person = {
            "id": crc32(name.encode()) if group else chat,
            "is_bot": False,
            "first_name": name,
            "language_code": "en",
        }
        self._chats.setdefault(chat, {"id": chat, "type": "private", "first_name": name})
        said, entities = formatted(text, [])
        message = {"from": person, "chat": self._chats[chat], "text": said, **_given(entities=entities), **more}
        self._updates.add(self._keep({name: each for name, each in message.items() if each is not None}), kind)

    def press(self, chat: int, data: str, by: int, *, old: bool = False, **more: Any) -> None:  # noqa: ANN401
        """Let somebody press a button of the bot's last message in a chat; `old` = so long ago that no answer is taken."""
        shown = [each for (where, _), each in self._messages.items() if where == chat and each.get("from") == self._bot]
        query: Fields = {"id": str(next(self._numbers)), "chat_instance": "1", "data": data, "message": shown[-1]}
        if not old:
            self._pressed.add(query["id"])
        self._updates.add({**query, "from": {"id": by, "is_bot": False, "first_name": "Ada"}, **more}, "callback_query")

    def messages(self, chat: int) -> list[dict[str, Any]]:
        """Return what was said in a chat, oldest first, JSON-ready; a span is start, end (code points), kind, target."""
        return [
            {
                "text": words_of(message),
                "from": (message.get("from") or message["sender_chat"]).get("first_name", ""),
                "bot": message.get("from", {}).get("id") == self._bot["id"],
                "at": message["date"],
                "buttons": [
                    (each["text"], each["callback_data"])
                    for row in message.get("reply_markup", {}).get("inline_keyboard", ())
                    for each in row
                ],
                "spans": [
                    {"start": start, "end": end, "kind": kind, "target": target}
                    for start, end, kind, target in spans_of(words_of(message), entities_of(message))
                ],
            }
            for (where, _), message in self._messages.items()
            if where == chat
        ]

    async def _answer(self, request: web.Request) -> web.Response:
        if request.match_info["token"] != self._token:
            return failure(401)
        method = getattr(self, f"_on_{request.match_info['method'].lower()}", None)
        if method is None:
            return failure(404, "Not Found: method not found")
        fields, files = await read(request)
        self.requests.append((request.match_info["method"], fields))
        try:
            return web.json_response({"ok": True, "result": await method(fields, files)})
        except Refusal as refusal:
            return failure(refusal.status, refusal.words, wait=refusal.wait)
        except (KeyError, TypeError, ValueError) as error:
            return failure(400, f"can't parse parameters: {type(error).__name__}")

    async def _on_getme(self, _: Fields, __: Fields) -> Fields:
        abilities = ("can_join_groups", "can_read_all_group_messages")
        lacks = ("supports_inline_queries", "can_connect_to_business", "has_main_web_app")
        return {**self._bot, **dict.fromkeys(abilities, True), **dict.fromkeys(lacks, False)}

    async def _on_getchat(self, fields: Fields, _: Fields) -> Fields:
        chat = self._chat(fields)
        gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
        other = {self._channel["id"]: self._discussion, self._discussion: self._channel["id"]}.get(chat["id"])
        return {
            **chat,
            "accent_color_id": 0,
            "max_reaction_count": 11,
            "accepted_gift_types": dict.fromkeys(gifts, False),
            **({"linked_chat_id": other} if other and self._discussion else {}),
        }

    async def _on_getchatmember(self, fields: Fields, _: Fields) -> Fields:
        chat = self._chat(fields)
        if int(fields["user_id"]) != self._bot["id"]:
            raise Refusal("user not found")
        standing = self.standing if chat is self._channel else "administrator" if self.hears else "left"
        return {"status": standing, "user": self._bot, **(RIGHTS if standing == "administrator" else {})}

    async def _on_sendmessage(self, fields: Fields, _: Fields) -> Fields:
        if not fields.get("text"):
            raise Refusal("message text is empty")
        chat, reply = self._place(fields)
        text, entities = formatted(str(fields["text"]), fields.get("entities", []))
        if not text:
            raise Refusal("text must be non-empty")
        if len(text) > TEXT:
            raise Refusal("message is too long")
        preview = fields.get("link_preview_options", {})
        content = {"text": text, **_given(entities=entities, link_preview_options=preview)}
        content |= _given(reply_markup=fields.get("reply_markup"))
        return self._send(chat, reply, [content], [])[0]

    async def _on_sendphoto(self, fields: Fields, files: Fields) -> Fields:
        chat, reply = self._place(fields)
        sizes, shown = self._picture(files, str(fields.get("photo", "attach://photo")))
        return self._send(chat, reply, [{"photo": sizes, **_caption(fields)}], [shown])[0]

    async def _on_sendmediagroup(self, fields: Fields, files: Fields) -> list[Fields]:
        chat, reply = self._place(fields)
        media = fields["media"]
        if not 2 <= len(media) <= ALBUM:
            raise Refusal(f"there must be 2-{ALBUM} files in the album" if media else "media is empty")
        pictures = [self._picture(files, each["media"]) for each in media]
        album = str(next(self._numbers))
        contents = [
            {"media_group_id": album, "photo": sizes, **_caption(each)}
            for each, (sizes, _) in zip(media, pictures, strict=True)
        ]
        return self._send(chat, reply, contents, [shown for _, shown in pictures])

    async def _on_editmessagetext(self, fields: Fields, _: Fields) -> Fields:
        chat = self._chat(fields)
        message = self._messages.get((chat["id"], int(fields["message_id"])))
        if message is None:
            raise Refusal("message to edit not found")
        text, entities = formatted(str(fields["text"]), fields.get("entities", []))
        if len(text) > TEXT:
            raise Refusal("MESSAGE_TOO_LONG")
        if (text, entities) == (message.get("text"), entities_of(message)):
            raise Refusal(UNMODIFIED)
        message.pop("entities", None)
        message.update(text=text, edit_date=int(self._world.now().timestamp()), **_given(entities=entities))
        self._reword(self._effects.get(message["message_id"], ""), text, entities)
        return message

    async def _on_deletemessage(self, fields: Fields, _: Fields) -> bool:
        chat, number = self._chat(fields), int(fields["message_id"])
        if self._messages.pop((chat["id"], number), None) is None:
            raise Refusal("message to delete not found")
        effect = self._effects.pop(number, "")
        # An album is one post to followers: it is gone when the last of its messages is.
        if effect and effect not in self._effects.values():
            self._world.remove(self.name, effect)
        return True

    async def _on_setmycommands(self, fields: Fields, _: Fields) -> bool:
        self.commands = fields["commands"]
        return True

    async def _on_deletewebhook(self, _: Fields, __: Fields) -> bool:
        return True

    async def _on_answercallbackquery(self, fields: Fields, _: Fields) -> bool:
        if str(fields["callback_query_id"]) not in self._pressed:
            raise Refusal("query is too old and response timeout expired or query ID is invalid")
        self._pressed.discard(str(fields["callback_query_id"]))
        return True

    async def _on_getupdates(self, fields: Fields, _: Fields) -> list[Fields]:
        self._updates.kinds = tuple(fields.get("allowed_updates", self._updates.kinds))
        limit = min(int(fields.get("limit", 100)), 100)
        return await self._updates.wanted(int(fields.get("offset", 0)), limit, float(fields.get("timeout", 0)))

    def _chat(self, fields: Fields) -> Fields:
        given = str(fields.get("chat_id", ""))
        if not given:
            raise Refusal("chat_id is empty")
        if given.lower() == f"@{self._channel['username']}".lower():
            return self._channel
        if not given.lstrip("-").isdecimal() or int(given) not in self._chats:
            raise Refusal("chat not found")
        return self._chats[int(given)]

    def _place(self, fields: Fields) -> tuple[Fields, Fields | None]:
        """Return the chat to write to and the message replied to; refuses where the bot may not write."""
        chat = self._chat(fields)
        if chat is self._channel and self.standing == "left":
            raise Refusal("bot is not a member of the channel chat", 403)
        if chat is self._channel and self.standing != "administrator":
            raise Refusal("need administrator rights in the channel chat")
        wanted = fields.get("reply_parameters", {})
        reply = self._messages.get((chat["id"], int(wanted.get("message_id", 0))))
        if wanted and reply is None and not wanted.get("allow_sending_without_reply"):
            raise Refusal("message to be replied not found")
        return chat, reply

    def _picture(self, files: Fields, source: str) -> tuple[list[Fields], Shown]:
        from PIL import Image, UnidentifiedImageError

        body, media_type = files.get(source.removeprefix("attach://"), (b"", ""))
        if len(body) > PHOTO_BYTES:
            raise Refusal(
                f"file of size {len(body)} bytes is too big for a photo; the maximum size is {PHOTO_BYTES} bytes"
            )
        try:
            width, height = Image.open(io.BytesIO(body)).size
        except (UnidentifiedImageError, OSError):
            raise Refusal("IMAGE_PROCESS_FAILED" if body else "there is no photo in the request") from None
        if width + height > PHOTO_SIDES or max(width, height) > PHOTO_RATIO * min(width, height):
            raise Refusal("PHOTO_INVALID_DIMENSIONS")
        digest = self._world.keep(body, media_type)
        size = {
            "file_id": digest,
            "file_unique_id": digest[:16],
            "width": width,
            "height": height,
            "file_size": len(body),
        }
        return [size], Shown(sha256=digest, media_type=media_type, alt="")

    def _send(self, chat: Fields, reply: Fields | None, contents: list[Fields], shown: list[Shown]) -> list[Fields]:
        public = chat is self._channel
        if public:
            self._spend(len(contents))
        sender = {"sender_chat": self._channel} if public else {"from": self._bot}
        answered = {key: reply[key] for key in reply if key != "reply_to_message"} if reply else {}
        sent = [
            self._keep({**sender, "chat": chat, **content, **_given(reply_to_message=answered)}) for content in contents
        ]
        if public:
            self._show(sent, reply, shown)
            self._forward(sent)
        return sent

    def _spend(self, messages: int) -> None:
        """Refuse what is over the rate (core.telegram.org/bots/faq: 20 messages a minute to one group or channel)."""
        now = self._world.now().timestamp()
        while self._posted and self._posted[0] <= now - 60:
            self._posted.popleft()
        if self._rate and len(self._posted) + messages > self._rate:
            raise Refusal("", 429, wait=self._posted[0] + 60 - now if self._posted else 60)
        self._posted.extend([now] * messages)

    def _keep(self, message: Fields) -> Fields:
        number = next(self._numbers)
        whole = {"message_id": number, "date": int(self._world.now().timestamp()), **message}
        self._messages[message["chat"]["id"], number] = whole
        return whole

    def _show(self, sent: list[Fields], reply: Fields | None, shown: list[Shown]) -> None:
        first, parent = sent[0], str(reply["message_id"]) if reply else ""
        text, spans = words_of(first), spans_of(words_of(first), entities_of(first))
        above = next((each for each in self._world.effects if (each.platform, each.id) == (self.name, parent)), None)
        effect = Effect(
            platform=self.name,
            account=f"@{self._channel['username']}",
            id=str(first["message_id"]),
            text=text,
            at=self._world.now().isoformat(),
            url=f"https://t.me/{self._channel['username']}/{first['message_id']}",
            reply_to=parent,
            thread=above.thread if above else str(first["message_id"]),
            images=tuple(shown),
            card=preview_of(first, spans),
            spans=spans,
            length=len(text),
            limit=TEXT if "text" in first else CAPTION,
        )
        self._effects |= {message["message_id"]: effect.id for message in sent}
        self._world.publish(effect)

    def _recall(self, effect: Effect) -> None:
        """Know again what was posted before a restart, so that it can be answered and taken down."""
        number, date = int(effect.id), int(datetime.fromisoformat(effect.at).timestamp())
        words = {"caption" if effect.images else "text": effect.text}
        message = {"message_id": number, "date": date, "chat": self._channel, "sender_chat": self._channel, **words}
        self._messages[self._channel["id"], number] = message
        self._effects[number] = effect.id

    def _reword(self, id: str, text: str, entities: list[Fields]) -> None:
        for index, effect in enumerate(self._world.effects):
            if (effect.platform, effect.id) == (self.name, id):
                spans = spans_of(text, entities)
                self._world.effects[index] = replace(effect, text=text, spans=spans, length=len(text))

    def _forward(self, sent: list[Fields]) -> None:
        """Do what Telegram does with posts of a channel that has a discussion group (#message, is_automatic_forward)."""
        if self._discussion is None:
            return
        for post in sent:
            content = {key: post[key] for key in post if key not in ("message_id", "date", "chat", "sender_chat")}
            content.pop("reply_to_message", None)
            origin = {
                "type": "channel",
                "chat": self._channel,
                "message_id": post["message_id"],
                "date": post["date"],
            }
            forward = {"from": SERVICE, "sender_chat": self._channel, "chat": self._chats[self._discussion]}
            self._updates.add(
                self._keep({**forward, "is_automatic_forward": True, "forward_origin": origin, **content})
            )


def _caption(fields: Fields) -> Fields:
    caption, entities = formatted(str(fields.get("caption", "")), fields.get("caption_entities", []))
    if len(caption) > CAPTION:
        raise Refusal("message caption is too long")
    return _given(caption=caption, caption_entities=entities)


def _given(**fields: Any) -> Fields:  # noqa: ANN401 - a message's fields are whatever the Bot API has
    return {name: value for name, value in fields.items() if value}
