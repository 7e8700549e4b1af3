"""Due deliveries -> attempts -> outcomes.

    claim     the store names the first due delivery of each free channel; the late policy may move or hold it
    arm       the attempt, its key and its lease are written before a byte leaves
    publish   one part, under a hard deadline shorter than the lease; whatever escapes counts as unknown
    record    what came of it, and the move that follows

One delivery at a time on a channel; channels do not wait for each other. Nothing here knows a platform.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import assert_never

import structlog

from bot.domain.backoff import backoff
from bot.domain.delivery import Attempt, Delivery, PublishKey, State, fingerprint_of, key_of
from bot.domain.lateness import Late, decide
from bot.domain.outcome import Outcome, Pending, Receipt, Refused, ReplyTo, Retry, Sent, Unauthorised, Unknown
from bot.domain.plan import Plan
from bot.domain.post import Part
from bot.errors import HandbillError, NotAllowed
from bot.ports import Change, Clock, Engine, Platform, Store

log = structlog.get_logger("dispatch")

#: How much longer than the deadline a lease lasts: time to write down what came of the attempt.
LEASE_MARGIN = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long one publishing call may take, and how jitter (0 to 1) is drawn."""

    deadline: timedelta
    jitter: Callable[[], float]

    @property
    def quiet(self) -> timedelta:
        """How long after arming an unknown attempt may still land: until then, absence proves nothing."""
        return self.deadline + LEASE_MARGIN


class Dispatch:
    """Posts what is due. `wake` may be called at any time and as often as one likes."""

    def __init__(
        self, store: Store, clock: Clock, engine: Engine, platforms: Mapping[str, Platform], default: Plan, pace: Pace
    ) -> None:
        self._store, self._clock, self._engine = store, clock, engine
        self._platforms, self._default, self._pace = platforms, default, pace
        self._under_way: dict[str, asyncio.Task[bool]] = {}
        self._last_or_promised: dict[str, datetime] = {}
        self._stopping = False

    async def wake(self) -> None:
        """Begin every delivery that is due on a free channel, and ask to be woken for the next one."""
        if self._stopping or (await self._store.hold()).on:
            return
        absent = [each.name for each in await self._store.channels() if each.name not in self._platforms]
        for delivery in await self._store.due(self._clock.now(), [*self._under_way, *absent]):
            if delivery.channel not in self._under_way and await self._timely(delivery):
                task = asyncio.create_task(self._deliver(delivery), name=f"delivery {delivery.id}")
                self._under_way[delivery.channel] = task
                task.add_done_callback(partial(self._free, delivery.channel))
        upcoming = await self._store.next_due()
        if upcoming is not None and upcoming > self._clock.now():
            self._engine.wake_at(upcoming)

    async def stop(self) -> None:
        """Begin nothing more and wait for what is under way; each attempt ends by its own deadline."""
        self._stopping = True
        await self.idle()

    async def idle(self) -> None:
        """Return when nothing is under way."""
        while self._under_way:
            await asyncio.wait(self._under_way.values())
            await asyncio.sleep(0)  # noqa: TID251 - lets the finished tasks' callbacks run

    def busy(self) -> frozenset[str]:
        """Return the channels on which something is under way."""
        return frozenset(self._under_way)

    def _free(self, channel: str, task: asyncio.Task[bool]) -> None:
        """Look at once for what is next on the channel; after a delivery that could not be begun the next tick will do."""
        del self._under_way[channel]
        if error := task.exception():
            log.error("failed", channel=channel, error=f"{type(error).__name__}: {error}")
        elif task.result():
            self._engine.wake_at(self._clock.now())

    async def _timely(self, delivery: Delivery) -> bool:
        """Tell whether a delivery goes out now; one that is expired or late is moved as its plan's policy says."""
        now, due = self._clock.now(), delivery.due or self._clock.now()
        if delivery.receipts:
            return await self._unfinished(delivery)
        if delivery.expires is not None and now >= delivery.expires:
            await self._try_move(Change.of(delivery, State.CANCELLED, "its article expired before it was posted"))
            return False
        policy = (await self._store.plans()).get(delivery.channel, self._default).late
        if delivery.tries and now - (delivery.slot or now) > policy.limit:
            await self._try_move(Change.of(delivery, State.HELD, f"could not be sent for too long: {delivery.why}"))
            return False
        answer, moment, why = decide(policy, due, now, self._last_or_promised.get(delivery.channel))
        match answer:
            case Late.POST:
                return True
            case Late.SPREAD:
                self._last_or_promised[delivery.channel] = moment
                await self._try_reschedule(delivery, moment, why)
            case Late.HOLD:
                await self._try_move(Change.of(delivery, State.HELD, why))
            case _:
                assert_never(answer)
        return False

    async def _unfinished(self, delivery: Delivery) -> bool:
        """Tell whether a thread has parts to go; one that has none is done, however it came to wait."""
        if len(delivery.receipts) < len(delivery.post.parts):
            return True
        await self._try_move(Change.of(delivery, State.SENT, "every part has its receipt"))
        return False

    async def _try_reschedule(self, delivery: Delivery, due: datetime, why: str) -> None:
        try:
            await self._store.reschedule(delivery, due, why, self._clock.now())
        except NotAllowed as refusal:
            log.info("moved on meanwhile", delivery=delivery.id, why=refusal.what)

    async def _try_move(self, change: Change) -> None:
        try:
            await self._store.move([change], self._clock.now())
        except NotAllowed as refusal:
            log.info("moved on meanwhile", delivery=change.delivery, why=refusal.what)

    async def _deliver(self, delivery: Delivery) -> bool:
        """Publish every part that has no receipt yet, in order, until one is not sent; tell whether it got anywhere."""
        epoch = delivery.epoch + 1
        proofs: dict[int, Receipt] = dict(delivery.receipts)
        try:
            for part in delivery.post.parts:
                if part.number not in proofs:
                    if self._stopping and len(proofs) > len(delivery.receipts):
                        raise NotAllowed("the bot is stopping")
                    outcome = await self._attempt(delivery, epoch, part, proofs)
                    if not isinstance(outcome, Sent):
                        await self._settle(delivery, epoch, part, outcome)
                        return True
                    proofs[part.number] = outcome.receipt
            self._last_or_promised[delivery.channel] = self._clock.now()
            await self._close(delivery, epoch, State.SENT, "")
            log.info("sent", delivery=delivery.id, channel=delivery.channel, url=proofs[min(proofs)].url)
            return True
        except NotAllowed as refusal:
            log.info("left alone", delivery=delivery.id, why=refusal.what)
            if len(proofs) > len(delivery.receipts):
                armed = replace(delivery, state=State.SENDING, epoch=epoch)
                why = f"the thread waits: {refusal.what}"
                await self._try_move(Change.of(armed, State.RETRYING, why, due=self._clock.now()))
        except HandbillError as error:
            # The lease runs out and reconcile takes over: nothing is sent that could not be written down.
            log.error("cannot record", delivery=delivery.id, error=error.what)
        return False

    async def _attempt(self, delivery: Delivery, epoch: int, part: Part, proofs: Mapping[int, Receipt]) -> Outcome:
        armed = self._clock.now()
        attempt = Attempt(
            delivery=delivery.id,
            part=part.number,
            epoch=epoch,
            key=PublishKey(value=key_of(delivery.id, part.number, delivery.revision), at=armed),
            fingerprint=fingerprint_of(part),
            armed=armed,
            deadline=armed + self._pace.deadline,
        )
        resume = await self._resume(delivery, part)
        key = await self._store.arm(delivery, attempt, attempt.deadline + LEASE_MARGIN)
        outcome = await self._publish(delivery.channel, part, key, _reply_to(proofs), resume)
        log.info("attempt", delivery=delivery.id, part=part.number, outcome=type(outcome).__name__)
        await self._store.record(replace(attempt, key=key, ended=self._clock.now(), outcome=outcome))
        return outcome

    async def _resume(self, delivery: Delivery, part: Part) -> str:
        """Return what a Pending outcome of this part's last attempt left to go on with."""
        if not delivery.tries:
            return ""
        same = fingerprint_of(part)
        earlier = [each for each in await self._store.attempts(delivery.id) if each.fingerprint == same]
        last = earlier[-1].outcome if earlier else None
        return last.resume if isinstance(last, Pending) else ""

    async def _publish(
        self, channel: str, part: Part, key: PublishKey, reply_to: ReplyTo | None, resume: str
    ) -> Outcome:
        try:
            async with asyncio.timeout(self._pace.deadline.total_seconds()):
                return await self._platforms[channel].publish(part, key, reply_to, resume)
        except TimeoutError:
            return Unknown(why=f"no answer within {self._pace.deadline.total_seconds():g} s")
        except Exception as error:  # noqa: BLE001 - docs/adapters.md: what escapes an adapter is caught once, here, as unknown
            return Unknown(why=f"the adapter failed with {type(error).__name__}")

    async def _settle(self, delivery: Delivery, epoch: int, part: Part, outcome: Outcome) -> None:
        """Make the move that an outcome other than Sent calls for."""
        now, tries = self._clock.now(), delivery.tries + 1
        of = f"part {part.number} of {len(delivery.post.parts)}: " if len(delivery.post.parts) > 1 else ""
        match outcome:
            case Retry(why=why, after=after, channel_wide=wide):
                due = now + backoff(tries, after, self._pace.jitter())
                if wide:
                    await self._store.rest_channel(delivery.channel, due)
                await self._close(delivery, epoch, State.RETRYING, of + why, due=due, tries=tries)
            case Pending(until=until):
                why, due = "the platform is still working on the media", now + backoff(tries, until - now, 0)
                await self._close(delivery, epoch, State.RETRYING, of + why, due=due, tries=tries)
            case Refused(why=why):
                await self._close(delivery, epoch, State.FAILED, f"{of}refused: {why}", tries=tries)
            case Unauthorised(why=why):
                await self._store.pause_channel(delivery.channel, why)
                due, why = now + backoff(tries, timedelta(0), self._pace.jitter()), f"{of}credential refused: {why}"
                await self._close(delivery, epoch, State.RETRYING, why, due=due, tries=tries)
            case Unknown(why=why):
                due = now + self._pace.quiet
                await self._close(delivery, epoch, State.UNCERTAIN, of + why, due=due, tries=tries)
            case Sent():
                raise AssertionError("a sent part needs no settling")
            case _:
                assert_never(outcome)

    async def _close(self, delivery: Delivery, epoch: int, to: State, why: str, **more: object) -> None:
        armed = replace(delivery, state=State.SENDING, epoch=epoch)
        await self._store.move([Change.of(armed, to, why, **more)], self._clock.now())


def _reply_to(proofs: Mapping[int, Receipt]) -> ReplyTo | None:
    return ReplyTo(root=proofs[min(proofs)], parent=proofs[max(proofs)]) if proofs else None
