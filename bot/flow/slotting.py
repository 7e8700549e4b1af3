"""Which moment a delivery gets: the next free slot, one that a person names, or the one it had before."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from itertools import islice
from zoneinfo import ZoneInfo

from bot.domain.agenda import Day, moment_of, nearest, openings
from bot.domain.delivery import COMING, UNSENT, Delivery, State
from bot.domain.ledger import Change
from bot.domain.plan import TICK, Plan, instant
from bot.errors import NotAllowed
from bot.flow.deciding import DOUBTED, Deciding, begun, may_be_public, refuse, refuse_begun, retold, touched
from bot.flow.planning import Planner
from bot.ports import Clock, Store

#: How many free slots are named to those whose moment was refused.
NAMED = 3
#: The time of day, on a plan's clock, near which a post goes out that had none: people are up then.
USUAL = time(9)
#: What a delivery's history says of each way to another moment.
WHY = {"move": "moved by a manager", "put back": "put back by a manager"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A delivery as it `was` and as it is `now`, which may be the same."""

    was: Delivery
    now: Delivery


@dataclass(frozen=True, slots=True)
class _Taken:
    """What a channel's slots are for those that are moved together: `given` to one of them, or being left by one."""

    given: frozenset[datetime]
    leaving: frozenset[datetime | None]

    @classmethod
    def beside(
        cls, delivery: Delivery, chosen: Iterable[Delivery], places: Iterable[tuple[Delivery, datetime | None]]
    ) -> "_Taken":
        """Return that for the channel of a delivery, when those in `places` have their new moments already."""
        given = frozenset(at for each, at in places if each.channel == delivery.channel and at is not None)
        return cls(given, frozenset(each.slot for each in chosen if each.channel == delivery.channel))

    def with_(self, booked: Iterable[datetime]) -> Collection[datetime]:
        """Return the slots that cannot be had, of those that the ledger has `booked` and those given since."""
        return {*booked} - self.leaving | self.given


class Slotting:
    """Puts deliveries on the schedule, and elsewhere on it: all of them or, when one is refused, none."""

    def __init__(self, store: Store, clock: Clock, planner: Planner, by: str) -> None:
        self._store, self._clock, self._planner = store, clock, planner
        self._deciding = Deciding(store, clock, by)

    async def approve(self, ids: Sequence[str]) -> Sequence[Delivery]:
        """Give each held or failed delivery the next free slot of its channel."""
        chosen = await self._deciding.chosen(ids)
        waiting = [each for each in chosen if each.state is not State.SCHEDULED]
        refuse(waiting, {State.HELD, State.FAILED}, "approved")
        await self.refuse_barred(waiting)
        changes: list[Change] = []
        given: dict[str, set[datetime]] = {}
        for delivery in waiting:
            slot = await self._next(delivery, given.setdefault(delivery.channel, set()))
            changes += await self._scheduling(delivery, slot, "approved")
        await self._deciding.move("approve", changes)
        return [await self._store.delivery(each.id) for each in chosen]

    async def move(self, ids: Sequence[str], to: datetime | Day) -> Sequence[Moved]:
        """Give each delivery that moment, or of its channel's free slots on that day the nearest to its time of day."""
        chosen = await self._deciding.chosen(ids)
        refuse(chosen, UNSENT | {State.FAILED}, "moved")
        places: list[tuple[Delivery, datetime | None]] = []
        for delivery in chosen:
            taken = _Taken.beside(delivery, chosen, places)
            if isinstance(to, Day):
                places.append((delivery, await self._on(delivery, to, taken)))
            else:
                await self._refuse(delivery, to, taken)
                places.append((delivery, to))
        return await self._place("move", places)

    async def put_back(self, places: Mapping[str, datetime | None]) -> Sequence[Moved]:
        """Put each delivery at that moment, or with None off the schedule."""
        chosen = [(await self._deciding.chosen([name]))[0] for name in places]
        refuse(chosen, UNSENT, "put back")
        wanted: list[tuple[Delivery, datetime | None]] = []
        for delivery, at in zip(chosen, places.values(), strict=True):
            if at is None:
                refuse_begun([delivery], "put back")
            else:
                await self._refuse(delivery, at, _Taken.beside(delivery, chosen, wanted))
            wanted.append((delivery, at))
        return await self._place("put back", wanted)

    async def refuse_barred(self, deliveries: Iterable[Delivery]) -> None:
        """Refuse what no approval can make fit to be sent, and threads that are half taken back."""
        for delivery in deliveries:
            if begun(delivery):
                await self._refuse_withdrawn(delivery)
            elif found := await self._planner.barred(delivery):
                raise NotAllowed(f"delivery {delivery.id} cannot be approved: {found.what}", hint=found.fix)

    async def _refuse_doubted(self, deliveries: Iterable[Delivery]) -> None:
        """Refuse to approve what may be public by the way: whoever does that must have read why it waits."""
        for delivery in deliveries:
            if delivery.state in DOUBTED and await may_be_public(self._store, delivery):
                what = f"delivery {delivery.id} is {delivery.state} and must be approved by itself: {delivery.why}"
                raise NotAllowed(what, hint=f"then `handbill approve {delivery.id}`, or press Approve on its own page")

    async def _refuse_withdrawn(self, delivery: Delivery) -> None:
        withdrawing, gone = await self._store.removed(delivery.id)
        if gone:
            what = f"part {gone[-1]} of delivery {delivery.id} was taken back: a thread with a gap is not finished"
            raise NotAllowed(what, hint=f"`handbill retract {delivery.id}` takes back the rest")
        if withdrawing:
            what = f"delivery {delivery.id} is being taken back"
            raise NotAllowed(what, hint=f"look again when that has ended; `handbill retract {delivery.id}` finishes it")

    async def _next(self, delivery: Delivery, given: set[datetime]) -> datetime:
        """Return the next free slot; a thread that is half out is finished whatever its article's last day."""
        expires = None if begun(delivery) else delivery.expires
        slot = await self._planner.slot(delivery.channel, delivery.not_before, expires, given)
        if slot is None:
            raise NotAllowed(
                f"delivery {delivery.id} has no free slot before it expires",
                hint="send it now, change `expires` in the article, or cancel it",
            )
        given.add(slot)
        return slot

    async def _on(self, delivery: Delivery, day: Day, taken: "_Taken") -> datetime:
        """Return the free slot on a day that is nearest to a delivery's time of day.

        One without gets the first, and where a plan goes in steps, perhaps from midnight on, the nearest to USUAL.
        """
        plan, now = await self._planner.plan(delivery.channel), self._clock.now()
        if day.end <= now:
            raise NotAllowed(f"{day.date} is over", hint="choose a day to come; `handbill send-now` posts at once")
        earliest, latest = _window(delivery)
        start = max(filter(None, (day.start, now + TICK, earliest)))
        end = min(filter(None, (day.end, latest)))
        booked = (await self._store.booked([delivery.channel], start, end))[delivery.channel]
        zone, moment = ZoneInfo(day.zone), moment_of(delivery)
        if moment is not None:
            wanted = instant(day.date, moment.astimezone(zone).time(), zone)
        else:
            wanted = max(start, instant(day.date, USUAL, ZoneInfo(plan.zone))) if plan.every else start
        slot = nearest(plan, start, end, taken.with_(booked), wanted)
        if slot is None:
            raise NotAllowed(
                f"{delivery.channel} has no free slot on {day.date} for delivery {delivery.id}",
                hint=await self._free(delivery, plan, taken),
            )
        return slot

    async def _refuse(self, delivery: Delivery, at: datetime, taken: "_Taken") -> None:
        """Refuse a moment that a delivery cannot have."""
        plan = await self._planner.plan(delivery.channel)
        when, (earliest, latest) = _told(at, plan), _window(delivery)
        if at <= self._clock.now():
            raise NotAllowed(f"{when} has passed", hint=f"`handbill send-now {delivery.id}` posts it at once")
        if earliest is not None and at < earliest:
            raise NotAllowed(
                f"the article of delivery {delivery.id} is not to be posted before {_told(earliest, plan)}",
                hint="choose a later moment, or change `not_before` in the article",
            )
        if latest is not None and at >= latest:
            raise NotAllowed(
                f"the article of delivery {delivery.id} expires at {_told(latest, plan)}",
                hint="choose an earlier moment, or change `expires` in the article",
            )
        if (blackout := plan.blackout_at(at)) is not None:
            why = f": {blackout.why}" if blackout.why else ""
            raise NotAllowed(
                f"nothing is posted to {delivery.channel} until {_told(blackout.end, plan)}{why}",
                hint=await self._free(delivery, plan, taken),
            )
        booked = (await self._store.booked([delivery.channel], at, at + TICK))[delivery.channel]
        if at in taken.with_(booked):
            [(_, others)] = await self._store.spans([at, at + TICK], 1, delivery.channel)
            whose = f": delivery {others[0].id} of {others[0].campaign}/{others[0].article}" if others else ""
            raise NotAllowed(
                f"{when} is taken on {delivery.channel}{whose}", hint=await self._free(delivery, plan, taken)
            )

    async def _free(self, delivery: Delivery, plan: Plan, taken: "_Taken") -> str:
        """Name the next free slots, for a person whose moment was refused."""
        now, (earliest, latest) = self._clock.now(), _window(delivery)
        booked = await self._store.taken_slots(delivery.channel, now)
        start, end = max(now + TICK, earliest or now), latest or datetime.max.replace(tzinfo=now.tzinfo)
        free = [_told(slot, plan) for slot in islice(openings(plan, start, end, taken.with_(booked)), NAMED)]
        return f"free are {', '.join(free)}" if free else "its plan has no free slot: name a time of day"

    async def _scheduling(self, delivery: Delivery, slot: datetime, why: str) -> list[Change]:
        """Return the moves that give a delivery a slot; a failed one is brought back first, its tries forgotten."""
        if delivery.state in COMING:
            again = {"slot": slot, "due": slot, "anyway": False}
            return [await self._deciding.guarded(delivery, delivery.state, why, **again)]
        if delivery.state is State.HELD:
            return [await self._deciding.guarded(delivery, State.SCHEDULED, why, slot=slot, due=slot)]
        held = replace(delivery, state=State.HELD)
        back = await self._deciding.guarded(delivery, State.HELD, "brought back", tries=0)
        why = await retold(self._store, delivery, why)
        return [back, Change.of(held, State.SCHEDULED, why, slot=slot, due=slot)]

    async def _waited(self, delivery: Delivery) -> str:
        """Return why a delivery was held before it was approved, since that is why it waits again; "" when it never was."""
        history = await self._store.history(delivery.id)
        return next((why for _, state, why in reversed(history) if state is State.HELD), "")

    async def _place(self, verb: str, places: Sequence[tuple[Delivery, datetime | None]]) -> Sequence[Moved]:
        approved = [each for each, at in places if at is not None and each.state not in COMING]
        await self.refuse_barred(approved)
        await self._refuse_doubted(approved)
        changes: list[Change] = []
        words: dict[str, str] = {}
        for delivery, at in places:
            if at is None:
                if delivery.state is not State.HELD:
                    why = await self._waited(delivery) or WHY[verb]
                    changes.append(await self._deciding.guarded(delivery, State.HELD, why))
            elif (delivery.slot, delivery.due) != (at, at) or delivery.state not in COMING:
                changes += await self._scheduling(delivery, at, WHY[verb])
            words[delivery.id] = f"to {at:%Y-%m-%d %H:%M} UTC" if at else "off the schedule"
        acts = [self._deciding.act(verb, each, words[each]) for each in touched(changes)]
        await self._deciding.enact(acts, changes)
        return [Moved(was=each, now=await self._store.delivery(each.id)) for each, _ in places]


def _window(delivery: Delivery) -> tuple[datetime | None, datetime | None]:
    """Return from and until when a delivery may be posted; a thread that is half out is finished whenever that is."""
    return (None, None) if begun(delivery) else (delivery.not_before, delivery.expires)


def _told(moment: datetime, plan: Plan) -> str:
    return f"{moment.astimezone(ZoneInfo(plan.zone)):%Y-%m-%d %H:%M} ({plan.zone})"
