"""/health   JSON for probes: whether the bot runs and can write, whether it is paused, when it next has something to do

Which channels stand still is told to anybody, why only to who may see the desk: reasons are the managers' own words.
"""

import asyncio
from collections.abc import Mapping

from fastapi.responses import JSONResponse, Response

from bot.app import Connected
from bot.errors import HandbillError
from bot.web.routes import Asked, Route

#: Seconds after which a probe is told that the database does not answer; probes themselves seldom wait longer.
HEALTH_WAITS = 4


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


async def health(asked: Asked) -> Response:
    """Tell a probe how the bot is."""
    try:
        async with asyncio.timeout(HEALTH_WAITS):
            hold, upcoming = await asked.store.hold(), await asked.store.next_due()
            trouble, channels = await asked.store.trouble(), await still(asked.live)
            channels = channels if asked.may("see") else dict.fromkeys(channels, "paused")
    except (HandbillError, TimeoutError) as error:
        trouble = error.what if isinstance(error, HandbillError) else "the database does not answer"
    if trouble:
        return JSONResponse({"ok": False, "why": trouble}, status_code=503)
    due = upcoming and upcoming.isoformat()
    return JSONResponse({"ok": True, "paused": hold.on, "next_due": due, "channels": channels})


ROUTES = (Route("/health", health, None),)
