"""How things stand, and the hold that stops everything."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from bot.domain.delivery import State
from bot.domain.people import Right
from bot.flow.releasing import Overdue, Released
from bot.flow.steering import LONGEST_REASON
from bot.web.api.channels import Channel, standing_channels
from bot.web.api.operations import By, Operation
from bot.web.api.shapes import At, Body, Delivery, Moment, Shape, shape

TAG = "status"
#: How many deliveries that need a person are told.
ATTENTION = 100


class Held(Shape):
    """Whether everything is paused."""

    on: bool
    why: str
    since: Moment | None


class Problem(Shape):
    """What stands in the way of an article or a channel."""

    level: str
    where: str
    what: str
    hint: str


class Status(Shape):
    """The whole at a glance."""

    running: bool = Field(description="Whether a bot runs on this data")
    trouble: str = Field(description="What keeps the database from being written; empty when nothing does")
    paused: Held
    channels: list[Channel]
    missing: list[str] = Field(description="Names of settings")
    problems: list[Problem]
    deliveries: dict[str, int] = Field(description="How many, by state")
    next_due: Moment | None
    attention: list[Delivery] = Field(description="What is uncertain or failed")


class Pausing(Body):
    """Why everything stops: those who find posting paused will want to know."""

    why: str = Field(min_length=1, max_length=LONGEST_REASON, pattern=r"\S")


class Resuming(Body):
    """What becomes of what came due meanwhile; with `since` only if it is the pause that began then."""

    choice: Overdue = Overdue.LATE
    since: At | None = None


class Pause(Shape):
    """How everything is paused; `before` is the reason that was replaced."""

    paused: bool
    why: str
    since: Moment | None
    before: str


class Resumed(Shape):
    """What a resume did."""

    paused: bool
    why: str
    since: Moment | None
    due: int
    reslotted: int
    held: int
    dropped: int
    begun: int
    uncertain: int


async def status(by: By, attention: Annotated[int, Query(ge=0, le=ATTENTION)] = 20) -> Status:
    """Tell how things stand: is the bot running, channels, what is in the way, what is due, what needs a person."""
    app, store = by.live.app, by.store
    hold, problems, tally = await store.hold(), await store.problems(), await store.tally()
    wanted = (State.UNCERTAIN, State.FAILED)
    urgent = await store.deliveries(states=wanted, limit=attention) if attention else ()
    return Status(
        running=await app.is_running(),
        trouble=await store.trouble(),
        paused=Held.model_validate(hold),
        channels=await standing_channels(app),
        missing=[name for each in app.settings.channels for name in each.missing],
        problems=[Problem.model_validate(each) for each in problems],
        deliveries={str(state): count for state, count in tally.items()},
        next_due=await store.next_due(),
        attention=[shape(each) for each in urgent],
    )


async def pause(by: By, body: Pausing) -> Pause:
    """Stop all posting on every channel at once.

    What is on its way is finished; nothing new is begun. When everything is paused already, only the reason is replaced.
    """
    was = await by.store.hold()
    hold = await by.steering.pause(" ".join(body.why.split()))
    return Pause(paused=hold.on, why=hold.why, since=hold.since, before=was.why if was.on else "")


async def resume(by: By, body: Resuming | None = None) -> Resumed:
    """Post again, and say what becomes of what came due during the pause.

    late: it is posted late, as each plan says; reslot: it gets the next free slots; drop: it is cancelled.
    """
    body = body or Resuming()
    done = await by.steering.resume(body.choice, body.since)
    return Resumed(paused=done.hold.on, why=done.hold.why, since=done.hold.since, **_counts(done))


def _counts(done: Released) -> dict[str, Any]:
    names = ("due", "reslotted", "held", "dropped", "begun", "uncertain")
    return {name: getattr(done, name) for name in names}


OPERATIONS = (
    Operation(method="GET", path="/v1/status", answer=status, right=Right.SEE, tag=TAG),
    Operation(method="POST", path="/v1/pause", answer=pause, right=Right.APPROVE, tag=TAG),
    Operation(method="POST", path="/v1/resume", answer=resume, right=Right.APPROVE, tag=TAG),
)
