"""Deliveries: looking at them, and deciding about them by the same verbs as the desk and the command line."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from fastapi import Header, Path, Query, Response
from pydantic import Field

from bot.domain import delivery as noun
from bot.domain.agenda import days_of
from bot.domain.delivery import State
from bot.domain.evidence import evidence
from bot.domain.people import Right
from bot.errors import BadInput
from bot.flow.linkcheck import warnings_of
from bot.flow.outlook import Outlook
from bot.flow.settling import Verdict
from bot.flow.steering import LONGEST_COMMENT
from bot.web.api.operations import By, Operation
from bot.web.api.shapes import At, Body, Day, Delivery, Moment, Shape, Whole, Yes, Zone, shape
from bot.web.views import said
from bot.web.words import spoken

TAG = "deliveries"
#: Deliveries on one page, unless told otherwise and at most; those that one decision is about.
EACH, MOST, TOGETHER = 50, 200, 100
#: What an id may look like; the beginning of one will do.
ID = r"^[0-9A-Za-z_-]{1,64}$"

Id = Annotated[str, Path(pattern=ID, description="Its id, or any unambiguous beginning of it", examples=["3f2a"])]
Name = Annotated[str, Query(max_length=200)]
Version = Annotated[Whole, Field(ge=1, description="The version that was seen: 409 if it has changed since")]
Match = Annotated[
    str | None,
    Header(alias="If-Match", pattern=r'^(W/)?"[0-9]{1,15}"$', description="The same as `version`: an ETag"),
]


class Attempt(Shape):
    """One try to publish one part."""

    part: int
    armed: Moment
    deadline: Moment
    ended: Moment | None
    key: str
    fingerprint: str
    outcome: str | None
    said: str


class Move(Shape):
    """How a delivery came to a state."""

    at: Moment
    state: State
    why: str


class Fact(Shape):
    """Something that is known while a delivery is uncertain; `at` null = from now on."""

    at: Moment | None
    what: str


class Story(Delivery):
    """A delivery with all that became of it."""

    attempts: list[Attempt]
    history: list[Move]
    evidence: list[Fact]


class Deliveries(Shape):
    """A page of deliveries; `next` is what `after` takes for the page behind it, null on the last."""

    deliveries: list[Delivery]
    next: str | None


class Decision(Body):
    """Which version is meant."""

    version: Version | None = None


class Sending(Decision):
    """How a delivery is sent now."""

    anyway: Yes = Field(default=False, description="In spite of a blackout; during a pause: first thing after it")


class ToMoment(Decision):
    """A moment to move to."""

    at: At


class ToDay(Decision):
    """A day to move to: the free slot of its channel that is nearest to its time of day."""

    day: Day
    zone: Zone = Field(default="", description="Whose day it is; empty = the installation's own")


class Comment(Decision):
    """What is to be changed."""

    comment: str = Field(min_length=1, max_length=LONGEST_COMMENT, pattern=r"\S")


class Settlement(Decision):
    """What a person found out."""

    verdict: Verdict
    url: str = Field(default="", max_length=2000, description="Where the post is, with `there`")


class Seen(Body):
    """A delivery as it was seen."""

    id: str = Field(pattern=ID)
    version: Version | None = None


class Verb(StrEnum):
    """What may be decided about several at once."""

    APPROVE = "approve"
    HOLD = "hold"
    CANCEL = "cancel"


class Decisions(Body):
    """One decision about several deliveries: all of them or, when one is refused, none."""

    verb: Verb
    deliveries: list[Seen] = Field(min_length=1, max_length=TOGETHER)


async def listed(
    by: By,
    state: Annotated[list[State] | None, Query(description="Only these states")] = None,
    channel: Name = "",
    campaign: Name = "",
    article: Name = "",
    after: Annotated[str, Query(max_length=200, description="`next` of the page before")] = "",
    limit: Annotated[int, Query(ge=1, le=MOST)] = EACH,
) -> Deliveries:
    """List deliveries, by when they are due.

    Those without a moment come last. With `after` the list goes on where another page ended, however much has happened since.
    """
    found = await by.store.deliveries(
        campaign=campaign, article=article, channel=channel, states=state or (), limit=limit + 1, after=_place(after)
    )
    page = found[:limit]
    warnings = await warnings_of(by.store, by.live.app.clock, page)
    shown = [shape(each, warnings.get(each.id, ())) for each in page]
    return Deliveries(deliveries=shown, next=_cursor(page[-1]) if len(found) > limit else None)


def _cursor(last: noun.Delivery) -> str:
    """Return the place behind a delivery, for addresses."""
    told = f"{last.due.isoformat() if last.due else ''} {last.id}"
    return urlsafe_b64encode(told.encode()).decode().rstrip("=")


def _place(cursor: str) -> tuple[datetime | None, str] | None:
    if not cursor:
        return None
    try:
        told = urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode()
        due, space, name = told.partition(" ")
        moment = datetime.fromisoformat(due) if due else None
        if space and (moment is None or moment.tzinfo):
            return moment, name
    except (NotBase64, ValueError):
        pass
    raise BadInput("this is no place in the list", hint="give `after` what `next` said, or leave it out")


async def told(by: By, id: Id, response: Response) -> Story:
    """Tell one delivery's whole story: attempts, moves, receipts, evidence.

    The ETag is its version, for If-Match.
    """
    delivery = await by.store.delivery(id)
    attempts, history = await by.store.attempts(delivery.id), await by.store.history(delivery.id)
    warnings = await warnings_of(by.store, by.live.app.clock, [delivery])
    response.headers["etag"] = f'"{delivery.version}"'
    return Story(
        **dict(shape(delivery, warnings.get(delivery.id, ()))),
        attempts=[_attempt(each) for each in attempts],
        history=[Move(at=at, state=state, why=why) for at, state, why in history],
        evidence=[Fact.model_validate(each) for each in evidence(delivery, attempts, history)],
    )


def _attempt(attempt: noun.Attempt) -> Attempt:
    word, why, url = said(attempt)
    return Attempt(
        part=attempt.part,
        armed=attempt.armed,
        deadline=attempt.deadline,
        ended=attempt.ended,
        key=attempt.key.value,
        fingerprint=attempt.fingerprint,
        outcome=word.lower() if attempt.outcome else None,
        said=url or why or "nothing heard",
    )


def _ref(id: str, body: Decision | Seen | None, match: str | None = None) -> str:
    """Return a delivery as the verbs take it: "3f2a@5" when a version is meant."""
    version = body.version if body else None
    tag = int(match.rpartition("/")[2].strip('"')) if match else None
    if version and tag and version != tag:
        raise BadInput("version and If-Match contradict each other", hint="send one of them")
    seen = version or tag
    return f"{id}@{seen}" if seen else id


Deciding = Callable[..., Awaitable[Delivery]]


async def _one(by: By, response: Response, deliveries: Sequence[noun.Delivery], more: Sequence[str] = ()) -> Delivery:
    """Return what a decision was about, with its new version as ETag."""
    [delivery] = deliveries
    response.headers["etag"] = f'"{delivery.version}"'
    warnings = await warnings_of(by.store, by.live.app.clock, [delivery])
    return shape(delivery, [*more, *warnings.get(delivery.id, ())])


async def approve(by: By, id: Id, response: Response, body: Decision | None = None, match: Match = None) -> Delivery:
    """Approve a delivery: it gets the next free slot of its channel.

    One that failed is brought back; one that is scheduled already is left alone.
    """
    return await _one(by, response, await by.steering.approve([_ref(id, body, match)]))


async def hold(by: By, id: Id, response: Response, body: Decision | None = None, match: Match = None) -> Delivery:
    """Take a delivery off the schedule until it is approved again."""
    return await _one(by, response, await by.steering.hold([_ref(id, body, match)]))


async def send_back(by: By, id: Id, response: Response, body: Comment, match: Match = None) -> Delivery:
    """Send a delivery back with a comment: it is held, and the comment is told as its reason."""
    return await _one(by, response, await by.steering.send_back([_ref(id, body, match)], body.comment))


async def cancel(by: By, id: Id, response: Response, body: Decision | None = None, match: Match = None) -> Delivery:
    """End a delivery unsent, for good."""
    return await _one(by, response, await by.steering.cancel([_ref(id, body, match)]))


async def move(by: By, id: Id, response: Response, body: ToMoment | ToDay, match: Match = None) -> Delivery:
    """Give a delivery another moment, or a day. What is held is approved by that."""
    if isinstance(body, ToMoment):
        [moved] = await by.steering.move([_ref(id, body, match)], body.at)
    else:
        zone = spoken("en", body.zone or by.live.app.settings.zone).zone
        [day] = days_of(body.day, 1, zone)
        [moved] = await by.steering.move([_ref(id, body, match)], day)
    return await _one(by, response, [moved.now])


async def send_now(by: By, id: Id, response: Response, body: Sending | None = None, match: Match = None) -> Delivery:
    """Make a delivery due at once; `warnings` say first what keeps it from going out now.

    During a pause or a blackout that is refused unless it is to go `anyway`.
    """
    sent = await by.steering.send_now([_ref(id, body, match)], anyway=bool(body and body.anyway))
    outlooks = await by.live.app.outlooks.of(sent)
    return await _one(by, response, sent, [_foretold(each) for each in outlooks.values()])


def _foretold(outlook: Outlook) -> str:
    """Put into words what keeps a delivery from going out now, and what a person can do about that."""
    if outlook.to is not None:
        what = f"it will not go out but be {outlook.to}"
    elif outlook.until is not None:
        what = f"it goes out at {outlook.until.isoformat(timespec='seconds')}, not now"
    else:
        what = "it does not go out for now"
    return f"{what}: {outlook.why}" + (f"; {outlook.remedy}" if outlook.remedy else "")


async def settle(by: By, id: Id, response: Response, body: Settlement, match: Match = None) -> Delivery:
    """Say what became of an uncertain delivery, after looking at the platform."""
    return await _one(by, response, [await by.steering.settle(_ref(id, body, match), body.verdict, body.url)])


async def retract(by: By, id: Id, response: Response, body: Decision | None = None, match: Match = None) -> Delivery:
    """Remove a published post from its platform, every part of it, the last first.

    What fails half-way goes on where it stopped when it is asked again.
    """
    return await _one(by, response, [await by.steering.retract(_ref(id, body, match), by.live.platforms)])


async def decide(by: By, body: Decisions) -> list[Delivery]:
    """Decide about several deliveries at once: all of them or, when one is refused, none."""
    refs = [_ref(each.id, each) for each in body.deliveries]
    verbs = {Verb.APPROVE: by.steering.approve, Verb.HOLD: by.steering.hold, Verb.CANCEL: by.steering.cancel}
    chosen = await verbs[body.verb](refs)
    warnings = await warnings_of(by.store, by.live.app.clock, chosen)
    return [shape(each, warnings.get(each.id, ())) for each in chosen]


VERBS: Sequence[tuple[str, Deciding]] = (
    ("approve", approve),
    ("hold", hold),
    ("send-back", send_back),
    ("cancel", cancel),
    ("move", move),
    ("send-now", send_now),
    ("settle", settle),
    ("retract", retract),
)
OPERATIONS = (
    Operation(method="GET", path="/v1/deliveries", answer=listed, right=Right.SEE, tag=TAG),
    Operation(method="GET", path="/v1/deliveries/{id}", answer=told, right=Right.SEE, tag=TAG),
    *(
        Operation(method="POST", path=f"/v1/deliveries/{{id}}/{name}", answer=verb, right=Right.APPROVE, tag=TAG)
        for name, verb in VERBS
    ),
    Operation(method="POST", path="/v1/decisions", answer=decide, right=Right.APPROVE, tag=TAG, missing=True),
)
