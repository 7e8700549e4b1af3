"""The bot as it runs, in one process: a folder, the ledger, every channel on the sandbox's server, a reader in its chat."""

import asyncio
import gc
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot import app
from bot.app import Connected
from bot.domain.delivery import Delivery, State
from bot.errors import NotAllowed
from bot.platforms import fields
from bot.sandbox.demo import sandbox
from bot.settings import Settings, load
from bot.store.lock import bot_is_running

PLATFORMS = {"x", "mastodon", "telegram", "bluesky"}
#: How long a test waits for what must come, and how long it watches for what must not.
PATIENCE, WATCH = 250.0, 1.5

NIGHT = """---
title: The library at night
link: https://library.example/night
language: en
---
The library stays open until midnight on Fridays. Tea is served in the reading room.
"""
CYCLING = """---
title: Round and round
link: https://cycling.example/velodrome
language: en
---
The cycling club rides on the old velodrome again. Helmets can be borrowed at the gate.
"""
LATER = CYCLING.replace("language: en", "language: en\nnot_before: 2099-01-01 09:30")
BROKEN = "---\ntitle: [never closed\n---\nWords that nobody gets to read.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A running bot, the sandbox it posts to and the folder it reads."""

    live: Connected
    address: str
    web: aiohttp.ClientSession
    queue: Path

    def drop(self, name: str, text: str) -> Path:
        """Write a file into the folder, as an editor does."""
        path = self.queue / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    async def effects(self, words: str = "") -> Counter[str]:
        """Count what followers see that holds these words, by platform."""
        async with self.web.get(f"{self.address}/ledger") as answer:
            return Counter(
                each["platform"] for each in await answer.json() if words in each["text"] and not each["removed"]
            )

    async def deliveries(self, article: str) -> list[Delivery]:
        return list(await self.live.app.store.deliveries(article=article))

    async def states(self, article: str) -> set[State]:
        return {each.state for each in await self.deliveries(article)}

    async def say(self, words: str) -> None:
        async with self.web.post(f"{self.address}/talk", json={"text": words}) as answer:
            assert answer.status == 200

    async def heard(self) -> str:
        async with self.web.get(f"{self.address}/talk") as answer:
            return str(await answer.json())


async def until(true: Callable[[], Awaitable[Any]], what: str = "") -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            while not await true():
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"never came true: {what or true}") from None


@pytest.fixture
async def served() -> AsyncIterator[tuple[str, dict[str, str]]]:
    async with sandbox() as found:
        yield found


def configured(home: Path, environment: dict[str, str]) -> Settings:
    return load(home, fields(), {**environment, "HANDBILL_DEADLINE": "60"})


@asynccontextmanager
async def bench(home: Path, address: str, environment: dict[str, str]) -> AsyncIterator[Bench]:
    settings = configured(home, environment)
    async with app.opened(settings) as opened:
        await app.demo_plans(opened, every=1)
    async with aiohttp.ClientSession() as web, app.running(settings) as live:
        yield Bench(live=live, address=address, web=web, queue=settings.queue)


@pytest.fixture
async def running(tmp_path, served) -> AsyncIterator[Bench]:
    async with bench(tmp_path, *served) as made:
        yield made


async def posted(bench: Bench, words: str) -> None:
    async def everywhere() -> bool:
        return set(await bench.effects(words)) == PLATFORMS

    await until(everywhere, f"{words!r} on all platforms")


async def recorded(bench: Bench, article: str) -> None:
    """Wait until the ledger knows what followers see already."""

    async def sent() -> bool:
        return [each.state for each in await bench.deliveries(article)] == [State.SENT] * len(PLATFORMS)

    await until(sent, f"{article} is sent")


async def test_a_file_dropped_while_it_runs_is_posted_on_every_platform_once(running):
    running.drop("library/night-opening.md", NIGHT)
    await posted(running, "until midnight")
    await asyncio.sleep(WATCH)
    assert await running.effects("until midnight") == dict.fromkeys(PLATFORMS, 1)
    await recorded(running, "night-opening.md")
    deliveries = await running.deliveries("night-opening.md")
    assert {each.channel for each in deliveries} == PLATFORMS
    assert all(receipt.url.startswith("http") for each in deliveries for _, receipt in each.receipts)
    for each in deliveries:
        assert len(await running.live.app.store.attempts(each.id)) == len(each.post.parts) == 1


async def test_what_lies_in_the_folder_at_the_start_is_posted_and_a_restart_posts_nothing_again(tmp_path, served):
    folder = tmp_path / "queue" / "library"
    folder.mkdir(parents=True)
    (folder / "night-opening.md").write_text(NIGHT, encoding="utf-8")
    async with bench(tmp_path, *served) as first:
        await posted(first, "until midnight")
    async with bench(tmp_path, *served) as again:
        await asyncio.sleep(WATCH)
        assert await again.effects() == dict.fromkeys(PLATFORMS, 1)


async def test_an_edit_holds_what_is_unsent_and_taking_a_file_away_does_too(running):
    async def all_are(state: State, words: str) -> bool:
        found = await running.deliveries("velodrome.md")
        said = " ".join(part.text for each in found for part in each.post.parts)
        return (len(found), {each.state for each in found}, words in said) == (4, {state}, True)

    path = running.drop("cycling/velodrome.md", LATER)
    await until(lambda: all_are(State.SCHEDULED, "old velodrome"), "scheduled")
    running.drop("cycling/velodrome.md", LATER.replace("old velodrome", "new velodrome"))
    await until(lambda: all_are(State.HELD, "new velodrome"), "held after the edit")
    held = await running.deliveries("velodrome.md")
    await running.live.app.steering.approve([each.id for each in held])
    await until(lambda: all_are(State.SCHEDULED, "new velodrome"), "approved")
    path.unlink()
    await until(lambda: all_are(State.HELD, "new velodrome"), "held after it was taken away")
    assert all("no longer in the folder" in each.why for each in await running.deliveries("velodrome.md"))
    assert await running.effects() == {}


async def test_an_edit_after_it_was_posted_posts_nothing_again(running):
    running.drop("library/night-opening.md", NIGHT)
    await posted(running, "until midnight")
    running.drop("library/night-opening.md", NIGHT.replace("Tea", "Coffee"))
    await asyncio.sleep(WATCH)
    assert await running.effects() == dict.fromkeys(PLATFORMS, 1)


async def test_a_faulty_file_is_told_while_others_go_out_and_mended_it_goes_out_too(running):
    running.drop("cycling/velodrome.md", BROKEN)
    running.drop("library/night-opening.md", NIGHT)
    await posted(running, "until midnight")

    async def told() -> bool:
        return bool(await running.live.app.store.problems())

    await until(told, "the problem")
    (problem,) = await running.live.app.store.problems()
    assert "velodrome.md" in problem.where
    assert problem.hint or problem.what
    running.drop("cycling/velodrome.md", CYCLING)
    await posted(running, "velodrome")

    async def mended() -> bool:
        return not await running.live.app.store.problems()

    await until(mended, "no problem told any more")


async def test_a_reader_asks_for_the_latest_and_gets_it_as_a_card(running):
    await running.say("/latest")

    async def answered(words: str) -> bool:
        return words in await running.heard()

    await until(lambda: answered("Nothing has been published yet"))
    running.drop("library/night-opening.md", NIGHT)
    await posted(running, "until midnight")
    await recorded(running, "night-opening.md")
    await running.say("/latest")
    await until(lambda: answered("https://library.example/night"))
    heard = await running.heard()
    assert "The library at night" in heard
    assert "The library stays open until midnight on Fridays." in heard
    await running.say("/search unicorns")
    await until(lambda: answered("Nothing found about"))


async def test_while_everything_is_paused_nothing_goes_out_and_then_all_of_it_once(running):
    await running.live.app.steering.pause("a crisis")
    running.drop("library/night-opening.md", NIGHT)

    async def scheduled() -> bool:
        return bool(await running.states("night-opening.md") == {State.SCHEDULED})

    await until(scheduled, "scheduled")
    await asyncio.sleep(WATCH)
    assert await running.effects() == {}
    await running.live.app.steering.resume()
    await posted(running, "until midnight")
    await asyncio.sleep(WATCH)
    assert await running.effects() == dict.fromkeys(PLATFORMS, 1)


async def test_channels_are_verified_and_have_their_accounts_and_live_limits(running):
    async def verified() -> bool:
        return all(each.account for each in await running.live.app.store.channels())

    await until(verified, "accounts")
    channels = {each.name: each for each in await running.live.app.store.channels()}
    assert set(channels) == PLATFORMS
    assert channels["mastodon"].url.startswith("http")
    assert {each.level for each in await running.live.checkup.channels()} <= {"ok", "warning"}


async def test_a_platform_that_is_away_delays_only_itself_and_its_posts_come_once(running):
    fault = {"platform": "mastodon", "kind": "refuse", "on": "any", "times": 0}
    async with running.web.post(f"{running.address}/faults", json=fault) as answer:
        assert answer.status == 200
    running.drop("library/night-opening.md", NIGHT)

    async def elsewhere() -> bool:
        return set(await running.effects("until midnight")) == PLATFORMS - {"mastodon"}

    await until(elsewhere, "on the others")
    async with running.web.delete(f"{running.address}/faults"):
        pass
    await posted(running, "until midnight")
    await asyncio.sleep(WATCH)
    assert await running.effects() == dict.fromkeys(PLATFORMS, 1)


async def test_only_one_bot_runs_on_a_folder(tmp_path, served, running):
    assert bot_is_running(running.live.app.settings.data)
    with pytest.raises(NotAllowed):
        async with app.running(configured(tmp_path, served[1])):
            raise AssertionError("a second bot ran")
    running.drop("library/night-opening.md", NIGHT)
    await posted(running, "until midnight")


@pytest.mark.filterwarnings("error::ResourceWarning")
async def test_leaving_closes_everything(tmp_path, served, caplog, capsys):
    tasks, threads = asyncio.all_tasks(), set(threading.enumerate())
    async with bench(tmp_path, *served) as made:
        made.drop("library/night-opening.md", NIGHT)
        await posted(made, "until midnight")
        await made.say("/latest")
        assert bot_is_running(made.live.app.settings.data)
    assert not bot_is_running(made.live.app.settings.data)
    left = {
        each
        for each in asyncio.all_tasks() - tasks
        if "aiohttp.web" not in repr(each) and "RequestHandler" not in repr(each)
    }
    assert left == set()
    pool = ("asyncio_", "AnyIO worker")  # the loop's own threads, which end with it
    assert [each.name for each in set(threading.enumerate()) - threads if not each.name.startswith(pool)] == []
    gc.collect()
    await asyncio.sleep(app.RECONCILE_EVERY.total_seconds() + 0.3)
    assert "failed" not in capsys.readouterr().out
    assert [record.getMessage() for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []


async def test_leaving_in_the_middle_of_a_post_finishes_it_first(tmp_path, served):
    slow = {"platform": "bluesky", "kind": "delay", "on": "publish", "times": 1, "seconds": 1.0}
    async with bench(tmp_path, *served) as made:
        async with made.web.post(f"{made.address}/faults", json=slow):
            pass
        made.drop("library/night-opening.md", NIGHT)

        async def begun() -> bool:
            found = await made.deliveries("night-opening.md")
            return any(each.channel == "bluesky" and each.state in (State.SENDING, State.SENT) for each in found)

        await until(begun, "begun")
    async with app.opened(configured(tmp_path, served[1])) as opened:
        states = {each.state for each in await opened.store.deliveries(article="night-opening.md")}
    assert State.SENDING not in states
    assert State.UNCERTAIN not in states


async def test_leaving_at_once_is_no_error(tmp_path, served):
    for _ in range(2):
        async with bench(tmp_path, *served):
            pass


async def test_a_folder_that_is_not_there_is_waited_for(tmp_path, served, monkeypatch):
    monkeypatch.setattr("bot.sources.folder.MISSING", timedelta(milliseconds=50))
    queue = tmp_path / "queue"
    queue.write_text("a file where the folder should be")
    async with bench(tmp_path, *served) as made:
        queue.unlink()
        made.drop("library/night-opening.md", NIGHT)
        await posted(made, "until midnight")
