"""The reader chat on Telegram over real HTTP: who is answered, what they see, outages."""

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import structlog
from structlog.testing import capture_logs

from bot.chats import telegram
from bot.domain.chat import Answer, ArticleCard, Question
from bot.errors import StoreError
from bot.sandbox.telegram import DISCUSSION
from bot.sandbox.world import Fault
from tests.contract.held import PATIENCE
from tests.contract.telegram_bench import LINK, TOKEN, benched
from tests.contract.telegram_readers import ADA, Desk, HurriedClock, listening, replies, until

CARD = ArticleCard(
    title="🚲 Night of reading",
    excerpt="The library stays open until midnight. Bring a friend.",
    link=LINK,
    author="Ada Winter",
    date=datetime(2026, 11, 20, tzinfo=UTC),
)


@pytest.fixture
async def bench(tmp_path):
    async with benched(tmp_path, rate=0) as made:
        made.clock = HurriedClock()
        yield made


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
        await asyncio.wait_for(began.wait(), PATIENCE)
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
