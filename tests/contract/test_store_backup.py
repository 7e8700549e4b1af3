"""Backups: whole or refused, and after a restore nothing is sent twice."""

import json
import sqlite3
import zipfile
from contextlib import closing
from dataclasses import replace
from hashlib import sha256

import pytest

from bot.domain.delivery import State
from bot.domain.ledger import Change, broken
from bot.domain.outcome import Sent
from bot.errors import BadInput, NotAllowed, NotFound, StoreError, StoreTooNew
from bot.store import open_store
from bot.store.archive import MANIFEST, restore
from bot.store.journal import journal_of
from bot.store.lock import sole_bot
from bot.store.migrate import known
from tests.keepsakes import DAY, backup_of, contents, filled, waiting
from tests.store_samples import HOUR, MINUTE, NOON, SECOND, HandClock, attempt, delivery, receipt


@pytest.fixture
async def path(tmp_path):
    return await filled(tmp_path / "data")


def put_in_place(path, file, now=NOON + 2 * MINUTE, by="cli:anna"):
    return restore(path, path.parent / "media", file, by, now, 5)


async def test_the_sample_fills_every_table(path):
    assert [name for name, rows in contents(path).items() if not rows] == []


async def test_a_backup_is_one_file_that_only_its_owner_may_read(path, tmp_path):
    store = await open_store(path, HandClock())
    file = tmp_path / "out" / "b.zip"
    file.parent.mkdir()
    made = backup_of(path, file)
    await store.close()
    assert [each.name for each in file.parent.iterdir()] == ["b.zip"]
    assert file.stat().st_mode & 0o77 == 0
    assert (made.schema, made.pictures) == (known()[-1], 1)
    with zipfile.ZipFile(file) as archive:
        assert set(archive.namelist()) == {"manifest.json", "handbill.db", f"media/{'ab' * 32}"}
        assert json.loads(archive.read(MANIFEST))["made"] == (NOON + MINUTE).isoformat()
    before = file.read_bytes()
    with pytest.raises(NotAllowed, match="there already"):
        backup_of(path, file)
    assert file.read_bytes() == before
    with pytest.raises(NotFound):
        backup_of(tmp_path / "none.db", tmp_path / "c.zip")


async def test_what_is_restored_is_what_was_backed_up(path, tmp_path):
    before, picture = contents(path), next((path.parent / "media").iterdir()).read_bytes()
    backup_of(path, tmp_path / "b.zip")
    old = path.read_bytes()
    for each in (path, *(path.parent / "media").iterdir()):
        each.write_bytes(b"lost")
    there = tmp_path / "elsewhere"
    there.mkdir()
    for target in (path, there / "handbill.db"):
        # Before anything in the sample was due.
        done = put_in_place(target, tmp_path / "b.zip", NOON - HOUR)
        assert next((target.parent / "media").iterdir()).read_bytes() == picture
        store = await open_store(target, HandClock())
        assert await store.check() == ()
        [*_, last] = await store.acts()
        assert (last.act.by, last.act.verb, last.act.subject) == ("cli:anna", "restore", "b.zip")
        assert broken(await store.acts()) == 0
        await store.close()
        assert [contents(target)[name] for name in ("sessions", "links")] == [[], []], (
            "whoever was signed in comes in anew"
        )
        known_ = contents(target, "acts", "deliveries", "heard", "hold", "links", "moves", "problems", "sessions")
        assert known_ == {name: rows for name, rows in before.items() if name in known_}
    assert old != b"lost"
    assert done.aside == ()
    assert {each.name for each in path.parent.iterdir() if ".bak-" in each.name} == {
        "handbill.db.bak-20260504T110000Z",
        "media.bak-20260504T110000Z",
    }
    assert not list(path.parent.glob(".restore*"))


HARM = {
    "cut": lambda whole: whole[: len(whole) // 2],
    "empty": lambda whole: b"",
    "not a zip": lambda whole: b"these are no files" * 99,
    "flipped": lambda whole: whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:],
    "picture": lambda whole: whole[:-20_000] + bytes([whole[-20_000] ^ 1]) + whole[-19_999:],
}


@pytest.mark.parametrize("harm", HARM)
async def test_a_backup_that_is_not_whole_changes_nothing(path, tmp_path, harm):
    file = tmp_path / "b.zip"
    backup_of(path, file)
    file.write_bytes(HARM[harm](file.read_bytes()))
    before = {each.name: each.stat().st_mtime_ns for each in path.parent.iterdir()}
    with pytest.raises(BadInput, match="not a whole backup"):
        put_in_place(path, file)
    names = {each.name: each.stat().st_mtime_ns for each in path.parent.iterdir() if each.name != "handbill.lock"}
    assert names == {name: at for name, at in before.items() if name != "handbill.lock"}


def rewritten(file, more=(), **changes):
    """A backup with more members, and a manifest that was changed."""
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members |= dict.fromkeys(more, b"evil")
    members[MANIFEST] = json.dumps(json.loads(members[MANIFEST]) | changes).encode()
    with zipfile.ZipFile(file, "w") as archive:
        for name, body in members.items():
            archive.writestr(name, body)


async def test_a_backup_cannot_write_outside_or_bring_more_than_its_list(path, tmp_path):
    file = tmp_path / "b.zip"
    backup_of(path, file)
    whole = file.read_bytes()
    with zipfile.ZipFile(file) as archive:
        listed = json.loads(archive.read(MANIFEST))["members"]
    for name in ("../evil", "media/../../evil", "/evil", "media/.hidden", "other.db"):
        rewritten(file, [name])
        with pytest.raises(BadInput):
            put_in_place(path, file)
        rewritten(file, members=listed | {name: {"sha256": sha256(b"evil").hexdigest(), "bytes": 4}})
        with pytest.raises(BadInput):
            put_in_place(path, file)
        file.write_bytes(whole)
    for name in (f"media/{'ab' * 32}", "handbill.db"):  # whole by the zip's own checksum, not by ours
        rewritten(file, [name])
        with pytest.raises(BadInput, match="is not what was put into it"):
            put_in_place(path, file)
        file.write_bytes(whole)
    rewritten(file, format=2)
    with pytest.raises(BadInput):
        put_in_place(path, file)
    file.write_bytes(whole)
    rewritten(file, schema="9999")
    with pytest.raises(StoreTooNew, match="upgrade"):
        put_in_place(path, file)
    with pytest.raises(BadInput, match="no such file"):
        put_in_place(path, tmp_path / "none.zip")
    assert not list(tmp_path.glob("**/evil"))


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE sqlite_master SET rootpage = 3 WHERE name = 'moves'",
        "UPDATE sqlite_master SET rootpage = rootpage + 1 WHERE name = 'ix_moves_delivery'",
        "DELETE FROM channels WHERE name = 'x'",
    ],
)
async def test_a_backup_of_a_damaged_database_is_refused(path, tmp_path, harm):
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("PRAGMA writable_schema = ON")
        raw.execute(harm)
    backup_of(path, tmp_path / "b.zip")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="damaged"):
        put_in_place(path, tmp_path / "b.zip")
    assert path.read_bytes() == before


async def test_nothing_is_restored_or_exchanged_while_a_bot_runs(path, tmp_path):
    backup_of(path, tmp_path / "b.zip")
    before = path.stat().st_mtime_ns
    with sole_bot(path.parent), pytest.raises(NotAllowed, match="another Handbill is running"):
        put_in_place(path, tmp_path / "b.zip")
    assert path.stat().st_mtime_ns == before


async def test_after_a_restore_nothing_that_may_have_been_sent_is_sent_blindly(tmp_path):
    path = await waiting(tmp_path)
    backup_of(path, tmp_path / "b.zip")
    now = NOON + 3 * MINUTE + SECOND
    done = put_in_place(path, tmp_path / "b.zip", now)
    assert (set(done.uncertain), done.undecided, done.paused) == ({"a0", "a2", "a3"}, 1, False)
    store = await open_store(path, HandClock(now))
    assert {each.id: each.state.value for each in await store.deliveries()} == {
        **dict.fromkeys(("a0", "a1", "a2", "a3"), "uncertain"),
        "a4": "scheduled",
        "late": "scheduled",
        "held": "held",
    }
    assert [each.id for each in (await store.ready(NOON + HOUR, ())).deliveries] == ["a4"]
    for name, part in (("a0", 1), ("a1", 1), ("a2", 2), ("a3", 1)):
        found, attempts = await store.delivery(name), await store.attempts(name)
        assert attempts[-1].part == part
        assert attempts[-1].key.at <= now
        assert found.due is not None
        assert found.epoch == max(each.epoch for each in attempts)
    # What is found to be absent is sent; of a thread, the next part is asked about before it is.
    found = await store.delivery("a0")
    await store.move([Change.of(found, State.RETRYING, "absent", due=now)], now)
    of = await store.delivery("a0")
    armed = attempt(of, 1, now)
    await store.arm(of, armed, now + MINUTE)
    await store.record(replace(armed, ended=now, outcome=Sent(receipt=receipt())))
    with pytest.raises(NotAllowed, match="part 2"):
        await store.arm(await store.delivery("a0"), attempt(of, 2, now), now + MINUTE)
    assert (await store.delivery("a0")).state is State.UNCERTAIN
    assert any("older copy" in each.what for each in await store.problems())
    await store.close()


async def test_the_journal_tells_a_restore_what_was_sent_after_the_backup(tmp_path):
    path = await waiting(tmp_path)
    backup_of(path, tmp_path / "b.zip")
    store = await open_store(path, HandClock())
    new = delivery("new", due=NOON + HOUR)
    await store.add_deliveries([new], NOON)
    for name in ("late", "new"):
        of = await store.delivery(name)
        await store.arm(of, attempt(of, armed=NOON + MINUTE), NOON + HOUR)
    await store.close()
    assert journal_of(path).exists()
    done = put_in_place(path, tmp_path / "b.zip", NOON + 2 * MINUTE)
    assert "late" in done.uncertain
    assert done.remembered == 1
    store = await open_store(path, HandClock())
    (added,) = await store.add_deliveries([new], NOON)
    assert added.state is State.UNCERTAIN
    await store.close()


async def test_without_a_journal_all_posting_stops(tmp_path):
    """Whether there are newer articles shows only once their folder is there."""
    path = await waiting(tmp_path)
    backup_of(path, tmp_path / "b.zip")
    there = tmp_path / "machine" / "handbill.db"
    there.parent.mkdir()
    done = put_in_place(there, tmp_path / "b.zip", NOON + DAY / 2)
    store = await open_store(there, HandClock())
    hold = await store.hold()
    assert (done.paused, hold.on, hold.since) == (True, True, NOON + DAY / 2)
    assert hold.why.startswith("restored from a backup of 2026-05-04 12:01 UTC")
    assert (await store.ready(NOON + DAY * 9, ())).deliveries == ()
    await store.close()
