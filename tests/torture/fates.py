"""What becomes of one life of a bot, drawn from a seed: what its platforms do wrong and what befalls the bot itself."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.sandbox.world import Fault

CHANNELS = ("x", "mastodon", "telegram", "bluesky")
#: Seconds that one publishing call may take, and for how long an answer that comes later may still land (docs/delivery.md).
DEADLINE, MARGIN = 3.0, 5.0
#: The status by which each platform refuses a post for good.
REFUSAL = {"x": 403, "mastodon": 422, "telegram": 400, "bluesky": 400}
YEARS = 3e8
#: Lives that are not left to chance, each aimed at what would pass unseen otherwise.
SCENES = ("lost", "cut", "told", "hushed")
#: Seconds that a platform asks to be left alone for in one of them: longer than the bot would wait of its own accord.
ASKED = 25
#: A life that is left alone has written everything down with at most about so many commits.
STEPS = 48


class Blow(StrEnum):
    """What befalls the bot."""

    KILL = "SIGKILL"
    STEP = "SIGKILL at a durable step"
    CUT = "SIGKILL while an answer is on its way"
    FREEZE = "SIGSTOP past the lease, then SIGCONT"
    TERM = "SIGTERM"
    SECOND = "a second bot on the folder"
    PAUSE = "pause, then resume"
    EDIT = "an article is edited"
    OLDER = "an older copy of the database is put back"
    TOKEN = "a token is revoked, and given back"
    OUTAGE = "no platform can be reached"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """One blow, `wait` seconds after what was before it. `number` and `after` are the durable step; `channel` is hit."""

    blow: Blow
    wait: float
    number: int = 0
    after: bool = False
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """All that a seed decides."""

    seed: str
    faults: tuple[Fault, ...] = ()
    strokes: tuple[Stroke, ...] = ()
    articles: int = 4
    linked: bool = True  # Telegram's channel has a discussion group that the bot hears
    guards: bool = True  # X refuses the same words again
    replay: int = 200  # what Mastodon answers a repeated key
    processing: float = 0.1  # seconds that Mastodon works on a picture

    def __str__(self) -> str:
        befalls = ", ".join(f"{each.blow.name.lower()}{each.number or ''}" for each in self.strokes) or "nothing"
        return f"{self.seed}: {len(self.faults)} faults; {befalls}"


def drawn(seed: str) -> Fate:
    """Return the fate that a seed stands for: "S", "S:SCENE", or "S:N:before" for the N-th durable step and nothing else."""
    rng, (_, *more) = random.Random(seed), seed.split(":")
    match more:
        case [scene]:
            return _scene(seed, scene)
        case [number, side]:
            stroke = Stroke(blow=Blow.STEP, wait=0, number=int(number), after=side == "after")
            return Fate(seed=seed, articles=2, strokes=(stroke,))
    return Fate(
        seed=seed,
        faults=tuple(fault for platform in CHANNELS for fault in _faults(platform, rng)),
        strokes=tuple(_stroke(rng) for _ in range(rng.randint(1, 4))),
        linked=rng.random() < 0.6,
        guards=rng.random() < 0.5,
        replay=rng.choice((200, 200, 500)),
        processing=rng.choice((0.1, 0.1, 4.0)),
    )


def _scene(seed: str, name: str) -> Fate:
    """Return a life in which every platform does the same, and nobody but the bot keeps it from posting twice."""

    def everywhere(kind: str, **more: Any) -> tuple[Fault, ...]:
        return tuple(Fault(platform=each, kind=kind, **more) for each in CHANNELS)

    refused = tuple(Fault(platform=each, kind="error", status=REFUSAL[each]) for each in CHANNELS)
    scenes = {
        "lost": (everywhere("reset", times=3), ()),
        "cut": (everywhere("drip", times=2), (Stroke(blow=Blow.CUT, wait=0),)),
        "told": (refused + everywhere("flood", seconds=ASKED), ()),
        "hushed": (everywhere("delay", seconds=2), (Stroke(blow=Blow.PAUSE, wait=0),)),
    }
    faults, strokes = scenes[name]
    return Fate(seed=seed, faults=faults, strokes=strokes, guards=False)


def _faults(platform: str, rng: random.Random) -> Iterable[Fault]:
    """Yield what a platform does wrong, in the order in which it does it; in between all may be well."""
    for _ in range(rng.randint(0, 5)):
        if rng.random() < 0.4:
            yield Fault(platform=platform, kind="delay", seconds=0.2)
        yield rng.choice(_one_of(platform, rng))
    if rng.random() < 0.04:
        yield Fault(platform=platform, kind="flood", seconds=YEARS)


def _one_of(platform: str, rng: random.Random) -> list[Fault]:
    late = rng.uniform(DEADLINE + 0.1, DEADLINE + MARGIN - 2)
    heard = ("reset", "truncate", "garbage", "empty", "odd", "drip")
    return [
        *(Fault(platform=platform, kind=kind) for kind in heard),
        Fault(platform=platform, kind="refuse", times=rng.randint(1, 2)),
        Fault(platform=platform, kind="error", status=rng.choice((500, 502, 503, 504)), times=rng.randint(1, 2)),
        Fault(platform=platform, kind="error-after", status=rng.choice((500, 502, 503, 504))),
        Fault(platform=platform, kind="error", status=REFUSAL[platform]),
        Fault(platform=platform, kind="flood", seconds=rng.choice((0, 1, 4)), times=rng.randint(1, 3)),
        Fault(platform=platform, kind="flood-bare", times=rng.randint(1, 2)),
        Fault(platform=platform, kind="flood", seconds=-YEARS),
        Fault(platform=platform, kind="delay", seconds=rng.uniform(0.2, DEADLINE * 0.7)),
        Fault(platform=platform, kind="delay", seconds=late),
        Fault(platform=platform, kind=rng.choice((*heard, "error", "refuse")), on="upload", times=rng.randint(1, 2)),
        Fault(
            platform=platform,
            kind=rng.choice(("refuse", "error", "garbage", "odd")),
            on="look",
            times=rng.randint(1, 2),
        ),
    ]


def _stroke(rng: random.Random) -> Stroke:
    blow = rng.choice((*Blow, Blow.KILL, Blow.STEP, Blow.STEP))
    return Stroke(
        blow=blow,
        wait=rng.uniform(0, 7),
        number=rng.randint(1, STEPS) if blow is Blow.STEP else 0,
        after=rng.random() < 0.5,
        channel=rng.choice(CHANNELS),
    )
