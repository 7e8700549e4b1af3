"""The reader chat on Telegram: people write to the organisation's bot and get articles back.

It uses the token of a Telegram channel (docs/chats/telegram.md). One poller asks core.telegram.org/bots/api#getupdates for
messages, and confirms each only once it is dealt with: after a crash a reader may get an answer twice, never none. A second
program that polls with the same token makes Telegram answer 409; then this one waits with growing pauses and says so.

In a private chat "/latest 3" and plain words are questions; in a group only "/latest@botname", "@botname words" and replies
to the bot. What Telegram forwards from a channel into its discussion group is handed to the witness, as proof of posting.

Those whose numbers stand in MANAGERS may decide, in a private chat, in words of their own. What they say goes before what
readers wait for, and is done once at most: a press of a button counts only if Telegram takes our answer to it, which it does
for some seconds (#answercallbackquery).
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from bot.domain.chat import Answer, ArticleCard, Question
from bot.domain.outcome import Receipt
from bot.errors import BadSetting
from bot.ports import Means, Sighting

if TYPE_CHECKING:
    from telegram import Bot, CallbackQuery, Message, Update, User

    from bot.ptb import Mark

NAME = "telegram"
TITLE = "Telegram"
#: The field that names the bot: channels with the same token share one chat.
CREDENTIAL = "TOKEN"

#: What the menu beside a reader's input field offers.
COMMANDS = {"latest": "the newest articles", "search": "find articles by words", "help": "what this bot can do"}
#: How many updates one poll may bring (the most there is), and how long it waits for the first, in seconds.
BATCH, POLL = 100, 25
#: While readers are answered, managers are listened for once in so many seconds.
GLANCE = 0.5
KINDS = ("message", "callback_query")
#: After this many failures in a row over one message it is left, so that it does not stand before all others for ever.
TRIES = 3
LONGEST = timedelta(minutes=1)

#: A card is told to be read in one breath; what is longer than a message is cut.
LENGTH = 4096

Answering = Callable[[Question], Awaitable[Answer | None]]

log = structlog.get_logger("telegram chat")


class TelegramChat:
    """One bot's readers. `groups` maps the number of each discussion group to its channel's name; `managers` are numbers."""

    def __init__(
        self, means: Means, bot: "Bot", groups: Mapping[int, str], managers: frozenset[int] = frozenset()
    ) -> None:
        self._means, self._bot, self._groups, self._managers = means, bot, groups, managers
        self._name = ""
        #: Updates of managers that were dealt with out of turn, and what is still to be said to them.
        self._obeyed: set[int] = set()
        self._replies: set[asyncio.Task[None]] = set()
        self._offset: int | None = None
        self._tries = 0

    async def listen(self, answer: Answering) -> None:
        """Answer readers until cancelled; see the port."""
        outages = 0
        try:
            while True:
                try:
                    await self._turn(answer)
                    outages = 0
                except Exception as error:  # noqa: BLE001 - whatever one turn runs into, readers come again after it
                    outages += 1
                    pause = _pause(outages, error)
                    log.warning("waits", why=str(error)[:300] or type(error).__name__, seconds=pause.total_seconds())
                    await self._means.clock.sleep(pause)
        finally:
            await _ended(*self._replies)

    async def close(self) -> None:
        """Do nothing: the session is shared."""

    async def _turn(self, answer: Answering) -> None:
        """Ask once for news and deal with each update; the offset follows what was dealt with."""
        if not self._name:
            await self._introduce()
        updates = await self._bot.get_updates(self._offset, BATCH, POLL, allowed_updates=KINDS)
        # Noted before dealing with them, which takes a while in which more may come.
        heard = self._means.clock.now()
        await self._obey(updates, answer)
        reading = asyncio.create_task(self._read(updates, answer))
        try:
            while not (await asyncio.wait({reading}, timeout=GLANCE))[0] and self._managers:
                await self._glance(answer)
            await reading
        finally:
            await _ended(reading)
        if len(updates) < BATCH:
            for channel in self._groups.values():
                await self._means.witness.caught_up(channel, heard)

    async def _read(self, updates: "Sequence[Update]", answer: Answering) -> None:
        """Deal with each update in turn."""
        for update in updates:
            if update.message is not None and update.update_id not in self._obeyed:
                await self._settle(update.message, answer)
            self._offset, self._tries = update.update_id + 1, 0
            self._obeyed.discard(update.update_id)

    async def _glance(self, answer: Answering) -> None:
        """Look whether a manager has said something while readers are answered; those wait where they are."""
        from telegram.error import TelegramError

        with suppress(TelegramError):
            await self._obey(await self._bot.get_updates(self._offset, BATCH, 0, allowed_updates=KINDS), answer)

    async def _obey(self, updates: "Sequence[Update]", answer: Answering) -> None:
        """Do at once what managers say, each word once, and let the replies follow."""
        for update in updates:
            question = self._order_of(update)
            if question is None or update.update_id in self._obeyed:
                continue
            self._obeyed.add(update.update_id)
            try:
                if update.callback_query is None or await self._pressed_now(update.callback_query):
                    self._follow(int(question.chat), await answer(question))
            except Exception as error:  # noqa: BLE001 - one word that fails must not keep the next from being heard
                log.error("could not obey", command=question.command, why=type(error).__name__)
                self._follow(int(question.chat), Answer(text="That failed. Look at /status, then say it again."))

    def _order_of(self, update: "Update") -> Question | None:
        """Return what a manager says in an update, None when it is nobody's who may decide."""
        if update.callback_query is not None:
            pressed = pressed_by(update.callback_query, self._name, self._managers)
            return replace(pressed, at=self._means.clock.now()) if pressed else None
        question = question_of(update.message, self._name, self._managers) if update.message else None
        return question if question and question.manager else None

    async def _pressed_now(self, query: "CallbackQuery") -> bool:
        """Tell Telegram that a button was seen; False when it was pressed too long ago (it tells no moment)."""
        from telegram.error import BadRequest

        try:
            return await self._bot.answer_callback_query(query.id)
        except BadRequest as error:
            log.info("passes over a button", why=error.message)
            return False

    def _follow(self, chat: int, answer: Answer | None) -> None:
        """Send an answer beside what else is done: Telegram may want a pause before it."""

        async def send() -> None:
            try:
                await self._reply(chat, answer)
            except Exception as error:  # noqa: BLE001 - it is done whether or not it can be told
                log.warning("cannot reply to a manager", why=str(error)[:300] or type(error).__name__)

        task = asyncio.create_task(send())
        self._replies.add(task)
        task.add_done_callback(self._replies.discard)

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
            await self._say(chat, _cut(answer.text, LENGTH), (), "", answer.choices)
        for card in answer.cards:
            text, marks = told(card)
            await self._say(chat, text, marks, card.link)

    async def _say(
        self, chat: int, text: str, marks: "Sequence[Mark]", link: str, choices: Iterable[tuple[str, str]] = ()
    ) -> None:
        """Send one message; when Telegram asks for a pause in the middle of an answer, go on after it."""
        from telegram import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions
        from telegram.error import RetryAfter

        from bot.ptb import entities_of

        entities = entities_of(text, marks)
        preview = LinkPreviewOptions(url=link) if link else LinkPreviewOptions(is_disabled=True)
        # A private chat has its reader's number, which binds a button to whom it was shown to.
        rows = [[InlineKeyboardButton(label, callback_data=f"{chat} {words}")] for label, words in choices]
        send = partial(
            self._bot.send_message,
            chat,
            text,
            entities=entities,
            link_preview_options=preview,
            reply_markup=InlineKeyboardMarkup(rows) if rows else None,
        )
        try:
            await send()
        except RetryAfter as error:
            await self._means.clock.sleep(_pause(1, error))
            await send()


def connect(means: Sequence[Means]) -> TelegramChat:
    """Return the chat of one bot, given the means of all channels that it posts to; nothing is sent yet."""
    from bot.ptb import bot_of

    first = means[0]
    groups = {each.credentials.get("DISCUSSION", ""): each.channel for each in means}
    bot = bot_of(first, first.credentials["BASE_URL"], first.credentials["TOKEN"])
    managers = frozenset(number for each in means for number in _managers(each))
    return TelegramChat(first, bot, {int(group): channel for group, channel in groups.items() if group}, managers)


def _managers(means: Means) -> Iterable[int]:
    for number in filter(None, re.split(r"[,\s]+", means.credentials.get("MANAGERS", ""))):
        if not re.fullmatch(r"[1-9][0-9]{0,15}", number):
            hint = "numbers of people, separated by commas; the bot tells one's own to whoever writes /id to it"
            raise BadSetting(f"{number!r} is no person's number", where=means.setting("MANAGERS"), hint=hint)
        yield int(number)


def question_of(message: "Message", name: str, managers: frozenset[int] = frozenset()) -> Question | None:
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
    question = Question(
        chat=str(message.chat.id), command=command, words=words, language=sender.language_code or "", private=private
    )
    if message.chat.id == sender.id in managers and private and not any(getattr(message, each) for each in NOT_OWN):
        return replace(question, manager=_named(sender), at=message.date)
    return question


def pressed_by(query: "CallbackQuery", name: str, managers: frozenset[int]) -> Question | None:
    """Return what a manager's press of one of our buttons says, as if it had been written; None when it is none."""
    from telegram import Message

    message, sender = query.message, query.from_user
    shown_to, _, words = (query.data or "").partition(" ")
    if sender.id not in managers or shown_to != str(sender.id) or words[:1] != "/" or not isinstance(message, Message):
        return None
    ours = message.from_user is not None and message.from_user.username == name
    meant = asked(words, name, private=True, replied=False)
    if not ours or message.chat.type != "private" or message.chat.id != sender.id or meant is None:
        return None
    return Question(chat=str(sender.id), command=meant[0], words=meant[1], manager=_named(sender))


def _named(manager: "User") -> str:
    """Return how the audit log names a manager."""
    return f"{NAME}:{manager.id}"


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


#: What a message has that is not typed by its sender, to the bot, just now (core.telegram.org/bots/api#message).
NOT_OWN = (
    *("forward_origin", "is_automatic_forward", "via_bot", "sender_chat", "edit_date"),
    *("sender_business_bot", "business_connection_id", "is_from_offline"),
)


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


async def _ended(*tasks: "asyncio.Task[None]") -> None:
    """Return when these are over, stopped where they are still under way."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
