"""One process: APScheduler with a handful of jobs in memory, never one per post.

Traps that shaped this (APScheduler 3.11; its issues 292, 351, 526 and 752, and measurements):

    a job a second late is dropped               misfire_grace_time=None
    a call that takes longer than its interval   each call's job is made anew when it has ended, so none is ever skipped
    a clock that jumps forward makes an interval trigger list every run it missed, years of them (a board
    without a battery starts in 1970)            jobs fire once, at a distance from now
    a clock set back lets every job sleep until  a watch by the steady clock makes anew what should have run by then
    the old time comes again
"""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from bot.ports import Clock

log = structlog.get_logger("engine")

SAFETY_TICK = timedelta(seconds=2)
WAKE = "wake"
#: New objects after which the collector looks for cycles; Python's own 700 is for programs that make few.
GARBAGE = 10_000


@dataclass(slots=True, kw_only=True)
class Errand:
    """One thing to call, at the latest each `interval`. `due` by the steady clock, in seconds; None while it is running.

    `asked` is when it shall run again, asked for while it was running.
    """

    call: Callable[[], Awaitable[None]]
    interval: float
    due: float | None = None
    asked: float | None = None


class LocalEngine:
    """Calls `wake` at the moment last asked for and at every safety tick, and each chore at its interval.

    No call overlaps another of its kind; a wake-up asked for while one is under way is followed by another.
    """

    def __init__(self, clock: Clock, tick: timedelta = SAFETY_TICK) -> None:
        self._clock, self._tick = clock, tick.total_seconds()
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            executors={"default": AsyncIOExecutor()},
            # Two: a job that is made anew at the end of its call may begin before the scheduler knows of that end.
            job_defaults={"misfire_grace_time": None, "max_instances": 2},
        )
        self._errands: dict[str, Errand] = {}
        self._under_way: set[asyncio.Task[object]] = set()
        self._watch: asyncio.TimerHandle | None = None

    async def start(
        self, wake: Callable[[], Awaitable[None]], chores: Mapping[timedelta, Callable[[], Awaitable[None]]]
    ) -> None:
        """Begin calling; the first wake-up comes at once, a chore's first run after its interval."""
        _spare_the_collector()
        self._scheduler.start()
        self._errands = {WAKE: Errand(call=wake, interval=self._tick)}
        for interval, chore in chores.items():
            self._errands[f"chore every {interval}"] = Errand(call=chore, interval=interval.total_seconds())
        for name, errand in self._errands.items():
            self._plan(name, 0 if name == WAKE else errand.interval)
        self._look()

    def wake_at(self, moment: datetime) -> None:
        """Move the one coming wake-up to that moment if it is earlier than the present one."""
        if WAKE not in self._errands:
            return
        errand, delay = self._errands[WAKE], max(0.0, (moment - self._clock.now()).total_seconds())
        due = self._clock.monotonic() + delay
        if errand.due is None:
            errand.asked = due if errand.asked is None else min(due, errand.asked)
        elif due < errand.due and delay:
            self._plan(WAKE, delay)
        elif due < errand.due:
            # At once, past the scheduler: this comes after each delivery, and a job costs as much as its commit.
            errand.due = due
            asyncio.get_running_loop().create_task(self._run(WAKE), name=WAKE)

    async def stop(self) -> None:
        """Call nothing more; return when no call is under way."""
        self._errands = {}
        if self._watch is not None:
            self._watch.cancel()
        if self._scheduler.running:
            self._scheduler.remove_all_jobs()
            await asyncio.sleep(0)  # noqa: TID251 - what the scheduler has just begun sees that there is nothing to do
        while self._under_way:
            await asyncio.wait(self._under_way)
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
            await asyncio.sleep(0)  # noqa: TID251 - the scheduler stops its timer in the loop's next turn

    def _plan(self, name: str, delay: float) -> None:
        """Let an errand run after so many seconds, and no earlier plan for it stand."""
        self._errands[name].due = self._clock.monotonic() + delay
        self._scheduler.add_job(
            self._run, Once(timedelta(seconds=delay)), args=[name], id=name, name=name, replace_existing=True
        )

    async def _run(self, name: str) -> None:
        """Run one call to its end, then plan the next; a failure is logged and the next one tries again."""
        errand, task = self._errands.get(name), asyncio.current_task()
        if errand is None or errand.due is None or task is None:
            return
        errand.due = None
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        try:
            await errand.call()
        except Exception as error:  # noqa: BLE001 - a failed call must not end the calling
            log.error("failed", call=name, error=f"{type(error).__name__}: {error}")
        finally:
            if name in self._errands:
                self._plan(name, self._until_next(errand))

    def _until_next(self, errand: Errand) -> float:
        """Return the seconds to an errand's next run: its interval, or less if it was asked for meanwhile."""
        asked, errand.asked = errand.asked, None
        return errand.interval if asked is None else min(errand.interval, max(0.0, asked - self._clock.monotonic()))

    def _look(self) -> None:
        """Plan anew what should have run a while ago by the steady clock: the other one was set back."""
        late = self._clock.monotonic() - self._tick
        for name, errand in self._errands.items():
            if errand.due is not None and errand.due < late:
                self._plan(name, 0)
        self._watch = asyncio.get_running_loop().call_later(self._tick, self._look)


def _spare_the_collector() -> None:
    """Let Python's garbage collector pass over all that was loaded so far: it took a tenth of a delivery's time."""
    gc.freeze()
    gc.set_threshold(GARBAGE, 10, 10)


class Once(BaseTrigger):  # type: ignore[misc]  # the library has no types
    """Fires once, so long after the moment at which the scheduler takes it in, by the scheduler's own clock."""

    def __init__(self, delay: timedelta) -> None:
        self._delay = delay

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
        """Return when to fire, None when that is done."""
        return now + self._delay if previous is None else None
