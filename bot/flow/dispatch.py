"""Due deliveries -> attempts -> outcomes.

    claim     the store names the first due delivery of each free channel; pacing may put it off or set it aside
    arm       the attempt, its key and its lease are written before a byte leaves
    publish   one part, under a hard deadline shorter than the lease; whatever escapes counts as unknown
    record    what came of it, and the move that follows

One delivery at a time on a channel; channels do not wait for each other, and what fails on one stays there. Nothing here
knows a platform.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import assert_never

import structlog

from bot.domain.backoff import backoff, bounded
from bot.domain.channel import Channel
from bot.domain.circuit import Circuit
from bot.domain.delivery import Attempt, Delivery, PublishKey, State, fingerprint_of, key_of
from bot.domain.ledger import Change
from bot.domain.outcome import Outcome, Pending, Receipt, Refused, ReplyTo, Retry, Sent, Unauthorised, Unknown
from bot.domain.pacing import cost_of
from bot.domain.plan import ANYWAY, Plan
from bot.domain.post import Part
from bot.errors import HandbillError, NotAllowed
from bot.flow.hosts import Hosts
from bot.flow.pacing import BREATH, Aside, Bound, Later, Pacing
from bot.ports import Clock, Engine, Platform, Store

log = structlog.get_logger("dispatch")

#: How much longer than the deadline a lease lasts: time to write down what came of the attempt.
LEASE_MARGIN = timedelta(seconds=5)
#: A delivery that we fail on so often is set aside, so that its channel goes on.
STUMBLES = 3


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
        self._known: dict[str, Channel] = {}
        self._stumbles: dict[str, list[str]] = {}
        self._stopping = False

    async def wake(self) -> None:
        """Begin every delivery that is due on a free channel, and ask to be woken for the next one."""
        if self._stopping:
            return
        now = self._clock.now()
        ready = await self._store.ready(now, list(self._under_way))
        for delivery in ready.deliveries:
            name = delivery.channel
            self._begin(delivery, ready.channels[name], ready.plans.get(name, self._default))
        # Compared with the moment of the reading: what has come due since then must not wait for the safety tick.
        if ready.upcoming is not None and ready.upcoming > now:
            self._engine.wake_at(ready.upcoming)

    def _begin(self, delivery: Delivery, channel: Channel, plan: Plan) -> None:
        """Let a delivery take its way beside those of the other channels, unless its own or its host is busy."""
        if self._stopping or channel.name in self._under_way or channel.name not in self._platforms:
            return
        if not self._hosts.allows(channel, (self._known[each] for each in self._under_way)):
            return
        self._known[channel.name] = channel
        task = asyncio.create_task(self._serve(delivery, channel, plan), name=f"delivery {delivery.id}")
        self._under_way[channel.name] = task
        task.add_done_callback(partial(self._free, channel.name))

    async def stop(self) -> None:
        """Begin nothing more and wait for what is under way; each attempt ends by its own deadline."""
        self._stopping = True
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
        """Return the channels on which something is under way."""
        return frozenset(self._under_way)

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
                    return await self._try_move(Change.of(delivery, to, why))
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
        moved = await self._try_move(Change.of(delivery, State.HELD, why))
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
        epoch = delivery.epoch + 1
        proofs: dict[int, Receipt] = dict(delivery.receipts)
        try:
            for part in delivery.post.parts:
                if part.number not in proofs:
                    begun = len(proofs) > len(delivery.receipts)
                    if self._stopping and begun:
                        raise NotAllowed("the bot is stopping")
                    if begun and (wait := await self._breath(channel)):
                        await self._close(
                            delivery, epoch, State.RETRYING, f"the thread waits: {wait.why}", due=wait.until
                        )
                        return True
                    outcome = await self._attempt(delivery, channel, epoch, part, proofs)
                    if not isinstance(outcome, Sent):
                        await self._settle(delivery, epoch, part, outcome)
                        return True
                    proofs[part.number] = outcome.receipt
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

    async def _breath(self, channel: Channel) -> Bound | None:
        """Wait for what is free again in a moment; return what keeps a thread's next part for longer."""
        bound = await self._pacing.bound(channel.name, channel.limits)
        if bound is None or (wait := bound.until - self._clock.now()) > BREATH:
            return bound
        await self._clock.sleep(max(wait, timedelta(0)))
        return None

    async def _attempt(
        self, delivery: Delivery, channel: Channel, epoch: int, part: Part, proofs: Mapping[int, Receipt]
    ) -> Outcome:
        armed = self._clock.now()
        attempt = Attempt(
            delivery=delivery.id,
            part=part.number,
            epoch=epoch,
            key=PublishKey(value=key_of(delivery.id, part.number, delivery.revision), at=armed),
            fingerprint=fingerprint_of(part),
            armed=armed,
            deadline=armed + self._pace.deadline,
            cost=cost_of([part], channel.limits.price),
        )
        resume = await self._resume(delivery, part)
        key = await self._store.arm(delivery, attempt, attempt.deadline + LEASE_MARGIN)
        outcome, crashed = await self._publish(delivery.channel, part, key, _reply_to(proofs), resume)
        done = isinstance(outcome, Sent) and {*proofs, part.number} == {each.number for each in delivery.post.parts}
        if not done:
            log.info("attempt", delivery=delivery.id, part=part.number, outcome=type(outcome).__name__)
        change = Change.of(replace(delivery, state=State.SENDING, epoch=epoch), State.SENT, "") if done else None
        await self._store.record(replace(attempt, key=key, ended=self._clock.now(), outcome=outcome), change)
        if done:
            self._pacing.posted(channel.name)
        self._pacing.heard(channel.name, outcome)
        if not crashed:
            await self._hosts.heard(channel, outcome)
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
    ) -> tuple[Outcome, bool]:
        """Return what came of a call, and whether the adapter crashed, which says nothing of the platform's host."""
        try:
            async with asyncio.timeout(self._pace.deadline.total_seconds()):
                return await self._platforms[channel].publish(part, key, reply_to, resume), False
        except TimeoutError:
            return Unknown(why=f"no answer within {self._pace.deadline.total_seconds():g} s"), False
        except Exception as error:  # noqa: BLE001 - docs/adapters.md: what escapes an adapter is caught once, here, as unknown
            return Unknown(why=f"the adapter failed with {type(error).__name__}"), True

    async def _settle(self, delivery: Delivery, epoch: int, part: Part, outcome: Outcome) -> None:
        """Make the move that an outcome other than Sent calls for."""
        now, tries = self._clock.now(), delivery.tries + 1
        of = f"part {part.number} of {len(delivery.post.parts)}: " if len(delivery.post.parts) > 1 else ""
        of = f"{ANYWAY}: {of}" if delivery.why.startswith(ANYWAY) else of
        match outcome:
            case Retry(why=why, after=after, channel_wide=wide):
                due = now + backoff(tries, self._believed(delivery, after), self._pace.jitter())
                if wide:
                    await self._store.rest_channel(delivery.channel, due, f"the platform asks for a pause: {why}")
                await self._close(delivery, epoch, State.RETRYING, of + why, due=due, tries=tries)
            case Pending(until=until):
                why, due = (
                    "the platform is still working on the media",
                    now + backoff(tries, self._believed(delivery, until - now), 0),
                )
                await self._close(delivery, epoch, State.RETRYING, of + why, due=due, tries=tries)
            case Refused(why=why):
                await self._close(delivery, epoch, State.FAILED, f"{of}refused: {why}", tries=tries)
            case Unauthorised(why=why):
                await self._store.pause_channel(delivery.channel, outcome.words)
                due, why = now + backoff(tries, timedelta(0), self._pace.jitter()), f"{of}credential refused: {why}"
                await self._close(delivery, epoch, State.RETRYING, why, due=due, tries=tries)
            case Unknown(why=why):
                due = now + self._pace.quiet
                await self._close(delivery, epoch, State.UNCERTAIN, of + why, due=due, tries=tries)
            case Sent():
                raise AssertionError("a sent part needs no settling")
            case _:
                assert_never(outcome)

    def _believed(self, delivery: Delivery, asked: timedelta) -> timedelta:
        """Return how long a platform's wish to wait is kept to."""
        if (kept := bounded(asked)) != asked:
            log.warning("absurd wait", channel=delivery.channel, asked=str(asked), kept=str(kept))
        return kept

    async def _close(self, delivery: Delivery, epoch: int, to: State, why: str, **more: object) -> None:
        armed = replace(delivery, state=State.SENDING, epoch=epoch)
        await self._store.move([Change.of(armed, to, why, **more)], self._clock.now())


def _reply_to(proofs: Mapping[int, Receipt]) -> ReplyTo | None:
    return ReplyTo(root=proofs[min(proofs)], parent=proofs[max(proofs)]) if proofs else None
