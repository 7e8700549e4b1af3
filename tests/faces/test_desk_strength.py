"""The desk under those who only hold lines open: others are answered, and the process keeps file descriptors for posting."""

import asyncio
from contextlib import AsyncExitStack, suppress

import aiohttp
import pytest

from tests.faces.conftest import PATIENCE
from tests.faces.test_desk import page
from tests.faces.visitors import Browser

HALF = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"
BODILESS = (
    b"POST /signin HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: same-origin\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 900\r\n\r\ntoken="
)


def where(served):
    host, _, port = served.address.removeprefix("http://").partition(":")
    return host, int(port)


async def gone(reader):
    """Return once the desk has closed a line."""
    async with asyncio.timeout(PATIENCE):
        with suppress(ConnectionError):
            while await reader.read(4096):
                pass


async def test_of_too_many_lines_those_that_ask_for_nothing_are_closed(desk, monkeypatch):
    monkeypatch.setattr("bot.web.serving.MOST", 20)
    monkeypatch.setattr("bot.web.serving.HEAD", PATIENCE * 10)
    async with desk() as served:
        lines = []
        for _ in range(60):
            reader, writer = await asyncio.open_connection(*where(served))
            with suppress(ConnectionError):
                writer.write(HALF)
                await writer.drain()
            lines.append((reader, writer))
        ended = {asyncio.create_task(gone(reader)) for reader, _ in lines}
        done: set[asyncio.Task[None]] = set()
        async with asyncio.timeout(PATIENCE):
            while len(done) < 40:
                done, _ = await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.sleep(0.01)
        status, _, _ = await Browser(served.address).look("/health")
        assert status == 200
        assert 40 <= sum(each.done() for each in ended) <= 45, "one or the other made room for who asked"
        for each in ended:
            each.cancel()
        for _, writer in lines:
            writer.transport.abort()


@pytest.mark.parametrize(("limit", "sent"), [("HEAD", b""), ("HEAD", HALF), ("BODY", BODILESS)])
async def test_a_request_that_does_not_become_whole_is_given_up(desk, monkeypatch, limit, sent):
    async with desk() as served:
        monkeypatch.setattr(f"bot.web.serving.{limit}", 0.2)
        reader, writer = await asyncio.open_connection(*where(served))
        writer.write(sent)
        await gone(reader)
        writer.transport.abort()


async def test_a_second_request_on_a_line_has_to_become_whole_too(desk, monkeypatch):
    async with desk() as served:
        reader, writer = await asyncio.open_connection(*where(served))
        writer.write(b"GET /static/icon.svg HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        async with asyncio.timeout(PATIENCE):
            head = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 OK" in head
        monkeypatch.setattr("bot.web.serving.HEAD", 0.2)
        writer.write(HALF)
        await gone(reader)
        writer.transport.abort()


async def test_lines_that_are_answered_at_length_outlast_the_time_for_requests(desk, http, monkeypatch):
    async with desk() as served:
        monkeypatch.setattr("bot.web.serving.HEAD", 0.5)
        monkeypatch.setattr("bot.web.pages.events.SIGN", 1)
        monkeypatch.setattr("bot.web.pages.events.EVERY", 0.2)
        async with asyncio.timeout(PATIENCE):
            while (stream := await begun(http, served)) is None:
                await asyncio.sleep(0.05)  # so busy that not even this request came in time
            signs = 0
            while signs < 8:
                line = await stream.content.readline()
                assert line, "the line ended"
                signs += line.startswith(b": still")
            stream.close()


async def begun(http, served):
    with suppress(aiohttp.ClientError):
        return await http.get(f"{served.address}/events")
    return None


async def test_a_session_keeps_only_so_many_streams_open_and_the_others_come_back_later(desk, http):
    async with desk() as served, AsyncExitStack() as stack:
        kept = []
        for _ in range(8):
            stream = await stack.enter_async_context(http.get(f"{served.address}/events"))
            assert await stream.content.readline() == b"retry: 2000\n"
            kept.append(stream)
        async with asyncio.timeout(PATIENCE), http.get(f"{served.address}/events") as more:
            told = await more.text()
        assert told.startswith("retry: 30000\n\ndata: ")
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as other:
            cookies = await served.sign_in("bert", "viewer")
            async with other.get(f"{served.address}/events", cookies=cookies) as stream:
                assert await stream.content.readline() == b"retry: 2000\n", "another's are not counted"
        kept.pop().close()
        async with asyncio.timeout(PATIENCE):
            while (await first_line(http, served)) != b"retry: 2000\n":
                await asyncio.sleep(0.05)
        assert await page(http, served)


async def first_line(http, served):
    async with http.get(f"{served.address}/events") as stream:
        return await stream.content.readline()
