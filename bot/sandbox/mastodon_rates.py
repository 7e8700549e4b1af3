"""The simulated Mastodon server's rate limits: config/initializers/rack_attack.rb and app/lib/rate_limiter.rb."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.sandbox.mastodon_media import Refusal

#: How many requests in how many seconds.
BUDGETS = {"api": (300, 300), "media": (30, 1800), "delete": (30, 1800), "statuses": (300, 10_800)}


class Windows:
    """Counts requests in windows that are aligned to the clock, as rack-attack does."""

    def __init__(self, budgets: Mapping[str, tuple[int, int]]) -> None:
        self._budgets = budgets
        self._spent: dict[tuple[str, str, int], int] = {}

    def spend(self, who: str, names: Sequence[str], now: datetime) -> dict[str, str]:
        """Count a request in the budgets of these names; return the tightest as headers, refuse when one is used up."""
        headers: dict[str, str] = {}
        tightest = math.inf
        for name in names:
            if name not in self._budgets:
                continue
            limit, period = self._budgets[name]
            window, into = divmod(int(now.timestamp()), period)
            spent = self._spent[name, who, window] = self._spent.get((name, who, window), 0) + 1
            if limit - spent < tightest:
                tightest = limit - spent
                headers = told(limit, max(0, limit - spent), now + timedelta(seconds=period - into))
        if tightest < 0:
            raise Refusal(429, "Too many requests", headers)
        return headers


def told(limit: int, remaining: int, reset: datetime) -> dict[str, str]:
    """Return the headers (controllers/concerns/rate_limit_headers.rb); a 429 has no Retry-After."""
    return {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": reset.isoformat(timespec="microseconds").replace("+00:00", "Z"),
    }
