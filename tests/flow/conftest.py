"""A whole flow over a real store: two channels, a clock set by hand, platforms in memory."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from bot.domain.plan import Plan
from bot.flow.dispatch import Dispatch, Pace
from bot.flow.intake import Intake
from bot.flow.planning import Planner
from bot.flow.reconcile import Reconcile
from bot.flow.steering import Steering
from bot.store.sql import SqlStore
from tests.fakes import HandEngine, NoticeBoard, Shelf
from tests.store_samples import HandClock, channel, sqlite

PACE = Pace(deadline=timedelta(seconds=30), jitter=lambda: 0.0)


@dataclass(slots=True)
class House:
    """Everything that app.py would introduce to each other."""

    clock: HandClock
    store: SqlStore
    boards: dict[str, NoticeBoard]
    shelf: Shelf
    engine: HandEngine
    planner: Planner
    intake: Intake
    steering: Steering
    dispatch: Dispatch
    reconcile: Reconcile

    async def settle(self, rounds: int = 1) -> None:
        """Wake the dispatcher and wait until nothing is under way, so many times."""
        for _ in range(rounds):
            await self.dispatch.wake()
            await self.dispatch.idle()

    def pass_time(self, span: timedelta) -> None:
        self.clock.at += span


@pytest.fixture
async def house(tmp_path) -> AsyncIterator[House]:
    clock = HandClock()
    store = await sqlite(tmp_path, clock)
    for name in ("board", "wall"):
        await store.put_channel(channel(name))
    boards = {name: NoticeBoard(clock) for name in ("board", "wall")}
    engine, plan = HandEngine(), Plan()
    planner = Planner(store, clock, plan)
    steering = Steering(store, clock, planner)
    yield House(
        clock=clock,
        store=store,
        boards=boards,
        shelf=Shelf(),
        engine=engine,
        planner=planner,
        intake=Intake(store, clock, planner),
        steering=steering,
        dispatch=Dispatch(store, clock, engine, boards, plan, PACE),
        reconcile=Reconcile(store, clock, boards, steering, PACE),
    )
    await store.close()
