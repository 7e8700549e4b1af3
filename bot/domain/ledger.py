"""What is asked of the ledger: moves, the hold that stops everything, and who did what."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from bot.domain.delivery import Delivery, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What a person did, for the audit log: `by` "cli:anna", `verb` "approve", `subject` a delivery's id, and the words."""

    by: str
    verb: str
    subject: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An act as the audit log keeps it; `chain` is the SHA-256 over the entry and the `chain` before it, in hex."""

    number: int
    at: datetime
    act: Act
    chain: str


def chained(entry: Entry, before: str) -> str:
    """Return the chain that an entry must have behind one whose chain is `before` ("" for the first)."""
    act, at = entry.act, (entry.at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    told = [before, entry.number, at, act.by, act.verb, act.subject, act.words]
    return sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()


def broken(entries: Sequence[Entry]) -> int:
    """Return the number of the first entry that does not follow from those before it, 0 when the whole log is sound."""
    before = ""
    for number, entry in enumerate(entries, 1):
        if entry.chain != chained(entry, before):
            return number
        before = entry.chain
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One delivery's move, guarded: it happens only if the delivery is still in `state` with this `epoch`.

    With a `version` it happens only if nothing at all has changed since then: of two managers one wins, the other is told.
    Fields left None keep their value; `slot_free` True takes the slot away; `anyway` as in Delivery. Raises NotAllowed when
    the guard fails.
    What waits in scheduled or retrying may also move to another moment (`due`) in the same state, what is held gets another
    reason.
    """

    delivery: str
    state: State
    epoch: int
    to: State
    why: str = ""
    due: datetime | None = None
    slot: datetime | None = None
    slot_free: bool = False
    tries: int | None = None
    anyway: bool | None = None
    version: int | None = None

    @classmethod
    def of(cls, delivery: Delivery, to: State, why: str, **more: Any) -> "Change":  # noqa: ANN401 - the fields below
        """Return the move of a delivery as it is known now; holding and cancelling give back the slot and any `anyway`."""
        free = to in (State.HELD, State.CANCELLED)
        more = ({"anyway": False} if free else {}) | more
        return cls(
            delivery=delivery.id, state=delivery.state, epoch=delivery.epoch, to=to, why=why, slot_free=free, **more
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Whether all posting is paused, since when and why."""

    on: bool
    why: str = ""
    since: datetime | None = None
