"""An engine without time of its own: it remembers when it was asked to wake, and whoever steps the clock asks it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(slots=True)
class SteppingEngine:
    """Calls nothing by itself; `wanted` is the earliest moment asked for, None = none."""

    wanted: datetime | None = None

    async def start(
        self, wake: Callable[[], Awaitable[None]], chores: Mapping[timedelta, Callable[[], Awaitable[None]]]
    ) -> None:
        """Call once what is to be woken."""
        await wake()

    def wake_at(self, moment: datetime) -> None:
        """Remember the moment if it is earlier than the one remembered."""
        self.wanted = moment if self.wanted is None else min(self.wanted, moment)

    def take(self) -> datetime | None:
        """Return the moment that was asked for, and forget it."""
        moment, self.wanted = self.wanted, None
        return moment

    async def stop(self) -> None:
        """Forget everything."""
        self.wanted = None
