"""Whether a delivery that is due goes out now, and if not, when or whether at all.

    aside      nobody wants it any more, or a person must look: expired, far too late, a thread that waits for too long
    blackout   nothing is posted now: to its end, then one after the other
    late       nobody was awake at its moment: one after the other
    bounds     the platform's rates, what it last said of its quota, the plan's daily cap, the month's budget

The ledger is what is counted, so a restart forgets nothing and what was cancelled counts no more. What is put off on one
channel is promised a moment each, the plan's gap apart, so that nothing bursts when the reason is over.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from bot.domain.channel import Limits
from bot.domain.delivery import Delivery, State, missing
from bot.domain.lateness import Late, LatePolicy, decide, words
from bot.domain.outcome import Outcome
from bot.domain.pacing import Quota, Rate, clear_of, cost_of, free_at, money, month_of, quota_free_at
from bot.domain.plan import Plan
from bot.flow.refitting import WHY, excess
from bot.ports import Clock, Store

DAY = timedelta(days=1)
#: What is free again so soon is waited for where it is; anything longer is written down.
BREATH = timedelta(seconds=2)
#: Tells the moment of the last call but so many, None when there were not so many.
Nth = Callable[[int], Awaitable[datetime | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """It goes out at another moment, and why."""

    until: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """It does not go out: it moves to another state, and why."""

    to: State
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """Nothing before `until`, and why; under a `rate`, promises count like the calls that `nth` tells."""

    until: datetime
    why: str
    rate: Rate | None = None
    nth: Nth | None = None


class Pacing:
    """Rules on one delivery at a time of each channel; what the channel's limits and plan do not ask for is not looked up."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._posted: dict[str, datetime | None] = {}
        self._quotas: dict[str, tuple[Quota, datetime] | None] = {}
        self._called: dict[str, int] = {}

    def heard(self, channel: str, outcome: Outcome, at: datetime) -> None:
        """Remember what a platform said of its quota, and how many calls it has heard since; the store keeps the quota."""
        if (quota := getattr(outcome, "quota", None)) is not None:
            self._quotas[channel] = (quota, at)
            self._called[channel] = 0
        elif channel in self._called:
            self._called[channel] += 1

    def posted(self, channel: str, at: datetime) -> None:
        """Remember that the channel posted just now."""
        self._posted[channel] = at

    async def ruling(self, delivery: Delivery, limits: Limits, plan: Plan) -> Later | Aside | None:
        """Return what keeps a due delivery from going out now, None when nothing does."""
        now = self._clock.now()
        if aside := _aside(delivery, plan.late, now, await self._since(delivery, now)):
            return aside
        # What waits for its first try is rendered anew when limits shrink; what is on its way then can only be looked at here.
        if delivery.epoch and not delivery.receipts and (over := excess(delivery.post, limits)):
            return Aside(to=State.HELD, why=f"{WHY} ({over}): change its article or cancel it")
        if plan.blackouts and not delivery.anyway and (clear := plan.clear_from(now)) > now:
            return await self._later(delivery, plan, Bound(until=clear, why=_silence(plan, now, clear)), 1)
        if not delivery.receipts and (ruled := await self._late(delivery, plan.late, now)):
            return ruled
        if plan.budget and (ruled := await self._unaffordable(delivery, limits, plan, now)):
            return ruled
        calls = 1 if delivery.receipts else len(delivery.post.parts)
        if bound := await self.bound(delivery.channel, limits, calls):
            return await self._later(delivery, plan, bound, calls)
        if plan.daily and not delivery.receipts and (bound := await self._daily(delivery, plan, now)):
            return await self._later(delivery, plan, bound, 1)
        return None

    async def bound(self, channel: str, limits: Limits, calls: int = 1) -> Bound | None:
        """Return what the platform itself says against so many calls on a channel now, None when nothing."""
        if channel not in self._quotas:
            self._quotas[channel] = await self._store.quota(channel)
        now, told = self._clock.now(), self._quotas[channel]

        async def nth(number: int) -> datetime | None:
            return next(iter(await self._store.armed(channel, 1, number)), None)

        bounds = [
            Bound(until=await _free_at(rate, nth, [], now, calls), why=_most(rate), rate=rate, nth=nth)
            for rate in limits.rates
        ]
        if told and told[0].until > now and not self._has_room(channel, told[0], calls):
            why = "the platform said that it takes no more for now"
            bounds.append(Bound(until=await _quota_free_at(*told, nth, now, calls), why=why))
        last = max(bounds, key=lambda bound: bound.until, default=None)
        return last if last and last.until > now else None

    def _has_room(self, channel: str, told: Quota, calls: int) -> bool:
        """Tell whether a quota surely allows so many calls: told in this run, only what was heard since has used it."""
        return channel in self._called and told.left >= self._called[channel] + calls

    async def _daily(self, delivery: Delivery, plan: Plan, now: datetime) -> Bound | None:
        """Deliveries are counted, not their parts and tries; one that has begun is never broken off."""
        rate = Rate(count=plan.daily, span=DAY)
        begun = await self._store.begun(delivery.channel, now - DAY, but=delivery.id)

        async def nth(number: int) -> datetime | None:
            return begun[number] if number < len(begun) else None

        until = await _free_at(rate, nth, [], now, 1)
        why = f"its plan allows {plan.daily} within 24 hours"
        return Bound(until=until, why=why, rate=rate, nth=nth) if until > now else None

    async def _unaffordable(
        self, delivery: Delivery, limits: Limits, plan: Plan, now: datetime
    ) -> Later | Aside | None:
        """Return what the month's budget says against the parts that are missing: all of a thread, before it begins."""
        price, cost = limits.price, cost_of(missing(delivery), limits.price)
        if price is None or not cost:
            return None
        budget, (first, end) = money(plan.budget, price.currency), month_of(now)
        if cost > plan.budget:
            asked = money(cost, price.currency)
            return Aside(to=State.HELD, why=f"it costs {asked}, more than the whole budget of {budget} a month")
        if await self._store.spent(delivery.channel, first) + cost <= plan.budget:
            return None
        why = f"the budget of {budget} for {first:%B %Y} does not allow it"
        return await self._later(delivery, plan, Bound(until=end, why=why), 1)

    async def _late(self, delivery: Delivery, policy: LatePolicy, now: datetime) -> Later | Aside | None:
        due = delivery.due or now
        if now - due <= policy.grace:
            return None
        promised = await self._store.put_off(delivery.channel, now)
        answer, moment, why = decide(policy, due, now, await self._last(delivery.channel), promised)
        match answer:
            case Late.POST:
                return None
            case Late.SPREAD:
                return Later(until=moment, why=why)
            case Late.HOLD:
                return Aside(to=State.HELD, why=why)
            case _:
                assert_never(answer)

    async def _last(self, channel: str) -> datetime | None:
        """Return when a channel last posted, as far back as the ledger goes."""
        if channel not in self._posted:
            self._posted[channel] = next(iter(await self._store.armed(channel, 1)), None)
        return self._posted[channel]

    async def _later(self, delivery: Delivery, plan: Plan, bound: Bound, calls: int) -> Later:
        """Promise a delivery the moment at which its bound is over, behind all that wait for the same."""
        now, gap = self._clock.now(), plan.late.gap
        if bound.until - now <= BREATH:
            return Later(until=bound.until, why=bound.why)
        promised = await self._store.put_off(delivery.channel, now)
        step = min(gap, bound.rate.span) if bound.rate else gap
        free, until = clear_of(bound.until, promised, step), None
        while bound.rate and bound.nth and until != free:
            until = free
            earlier = [each for each in promised if each <= until]
            free = clear_of(await _free_at(bound.rate, bound.nth, earlier, until, calls), promised, step)
        return Later(until=free, why=bound.why)

    async def _since(self, delivery: Delivery, now: datetime) -> datetime:
        """Return since when a delivery that was tried has wanted to be sent; a restored one may have no slot."""
        if delivery.slot or not delivery.tries:
            return delivery.slot or now
        return min((each.armed for each in await self._store.attempts(delivery.id)), default=now)


async def _free_at(rate: Rate, nth: Nth, promised: list[datetime], now: datetime, calls: int) -> datetime:
    """Return when so many more calls keep within a rate, after the calls that `nth` tells and those promised (in order)."""
    number = max(rate.count - calls, 0)
    last = promised[-1 - number] if number < len(promised) else await nth(number - len(promised))
    # Of all the earlier calls this one alone binds: free_at sees it as the last that there is room for.
    return free_at([replace(rate, count=calls)], [last] if last and rate.count > 0 else [], now, calls)


async def _quota_free_at(quota: Quota, heard: datetime, nth: Nth, now: datetime, calls: int) -> datetime:
    """Return when so many more calls keep within a quota: only the call that would have used it up is looked up."""
    if quota.left < calls:
        return quota_free_at(quota, heard, [], now, calls)
    last = await nth(quota.left - calls)
    return quota_free_at(replace(quota, left=calls), heard, [last] if last else [], now, calls)


def _aside(delivery: Delivery, policy: LatePolicy, now: datetime, since: datetime) -> Aside | None:
    """Return what becomes of a delivery that does not go out at any moment without a person, None when it may."""
    if delivery.receipts:
        return _unfinished(delivery, policy, now)
    if delivery.expires is not None and now >= delivery.expires:
        return Aside(to=State.CANCELLED, why="its article expired before it was posted")
    if delivery.tries and now - since > policy.limit:
        return Aside(to=State.HELD, why=f"could not be sent for too long: {delivery.why}")
    return None


def _unfinished(delivery: Delivery, policy: LatePolicy, now: datetime) -> Aside | None:
    """A thread goes on, unless it has waited for so long that its readers would wonder: since its last part or approval."""
    left, of = missing(delivery), len(delivery.post.parts)
    if not left:
        return Aside(to=State.SENT, why="every part has its receipt")
    since = max([receipt.at for _, receipt in delivery.receipts] + ([delivery.slot] if delivery.slot else []))
    if now - since <= policy.limit:
        return None
    waits = f"part {left[0].number} of {of} waits since {since:%d %b %Y %H:%M} UTC"
    return Aside(to=State.HELD, why=f"{waits}: approve to finish it, retract to take it back")


def _silence(plan: Plan, now: datetime, clear: datetime) -> str:
    blackout = plan.blackout_at(now)
    reason = f": {blackout.why}" if blackout and blackout.why else ""
    return f"nothing is posted until {clear:%d %b %Y %H:%M} UTC{reason}"


def _most(rate: Rate) -> str:
    return f"the platform takes {rate.count:,} within {words(rate.span)}"
