"""Every fault on the way to X, and what it means for the post."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.domain.outcome import Outcome, Refused, Retry, Sent, Unauthorised, Unknown
from bot.errors import Unreachable
from bot.sandbox.world import Fault
from tests.contract.held import HELD, given_up
from tests.contract.x_bench import KEY, Bench, leaks, opened, part, scripted, told


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with opened(tmp_path) as bench:
        yield bench


@pytest.fixture(autouse=True)
def no_secret_in_logs(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    yield
    assert not leaks("\n".join(record.getMessage() for record in caplog.get_records("call")))


#: (what goes wrong, the outcome, how many posts are public all the same)
FAULTS: list[tuple[Fault, type[Outcome], int]] = [
    (Fault(platform="x", kind="refuse"), Unknown, 0),
    (Fault(platform="x", kind="reset"), Unknown, 1),
    (Fault(platform="x", kind="truncate"), Unknown, 1),
    (Fault(platform="x", kind="garbage"), Unknown, 1),
    (Fault(platform="x", kind="error", status=500), Unknown, 0),
    (Fault(platform="x", kind="error", status=503), Unknown, 0),
    (Fault(platform="x", kind="error-after", status=503), Unknown, 1),
    (Fault(platform="x", kind="error", status=408), Unknown, 0),
    (Fault(platform="x", kind="error", status=400), Refused, 0),
    (Fault(platform="x", kind="error", status=403), Refused, 0),
    (Fault(platform="x", kind="error", status=413), Refused, 0),
    (Fault(platform="x", kind="error", status=422), Refused, 0),
    (Fault(platform="x", kind="error", status=402), Unauthorised, 0),
    (Fault(platform="x", kind="unauthorised"), Unauthorised, 0),
    (Fault(platform="x", kind="flood", seconds=40), Retry, 0),
]


@pytest.mark.parametrize(("fault", "expected", "effects"), FAULTS)
async def test_faults(bench: Bench, fault: Fault, expected: type[Outcome], effects: int) -> None:
    bench.world.faults.append(fault)
    outcome = await bench.channel().publish(part(), KEY, None)
    assert type(outcome) is expected
    assert not leaks(told(outcome))
    assert len(bench.world.effects) == effects
    assert len(bench.posts()) == 1, "an adapter never repeats a post by itself"


@pytest.mark.parametrize("kind", ["refuse", "reset"])
async def test_a_closed_connection_is_told_as_such(bench: Bench, kind: str) -> None:
    bench.world.faults.append(Fault(platform="x", kind=kind))
    assert await bench.channel().publish(part(), KEY, None) == Unknown(why="X closed the connection without an answer")


async def test_no_answer_in_time_is_unknown(bench: Bench) -> None:
    async def publish(timeout: float) -> Outcome:
        bench.wire.clear()
        return await bench.channel(timeout=timeout).publish(part(), KEY, None)

    bench.world.faults.append(Fault(platform="x", kind="delay", seconds=HELD))
    assert isinstance(await given_up(publish), Unknown)
    assert len(bench.posts()) == 1


@pytest.mark.parametrize("kind", ["error", "garbage", "truncate", "reset", "refuse"])
@pytest.mark.parametrize("done", [0, 1])
async def test_nothing_is_public_when_a_picture_or_its_words_fail(bench: Bench, kind: str, done: int) -> None:
    bench.world.faults += [Fault(platform="x", kind="delay", on="any", seconds=0)] * done
    bench.world.faults.append(Fault(platform="x", kind=kind, on="any"))
    outcome = await bench.channel().publish(part("Two shelves", await bench.picture("Shelves")), KEY, None)
    assert isinstance(outcome, Retry)
    assert not bench.world.effects
    assert not bench.posts()


async def test_a_picture_we_lost_stops_the_post(bench: Bench) -> None:
    lost = replace(await bench.picture(), sha256="0" * 64)
    assert isinstance(await bench.channel().publish(part("Lost", lost), KEY, None), Retry)
    assert not bench.world.effects


async def test_an_error_that_was_already_being_dealt_with_changes_nothing(bench: Bench, unused_tcp_port: int) -> None:
    bench.world.faults.append(Fault(platform="x", kind="garbage"))
    try:
        await bench.session.get(f"http://127.0.0.1:{unused_tcp_port}/")
    except aiohttp.ClientConnectorError:
        outcome = await bench.channel().publish(part(), KEY, None)
    assert isinstance(outcome, Unknown)
    assert len(bench.world.effects) == 1


async def test_a_picture_that_cannot_be_read_any_more_refuses_the_post(bench: Bench, tmp_path: Path) -> None:
    moving = replace(await bench.picture(), media_type="image/gif")
    (tmp_path / "media" / moving.sha256).write_bytes(b"no picture")
    assert isinstance(await bench.channel().publish(part("Moving", moving), KEY, None), Refused)
    assert not bench.world.effects


class Nowhere(AbstractResolver):
    """A resolver that knows no host."""

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        raise OSError(f"no such host: {host}")

    async def close(self) -> None: ...


async def test_the_real_x_is_the_default_and_without_dns_nothing_was_sent(tmp_path: Path) -> None:
    async with opened(tmp_path, aiohttp.TCPConnector(resolver=Nowhere())) as bench:
        outcome = await bench.channel("").publish(part(), KEY, None)
    assert [exchange.url for exchange in bench.wire] == ["https://api.twitter.com/2/tweets"]
    assert isinstance(outcome, Retry)
    assert outcome.unreached
    assert outcome.why == "X cannot be found: is the name right, and is there a network?"


async def test_a_connection_that_never_comes_up_means_not_sent(tmp_path: Path) -> None:
    async with opened(tmp_path, aiohttp.TCPConnector(limit=1)) as bench:
        bench.world.faults.append(Fault(platform="x", kind="delay", on="any", seconds=HELD))
        occupied = asyncio.create_task(bench.channel().verify())
        while not bench.wire:
            await asyncio.sleep(0.01)
        outcome = await bench.channel(timeout=0.4).publish(part(), KEY, None)
        assert not occupied.done()
        occupied.cancel()
        assert isinstance(outcome, Retry)
        assert outcome.unreached
        assert not bench.world.effects


async def test_a_refused_connection_and_failed_tls_mean_not_sent(bench: Bench, unused_tcp_port: int) -> None:
    for base in (f"http://127.0.0.1:{unused_tcp_port}/x", bench.address.replace("http:", "https:")):
        assert isinstance(await bench.channel(base).publish(part(), KEY, None), Retry)
        with pytest.raises(Unreachable):
            await bench.channel(base).verify()
    assert not bench.world.effects


#: Answers as people quote them in public, and ones that nobody should give.
ANSWERS: list[tuple[int, object, dict[str, str], type[Outcome]]] = [
    (403, {"detail": "You are not allowed to create a Tweet with duplicate content."}, {}, Unknown),
    (403, {"errors": [{"code": 187, "message": "Status is a duplicate."}]}, {}, Unknown),
    (
        403,
        {"detail": "Your client app is not configured with the appropriate oauth1 app permissions"},
        {},
        Unauthorised,
    ),
    (403, {"detail": "You must use keys from a developer App that is attached to a Project."}, {}, Unauthorised),
    (403, {"detail": "Your account is suspended and is not permitted to access this feature."}, {}, Unauthorised),
    (403, {"detail": "You have been blocked from the author of the Tweet."}, {}, Refused),
    (
        402,
        {"title": "CreditsDepleted", "detail": "does not have any credits to fulfill this request."},
        {},
        Unauthorised,
    ),
    (400, {"errors": [{"message": "Your media IDs are invalid."}]}, {}, Refused),
    (401, {"title": "Unauthorized"}, {}, Unauthorised),
    (404, {"title": "Not Found"}, {}, Refused),
    (429, {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}, {}, Retry),
    (429, {"title": "Too Many Requests"}, {"x-rate-limit-reset": "soon"}, Retry),
    (429, "<html>slow down</html>", {}, Retry),
    (503, "<html>over capacity</html>", {}, Unknown),
    (500, [], {}, Unknown),
    (201, "", {}, Unknown),
    (201, [], {}, Unknown),
    (201, {"data": None}, {}, Unknown),
    (201, {"errors": [{"title": "Not Found Error"}]}, {}, Unknown),
    (201, {"data": {"id": "https://elsewhere.example", "text": ""}}, {}, Unknown),
    (201, {"data": {"id": "1790000000000000009", "text": ""}}, {}, Sent),
]


@pytest.mark.parametrize(("status", "body", "headers", "expected"), ANSWERS)
async def test_answers(
    bench: Bench, status: int, body: object, headers: dict[str, str], expected: type[Outcome]
) -> None:
    async with scripted(status, body, headers) as base:
        outcome = await bench.channel(base).publish(part(), KEY, None)
    assert type(outcome) is expected, outcome
    assert not leaks(told(outcome))


@pytest.mark.parametrize("status", [302, 307])
async def test_redirects_are_not_followed(bench: Bench, status: int) -> None:
    async with scripted(status, "", {"Location": f"{bench.address}/2/tweets"}) as base:
        assert isinstance(await bench.channel(base).publish(part(), KEY, None), Unknown)
    assert len(bench.wire) == 1


@pytest.mark.parametrize(
    ("headers", "most", "moving"),
    [
        ({}, 0, False),
        ({"x-rate-limit-reset": "-120"}, 0, False),
        ({"x-rate-limit-reset": "90"}, 90, True),
        ({"x-rate-limit-reset": "999999999"}, 86400, False),
        ({"x-rate-limit-reset": "90", "x-rate-limit-remaining": "7", "x-user-limit-24hour-reset": "5000"}, 5000, True),
        (
            {"x-rate-limit-reset": "90", "x-app-limit-24hour-reset": "5000", "x-app-limit-24hour-remaining": "1"},
            90,
            True,
        ),
    ],
)
async def test_the_wait_after_a_429(bench: Bench, headers: dict[str, str], most: int, moving: bool) -> None:
    now = int(datetime.now(UTC).timestamp())
    absolute = {name: str(now + int(value)) if name.endswith("reset") else value for name, value in headers.items()}
    async with scripted(429, {"title": "Too Many Requests"}, absolute) as base:
        outcome = await bench.channel(base).publish(part(), KEY, None)
    passed = datetime.now(UTC).timestamp() - now
    assert isinstance(outcome, Retry)
    assert outcome.channel_wide
    assert timedelta(seconds=most - passed if moving else most) <= outcome.after <= timedelta(seconds=most)
