"""The reader chat on Telegram: people write to the organisation's bot and get articles back.

It uses the token of a Telegram channel (docs/chats/telegram.md). One poller asks core.telegram.org/bots/api#getupdates for
messages, and confirms each only once it is dealt with: after a crash a reader may get an answer twice, never none. A second
program that polls with the same token makes Telegram answer 409; then this one waits with growing pauses and says so.

In a private chat "/latest 3" and plain words are questions; in a group only "/latest@botname", "@botname words" and replies
to the bot. What Telegram forwards from a channel into its discussion group is handed to the witness, as proof of posting.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.domain.outcome import Receipt
from bot.ports import Answer, ArticleCard, Means, Question, Sighting

if TYPE_CHECKING:
    from telegram import Bot, Message

    from bot.ptb import Mark

NAME = "telegram"
TITLE = "Telegram"
#: The field that names the bot: channels with the same token share one chat.
CREDENTIAL = "TOKEN"

#: What the menu beside a reader's input field offers.
COMMANDS = {"latest": "the newest articles", "search": "find articles by words", "help": "what this bot can do"}
#: How many updates one poll may bring (the most there is), and how long it waits for the first, in seconds.
BATCH, POLL = 100, 25
#: After this many failures in a row over one message it is left, so that it does not stand before all others for ever.
TRIES = 3
LONGEST = timedelta(minutes=1)

#: A card is told to be read in one breath; what is longer than a message is cut.
LENGTH = 4096

Answering = Callable[[Question], Awaitable[Answer | None]]

log = structlog.get_logger("telegram chat")


class TelegramChat:
    """One bot's readers. `groups` maps the number of each discussion group to its channel's name."""

    def __init__(self, means: Means, bot: "Bot", groups: Mapping[int, str]) -> None:
        self._means, self._bot, self._groups = means, bot, groups
        self._name = ""
        self._offset: int | None = None
        self._tries = 0

    async def listen(self, answer: Answering) -> None:
        """Answer readers until cancelled; see the port."""
        outages = 0
        while True:
            try:
                await self._turn(answer)
                outages = 0
            except Exception as error:  # noqa: BLE001 - whatever one turn runs into, readers come again after it
                outages += 1
                pause = _pause(outages, error)
                log.warning("waits", why=str(error)[:300] or type(error).__name__, seconds=pause.total_seconds())
                await self._means.clock.sleep(pause)

    async def close(self) -> None:
        """Do nothing: the session is shared."""

    async def _turn(self, answer: Answering) -> None:
        """Ask once for news and deal with each update; the offset follows what was dealt with."""
        if not self._name:
            await self._introduce()
        updates = await self._bot.get_updates(self._offset, BATCH, POLL, allowed_updates=["message"])
        # Noted before dealing with them, which takes a while in which more may come.
        heard = self._means.clock.now()
        for update in updates:
            if update.message is not None:
                await self._settle(update.message, answer)
            self._offset, self._tries = update.update_id + 1, 0
        if len(updates) < BATCH:
            for channel in self._groups.values():
                await self._means.witness.caught_up(channel, heard)

    async def _introduce(self) -> None:
        me = await self._bot.get_me()
        await self._bot.set_my_commands(list(COMMANDS.items()))
        self._name = me.username or ""

    async def _settle(self, message: "Message", answer: Answering) -> None:
        """Deal with one message. Proof of a post is never passed over; a question that fails TRIES times is."""
        from telegram.error import BadRequest, Forbidden

        if message.is_automatic_forward:
            await self._bear_witness(message)
            return
        question = question_of(message, self._name)
        if question is None:
            return
        self._tries += 1
        if self._tries > TRIES:
            log.warning("leaves a question", tries=TRIES)
            return
        try:
            await self._reply(message.chat.id, await answer(question))
        except (BadRequest, Forbidden) as error:
            log.info("cannot reply", why=error.message)

    async def _bear_witness(self, forward: "Message") -> None:
        from telegram import MessageOriginChannel

        from bot.ptb import address_of

        channel, origin = self._groups.get(forward.chat.id), forward.forward_origin
        if channel is None or not isinstance(origin, MessageOriginChannel):
            return
        receipt = Receipt(id=str(origin.message_id), url=address_of(origin.chat, origin.message_id), at=origin.date)
        said = forward.text or forward.caption or ""
        await self._means.witness.saw(Sighting(channel=channel, text=said, receipt=receipt))

    async def _reply(self, chat: int, answer: Answer | None) -> None:
        if answer is None:
            return
        if answer.text:
            await self._say(chat, _cut(answer.text, LENGTH), (), "")
        for card in answer.cards:
            text, marks = told(card)
            await self._say(chat, text, marks, card.link)

    async def _say(self, chat: int, text: str, marks: "Sequence[Mark]", link: str) -> None:
        """Send one message; when Telegram asks for a pause in the middle of an answer, go on after it."""
        from telegram import LinkPreviewOptions
        from telegram.error import RetryAfter

        from bot.ptb import entities_of

        entities = entities_of(text, marks)
        preview = LinkPreviewOptions(url=link) if link else LinkPreviewOptions(is_disabled=True)
        try:
            await self._bot.send_message(chat, text, entities=entities, link_preview_options=preview)
        except RetryAfter as error:
            await self._means.clock.sleep(_pause(1, error))
            await self._bot.send_message(chat, text, entities=entities, link_preview_options=preview)


def connect(means: Sequence[Means]) -> TelegramChat:
    """Return the chat of one bot, given the means of all channels that it posts to; nothing is sent yet."""
    from bot.ptb import bot_of

    first = means[0]
    groups = {each.credentials.get("DISCUSSION", ""): each.channel for each in means}
    bot = bot_of(first, first.credentials["BASE_URL"], first.credentials["TOKEN"])
    return TelegramChat(first, bot, {int(group): channel for group, channel in groups.items() if group})


def question_of(message: "Message", name: str) -> Question | None:
    """Return what a person asks the bot called `name`; None when it is no person, no text, or not meant for the bot."""
    sender = message.from_user
    if not message.text or sender is None or sender.is_bot or message.sender_chat is not None:
        return None
    private = message.chat.type == "private"
    answered = message.reply_to_message.from_user if message.reply_to_message else None
    meant = asked(message.text, name, private=private, replied=answered is not None and answered.username == name)
    if meant is None:
        return None
    command, words = meant
    return Question(
        chat=str(message.chat.id), command=command, words=words, language=sender.language_code or "", private=private
    )


def asked(text: str, name: str, *, private: bool, replied: bool) -> tuple[str, str] | None:
    """Return a text's command ("" = plain words) and its words; None when it is not meant for the bot called `name`."""
    words = " ".join(text.split())
    command = re.fullmatch(r"/(\w+)(?:@(\w+))?(?: (.*))?", words)
    if command:
        verb, to, rest = command[1].lower(), (command[2] or "").lower(), command[3] or ""
        return (verb, rest) if to == name.lower() or (private and not to) else None
    plain, named = re.subn(rf"@{re.escape(name)}\b", "", words, flags=re.IGNORECASE)
    if not (private or replied or named):
        return None
    return ("", " ".join(plain.split())) if plain.strip() else ("help", "")


def told(card: ArticleCard) -> "tuple[str, list[Mark]]":
    """Return a card as a message: title, byline, excerpt and link, with what is bold, italic and a link."""
    byline = " · ".join(filter(None, (card.author, f"{card.date:%Y-%m-%d}" if card.date else "")))
    head = f"{card.title}\n{byline}" if byline else card.title
    excerpt = _cut(card.excerpt, LENGTH - len(head) - len(card.link) - 4)
    text = "\n\n".join(filter(None, (head, excerpt, card.link)))
    marks: list[Mark] = [("bold", 0, len(card.title), "")]
    if byline:
        marks.append(("italic", len(head) - len(byline), len(head), ""))
    if card.link:
        marks.append(("text_link", len(text) - len(card.link), len(text), card.link))
    return text, marks


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1].rstrip()}…"


def _pause(outages: int, error: Exception) -> timedelta:
    """Return what Telegram asked for, else twice as long each time."""
    from telegram.error import RetryAfter

    if isinstance(error, RetryAfter) and isinstance(error.retry_after, timedelta):
        return error.retry_after
    return min(timedelta(seconds=2 ** min(outages, 10)), LONGEST)
