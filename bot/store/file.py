"""The database file as the store uses it: one writer, a few readers in threads of their own, and what can be wrong with it."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from bot.errors import StoreError
from bot.ports import Clock
from bot.store import articles, campaigns, channels, rows
from bot.store.connections import connect, reading_engine
from bot.store.failures import told
from bot.store.journal import Journal, journal_of
from bot.store.migrate import copy_to
from bot.store.writer import Writer

P = ParamSpec("P")
T = TypeVar("T")

#: How many reads go on at once.
READERS = 4


class LedgerFile:
    """The file at `path`, which bot.store.migrate has prepared, open until `close`."""

    def __init__(self, path: Path, clock: Clock, patience: float) -> None:
        self.path = path
        self._clock, self._patience = clock, patience
        self._reading = reading_engine(path, patience, READERS)
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="handbill-reader")
        self._journal = Journal(journal_of(path))
        self._writer = Writer(path, patience, self._journal)
        self._watch: sqlite3.Connection | None = None
        self._watching = Lock()
        self._closed = False
        try:
            self._writer.start()
        except Exception as error:
            raise told(error) from error

    async def check(self) -> Sequence[str]:
        """Return what is wrong with the file, in SQLite's words; nothing when it is sound. Reads all of it."""
        try:
            return await self._read(_check)
        except StoreError as error:
            return (error.what,)

    async def require_sound(self) -> None:
        """Raise StoreError when the file is damaged where it matters to all of it; reads the whole file."""
        fault = await self._read(_fault)
        if fault:
            hint = "`handbill restore` puts a backup in place and keeps this file aside"
            raise StoreError(f"the database is damaged: {fault}", where=str(self.path), hint=hint)

    async def trouble(self) -> str:
        """Return what keeps the database from being written, "" when nothing does: something is written to see."""
        try:
            await self._write(_touch)
        except StoreError as error:
            return error.what
        return ""

    async def lost(self) -> StoreError:
        """Return why nothing can be written until a restart, once that is so; until then, wait."""
        return await self._writer.lost()

    async def version(self) -> int:
        """Return a number that is another one after anybody, this process too, has written to the file."""
        return await self._read(self._data_version)

    def _data_version(self, _: Connection) -> int:
        """Ask a connection of its own: each knows only what others wrote since (sqlite.org/pragma.html#pragma_data_version)."""
        try:
            with self._watching:
                if self._watch is None:
                    self._watch = connect(self.path, self._patience, "PRAGMA query_only = ON")
                (version,) = self._watch.execute("PRAGMA data_version").fetchone()
                return int(version)
        except sqlite3.Error as error:
            raise told(error) from error

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
        if self._watch is not None:
            self._watch.close()
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
    return (
        *(f"{row[0]} refers to a missing {row[2]}" for row in orphans),
        *rows.faults(connection),
        *(f"channel {each.where}: {each.what}" for each in channels.damaged(connection)),
        *campaigns.damaged(connection),
        *(f"article {campaign}/{name} is damaged" for campaign, name in articles.damaged(connection)),
    )


def _fault(connection: Connection) -> str:
    found = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
    return "" if found == "ok" else " ".join(found.split())


def _touch(connection: Connection) -> None:
    """Write what is there already: only a commit shows whether there is room and whether the disk takes it."""
    (number,) = connection.exec_driver_sql("PRAGMA user_version").one()
    connection.exec_driver_sql(f"PRAGMA user_version = {number}")
