"""The red button of every page, and the banner that lets posting go on.

POST /pause   stop everything, for a reason        POST /resume   go on; what becomes of what came due is chosen
"""

from datetime import datetime

from fastapi.responses import Response

from bot.domain.people import Right
from bot.errors import BadInput
from bot.flow.releasing import Overdue
from bot.flow.steering import LONGEST_REASON
from bot.web import labels
from bot.web.frame import COUNTED
from bot.web.routes import POST, Asked, Notice, Route, Sure, inside, torn


async def pause(asked: Asked) -> Response:
    """Stop all posting, for the reason given."""
    given = await asked.form()
    why = " ".join(given.get("why", "").split())
    if not why:
        raise BadInput("the reason is missing", hint="those who find posting paused will want to know why")
    await asked.steering.pause(why[:LONGEST_REASON])
    return asked.to(inside(given.get("back", "")))


async def resume(asked: Asked) -> Response:
    """Let posting go on; the form says which pause is meant and what becomes of what came due."""
    given = await asked.form()
    try:
        choice, since = Overdue(given.get("choice", "")), datetime.fromisoformat(given.get("since", ""))
    except ValueError as error:
        raise torn() from error
    back = inside(given.get("back", ""))
    if choice is Overdue.DROP and given.get("sure") != "yes":
        return await asked.sure(await _question(asked, since, back))
    done = await asked.steering.resume(choice, since)
    told = {"due": asked.words.number(done.due), "cancelled": asked.words.number(done.dropped)}
    words = asked._("Posting goes on. Came due meanwhile: %(due)s, of which cancelled: %(cancelled)s.")
    return asked.to(back, Notice(words % told))


async def _question(asked: Asked, since: datetime, back: str) -> Sure:
    due = len([each for each in await asked.steering.overdue(COUNTED) if not each.receipts])
    label = asked._(labels.CHOICES[Overdue.DROP])
    words = asked.words.ngettext(
        "%(n)s post that came due ends unsent for good, and posting goes on.",
        "%(n)s posts that came due end unsent for good, and posting goes on.",
        due,
    )
    return Sure(
        title=label,
        words=words % {"n": f"{asked.words.number(due)}{'+' if due >= COUNTED else ''}"},
        button=label,
        action="/resume",
        fields={"choice": str(Overdue.DROP), "since": since.isoformat(), "sure": "yes", "back": back},
        back=back,
    )


ROUTES = (
    Route("/pause", pause, Right.APPROVE, POST),
    Route("/resume", resume, Right.APPROVE, POST),
)
