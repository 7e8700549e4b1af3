"""The followers' page over HTTP: what it is told, when, and what it may do."""

import asyncio
import re
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest
from aiohttp import web

from bot.sandbox import page, telegram, x
from bot.sandbox.world import Fault, World
from tests.faces.conftest import PATIENCE, Followers

HOSTILE = '<script>alert(1)</script> & "quoted" <img src=x onerror=alert(2)> \'; DROP'


async def feed(http, address, known=""):
    async with http.get(f"{address}/feed", headers={"If-None-Match": known} if known else {}) as answer:
        told = await answer.json() if answer.status == 200 else None
        return answer.status, answer.headers["ETag"], told


async def column(http, address, name="x"):
    _, _, told = await feed(http, address)
    return next(each for each in told["services"] if each["name"] == name)


async def test_the_page_runs_nothing_but_its_own_files(followers, http):
    async with http.get(f"{followers.address}/") as answer:
        html = await answer.text()
        policy = dict(rule.split(" ", 1) for rule in answer.headers["Content-Security-Policy"].split("; "))
    assert answer.status == 200
    assert policy["default-src"] == "'none'"
    assert {policy[f"{kind}-src"] for kind in ("script", "style", "img", "connect")} == {"'self'"}
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|https?://", html)


async def test_every_part_of_the_page_is_served_and_nothing_else(followers, http):
    async with http.get(f"{followers.address}/") as answer:
        parts = re.findall(r'(?:href|src)="(/static/[^"]+)"', await answer.text())
    assert len(parts) == 3
    for path, kind in zip(sorted(parts), ("/css", "/javascript", "/svg+xml"), strict=True):
        async with http.get(followers.address + path) as answer:
            assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-cache")
            assert answer.content_type.endswith(kind)
    for path in ("/static/nothing.js", "/static/..%2fpage.py", "/static/page.py", "/static/%2e%2e/server.py"):
        async with http.get(followers.address + path) as answer:
            assert answer.status == 404, path


async def test_each_service_has_its_column_with_threads_joined_and_the_newest_first(followers, http):
    first = followers.post("One")
    alone = followers.post("Alone")
    second = followers.post("Two", thread=first.id, reply_to=first.id)
    followers.post("Elsewhere", "bluesky")
    followers.post("Three", thread=first.id, reply_to=second.id)
    last = followers.post("Last")
    followers.world.remove("x", alone.id)

    _, _, told = await feed(http, followers.address)
    assert [(each["name"], each["title"]) for each in told["services"]] == [
        ("x", "X"),
        ("mastodon", "Mastodon"),
        ("telegram", "Telegram"),
        ("bluesky", "Bluesky"),
    ]
    x_column = told["services"][0]
    texts = [[part["text"] for part in thread] for thread in x_column["threads"]]
    assert texts == [["Last"], ["One", "Two", "Three"], ["Alone"]]
    assert x_column["posts"] == 4
    assert x_column["threads"][2][0]["removed"]
    assert x_column["threads"][0][0] == {**x_column["threads"][0][0], "id": last.id, "url": last.url, "limit": 280}


async def test_what_was_posted_reaches_the_page_untouched(followers, http):
    followers.post(
        HOSTILE, spans=((0, 5, "link", "https://a.example/"),), warning="<b>", card={"url": "u", "title": "<i>"}
    )
    shown = (await column(http, followers.address))["threads"][0][0]
    assert (shown["text"], shown["warning"], shown["card"]["title"]) == (HOSTILE, "<b>", "<i>")
    assert shown["spans"] == [[0, 5, "link", "https://a.example/"]]


async def test_only_the_last_threads_are_sent_and_the_rest_counted(followers, http):
    for number in range(page.THREADS + 3):
        followers.post(f"Post {number}")
    shown = await column(http, followers.address)
    assert (len(shown["threads"]), shown["earlier"], shown["posts"]) == (page.THREADS, 3, page.THREADS + 3)
    assert shown["threads"][0][0]["text"] == f"Post {page.THREADS + 2}"


@asynccontextmanager
async def served(world, services, wait):
    """Serve the page alone; a poll lasts `wait` seconds where nothing comes of it."""
    app = web.Application()
    app.add_routes(page.routes(world, services, wait=wait))
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("change", ["post", "remove", "fault", "chat"])
async def test_a_poll_waits_for_a_change_and_lasts_no_longer(http, change):
    world = World()
    chat = telegram.Telegram(world, rate=0)
    async with served(world, [x.X(world), chat], wait=3600) as address:
        followers = Followers(world, chat, address)
        standing = followers.post("Here already")
        _, known, _ = await feed(http, address)
        polling = asyncio.create_task(feed(http, address, known))
        done, _ = await asyncio.wait({polling}, timeout=0.3)
        assert not done, "it answered although nothing had changed"
        match change:
            case "post":
                followers.post("New")
            case "remove":
                world.remove("x", standing.id)
            case "fault":
                world.faults.append(Fault(platform="x", kind="reset"))
            case "chat":
                chat.say(page.READER, "hello", page.READER_NAME)
        status, tag, _ = await asyncio.wait_for(polling, PATIENCE)
    assert status == 200
    assert tag != known


async def test_a_poll_that_nothing_comes_of_ends_with_304(http):
    world = World()
    async with served(world, [x.X(world)], wait=0.2) as address:
        _, known, told = await feed(http, address)
        assert told["talks"] is False
        assert await feed(http, address, known) == (304, known, None)
        async with http.post(f"{address}/talk", json={"text": "anyone?"}) as answer:
            assert answer.status == 404


async def test_a_reader_is_heard_by_the_service_that_has_a_chat(followers, http):
    async with http.post(f"{followers.address}/talk", json={"text": "  /search night trains "}) as answer:
        said = await answer.json()
    assert [(each["text"], each["bot"]) for each in said] == [("/search night trains", False)]
    assert followers.telegram.messages(page.READER) == said
    async with http.get(f"{followers.address}/talk") as answer:
        assert await answer.json() == said


@pytest.mark.parametrize(
    "given",
    [
        {"json": {"text": "   "}},
        {"json": {"words": "hello"}},
        {"json": ["hello"]},
        {"json": {"text": "x" * 4097}},
        {"data": {"text": "hello"}},
        {"data": '{"text": "hello"}', "headers": {"Content-Type": "text/plain"}},
        {"data": '{"text": ', "headers": {"Content-Type": "application/json"}},
        {"data": b"\xff\xfe{", "headers": {"Content-Type": "application/json"}},
    ],
)
async def test_what_no_reader_can_say_is_refused_and_not_said(followers, http, given):
    async with http.post(f"{followers.address}/talk", **given) as answer:
        assert answer.status == 400
        assert "4096" in (await answer.json())["error"]
    assert followers.telegram.messages(page.READER) == []


async def test_a_follower_likes_and_reposts_what_is_posted_and_nothing_else(followers, http):
    post, told = followers.post("Open at night"), followers.post("To a channel", "telegram")

    async def react(platform="x", id=post.id, kind="likes", **more):
        send = more or {"json": {"platform": platform, "id": id, "kind": kind}}
        async with http.post(f"{followers.address}/react", **send) as answer:
            return answer.status, await answer.json()

    assert (await column(http, followers.address))["reactions"] == {post.id: {"likes": 0, "reposts": 0}}
    assert await react() == (200, {post.id: {"likes": 1, "reposts": 0}})
    assert await react(kind="reposts") == (200, {post.id: {"likes": 1, "reposts": 1}})
    assert (await column(http, followers.address))["reactions"] == {post.id: {"likes": 1, "reposts": 1}}
    assert (await column(http, followers.address, "telegram"))["reactions"] == {}, "Telegram tells bots nothing"
    for odd in (
        {"id": "nothing"},
        {"kind": "views"},
        {"platform": "telegram", "id": told.id},
        {"data": "likes"},
        {"json": []},
    ):
        assert (await react(**odd))[0] == 400, odd
    assert (await column(http, followers.address))["reactions"] == {post.id: {"likes": 1, "reposts": 1}}


async def test_what_followers_did_outlasts_the_sandbox_and_an_audience_grows_the_same_for_everybody(tmp_path):
    world = World(tmp_path)
    first = Followers(world, telegram.Telegram(world, rate=0), "").post("Open at night")
    assert world.react("x", first.id, "likes")
    again = World(tmp_path, lively=True)
    posted = datetime.fromisoformat(first.at)
    assert World(tmp_path).crowd.reactions(first, []).likes == 1
    early, later, other = (
        each.crowd.reactions(first, [], posted + timedelta(minutes=age))
        for each, age in ((again, 1), (again, 60), (World(tmp_path, lively=True), 60))
    )
    assert later == other
    assert early.likes <= later.likes
    assert early.views < later.views
