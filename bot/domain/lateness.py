"""What to do with a delivery whose slot has passed while nobody was awake to post it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.pacing import clear_of


class Late(StrEnum):
    """The three answers of the late policy."""

    POST = "post now"
    SPREAD = "spread"
    HOLD = "hold and ask"


@dataclass(frozen=True, slots=True, kw_only=True)
class LatePolicy:
    """Within `grace`: post now. Up to `limit`: spread, at least `gap` after the channel's last post. Beyond: hold, ask."""

    grace: timedelta = timedelta(minutes=15)
    limit: timedelta = timedelta(hours=24)
    gap: timedelta = timedelta(minutes=5)


def decide(
    policy: LatePolicy, due: datetime, now: datetime, last_post: datetime | None, promised: Sequence[datetime] = ()
) -> tuple[Late, datetime, str]:
    """Return the answer, the moment it is for and the reason in words.

    `last_post` is when the channel last posted, `promised` (in order) what others on it were put off to. POST: now, or
    once `gap` has passed since the last post when the slot is late at all; SPREAD: the moment to move to; HOLD: `now`.
    """
    late = now - due
    if late > policy.limit:
        return Late.HOLD, now, f"{words(late)} late, more than {words(policy.limit)}: approve it again or cancel it"
    free = clear_of(now if last_post is None else max(now, last_post + policy.gap), promised, policy.gap)
    if late <= policy.grace or free == now:
        return Late.POST, now, "" if late <= policy.grace else f"{words(late)} late, posted now"
    return Late.SPREAD, free, f"{words(late)} late, spread with {words(policy.gap)} between posts"


def words(span: timedelta) -> str:
    """Return a length of time in its largest unit."""
    seconds = int(span.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds} s"
