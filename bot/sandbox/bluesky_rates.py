"""The simulated PDS's error answers and its rate limits."""

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta


class Rebuff(Exception):
    """An XRPC error answer."""

    def __init__(self, status: int, error: str, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status, self.error, self.message, self.headers = status, error, message, headers


@dataclass(slots=True)
class Quota:
    """Points in a fixed window, as docs.bsky.app/docs/advanced-guides/rate-limits has them; `used` by whom."""

    points: int
    seconds: int
    used: dict[str, tuple[int, datetime]] = field(default_factory=dict)

    def take(self, who: str, points: int, now: datetime) -> dict[str, str]:
        """Use up points and return the headers that tell of it; raises Rebuff when there are too few left."""
        spent, until = self.used.get(who, (0, now))
        if until <= now:
            spent, until = 0, now + timedelta(seconds=self.seconds)
        self.used[who] = (spent + points, until)
        headers = {
            "RateLimit-Limit": str(self.points),
            "RateLimit-Reset": str(math.ceil(until.timestamp())),
            "RateLimit-Remaining": str(max(0, self.points - spent - points)),
            "RateLimit-Policy": f"{self.points};w={self.seconds}",
        }
        if spent + points > self.points:
            raise Rebuff(429, "RateLimitExceeded", "Rate Limit Exceeded", **headers)
        return headers
