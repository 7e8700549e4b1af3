"""`python3 run.py torture N`: lives that are drawn, or one for each durable step, and what became of them.

python3 run.py torture 200                200 lives from seeds that are drawn
python3 run.py torture 1 --seed 4711      that one again
python3 run.py torture scenes             those that are aimed at one rule each
python3 run.py torture steps              killed before and after every durable step, one life each
"""

import argparse
import asyncio
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.torture.fates import SCENES, STEPS, drawn
from tests.torture.judging import COUNTED, Verdict, judged
from tests.torture.living import Life
from tests.torture.nursery import Nursery, nursery

#: Lives at once: each waits most of its time.
AT_ONCE = 8


async def lived(seeds: Iterable[str], folder: Path, at_once: int = AT_ONCE) -> AsyncIterator[Verdict]:
    """Yield the verdict on each seed's life, as they end."""
    gate = asyncio.Semaphore(at_once)
    async with nursery() as bots:
        (folder / "plans").mkdir()
        planned = Life(fate=drawn("0"), home=folder / "plans", nursery=bots)
        await planned.plan()
        lives = [asyncio.create_task(_one(seed, folder, bots, gate)) for seed in seeds]
        for life in asyncio.as_completed(lives):
            yield await life


async def _one(seed: str, folder: Path, bots: Nursery, gate: asyncio.Semaphore) -> Verdict:
    async with gate:
        home = folder / f"life-{seed}".replace(":", "-")
        home.mkdir()
        return await judged(Life(fate=drawn(seed), home=home, nursery=bots, ledger=folder / "plans" / "data"))


async def main() -> int:
    """Live, tell, and return 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="run.py torture", description="Live through faults and kills, and judge.")
    parser.add_argument("lives", nargs="?", default="50", help="how many, `scenes` or `steps`")
    parser.add_argument("--seed", type=int, default=None, help="of the first life; the others count on from it")
    parser.add_argument("--at-once", type=int, default=AT_ONCE)
    parser.add_argument("--steps", type=int, default=STEPS, help="the last durable step that `steps` tries")
    parser.add_argument("--from-step", type=int, default=1, help="the first one")
    parser.add_argument("--story", action="store_true", help="tell what happened in each life")
    parser.add_argument("--keep", type=Path, default=None, help="an empty folder to keep every home in")
    given = parser.parse_args()
    first = random.randrange(10**6) if given.seed is None else given.seed
    match given.lives:
        case "steps":
            steps = range(given.from_step, given.steps + 1)
            seeds = [f"{first}:{n}:{side}" for n in steps for side in ("before", "after")]
        case "scenes":
            seeds = [f"{first}:{scene}" for scene in SCENES]
        case number:
            seeds = [f"{first + n}" for n in range(int(number))]
    counts: Counter[str] = Counter()
    with TemporaryDirectory(prefix="handbill-torture-") as folder:
        async for verdict in lived(seeds, given.keep or Path(folder), given.at_once):
            counts.update(verdict.counts)
            counts["broken"] += bool(verdict.faults)
            tell(verdict)
            for line in verdict.life.story if verdict.faults or given.story else ():
                tell(f"    {line}")
    tell(f"{len(seeds)} lives: {', '.join(f'{counts[each]} {each}' for each in (*COUNTED, 'broken'))}")
    return int(counts["broken"] > 0)


def tell(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
