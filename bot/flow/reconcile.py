"""Uncertain deliveries -> proof, or a person.

A delivery is uncertain when nobody knows whether its open part was published. Absence proves nothing before the quiet
period has passed, since an older request may still land; `due` of an uncertain delivery is when that is over. After it,
the platform is asked: found -> on with the thread, or done; surely absent -> sent again with the same key; a platform
that cannot be asked -> parked, `due` None, until a person settles it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import timedelta

import structlog

from bot.domain.backoff import backoff
from bot.domain.delivery import Attempt, Delivery, State
from bot.domain.outcome import Receipt, Sent, Unknown
from bot.errors import CannotTell, HandbillError, NotAllowed
from bot.flow.dispatch import Pace
from bot.flow.steering import Steering
from bot.ports import Change, Clock, Platform, Store

log = structlog.get_logger("reconcile")

#: How far a platform's clock may stand before ours when its timestamps are compared with the moment of arming.
SKEW = timedelta(minutes=2)
#: After so many tries that left no trace, a person looks: sending again and again would find nothing out.
TRACELESS = 3
#: How many deliveries of one channel are asked about in one look.
AT_ONCE = 20


class Reconcile:
    """Finds out what became of uncertain deliveries; `look` is called every few seconds.

    `busy` names the channels on which this very process is at work: whatever its clock says, their leases are alive.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        platforms: Mapping[str, Platform],
        steering: Steering,
        pace: Pace,
        busy: Callable[[], Collection[str]] = frozenset,
    ) -> None:
        self._store, self._clock, self._platforms = store, clock, platforms
        self._steering, self._pace, self._busy = steering, pace, busy

    async def look(self) -> None:
        """Take over what a dead worker left in sending, then ask the platforms about all that is uncertain and due."""
        now = self._clock.now()
        for delivery in await self._store.overdue_leases(now):
            if delivery.channel not in self._busy():
                await self._alone(self._take_over, delivery)
        by_channel: dict[str, list[Delivery]] = {}
        for delivery in await self._store.deliveries(states=(State.UNCERTAIN,)):
            if delivery.due is not None and delivery.due <= now and delivery.channel in self._platforms:
                by_channel.setdefault(delivery.channel, []).append(delivery)
        await asyncio.gather(*(self._ask_each(deliveries) for deliveries in by_channel.values()))

    async def _ask_each(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries[:AT_ONCE]:
            await self._alone(self._ask, delivery)

    async def _alone(self, step: Callable[[Delivery], Awaitable[None]], delivery: Delivery) -> None:
        """Do one step for one delivery; what goes wrong with it must not keep the others waiting."""
        try:
            await step(delivery)
        except NotAllowed as refusal:
            log.info("moved on meanwhile", delivery=delivery.id, why=refusal.what)
        except Exception as error:  # noqa: BLE001 - an adapter's or a post's fault, told and met again at the next look
            log.error("cannot reconcile", delivery=delivery.id, error=type(error).__name__)

    async def _take_over(self, delivery: Delivery) -> None:
        """A lease that ran out becomes uncertain, never sending again: its request may still land."""
        now = self._clock.now()
        why = "the bot stopped while it was being sent"
        await self._store.move([Change.of(delivery, State.UNCERTAIN, why, due=now)], now)

    async def _ask(self, delivery: Delivery) -> None:
        attempts = await self._open_attempts(delivery)
        if not attempts:
            await self._steering.found(delivery, "all that was on its way has its receipt")
            return
        try:
            async with asyncio.timeout(self._pace.deadline.total_seconds()):
                receipt = await self._find(delivery, attempts[-1])
        except CannotTell as reason:
            why = "; ".join(filter(None, (reason.what, reason.hint)))
            await self._store.reschedule(delivery, None, why, self._clock.now())
            log.warning("uncertain", delivery=delivery.id, channel=delivery.channel, why=reason.what)
        except (HandbillError, OSError, TimeoutError) as error:
            due = self._clock.now() + backoff(delivery.tries + 1, timedelta(0), self._pace.jitter())
            why = error.what if isinstance(error, HandbillError) else type(error).__name__
            await self._store.reschedule(delivery, due, f"could not ask the platform: {why}", self._clock.now())
        else:
            await self._conclude(delivery, attempts, receipt)

    async def _find(self, delivery: Delivery, attempt: Attempt) -> Receipt | None:
        part = next(each for each in delivery.post.parts if each.number == attempt.part)
        return await self._platforms[delivery.channel].find(part, attempt.key, attempt.key.at - SKEW)

    async def _conclude(self, delivery: Delivery, attempts: Sequence[Attempt], receipt: Receipt | None) -> None:
        now = self._clock.now()
        if receipt is not None:
            await self._store.receipt(delivery.id, attempts[-1].part, receipt)
            await self._steering.found(await self._store.delivery(delivery.id), "found on the platform")
            return
        unheard = sum(each.outcome is None or isinstance(each.outcome, Unknown) for each in attempts)
        if unheard >= TRACELESS:
            why = f"{unheard} tries, none of which the platform shows: look there, then settle it"
            await self._store.reschedule(delivery, None, why, now)
            return
        due = now + backoff(max(unheard, 1), timedelta(0), 0) if unheard > 1 else now
        why = "not on the platform after the quiet period: sent again"
        await self._store.move([Change.of(delivery, State.RETRYING, why, due=due)], now)

    async def _open_attempts(self, delivery: Delivery) -> Sequence[Attempt]:
        """Return the attempts on the last armed part that has no receipt, oldest first; none when all is proved."""
        done = {number for number, _ in delivery.receipts}
        attempts = [each for each in await self._store.attempts(delivery.id) if each.part not in done]
        open_ones = [each for each in attempts if not isinstance(each.outcome, Sent)]
        return [each for each in open_ones if each.part == open_ones[-1].part]
