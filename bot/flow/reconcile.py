"""Uncertain deliveries -> proof, or a person.

A delivery is uncertain when nobody knows whether its open part was published. Absence proves nothing before the quiet
period has passed, since an older request may still land; `due` of an uncertain delivery is when that is over. After it,
the platform is asked: found -> on with the thread, or done; surely absent -> sent again with the same key; a platform
that cannot be asked -> parked, `due` None, until a person settles it.
"""

from collections.abc import Mapping
from datetime import timedelta

import structlog

from bot.domain.backoff import backoff
from bot.domain.delivery import Attempt, Delivery, State
from bot.domain.outcome import Receipt, Sent
from bot.errors import CannotTell, HandbillError, NotAllowed
from bot.flow.dispatch import Pace
from bot.flow.steering import Steering
from bot.ports import Change, Clock, Platform, Store

log = structlog.get_logger("reconcile")

#: How far a platform's clock may stand before ours when its timestamps are compared with the moment of arming.
SKEW = timedelta(minutes=2)


class Reconcile:
    """Finds out what became of uncertain deliveries; `look` is called every few seconds."""

    def __init__(
        self, store: Store, clock: Clock, platforms: Mapping[str, Platform], steering: Steering, pace: Pace
    ) -> None:
        self._store, self._clock, self._platforms = store, clock, platforms
        self._steering, self._pace = steering, pace

    async def look(self) -> None:
        """Take over what a dead worker left in sending, then ask the platforms about all that is uncertain and due."""
        await self._take_over()
        now = self._clock.now()
        for delivery in await self._store.deliveries(states=(State.UNCERTAIN,)):
            if delivery.due is not None and delivery.due <= now and delivery.channel in self._platforms:
                await self._ask(delivery)

    async def _take_over(self) -> None:
        """A lease that ran out becomes uncertain, never sending again: its request may still land."""
        now = self._clock.now()
        for delivery in await self._store.overdue_leases(now):
            change = Change.of(delivery, State.UNCERTAIN, "the bot stopped while it was being sent", due=now)
            await self._store.move([change], now)

    async def _ask(self, delivery: Delivery) -> None:
        attempt = await self._open_attempt(delivery)
        if attempt is None:
            await self._steering.found(delivery, "all that was on its way has its receipt")
            return
        try:
            receipt = await self._find(delivery, attempt)
        except CannotTell as reason:
            await self._store.reschedule(delivery, None, str(reason), self._clock.now())
            log.warning("uncertain", delivery=delivery.id, channel=delivery.channel, why=reason.what)
        except (HandbillError, OSError, TimeoutError) as error:
            due = self._clock.now() + backoff(delivery.tries + 1, timedelta(0), self._pace.jitter())
            why = error.what if isinstance(error, HandbillError) else type(error).__name__
            await self._store.reschedule(delivery, due, f"could not ask the platform: {why}", self._clock.now())
        else:
            await self._conclude(delivery, attempt, receipt)

    async def _find(self, delivery: Delivery, attempt: Attempt) -> Receipt | None:
        part = next(each for each in delivery.post.parts if each.number == attempt.part)
        return await self._platforms[delivery.channel].find(part, attempt.key, attempt.key.at - SKEW)

    async def _conclude(self, delivery: Delivery, attempt: Attempt, receipt: Receipt | None) -> None:
        now = self._clock.now()
        try:
            if receipt is None:
                why = "not on the platform after the quiet period: sent again"
                await self._store.move([Change.of(delivery, State.RETRYING, why, due=now)], now)
                return
            await self._store.receipt(delivery.id, attempt.part, receipt)
            await self._steering.found(await self._store.delivery(delivery.id), "found on the platform")
        except NotAllowed as refusal:
            log.info("settled meanwhile", delivery=delivery.id, why=refusal.what)

    async def _open_attempt(self, delivery: Delivery) -> Attempt | None:
        """Return the last attempt on the first part without a receipt; None when all that was armed is proved."""
        done = {number for number, _ in delivery.receipts}
        attempts = [each for each in await self._store.attempts(delivery.id) if each.part not in done]
        open_ones = [each for each in attempts if not isinstance(each.outcome, Sent)]
        return open_ones[-1] if open_ones else None
