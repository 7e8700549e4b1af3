"""What becomes of deliveries that are to go out now: told at once to whoever decided that.

No rule is known here. Pacing, which rules when the moment has come, is asked before: with all that is due earlier on the
channel counted as if it were under way, and once more with a manager's own rules lifted, to learn what would overrule it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from bot.domain.channel import Channel
from bot.domain.delivery import COMING, Attempt, Delivery, State, missing
from bot.domain.pacing import Quota, cost_of
from bot.domain.plan import Plan
from bot.flow.pacing import BREATH, Aside, Later, Pacing
from bot.flow.planning import Planner
from bot.ports import Clock, Store

#: So many that are due earlier on a channel are counted; more of them could only make it later.
AHEAD = 100

#: What lifts a rule of the manager's own, in words, and what is asked about then.
LIFTED: tuple[tuple[str, Callable[[Delivery, Plan], tuple[Delivery, Plan]]], ...] = (
    ("`handbill send-now {id} --anyway` posts it all the same", lambda each, plan: (replace(each, anyway=True), plan)),
    ("`handbill plan set {channel} --daily 0` lifts that", lambda each, plan: (each, replace(plan, daily=0))),
    ("`handbill plan set {channel} --budget 0` lifts that", lambda each, plan: (each, replace(plan, budget=0))),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Why a delivery does not go out now; `until` = when it does, None when that depends on a person.

    `to` = the state it moves to instead, None while it stays where it is; `remedy` = what a person can do, "" = nothing.
    """

    why: str
    until: datetime | None = None
    to: State | None = None
    remedy: str = ""


class Outlooks:
    """Tells what keeps deliveries from going out."""

    def __init__(self, store: Store, clock: Clock, planner: Planner) -> None:
        self._store, self._clock, self._planner = store, clock, planner

    async def of(self, deliveries: Sequence[Delivery]) -> Mapping[str, Outlook]:
        """Return by id what keeps each from going out now; nothing of one that goes out, or is on its way."""
        hold, found = await self._store.hold(), dict[str, Outlook]()
        coming = [each for each in deliveries if each.state in COMING]
        if hold.on:
            remedy = "`handbill resume` lets it go on, and this is among the first then"
            return {each.id: Outlook(why=f"everything is paused: {hold.why}", remedy=remedy) for each in coming}
        for channel in await self._store.channels():
            wanted = [each for each in coming if each.channel == channel.name]
            if wanted:
                found |= await self._on(channel, wanted)
        return found

    async def _on(self, channel: Channel, wanted: Sequence[Delivery]) -> Mapping[str, Outlook]:
        now, whole = self._clock.now(), None
        if channel.paused:
            remedy = "mend it, then `handbill doctor`"
            whole = Outlook(why=f"{channel.name} is paused: {channel.paused}", remedy=remedy)
        elif channel.resting(now):
            whole = Outlook(why=channel.rests_why or f"{channel.name} rests", until=channel.rests)
        return {each.id: whole for each in wanted} if whole else await self._paced(channel, wanted, now)

    async def _paced(self, channel: Channel, wanted: Sequence[Delivery], now: datetime) -> Mapping[str, Outlook]:
        plan, foreseen = await self._planner.plan(channel.name), _Foreseen(self._store, now)
        pacing, ids = Pacing(cast("Store", foreseen), self._clock), {each.id for each in wanted}
        due = await self._store.deliveries(channel=channel.name, states=COMING, limit=AHEAD)
        earlier = [each for each in due if each.due is not None and each.due <= now and each.id not in ids]
        found: dict[str, Outlook] = {}
        for each in sorted([*earlier, *wanted], key=lambda one: (one.due or now, one.id)):
            if each.due is not None and each.due > now:
                ruled: Later | Aside | None = Later(until=each.due, why=each.why)  # the bot has put it off by now
            else:
                ruled = await pacing.ruling(each, channel.limits, plan)
            if isinstance(ruled, Later) and ruled.until - now <= BREATH:
                ruled = None
            if ruled is not None and each.id in ids:
                found[each.id] = await self._told(pacing, ruled, each, channel, plan)
            foreseen.count(each, ruled, cost_of(missing(each), channel.limits.price))
        return found

    async def _told(
        self, pacing: Pacing, ruled: Later | Aside, delivery: Delivery, channel: Channel, plan: Plan
    ) -> Outlook:
        """Put a ruling into words, with the first of the manager's own rules without which it would go out sooner."""
        remedy = ""
        for words, lifted in LIFTED:
            other = lifted(delivery, plan)
            if other != (delivery, plan) and _sooner(await pacing.ruling(other[0], channel.limits, other[1]), ruled):
                remedy = words.format(id=f"{delivery.id}@{delivery.version}", channel=channel.name)
                break
        match ruled:
            case Later(until=until, why=why):
                return Outlook(why=why, until=until, remedy=remedy)
            case Aside(to=to, why=why):
                return Outlook(why=why, to=to, remedy=remedy)


def _sooner(one: Later | Aside | None, than: Later | Aside) -> bool:
    match one, than:
        case None, _:
            return True
        case Later(until=until), Later(until=other):
            return until < other
        case _:
            return isinstance(one, Later)


class _Foreseen:
    """What Pacing asks of a store on one channel, as it will be told once what goes out now is under way."""

    def __init__(self, store: Store, now: datetime) -> None:
        self._store, self._now = store, now
        self._calls, self._begun, self._cost = 0, 0, 0
        self._promised: list[datetime] = []

    def count(self, delivery: Delivery, ruled: Later | Aside | None, cost: int) -> None:
        """Take a delivery for sent, for put off, or for set aside."""
        match ruled:
            case Later(until=until):
                self._promised.append(until)
            case None:
                self._calls += len(missing(delivery))
                self._begun += 1
                self._cost += cost
            case _:
                pass

    async def quota(self, channel: str) -> tuple[Quota, datetime] | None:
        return await self._store.quota(channel)

    async def attempts(self, delivery: str) -> Sequence[Attempt]:
        return await self._store.attempts(delivery)

    async def armed(self, channel: str, count: int, skip: int = 0) -> Sequence[datetime]:
        ahead = [self._now] * min(max(self._calls - skip, 0), count)
        if len(ahead) == count:
            return ahead
        return [*ahead, *await self._store.armed(channel, count - len(ahead), max(skip - self._calls, 0))]

    async def begun(self, channel: str, since: datetime, but: str = "") -> Sequence[datetime]:
        return [self._now] * self._begun + [*await self._store.begun(channel, since, but)]

    async def spent(self, channel: str, since: datetime) -> int:
        return self._cost + await self._store.spent(channel, since)

    async def put_off(self, channel: str, now: datetime) -> Sequence[datetime]:
        return sorted([*self._promised, *await self._store.put_off(channel, now)])
