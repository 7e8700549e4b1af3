"""Channels under rules: what the tests of pacing set up, and how they let time pass."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.domain.delivery import State
from bot.domain.ledger import Change
from bot.domain.plan import Plan
from bot.flow.dispatch import Dispatch
from tests.fakes import LIMITS, HandEngine
from tests.flow.conftest import PACE, House
from tests.store_samples import MINUTE, NOON, SECOND, channel, delivery

DAY = timedelta(days=1)
GAP = 5 * MINUTE


async def rules(house: House, *, plan: Plan | None = None, **limits: Any) -> None:
    """Give the channel "board" its limits and its plan."""
    await house.store.put_channel(channel("board", limits=replace(LIMITS, **limits)))
    if plan is not None:
        await house.store.put_plan("board", plan)


async def add(house: House, *deliveries) -> None:
    await house.store.add_deliveries(deliveries, house.clock.now())


def posts(count: int, due: datetime = NOON, step: timedelta = SECOND, **more):
    """So many deliveries on "board", the first due at `due`, the last `step` by `step` later."""
    return [delivery(f"a{n:03}", channel="board", due=due + n * step, **more) for n in range(count)]


def restarted(house: House) -> None:
    """Let another process go on with the same ledger."""
    house.dispatch = Dispatch(house.store, house.clock, HandEngine(), house.boards, Plan(), PACE)


async def dues(house: House) -> list[timedelta]:
    """Return when what is scheduled is due, since noon."""
    found = await house.store.deliveries(states=(State.SCHEDULED, State.RETRYING))
    return [each.due - NOON for each in found if each.due]


async def live(house: House, until: datetime) -> list[datetime]:
    """Wake at every moment that dispatch asks for up to `until`; return when each call reached the board."""
    board, moments = house.boards["board"], []
    while house.clock.at <= until:
        before = len(board.calls)
        await house.settle()
        moments += [house.clock.at] * (len(board.calls) - before)
        upcoming = await house.store.next_due()
        if upcoming is None or upcoming > until:
            break
        house.clock.at = max(upcoming, house.clock.at + timedelta(milliseconds=1))
    return moments


def most_within(moments: list[datetime], span: timedelta) -> int:
    return max((sum(start <= each < start + span for each in moments) for start in moments), default=0)


def change(found, slot):
    return Change.of(found, State.SCHEDULED, "approved", slot=slot, due=slot)


def counted(name, call, reads):
    async def noted(*args, **more):
        reads.append(name)
        return await call(*args, **more)

    return noted
