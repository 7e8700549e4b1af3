"""How much a channel may still be told for now, and what is last known of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.channel import Channel
from bot.domain.ledger import Entry
from bot.domain.pacing import LONGEST_QUOTA, Rate, month_of
from bot.domain.trail import Pulse
from bot.flow.checkup import GOES_ON, PAUSED
from bot.ports import Clock, Store, Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """How many publishing calls are `left` of `count` within a rate's span; `until` is when there will be more, None = now."""

    rate: Rate
    left: int
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One channel. `paused_by` is the act of the person who paused it, None when nobody did or its platform refused it.

    `left` is what its platform said it takes until `until`, None when it said nothing that still counts. `spent` is in
    millionths, this month, None when posts cost nothing.
    """

    channel: Channel
    gauges: tuple[Gauge, ...]
    left: int | None
    until: datetime | None
    posted: datetime | None
    delivery: str
    url: str
    spent: int | None
    paused_by: Entry | None


class Gauging:
    """Reads how channels stand: a few queries, however much was posted."""

    def __init__(self, store: Store, trail: Trail, clock: Clock) -> None:
        self._store, self._trail, self._clock = store, trail, clock

    async def standings(self) -> Sequence[Standing]:
        """Return how every channel stands, by name."""
        now, channels = self._clock.now(), await self._store.channels()
        moments: dict[str, list[datetime]] = {}
        quotas = await self._trail.pulses({each.name: [] for each in channels})
        for each in channels:
            moments[each.name] = [now - rate.span for rate in each.limits.rates]
            if (heard := quotas[each.name].heard) is not None:
                moments[each.name].append(heard)
        pulses = await self._trail.pulses(moments)
        return [await self._standing(each, pulses, now) for each in channels]

    async def _standing(self, channel: Channel, pulses: Mapping[str, Pulse], now: datetime) -> Standing:
        pulse = pulses[channel.name]
        left, until = _quota(pulse, now)
        price = channel.limits.price
        return Standing(
            channel=channel,
            gauges=tuple(_gauge(rate, *told) for rate, told in zip(channel.limits.rates, pulse.calls, strict=False)),
            left=left,
            until=until,
            posted=pulse.posted,
            delivery=pulse.delivery,
            url=pulse.url,
            spent=await self._store.spent(channel.name, month_of(now)[0]) if price else None,
            paused_by=await self._paused_by(channel) if channel.paused else None,
        )

    async def _paused_by(self, channel: Channel) -> Entry | None:
        last = await self._store.last_act(verbs=(PAUSED, GOES_ON), subject=channel.name)
        return last if last is not None and last.act.verb == PAUSED else None


def _gauge(rate: Rate, calls: int, first: datetime | None) -> Gauge:
    until = first + rate.span if first is not None and calls >= rate.count else None
    return Gauge(rate=rate, left=max(rate.count - calls, 0), until=until)


def _quota(pulse: Pulse, now: datetime) -> tuple[int | None, datetime | None]:
    """Return what is left of what the platform itself said, as far as it still counts."""
    if pulse.quota is None or pulse.heard is None:
        return None, None
    until = min(pulse.quota.until, pulse.heard + LONGEST_QUOTA)
    since = pulse.calls[-1][0] if pulse.calls else 0
    return (max(pulse.quota.left - since, 0), until) if until > now else (None, None)
