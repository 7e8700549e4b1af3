"""Every way a delivery can go, walked through: one delivery, crashes, lost and late requests, three kinds of platform.

A small model of the protocol in bot/flow (after docs/delivery.md), searched to its end. Each step that changes a state must
be in TRANSITIONS. Six rules that look harmless are then broken one by one, and the search must find the second post.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

import pytest

from bot.domain.delivery import TRANSITIONS, State

CRASHES, RESENDS = 2, 2
#: More requests under way at once than this tell nothing new.
CROWD = 3


class Kind(Enum):
    """What a platform offers to find out whether something is there."""

    KEY = "the same key makes no second post"
    READ = "it can be read"
    BLIND = "neither"


@dataclass(frozen=True)
class Rules:
    """How the bot behaves; each True is how it does, each False a mistake."""

    quiet: bool = True  # absence is believed only when no request can land any more
    takeover_looks: bool = True  # a delivery left in sending is looked for before it is sent again
    unknown_looks: bool = True  # so is one whose answer was lost
    parks: bool = True  # where nothing can be read, a person decides
    armed_first: bool = True  # the ledger knows of an attempt before its request leaves
    in_time: bool = True  # what was held up past its deadline is not sent any more


@dataclass(frozen=True)
class World:
    """`step` is where the worker stands with its attempt: "" none, "armed", "waiting". `flying` requests may yet land.

    `frozen` is a worker that armed and was stopped: its lease runs out, another goes on, and one day it wakes up.
    """

    state: State = State.SCHEDULED
    step: str = ""
    flying: int = 0
    frozen: bool = False
    posts: int = 0
    answered: bool = False
    parked: bool = False
    crashes: int = CRASHES
    resends: int = RESENDS

    def to(self, state: State, **more: object) -> "World":
        assert (self.state, state) in TRANSITIONS, f"{self.state} -> {state}"
        return replace(self, state=state, **more)  # type: ignore[arg-type]


def nexts(now: World, kind: Kind, rules: Rules) -> Iterator[World]:
    """Yield every world that may come next."""
    yield from by_worker(now, rules)
    yield from by_network(now, kind)
    yield from by_reconcile(now, kind, rules)
    if now.step and now.crashes:
        # The attempt is forgotten by a bot that armed too late: the ledger still says what it said before.
        state = now.state if rules.armed_first else State.SCHEDULED
        yield replace(now, state=state, step="", answered=False, crashes=now.crashes - 1)


def by_worker(now: World, rules: Rules) -> Iterator[World]:
    if now.state in (State.SCHEDULED, State.RETRYING) and not now.step:
        yield now.to(State.SENDING, step="armed")
    if now.step == "armed" and now.flying < CROWD:
        yield replace(now, step="waiting", flying=now.flying + 1)
    if now.step == "armed":
        yield now.to(State.RETRYING, step="")  # refused connection: surely not there
    if now.step == "armed" and not now.frozen:
        yield replace(now, step="", frozen=True)
    if now.frozen and rules.in_time:
        yield replace(now, frozen=False)
    elif now.frozen and now.flying < CROWD:
        yield replace(now, frozen=False, flying=now.flying + 1)
    if now.step == "waiting":
        if now.answered:
            yield now.to(State.SENT, step="", answered=False)
        after = State.UNCERTAIN if rules.unknown_looks else State.RETRYING
        yield now.to(after, step="", answered=False)  # time-out, reset, 5xx


def by_network(now: World, kind: Kind) -> Iterator[World]:
    if now.flying:
        yield replace(now, flying=now.flying - 1)  # lost on the way
        posts = min(now.posts + 1, 2) if kind is not Kind.KEY else 1
        yield replace(now, flying=now.flying - 1, posts=posts, answered=bool(now.step))


def by_reconcile(now: World, kind: Kind, rules: Rules) -> Iterator[World]:
    if now.state is State.SENDING and not now.step:
        yield now.to(State.UNCERTAIN if rules.takeover_looks else State.RETRYING)
    if now.state is not State.UNCERTAIN or now.parked or (rules.quiet and now.flying):
        return
    if kind is Kind.BLIND and rules.parks:
        yield replace(now, parked=True)
    elif now.posts and kind is not Kind.BLIND:
        yield now.to(State.SENT)
    elif now.resends:
        yield now.to(State.RETRYING, resends=now.resends - 1)
    else:
        yield replace(now, parked=True)


def search(kind: Kind, rules: Rules) -> set[World]:
    """Return every world that can be reached."""
    seen, ahead = {World()}, deque([World()])
    while ahead:
        for world in nexts(ahead.popleft(), kind, rules):
            if world not in seen:
                seen.add(world)
                ahead.append(world)
    return seen


@pytest.mark.parametrize("kind", Kind)
def test_nothing_is_published_twice_and_nothing_is_called_sent_that_is_not(kind):
    worlds = search(kind, Rules())
    assert {world.state for world in worlds} >= {State.SENDING, State.UNCERTAIN, State.SENT}
    assert max(world.posts for world in worlds) == 1
    assert {world.posts for world in worlds if world.state is State.SENT} == {1}


@pytest.mark.parametrize("kind", Kind)
def test_every_world_has_a_way_to_an_end(kind):
    for world in search(kind, Rules()):
        ends = {each for each in reach(world, kind) if each.state is State.SENT or each.parked}
        assert ends, world


def reach(start: World, kind: Kind) -> set[World]:
    seen, ahead = {start}, deque([start])
    while ahead:
        for world in nexts(ahead.popleft(), kind, Rules()):
            if world not in seen:
                seen.add(world)
                ahead.append(world)
    return seen


@pytest.mark.parametrize(
    ("mistake", "safe"),
    [
        ("quiet", {Kind.KEY, Kind.BLIND}),
        ("takeover_looks", {Kind.KEY}),
        ("unknown_looks", {Kind.KEY}),
        ("parks", {Kind.KEY, Kind.READ}),
        ("armed_first", {Kind.KEY}),
        ("in_time", {Kind.KEY, Kind.BLIND}),
    ],
)
def test_each_rule_is_needed(mistake, safe):
    broken = replace(Rules(), **{mistake: False})
    assert {kind for kind in Kind if all(world.posts < 2 for world in search(kind, broken))} == safe
