"""One life: a folder, four platforms of its own, a bot that is struck, and what a person would do about it."""

import asyncio
import json
import shutil
import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from PIL import Image

from bot.sandbox import bluesky, mastodon, telegram, x
from bot.sandbox.demo import MASTODON_TOKEN, environment
from bot.sandbox.server import application
from bot.sandbox.world import Fault, World
from tests.torture.fates import CHANNELS, DEADLINE, MARGIN, Blow, Fate, Stroke
from tests.torture.nursery import Child, Nursery

#: Seconds in which faults may be met after the last blow, and in which all must have come to its end after that.
STORM, PATIENCE = 45.0, 420.0
ALT = "Five drawings of a bicycle shed, seen from above"
LONG = """\
Last winter the caretaker found a crate with the number {n} behind the boiler, nailed shut and addressed to nobody. It holds \
the lending cards of the years before the fire, all of them, in the order of the streets.

The cards tell who read what in eleven hundred households. The baker borrowed nothing but atlases; the doctor's children, \
it seems, shared one adventure story for three winters and brought it back with new illustrations.

From March on the cards can be looked through in the reading room, by appointment and with clean hands. Whoever recognises \
a grandmother's handwriting is asked to tell the desk, which keeps a list of names and of the stories."""
SHORT = {
    0: (
        "The shed",
        "Cyclists chose drawing {n} for the new shed on Saturday. It has room for ninety bicycles and a pump.",
    ),
    2: (
        "The roof",
        "The town library has repaired its roof, says notice {n}. The work took five weeks and two cranes.",
    ),
    3: (
        "The map room",
        "Forty maps of the river were hung in room {n} this week. Visitors may touch the two made of felt.",
    ),
}


class Broken(Exception):
    """A promise that was not kept."""


@dataclass(slots=True, kw_only=True)
class Life:
    """`story` is what happened, with the seconds since the beginning."""

    fate: Fate
    home: Path
    nursery: Nursery
    ledger: Path | None = None
    world: World = field(default_factory=World)
    bot: Child | None = None
    story: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    secrets: tuple[str, ...] = ()
    died: int = 0  # how often it died of a durable step
    _doomed: bool = False  # the bot is to die of a durable step
    _site: web.TCPSite | None = None
    _runner: web.AppRunner | None = None

    def note(self, words: str) -> None:
        self.story.append(f"{time.monotonic() - self.began:6.1f} {words}")

    async def plan(self) -> None:
        """Make a ledger whose channels post every second, for other lives to begin with."""
        await asyncio.to_thread(self._furnish, "http://127.0.0.1:9")
        for channel in CHANNELS:
            await self._told("plan", "set", channel, "--every", "1s", "--gap", "1s")

    async def live(self) -> None:
        """Go through it all, to the end; raises Broken."""
        async with self._platforms() as address:
            await asyncio.to_thread(self._furnish, address)
            self.world.faults.extend(self.fate.faults)
            for stroke in self.fate.strokes:
                await self._struck(stroke)
            await self._storm()
            await self._settle()

    # what it needs

    @asynccontextmanager
    async def _platforms(self) -> AsyncIterator[str]:
        """Serve four platforms on a port of this life's own."""
        simulated = x.X(self.world)
        simulated.guards = self.fate.guards
        accounts = {MASTODON_TOKEN: "library"}
        server = mastodon.Mastodon(
            self.world, accounts=accounts, replay=self.fate.replay, processing=self.fate.processing
        )
        services = (simulated, server, telegram.Telegram(self.world), bluesky.Bluesky(self.world))
        self._runner = web.AppRunner(application(self.world, services), access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        try:
            self._site = web.TCPSite(self._runner, "127.0.0.1", 0)
            await self._site.start()
            yield f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        finally:
            if self.bot:
                self.bot.signal(signal.SIGKILL)
            await self._runner.cleanup()

    def _furnish(self, address: str) -> None:
        """Write settings and articles."""
        settings = environment(address)
        if not self.fate.linked:
            del settings["TELEGRAM_DISCUSSION"]
        self.secrets = tuple(
            value for name, value in settings.items() if name.endswith(("TOKEN", "PASSWORD", "SECRET", "CONSUMER_KEY"))
        )
        settings |= {"HANDBILL_WEB": "off", "HANDBILL_DEADLINE": str(DEADLINE)}
        (self.home / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        (self.home / "out").mkdir()
        if self.ledger is not None:
            shutil.copytree(self.ledger, self.home / "data")
        queue = self.home / "queue" / "library"
        queue.mkdir(parents=True)
        colour = (sum(self.fate.seed.encode()) % 256, 90, 40)
        Image.new("RGB", (48, 32), colour).save(queue / "shed.png")
        for number in range(self.fate.articles):
            (queue / f"{number}.md").write_text(self._article(number))

    def _article(self, number: int, edition: int = 1) -> str:
        n = 1000 * edition + sum(self.fate.seed.encode())
        if number == 1:
            words = LONG.format(n=n)
            excerpt = "\n".join(f"  {line}".rstrip() for line in words.split("\n"))
            return f"---\ntitle: A find\nlanguage: en\nthread: yes\nexcerpt: |\n{excerpt}\n---\n{words}\n"
        title, words = SHORT[number]
        fields = f"title: {title}\nlanguage: en\n"
        fields += f"images:\n  - file: shed.png\n    alt: {ALT}\n" if number == 0 else ""
        fields += f"link: https://library.example.org/{n}\n" if number == 2 else ""
        return f"---\n{fields}---\n{words.format(n=n)}\n"

    # what befalls it

    async def _struck(self, stroke: Stroke) -> None:
        if stroke.blow is Blow.STEP or self._doomed:
            await self._stop()
        if stroke.blow is Blow.STEP:
            await self._start(stroke.number, after=stroke.after)
        elif not self._alive():
            await self._start()
        await asyncio.sleep(stroke.wait)
        self.note(f"blow: {stroke.blow} {stroke.number or ''} {'after' if stroke.after else ''}")
        await getattr(self, f"_{stroke.blow.name.lower()}")(stroke)

    async def _kill(self, _: Stroke) -> None:
        assert self.bot is not None
        self.bot.signal(signal.SIGKILL)
        await self._ended(self.bot, -signal.SIGKILL)

    async def _step(self, stroke: Stroke) -> None:
        """Wait until it has died of its n-th commit; it may have less to write."""
        assert self.bot is not None
        await until(lambda: not self._alive() or (self._taken() and not self._moving()), 60)
        if not self._alive():
            self.note(f"died at step {stroke.number}")
            self.died += 1
            await self._ended(self.bot, -signal.SIGKILL)

    async def _cut(self, stroke: Stroke) -> None:
        """Kill it while followers see what it has not heard of yet; it may have nothing more to send."""
        sending = "SELECT count(*) FROM deliveries WHERE state = 'sending'"
        await until(lambda: self.world.effects and self._asked(sending), 20, every=0.05)
        await self._kill(stroke)

    async def _freeze(self, _: Stroke) -> None:
        assert self.bot is not None
        self.bot.signal(signal.SIGSTOP)
        await asyncio.sleep(DEADLINE + MARGIN + 2)
        self.bot.signal(signal.SIGCONT)

    async def _term(self, _: Stroke) -> None:
        await self._stop()

    async def _second(self, _: Stroke) -> None:
        if not self._alive():
            return
        words = await self._told("run", code=6)
        if "another Handbill is running on this database" not in words:
            raise Broken(f"a second bot was not told why: {words}")

    async def _pause(self, _: Stroke) -> None:
        await self._told("pause", "a storm is coming")
        moment = (time.time() + 1) * 1e6  # the promise gives it a second
        await asyncio.sleep(DEADLINE + 4)
        if self._asked(f"SELECT count(*) FROM attempts WHERE armed > {moment:.0f}"):
            raise Broken("something was begun during a pause")
        await self._told("resume", "--late")
        if self._asked("SELECT active FROM hold"):
            raise Broken("everything is still on hold after it was resumed")

    async def _edit(self, _: Stroke) -> None:
        number = len(self.story) % self.fate.articles
        path = self.home / "queue" / "library" / f"{number}.md"
        await asyncio.to_thread(path.write_text, self._article(number, edition=2))

    async def _older(self, stroke: Stroke) -> None:
        """Copy the database by hand, let the bot go on, kill it and put the copy back."""
        data, copy = self.home / "data", self.home / "older.db"
        with closing(sqlite3.connect(data / "handbill.db")) as now, closing(sqlite3.connect(copy)) as older:
            now.backup(older)
        await asyncio.sleep(4)
        await self._kill(stroke)
        for name in ("handbill.db-wal", "handbill.db-shm"):
            (data / name).unlink(missing_ok=True)
        shutil.move(copy, data / "handbill.db")

    async def _token(self, stroke: Stroke) -> None:
        revoked = Fault(platform=stroke.channel, kind="unauthorised", on="any", times=0)
        self.world.faults.insert(0, revoked)
        await asyncio.sleep(5)
        self.world.faults.remove(revoked)

    async def _outage(self, _: Stroke) -> None:
        """Close the door and cut what stands, for some seconds."""
        assert self._runner is not None
        assert self._site is not None
        port = self._runner.addresses[0][1]
        await self._site.stop()
        for connection in list(self._runner.server.connections if self._runner.server else ()):
            if connection.transport is not None:
                connection.transport.abort()
        await asyncio.sleep(5)
        self._site = web.TCPSite(self._runner, "127.0.0.1", port)
        await self._site.start()

    # its end

    async def _storm(self) -> None:
        """Let the bot meet what is left of the faults, then lift them; a new bot brings its credentials anew."""
        if self._doomed:
            await self._stop()
        if not self._alive():
            await self._start()
        if self.world.faults:
            await until(lambda: not self.world.faults or not self._unsettled(), STORM)
        self.note(f"lifted: {len(self.world.faults)} faults were not met")
        self.world.faults.clear()
        if self.fate.faults or any(each.blow is Blow.TOKEN for each in self.fate.strokes):
            await self._stop()
            await self._start()

    async def _settle(self) -> None:
        """Run until nothing moves any more; what is held is approved, what waits long is told to go at once."""
        if not await until(lambda: self._taken() and not self._moving(), PATIENCE, every=2, also=self._decide):
            raise Broken("it did not come to an end")
        self.note("nothing moves any more")
        if not self._alive():
            raise Broken("the bot ended by itself")
        await self._stop()
        await self._told("audit", "verify")
        await self._told("backup", str(self.home / "backup.zip"))

    async def _decide(self) -> None:
        if not self._alive():
            raise Broken(f"the bot ended by itself, with {self.bot and self.bot.ended.result()}")
        for number in self._ids("state = 'held'"):
            self.note(f"approve {number}")
            await self._told("approve", number, code=None)
        soon = (time.time() + 20) * 1e6
        for number in self._ids(f"state = 'retrying' AND due > {soon:.0f} AND channel NOT IN ({RESTING})"):
            self.note(f"send-now {number}")
            await self._told("send-now", number, code=None)

    def _taken(self) -> bool:
        return self._asked("SELECT count(*) FROM deliveries") >= self.fate.articles * len(CHANNELS)

    def _unsettled(self) -> int:
        return not self._taken() or self._asked("SELECT count(*) FROM deliveries WHERE state NOT IN ('sent', 'failed')")

    def _moving(self) -> int:
        return self._asked(
            f"SELECT count(*) FROM deliveries WHERE state IN ('held', 'sending') OR state = 'uncertain' AND due IS NOT NULL"
            f" OR state IN ('scheduled', 'retrying') AND channel NOT IN ({RESTING})"
        )

    # how it is asked

    def _asked(self, query: str) -> int:
        return int(self._rows(query)[0][0])

    def _ids(self, where: str) -> list[str]:
        return [str(row[0]) for row in self._rows(f"SELECT id FROM deliveries WHERE {where}")]

    def _rows(self, query: str, given: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.home}/data/handbill.db?mode=ro", uri=True, timeout=30)) as ledger:
            return ledger.execute(query, given).fetchall()

    def _alive(self) -> bool:
        return self.bot is not None and self.bot.alive

    async def _begin(self, words: tuple[str, ...], fatal: int = 0, *, after: bool = False) -> Child:
        return await self.nursery.start(self.home, self.home / "out", words, fatal, after, {})

    async def _start(self, fatal: int = 0, *, after: bool = False) -> None:
        async with self.nursery.births:
            self.bot = bot = await self._begin(("run",), fatal, after=after)
            self._doomed = fatal > 0
            await until(lambda: b"running" in bot.stdout.read_bytes() or not bot.alive, 60)
        self.note(f"started {bot.pid}")

    async def _stop(self) -> None:
        """Ask the bot to end; it must do so cleanly."""
        if (bot := self.bot) is None or not bot.alive:
            return
        bot.signal(signal.SIGTERM)
        await self._ended(bot, 0, -signal.SIGKILL if self._doomed else 0)

    async def _ended(self, child: Child, *codes: int) -> None:
        code = await asyncio.wait_for(child.ended, 120)
        if code not in codes:
            raise Broken(f"the bot ended with {code}, not {codes}: {child.stderr.read_text()[-500:]}")

    async def _told(self, *words: str, code: int | None = 0) -> str:
        """Run a command to its end; `code` None takes both done and refused."""
        child = await self._begin(words)
        ended = await asyncio.wait_for(child.ended, 120)
        if ended != code and (code is not None or ended not in (0, 6)):
            raise Broken(f"{words} ended with {ended}: {child.stderr.read_text()[-500:]}")
        return (child.stdout if ended == 0 else child.stderr).read_text()

    def rests(self, channel: str) -> bool:
        """Tell whether a channel's platform has asked for a long pause."""
        return (channel,) in self._rows(RESTING)

    def hasty(self) -> list[str]:
        """Return the channels on which something was begun in a time for which the platform had asked to be left alone.

        Only where the bot heard that, and nothing killed it before it could write down that the whole channel rests.
        """
        if {each.blow for each in self.fate.strokes} & {Blow.KILL, Blow.STEP, Blow.CUT, Blow.OLDER}:
            return []
        query = """SELECT count(*) FROM attempts heard JOIN outcomes USING (delivery, part, epoch) JOIN attempts next
            ON next.channel = heard.channel WHERE kind = 'retry' AND heard.channel = ? AND heard.armed <= ?2
            AND ended >= ?2 AND next.armed > ended AND next.armed < ?3"""
        rests = [(channel, begin * 1e6, (begin + wait - 2) * 1e6) for channel, begin, wait in self.world.rests]
        return [rest[0] for rest in rests if self._rows(query, rest)[0][0]]

    async def shown(self, *words: str) -> Any:
        """Return what a command shows as JSON."""
        return json.loads(await self._told(*words, "--json"))


RESTING = "SELECT name FROM channels WHERE rest > (unixepoch() + 600) * 1000000"


async def until(
    true: Callable[[], object], seconds: float, every: float = 0.2, also: Callable[[], Any] | None = None
) -> bool:
    """Return whether something became so within that time; `also` is done before each look but the first."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        if also is not None:
            await also()
        await asyncio.sleep(every)
    return True
