"""What was decided, by whom and when, and whether the log of it is whole."""

from typing import Annotated

from fastapi import Query
from pydantic import Field

from bot.domain import trail
from bot.domain.people import Right
from bot.domain.trail import Wanted
from bot.web.api.operations import By, Operation
from bot.web.api.shapes import LARGEST_NUMBER, Moment, Shape

TAG = "audit"
#: Entries on one page, unless told otherwise and at most.
EACH, MOST = 50, 500

Words = Annotated[str, Query(max_length=200)]


class Entry(Shape):
    """What somebody decided."""

    number: int
    at: Moment
    by: str
    verb: str
    subject: str
    words: str
    chain: str


class Entries(Shape):
    """A page of the log; `next` is what `before` takes for the page behind it, null on the last."""

    entries: list[Entry]
    next: int | None


class Chain(Shape):
    """How far the chain of the log was recomputed: up to entry `upto` of `entries`, whose chain is `head`."""

    entries: int
    upto: int
    head: str
    broken: int = Field(
        description="The first entry that does not follow from those before it; 0 = there is none so far"
    )


async def listed(
    by: By,
    who: Annotated[str, Query(alias="by", max_length=200, description="desk:anna, cli:bert, api:newsletter")] = "",
    verb: Words = "",
    subject: Annotated[str, Query(max_length=200, description="What it is about begins so")] = "",
    before: Annotated[int, Query(ge=0, le=LARGEST_NUMBER, description="`next` of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST)] = EACH,
) -> Entries:
    """List what was decided, the latest first."""
    wanted = Wanted(by=who, verb=verb, subject=subject, before=before, limit=limit + 1)
    found = await by.live.app.trail.traces(wanted)
    page = found[:limit]
    return Entries(entries=[_entry(each) for each in page], next=page[-1].entry.number if len(found) > limit else None)


def _entry(trace: trail.Trace) -> Entry:
    entry, act = trace.entry, trace.entry.act
    told = {"by": act.by, "verb": act.verb, "subject": act.subject, "words": act.words}
    return Entry(number=entry.number, at=entry.at, chain=entry.chain, **told)


async def chain(by: By) -> Chain:
    """Tell how far the chain of the log was recomputed and found to be whole.

    Each request recomputes some more of a long one; what was found is kept.
    """
    return Chain.model_validate(await by.desk.auditing.verified())


OPERATIONS = (
    Operation(method="GET", path="/v1/audit", answer=listed, right=Right.SEE, tag=TAG),
    Operation(method="GET", path="/v1/audit/chain", answer=chain, right=Right.SEE, tag=TAG),
)
