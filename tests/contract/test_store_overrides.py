"""What the store keeps of managers' own words and of the directory; every store we ship passes it."""

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.domain.directory import Directory, Entry
from bot.errors import NotFound
from bot.store.codec import encode
from bot.store.migrate import SCRIPTS, prepare, revision_of
from bot.store.sql import SqlStore
from tests.store_samples import NOON, STORES, HandClock, article, channel, sqlite

WHO = Directory(
    entries=(
        Entry(name="Ada Brand", handles=(("mastodon", "ada@town.example"), ("x", "adabrand"))),
        Entry(name="Träume e.V."),
    )
)


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqlStore]:
    opened = await STORES[request.param](tmp_path, HandClock())
    await opened.put_channel(channel("x"))
    await opened.put_channel(channel("mastodon"))
    yield opened
    await opened.close()


async def test_words_are_kept_by_article_and_channel_until_they_are_cleared(store):
    assert await store.overrides() == {}
    for campaign, name, where in (("library", "b", "x"), ("library", "a", "x"), ("club", "a", "mastodon")):
        await store.put_override(campaign, name, where, f"Words for {name} 🦉\nand more.")
    await store.put_override("library", "a", "mastodon", "Other words.")
    await store.put_override("library", "a", "mastodon", "Better words.")

    assert list(await store.overrides()) == [
        ("club", "a", "mastodon"),
        ("library", "a", "mastodon"),
        ("library", "a", "x"),
        ("library", "b", "x"),
    ]
    assert await store.overrides("library", "a") == {
        ("library", "a", "mastodon"): "Better words.",
        ("library", "a", "x"): "Words for a 🦉\nand more.",
    }
    assert list(await store.overrides("club")) == [("club", "a", "mastodon")]
    await store.put_override("library", "a", "x", "")
    await store.put_override("library", "a", "x", "")
    assert list(await store.overrides("library", "a")) == [("library", "a", "mastodon")]


async def test_an_edition_of_the_article_does_not_lose_them(store):
    await store.put_article(article("a"), NOON)
    await store.put_override("library", "a", "x", "Mine.")
    await store.put_article(article("a", "Another text.", digest="d2"), NOON)
    assert await store.overrides() == {("library", "a", "x"): "Mine."}


async def test_a_channel_that_is_not_there_has_no_words(store):
    with pytest.raises(NotFound):
        await store.put_override("library", "a", "nowhere", "Words.")
    assert await store.overrides() == {}
    await store.put_override("library", "a", "nowhere", "")


async def test_the_directory_is_the_one_kept_last(store):
    assert await store.directory() == Directory()
    await store.put_directory(WHO)
    assert repr(await store.directory()) == repr(WHO)
    await store.put_directory(Directory())
    assert await store.directory() == Directory()


async def test_a_database_from_before_is_upgraded_with_all_it_has(tmp_path):
    first = tmp_path / "scripts"
    shutil.copytree(SCRIPTS, first, ignore=shutil.ignore_patterns("__pycache__", "000[2-9]*"))
    path = tmp_path / "handbill.db"
    prepare(path, NOON, 1, first)
    assert revision_of(path, 1) == "0001"
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("INSERT INTO channels (name, body, paused) VALUES ('x', ?, 'storm')", (encode(channel("x")),))
        raw.commit()
    store = await sqlite(tmp_path, HandClock())
    await store.put_override("library", "a", "x", "Mine.")
    assert (await store.overrides(), await store.check()) == ({("library", "a", "x"): "Mine."}, ())
    await store.close()
