"""The contract of ports.Store for readers: only what is published is found, and no words can break it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.delivery import State
from bot.domain.ledger import Change
from bot.store.sql import SqlStore
from tests.store_samples import HOUR, MINUTE, NOON, STORES, HandClock, article, attempt, channel, delivery

TEXTS = {
    "night": ("Night trains return", "The night train to Trieste has two sleeping cars. Café on board."),
    "tea": ("Tea in the library", "Résumé workshop and tea. Nobody mentions trains here, except the night one."),
    "tokyo": ("東京の図書館", "夜も開いている。検索もできる。"),
    "tehran": ("کتابخانه", "کتابخانه شهر تا نیمه شب باز است. فارسی بخوانید."),
    "bangkok": ("ห้องสมุด", "ห้องสมุดเปิดถึงเที่ยงคืน"),
    "umlaut": ("Übermorgen", 'Straße 50% "quoted" under_score O\'Brien C++'),
}


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqlStore]:
    opened = await STORES[request.param](tmp_path, HandClock())
    await opened.put_channel(channel("x"))
    await opened.put_channel(channel("mastodon"))
    yield opened
    await opened.close()


async def publish(store, name, at, channel="x"):
    new = delivery(f"{name}-{channel}", article=name, channel=channel, due=at)
    await store.add_deliveries([new], at)
    await store.arm(new, attempt(new, armed=at), at + MINUTE)
    await store.move([Change.of(await store.delivery(new.id), State.SENT, "")], at)
    return await store.delivery(new.id)


async def fill(store):
    for n, (name, (title, text)) in enumerate(TEXTS.items()):
        await store.put_article(article(name, text, title=title), NOON)
        await publish(store, name, NOON + n * HOUR)


async def names(found):
    return [each.name for each in await found]


async def test_the_latest_are_those_published_last_first(store):
    for n, (name, language) in enumerate({"a": "en", "b": "de-AT", "c": "", "d": "DE"}.items()):
        await store.put_article(article(name, language=language), NOON)
        await publish(store, name, NOON + n * HOUR)
    await store.put_article(article("draft"), NOON)
    await store.add_deliveries([delivery("s1", article="draft", due=NOON + 9 * HOUR)], NOON)
    assert await names(store.latest(10)) == ["d", "c", "b", "a"]
    assert await names(store.latest(2)) == ["d", "c"]
    assert await names(store.latest(10, "de")) == ["d", "b"]
    assert await names(store.latest(10, "%")) == []
    assert await store.latest(0) == ()


async def test_an_article_is_shown_while_any_delivery_of_it_is_public(store):
    await store.put_article(article(), NOON)
    first = await publish(store, "night-opening", NOON)
    second = await publish(store, "night-opening", NOON + HOUR, "mastodon")
    await store.move([Change.of(first, State.RETRACTED, "withdrawn")], NOON)
    assert await names(store.latest(5)) == ["night-opening"]
    assert await names(store.search("library", 5)) == ["night-opening"]
    await store.move([Change.of(second, State.RETRACTED, "withdrawn")], NOON)
    assert await store.latest(5) == ()
    assert await store.search("library", 5) == ()


async def test_an_article_may_enter_the_archive_after_it_was_sent(store):
    await publish(store, "night-opening", NOON)
    await store.put_article(article(), NOON)
    assert await store.latest(5) == (article(),)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("trains", ["night", "tea"]),
        ("NIGHT TRAIN", ["night", "tea"]),
        ("sleep", ["night"]),
        ("resume", ["tea"]),
        ("café", ["night"]),
        ("ubermorgen", ["umlaut"]),
        ("فارسی", ["tehran"]),
        ("検索", ["tokyo"]),
        ("東京 夜", ["tokyo"]),
        ("館", ["tokyo"]),
        ("เที่ยงคืน", ["bangkok"]),
        ("what about sleeping cars?", ["night"]),
        ("O'Brien", ["umlaut"]),
        ("tea AND resume", ["tea"]),
        ("-tea", ["tea"]),
        ("title:tea", []),
        ("zebra", []),
        ("", []),
        ('"" * () ^ :', []),
    ],
)
async def test_words_find_articles_best_first(store, words, expected):
    await fill(store)
    assert await names(store.search(words, 5)) == expected
    assert await names(store.search(words, 1)) == expected[:1]


async def test_search_follows_an_edited_article(store):
    await fill(store)
    edited = replace(await store.article("library", "tea"), title="Coffee", text="Only coffee.", digest="d2")
    await store.put_article(edited, NOON)
    assert await store.search("coffee", 5) == (edited,)
    assert await store.search("workshop", 5) == ()
    assert await names(store.search("night", 5)) == ["night"]
    assert await store.check() == ()


HOSTILE = [
    '"',
    "'",
    "*",
    "(",
    ")",
    ":",
    "^",
    "-",
    "NEAR",
    "OR",
    "NOT",
    "\0",
    "%",
    "_",
    "\\",
    "\ud800",
    "²",
    "ǅ",
    "{",
    ";--",
]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    words=st.lists(st.sampled_from(HOSTILE) | st.text(max_size=8) | st.sampled_from(["tea", "夜"]), max_size=30).map(
        "".join
    )
)
def test_no_words_break_the_search(tmp_path_factory, words):
    async def ask():
        store = await STORES["sqlite"](tmp_path_factory.getbasetemp() / "hostile", HandClock())
        try:
            if not await store.channels():
                await store.put_channel(channel("x"))
                await fill(store)
            assert len(await store.search(words, 3)) <= 3
            assert len(await store.latest(3, words)) <= 3
        finally:
            await store.close()

    asyncio.run(ask())
