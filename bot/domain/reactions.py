"""What a platform reports of what was posted: replies, reposts, likes, views; when it is asked, and what asking costs.

A repost is what some platforms call a boost, a like what some call a favourite.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.outcome import Receipt

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Count(StrEnum):
    """What may be counted; the values are the fields of Reactions and Result."""

    REPLIES = "replies"
    REPOSTS = "reposts"
    LIKES = "likes"
    VIEWS = "views"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """What a platform reports of posts: which `counts` (none = it tells bots nothing), of so many posts a call (`batch`).

    `price` is what asking about one post costs, in millionths of the currency of its Price; 0 = nothing.
    """

    counts: tuple[Count, ...] = ()
    batch: int = 0
    price: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reactions:
    """What was counted at a moment, since the post is public; None = the platform does not give it."""

    at: datetime
    replies: int | None = None
    reposts: int | None = None
    likes: int | None = None
    views: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How often is looked (`every`), and at which `ages` of a post its platform is asked, growing.

    Most of what a post will ever get comes within a day, so it is asked often first and then more and more seldom.
    """

    every: timedelta = MINUTE
    ages: tuple[timedelta, ...] = (15 * MINUTE, HOUR, 6 * HOUR, DAY, 3 * DAY, 7 * DAY, 30 * DAY)

    def next_after(self, published: datetime, now: datetime) -> datetime | None:
        """Return when to ask next, None when that is over; what was missed meanwhile is not made up for."""
        return next((published + age for age in self.ages if published + age > now), None)


STEADY = Rhythm()
#: For simulated platforms, on which everything goes faster.
BRISK = Rhythm(
    every=timedelta(seconds=5),
    ages=(timedelta(seconds=10), timedelta(seconds=40), 2 * MINUTE, 5 * MINUTE, *STEADY.ages),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A published part of which it is time to ask. `followed`: the next part of its thread is public, as a reply to it."""

    delivery: str
    part: int
    at: datetime
    receipt: Receipt
    followed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What came of asking about a part: its `reactions`, None = the platform said nothing of it; when to ask again."""

    delivery: str
    part: int
    reactions: Reactions | None
    again: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One posted delivery and what was last reported of it, `at`; None = nothing is known.

    Replies, reposts and likes are those of all parts together, views those of the part that was seen most. `published` and
    `url` are the first part's.
    """

    delivery: str
    campaign: str
    article: str
    channel: str
    published: datetime
    text: str
    url: str = ""
    retracted: bool = False
    parts: int = 1
    at: datetime | None = None
    replies: int | None = None
    reposts: int | None = None
    likes: int | None = None
    views: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """What the deliveries of a channel that were posted since `since` (up to a quarter of an hour later) got together.

    None where no platform told a number. `asked` is how many of the `posts` anything was ever reported of.
    """

    channel: str
    since: datetime
    posts: int
    asked: int = 0
    replies: int | None = None
    reposts: int | None = None
    likes: int | None = None
    views: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Which results are looked for: posted from `since` up to `until`, on a channel ("" = any), ordered by a count.

    Without a count the latest come first. Those of which it is not known come last, whichever way.
    """

    since: datetime
    until: datetime
    channel: str = ""
    by: Count | None = None
    rising: bool = False
    limit: int = 0
    skip: int = 0


def added(numbers: Sequence[int | None]) -> int | None:
    """Return the sum of what is known, None when nothing is."""
    known = [each for each in numbers if each is not None]
    return sum(known) if known else None


def of_others(reactions: Reactions, *, followed: bool) -> Reactions:
    """Return the reactions without our own: the next part of a thread counts as a reply to the one before it."""
    if not followed or not reactions.replies:
        return reactions
    return replace(reactions, replies=reactions.replies - 1)
