"""What became of what was posted: each platform is asked for its counts, often at first and then more and more seldom.

Asking never keeps a post waiting: it is a chore of its own, one question a minute to a channel, a batch of posts in each,
and none to a channel that is paused or that was asked to wait. A channel that does not answer is left alone for longer
each time; what was to be asked of it is asked afterwards. Where asking costs money it takes a plan that says so, within the
month's budget, and is written down as spent before it is asked.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from bot.domain.channel import Channel
from bot.domain.pacing import month_of
from bot.domain.plan import Plan
from bot.domain.reactions import STEADY, Asked, Published, Reactions, Rhythm, of_others
from bot.errors import HandbillError
from bot.ports import Clock, Platform, Reporting, Results, Store

log = structlog.get_logger("results")

#: How long a channel is left alone that did not answer; doubled each time, up to the second. No platform counts its rates
#: over more than a quarter of an hour when it is read.
PATIENCE, LONGEST = timedelta(minutes=15), timedelta(hours=6)
#: What was to be asked longer ago is asked no more: nobody waits for it, and it may cost.
TOO_OLD = timedelta(days=30)
#: How long one question may take, with all the calls that it needs.
DEADLINE = timedelta(minutes=1)


class Counting:
    """Asks each channel that can report about a batch of its posts at a time.

    Which channels did not answer is remembered as long as the process lives.
    """

    def __init__(
        self,
        store: Store,
        results: Results,
        clock: Clock,
        platforms: Mapping[str, Platform],
        default: Plan,
        rhythm: Rhythm = STEADY,
    ) -> None:
        self._store, self._results, self._clock = store, results, clock
        self._platforms = {name: each for name, each in platforms.items() if isinstance(each, Reporting)}
        self._default, self._rhythm = default, rhythm
        self._silent: dict[str, tuple[int, datetime]] = {}
        self._under_way: set[asyncio.Task[None]] = set()
        self._stopped = False

    def stop(self) -> None:
        """Break off what is under way, which is asked again another time, and ask nothing more."""
        self._stopped = True
        for task in self._under_way:
            task.cancel()

    async def look(self) -> None:
        """Ask every channel of which something is due, all at once, about one batch each."""
        if self._stopped or not self._platforms:
            return
        channels, plans = await asyncio.gather(self._store.channels(), self._store.plans())
        free = [each for each in channels if self._may_be_asked(each, plans.get(each.name, self._default))]
        self._under_way = {
            asyncio.create_task(self._guarded(each, plans.get(each.name, self._default))) for each in free
        }
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _may_be_asked(self, channel: Channel, plan: Plan) -> bool:
        now, reports = self._clock.now(), channel.limits.reports
        _, until = self._silent.get(channel.name, (0, now))
        able = channel.name in self._platforms and bool(reports.counts) and reports.batch > 0
        return able and now >= until and not channel.paused and not channel.resting(now) and _paid_for(channel, plan)

    async def _guarded(self, channel: Channel, plan: Plan) -> None:
        """Ask one channel; what goes wrong with it is told, and waited out, and keeps no other waiting."""
        try:
            await self._channel(channel, plan)
        except Exception as error:  # noqa: BLE001 - an adapter's fault must not hide what the others tell
            times, now = self._silent.get(channel.name, (0, None))[0] + 1, self._clock.now()
            pause = min(PATIENCE * 2.0 ** min(times - 1, 20), LONGEST)
            self._silent[channel.name] = times, now + pause
            why = error.what if isinstance(error, HandbillError) else type(error).__name__
            log.warning(
                "not counted", channel=channel.name, why=why, again_in_minutes=round(pause.total_seconds() / 60)
            )
        else:
            self._silent.pop(channel.name, None)

    async def _channel(self, channel: Channel, plan: Plan) -> None:
        now, reports = self._clock.now(), channel.limits.reports
        young = now - self._rhythm.ages[0]
        due = await self._results.reported_next(channel.name, now, now - TOO_OLD, young, reports.batch)
        due = due[: await self._affordable(channel, plan, len(due))]
        if not due:
            return
        if reports.price:
            await self._results.put_read(channel.name, now, reports.price * len(due))
        async with asyncio.timeout(DEADLINE.total_seconds()):
            told = await self._platforms[channel.name].reactions([each.receipt for each in due])
        await self._results.put_reactions([self._asked(each, told.get(each.receipt.id), now) for each in due])

    async def _affordable(self, channel: Channel, plan: Plan, wanted: int) -> int:
        """Return about how many of so many posts the month's budget lets us ask."""
        price = channel.limits.reports.price
        if not wanted or not price or not plan.budget:
            return wanted
        left = plan.budget - await self._store.spent(channel.name, month_of(self._clock.now())[0])
        return min(wanted, max(0, left) // price)

    def _asked(self, published: Published, told: Reactions | None, now: datetime) -> Asked:
        return Asked(
            delivery=published.delivery,
            part=published.part,
            reactions=of_others(told, followed=published.followed) if told else None,
            again=self._rhythm.next_after(published.at, now),
        )


def _paid_for(channel: Channel, plan: Plan) -> bool:
    return not channel.limits.reports.price or plan.paid_results
