"""A channel's limits shrink while one of its posts is being sent, or waits to be tried again."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

import pytest

from bot.domain.delivery import State
from bot.domain.ledger import Change
from bot.domain.outcome import Retry, Sent, Unknown
from bot.flow.reconcile import Reconcile
from bot.flow.refitting import WHY, Refitting
from tests.flow.conftest import PACE
from tests.store_samples import HOUR, MINUTE, NOON, article, attempt, channel, delivery, receipt

LONG = "The library stays open until midnight on Fridays, and tea is served in the reading room to all who stay."
SMALL = replace(channel("board").limits, length=40)


@dataclass
class Busy:
    """A clock; while somebody sleeps by it, something happens."""

    meanwhile: list[Callable[[], Awaitable[object]]] = field(default_factory=list)

    def now(self) -> datetime:
        return NOON + MINUTE

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, span: timedelta) -> None:
        if self.meanwhile:
            await self.meanwhile.pop(0)()


async def sending(house):
    await house.store.put_article(article(text=LONG), NOON)
    await house.store.add_deliveries([delivery("s", LONG, channel="board", due=NOON + MINUTE)], NOON)
    of = await house.store.delivery("s")
    await house.store.arm(of, attempt(of), NOON + HOUR)
    return await house.store.delivery("s")


async def ends(house, of, outcome, to, **more):
    done = replace(attempt(replace(of, epoch=0)), ended=NOON + MINUTE, outcome=outcome)
    await house.store.record(done, Change.of(of, to, "", **more))


@pytest.mark.parametrize(
    ("outcome", "to", "due", "after"),
    [
        (Retry(why="busy"), State.RETRYING, NOON + HOUR, State.HELD),
        (Unknown(why="silence"), State.UNCERTAIN, NOON + HOUR, State.UNCERTAIN),
        (Sent(receipt=receipt("s")), State.SENT, None, State.SENT),
    ],
)
async def test_what_is_being_sent_while_the_limits_shrink_is_held_if_it_is_to_be_tried_again(
    house, outcome, to, due, after
):
    of = await sending(house)
    clock = Busy(meanwhile=[partial(ends, house, of, outcome, to, due=due)])
    small = replace(channel("board"), limits=SMALL)
    await house.store.put_channel(small)
    held = await Refitting(house.store, clock, house.planner).look(small)
    found = await house.store.delivery("s")
    assert (found.state, list(held)) == (after, ["s"] if after is State.HELD else [])
    assert (WHY in found.why) is (after is State.HELD)


async def test_nobody_waits_for_ever_for_what_is_being_sent(house):
    await sending(house)
    small = replace(channel("board"), limits=SMALL)
    await house.store.put_channel(small)
    assert list(await Refitting(house.store, Busy(), house.planner).look(small)) == []
    assert (await house.store.delivery("s")).state is State.SENDING


async def test_a_post_that_does_not_fit_any_more_is_never_tried_again_as_it_was(house):
    """Retrying when the limits shrink, uncertain when they shrink: each is held with the reason, and nothing is lost."""
    of = await sending(house)
    await ends(house, of, Unknown(why="silence"), State.UNCERTAIN, due=NOON + MINUTE)
    small = replace(channel("board"), limits=SMALL)
    await house.store.put_channel(small)
    assert list(await Refitting(house.store, house.clock, house.planner).look(small)) == []
    reconcile = Reconcile(house.store, house.clock, house.boards, house.steering, PACE)
    for _ in range(6):
        house.clock.at += HOUR
        await reconcile.look()
    found = await house.store.delivery("s")
    assert (found.state, WHY in found.why) == (State.HELD, True)
    await house.settle()
    assert house.boards["board"].calls == []
