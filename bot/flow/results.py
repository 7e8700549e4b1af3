"""What became of what was posted, as managers read it: by post, by channel and by day, and as a table for a spreadsheet."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.domain.channel import Channel
from bot.domain.plan import Plan, instant
from bot.domain.reactions import Count, Reactions, Result, Sought, Sum, added
from bot.flow.tables import line
from bot.ports import Results, Store

#: Results that are read at a time where all are wanted.
AT_ONCE = 500
HEADS = (
    *("published", "channel", "campaign", "article", "delivery", "parts"),
    *(str(count) for count in Count),
    *("counted", "retracted", "url", "text"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a channel's posts of some days got: the sum of all, and of each day on which something was posted, by its date.

    `channel` None when it is set up no more. `paid`: asking costs money and its plan does not allow it.
    """

    name: str
    channel: Channel | None
    total: Sum
    days: Mapping[date, Sum]
    paid: bool = False

    @property
    def counts(self) -> tuple[Count, ...]:
        """What its platform counts; of a channel that is gone, what was counted."""
        if self.channel is not None:
            return self.channel.limits.reports.counts
        return tuple(count for count in Count if getattr(self.total, count) is not None)


def span_of(until: datetime, days: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the so many last whole days in a zone, today with them: from their first moment up to tomorrow's."""
    tomorrow = until.astimezone(zone).date() + timedelta(days=1)
    midnight = datetime.min.time()
    return instant(tomorrow - timedelta(days=days), midnight, zone), instant(tomorrow, midnight, zone)


async def standings(
    store: Store, results: Results, sought: Sought, zone: ZoneInfo, default: Plan
) -> Sequence[Standing]:
    """Return how the channels of which something was posted in a time stand, by name."""
    channels, plans = {each.name: each for each in await store.channels()}, await store.plans()
    by_channel: dict[str, list[Sum]] = {}
    for each in await results.sums(sought):
        by_channel.setdefault(each.channel, []).append(each)
    found = []
    for name, sums in by_channel.items():
        days: dict[date, list[Sum]] = {}
        for each in sums:
            days.setdefault(each.since.astimezone(zone).date(), []).append(each)
        channel, plan = channels.get(name), plans.get(name, default)
        paid = channel is not None and bool(channel.limits.reports.price) and not plan.paid_results
        of_days = {day: _together(parts) for day, parts in sorted(days.items())}
        found.append(Standing(name=name, channel=channel, total=_together(sums), days=of_days, paid=paid))
    return found


def growth(told: Sequence[tuple[int, Reactions]]) -> Sequence[Reactions]:
    """Return how a post's counts grew, from what was told of its parts in the order of time: each moment the sum of all."""
    known: dict[int, Reactions] = {}
    found: dict[datetime, Reactions] = {}
    for part, reactions in told:
        known[part] = reactions
        parts = list(known.values())
        seen = [each.views for each in parts if each.views is not None]
        found[reactions.at] = Reactions(
            at=reactions.at,
            replies=added([each.replies for each in parts]),
            reposts=added([each.reposts for each in parts]),
            likes=added([each.likes for each in parts]),
            views=max(seen, default=None),
        )
    return tuple(found.values())


async def each_result(results: Results, sought: Sought) -> AsyncIterator[Result]:
    """Yield all that is sought, however much that is."""
    skip = 0
    while some := await results.results(replace(sought, limit=AT_ONCE, skip=skip)):
        for each in some:
            yield each
        skip += len(some)


async def csv_lines(results: Results, sought: Sought) -> AsyncIterator[str]:
    """Yield the lines of a CSV file (RFC 4180) of all that is sought; what is not known is empty, moments are UTC."""
    yield line(HEADS)
    async for each in each_result(results, sought):
        yield line(
            (
                *(each.published.isoformat(), each.channel, each.campaign, each.article, each.delivery, each.parts),
                *(getattr(each, count) for count in Count),
                *(each.at.isoformat() if each.at else None, "yes" if each.retracted else "no", each.url, each.text),
            )
        )


def _together(sums: Sequence[Sum]) -> Sum:
    return Sum(
        channel=sums[0].channel,
        since=sums[0].since,
        posts=sum(each.posts for each in sums),
        asked=sum(each.asked for each in sums),
        replies=added([each.replies for each in sums]),
        reposts=added([each.reposts for each in sums]),
        likes=added([each.likes for each in sums]),
        views=added([each.views for each in sums]),
    )
