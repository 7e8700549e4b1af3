"""How often a channel may be told something, and what that costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.domain.post import Part, SpanKind

#: A platform's word that no calls are left counts for no longer than this: clocks and headers are wrong at times.
LONGEST_QUOTA = timedelta(hours=1)
MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """At most `count` publishing calls within any `span`, by the platform's own rules or by a manager's plan."""

    count: int
    span: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What a platform's own headers said: so many calls are `left` until that moment, at which it counts anew."""

    left: int
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one published part costs, in millionths of `currency` (ISO 4217): `part`, or `linked` with a link in it."""

    currency: str
    part: int
    linked: int


def free_at(rates: Sequence[Rate], armed: Sequence[datetime], now: datetime, calls: int = 1) -> datetime:
    """Return the first moment, at or after `now`, at which so many more calls keep within every rate.

    `armed` are the moments of earlier calls, the latest first; a rate needs its own `count` of them to bind. More calls
    than a rate allows at all wait until none of the earlier ones counts. A moment still to come, written by a clock that
    was wrong, counts as now.
    """
    binding = ((rate, max(rate.count - calls, 0)) for rate in rates if rate.count > 0)
    return max([now, *(min(armed[index], now) + rate.span for rate, index in binding if index < len(armed))])


def quota_free_at(quota: Quota, heard: datetime, armed: Sequence[datetime], now: datetime, calls: int = 1) -> datetime:
    """Return when so many more calls keep within a quota that was told at `heard`; each call armed since took one."""
    until = min(quota.until, heard + LONGEST_QUOTA)
    taken = sum(each > heard for each in armed)
    return max(now, until) if taken + calls > quota.left else now


def clear_of(moment: datetime, promised: Sequence[datetime], step: timedelta) -> datetime:
    """Return the first moment, at or after this one, that is a step or more away from each that is promised (in order)."""
    for each in promised:
        if each - moment >= step:
            break
        if moment - each < step:
            moment = each + step
    return moment


def cost_of(parts: Sequence[Part], price: Price | None) -> int:
    """Return what it costs to publish these parts, in millionths of the price's currency."""
    if price is None:
        return 0
    return sum(price.linked if _linked(part) else price.part for part in parts)


def _linked(part: Part) -> bool:
    return part.card is not None or any(span.kind is SpanKind.LINK for span in part.spans)


def month_of(moment: datetime) -> tuple[datetime, datetime]:
    """Return the beginning and the end of a moment's calendar month, UTC."""
    first = moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first, (first + timedelta(days=31)).replace(day=1)


def money(amount: int, currency: str) -> str:
    """Return an amount of millionths in words: "20.00 USD", with more digits where there are any."""
    whole, rest = divmod(amount, MILLION)
    return f"{whole:,}.{f'{rest:06}'.rstrip('0'):0<2} {currency}".rstrip()
