"""What platforms reported: what is due to be asked about, what is kept, what is summed."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.domain.ledger import Act
from bot.domain.reactions import Asked, Count, Reactions, Sought
from bot.store.migrate import SCRIPTS, prepare
from bot.store.schema import ticks
from tests.store_samples import HOUR, MINUTE, NOON, SECOND, STORES, HandClock, channel, delivery, posted

DAY = 24 * HOUR
ALL = Sought(since=NOON - DAY, until=NOON + DAY)


@pytest.fixture(params=STORES)
async def store(request, tmp_path):
    opened = await STORES[request.param](tmp_path, HandClock())
    for name in ("x", "y"):
        await opened.put_channel(channel(name))
    yield opened
    await opened.close()


async def due(store, now=NOON + HOUR, on="x", since=NOON - 30 * DAY, before=NOON + HOUR, most=100):
    return await store.reported_next(on, now, since, before, most)


def told(name, part=1, again=None, at=NOON + HOUR, **counts):
    return Asked(delivery=name, part=part, reactions=Reactions(at=at, **counts), again=again)


async def test_what_is_published_is_due_on_its_own_channel_oldest_first(store):
    await posted(store, "b", at=NOON + MINUTE)
    await posted(store, "a", parts=2)
    await posted(store, "c", on="y")
    found = await due(store)
    assert [(each.delivery, each.part, each.receipt.id) for each in found] == [
        ("a", 1, "a-1"), ("a", 2, "a-2"), ("b", 1, "b-1"),
    ]  # fmt: skip
    assert [each.followed for each in found] == [True, False, False]
    assert found[0].at == NOON.replace(microsecond=0), "to the second"
    assert [each.delivery for each in await due(store, on="y")] == ["c"]
    assert [each.delivery for each in await due(store, most=1)] == ["a"]


async def test_what_is_too_young_or_was_due_too_long_ago_is_let_be(store):
    await posted(store, "old", at=NOON - DAY)
    await posted(store, "new", at=NOON)
    assert [each.delivery for each in await due(store, before=NOON - MINUTE)] == ["old"]
    assert [each.delivery for each in await due(store, since=NOON - HOUR)] == ["new"]


async def test_what_was_asked_is_due_again_when_it_was_said(store):
    await posted(store, "a")
    await store.put_reactions([told("a", again=NOON + 2 * HOUR, likes=3)])
    assert await due(store) == ()
    assert len(await due(store, now=NOON + 2 * HOUR)) == 1
    await store.put_reactions([Asked(delivery="a", part=1, reactions=None, again=None)])
    assert await due(store, now=NOON + DAY) == ()
    (result,) = await store.results(ALL)
    assert (result.likes, result.at) == (3, NOON + HOUR), "what is known stays known"


async def test_what_was_taken_back_is_not_asked_about(store):
    await posted(store, "a", parts=2)
    await store.put_removal("a", 2, NOON + MINUTE, Act(by="cli:anna", verb="retract"))
    assert [(each.part, each.followed) for each in await due(store)] == [(1, False)]


async def test_a_thread_is_one_result_with_the_sums_of_its_parts_and_the_most_views(store):
    await posted(store, "a", parts=2)
    await store.put_reactions(
        [told("a", 1, replies=1, likes=5, views=90), told("a", 2, at=NOON + 2 * HOUR, likes=2, views=40)]
    )
    (result,) = await store.results(ALL)
    assert (result.replies, result.reposts, result.likes, result.views) == (1, None, 7, 90)
    assert (result.parts, result.at, result.url, result.channel) == (2, NOON + 2 * HOUR, "https://x.example/a-1", "x")
    assert result.text == "Open until midnight, says a."
    assert not result.retracted


async def test_results_are_ordered_by_a_count_with_the_unknown_last(store):
    for number, likes in enumerate((4, None, 9, 0)):
        name = f"a{number}"
        await posted(store, name, at=NOON + number * MINUTE)
        if likes is not None:
            await store.put_reactions([told(name, likes=likes)])

    async def order(**more):
        return [each.delivery for each in await store.results(replace(ALL, **more))]

    assert await order() == ["a3", "a2", "a1", "a0"]
    assert await order(rising=True) == ["a0", "a1", "a2", "a3"]
    assert await order(by=Count.LIKES) == ["a2", "a0", "a3", "a1"]
    assert await order(by=Count.LIKES, rising=True) == ["a3", "a0", "a2", "a1"]
    assert await order(by=Count.LIKES, limit=2, skip=1) == ["a0", "a3"]
    assert await order(since=NOON + 30 * SECOND, until=NOON + 90 * SECOND) == ["a1"]
    assert await store.count_results(ALL) == 4
    assert await order(channel="y") == []


async def test_sums_are_by_channel_and_quarter_and_unknown_where_nothing_was_told(store):
    await posted(store, "a", parts=2)
    await posted(store, "b", at=NOON + MINUTE)
    await posted(store, "c", at=NOON + 20 * MINUTE)
    await posted(store, "d", on="y")
    await store.put_reactions(
        [told("a", 1, likes=5, views=90), told("a", 2, likes=1, views=40), told("b", likes=2, views=7)]
    )
    found = await store.sums(ALL)
    assert [(each.channel, each.since.minute, each.posts, each.asked, each.likes, each.views) for each in found] == [
        ("x", 0, 2, 2, 8, 97), ("x", 15, 1, 0, None, None), ("y", 0, 1, 0, None, None),
    ]  # fmt: skip


async def test_all_that_was_told_is_kept_in_order(store):
    await posted(store, "a")
    first, second = told("a", likes=1), told("a", at=NOON + 2 * HOUR, likes=4)
    await store.put_reactions([second])
    await store.put_reactions([first, first])
    assert [(part, each.likes) for part, each in await store.reactions("a")] == [(1, 1), (1, 4)]
    (result,) = await store.results(ALL)
    assert result.likes == 4, "an older answer that comes later hides no newer one"


async def test_what_questions_cost_counts_as_spent(store):
    await posted(store, "a")
    before = await store.spent("x", NOON - DAY)
    await store.put_read("x", NOON + HOUR, 500)
    await store.put_read("x", NOON + HOUR, 20)
    await store.put_read("y", NOON + HOUR, 7)
    assert await store.spent("x", NOON - DAY) == before + 520
    assert await store.spent("x", NOON + 2 * HOUR) == 0


async def test_a_receipt_whose_moment_cannot_be_read_is_kept_and_never_asked_about(store):
    await store.add_deliveries([delivery("a")], NOON)
    with closing(sqlite3.connect(store.path)) as raw, raw:
        raw.execute("INSERT INTO receipts VALUES ('a', 1, '{\"at\": \"yesterday\"}')")
        raw.execute("INSERT INTO receipts VALUES ('a', 2, 'no JSON at all')")
    assert await due(store) == ()


async def test_what_was_posted_by_an_older_handbill_is_taken_over(tmp_path):
    older = tmp_path / "older"
    shutil.copytree(SCRIPTS, older, ignore=shutil.ignore_patterns("000[5-9]*", "__pycache__"))
    path, moved = tmp_path / "handbill.db", '{"id": "9", "url": "", "at": "2026-05-04T10:00:00.5Z"}'
    prepare(path, NOON, 5, older)
    facts = "'library', 'night', 'e', 'x', 1, 1, 1, 1, 0, 0, 'sent', NULL, NULL, NULL, NULL, NULL, 5, '', NULL, NULL"
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("INSERT INTO channels (name, body, paused) VALUES ('x', '{}', '')")
        raw.execute(f"INSERT INTO deliveries VALUES ('a', {facts})")
        raw.executemany("INSERT INTO receipts VALUES ('a', ?, ?)", [(1, moved), (2, moved)])
        raw.execute("INSERT INTO removals VALUES ('a', 2, 7)")
    prepare(path, NOON, 5)
    with closing(sqlite3.connect(path)) as raw:
        found = raw.execute("SELECT part, channel, published, asks FROM results ORDER BY part").fetchall()
        totals = raw.execute("SELECT delivery, channel, published, parts, likes FROM totals").fetchall()
    at = ticks(datetime(2026, 5, 4, 10, tzinfo=UTC))
    assert found == [(1, "x", at, at), (2, "x", at, None)]
    assert totals == [("a", "x", at, 2, None)]
