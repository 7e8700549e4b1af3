"""The one thread that writes: whatever waits shares one transaction and one fsync.

Each turn takes all functions that wait, runs them, commits once, and then resolves their futures: a caller that got its
answer knows that it is durable. When a function fails, all are taken back and each is run once more inside a SAVEPOINT of
its own, so that it takes back its own work only; a commit that fails fails them all. So a function may run twice, and does
nothing but write to the database and its journal.

SQLite before 3.51.3 can corrupt a database when one connection checkpoints while another begins the log anew
(sqlite.org/wal.html, "WAL-reset bug"). So nothing checkpoints by itself; the writer does it between turns on a second
connection while it holds the write lock, and then no other connection, of this or another program, can be writing.
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from sqlalchemy.engine import Connection

from bot.errors import StoreError, StoreTooNew
from bot.store.connections import connect, writing_engine
from bot.store.failures import FATAL, code_of, told
from bot.store.journal import Journal

T = TypeVar("T")

#: How many functions share a transaction at most, so that none waits long for its answer.
LARGEST_TURN = 1000
#: Checkpoint after about this many changed rows (a few thousand pages), so that the log stays short.
CHECKPOINT_AFTER = 4000


@dataclass(slots=True, eq=False)
class Job:
    """A function that waits to write, and what came of it."""

    work: Callable[[Connection], Any]
    future: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None


class Exchanged(StoreError):
    """The files that are open are no longer those that have the database's name."""


class Moved(StoreTooNew):
    """The database has another revision than when it was opened."""


class Writer:
    """Runs functions that write, in the order in which they came. Opened by `start`, which raises sqlite3.Error."""

    def __init__(self, path: Path, patience: float, journal: Journal | None = None) -> None:
        self._path, self._patience = path, patience
        self._journal = journal
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._thread = Thread(target=self._live, name="handbill-writer", daemon=True)
        self._closed = False
        self._broken: StoreError | None = None
        self._mourners: list[asyncio.Future[None]] = []
        self._checkpointed = 0
        self._files: tuple[os.stat_result, ...] = ()
        self._schema = ("", 0)

    def start(self) -> None:
        """Open the connections and begin to work."""
        self._side = connect(self._path, self._patience)
        self._connection = writing_engine(self._path, self._patience).connect()
        raw = self._connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        self._raw = raw
        self._thread.start()

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Return what `work` returned, once it is durable; raises what it raised, or StoreError."""
        if self._closed:
            raise StoreError("the database is closed")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.put(Job(work, future))
        return await future

    async def lost(self) -> StoreError:
        """Return why nothing can be written until a restart, once that is so."""
        end = asyncio.get_running_loop().create_future()
        self._mourners.append(end)
        if self._broken is None:
            await end
        assert self._broken is not None
        return self._broken

    async def close(self) -> None:
        """Finish what waits, then close; the log is merged into the database when nobody else has it open."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _live(self) -> None:
        while turn := self._waiting():
            self._take(turn)
            self._answer(turn)
            if self._raw.total_changes - self._checkpointed >= CHECKPOINT_AFTER:
                self._checkpoint()
        self._side.close()
        self._connection.close()
        if self._journal:
            self._journal.close()

    def _waiting(self) -> list[Job]:
        """Wait for a job and return it with all that wait behind it; none at all means the end."""
        first = self._jobs.get()
        turn = [first] if first else []
        with suppress(Empty):
            while turn and len(turn) < LARGEST_TURN:
                job = self._jobs.get_nowait()
                if job is None:
                    self._jobs.put(None)
                    break
                turn.append(job)
        return turn

    def _take(self, turn: Sequence[Job]) -> None:
        """Run a turn's functions and commit; when that fails, all of them fail."""
        try:
            if self._broken:
                raise self._broken
            self._refuse_other_files()
            self._begin()
            if not self._run_all(turn):
                self._begin()
                for job in turn:
                    self._run_one(job)
            self._raw.execute("COMMIT")
            if self._journal:
                self._journal.confirm()
        except Exception as error:  # noqa: BLE001 - whatever it is, each caller is told
            if self._journal:
                self._journal.forget()
            with suppress(sqlite3.Error):
                self._raw.execute("ROLLBACK")
            self._mind(error)
            for job in turn:
                job.error = told(error)

    def _begin(self) -> None:
        self._raw.execute("BEGIN IMMEDIATE")
        self._refuse_other_schema()

    def _refuse_other_files(self) -> None:
        """What is written to a log or a database that was removed or exchanged meanwhile would be lost at the end."""
        if self._files:
            try:
                same = all(map(os.path.samestat, self._files, self._present_files()))
            except FileNotFoundError:
                same = False
            if not same:
                raise Exchanged(
                    "the database was removed or exchanged while it was in use",
                    where=str(self._path),
                    hint="start Handbill again; it asks the platforms what was sent",
                )

    def _refuse_other_schema(self) -> None:
        """Another program may have brought the database to a revision that this one does not know."""
        (number,) = self._raw.execute("PRAGMA schema_version").fetchone()
        if number != self._schema[1]:
            revision = revision_in(self._raw)
            if self._schema[1] and revision != self._schema[0]:
                raise Moved(
                    f"a newer Handbill has upgraded the database (to revision {revision}) while this one ran",
                    where=str(self._path),
                    hint="start Handbill again, in its new version",
                )
            self._schema = (revision, number)
        if not self._files:
            # The log is there for sure while a transaction is open, and nobody removes it as long as we are connected.
            with suppress(FileNotFoundError):
                self._files = tuple(self._present_files())

    def _present_files(self) -> list[os.stat_result]:
        return [os.stat(self._path), os.stat(f"{self._path}-wal")]  # noqa: PTH116 - at every turn, and pathlib takes twice as long

    def _run_all(self, turn: Sequence[Job]) -> bool:
        """Run a turn's functions as if none could fail; when one does, take all of their work back and tell so."""
        try:
            for job in turn:
                if not job.future.cancelled():
                    job.result = job.work(self._connection)
        except Exception as error:
            if not self._raw.in_transaction or code_of(error) in FATAL:
                raise
            self._raw.execute("ROLLBACK")
            if self._journal:
                self._journal.forget()
            return False
        return True

    def _run_one(self, job: Job) -> None:
        """Run one function; its failure is its own unless SQLite gave up the whole transaction (a full disk)."""
        if job.future.cancelled():
            return
        self._raw.execute("SAVEPOINT one")
        try:
            job.result = job.work(self._connection)
        except Exception as error:
            if not self._raw.in_transaction or code_of(error) in FATAL:
                raise
            self._raw.execute("ROLLBACK TO one")
            job.error = told(error)
        self._raw.execute("RELEASE one")

    def _mind(self, error: Exception) -> None:
        """After a failed fsync pages may be lost that a second one would call safe: write nothing more."""
        if code_of(error) in FATAL or isinstance(error, OSError | Exchanged | Moved):
            meant = told(error)
            self._broken = meant if isinstance(meant, StoreError) else None
        for end in self._mourners if self._broken else ():
            with suppress(RuntimeError):
                end.get_loop().call_soon_threadsafe(_end, end)

    def _answer(self, turn: Sequence[Job]) -> None:
        """Resolve the futures, with one call for each event loop; a loop that is gone wants no answer."""
        loops: dict[asyncio.AbstractEventLoop, list[Job]] = {}
        for job in turn:
            loops.setdefault(job.future.get_loop(), []).append(job)
        for loop, jobs in loops.items():
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(_resolve, jobs)

    def _checkpoint(self) -> None:
        """Copy the log into the database as far as readers allow; what cannot be done now is done another time."""
        self._checkpointed = self._raw.total_changes
        with suppress(sqlite3.Error):
            self._raw.execute("BEGIN IMMEDIATE")
            try:
                self._side.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            finally:
                self._raw.execute("ROLLBACK")


def revision_in(raw: sqlite3.Connection) -> str:
    """Return the revision of a database that is open, "" when it has none."""
    if not raw.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
        return ""
    row = raw.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else ""


def _end(end: asyncio.Future[None]) -> None:
    if not end.done():
        end.set_result(None)


def _resolve(jobs: Sequence[Job]) -> None:
    for job in jobs:
        if job.future.done():
            continue
        if job.error is None:
            job.future.set_result(job.result)
        else:
            job.future.set_exception(job.error)
