"""Time that passes only when nothing is left to do, for tests of what happens when.

An event loop that never waits: where it would, its clock leaps to the next timer. So an hour costs nothing, each span is
exact, and a busy machine changes nothing. Not for tests with threads or other programs: their work takes no time here.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta, tzinfo
from functools import wraps
from typing import Any

from tests.store_samples import NOON


class Leaps(selectors.DefaultSelector):
    """Looks for what is ready without waiting, and counts the seconds it would have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            return super().select(None)
        ready = super().select(0)
        if not ready:
            self.passed += max(0.0, timeout)
        return ready


class LeapingLoop(asyncio.SelectorEventLoop):
    """An event loop by whose clock nothing but waiting takes time."""

    def __init__(self) -> None:
        self._leaps = Leaps()
        super().__init__(self._leaps)

    def time(self) -> float:
        return self._leaps.passed


def leaping(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test on a loop of its own that leaps over waiting."""

    @wraps(test)
    def run(*args: object, **fixtures: object) -> None:
        with asyncio.Runner(loop_factory=LeapingLoop) as runner:
            runner.run(test(*args, **fixtures))

    return run


class LoopClock:
    """A Clock by the running loop's time: noon when that is 0."""

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, span: timedelta) -> None:
        await asyncio.sleep(max(0.0, span.total_seconds()))


class Wall:
    """Stands in for the datetime class where a library asks it for the time: the loop's, and as far off as it is set."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self, zone: tzinfo | None = None) -> datetime:
        return (LoopClock().now() + self.ahead).astimezone(zone)
