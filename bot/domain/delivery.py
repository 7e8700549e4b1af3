"""Delivery: one post due on one channel, its states, attempts and keys."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b

from bot.domain.excerpt import Excerpt
from bot.domain.outcome import Outcome, Receipt
from bot.domain.post import Part, Post


class State(StrEnum):
    """Where a delivery stands. Who moves it on is told by TRANSITIONS."""

    HELD = "held"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    RETRYING = "retrying"
    UNCERTAIN = "uncertain"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"
    RETRACTED = "retracted"


#: The only moves there are: (from, to) -> who or what makes it. The database refuses any other.
TRANSITIONS: dict[tuple[State, State], str] = {
    (State.HELD, State.SCHEDULED): "a manager approves it, or the article is marked ready",
    (State.HELD, State.CANCELLED): "a manager cancels it",
    (State.HELD, State.RETRACTED): "a manager withdraws the parts that were published",
    (State.HELD, State.UNCERTAIN): "an older copy of the database was restored, and it was sent after that copy",
    (State.SCHEDULED, State.HELD): "a manager holds it, its article or the limits changed, or its slot is long past",
    (State.SCHEDULED, State.SENDING): "dispatch arms the first attempt",
    (State.SCHEDULED, State.SENT): "every part has its receipt",
    (State.SCHEDULED, State.CANCELLED): "a manager cancels it, or its article expired",
    (State.SCHEDULED, State.UNCERTAIN): "an older copy of the database was restored, and it was sent after that copy",
    (State.SENDING, State.SENT): "every part has its receipt",
    (State.SENDING, State.RETRYING): "surely not published: try again later",
    (State.SENDING, State.FAILED): "the platform refused it for good, or the tries are used up",
    (State.SENDING, State.UNCERTAIN): "the outcome is unknown, or the lease ran out",
    (State.RETRYING, State.SENDING): "dispatch arms the next attempt",
    (State.RETRYING, State.HELD): "a manager holds it, or its article or the limits changed",
    (State.RETRYING, State.CANCELLED): "a manager cancels it, or its article expired",
    (State.RETRYING, State.SENT): "every part has its receipt",
    (State.RETRYING, State.RETRACTED): "a manager withdraws the parts that were published",
    (State.RETRYING, State.UNCERTAIN): "an older copy of the database was restored, and it was sent after that copy",
    (State.UNCERTAIN, State.SENT): "found on the platform, or a person says it is there",
    (State.UNCERTAIN, State.RETRYING): "proved absent after the quiet period, or a person says it is not there",
    (State.UNCERTAIN, State.FAILED): "a person gives it up, or the platform's refusal is known after all",
    (State.FAILED, State.HELD): "a manager brings it back",
    (State.FAILED, State.RETRACTED): "a manager withdraws the parts that were published",
    (State.SENT, State.RETRACTED): "a manager withdraws it and the platform removed it",
}

#: How long after an attempt's deadline its request may still land: a lease lasts so much longer, and nobody asks before.
LEASE_MARGIN = timedelta(seconds=5)
#: What we fail on so often over one delivery is not tried again, so that the others go on.
STUMBLES = 3

#: States in which nothing is on its way and a manager may still act; of a thread, parts may be public already.
UNSENT = frozenset({State.HELD, State.SCHEDULED, State.RETRYING})

#: States in which a delivery comes due.
COMING = (State.SCHEDULED, State.RETRYING)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishKey:
    """The idempotency key of one part, and the moment it was first used; both survive every retry and restart."""

    value: str
    at: datetime


def key_of(delivery: str, part: int, revision: int) -> str:
    """Return the idempotency key: 32 lower-case hex digits, the same for the same delivery, part and revision."""
    return blake2b(f"{delivery}\n{part}\n{revision}".encode(), digest_size=16, person=b"handbill").hexdigest()


def fingerprint_of(part: Part) -> str:
    """Return a digest of all that the part says, to prove that what was sent is what was approved."""
    return blake2b(repr(part).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One post due on one channel.

    `slot` is the moment it was planned for (None while held), `due` when dispatch may next touch it; both aware UTC.
    `revision` grows with each new rendering, `epoch` with each claim, `version` with every change.
    `why` says in words how it came to its state. `anyway` True means that a person sends it in spite of a blackout.
    `receipts` are (part number, receipt), at most one per part.
    """

    id: str
    campaign: str
    article: str
    digest: str
    channel: str
    excerpt: Excerpt
    post: Post
    state: State
    round: int = 1
    revision: int = 1
    epoch: int = 0
    version: int = 1
    tries: int = 0
    anyway: bool = False
    slot: datetime | None = None
    due: datetime | None = None
    not_before: datetime | None = None
    expires: datetime | None = None
    why: str = ""
    receipts: tuple[tuple[int, Receipt], ...] = ()


def missing(delivery: Delivery) -> tuple[Part, ...]:
    """Return the parts that have no receipt yet, in order."""
    done = dict(delivery.receipts)
    return tuple(part for part in delivery.post.parts if part.number not in done)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to publish one part, never edited: what was armed, and what came of it (None = nothing heard yet).

    `cost` is what it costs if it is published, in millionths of the currency of the channel's price.
    """

    delivery: str
    part: int
    epoch: int
    key: PublishKey
    fingerprint: str
    armed: datetime
    deadline: datetime
    cost: int = 0
    ended: datetime | None = None
    outcome: Outcome | None = None
