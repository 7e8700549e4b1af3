"""What headers say of waiting and quotas, sane or not; and words for what the network did."""

from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import ClientConnectorError, ClientPayloadError, InvalidURL, ServerDisconnectedError
from aiohttp.client_reqrep import ConnectionKey
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from bot.domain.pacing import Quota
from bot.exchange import LONGEST_WAIT, lost, moment, quota, unreached, wait

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
EPOCH = int(NOW.timestamp())
X = ("x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour")


@pytest.mark.parametrize(
    ("told", "after"),
    [
        (str(EPOCH + 90), 90),
        (f"{EPOCH + 90}.5", 90.5),
        ("90", 90),
        ("2026-05-04T12:01:30Z", 90),
        ("2026-05-04T14:01:30.000000+02:00", 90),
        ("Mon, 04 May 2026 12:01:30 GMT", 90),
        (" 90 ", 90),
    ],
)
def test_a_moment_is_read_in_every_form_that_platforms_use(told: str, after: float) -> None:
    assert moment(told, NOW) == NOW + timedelta(seconds=after)


@pytest.mark.parametrize("told", ["", "soon", "-5", "2026-05-04T12:01:30", "9" * 30, "1.2.3", "0x10", "٢٠٢٦-"])
def test_what_is_no_moment_is_none(told: str) -> None:
    assert moment(told, NOW) is None


@given(st.text())
def test_no_header_ever_raises(told: str) -> None:
    headers = CIMultiDict({f"X-RateLimit-{name}": told for name in ("Remaining", "Reset")} | {"Retry-After": told})
    assert timedelta(0) <= wait(headers, NOW, ("X-RateLimit",)) <= LONGEST_WAIT
    found = quota(headers, NOW, ("X-RateLimit",))
    assert found is None or NOW < found.until <= NOW + LONGEST_WAIT


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"Retry-After": "7", "x-rate-limit-reset": str(EPOCH + 90)}, 7),
        ({"x-rate-limit-reset": str(EPOCH + 90)}, 90),
        ({"x-rate-limit-reset": str(EPOCH - 90)}, 0),
        ({"x-rate-limit-reset": str(EPOCH + 10**9)}, 86400),
        ({"x-rate-limit-remaining": "5", "x-rate-limit-reset": str(EPOCH + 90)}, 90),
        (
            {
                "x-rate-limit-remaining": "5",
                "x-rate-limit-reset": str(EPOCH + 90),
                "x-app-limit-24hour-remaining": "0",
                "x-app-limit-24hour-reset": str(EPOCH + 5000),
            },
            5000,
        ),
    ],
)
def test_the_wait_lasts_until_all_that_is_used_up_refills(headers: dict[str, str], seconds: int) -> None:
    assert wait(CIMultiDict(headers), NOW, X) == timedelta(seconds=seconds)


def test_the_tightest_quota_counts() -> None:
    headers = CIMultiDict(
        {
            "X-Rate-Limit-Remaining": "40",
            "X-Rate-Limit-Reset": str(EPOCH + 90),
            "x-app-limit-24hour-remaining": "3",
            "x-app-limit-24hour-reset": str(EPOCH + 5000),
        }
    )
    assert quota(headers, NOW, X) == Quota(left=3, until=NOW + timedelta(seconds=5000))


def test_of_two_that_are_used_up_the_later_one_counts() -> None:
    told = {f"{name}-remaining": "0" for name in X[:2]}
    resets = {f"{X[0]}-reset": str(EPOCH + 90), f"{X[1]}-reset": str(EPOCH + 5000)}
    assert quota(CIMultiDict(told | resets), NOW, X) == Quota(left=0, until=NOW + timedelta(seconds=5000))


def test_points_are_told_in_calls() -> None:
    headers = CIMultiDict({"RateLimit-Remaining": "8", "RateLimit-Reset": str(EPOCH + 60)})
    assert quota(headers, NOW, ("RateLimit",), cost=3) == Quota(left=2, until=NOW + timedelta(seconds=60))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"RateLimit-Remaining": "8"},
        {"RateLimit-Reset": str(EPOCH + 60)},
        {"RateLimit-Remaining": "-1", "RateLimit-Reset": str(EPOCH + 60)},
        {"RateLimit-Remaining": "8", "RateLimit-Reset": str(EPOCH - 60)},
        {"RateLimit-Remaining": "9" * 40, "RateLimit-Reset": str(EPOCH + 60)},
    ],
)
def test_half_a_quota_is_none(headers: dict[str, str]) -> None:
    assert quota(CIMultiDict(headers), NOW, ("RateLimit",)) is None


KEY = ConnectionKey("library.example", 443, True, True, None, None, None)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ClientConnectorError(KEY, ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 443)")), "refuses"),
        (ClientConnectorError(KEY, OSError(101, "Network is unreachable")), "no way leads there"),
        (InvalidURL("http://"), "no address"),
    ],
)
def test_nothing_was_sent(error: BaseException, words: str) -> None:
    assert words in unreached(error)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TimeoutError(), "in time"),
        (ServerDisconnectedError(), "closed"),
        (ConnectionResetError(104, "reset"), "closed"),
        (ClientPayloadError("half"), "broke"),
        (ValueError("?"), "cannot be read"),
    ],
)
def test_something_may_have_been_sent(error: BaseException, words: str) -> None:
    assert unreached(error) == ""
    assert words in lost(error)


def test_an_error_that_was_being_dealt_with_tells_nothing_of_this_request() -> None:
    later = ServerDisconnectedError()
    later.__context__ = ClientConnectorError(KEY, ConnectionRefusedError())
    assert unreached(later) == ""
