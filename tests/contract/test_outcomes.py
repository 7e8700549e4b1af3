"""One table for all platforms: whatever a server does, is it surely not published, or may it be?

A post that may be public is Unknown, always; what surely is not may be tried again. Each row is played by a server on
loopback to each adapter's own publishing request.
"""

import asyncio
import logging
import re
import socket
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from bot.domain.outcome import Outcome, Retry, Sent, Unauthorised, Unknown
from bot.domain.post import Part
from tests.contract.held import PATIENCE, given_up
from tests.contract.outcomes_bench import (
    ADAPTERS,
    PART,
    PUBLISHES,
    SHORT,
    TAKEN,
    UPLOADS,
    Answer,
    benched,
    drips,
    drowned,
    ends,
    floods,
    hangs,
    http,
    key,
    picture,
    published,
    resets,
    says,
)

EXCEPTION = re.compile(r"[a-z]Error|HTTPError|Exception|Traceback")
HTML = "<!doctype html><title>Bad gateway</title>"

#: What the server does with the publishing request, and how long a request may take.
MAY_BE_PUBLIC: dict[str, tuple[Answer, float]] = {
    "hangs": (hangs, SHORT),
    "resets": (resets, PATIENCE),
    "ends without a word": (ends, PATIENCE),
    "half a status line": (says(b"HTTP/1.1 20"), PATIENCE),
    "half a head": (says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n"), PATIENCE),
    "half a body": (says(http({"id": "7"})[:-4]), PATIENCE),
    "not HTTP": (says(b"220 mail.example ESMTP\r\n"), PATIENCE),
    "bad JSON": (says(http('{"id": "7"')), PATIENCE),
    "an empty 200": (says(http("")), PATIENCE),
    "an empty 201": (says(http("", status="201 Created")), PATIENCE),
    "a 204": (says(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"), PATIENCE),
    "HTML with 200": (says(http(HTML, kind="text/html")), PATIENCE),
    "200 with errors": (
        says(http({"errors": [{"title": "Not Found", "detail": "?"}], "error": "?", "ok": True})),
        PATIENCE,
    ),
    "null": (says(http(None)), PATIENCE),
    "a list": (says(http([])), PATIENCE),
    "a number": (says(http(7)), PATIENCE),
    "bytes that are no text": (says(http(b"\xff\xfe\x00{")), PATIENCE),
    "packed wrongly": (says(http("{}", "Content-Encoding: gzip")), PATIENCE),
    "500": (says(http({"error": "oops"}, status="500 Internal Server Error")), PATIENCE),
    "500 that speaks of a limit": (
        says(http({"ok": False, "parameters": {"retry_after": 3}}, "Retry-After: 3", status="500 Internal Error")),
        PATIENCE,
    ),
    "502 with HTML": (says(http(HTML, status="502 Bad Gateway", kind="text/html")), PATIENCE),
    "503": (says(http({}, "Retry-After: 5", status="503 Service Unavailable")), PATIENCE),
    "504": (says(http("", status="504 Gateway Timeout")), PATIENCE),
    "529, unheard of": (says(http({}, status="529 Overloaded")), PATIENCE),
    "a redirect that makes a GET of it": (says(http("", "Location: /elsewhere", status="302 Found")), PATIENCE),
    "a redirect elsewhere": (says(http("", "Location: http://127.0.0.1:9/", status="307 Temporary")), PATIENCE),
    "one byte at a time": (drips(http({"data": {"id": "7"}})), SHORT),
    "a body without end": (floods, PATIENCE),
    "a gigabyte, it says": (
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n" + b" " * (9 * 2**20)),
        PATIENCE,
    ),
}

#: An id of a type that no receipt could be made of.
WRONG_ID: dict[str, Any] = {
    "x": {"data": {"id": ["7"], "text": ""}},
    "mastodon": {**TAKEN["mastodon"], "id": None},
    "telegram": {"ok": True, "result": {**TAKEN["telegram"]["result"], "message_id": None, "chat": 7}},
    "bluesky": {"uri": 7, "cid": "c"},
}

FLOODS: dict[str, tuple[str, ...]] = {
    "no header": (),
    "a moment that has passed": ("x-rate-limit-reset: 1600000000", "RateLimit-Reset: 1600000000", "Retry-After: -7"),
    "an absurd moment": ("x-rate-limit-reset: 99999999999999999999", "Retry-After: 99999999999999"),
    "no number": ("x-rate-limit-reset: soon", "RateLimit-Reset: later", "Retry-After: a while"),
    "a year that is none": ("X-RateLimit-Reset: 9999-12-31T23:59:59Z", "X-RateLimit-Remaining: lots"),
    "a date": ("Retry-After: Wed, 21 Oct 2099 07:28:00 GMT",),
}


@pytest.fixture(autouse=True)
def no_secret_in_logs(caplog: pytest.LogCaptureFixture) -> Any:
    caplog.set_level(logging.DEBUG)
    yield
    assert "canary" not in caplog.text


@pytest.mark.parametrize("name", MAY_BE_PUBLIC)
@pytest.mark.parametrize("platform", ADAPTERS)
async def test_what_may_be_public_is_unknown(platform: str, name: str, tmp_path: Path) -> None:
    answer, timeout = MAY_BE_PUBLIC[name]
    outcome, bench = await published(platform, tmp_path, answer, timeout)
    assert type(outcome) is Unknown, outcome
    assert sum(path.endswith(PUBLISHES[platform]) for path in bench.asked) == 1, "an adapter never repeats a post"
    assert not EXCEPTION.search(outcome.why), "in words, without an exception's name"
    assert "canary" not in outcome.why


@pytest.mark.parametrize("platform", ADAPTERS)
async def test_an_answer_that_is_too_long_is_not_read_to_its_end(platform: str, tmp_path: Path) -> None:
    drowned.clear()
    await published(platform, tmp_path, floods)
    assert not drowned


@pytest.mark.parametrize("platform", ADAPTERS)
async def test_an_id_that_is_none_is_unknown(platform: str, tmp_path: Path) -> None:
    outcome, _ = await published(platform, tmp_path, says(http(WRONG_ID[platform])))
    assert type(outcome) is Unknown, outcome


@pytest.mark.parametrize("platform", ADAPTERS)
async def test_the_same_server_takes_a_post_when_it_behaves(platform: str, tmp_path: Path) -> None:
    outcome, _ = await published(platform, tmp_path, says(http(TAKEN[platform])))
    assert type(outcome) is Sent, outcome


@pytest.mark.parametrize("name", FLOODS)
@pytest.mark.parametrize("body", [{"ok": False, "description": "Too Many Requests"}, HTML], ids=["json", "html"])
@pytest.mark.parametrize("platform", ADAPTERS)
async def test_a_429_is_surely_not_published_and_waits_within_bounds(
    platform: str, name: str, body: object, tmp_path: Path
) -> None:
    outcome, _ = await published(platform, tmp_path, says(http(body, *FLOODS[name], status="429 Too Many Requests")))
    assert type(outcome) is Retry, outcome
    assert outcome.channel_wide
    assert not outcome.unreached
    assert timedelta(0) <= outcome.after <= timedelta(days=1)


@pytest.mark.parametrize("wait", [-5, 0, 7, 10**18, "soon", None, [1]])
async def test_telegrams_own_wait_is_taken_within_bounds(wait: object, tmp_path: Path) -> None:
    body = {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": wait}}
    outcome, _ = await published("telegram", tmp_path, says(http(body, status="429 Too Many Requests")))
    assert type(outcome) is Retry, outcome
    assert timedelta(0) <= outcome.after <= timedelta(days=1)
    assert (outcome.after == timedelta(seconds=7)) == (wait == 7)


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
@pytest.mark.parametrize("platform", ["mastodon", "telegram", "bluesky"])
async def test_a_credential_that_is_refused_tells_which_setting_mends_it(
    platform: str, status: str, tmp_path: Path
) -> None:
    outcome, _ = await published(platform, tmp_path, says(http({"error": "no", "description": "no"}, status=status)))
    assert type(outcome) is Unauthorised, outcome
    assert platform.upper() + "_" in outcome.mend


# --- nothing has left ------------------------------------------------------------------------------------------------


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


async def unreached(platform: str, folder: Path, base: str, timeout: float = PATIENCE) -> str:
    async with benched(platform, folder, {}, timeout, base) as bench:
        outcome = await bench.channel.publish(PART, key(), None)
    assert type(outcome) is Retry, outcome
    assert outcome.unreached
    assert not EXCEPTION.search(outcome.why)
    return outcome.why


@pytest.mark.parametrize("platform", ADAPTERS)
async def test_a_refused_connection(platform: str, tmp_path: Path) -> None:
    why = await unreached(platform, tmp_path, f"http://127.0.0.1:{closed_port()}")
    assert why.endswith("cannot be connected to: it refuses connections")


@pytest.mark.parametrize("platform", ADAPTERS)
async def test_a_name_that_nobody_knows(platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", nobody)
    why = await unreached(platform, tmp_path, "http://library.invalid:1")
    assert why.endswith("cannot be found: is the name right, and is there a network?")


@pytest.mark.parametrize("platform", ADAPTERS)
async def test_a_server_that_speaks_no_tls(platform: str, tmp_path: Path) -> None:
    async def plain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(http("", status="400 Bad Request"))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    async with server:
        why = await unreached(platform, tmp_path, f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    assert why.endswith("does not speak TLS as it should")


@pytest.mark.parametrize("platform", ADAPTERS)
async def test_a_certificate_that_nobody_vouches_for(platform: str, tmp_path: Path) -> None:
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readline()).decode())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        why = await unreached(platform, tmp_path, f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    assert why.endswith("shows a certificate that is not good")
    assert not asked


@pytest.mark.parametrize("platform", ADAPTERS)
async def test_a_connection_that_is_not_made_in_time(platform: str, tmp_path: Path) -> None:
    """A listening socket that accepts nobody, its queue full."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        with socket.create_connection(full.getsockname()), socket.socket() as second:
            second.setblocking(False)
            second.connect_ex(full.getsockname())
            why = await unreached(platform, tmp_path, f"http://127.0.0.1:{full.getsockname()[1]}", SHORT)
    assert why.endswith("cannot be connected to: no connection in time")


# --- before the publishing request -----------------------------------------------------------------------------------

BEFORE: dict[str, tuple[Answer, float]] = {
    name: MAY_BE_PUBLIC[name]
    for name in ("hangs", "resets", "ends without a word", "half a body", "bad JSON", "an empty 200", "HTML with 200")
} | {name: MAY_BE_PUBLIC[name] for name in ("500", "502 with HTML", "503", "a body without end", "null")}


@pytest.mark.parametrize("name", BEFORE)
@pytest.mark.parametrize("platform", ["x", "mastodon", "bluesky"])
async def test_a_picture_that_cannot_be_uploaded_leaves_nothing_unknown(
    platform: str, name: str, tmp_path: Path
) -> None:
    """Telegram takes picture and post in one request."""
    answer, timeout = BEFORE[name]
    async with benched(platform, tmp_path, {UPLOADS[platform]: answer}, timeout) as bench:
        part = Part(number=1, text="Two shelves", images=(await picture(bench),))
        outcome = await bench.channel.publish(part, key(), None)
    assert type(outcome) is Retry, outcome
    assert not outcome.unreached or timeout == SHORT, "a busy machine may need longer than that for a connection"
    assert not [path for path in bench.asked if path.endswith(PUBLISHES[platform])]


@pytest.mark.parametrize("name", ["hangs", "resets", "500", "bad JSON"])
async def test_a_picture_with_its_post_may_be_public(name: str, tmp_path: Path) -> None:
    answer, _ = MAY_BE_PUBLIC[name]

    async def publish(timeout: float) -> Outcome:
        async with benched("telegram", tmp_path, {UPLOADS["telegram"]: answer}, timeout) as bench:
            part = Part(number=1, text="Two shelves", images=(await picture(bench),))
            return await bench.channel.publish(part, key(), None)

    assert type(await given_up(publish)) is Unknown


@pytest.mark.parametrize("name", BEFORE)
async def test_a_login_that_fails_leaves_nothing_unknown(name: str, tmp_path: Path) -> None:
    answer, timeout = BEFORE[name]
    async with benched("bluesky", tmp_path, {"createSession": answer}, timeout) as bench:
        assert type(await bench.channel.publish(PART, key(), None)) is Retry
