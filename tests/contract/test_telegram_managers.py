"""Managers on Telegram over real HTTP, with the whole flow behind it: who may pause and resume, and who only seems to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.chats import telegram
from bot.domain.chat import Answer, Question
from bot.domain.ledger import Hold
from bot.domain.plan import Plan
from bot.errors import BadSetting
from bot.flow.commanding import Commanding
from bot.flow.listening import HELP, Listening
from bot.flow.planning import Planner
from bot.flow.steering import Steering
from bot.sandbox.telegram import CHANNEL, DISCUSSION
from bot.sandbox.world import Fault
from bot.store import open_store
from bot.store.sql import SqlStore
from tests.contract.held import PATIENCE
from tests.contract.telegram_bench import Bench, benched
from tests.contract.telegram_readers import ADA, HurriedClock, replies, until
from tests.store_samples import channel, delivery

EVE, OTHER = 13, 43
LONG_AGO = int((datetime.now(UTC) - timedelta(minutes=3)).timestamp())
UNKNOWN = f"I do not know /hold.\n\n{HELP}"


@dataclass
class Room:
    """A chat that listens, the ledger behind it, and the simulated Telegram before it."""

    bench: Bench
    store: SqlStore
    steering: Steering
    commanding: Commanding

    @asynccontextmanager
    async def listening(self, managers: str = f"{ADA},{OTHER}", answer: Any = None) -> AsyncIterator[None]:
        chat = telegram.connect((self.bench.means(DISCUSSION=str(DISCUSSION), MANAGERS=managers),))
        task = asyncio.create_task(chat.listen(answer or Listening(self.store, self.commanding).answer))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def held(self) -> Hold:
        return await self.store.hold()

    async def told(self, count: int, chat: int = ADA) -> list[str]:
        """Return all that the bot said in a chat, once it is so much."""
        await until(lambda: len(replies(self.bench, chat)) >= count)
        return [each["text"] for each in replies(self.bench, chat)]

    def buttons(self) -> list[tuple[str, str]]:
        return [button for each in replies(self.bench) for button in each["buttons"]]

    async def acts(self) -> list[tuple[str, str, str]]:
        return [(each.act.by, each.act.verb, each.act.words) for each in await self.store.acts()]


@pytest.fixture
async def room(tmp_path) -> AsyncIterator[Room]:
    async with benched(tmp_path, rate=0) as bench:
        bench.clock = HurriedClock()
        store = await open_store(tmp_path / "ledger.db", bench.clock)
        await store.put_channel(channel("board"))
        steering = Steering(store, bench.clock, Planner(store, bench.clock, Plan()))
        yield Room(bench, store, steering, Commanding(store, bench.clock, steering, "UTC"))
        await store.close()


async def test_a_manager_pauses_and_resumes_everything_in_their_own_name(room):
    due = delivery("a1", channel="board", due=datetime.now(UTC) - timedelta(minutes=1))
    await room.store.add_deliveries([due], datetime.now(UTC))
    async with room.listening():
        room.bench.service.say(ADA, "/hold Storm warning", "Ada")
        assert "paused: Storm warning" in (await room.told(1))[0]
        assert (await room.held()).on
        room.bench.service.say(ADA, "/resume", "Ada")
        assert "1 came due: 1 on board." in (await room.told(2))[1]
        assert (await room.held()).on, "it only asked"
        drop = [data for label, data in room.buttons() if "ancel" in label]
        room.bench.service.press(ADA, drop[0], ADA)
        assert "1 cancelled" in (await room.told(3))[2]
    assert not (await room.held()).on
    assert [(by, verb) for by, verb, _ in await room.acts()] == [
        ("telegram:42", "pause"),
        ("telegram:42", "cancel"),
        ("telegram:42", "resume"),
    ]
    assert len(room.buttons()) == 3
    assert all(len(data.encode()) <= 64 and data.startswith("42 /resume ") for _, data in room.buttons())


FORWARD = {"type": "user", "date": LONG_AGO, "sender_user": {"id": ADA, "is_bot": False, "first_name": "Ada"}}
BOT = {"id": 99, "is_bot": True, "first_name": "B", "username": "any_bot"}
SPOOFS: dict[str, tuple[int, dict[str, Any], str | None]] = {
    "a stranger": (EVE, {}, UNKNOWN),
    "a stranger with a manager's name and user name": (
        EVE,
        {"from": {"id": EVE, "is_bot": False, "first_name": "42", "username": "42"}},
        UNKNOWN,
    ),
    "a stranger in a chat that bears a manager's number": (
        ADA,
        {"from": {"id": EVE, "is_bot": False, "first_name": "Ada"}},
        UNKNOWN,
    ),
    "a manager in somebody else's chat": (EVE, {"from": {"id": ADA, "is_bot": False, "first_name": "Ada"}}, UNKNOWN),
    "forwarded": (ADA, {"forward_origin": FORWARD}, UNKNOWN),
    "forwarded from one who hides": (
        ADA,
        {"forward_origin": {"type": "hidden_user", "date": LONG_AGO, "sender_user_name": "A"}},
        UNKNOWN,
    ),
    "edited": (ADA, {"edit_date": LONG_AGO}, UNKNOWN),
    "an edit as such": (ADA, {"kind": "edited_message", "edit_date": LONG_AGO}, None),
    "through another bot": (ADA, {"via_bot": BOT}, UNKNOWN),
    "sent by no hand": (ADA, {"is_from_offline": True}, UNKNOWN),
    "for a business": (ADA, {"business_connection_id": "b1"}, UNKNOWN),
    "by a business's bot": (ADA, {"sender_business_bot": BOT}, UNKNOWN),
    "a bot that has a manager's number": (ADA, {"from": {"id": ADA, "is_bot": True, "first_name": "Ada"}}, None),
    "in a channel's name": (ADA, {"sender_chat": {"id": -1001, "type": "channel", "title": "c"}}, None),
    "in a channel's name, as nobody": (
        ADA,
        {"sender_chat": {"id": -1001, "type": "channel", "title": "c"}, "from": None},
        None,
    ),
    "a manager in a group": (DISCUSSION, {"from": {"id": ADA, "is_bot": False, "first_name": "Ada"}}, None),
    "an anonymous administrator": (
        DISCUSSION,
        {"sender_chat": {"id": DISCUSSION, "type": "supergroup", "title": "c"}},
        None,
    ),
    "too old": (ADA, {"date": LONG_AGO}, "Too late"),
}


@pytest.mark.parametrize("who", SPOOFS)
@pytest.mark.parametrize("word", ["/hold Storm", "/hold@handbill_bot Storm"])
async def test_nobody_else_pauses_anything_and_nobody_learns_that_one_could(room, who, word):
    chat, more, said = SPOOFS[who]
    # Before the first poll: whatever the bot wants to hear, this it is told.
    room.bench.service.say(chat, word, "Ada", **more)
    async with room.listening():
        room.bench.service.say(EVE, "/id", "Eve")
        await until(lambda: "Your number here is 13." in [each["text"] for each in replies(room.bench, EVE)])
        told = [each["text"] for each in replies(room.bench, chat) if "Your number" not in each["text"]]
        if said is None:
            assert told == []
        else:
            assert [each[: len(said)] for each in await room.told(1, chat)][:1] == [said]
    assert not (await room.held()).on
    assert await room.acts() == []


@pytest.mark.parametrize("command", ["/resume late", "/resume", "/queue", "/status", "/hold x"])
async def test_what_a_reader_gets_for_a_managers_command_is_what_an_unknown_one_gets(room, command):
    await room.steering.acting("cli:anna").pause("storm")
    before = await room.acts()
    async with room.listening():
        room.bench.service.say(EVE, command, "Eve")
        room.bench.service.say(EVE, "/weather", "Eve")
        first, second = await room.told(2, EVE)
    assert first.replace(command.split()[0], "/weather") == second
    assert (await room.held()).on
    assert await room.acts() == before


@pytest.mark.parametrize("command", ["/resume late", "/resume", "/queue", "/status"])
async def test_old_words_decide_and_tell_nothing(room, command):
    await room.steering.acting("cli:anna").pause("storm")
    room.bench.service.say(ADA, command, "Ada", date=LONG_AGO)
    async with room.listening():
        assert (await room.told(1))[0].startswith("Too late")
    assert (await room.held()).on


async def test_a_button_is_its_managers_own_and_for_the_pause_it_was_shown_for(room):
    service = room.bench.service
    await room.steering.acting("cli:anna").pause("storm")
    async with room.listening():
        service.say(ADA, "/resume", "Ada")
        await room.told(1)
        late = room.buttons()[0][1]
        _, _, words = late.partition(" ")
        hello = {"message": {**_shown(room), "from": {"id": EVE, "is_bot": False, "first_name": "Eve"}}}
        far = {"message": {**_shown(room), "chat": {"id": OTHER, "type": "private", "first_name": "Ben"}}}
        group = {"message": {**_shown(room), "chat": {"id": ADA, "type": "supergroup", "title": "x"}}}
        gone = {"message": {"message_id": 1, "date": 0, "chat": {"id": ADA, "type": "private", "first_name": "Ada"}}}
        for data, by, more in (
            (late, EVE, {}),
            (f"{EVE} {words}", EVE, {}),
            (late, OTHER, {}),
            (f"{OTHER} {words}", OTHER, {}),
            (f"{EVE} {words}", ADA, {}),
            (words, ADA, {}),
            ("", ADA, {}),
            ("42 ", ADA, {}),
            ("42 moon", ADA, {}),
            (late, ADA, {"old": True}),
            (late, ADA, hello),
            (late, ADA, far),
            (late, ADA, group),
            (late, ADA, gone),
        ):
            service.press(ADA, data, by, **more)
        service.say(ADA, "/id", "Ada")
        assert (await room.told(2))[1] == "Your number here is 42."
        assert (await room.held()).on
        # Another pause than the one that was shown.
        await room.steering.acting("cli:anna").resume()
        await room.steering.acting("cli:anna").pause("again")
        service.press(ADA, late, ADA)
        assert "Not done: that pause has ended" in (await room.told(3))[2]
        assert (await room.held()).on
        # No button, no choice, no moment: words that nobody was shown.
        for words in (
            "/resume late 9",
            "/resume late -1",
            "/resume late ٣",
            "/resume late " + "9" * 17,
            "/resume never",
        ):
            service.press(ADA, f"42 {words}", ADA)
        assert all(each.startswith("Not done") for each in (await room.told(8))[3:])
    assert (await room.held()).on
    assert {by for by, _, _ in await room.acts()} == {"cli:anna"}


def _shown(room: Room) -> dict[str, Any]:
    me = {"id": 1000, "is_bot": True, "first_name": "Handbill", "username": "handbill_bot"}
    chat = {"id": ADA, "type": "private", "first_name": "Ada"}
    return {"message_id": 1, "date": int(datetime.now(UTC).timestamp()), "chat": chat, "from": me, "text": "Which?"}


async def test_one_who_is_a_manager_no_longer_presses_in_vain(room):
    await room.steering.acting("cli:anna").pause("storm")
    async with room.listening():
        room.bench.service.say(ADA, "/resume", "Ada")
        await room.told(1)
    async with room.listening(managers=str(OTHER)):
        room.bench.service.press(ADA, room.buttons()[0][1], ADA)
        room.bench.service.say(ADA, "/id", "Ada")
        await room.told(2)
    assert (await room.held()).on


async def test_words_that_are_read_again_after_a_crash_undo_nothing_that_was_decided_since(room):
    """The hold was done, the update not confirmed; meanwhile somebody let posting go on."""
    moment = int(datetime.now(UTC).timestamp()) - 30
    await room.steering.acting("telegram:42").pause("storm")
    await room.steering.acting("cli:anna").resume()
    room.bench.service.say(ADA, "/hold storm", "Ada", date=moment)
    async with room.listening():
        assert "cli:anna decided to resume after you said that" in (await room.told(1))[0]
    assert not (await room.held()).on
    await room.steering.acting("cli:anna").pause("flood")
    room.bench.service.say(ADA, "/resume late", "Ada", date=moment)
    async with room.listening():
        assert "cli:anna decided to pause after you said that" in (await room.told(2))[1]
    assert (await room.held()).on


async def test_a_manager_is_heard_while_a_reader_is_still_being_answered(room):
    """A reader's answer that hangs, and a hundred readers before it, keep nobody from pausing."""
    began, listening = asyncio.Event(), Listening(room.store, room.commanding)

    async def answer(question: Question) -> Answer | None:
        if not question.manager:
            began.set()
            await asyncio.Event().wait()
        return await listening.answer(question)

    for number in range(50):
        room.bench.service.say(EVE, f"night trains {number}", "Eve")
    room.bench.service.say(ADA, "/hold first", "Ada")
    async with room.listening(answer=answer):
        await asyncio.wait_for(began.wait(), PATIENCE)
        assert "paused: first" in (await room.told(1))[0]
        room.bench.service.say(OTHER, "/hold second", "Ben")
        assert "The reason now reads: second" in (await room.told(1, OTHER))[0]
    assert [(by, verb) for by, verb, _ in await room.acts()] == [("telegram:42", "pause"), ("telegram:43", "pause")]


class StuckClock(HurriedClock):
    """A clock whose sleeps do not end."""

    async def sleep(self, span: timedelta) -> None:
        await asyncio.Event().wait()


async def test_a_pause_that_telegram_wants_before_a_reply_keeps_no_manager_from_being_heard(room):
    room.bench.clock = StuckClock()
    room.bench.world.faults.append(Fault(platform="telegram", kind="flood", on="publish"))
    async with room.listening():
        room.bench.service.say(ADA, "/status", "Ada")
        await until(lambda: not room.bench.world.faults)
        room.bench.service.say(OTHER, "/hold storm", "Ben")
        assert "paused: storm" in (await room.told(1, OTHER))[0]


@pytest.mark.parametrize("kind", ["reset", "error", "truncate", "flood"])
async def test_it_is_done_once_even_if_it_cannot_be_told(room, kind):
    room.bench.world.faults.append(Fault(platform="telegram", kind=kind, on="publish"))
    async with room.listening():
        room.bench.service.say(ADA, "/hold storm", "Ada")
        await until(lambda: not room.bench.world.faults)
        room.bench.service.say(ADA, "/status", "Ada")
        await until(lambda: any("PAUSED" in each["text"] for each in replies(room.bench)))
    assert len(await room.acts()) == 1


async def test_whoever_asks_in_private_is_told_their_number_and_nobody_in_a_group(room):
    async with room.listening():
        room.bench.service.say(DISCUSSION, "/id@handbill_bot", "Eve")
        room.bench.service.say(EVE, "/id", "Eve")
        assert await room.told(1, EVE) == ["Your number here is 13."]
    assert replies(room.bench, DISCUSSION) == []


@pytest.mark.parametrize("wrong", ["@ada", "42, ada", "-1001234567890", "0", "٤٢", "42;43", "1" * 17, "4 2x"])
async def test_what_is_no_persons_number_is_refused_by_the_settings_name(room, wrong):
    with pytest.raises(BadSetting, match="is no person's number") as refused:
        telegram.connect((room.bench.means(MANAGERS=wrong),))
    assert refused.value.where == "TELEGRAM_MANAGERS__LIBRARY"


async def test_channels_that_share_a_bot_share_its_managers(room):
    first, second = (
        room.bench.means(MANAGERS="42"),
        replace(room.bench.means(MANAGERS=" 43 , 44,"), channel="telegram__b"),
    )
    chat = telegram.connect((first, second, room.bench.means(MANAGERS="")))
    assert chat._managers == {42, 43, 44}
    assert first.credentials["CHANNEL"] == CHANNEL


async def test_what_is_sent_and_told_for_managers_fits_aiograms_models(room):
    from aiogram import methods, types

    await room.steering.acting("cli:anna").pause("storm")
    async with room.listening():
        room.bench.service.say(ADA, "/resume", "Ada")
        await room.told(1)
        room.bench.service.press(ADA, room.buttons()[0][1], ADA)
        await room.told(2)
    room.bench.service.press(ADA, room.buttons()[0][1], ADA)
    (update,) = (await room.bench.call("getUpdates", offset=-1))["result"]
    assert types.Update.model_validate(update).callback_query is not None
    used = {method for method, _ in room.bench.service.requests}
    assert used >= {"sendMessage", "answerCallbackQuery", "getUpdates"}
    for method, fields in room.bench.service.requests:
        getattr(methods, method[0].upper() + method[1:]).model_validate(fields)
