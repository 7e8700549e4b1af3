"""The guarded fetcher against hosts that mean no good, over real sockets on loopback."""

import asyncio
import gzip
import socket
import ssl
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import chain, repeat
from pathlib import Path

import pytest
import trustme

from bot.errors import Unreachable
from bot.net import USER_AGENT, Fetcher, fetcher
from tests.unit.town import MISSING, OK, Answer, Town, redirect, town

#: Seconds for what must come to an end by itself, however busy the machine is.
LONG = 60.0
#: How often an answer without an end goes on: longer than any test may take.
FOREVER = 100_000


@pytest.fixture
async def place() -> AsyncIterator[tuple[Town, Fetcher]]:
    async with town() as both:
        yield both


async def refused(ours: Fetcher, url: str, *, most: int = 1000, seconds: float = LONG) -> str:
    with pytest.raises(Unreachable) as error:
        await ours.get(url, most=most, seconds=seconds)
    return error.value.what


def streams(*pieces: bytes, pause: float = 0.0, forever: bool = False, said: list[bytes] | None = None) -> Answer:
    """Return an answer that sends its pieces one by one, the last one for ever; `said` are those that went out."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        for piece in chain(pieces, repeat(pieces[-1], FOREVER if forever else 0)):
            writer.write(piece)
            await writer.drain()
            if said is not None:
                said.append(piece)
            await asyncio.sleep(pause)

    return answer


# --- what is sent and what comes back -----------------------------------------------------------------------------------


async def test_a_page_comes_whole_and_the_name_stays_in_the_request(place: tuple[Town, Fetcher]):
    here, ours = place
    here.answers["/night?x=1"] = OK.replace(b"Content-Length", b"X-Mood: calm\r\nContent-Length")
    page = await ours.get(here.url("/night?x=1#hours"), most=5, seconds=LONG)
    assert (page.url, page.status, page.body, page.redirects) == (here.url("/night?x=1#hours"), 200, b"hello", ())
    assert page.headers["x-mood"] == "calm"
    assert here.heard[0].startswith("GET /night?x=1 HTTP/1.1\r\n")
    assert f"\r\nHost: town.example:{here.port}\r\n" in here.heard[0]
    assert f"\r\nUser-Agent: {USER_AGENT}\r\n" in here.heard[0]
    assert here.asked == ["town.example"]


async def test_any_status_is_an_answer(place: tuple[Town, Fetcher]):
    here, ours = place
    assert (await ours.get(here.url("/gone"), most=0, seconds=LONG)).status == 404


async def test_a_host_in_another_script_is_asked_for_in_punycode(place: tuple[Town, Fetcher]):
    here, ours = place
    here.answers["/caf%C3%A9"] = OK
    assert (await ours.get(here.url("/café", host="Müllberg.example"), most=5, seconds=LONG)).body == b"hello"
    assert here.asked == ["xn--mllberg-n2a.example"]
    assert f"\r\nHost: xn--mllberg-n2a.example:{here.port}\r\n" in here.heard[0]


async def test_nothing_of_the_environment_or_of_earlier_answers_goes_along(
    place: tuple[Town, Fetcher], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    here, ours = place
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    (tmp_path / ".netrc").write_text("machine town.example login ada password brand\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    here.answers |= {"/old": redirect("/new"), "/new": OK}
    await ours.get(here.url("/old"), most=5, seconds=LONG)
    sent = {line.partition(":")[0].lower() for request in here.heard for line in request.split("\r\n")[1:] if line}
    assert sent == {"host", "user-agent", "accept", "accept-encoding", "connection"}


# --- where it leads -----------------------------------------------------------------------------------------------------


async def test_a_name_is_looked_up_once_for_each_request_and_checked_each_time(place: tuple[Town, Fetcher]):
    here, ours = place
    here.answers["/"] = OK
    here.leads = [["127.0.0.1"], ["169.254.169.254"]]
    assert (await ours.get(here.url(), most=5, seconds=LONG)).body == b"hello"
    assert here.asked == ["town.example"], "no second look-up between the check and the connection"
    assert "leads to 169.254.169.254" in await refused(ours, here.url())
    assert len(here.heard) == 1


async def test_rebinding_between_two_redirects_is_seen(place: tuple[Town, Fetcher]):
    here, ours = place
    here.answers |= {"/": redirect("/again"), "/again": OK}
    here.leads = [["127.0.0.1"], ["100.100.100.200"]]
    assert "metadata" in await refused(ours, here.url())
    assert here.paths() == ["GET /"]


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:7f00:1", "64:ff9b::7f00:1"]
)
async def test_a_name_of_a_private_network_is_refused(address: str):
    async with town() as (here, _), fetcher(names=here.names) as strict:
        here.leads = [["8.8.8.8", address]]
        for scheme in ("http", "https"):
            assert f"intranet.example leads to {address}" in await refused(strict, f"{scheme}://intranet.example/")
        assert here.heard == []


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("http://127.0.0.1/", "127.0.0.1 is this machine itself"),
        ("//127.0.0.1:{other}/", "port {other}"),
        ("http://[::ffff:a9fe:a9fe]/latest/", "cloud"),
        ("http://2130706433/", "cannot be the name"),
        ("http://ada:brand@town.example:{port}/", "name or password"),
        ("file:///etc/hosts", "town.example redirects to what is no web address"),
        ("gopher://town.example:{port}/", "no web address"),
        ("javascript:alert(1)", "no web address"),
        ("http://[", "no web address"),
    ],
)
async def test_a_redirect_is_checked_like_a_first_address(place: tuple[Town, Fetcher], location: str, why: str):
    here, ours = place
    ports = {"port": here.port, "other": here.port % 60000 + 1024}
    here.answers["/"] = redirect(location.format(**ports))
    assert why.format(**ports) in await refused(ours, here.url())
    assert here.paths() == ["GET /"]


async def test_five_redirects_are_followed_and_not_one_more(place: tuple[Town, Fetcher]):
    here, ours = place
    here.answers |= {f"/{n}": redirect(f"{n - 1}", (301, 302, 303, 307, 308)[n % 5]) for n in range(1, 7)} | {"/0": OK}
    page = await ours.get(here.url("/5#hours"), most=5, seconds=LONG)
    assert (page.url, page.status) == (here.url("/0#hours"), 200)
    assert page.redirects == tuple(here.url(f"/{n}#hours") for n in (5, 4, 3, 2, 1))
    assert "redirects more than 5 times" in await refused(ours, here.url("/6"))


async def test_a_circle_ends(place: tuple[Town, Fetcher]):
    here, ours = place
    here.answers |= {"/a": redirect("/b"), "/b": redirect("/a")}
    assert "town.example redirects more than 5 times" in await refused(ours, here.url("/a"))
    assert len(here.heard) == 6


async def test_a_redirect_to_nowhere_is_the_answer(place: tuple[Town, Fetcher]):
    here, ours = place
    here.answers["/"] = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"
    assert (await ours.get(here.url(), most=5, seconds=LONG)).status == 302


# --- how much and how long ----------------------------------------------------------------------------------------------


async def test_a_bomb_is_not_unpacked(place: tuple[Town, Fetcher]):
    here, ours = place
    packed = gzip.compress(bytes(64 * 2**20))
    assert len(packed) < 100_000
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    here.answers["/"] = head + packed
    tracemalloc.start()
    try:
        assert "town.example sends more than 100,000 bytes" in await refused(ours, here.url(), most=100_000)
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


async def test_what_is_packed_within_the_bounds_comes_unpacked(place: tuple[Town, Fetcher]):
    here, ours = place
    packed = gzip.compress(b"night " * 100)
    here.answers["/"] = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" + packed
    assert (await ours.get(here.url(), most=600, seconds=LONG)).body == b"night " * 100
    assert "more than 599 bytes" in await refused(ours, here.url(), most=599)


@pytest.mark.parametrize("head", [b"", b"Transfer-Encoding: chunked\r\n", b"Content-Length: 99999999999\r\n"])
async def test_a_body_without_end_is_cut(place: tuple[Town, Fetcher], head: bytes):
    here, ours = place
    piece = b"4000\r\n" + b"x" * 0x4000 + b"\r\n" if b"chunked" in head else b"x" * 0x4000
    here.answers["/"] = streams(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n", piece, forever=True)
    assert "sends more than 50,000 bytes" in await refused(ours, here.url(), most=50_000)


@pytest.mark.parametrize(
    "pieces",
    [
        (b"",),
        (b"HTTP/1.1 200 OK\r\n", b"X"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n",),
    ],
)
async def test_a_trickle_ends_with_the_time(place: tuple[Town, Fetcher], pieces: tuple[bytes, ...]):
    here, ours = place
    said: list[bytes] = []
    here.answers["/"] = streams(*pieces, pause=0.01, forever=True, said=said)
    assert "town.example did not answer within 0.3 seconds" in await refused(ours, here.url(), seconds=0.3)
    assert len(said) < FOREVER, "it was left while it was still talking"


async def test_the_time_is_for_all_redirects_together(place: tuple[Town, Fetcher]):
    here, ours = place
    here.answers |= {f"/{n}": _late(redirect(f"/{n - 1}")) for n in range(1, 6)}
    assert "within 0.4 seconds" in await refused(ours, here.url("/5"), seconds=0.4)
    assert len(here.heard) < 5


def _late(answer: bytes) -> Answer:
    return streams(b"", answer, pause=0.15)


async def test_a_silent_name_server_ends_with_the_time():
    async def silent(host: str) -> list[str]:
        await asyncio.Event().wait()
        return []

    async with fetcher(names=silent) as ours:
        assert "town.example did not answer within 0.1" in await refused(ours, "http://town.example/", seconds=0.1)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "closed the connection without an answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", "broke its answer off"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "broke its answer off"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", "packed it wrongly"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nhello", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello", "not HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n", "not HTTP"),
    ],
)
async def test_answers_that_break_the_rules_are_told_in_words(place: tuple[Town, Fetcher], answer: bytes, why: str):
    here, ours = place
    here.answers["/"] = answer
    told = await refused(ours, here.url())
    assert told.startswith("town.example ")
    assert why in told


async def test_a_body_longer_than_it_says_ends_where_it_said(place: tuple[Town, Fetcher]):
    here, ours = place
    here.answers["/"] = streams(OK, b" and much more that nobody asked for", pause=0.1)
    assert (await ours.get(here.url(), most=5, seconds=LONG)).body == b"hello"


async def test_a_closed_port_and_a_name_without_address_are_told_in_words():
    async def nameless(host: str) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        async with fetcher([f"127.0.0.1:{port}"], nameless) as ours:
            assert "127.0.0.1 cannot be connected to" in await refused(ours, f"http://127.0.0.1:{port}/")
            assert await refused(ours, "https://nowhere.example/?token=t0ps3cret") == "nowhere.example has no address"


# --- TLS ----------------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def tls_town() -> AsyncIterator[tuple[int, list[str]]]:
    """Give the port of a host whose certificate nobody vouches for, and the names it was called by."""
    called: list[str] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("town.example").configure_cert(context)
    context.sni_callback = lambda _, name, __: called.append(name)

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1], called
    finally:
        server.close()


async def loopback(host: str) -> list[str]:
    return ["127.0.0.1"]


async def test_tls_calls_the_host_by_its_name_and_wants_its_certificate_vouched_for():
    async with tls_town() as (port, called), fetcher([f"town.example:{port}"], loopback) as ours:
        told = await refused(ours, f"https://town.example:{port}/")
    assert called == ["town.example"]
    assert "town.example shows a certificate that is not good: " in told


# --- look ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "get", "status", "questions"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", OK, 200, ["HEAD"]),
        (b"HTTP/1.1 405 Not Allowed\r\n\r\n", OK, 200, ["HEAD", "GET"]),
        (b"HTTP/1.1 501 Not Implemented\r\n\r\n", OK, 200, ["HEAD", "GET"]),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", b"HTTP/1.1 403 Forbidden\r\n\r\n", 403, ["HEAD", "GET"]),
        (MISSING, OK, 200, ["HEAD", "GET"]),
        (MISSING, MISSING, 404, ["HEAD", "GET"]),
        (OK, OK, 200, ["HEAD", "GET"]),
        (b"", OK, 200, ["HEAD", "GET"]),
        (b"", b"", 0, ["HEAD", "GET"]),
        (b"HTTP/1.1 429 Too Many Requests\r\n\r\n", OK, 429, ["HEAD"]),
    ],
)
async def test_a_look_asks_for_the_body_only_where_head_is_no_proof(
    place: tuple[Town, Fetcher], head: bytes, get: bytes, status: int, questions: list[str]
):
    here, ours = place
    here.answers |= {"HEAD /": head, "GET /": get}
    seen = await ours.look(here.url(), seconds=LONG)
    assert (seen.status, seen.final) == (status, here.url())
    asked = list(dict.fromkeys(here.paths()))  # aiohttp asks once more where a connection closes without an answer
    assert asked == [f"{each} /" for each in questions]


async def test_a_look_tells_where_an_address_leads(place: tuple[Town, Fetcher]):
    here, ours = place
    here.answers |= {"/old": redirect("/new", 301), "/new": b"HTTP/1.1 204 No Content\r\n\r\n"}
    assert (await ours.look(here.url("/old#hours"), seconds=LONG)).final == here.url("/new#hours")
    here.answers["/old"] = redirect("/lost", 301)
    seen = await ours.look(here.url("/old"), seconds=LONG)
    assert (seen.status, seen.final, seen.why) == (404, here.url("/lost"), "Not Found")


async def test_a_look_does_not_wait_for_the_body(place: tuple[Town, Fetcher]):
    here, ours = place
    said: list[bytes] = []
    here.answers |= {
        "HEAD /": b"HTTP/1.1 405 No\r\n\r\n",
        "GET /": streams(b"HTTP/1.1 200 OK\r\n\r\n", b"x", pause=0.05, forever=True, said=said),
    }
    assert (await ours.look(here.url(), seconds=LONG)).status == 200
    assert len(said) < FOREVER, "the body was still coming"


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 302 F\r\nLocation: http://10.0.0.1/\r\n\r\n", b"nonsense\r\n\r\n"])
async def test_a_look_never_raises_for_what_the_network_does(place: tuple[Town, Fetcher], answer: Answer):
    here, ours = place
    here.answers["/"] = answer
    seen = await ours.look(here.url(), seconds=LONG)
    assert (seen.status, seen.final) == (0, here.url())
    assert seen.why


async def test_a_look_at_something_slow_ends(place: tuple[Town, Fetcher]):
    here, ours = place
    here.answers["/"] = streams(b"", b"", pause=30)
    assert "did not answer within 0.1 seconds" in (await ours.look(here.url(), seconds=0.1)).why
