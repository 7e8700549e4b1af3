"""Damaged rows of channels, plans, articles and campaigns: passed over and told, and none of them stops the others."""

import sqlite3
from contextlib import closing

import pytest
from structlog.testing import capture_logs

from bot.domain.campaign import Campaign
from bot.domain.delivery import State
from bot.domain.ledger import Change
from bot.domain.plan import Plan
from bot.errors import NotFound
from bot.ports import Problem
from bot.store import open_store
from tests.store_samples import HOUR, MINUTE, NOON, SECOND, HandClock, article, channel, delivery

HARM = {"no JSON": b"{", "no UTF-8": b"\xff\xfe{}", "another shape": b"[]", "nothing": b""}


@pytest.fixture
async def path(tmp_path):
    """A database with two channels, a delivery waiting on each, and two articles of one campaign."""
    made = tmp_path / "handbill.db"
    store = await open_store(made, HandClock())
    await store.put_campaigns([Campaign(name="library", approval=True)])
    for name in ("night-opening", "reading-room"):
        await store.put_article(article(name), NOON)
    for name in ("x", "y"):
        await store.put_channel(channel(name))
        await store.put_plan(name, Plan(every=HOUR))
        await store.add_deliveries([delivery(f"{name}1", f"{name} words", name, due=NOON + SECOND)], NOON)
    await store.close()
    return made


def damage(path, table, where, harm, column="body"):
    """Change what is written behind the store's back, as a failing disk does."""
    with closing(sqlite3.connect(path)) as raw, raw:
        changed = raw.execute(f"UPDATE {table} SET {column} = CAST(? AS TEXT) WHERE {where}", (HARM[harm],))
        assert changed.rowcount == 1


async def begins(store):
    ready = await store.ready(NOON + MINUTE, ())
    return [each.id for each in ready.deliveries if each.channel in ready.channels]


@pytest.mark.parametrize("harm", HARM)
async def test_a_damaged_channel_stops_no_other_and_nothing_is_posted_there_until_it_is_set_up_anew(path, harm):
    damage(path, "channels", "name = 'x'", harm)
    store = await open_store(path, HandClock())
    with capture_logs() as logs:
        assert [each.name for each in await store.channels()] == ["y"]
        assert await begins(store) == ["y1"]
        assert await begins(store) == ["y1"]
    assert len(logs) <= 2, "told again and again"
    assert [each.where for each in await store.problems()] == ["x"]
    assert any(fault.startswith("channel x: ") for fault in await store.check())
    await store.pause_channel("x", "a manager wants it so")
    await store.put_channel(channel("x"))
    assert [(each.name, each.paused) for each in await store.channels()] == [("x", "a manager wants it so"), ("y", "")]
    await store.pause_channel("x", "")
    assert await begins(store) == ["x1", "y1"]
    assert (await store.problems(), await store.check()) == ((), ())
    await store.close()


@pytest.mark.parametrize("harm", HARM)
async def test_nothing_is_posted_by_a_plan_that_cannot_be_read(path, harm):
    damage(path, "plans", "channel = 'x'", harm)
    store = await open_store(path, HandClock())
    assert set(await store.plans()) == {"y"}
    assert await begins(store) == ["y1"]
    (problem,) = await store.problems()
    assert (problem.where, "plan is damaged" in problem.what) == ("x", True)
    assert "plan clear x" in problem.hint
    await store.put_plan("x", None)
    assert await begins(store) == ["x1", "y1"]
    assert (await store.problems(), await store.check()) == ((), ())
    await store.close()


async def test_a_quota_that_cannot_be_read_is_as_good_as_unknown(path):
    store = await open_store(path, HandClock())
    await store._write(lambda connection: connection.exec_driver_sql("UPDATE channels SET quota = '{', quota_at = 1"))
    assert await store.quota("x") is None
    await store.close()


@pytest.mark.parametrize("column", ["body", "text"])
async def test_a_damaged_article_hides_no_other_and_is_taken_anew(path, column):
    damage(path, "articles", "name = 'reading-room'", "no UTF-8", column)
    store = await open_store(path, HandClock())
    assert await store.problems() == ()
    assert any("library/reading-room is damaged" in fault for fault in await store.check())
    with pytest.raises(NotFound, match="damaged"):
        await store.article("library", "reading-room")
    assert (await store.article("library", "night-opening")).name == "night-opening"
    assert [each.where for each in await store.problems()] == ["library/reading-room"]
    assert (await store.editions())["library", "reading-room"] == ""
    assert (await store.delivery("y1")).state is State.SCHEDULED
    await store.put_article(article("reading-room"), NOON)
    assert (await store.article("library", "reading-room")).name == "reading-room"
    assert (await store.problems(), await store.check()) == ((), ())
    with pytest.raises(NotFound, match="there is no article"):
        await store.article("library", "attic")
    await store.close()


async def test_readers_find_every_article_but_the_damaged_one(path):
    store = await open_store(path, HandClock())
    await store.add_deliveries([delivery("x2", "other words", "x", article="reading-room", due=NOON + MINUTE)], NOON)
    await store.move([Change.of(await store.delivery(each), State.SENT, "") for each in ("x1", "x2")], NOON)
    both = {each.name for each in await store.latest(5)}
    assert both == {each.name for each in await store.search("midnight", 5)} == {"night-opening", "reading-room"}
    await store.close()
    damage(path, "articles", "name = 'night-opening'", "no JSON")
    store = await open_store(path, HandClock())
    assert {each.name for each in await store.latest(5)} == both - {"night-opening"}
    assert {each.name for each in await store.search("midnight", 5)} == both - {"night-opening"}
    await store.close()


@pytest.mark.parametrize("harm", HARM)
async def test_a_damaged_campaign_is_not_taken_for_one_without_approval(path, harm):
    damage(path, "campaigns", "name = 'library'", harm)
    store = await open_store(path, HandClock())
    with pytest.raises(NotFound, match="campaign library is damaged"):
        await store.campaign("library")
    assert any("campaign library is damaged" in fault for fault in await store.check())
    assert await store.campaign("museum") == Campaign(name="museum")
    await store.put_campaigns([Campaign(name="library", approval=True)])
    assert (await store.campaign("library")).approval
    assert await store.check() == ()
    await store.close()


async def test_a_damaged_problem_hides_no_other(path):
    store = await open_store(path, HandClock())
    await store.put_problems("folder", [Problem(where="a.md", what="broken"), Problem(where="b.md", what="broken")])
    await store.close()
    damage(path, "problems", "number = 0", "no UTF-8")
    store = await open_store(path, HandClock())
    assert [each.where for each in await store.problems()] == ["b.md"]
    await store.close()
