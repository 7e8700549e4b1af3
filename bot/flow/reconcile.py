"""Uncertain deliveries -> proof, or a person.

A delivery is uncertain when nobody knows whether its open part was published. Absence proves nothing before the quiet
period has passed, since an older request may still land; `due` of an uncertain delivery is when that is over. After it,
the platform is asked, and the delivery's history tells each look and what it showed:

    told after all    what the last attempt heard says that it was not published: nobody need be asked
    found             on with the thread, or done
    absent            believed after as many looks as the channel's `Limits.absence` wants, then sent again with the same
                      key, as often as it allows and the channel's plan lets us
    cannot be asked   asked again after growing pauses
    cannot tell, left no trace too often, a plan that forbids, an adapter that fails
                      parked, `due` None, until a person settles it
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from bot.domain.aftermath import following
from bot.domain.backoff import backoff
from bot.domain.channel import Absence
from bot.domain.delivery import LEASE_MARGIN, STUMBLES, Attempt, Delivery, State
from bot.domain.ledger import Change
from bot.domain.outcome import Pending, Receipt, Refused, Retry, Sent, Unauthorised, Unknown
from bot.domain.plan import Plan
from bot.errors import CannotTell, HandbillError, NotAllowed
from bot.flow.dispatch import Pace
from bot.flow.steering import Steering
from bot.ports import Clock, Platform, Store

log = structlog.get_logger("reconcile")

#: How far a platform's clock may stand before ours when its timestamps are compared with the moment of arming.
SKEW = timedelta(minutes=2)
#: How many deliveries of one channel are asked about in one look.
AT_ONCE = 20

CHOICES = "look there yourself, then settle it: it is there, it is not there and shall be sent again, or it is given up"


@dataclass(slots=True, kw_only=True)
class Search:
    """What the looks for an attempt brought so far. In memory only: after a restart everything is looked at again."""

    epoch: int
    absent: list[datetime] = field(default_factory=list)
    outages: int = 0
    stumbles: int = 0


class Reconcile:
    """Finds out what became of uncertain deliveries; `look` is called every few seconds.

    `busy` names the deliveries at which this very process is at work: whatever its clock says, their leases are alive.
    `ahead` tells how far the platforms' clocks stand before ours: by a clock that is wrong a post looks older than its
    attempt.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        platforms: Mapping[str, Platform],
        steering: Steering,
        pace: Pace,
        busy: Callable[[], Collection[str]] = frozenset,
        ahead: Callable[[], timedelta] = timedelta,
    ) -> None:
        self._store, self._clock, self._platforms = store, clock, platforms
        self._steering, self._pace, self._busy, self._ahead = steering, pace, busy, ahead
        self._searches: dict[str, Search] = {}
        self._stopping = False

    def stop(self) -> None:
        """Let a look end after the deliveries that it is at, and begin no other."""
        self._stopping = True

    async def look(self) -> None:
        """Take over what a dead worker left in sending, then ask the platforms about all that is uncertain and due."""
        now = self._clock.now()
        for delivery in await self._store.overdue_leases(now):
            if delivery.id not in self._busy() and not self._stopping:
                await self._alone(self._take_over, delivery)
        by_channel: dict[str, list[Delivery]] = {}
        uncertain = await self._store.deliveries(states=(State.UNCERTAIN,))
        self._forget(uncertain)
        resting = {each.name for each in await self._store.channels() if each.resting(now)} if uncertain else set()
        for delivery in uncertain:
            asked = delivery.channel in self._platforms and delivery.channel not in resting
            if asked and delivery.due is not None and delivery.due <= now:
                by_channel.setdefault(delivery.channel, []).append(delivery)
        await asyncio.gather(*(self._ask_each(deliveries) for deliveries in by_channel.values()))

    def _forget(self, uncertain: Sequence[Delivery]) -> None:
        """Keep no search for what is not uncertain any more."""
        if self._searches:
            known = {each.id for each in uncertain}
            self._searches = {each: search for each, search in self._searches.items() if each in known}

    async def _ask_each(self, deliveries: Sequence[Delivery]) -> None:
        """Ask about one after the other, until the platform does not answer or the bot stops."""
        for delivery in deliveries[:AT_ONCE]:
            if self._stopping or not await self._alone(self._ask, delivery):
                return

    async def _alone(self, step: Callable[[Delivery], Awaitable[bool]], delivery: Delivery) -> bool:
        """Do one step for one delivery; what goes wrong with it must not keep the others waiting."""
        try:
            return await step(delivery)
        except NotAllowed as refusal:
            log.info("moved on meanwhile", delivery=delivery.id, why=refusal.what)
        except Exception as error:  # noqa: BLE001 - a fault of ours or of the store, told and met again at the next look
            log.error("cannot reconcile", delivery=delivery.id, error=type(error).__name__)
        return True

    async def _take_over(self, delivery: Delivery) -> bool:
        """A lease that ran out becomes uncertain, never sending again: its request may still land."""
        now = self._clock.now()
        why = "the bot stopped while it was being sent"
        await self._store.move([Change.of(delivery, State.UNCERTAIN, why, due=now)], now)
        return True

    async def _ask(self, delivery: Delivery) -> bool:
        """Look for a delivery's open part once; tell whether its platform answered."""
        attempts, now = await self._open_attempts(delivery), self._clock.now()
        if not attempts:
            await self._steering.found(delivery, "all that was on its way has its receipt")
            return True
        if isinstance(attempts[-1].outcome, Retry | Pending | Refused | Unauthorised):
            await self._told(delivery, attempts[-1])
            return True
        quiet = attempts[-1].deadline + LEASE_MARGIN
        if now < quiet:
            await self._store.reschedule(delivery, quiet, "what was sent may still arrive until then", now)
            return True
        search = self._searches.get(delivery.id)
        if search is None or search.epoch != attempts[-1].epoch:
            search = self._searches[delivery.id] = Search(epoch=attempts[-1].epoch)
        return await self._looked(delivery, attempts, search)

    async def _told(self, delivery: Delivery, attempt: Attempt) -> None:
        """Make the move that the attempt's outcome calls for, which was written down without it."""
        now, part = self._clock.now(), next(each for each in delivery.post.parts if each.number == attempt.part)
        if attempt.outcome is None:
            return
        change = following(delivery, part, attempt.outcome, now, self._pace.quiet, self._pace.jitter())
        if change is not None and change.to is State.FAILED:
            await self._store.move([replace(change, version=delivery.version)], now)
        elif change is not None:
            await self._steering.again(delivery, change.why, change.due or now)

    async def _looked(self, delivery: Delivery, attempts: Sequence[Attempt], search: Search) -> bool:
        try:
            async with asyncio.timeout(self._pace.deadline.total_seconds()):
                receipt = await self._find(delivery, attempts[-1])
        except CannotTell as reason:
            await self._park(delivery, "; ".join(filter(None, (reason.what, reason.hint))))
        except (HandbillError, OSError) as error:
            search.outages += 1
            why = error.what if isinstance(error, HandbillError) else "the platform did not answer in time"
            await self._again_later(delivery, search.outages, f"could not ask: {why}")
            return False
        except Exception as error:  # noqa: BLE001 - an adapter's fault must not stop the others, nor be met for ever
            search.stumbles += 1
            await self._stumbled(delivery, search.stumbles, type(error).__name__)
        else:
            search.outages = 0
            if receipt is None:
                await self._absent(delivery, attempts, search)
            else:
                await self._found(delivery, attempts[-1].part, receipt)
        return True

    async def _find(self, delivery: Delivery, attempt: Attempt) -> Receipt | None:
        part = next(each for each in delivery.post.parts if each.number == attempt.part)
        return await self._platforms[delivery.channel].find(
            part, attempt.key, attempt.key.at - SKEW - abs(self._ahead())
        )

    async def _stumbled(self, delivery: Delivery, stumbles: int, error: str) -> None:
        log.error("an adapter failed", delivery=delivery.id, channel=delivery.channel, error=error, times=stumbles)
        if stumbles < STUMBLES:
            await self._again_later(delivery, stumbles, f"could not ask: the adapter failed with {error}")
        else:
            await self._park(delivery, f"{stumbles} times the adapter failed with {error}: report it; {CHOICES}")

    async def _again_later(self, delivery: Delivery, times: int, what: str) -> None:
        now = self._clock.now()
        due = now + backoff(times, timedelta(0), self._pace.jitter())
        await self._store.reschedule(delivery, due, f"looked at {_at(now)}: {what}", now)

    async def _park(self, delivery: Delivery, what: str) -> None:
        now = self._clock.now()
        await self._store.reschedule(delivery, None, f"looked at {_at(now)}: {what}", now)
        log.warning("uncertain", delivery=delivery.id, channel=delivery.channel, why=what)

    async def _found(self, delivery: Delivery, part: int, receipt: Receipt) -> None:
        if any(receipt.id == known.id for _, known in delivery.receipts):
            await self._park(delivery, f"only another part of it with the same words, {receipt.url}; {CHOICES}")
            return
        await self._store.receipt(delivery.id, part, receipt)
        why = f"looked at {_at(self._clock.now())}: it is there, {receipt.url or receipt.id}"
        await self._steering.found(await self._store.delivery(delivery.id), why)

    async def _absent(self, delivery: Delivery, attempts: Sequence[Attempt], search: Search) -> None:
        """Look as often as the channel's platform needs, then send again; or park, with what was seen."""
        now, rule = self._clock.now(), await self._absence(delivery.channel)
        search.absent.append(now)
        if len(search.absent) < rule.reads:
            due = now + rule.apart
            await self._store.reschedule(delivery, due, f"looked at {_at(now)}: not there; again at {_at(due)}", now)
            return
        looks = " and ".join(_at(each) for each in search.absent[-rule.reads :])
        plan = (await self._store.plans()).get(delivery.channel, Plan())
        unheard = sum(each.outcome is None or isinstance(each.outcome, Unknown) for each in attempts)
        del self._searches[delivery.id]
        if unheard > rule.resends:
            tries = f"{unheard} {'try' if unheard == 1 else 'tries'}"
            await self._store.reschedule(delivery, None, f"looked at {looks}: not there after {tries}; {CHOICES}", now)
        elif not plan.resend:
            why = f"looked at {looks}: not there, and the channel's plan leaves it to a person; {CHOICES}"
            await self._store.reschedule(delivery, None, why, now)
        else:
            due = now + backoff(unheard, timedelta(0), 0) if unheard > 1 else now
            await self._steering.again(delivery, f"looked at {looks}: not there after the quiet period", due)

    async def _absence(self, channel: str) -> Absence:
        found = (each.limits.absence for each in await self._store.channels() if each.name == channel)
        return next(found, Absence())

    async def _open_attempts(self, delivery: Delivery) -> Sequence[Attempt]:
        """Return the attempts on the last armed part that has no receipt, oldest first; none when all is proved."""
        done = {number for number, _ in delivery.receipts}
        attempts = [each for each in await self._store.attempts(delivery.id) if each.part not in done]
        open_ones = [each for each in attempts if not isinstance(each.outcome, Sent)]
        return [each for each in open_ones if each.part == open_ones[-1].part]


def _at(moment: datetime) -> str:
    return f"{moment:%H:%M:%S} UTC"
