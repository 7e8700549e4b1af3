"""What the store tells a face at a glance: how many deliveries there are, and which moved last."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.delivery import State
from bot.domain.ledger import Change
from bot.store.sql import SqlStore
from tests.store_samples import HOUR, MINUTE, NOON, STORES, HandClock, channel, delivery


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqlStore]:
    opened = await STORES[request.param](tmp_path, HandClock())
    await opened.put_channel(channel("x"))
    yield opened
    await opened.close()


async def test_the_tally_counts_every_state_that_has_deliveries_and_no_other(store):
    assert await store.tally() == {}
    await store.add_deliveries([delivery(f"d{n}", due=NOON + n * HOUR) for n in range(3)], NOON)
    await store.add_deliveries([delivery("h", due=None)], NOON)
    assert await store.tally() == {State.SCHEDULED: 3, State.HELD: 1}
    await store.move([Change.of(await store.delivery("d0"), State.CANCELLED, "no")], NOON)
    assert await store.tally() == {State.SCHEDULED: 2, State.HELD: 1, State.CANCELLED: 1}


async def test_what_moved_last_comes_first_however_early_it_was_due(store):
    names = ["a", "b", "c", "d"]
    await store.add_deliveries([delivery(name, due=NOON + n * HOUR) for n, name in enumerate(names)], NOON)
    for minute, name in enumerate(("b", "d", "a")):
        change = Change.of(await store.delivery(name), State.CANCELLED, "no")
        await store.move([change], NOON + minute * MINUTE)
    await store.move([Change.of(await store.delivery("c"), State.HELD, "wait")], NOON + HOUR)

    assert [each.id for each in await store.moved((State.CANCELLED,), 10)] == ["a", "d", "b"]
    assert [each.id for each in await store.moved((State.CANCELLED,), 2)] == ["a", "d"]
    assert [each.id for each in await store.moved((State.CANCELLED, State.HELD), 2)] == ["c", "a"]
    assert await store.moved((State.SENT,), 5) == ()
    assert (await store.moved((State.HELD,), 1))[0] == await store.delivery("c")
