"""Opening a database: made, upgraded with a copy kept, or refused in words with nothing changed."""

import asyncio
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from bot.domain.ledger import Hold
from bot.errors import NotAllowed, StoreError, StoreTooNew
from bot.store import open_store
from bot.store.migrate import SCRIPTS, known, prepare, revision_of
from tests.store_samples import NOON, HandClock

NEWEST = known()[-1]
COMING = f"{int(NEWEST) + 1:04}"
NEXT = '''
"""One table more."""

from alembic import op

revision = "{revision}"
down_revision = "{newest}"


def upgrade() -> None:
    """Add it."""
    op.execute("CREATE TABLE later (n INTEGER) STRICT")
    op.execute("{more}")
'''


def newer_scripts(folder: Path, more: str = "SELECT 1") -> Path:
    """The migrations of a Handbill to come."""
    scripts = folder / "100% new"
    shutil.copytree(SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    text = NEXT.format(more=more, revision=COMING, newest=NEWEST).lstrip()
    (scripts / "versions" / f"{COMING}_later.py").write_text(text, encoding="utf-8")
    return scripts


def tables(path):
    with closing(sqlite3.connect(path)) as raw:
        return {name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


async def filled(path: Path) -> None:
    store = await open_store(path, HandClock())
    await store.set_hold(Hold(on=True, why="storm"))
    await store.close()


async def test_a_new_file_is_made_with_its_folder(tmp_path):
    path = tmp_path / "deep" / "er" / "handbill.db"
    await filled(path)
    assert [each.name for each in path.parent.iterdir()] == ["handbill.db"]
    assert revision_of(path, 1) == known()[-1]


async def test_an_empty_file_is_as_good_as_none(tmp_path):
    (tmp_path / "a.db").touch()
    with closing(sqlite3.connect(tmp_path / "b.db")) as raw:
        raw.execute("VACUUM")
    for name in ("a.db", "b.db"):
        await filled(tmp_path / name)
        assert not list(tmp_path.glob("*.bak"))


def test_an_upgrade_keeps_a_copy_of_what_was(tmp_path):
    path = tmp_path / "handbill.db"
    asyncio.run(filled(path))
    prepare(path, NOON, 1, newer_scripts(tmp_path))
    assert revision_of(path, 1) == COMING
    assert "later" in tables(path)
    copy = tmp_path / f"handbill.db.{NEWEST}-20260504T120000Z.bak"
    assert list(tmp_path.glob("*.bak*")) == [copy]
    assert revision_of(copy, 1) == NEWEST
    with closing(sqlite3.connect(copy)) as raw:
        assert raw.execute("SELECT why FROM hold").fetchall() == [("storm",)]
    prepare(path, NOON, 1, tmp_path / "100% new")
    assert list(tmp_path.glob("*.bak*")) == [copy]


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ("INSERT INTO plans VALUES ('nowhere', '{}')", StoreError),
        ("INSERT INTO hold VALUES (2, 1, '', NULL)", NotAllowed),
        ("nonsense", StoreError),
    ],
)
def test_an_upgrade_that_fails_changes_nothing(tmp_path, more, error):
    path = tmp_path / "handbill.db"
    asyncio.run(filled(path))
    before = tables(path)
    with pytest.raises(error):
        prepare(path, NOON, 1, newer_scripts(tmp_path, more))
    assert revision_of(path, 1) == NEWEST
    assert tables(path) == before


async def test_a_newer_database_is_left_as_it_is(tmp_path):
    path = tmp_path / "handbill.db"
    await filled(path)
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '0999'")
        raw.commit()
    before = path.read_bytes()
    with pytest.raises(StoreTooNew, match="newer Handbill") as refusal:
        await open_store(path, HandClock())
    assert str(path) in str(refusal.value)
    assert "0999" in str(refusal.value)
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*.bak"))


async def test_another_programs_database_is_left_as_it_is(tmp_path):
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("CREATE TABLE birds (name)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="not one of Handbill's"):
        await open_store(path, HandClock())
    assert path.read_bytes() == before


async def test_a_file_that_is_no_database(tmp_path):
    path = tmp_path / "handbill.db"
    path.write_text("Dear diary, this is a text file and nothing else. " * 50, encoding="utf-8")
    with pytest.raises(StoreError, match="not a SQLite database"):
        await open_store(path, HandClock())
    assert path.read_text(encoding="utf-8").startswith("Dear diary")


async def test_a_truncated_database(tmp_path):
    path = tmp_path / "handbill.db"
    await filled(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StoreError, match="damaged"):
        await open_store(path, HandClock())


async def test_damage_inside_is_found_by_the_check(tmp_path):
    path = tmp_path / "handbill.db"
    await filled(path)
    store = await open_store(path, HandClock())
    assert await store.check() == ()
    await store.close()
    whole = bytearray(path.read_bytes())
    with closing(sqlite3.connect(path)) as raw:
        page = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = 'hold'").fetchone()[0]
    whole[(page - 1) * 4096 : page * 4096] = b"\x5a" * 4096
    path.write_bytes(whole)
    store = await open_store(path, HandClock())
    assert await store.check()
    with pytest.raises(StoreError, match="damaged"):
        await store.hold()
    await store.close()


async def test_a_folder_in_the_way(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="folder, not a database"):
        await open_store(tmp_path, HandClock())
    with pytest.raises(StoreError, match="cannot be opened"):
        await open_store(tmp_path / "file" / "handbill.db", HandClock())


async def test_a_backup_of_a_database_in_use_is_whole(tmp_path):
    store = await open_store(tmp_path / "handbill.db", HandClock())
    await store.set_hold(Hold(on=True, why="storm"))
    await store.backup(tmp_path / "copy.db")
    with pytest.raises(StoreError, match="cannot be written"):
        await store.backup(tmp_path / "copy.db")
    await store.close()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["copy.db", "handbill.db"]
    again = await open_store(tmp_path / "copy.db", HandClock())
    assert (await again.hold()).why == "storm"
    await again.close()


OPEN = """
import asyncio, sys
from pathlib import Path
from bot.store import open_store
from tests.store_samples import HandClock

async def main():
    store = await open_store(Path(sys.argv[1]), HandClock())
    await store.close()

asyncio.run(main())
print("alembic" in sys.modules)
"""


def test_two_programs_make_one_new_database(tmp_path):
    path = tmp_path / "handbill.db"
    both = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", OPEN, str(path)], stdout=subprocess.PIPE) for _ in "ab"
    ]
    for each in both:
        each.communicate(timeout=300)
    assert [each.returncode for each in both] == [0, 0]
    assert revision_of(path, 1) == known()[-1]


def test_alembic_is_imported_only_when_there_is_something_to_do(tmp_path):
    asyncio.run(filled(tmp_path / "handbill.db"))
    said = subprocess.run(
        [sys.executable, "-c", OPEN, str(tmp_path / "handbill.db")], capture_output=True, check=True, timeout=300
    )
    assert said.stdout.strip() == b"False"


def test_importing_the_package_imports_no_database_library():
    code = "import sys, bot.store; print({'sqlalchemy', 'alembic', 'sqlite3', 'pydantic'} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=300)
    assert said.stdout.strip() == b"set()"
