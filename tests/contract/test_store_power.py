"""The power fails under a disk that had said too much: the end of SQLite's log is gone, the journal tells what was armed.

On an honest disk nothing of that is lost, since each commit is flushed. Here the log is cut at every frame, as if the disk
had kept no more of it; nothing that was armed may then wait to be sent as if nothing had happened.
"""

import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.delivery import State
from bot.domain.ledger import Change
from bot.domain.outcome import Retry, Sent
from bot.store import open_store
from bot.store.journal import journal_of
from tests.store_samples import HOUR, MINUTE, NOON, SECOND, HandClock, attempt, channel, delivery, receipt

HEAD, FRAME_HEAD = 32, 24  # bytes (sqlite.org/fileformat2.html, "The Write-Ahead Log")
DOUBTED = (State.UNCERTAIN, State.SENDING, State.SENT)


def late():
    return delivery("z4", "words of z4", "x", due=NOON + 9 * SECOND)


async def armed(store, of, outcome, to=None, **more):
    await store.arm(of, attempt(of), NOON + MINUTE)
    if outcome is not None:
        done = replace(attempt(of), ended=NOON, outcome=outcome)
        standing = replace(of, state=State.SENDING, epoch=1)
        await store.record(done, Change.of(standing, to, "", **more) if to else None)


@pytest.fixture
async def moment(tmp_path):
    """What lies on the disk of a bot that has sent, not sent, not heard of, and taken in what it sent at once."""
    folder = tmp_path / "now"
    folder.mkdir()
    path = folder / "handbill.db"
    store = await open_store(path, HandClock())
    await store.put_channel(channel("x"))
    rows = [delivery(each, f"words of {each}", "x", due=NOON + n * SECOND) for n, each in enumerate(("a1", "b2", "c3"))]
    await store.add_deliveries(rows, NOON)
    await store.close()
    store = await open_store(path, HandClock())
    await armed(store, await store.delivery("a1"), Sent(receipt=receipt("a1")), State.SENT)
    await armed(store, await store.delivery("b2"), Retry(why="busy"), State.RETRYING, due=NOON + HOUR)
    await armed(store, await store.delivery("c3"), None)
    await store.add_deliveries([late()], NOON)
    await armed(store, await store.delivery("z4"), None)
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*-shm"))
    await store.close()
    return copy


def cuts(folder):
    """Return the log's length after each of its frames."""
    log = (folder / "handbill.db-wal").read_bytes()
    frame = FRAME_HEAD + int.from_bytes(log[8:12], "big")
    assert (len(log) - HEAD) % frame == 0
    return [0, *range(HEAD, len(log) + 1, frame)]


async def judged(path: Path):
    """Open what is left; return the state of each delivery, once what is found again was taken in again."""
    store = await open_store(path, HandClock(at=NOON + HOUR))
    assert await store.check() == ()
    await store.add_deliveries([late()], NOON + HOUR)
    found = {each.id: each for each in await store.deliveries()}
    for each in found.values():
        tries = await store.attempts(each.id)
        assert tries, f"{each.id} is {each.state}, and nobody knows that it was armed"
        told = isinstance(tries[-1].outcome, Retry)
        assert each.state in DOUBTED or (each.state is State.RETRYING and told), (each.id, each.state)
        assert (each.state is State.SENT) == bool(each.receipts)
    await store.close()
    return {each.id: each.state for each in found.values()}


async def test_wherever_the_log_is_cut_nothing_that_was_armed_is_sent_again_blindly(moment, tmp_path):
    rng, seen = random.Random(4), []
    for length in cuts(moment):
        for torn in (b"", rng.randbytes(2000)):
            folder = tmp_path / f"cut-{length}-{len(torn)}"
            shutil.copytree(moment, folder)
            log = folder / "handbill.db-wal"
            log.write_bytes(log.read_bytes()[:length] + torn)
            assert journal_of(folder / "handbill.db").exists()
            states = await judged(folder / "handbill.db")
            assert set(states) == {"a1", "b2", "c3", "z4"}
            seen.append(states)
    assert seen[0] == dict.fromkeys(seen[0], State.UNCERTAIN), "without the log nothing is known"
    assert seen[-1] == {"a1": State.SENT, "b2": State.RETRYING, "c3": State.SENDING, "z4": State.SENDING}
