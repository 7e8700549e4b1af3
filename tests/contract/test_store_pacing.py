"""What pacing asks of the ledger: who was last armed when, which channels rest and why, whose moments come next."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.delivery import State
from bot.domain.ledger import Change
from bot.store.sql import SqlStore
from tests.store_samples import HOUR, MINUTE, NOON, SECOND, STORES, HandClock, attempt, channel, delivery


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqlStore]:
    opened = await STORES[request.param](tmp_path, HandClock())
    await opened.put_channel(channel("x"))
    await opened.put_channel(channel("mastodon"))
    yield opened
    await opened.close()


async def armed(store: SqlStore, id: str, at, channel: str = "x", again=None) -> None:
    """Arm a delivery at a moment, and once more."""
    await store.add_deliveries([delivery(id, channel=channel, due=at)], NOON)
    for moment in (at, again):
        if moment is not None:
            found = await store.delivery(id)
            await store.arm(found, attempt(found, armed=moment), moment + MINUTE)
            sending = await store.delivery(id)
            await store.move([Change.of(sending, State.RETRYING, "no", due=moment)], moment)


async def test_each_delivery_counts_once_with_its_last_attempt_the_latest_first(store):
    await armed(store, "a1", NOON, again=NOON + 3 * MINUTE)
    await armed(store, "a2", NOON + MINUTE)
    await armed(store, "b1", NOON + 2 * MINUTE, channel="mastodon")
    assert await store.begun("x", NOON) == (NOON + 3 * MINUTE, NOON + MINUTE)
    assert await store.begun("x", NOON + MINUTE + SECOND) == (NOON + 3 * MINUTE,)
    assert await store.begun("x", NOON, but="a1") == (NOON + MINUTE,)
    assert await store.begun("x", NOON + HOUR) == ()
    assert len(await store.armed("x", 9)) == 3
    assert await store.armed("x", 1, 1) == (NOON + MINUTE,)
    assert await store.armed("x", 1, 3) == ()


async def test_what_was_put_off_is_told_by_its_moment_until_it_is_cancelled(store):
    plain = [delivery(name, due=NOON + n * SECOND) for n, name in enumerate(("a1", "a2", "a3"))]
    await store.add_deliveries([*plain, delivery("b1", channel="mastodon")], NOON)
    for name, due in (("a1", NOON + HOUR), ("a2", NOON + MINUTE), ("b1", NOON + HOUR)):
        await store.reschedule(await store.delivery(name), due, "later", NOON)
    assert await store.put_off("x", NOON) == (NOON + MINUTE, NOON + HOUR)
    assert await store.put_off("x", NOON + MINUTE) == (NOON + HOUR,)
    await store.move([Change.of(await store.delivery("a1"), State.CANCELLED, "")], NOON)
    assert await store.put_off("x", NOON) == (NOON + MINUTE,)


async def test_a_channel_rests_with_a_reason_until_it_is_told_to_go_on(store):
    await store.rest_channel("x", NOON + HOUR, "its host does not answer")
    await store.put_channel(channel("x", account="@library"))
    known = {each.name: each for each in await store.channels()}
    assert (known["x"].rests, known["x"].rests_why) == (NOON + HOUR, "its host does not answer")
    assert (known["x"].resting(NOON), known["x"].resting(NOON + HOUR)) == (True, False)
    assert (known["mastodon"].rests, known["mastodon"].rests_why) == (None, "")
    await store.add_deliveries([delivery("a1")], NOON)
    assert (await store.ready(NOON, ())).deliveries == ()
    await store.rest_channel("x", None)
    assert [each.id for each in (await store.ready(NOON, ())).deliveries] == ["a1"]
    assert not (await store.channels())[1].resting(NOON)


async def test_the_next_moment_is_told_without_the_channels_that_are_busy(store):
    await store.add_deliveries([delivery("a1"), delivery("b1", channel="mastodon", due=NOON + HOUR)], NOON)
    assert await store.next_due() == NOON
    assert await store.next_due(["x"]) == NOON + HOUR
    assert await store.next_due(["x", "mastodon"]) is None
