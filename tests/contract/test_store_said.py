"""What the store tells of a platform's posts: those that are public, may be or will be, on every account of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.dialects import sqlite as dialect

from bot.domain.delivery import State
from bot.domain.finding import Earlier
from bot.domain.ledger import Change
from bot.store import deliveries
from bot.store.sql import SqlStore
from tests.store_samples import HOUR, MINUTE, NOON, STORES, HandClock, attempt, channel, delivery, receipt


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqlStore]:
    opened = await STORES[request.param](tmp_path, HandClock())
    for name in ("x", "x__museum", "xx"):
        await opened.put_channel(channel(name))
    yield opened
    await opened.close()


async def test_every_account_of_a_platform_counts_and_no_other_platform(store):
    here = delivery("d1", "The hall opens.", "x", parts=2)
    there = delivery("d2", "The roof is mended.", "x__museum", due=NOON + HOUR)
    await store.add_deliveries([here, there, delivery("d3", channel="xx")], NOON)
    assert await store.said("x", NOON) == (
        Earlier(channel="x__museum", at=NOON + HOUR, text=there.post.parts[0].text, delivery="d2"),
        Earlier(channel="x", at=NOON, text="\n\n".join(part.text for part in here.post.parts), delivery="d1"),
    )
    assert [each.delivery for each in await store.said("x", NOON + MINUTE)] == ["d2"]
    assert [each.delivery for each in await store.said("xx", NOON)] == ["d3"]
    assert await store.said("y", NOON) == ()


async def test_only_the_nearest_are_told_where_that_is_enough(store):
    await store.add_deliveries([delivery(f"d{n}", due=NOON + n * HOUR) for n in range(8)], NOON)
    found = await store.said("x", NOON, NOON + 3 * HOUR, 3)
    assert [each.delivery for each in found] == ["d4", "d3", "d2"]
    assert [each.delivery for each in await store.said("x", NOON + 3 * HOUR, NOON, 2)] == ["d4", "d3"]


async def test_what_nobody_saw_or_will_see_unasked_does_not_count(store):
    names = ("due", "held", "ended", "sent", "gone", "doubt", "lost", "later")
    await store.add_deliveries([delivery(name, due=NOON + n * HOUR) for n, name in enumerate(names)], NOON)

    async def move(name: str, to: State, **more: object) -> None:
        await store.move([Change.of(await store.delivery(name), to, "so", **more)], NOON)

    for name in ("sent", "gone", "doubt", "lost", "later"):
        known = await store.delivery(name)
        await store.arm(known, attempt(known), NOON + HOUR)
    for name in ("sent", "gone"):
        await store.receipt(name, 1, receipt(name))
        await move(name, State.SENT)
    await move("gone", State.RETRACTED)
    await move("doubt", State.UNCERTAIN)
    await move("lost", State.FAILED)
    await move("later", State.RETRYING, due=NOON + 30 * HOUR)
    await move("held", State.HELD)
    await move("ended", State.CANCELLED)
    told = {each.delivery: each.at for each in await store.said("x", NOON)}
    assert told == {"due": NOON, "sent": NOON + 3 * HOUR, "doubt": NOON + 5 * HOUR, "later": NOON + 30 * HOUR}


async def test_an_edited_post_counts_as_it_is_now(store):
    await store.add_deliveries([delivery("d1", "The hall opens.")], NOON)
    known = await store.delivery("d1")
    await store.replace_post(delivery("d1", "The roof is mended.", due=None, revision=known.revision), NOON)
    assert await store.said("x", NOON) == ()
    await store.move([Change.of(await store.delivery("d1"), State.SCHEDULED, "ok", slot=NOON, due=NOON)], NOON)
    assert ["The roof" in each.text for each in await store.said("x", NOON)] == [True]


async def test_the_question_is_answered_from_the_index_of_slots(store):
    asked = deliveries._SAID.params(on=["x"], since=NOON)
    statement = str(asked.compile(dialect=dialect.dialect(), compile_kwargs={"render_postcompile": True}))
    with store._reading.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", (0,) * statement.count("?")).all()
    steps = " / ".join(str(row[-1]) for row in plan)
    assert "SCAN deliveries" not in steps
    assert "channel=? AND slot>?" in steps
