"""How often something may be tried: a token bucket for each key, and no more buckets than fit."""

from collections import OrderedDict
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Throttle:
    """Lets each key try `burst` times at once, and then once every `every` seconds. `now` is seconds of a steady clock.

    At most `most` keys are remembered; the one that tried longest ago is forgotten first.
    """

    burst: int
    every: float
    most: int = 10_000
    _known: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def wait(self, key: str, now: float) -> float:
        """Return how many seconds this key must wait before it may try, 0 = it may now."""
        left = self._left(key, now)
        return 0.0 if left >= 1 else (1 - left) * self.every

    def take(self, key: str, now: float) -> None:
        """Count one try of this key."""
        self._known[key] = (max(0.0, self._left(key, now) - 1), now)
        self._known.move_to_end(key)
        while len(self._known) > self.most:
            self._known.popitem(last=False)

    def forgive(self, key: str) -> None:
        """Forget what this key tried: it has proved itself."""
        self._known.pop(key, None)

    def _left(self, key: str, now: float) -> float:
        left, at = self._known.get(key, (float(self.burst), now))
        return min(float(self.burst), left + max(0.0, now - at) / self.every)
