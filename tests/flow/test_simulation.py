"""Weeks of a campaign in seconds: the flow's own code, a stepped clock, platforms that fail by a seed.

Three kinds of platform: one that honours the key, one that can be read, one that is blind. Requests are lost, answers are
lost, requests land late, hosts refuse, limits and revoked tokens come and go, parts of threads fail, the bot dies in the
middle of a call. At the end each delivery is published once, in order, or refused, or uncertain with its evidence.
"""

import os
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from bot.clock import SteppedClock
from bot.domain.channel import Account
from bot.domain.delivery import PublishKey, State
from bot.domain.lateness import LatePolicy
from bot.domain.outcome import Outcome, Receipt, Refused, ReplyTo, Retry, Sent, Unauthorised, Unknown
from bot.domain.plan import Plan
from bot.domain.post import Part
from bot.engines.stepping import SteppingEngine
from bot.errors import CannotTell, Unreachable
from bot.flow.dispatch import Dispatch, Pace
from bot.flow.planning import Planner
from bot.flow.reconcile import Reconcile
from bot.flow.steering import Steering
from bot.store import open_store
from tests.fakes import LIMITS
from tests.store_samples import NOON, channel, delivery

DEADLINE = timedelta(seconds=20)
WEEKS = timedelta(weeks=3)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
PLAN = Plan(late=LatePolicy(grace=timedelta(days=2), limit=timedelta(days=60), gap=MINUTE))
PACE = Pace(deadline=DEADLINE, jitter=lambda: 0.5)
#: Shares of publishing calls that go wrong, by what goes wrong.
FAULTS = {
    "lost": 0.08, "answer lost": 0.08, "late": 0.05, "refused connection": 0.08, "429": 0.04, "no token": 0.03,
    "crash before": 0.04, "crash after": 0.04, "adapter crash": 0.02, "refused": 0.03,
}  # fmt: skip


class Killed(BaseException):
    """The process is gone; nothing after this line ran."""


RAISED = {"crash before": Killed(), "crash after": Killed(), "adapter crash": RuntimeError("a bug in the adapter")}
ANSWERS: dict[str, Outcome] = {
    "lost": Unknown(why="lost"),
    "answer lost": Unknown(why="answer lost"),
    "late": Unknown(why="late"),
    "refused connection": Retry(why="refused", unreached=True),
    "429": Retry(why="429", after=20 * MINUTE, channel_wide=True),
    "no token": Unauthorised(why="the token was revoked"),
    "refused": Refused(why="the platform does not like it"),
}


@dataclass(frozen=True)
class Effect:
    """What followers see."""

    key: str
    parent: str


@dataclass
class Fickle:
    """A platform of one kind whose faults are drawn from a seed, the call's key and how often it was tried."""

    kind: str
    clock: SteppedClock
    seed: int
    effects: list[Effect] = field(default_factory=list)
    flying: list[tuple[datetime, Effect]] = field(default_factory=list)
    tried: dict[str, int] = field(default_factory=dict)
    locked_until: datetime = NOON

    def fault(self, key: str) -> str:
        self.tried[key] = self.tried.get(key, 0) + 1
        drawn = random.Random(f"{self.seed} {self.kind} {key} {self.tried[key]}").random()
        for name, share in FAULTS.items():
            drawn -= share
            if drawn < 0:
                return name
        return ""

    def land(self, effect: Effect) -> None:
        if self.kind != "key" or effect.key not in {each.key for each in self.effects}:
            self.effects.append(effect)

    def arrive(self) -> None:
        """Let land what was late."""
        now = self.clock.now()
        for at, effect in self.flying:
            if at <= now:
                self.land(effect)
        self.flying = [each for each in self.flying if each[0] > now]

    async def verify(self) -> Account:
        if self.clock.now() < self.locked_until:
            raise Unreachable("the token is not accepted")
        return Account(name=f"@{self.kind}", url=f"https://{self.kind}.example", limits=LIMITS)

    async def publish(self, part: Part, key: PublishKey, reply_to: ReplyTo | None, resume: str = "") -> Outcome:
        self.clock.at += timedelta(milliseconds=300)
        self.arrive()
        if self.clock.now() < self.locked_until:
            return Unauthorised(why="401")
        effect = Effect(key.value, reply_to.parent.id if reply_to else "")
        fault = self.fault(key.value)
        if fault == "late":
            self.flying.append((self.clock.now() + DEADLINE * 0.9, effect))
        elif fault in ("", "answer lost", "crash after", "adapter crash"):
            self.land(effect)
        if fault == "no token":
            self.locked_until = self.clock.now() + 3 * HOUR
        if fault in RAISED:
            raise RAISED[fault]
        return ANSWERS.get(fault) or Sent(receipt=self.receipt(key.value))

    def receipt(self, key: str) -> Receipt:
        return Receipt(id=key, url=f"https://{self.kind}.example/{key}", at=self.clock.now())

    async def find(self, part: Part, key: PublishKey, since: datetime) -> Receipt | None:
        self.clock.at += timedelta(milliseconds=100)
        self.arrive()
        if self.kind == "blind":
            raise CannotTell("this platform cannot be asked")
        if self.fault(f"find {key.value}") in ("lost", "429"):
            raise Unreachable("no answer")
        return self.receipt(key.value) if key.value in {each.key for each in self.effects} else None

    async def retract(self, receipt: Receipt) -> Outcome:
        return Sent(receipt=receipt)

    async def close(self) -> None:
        pass


class Bot:
    """One life of the bot: everything it keeps in memory."""

    def __init__(self, store, clock, engine, platforms: Mapping[str, Fickle]) -> None:
        planner = Planner(store, clock, PLAN)
        self.steering = Steering(store, clock, planner)
        self.dispatch = Dispatch(store, clock, engine, platforms, PLAN, PACE)
        self.reconcile = Reconcile(store, clock, platforms, self.steering, PACE, self.dispatch.busy)


async def lived(store, clock, platforms: Mapping[str, Fickle], rng: random.Random) -> int:
    """Live through the weeks, moment by moment; return how many bots died."""
    engine, deaths, end = SteppingEngine(), 0, clock.now() + WEEKS
    bot = Bot(store, clock, engine, platforms)
    while clock.now() < end:
        await bot.dispatch.wake()
        await bot.dispatch.idle()
        await bot.reconcile.look()
        stuck = await store.deliveries(states=(State.SENDING,))
        if stuck:
            deaths += 1
            bot = Bot(store, clock, engine, platforms)
            clock.at += DEADLINE * 2
            continue
        for each in await store.channels():
            if each.paused and rng.random() < 0.3:
                await store.pause_channel(each.name, "")
        ahead = [each.due for each in await store.deliveries(states=(State.UNCERTAIN,)) if each.due]
        ahead += [each for each in (engine.take(), await store.next_due()) if each]
        if not ahead and not any(each.paused for each in await store.channels()):
            break
        clock.at = max(min(ahead, default=clock.at) + timedelta(milliseconds=1), clock.at + timedelta(seconds=2))
    return deaths


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("_", range(3))
async def test_weeks_of_faults_leave_nothing_twice_and_nothing_lost(_, tmp_path):
    seed = int(os.environ.get("HANDBILL_SEED") or random.randrange(10**6))
    rng, clock = random.Random(seed), SteppedClock(NOON)
    store = await open_store(tmp_path / "handbill.db", clock)
    platforms = {kind: Fickle(kind, clock, seed) for kind in ("key", "read", "blind")}
    planned = [
        delivery(f"{kind}{n:03}", channel=kind, parts=rng.choice((1, 1, 1, 4)), due=NOON + n * 5 * HOUR)
        for kind in platforms
        for n in range(50)
    ]
    for kind in platforms:
        await store.put_channel(channel(kind))
    await store.add_deliveries(planned, NOON)
    deaths = await lived(store, clock, platforms, rng)
    ended = await store.deliveries()
    told = f"seed {seed}, {deaths} deaths"
    for each in ended:
        await judge(store, each, platforms[each.channel], told)
    assert deaths > 0, told
    assert sum(each.state is State.SENT for each in ended) > len(ended) / 2, told
    await store.close()


async def judge(store, each, platform: Fickle, told: str) -> None:
    """Hold one delivery's end against what followers saw."""
    attempts = await store.attempts(each.id)
    keys = {attempt.key.value: attempt.part for attempt in attempts}
    seen = [effect for effect in platform.effects if effect.key in keys]
    parts = [keys[effect.key] for effect in seen]
    assert parts == sorted(set(parts)) == list(range(1, len(parts) + 1)), (told, each.id, parts)
    by_part = {keys[effect.key]: effect for effect in seen}
    for number, effect in by_part.items():
        assert effect.parent == (by_part[number - 1].key if number > 1 else ""), (told, each.id, number)
    match each.state:
        case State.SENT:
            assert len(parts) == len(each.post.parts) == len(each.receipts), (told, each.id)
        case State.UNCERTAIN:
            assert each.due is None, (told, each.id, each.why)
            assert attempts, told
        case State.FAILED:
            assert isinstance(attempts[-1].outcome, Refused), (told, each.id)
            assert len(parts) == len(each.receipts), (told, each.id)
        case other:
            raise AssertionError((told, each.id, other, each.why))
