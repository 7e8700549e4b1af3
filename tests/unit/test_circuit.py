"""Circuits: when a silent host is tried again, and which host a channel lives on."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.circuit import THRESHOLD, Circuit, host_of
from tests.store_samples import channel

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def after(failures: int) -> Circuit:
    circuit, now = Circuit(since=NOON), NOON
    for _ in range(failures):
        now = circuit.until or now
        circuit = circuit.failed(now)
    return circuit


def test_it_opens_with_the_fifth_failure_and_its_pauses_double_to_half_an_hour():
    assert [after(n).until for n in range(THRESHOLD)] == [None] * 5
    untils = [each for n in range(THRESHOLD, THRESHOLD + 9) if (each := after(n).until)]
    pauses = [later - sooner for sooner, later in zip([NOON, *untils], untils, strict=False)]
    assert [each.total_seconds() for each in pauses] == [30, 60, 120, 240, 480, 960, 1800, 1800, 1800]
    assert after(2000).until is not None


def test_a_failure_that_was_on_its_way_lengthens_no_pause():
    circuit = after(THRESHOLD)
    assert circuit.until is not None
    assert circuit.failed(circuit.until - timedelta(seconds=1)) == circuit
    assert circuit.failed(circuit.until).failures == THRESHOLD + 1


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Town.Example/@library", "town.example"),
        ("http://127.0.0.1:8099/@a", "127.0.0.1"),
        ("", "mastodon"),
        ("https://[broken/", "mastodon"),
    ],
)
def test_a_channel_lives_on_its_accounts_host_as_far_as_that_is_known(url, host):
    assert host_of(channel("mastodon__library", url=url)) == host
