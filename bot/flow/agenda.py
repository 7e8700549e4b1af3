"""The calendar: what goes out on the days of a range, which slots are free, what is silent, what has no moment yet."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import groupby, islice
from zoneinfo import ZoneInfo

from bot.domain.agenda import Agenda, Booked, Day, Opening, days_of, is_steady, openings, silences
from bot.domain.delivery import Delivery, State
from bot.domain.plan import TICK, Plan
from bot.errors import BadInput
from bot.ports import Clock, Store

#: The most days that are asked for at once: six weeks, as a sheet of a calendar shows a month.
LONGEST = 42
#: How far ahead free slots are offered.
AHEAD = timedelta(days=60)


class Calendar:
    """Reads the schedule by days. A day of a zone is what the people there call so: 23, 24 or 25 hours."""

    def __init__(self, store: Store, clock: Clock, default: Plan) -> None:
        self._store, self._clock, self._default = store, clock, default

    async def agenda(self, first: date, days: int, zone: str, *, most: int, channel: str = "") -> Agenda:
        """Return so many days from the first on, of all channels or one, with at most `most` deliveries listed on each."""
        if not 0 < days <= LONGEST:
            raise BadInput(f"{days} days are not a range of the calendar", hint=f"ask for 1 to {LONGEST}")
        empty = days_of(first, days, ZoneInfo(zone))
        start, end = empty[0].start, empty[-1].end
        standing = await self._store.spans([start, *(day.end for day in empty)], most, channel)
        plans = await self._plans(channel)
        booked = await self._store.booked(list(plans), start, end)
        listed = {name: plan for name, plan in plans.items() if not is_steady(plan)}
        free = _free(listed, booked, max(start, self._clock.now() + TICK), end)
        return Agenda(
            days=tuple(
                replace(
                    day,
                    deliveries=tuple(found),
                    count=count,
                    free=tuple(each for each in free if day.start <= each.at < day.end),
                    silences=silences(tuple(plans.items()), day.start, day.end),
                )
                for day, (count, found) in zip(empty, standing, strict=True)
            ),
            steady=tuple(name for name in plans if name not in listed),
        )

    async def waiting(self, limit: int, channel: str = "") -> Sequence[Sequence[Delivery]]:
        """Return what is held and has no moment, at most so many deliveries, those of one article together."""
        held = await self._store.deliveries(states=(State.HELD,), channel=channel, limit=limit)
        return _by_article(held)

    async def titles(self, deliveries: Sequence[Delivery]) -> Mapping[tuple[str, str], str]:
        """Return the titles of the articles that deliveries are of."""
        return await self._store.titles([(each.campaign, each.article) for each in deliveries])

    async def openings(self, delivery: Delivery, most: int, day: Day | None = None) -> Sequence[datetime]:
        """Return the next free slots that a delivery may have, within two months or on one day."""
        plan, now = (await self._plans(delivery.channel))[delivery.channel], self._clock.now()
        earliest, latest = (None, None) if delivery.receipts else (delivery.not_before, delivery.expires)
        start = max(each for each in (now + TICK, earliest, day and day.start) if each)
        end = min(each for each in (start + AHEAD, latest, day and day.end) if each)
        booked = await self._store.booked([delivery.channel], start, end)
        return tuple(islice(openings(plan, start, end, booked[delivery.channel]), most))

    async def zones(self) -> Sequence[str]:
        """Return the time zones that channels' plans are written in, the default one first."""
        own = {plan.zone for plan in (await self._plans()).values()}
        return (self._default.zone, *sorted(own - {self._default.zone}))

    async def _plans(self, channel: str = "") -> Mapping[str, Plan]:
        own = await self._store.plans()
        names = [each.name for each in await self._store.channels() if channel in ("", each.name)]
        return {name: own.get(name, self._default) for name in names}


def _free(plans: Mapping[str, Plan], booked: Booked, start: datetime, end: datetime) -> Sequence[Opening]:
    """Return the free slots of a range in order; a range that is past has none."""
    found = [
        Opening(channel=name, at=slot)
        for name, plan in plans.items()
        for slot in openings(plan, start, end, booked[name])
    ]
    return sorted(found, key=lambda each: (each.at, each.channel))


def _by_article(deliveries: Sequence[Delivery]) -> Sequence[Sequence[Delivery]]:
    ordered = sorted(deliveries, key=lambda each: (each.campaign, each.article, each.channel))
    return [tuple(group) for _, group in groupby(ordered, key=lambda each: (each.campaign, each.article))]
