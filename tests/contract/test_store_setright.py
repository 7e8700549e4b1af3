"""A clock that ran ahead has written moments that lie in the future: the store brings them back."""

from dataclasses import replace
from datetime import timedelta

from bot.domain.delivery import State
from bot.domain.ledger import Change
from tests.store_samples import HOUR, MINUTE, NOON, HandClock, attempt, channel, delivery, sqlite

AHEAD = timedelta(days=10)


async def test_what_was_put_off_by_a_wrong_clock_comes_back_and_nothing_else_moves(tmp_path):
    clock = HandClock(NOON + AHEAD)
    store = await sqlite(tmp_path, clock)
    await store.put_channel(channel("x"))
    planned = delivery("planned", due=NOON + 20 * AHEAD)
    late = delivery("late", due=NOON + AHEAD)
    await store.add_deliveries([planned, late], NOON + AHEAD)
    await store.arm(late, attempt(late, armed=NOON + AHEAD), NOON + AHEAD + MINUTE)
    armed = replace(await store.delivery("late"), state=State.SENDING)
    await store.move([Change.of(armed, State.RETRYING, "429", due=NOON + AHEAD + HOUR)], NOON + AHEAD)
    await store.rest_channel("x", NOON + AHEAD + HOUR, "429")
    clock.at = NOON
    assert await store.set_right(NOON) == 1
    assert (await store.delivery("late")).due == NOON + HOUR
    assert (await store.delivery("planned")).due == NOON + 20 * AHEAD
    [only] = await store.channels()
    assert not only.resting(NOON)
    assert await store.set_right(NOON) == 0
    await store.close()
