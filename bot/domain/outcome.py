"""Outcome: what a platform answered to one try. Closed: match it with `assert_never`."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.pacing import Quota


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Proof that one part is published: the platform's `id` and public `url`, and `at` (aware UTC).

    `version` is what a reply must also name on platforms that have it (a content hash), else "".
    `pieces` are further ids that make up the same part (an album's other messages), for retraction.
    """

    id: str
    url: str
    at: datetime
    version: str = ""
    pieces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyTo:
    """Where a thread goes on: its first part and the part before this one."""

    root: Receipt
    parent: Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Published, and here is the proof (for `retract`: gone, and this is what was there); `quota` if it was told."""

    receipt: Receipt
    quota: Quota | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Accepted but not public yet (media still at work): ask again at `until`, handing back `resume`."""

    resume: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Surely not published. Try again, at the earliest `after` this long (zero = by our own backoff).

    `channel_wide` True means the platform asked the whole account to wait (429). `unreached` True means that its host
    did not answer at all: no address, no connection, no TLS. `quota` as in Sent.
    """

    why: str
    after: timedelta = timedelta(0)
    channel_wide: bool = False
    unreached: bool = False
    quota: Quota | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Surely not published, and will not be as it is: the platform's own words."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unauthorised:
    """Surely not published: the account may not post. The channel pauses and keeps its deliveries.

    `mend` says what an operator can do about it, naming the setting.
    """

    why: str
    mend: str = ""

    @property
    def words(self) -> str:
        """Return both in one line."""
        return "; ".join(filter(None, (self.why, self.mend)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """May be published: time-out, reset, 5xx or an answer that cannot be read. Never retried blindly.

    `answered` True means that the platform did answer and is well: it is no silence of its host.
    """

    why: str
    answered: bool = False


Outcome = Sent | Pending | Retry | Refused | Unauthorised | Unknown
