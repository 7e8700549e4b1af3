"""The port of what wakes due work."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol


class Engine(Protocol):
    """What wakes due work. The ledger is the truth; an engine only calls."""

    async def start(
        self, wake: Callable[[], Awaitable[None]], chores: Mapping[timedelta, Callable[[], Awaitable[None]]]
    ) -> None:
        """Call `wake` at each moment given to `wake_at` and every few seconds besides; each chore at its interval."""
        ...

    def wake_at(self, moment: datetime) -> None:
        """Move the one coming wake-up to that moment if it is earlier than the present one (or that one has passed)."""
        ...

    async def stop(self) -> None:
        """Call nothing more; return when no call is under way."""
        ...
