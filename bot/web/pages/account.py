"""/account   one's own: password, second factor, the sessions in which one is signed in.

POST /account/password   /account/code   /account/code/off   /account/session/ID/end
"""

from fastapi.responses import Response

from bot.domain import totp
from bot.domain.people import Caller, Right
from bot.errors import BadInput, HandbillError, NotAllowed
from bot.flow.admission import LONGEST, SHORTEST, TooOften, Wrong
from bot.web.agents import browser_of
from bot.web.pages.signin import too_often, weak
from bot.web.routes import POST, Asked, Notice, Route


async def account(asked: Asked) -> Response:
    """Show it."""
    return await _shown(asked)


async def change_password(asked: Asked) -> Response:
    """Take another password; all other sessions end."""
    given, caller = await asked.form(), _person(asked)
    if given.get("new", "") != given.get("again", ""):
        return await _shown(asked, 400, asked._("The two passwords differ. Type the same one twice."), "password")
    try:
        await asked.desk.door.admission.change_password(caller, given.get("password", ""), given.get("new", ""))
    except (Wrong, TooOften, BadInput) as error:
        return await _shown(asked, *_told(asked, error, weak(asked)), "password")
    return asked.to("/account", Notice(asked._("Your password is changed, and your other sessions have ended.")))


async def ask_for_codes(asked: Asked) -> Response:
    """Ask for codes at sign-in from now on."""
    given, caller = await asked.form(), _person(asked)
    secret, code = given.get("secret", ""), given.get("code", "")
    try:
        await asked.desk.door.admission.put_second(caller, given.get("password", ""), secret, code)
    except (Wrong, TooOften, BadInput) as error:
        words = asked._("This is not the code that the app shows now.")
        return await _shown(asked, *_told(asked, error, words), "code", secret)
    return asked.to("/account", Notice(asked._("From now on you sign in with a code as well.")))


async def ask_for_no_codes(asked: Asked) -> Response:
    """Ask for no codes any more."""
    given, caller = await asked.form(), _person(asked)
    try:
        await asked.desk.door.admission.drop_second(caller, given.get("password", ""))
    except (Wrong, TooOften) as error:
        return await _shown(asked, *_told(asked, error, ""), "code")
    return asked.to("/account", Notice(asked._("You sign in without a code again.")))


async def end_session(asked: Asked) -> Response:
    """End one of one's own sessions."""
    await asked.form()
    await asked.desk.door.admission.end_session(_person(asked), asked.named("id"))
    return asked.to("/account", Notice(asked._("That session has ended.")))


async def _shown(asked: Asked, status: int = 200, wrong: str = "", where: str = "", secret: str = "") -> Response:
    caller = _person(asked)
    known = await asked.live.app.roster.person(caller.name)
    secret = secret if totp.is_secret(secret) else asked.desk.door.admission.new_second()
    return await asked.page(
        "account.html",
        status,
        still=True,
        person=known[0] if known else caller.person,
        session=caller.session,
        sessions=await asked.live.app.roster.sessions(caller.name),
        browser_of=browser_of,
        secret=secret,
        otpauth=totp.address(secret, caller.name, f"Handbill {asked.request.url.hostname or ''}".strip()),
        shortest=SHORTEST,
        longest=LONGEST,
        wrong=wrong,
        where=where,
    )


def _person(asked: Asked) -> Caller:
    if asked.caller is None or asked.caller.person is None:
        raise NotAllowed("this page is a person's own, and a token is nobody's", hint="sign in in a browser")
    return asked.caller


def _told(asked: Asked, error: HandbillError, otherwise: str) -> tuple[int, str]:
    """Return with which status, and in which words, a form is shown again."""
    match error:
        case TooOften():
            return 429, too_often(asked, error)
        case Wrong():
            return 403, asked._("This is not your present password.")
        case _:
            return 400, otherwise


ROUTES = (
    Route("/account", account, Right.SEE),
    Route("/account/password", change_password, Right.SEE, POST),
    Route("/account/code", ask_for_codes, Right.SEE, POST),
    Route("/account/code/off", ask_for_no_codes, Right.SEE, POST),
    Route("/account/session/{id}/end", end_session, Right.SEE, POST),
)
