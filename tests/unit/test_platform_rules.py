"""What each platform's rules are, as data: how often, at what price, and what it takes to believe that a post is not there."""

from datetime import timedelta

import pytest

from bot.domain.pacing import Price, Rate
from bot.platforms import adapters, mastodon
from bot.ports import Means

DAY, HOUR, MINUTE, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)

RATES = {
    "x": {(100, 15 * MINUTE), (10_000, DAY)},
    "mastodon": {(300, 3 * HOUR)},
    "telegram": {(1, SECOND), (20, MINUTE)},
    "bluesky": {(5000 // 3, HOUR), (35_000 // 3, DAY)},
}
#: Reads, how far apart, resends.
ABSENCE = {
    "x": (2, MINUTE, 1),
    "mastodon": (1, 0 * MINUTE, 2),
    "telegram": (1, 0 * MINUTE, 1),
    "bluesky": (1, 0 * MINUTE, 8),
}


@pytest.mark.parametrize("name", RATES)
def test_rates_and_absence(name: str) -> None:
    limits = adapters()[name].LIMITS
    assert {(rate.count, rate.span) for rate in limits.rates} == RATES[name]
    assert all(isinstance(rate, Rate) for rate in limits.rates)
    assert (limits.absence.reads, limits.absence.apart, limits.absence.resends) == ABSENCE[name]


def test_only_x_costs_money() -> None:
    prices = {name: adapters()[name].LIMITS.price for name in RATES}
    assert prices.pop("x") == Price(currency="USD", part=15_000, linked=200_000)
    assert set(prices.values()) == {None}


@pytest.mark.parametrize(("version", "reads"), [("4.5.2", 1), ("4.6.5+glitch", 1), ("0.20.0 git-57cb4fe", 2), ("", 2)])
def test_a_server_that_may_ignore_the_key_is_read_twice(version: str, reads: int) -> None:
    assert mastodon.limits({"version": version}).absence.reads == reads


@pytest.mark.parametrize(("channel", "name"), [("x", "X_TOKEN"), ("mastodon__museum", "MASTODON_TOKEN__MUSEUM")])
def test_a_setting_is_named_as_the_operator_wrote_it(channel: str, name: str) -> None:
    nothing: object = None
    means = Means(channel=channel, credentials={}, session=nothing, media=nothing, clock=nothing, witness=nothing)  # type: ignore[arg-type]
    assert means.setting("TOKEN") == name
