"""The reader chat on Telegram over real HTTP: who is answered, what they see, outages, and proof by the discussion group."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from bot.chats import telegram
from bot.errors import StoreError, Unreachable
from bot.ports import Answer, ArticleCard, Question, Sighting
from bot.sandbox.telegram import DISCUSSION
from bot.sandbox.world import Fault
from tests.contract.telegram_bench import KEY, LINK, TOKEN, Bench, benched, part, picture, receipt_of

ADA = 42
CARD = ArticleCard(
    title="🚲 Night of reading",
    excerpt="The library stays open until midnight. Bring a friend.",
    link=LINK,
    author="Ada Winter",
    date=datetime(2026, 11, 20, tzinfo=UTC),
)


class HurriedClock:
    """The real time, and sleeps that are over at once but remembered."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, span: timedelta) -> None:
        self.slept.append(span.total_seconds())
        await asyncio.sleep(0.01)


@dataclass
class Desk:
    """Answers questions and remembers them."""

    asked: list[Question] = field(default_factory=list)
    reply: Answer | None = field(default_factory=lambda: Answer(text="Here you are."))

    async def answer(self, question: Question) -> Answer | None:
        self.asked.append(question)
        return self.reply


@pytest.fixture
async def bench(tmp_path):
    async with benched(tmp_path, rate=0) as made:
        made.clock = HurriedClock()
        yield made


@asynccontextmanager
async def listening(
    bench: Bench, answer: Callable[[Question], Awaitable[Answer | None]]
) -> AsyncIterator[telegram.TelegramChat]:
    museum = replace(bench.means(), channel="telegram__museum")
    chat = telegram.connect((museum, bench.means(DISCUSSION=str(DISCUSSION))))
    task = asyncio.create_task(chat.listen(answer))
    try:
        yield chat
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await chat.close()


async def until(holds: Callable[[], Any], seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.01)


def replies(bench: Bench, chat: int = ADA) -> list[dict[str, Any]]:
    return [message for message in bench.service.messages(chat) if message["bot"]]


async def test_a_reader_asks_in_private_and_gets_words_and_cards(bench):
    desk = Desk(reply=Answer(text="The newest:", cards=(CARD,)))
    async with listening(bench, desk.answer):
        bench.service.say(ADA, "/latest 3", "Ada")
        await until(lambda: len(replies(bench)) == 2)
    assert desk.asked == [Question(chat="42", command="latest", words="3", language="en", private=True)]
    words, card = replies(bench)
    assert words["text"] == "The newest:"
    assert card["text"] == f"🚲 Night of reading\nAda Winter · 2026-11-20\n\n{CARD.excerpt}\n\n{LINK}"
    text = card["text"]
    assert card["spans"] == [
        {"start": 0, "end": 18, "kind": "bold", "target": ""},
        {"start": 19, "end": 42, "kind": "italic", "target": ""},
        {"start": text.index(LINK), "end": len(text), "kind": "link", "target": LINK},
    ]
    sent = [fields for method, fields in bench.service.requests if method == "sendMessage"]
    assert [fields["link_preview_options"] for fields in sent] == [{"is_disabled": True}, {"url": LINK}]
    assert not any("parse_mode" in fields for fields in sent)


async def test_plain_words_search_and_unknown_commands_are_passed_on(bench):
    desk = Desk()
    async with listening(bench, desk.answer):
        for words in (
            "night  trains\nto the sea",
            "/START",
            "/search@Handbill_Bot  a b",
            "/weather",
            "/latest@other_bot",
        ):
            bench.service.say(ADA, words, "Ada")
        await until(lambda: len(replies(bench)) == 4)
    assert [(each.command, each.words) for each in desk.asked] == [
        ("", "night trains to the sea"),
        ("start", ""),
        ("search", "a b"),
        ("weather", ""),
    ]


async def test_in_a_group_only_those_who_mean_the_bot_are_answered(bench):
    desk = Desk()
    async with listening(bench, desk.answer):
        for words in (
            "night trains",
            "/latest",
            "/latest@handbill_bot 2",
            "and @Handbill_bot night trains?",
            "@handbill_bot",
        ):
            bench.service.say(DISCUSSION, words, "Ada")
        bench.service.say(DISCUSSION, "@handbill_botany is a nice word", "Ada")
        bench.service.say(ADA, "last", "Ada")
        await until(lambda: len(replies(bench)) == 1)
    assert [(each.command, each.words, each.private) for each in desk.asked] == [
        ("latest", "2", False),
        ("", "and night trains?", False),
        ("help", "", False),
        ("", "last", True),
    ]


def test_a_reply_to_the_bot_in_a_group_is_a_question():
    assert telegram.asked("night trains", "handbill_bot", private=False, replied=True) == ("", "night trains")
    assert telegram.asked("/latest", "handbill_bot", private=False, replied=True) is None


async def test_the_menu_shows_the_commands(bench):
    async with listening(bench, Desk().answer):
        await until(lambda: bench.service.commands)
    assert [each["command"] for each in bench.service.commands] == ["latest", "search", "help"]
    assert all(each["description"] for each in bench.service.commands)


async def test_a_question_without_an_answer_is_left_in_silence(bench):
    desk = Desk(reply=None)
    async with listening(bench, desk.answer):
        bench.service.say(ADA, "hello", "Ada")
        await until(lambda: desk.asked)
        desk.reply = Answer(text="Now.")
        bench.service.say(ADA, "hello", "Ada")
        await until(lambda: replies(bench))
    assert [each["text"] for each in replies(bench)] == ["Now."]


async def test_what_is_longer_than_a_message_is_cut_and_still_sent(bench):
    long = ArticleCard(title="T" * 100, excerpt="🚲 ride " * 900, link=LINK)
    desk = Desk(reply=Answer(text="x" * 5000, cards=(long,)))
    async with listening(bench, desk.answer):
        bench.service.say(ADA, "all", "Ada")
        await until(lambda: len(replies(bench)) == 2)
    words, card = (each["text"] for each in replies(bench))
    assert words == "x" * 4095 + "…"
    assert 4080 <= len(card) <= 4096
    assert card.endswith(f"…\n\n{LINK}")


async def test_an_update_is_confirmed_only_when_it_is_dealt_with(bench):
    """The chat dies in the middle of an answer; the next one is asked again, and only once."""
    began = asyncio.Event()

    async def stuck(_: Question) -> Answer:
        began.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with listening(bench, stuck):
        bench.service.say(ADA, "first", "Ada")
        await asyncio.wait_for(began.wait(), 5)
    desk = Desk()
    async with listening(bench, desk.answer):
        await until(lambda: replies(bench))
        bench.service.say(ADA, "second", "Ada")
        await until(lambda: len(replies(bench)) == 2)
    async with listening(bench, desk.answer):
        bench.service.say(ADA, "third", "Ada")
        await until(lambda: len(replies(bench)) == 3)
    assert [each.words for each in desk.asked] == ["first", "second", "third"]


@pytest.mark.parametrize("kind", ["refuse", "reset", "truncate", "garbage", "error", "unauthorised"])
async def test_outages_are_waited_out_with_growing_pauses(bench, caplog, kind):
    caplog.set_level(logging.DEBUG)
    structlog.reset_defaults()
    bench.world.faults.append(Fault(platform="telegram", kind=kind, on="any", times=7))
    desk = Desk()
    with capture_logs() as logs:
        async with listening(bench, desk.answer):
            bench.service.say(ADA, "hello", "Ada")
            await until(lambda: replies(bench))
    assert bench.clock.slept == [2, 4, 8, 16, 32, 60, 60]
    assert len([each for each in logs if each["event"] == "waits"]) == 7
    assert "canary" not in str(logs) + caplog.text


async def test_pauses_begin_anew_after_a_good_turn(bench):
    desk = Desk()
    async with listening(bench, desk.answer):
        for expected in ([2.0], [2.0, 2.0]):
            bench.world.faults.append(Fault(platform="telegram", kind="error", on="any"))
            bench.service.say(ADA, "hello", "Ada")
            await until(lambda: bench.clock.slept == expected)  # noqa: B023
            await until(lambda: not bench.world.faults and len(replies(bench)) == len(expected))  # noqa: B023


async def test_telegram_says_how_long_to_stay_away_and_the_answer_goes_on(bench):
    desk = Desk(reply=Answer(text="one", cards=(CARD, CARD)))
    bench.world.faults.append(Fault(platform="telegram", kind="flood", seconds=9))
    async with listening(bench, desk.answer):
        bench.service.say(ADA, "hello", "Ada")
        await until(lambda: len(replies(bench)) == 3)
    assert bench.clock.slept == [9]
    assert len(desk.asked) == 1


async def test_a_second_poller_is_noticed_and_waited_out(bench):
    """Telegram ends the older wait with 409 (api.telegram.org); the chat pauses, says why, and comes back."""
    desk = Desk()
    with capture_logs() as logs:
        async with listening(bench, desk.answer):
            await until(lambda: any(method == "getUpdates" for method, _ in bench.service.requests))
            await bench.call("getUpdates", timeout=0.1)
            bench.service.say(ADA, "hello", "Ada")
            await until(lambda: replies(bench))
    told = [each["why"] for each in logs if each["event"] == "waits"]
    assert told
    assert "only one bot instance" in told[0]


async def test_a_question_that_always_fails_does_not_stand_before_the_others(bench):
    asked: list[str] = []

    async def answer(question: Question) -> Answer:
        asked.append(question.words)
        if "broken" in question.words:
            raise StoreError("the archive cannot be read")
        return Answer(text="Fine.")

    async with listening(bench, answer):
        bench.service.say(ADA, "broken", "Ada")
        bench.service.say(ADA, "whole", "Ada")
        await until(lambda: replies(bench))
    assert asked == ["broken"] * telegram.TRIES + ["whole"]
    assert len(bench.clock.slept) == telegram.TRIES


async def test_a_reader_who_cannot_be_written_to_is_left(bench):
    desk = Desk()
    bench.world.faults.append(Fault(platform="telegram", kind="error", status=403))
    async with listening(bench, desk.answer):
        bench.service.say(ADA, "hello", "Ada")
        bench.service.say(7, "hello", "Grace")
        await until(lambda: replies(bench, 7))
    assert replies(bench) == []
    assert bench.clock.slept == []


# --- proof by the discussion group ----------------------------------------------------------------------------------


async def test_what_was_posted_comes_back_as_proof(bench):
    channel = bench.channel(DISCUSSION=str(DISCUSSION))
    images = (await picture(bench, "red"), await picture(bench, "blue"))
    async with listening(bench, Desk().answer):
        text = receipt_of(await channel.publish(part("🚲 Doors open"), KEY, None))
        album = receipt_of(await channel.publish(part("Two walls", images=images), KEY, None))
        await until(lambda: len(bench.witness.seen) == 3)
        await until(lambda: bench.witness.heard)
    assert [(each.channel, each.text, each.receipt.id) for each in bench.witness.seen] == [
        ("telegram__library", "🚲 Doors open", text.id),
        ("telegram__library", "Two walls", album.id),
        ("telegram__library", "", album.pieces[0]),
    ]
    assert bench.witness.seen[0].receipt.url == text.url
    assert set(bench.witness.heard) == {"telegram__library"}


async def test_a_lost_answer_is_cleared_up_by_the_discussion_group(bench):
    """The whole way: the answer is lost after the post went out, the outcome is unknown, `find` proves it."""
    channel, since = bench.channel(DISCUSSION=str(DISCUSSION)), datetime.now(UTC)
    images = (await picture(bench, "red"), await picture(bench, "blue"))
    bench.world.faults.append(Fault(platform="telegram", kind="reset"))
    await channel.publish(part("Lost, not gone", images=images), KEY, None)
    async with listening(bench, Desk().answer):
        await until(lambda: len(bench.witness.seen) == 2)
    found = await channel.find(part("Lost, not gone", images=images), KEY, since)
    (effect,) = bench.world.visible("telegram")
    assert found is not None
    assert (found.id, found.url, len(found.pieces)) == (effect.id, effect.url, 1)
    with pytest.raises(Unreachable):
        await channel.find(part("Never sent"), KEY, since)


async def test_what_was_heard_counts_from_before_it_was_dealt_with(bench):
    """A post may come while a reader is answered: nothing later than the poll's own return may count as heard."""
    moments: list[datetime] = []

    async def slow(_: Question) -> Answer:
        await asyncio.sleep(0.2)
        moments.append(datetime.now(UTC))
        return Answer(text="Slow.")

    async with listening(bench, slow):
        await until(lambda: any(method == "getUpdates" for method, _ in bench.service.requests))
        bench.service.say(ADA, "hello", "Ada")
        await until(lambda: bench.witness.heard)
    assert bench.witness.heard["telegram__library"] < moments[0]


async def test_a_full_batch_does_not_count_as_having_heard_all(bench, monkeypatch):
    monkeypatch.setattr(telegram, "BATCH", 2)
    heard_before_last: list[bool] = []

    async def answer(question: Question) -> Answer:
        heard_before_last.append(bool(bench.witness.heard))
        return Answer(text=question.words)

    for number in range(3):
        bench.service.say(ADA, f"{number}", "Ada")
    async with listening(bench, answer):
        await until(lambda: len(replies(bench)) == 3 and bench.witness.heard)
    assert heard_before_last == [False, False, False]


async def test_proof_is_never_passed_over_however_often_it_cannot_be_kept(bench):
    fails = telegram.TRIES + 2
    kept = bench.witness.saw

    async def failing(sighting: Sighting) -> None:
        nonlocal fails
        if fails:
            fails -= 1
            raise StoreError("the disk is full")
        await kept(sighting)

    bench.witness.saw = failing
    receipt = receipt_of(await bench.channel().publish(part(), KEY, None))
    async with listening(bench, Desk().answer):
        await until(lambda: bench.witness.seen)
    assert [each.receipt.id for each in bench.witness.seen] == [receipt.id]
    assert len(bench.clock.slept) == telegram.TRIES + 2


async def test_forwards_from_elsewhere_prove_nothing(bench):
    async with listening(bench, Desk().answer):
        bench.service.say(DISCUSSION, "Doors open at seven.", "Ada")
        await until(lambda: bench.witness.heard)
    assert bench.witness.seen == []


async def test_no_token_stands_in_the_log_at_debug(bench, caplog):
    caplog.set_level(logging.DEBUG)
    async with listening(bench, Desk().answer):
        bench.service.say(ADA, "a private question", "Ada")
        await until(lambda: replies(bench))
    assert TOKEN not in caplog.text
    assert "canary" not in caplog.text
    assert "a private question" not in caplog.text


async def test_the_whole_way_from_a_readers_words_to_published_articles(bench):
    """With the bot's own listening and registry: what a reader sees after /start on an empty archive."""
    from bot.chats import connect_all
    from bot.flow.listening import Listening
    from bot.store import open_store

    store = await open_store(bench.folder / "ledger.db", bench.clock)
    means = bench.means(DISCUSSION=str(DISCUSSION))
    (chat,) = connect_all([("telegram", means), ("telegram", replace(means, channel="telegram__museum")), ("x", means)])
    task = asyncio.create_task(chat.listen(Listening(store).answer))
    try:
        bench.service.say(ADA, "/latest", "Ada")
        await until(lambda: replies(bench))
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await store.close()
    assert replies(bench)[0]["text"] == "Nothing has been published yet."
