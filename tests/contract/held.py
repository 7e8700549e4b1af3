"""Requests that the other side holds, so that there is something to give up."""

from collections.abc import Awaitable, Callable

from bot.domain.outcome import Outcome, Retry

#: Seconds for which a server holds a request: longer than any test takes.
HELD = 3600.0
#: Seconds for what must come, however busy the machine is.
PATIENCE = 100.0


async def given_up(publish: Callable[[float], Awaitable[Outcome]]) -> Outcome:
    """Return what comes of a held request with the shortest time-out (in seconds) in which it got there.

    On a busy machine a short one may pass before there is a connection. Then nothing was sent, which is a Retry.
    """
    for timeout in (0.4, 4.0):
        outcome = await publish(timeout)
        if not isinstance(outcome, Retry):
            return outcome
    return await publish(40.0)
