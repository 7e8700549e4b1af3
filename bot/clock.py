"""The one Clock: every other module takes `now` as an argument or asks here.

set back, or a little off        our time stands still until the machine's catches up
asleep for nine hours            our time has gone on: the steady clock counts sleep too
a jump of more than TRUSTED      not believed: our time goes on by the steady clock, until the platforms' own
                                 clocks say that the machine's is right
wrong when the bot starts        two platforms' clocks that agree are believed instead
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import structlog

log = structlog.get_logger("clock")

BOOTTIME: int | None = getattr(time, "CLOCK_BOOTTIME", None)
#: By how much the machine's clock may be set without anyone confirming it.
TRUSTED = timedelta(minutes=5)


def wall() -> datetime:
    """Return what the machine's clock says, aware UTC."""
    return datetime.now(UTC)


def steady() -> float:
    """Return seconds that nobody can set and that go on while the machine sleeps.

    Linux's CLOCK_MONOTONIC stops in sleep, its CLOCK_BOOTTIME does not (clock_gettime(2)); elsewhere there is only one.
    """
    return time.clock_gettime(BOOTTIME) if BOOTTIME is not None else time.monotonic()


class SystemClock:
    """The machine's clock as far as it can be believed; `doubt` is by how much it jumped, None = it did not."""

    def __init__(self, wall: Callable[[], datetime] = wall, steady: Callable[[], float] = steady) -> None:
        self._wall, self._steady = wall, steady
        self._known, self._at = wall(), steady()
        self._latest = self._known
        self.doubt: timedelta | None = None

    def now(self) -> datetime:
        """Return the present, aware UTC, never earlier than a moment returned before (but see `believe`)."""
        said, ticks = self._wall(), self._steady()
        ours = self._known + timedelta(seconds=ticks - self._at)
        if -TRUSTED <= said - ours <= TRUSTED:
            self._known, self._at, self.doubt = said, ticks, None
            ours = said
        elif self.doubt is None or abs(said - ours - self.doubt) > TRUSTED:
            self.doubt = said - ours
            log.warning("the machine's clock jumped", by=str(self.doubt), believed=ours.isoformat())
        if ours > self._latest:
            self._latest = ours
        return self._latest

    def believe(self) -> None:
        """Take what the machine's clock says for true, earlier or later: somebody else's clock says so too."""
        self._known, self._at, self.doubt = self._wall(), self._steady(), None
        self._latest = self._known
        log.warning("the machine's clock is right after all", now=self._known.isoformat())

    def correct(self, ahead: timedelta) -> None:
        """Let our time be so much later (or earlier): the machine's clock is wrong, and was so from the start."""
        self._known, self._at = self.now() + ahead, self._steady()
        self._latest, self.doubt = self._known, -ahead
        log.error("the machine's clock is wrong: set it by NTP", by=str(-ahead), believed=self._known.isoformat())

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start, for durations; they pass while the machine sleeps, too."""
        return self._steady()

    async def sleep(self, span: timedelta) -> None:
        """Wait that long (not at all when negative)."""
        await asyncio.sleep(max(0.0, span.total_seconds()))


@dataclass(slots=True)
class PeerClocks:
    """How far the clocks of those we talk to stand ahead of ours, by the Date of their latest answer; None = none heard.

    An answer that bears out a jump of the machine's clock ends the doubt about it. `hosts` has the last of each.
    """

    clock: SystemClock
    ahead: timedelta | None = None
    hosts: dict[str, timedelta] = field(default_factory=dict)

    def skew(self) -> timedelta:
        """Return how far they stand ahead of ours, nothing when none was heard."""
        return self.ahead or timedelta(0)

    def agree(self) -> None:
        """At the start, when nothing has been done by our clock yet: believe two hosts that agree that it is wrong."""
        told = sorted(self.hosts.values())
        if len(told) > 1 and told[-1] - told[0] <= TRUSTED < min(map(abs, told)):
            self.clock.correct(told[len(told) // 2])
            self.ahead = timedelta(0)

    def heard(self, host: str, date: str | None) -> None:
        """Take note of the Date header of a host's answer; one that is missing or odd tells nothing."""
        try:
            self.ahead = self.hosts[host] = parsedate_to_datetime(date or "") - self.clock.now()
        except (TypeError, ValueError):
            return
        if self.clock.doubt is not None and abs(self.ahead - self.clock.doubt) <= TRUSTED < abs(self.ahead):
            self.clock.believe()
            self.ahead = timedelta(0)


@dataclass(slots=True)
class SteppedClock:
    """A Clock that stands `at` a moment until somebody moves it; sleeping moves it. For rehearsals."""

    at: datetime

    def now(self) -> datetime:
        """Return the moment at which it stands."""
        return self.at

    def monotonic(self) -> float:
        """Return the same in seconds."""
        return self.at.timestamp()

    async def sleep(self, span: timedelta) -> None:
        """Be later at once."""
        self.at += max(span, timedelta(0))
        await asyncio.sleep(0)
