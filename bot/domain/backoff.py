"""When to try again."""

from datetime import timedelta

FIRST = timedelta(seconds=5)
LONGEST = timedelta(minutes=30)
#: However long a platform asks to wait, it is asked again after this: some have asked for ten years.
LONGEST_ASKED = timedelta(hours=6)


def backoff(tries: int, asked: timedelta, jitter: float) -> timedelta:
    """Return how long to wait after the `tries`-th try (1 = the first), at least what the platform `asked` for.

    Doubles from FIRST to LONGEST; `jitter` (0 to 1, random) adds up to a fifth so that channels do not knock in step.
    """
    wait = max(min(FIRST * float(2 ** min(tries - 1, 20)), LONGEST), asked)
    return wait + wait * jitter / 5


def bounded(asked: timedelta) -> timedelta:
    """Return how long a platform's wish to wait is kept to: never less than nothing, never longer than LONGEST_ASKED."""
    return min(max(asked, timedelta(0)), LONGEST_ASKED)
