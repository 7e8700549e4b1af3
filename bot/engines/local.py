"""One process: APScheduler with a handful of jobs in memory, never one per post.

Traps that shaped this (APScheduler 3.11): a job that is a second late is dropped unless `misfire_grace_time=None`; a jump
of the clock makes it compute every missed run unless `coalesce`; clock changes need care, so it runs in UTC only; a sleep
of the machine may overshoot, so a safety tick looks every few seconds whatever the wake-up job believes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.ports import Clock

log = structlog.get_logger("engine")

SAFETY_TICK = timedelta(seconds=2)


class LocalEngine:
    """Calls `wake` at the moment last asked for and at every safety tick, and each chore at its interval."""

    def __init__(self, clock: Clock, tick: timedelta = SAFETY_TICK) -> None:
        self._clock, self._tick = clock, tick
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            executors={"default": AsyncIOExecutor()},
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
        )
        self._wake: Callable[[], Awaitable[None]] | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._next: datetime | None = None

    async def start(
        self, wake: Callable[[], Awaitable[None]], chores: Mapping[timedelta, Callable[[], Awaitable[None]]]
    ) -> None:
        """Begin calling; the first wake-up comes at once."""
        self._wake = wake
        self._every(self._tick, wake, "safety tick")
        for interval, chore in chores.items():
            self._every(interval, chore, f"chore every {interval}")
        self._scheduler.start()
        self.wake_at(self._clock.now())

    def wake_at(self, moment: datetime) -> None:
        """Move the one coming wake-up to that moment if it is earlier than the present one (or that has passed)."""
        if self._wake is None or not self._scheduler.running:
            return
        now = self._clock.now()
        if self._next is None or self._next <= now or moment < self._next:
            self._next = max(moment, now)
            self._scheduler.add_job(
                self._call, "date", run_date=self._next, args=[self._wake, "wake"], id="wake", replace_existing=True
            )

    async def stop(self) -> None:
        """Call nothing more; return when no call is under way."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        self._wake = None
        while self._running:
            await asyncio.wait(self._running)

    def _every(self, interval: timedelta, call: Callable[[], Awaitable[None]], name: str) -> None:
        self._scheduler.add_job(
            self._call, "interval", seconds=interval.total_seconds(), args=[call, name], id=name, name=name
        )

    async def _call(self, call: Callable[[], Awaitable[None]], name: str) -> None:
        """Run one call to its end; a failure is logged and the next tick tries again."""
        task = asyncio.ensure_future(call())
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            await asyncio.shield(task)
        except Exception as error:  # noqa: BLE001 - a failed tick must not end the ticking
            log.error("failed", call=name, error=f"{type(error).__name__}: {error}")
