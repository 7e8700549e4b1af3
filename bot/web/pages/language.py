"""POST /language   the language in which this browser reads the desk"""

from fastapi.responses import Response

from bot.web.routes import POST, Asked, Route, inside, torn
from bot.web.words import COOKIE, LANGUAGES

#: Seconds for which a browser keeps the choice: a year.
KEPT = 365 * 24 * 60 * 60


async def choose(asked: Asked) -> Response:
    """Speak the chosen language from the next page on."""
    given = await asked.form()
    if (chosen := given.get("language", "")) not in LANGUAGES:
        raise torn()
    answer = asked.to(inside(given.get("back", "")))
    answer.set_cookie(COOKIE, chosen, max_age=KEPT, httponly=True, samesite="lax", path=asked.at("/"))
    return answer


ROUTES = (Route("/language", choose, None, POST),)
