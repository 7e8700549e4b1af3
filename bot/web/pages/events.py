"""/events   tells open pages that something was written, so that they fetch what changed (server-sent events)

What is sent is a number that means nothing: the pages themselves are asked for by who may see them.
"""

import asyncio
from collections.abc import AsyncIterator

from fastapi.responses import Response, StreamingResponse

from bot.domain.people import Right
from bot.errors import HandbillError
from bot.web.routes import Asked, Route

#: Seconds between two looks at the ledger, and the looks after which a browser must ask anew (who asks is checked then).
EVERY, LOOKS = 1.0, 600
#: Looks between two signs of life, so that proxies keep the line open.
SIGN = 15
#: Milliseconds after which a browser comes back when the line was closed.
BACK = b"retry: 2000\n\n"
#: Lines that one session (or program) may keep open at once, and the milliseconds after which it asks anew without one.
LINES, LATER = 8, b"retry: 30000\n\n"


async def told(asked: Asked) -> AsyncIterator[bytes]:
    """Yield an event at once and whenever the ledger changed, until the desk stops or it is time to ask anew.

    Who keeps too many lines open is told once, and asks again now and then.
    """
    caller, listeners = asked.caller, asked.desk.listeners
    who = (caller.session.id if caller.session else caller.by) if caller else ""
    listeners[who] += 1
    try:
        many = listeners[who] > LINES
        yield LATER if many else BACK
        async for event in _versions(asked, 1 if many else LOOKS):
            yield event
    finally:
        listeners[who] -= 1
        if not listeners[who]:
            del listeners[who]


async def _versions(asked: Asked, looks: int) -> AsyncIterator[bytes]:
    known = None
    for look in range(looks):
        try:
            version = await asked.desk.changes.version()
        except HandbillError:
            return
        if version != known:
            known = version
            yield b"data: %d\n\n" % version
        elif look % SIGN == 0:
            yield b": still here\n\n"
        try:
            await asyncio.wait_for(asked.desk.stop.wait(), EVERY)
            return
        except TimeoutError:
            continue


async def events(asked: Asked) -> Response:
    """Answer with a stream of events."""
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(told(asked), media_type="text/event-stream", headers=headers)


ROUTES = (Route("/events", events, Right.SEE),)
