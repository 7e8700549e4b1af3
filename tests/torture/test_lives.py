"""Some lives out of the many that `python3 run.py torture` lives: faults and blows as a seed draws them."""

import os
import random

import pytest

from tests.torture.__main__ import lived
from tests.torture.fates import SCENES, STEPS

DRAWN, KILLED = 5, 4


def seeds(first: int) -> list[str]:
    """Return seeds that are drawn, durable steps from all along a life, and the scenes."""
    rng, stretch = random.Random(first), STEPS // KILLED
    steps = [rng.randint(1 + n * stretch, (n + 1) * stretch) for n in range(KILLED)]
    killed = [f"{first}:{n}:{rng.choice(('before', 'after'))}" for n in steps]
    return [*(f"{first + n}" for n in range(DRAWN)), *killed, *(f"{first}:{scene}" for scene in SCENES)]


@pytest.mark.timeout(1500)
async def test_whatever_befalls_a_bot_nothing_is_lost_and_nothing_is_there_twice(tmp_path):
    first = int(os.environ.get("HANDBILL_SEED") or random.randrange(10**6))
    verdicts = [verdict async for verdict in lived(seeds(first), tmp_path, at_once=DRAWN + KILLED + len(SCENES))]
    broken = [f"{verdict}\n" + "\n".join(verdict.life.story) for verdict in verdicts if verdict.faults]
    assert not broken, "\n".join((f"HANDBILL_SEED={first}", *broken))
    assert sum(verdict.counts["sent"] for verdict in verdicts) > len(verdicts), "hardly anything was posted at all"
