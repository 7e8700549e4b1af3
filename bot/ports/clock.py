"""The port of time."""

from datetime import datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """The one place where time comes from."""

    def now(self) -> datetime:
        """Return the present, aware UTC, never earlier than a moment returned before."""
        ...

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start, for durations."""
        ...

    async def sleep(self, span: timedelta) -> None:
        """Wait that long."""
        ...
