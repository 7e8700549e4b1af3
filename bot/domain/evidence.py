"""What is known of a delivery of which nobody knows whether it was published, in words and in order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.delivery import Attempt, Delivery, State
from bot.domain.outcome import Sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something known: `at` when it was or will be so, None = from now on."""

    at: datetime | None
    what: str


def evidence(
    delivery: Delivery, attempts: Sequence[Attempt], history: Sequence[tuple[datetime, State, str]]
) -> tuple[Fact, ...]:
    """Return what was armed when, until when it could land, what was heard, and each look; nothing unless it is uncertain."""
    if delivery.state is not State.UNCERTAIN:
        return ()
    done = {number for number, _ in delivery.receipts}
    unproved = [each for each in attempts if each.part not in done and not isinstance(each.outcome, Sent)]
    told = [*_tries(delivery, unproved), *_looks(history)]
    told.sort(key=lambda fact: fact.at)  # type: ignore[arg-type, return-value]
    if delivery.due is None:
        return (*told, Fact(at=None, what="only a person can find out: look at the channel, then settle it"))
    return (*told, Fact(at=delivery.due, what="the platform is asked again"))


def _tries(delivery: Delivery, attempts: Sequence[Attempt]) -> Iterator[Fact]:
    for attempt in attempts:
        yield Fact(at=attempt.armed, what=f"part {attempt.part} of {len(delivery.post.parts)} was about to be sent")
        yield Fact(at=attempt.deadline, what="from here on no answer to that was waited for")
        if attempt.outcome is not None:
            why = getattr(attempt.outcome, "why", type(attempt.outcome).__name__.lower())
            yield Fact(at=attempt.ended or attempt.armed, what=f"what was heard: {why}")
    if attempts and attempts[-1].outcome is None:
        yield Fact(at=attempts[-1].deadline, what="nothing was heard of it")


def _looks(history: Sequence[tuple[datetime, State, str]]) -> Iterator[Fact]:
    """Yield what was found out since it became uncertain for the last time."""
    last = max((number for number, (_, state, _) in enumerate(history) if state is not State.UNCERTAIN), default=-1)
    for at, _, why in history[last + 2 :]:  # the first of them says again what was heard
        yield Fact(at=at, what=why)
