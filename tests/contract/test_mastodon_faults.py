"""What the Mastodon adapter makes of all that can go wrong, and how it finds out afterwards."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import aiohttp
import aiohttp.abc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.outcome import Outcome, Refused, Retry, Sent, Unauthorised, Unknown
from bot.errors import BadSetting, CannotTell, HandbillError, Unreachable
from bot.platforms import mastodon
from bot.sandbox.mastodon_text import content
from bot.sandbox.world import Fault
from bot.wire import Wire
from tests.contract import mastodon_bench
from tests.contract.held import HELD, PATIENCE, given_up
from tests.contract.mastodon_bench import TEXT, TOKEN, Bench, Benches, key, now, part, sent

bench, benches = mastodon_bench.bench, mastodon_bench.benches

#: How many requests a fault hits, at least as many as come.
MANY = 1000


async def test_the_same_key_publishes_once(bench: Bench) -> None:
    channel = bench.channel()
    assert await sent(channel, part()) == await sent(channel, part())
    assert len(bench.seen()) == 1


async def test_a_500_to_a_repeated_key_is_unknown_and_found(benches: Benches) -> None:
    bench = await benches(replay=500)
    channel = bench.channel()
    bench.breaks("reset")
    started = now()
    assert isinstance(await channel.publish(part(), key(), None), Unknown)
    assert isinstance(await channel.publish(part(), key(), None), Unknown)
    found = await channel.find(part(), key(), started)
    assert [each.id for each in bench.seen()] == [found.id if found else None]


FAULTS: dict[str, tuple[Fault, type[Outcome], int]] = {
    "closed before the effect": (Fault(platform="mastodon", kind="refuse"), Unknown, 0),
    "reset after the effect": (Fault(platform="mastodon", kind="reset"), Unknown, 1),
    "hang": (Fault(platform="mastodon", kind="delay", seconds=HELD), Unknown, 0),
    "cut short": (Fault(platform="mastodon", kind="truncate"), Unknown, 1),
    "HTML with 200": (Fault(platform="mastodon", kind="garbage"), Unknown, 1),
    "500": (Fault(platform="mastodon", kind="error", status=500), Unknown, 0),
    "502 after the effect": (Fault(platform="mastodon", kind="error-after", status=502), Unknown, 1),
    "503": (Fault(platform="mastodon", kind="error", status=503), Unknown, 0),
    "503 after the effect": (Fault(platform="mastodon", kind="error-after", status=503), Unknown, 1),
    "504 after the effect": (Fault(platform="mastodon", kind="error-after", status=504), Unknown, 1),
    "529, unheard of": (Fault(platform="mastodon", kind="error", status=529), Unknown, 0),
    "418, unheard of": (Fault(platform="mastodon", kind="error", status=418), Unknown, 0),
    "429": (Fault(platform="mastodon", kind="flood", seconds=90), Retry, 0),
    "401": (Fault(platform="mastodon", kind="unauthorised"), Unauthorised, 0),
    "403": (Fault(platform="mastodon", kind="error", status=403), Unauthorised, 0),
    "400": (Fault(platform="mastodon", kind="error", status=400), Refused, 0),
    "413": (Fault(platform="mastodon", kind="error", status=413), Refused, 0),
    "422": (Fault(platform="mastodon", kind="error", status=422), Refused, 0),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_every_fault_has_its_outcome_and_tells_no_secret(
    bench: Bench, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fault, expected, effects = FAULTS[name]
    bench.world.faults.append(fault)
    channel = bench.channel()

    async def publish(timeout: float) -> Outcome:
        return await bench.channel(timeout=timeout).publish(part(), key(), None)

    outcome = await (given_up(publish) if fault.kind == "delay" else channel.publish(part(), key(), None))
    assert type(outcome) is expected
    assert len(bench.seen()) == effects
    assert TOKEN not in repr(outcome) + repr(channel) + caplog.text


async def test_a_flood_tells_how_long_the_whole_channel_waits(bench: Bench) -> None:
    bench.breaks("flood", seconds=90)
    began = now()
    outcome = await bench.channel().publish(part(), key(), None)
    assert isinstance(outcome, Retry)
    assert outcome.channel_wide
    assert timedelta(seconds=89) - (now() - began) <= outcome.after <= timedelta(seconds=90)


async def test_a_used_up_budget_is_a_flood(benches: Benches, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = await benches(budgets={"statuses": (1, 10_800)})
    began = now()
    monkeypatch.setattr(bench.world, "now", lambda: began)
    channel = bench.channel()
    await sent(channel, part("The first of May"), "k1")
    outcome = await channel.publish(part("The second of May"), key("k2"), None)
    assert isinstance(outcome, Retry)
    assert timedelta(0) <= outcome.after <= timedelta(hours=3)


async def test_surely_not_sent_may_be_tried_again(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    refused = await bench.channel(BASE_URL=f"http://127.0.0.1:{port}").publish(part(), key(), None)
    no_tls = await bench.channel(BASE_URL=bench.address.replace("http", "https")).publish(part(), key(), None)
    assert [type(each) for each in (refused, no_tls)] == [Retry, Retry]


async def test_a_name_that_nobody_knows_may_be_tried_again(bench: Bench) -> None:
    class Nameless(aiohttp.abc.AbstractResolver):
        async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[aiohttp.abc.ResolveResult]:
            raise OSError("no such name")

        async def close(self) -> None: ...

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=Nameless())) as session:
        bench.session = session
        assert isinstance(await bench.channel(BASE_URL="http://library.invalid").publish(part(), key(), None), Retry)


async def test_what_the_sdk_itself_refuses_is_not_sent(bench: Bench) -> None:
    assert isinstance(await bench.channel().publish(part(visibility="friends"), key(), None), Refused)
    assert not bench.service.requests


async def test_calls_that_found_no_free_thread_were_surely_not_sent(bench: Bench) -> None:
    for timeout in (0.5, 5, 50):  # a busy machine may send none of them within the shortest
        bench.world.faults.clear()
        bench.breaks("delay", seconds=HELD, times=MANY)
        channel = bench.channel(timeout=timeout)
        outcomes = await asyncio.gather(*(channel.publish(part(f"No {n}"), key(str(n)), None) for n in range(12)))
        kinds = [type(each) for each in outcomes]
        if Unknown in kinds:
            break
    await asyncio.sleep(0.3)
    assert set(kinds) == {Unknown, Retry}
    assert MANY - bench.world.faults[0].times <= kinds.count(Unknown), "only what may have been sent came there"


@dataclass(slots=True)
class Line:
    """Tells that a request came whole, and that the client hung up before it had its answer."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    closed: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def raw(answer: bytes, drip: float = 0, line: Line | None = None) -> AsyncIterator[str]:
    """Answer every request with these bytes, one each `drip` seconds if given."""
    line = line or Line()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            size = next(
                (int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line), 0
            )
            await reader.readexactly(size)
            line.asked.set()
            for byte in [bytes([each]) for each in answer] if drip else [answer]:
                writer.write(byte)
                await writer.drain()
                await asyncio.sleep(drip)
        except (ConnectionError, asyncio.IncompleteReadError):
            line.closed.set()
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def http(body: object, *headers: str, status: str = "200 OK") -> bytes:
    text = json.dumps(body).encode()
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(text)}", "Content-Type: application/json", "Connection: close"]
    return "\r\n".join([*head, *headers, "", ""]).encode() + text


STATUS = {
    "id": "109", "created_at": "2026-11-21T10:00:00.000Z", "url": "https://town.example/@library/109", "spoiler_text": "",
    "content": "<p>Hello</p>", "media_attachments": [],
}  # fmt: skip

#: A header that takes minutes where each byte takes a tenth of a second.
SLOWLY = f"X-Words: {'a' * 5000}"
ODD = ("X-RateLimit-Reset: soon", "X-RateLimit-Remaining: ?", "Deprecation: @1")
ANSWERS: dict[str, tuple[bytes, type[Outcome]]] = {
    "odd headers after a taken post": (http(STATUS, *ODD), Sent),
    "a status without id": (http({**STATUS, "id": None}), Unknown),
    "a status without date": (http({**STATUS, "created_at": None}), Unknown),
    "an empty object": (http({}), Unknown),
    "a list": (http([]), Unknown),
    "a word": (http("ok"), Unknown),
    "204": (http("", status="204 No Content"), Unknown),
    "a redirect that would turn the POST into a GET": (http({}, "Location: /elsewhere", status="301 Moved"), Unknown),
    "a redirect that would carry the token away": (http({}, "Location: http://127.0.0.1:9/", status="307 Moved"), Unknown),
    "404 of a web server": (http("", status="404 Not Found"), Unknown),
    "429 without headers": (http({}, status="429 Too Many"), Retry),
    "429 with an absurd date": (http({}, "X-RateLimit-Reset: 9999-01-01T00:00:00Z", status="429 Too Many"), Retry),
    "429 with seconds": (http({}, "X-RateLimit-Reset: 99999999999", status="429 Too Many"), Retry),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
async def test_odd_answers(bench: Bench, name: str) -> None:
    answer, expected = ANSWERS[name]
    async with raw(answer) as address:
        outcome = await bench.channel(BASE_URL=address).publish(part(), key(), None)
    assert type(outcome) is expected
    if isinstance(outcome, Retry):
        assert timedelta(0) <= outcome.after <= timedelta(hours=3)


async def test_an_answer_that_drips_ends_at_the_deadline_and_so_does_its_connection(bench: Bench) -> None:
    line = Line()
    async with raw(http(STATUS, SLOWLY), drip=0.1, line=line) as address:

        async def publish(timeout: float) -> Outcome:
            return await bench.channel(BASE_URL=address, timeout=timeout).publish(part(), key(), None)

        assert isinstance(await given_up(publish), Unknown)
        await asyncio.wait_for(line.closed.wait(), PATIENCE)


async def test_a_cancelled_call_leaves_no_request_behind(bench: Bench) -> None:
    line = Line()
    async with raw(http(STATUS, SLOWLY), drip=0.1, line=line) as address:
        call = asyncio.create_task(bench.channel(BASE_URL=address, timeout=HELD).publish(part(), key(), None))
        await asyncio.wait_for(line.asked.wait(), PATIENCE)
        call.cancel()
        await asyncio.wait([call])
        assert call.cancelled()
        await asyncio.wait_for(line.closed.wait(), PATIENCE)


async def test_a_wire_that_is_over_sends_nothing(bench: Bench) -> None:
    wire = Wire(bench.session, 1.0, ())
    wire.close()
    with pytest.raises(TimeoutError):
        await asyncio.to_thread(wire.request, "GET", f"{bench.address}/mastodon/api/v2/instance")
    assert not wire.began


async def test_an_endless_answer_is_not_kept(bench: Bench) -> None:
    flood = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" + b" " * (9 * 2**20)
    async with raw(flood + json.dumps(STATUS).encode()) as address:
        assert isinstance(await bench.channel(BASE_URL=address).publish(part(), key(), None), Unknown)


LIKELY = [
    TEXT,
    "@museum\n@club\nthank you, and cafe\n\u0301",
    "Ask @museum and @cycling@club.example.org, or mail desk@library.example.",
    "«Ein Zitat»\nmit Umbruch\n\n\nund & <Zeichen> 'in' \"Reihe\" #Lesen",
    "کتابخانه از یکشنبه باز است https://library.example.com/خبر/۱۲۳ #کتابخانه",
    "Cafe\u0301 👩‍👩‍👧‍👦 https://www.library.example.com/a-very-long-path-that-is-cut-for-show/and/then/goes/on (see there)",
]


@pytest.mark.parametrize("text", LIKELY)
async def test_find_proves_what_is_there(bench: Bench, text: str) -> None:
    channel = bench.channel()
    started = now()
    assert await channel.find(part(text), key(), started) is None
    receipt = await sent(channel, part(text))
    assert await channel.find(part(text), key(), started) == receipt
    assert await channel.find(part(text + "!"), key(), started) is None
    assert await channel.find(part(text, warning="spiders"), key(), started) is None
    assert await channel.find(part(text, images=(await bench.picture("red"),)), key(), started) is None
    assert await channel.find(part(text), key(), started + timedelta(minutes=6)) is None


async def test_find_knows_pictures_warnings_and_private_posts(bench: Bench) -> None:
    post = part(images=(await bench.picture("red"),), warning="spiders", visibility="private")
    receipt = await sent(bench.channel(), post)
    assert await bench.channel().find(post, key(), now()) == receipt


async def test_find_turns_pages_and_says_when_it_gave_up(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = bench.channel()
    receipt = await sent(channel, part("The very first"), "first")
    for number in range(45):
        await sent(channel, part(f"Later, number {number}"), f"k{number}")
    assert await channel.find(part("The very first"), key(), now()) == receipt
    monkeypatch.setattr(mastodon, "PAGES", 1)
    with pytest.raises(CannotTell):
        await channel.find(part("The very first"), key(), now())


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("refuse", Unreachable),
        ("error", Unreachable),
        ("garbage", Unreachable),
        ("flood", Unreachable),
        ("unauthorised", BadSetting),
    ],
)
async def test_what_could_not_be_asked_is_never_absent(
    bench: Bench, kind: str, error: type[HandbillError], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    channel = bench.channel(name="mastodon__museum")
    bench.breaks(kind, on="any", times=0)
    for ask in (channel.find(part(), key(), now()), channel.verify()):
        with pytest.raises(error) as caught:
            await ask
        assert TOKEN not in str(caught.value) + repr(caught.value.__dict__) + str(caught.getrepr()) + caplog.text


@given(st.text())
@settings(max_examples=300, deadline=None)
def test_any_text_is_recognised_in_the_servers_html(text: str) -> None:
    assert mastodon.plain(mastodon.words(content(text, "https://town.example"))) == mastodon.plain(text)
