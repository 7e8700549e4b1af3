"""Coming in and going out.

/signin       name and password; POST signs in              POST /signout   ends this session
/in/SECRET    a one-time link: looking at it uses nothing up, since mail programs look ahead; POST does
"""

from fastapi.responses import Response

from bot.domain.people import Purpose
from bot.errors import BadInput
from bot.flow.admission import LONGEST, SHORTEST, TooOften, Wrong
from bot.web.routes import POST, Asked, Route, inside


async def ask(asked: Asked) -> Response:
    """Ask who one is; who is signed in already goes on."""
    going = inside(asked.request.query_params.get("next", ""))
    if asked.caller:
        return asked.to(going)
    return await signing_in(asked, 200, going)


async def sign_in(asked: Asked) -> Response:
    """Sign in, or ask again and say why."""
    given = await asked.form()
    name, going = given.get("name", ""), inside(given.get("next", ""))
    door, request = asked.desk.door, asked.request
    agent, place = request.headers.get("user-agent", ""), door.place_of(request)
    try:
        secret = await door.admission.sign_in(name, given.get("password", ""), given.get("code", ""), place, agent)
    except TooOften as error:
        answer = await signing_in(asked, 429, going, name, too_often(asked, error))
        answer.headers["retry-after"] = str(max(1, round(error.wait)))
        return answer
    except Wrong:
        words = asked._("This name, password or code is not right. Check them, or ask an admin for a new link.")
        return await signing_in(asked, 403, going, name, words)
    answer = asked.to(going)
    door.let_in(request, answer, secret)
    return answer


async def sign_out(asked: Asked) -> Response:
    """End this browser's session."""
    await asked.form()
    if asked.caller:
        await asked.desk.door.admission.sign_out(asked.caller)
    answer = asked.to("/signin")
    asked.desk.door.let_out(asked.request, answer)
    return answer


async def look(asked: Asked) -> Response:
    """Show what a one-time link is for."""
    return await _link(asked, 200)


async def come_in(asked: Asked) -> Response:
    """Use a one-time link up, with the password that was chosen."""
    given = await asked.form()
    password, code, secret = given.get("password", ""), given.get("code", ""), asked.named("secret")
    if password != given.get("again", password):
        return await _link(asked, 400, asked._("The two passwords differ. Type the same one twice."))
    door, request = asked.desk.door, asked.request
    agent, place = request.headers.get("user-agent", ""), door.place_of(request)
    try:
        opened = await door.admission.redeem(secret, password, place, agent, code)
    except TooOften as error:
        return await _link(asked, 429, too_often(asked, error))
    except (BadInput, Wrong) as error:
        return await _link(
            asked, 400, weak(asked) if isinstance(error, BadInput) else asked._("This code is not right.")
        )
    answer = asked.to("/")
    door.let_in(request, answer, opened)
    return answer


async def signing_in(asked: Asked, status: int, going: str, name: str = "", wrong: str = "") -> Response:
    """Answer with the form where one signs in, which leads on to `going`; or say how the first account is made."""
    if not await asked.desk.door.admission.anybody():
        return await asked.page("first.html", 403)
    return await asked.page("signin.html", status, still=True, going=going, name=name, wrong=wrong)


async def _link(asked: Asked, status: int, wrong: str = "") -> Response:
    link = await asked.desk.door.admission.link(asked.named("secret"))
    known = await asked.live.app.roster.person(link.person)
    shown = {
        "link": link,
        "chooses": link.purpose is Purpose.PASSWORD,
        "second": known is not None and known[0].second,
        "shortest": SHORTEST,
        "longest": LONGEST,
        "wrong": wrong,
        "secret": asked.named("secret"),
    }
    answer = await asked.page("link.html", status, still=True, **shown)
    answer.headers["referrer-policy"] = "strict-origin"  # with none at all, browsers say of a form only "Origin: null"
    return answer


def too_often(asked: Asked, error: TooOften) -> str:
    """Return what to say of too many tries."""
    seconds = max(1, round(error.wait))
    words = asked.words.ngettext("Too many tries. Wait %(n)s second.", "Too many tries. Wait %(n)s seconds.", seconds)
    return words % {"n": asked.words.number(seconds)}


def weak(asked: Asked) -> str:
    """Return what to say of a password that cannot be taken."""
    words = asked._(
        "A password has %(least)s characters or more, and is not easy to guess: take a few words of your own."
    )
    return words % {"least": asked.words.number(SHORTEST)}


ROUTES = (
    Route("/signin", ask, None),
    Route("/signin", sign_in, None, POST),
    Route("/signout", sign_out, None, POST),
    Route("/in/{secret}", look, None),
    Route("/in/{secret}", come_in, None, POST),
)
