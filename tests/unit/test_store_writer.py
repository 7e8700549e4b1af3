"""The writer: one commit for all that wait, each failure its own, and plain words when nothing can be written."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.errors import StoreError
from bot.store.connections import connect
from bot.store.writer import CHECKPOINT_AFTER, Writer

#: Seconds for what must come, however busy the machine is.
PATIENCE = 100.0


@pytest.fixture
async def writer(tmp_path: Path) -> AsyncIterator[Writer]:
    opened = Writer(tmp_path / "notes.db", 0.2)
    opened.start()
    await opened.run(lambda connection: connection.exec_driver_sql("CREATE TABLE notes (n INTEGER PRIMARY KEY, body)"))
    yield opened
    await opened.close()


def note(n, body=""):
    def work(connection):
        connection.exec_driver_sql("INSERT INTO notes VALUES (?, ?)", (n, body))
        return n

    return work


def statements(writer):
    """What SQLite ran on the writer's connection from now on."""
    heard: list[str] = []
    writer._raw.set_trace_callback(heard.append)
    return heard


def kept(path):
    with closing(sqlite3.connect(path)) as other:
        return [n for (n,) in other.execute("SELECT n FROM notes ORDER BY n")]


async def together(writer, *works):
    """Let all the works wait behind one that has begun, so that they share the next turn."""
    begun, go = threading.Event(), threading.Event()

    def gate(connection):
        begun.set()
        assert go.wait(PATIENCE)

    first = asyncio.create_task(writer.run(gate))
    await asyncio.to_thread(begun.wait, PATIENCE)
    waiting = [asyncio.create_task(writer.run(work)) for work in works]
    await asyncio.to_thread(lambda: None)
    heard = statements(writer)
    go.set()
    await first
    return await asyncio.gather(*waiting, return_exceptions=True), heard


async def test_what_waits_shares_one_commit(writer, tmp_path):
    answers, heard = await together(writer, *(note(n) for n in range(100)))
    assert answers == list(range(100))
    # One commit ends the turn of the gate, one the turn of all hundred.
    assert heard.count("COMMIT") == 2
    assert heard.count("BEGIN IMMEDIATE") == 1
    assert kept(tmp_path / "notes.db") == list(range(100))


async def test_an_answer_means_that_it_is_committed(writer, tmp_path):
    for n in range(5):
        await writer.run(note(n))
        assert kept(tmp_path / "notes.db") == list(range(n + 1))


async def test_a_failure_takes_back_its_own_work_only(writer, tmp_path):
    def half(connection):
        note(50)(connection)
        raise KeyError("half done")

    answers, heard = await together(writer, note(1), half, note(2), note(1), note(3))
    assert [type(answer).__name__ for answer in answers] == ["int", "KeyError", "int", "NotAllowed", "int"]
    assert heard.count("COMMIT") == 2
    assert kept(tmp_path / "notes.db") == [1, 2, 3]


async def test_a_caller_that_went_away_writes_nothing(writer, tmp_path):
    begun, go = threading.Event(), threading.Event()

    def gate(_):
        begun.set()
        assert go.wait(PATIENCE)

    first = asyncio.create_task(writer.run(gate))
    await asyncio.to_thread(begun.wait, PATIENCE)
    gone = asyncio.create_task(writer.run(note(1)))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait([gone])
    go.set()
    await first
    await writer.run(note(2))
    assert gone.cancelled()
    assert kept(tmp_path / "notes.db") == [2]


async def test_a_full_disk_fails_all_and_recovers(writer, tmp_path):
    await writer.run(note(1))
    pages = await writer.run(lambda c: c.exec_driver_sql("PRAGMA page_count").scalar())
    await writer.run(lambda c: c.exec_driver_sql(f"PRAGMA max_page_count = {pages}").scalar())
    answers, _ = await together(writer, note(2), note(3, "x" * 100_000), note(4))
    # SQLite keeps a transaction alive when a statement meets a full disk, so each answer is its own and is true.
    assert isinstance(answers[1], StoreError)
    assert "disk is full" in str(answers[1])
    assert kept(tmp_path / "notes.db") == [1, *(n for n in (2, 4) if n in answers)]
    await writer.run(lambda c: c.exec_driver_sql("PRAGMA max_page_count = 1000000").scalar())
    await writer.run(note(5, "x" * 100_000))
    assert 5 in kept(tmp_path / "notes.db")


async def test_when_sqlite_gives_up_the_transaction_every_caller_hears_of_it(writer, tmp_path):
    def give_up(connection):
        connection.exec_driver_sql("INSERT OR ROLLBACK INTO notes VALUES (1, 'again')")

    await writer.run(note(1))
    answers, _ = await together(writer, note(2), give_up, note(3))
    assert not any(isinstance(answer, int) for answer in answers)
    assert kept(tmp_path / "notes.db") == [1]
    assert await writer.run(note(4)) == 4


async def test_a_database_that_may_only_be_read(writer, tmp_path):
    writer._raw.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreError, match="cannot be written"):
        await writer.run(note(1))
    writer._raw.execute("PRAGMA query_only = OFF")
    assert await writer.run(note(1)) == 1


async def test_a_locked_database_is_waited_for_then_told(writer, tmp_path):
    with closing(connect(tmp_path / "notes.db", 0)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked"):
            await writer.run(note(1))
        other.execute("ROLLBACK")
    assert await writer.run(note(1)) == 1


async def test_after_a_failing_disk_nothing_more_is_written(writer, tmp_path):
    def failing(connection):
        note(1)(connection)
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
        raise error

    for work in (failing, note(2)):
        with pytest.raises(StoreError, match="disk failed"):
            await writer.run(work)
    assert kept(tmp_path / "notes.db") == []


async def test_the_loop_turns_while_the_writer_waits(writer, tmp_path):
    patient = Writer(tmp_path / "notes.db", PATIENCE)
    patient.start()
    turns = 0
    with closing(connect(tmp_path / "notes.db", 0)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(patient.run(note(1)))
        for _ in range(5):
            await asyncio.sleep(0.001)
            turns += 1
        assert not waiting.done()
        other.execute("ROLLBACK")
    assert await waiting == 1
    assert turns == 5
    await patient.close()


async def test_the_log_is_merged_between_turns_and_only_then(writer, tmp_path):
    def many(connection):
        for n in range(CHECKPOINT_AFTER):
            note(n, "x" * 100)(connection)

    path = tmp_path / "notes.db"
    before = path.stat().st_size
    await writer.run(note(-1, "x" * 50_000))
    assert path.stat().st_size == before
    await writer.run(many)
    await writer.run(note(-2))
    assert path.stat().st_size > before + CHECKPOINT_AFTER * 100
    for own in (writer._raw, writer._side):
        assert own.execute("PRAGMA wal_autocheckpoint").fetchone() == (0,)
        assert own.execute("PRAGMA synchronous").fetchone() == (2,)


async def test_a_checkpoint_holds_the_write_lock(writer, tmp_path):
    heard = statements(writer)
    await writer.run(lambda _: None)
    writer._side.set_trace_callback(heard.append)
    await asyncio.to_thread(writer._checkpoint)
    said = [each for each in heard if not each.startswith("--")]
    assert said[-3:] == ["BEGIN IMMEDIATE", "PRAGMA wal_checkpoint(PASSIVE)", "ROLLBACK"]


async def test_closing_finishes_what_waits_and_joins_the_thread(tmp_path):
    writer = Writer(tmp_path / "notes.db", 1)
    writer.start()
    await writer.run(lambda connection: connection.exec_driver_sql("CREATE TABLE notes (n, body)"))
    waiting = [asyncio.create_task(writer.run(note(n))) for n in range(50)]
    await asyncio.sleep(0)
    await writer.close()
    assert await asyncio.gather(*waiting) == list(range(50))
    assert not writer._thread.is_alive()
    assert [each.name for each in tmp_path.iterdir()] == ["notes.db"]
    with pytest.raises(StoreError, match="closed"):
        await writer.run(note(99))
