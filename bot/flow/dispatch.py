"""Due deliveries -> attempts -> outcomes.

    claim     the store names the first due delivery of each free channel; pacing may put it off or set it aside
    arm       the attempt, its key and its lease are written before a byte leaves
    publish   one part, by a hard deadline that ends before the lease; whatever escapes counts as unknown
    record    what came of it and the move that follows, in one commit; again and again while the store refuses

One delivery at a time on a channel; channels do not wait for each other, and what fails on one stays there. Nothing here
knows a platform.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from bot.domain.aftermath import asked, following
from bot.domain.backoff import backoff, bounded
from bot.domain.channel import Channel
from bot.domain.circuit import Circuit
from bot.domain.delivery import (
    LEASE_MARGIN,
    STUMBLES,
    Attempt,
    Delivery,
    PublishKey,
    State,
    fingerprint_of,
    key_of,
    missing,
)
from bot.domain.ledger import Change
from bot.domain.outcome import Outcome, Pending, ReplyTo, Retry, Sent, Unauthorised, Unknown
from bot.domain.pacing import cost_of
from bot.domain.plan import Plan
from bot.domain.post import Part
from bot.errors import HandbillError, NotAllowed, StoreError
from bot.flow.hosts import Hosts
from bot.flow.pacing import BREATH, Aside, Bound, Later, Pacing
from bot.ports import Clock, Engine, Platform, Store

log = structlog.get_logger("dispatch")

#: How many deliveries are read at a time: the first go out while the next are read, and nothing else waits for long.
AT_ONCE = 25


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
        self._pacing, self._hosts = Pacing(store, clock), Hosts(store, clock)
        self._under_way: dict[str, asyncio.Task[bool]] = {}
        self._begun: dict[str, tuple[Channel, str]] = {}
        self._stumbles: dict[str, list[str]] = {}
        self._stopping = asyncio.Event()

    async def wake(self) -> None:
        """Begin every delivery that is due on a free channel, and ask to be woken for the next one."""
        seen: set[str] = set()
        while not self._stopping.is_set():
            now = self._clock.now()
            ready = await self._store.ready(now, [*seen.union(self._under_way)], AT_ONCE)
            for delivery in ready.deliveries:
                name = delivery.channel
                seen.add(name)
                # A channel of which anything is damaged is left out: nobody can tell what holds for it.
                if channel := ready.channels.get(name):
                    self._begin(delivery, channel, ready.plans.get(name, self._default))
            if ready.more:
                continue
            # Compared with the moment of the reading: what has come due since then must not wait for the safety tick.
            if ready.upcoming is not None and ready.upcoming > now:
                self._engine.wake_at(ready.upcoming)
            return

    def _begin(self, delivery: Delivery, channel: Channel, plan: Plan) -> None:
        """Let a delivery take its way beside those of the other channels, unless its own or its host is busy."""
        if self._stopping.is_set() or channel.name in self._under_way or channel.name not in self._platforms:
            return
        if not self._hosts.allows(channel, (self._begun[each][0] for each in self._under_way)):
            return
        self._begun[channel.name] = (channel, delivery.id)
        task = asyncio.create_task(self._serve(delivery, channel, plan), name=f"delivery {delivery.id}")
        self._under_way[channel.name] = task
        task.add_done_callback(partial(self._free, channel.name))

    async def stop(self) -> None:
        """Begin nothing more and wait for what is under way; each attempt ends by its own deadline."""
        self._stopping.set()
        await self.idle()

    async def idle(self) -> None:
        """Return when nothing is under way."""
        while self._under_way:
            await asyncio.wait(self._under_way.values())
            await asyncio.sleep(0)  # noqa: TID251 - lets the finished tasks' callbacks run

    @property
    def silent(self) -> Mapping[str, Circuit]:
        """The hosts that do not answer, each with since when, and when it is tried next."""
        return self._hosts.silent

    def busy(self) -> frozenset[str]:
        """Return the ids of the deliveries that are under way."""
        return frozenset(self._begun[each][1] for each in self._under_way)

    def _free(self, channel: str, task: asyncio.Task[bool]) -> None:
        """Look at once for what is next on the channel; after a delivery that could not be begun the next tick will do."""
        del self._under_way[channel]
        if task.cancelled():
            return
        if error := task.exception():
            log.error("failed", channel=channel, error=f"{type(error).__name__}: {error}")
        elif task.result():
            self._engine.wake_at(self._clock.now())

    async def _serve(self, delivery: Delivery, channel: Channel, plan: Plan) -> bool:
        """Do with a due delivery what its channel's rules say; tell whether the next one on the channel may be looked at.

        What goes wrong with one delivery for a reason of our own ends here: its channel goes on without it after a while.
        """
        try:
            if len(errors := self._stumbles.get(delivery.id, [])) >= STUMBLES:
                return await self._park(delivery, errors[-1])
            match await self._pacing.ruling(delivery, channel.limits, plan):
                case Aside(to=to, why=why):
                    return await self._try_move(Change.of(delivery, to, why, version=delivery.version))
                case Later(until=until, why=why) if until - self._clock.now() > BREATH:
                    return await self._try_reschedule(delivery, until, why)
                case Later(until=until):
                    await self._clock.sleep(max(until - self._clock.now(), timedelta(0)))
                case None:
                    pass
            return await self._deliver(delivery, channel)
        except HandbillError as error:
            log.error("cannot look at", delivery=delivery.id, error=error.what)
        except Exception as error:  # noqa: BLE001 - a post that cannot be read, or a fault in this program
            return await self._stumbled(delivery, type(error).__name__)
        return False

    async def _stumbled(self, delivery: Delivery, error: str) -> bool:
        """Try again at the next tick; after some times a person has to look."""
        errors = self._stumbles.setdefault(delivery.id, [])
        errors.append(error)
        log.error("failed", delivery=delivery.id, channel=delivery.channel, error=error, times=len(errors))
        try:
            return len(errors) >= STUMBLES and await self._park(delivery, error)
        except HandbillError as refusal:
            log.error("cannot set aside", delivery=delivery.id, error=refusal.what)
            return False

    async def _park(self, delivery: Delivery, error: str) -> bool:
        why = f"it could not be worked on, {STUMBLES} times over ({error}): this is a fault in the program, report it"
        moved = await self._try_move(Change.of(delivery, State.HELD, why, version=delivery.version))
        if moved:
            del self._stumbles[delivery.id]
        return moved

    async def _try_reschedule(self, delivery: Delivery, due: datetime, why: str) -> bool:
        try:
            await self._store.reschedule(delivery, due, why, self._clock.now())
        except NotAllowed as refusal:
            log.info("moved on meanwhile", delivery=delivery.id, why=refusal.what)
            return False
        return True

    async def _try_move(self, change: Change) -> bool:
        try:
            await self._store.move([change], self._clock.now())
        except NotAllowed as refusal:
            log.info("moved on meanwhile", delivery=change.delivery, why=refusal.what)
            return False
        return True

    async def _deliver(self, delivery: Delivery, channel: Channel) -> bool:
        """Publish every part that has no receipt yet, in order, until one is not sent; tell whether it got anywhere."""
        armed = replace(delivery, state=State.SENDING, epoch=delivery.epoch + 1)
        try:
            for part in missing(delivery):
                if len(armed.receipts) > len(delivery.receipts) and await self._waits(armed, channel):
                    return True
                outcome = await self._attempt(delivery, armed, channel, part)
                if not isinstance(outcome, Sent):
                    return True
                armed = replace(armed, receipts=(*armed.receipts, (part.number, outcome.receipt)))
            log.info("sent", delivery=delivery.id, channel=channel.name, url=min(armed.receipts)[1].url)
            return True
        except NotAllowed as refusal:
            log.info("left alone", delivery=delivery.id, why=refusal.what)
            if len(armed.receipts) > len(delivery.receipts):
                why = f"the thread waits: {refusal.what}"
                await self._try_move(Change.of(armed, State.RETRYING, why, due=self._clock.now()))
        except HandbillError as error:
            # The lease runs out and reconcile takes over: nothing is sent that could not be written down.
            log.error("cannot record", delivery=delivery.id, error=error.what)
        return False

    async def _waits(self, armed: Delivery, channel: Channel) -> bool:
        """Tell whether a thread's next part must wait; then that is written down."""
        if self._stopping.is_set():
            raise NotAllowed("the bot is stopping")
        if wait := await self._breath(channel):
            change = Change.of(armed, State.RETRYING, f"the thread waits: {wait.why}", due=wait.until)
            await self._store.move([change], self._clock.now())
        return wait is not None

    async def _breath(self, channel: Channel) -> Bound | None:
        """Wait for what is free again in a moment; return what keeps a thread's next part for longer."""
        bound = await self._pacing.bound(channel.name, channel.limits)
        if bound is None or (wait := bound.until - self._clock.now()) > BREATH:
            return bound
        await self._clock.sleep(max(wait, timedelta(0)))
        return None

    async def _attempt(self, delivery: Delivery, armed: Delivery, channel: Channel, part: Part) -> Outcome:
        """Arm, publish and record one part of a delivery; `armed` is how it stands while that lasts."""
        attempt, ticks = self._intent(armed, channel, part), self._clock.monotonic()
        resume = await self._resume(delivery, part)
        key = await self._store.arm(delivery, attempt, attempt.deadline + LEASE_MARGIN)
        passed = timedelta(seconds=self._clock.monotonic() - ticks)
        left = min(attempt.deadline - self._clock.now(), self._pace.deadline - passed)
        outcome, telling = await self._publish(channel.name, part, key, _reply_to(armed), resume, left)
        now = self._clock.now()
        change = following(armed, part, outcome, now, self._pace.quiet, self._pace.jitter())
        if not isinstance(outcome, Sent):
            log.info("attempt", delivery=delivery.id, part=part.number, outcome=type(outcome).__name__)
        await self._record(replace(attempt, key=key, ended=now, outcome=outcome), change)
        await self._heed(channel, outcome, change, now)
        if change is not None and change.to is State.SENT:
            self._pacing.posted(channel.name, now)
        self._pacing.heard(channel.name, outcome, now)
        if telling:
            await self._hosts.heard(channel, outcome)
        return outcome

    def _intent(self, armed: Delivery, channel: Channel, part: Part) -> Attempt:
        now = self._clock.now()
        return Attempt(
            delivery=armed.id,
            part=part.number,
            epoch=armed.epoch,
            key=PublishKey(value=key_of(armed.id, part.number, armed.revision), at=now),
            fingerprint=fingerprint_of(part),
            armed=now,
            deadline=now + self._pace.deadline,
            cost=cost_of([part], channel.limits.price),
        )

    async def _resume(self, delivery: Delivery, part: Part) -> str:
        """Return what a Pending outcome of this part's last attempt left to go on with."""
        if not delivery.epoch:
            return ""
        same = fingerprint_of(part)
        earlier = [each for each in await self._store.attempts(delivery.id) if each.fingerprint == same]
        last = earlier[-1].outcome if earlier else None
        return last.resume if isinstance(last, Pending) else ""

    async def _publish(
        self, channel: str, part: Part, key: PublishKey, reply_to: ReplyTo | None, resume: str, left: timedelta
    ) -> tuple[Outcome, bool]:
        """Return what came of a call in the time that is `left`, and whether that tells anything of the platform's host.

        What froze after arming (a stopped process, a machine asleep) sends nothing: whoever took over may have looked already.
        """
        if left <= timedelta(0):
            return Retry(why="held up before it was sent"), False
        try:
            async with asyncio.timeout(left.total_seconds()):
                return await self._platforms[channel].publish(part, key, reply_to, resume), True
        except TimeoutError:
            return Unknown(why=f"no answer within {self._pace.deadline.total_seconds():g} s"), True
        except Exception as error:  # noqa: BLE001 - docs/adapters.md: what escapes an adapter is caught once, here, as unknown
            return Unknown(why=f"the adapter failed with {type(error).__name__}"), False

    async def _record(self, attempt: Attempt, change: Change | None) -> None:
        """Write down what came of an attempt and the move that follows, as often as it takes: it is known nowhere else.

        The channel stays busy meanwhile. Once the bot stops there is one last try, which may raise StoreError.
        """
        refused = 0
        while True:
            last = self._stopping.is_set()
            try:
                await self._store.record(attempt, change)
            except StoreError as error:
                if last:
                    raise
                refused += 1
                log.error("cannot record", delivery=attempt.delivery, error=error.what, times=refused)
                await self._unless_stopped(backoff(refused, timedelta(0), 0))
            else:
                return

    async def _unless_stopped(self, span: timedelta) -> None:
        """Wait that long, or until the bot stops."""
        waits = [asyncio.ensure_future(each) for each in (self._clock.sleep(span), self._stopping.wait())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for each in waits:
            each.cancel()
        await asyncio.gather(*waits, return_exceptions=True)

    async def _heed(self, channel: Channel, outcome: Outcome, change: Change | None, now: datetime) -> None:
        """Do what an outcome asks of the whole channel: a pause, or a rest."""
        wish = asked(outcome, now)
        if (kept := bounded(wish)) < wish:
            log.warning("absurd wait", channel=channel.name, asked=str(wish), kept=str(kept))
        match outcome:
            case Retry(why=why, channel_wide=True):
                until = change.due if change else None
                await self._store.rest_channel(channel.name, until, f"the platform asks for a pause: {why}")
            case Unauthorised():
                with suppress(NotAllowed):  # it is paused by now, maybe by a person: their reason stands
                    await self._store.pause_channel(channel.name, outcome.words, was="")
            case _:
                pass


def _reply_to(armed: Delivery) -> ReplyTo | None:
    proofs = dict(armed.receipts)
    return ReplyTo(root=proofs[min(proofs)], parent=proofs[max(proofs)]) if proofs else None
