"""Aftermath: the move that follows what a platform answered to one try."""

from datetime import datetime, timedelta
from typing import assert_never

from bot.domain.backoff import backoff, bounded
from bot.domain.delivery import Delivery, State
from bot.domain.ledger import Change
from bot.domain.outcome import Outcome, Pending, Refused, Retry, Sent, Unauthorised, Unknown
from bot.domain.post import Part


def following(
    delivery: Delivery, part: Part, outcome: Outcome, now: datetime, quiet: timedelta, jitter: float
) -> Change | None:
    """Return the move of a delivery after an outcome of one part; None when that is published and others are missing.

    `quiet` is how long nobody is asked about what is unknown, `jitter` (0 to 1, random) as for backoff.
    """
    tries = delivery.tries + 1
    of = f"part {part.number} of {len(delivery.post.parts)}: " if len(delivery.post.parts) > 1 else ""

    def again(why: str, asked: timedelta, jitter: float) -> Change:
        due = now + backoff(tries, bounded(asked), jitter)
        return Change.of(delivery, State.RETRYING, of + why, due=due, tries=tries)

    match outcome:
        case Sent():
            done = {part.number, *(number for number, _ in delivery.receipts)}
            whole = done == {each.number for each in delivery.post.parts}
            return Change.of(delivery, State.SENT, "") if whole else None
        case Retry(why=why, after=after):
            return again(why, after, jitter)
        case Pending(until=until):
            return again("the platform is still working on the media", until - now, 0)
        case Unauthorised(why=why):
            return again(f"credential refused: {why}", timedelta(0), jitter)
        case Refused(why=why):
            return Change.of(delivery, State.FAILED, f"{of}refused: {why}", tries=tries)
        case Unknown(why=why):
            return Change.of(delivery, State.UNCERTAIN, of + why, due=now + quiet, tries=tries)
        case _:
            assert_never(outcome)


def asked(outcome: Outcome, now: datetime) -> timedelta:
    """Return how long a platform asks to be left alone before the next try."""
    match outcome:
        case Retry(after=after):
            return after
        case Pending(until=until):
            return until - now
        case _:
            return timedelta(0)
