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


async def told(asked: Asked) -> AsyncIterator[bytes]:
    """Yield an event at once and whenever the ledger changed, until the desk stops or it is time to ask anew."""
    yield BACK
    known = None
    for look in range(LOOKS):
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
