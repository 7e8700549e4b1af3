"""What goes wrong below the store: damaged rows, files that vanish, a disk that fails, a lock that somebody keeps."""

import asyncio
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from functools import partial

import pytest
from structlog.testing import capture_logs

from bot.domain.delivery import State
from bot.errors import StoreError, StoreTooNew
from bot.store import open_store
from bot.store.journal import journal_of
from bot.store.migrate import known
from tests.processes import environment
from tests.store_samples import HOUR, MINUTE, NOON, SECOND, HandClock, article, attempt, channel, delivery


@pytest.fixture
async def path(tmp_path):
    """A database with two channels, two deliveries waiting on each."""
    made = tmp_path / "handbill.db"
    store = await open_store(made, HandClock())
    await store.put_article(article(), NOON)
    for name in ("x", "y"):
        await store.put_channel(channel(name))
        rows = [delivery(f"{name}{n}", f"{name} words {n}", name, due=NOON + n * SECOND) for n in (1, 2)]
        await store.add_deliveries(rows, NOON)
    await store.close()
    return made


def damage(path, sql, *values):
    """Change what is written behind the store's back, as a failing disk does: no guard sees it."""
    with closing(sqlite3.connect(path)) as raw, raw:
        triggers = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute(sql, values)
        for _, create in triggers:
            raw.execute(create)


HARM = {
    "no JSON": ("UPDATE posts SET post = '{' WHERE delivery = 'x1'",),
    "one letter": ("UPDATE posts SET post = replace(post, 'words', 'swords') WHERE delivery = 'x1'",),
    "no UTF-8": ("UPDATE posts SET excerpt = CAST(? AS TEXT) WHERE delivery = 'x1'", b"\xff\xfe{}"),
    "checksum": ("UPDATE posts SET checksum = checksum + 1 WHERE delivery = 'x1'",),
}


@pytest.mark.parametrize("harm", HARM)
async def test_a_damaged_row_hides_no_other_and_is_parked(path, harm):
    damage(path, *HARM[harm])
    store = await open_store(path, HandClock())
    assert [each.id for each in await store.deliveries()] == ["y1", "x2", "y2"]
    assert [each.id for each in await store.deliveries(channel="x", limit=5)] == ["x2"]
    assert [each.id for each in (await store.ready(NOON + MINUTE, ())).deliveries] == ["y1", "x2"]
    assert (await store.tally())[State.HELD] == 1
    with pytest.raises(StoreError, match="delivery x1 is damaged"):
        await store.delivery("x1")
    assert (await store.history("x1"))[-1][1] is State.HELD
    assert "cannot be read" in (await store.history("x1"))[-1][2]
    assert [each.delivery for each in await store.said(channel("x").platform, NOON)] == ["x2"]
    (fault,) = await store.check()
    assert "delivery x1 is damaged" in fault
    assert await store.next_due() == NOON + SECOND
    await store.close()


async def test_a_damaged_row_in_sending_hides_no_other(path):
    store = await open_store(path, HandClock())
    for each in ("x1", "y1"):
        of = await store.delivery(each)
        await store.arm(of, attempt(of), NOON + MINUTE)
    await store.close()
    damage(path, *HARM["no JSON"])
    store = await open_store(path, HandClock())
    assert [each.id for each in await store.overdue_leases(NOON + HOUR)] == ["y1"]
    await store.close()


async def test_damage_is_told_once(path):
    damage(path, "UPDATE deliveries SET id = 'y9' WHERE id = 'y2'")
    damage(path, "UPDATE posts SET delivery = 'y9', post = '{' WHERE delivery = 'y2'")
    store = await open_store(path, HandClock())
    with capture_logs() as logs:
        for _ in range(3):
            await store.deliveries()
    await store.close()
    assert [(each["event"], each["delivery"]) for each in logs] == [("damaged", "y9")]


async def begun(path):
    store = await open_store(path, HandClock())
    await store.put_channel(channel("z"))
    return store


async def refused_for_good(store, match):
    """Nothing is armed any more, and whoever waits for it hears why."""
    lost = asyncio.create_task(store.lost())
    await asyncio.sleep(0)
    of = await store.delivery("x1")
    for _ in range(2):
        with pytest.raises(StoreError, match=match):
            await store.arm(of, attempt(of), NOON + MINUTE)
    assert match in (await asyncio.wait_for(lost, 100)).what
    assert match in (await asyncio.wait_for(store.lost(), 100)).what
    assert match in await store.trouble()
    await store.close()


async def test_a_log_that_is_deleted_while_it_is_written_stops_all_writing(path):
    store = await begun(path)
    path.with_name(f"{path.name}-wal").unlink()
    await refused_for_good(store, "removed or exchanged")


async def test_a_copy_that_is_moved_over_the_database_stops_all_writing(path, tmp_path):
    store = await begun(path)
    shutil.copy(path, tmp_path / "copy.db")
    (tmp_path / "copy.db").replace(path)
    await refused_for_good(store, "removed or exchanged")


async def test_an_upgrade_by_a_newer_program_stops_the_older_one(path):
    store = await begun(path)
    with closing(sqlite3.connect(path)) as newer, newer:
        newer.execute("CREATE TABLE more (n)")
    await store.put_channel(channel("z"))  # a table more, the same revision
    with closing(sqlite3.connect(path)) as newer, newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
        newer.execute("CREATE TABLE still_more (n)")
    with pytest.raises(StoreTooNew):
        await store.put_channel(channel("z"))
    await refused_for_good(store, "newer Handbill has upgraded")
    with pytest.raises(StoreTooNew, match=known()[-1]):
        await open_store(path, HandClock())


async def test_a_failed_flush_stops_all_writing(path):
    store = await begun(path)

    def failing(_):
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
        raise error

    with pytest.raises(StoreError, match="disk failed"):
        await store._write(failing)
    await refused_for_good(store, "disk failed")


async def test_a_journal_that_cannot_be_confirmed_stops_all_writing(path):
    """The attempt is committed, and its caller must not send: nobody could tell from the journal."""
    store = await begun(path)

    def failing():
        raise OSError(5, "Input/output error")

    store._journal.confirm = failing
    await refused_for_good(store, "disk failed")


async def test_a_lock_that_another_program_keeps_is_told_and_waited_out(path):
    store = await open_store(path, HandClock(), patience=0.05)
    of = await store.delivery("x1")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(3):
            with pytest.raises(StoreError, match="another program keeps the database locked"):
                await store.arm(of, attempt(of), NOON + MINUTE)
        assert await store.trouble() == "another program keeps the database locked"
        assert await store.delivery("x1") == of, "reading goes on"
        other.execute("ROLLBACK")
    assert await store.trouble() == ""
    await store.arm(of, attempt(of), NOON + MINUTE)
    assert journal_of(path).read_bytes().count(b"\n+") == 0
    await store.close()


ARMS = """
import asyncio, resource, sys
from pathlib import Path
from bot.errors import StoreError
from bot.store import open_store
from tests.store_samples import MINUTE, NOON, HandClock, attempt

async def main():
    store = await open_store(Path(sys.argv[1]), HandClock())
    of = await store.delivery("x1")
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    try:
        await store.arm(of, attempt(of), NOON + MINUTE)
        print("armed")
    except StoreError as error:
        print(error.what)
    print(await store.trouble())
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.getrlimit(resource.RLIMIT_FSIZE)[1],) * 2)
    await store.close()

asyncio.run(main())
"""


async def test_a_real_disk_that_refuses_to_write_arms_nothing(path):
    done = await asyncio.to_thread(
        partial(subprocess.run, [sys.executable, "-c", ARMS, str(path)], capture_output=True, text=True, timeout=300,
                env=environment(), check=False)
    )  # fmt: skip
    assert done.stdout.splitlines() == ["the disk failed while the database was used"] * 2, done
    store = await open_store(path, HandClock())
    assert (await store.delivery("x1")).state is State.SCHEDULED
    assert await store.attempts("x1") == ()
    assert await store.check() == ()
    await store.close()


async def faults_of(path):
    """What is said of a database when it is opened, or when it is checked."""
    try:
        store = await open_store(path, HandClock())
    except StoreError as error:
        return [error.what]
    faults = await store.check()
    await store.close()
    return faults


@pytest.mark.parametrize("cut", [100, 4096, 4096 * 20])
async def test_a_database_that_was_cut_short_is_told(path, cut):
    with path.open("r+b") as file:
        file.truncate(cut)
    assert await faults_of(path)


async def test_every_flipped_bit_in_what_is_said_is_noticed(path):
    """Whatever bit of a post's page flips: it is told, or the post is whole; never is something else sent."""
    store = await open_store(path, HandClock())
    whole = await store.delivery("x1")
    await store.close()
    image = path.read_bytes()
    at = image.index(b"x words 1")
    for offset in range(at, at + 9):
        path.write_bytes(image[:offset] + bytes([image[offset] ^ 1]) + image[offset + 1 :])
        store = await open_store(path, HandClock())
        found = {each.id: each for each in await store.deliveries()}.get("x1")
        assert found == whole or any("x1" in fault for fault in await store.check())
        assert found in (whole, None)
        await store.close()
