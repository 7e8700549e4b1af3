"""The ledger when programs die or share it: killed while writing, two at once, a full disk."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bot.domain.delivery import State
from bot.domain.ledger import Change
from bot.domain.outcome import Sent
from bot.errors import NotAllowed, StoreError
from bot.store import open_store
from bot.store.failures import told as explained
from tests.store_samples import HOUR, MINUTE, NOON, SECOND, HandClock, attempt, channel, delivery, receipt

FULL = sqlite3.OperationalError("database or disk is full")
FULL.sqlite_errorcode = sqlite3.SQLITE_FULL

WORKER = """
import asyncio, json, sys
from dataclasses import replace
from pathlib import Path
from bot.domain.delivery import State
from bot.domain.outcome import Sent
from bot.domain.ledger import Change
from bot.store import open_store
from tests.store_samples import MINUTE, NOON, SECOND, HandClock, attempt, channel, delivery, receipt

async def deliver(store, id, n):
    new = delivery(id, channel=sys.argv[2], parts=2, due=NOON + n * SECOND)
    await store.add_deliveries([new], NOON)
    print(json.dumps([id, "scheduled", 0]), flush=True)
    for part in (1, 2):
        await store.arm(new, attempt(new, part), NOON + MINUTE)
        print(json.dumps([id, "sending", part - 1]), flush=True)
        await store.record(replace(attempt(new, part), ended=NOON, outcome=Sent(receipt=receipt(f"{id}-{part}"))))
        print(json.dumps([id, "sending", part]), flush=True)
    await store.move([Change.of(replace(new, state=State.SENDING, epoch=1), State.SENT, "")], NOON)
    print(json.dumps([id, "sent", 2]), flush=True)

async def main():
    store = await open_store(Path(sys.argv[1]), HandClock())
    await store.put_channel(channel(sys.argv[2]))
    most = int(sys.argv[3])
    for start in range(0, most, 5):
        await asyncio.gather(*(deliver(store, f"{sys.argv[2]}-{n:05}", n) for n in range(start, start + 5)))
    await store.close()

asyncio.run(main())
"""


def worker(path, name, most):
    command = [sys.executable, "-c", WORKER, str(path), name, str(most)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


async def held_to(store, told):
    """What a program was told is durable must be there; more may be, as it may have died before it said so."""
    order = ("scheduled", "sending", "sent")
    for each, (state, receipts) in told.items():
        found = await store.delivery(each)
        assert order.index(found.state.value) >= order.index(state)
        assert len(found.receipts) >= receipts
        assert [number for number, _ in found.receipts] == list(range(1, len(found.receipts) + 1))
        assert len(await store.attempts(each)) >= len(found.receipts)
        assert (await store.history(each))[-1][1] is found.state


@pytest.mark.parametrize("lines", [1, 20, 61, 150])
async def test_a_program_killed_while_writing_loses_nothing_it_was_promised(tmp_path, lines):
    path = tmp_path / "handbill.db"
    child = worker(path, "x", 100_000)
    told = {}
    for _ in range(lines):
        each, state, receipts = json.loads(child.stdout.readline())
        told[each] = (state, receipts)
    child.send_signal(signal.SIGKILL)
    child.communicate(timeout=100)
    store = await open_store(path, HandClock())
    assert await store.check() == ()
    await held_to(store, told)
    for each in await store.overdue_leases(NOON + HOUR):
        await store.move([Change.of(each, State.UNCERTAIN, "the bot stopped while it was being sent")], NOON)
    assert await store.overdue_leases(NOON + HOUR) == ()
    await store.close()


async def test_two_programs_write_one_ledger(tmp_path):
    path = tmp_path / "handbill.db"
    store = await open_store(path, HandClock())
    await store.put_channel(channel("own"))
    child = worker(path, "x", 60)
    for n in range(60):
        await store.add_deliveries([delivery(f"own-{n}", channel="own", due=NOON + n * SECOND)], NOON)
    told, _ = await asyncio.to_thread(child.communicate, timeout=300)
    assert child.returncode == 0
    assert [each.state for each in await store.deliveries(channel="x")] == [State.SENT] * 60
    assert len(await store.deliveries(channel="own")) == 60
    await held_to(store, {each: (state, receipts) for each, state, receipts in map(json.loads, told.splitlines())})
    assert await store.check() == ()
    await store.close()


async def test_two_programs_never_arm_one_delivery(tmp_path):
    path = tmp_path / "handbill.db"
    one, two = await open_store(path, HandClock()), await open_store(path, HandClock())
    await one.put_channel(channel("x"))
    rows = [delivery(f"a{n}", due=NOON + n * SECOND) for n in range(50)]
    await one.add_deliveries(rows, NOON)
    calls = [store.arm(each, attempt(each), NOON + MINUTE) for each in rows for store in (one, two)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    for mine, theirs in zip(answers[::2], answers[1::2], strict=True):
        assert isinstance(mine, NotAllowed) is not isinstance(theirs, NotAllowed)
    for each in rows:
        assert len(await two.attempts(each.id)) == 1
    await one.close()
    await two.close()


async def test_on_a_full_disk_nothing_is_armed_and_reading_goes_on(tmp_path):
    store = await open_store(tmp_path / "handbill.db", HandClock())
    await store.put_channel(channel("x"))
    await store.add_deliveries([delivery()], NOON)
    read = await store.delivery("a1")
    writer = store._writer
    pages = await writer.run(lambda c: c.exec_driver_sql("PRAGMA page_count").scalar())
    await writer.run(lambda c: c.exec_driver_sql(f"PRAGMA max_page_count = {pages}").scalar())
    long = "A very long evening in the library. " * 400
    rows = [delivery(f"f{n}", f"{n} {long}", due=None) for n in range(200)]
    answers = await asyncio.gather(*(store.add_deliveries([row], NOON) for row in rows), return_exceptions=True)
    assert {str(each) for each in answers if isinstance(each, Exception)} == {str(explained(FULL))}
    assert len(await store.deliveries()) == 1 + sum(not isinstance(each, Exception) for each in answers)
    with pytest.raises(StoreError, match="disk is full"):
        await store.add_deliveries([delivery("z", long, due=None)], NOON)
    assert await store.delivery("a1") == read
    await writer.run(lambda c: c.exec_driver_sql("PRAGMA max_page_count = 1000000").scalar())
    await store.arm(read, attempt(read), NOON + MINUTE)
    await store.record(replace(attempt(read), ended=NOON, outcome=Sent(receipt=receipt())))
    assert await store.check() == ()
    await store.close()


async def test_a_long_reader_does_not_stop_the_writer(tmp_path):
    store = await open_store(tmp_path / "handbill.db", HandClock())
    await store.put_channel(channel("x"))
    with closing(sqlite3.connect(tmp_path / "handbill.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        before = reader.execute("SELECT count(*) FROM deliveries").fetchone()
        rows = [delivery(f"a{n}", due=NOON + n * SECOND) for n in range(3000)]
        await store.add_deliveries(rows, NOON)
        await store.add_deliveries([delivery("last", due=None)], NOON)
        assert reader.execute("SELECT count(*) FROM deliveries").fetchone() == before
        assert len(await store.deliveries()) == 3001
    await store.close()


@contextmanager
def as_nobody():
    """Give up root's right to write everywhere, where the tests have it."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="rights of files are another matter on this system")
async def test_a_file_that_may_not_be_written_can_be_read():
    with TemporaryDirectory() as folder:
        path = Path(folder) / "handbill.db"
        store = await open_store(path, HandClock())
        await store.put_channel(channel("x"))
        await store.close()
        path.chmod(0o444)
        Path(folder).chmod(0o777)
        with as_nobody():
            store = await open_store(path, HandClock())
            with pytest.raises(StoreError, match="cannot be written"):
                await store.add_deliveries([delivery()], NOON)
            assert await store.channels() == (channel("x"),)
            await store.close()
