"""Rates, quotas, prices: pure arithmetic on the moments of earlier calls."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bot.domain.pacing import Price, Quota, Rate, cost_of, free_at, money, month_of, quota_free_at
from bot.domain.post import Card, Part, Span, SpanKind

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def ago(*seconds: float) -> list[datetime]:
    return [NOON - each * SECOND for each in seconds]


@pytest.mark.parametrize(
    ("armed", "calls", "wait"),
    [
        ((), 1, 0),
        ((1, 2), 1, 0),
        ((1, 2, 3), 1, 57),
        ((1, 2, 60), 1, 0),
        ((1, 2), 2, 58),
        ((1,), 3, 59),
        ((1, 2), 7, 59),
        ((), 7, 0),
    ],
)
def test_three_a_minute(armed, calls, wait):
    rate = Rate(count=3, span=MINUTE)
    assert free_at([rate], ago(*armed), NOON, calls) == NOON + wait * SECOND


def test_the_strictest_rate_counts_and_none_of_no_calls_binds():
    rates = [Rate(count=1, span=SECOND), Rate(count=2, span=HOUR), Rate(count=0, span=HOUR)]
    assert free_at(rates, ago(0.5, 60), NOON) == NOON + HOUR - MINUTE
    assert free_at([], ago(0), NOON) == NOON


@given(
    some.lists(
        some.builds(Rate, count=some.integers(1, 5), span=some.integers(1, 100).map(lambda n: n * SECOND)), min_size=1
    ),
    some.integers(1, 40),
)
def test_calls_at_the_moments_it_gives_never_pass_a_rate_and_are_never_needlessly_late(rates, count):
    armed: list[datetime] = []
    for _ in range(count):
        at = free_at(rates, armed, armed[0] if armed else NOON)
        assert not armed or at == armed[0] or broken(rates, [at - timedelta(microseconds=1), *armed])
        armed.insert(0, at)
    assert not broken(rates, armed)


def broken(rates: list[Rate], armed: list[datetime]) -> bool:
    return any(
        sum(start - rate.span < each <= start for each in armed) > rate.count for rate in rates for start in armed
    )


@pytest.mark.parametrize(
    ("left", "until", "armed", "calls", "wait"),
    [
        (2, 600, (), 1, 0),
        (2, 600, (1,), 1, 0),
        (2, 600, (1, 2), 1, 600),
        (2, 600, (1,), 2, 600),
        (2, 600, (1, 2, 31, 32), 1, 600),
        (0, 600, (), 1, 600),
        (0, -600, (), 1, 0),
        (0, 10**9, (), 1, 3570),
        (-3, 600, (), 1, 600),
    ],
)
def test_what_is_left_is_counted_down_by_what_was_armed_since(left, until, armed, calls, wait):
    quota = Quota(left=left, until=NOON + until * SECOND)
    assert quota_free_at(quota, NOON - 30 * SECOND, ago(*armed), NOON, calls) == NOON + wait * SECOND


def test_what_a_part_costs_depends_on_whether_it_has_a_link():
    price = Price(currency="USD", part=15_000, linked=200_000)
    tag, link = (Span(kind=kind, start=0, end=1, target="t") for kind in (SpanKind.TAG, SpanKind.LINK))
    parts = [
        Part(number=1, text="plain", spans=(tag,)),
        Part(number=2, text="link", spans=(tag, link)),
        Part(number=3, text="card", card=Card(url="https://town.example", title="Town")),
    ]
    assert [cost_of([part], price) for part in parts] == [15_000, 200_000, 200_000]
    assert cost_of(parts, price) == 415_000
    assert cost_of(parts, None) == 0


def test_a_month_is_a_calendar_month_in_utc():
    new_year = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
    assert month_of(new_year) == (datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    ahead = datetime(2027, 1, 1, 0, 30, tzinfo=UTC).astimezone(tz=None)
    assert month_of(ahead)[0] == datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "words"),
    [(20_000_000, "20.00 USD"), (15_000, "0.015 USD"), (200_000, "0.20 USD"), (1, "0.000001 USD"), (0, "0.00 USD")],
)
def test_money_is_told_to_the_last_digit(amount, words):
    assert money(amount, "USD") == words
