"""Readers' questions over the real store: what they may see, and that no words of theirs break anything."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.chat import Answer, ArticleCard, Question
from bot.domain.delivery import State
from bot.flow.listening import CARD_EXCERPT, HELP, MOST, Listening, card
from bot.ports import Found
from tests.flow.conftest import House
from tests.store_samples import HOUR, article

TEXTS = {
    "night-opening": ("The library at night", "The library stays open until midnight on Fridays. Tea is served."),
    "velodrome": (
        "Round and round",
        "The cycling club rides on the old velodrome again. Helmets can be borrowed 🚲 there.",
    ),
    "museum-ja": ("夜の博物館", "市立博物館は金曜日に夜遅くまで開いています。入場は無料です。"),
    "market-ar": ("سوق المدينة", "يفتح سوق المدينة أبوابه كل يوم سبت. يبيع المزارعون الخبز والعسل."),
    "quotes": (
        "Said aloud",
        'The curator said: "Nobody owns the moon." Then she turned off the light, at 50% strength.',
    ),
    "sixth": ("The sixth", "A choir rehearses in the town hall. Anyone may listen in from the gallery."),
    "seventh": ("The seventh", "The swimming pool opens its roof in June. Towels are not provided."),
}


@pytest.fixture
async def listening(house: House) -> Listening:
    """A bot that published all texts, one each hour in their order, and keeps a draft back."""
    told = [article(name, text, title=title, images=(), tags=()) for name, (title, text) in TEXTS.items()]
    draft = article("draft", "Nobody may read of the unicorn yet. It is a draft.", title="Unicorn", ready=False)
    house.shelf.found = Found(
        articles=(*told, draft), present=frozenset((each.campaign, each.name) for each in (*told, draft))
    )
    await house.intake.take(house.shelf)
    for name in TEXTS:
        await house.steering.send_now([each.id for each in await house.store.deliveries(article=name)])
        house.pass_time(HOUR)
        await house.settle()
    assert {each.state for each in await house.store.deliveries(article="seventh")} == {State.SENT}
    return Listening(house.store)


async def ask(listening: Listening, words: str = "", command: str = "", *, private: bool = True) -> Answer:
    answer = await listening.answer(Question(chat="1", words=words, command=command, private=private))
    assert answer is not None
    assert answer.text or answer.cards
    for each in answer.cards:
        assert each.title != "Unicorn"
        assert 0 < len(each.excerpt) <= CARD_EXCERPT
        assert any(each.title == title and each.excerpt in text for title, text in TEXTS.values())
    return answer


def titles(answer: Answer) -> list[str]:
    return [each.title for each in answer.cards]


NEWEST = [title for title, _ in reversed(TEXTS.values())]


async def test_start_greets_tells_what_can_be_asked_and_shows_the_newest(listening):
    answer = await ask(listening, command="start")
    assert HELP in answer.text
    assert titles(answer) == NEWEST[:1]


async def test_help_tells_what_can_be_asked(listening):
    assert await ask(listening, command="help") == Answer(text=HELP)
    assert await ask(listening, "anything", "HELP") == Answer(text=HELP)


COUNTS = [
    *[("", 3), ("1", 1), ("2", 2), ("5", 5), ("999", MOST), ("0", 1), ("-3", 3), ("three", 3), ("2 please", 2)],
    *[("٢", 2), ("1.5", 3), ("²", 3), ("9" * 5000, MOST), ("; DROP TABLE articles", 3), ("\x00", 3)],
]


async def test_latest_shows_as_many_as_asked_for_within_reason(listening):
    for words, count in COUNTS:
        assert titles(await ask(listening, words, "latest")) == NEWEST[:count], words


FOUND = [
    ("velodrome", "Round and round"),
    ("VELODROME helmets", "Round and round"),
    ("velo", "Round and round"),
    ("borrowed 🚲", "Round and round"),
    ('"Nobody owns the moon"', "Said aloud"),
    ("moon nowhere-to-be-found", "Said aloud"),
    ("博物館", "夜の博物館"),
    ("金曜日", "夜の博物館"),
    ("سوق", "سوق المدينة"),
    ("العسل المزارعون", "سوق المدينة"),
]


async def test_words_find_what_holds_them(listening):
    for words, first in FOUND:
        for command in ("search", ""):
            answer = await ask(listening, words, command)
            assert titles(answer)[:1] == [first], words
            assert words in answer.text


HOSTILE = [
    *(
        '"',
        '""',
        "'",
        "*",
        "^",
        "(",
        ")",
        "NEAR(",
        "a AND",
        "OR OR",
        "NOT x",
        "title:",
        "title:x",
        "{a b}: c",
        "-x",
        "+",
    ),
    *("a*b*c", "NEAR(moon light, 2)", "; DROP TABLE articles; --", "%", "_", "\\", "\x00", "moon\x00light", "\ud800"),
    *("🚲", "👨‍👩‍👧‍👦", "\u200b\u202e", "!!!", "x" * 10_000, "moon " * 2000, "\n\t", "𝕞𝕠𝕠𝕟", "ー", "的", "<b>moon</b>"),
]


async def test_no_words_are_search_syntax_or_break_anything(listening):
    for words in HOSTILE:
        answer = await ask(listening, words, "search")
        assert len(answer.text) < 300
        assert len(answer.cards) <= MOST


async def test_a_search_for_nothing_says_how_to_ask(listening):
    for words in ("", "   ", "\n"):
        answer = await ask(listening, words, "search")
        assert "/search" in answer.text
        assert answer.cards == ()


async def test_what_is_not_published_is_never_shown(house, listening):
    assert (await ask(listening, "unicorn", "search")).cards == ()
    held = await house.store.deliveries(article="draft")
    await house.steering.approve([each.id for each in held])
    assert (await ask(listening, "unicorn")).cards == ()


async def test_what_was_withdrawn_is_shown_no_more(house, listening):
    for each in await house.store.deliveries(article="seventh"):
        await house.steering.retract(each.id, house.boards)
    assert titles(await ask(listening, "1", "latest")) == NEWEST[1:2]
    assert (await ask(listening, "swimming", "search")).cards == ()


async def test_before_anything_is_published_the_bot_says_so(house):
    listening = Listening(house.store)
    for command in ("latest", "start", "search"):
        answer = await listening.answer(Question(chat="1", words="moon", command=command))
        assert answer is not None
        assert answer.text
        assert answer.cards == ()


async def test_an_unknown_command_is_answered_in_private_and_passed_over_in_a_group(listening):
    answer = await ask(listening, "x", "weather" * 50)
    assert HELP in answer.text
    assert len(answer.text) < len(HELP) + 100
    question = Question(chat="-5", words="x", command="weather", private=False)
    assert await listening.answer(question) is None
    assert titles(await ask(listening, "1", "latest", private=False)) == NEWEST[:1]
    assert titles(await ask(listening, "velodrome", private=False)) == ["Round and round"]


LONG = " ".join(f"Sentence number {n} tells how the old tram came back to town." for n in range(40))


async def test_a_card_tells_whose_and_where_and_one_screenful_of_it():
    told = article(text=LONG, author="Ada Brand")
    shown = card(told)
    assert shown == ArticleCard(
        title=told.title,
        excerpt=shown.excerpt,
        link=told.link,
        author="Ada Brand",
        date=told.date,
        language="en",
        image=told.images[0],
    )
    assert shown.excerpt in LONG
    assert 100 < len(shown.excerpt) <= CARD_EXCERPT


@pytest.mark.parametrize("text", [LONG, LONG.replace(".", ","), "路面電車が町に戻ってきた" * 60, "x" * 900])
async def test_a_passage_chosen_by_hand_is_cut_to_a_screenful_where_a_sentence_or_word_ends(text):
    shown = card(article(text=text, excerpt=text[: text.index(text[:10]) + 800])).excerpt
    said = shown.removesuffix("…")
    assert text.startswith(said)
    assert CARD_EXCERPT / 2 < len(shown) <= CARD_EXCERPT
    assert said == shown or not said.endswith(".")
    if " " in text:
        assert text[len(said)] in " ,"


async def test_a_managers_own_words_are_shown_as_they_are():
    assert card(article(excerpt="Come and see!")).excerpt == "Come and see!"


async def test_an_article_without_words_is_shown_by_its_title():
    told = replace(article(), text="", blocks=())
    assert (card(told).title, card(told).excerpt) == (told.title, "")


async def test_asking_changes_nothing(house, listening):
    before = await house.store.tally()
    for words in ("1", "moon", "; DELETE FROM deliveries"):
        await ask(listening, words, "latest")
        await ask(listening, words, "search")
    house.pass_time(timedelta(days=1))
    assert await house.store.tally() == before


def test_names_of_the_managers_directory_are_plain_names_to_readers():
    told = article(
        "night",
        "Tea is served at eight.",
        title="{@Ada Brand} opens the hall",
        author="{@ Grace   Bell }",
        excerpt="Ask {@Ada Brand} for the key. " * 20,
        images=(),
    )
    shown = card(told)
    assert shown.title == "Ada Brand opens the hall"
    assert shown.author == "Grace Bell"
    assert shown.excerpt == ("Ask Ada Brand for the key. " * 14).rstrip(), "whole sentences, counted as they are shown"
    copied = card(article("day", "The keys are with {@Ada Brand} of the cycling club since May.", images=()))
    assert copied.excerpt == "The keys are with Ada Brand of the cycling club since May."
