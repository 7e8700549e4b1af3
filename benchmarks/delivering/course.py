"""What every contestant has in common: which channels there are, what is posted, and how a run is told."""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle, islice

from benchmarks.delivering.sink import HOSTS

TEXT = (
    "From May on, the town library stays open until midnight on Fridays. Tea is served in the reading room, and the "
    "cycling club lights the way home. https://library.example/night #library"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One contestant's run: `deliveries` in `seconds` with `cpu` seconds of its process; `peak` memory in MiB."""

    deliveries: int
    seconds: float
    cpu: float
    peak: float

    @property
    def rate(self) -> float:
        """Return deliveries per second."""
        return self.deliveries / self.seconds

    @property
    def cost(self) -> float:
        """Return CPU milliseconds per delivery."""
        return self.cpu / self.deliveries * 1000


class Stopwatch:
    """Wall-clock and CPU time since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def tell(self, deliveries: int) -> None:
        """Print the run as one line of JSON for whoever started this process."""
        seconds, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(asdict(Run(deliveries=deliveries, seconds=seconds, cpu=cpu, peak=peak))), flush=True)


def names(channels: int) -> Sequence[str]:
    """Return that many channels, the three platforms in turn."""
    return [f"{platform}__c{number}" for number, platform in enumerate(islice(cycle(HOSTS), channels))]


def address(channel: str, port: int) -> str:
    """Return where a channel's platform is."""
    return f"http://{HOSTS[channel.partition('__')[0]]}:{port}"


def arguments() -> tuple[str, int, int, int]:
    """Return which contestant, how many channels, how many deliveries to each, and the sink's port."""
    kind, channels, each, port = sys.argv[1:]
    return kind, int(channels), int(each), int(port)


async def abreast(posts: Sequence[Callable[[], Awaitable[object]]], each: int) -> None:
    """Make one post on every channel, then, by the clock, so many more on each, one at a time, channels side by side."""
    await asyncio.gather(*(post() for post in posts))

    async def channel(post: Callable[[], Awaitable[object]]) -> None:
        for _ in range(each):
            await post()

    watch = Stopwatch()
    await asyncio.gather(*map(channel, posts))
    watch.tell(len(posts) * each)
