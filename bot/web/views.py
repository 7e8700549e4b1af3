"""What each page shows: one frozen view of the ledger, read through the Store port. No rules, no SQL."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.app import Connected
from bot.domain.article import Image
from bot.domain.channel import Channel
from bot.domain.delivery import Attempt, Delivery, State
from bot.domain.evidence import Fact, evidence
from bot.domain.ledger import Hold
from bot.domain.post import Part
from bot.errors import NotFound
from bot.flow.deciding import begun
from bot.flow.settling import Verdict
from bot.ports import Problem, Store
from bot.settings import ChannelSettings

#: How many deliveries each list shows.
NEXT, POSTED, ASKED = 20, 30, 20
#: Up to how many that came due during a pause are counted.
COUNTED = 200

#: What a manager may decide about a delivery in each state: what it does, and the command to copy.
COMMANDS: Mapping[State, tuple[tuple[str, str], ...]] = {
    State.HELD: (
        ("Give it the next free time", "handbill approve {id}"),
        ("Post it at once", "handbill send-now {id}"),
        ("End it unsent", "handbill cancel {id}"),
    ),
    State.SCHEDULED: (
        ("Post it at once", "handbill send-now {id}"),
        ("Take it off the schedule", "handbill hold {id}"),
        ("End it unsent", "handbill cancel {id}"),
    ),
    State.RETRYING: (
        ("Try again at once", "handbill send-now {id}"),
        ("Take it off the schedule", "handbill hold {id}"),
        ("End it unsent", "handbill cancel {id}"),
    ),
    State.UNCERTAIN: (
        ("It is there, at this address", "handbill settle {id} --there --url https://…"),
        ("It is not there: send it again", "handbill settle {id} --absent"),
        ("Give up", "handbill settle {id} --give-up"),
    ),
    State.SENT: (("Remove it from the platform", "handbill retract {id}"),),
    State.FAILED: (("Mend the cause, then give it the next free time", "handbill approve {id}"),),
}

#: The same for a thread of which a part is public and the rest waits: it is finished or taken back.
BEGUN: tuple[tuple[str, str], ...] = (
    ("Let the thread go on at the next free time", "handbill approve {id}"),
    ("Take back what is public", "handbill retract {id}"),
)


#: What the desk's buttons say of an uncertain delivery, and what follows from those that cannot be undone.
VERDICTS: Mapping[Verdict, str] = {
    Verdict.THERE: "It is there",
    Verdict.ABSENT: "It is not there: send again",
    Verdict.GIVE_UP: "Give up",
}
FINAL: Mapping[Verdict, str] = {
    Verdict.THERE: "It then counts as published at this address: a thread goes on below it, and taking it back removes it.",
    Verdict.ABSENT: "It is then sent again at once. If it is public after all, followers see it twice.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The first page. `counts` are in the order of the states; `missing` are channels that lack settings.

    `overdue` counts what came due during a pause, `unsure` what is uncertain besides.
    """

    hold: Hold
    overdue: int
    unsure: int
    channels: Sequence[Channel]
    missing: Sequence[ChannelSettings]
    problems: Sequence[Problem]
    counts: Sequence[tuple[State, int]]
    uncertain: Sequence[Delivery]
    failed: Sequence[Delivery]
    held: Sequence[Delivery]
    coming: Sequence[Delivery]
    posted: Sequence[Delivery]

    @property
    def attention(self) -> Sequence[Delivery]:
        """What a person must look at."""
        return (*self.uncertain, *self.failed)

    @property
    def paused(self) -> Mapping[str, str]:
        """Why each paused channel is, by its name."""
        return {each.name: each.paused for each in self.channels if each.paused}


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One delivery's page. `title` is its article's ("" when that is gone), `channel` None when it is set up no more."""

    hold: Hold
    overdue: int
    unsure: int
    delivery: Delivery
    channel: Channel | None
    title: str
    attempts: Sequence[Attempt]
    history: Sequence[tuple[datetime, State, str]]

    @property
    def evidence(self) -> tuple[Fact, ...]:
        """What is known of it, while nobody knows whether it is public."""
        return evidence(self.delivery, self.attempts, self.history)

    @property
    def commands(self) -> tuple[tuple[str, str], ...]:
        """What may be decided now: what it does, and the command."""
        half_out = begun(self.delivery) and self.delivery.state is not State.SCHEDULED
        wanted = BEGUN if half_out else COMMANDS.get(self.delivery.state, ())
        return tuple((what, command.format(id=self.delivery.id)) for what, command in wanted)


async def overview(live: Connected) -> Overview:
    """Return what the first page shows."""
    store = live.app.store
    (hold, channels, problems, counts), lists = await asyncio.gather(
        asyncio.gather(store.hold(), store.channels(), store.problems(), store.tally()),
        asyncio.gather(
            store.deliveries(states=(State.UNCERTAIN,), limit=ASKED),
            store.moved((State.FAILED,), ASKED),
            store.deliveries(states=(State.HELD,), limit=ASKED),
            store.deliveries(states=(State.SENDING, State.RETRYING, State.SCHEDULED), limit=NEXT),
            store.moved((State.SENT, State.RETRACTED), POSTED),
        ),
    )
    uncertain, failed, held, coming, posted = lists
    return Overview(
        hold=hold,
        overdue=await _overdue(live, hold),
        unsure=counts.get(State.UNCERTAIN, 0),
        channels=channels,
        missing=[each for each in live.app.settings.channels if each.missing],
        problems=problems,
        counts=[(state, counts[state]) for state in State if state in counts],
        uncertain=uncertain,
        failed=failed,
        held=held,
        coming=coming,
        posted=posted,
    )


async def still(live: Connected) -> Mapping[str, str]:
    """Return why channels post nothing at present, by name: paused, a host that is silent, or never verified."""
    store, now = live.app.store, live.app.clock.now()
    channels, problems = await asyncio.gather(store.channels(), store.problems())
    wrong = {each.where: each.what for each in problems}
    reasons = {
        each.name: each.paused or (each.rests_why if each.resting(now) else "") or wrong.get(each.name, "")
        for each in channels
    }
    return {name: why for name, why in reasons.items() if why}


async def _overdue(live: Connected, hold: Hold) -> int:
    return len(await live.app.steering.overdue(COUNTED)) if hold.on else 0


async def story(live: Connected, id: str) -> Story:
    """Return what a delivery's page shows; any unambiguous beginning of its id will do. Raises NotFound."""
    store = live.app.store
    delivery = await store.delivery(id)
    hold, channels, attempts, history = await asyncio.gather(
        store.hold(), store.channels(), store.attempts(delivery.id), store.history(delivery.id)
    )
    return Story(
        hold=hold,
        overdue=await _overdue(live, hold),
        unsure=await live.app.steering.uncertain() if hold.on else 0,
        delivery=delivery,
        channel=next((each for each in channels if each.name == delivery.channel), None),
        title=await _title(store, delivery),
        attempts=attempts,
        history=history,
    )


async def _title(store: Store, delivery: Delivery) -> str:
    try:
        return (await store.article(delivery.campaign, delivery.article)).title
    except NotFound:
        return ""


def pieces(part: Part) -> Iterator[tuple[str, str, str]]:
    """Yield a part's text piece by piece with what each is ("" = plain words) and its target."""
    at = 0
    for span in part.spans:
        yield part.text[at : span.start], "", ""
        yield part.text[span.start : span.end], str(span.kind), span.target
        at = span.end
    yield part.text[at:], "", ""


def pictures(delivery: Delivery) -> Iterator[Image]:
    """Yield every picture of a delivery, those of its link cards too."""
    for part in delivery.post.parts:
        yield from part.images
        if part.card and part.card.image:
            yield part.card.image


def said(attempt: Attempt) -> tuple[str, str, str]:
    """Return an attempt's outcome in a word, what the platform said, and the address of what was published."""
    receipt = getattr(attempt.outcome, "receipt", None)
    word = type(attempt.outcome).__name__ if attempt.outcome else "Open"
    why = str(getattr(attempt.outcome, "why", "" if attempt.outcome else "nothing heard yet"))
    return word, why, receipt.url if receipt else ""
