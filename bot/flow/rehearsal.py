"""The future of a copy of the ledger: the same dispatch, a stepped clock, platforms that take everything.

What it tells is what would happen if nobody did anything and nothing failed: the moments are those of the real plans,
caps, budgets and blackouts, since the very code that posts makes them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.channel import Account, Channel
from bot.domain.delivery import Delivery, PublishKey, State
from bot.domain.outcome import Outcome, Receipt, ReplyTo, Sent
from bot.domain.plan import Plan
from bot.domain.post import Part
from bot.errors import CannotTell, HandbillError
from bot.flow.steering import Steering
from bot.ports import Store

#: Two posts of one article on channels of one platform, or any two on one channel, closer than this are told.
CLOSE = timedelta(minutes=1)
#: Where nobody asked to be woken although something is due, it is looked at again after this long, as a running bot does.
TICK = timedelta(seconds=2)


class SteppedNow(Protocol):
    """A clock that can be set."""

    at: datetime

    def now(self) -> datetime:
        """Return the moment at which it stands."""
        ...


class Wishes(Protocol):
    """An engine that tells when it was asked to wake."""

    def take(self) -> datetime | None:
        """Return the moment that was asked for, and forget it."""
        ...


class Worker(Protocol):
    """What posts: dispatch."""

    async def wake(self) -> None:
        """Begin what is due."""
        ...

    async def idle(self) -> None:
        """Return when nothing is under way."""
        ...


@dataclass(slots=True)
class Agreeable:
    """A platform that takes everything at once and shows it to nobody."""

    channel: Channel
    clock: SteppedNow
    taken: int = 0

    async def verify(self) -> Account:
        """Return the channel as it is known."""
        return Account(name=self.channel.account, url=self.channel.url, limits=self.channel.limits)

    async def publish(self, part: Part, key: PublishKey, reply_to: ReplyTo | None, resume: str = "") -> Outcome:
        """Take it."""
        self.taken += 1
        return Sent(receipt=Receipt(id=key.value, url="", at=self.clock.now()))

    async def find(self, part: Part, key: PublishKey, since: datetime) -> Receipt | None:
        """Refuse to tell: what was uncertain before the rehearsal is for a person."""
        raise CannotTell("nothing is asked in a rehearsal")

    async def retract(self, receipt: Receipt) -> Outcome:
        """Remove nothing."""
        return Sent(receipt=receipt)

    async def close(self) -> None:
        """Let go of nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What would happen: `sent` in order, `waiting` is what would not go out, `moved` (when, delivery, why) what would
    be put off, `close` pairs of posts that would come on top of each other, `slots` the used and all slots of each
    channel, `costs` millionths of a currency by (channel, "2026-12", currency), `stopped` what keeps channels from posting.
    """

    until: datetime
    sent: tuple[Delivery, ...]
    waiting: tuple[Delivery, ...]
    moved: tuple[tuple[datetime, Delivery, str], ...]
    close: tuple[tuple[Delivery, Delivery], ...]
    slots: Mapping[str, tuple[int, int]]
    costs: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    stopped: tuple[str, ...] = ()


async def rehearse(store: Store, clock: SteppedNow, wishes: Wishes, worker: Worker, until: datetime) -> None:
    """Let everything happen that is due up to `until`, each thing at its moment."""
    while clock.now() <= until:
        await worker.wake()
        await worker.idle()
        wish = wishes.take()
        if wish is not None:
            clock.at = max(wish, clock.now())
        elif (upcoming := await store.next_due()) is not None:
            clock.at = max(upcoming, clock.now() + TICK)
        else:
            break


async def approve_each(store: Store, steering: Steering) -> tuple[str, ...]:
    """Approve everything that is held, one by one; return what refused, in words."""
    refused = []
    for delivery in await store.deliveries(states=(State.HELD,)):
        try:
            await steering.approve([delivery.id])
        except HandbillError as error:
            refused.append(error.what)
    return tuple(refused)


async def forecast(store: Store, since: datetime, until: datetime, default: Plan) -> Forecast:
    """Return what became of everything in a ledger between two moments of a rehearsal."""
    known = {each.id: each for each in await store.deliveries()}
    sent = [each for each in known.values() if each.state is State.SENT and since <= _posted(each) <= until]
    sent.sort(key=lambda each: (_posted(each), each.channel))
    ended = {State.SENT, State.FAILED, State.CANCELLED, State.RETRACTED}
    moved = [
        (at, delivery, why)
        for delivery in known.values()
        for at, state, why in await store.history(delivery.id)
        if since <= at <= until and state in (State.SCHEDULED, State.RETRYING, State.HELD, State.CANCELLED) and why
    ]
    channels = await store.channels()
    return Forecast(
        until=until,
        sent=tuple(sent),
        waiting=tuple(each for each in known.values() if each.state not in ended),
        moved=tuple(sorted(moved, key=lambda each: (each[0], each[1].id))),
        close=_close(sent, {each.name: each.platform for each in channels}),
        slots=await _slots(store, channels, sent, since, until, default),
        costs=await _costs(store, channels, sent),
        stopped=await _stopped(store, channels),
    )


async def _stopped(store: Store, channels: Sequence[Channel]) -> tuple[str, ...]:
    hold = await store.hold()
    everything = [f"everything is paused: {hold.why}"] if hold.on else []
    return (*everything, *(f"{each.name} is paused: {each.paused}" for each in channels if each.paused))


def _posted(delivery: Delivery) -> datetime:
    return min(receipt.at for _, receipt in delivery.receipts)


def _close(sent: Sequence[Delivery], platforms: Mapping[str, str]) -> tuple[tuple[Delivery, Delivery], ...]:
    """Return the pairs that followers would see on top of each other."""
    found = []
    for number, one in enumerate(sent):
        for other in sent[number + 1 :]:
            if _posted(other) - _posted(one) >= CLOSE:
                break
            same_article = (one.campaign, one.article) == (other.campaign, other.article)
            if one.channel == other.channel or (
                same_article and platforms.get(one.channel) == platforms.get(other.channel)
            ):
                found.append((one, other))
    return tuple(found)


async def _slots(
    store: Store, channels: Sequence[Channel], sent: Sequence[Delivery], since: datetime, until: datetime, default: Plan
) -> Mapping[str, tuple[int, int]]:
    """Return how many slots of each channel are used by what goes out, and how many there are."""
    plans, found = await store.plans(), {}
    for channel in channels:
        slots = (each.slot for each in sent if each.channel == channel.name)
        taken = {slot for slot in slots if slot is not None and since <= slot <= until}
        free = 0
        for slot in plans.get(channel.name, default).slots(since):
            if slot > until:
                break
            free += slot not in taken
        found[channel.name] = (len(taken), len(taken) + free)
    return found


async def _costs(
    store: Store, channels: Sequence[Channel], sent: Sequence[Delivery]
) -> Mapping[tuple[str, str, str], int]:
    """Return what the sent posts cost, by channel and month."""
    prices = {each.name: each.limits.price for each in channels if each.limits.price}
    found: dict[tuple[str, str, str], int] = {}
    for delivery in sent:
        if price := prices.get(delivery.channel):
            key = (delivery.channel, f"{_posted(delivery):%Y-%m}", price.currency)
            cost = sum(each.cost for each in await store.attempts(delivery.id))
            found[key] = found.get(key, 0) + cost
    return found
