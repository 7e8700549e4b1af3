"""Plan: the rule that makes slots. Slot: a moment on one channel, used once."""

from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from zoneinfo import ZoneInfo

from bot.domain.lateness import LatePolicy

#: No zone has ever skipped more of its own day than this, but for islands that moved across the date line.
LONGEST_GAP = timedelta(hours=25)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blackout:
    """A time in which nothing is posted: from `start` up to `end`, aware UTC, and why."""

    start: datetime
    end: datetime
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Wall-clock times on some weekdays in one IANA zone; or, with `every`, steady steps between the first and last.

    `days` are 0 (Monday) to 6; `times` wall-clock times to the second, sorted. With `every` set, `times` holds the
    first and the last moment of the day and slots stand `every` apart from the first on.
    A time that a clock change skips moves to the first valid instant after; one that comes twice fires once, the first.
    `blackouts` are passed over. `daily` is how many deliveries a channel sends at most within 24 hours, `budget` what
    its published parts may cost at most in a calendar month (UTC), in millionths; 0 means no limit. `resend` False means that
    a person decides whether a post that left no trace is sent again. `paid_results` True: what became of posts is asked even
    where asking costs money, within the budget.
    """

    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    times: tuple[time, ...] = (time(9), time(12, 30), time(17, 30))
    zone: str = "UTC"
    every: timedelta | None = None
    late: LatePolicy = field(default_factory=LatePolicy)
    blackouts: tuple[Blackout, ...] = ()
    daily: int = 0
    budget: int = 0
    resend: bool = True
    paid_results: bool = False

    def slots(self, after: datetime) -> Iterator[datetime]:
        """Yield the plan's moments later than `after` that no blackout covers, in order, aware UTC, without end.

        There are none if the plan has no days or times.
        """
        blocked: datetime | None = after
        while blocked is not None:
            start, blocked = blocked, None
            for moment in self._moments(start):
                clear = self.clear_from(moment)
                if clear > moment:
                    blocked = clear - TICK
                    break
                yield moment

    def blackout_at(self, moment: datetime) -> Blackout | None:
        """Return the blackout that a moment lies in, of several the one that ends last; None when there is none."""
        covering = (each for each in self.blackouts if each.start <= moment < each.end)
        return max(covering, key=lambda each: each.end, default=None)

    def clear_from(self, moment: datetime) -> datetime:
        """Return the first moment, at or after this one, that no blackout covers."""
        while (blackout := self.blackout_at(moment)) is not None:
            moment = blackout.end
        return moment

    def _moments(self, after: datetime) -> Iterator[datetime]:
        """Yield the moments later than `after` as if there were no blackouts."""
        if not self.days or not self.times:
            return
        zone = ZoneInfo(self.zone)
        floor = after.astimezone(zone).replace(tzinfo=None) - LONGEST_GAP
        day, last = floor.date(), after.astimezone(UTC)
        while day < date.max - timedelta(days=2):
            if day.weekday() in self.days:
                for at in self._times_of_day():
                    if datetime.combine(day, at) >= floor and (moment := instant(day, at, zone)) > last:
                        yield moment
                        last = moment
            day += timedelta(days=1)

    def _times_of_day(self) -> Iterator[time]:
        if self.every is None:
            yield from self.times
            return
        at, end = (datetime.combine(date(2000, 1, 1), each) for each in (self.times[0], self.times[-1]))
        while at <= end:
            yield at.time()
            at += self.every


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the UTC instant of a wall-clock time: the first of two in an overlap, the first valid one after a gap.

    Source: PEP 495. In a gap, fold=0 reads the time with the offset from before the change, which names an instant
    after it; the end of the gap itself is found by halving the way between.
    """
    wall = datetime.combine(day, at, tzinfo=zone)
    moment = wall.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return moment
    before, after = moment - timedelta(days=1), moment
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after


def mark_of(plan: Plan | None) -> str:
    """Return what tells a plan from any other, short enough for a form; None = a channel has no plan of its own."""
    return blake2b(repr(plan).encode(), digest_size=8).hexdigest()


def next_slot(
    plan: Plan, after: datetime, taken: Container[datetime], before: datetime | None = None
) -> datetime | None:
    """Return the first slot later than `after` that is not taken; None when there is none before `before` (or ever)."""
    for slot in plan.slots(after):
        if before is not None and slot >= before:
            return None
        if slot not in taken:
            return slot
    return None
