"""What the store keeps of what managers write on articles, and the inbox; every store we ship passes it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.delivery import State
from bot.domain.edits import Edits, Wish
from bot.domain.inbox import Pile, Wanted
from bot.domain.ledger import Act, Change
from bot.errors import NotAllowed
from bot.store.sql import SqlStore
from tests.store_samples import HOUR, NOON, PICTURE, STORES, HandClock, article, channel, delivery, post

HERE = ("library", "night-opening")


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqlStore]:
    opened = await STORES[request.param](tmp_path, HandClock())
    for name in ("x", "y"):
        await opened.put_channel(channel(name))
    yield opened
    await opened.close()


async def test_what_is_written_is_kept_by_article_until_it_is_cleared(store):
    written = Edits(
        said={"x": Wish(text="Mine."), "y": Wish(text="A passage.", start=0)},
        goes={"x": False, "y": True},
        alts={PICTURE.sha256: "Lamps 🦉"},
    )
    await store.edit(*HERE, written, NOON)
    await store.edit("library", "other", Edits(goes={"x": True}), NOON)
    assert await store.edits(*HERE) == written
    assert await store.overrides(*HERE) == {(*HERE, "x"): "Mine."}, "a passage is no manager's own words"
    await store.put_override(*HERE, "y", "Mine too.")
    assert (await store.edits(*HERE)).said["y"] == Wish(text="Mine too.")
    await store.edit(*HERE, Edits(said={"x": None}, goes={"x": None, "y": False}, alts={PICTURE.sha256: None}), NOON)
    assert await store.edits(*HERE) == Edits(said={"y": Wish(text="Mine too.")}, goes={"y": False})


async def test_it_is_written_with_what_follows_or_not_at_all(store):
    await store.add_deliveries([delivery("a1", due=NOON + HOUR), delivery("b1", channel="y", due=NOON + HOUR)], NOON)
    a1, b1 = await store.delivery("a1"), await store.delivery("b1")
    renewed = replace(a1, post=post("Other words."), why="its words were changed")
    new = delivery("c1", channel="y", due=None, round=2)
    out = Change.of(b1, State.CANCELLED, "left out", version=b1.version)
    act = Act(by="desk:anna", verb="choose", subject="library/night-opening x")
    stale = replace(out, version=b1.version + 7)
    with pytest.raises(NotAllowed):
        await store.edit(*HERE, Edits(goes={"y": False}), NOON, renewed=[renewed], moves=[stale], acts=[act])
    assert (await store.edits(*HERE), await store.acts(), await store.delivery("a1")) == (Edits(), (), a1)
    more = {"renewed": [renewed], "moves": [out], "added": [new], "acts": [act]}
    await store.edit(*HERE, Edits(goes={"y": False}), NOON, **more)
    assert [(await store.delivery(each)).state for each in ("a1", "b1", "c1")] == [
        State.HELD,
        State.CANCELLED,
        State.HELD,
    ]
    assert [each.act for each in await store.acts()] == [act]


async def test_the_inbox_is_read_a_page_at_a_time(store):
    for n in range(7):
        await store.put_article(article(f"a{n}", f"Words number{n} of the night.", title=f"Title {n}"), NOON)
    await store.put_article(article("a0", "Edited words of the night.", title="Title 0", digest="d2"), NOON + HOUR)
    first = await store.inbox(Wanted(most=4))
    assert [each.name for each in first] == ["a6", "a5", "a4", "a3"]
    rest = await store.inbox(Wanted(most=4, before=first[-1].mark))
    assert [each.name for each in rest] == ["a2", "a1", "a0"]
    assert rest[-1].title == "Title 0"
    assert (first[0].image, first[0].images, first[0].standings) == (PICTURE, 1, ())


async def test_an_article_lies_where_its_deliveries_stand(store):
    for name in ("a", "b", "c"):
        await store.put_article(article(name), NOON)
    await store.add_deliveries(
        [
            delivery("a1", article="a", due=None),
            delivery("a2", article="a", channel="y", due=NOON + HOUR),
            delivery("b1", article="b", due=NOON + 2 * HOUR),
        ],
        NOON,
    )

    async def on(pile: Pile, words: str = "") -> list[str]:
        return [each.name for each in await store.inbox(Wanted(pile=pile, words=words))]

    assert await on(Pile.ALL) == ["c", "b", "a"]
    assert await on(Pile.WAITING) == ["a"]
    assert await on(Pile.SCHEDULED) == ["b", "a"]
    assert await on(Pile.POSTED) == await on(Pile.TROUBLE) == []
    assert await on(Pile.SCHEDULED, "midnig") == ["b", "a"]
    assert await on(Pile.ALL, 'nowhere "') == []
    [both] = [each for each in await store.inbox(Wanted()) if each.name == "a"]
    assert [(each.id, each.channel, each.state) for each in both.standings] == [
        ("a1", "x", State.HELD),
        ("a2", "y", State.SCHEDULED),
    ]


async def test_words_of_scripts_without_spaces_are_found_within(store):
    await store.put_article(article("a", "图书馆开到午夜。", title="夜"), NOON)
    assert [each.name for each in await store.inbox(Wanted(words="午夜"))] == ["a"]
    assert await store.inbox(Wanted(words="中午")) == ()
