"""Trail: the audit log as people look through it, and what is last known of each channel."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.ledger import Entry
from bot.domain.pacing import Quota


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which acts are looked for: of a person, of a verb, about a subject that begins so; "" = whatever it is.

    Those before number `before` (0 = from the latest on), at most `limit` of them.
    """

    by: str = ""
    verb: str = ""
    subject: str = ""
    before: int = 0
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """An act of the audit log; the other fields are of the delivery that it is about, "" when it is about something else."""

    entry: Entry
    delivery: str = ""
    campaign: str = ""
    article: str = ""
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """What is last known of a channel: what its platform said of its quota and when, and what was published there last.

    `calls` tell for each moment that was asked about how many publishing calls began after it, and when the first did.
    """

    quota: Quota | None = None
    heard: datetime | None = None
    calls: tuple[tuple[int, datetime | None], ...] = ()
    posted: datetime | None = None
    delivery: str = ""
    url: str = ""
