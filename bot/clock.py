"""The one Clock: every other module takes `now` as an argument or asks here."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime


class SystemClock:
    """The machine's clock, which never runs backwards for us: set back, it stands still until time catches up."""

    def __init__(self) -> None:
        self._latest = datetime.now(UTC)

    def now(self) -> datetime:
        """Return the present, aware UTC, never earlier than a moment returned before."""
        self._latest = max(self._latest, datetime.now(UTC))
        return self._latest

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start, for durations."""
        return time.monotonic()

    async def sleep(self, span: timedelta) -> None:
        """Wait that long (not at all when negative)."""
        await asyncio.sleep(max(0.0, span.total_seconds()))


@dataclass(slots=True)
class PeerClocks:
    """How far the clocks of those we talk to stand ahead of ours, by the Date of their latest answer; None = none heard."""

    clock: SystemClock
    ahead: timedelta | None = None

    def heard(self, date: str | None) -> None:
        """Take note of an HTTP Date header; one that is missing or odd tells nothing."""
        try:
            self.ahead = parsedate_to_datetime(date or "") - self.clock.now()
        except (TypeError, ValueError):
            return
