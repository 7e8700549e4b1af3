"""The clock: what it believes when the machine's own is set, sleeps or jumps."""

from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clock import TRUSTED, PeerClocks, SystemClock
from tests.store_samples import NOON

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
YEARS = timedelta(days=3653)


@dataclass
class Machine:
    """A machine whose clock can be set; `slept` seconds pass on both of its clocks."""

    wall = NOON
    ticks = 7.0

    def pass_by(self, span: timedelta) -> None:
        self.wall += span
        self.ticks += span.total_seconds()

    def set_by(self, span: timedelta) -> None:
        self.wall += span


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def clock(machine) -> SystemClock:
    return SystemClock(lambda: machine.wall, lambda: machine.ticks)


@pytest.mark.parametrize("slept", [timedelta(0), timedelta(seconds=3), 9 * HOUR, timedelta(days=40)])
def test_time_goes_on_while_the_machine_sleeps(machine, clock, slept):
    machine.pass_by(slept)
    assert clock.now() == NOON + slept
    assert clock.doubt is None


@pytest.mark.parametrize("step", [-TRUSTED, -MINUTE, MINUTE, TRUSTED])
def test_a_small_step_is_taken_and_never_leads_back(machine, clock, step):
    machine.set_by(step)
    assert clock.now() == max(NOON, NOON + step)
    machine.pass_by(HOUR)
    assert clock.now() == NOON + step + HOUR
    assert clock.doubt is None


@pytest.mark.parametrize("jump", [-YEARS, -HOUR, 6 * MINUTE, HOUR, YEARS])
def test_a_jump_is_not_believed_and_time_goes_on_without_it(machine, clock, jump):
    machine.set_by(jump)
    assert clock.now() == NOON
    assert clock.doubt == jump
    machine.pass_by(HOUR)
    assert clock.now() == NOON + HOUR
    assert clock.doubt == jump


def test_a_jump_that_is_taken_back_was_none(machine, clock):
    machine.set_by(HOUR)
    clock.now()
    machine.set_by(-HOUR)
    assert clock.now() == NOON
    assert clock.doubt is None


@pytest.mark.parametrize("jump", [-YEARS, -HOUR, HOUR, YEARS])
def test_a_platform_that_bears_out_the_jump_ends_the_doubt(machine, clock, jump):
    peers = PeerClocks(clock)
    machine.set_by(jump)
    clock.now()
    peers.heard("a.example", format_datetime(machine.wall + timedelta(seconds=2), usegmt=True))
    assert clock.doubt is None
    assert clock.now() == machine.wall
    assert peers.ahead == timedelta(0)


@pytest.mark.parametrize("said", [NOON, NOON - HOUR, NOON + 2 * HOUR])
def test_a_platform_that_does_not_leaves_it(machine, clock, said):
    peers = PeerClocks(clock)
    machine.set_by(HOUR)
    clock.now()
    peers.heard("a.example", format_datetime(said, usegmt=True))
    assert clock.doubt == HOUR
    assert clock.now() == NOON


def test_what_a_platform_says_cannot_move_a_clock_that_did_not_jump(machine, clock):
    peers = PeerClocks(clock)
    peers.heard("a.example", format_datetime(NOON + YEARS, usegmt=True))
    assert clock.now() == NOON
    assert peers.ahead is not None
    assert abs(peers.ahead - YEARS) < timedelta(seconds=1)


@given(st.lists(st.tuples(st.sampled_from(["pass", "set"]), st.integers(-10_000, 10_000)), max_size=20))
def test_time_never_runs_back(steps):
    machine = Machine()
    clock = SystemClock(lambda: machine.wall, lambda: machine.ticks)
    before = clock.now()
    for kind, seconds in steps:
        if kind == "pass":
            machine.pass_by(timedelta(seconds=abs(seconds)))
        else:
            machine.set_by(timedelta(seconds=seconds))
        now = clock.now()
        assert now >= before
        before = now


async def test_waiting_for_less_than_nothing_takes_no_time(clock):
    await clock.sleep(-HOUR)
    assert clock.now() == NOON


@pytest.mark.parametrize("wrong", [-YEARS, -HOUR, 6 * MINUTE, YEARS])
def test_two_hosts_that_agree_are_believed_at_the_start(machine, wrong):
    machine.set_by(wrong)
    clock = SystemClock(lambda: machine.wall, lambda: machine.ticks)
    peers = PeerClocks(clock)
    for host, off in (("a.example", 0), ("b.example", 1)):
        peers.heard(host, format_datetime(NOON + timedelta(seconds=off), usegmt=True))
    peers.agree()
    assert abs(clock.now() - NOON) <= timedelta(seconds=1)
    machine.pass_by(HOUR)
    assert abs(clock.now() - NOON - HOUR) <= timedelta(seconds=1)
    machine.set_by(-wrong)
    assert abs(clock.now() - NOON - HOUR) <= timedelta(seconds=1)
    assert clock.doubt is None


@pytest.mark.parametrize("said", [[HOUR], [HOUR, 3 * HOUR], [MINUTE, 2 * MINUTE], [-HOUR, HOUR], []])
def test_one_host_or_two_that_differ_are_not(clock, said):
    peers = PeerClocks(clock)
    for number, off in enumerate(said):
        peers.heard(f"{number}.example", format_datetime(NOON + off, usegmt=True))
    peers.agree()
    assert clock.now() == NOON
