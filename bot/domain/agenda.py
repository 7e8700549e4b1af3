"""Agenda: the days of a range as people read them: what goes out, what is free, what is silent, where the clocks change."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise, takewhile
from zoneinfo import ZoneInfo

from bot.domain.delivery import Delivery
from bot.domain.plan import TICK, Blackout, Plan, instant

#: A plan whose slots lie closer together than this has room everywhere: they are told of, not listed.
STEADY = timedelta(minutes=15)
SECOND = timedelta(seconds=1)


#: How many deliveries stand in a span of time, and the first of them.
Span = tuple[int, Sequence[Delivery]]
#: The slots that are taken, by channel.
Booked = Mapping[str, frozenset[datetime]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A free slot of a channel's plan."""

    channel: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A blackout, and the channels on which it counts."""

    blackout: Blackout
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A change of the clocks: the first instant of the new time, and by how much it lies ahead of the old one."""

    at: datetime
    by: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day as a zone (by its IANA name) counts it, from `start` up to `end`, aware UTC.

    They lie 23 or 25 hours apart where a clock changes. `deliveries` are the first ones by moment, `count` how many there
    are in all. `free` are slots that are still to come.
    """

    zone: str
    date: date
    start: datetime
    end: datetime
    deliveries: tuple[Delivery, ...] = ()
    count: int = 0
    free: tuple[Opening, ...] = ()
    silences: tuple[Silence, ...] = ()
    shift: Shift | None = None

    @property
    def more(self) -> int:
        """How many deliveries there are beside those that are listed."""
        return self.count - len(self.deliveries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """Days in a row. `steady` are channels whose plans have slots too close together to list."""

    days: tuple[Day, ...]
    steady: tuple[str, ...] = ()


def moment_of(delivery: Delivery) -> datetime | None:
    """Return the moment under which a delivery stands in the agenda: when it goes or went out, None while unscheduled.

    Of one that is uncertain `due` tells when it is looked for again, so that its slot counts.
    """
    first, second = (delivery.slot, delivery.due) if delivery.state == "uncertain" else (delivery.due, delivery.slot)
    return first or second


def midnights(first: date, days: int, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Return the first instants of so many days and of the one after them."""
    return tuple(instant(first + timedelta(days=number), time(0), zone) for number in range(days + 1))


def shift(start: datetime, end: datetime, zone: ZoneInfo) -> Shift | None:
    """Return the change of the clocks in a day, None when there is none; one that skips its midnight is at its `start`."""
    before, after = start - SECOND, end - SECOND
    old, new = _offset(before, zone), _offset(after, zone)
    if old == new:
        return None
    while after - before > SECOND:
        middle = (before + (after - before) / 2).replace(microsecond=0)
        before, after = (middle, after) if _offset(middle, zone) == old else (before, middle)
    return Shift(at=after, by=new - old)


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)


def openings(plan: Plan, start: datetime, end: datetime, taken: Collection[datetime]) -> Iterator[datetime]:
    """Yield the free slots of a plan from `start` up to `end`."""
    return (slot for slot in takewhile(lambda slot: slot < end, plan.slots(start - TICK)) if slot not in taken)


def nearest(
    plan: Plan, start: datetime, end: datetime, taken: Collection[datetime], wanted: datetime
) -> datetime | None:
    """Return the free slot from `start` up to `end` that lies nearest to a moment, None when there is none."""
    return min(openings(plan, start, end, taken), key=lambda slot: abs(slot - wanted), default=None)


def is_steady(plan: Plan) -> bool:
    """Tell whether a plan's slots lie so close together that there is room everywhere."""
    return plan.every is not None and plan.every < STEADY


def silences(plans: Sequence[tuple[str, Plan]], start: datetime, end: datetime) -> tuple[Silence, ...]:
    """Return the blackouts of channels' plans that touch a range, one that counts on several channels once."""
    found: dict[Blackout, list[str]] = {}
    for channel, plan in plans:
        for each in plan.blackouts:
            if each.start < end and each.end > start:
                found.setdefault(each, []).append(channel)
    told = (Silence(blackout=each, channels=tuple(on)) for each, on in found.items())
    return tuple(sorted(told, key=lambda each: (each.blackout.start, each.blackout.end)))


def days_of(first: date, days: int, zone: ZoneInfo) -> tuple[Day, ...]:
    """Return so many empty days with the changes of the clocks in them."""
    edges = pairwise(midnights(first, days, zone))
    return tuple(
        Day(zone=zone.key, date=first + timedelta(days=number), start=start, end=end, shift=shift(start, end, zone))
        for number, (start, end) in enumerate(edges)
    )
