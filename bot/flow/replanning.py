"""A channel's plan put in place of another: what that would do to what waits, and doing it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from bot.domain.agenda import Day, Opening, days_of, is_steady, openings, silences
from bot.domain.delivery import Delivery, State
from bot.domain.plan import WEEKDAYS, Plan
from bot.errors import NotAllowed
from bot.flow.deciding import Deciding, begun, guarded
from bot.flow.planning import Planner
from bot.ports import Clock, Store

#: How often a new plan is laid over deliveries that others move at the same time.
PATIENCE = 3
#: What a delivery's history says of it.
WHY = "the channel's plan was changed"
#: Up to how many waiting deliveries are looked at before a plan is changed; their order is kept, so the rest lie behind them.
FORESEEN = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A waiting delivery and the slot that it gets, None = there is none before it expires, so that it is held."""

    delivery: Delivery
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Foresight:
    """What a plan would bring: its coming days with all their slots, and what becomes of the deliveries that wait.

    A plan whose slots lie too close together to list is `steady`; then `days` have none. `more`: others wait behind these.
    """

    days: tuple[Day, ...]
    shifts: tuple[Shift, ...]
    steady: bool = False
    more: bool = False

    @property
    def moved(self) -> tuple[Shift, ...]:
        """Those that get another slot."""
        return tuple(each for each in self.shifts if each.at is not None and each.at != each.delivery.slot)

    @property
    def held(self) -> tuple[Shift, ...]:
        """Those that get none."""
        return tuple(each for each in self.shifts if each.at is None)


class Replanning:
    """Changes plans in somebody's name."""

    def __init__(self, store: Store, clock: Clock, planner: Planner, by: str) -> None:
        self._store, self._clock, self._planner = store, clock, planner
        self._deciding = Deciding(store, clock, by)

    async def put(self, channel: str, plan: Plan | None, seen: str = "") -> int:
        """Set a channel's plan (None = the default) and move what is scheduled to its slots, in order; return how many.

        With the mark of a plan that was `seen` only while that stands; NotAllowed when it was changed meanwhile.
        """
        old, before = (await self._store.plans()).get(channel), await self._planner.plan(channel)
        act = self._deciding.act(_verb(old, plan), channel, _words(plan))
        try:
            await self._store.put_plan(channel, plan, act, seen=seen)
        except NotAllowed as error:
            raise await self._late(channel, error) from error
        for patience in range(PATIENCE, 0, -1):
            try:
                return await self._replan(channel, before)
            except NotAllowed:
                if patience == 1:
                    raise
        return 0

    async def foresee(self, channel: str, plan: Plan, today: date, days: int) -> Foresight:
        """Return what a plan would bring in the days from today on, in its own zone, if it were set now."""
        now = self._clock.now()
        waiting = await self._store.deliveries(channel=channel, states=(State.SCHEDULED,), limit=FORESEEN + 1)
        shifts = _laid(plan, waiting, now, await self._planner.plan(channel))
        empty = days_of(today, days, ZoneInfo(plan.zone))
        listed = tuple(_with_slots(channel, plan, each, now) for each in empty)
        return Foresight(
            days=listed, shifts=tuple(shifts[:FORESEEN]), steady=is_steady(plan), more=len(waiting) > FORESEEN
        )

    async def _replan(self, channel: str, before: Plan) -> int:
        now, plan = self._clock.now(), await self._planner.plan(channel)
        scheduled = await self._store.deliveries(channel=channel, states=(State.SCHEDULED,))
        shifts = _laid(plan, scheduled, now, before)
        freed = [guarded(each.delivery, State.HELD, WHY) for each in shifts if each.at is None]
        placed = [
            guarded(each.delivery, State.SCHEDULED, WHY, slot=each.at, due=each.at)
            for each in shifts
            if each.at is not None and (each.delivery.slot, each.delivery.due) != (each.at, each.at)
        ]
        # What the old plan's cap or budget had put off is ruled anew, with the plan's gap between, never in a burst.
        chosen = {each.delivery.id for each in shifts}
        put_off = [each for each in scheduled if each.id not in chosen and each.due is not None and each.due > now]
        for number, delivery in enumerate(put_off):
            if delivery.due is not None and (sooner := now + number * plan.late.gap) < delivery.due:
                placed.append(guarded(delivery, State.SCHEDULED, WHY, due=sooner))
        await self._store.move([*freed, *placed], now)  # slots are let go before they are given
        return len(placed)

    async def _late(self, channel: str, error: NotAllowed) -> NotAllowed:
        last = await self._store.last_act(verbs=("plan set", "plan clear", "plan blackout"), subject=channel)
        who = f" by {last.act.by}" if last else ""
        return NotAllowed(f"{error.what}{who}", hint="look at it as it is now, then change it")


def _with_slots(channel: str, plan: Plan, day: Day, now: datetime) -> Day:
    slots = () if is_steady(plan) else openings(plan, max(day.start, now), day.end, ())
    free = tuple(Opening(channel=channel, at=each) for each in slots)
    return replace(day, free=free, silences=silences(((channel, plan),), day.start, day.end))


def _laid(plan: Plan, scheduled: Sequence[Delivery], now: datetime, before: Plan) -> list[Shift]:
    """Return which slot of a plan each scheduled delivery gets whose own is still to come, in their order.

    Each keeps its own, whoever chose it, while the plan makes the same slots as the one before.
    """
    waiting = [each for each in scheduled if each.slot is not None and each.slot > now]
    if _rhythm(plan) == _rhythm(before):
        return [Shift(delivery=each, at=each.slot) for each in waiting]
    chosen = {each.id for each in waiting}
    taken = {each.slot for each in scheduled if each.slot is not None and each.id not in chosen}
    slots, found = _Slots(plan, taken), []
    for each in waiting:
        expires = None if begun(each) else each.expires
        found.append(Shift(delivery=each, at=slots.take(max(now, each.not_before or now), expires)))
    return found


def _rhythm(plan: Plan) -> tuple[object, ...]:
    """Return what of a plan its slots follow from."""
    return plan.days, plan.times, plan.zone, plan.every, plan.blackouts


class _Slots:
    """Hands out a plan's slots, each once, without beginning anew for each of many deliveries."""

    def __init__(self, plan: Plan, taken: Collection[datetime]) -> None:
        self._plan, self._gone = plan, set(taken)
        self._ahead: dict[datetime, tuple[Iterator[datetime], datetime | None]] = {}

    def take(self, after: datetime, before: datetime | None) -> datetime | None:
        """Return the first slot later than `after` that nobody has, None when there is none before `before`."""
        slots, head = self._ahead.get(after) or (self._plan.slots(after), None)
        while head is None or head in self._gone:
            head = next(slots, None)
            if head is None:
                return None
        self._ahead[after] = slots, head
        if before is not None and head >= before:
            return None
        self._gone.add(head)
        return head


def _verb(old: Plan | None, new: Plan | None) -> str:
    """Return which of the plan's verbs makes one plan of another."""
    if new is None:
        return "plan clear"
    same = replace(old or Plan(zone=new.zone), blackouts=new.blackouts) == new
    return "plan blackout" if same else "plan set"


def _words(plan: Plan | None) -> str:
    """Return a plan in few words, for the audit log."""
    if plan is None:
        return ""
    days = " ".join(WEEKDAYS[day] for day in plan.days)
    times = ",".join(f"{each:%H:%M}" for each in plan.times)
    words = [f"{days} {times} {plan.zone}"]
    words += [f"every {plan.every}"] if plan.every else []
    words += [f"{plan.daily} a day"] if plan.daily else []
    words += [f"{plan.budget / 1_000_000:g} a month"] if plan.budget else []
    words += ["no resend"] * (not plan.resend)
    words += [f"blackout {each.start:%Y-%m-%d %H:%M} to {each.end:%Y-%m-%d %H:%M} UTC" for each in plan.blackouts]
    return "; ".join(words)
