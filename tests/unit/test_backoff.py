"""When to try again: ever later up to half an hour, never before the platform allows it, never all in step."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as some

from bot.domain.backoff import FIRST, LONGEST, LONGEST_ASKED, backoff, bounded

NOTHING = timedelta(0)


def test_the_first_waits_double_and_then_stay():
    waits = [backoff(tries, NOTHING, 0).total_seconds() for tries in range(1, 13)]
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 1800, 1800, 1800]


def test_what_the_platform_asks_for_is_kept_to_however_long():
    assert backoff(1, timedelta(hours=3), 0) == timedelta(hours=3)
    assert backoff(9, timedelta(minutes=1), 0) == 256 * FIRST


@given(
    some.integers(1, 10**6),
    some.timedeltas(NOTHING, timedelta(days=30)),
    some.floats(0, 1),
)
def test_jitter_adds_up_to_a_fifth_and_takes_nothing_away(tries, asked, jitter):
    least = backoff(tries, asked, 0)
    assert least >= max(asked, FIRST)
    assert least <= max(asked, LONGEST)
    assert least <= backoff(tries, asked, jitter) <= least * 1.2 + timedelta(microseconds=1)


@given(some.integers(1, 500), some.floats(0, 1))
def test_more_tries_never_wait_less(tries, jitter):
    assert backoff(tries + 1, NOTHING, jitter) >= backoff(tries, NOTHING, jitter)


@given(some.timedeltas())
def test_an_absurd_wish_to_wait_is_bounded(asked):
    kept = bounded(asked)
    assert NOTHING <= kept <= LONGEST_ASKED
    assert kept == asked or not NOTHING <= asked <= LONGEST_ASKED
