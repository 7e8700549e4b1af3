"""How often a channel may be told something, and what that costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


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


def free_at(rates: Sequence[Rate], armed: Sequence[datetime], now: datetime) -> datetime:
    """Return the first moment, at or after `now`, at which one more call keeps within every rate.

    `armed` are the moments of earlier calls, the latest first; a rate needs its own `count` of them to bind.
    """
    moments = [armed[rate.count - 1] + rate.span for rate in rates if 0 < rate.count <= len(armed)]
    return max([now, *moments])
