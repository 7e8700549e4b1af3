"""SqlStore: the ports Store and Witness on one SQLite file.

Each method names the function that does it (one file per noun) and who runs it: the one writer, or a reader in a
thread of its own. The event loop never waits on the database.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from bot.domain.article import Article
from bot.domain.campaign import Campaign
from bot.domain.channel import Channel
from bot.domain.delivery import Attempt, Delivery, PublishKey, State
from bot.domain.directory import Directory
from bot.domain.finding import Earlier
from bot.domain.ledger import Act, Change, Entry, Hold
from bot.domain.outcome import Receipt
from bot.domain.pacing import Quota
from bot.domain.plan import Plan
from bot.errors import StoreError
from bot.ports import Clock, Problem, Sighting
from bot.store import articles, attempts, audit, campaigns, channels, deliveries, overrides, readers, witness
from bot.store.connections import reading_engine
from bot.store.failures import told
from bot.store.migrate import copy_to
from bot.store.writer import Writer

P = ParamSpec("P")
T = TypeVar("T")

#: How many reads go on at once.
READERS = 4


class SqlStore:
    """The ledger and the archive in the file at `path`, which bot.store.migrate has prepared."""

    def __init__(self, path: Path, clock: Clock, patience: float) -> None:
        self.path = path
        self._clock, self._patience = clock, patience
        self._reading = reading_engine(path, patience, READERS)
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="handbill-reader")
        self._writer = Writer(path, patience)
        self._closed = False
        try:
            self._writer.start()
        except Exception as error:
            raise told(error) from error

    # campaigns, articles, problems

    async def put_campaigns(self, campaigns_: Sequence[Campaign]) -> None:
        """Keep campaigns, each in place of the one of its name."""
        await self._write(campaigns.put, campaigns_)

    async def campaign(self, name: str) -> Campaign:
        """Return a campaign, a plain one for a name that is not known."""
        return await self._read(campaigns.get, name)

    async def put_article(self, article: Article, seen: datetime) -> None:
        """Keep an article in place of its former edition."""
        await self._write(articles.put, article, seen)

    async def article(self, campaign: str, name: str) -> Article:
        """Return an article; raises NotFound."""
        return await self._read(articles.get, campaign, name)

    async def editions(self) -> Mapping[tuple[str, str], str]:
        """Return the digest of each article by (campaign, name)."""
        return await self._read(articles.editions)

    async def put_problems(self, source: str, problems: Sequence[Problem]) -> None:
        """Keep these as all the problems that a source has."""
        await self._write(campaigns.put_problems, source, problems)

    async def problems(self) -> Sequence[Problem]:
        """Return the problems of all sources."""
        return await self._read(campaigns.problems)

    async def put_override(self, campaign: str, article: str, channel: str, text: str, act: Act | None = None) -> None:
        """Keep a manager's words for an article on a channel, "" clears them; raises NotFound for an unknown channel."""
        await self._write(audit.noted(overrides.put, self._clock.now(), act), campaign, article, channel, text)

    async def overrides(self, campaign: str = "", article: str = "") -> Mapping[tuple[str, str, str], str]:
        """Return managers' words by (campaign, article, channel)."""
        return await self._read(overrides.every, campaign, article)

    async def put_directory(self, directory: Directory) -> None:
        """Keep the directory in place of the former one."""
        await self._write(overrides.put_directory, directory)

    async def directory(self) -> Directory:
        """Return the directory, an empty one when there is none."""
        return await self._read(overrides.directory)

    # channels and plans

    async def put_channel(self, channel: Channel) -> None:
        """Keep a channel; one that is paused stays so."""
        await self._write(channels.put, channel)

    async def channels(self) -> Sequence[Channel]:
        """Return all channels by name."""
        return await self._read(channels.every)

    async def pause_channel(self, name: str, why: str) -> None:
        """Pause a channel; an empty reason lets it go on. Raises NotFound."""
        await self._write(channels.pause, name, why)

    async def rest_channel(self, name: str, until: datetime) -> None:
        """Leave a channel alone until that moment; raises NotFound."""
        await self._write(channels.rest, name, until)

    async def put_plan(self, channel: str, plan: Plan | None, act: Act | None = None) -> None:
        """Keep a channel's plan, None clears it; raises NotFound."""
        await self._write(audit.noted(channels.put_plan, self._clock.now(), act), channel, plan)

    async def plans(self) -> Mapping[str, Plan]:
        """Return the plans by channel."""
        return await self._read(channels.plans)

    async def set_hold(self, hold: Hold, act: Act | None = None) -> None:
        """Stop or release all posting."""
        await self._write(audit.noted(channels.set_hold, self._clock.now(), act), hold)

    async def hold(self) -> Hold:
        """Return whether all posting is stopped."""
        return await self._read(channels.hold)

    # deliveries

    async def add_deliveries(self, new: Sequence[Delivery], at: datetime) -> Sequence[Delivery]:
        """Add deliveries and return those that were new; raises NotAllowed when a slot is taken."""
        return await self._write(deliveries.add, new, at)

    async def replace_post(self, delivery: Delivery, at: datetime) -> None:
        """Give an unsent delivery a new post and send it back to held; raises NotAllowed."""
        await self._write(deliveries.replace_post, delivery, at)

    async def delivery(self, id: str) -> Delivery:
        """Return a delivery by its id or any unambiguous beginning of it; raises NotFound."""
        return await self._read(deliveries.get, id)

    async def deliveries(
        self, *, campaign: str = "", article: str = "", channel: str = "", states: Sequence[State] = (), limit: int = 0
    ) -> Sequence[Delivery]:
        """Return the deliveries that match all that is given, by due, then id."""
        return await self._read(deliveries.every, campaign, article, channel, states, limit)

    async def moved(self, states: Sequence[State], limit: int) -> Sequence[Delivery]:
        """Return the deliveries in these states that moved last, the latest first."""
        return await self._read(deliveries.moved, states, limit)

    async def tally(self) -> Mapping[State, int]:
        """Return how many deliveries there are in each state that has any."""
        return await self._read(deliveries.tally)

    async def said(self, platform: str, since: datetime) -> Sequence[Earlier]:
        """Return what a platform was or will be told in slots at or after `since`, the latest first."""
        return await self._read(deliveries.said, platform, since)

    async def taken_slots(self, channel: str, since: datetime) -> Sequence[datetime]:
        """Return the slots of a channel at or after `since` that are taken, in order."""
        return await self._read(deliveries.taken_slots, channel, since)

    async def due(self, now: datetime, busy: Sequence[str]) -> Sequence[Delivery]:
        """Return the first due delivery of each channel that is free."""
        return await self._read(deliveries.due, now, busy)

    async def next_due(self) -> datetime | None:
        """Return when `due` may next have something to give."""
        return await self._read(deliveries.next_due)

    async def move(self, changes: Sequence[Change], at: datetime, acts: Sequence[Act] = ()) -> None:
        """Make all the moves or none; raises NotAllowed."""
        await self._write(audit.noted(deliveries.move, at, *acts), changes, at)

    async def reschedule(
        self, delivery: Delivery, due: datetime | None, why: str, at: datetime, act: Act | None = None
    ) -> None:
        """Change when a delivery is due, None parks it; raises NotAllowed."""
        await self._write(audit.noted(deliveries.reschedule, at, act), delivery, due, why, at)

    async def arm(self, delivery: Delivery, attempt: Attempt, lease: datetime) -> PublishKey:
        """Claim a delivery and write down the attempt, before anything is sent; raises NotAllowed."""
        return await self._write(attempts.arm, delivery, attempt, lease)

    async def record(self, attempt: Attempt) -> None:
        """Write down what came of an attempt; raises NotFound for one that was never armed."""
        await self._write(attempts.record, attempt)

    async def receipt(self, delivery: str, part: int, receipt: Receipt, act: Act | None = None) -> None:
        """Keep the proof that a part is published; the first proof stays."""
        await self._write(audit.noted(attempts.receipt, self._clock.now(), act), delivery, part, receipt)

    async def armed(self, channel: str, count: int) -> Sequence[datetime]:
        """Return when the last attempts on a channel were armed, the latest first."""
        return await self._read(attempts.armed, channel, count)

    async def spent(self, channel: str, since: datetime) -> int:
        """Return what a channel's attempts since then cost, in millionths."""
        return await self._read(attempts.spent, channel, since)

    async def quota(self, channel: str) -> tuple[Quota, datetime] | None:
        """Return what a platform last said of a channel's quota, and when."""
        return await self._read(channels.quota, channel)

    async def attempts(self, delivery: str) -> Sequence[Attempt]:
        """Return a delivery's attempts, the oldest first."""
        return await self._read(attempts.every, delivery)

    async def history(self, delivery: str) -> Sequence[tuple[datetime, State, str]]:
        """Return a delivery's moves with their reasons, the oldest first."""
        return await self._read(deliveries.history, delivery)

    async def overdue_leases(self, now: datetime) -> Sequence[Delivery]:
        """Return what is in sending although its lease has run out."""
        return await self._read(deliveries.overdue_leases, now)

    # the audit log

    async def note(self, act: Act, at: datetime) -> None:
        """Keep an act that changes nothing else."""
        await self._write(audit.note, act, at)

    async def acts(self, after: int = 0, limit: int = 0) -> Sequence[Entry]:
        """Return the audit log behind entry `after`, in order."""
        return await self._read(audit.every, after, limit)

    # readers

    async def latest(self, n: int, language: str = "") -> Sequence[Article]:
        """Return the articles published last, newest first."""
        return await self._read(readers.latest, n, language)

    async def search(self, words: str, n: int) -> Sequence[Article]:
        """Return the published articles that these words find, best first."""
        return await self._read(readers.search, words, n)

    # the witness

    async def saw(self, sighting: Sighting) -> None:
        """Remember a message that came back."""
        await self._write(witness.saw, sighting, self._clock.now())

    async def sightings(self, channel: str, since: datetime) -> Sequence[Sighting]:
        """Return what came back on a channel at or after `since`."""
        return await self._read(witness.sightings, channel, since)

    async def caught_up(self, channel: str, at: datetime) -> None:
        """Note that nothing was left to hear at that moment."""
        await self._write(witness.caught_up, channel, at)

    async def heard_until(self, channel: str) -> datetime | None:
        """Return the last moment at which nothing was left to hear."""
        return await self._read(witness.heard_until, channel)

    # the file

    async def check(self) -> Sequence[str]:
        """Return what is wrong with the file, in SQLite's words; nothing when it is sound. Reads all of it."""
        try:
            return await self._read(_check)
        except StoreError as error:
            return (error.what,)

    async def backup(self, copy: Path) -> None:
        """Copy the database, in use as it is, to a file that must not exist yet; raises StoreError."""
        try:
            await asyncio.to_thread(copy_to, self.path, copy, self._patience)
        except OSError as error:
            raise StoreError(f"the copy cannot be written: {error.strerror}", where=str(copy)) from error
        except Exception as error:
            raise told(error) from error

    async def close(self) -> None:
        """Finish what is under way, then let go of the file and the threads."""
        self._closed = True
        await asyncio.to_thread(self._threads.shutdown)
        self._reading.dispose()
        await self._writer.close()

    async def _read(self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        def look() -> T:
            with self._reading.connect() as connection:
                return query(connection, *args, **kwargs)

        if self._closed:
            raise StoreError("the database is closed")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, look)
        except DBAPIError as error:
            raise told(error) from error

    async def _write(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._writer.run(lambda connection: work(connection, *args, **kwargs))


def _check(connection: Connection) -> Sequence[str]:
    faults = tuple(str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check(20)"))
    if faults != ("ok",):
        return faults
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check")
    return tuple(f"{row[0]} refers to a missing {row[2]}" for row in orphans)
