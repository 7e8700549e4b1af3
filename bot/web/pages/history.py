"""What was decided, by whom and when, and whether the log of it is whole.

/history       the latest first        ?by=desk:anna&verb=approve&about=3f2a&before=120
/history.csv   the same, all of it, for a spreadsheet
POST /history/verify   recompute the whole chain
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi.responses import Response, StreamingResponse

from bot.domain.people import Right
from bot.domain.trail import Wanted
from bot.flow.auditing import csv_lines
from bot.web.routes import POST, Asked, Notice, Route
from bot.web.words import N_

#: Acts on a page, and characters of what is looked for.
EACH, LONGEST = 50, 200

#: What people did, by the verb in the audit log; a verb that is not here stands as it is.
VERBS: Mapping[str, str] = {
    "approve": N_("approved"),
    "hold": N_("held it back"),
    "send back": N_("sent it back with a comment"),
    "cancel": N_("cancelled it"),
    "send-now": N_("sent now"),
    "move": N_("moved"),
    "reslot": N_("gave it the next free slot"),
    "put back": N_("put back"),
    "retract": N_("took back"),
    "override": N_("wrote own words"),
    "settle": N_("settled what was uncertain"),
    "choose": N_("chose a passage"),
    "send here": N_("chose a channel"),
    "leave out": N_("left a channel out"),
    "alt": N_("described a picture"),
    "pause": N_("paused everything"),
    "resume": N_("let posting go on"),
    "pause channel": N_("paused a channel"),
    "resume channel": N_("let a channel go on"),
    "plan set": N_("changed a plan"),
    "plan clear": N_("gave a channel the default times"),
    "plan blackout": N_("changed the blackouts"),
    "user add": N_("added somebody"),
    "user link": N_("made a one-time link"),
    "user link used": N_("used a one-time link"),
    "user role": N_("changed a role"),
    "user disable": N_("shut somebody out"),
    "user enable": N_("let somebody in again"),
    "session end": N_("ended a session"),
    "password": N_("changed a password"),
    "code on": N_("signs in with a code"),
    "code off": N_("signs in without a code"),
    "token add": N_("made a token"),
    "token revoke": N_("revoked a token"),
    "backup": N_("made a backup"),
    "restore": N_("put a backup in place"),
    "export": N_("exported everything"),
    "import": N_("took in an export"),
}
#: Through what somebody decided.
WAYS: Mapping[str, str] = {
    "desk": N_("desk"),
    "cli": N_("command line"),
    "telegram": N_("chat"),
    "api": N_("program"),
}


def _wanted(asked: Asked) -> Wanted:
    """Return what the address asks for; what it says wrong is passed over."""
    given = asked.request.query_params
    before = given.get("before", "")
    return Wanted(
        by=given.get("by", "")[:LONGEST],
        verb=given.get("verb", "")[:LONGEST],
        subject=given.get("about", "").strip()[:LONGEST],
        before=int(before[:12]) if before.isascii() and before.isdigit() else 0,
        limit=EACH,
    )


def _query(wanted: Wanted, before: int = 0) -> str:
    told = {"by": wanted.by, "verb": wanted.verb, "about": wanted.subject, "before": before or ""}
    return f"?{urlencode({name: value for name, value in told.items() if value})}".rstrip("?")


async def front(asked: Asked) -> Response:
    """Tell what was decided."""
    wanted, trail = _wanted(asked), asked.live.app.trail
    found = await trail.traces(wanted)
    people, verbs = await trail.deciders()
    shown: dict[str, Any] = {
        "wanted": wanted,
        "traces": found,
        "titles": await asked.store.titles([(each.campaign, each.article) for each in found if each.delivery]),
        "people": people,
        "verbs": verbs,
        "names": VERBS,
        "ways": WAYS,
        "older": _query(wanted, found[-1].entry.number) if len(found) == EACH else "",
        "same": _query(wanted),
        "verified": await asked.desk.auditing.verified(),
    }
    return await asked.page("history.html", **shown)


async def table(asked: Asked) -> Response:
    """Answer with all that is looked for, for a spreadsheet."""
    wanted, trail = _wanted(asked), asked.live.app.trail
    today = asked.live.app.clock.now().astimezone(asked.words.zone).date()

    async def lines() -> AsyncIterator[str]:
        yield "\ufeff"  # without it Excel takes UTF-8 for something else
        async for each in csv_lines(trail, wanted):
            yield each

    headers = {"content-disposition": f'attachment; filename="history-{today}.csv"'}
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=headers)


async def verify(asked: Asked) -> Response:
    """Recompute the chain from its beginning."""
    await asked.form()
    found = await asked.desk.auditing.anew()
    words = asked._("The log was changed by other hands.") if found.broken else asked._("The log is whole.")
    return asked.to("/history", Notice(words))


ROUTES = (
    Route("/history", front, Right.SEE),
    Route("/history.csv", table, Right.SEE),
    Route("/history/verify", verify, Right.SEE, POST),
)
