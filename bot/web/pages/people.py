"""/people   who may come in: people with their roles and sessions, and programs with their tokens.

POST /people   /people/NAME/{role,link,disable,enable,code-off}   /people/session/ID/end   /tokens   /tokens/NAME/revoke

A secret is shown once, on the page that answers the form, and kept nowhere.
"""

from collections.abc import Awaitable, Callable, Mapping

from fastapi.responses import Response

from bot.domain.people import LINK_LASTS, NAME, Right, Role
from bot.errors import BadInput
from bot.flow.enrolling import LONGEST_TOKEN, Enrolling
from bot.web.agents import browser_of
from bot.web.routes import POST, Asked, Notice, Route, torn
from bot.web.words import N_

ROLES: Mapping[Role, str] = {
    Role.VIEWER: N_("sees everything, changes nothing"),
    Role.EDITOR: N_("takes articles in, chooses what is said"),
    Role.APPROVER: N_("also approves, moves, pauses and takes back"),
    Role.ADMIN: N_("also people, tokens, plans and channels"),
}


async def people(asked: Asked) -> Response:
    """Show everybody."""
    roster = asked.live.app.roster
    sessions = await roster.sessions()
    return await asked.page(
        "people.html",
        still=True,
        people=await roster.people(),
        sessions=sessions,
        tokens=await roster.tokens(),
        roles=ROLES,
        browser_of=browser_of,
        rights=tuple(Right),
        pattern=NAME.pattern,
        longest=LONGEST_TOKEN,
        now=asked.live.app.clock.now(),
    )


async def add(asked: Asked) -> Response:
    """Add somebody, and show their one-time link."""
    given = await asked.form()
    name, role = given.get("name", "").strip().lower(), _role(given)
    return await _link(asked, name, await _verbs(asked).add(name, role))


async def invite(asked: Asked) -> Response:
    """Show a new one-time link of somebody's."""
    await asked.form()
    name = asked.named("name")
    return await _link(asked, name, await _verbs(asked).invite(name))


async def put_role(asked: Asked) -> Response:
    """Give somebody another role."""
    given, name = await asked.form(), asked.named("name")
    await _verbs(asked).put_role(name, _role(given))
    return asked.to("/people", Notice(asked._("%(name)s has another role from now on.") % {"name": name}))


async def add_token(asked: Asked) -> Response:
    """Make a token for a program, and show it."""
    given = await asked.form()
    rights = [right for right in Right if given.get(str(right)) == "yes"]
    days = given.get("days", "").strip()
    if days and not (days.isascii() and days.isdigit()):
        raise BadInput(
            "the days are not a number", hint="leave the field empty for a token that lasts until it is revoked"
        )
    name = given.get("name", "").strip().lower()
    token = await _verbs(asked).add_token(name, rights, int(days) if days else None)
    return await _given(asked, name, token, link=False)


async def end_session(asked: Asked) -> Response:
    """End anybody's session."""
    await asked.form()
    await _verbs(asked).end_session(asked.named("id"))
    return asked.to("/people", Notice(asked._("That session has ended.")))


def _does(verb: Callable[[Enrolling, str], Awaitable[None]], words: str) -> Callable[[Asked], Awaitable[Response]]:
    """Return what answers a button that does something to somebody and tells it in `words`, which take a name."""

    async def answer(asked: Asked) -> Response:
        await asked.form()
        name = asked.named("name")
        await verb(_verbs(asked), name)
        return asked.to("/people", Notice(asked._(words) % {"name": name}))

    return answer


def _verbs(asked: Asked) -> Enrolling:
    return asked.live.app.enrolling.acting(asked.caller.by if asked.caller else "desk")


def _role(given: Mapping[str, str]) -> Role:
    try:
        return Role(given.get("role", ""))
    except ValueError as error:
        raise torn() from error


async def _link(asked: Asked, name: str, secret: str) -> Response:
    return await _given(asked, name, asked.desk.door.address(asked.request, f"/in/{secret}"), link=True)


async def _given(asked: Asked, name: str, secret: str, *, link: bool) -> Response:
    hours = round(LINK_LASTS.total_seconds() / 3600)
    answer = await asked.page("given.html", still=True, name=name, secret=secret, link=link, hours=hours)
    answer.headers["cache-control"] = "no-store"
    return answer


ROUTES = (
    Route("/people", people, Right.ADMIN),
    Route("/people", add, Right.ADMIN, POST),
    Route("/people/{name}/link", invite, Right.ADMIN, POST),
    Route("/people/{name}/role", put_role, Right.ADMIN, POST),
    Route("/people/{name}/disable", _does(Enrolling.disable, N_("%(name)s comes in no more.")), Right.ADMIN, POST),
    Route("/people/{name}/enable", _does(Enrolling.enable, N_("%(name)s may come in again.")), Right.ADMIN, POST),
    Route(
        "/people/{name}/code-off",
        _does(Enrolling.drop_second, N_("%(name)s signs in without a code again.")),
        Right.ADMIN,
        POST,
    ),
    Route("/people/session/{id}/end", end_session, Right.ADMIN, POST),
    Route("/tokens", add_token, Right.ADMIN, POST),
    Route("/tokens/{name}/revoke", _does(Enrolling.end_token, N_("The token %(name)s is revoked.")), Right.ADMIN, POST),
)
